"""A material's network of shaders, followed back from the inputs of its surface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdShade

from framepress.headless.scene import TextureUse
from framepress.headless.usd.textures import TextureFiles, color_space

__all__ = ["Network", "Part", "Placing", "kind_of", "mean_of", "numbers"]

Wrap = Literal["repeat", "mirror", "clamp", "black"]

# Where no mode is given UsdUVTexture asks the file, which says nothing; Omniverse then repeats.
_WRAPS: dict[str, Wrap] = {
    "repeat": "repeat",
    "mirror": "mirror",
    "clamp": "clamp",
    "black": "black",
    "useMetadata": "repeat",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What feeds an input: a texture, or the numbers beside it (None = nothing authored that can be read)."""

    value: tuple[float, ...] | None = None
    texture: TextureUse | None = None


@dataclass(frozen=True, slots=True)
class Placing:
    """Where texture coordinates come from, None = not said, and how they are changed, as `TextureUse` has it."""

    uv_name: str | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    degrees: float = 0.0


class Network:
    """Follows the connections of one material at one time, and keeps account of what was met.

    Args:
        gprim: the prim that has the material, for inputs that read a primvar.

    Attributes:
        by_prim: whether an input reads a primvar, so that each prim has a material of its own.
        depends: the prims whose values were read.
        varies: whether any of the values may be another at another time.
        uv_names: primvars that textures are looked up by, first met first.
        findings: what was left out, by its kind: a kind is named once for all materials.
    """

    def __init__(self, prim: Usd.Prim, gprim: Usd.Prim | None, time: Usd.TimeCode, files: TextureFiles) -> None:
        self.path = prim.GetPath()
        self.by_prim = False
        self.depends: set[Sdf.Path] = set()
        self.varies = False
        self.uv_names: list[str] = []
        self.findings: dict[str, str] = {}
        self._gprim = gprim
        self._time = time
        self._files = files
        self.met(prim)

    def met(self, prim: Usd.Prim) -> None:
        self.depends.add(prim.GetPath())
        if prim.IsInstanceProxy():
            self.depends.add(prim.GetPrimInPrototype().GetPath())

    def note(self, kind: str, sentence: str) -> None:
        self.findings.setdefault(kind, sentence)

    def value(self, shader: UsdShade.Shader, name: str) -> Any:
        """An input's value where it is one, through interfaces of materials and node graphs; None = there is none."""
        source = self._source(shader, name)
        return None if source is None or UsdShade.Output.IsOutput(source) else source.Get(self._time)

    def part(self, shader: UsdShade.Shader, name: str, size: int) -> Part:
        """An input of `size` numbers, or the UsdUVTexture that feeds it."""
        source = self._source(shader, name)
        if source is None:
            return Part()
        if not UsdShade.Output.IsOutput(source):
            return Part(self._numbers(source.Get(self._time), size, shader, name))
        feeding = UsdShade.Shader(source.GetPrim())
        kind = kind_of(feeding)
        if kind == "UsdUVTexture":
            return self._uv_texture(feeding, UsdShade.Output(source).GetBaseName(), size)
        if kind in ("UsdPrimvarReader_float3", "UsdPrimvarReader_float"):
            self.by_prim = True
            return Part(self._primvar(feeding, size) or numbers(self.value(feeding, "fallback"), size))
        self.note(f"feeds {kind}", f"{self.path}: {kind!r} feeds {name}, which is not drawn (named once)")
        return Part(self._numbers(self.value(feeding, "fallback"), size, feeding, "fallback"))

    def file(
        self, shader: UsdShade.Shader, name: str, channel: str, placing: Placing, tint: Sequence[float] = (1, 1, 1)
    ) -> TextureUse | None:
        """The use of a texture file that is itself an input's value; None = none is given, or it cannot be read."""
        source = self._source(shader, name)
        if source is None:
            return None
        asset = source.Get(self._time)
        if not isinstance(asset, Sdf.AssetPath) or not asset.path:
            return None
        space = color_space(source.GetColorSpace())
        row = self._files.row(asset, str(shader.GetPath()), space, (tint[0], tint[1], tint[2], 1.0))
        return None if row < 0 else TextureUse(row, channel, placing.scale, placing.offset, placing.degrees, "repeat")

    def placing(self, scale: Any, offset: Any, degrees: Any) -> Placing:
        """A placing of texture coordinates; what is no number counts as not given."""
        around = numbers(degrees, 1)
        return Placing(None, _pair(scale, (1.0, 1.0)), _pair(offset, (0.0, 0.0)), around[0] if around else 0.0)

    def _primvar(self, reader: UsdShade.Shader, size: int) -> tuple[float, ...] | None:
        """The mean of the prim's values that a UsdPrimvarReader asks for; None = there is no such primvar."""
        name = self.value(reader, "varname")
        if self._gprim is None or not name:
            return None
        self.met(self._gprim)
        primvar = UsdGeom.PrimvarsAPI(self._gprim).FindPrimvarWithInheritance(str(name))
        if not primvar:
            return None
        self.met(primvar.GetAttr().GetPrim())
        self.varies |= bool(primvar.ValueMightBeTimeVarying())
        value, uneven = mean_of(primvar.Get(self._time), size)
        if uneven:
            self.note(
                "mean", f"{self._gprim.GetPath()}: a {name} that differs over a prim is drawn as its mean (named once)"
            )
        return value

    def _source(self, shader: UsdShade.Shader, name: str) -> Usd.Attribute | None:
        """The attribute that an input's value comes from: an input, or an output of another shader."""
        put = shader.GetInput(name)
        found = put.GetValueProducingAttributes() if put else ()
        if not found:
            return None
        self.met(found[0].GetPrim())
        self.varies |= bool(found[0].ValueMightBeTimeVarying())
        return found[0]

    def _numbers(self, value: Any, size: int, shader: UsdShade.Shader, name: str) -> tuple[float, ...] | None:
        read = numbers(value, size)
        if value is not None and read is None:
            self.note(
                f"{shader.GetPath()}.{name}", f"{shader.GetPath()}: {name} is {value}, not {size} finite numbers: unset"
            )
        return read

    def _uv_texture(self, shader: UsdShade.Shader, output: str, size: int) -> Part:
        fallback = numbers(self.value(shader, "fallback"), 4)
        beside = None if fallback is None else fallback[:size]
        asset = self.value(shader, "file")
        if not isinstance(asset, Sdf.AssetPath) or not asset.path:
            return Part(beside)
        scale = numbers(self.value(shader, "scale"), 4) or (1.0, 1.0, 1.0, 1.0)
        bias = numbers(self.value(shader, "bias"), 4) or (0.0, 0.0, 0.0, 0.0)
        row = self._files.row(
            asset,
            str(shader.GetPath()),
            color_space(self.value(shader, "sourceColorSpace")),
            (scale[0], scale[1], scale[2], scale[3]),
            (bias[0], bias[1], bias[2], bias[3]),
        )
        if row < 0:
            return Part(beside)
        at = self._placing_of(shader)
        if at.uv_name is not None:
            self.uv_names.append(at.uv_name)
        channel = (
            output if output in (("rgb", "r", "g", "b", "a") if size == 3 else ("r", "g", "b", "a")) else "rgb"[:size]
        )
        return Part(beside, TextureUse(row, channel, at.scale, at.offset, at.degrees, self._wrap(shader)))

    def _wrap(self, shader: UsdShade.Shader) -> Wrap:
        across, up = (str(self.value(shader, name) or "useMetadata") for name in ("wrapS", "wrapT"))
        if _WRAPS.get(across, "repeat") != _WRAPS.get(up, "repeat"):
            self.note(
                "wraps", f"{shader.GetPath()}: wrapS {across!r} and wrapT {up!r}: both drawn as wrapS (named once)"
            )
        return _WRAPS.get(across, "repeat")

    def _placing_of(self, shader: UsdShade.Shader) -> Placing:
        """UsdTransform2d and UsdPrimvarReader_float2 that feed a texture's `st`."""
        source = self._source(shader, "st")
        if source is None or not UsdShade.Output.IsOutput(source):
            return Placing()
        feeding = UsdShade.Shader(source.GetPrim())
        kind = kind_of(feeding)
        if kind == "UsdTransform2d":
            inner = self._source(feeding, "in")
            scale, offset, degrees = (self.value(feeding, name) for name in ("scale", "translation", "rotation"))
            at = self.placing(scale, offset, degrees)
            if inner is None or not UsdShade.Output.IsOutput(inner):
                return at
            feeding = UsdShade.Shader(inner.GetPrim())
            kind = kind_of(feeding)
        else:
            at = Placing()
        if kind != "UsdPrimvarReader_float2":
            self.note(
                f"places {kind}", f"{feeding.GetPath()}: {kind!r} places a texture, which is not read (named once)"
            )
            return at
        name = self.value(feeding, "varname")
        return Placing(str(name) if name else None, at.scale, at.offset, at.degrees)


def kind_of(shader: UsdShade.Shader) -> str:
    """A shader's id, or the name in its source file ("OmniPBR" of OmniPBR.mdl); "" = it says neither."""
    identifier = shader.GetIdAttr().Get() if shader else None
    if identifier:
        return str(identifier)
    if not shader:
        return ""
    name = shader.GetSourceAssetSubIdentifier("mdl")
    if name:
        return str(name).split("(")[0].rsplit("::")[-1]
    asset = shader.GetSourceAsset("mdl") or shader.GetSourceAsset()
    return asset.path.replace("\\", "/").rsplit("/")[-1] if asset else ""


def numbers(value: Any, size: int) -> tuple[float, ...] | None:
    """A value as `size` floats; None = it is no such, or not finite. One number stands for all of a colour."""
    try:
        read = tuple(float(part) for part in value)
    except TypeError:
        try:
            read = (float(value),) * size
        except (TypeError, ValueError):
            return None
    except ValueError:
        return None
    return read if len(read) == size and all(map(math.isfinite, read)) else None


def mean_of(value: Any, size: int) -> tuple[tuple[float, ...] | None, bool]:
    """The mean of one or many values of `size` numbers (None = none, or not finite), and whether they differ."""
    try:
        values = np.asarray(value, np.float64).reshape(-1, size)
    except (TypeError, ValueError):
        return None, False
    if not len(values) or not np.isfinite(values).all():
        return None, False
    return tuple(map(float, values.mean(axis=0))), bool((values != values[0]).any())


def _pair(value: Any, fallback: tuple[float, float]) -> tuple[float, float]:
    read = numbers(value, 2)
    return fallback if read is None else (read[0], read[1])
