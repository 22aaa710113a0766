"""Materials of a stage: which one a prim has, and what of it is drawn (`surfaces.py`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pxr import Sdf, Usd, UsdGeom, UsdShade

from framepress.headless.scene import Material, Texture
from framepress.headless.usd.shading import mean_of
from framepress.headless.usd.surfaces import read_surface
from framepress.headless.usd.textures import TextureFiles, Wanted

__all__ = ["MaterialReader"]

Rows: TypeAlias = defaultdict[Sdf.Path, set[int]]

GREY = (0.18, 0.18, 0.18)
_PURPOSES = (UsdShade.Tokens.full, UsdShade.Tokens.preview)
_DISPLAY = (("displayColor", 3), ("displayOpacity", 1))
_READ = ("inputs:", "outputs:", "info:", "primvars:")  # names of all properties that a material can hang on


@dataclass(slots=True)
class _Row:
    """Where a row comes from: a material, read for a prim if it asks for its primvars, or a prim's displayColor.

    Neither is the default grey.
    """

    material: Sdf.Path | None
    gprim: Sdf.Path | None
    uv_name: str = "st"
    varies: bool = False
    by_prim: bool = False


class MaterialReader:
    """Rows of `materials`, which keep their place; what a row holds is replaced when its inputs changed (`refresh`).

    Args:
        files: the stage's texture files, shared with its lights.
    """

    def __init__(self, stage: Usd.Stage, files: TextureFiles | None = None) -> None:
        self.files = TextureFiles() if files is None else files
        self._stage = stage
        self._rows: list[_Row] = []
        self._row_of: dict[tuple[Sdf.Path | None, Sdf.Path | None], int] = {}
        self._by_prim: set[Sdf.Path] = set()  # materials of which each prim has one of its own
        self._held: list[Material] = []
        self._materials: tuple[Material, ...] | None = ()  # of `_held`; None = to be made
        self._findings: dict[str, str] = {}
        self._time: Usd.TimeCode | None = None
        # Rows by the prims that they read, by those and all above them, and by their material's own path.
        self._reading: Rows = defaultdict(set)
        self._below: Rows = defaultdict(set)
        self._inside: Rows = defaultdict(set)

    @property
    def materials(self) -> tuple[Material, ...]:
        """The same tuple until a row changes or is added."""
        if self._materials is None:
            self._materials = tuple(self._held)
        return self._materials

    @property
    def textures(self) -> tuple[Texture, ...]:
        return self.files.textures

    @property
    def findings(self) -> tuple[str, ...]:
        return (*self._findings.values(), *self.files.findings)

    def begin(self, prims: Iterable[Usd.Prim], time: Usd.TimeCode) -> None:
        """Have the textures of these prims decoded on threads; `of` waits for them, one by one."""
        wanted = Wanted()
        bound = {prim.GetPath(): prim for prim in (self._bound(prim, time) for prim in prims) if prim is not None}
        for material in bound.values():
            read_surface(material, None, time, wanted)
        self.files.begin(wanted.assets)

    def of(self, prim: Usd.Prim, time: Usd.TimeCode) -> int:
        """The row of a gprim, or of a GeomSubset of one.

        The full material before the preview one, whichever has a shader that is known; a prim without material has one
        of its displayColor (path ""), or the default grey.
        """
        gprim = prim.GetParent() if prim.IsA(UsdGeom.Subset) else prim
        material = self._bound(prim, time)
        if material is None:
            shown = any(_displayed(gprim, name) for name, _ in _DISPLAY)
            return self._row((None, gprim.GetPath() if shown else None), None, gprim, time)
        # Instances share the material inside them, known by its place in their prototype.
        key = (material.GetPrimInPrototype() if material.IsInstanceProxy() else material).GetPath()
        return self._row((key, gprim.GetPath() if key in self._by_prim else None), material, gprim, time)

    def uv_name(self, row: int) -> str:
        """Name of the primvar, without `primvars:`, by which the row's textures are looked up; "st" if none says."""
        return self._rows[row].uv_name

    def refresh(self, paths: Iterable[Sdf.Path], time: Usd.TimeCode) -> bool:
        """Read again what hangs on the changed paths (of prims or properties), or on a time that is another than at
        the last call; whether any Material was replaced.

        Which material a prim has is not looked up again: call `of` for prims whose binding changed.
        """
        stale = {row for path in paths for row in self._hanging_on(path)}
        if time != self._time:
            stale.update(row for row, at in enumerate(self._rows) if at.varies)
            self._time = time
        replaced = False
        for row in sorted(stale):
            material = self._read(row, time)
            if material != self._held[row]:
                self._held[row] = material
                self._materials = None
                replaced = True
        return replaced

    def _hanging_on(self, path: Sdf.Path) -> set[int]:
        """Rows that a changed path may change. What lies below a material may stand between two of its shaders."""
        at = path.GetPrimPath()
        if path.IsPropertyPath():
            if not path.name.startswith(_READ):
                return set()
            rows = set(self._reading.get(at, ()))
        else:
            rows = set(self._below.get(at, ()))
        for prefix in at.GetPrefixes():
            rows.update(self._inside.get(prefix, ()))
        return rows

    def _bound(self, prim: Usd.Prim, time: Usd.TimeCode) -> Usd.Prim | None:
        api = UsdShade.MaterialBindingAPI(prim)
        found = [api.ComputeBoundMaterial(purpose) for purpose in _PURPOSES]
        full, preview = (material.GetPrim() if material else None for material, _ in found)
        for _, binding in found if full is None and preview is None else ():
            for target in binding.GetTargets() if binding else ():
                self._findings.setdefault(
                    f"missing {target}", f"{prim.GetPath()}: there is no material {target}, which is bound to it"
                )
        if full is not None and preview is not None and full != preview:
            return full if read_surface(full, None, time, self.files).known else preview
        return full or preview

    def _row(
        self,
        key: tuple[Sdf.Path | None, Sdf.Path | None],
        material: Usd.Prim | None,
        gprim: Usd.Prim,
        time: Usd.TimeCode,
    ) -> int:
        at = self._row_of.get(key)
        if at is not None:
            return at
        at = len(self._rows)
        place = None if material is None else material.GetPath()
        self._rows.append(_Row(place, gprim.GetPath() if place is not None else key[1]))
        self._held.append(self._read(at, time))
        self._materials = None
        if key[0] is not None and self._rows[at].by_prim:
            self._by_prim.add(key[0])
            key = (key[0], gprim.GetPath())
        self._row_of[key] = at
        return at

    def _read(self, at: int, time: Usd.TimeCode) -> Material:
        row = self._rows[at]
        prim = None if row.gprim is None else self._stage.GetPrimAtPath(row.gprim)
        if row.material is None:
            return self._displayed(at, prim, time) if prim else Material("", GREY)
        material = self._stage.GetPrimAtPath(row.material)
        if not material:  # taken off the stage: until `of` is asked again, its prims are drawn in grey
            return Material("", GREY)
        surface = read_surface(material, prim or None, time, self.files)
        for kind, finding in surface.findings.items():
            self._findings.setdefault(kind, finding)
        row.uv_name, row.varies, row.by_prim = surface.uv_name, surface.varies, surface.by_prim
        self._inside[row.material].add(at)
        self._note(at, surface.depends)
        return surface.material

    def _displayed(self, at: int, prim: Usd.Prim, time: Usd.TimeCode) -> Material:
        primvars = [(_displayed(prim, name), size) for name, size in _DISPLAY]
        self._rows[at].varies = any(primvar and primvar.ValueMightBeTimeVarying() for primvar, _ in primvars)
        self._note(at, prim.GetPath().GetPrefixes())
        values = []
        for primvar, size in primvars:
            value, uneven = mean_of(primvar.Get(time), size) if primvar else (None, False)
            values.append(value)
            if uneven:
                self._findings.setdefault(
                    "mean",
                    f"{prim.GetPath()}: a displayColor that differs over a prim is drawn as its mean (named once)",
                )
        color, opacity = values[0] or GREY, values[1] or (1.0,)
        return Material("", diffuse=(color[0], color[1], color[2]), opacity=opacity[0])

    def _note(self, at: int, depends: Iterable[Sdf.Path]) -> None:
        for path in depends:
            self._reading[path].add(at)
            for prefix in path.GetPrefixes():
                self._below[prefix].add(at)


def _displayed(prim: Usd.Prim, name: str) -> Any:
    """The primvar with that name of a prim or the nearest above it; None = without value."""
    primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance(name)
    return primvar if primvar and primvar.HasValue() else None
