"""What is drawn of a material: UsdPreviewSurface, else what another shader says by its inputs' names (`mdl.py`).

https://openusd.org/release/spec_usdpreviewsurface.html; a material may have one of each, then it is the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pxr import Sdf, Usd, UsdShade

from framepress.headless.scene import Material
from framepress.headless.usd.mdl import parts_by_name
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
            fed = _preview(network, shader) if kind == _PREVIEW else parts_by_name(network, shader, kind)
            if fed is not None:
                material = _material(path, *fed)
                break
    if material is None:
        kinds = [f"the shader {kind_of(shader)!r} is not known" for shader in shaders if shader]
        why = kinds[0] if kinds else "it has no surface shader"
        network.note(why, f"{path}: {why}, drawn in grey (named once)")
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


def _preview(network: Network, shader: UsdShade.Shader) -> tuple[dict[str, Part], float]:
    """What feeds the fields of a `Material`, and its opacity threshold."""
    parts = {field: network.part(shader, name, 3) for field, name in _COLOURS.items()}
    parts |= {field: network.part(shader, name, 1) for field, name in _NUMBERS.items()}
    for name, what in _UNDRAWN.items():
        put = shader.GetInput(name)
        if put and (put.HasConnectedSource() or any(numbers(put.Get(), 1) or ())):
            network.note(f"undrawn {name}", f"{network.path}: {what} are not drawn (named once)")
    if network.value(shader, "useSpecularWorkflow") == 1:
        network.note(
            "specular", f"{network.path}: the specular workflow is not drawn, but as not metallic (named once)"
        )
        parts["metallic"] = Part((0.0,))
    threshold = numbers(network.value(shader, "opacityThreshold"), 1) or (0.0,)
    return parts, threshold[0]


def _material(path: str, parts: Mapping[str, Part], threshold: float) -> Material:
    plain = Material(path, opacity_threshold=threshold)
    changes: dict[str, Any] = {}
    for field, part in parts.items():
        if part.value is not None:
            changes[field] = part.value[0] if isinstance(getattr(plain, field), float) else part.value
        if part.texture is not None:
            changes[f"{field}_texture"] = part.texture
    return replace(plain, **changes)
