"""Materials that randomizers give to prims: one of its own for each, whose values change, or one of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pxr import Usd, UsdGeom, UsdShade

from framepress.errors import InputError, OptionError
from framepress.headless.rep.authoring import free_path, looks_folder, materials_of
from framepress.headless.rep.create_assets import asset_path
from framepress.headless.rep.distribution import Distribution, choice
from framepress.headless.rep.items import prims_of
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.looks import bind, define_look, set_look
from framepress.headless.rep.values import is_fixed, per_prim, plain

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing, Stream

__all__ = ["Painted", "bind_any", "files", "picked"]


def picked(values: Any, seed: int | None, name: str | None) -> Any:
    """A distribution as it is, a list as a choice from it, one value as it is."""
    values = plain(values)
    if isinstance(values, list | tuple) and values and not isinstance(values[0], float | int):
        return choice(list(values), seed=seed, name=name)
    return tuple(values) if isinstance(values, list) else values


def files(textures: Any, call: str) -> Any:
    """Paths made absolute; distributions as they are.

    Raises:
        InputError: a file of this machine's is not there.
    """
    if isinstance(textures, Distribution):
        return textures
    return [asset_path(each, call) for each in (textures if isinstance(textures, list | tuple) else [textures])]


class Painted:
    """Prims with a material of their own each, made when first painted.

    Args:
        per_sub_mesh: paint the meshes and material subsets below them, instead of the prims as a whole.
    """

    def __init__(self, subject: Any, per_sub_mesh: bool, call: str) -> None:
        self._subject, self._per_sub_mesh, self._call = subject, per_sub_mesh, call
        self._materials: dict[str, str] = {}

    def paint(self, firing: Firing, values: Mapping[str, Any]) -> None:
        """Set parameters of the materials, one value for all, one each, or drawn."""
        prims = prims_of(self._subject, firing, self._call)
        if self._per_sub_mesh:
            prims = prims_of([part for prim in prims for part in _parts(prim, self._call)], firing, self._call)
        materials = [self._material(firing.stage, prim) for prim in prims]
        columns = {key: per_prim(value, len(prims), firing, self._call) for key, value in values.items()}
        edits = Edits(firing.stage)
        for row, material in enumerate(materials):
            set_look(material, {key: column[row] for key, column in columns.items()}, edits, self._call)
        edits.write()

    def _material(self, stage: Any, prim: Any) -> Any:
        path = str(prim.GetPath())
        found = stage.GetPrimAtPath(self._materials.get(path, "/-")) if path in self._materials else None
        if not found:
            self._materials[path] = free_path(stage, looks_folder(stage), "OmniPBR")
            found = define_look(stage, self._materials[path]).GetPrim()
        _bind_unless_bound(prim, found)
        return found


def _parts(prim: Any, call: str) -> list[Any]:
    found = []
    for each in Usd.PrimRange(prim):
        if each.IsA(UsdGeom.Gprim):
            subsets = UsdShade.MaterialBindingAPI(each).GetMaterialBindSubsets() if each.IsA(UsdGeom.Mesh) else []
            found += [subset.GetPrim() for subset in subsets] or [each]
    if not found:
        raise InputError(f"{call}: {prim.GetPath()} holds no mesh or shape that could be painted by itself")
    return found


def bind_any(firing: Firing, subject: Any, materials: Any, stream: Stream, call: str) -> None:
    """Bind one of several materials to each prim."""
    prims = prims_of(subject, firing, call)
    if not is_fixed(materials):
        chosen = [materials_of(each, firing, call)[0] for each in firing.samples(materials, len(prims))]
    else:
        known = materials_of(materials, firing, call)
        if not known:
            raise OptionError(f"{call}: no material is given")
        rows = (firing.generator(stream).random(len(prims)) * len(known)).astype(int).tolist()
        chosen = [known[row] for row in rows]
    for prim, material in zip(prims, chosen, strict=True):
        _bind_unless_bound(prim, material)


def _bind_unless_bound(prim: Any, material: Any) -> None:
    bound = UsdShade.MaterialBindingAPI(prim).GetDirectBinding()
    if bound.GetMaterialPath() != material.GetPath():
        bind(prim, material)
