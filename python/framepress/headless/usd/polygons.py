"""Polygons cut into triangles: fans where a polygon is convex, clipped ears where it is not.

A polygon's corners are rows of the mesh's list of face-vertices, so that whatever is given per corner can be gathered
by the result. Only concave polygons of more than four corners cost a Python loop.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["triangulate"]

_CHUNK = 1 << 16  # corners at a time, for the caches
# Sine of the angle by which a corner must turn the other way before its polygon counts as concave: below it are
# corners on a straight edge and the rounding of float32 coordinates.
_REFLEX = 1e-6


def triangulate(starts: Array, counts: Array, indices: Array, points: Array) -> tuple[Array, Array, int]:
    """A polygon of n corners becomes n - 2 triangles of its own winding, in the polygons' order.

    Args:
        starts, counts: int64 (F,), a polygon's first corner and its number of corners, at least 3.
        indices: int (I,), rows of `points`, a corner each.
        points: float32 (P, 3).

    Returns:
        int64 (T, 3) rows of `indices`; int64 (T,) the polygon of each triangle; the number of polygons that cross
        themselves, whose triangles overlap.
    """
    if (counts == 3).all():
        return starts[:, None] + np.arange(3), np.arange(len(starts)), 0
    pivots, concave = _concave(starts, counts, indices, points)
    triangles = counts - 2
    first = np.cumsum(triangles) - triangles
    faces = np.repeat(np.arange(len(counts)), triangles)
    step = np.arange(len(faces)) - first[faces]
    pivot, count = pivots[faces], counts[faces]
    corners = np.stack([pivot, (pivot + step + 1) % count, (pivot + step + 2) % count], axis=1) + starts[faces][:, None]
    crossed = 0
    for face in concave:
        rows = np.arange(starts[face], starts[face] + counts[face])
        ears, crosses = _ears(_flat(points[indices[rows]].astype(np.float64)))
        corners[first[face] : first[face] + triangles[face]] = rows[ears]
        crossed += crosses
    return corners, faces, crossed


def _concave(starts: Array, counts: Array, indices: Array, points: Array) -> tuple[Array, Array]:
    """The corner from which each polygon's fan is drawn, and the polygons for which no fan will do."""
    pivots = np.zeros(len(counts), dtype=np.int64)
    concave: list[Array] = []
    for size in np.unique(counts[counts > 3]):
        faces = np.flatnonzero(counts == size)
        many = max(_CHUNK // int(size), 1)
        for at in range(0, len(faces), many):
            chunk = faces[at : at + many]
            rings = points[indices[starts[chunk][:, None] + np.arange(size)]].astype(np.float64)
            if size == 4:
                pivots[chunk] = _folded(rings)
            else:
                concave.append(chunk[_reflex(rings).any(axis=1)])
    return pivots, np.sort(np.concatenate(concave)) if concave else np.empty(0, dtype=np.int64)


def _folded(quads: Array) -> Array:
    """bool (F,): whether the halves of quads (F, 4, 3) on either side of the first diagonal face opposite ways.

    Then the quad is concave and that diagonal outside of it: the other one is inside.
    """
    a, b, c, d = quads.transpose(1, 2, 0)
    across = c - a
    first, second = _cross3(b - a, across), _cross3(across, d - a)
    dot, size = (first * second).sum(axis=0), (first * first).sum(axis=0) * (second * second).sum(axis=0)
    return np.asarray((dot < 0) & (dot * dot > _REFLEX**2 * size))


def _cross3(a: Array, b: Array) -> Array:
    """float64 (3, F): a x b, components first."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _reflex(polygons: Array) -> Array:
    """bool (F, n): corners of polygons (F, n, 3) that turn against the polygon's own sense."""
    ring = polygons - polygons[:, :1]
    after = np.roll(ring, -1, axis=1)
    normal = np.cross(ring, after).sum(axis=1)
    ahead = after - ring
    behind = np.roll(ahead, 1, axis=1)
    turn = np.einsum("fnk,fk->fn", np.cross(behind, ahead), normal)
    scale = np.linalg.norm(behind, axis=2) * np.linalg.norm(ahead, axis=2) * np.linalg.norm(normal, axis=1)[:, None]
    return np.asarray(turn < -_REFLEX * scale)


def _flat(ring: Array) -> Array:
    """float64 (n, 2): the polygon (n, 3) seen along the largest part of its normal, counter-clockwise."""
    ring = ring - ring[0]
    normal = np.cross(ring, np.roll(ring, -1, axis=0)).sum(axis=0)
    axis = int(np.abs(normal).argmax())
    u, v = (axis + 1) % 3, (axis + 2) % 3
    return ring[:, [u, v]] if normal[axis] >= 0 else ring[:, [u, v]] * (1.0, -1.0)


def _ears(ring: Array) -> tuple[Array, bool]:
    """int64 (n - 2, 3) corners of a counter-clockwise polygon (n, 2); and whether it crosses itself."""
    left = np.arange(len(ring))
    ears: list[tuple[int, int, int]] = []
    while len(left) > 3:
        tip = _ear(ring[left])
        if tip < 0:
            break
        before, after = left[tip - 1], left[(tip + 1) % len(left)]
        ears.append((int(before), int(left[tip]), int(after)))
        left = np.delete(left, tip)
    crosses = len(left) > 3
    ears += [(int(left[0]), int(left[k]), int(left[k + 1])) for k in range(1, len(left) - 1)]
    return np.array(ears, dtype=np.int64), crosses


def _ear(ring: Array) -> int:
    """The first corner, sharp ones before straight ones, whose triangle holds no other corner; -1 = none."""
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    turn = _cross(ring - before, after - ring)
    inner = ring[turn <= 0]
    for straight in (False, True):
        for tip in np.flatnonzero(turn == 0 if straight else turn > 0):
            a, b, c = before[tip], ring[tip], after[tip]
            own = (inner == a).all(axis=1) | (inner == b).all(axis=1) | (inner == c).all(axis=1)
            inside = (_cross(b - a, inner - a) >= 0) & (_cross(c - b, inner - b) >= 0) & (_cross(a - c, inner - c) >= 0)
            if straight or not (inside & ~own).any():
                return int(tip)
    return -1


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
