"""The colour of a class as its surfaces have it on the stage, for whoever draws labels: sRGB, 8 bits a channel.

It is `primvars:displayColor`, authored or inherited, where all surfaces of the class have the same; else the base
colour of the material bound to them, where that is one for all; else there is none. A colour that varies over a
surface or in time, comes from a texture, or is only a fallback, is none. Guides and proxies do not count.

USD's colours are linear with the primaries of sRGB unless an attribute says otherwise ("Color Management in USD");
the transfer function is that of IEC 61966-2-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Colour", "Colours", "is_surface"]

Colour: TypeAlias = tuple[int, int, int]

_BASE = ("diffuseColor", "diffuse_color_constant", "base_color", "baseColor")
"""Inputs of UsdPreviewSurface, OmniPBR and its kin, OpenPBR, others; the first that has a value counts."""
_TEXTURES = ("diffuse_texture", "base_color_texture", "albedo_texture")
"""Inputs that put a picture in the place of the number beside them."""
_TINT = "diffuse_tint"
_ENCODED = ("sRGB", "srgb_texture", "srgb_rec709_scene")
"""Colour spaces, of an attribute, whose numbers have gone through the transfer function."""


def is_surface(prim: Any) -> bool:
    """Whether a prim is drawn itself, and has a colour therefore."""
    from pxr import UsdGeom

    drawn = prim.IsA(UsdGeom.Gprim)
    return drawn and UsdGeom.Imageable(prim).ComputePurpose() not in (UsdGeom.Tokens.guide, UsdGeom.Tokens.proxy)


class Colours:
    """Of the surfaces of one stage at one time (a `Usd.TimeCode`)."""

    def __init__(self, time: Any) -> None:
        self._time = time
        self._of_materials: dict[Any, Colour | None] = {}

    def shared(self, surfaces: Sequence[Any]) -> Colour | None:
        """The colour that all of some gprims have, or None."""
        return _shared(map(self._display, surfaces)) or _shared(map(self._of_material, surfaces))

    def _display(self, prim: Any) -> Colour | None:
        from pxr import UsdGeom

        primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance("displayColor")
        if not primvar or not primvar.HasAuthoredValue() or primvar.ValueMightBeTimeVarying():
            return None
        return _rgb(primvar.ComputeFlattened(self._time), _is_encoded(primvar.GetAttr()))

    def _of_material(self, prim: Any) -> Colour | None:
        from pxr import UsdShade

        bindings = UsdShade.MaterialBindingAPI(prim)
        if bindings.GetMaterialBindSubsets():
            return None
        material, _ = bindings.ComputeBoundMaterial()
        if not material:
            return None
        path = material.GetPath()
        if path not in self._of_materials:
            self._of_materials[path] = self._base(material)
        return self._of_materials[path]

    def _base(self, material: Any) -> Colour | None:
        from pxr import UsdShade

        shader = material.ComputeSurfaceSource("mdl")[0]  # or, where there is none, the one for all renderers
        if not shader or any(_has_file(shader, name, self._time) for name in _TEXTURES):
            return None
        source = next((source for name in _BASE if (source := _source(shader, name)) is not None), None)
        if source is None or UsdShade.Output.IsOutput(source) or source.ValueMightBeTimeVarying():
            return None
        tint = _source(shader, _TINT)
        return _rgb(source.Get(self._time), _is_encoded(source), None if tint is None else tint.Get(self._time))


def _shared(colours: Iterable[Colour | None]) -> Colour | None:
    shared = None
    for colour in colours:
        if colour is None or shared not in (None, colour):
            return None
        shared = colour
    return shared


def _source(shader: Any, name: str) -> Any:
    """The attribute that an input has its value from; None where nothing is authored."""
    put = shader.GetInput(name)
    found = put.GetValueProducingAttributes() if put else ()
    return found[0] if found else None


def _has_file(shader: Any, name: str, time: Any) -> bool:
    source = _source(shader, name)
    return source is not None and bool(getattr(source.Get(time), "path", ""))


def _is_encoded(attribute: Any) -> bool:
    return attribute.GetColorSpace() in _ENCODED


def _rgb(value: Any, encoded: bool, tint: Any = None) -> Colour | None:
    """One colour, or several that are equal; None for what is neither, or not finite."""
    try:
        rows = np.asarray(value, np.float64).reshape(-1, 3)
    except (TypeError, ValueError):
        return None
    if not len(rows) or not np.isfinite(rows).all() or (rows != rows[0]).any():
        return None
    linear = rows[0] if tint is None else rows[0] * np.asarray(tint, np.float64)
    red, green, blue = _bytes(linear, encoded).tolist()
    return red, green, blue


def _bytes(colour: Array, encoded: bool) -> Array:
    bounded = np.clip(colour, 0.0, 1.0)
    curved = np.where(bounded <= 0.0031308, 12.92 * bounded, 1.055 * bounded ** (1 / 2.4) - 0.055)
    return np.floor(255.0 * (bounded if encoded else curved) + 0.5).astype(int)
