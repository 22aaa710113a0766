"""One pass over all objects of a dataset, in parts: what statistics are made of."""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.counting import areas_px, sizes_wh, spans, split_of_views
from framepress.quality.scores.histogram import Histogram

__all__ = ["CUT_OFF", "LARGE_PX", "POSITIONS", "SMALL_PX", "Tally", "tally"]

SMALL_PX, LARGE_PX = 32.0**2, 96.0**2
"""Areas [px] where COCO's small ends and its large begins."""
POSITIONS = 16
"""Columns and rows of the map of positions."""
CUT_OFF = 0.01
"""Share outside of the image from which an object counts as cut off."""
_VISIBLE, _PARTLY = 0.95, 0.5  # KITTI's levels of occlusion: cut at 5 % and 50 % hidden
_SLACK = 1e-6  # float32 holds 0.95 as 0.94999999


class Tally:
    """Counts of all objects, and of objects by class.

    Args:
        sizes: int64 (classes, 4): small, medium, large, not known.
        occlusion: int64 (classes, 4): visible, partly hidden, largely hidden, not known.
        truncation: int64 (classes, 3): whole, cut off, not known.
        in_split: int64 (classes, splits).
        area_px, visibility, distance_m: float64 (classes, 2), the sum of what is known, and of how many that is.
        positions: int64 (POSITIONS, POSITIONS), rows from the top.
    """

    def __init__(self, classes: int, splits: int) -> None:
        self.sizes = np.zeros((classes, 4), np.int64)
        self.in_split = np.zeros((classes, splits), np.int64)
        self.occlusion = np.zeros((classes, 4), np.int64)
        self.truncation = np.zeros((classes, 3), np.int64)
        self.area_px, self.visibility, self.distance_m = (np.zeros((classes, 2)) for _ in range(3))
        self.positions = np.zeros((POSITIONS, POSITIONS), np.int64)
        self.nowhere = 0
        self.histograms = {
            "relative_size": Histogram(_ratios(1 / 1024, 1, 41)),
            "aspect": Histogram(_ratios(1 / 16, 16, 33)),
            "distance_m": Histogram(_ratios(0.1, 1000, 41), "m"),
            "visibility": Histogram(np.linspace(0, 1, 21)),
            "truncation": Histogram(np.linspace(0, 1, 21)),
            "yaw_deg": Histogram(np.linspace(-180, 180, 37), "deg"),
        }


def _ratios(first: float, last: float, count: int) -> Array:
    """Edges with one ratio, to 12 digits: the last ones of a power are not the same on all machines."""
    return np.array([float(f"{edge:.12g}") for edge in np.geomspace(first, last, count)])


def tally(columns: Columns) -> Tally:
    """One pass over all objects; those of a class that is not in the list count as of none."""
    found = Tally(len(columns.labels), len(columns.splits))
    split = split_of_views(columns)
    for part in spans(columns.objects.rows):
        area = areas_px(columns, part)
        _add_to_classes(found, columns, part, area, split)
        _add_boxes(found, columns.objects["box"][part], sizes_wh(columns, part), area)
        for name in ("visibility", "truncation"):
            found.histograms[name].add(columns.objects[name][part])
        found.histograms["distance_m"].add(columns.objects["distance"][part])
        found.histograms["yaw_deg"].add(np.degrees(np.asarray(columns.objects["yaw"][part], np.float64)))
    return found


def _add_to_classes(found: Tally, columns: Columns, part: slice, area: Array, split: Array) -> None:
    objects, classes = columns.objects, len(found.sizes)
    label = objects["label"][part]
    in_list = (label >= 0) & (label < classes)
    named = slice(None) if in_list.all() else in_list  # the former copies nothing
    label = label[named]
    visibility, truncation = objects["visibility"][part], objects["truncation"][part]
    hidden = _level(visibility + np.float32(_SLACK), (_VISIBLE, _PARTLY))
    cut = np.where(np.isnan(truncation), 2, truncation >= np.float32(CUT_OFF))
    size = np.where(np.isfinite(area), np.searchsorted([SMALL_PX, LARGE_PX], area, side="right"), 3)
    found.sizes += _counted((label, 4), size[named], classes)
    found.occlusion += _counted((label, 4), hidden[named], classes)
    found.truncation += _counted((label, 3), cut[named], classes)
    found.in_split += _counted((label, found.in_split.shape[1]), split[objects["view"][part][named]], classes)
    for sums, values in (
        (found.area_px, area),
        (found.visibility, visibility),
        (found.distance_m, objects["distance"][part]),
    ):
        values = values[named]
        known = np.isfinite(values)
        with np.errstate(over="ignore"):
            sums[:, 0] += np.bincount(label, np.where(known, values, 0), minlength=classes)[:classes]
        sums[:, 1] += np.bincount(label, known, minlength=classes)[:classes]


def _level(values: Array, falling: tuple[float, float]) -> Array:
    """0 from the first limit on, 1 from the second on, 2 below it, 3 where nothing is known."""
    first, second = falling
    return np.where(np.isnan(values), 3, (values < first).astype(np.int8) + (values < second))


def _counted(shape: tuple[Array, int], other: Array, classes: int) -> Array:
    """int64 (classes, width): how often each pair occurs; `shape` is the labels, and the width."""
    label, width = shape
    keys = label.astype(np.int64) * width + other
    return np.asarray(np.bincount(keys, minlength=classes * width)[: classes * width].reshape(classes, width))


def _add_boxes(found: Tally, box: Array, size: Array, area: Array) -> None:
    x0, y0, x1, y1 = np.ascontiguousarray(box.T)
    image_width, image_height = np.ascontiguousarray(size.T)
    with np.errstate(all="ignore"):
        width, height = x1 - x0, y1 - y0
        across, down = (x0 + x1) / 2 / image_width, (y0 + y1) / 2 / image_height
        aspect = np.where((width > 0) & (height > 0), width / height, np.nan)
        relative = np.sqrt(np.where(area >= 0, area, np.nan) / (image_width * image_height))
        inside = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
        column, row = (
            np.minimum((np.where(inside, share, 0) * POSITIONS).astype(np.int32), POSITIONS - 1)
            for share in (across, down)
        )
    keys = np.where(inside, row * POSITIONS + column, POSITIONS**2)
    counts = np.bincount(keys, minlength=POSITIONS**2 + 1)
    found.positions += counts[:-1].reshape(POSITIONS, POSITIONS)
    found.nowhere += int(counts[-1])
    found.histograms["aspect"].add(aspect)
    found.histograms["relative_size"].add(relative)
