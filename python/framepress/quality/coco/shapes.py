"""Segmentations of many annotations, measured: area and bounds of run lengths and of polygons.

Run lengths are exact: their pixels are counted. A polygon's area is that of its corners (the shoelace formula), and
its bounds are theirs; a raster of it differs by part of its border, which is why `border` is told beside it.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import chain
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.coco.document import FAR, NOT_FINITE
from framepress.quality.coco.entries import UNSET, Annotation, RunsSaid
from framepress.quality.coco.raster import painted_bounds
from framepress.quality.coco.runs import Measured, measured_counts, measured_texts
from framepress.quality.coco.table import ABSENT, COUNTS, EMPTY, POLYGONS, TEXT, Shapes

__all__ = ["joined", "shapes"]

_LARGEST = 1 << 40
_NO_BOX = (np.nan,) * 4
_NEAR = 0.5  # px: boxes nearer to the corners than this need no second opinion


def shapes(annotations: list[Annotation]) -> Shapes:
    """One row an annotation."""
    made = _blank(len(annotations))
    rows: dict[int, list[int]] = {EMPTY: [], POLYGONS: [], TEXT: [], COUNTS: []}
    said: dict[int, list[Any]] = {kind: [] for kind in rows}
    for row, annotation in enumerate(annotations):
        value = annotation.segmentation
        if type(value) is list:
            kind = POLYGONS if value else EMPTY
        elif type(value) is RunsSaid:
            kind = TEXT if type(value.counts) is str else COUNTS
        else:
            continue
        rows[kind].append(row)
        said[kind].append(value)
    for kind, found in rows.items():
        made.kind[found] = kind
    if rows[POLYGONS]:
        boxes = [annotations[row].bbox for row in rows[POLYGONS]]
        edges = np.clip([_NO_BOX if box is UNSET else box for box in boxes], -FAR, FAR)
        edges[:, 2:] += edges[:, :2]
        _measure_rings(made, np.array(rows[POLYGONS]), said[POLYGONS], edges)
    for kind in (TEXT, COUNTS):
        if rows[kind]:
            _measure_runs(made, np.array(rows[kind]), said[kind])
    return made


def joined(parts: list[Shapes]) -> Shapes:
    """The rows of all, in order."""
    parts = parts or [_blank(0)]
    return Shapes(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Shapes)))


def _blank(rows: int) -> Shapes:
    return Shapes(
        kind=np.full(rows, ABSENT, np.int8),
        verdict=np.zeros(rows, np.int8),
        size_hw=np.zeros((rows, 2), np.int64),
        total=np.zeros(rows, np.int64),
        area=np.full(rows, np.nan),
        area_least=np.full(rows, np.nan),
        border=np.zeros(rows),
        box=np.full((rows, 4), np.nan),
        painted=np.full((rows, 4), np.nan),
        bad_ring=np.full(rows, -1, np.int32),
        bad_length=np.zeros(rows, np.int32),
    )


def _measure_runs(made: Shapes, rows: Array, said: list[RunsSaid]) -> None:
    sizes = [value.size for value in said]
    try:
        size_hw = np.clip(np.array(sizes, np.int64), -1, _LARGEST)
    except OverflowError:
        size_hw = np.array([[min(max(side, -1), _LARGEST) for side in size] for size in sizes], np.int64)
    if made.kind[rows[0]] == TEXT:
        texts = [value.counts for value in said]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        # A character beyond ASCII becomes "?", which is as little run-length text.
        whole = "".join(texts).encode("ascii", "replace")  # type: ignore[arg-type]
        measured = measured_texts(whole, lengths, size_hw[:, 0])
    else:
        measured = measured_counts([value.counts for value in said], size_hw[:, 0])  # type: ignore[misc]
    made.verdict[rows] = measured.verdict
    _put(made, rows, measured, size_hw)


def _put(made: Shapes, rows: Array, measured: Measured, size_hw: Array) -> None:
    made.size_hw[rows], made.total[rows] = size_hw, measured.total
    whole = (made.verdict[rows] == 0) & (measured.total == size_hw[:, 0] * size_hw[:, 1])
    rows = rows[whole]
    made.area[rows] = made.area_least[rows] = measured.area[whole]
    made.box[rows] = measured.box[whole]


def _measure_rings(made: Shapes, rows: Array, said: list[list[list[float]]], edges: Array) -> None:
    count = np.fromiter(map(len, said), np.int64, len(said))
    owner = np.repeat(np.arange(rows.size), count)
    length = np.fromiter((len(ring) for shape in said for ring in shape), np.int64, owner.size)
    bad = np.flatnonzero((length < 6) | (length % 2 == 1))
    for ring in bad[::-1].tolist():  # the first one of each shape is kept
        made.bad_ring[rows[owner[ring]]] = ring - int(np.cumsum(count)[owner[ring]] - count[owner[ring]])
        made.bad_length[rows[owner[ring]]] = min(int(length[ring]), 2**31 - 1)
    whole = np.ones(rows.size, np.bool_)
    whole[owner[bad]] = False
    if not whole.any():
        return
    kept = whole[owner]
    length, owner = length[kept] // 2, owner[kept]
    lists = (ring for shape, wanted in zip(said, whole.tolist(), strict=True) if wanted for ring in shape)
    xy = np.fromiter(chain.from_iterable(lists), np.float64, 2 * int(length.sum())).reshape(-1, 2)
    xy[xy == NOT_FINITE] = np.nan
    np.clip(xy, -FAR, FAR, out=xy)
    area, border, box = _rings_measured(xy, length)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    rows = rows[whole]
    total, largest = np.add.reduceat(area, first), np.maximum.reduceat(area, first)
    made.area[rows] = total
    made.area_least[rows] = np.where(total > largest, np.maximum(2 * largest - total, 0), total)
    made.border[rows] = np.add.reduceat(border, first)
    made.box[rows, :2] = np.minimum.reduceat(box[:, :2], first)
    made.box[rows, 2:] = np.maximum.reduceat(box[:, 2:], first)
    _paint(made, rows, edges[whole], xy, length, first)


def _paint(made: Shapes, rows: Array, edges: Array, xy: Array, length: Array, first: Array) -> None:
    """The painted bounds of those whose box is not that of their corners."""
    off = (np.abs(edges - made.box[rows]) >= _NEAR).any(1) & (made.border[rows] > 0)
    if not off.any():
        return
    count = np.diff(np.append(first, length.size))
    rings = np.repeat(off, count)
    bounds = painted_bounds(xy[np.repeat(rings, length)], length[rings])
    begin = np.cumsum(count[off]) - count[off]
    made.painted[rows[off], :2] = np.fmin.reduceat(bounds[:, :2], begin)
    made.painted[rows[off], 2:] = np.fmax.reduceat(bounds[:, 2:], begin)


def _rings_measured(xy: Array, length: Array) -> tuple[Array, Array, Array]:
    """Area, border (0 where it runs along pixel sides) and bounds of closed rings, each of so many corners."""
    end = np.cumsum(length)
    begin = end - length
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    following = np.arange(1, x.size + 1)
    following[end - 1] = begin
    # About each ring's own first corner: far from the origin, a small ring's area would drown in the products.
    dx, dy = x - np.repeat(x[begin], length), y - np.repeat(y[begin], length)
    area = np.abs(np.add.reduceat(dx * dy[following] - dx[following] * dy, begin)) / 2
    across, down = dx[following] - dx, dy[following] - dy
    border = np.add.reduceat(np.hypot(across, down), begin)
    # Along pixel sides, what the corners enclose and what a raster counts are the same.
    sides = (across * down == 0) & (x == np.floor(x)) & (y == np.floor(y))
    border[np.logical_and.reduceat(sides, begin)] = 0
    least = [np.minimum.reduceat(column, begin) for column in (x, y)]
    most = [np.maximum.reduceat(column, begin) for column in (x, y)]
    return area, border, np.stack((*least, *most), 1)
