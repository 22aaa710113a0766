"""What is drawn of a material: UsdPreviewSurface, and OmniPBR or other MDL by the usual names of their inputs.

https://openusd.org/release/spec_usdpreviewsurface.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pxr import Sdf, Usd, UsdShade

from framepress.headless.scene import Material
from framepress.headless.usd.shading import Network, Part, kind_of, numbers
from framepress.headless.usd.textures import TextureFiles

__all__ = ["Surface", "read_surface"]


@dataclass(frozen=True, slots=True)
class Surface:
    """A material as it was read.

    Args:
        known: whether its shader was, in part at least; else the material is the default grey.
        by_prim: whether it would be another for another prim, by a primvar that it reads.
        uv_name: primvar of its textures, without `primvars:`.
        depends: prims whose values are in it. varies: whether one may be another at another time.
        findings: what was left out, by kind.
    """

    material: Material
    known: bool
    by_prim: bool
    uv_name: str
    depends: frozenset[Sdf.Path]
    varies: bool
    findings: Mapping[str, str]


def read_surface(prim: Usd.Prim, gprim: Usd.Prim | None, time: Usd.TimeCode, files: TextureFiles) -> Surface:
    """Read a material prim for a prim that has it; what is not known is named in the findings, never raised."""
    network = Network(prim, gprim, time, files)
    path = str(prim.GetPath())
    shaders = [UsdShade.Material(prim).ComputeSurfaceSource(context)[0] for context in ("", "mdl")]
    material = None
    for shader in shaders:
        if shader:
            network.met(shader.GetPrim())
            kind = kind_of(shader)
            material = _preview(network, shader, path) if kind == _PREVIEW else _by_name(network, shader, kind, path)
            if material is not None:
                break
    if material is None:
        kinds = [kind_of(shader) or "a shader without id" for shader in shaders if shader] or ["no surface shader"]
        network.note(f"unknown {kinds[0]}", f"{path}: {kinds[0]} is not known, drawn in grey (named once)")
    name = next(iter(network.uv_names), "st")
    if len(set(network.uv_names)) > 1:
        network.note("uvs", f"{path}: textures by several primvars, all drawn by {name!r} (named once)")
    return Surface(
        material or Material(path),
        material is not None,
        network.by_prim,
        name,
        frozenset(network.depends),
        network.varies,
        network.findings,
    )


_PREVIEW = "UsdPreviewSurface"
_COLOURS = {"diffuse": "diffuseColor", "emissive": "emissiveColor"}
_NUMBERS = {"roughness": "roughness", "metallic": "metallic", "opacity": "opacity"}
_UNDRAWN = {"normal": "normal maps", "displacement": "displacement", "clearcoat": "clear coats"}


def _preview(network: Network, shader: UsdShade.Shader, path: str) -> Material:
    parts = {field: network.part(shader, name, 3) for field, name in _COLOURS.items()}
    parts |= {field: network.part(shader, name, 1) for field, name in _NUMBERS.items()}
    for name, what in _UNDRAWN.items():
        put = shader.GetInput(name)
        if put and (put.HasConnectedSource() or any(numbers(put.Get(), 1) or ())):
            network.note(f"undrawn {name}", f"{path}: {what} are not drawn (named once)")
    if network.value(shader, "useSpecularWorkflow") == 1:
        network.note("specular", f"{path}: the specular workflow is not drawn, but as not metallic (named once)")
        parts["metallic"] = Part((0.0,))
    threshold = numbers(network.value(shader, "opacityThreshold"), 1) or (0.0,)
    return replace(_material(path, parts), opacity_threshold=threshold[0])


def _material(path: str, parts: Mapping[str, Part]) -> Material:
    plain = Material(path)
    changes: dict[str, object] = {}
    for field, part in parts.items():
        if part.value is not None:
            changes[field] = part.value[0] if isinstance(getattr(plain, field), float) else part.value
        if part.texture is not None:
            changes[f"{field}_texture"] = part.texture
    return replace(plain, **changes)  # type: ignore[arg-type]


# Of OmniPBR, and of other MDL in use (OmniGlass, OmniSurface, exporters): the first that is authored counts.
_NAMES: dict[str, tuple[str, ...]] = {
    "diffuse": (
        "diffuse_color_constant",
        "diffuseColor",
        "diffuse_color",
        "base_color",
        "baseColor",
        "diffuse_reflection_color",
        "glass_color",
    ),
    "roughness": ("reflection_roughness_constant", "roughness", "specular_reflection_roughness", "frosting_roughness"),
    "metallic": ("metallic_constant", "metallic", "metalness"),
}
_FILES: dict[str, tuple[str, ...]] = {
    "diffuse": ("diffuse_texture", "base_color_texture", "albedo_texture", "diffuse_reflection_color_image"),
    "roughness": ("reflectionroughness_texture",),
    "metallic": ("metallic_texture",),
}
# How much a texture of OmniPBR counts against the number beside it; 0 unless it is set.
_INFLUENCE = {"roughness": "reflection_roughness_texture_influence", "metallic": "metallic_texture_influence"}
_OMNI_PBR = {"diffuse": Part((0.2, 0.2, 0.2))}
_ALPHA_MODES = {0: "a"}  # OmniPBR's opacity_mode: mono_alpha; the others mean grey


def _by_name(network: Network, shader: UsdShade.Shader, kind: str, path: str) -> Material | None:
    """None = no input has a usual name."""
    omni = kind.startswith("OmniPBR")
    parts: dict[str, Part] = dict(_OMNI_PBR) if omni else {}
    tint = numbers(network.value(shader, "diffuse_tint"), 3) or (1.0, 1.0, 1.0)
    placing = network.placing(*(network.value(shader, f"texture_{name}") for name in ("scale", "translate", "rotate")))
    met = omni
    for field, names in _NAMES.items():
        size = 3 if field == "diffuse" else 1
        parts[field] = next(
            (part for part in (network.part(shader, name, size) for name in names) if part != Part()),
            parts.get(field, Part()),
        )
        if field not in _INFLUENCE or (numbers(network.value(shader, _INFLUENCE[field]), 1) or (0.0,))[0] > 0.5:
            for name in _FILES[field]:
                channel, tints = ("rgb", tint) if field == "diffuse" else ("r", (1.0, 1.0, 1.0))
                use = network.file(shader, name, channel, placing, tints)
                if use is not None:
                    parts[field] = replace(parts[field], texture=use)
                    break
        met |= parts[field] != Part()
    if not met:
        return None
    diffuse = parts["diffuse"].value
    if diffuse is not None:
        parts["diffuse"] = replace(parts["diffuse"], value=tuple(c * t for c, t in zip(diffuse, tint, strict=True)))
    if network.value(shader, "enable_emission"):
        glow = numbers(network.value(shader, "emissive_color"), 3) or (1.0, 0.1, 0.1)
        strength = (numbers(network.value(shader, "emissive_intensity"), 1) or (40.0,))[0]
        parts["emissive"] = Part(tuple(c * strength for c in glow))
    threshold: tuple[float, ...] = (0.0,)
    if network.value(shader, "enable_opacity"):
        parts["opacity"] = network.part(shader, "opacity_constant", 1)
        threshold = numbers(network.value(shader, "opacity_threshold"), 1) or (0.0,)
        if network.value(shader, "enable_opacity_texture"):
            channel = _ALPHA_MODES.get(network.value(shader, "opacity_mode"), "r")
            use = network.file(shader, "opacity_texture", channel, placing)
            parts["opacity"] = replace(parts["opacity"], texture=use)
    if not omni:
        network.note(f"by name {kind}", f"{path}: {kind!r} is read by the names of its inputs (named once)")
    return replace(_material(path, parts), opacity_threshold=threshold[0])
