"""Meshes, places and labels, written into a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSemantics, UsdShade, Vt

from scenery.looks import define_looks
from scenery.mesh import Array, Mesh, Point

__all__ = ["define_mesh", "floats", "label", "label_formerly", "new_stage", "place", "refer", "save", "write_prop"]

DIGITS = 5  # decimals that are kept, of metres and of texture coordinates


def new_stage(file: Path, root: str) -> Usd.Stage:
    """An empty stage in metres, z up, with a default prim; in place of the file, so that it finds what is beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    stage = Usd.Stage.CreateNew(str(file))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, root).GetPrim())
    return stage


def save(stage: Usd.Stage) -> None:
    """As text, which shows in a review what has changed."""
    stage.GetRootLayer().Save()


def floats(values: Array) -> Array:
    """Float32, without digits that nobody sees and without negative zeros."""
    return (np.round(np.asarray(values, np.float64), DIGITS) + 0.0).astype(np.float32)


def define_mesh(stage: Usd.Stage, path: str, mesh: Mesh, looks: dict[str, UsdShade.Material]) -> UsdGeom.Mesh:
    """A polygon mesh; a subset a look where there are several."""
    prim = UsdGeom.Mesh.Define(stage, path)
    counts = [len(corners) for corners in mesh.corners]
    points, rows = np.unique(floats(np.concatenate(mesh.corners)), axis=0, return_inverse=True)
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    prim.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray(counts))
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray(rows.reshape(-1).tolist()))
    prim.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(0), points.max(0)])))
    coordinates = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying
    )
    coordinates.Set(Vt.Vec2fArray.FromNumpy(floats(np.concatenate(mesh.uvs))))
    if mesh.smooth:
        prim.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(floats(np.concatenate(mesh.normals))))
        prim.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
    bind(prim, mesh.looks, looks)
    return prim


def bind(prim: UsdGeom.Mesh, names: Sequence[str], looks: dict[str, UsdShade.Material]) -> None:
    """Bind each face its look."""
    used = list(dict.fromkeys(names))
    if len(used) == 1:
        UsdShade.MaterialBindingAPI.Apply(prim.GetPrim()).Bind(looks[used[0]])
        return
    for name in used:
        faces = [k for k, look in enumerate(names) if look == name]
        subset = UsdShade.MaterialBindingAPI.Apply(prim.GetPrim()).CreateMaterialBindSubset(name, Vt.IntArray(faces))
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(looks[name])


def place(
    prim: Usd.Prim, at: Point = (0, 0, 0), yaw: float = 0.0, scale: float | Sequence[float] = 1.0
) -> UsdGeom.Xformable:
    """Scale a prim, turn it about z [degrees] and move it; operations that change nothing are left out."""
    common = UsdGeom.Xformable(prim)
    common.AddTranslateOp().Set(Gf.Vec3d(*floats(np.array(at, float)).tolist()))
    if yaw:
        common.AddRotateZOp().Set(float(floats(np.array(yaw))))
    if np.any(np.asarray(scale) != 1.0):
        common.AddScaleOp().Set(Gf.Vec3f(*floats(np.broadcast_to(scale, 3)).tolist()))
    return common


def refer(stage: Usd.Stage, path: str, file: str, *, instance: bool = True) -> Usd.Prim:
    """A prim that refers to a prop, and has its type from there."""
    prim = stage.DefinePrim(path)
    prim.GetReferences().AddReference(file)
    prim.SetInstanceable(instance)
    return prim


def label(prim: Usd.Prim, *labels: str, taxonomy: str = "class") -> None:
    """In the schema of USD and Isaac Sim 5.0 and later."""
    UsdSemantics.LabelsAPI.Apply(prim, taxonomy).CreateLabelsAttr(list(labels))


def label_formerly(prim: Usd.Prim, text: str, kind: str = "class") -> None:
    """In the schema of Isaac Sim up to 4.5, which plain USD does not know."""
    prim.AddAppliedSchema("SemanticsAPI:Semantics")
    for name, value in (("semanticType", kind), ("semanticData", text)):
        prim.CreateAttribute(f"semantic:Semantics:params:{name}", Sdf.ValueTypeNames.String, False).Set(value)


def write_prop(file: Path, name: str, parts: dict[str, Mesh], labels: dict[str, str] | None = None) -> None:
    """A file with one thing in it.

    Args:
        name: of its root prim.
        parts: name -> mesh below the root; "Mast/Chain" puts it below a group.
        labels: part or group -> label, of the taxonomy "part".
    """
    stage = new_stage(file, f"/{name}")
    used = [look for mesh in parts.values() for look in mesh.looks]
    for part in parts:
        if "/" in part:
            UsdGeom.Xform.Define(stage, f"/{name}/{part.rpartition('/')[0]}")
    looks = define_looks(stage, f"/{name}/Looks", used, "../textures")
    UsdGeom.Scope.Define(stage, f"/{name}/Looks")
    for part, mesh in parts.items():
        define_mesh(stage, f"/{name}/{part}", mesh, looks)
    for part, text in (labels or {}).items():
        label(stage.GetPrimAtPath(f"/{name}/{part}"), text, taxonomy="part")
    save(stage)
