"""Cube, Sphere, Cylinder, Cone, Capsule and Plane as triangles with smooth normals.

A cube and a plane are exact. What is round is cut into 64 parts around its axis and a half turn into 32: vertices lie
on the surface, so that bounds are exact and an outline lies inside the true one by at most radius * 0.0012 (a quarter
of a pixel where the radius is 200 px). Side, caps and ends meet in points of equal bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pxr import Usd

from framepress.core.arrays import Array
from framepress.headless.scene import Geometry

__all__ = ["SHAPES", "ShapeKey", "shape_geometry", "shape_key"]

AROUND = 64
HALF_TURN = 32

SHAPES: Mapping[str, tuple[str, ...]] = {
    "Cube": ("size",),
    "Sphere": ("radius",),
    "Cylinder": ("axis", "height", "radius"),
    "Cylinder_1": ("axis", "height", "radiusTop", "radiusBottom"),
    "Cone": ("axis", "height", "radius"),
    "Capsule": ("axis", "height", "radius"),
    "Capsule_1": ("axis", "height", "radiusTop", "radiusBottom"),
    "Plane": ("axis", "width", "length"),
}
"""The schemas that are drawn, with the attributes that shape them."""

ShapeKey = tuple[str, tuple[float | str, ...]]


def shape_key(prim: Usd.Prim, time: Usd.TimeCode) -> ShapeKey:
    """Type and shaping values: gprims of equal keys have one geometry.

    Raises:
        ValueError: a value is not a finite number, or negative; with its name.
    """
    kind = prim.GetTypeName()
    values: list[float | str] = []
    for name in SHAPES[kind]:
        value = prim.GetAttribute(name).Get(time)
        if name != "axis" and not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value}")
        values.append(str(value) if name == "axis" else float(value))
    return kind, tuple(values)


def shape_geometry(key: ShapeKey) -> Geometry:
    """The triangles of a gprim, in its own space, counter-clockwise seen from outside; all of subset 0."""
    kind, values = key
    if kind == "Cube":
        return _cube(float(values[0]))
    if kind == "Sphere":
        return _revolved("Z", [_arc(0.0, float(values[0]), -np.pi / 2, np.pi / 2, HALF_TURN)])
    axis, a, b = str(values[0]), float(values[1]), float(values[2])
    if kind == "Plane":
        return _plane(axis, a, b)
    bottom = float(values[3]) if len(values) > 3 else b
    if kind.startswith("Capsule"):
        return _revolved(axis, _capsule(a, bottom, b))
    return _revolved(axis, _frustum(a, bottom, 0.0 if kind == "Cone" else b))


@dataclass(frozen=True, slots=True)
class _Profile:
    """A curve of K points to be turned about z: distance from it, height, and the surface normal's same two parts."""

    rho: Array
    z: Array
    normal_rho: Array
    normal_z: Array


def _arc(centre: float, radius: float, start: float, stop: float, parts: int) -> _Profile:
    sines, cosines = _turn(np.linspace(start, stop, parts + 1))
    return _Profile(radius * cosines, centre + radius * sines, cosines, sines)


def _line(rho: tuple[float, float], z: tuple[float, float]) -> _Profile:
    length = float(np.hypot(rho[1] - rho[0], z[1] - z[0])) or 1.0
    normal = (z[1] - z[0]) / length, (rho[0] - rho[1]) / length
    return _Profile(np.array(rho), np.array(z), np.full(2, normal[0]), np.full(2, normal[1]))


def _frustum(height: float, bottom: float, top: float) -> list[_Profile]:
    half = height / 2
    lines = [((0.0, bottom), (-half, -half)), ((bottom, top), (-half, half)), ((top, 0.0), (half, half))]
    return [_line(rho, z) for rho, z in lines if rho != (0.0, 0.0)]


def _capsule(height: float, bottom: float, top: float) -> list[_Profile]:
    """Both ends are parts of spheres that meet the side without an edge; of unequal radii the side is a cone's."""
    half = height / 2
    slope = (bottom - top) / height if height > 0 else 0.0
    stretch, tilt = float(np.hypot(1.0, slope)), float(np.arctan(slope))
    parts = HALF_TURN // 2
    lower = _arc(-half - bottom * slope, bottom * stretch, -np.pi / 2, tilt, parts)
    upper = _arc(half - top * slope, top * stretch, tilt, np.pi / 2, parts)
    side = _line((lower.rho[-1], upper.rho[0]), (lower.z[-1], upper.z[0]))
    return [lower, side, upper] if height > 0 else [lower, upper]


def _turn(angles: Array) -> tuple[Array, Array]:
    """Sines and cosines, the noughts among them exact: outlines touch their axes."""
    sines, cosines = np.sin(angles), np.cos(angles)
    sines[np.abs(sines) < 1e-15] = 0.0
    cosines[np.abs(cosines) < 1e-15] = 0.0
    return sines, cosines


def _revolved(axis: str, profiles: list[_Profile]) -> Geometry:
    """Profiles, upwards along z and turned once about it, with the z axis laid along `axis`."""
    sines, cosines = _turn(np.arange(AROUND) * (2 * np.pi / AROUND))
    points, triangles, normals, uvs = [], [], [], []
    base = 0
    heights = np.concatenate([p.z for p in profiles])
    low, span = heights.min(), float(np.ptp(heights)) or 1.0
    for p in profiles:
        rings = len(p.rho)
        around = np.stack([np.outer(p.rho, cosines), np.outer(p.rho, sines), np.repeat(p.z[:, None], AROUND, 1)], 2)
        turned = np.stack([np.outer(p.normal_rho, cosines), np.outer(p.normal_rho, sines)], 2)
        normal = np.concatenate([turned, np.broadcast_to(p.normal_z[:, None, None], (rings, AROUND, 1))], 2)
        ring, column = np.divmod(np.arange((rings - 1) * AROUND), AROUND)
        right = column + 1
        for corners in ([(0, 0), (0, 1), (1, 1)], [(0, 0), (1, 1), (1, 0)]):
            # At a pole one edge has no length: of the two triangles there only one has an area.
            whole = p.rho[ring + (1 if corners[2] == (1, 0) else 0)] > 0
            rows = np.stack([ring + up for up, _ in corners], 1)[whole]
            columns = np.stack([right if side else column for _, side in corners], 1)[whole]
            triangles.append(base + rows * AROUND + columns % AROUND)
            normals.append(normal[rows, columns % AROUND])
            uvs.append(np.stack([columns / AROUND, (p.z[rows] - low) / span], 2))
        points.append(around.reshape(-1, 3))
        base += rings * AROUND
    return _geometry(_along(axis, np.concatenate(points)), triangles, [_along(axis, n) for n in normals], uvs)


def _along(axis: str, vectors: Array) -> Array:
    """z becomes `axis`; the other two follow in cyclic order, which keeps the handedness."""
    return np.roll(vectors, {"X": 1, "Y": 2, "Z": 0}[axis], axis=-1)


_UNIT_UVS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)
_HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def _cube(size: float) -> Geometry:
    half = size / 2
    corners = np.array([[x, y, z] for x in (-half, half) for y in (-half, half) for z in (-half, half)])
    sides = [((0, 1, 3, 2), 0, -1), ((4, 6, 7, 5), 0, 1), ((0, 4, 5, 1), 1, -1), ((2, 3, 7, 6), 1, 1)]
    sides += [((0, 2, 6, 4), 2, -1), ((1, 5, 7, 3), 2, 1)]
    normals = []
    for _, axis, sign in sides:
        normal = np.zeros(3)
        normal[axis] = sign
        normals.append(np.broadcast_to(normal, (2, 3, 3)))
    return _geometry(corners, [np.array(quad)[_HALVES] for quad, _, _ in sides], normals, [_UNIT_UVS[_HALVES]] * 6)


def _plane(axis: str, width: float, length: float) -> Geometry:
    """Width lies along x, or z where the axis is x; length along y, or z where the axis is y."""
    across, along = {"X": (2, 1), "Y": (0, 2), "Z": (0, 1)}[axis]
    corners = np.zeros((4, 3))
    corners[:, across] = (_UNIT_UVS[:, 0] - 0.5) * width
    corners[:, along] = (_UNIT_UVS[:, 1] - 0.5) * length
    normal = np.zeros(3)
    normal["XYZ".index(axis)] = 1.0
    # (z, y) and (x, z) are left-handed pairs seen from +x and +y: the other winding faces the axis.
    halves = _HALVES if axis == "Z" else _HALVES[:, ::-1]
    return _geometry(corners, [halves], [np.broadcast_to(normal, (2, 3, 3))], [_UNIT_UVS[halves]])


def _geometry(points: Array, triangles: list[Array], normals: list[Array], uvs: list[Array]) -> Geometry:
    rows = np.concatenate(triangles).astype(np.int32)
    return Geometry(
        (points + 0.0).astype(np.float32),  # -0 becomes 0: points that meet are of equal bits
        rows,
        np.concatenate(normals).astype(np.float32),
        np.concatenate(uvs).astype(np.float32),
        np.zeros(len(rows), dtype=np.int32),
    )
