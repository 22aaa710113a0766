"""What pycocotools paints of a polygon, as bounds: where a drawn outline ends in a tip, that is less than its corners.

Corners are rounded to fifths of a pixel and joined by lines of such points; a column's pixels begin and end where a
line passes the column's middle (`rleFrPoly` in pycocotools' maskApi.c). The same numbers, without a mask in memory.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["painted_bounds"]

_FINE = 5
_MOST = 1 << 20  # points of one outline: a corner at 10^9 must not ask for them all
_AT_ONCE = 1 << 19


def painted_bounds(xy: Array, length: Array) -> Array:
    """Bounds of the pixels of each ring, float64 (R, 4), of an image without end; NaN where nothing is painted.

    NaN too where the outline is absurdly long.

    Args:
        xy: float64 (V, 2) corners of all rings [px, edges], finite.
        length: how many of them each ring has.
    """
    last = np.cumsum(length) - 1
    start = np.trunc(_FINE * np.clip(xy, -_MOST, _MOST) + 0.5).astype(np.int64)
    end = np.roll(start, -1, axis=0)
    end[last] = start[last - length + 1]
    points = np.abs(end - start).max(1) + 1
    needed = np.add.reduceat(points, last - length + 1)
    bounds = np.full((length.size, 4), np.nan)
    done = np.cumsum(needed)
    ring = 0
    while ring < length.size:
        stop = max(ring + 1, int(np.searchsorted(done, done[ring] - needed[ring] + _AT_ONCE, side="right")))
        if needed[ring] <= _MOST:
            sides = slice(int(last[ring] - length[ring] + 1), int(last[stop - 1]) + 1)
            owner = np.repeat(np.arange(stop - ring), length[ring:stop])
            bounds[ring:stop] = _bounds(start[sides], end[sides], points[sides], owner, stop - ring)
        ring = stop
    return bounds


def _bounds(start: Array, end: Array, points: Array, owner: Array, rings: int) -> Array:
    u, v, ring = _line_points(start, end, points, owner)
    passes = np.flatnonzero((u[1:] != u[:-1]) & (ring[1:] == ring[:-1])) + 1
    column = np.where(u[passes] < u[passes - 1], u[passes], u[passes] - 1)
    middle = column % _FINE == _FINE // 2
    passes, column = passes[middle], column[middle] // _FINE
    row = -((2 - np.minimum(v[passes], v[passes - 1])) // _FINE)  # rounded up
    row, ring = np.maximum(row, 0), ring[passes]
    inside = column >= 0
    row, column, ring = row[inside], column[inside], ring[inside]
    order = np.lexsort((row, column, ring))
    row, column, ring = row[order], column[order], ring[order]
    top, bottom = row[0::2], row[1::2]  # a closed line passes a column's middle an even number of times
    shows = np.flatnonzero(bottom > top)
    left, ring, top, bottom = column[0::2][shows], ring[0::2][shows], top[shows], bottom[shows]
    bounds = np.full((rings, 4), np.nan)
    if ring.size:
        first = np.flatnonzero(np.diff(ring, prepend=-1))
        edges = [np.minimum.reduceat(left, first), np.minimum.reduceat(top, first)]
        edges += [np.maximum.reduceat(left, first) + 1, np.maximum.reduceat(bottom, first)]
        bounds[ring[first]] = np.stack(edges, 1)
    return bounds


def _line_points(start: Array, end: Array, points: Array, owner: Array) -> tuple[Array, Array, Array]:
    """All points of all sides in order: column, row, and the ring they belong to."""
    across = np.abs(end - start)
    flat = across[:, 0] >= across[:, 1]
    backwards = np.where(flat, start[:, 0] > end[:, 0], start[:, 1] > end[:, 1])
    low, high = np.where(backwards[:, None], end, start), np.where(backwards[:, None], start, end)
    steps = points - 1
    rise = np.where(flat, high[:, 1] - low[:, 1], high[:, 0] - low[:, 0]) / np.maximum(steps, 1)
    side = np.repeat(np.arange(points.size), points)
    step = np.arange(side.size) - np.repeat(np.cumsum(points) - points, points)
    step = np.where(backwards[side], steps[side] - step, step)
    along = np.where(flat, low[:, 0], low[:, 1])[side] + step
    beside = np.trunc(np.where(flat, low[:, 1], low[:, 0])[side] + rise[side] * step + 0.5).astype(np.int64)
    u, v = np.where(flat[side], along, beside), np.where(flat[side], beside, along)
    return u, v, owner[side]
