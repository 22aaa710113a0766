"""The surfaces of the scenes: UsdPreviewSurface, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pxr import Gf, Sdf, Usd, UsdShade

__all__ = ["LOOKS", "Look", "define_looks"]

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """A surface: linear RGB or a texture that stands in its place; `cut_out` where the texture's alpha is its shape."""

    colour: Colour = (0.5, 0.5, 0.5)
    texture: str = ""
    roughness: float = 0.5
    metallic: float = 0.0
    emissive: Colour = (0.0, 0.0, 0.0)
    cut_out: bool = False


LOOKS = {
    "aisle_sign": Look(texture="aisle_sign.png", roughness=0.5, cut_out=True),
    "barrel_blue": Look((0.02, 0.09, 0.34), roughness=0.35),
    "barrel_green": Look((0.03, 0.2, 0.09), roughness=0.38),
    "barrel_red": Look((0.42, 0.03, 0.02), roughness=0.35),
    "black_plastic": Look((0.02, 0.02, 0.022), roughness=0.55),
    "boot": Look((0.05, 0.028, 0.016), roughness=0.7),
    "brick_red": Look((0.35, 0.03, 0.02), roughness=0.4),
    "carton": Look(texture="carton.jpg", roughness=0.85),
    "carton_dark": Look(texture="carton_dark.jpg", roughness=0.85),
    "carton_dark_print": Look(texture="carton_dark_print.jpg", roughness=0.85),
    "carton_print": Look(texture="carton_print.jpg", roughness=0.85),
    "carton_white": Look(texture="carton_white.jpg", roughness=0.6),
    "carton_white_print": Look(texture="carton_white_print.jpg", roughness=0.6),
    "ceramic": Look((0.04, 0.24, 0.3), roughness=0.22),
    "checker": Look(texture="checker.jpg", roughness=0.9),
    "concrete": Look(texture="concrete.jpg", roughness=0.55),
    "crate_blue": Look((0.02, 0.12, 0.42), roughness=0.45),
    "crate_grey": Look((0.24, 0.25, 0.26), roughness=0.5),
    "crate_yellow": Look((0.72, 0.42, 0.02), roughness=0.45),
    "cone_orange": Look((0.86, 0.14, 0.01), roughness=0.5),
    "dark_steel": Look((0.035, 0.037, 0.042), roughness=0.45, metallic=0.3),
    "denim": Look(texture="denim.jpg", roughness=0.9),
    "door": Look(texture="door.jpg", roughness=0.45),
    "fork_steel": Look((0.1, 0.1, 0.105), roughness=0.4, metallic=0.6),
    "forklift_body": Look((0.85, 0.3, 0.012), roughness=0.32),
    "galvanised": Look((0.46, 0.48, 0.5), roughness=0.42, metallic=0.5),
    "hair": Look((0.03, 0.02, 0.012), roughness=0.8),
    "hazard": Look(texture="hazard.jpg", roughness=0.6),
    "helmet": Look((0.82, 0.82, 0.8), roughness=0.25),
    "hi_vis": Look(texture="hi_vis.jpg", roughness=0.85),
    "lamp": Look((0.9, 0.9, 0.88), roughness=0.6, emissive=(3.0, 2.9, 2.7)),
    "lamp_red": Look((0.5, 0.02, 0.02), roughness=0.3, emissive=(0.25, 0.01, 0.01)),
    "line": Look(texture="line.jpg", roughness=0.6),
    "mesh_fence": Look(texture="mesh_fence.png", roughness=0.45, metallic=0.4, cut_out=True),
    "navy": Look((0.018, 0.026, 0.06), roughness=0.85),
    "oak": Look(texture="wood.jpg", roughness=0.5),
    "plaster": Look(texture="plaster.jpg", roughness=0.9),
    "rack_beam": Look((0.8, 0.19, 0.012), roughness=0.4),
    "rack_deck": Look((0.38, 0.39, 0.4), roughness=0.5, metallic=0.4),
    "rack_post": Look((0.014, 0.07, 0.26), roughness=0.4),
    "reflective": Look((0.72, 0.73, 0.75), roughness=0.3),
    "rubber": Look((0.016, 0.016, 0.017), roughness=0.85),
    "skin": Look((0.46, 0.25, 0.16), roughness=0.6),
    "wall": Look(texture="wall.jpg", roughness=0.6),
    "white_band": Look((0.8, 0.8, 0.78), roughness=0.4),
    "wood": Look(texture="wood.jpg", roughness=0.85),
}


def define_looks(stage: Usd.Stage, folder: str, names: Iterable[str], textures: str) -> dict[str, UsdShade.Material]:
    """Materials below `folder`, by name; `textures` is the way from the stage's file to the pictures."""
    return {name: _define(stage, f"{folder}/{name}", LOOKS[name], textures) for name in sorted(set(names))}


def _define(stage: Usd.Stage, path: str, look: Look, textures: str) -> UsdShade.Material:
    material = UsdShade.Material.Define(stage, path)
    surface = UsdShade.Shader.Define(stage, f"{path}/Surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    colour = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    colour.Set(Gf.Vec3f(*look.colour))
    surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(look.roughness)
    if look.metallic:
        surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(look.metallic)
    if any(look.emissive):
        surface.CreateInput("emissiveColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*look.emissive))
    if look.texture:
        texture = _texture(stage, path, f"{textures}/{look.texture}")
        colour.ConnectToSource(texture.ConnectableAPI(), "rgb")
        if look.cut_out:
            opacity = surface.CreateInput("opacity", Sdf.ValueTypeNames.Float)
            opacity.ConnectToSource(texture.ConnectableAPI(), "a")
            surface.CreateInput("opacityThreshold", Sdf.ValueTypeNames.Float).Set(0.5)
    material.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    return material


def _texture(stage: Usd.Stage, path: str, file: str) -> UsdShade.Shader:
    reader = UsdShade.Shader.Define(stage, f"{path}/Coordinates")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
    texture = UsdShade.Shader.Define(stage, f"{path}/Picture")
    texture.CreateIdAttr("UsdUVTexture")
    texture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(file)
    texture.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set("sRGB")
    for axis in "ST":
        texture.CreateInput(f"wrap{axis}", Sdf.ValueTypeNames.Token).Set("repeat")
    texture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(reader.ConnectableAPI(), "result")
    texture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3)
    texture.CreateOutput("a", Sdf.ValueTypeNames.Float)
    return texture
