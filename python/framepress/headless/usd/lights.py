"""UsdLux lights, https://openusd.org/release/api/usd_lux_page_front.html

`Light.color` is the radiance of the light's surface in all directions that it shines to (UsdLux: intensity times 2 to
the exposure times colour, divided by the surface's area in the world if `normalize` is set). A distant light is the
exception: its colour is the irradiance on a surface that faces it, whatever its angle and with `normalize` or without,
as Omniverse's renderer has it (and as UsdLux has it where `normalize` is set).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdLux

from framepress.core.arrays import Array
from framepress.headless.scene import Light, LightKind
from framepress.headless.usd.shading import numbers
from framepress.headless.usd.textures import TextureFiles

__all__ = ["LightReader"]

_KINDS: dict[str, LightKind] = {
    "DomeLight": "dome",
    "DomeLight_1": "dome",
    "DistantLight": "distant",
    "SphereLight": "sphere",
    "RectLight": "rect",
    "DiskLight": "disk",
    "CylinderLight": "cylinder",
}
# Inputs that give a light its size, and what each is without a value.
_SIZES: dict[LightKind, tuple[tuple[str, float], ...]] = {
    "dome": (),
    "distant": (("angle", 0.53),),
    "sphere": (("radius", 0.5),),
    "rect": (("width", 1.0), ("height", 1.0)),
    "disk": (("radius", 0.5),),
    "cylinder": (("radius", 0.5), ("length", 1.0)),
}
_AREAS: dict[LightKind, Callable[[float, float], float]] = {
    "sphere": lambda radius, _: 4 * math.pi * radius**2,
    "rect": lambda width, height: width * height,
    "disk": lambda radius, _: math.pi * radius**2,
    "cylinder": lambda radius, length: 2 * math.pi * radius * length,
}
_PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)
_POINT = 1e-4  # radius of a normalised light without size: small, and its power finite
_Y_UP_FROM_Z_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
_NOT_DRAWN = ("light:filters", "collection:lightLink:includes", "collection:shadowLink:includes")


class LightReader:
    """The lights of a stage; a light that did not change is the same object again.

    Where the lights are is looked up once; `refresh` tells when prims came or went.
    """

    def __init__(self, stage: Usd.Stage, files: TextureFiles) -> None:
        self._stage = stage
        self._files = files
        self._findings: dict[str, str] = {}
        self._last: dict[str, Light] = {}
        self._former: tuple[Light, ...] = ()
        self._paths: list[Sdf.Path] | None = None

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(self._findings.values())

    def refresh(self, paths: Iterable[Sdf.Path]) -> None:
        """Look for lights anew if one of the changed paths is a prim's (not a property's)."""
        if any(not path.IsPropertyPath() for path in paths):
            self._paths = None

    def lights(self, time: Usd.TimeCode) -> tuple[Light, ...]:
        """The visible lights in stage order; the same tuple while none changed.

        Their matrices are rotations and positions alone: scale is in the size, which is in units of the world.
        """
        if self._paths is None:
            self._paths = list(self._found())
        cache = UsdGeom.XformCache(time)
        prims = map(self._stage.GetPrimAtPath, self._paths)
        read = (self._light(prim, cache) for prim in prims if prim)
        lights = tuple(self._same(light) for light in read if light is not None)
        self._last = {light.path: light for light in lights}
        if len(lights) != len(self._former) or any(a is not b for a, b in zip(lights, self._former, strict=True)):
            self._former = lights
        return self._former

    def _found(self) -> Iterator[Sdf.Path]:
        prims = iter(Usd.PrimRange(self._stage.GetPseudoRoot(), _PROXIES))
        for prim in prims:
            if prim.IsA(UsdGeom.PointInstancer):
                prims.PruneChildren()  # what is below stands for its points, not for itself
                if any(below.HasAPI(UsdLux.LightAPI) for below in Usd.PrimRange(prim, _PROXIES)):
                    self._note("points", f"{prim.GetPath()}: lights of an instancer's points give none (named once)")
            elif prim.HasAPI(UsdLux.LightAPI):
                yield prim.GetPath()

    def _same(self, light: Light) -> Light:
        last = self._last.get(light.path)
        names = [field.name for field in fields(light)]
        if last is not None and all(np.array_equal(getattr(last, n), getattr(light, n)) for n in names):
            return last
        return light

    def _note(self, kind: str, sentence: str) -> None:
        self._findings.setdefault(kind, sentence)

    def _light(self, prim: Usd.Prim, cache: UsdGeom.XformCache) -> Light | None:
        time, path = cache.GetTime(), prim.GetPath()
        if UsdGeom.Imageable(prim).ComputeVisibility(time) == UsdGeom.Tokens.invisible:
            return None
        kind = _KINDS.get(prim.GetTypeName())
        if kind is None:
            self._note(prim.GetTypeName(), f"{path}: a {prim.GetTypeName()} gives no light here (named once)")
            return None
        for name in _NOT_DRAWN:
            if prim.GetRelationship(name).GetTargets():
                self._note(name, f"{path}: {name} is not followed, the light falls on everything (named once)")
        world = np.array(cache.GetLocalToWorldTransform(prim), np.float64)
        color = _color(prim, time)
        if color is None or not np.isfinite(world).all():
            self._note(str(path), f"{path}: left out, a colour, an intensity or a pose is not finite")
            return None
        scale = np.linalg.norm(world[:3, :3], axis=1)
        matrix = world.copy()
        matrix[:3, :3] /= np.where(scale > 0, scale, 1)[:, None]
        size = _world_size(kind, [_number(prim, name, time, plain) for name, plain in _SIZES[kind]], scale)
        if kind in _AREAS and _value(prim, "normalize", time):
            size = size[0] or _POINT, size[1] or (_POINT if len(_SIZES[kind]) > 1 else 0.0)
            color = color / _AREAS[kind](*size)
        texture = -1
        if kind == "dome":
            matrix[:3, :3] = self._pole(prim, time) @ matrix[:3, :3]
            texture = self._texture(prim, time)
        shadow = _value(prim, "shadow:enable", time)
        red, green, blue = map(float, color)
        return Light(str(path), kind, (red, green, blue), matrix, size, texture, shadow is None or bool(shadow))

    def _texture(self, prim: Usd.Prim, time: Usd.TimeCode) -> int:
        asset = _value(prim, "texture:file", time)
        if not asset or not asset.path:
            return -1
        layout = _value(prim, "texture:format", time) or "automatic"
        if layout not in ("automatic", "latlong"):
            self._note("layout", f"{prim.GetPath()}: texture format {layout!r} is not read, only latlong (named once)")
            return -1
        return self._files.row(asset, str(prim.GetPath()))

    def _pole(self, prim: Usd.Prim, time: Usd.TimeCode) -> Array:
        """A dome's local axes in the ones that `Light` has, the stage's up at the pole; float64 (3, 3), row vectors.

        `DomeLight` is told by UsdLux to have +y at the pole, and to be turned on stages with z up by an operation of
        a fixed name; without that, Omniverse puts the pole up.
        """
        up = str(UsdGeom.GetStageUpAxis(self._stage))
        if prim.GetTypeName() == "DomeLight_1":
            pole = prim.GetAttribute("poleAxis").Get(time)
        else:
            turned = any(
                op.GetOpName().endswith(":orientToStageUpAxis") for op in UsdGeom.Xformable(prim).GetOrderedXformOps()
            )
            pole = "Y" if turned else "scene"
        if pole in (None, "scene", up):
            return np.eye(3)
        return _Y_UP_FROM_Z_UP.T if up == "Z" else _Y_UP_FROM_Z_UP


def _color(prim: Usd.Prim, time: Usd.TimeCode) -> Array | None:
    """float64 (3,), linear; None = not finite."""
    color = numbers(_value(prim, "color", time), 3)
    intensity = numbers(_value(prim, "intensity", time), 1)
    exposure = numbers(_value(prim, "exposure", time), 1)
    if color is None or intensity is None or exposure is None:
        return None
    total = np.array(color) * intensity[0] * 2.0 ** min(exposure[0], 1000.0)
    if _value(prim, "enableColorTemperature", time):
        kelvin = numbers(_value(prim, "colorTemperature", time), 1)
        total = total * np.array(UsdLux.BlackbodyTemperatureAsRgb(kelvin[0] if kelvin else 6500.0))
    return total if np.isfinite(total).all() else None


def _world_size(kind: LightKind, local: list[float], scale: Array) -> tuple[float, float]:
    """`Light.size` from the inputs of `_SIZES` and the lengths of the world matrix's rows."""
    x, y, z = map(float, scale)
    if kind == "sphere":
        return local[0] * (x * y * z) ** (1 / 3), 0.0
    if kind == "rect":
        return local[0] * x, local[1] * y
    if kind == "disk":
        return local[0] * math.sqrt(x * y), 0.0
    if kind == "cylinder":
        return local[0] * math.sqrt(y * z), local[1] * x
    return (local[0], 0.0) if local else (0.0, 0.0)


def _number(prim: Usd.Prim, name: str, time: Usd.TimeCode, plain: float) -> float:
    """An input that is a length or an angle; below 0 counts as 0."""
    read = numbers(_value(prim, name, time), 1)
    return plain if read is None else max(read[0], 0.0)


def _value(prim: Usd.Prim, name: str, time: Usd.TimeCode) -> Any:
    """An input's value; stages from before 2021 have it without the prefix."""
    attribute, older = prim.GetAttribute(f"inputs:{name}"), prim.GetAttribute(name)
    if older and older.HasAuthoredValue() and not (attribute and attribute.HasAuthoredValue()):
        return older.Get(time)
    return attribute.Get(time) if attribute else None
