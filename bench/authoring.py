"""Prims of `stage.py`: meshes, places, labels, materials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pxr import Gf, Sdf, UsdGeom, UsdSemantics, UsdShade, Vt

Point = Sequence[float]


def mesh_of(stage: Any, path: str, points: Any, quads: Any, uvs: Any, normals: Any) -> Any:
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(quads), 4, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(quads.reshape(-1)))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(normals))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDoubleSidedAttr(True)
    mesh.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(0), points.max(0)])))
    primvars = UsdGeom.PrimvarsAPI(mesh)
    st = primvars.CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
    st.Set(Vt.Vec2fArray.FromNumpy(uvs))
    return mesh


def placed(prim: Any, at: Point, turn: Point = (0, 0, 0), scale: Point = (1, 1, 1)) -> None:
    prim.AddTranslateOp().Set(Gf.Vec3d(*map(float, at)))
    prim.AddRotateXYZOp().Set(Gf.Vec3f(*map(float, turn)))
    prim.AddScaleOp().Set(Gf.Vec3f(*map(float, scale)))


def label(prim: Any, name: str, old: bool = False) -> None:
    """`old`: in Omniverse's schema of before 2025, which usd-core does not know."""
    if not old:
        UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr([name])
        return
    prim.AddAppliedSchema("SemanticsAPI:Semantics")
    for key, text in (("Type", "class"), ("Data", name)):
        attribute = f"semantic:Semantics:params:semantic{key}"
        prim.CreateAttribute(attribute, Sdf.ValueTypeNames.String).Set(text)


def material(
    stage: Any,
    name: str,
    texture: str = "",
    *,
    colour: Point = (0.7, 0.7, 0.7),
    roughness: float = 0.5,
    scale: float = 1,
    cut_out: bool = False,
) -> Any:
    """UsdPreviewSurface in one colour, or with a picture of `textures/`; `cut_out`: by its alpha."""
    path = f"/World/Looks/{name}"
    made = UsdShade.Material.Define(stage, path)
    surface = shader(stage, f"{path}/surface", "UsdPreviewSurface", roughness=roughness)
    made.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    diffuse = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    if not texture:
        diffuse.Set(Gf.Vec3f(*map(float, colour)))
        return made
    read = shader(stage, f"{path}/uvs", "UsdPrimvarReader_float2", varname="st")
    turned = shader(stage, f"{path}/place", "UsdTransform2d", scale=Gf.Vec2f(scale))
    picture = shader(stage, f"{path}/picture", "UsdUVTexture", wrapS="repeat", wrapT="repeat")
    picture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(f"./textures/{texture}.png")
    turned.CreateInput("in", Sdf.ValueTypeNames.Float2).ConnectToSource(read.ConnectableAPI(), "result")
    picture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(turned.ConnectableAPI(), "result")
    diffuse.ConnectToSource(picture.ConnectableAPI(), "rgb")
    if cut_out:
        opacity = surface.CreateInput("opacity", Sdf.ValueTypeNames.Float)
        opacity.ConnectToSource(picture.ConnectableAPI(), "a")
        surface.CreateInput("opacityThreshold", Sdf.ValueTypeNames.Float).Set(0.5)
    return made


def shader(stage: Any, path: str, kind: str, **inputs: Any) -> Any:
    types = {float: Sdf.ValueTypeNames.Float, str: Sdf.ValueTypeNames.Token, Gf.Vec2f: Sdf.ValueTypeNames.Float2}
    made = UsdShade.Shader.Define(stage, path)
    made.CreateIdAttr(kind)
    for name, value in inputs.items():
        made.CreateInput(name, types[type(value)]).Set(value)
    return made


def bind(prim: Any, looks: Any) -> None:
    UsdShade.MaterialBindingAPI.Apply(prim.GetPrim()).Bind(looks)
