"""Triangles of prims in world space, to scatter things on or in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.rep.shapes import SHAPES, Shape

__all__ = ["Surface", "inside"]

CHUNK = 1 << 20  # Pairs of point and triangle looked at in one go.


class Surface:
    """Args: corners: float64 (T, 3, 3), world, counter-clockwise seen from outside."""

    def __init__(self, corners: Array) -> None:
        self.corners = corners
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        doubled = np.linalg.norm(across, axis=1)
        self._upto = np.cumsum(doubled)
        self._normals = across / np.maximum(doubled, np.finfo(np.float64).tiny)[:, None]

    @classmethod
    def of(cls, prims: Sequence[Any], time: Any, call: str) -> Surface:
        """Everything that is drawn at the prims and below.

        Raises:
            InputError: that is nothing, or flattened to no area.
        """
        worlds = UsdGeom.XformCache(time)
        parts = [
            triangles
            for prim in prims
            for each in Usd.PrimRange(prim, Usd.TraverseInstanceProxies())
            if (triangles := _world_triangles(each, worlds, time)) is not None
        ]
        found = cls(np.concatenate(parts)) if parts else None
        if found is None or not found._upto[-1] > 0:
            paths = ", ".join(str(prim.GetPath()) for prim in prims)
            raise InputError(
                f"{call}: {paths or 'no prim'} has no surface (meshes, cubes, spheres, ... are looked for)"
            )
        return found

    def sample(self, generator: np.random.Generator, count: int, offset: float) -> Array:
        """float64 (count, 3): points spread evenly over the area, `offset` above it along the triangle's normal."""
        unit = generator.random((count, 3))
        rows = np.searchsorted(self._upto, unit[:, 0] * self._upto[-1], side="right")
        rows = np.minimum(rows, len(self._upto) - 1)
        root = np.sqrt(unit[:, 1])
        weights = np.stack([1.0 - root, root * (1.0 - unit[:, 2]), root * unit[:, 2]], axis=1)
        points: Array = np.einsum("nk,nkd->nd", weights, self.corners[rows]) + offset * self._normals[rows]
        return points


def inside(points: Array, corners: Array) -> Array:
    """bool (N,): which points (N, 3) are inside of closed triangles (T, 3, 3).

    Counted are the triangles that a line along z goes out of minus those that it goes into, above and below. Where the
    two do not cancel the surface is open, and nothing counts as inside.
    """
    found = np.zeros(len(points), bool)
    held = ((points >= corners.min(axis=(0, 1))) & (points <= corners.max(axis=(0, 1)))).all(axis=1)
    rows = np.nonzero(held)[0]
    step = max(1, CHUNK // len(corners))
    for start in range(0, len(rows), step):
        chosen = rows[start : start + step]
        found[chosen] = _enclosed(points[chosen], corners)
    return found


def _enclosed(points: Array, corners: Array) -> Array:
    x, y = points[:, 0, None], points[:, 1, None]
    edges = []
    for first, second in ((1, 2), (2, 0), (0, 1)):
        a, b = corners[:, first], corners[:, second]
        edges.append((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0]))
    left = np.logical_and.reduce([edge > 0 for edge in edges])
    right = np.logical_and.reduce([edge < 0 for edge in edges])
    point, triangle = np.nonzero(left | right)
    weights = np.stack([edge[point, triangle] for edge in edges], axis=1)
    height = (weights * corners[triangle, :, 2]).sum(axis=1) / weights.sum(axis=1)
    side = np.where(left[point, triangle], 1, -1)
    upper = height > points[point, 2]
    above = np.bincount(point, np.where(upper, side, 0), len(points))
    below = np.bincount(point, np.where(upper, 0, side), len(points))
    enclosed: Array = (above != 0) & (above + below == 0)
    return enclosed


def _world_triangles(prim: Any, worlds: Any, time: Any) -> Array | None:
    """float64 (T, 3, 3); None where the prim is no surface."""
    if prim.IsA(UsdGeom.Mesh):
        mesh = UsdGeom.Mesh(prim)
        values = (mesh.GetPointsAttr(), mesh.GetFaceVertexCountsAttr(), mesh.GetFaceVertexIndicesAttr())
        points, counts, corners = (np.asarray(value.Get(time) or []) for value in values)
        if not len(points) or not len(counts):
            return None
        triangles = points.astype(np.float64)[_fans(counts, corners)]
        flipped = mesh.GetOrientationAttr().Get() == UsdGeom.Tokens.leftHanded
    else:
        shape = _gprim(prim, time)
        if shape is None:
            return None
        triangles, flipped = shape.points[_fans(shape.counts, shape.corners)], False
    matrix = np.array(worlds.GetLocalToWorldTransform(prim))
    if flipped != (np.linalg.det(matrix[:3, :3]) < 0):
        triangles = triangles[:, ::-1]
    world: Array = triangles @ matrix[:3, :3] + matrix[3, :3]
    return world


def _fans(counts: Array, corners: Array) -> Array:
    """int (T, 3): rows of points, each face a fan around its first corner."""
    several = np.maximum(counts - 2, 0)
    face = np.repeat(np.arange(len(counts)), several)
    number = np.arange(len(face)) - np.repeat(np.cumsum(several) - several, several)
    first = (np.cumsum(counts) - counts)[face]
    rows: Array = np.stack([corners[first], corners[first + number + 1], corners[first + number + 2]], axis=1)
    return rows


def _gprim(prim: Any, time: Any) -> Shape | None:
    """USD's own shapes in facets, in the prim's space; None for other prims."""
    kind = str(prim.GetTypeName()).lower()
    read = {
        "cube": ("size", "size", "size"),
        "sphere": ("radius", "radius", "radius"),
        "cylinder": ("radius", "radius", "height"),
        "cone": ("radius", "radius", "height"),
        "plane": ("width", "length", "width"),
    }.get(kind)
    if read is None:
        return None
    sizes = [prim.GetAttribute(name).Get(time) * (2.0 if name == "radius" else 1.0) for name in read]
    shape = SHAPES[kind]()
    axis = prim.GetAttribute("axis").Get(time) if prim.GetAttribute("axis") else "Z"
    points = np.roll(shape.points * sizes, {"X": 1, "Y": 2, "Z": 0}[axis], axis=1)
    return Shape(points, shape.counts, shape.corners, shape.normals, shape.uvs)
