"""Meshes of the shapes that `rep.create` makes, one metre across, as arrays; curved ones in facets.

Built around the z axis, counter-clockwise from outside; y up is a rotation of that. Default sizes: cube 1 m, sphere
radius 0.5 m, cylinder and cone radius 0.5 m and height 1 m, torus radii 0.5 m (ring) and 0.25 m (tube), plane 1 m by
1 m and disk radius 0.5 m in the ground plane, their front upwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, Vt

from framepress.core.arrays import Array

__all__ = ["SHAPES", "Shape", "define_gprim", "define_mesh"]

SEGMENTS = 64  # Around the axis.
RINGS = 32  # From pole to pole, and around a torus' tube.


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """P points, F faces with K corners in all.

    Args:
        points: float64 (P, 3), metres.
        counts: int32 (F,), corners a face; corners: int32 (K,), rows of `points`.
        normals: float64 (K, 3); uvs: float64 (K, 2).
    """

    points: Array
    counts: Array
    corners: Array
    normals: Array
    uvs: Array


def cube() -> Shape:
    signs = np.array([[x, y, z] for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    faces = np.array([[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]])
    normals = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], np.float64)
    uvs = np.tile([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], (6, 1))
    return Shape(signs, np.full(6, 4, np.int32), faces.ravel(), np.repeat(normals, 4, axis=0), uvs)


def plane() -> Shape:
    points = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    up = np.tile([0.0, 0.0, 1.0], (4, 1))
    return Shape(points, np.array([4], np.int32), np.arange(4), up, points[:, :2] + 0.5)


def disk() -> Shape:
    flat = _revolved([(0.5, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0)])
    return Shape(flat.points, flat.counts, flat.corners, flat.normals, flat.points[flat.corners][:, :2] + 0.5)


def sphere() -> Shape:
    angles = np.linspace(-np.pi / 2, np.pi / 2, RINGS + 1)
    profile = [(0.5 * np.cos(a), 0.5 * np.sin(a), np.cos(a), np.sin(a)) for a in angles]
    profile[0], profile[-1] = (0.0, -0.5, 0.0, -1.0), (0.0, 0.5, 0.0, 1.0)
    return _revolved(profile)


def cylinder() -> Shape:
    side = _revolved([(0.5, -0.5, 1.0, 0.0), (0.5, 0.5, 1.0, 0.0)])
    return _joined(side, _cap(0.5, 1.0), _cap(-0.5, -1.0))


def cone() -> Shape:
    slope = np.array([1.0, 0.5]) / np.hypot(1.0, 0.5)  # Normal of the side from (0.5, -0.5) to (0, 0.5).
    side = _revolved([(0.5, -0.5, slope[0], slope[1]), (0.0, 0.5, slope[0], slope[1])])
    return _joined(side, _cap(-0.5, -1.0))


def torus() -> Shape:
    angles = np.linspace(-np.pi, np.pi, RINGS + 1)
    return _revolved([(0.5 + 0.25 * np.cos(a), 0.25 * np.sin(a), np.cos(a), np.sin(a)) for a in angles])


SHAPES: dict[str, Callable[[], Shape]] = {
    "cube": cube,
    "sphere": sphere,
    "cylinder": cylinder,
    "cone": cone,
    "torus": torus,
    "plane": plane,
    "disk": disk,
}


def _cap(height: float, sign: float) -> Shape:
    rim, middle = (0.5, height, 0.0, sign), (0.0, height, 0.0, sign)
    return _revolved([rim, middle] if sign > 0 else [middle, rim])


def _revolved(profile: list[tuple[Any, Any, Any, Any]]) -> Shape:
    """A profile turned around z.

    Args:
        profile: (radius, z, normal outwards, normal upwards), with the outside to the right of the way along it; only
            its ends may lie on the axis.
    """
    turn = np.linspace(0.0, 2.0 * np.pi, SEGMENTS, endpoint=False)
    rows = np.array(profile, np.float64)
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    points = np.concatenate([np.c_[row[0] * around, np.full(SEGMENTS, row[1])] for row in rows])
    normals = np.concatenate([np.c_[row[2] * around, np.full(SEGMENTS, row[3])] for row in rows])
    counts: list[int] = []
    corners: list[int] = []
    uvs: list[tuple[float, float]] = []
    for ring in range(len(rows) - 1):
        for segment in range(SEGMENTS):
            quad = [(ring, segment), (ring, segment + 1), (ring + 1, segment + 1), (ring + 1, segment)]
            if rows[ring, 0] == 0:
                quad = [quad[0], quad[2], quad[3]]
            elif rows[ring + 1, 0] == 0:
                quad = quad[:3]
            counts.append(len(quad))
            corners += [r * SEGMENTS + s % SEGMENTS for r, s in quad]
            uvs += [(s / SEGMENTS, r / (len(rows) - 1)) for r, s in quad]
    return Shape(points, np.array(counts, np.int32), np.array(corners), normals[corners], np.array(uvs))


def _joined(*shapes: Shape) -> Shape:
    first = np.cumsum([0, *(len(shape.points) for shape in shapes)])
    return Shape(
        np.concatenate([shape.points for shape in shapes]),
        np.concatenate([shape.counts for shape in shapes]),
        np.concatenate([shape.corners + at for shape, at in zip(shapes, first, strict=False)]),
        np.concatenate([shape.normals for shape in shapes]),
        np.concatenate([shape.uvs for shape in shapes]),
    )


def _upright(vectors: Array, up_axis: str) -> Array:
    """Vectors of z up for a stage's up axis, float32."""
    turned = vectors if up_axis == "Z" else np.stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]], axis=1)
    return np.ascontiguousarray(turned, np.float32)


def define_mesh(stage: Any, path: str, kind: str) -> Any:
    """A shape as a `UsdGeom.Mesh`, in the stage's unit and with its up axis, facets as they are."""
    shape, up_axis = SHAPES[kind](), UsdGeom.GetStageUpAxis(stage)
    points = _upright(shape.points / UsdGeom.GetStageMetersPerUnit(stage), up_axis)
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(shape.counts))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(shape.corners.astype(np.int32)))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(_upright(shape.normals, up_axis)))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateExtentAttr([Gf.Vec3f(*points.min(0).tolist()), Gf.Vec3f(*points.max(0).tolist())])
    uvs = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying)
    uvs.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(shape.uvs, np.float32)))
    return mesh


def define_gprim(stage: Any, path: str, kind: str) -> Any | None:
    """The same shape as USD's own `Cube`, `Sphere`, ...; None where USD has none (torus, disk)."""
    unit, axis = 1.0 / UsdGeom.GetStageMetersPerUnit(stage), UsdGeom.GetStageUpAxis(stage)
    sizes: dict[str, tuple[Any, dict[str, Any]]] = {
        "cube": (UsdGeom.Cube, {"Size": unit}),
        "sphere": (UsdGeom.Sphere, {"Radius": unit / 2}),
        "cylinder": (UsdGeom.Cylinder, {"Radius": unit / 2, "Height": unit, "Axis": axis}),
        "cone": (UsdGeom.Cone, {"Radius": unit / 2, "Height": unit, "Axis": axis}),
        "plane": (UsdGeom.Plane, {"Width": unit, "Length": unit, "Axis": axis}),
    }
    if kind not in sizes:
        return None
    schema, attributes = sizes[kind]
    gprim = schema.Define(stage, path)
    for name, value in attributes.items():
        getattr(gprim, f"Create{name}Attr")(value)
    gprim.CreateExtentAttr(UsdGeom.Boundable.ComputeExtentFromPlugins(gprim, Usd.TimeCode.Default()))
    return gprim
