"""Materials of a stage: which one a prim has, and what of it is drawn.

UsdPreviewSurface after https://openusd.org/release/spec_usdpreviewsurface.html, except that a UsdUVTexture without
wrap mode repeats, as in Omniverse. OmniPBR and other shaders are read by the names of their inputs
(`surfaces.py`), as far as those are usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdShade

from framepress.headless.scene import Material, Texture
from framepress.headless.usd.surfaces import read_surface
from framepress.headless.usd.textures import TextureFiles

__all__ = ["MaterialReader"]

GREY = (0.18, 0.18, 0.18)
_PURPOSES = (UsdShade.Tokens.full, UsdShade.Tokens.preview)
_DISPLAY = ("primvars:displayColor", "primvars:displayOpacity")


@dataclass(slots=True)
class _Row:
    """Where a row comes from: a material prim, or a gprim without one, whose displayColor it is; None = the grey."""

    prim: Usd.Prim | None
    is_material: bool
    uv_name: str = "st"
    depends: frozenset[Sdf.Path] = frozenset()
    varies: bool = False


class MaterialReader:
    """Rows of `materials`, which keep their place; what a row holds is replaced when its inputs changed (`refresh`).

    Args:
        files: the stage's texture files, shared with its lights.
    """

    def __init__(self, stage: Usd.Stage, files: TextureFiles | None = None) -> None:
        self.files = TextureFiles() if files is None else files
        self._stage = stage
        self._rows: list[_Row] = []
        self._row_of: dict[Sdf.Path, int] = {}
        self._materials: tuple[Material, ...] = ()
        self._findings: dict[str, str] = {}
        self._time: Usd.TimeCode | None = None

    @property
    def materials(self) -> tuple[Material, ...]:
        """The same tuple until a row changes or is added."""
        return self._materials

    @property
    def textures(self) -> tuple[Texture, ...]:
        return self.files.textures

    @property
    def findings(self) -> tuple[str, ...]:
        return (*self._findings.values(), *self.files.findings)

    def of(self, prim: Usd.Prim, time: Usd.TimeCode) -> int:
        """The row of a gprim, or of a GeomSubset of one.

        The full material before the preview one, whichever has a shader that is known; a prim without material has one
        of its displayColor (path ""), or the default grey.
        """
        material = self._bound(prim, time)
        if material is not None:
            source = material.GetPrimInPrototype() if material.IsInstanceProxy() else material
            return self._row(source.GetPath(), _Row(material, True), time)
        gprim = prim.GetParent() if prim.IsA(UsdGeom.Subset) else prim
        if any(_displayed(gprim, name) for name in _DISPLAY):
            return self._row(gprim.GetPath(), _Row(gprim, False), time)
        return self._row(Sdf.Path.absoluteRootPath, _Row(None, False), time)

    def uv_name(self, row: int) -> str:
        """Name of the primvar, without `primvars:`, by which the row's textures are looked up; "st" if none says."""
        return self._rows[row].uv_name

    def refresh(self, paths: Iterable[Sdf.Path], time: Usd.TimeCode) -> bool:
        """Read again what hangs on the changed paths (of prims or properties), or on a time that is another than at
        the last call; whether any Material was replaced.

        Which material a prim has is not looked up again: call `of` for prims whose binding changed.
        """
        changed = tuple(paths)
        moved = time != self._time
        self._time = time
        materials = list(self._materials)
        for at, row in enumerate(self._rows):
            if (moved and row.varies) or any(_concerns(path, row) for path in changed):
                read = self._read(row, time)
                materials[at] = materials[at] if read == materials[at] else read
        if all(new is old for new, old in zip(materials, self._materials, strict=True)):
            return False
        self._materials = tuple(materials)
        return True

    def _bound(self, prim: Usd.Prim, time: Usd.TimeCode) -> Usd.Prim | None:
        api = UsdShade.MaterialBindingAPI(prim)
        found = [api.ComputeBoundMaterial(purpose)[0].GetPrim() for purpose in _PURPOSES]
        full, preview = (material if material else None for material in found)
        if full is not None and preview is not None and full != preview:
            return full if read_surface(full, time, self.files).known else preview
        return full or preview

    def _row(self, key: Sdf.Path, row: _Row, time: Usd.TimeCode) -> int:
        at = self._row_of.get(key)
        if at is None:
            at = self._row_of[key] = len(self._rows)
            self._rows.append(row)
            self._materials = (*self._materials, self._read(row, time))
        return at

    def _read(self, row: _Row, time: Usd.TimeCode) -> Material:
        if not row.prim:  # no prim has a material here, or the material was taken off the stage
            return Material("", GREY)
        if not row.is_material:
            return self._displayed(row, row.prim, time)
        surface = read_surface(row.prim, time, self.files)
        for kind, finding in surface.findings.items():
            self._findings.setdefault(kind, finding)
        row.uv_name, row.depends, row.varies = surface.uv_name, surface.depends, surface.varies
        return surface.material

    def _displayed(self, row: _Row, prim: Usd.Prim, time: Usd.TimeCode) -> Material:
        color, opacity = (_displayed(prim, name) for name in _DISPLAY)
        row.varies = any(primvar and primvar.ValueMightBeTimeVarying() for primvar in (color, opacity))
        path = prim.GetPath()
        return Material(
            "",
            diffuse=self._mean(color, 3, time, path) or GREY,
            opacity=(self._mean(opacity, 1, time, path) or (1.0,))[0],
        )

    def _mean(self, primvar: UsdGeom.Primvar | None, size: int, time: Usd.TimeCode, path: Sdf.Path) -> Any:
        """The one value of a primvar, or the mean of several; None = it has none."""
        values = np.asarray(primvar.Get(time), np.float64).reshape(-1, size) if primvar else np.zeros((0, size))
        if not len(values) or not np.isfinite(values).all():
            return None
        if (values != values[0]).any():
            self._findings.setdefault(
                "mean", f"{path}: colours that differ over a prim are drawn as their mean (named once)"
            )
        return tuple(map(float, values.mean(axis=0)))


def _displayed(prim: Usd.Prim, name: str) -> UsdGeom.Primvar | None:
    primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance(name)
    return primvar if primvar and primvar.HasValue() else None


def _concerns(path: Sdf.Path, row: _Row) -> bool:
    """Whether a changed path may change a row: of a property, one that is read; of a prim, one above or below too."""
    if not row.prim:
        return False
    own = row.prim.GetPath()
    if not row.is_material:
        above = own.HasPrefix(path.GetPrimPath())
        return above and (not path.IsPropertyPath() or path.name in _DISPLAY)
    at = path.GetPrimPath()
    # Below the material lies whatever stands between two shaders.
    if at in row.depends or at.HasPrefix(own):
        return True
    return not path.IsPropertyPath() and any(read.HasPrefix(at) for read in row.depends)
