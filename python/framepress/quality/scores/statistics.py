"""What a dataset consists of, in numbers that can be drawn.

{"schema": "framepress.statistics", "version": 2,
 "totals": {"frames", "views", "objects", "classes", "sequences", "scenes", "seeds", "tracks", "splits"},
 "classes": [{"name", "objects", "share", "views", "tracks", "splits": {split: objects},
              "area_px": {"mean", "small", "medium", "large"}, "occlusion": as below, "truncation": as below,
              "visibility": mean, "distance_m": mean}],                     in the order of the list of classes
 "splits": [{"name", "frames", "views", "objects", "negatives", "classes"}],   negatives: views without an object
 "views": [{"name", "views", "sizes": {"640x480": views}}],
 "sizes": {"small", "medium", "large", "unknown"},                          COCO's: below 32², below 96², from 96² px on
 "occlusion": {"visible", "partly", "largely", "unknown"},                  KITTI's: cut at 5 % and 50 % hidden
 "truncation": {"whole", "cut", "unknown"},                                 cut: at least 1 % lies outside of the image
 "positions": {"columns", "rows", "counts": [[...] a row, from the top], "unknown"},   centres of boxes in the image
 "histograms": {"objects_per_view", "relative_size", "aspect", "distance_m", "visibility", "truncation", "yaw_deg"},
 "cooccurrence": {"classes": [names], "views": [[...]]},                    the 24 commonest; [i][i]: views with class i
 "pictures": {"files", "measured", "histograms": {"mean_level", "contrast_level"}} | None}    grey levels, 0 to 255;
                                                            contrast is their standard deviation; None: not decoded

What only frames tell (pixels, depth, viewpoints) is added by `scores.measured`.

A histogram is {"unit", "edges" (bins + 1), "counts", "below", "above", "unknown", "minimum", "maximum", "mean"}, bins
half-open and the last one closed; those of `relative_size` (the square root of object area over image area), `aspect`
(width over height) and `distance_m` have the same ratio from edge to edge. "" is the name of what has none, None a mean
of nothing. `sizes`, `occlusion` and `truncation` count objects of the list's classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.images.pictures import Pictures
from framepress.quality.index.counting import present, spans, split_of_views
from framepress.quality.scores.histogram import Histogram
from framepress.quality.scores.tally import POSITIONS, Tally, tally

__all__ = ["SCHEMA", "SIZES", "OCCLUSION", "TRUNCATION", "statistics"]

SCHEMA = {"schema": "framepress.statistics", "version": 2}
SIZES = ("small", "medium", "large", "unknown")
OCCLUSION = ("visible", "partly", "largely", "unknown")
TRUNCATION = ("whole", "cut", "unknown")
_COMMONEST = 24
_CELLS = 1 << 26


def statistics(columns: Columns, pictures: Pictures | None) -> dict[str, Any]:
    """What a dataset consists of; JSON-able, see the top of this module."""
    found = tally(columns)
    view_of, label_of = present(columns)
    per_view = _objects_per_view(columns)
    return {
        **SCHEMA,
        "totals": _totals(columns),
        "classes": _classes(columns, found, label_of),
        "splits": _splits(columns, found, per_view, view_of),
        "views": _views(columns),
        "sizes": _named(SIZES, found.sizes.sum(0)),
        "occlusion": _named(OCCLUSION, found.occlusion.sum(0)),
        "truncation": _named(TRUNCATION, found.truncation.sum(0)),
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
        sizes = _named(SIZES, found.sizes[code])
        rows.append(
            {
                "name": name,
                "objects": int(objects[code]),
                "share": int(objects[code]) / total,
                "views": int(views[code]),
                "tracks": int(tracks[code]),
                "splits": dict(zip(columns.splits, found.in_split[code].tolist(), strict=True)),
                "area_px": {"mean": _mean(found.area_px[code]), **{name: sizes[name] for name in SIZES[:3]}},
                "occlusion": _named(OCCLUSION, found.occlusion[code]),
                "truncation": _named(TRUNCATION, found.truncation[code]),
                "visibility": _mean(found.visibility[code]),
                "distance_m": _mean(found.distance_m[code]),
            }
        )
    return rows


def _named(names: Sequence[str], counts: Array) -> dict[str, int]:
    return dict(zip(names, counts.tolist(), strict=True))


def _mean(sum_and_count: Array) -> float | None:
    """None where nothing is known, or where it is beyond what a float holds."""
    total, count = sum_and_count.tolist()
    return total / count if count and math.isfinite(total / count) else None


def _track_labels(columns: Columns) -> Array:
    """int64: the label of each different pair of track and label."""
    objects, count = columns.objects, max(len(columns.labels), 1)
    cells = len(columns.tracks) * count
    flags = np.zeros(cells if cells <= _CELLS else 0, bool)  # many times as fast as sorting
    keys = [np.empty(0, np.int64)]
    for part in spans(objects.rows):
        label, track = objects["label"][part].astype(np.int64), objects["track"][part].astype(np.int64)
        known = (track >= 0) & (track < len(columns.tracks)) & (label >= 0) & (label < count)
        pairs = track[known] * count + label[known]
        if cells <= _CELLS:
            flags[pairs] = True
        else:
            keys.append(np.unique(pairs))
    found = np.flatnonzero(flags) if cells <= _CELLS else np.unique(np.concatenate(keys))
    return np.asarray(found % count)


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
