"""Materials with OmniPBR's inputs that a plain USD renderer draws too.

Each `Material` holds an MDL shader, as Isaac Sim writes and reads it, and a UsdPreviewSurface with the same values
where it has them: diffuse, roughness, metallic, emission, their textures and where these lie. What only OmniPBR has
(specular level, UVW projection) is kept in the MDL shader. OmniPBR emits `emissive_color * emissive_intensity` in units
that UsdPreviewSurface does not know: there the colour alone is emitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pxr import Gf, Sdf, UsdShade

from framepress.errors import InputError, OptionError
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.values import number, vector

__all__ = ["PARAMETERS", "bind", "define_look", "define_mdl", "set_look"]

TYPES = Sdf.ValueTypeNames


@dataclass(frozen=True, slots=True)
class Parameter:
    """Args: mdl: OmniPBR's input. preview: UsdPreviewSurface's; "" = none. kind: "color", "float", "asset", "bool"."""

    mdl: str
    preview: str
    kind: str


PARAMETERS = {
    "diffuse": Parameter("diffuse_color_constant", "diffuseColor", "color"),
    "diffuse_texture": Parameter("diffuse_texture", "diffuseColor", "asset"),
    "roughness": Parameter("reflection_roughness_constant", "roughness", "float"),
    "roughness_texture": Parameter("reflectionroughness_texture", "roughness", "asset"),
    "metallic": Parameter("metallic_constant", "metallic", "float"),
    "metallic_texture": Parameter("metallic_texture", "metallic", "asset"),
    "specular": Parameter("specular_level", "", "float"),
    "emissive_color": Parameter("emissive_color", "emissiveColor", "color"),
    "emissive_texture": Parameter("emissive_color_texture", "emissiveColor", "asset"),
    "emissive_intensity": Parameter("emissive_intensity", "", "float"),
    "project_uvw": Parameter("project_uvw", "", "bool"),
    "texture_scale": Parameter("texture_scale", "scale", "pair"),
    "texture_rotate": Parameter("texture_rotate", "rotation", "float"),
}
MDL_TYPES = {
    "color": TYPES.Color3f,
    "float": TYPES.Float,
    "asset": TYPES.Asset,
    "bool": TYPES.Bool,
    "pair": TYPES.Float2,
}
PLACEMENT = ("texture_scale", "texture_rotate")


def define_look(stage: Any, path: str) -> Any:
    """A `UsdShade.Material` of OmniPBR's defaults."""
    material = UsdShade.Material.Define(stage, path)
    mdl = _mdl_shader(stage, f"{path}/Shader", "OmniPBR.mdl", "OmniPBR")
    material.CreateSurfaceOutput("mdl").ConnectToSource(mdl.CreateOutput("out", TYPES.Token))
    preview = UsdShade.Shader.Define(stage, f"{path}/Preview")
    preview.CreateIdAttr("UsdPreviewSurface")
    preview.CreateInput("diffuseColor", TYPES.Color3f).Set(Gf.Vec3f(0.2))
    preview.CreateInput("roughness", TYPES.Float).Set(0.5)
    preview.CreateInput("metallic", TYPES.Float).Set(0.0)
    material.CreateSurfaceOutput().ConnectToSource(preview.CreateOutput("surface", TYPES.Token))
    return material


def define_mdl(stage: Any, path: str, source: str, name: str | None = None) -> Any:
    """A `UsdShade.Material` of an MDL file, which only Isaac Sim can draw as it is meant."""
    material = UsdShade.Material.Define(stage, path)
    name = name or source.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    shader = _mdl_shader(stage, f"{path}/Shader", source, name)
    material.CreateSurfaceOutput("mdl").ConnectToSource(shader.CreateOutput("out", TYPES.Token))
    return material


def _mdl_shader(stage: Any, path: str, source: str, name: str) -> Any:
    shader = UsdShade.Shader.Define(stage, path)
    shader.SetSourceAsset(Sdf.AssetPath(source), "mdl")
    shader.SetSourceAssetSubIdentifier(name, "mdl")
    return shader


def set_look(material: Any, values: Mapping[str, Any], edits: Edits, call: str) -> None:
    """Have parameters of `PARAMETERS` set on a material of `define_look`.

    Raises:
        InputError: the material is of another kind.
        OptionError: an unknown parameter, or a value that does not fit.
    """
    path = material.GetPath()
    stage = material.GetPrim().GetStage()
    mdl, preview = (UsdShade.Shader(stage.GetPrimAtPath(path.AppendChild(name))) for name in ("Shader", "Preview"))
    if not mdl or not preview:
        raise InputError(f"{call}: {path} is no material of rep.create.material_omnipbr; make one and bind that")
    for name, value in values.items():
        if name not in PARAMETERS:
            raise OptionError(f"{call}: no material parameter {name!r}; there are {', '.join(PARAMETERS)}")
        parameter = PARAMETERS[name]
        fitting = _fitting(value, parameter.kind, f"{call} {name}")
        _set(mdl, parameter.mdl, MDL_TYPES[parameter.kind], fitting, edits)
        if name in PLACEMENT:
            for transform in _transforms(stage, path):
                _set(transform, parameter.preview, MDL_TYPES[parameter.kind], fitting, edits)
        elif parameter.kind == "asset":
            _textured(stage, path, preview, parameter, fitting, edits)
        elif name == "emissive_intensity":
            _set(mdl, "enable_emission", TYPES.Bool, fitting > 0, edits)
        elif parameter.preview:
            _set(preview, parameter.preview, MDL_TYPES[parameter.kind], fitting, edits)


def _fitting(value: Any, kind: str, call: str) -> Any:
    if kind == "color":
        return Gf.Vec3f(*vector(value, call))
    if kind == "pair":
        entries = list(value) if hasattr(value, "__len__") else [value, value]
        return Gf.Vec2f(*(number(each, call) for each in entries))
    if kind == "asset":
        return value if isinstance(value, Sdf.AssetPath) else Sdf.AssetPath(str(value))
    return bool(value) if kind == "bool" else number(value, call)


def _set(shader: Any, name: str, declared: Any, value: Any, edits: Edits) -> None:
    attribute = shader.GetPrim().GetAttribute(f"inputs:{name}")
    edits.set(attribute if attribute else shader.CreateInput(name, declared).GetAttr(), value)


def _textured(stage: Any, path: Any, preview: Any, parameter: Parameter, asset: Any, edits: Edits) -> None:
    """Read an input of the preview surface from a texture, whose shaders are made the first time."""
    surface_input = parameter.preview
    texture = UsdShade.Shader(stage.GetPrimAtPath(path.AppendChild(f"{surface_input}_texture")))
    if not texture:
        texture = UsdShade.Shader.Define(stage, path.AppendChild(f"{surface_input}_texture"))
        texture.CreateIdAttr("UsdUVTexture")
        for wrap in ("wrapS", "wrapT"):
            texture.CreateInput(wrap, TYPES.Token).Set("repeat")
        color = surface_input in ("diffuseColor", "emissiveColor")
        texture.CreateInput("sourceColorSpace", TYPES.Token).Set("sRGB" if color else "raw")
        texture.CreateInput("st", TYPES.Float2).ConnectToSource(_placed(stage, path, surface_input))
        output = texture.CreateOutput("rgb" if color else "r", TYPES.Float3 if color else TYPES.Float)
        preview.CreateInput(surface_input, TYPES.Color3f if color else TYPES.Float).ConnectToSource(output)
    _set(texture, "file", TYPES.Asset, asset, edits)


def _placed(stage: Any, path: Any, surface_input: str) -> Any:
    """The output of a texture's UsdTransform2d."""
    reader = UsdShade.Shader.Define(stage, path.AppendChild(f"{surface_input}_st"))
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", TYPES.String).Set("st")
    transform = UsdShade.Shader.Define(stage, path.AppendChild(f"{surface_input}_transform"))
    transform.CreateIdAttr("UsdTransform2d")
    transform.CreateInput("in", TYPES.Float2).ConnectToSource(reader.CreateOutput("result", TYPES.Float2))
    return transform.CreateOutput("result", TYPES.Float2)


def _transforms(stage: Any, path: Any) -> list[Any]:
    prims = stage.GetPrimAtPath(path).GetChildren()
    return [UsdShade.Shader(prim) for prim in prims if prim.GetName().endswith("_transform")]


def bind(prim: Any, material: Any) -> None:
    """Bind a material over whatever is bound at the prim or below."""
    UsdShade.MaterialBindingAPI.Apply(prim).Bind(
        UsdShade.Material(material), UsdShade.Tokens.strongerThanDescendants, UsdShade.Tokens.allPurpose
    )
