"""Shaders other than UsdPreviewSurface, by the usual names of their inputs: OmniPBR, and what exporters write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pxr import UsdShade

from framepress.headless.usd.shading import Network, Part, Placing, numbers

__all__ = ["parts_by_name"]

# The first that is authored counts.
_COLOURS = (
    "diffuse_color_constant",
    "diffuseColor",
    "diffuse_color",
    "base_color",
    "baseColor",
    "diffuse_reflection_color",
    "glass_color",
)
_COLOUR_FILES = ("diffuse_texture", "base_color_texture", "albedo_texture", "diffuse_reflection_color_image")
_ROUGHNESS = (
    "reflection_roughness_constant",
    "roughness",
    "specular_roughness",
    "specular_reflection_roughness",
    "frosting_roughness",
)
_METALLIC = ("metallic_constant", "metallic", "metalness")
# A texture of OmniPBR, and how much it counts against the number beside it: 0 unless that is set.
_ROUGHNESS_FILE = "reflectionroughness_texture", "reflection_roughness_texture_influence"
_METALLIC_FILE = "metallic_texture", "metallic_texture_influence"

# Of OmniPBR, where nothing is authored.
_GREY = Part((0.2, 0.2, 0.2))
_GLOW, _GLOW_STRENGTH = (1.0, 0.1, 0.1), 40.0
_MONO_ALPHA = 0  # an opacity_mode; the others take a picture's grey


def parts_by_name(network: Network, shader: UsdShade.Shader, kind: str) -> tuple[dict[str, Part], float] | None:
    """What feeds the fields of a `Material`, and its opacity threshold; None = no input has a usual name.

    Args:
        kind: of the shader; those that begin with "OmniPBR" are known, all others are named in the findings.
    """
    placing = network.placing(*(network.value(shader, f"texture_{name}") for name in ("scale", "translate", "rotate")))
    parts = {
        "diffuse": _diffuse(network, shader, placing, _GREY if kind.startswith("OmniPBR") else Part()),
        "roughness": _grey(network, shader, _ROUGHNESS, _ROUGHNESS_FILE, placing),
        "metallic": _grey(network, shader, _METALLIC, _METALLIC_FILE, placing),
    }
    if all(part == Part() for part in parts.values()):
        return None
    if not kind.startswith("OmniPBR"):
        network.note(f"by name {kind}", f"{network.path}: {kind!r} is read by the names of its inputs (named once)")
    if network.value(shader, "enable_emission"):
        glow = numbers(network.value(shader, "emissive_color"), 3) or _GLOW
        strength = _number(network, shader, "emissive_intensity", _GLOW_STRENGTH)
        parts["emissive"] = Part(tuple(channel * strength for channel in glow))
    if not network.value(shader, "enable_opacity"):
        return parts, 0.0
    parts["opacity"] = network.part(shader, "opacity_constant", 1)
    if network.value(shader, "enable_opacity_texture"):
        channel = "a" if network.value(shader, "opacity_mode") == _MONO_ALPHA else "r"
        parts["opacity"] = replace(parts["opacity"], texture=network.file(shader, "opacity_texture", channel, placing))
    return parts, _number(network, shader, "opacity_threshold", 0.0)


def _diffuse(network: Network, shader: UsdShade.Shader, placing: Placing, plain: Part) -> Part:
    tint = numbers(network.value(shader, "diffuse_tint"), 3) or (1.0, 1.0, 1.0)
    part = _first(network, shader, _COLOURS, 3)
    part = _tinted(plain if part == Part() else part, tint)
    files = (network.file(shader, name, "rgb", placing, tint) for name in _COLOUR_FILES)
    use = next((use for use in files if use is not None), part.texture)
    return replace(part, texture=use)


def _grey(
    network: Network, shader: UsdShade.Shader, names: Sequence[str], file: tuple[str, str], placing: Placing
) -> Part:
    part = _first(network, shader, names, 1)
    name, influence = file
    use = network.file(shader, name, "r", placing) if _number(network, shader, influence, 0.0) > 0.5 else None
    return part if use is None else replace(part, texture=use)


def _first(network: Network, shader: UsdShade.Shader, names: Sequence[str], size: int) -> Part:
    parts = (network.part(shader, name, size) for name in names)
    return next((part for part in parts if part != Part()), Part())


def _tinted(part: Part, tint: Sequence[float]) -> Part:
    if part.value is None:
        return part
    return replace(part, value=tuple(channel * by for channel, by in zip(part.value, tint, strict=True)))


def _number(network: Network, shader: UsdShade.Shader, name: str, plain: float) -> float:
    read = numbers(network.value(shader, name), 1)
    return plain if read is None else read[0]
