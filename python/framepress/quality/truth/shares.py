"""Numbers about the whole object (visibility, truncation, the full box, key points) against what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core import Frame
from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FRAME, rule
from framepress.quality.truth.sight import Sight, sights

__all__ = [
    "full_boxes_enclose_visible_ones",
    "key_points_are_on_their_object",
    "truncation_is_what_is_outside",
    "visibility_is_what_is_left",
]


@rule(
    "TRU-030",
    FRAME,
    ERROR,
    stage="truth",
    breaks="amodal detectors; truncation, which is counted on it",
    remedy="join tight and loose rows by prim path",
)
def full_boxes_enclose_visible_ones(frame: Frame, *, tolerance_px: float = 2.0, part: float = 0.01) -> Iterator[Issue]:
    """The box of the whole object holds the box of what is visible.

    But for `tolerance_px` and a `part` of its longer side.
    """
    for sight in sights(frame):
        box, full = sight.box, sight.box_full
        out = np.maximum(full[:, :2] - box[:, :2], box[:, 2:] - full[:, 2:]).max(axis=1, initial=0)
        side = (box[:, 2:] - box[:, :2]).max(axis=1, initial=0)
        for row in np.flatnonzero(out > tolerance_px + part * side).tolist():
            numbers = [", ".join(f"{edge:.1f}" for edge in edges[row].tolist()) for edges in (box, full)]
            yield sight.issue(frame, row, f"visible box {numbers[0]} leaves the full box {numbers[1]}", "box_full")


@rule(
    "TRU-031",
    FRAME,
    ERROR,
    stage="truth",
    breaks="evaluation by difficulty; filters by visibility",
    remedy="visibility = visible pixels / pixels of the object alone, inside the image; NaN where it is not known",
)
def visibility_is_what_is_left(frame: Frame, *, tolerance: float = 0.05) -> Iterator[Issue]:
    """Visibility is 0 to 1, more than 0 where something is visible, and not so little that the whole would not fit.

    Visible pixels over visibility is how many the object alone would cover in the image: no more than its full box.
    """
    for sight in sights(frame):
        visibility = sight.objects.visibility
        known = np.isfinite(visibility)
        if not known.any():
            continue
        pixels = sight.pixels
        inside = _inside(sight)
        whole = pixels / np.where(known & (visibility > 0), visibility, np.nan)
        for row in np.flatnonzero(known).tolist():
            value = f"visibility {visibility[row]:g}"
            if not 0 <= visibility[row] <= 1:
                yield sight.issue(frame, row, f"{value} is not 0 to 1", "visibility")
            elif visibility[row] == 0 and pixels[row]:
                yield sight.issue(frame, row, f"{value}, but it has {pixels[row]} pixels", "visibility")
            elif whole[row] * (1 - tolerance) > inside[row]:
                told = f"{value} of {pixels[row]} pixels makes {whole[row]:.0f}; its full box has {inside[row]:.0f}"
                yield sight.issue(frame, row, told, "visibility")


def _inside(sight: Sight) -> Array:
    """float64 (N,): pixels of the full box in the image, and one row of them around it; NaN where it is not known."""
    size = np.array(sight.view.camera.size_wh * 2)
    full = sight.box_full
    clipped = np.clip(full + np.array([-1, -1, 1, 1]), 0, size)
    return np.where(np.isnan(full[:, 0]), np.nan, np.prod(clipped[:, 2:] - clipped[:, :2], axis=1))


@rule(
    "TRU-032",
    FRAME,
    ERROR,
    stage="truth",
    breaks="KITTI's difficulty classes; filters by truncation",
    remedy="truncation = 1 - area of the full box inside the image / its area; NaN where it is not known",
)
def truncation_is_what_is_outside(frame: Frame, *, tolerance: float = 0.02) -> Iterator[Issue]:
    """Truncation is the part of the full box that is outside the image.

    A full box that ends at the image's border may have been cut there: of such, nothing is said.
    """
    for sight in sights(frame):
        truncation, full = sight.objects.truncation, sight.box_full
        known = np.isfinite(truncation) & ~np.isnan(full[:, 0])
        if not known.any():
            continue
        size = np.array(sight.view.camera.size_wh * 2)
        clipped = np.clip(full, 0, size)
        area, left = (np.prod(np.maximum(box[:, 2:] - box[:, :2], 0), axis=1) for box in (full, clipped))
        share = 1 - left / np.where(area > 0, area, np.nan)
        cut = ((full[:, :2] == 0) | (full[:, 2:] == size[2:])).any(1) & (share == 0)
        wrong = known & ~cut & (np.abs(truncation - share) > tolerance)
        for row in np.flatnonzero(wrong).tolist():
            told = f"truncation {truncation[row]:.3f}, but {share[row]:.3f} of its full box is outside the image"
            yield sight.issue(frame, row, told, "truncation")


@rule(
    "TRU-033",
    FRAME,
    WARNING,
    stage="truth",
    breaks="pose estimators",
    remedy="take skeleton_data and boxes from the same frame, pixels of the same resolution",
)
def key_points_are_on_their_object(frame: Frame, *, margin: float = 0.25, share: float = 0.5) -> Iterator[Issue]:
    """Most labelled key points of an object are in its box.

    In the full box, or where it is not known in the visible one, grown by `margin` of its longer side.
    """
    for sight in sights(frame):
        objects = sight.objects
        if not any(points is not None for points in objects.keypoints):
            continue
        size = sight.view.camera.size_wh
        for row, points in enumerate(objects.keypoints):
            box = sight.box[row] if np.isnan(sight.box_full[row, 0]) else sight.box_full[row]
            if points is None or np.isnan(box[0]):
                continue
            at = points[points[:, 2] > 0, :2]
            if not np.isfinite(at).all() or ((at < 0) | (at > size)).any():
                yield sight.issue(
                    frame, row, f"a labelled key point is outside the {size[0]} x {size[1]} image", "keypoints"
                )
                continue
            grown = box + np.array([-1, -1, 1, 1]) * (2 + margin * (box[2:] - box[:2]).max())
            out = int(((at < grown[:2]) | (at > grown[2:])).any(1).sum())
            if out > share * len(at):
                yield sight.issue(
                    frame, row, f"{out} of its {len(at)} labelled key points are not in its box", "keypoints"
                )
