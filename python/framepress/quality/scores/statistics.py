"""What a dataset consists of, in numbers that can be drawn.

{"schema": "framepress.statistics", "version": 1,
 "totals": {"frames", "views", "objects", "classes", "sequences", "scenes", "seeds", "tracks", "splits"},
 "classes": [{"name", "objects", "share", "views", "tracks", "splits": {split: objects},
              "area_px": {"mean", "small", "medium", "large"}}],           in the order of the list of classes
 "splits": [{"name", "frames", "views", "objects", "negatives", "classes"}],   negatives: views without an object
 "views": [{"name", "views", "sizes": {"640x480": views}}],
 "sizes": {"small", "medium", "large", "unknown"},                          COCO's: below 32², below 96², from 96² px on
 "positions": {"columns", "rows", "counts": [[...] a row, from the top], "unknown"},   centres of boxes in the image
 "histograms": {"objects_per_view", "relative_size", "aspect", "distance_m", "visibility", "truncation", "yaw_deg"},
 "cooccurrence": {"classes": [names], "views": [[...]]},                    the 24 commonest; [i][i]: views with class i
 "pictures": {"files", "measured", "histograms": {"mean_level", "contrast_level"}} | None}    grey levels, 0 to 255;
                                                            contrast is their standard deviation; None: not decoded

A histogram is {"unit", "edges" (bins + 1), "counts", "below", "above", "unknown", "minimum", "maximum", "mean"}, bins
half-open and the last one closed; those of `relative_size` (the square root of object area over image area), `aspect`
(width over height) and `distance_m` have the same ratio from edge to edge. "" is the name of what has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.images.pictures import Pictures
from framepress.quality.index.counting import areas_px, present, sizes_wh, spans, split_of_views
from framepress.quality.scores.histogram import Histogram

__all__ = ["LARGE_PX", "POSITIONS", "SCHEMA", "SMALL_PX", "Tally", "statistics", "tally"]

SCHEMA = {"schema": "framepress.statistics", "version": 1}
SMALL_PX, LARGE_PX = 32.0**2, 96.0**2
"""Areas [px] where COCO's small ends and its large begins."""
POSITIONS = 16
"""Columns and rows of the map of positions."""
_COMMONEST = 24


class Tally:
    """Counts of all objects, and of objects by class.

    Args:
        sizes: int64 (classes, 4): small, medium, large, not known.
        in_split: int64 (classes, splits).
        area_px: float64 (classes,), the sum of what is known.
        positions: int64 (POSITIONS, POSITIONS), rows from the top.
    """

    def __init__(self, classes: int, splits: int) -> None:
        self.sizes = np.zeros((classes, 4), np.int64)
        self.in_split = np.zeros((classes, splits), np.int64)
        self.area_px = np.zeros(classes)
        self.positions = np.zeros((POSITIONS, POSITIONS), np.int64)
        self.nowhere = 0
        self.histograms = {
            "relative_size": Histogram(np.geomspace(1 / 1024, 1, 41)),
            "aspect": Histogram(np.geomspace(1 / 16, 16, 33)),
            "distance_m": Histogram(np.geomspace(0.1, 1000, 41), "m"),
            "visibility": Histogram(np.linspace(0, 1, 21)),
            "truncation": Histogram(np.linspace(0, 1, 21)),
            "yaw_deg": Histogram(np.linspace(-180, 180, 37), "deg"),
        }


def tally(columns: Columns) -> Tally:
    """One pass over all objects; those of a class that is not in the list count as of none."""
    classes, objects = len(columns.labels), columns.objects
    found = Tally(classes, len(columns.splits))
    split = split_of_views(columns)
    for part in spans(objects.rows):
        label, area = objects["label"][part], areas_px(columns, part)
        bucket = np.where(np.isfinite(area), np.searchsorted([SMALL_PX, LARGE_PX], area, side="right"), 3)
        named = (label >= 0) & (label < classes)
        found.sizes += _counted((label, 4), bucket, named, classes)
        found.in_split += _counted((label, len(columns.splits)), split[objects["view"][part]], named, classes)
        weights = np.where(np.isfinite(area), area, 0)[named]
        with np.errstate(over="ignore"):
            found.area_px += np.bincount(label[named], weights, minlength=classes)[:classes]
        _add_boxes(found, objects["box"][part], sizes_wh(columns, part), area)
        for name in ("visibility", "truncation"):
            found.histograms[name].add(objects[name][part])
        found.histograms["distance_m"].add(objects["distance"][part])
        found.histograms["yaw_deg"].add(np.degrees(np.asarray(objects["yaw"][part], np.float64)))
    return found


def _counted(shape: tuple[Array, int], other: Array, rows: Array, classes: int) -> Array:
    label, width = shape
    keys = label[rows].astype(np.int64) * width + other[rows]
    return np.asarray(np.bincount(keys, minlength=classes * width)[: classes * width].reshape(classes, width))


def _add_boxes(found: Tally, box: Array, size: Array, area: Array) -> None:
    with np.errstate(all="ignore"):
        extent = box[:, 2:] - box[:, :2]
        center = (box[:, :2] + box[:, 2:]) / 2 / size
        aspect = np.where((extent > 0).all(1), extent[:, 0] / extent[:, 1], np.nan)
        relative = np.sqrt(np.where(area >= 0, area, np.nan) / size.prod(1))
    inside = ((center >= 0) & (center <= 1)).all(1)
    cell = np.minimum((center[inside] * POSITIONS).astype(np.int64), POSITIONS - 1)
    keys = cell[:, 1] * POSITIONS + cell[:, 0]
    found.positions += np.bincount(keys, minlength=POSITIONS**2).reshape(POSITIONS, POSITIONS)
    found.nowhere += int(np.count_nonzero(~inside))
    found.histograms["aspect"].add(aspect)
    found.histograms["relative_size"].add(relative)


def statistics(columns: Columns, pictures: Pictures | None) -> dict[str, Any]:
    """What a dataset consists of; JSON-able, see the top of this module."""
    found = tally(columns)
    view_of, label_of = present(columns)
    per_view = _objects_per_view(columns)
    sizes = found.sizes.sum(0).tolist()
    return {
        **SCHEMA,
        "totals": _totals(columns),
        "classes": _classes(columns, found, label_of),
        "splits": _splits(columns, found, per_view, view_of),
        "views": _views(columns),
        "sizes": dict(zip(("small", "medium", "large", "unknown"), sizes, strict=True)),
        "positions": {
            "columns": POSITIONS,
            "rows": POSITIONS,
            "counts": found.positions.tolist(),
            "unknown": found.nowhere,
        },
        "histograms": {
            "objects_per_view": _crowdedness(per_view),
            **{name: histogram.to_dict() for name, histogram in found.histograms.items()},
        },
        "cooccurrence": _cooccurrence(columns, view_of, label_of),
        "pictures": None if pictures is None else _pictures(pictures),
    }


def _totals(columns: Columns) -> dict[str, int]:
    named = {
        name: _used(columns.frames[column], texts)
        for name, column, texts in (
            ("sequences", "sequence", columns.sequences),
            ("scenes", "scene", columns.scenes),
            ("seeds", "seed", columns.seeds),
            ("splits", "split", columns.splits),
        )
    }
    return {
        "frames": columns.frames.rows,
        "views": columns.views.rows,
        "objects": columns.objects.rows,
        "classes": len(columns.labels),
        "tracks": len(columns.tracks),
        **named,
    }


def _used(codes: Array, texts: Sequence[str]) -> int:
    """How many different names there are, the missing one left out."""
    return sum(texts[code] != "" for code in np.unique(codes).tolist())


def _objects_per_view(columns: Columns) -> Array:
    """int64 (views,)"""
    counts = np.zeros(columns.views.rows, np.int64)
    for part in spans(columns.objects.rows):
        counts += np.bincount(columns.objects["view"][part], minlength=counts.size)
    return counts


def _classes(columns: Columns, found: Tally, label_of: Array) -> list[dict[str, Any]]:
    objects, names = found.sizes.sum(1), columns.labels.names
    views = np.bincount(label_of, minlength=max(len(names), 1))
    tracks = np.bincount(_track_labels(columns), minlength=max(len(names), 1))
    total = max(int(objects.sum()), 1)
    rows = []
    for code, name in enumerate(names):
        small, medium, large, unknown = found.sizes[code].tolist()
        count = int(objects[code])
        measured = count - unknown
        mean = float(found.area_px[code]) / measured if measured else np.nan
        rows.append(
            {
                "name": name,
                "objects": count,
                "share": count / total,
                "views": int(views[code]),
                "tracks": int(tracks[code]),
                "splits": dict(zip(columns.splits, found.in_split[code].tolist(), strict=True)),
                "area_px": {
                    "mean": mean if np.isfinite(mean) else None,
                    "small": small,
                    "medium": medium,
                    "large": large,
                },
            }
        )
    return rows


def _track_labels(columns: Columns) -> Array:
    """int64: the label of each different pair of track and label."""
    objects, count = columns.objects, max(len(columns.labels), 1)
    keys = []
    for part in spans(objects.rows):
        label, track = objects["label"][part].astype(np.int64), objects["track"][part].astype(np.int64)
        known = (track >= 0) & (label >= 0) & (label < count)
        keys.append(np.unique(track[known] * count + label[known]))
    return np.unique(np.concatenate(keys)) % count if keys else np.empty(0, np.int64)


def _splits(columns: Columns, found: Tally, per_view: Array, view_of: Array) -> list[dict[str, Any]]:
    split, count = split_of_views(columns), len(columns.splits)
    frames = np.bincount(columns.frames["split"], minlength=count)
    views = np.bincount(split, minlength=count)
    negatives = np.bincount(split[per_view == 0], minlength=count)
    objects = np.bincount(split, per_view, minlength=count).astype(np.int64)
    return [
        {
            "name": name,
            "frames": int(frames[code]),
            "views": int(views[code]),
            "objects": int(objects[code]),
            "negatives": int(negatives[code]),
            "classes": int(np.count_nonzero(found.in_split[:, code])),
        }
        for code, name in enumerate(columns.splits)
    ]


def _views(columns: Columns) -> list[dict[str, Any]]:
    names, found = columns.views["name"], []
    for name in np.unique(names).tolist():
        rows = names == name
        widths, at_width = np.unique(columns.views["width"][rows], return_inverse=True)
        heights, at_height = np.unique(columns.views["height"][rows], return_inverse=True)
        sizes, counts = np.unique(at_width * heights.size + at_height, return_counts=True)
        told = {
            f"{widths[size // heights.size]}x{heights[size % heights.size]}": count
            for size, count in zip(sizes.tolist(), counts.tolist(), strict=True)
        }
        found.append({"name": columns.view_names[name], "views": int(counts.sum()), "sizes": told})
    return found


def _crowdedness(per_view: Array) -> dict[str, Any]:
    """Objects in a view: a bin for each number up to 32, wider ones beyond."""
    most = int(per_view.max(initial=0))
    step = max(-(-(most + 1) // 32), 1)
    histogram = Histogram(np.arange(0, step * 33, step) if most else np.array([0, 1]))
    histogram.add(per_view)
    return histogram.to_dict()


def _cooccurrence(columns: Columns, view_of: Array, label_of: Array) -> dict[str, Any]:
    names = columns.labels.names
    order = np.argsort(-np.bincount(label_of, minlength=max(len(names), 1)), kind="stable")[
        : min(_COMMONEST, len(names))
    ]
    place = np.full(max(len(names), 1), -1)
    place[order] = np.arange(order.size)
    kept = place[label_of] >= 0
    view, column = view_of[kept], place[label_of[kept]]
    together = np.zeros((order.size, order.size), np.int64)
    for part in spans(columns.views.rows):
        first, last = np.searchsorted(view, (part.start, part.stop))
        seen = np.zeros((part.stop - part.start, order.size), np.float32)
        seen[view[first:last] - part.start, column[first:last]] = 1
        together += (seen.T @ seen).astype(np.int64)  # at most 2**20 to a sum: exact in float32
    return {"classes": [names[code] for code in order.tolist()], "views": together.tolist()}


def _pictures(pictures: Pictures) -> dict[str, Any]:
    mean, contrast = (Histogram(np.linspace(0, most, 33), "level") for most in (256, 128))
    mean.add(pictures.mean[pictures.measured])
    contrast.add(pictures.std[pictures.measured])
    return {
        "files": len(pictures.files),
        "measured": int(np.count_nonzero(pictures.measured)),
        "histograms": {"mean_level": mean.to_dict(), "contrast_level": contrast.to_dict()},
    }
