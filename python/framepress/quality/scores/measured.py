"""What only the frames themselves tell: levels of colour, depth, and from where objects are seen; streamed, in threads.

{"frames", "sampled": of how many frames | None where all were measured,
 "pixels": {"pixels", "mean", "std", "mean_255", "std_255", "levels": [256 counts a channel]} and, under "splits", the
            same for each split | None,                                       red, green, blue
 "depth": {channel: {"pixels", "nothing_hit", "invalid", "share_nothing_hit", "histogram"}},     depth and range [m]
 "viewpoints": {"objects", "histograms": {"azimuth_deg", "elevation_deg", "roll_deg"}}}

`mean` and `std` are of levels / 255, as training code wants them, `mean_255` and `std_255` of the levels; the standard
deviation is that of all pixels (divided by their number). They are made of whole numbers: exact, in any order.
Depth that is NaN or negative is `invalid`. A viewpoint is where the camera stands in the object's own axes (x ahead, y
left, z up): azimuth about z from x on, elevation above the xy plane, and how far the object's up is turned clockwise in
the camera's image; Xiang et al., "Beyond PASCAL", WACV 2014.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from framepress.core import Frame, View
from framepress.core.arrays import Array
from framepress.core.in_order import in_order
from framepress.quality.scores.histogram import Histogram

__all__ = ["measured"]

_DEPTHS = ("depth", "range")
_QUARTERS = 21  # float32's bits below which neighbours are one bin: four bins an octave
_OCTAVES = (-6, 12)  # 1.6 cm to 4 km
_STEEP = 0.9


@dataclass
class _Depth:
    """Sums over depth maps; see `measured`."""

    histogram: Histogram
    pixels: int = 0
    nothing_hit: int = 0
    invalid: int = 0


@dataclass
class _Part:
    """Of one frame; levels: int64 (3, 256); viewpoints: float64 (N, 3) [deg]."""

    split: str
    levels: Array | None = None
    depth: dict[str, _Depth] = field(default_factory=dict)
    viewpoints: list[Array] = field(default_factory=list)


def measured(
    frames: Iterable[Frame],
    *,
    sampled: int | None = None,
    workers: int | None = None,
    on_frame: Callable[[int], None] = lambda frames: None,
) -> dict[str, Any]:
    """Decode every frame, a few at a time; JSON-able, see the top of this module.

    Args:
        sampled: of how many frames these are a sample.
        workers: threads; None for one a core.
        on_frame: called with the number of frames measured so far.

    Raises:
        InputError: a channel cannot be decoded, with its file.
    """
    count, levels = 0, dict[str, Array]()
    depth: dict[str, _Depth] = {}
    viewpoints = _viewpoint_histograms()
    for part in in_order(_part, frames, workers or os.cpu_count() or 1):
        count += 1
        if part.levels is not None:
            before = levels.get(part.split)
            levels[part.split] = part.levels if before is None else before + part.levels
        for name, found in part.depth.items():
            _add_depth(depth.setdefault(name, _Depth(_depth_histogram())), found)
        for seen in part.viewpoints:
            for column, histogram in enumerate(viewpoints.values()):
                histogram.add(seen[:, column])
        on_frame(count)
    return {
        "frames": count,
        "sampled": sampled,
        "pixels": _pixels(levels),
        "depth": {name: _told_depth(depth[name]) for name in _DEPTHS if name in depth},
        "viewpoints": {
            "objects": viewpoints["azimuth_deg"].known,
            "histograms": {name: histogram.to_dict() for name, histogram in viewpoints.items()},
        },
    }


def _part(frame: Frame) -> _Part:
    found = _Part(frame.split)
    for view in frame.views:
        if "rgb" in view.channels:
            levels = _levels(view.channels["rgb"])
            found.levels = levels if found.levels is None else found.levels + levels
        for name in _DEPTHS:
            if name in view.channels:
                metres = view.channels[name]
                _measure_depth(found.depth.setdefault(name, _Depth(_depth_histogram())), metres)
        found.viewpoints.append(_viewpoints(view))
    return found


def _levels(pixels: Array) -> Array:
    """int64 (3, 256): how many pixels have each level; uint8 (H, W, 3)."""
    counts = Image.fromarray(pixels).histogram()  # several times as fast as numpy's
    return np.array(counts, np.int64).reshape(3, 256)


def _pixels(levels: dict[str, Array]) -> dict[str, Any] | None:
    if not levels:
        return None
    told = _told_levels(sum(levels.values(), np.zeros((3, 256), np.int64)))
    return {**told, "splits": {name: _told_levels(levels[name]) for name in sorted(levels)}}


def _told_levels(levels: Array) -> dict[str, Any]:
    pixels = int(levels[0].sum())
    steps = range(256)
    mean, std = [], []
    for counts in levels.tolist():
        total = sum(level * count for level, count in zip(steps, counts, strict=True))
        squares = sum(level**2 * count for level, count in zip(steps, counts, strict=True))
        mean.append(total / pixels)
        std.append(math.sqrt(pixels * squares - total**2) / pixels)
    return {
        "pixels": pixels,
        "mean": [value / 255 for value in mean],
        "std": [value / 255 for value in std],
        "mean_255": mean,
        "std_255": std,
        "levels": levels.tolist(),
    }


def _depth_histogram() -> Histogram:
    """Four bins an octave, where the bits of a float32 say them."""
    low, high = _OCTAVES
    edges = [2.0**octave * (1 + quarter / 4) for octave in range(low, high) for quarter in range(4)]
    return Histogram(np.array([*edges, 2.0**high]), "m")


def _measure_depth(found: _Depth, metres: Array) -> None:
    """float32 (H, W) [m], +inf where nothing was hit."""
    hit = np.isfinite(metres)
    kept = metres[hit & (metres >= 0)]
    nothing = int(np.count_nonzero(np.isposinf(metres)))
    found.pixels += metres.size
    found.nothing_hit += nothing
    found.invalid += metres.size - kept.size - nothing
    found.histogram.add_counted(kept, _lattice(kept, found.histogram))


def _lattice(metres: Array, histogram: Histogram) -> Array:
    """int64 (bins,): the counts of a histogram of `_depth_histogram`'s edges, many times as fast as by searching.

    The bits of a float32 that is not negative rise with it.
    """
    first, bins = np.float32(histogram.edges[0]).view(np.uint32) >> _QUARTERS, histogram.counts.size
    keys = (np.ascontiguousarray(metres, np.float32).view(np.uint32) >> _QUARTERS).astype(np.int64) - int(first)
    last = metres == np.float32(histogram.edges[-1])  # the last bin is closed
    keys[last] = bins - 1
    return np.asarray(np.bincount(keys[(keys >= 0) & (keys < bins)], minlength=bins))


def _add_depth(total: _Depth, part: _Depth) -> None:
    total.pixels += part.pixels
    total.nothing_hit += part.nothing_hit
    total.invalid += part.invalid
    total.histogram.join(part.histogram)


def _told_depth(found: _Depth) -> dict[str, Any]:
    return {
        "pixels": found.pixels,
        "nothing_hit": found.nothing_hit,
        "invalid": found.invalid,
        "share_nothing_hit": found.nothing_hit / found.pixels if found.pixels else None,
        "histogram": found.histogram.to_dict(),
    }


def _viewpoint_histograms() -> dict[str, Histogram]:
    return {
        "azimuth_deg": Histogram(np.linspace(-180, 180, 37), "deg"),
        "elevation_deg": Histogram(np.linspace(-90, 90, 37), "deg"),
        "roll_deg": Histogram(np.linspace(-180, 180, 37), "deg"),
    }


def _viewpoints(view: View) -> Array:
    """float64 (N, 3) [deg]: azimuth, elevation and roll of each object; NaN where its box or the camera is not known.

    Roll is not known where up points so steeply at the camera, or away from it, that it has no direction in the image.
    """
    pose, boxes = view.camera.world_from_camera, view.objects.box3d
    if pose is None or not len(boxes):
        return np.full((len(boxes), 3), np.nan)
    axes = boxes.axes()
    seen = np.einsum("nji,nj->ni", axes, pose[:3, 3] - boxes.center)
    up = axes[:, :, 2] @ pose[:3, :3]
    azimuth = np.arctan2(seen[:, 1], seen[:, 0])
    elevation = np.arctan2(seen[:, 2], np.hypot(seen[:, 0], seen[:, 1]))
    roll = np.where(np.abs(up[:, 2]) > _STEEP, np.nan, np.arctan2(up[:, 0], -up[:, 1]))
    angles = np.degrees(np.stack((azimuth, elevation, roll), axis=1))
    return np.asarray(np.round(angles, 6) + 0.0)  # upright is 0, and not one of the bins beside it by rounding
