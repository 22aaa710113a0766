"""Rows of an index that an expression means, on all three levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.select.parse import Expression
from framepress.dataset.select.plan import Plan
from framepress.dataset.select.terms import Level, each_span, filled
from framepress.errors import OptionError

__all__ = ["NEGATIVES", "Choice", "choose", "per_frame"]

NEGATIVES = ("drop", "keep", "original")


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """What is chosen.

    Args:
        frames, views, objects: bool, one a row of the index's tables; nothing of a frame or view that is not.
        level: what was asked for.
        unknown: rows of that level of which it cannot be said whether they are meant; not chosen.
    """

    frames: Array
    views: Array
    objects: Array
    level: Level = Level.FRAME
    unknown: int = 0


def choose(
    index: Index,
    expression: str,
    *,
    negatives: str = "drop",
    whole_frames: bool = False,
    min_side: float = 0.0,
    min_area: float = 0.0,
) -> Choice:
    """See `selection.select`."""
    if negatives not in NEGATIVES:
        raise OptionError(f"negatives={negatives!r}: must be one of {', '.join(NEGATIVES)}")
    parsed = Expression.parsed(expression)
    plan = Plan.of(parsed, index)
    chosen = plan.column()
    fails = Plan.of(parsed, index, negated=True).column()
    unknown = len(chosen) - int(np.count_nonzero(chosen)) - int(np.count_nonzero(fails))
    large = _large_enough(index, min_side, min_area)
    if plan.level == Level.OBJECT and large is not None:
        chosen &= large
    frames, views, objects = _spread(index, plan.level, chosen, whole_frames)
    kept = meant = per_frame(index, objects)
    if large is not None:
        objects = objects & large
        kept = per_frame(index, objects)
    had = np.asarray(index.frames["objects"])
    if plan.level == Level.OBJECT and not whole_frames:
        frames = (kept > 0) | (negatives == "keep") | ((negatives == "original") & (had == 0))
        if negatives != "keep" and parsed.names("view"):  # images of other cameras would be false negatives
            views = _per(index.objects["view"], index.views.rows, objects) > 0
            views |= (kept == 0)[index.views["frame"]]
    elif negatives != "keep":
        frames = frames & ((kept > 0) | (meant == 0))
    return Choice(frames, views & frames[index.views["frame"]], objects, plan.level, unknown)


def _spread(index: Index, level: Level, chosen: Array, whole_frames: bool) -> tuple[Array, Array, Array]:
    """What was chosen on one level, on all three: frames, views and objects.

    Where single objects are chosen, all frames: which of them stay, those that keep objects or others, comes later.
    """
    frame_of_view, frame_of_object = np.asarray(index.views["frame"]), np.asarray(index.objects["frame"])
    views, objects = np.ones(index.views.rows, bool), chosen
    frames = np.zeros(index.frames.rows, bool)
    if level == Level.OBJECT and not whole_frames:
        frames[:] = True
    elif level == Level.OBJECT:
        frames = per_frame(index, objects) > 0
    elif level == Level.VIEW:
        frames[frame_of_view[chosen]] = True
    else:
        frames |= chosen
    if level == Level.VIEW and not whole_frames:
        views, view_of_object = chosen, np.asarray(index.objects["view"])
        objects = filled(lambda rows: chosen[view_of_object[rows]], index.objects.rows, np.bool_)
    elif level != Level.OBJECT or whole_frames:
        objects = filled(lambda rows: frames[frame_of_object[rows]], index.objects.rows, np.bool_)
    return frames, views, objects


def _large_enough(index: Index, min_side: float, min_area: float) -> Array | None:
    """bool (N,): False where an object is known to be too small; None where nothing is too small."""
    if not min_side > 0 and not min_area > 0:
        return None
    box, area = np.asarray(index.objects["box"]), np.asarray(index.objects["area"])

    def at(rows: slice) -> Array:
        width, height = box[rows, 2] - box[rows, 0], box[rows, 3] - box[rows, 1]
        pixels = np.where(np.isnan(area[rows]), width * height, area[rows])
        return np.asarray(~((width < min_side) | (height < min_side) | (pixels < min_area)))

    return filled(at, index.objects.rows, np.bool_)


def per_frame(index: Index, objects: Array) -> Array:
    """int64 (F,): how many of each frame's objects are chosen."""
    return _per(index.objects["frame"], index.frames.rows, objects)


def _per(column: Array, rows: int, objects: Array) -> Array:
    """int64 (rows,): how many chosen objects each row of another table has; the column names them in rising order."""
    owner = np.asarray(column)
    totals = np.zeros(rows, np.int64)

    def count(span: slice) -> tuple[int, Array]:
        first = int(owner[span.start])
        length = int(owner[span.stop - 1]) - first + 1
        return first, np.bincount(owner[span][objects[span]] - first, minlength=length)

    for first, counts in each_span(count, len(owner)):
        totals[first : first + len(counts)] += counts
    return totals
