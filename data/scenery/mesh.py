"""Polygons with texture coordinates and looks, put together from boxes, bars, turned profiles and prisms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, pi, sin
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Mesh", "Point", "bar", "box", "moved", "prism", "quad", "scaled", "turned", "turned_profile"]

Array: TypeAlias = npt.NDArray[Any]
Point: TypeAlias = Sequence[float]

CREASE = 0.82  # cosine of the angle from which on an edge of a turned profile stays sharp


@dataclass
class Mesh:
    """Faces, each with its own corners.

    Args:
        corners: (k, 3) a face, counter-clockwise seen from outside [m].
        uvs: (k, 2) a face.
        normals: (k, 3) a face.
        looks: name of a look a face.
        smooth: whether any normal differs from its facet's own.
    """

    corners: list[Array] = field(default_factory=list)
    uvs: list[Array] = field(default_factory=list)
    normals: list[Array] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    smooth: bool = False

    def face(self, corners: Array, uvs: Array, look: str, normals: Array | None = None) -> None:
        corners = np.asarray(corners, np.float64)
        if normals is None:
            across = np.cross(corners[1] - corners[0], corners[2] - corners[0])
            normals = np.repeat(across[None] / np.linalg.norm(across), len(corners), axis=0)
        else:
            self.smooth = True
        self.corners.append(corners)
        self.uvs.append(np.asarray(uvs, np.float64))
        self.normals.append(np.asarray(normals, np.float64))
        self.looks.append(look)

    def add(self, other: Mesh, matrix: Array | None = None) -> Mesh:
        """Take over another mesh, moved by a matrix; itself, for chains."""
        matrix = np.eye(4) if matrix is None else matrix
        turn = np.linalg.inv(matrix[:3, :3]).T
        for corners, uvs, normals, look in zip(other.corners, other.uvs, other.normals, other.looks, strict=True):
            self.corners.append(corners @ matrix[:3, :3] + matrix[3, :3])
            self.uvs.append(uvs)
            tilted = normals @ turn
            self.normals.append(tilted / np.linalg.norm(tilted, axis=1, keepdims=True))
            self.looks.append(look)
        self.smooth |= other.smooth
        return self


def moved(x: float, y: float, z: float) -> Array:
    matrix = np.eye(4)
    matrix[3, :3] = (x, y, z)
    return matrix


def scaled(x: float, y: float, z: float) -> Array:
    return np.diag([x, y, z, 1.0])


def turned(axis: str, degrees: float) -> Array:
    """A turn about "x", "y" or "z", counter-clockwise seen from its tip."""
    s, c = sin(degrees * pi / 180), cos(degrees * pi / 180)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(4)
    matrix[first, first] = matrix[second, second] = c
    matrix[first, second], matrix[second, first] = s, -s
    return matrix


# Corners of each side by which of (low, high) they take along x, y, z; the axes that u and v run along.
SIDES = {
    "-x": ([(0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)], 1, 2),
    "+x": ([(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)], 1, 2),
    "-y": ([(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)], 0, 2),
    "+y": ([(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)], 0, 2),
    "-z": ([(0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0)], 0, 1),
    "+z": ([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)], 0, 1),
}
UNIT = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)


def box(
    low: Point,
    high: Point,
    look: str,
    *,
    sides: dict[str, str] | None = None,
    without: Iterable[str] = (),
    tile: float | None = None,
) -> Mesh:
    """An upright box.

    Args:
        sides: side ("+x", ...) -> another look.
        without: sides that are left open.
        tile: metres that the texture covers once; None = once a side.
    """
    mesh, ends = Mesh(), np.array([low, high], float)
    for side, (picks, u, v) in SIDES.items():
        if side in without:
            continue
        corners = np.array([[ends[pick[axis], axis] for axis in range(3)] for pick in picks])
        uvs = UNIT if tile is None else np.stack([corners[:, u], corners[:, v]], axis=1) / tile
        mesh.face(corners, uvs, (sides or {}).get(side, look))
    return mesh


def bar(start: Point, end: Point, width: float, depth: float, look: str, *, tile: float | None = None) -> Mesh:
    """A bar from point to point; `depth` lies as level as it can, `width` across it."""
    first, last = np.asarray(start, float), np.asarray(end, float)
    length = float(np.linalg.norm(last - first))
    along = (last - first) / length
    side = np.cross([0.0, 0.0, 1.0], along)
    side = np.array([1.0, 0.0, 0.0]) if np.linalg.norm(side) < 1e-9 else side / np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(along, side), along])
    matrix[3, :3] = first
    return Mesh().add(box((-depth / 2, -width / 2, 0), (depth / 2, width / 2, length), look, tile=tile), matrix)


def turned_profile(
    profile: Sequence[tuple[float, float]], looks: str | Sequence[str], *, segments: int = 24, v_scale: float = 1.0
) -> Mesh:
    """A profile of (radius, height) turned about z; upwards it is outside. Smooth, but for edges that are sharp.

    Args:
        looks: one, or one for each step of the profile.
    """
    mesh, steps = Mesh(), len(profile) - 1
    names = [looks] * steps if isinstance(looks, str) else list(looks)
    angles = [2 * pi * k / segments for k in range(segments + 1)]
    ring = np.array([(cos(angle), sin(angle)) for angle in angles])
    slopes = [_outwards(profile[k], profile[k + 1]) for k in range(steps)]
    lengths = np.cumsum([0.0, *(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in _pairs(profile))])
    for k, (low, high) in enumerate(_pairs(profile)):
        below = _blend(slopes, k, k - 1)
        above = _blend(slopes, k, k + 1)
        v = lengths[k : k + 2] / lengths[-1] * v_scale
        for s in range(segments):
            ends = [
                (low, below, v[0], s),
                (low, below, v[0], s + 1),
                (high, above, v[1], s + 1),
                (high, above, v[1], s),
            ]
            ends = [end for j, end in enumerate(ends) if end[0][0] > 1e-9 or j in (0, 2)]  # a tip has one corner
            corners = [(*(end[0][0] * ring[end[3]]), end[0][1]) for end in ends]
            normals = [(*(end[1][0] * ring[end[3]]), end[1][1]) for end in ends]
            uvs = [(end[3] / segments, end[2]) for end in ends]
            mesh.face(np.array(corners), np.array(uvs), names[k], np.array(normals))
    return mesh


def _pairs(profile: Sequence[tuple[float, float]]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return list(pairwise(profile))


def _outwards(low: tuple[float, float], high: tuple[float, float]) -> Array:
    across = np.array([high[1] - low[1], low[0] - high[0]])
    return np.asarray(across / np.linalg.norm(across))


def _blend(slopes: list[Array], own: int, other: int) -> Array:
    """A step's normal at the edge that it shares with another: between both, unless the edge is sharp."""
    if not 0 <= other < len(slopes) or slopes[own] @ slopes[other] < CREASE:
        return slopes[own]
    middle = slopes[own] + slopes[other]
    return np.asarray(middle / np.linalg.norm(middle))


def prism(outline: Sequence[tuple[float, float]], low: float, high: float, look: str, *, tile: float = 1.0) -> Mesh:
    """A convex outline in x and z, counter-clockwise seen from -y, drawn out from y = low to y = high."""
    mesh = Mesh()
    front = np.array([(x, low, z) for x, z in outline])
    back = np.array([(x, high, z) for x, z in outline])
    mesh.face(front, front[:, [0, 2]] / tile, look)
    mesh.face(back[::-1], back[::-1][:, [0, 2]] / tile, look)
    run = 0.0
    for k in range(len(outline)):
        n = (k + 1) % len(outline)
        step = float(np.linalg.norm(front[n] - front[k]))
        uvs = np.array([(run, low), (run, high), (run + step, high), (run + step, low)]) / tile
        mesh.face(np.array([front[k], back[k], back[n], front[n]]), uvs, look)
        run += step
    return mesh


def quad(corners: Sequence[Point], look: str, *, tile: tuple[float, float] = (1.0, 1.0)) -> Mesh:
    """One rectangle; the texture repeats `tile` times along its first and second edge."""
    mesh = Mesh()
    mesh.face(np.array(corners, float), UNIT * tile, look)
    return mesh
