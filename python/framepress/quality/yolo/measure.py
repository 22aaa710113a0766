"""Numbers of label files, all rows of many files one after the other, as `Rows`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.yolo.table import Rows

__all__ = ["measured"]

_BOX = 5
_LEAST_POLYGON = 7
_THIN = 1e-12  # of the image: polygons of less area may be a line, and their points are counted
_MIX = np.uint64(0x9E3779B97F4A7C15)


def measured(
    values: Array,
    tokens: Array,
    file: Array,
    line: Array,
    keypoints: tuple[int, int] | None,
    words: Mapping[int, tuple[int, str]],
) -> Rows:
    """One row a line.

    Args:
        values: float64, all words of all lines as numbers, NaN for what is none.
        tokens, file, line: one a row.
        keypoints: points of an object, and 2 or 3 numbers for each; None where no pose is declared.
    """
    begin = np.cumsum(tokens) - tokens
    row = np.repeat(np.arange(tokens.size), tokens)
    at = np.arange(values.size) - begin[row]
    posed, odd_mark = _poses(values, tokens, row, at, keypoints)
    polygon = ~posed & (tokens >= _LEAST_POLYGON) & (tokens % 2 == 1)
    boxed = posed | (tokens == _BOX)
    dims = keypoints[1] if keypoints else 3
    visibility = posed[row] & (at >= _BOX) & ((at - _BOX) % dims == 2)
    worst, worst_at = _worst(values, row, at, (at > 0) & ~visibility, tokens.size)
    mark, mark_at = _first(values, row, at, odd_mark & posed[row], tokens.size)
    shape = np.full((tokens.size, 4), np.nan)
    shape[boxed] = values[begin[boxed][:, None] + np.arange(1, _BOX)]
    area = np.full(tokens.size, np.nan)
    points = (tokens - 1) // 2
    if polygon.any():
        xy = values[polygon[row] & (at > 0)].reshape(-1, 2)
        shape[polygon], area[polygon], points[polygon] = _polygons(xy, points[polygon])
    return Rows(
        file=file.astype(np.int32),
        line=line.astype(np.int32),
        tokens=tokens.astype(np.int32),
        label=values[begin],
        posed=posed,
        shape=shape,
        worst=worst,
        worst_at=worst_at,
        mark=mark,
        mark_at=mark_at,
        area=area,
        points=points.astype(np.int32),
        twin=_twins(values, tokens, begin, row, at, file, line),
        words=words,
    )


def _poses(
    values: Array, tokens: Array, row: Array, at: Array, keypoints: tuple[int, int] | None
) -> tuple[Array, Array]:
    """Whether a row is a box with key points; whether a number is a visibility that there is not.

    Where no `kpt_shape` is declared, a row whose every third number behind the box is 0, 1 or 2, with a 2 among them:
    no polygon could have that.
    """
    if keypoints is not None:
        count, dims = keypoints
        posed = tokens == _BOX + count * dims
        if dims == 2 or not posed.any():
            return posed, np.zeros(values.size, bool)
        visibility = (at >= _BOX) & ((at - _BOX) % 3 == 2)
        return posed, visibility & ~np.isin(values, (0, 1, 2))
    may = (tokens > _BOX + 2) & ((tokens - _BOX) % 3 == 0)
    none = np.zeros(values.size, bool)
    if not may.any():
        return may, none
    visibility = may[row] & (at >= _BOX) & ((at - _BOX) % 3 == 2)
    known = np.isin(values, (0, 1, 2))
    wrong = np.bincount(row[visibility & ~known], minlength=tokens.size)
    seen = np.bincount(row[visibility & (values == 2)], minlength=tokens.size)
    return may & (wrong == 0) & (seen > 0), none


def _worst(values: Array, row: Array, at: Array, coordinate: Array, rows: int) -> tuple[Array, Array]:
    outside = np.flatnonzero(coordinate & ~((values >= 0) & (values <= 1)))
    worst, worst_at = np.zeros(rows), np.full(rows, -1, np.int32)
    found = values[outside]
    far = np.where(np.isnan(found), np.inf, np.maximum(-found, found - 1))
    ordered = outside[np.lexsort((at[outside], ~np.isnan(found), -far, row[outside]))]
    owners, first = np.unique(row[ordered], return_index=True)
    worst[owners], worst_at[owners] = values[ordered[first]], at[ordered[first]]
    return worst, worst_at


def _first(values: Array, row: Array, at: Array, wanted: Array, rows: int) -> tuple[Array, Array]:
    found, found_at = np.zeros(rows), np.full(rows, -1, np.int32)
    places = np.flatnonzero(wanted)
    owners, first = np.unique(row[places], return_index=True)
    found[owners], found_at[owners] = values[places[first]], at[places[first]]
    return found, found_at


def _polygons(xy: Array, counts: Array) -> tuple[Array, Array, Array]:
    """What each spans as x0 y0 x1 y1, its area, and how many different points it has where that may be few.

    Args:
        xy: float64 (P, 2), all points of all polygons.
        counts: points of each.
    """
    begin = np.cumsum(counts) - counts
    after = np.arange(1, len(xy) + 1)
    after[begin + counts - 1] = begin
    with np.errstate(invalid="ignore", over="ignore"):
        cross = xy[:, 0] * xy[after, 1] - xy[after, 0] * xy[:, 1]
        area = np.abs(np.add.reduceat(cross, begin)) / 2
    spans = np.concatenate((np.minimum.reduceat(xy, begin), np.maximum.reduceat(xy, begin)), 1)
    points = counts.copy()
    for polygon in np.flatnonzero(area < _THIN).tolist():
        own = xy[begin[polygon] : begin[polygon] + counts[polygon]]
        points[polygon] = len(np.unique(own, axis=0))
    return spans, area, points


def _twins(values: Array, tokens: Array, begin: Array, row: Array, at: Array, file: Array, line: Array) -> Array:
    """The line of the first row of the same file with the same numbers as float32, as Ultralytics compares them."""
    twin = np.zeros(tokens.size, np.int32)
    if not tokens.size:
        return twin
    with np.errstate(over="ignore", invalid="ignore"):
        stored = values.astype(np.float32) + np.float32(0)  # -0 is 0
    bits = stored.view(np.uint32).astype(np.uint64) + (at.astype(np.uint64) << np.uint64(32))
    bits = (bits ^ (bits >> np.uint64(29))) * _MIX
    bits = (bits ^ (bits >> np.uint64(32))) * _MIX
    digest = np.add.reduceat(bits, begin)
    order = np.lexsort((digest, file))
    same = (np.diff(digest[order]) == 0) & (np.diff(file[order]) == 0)
    first = order[0]
    for place in np.flatnonzero(same).tolist():
        before, this = order[place], order[place + 1]
        if not (place and same[place - 1]):
            first = before
        own, other = (stored[begin[one] : begin[one] + tokens[one]] for one in (this, first))
        if np.array_equal(own, other):
            twin[this] = line[first]
    return twin
