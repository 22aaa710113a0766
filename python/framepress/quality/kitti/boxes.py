"""Rules for 2D boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, Issue
from framepress.quality.kitti.fits import Fit, shown_whole
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = ["boxes_lie_in_the_image"]

_FIELDS = ("left", "top", "right", "bottom")
_FEW_PX = 2.0  # boxes whose edges lie this near to the projected ones were made from those, or from a cuboid's pixels


@rule(
    "KITTI-011",
    FILE,
    ERROR,
    stage="annotation",
    format="kitti",
    breaks="detectors crop beyond the image or drop the box; a box short by a pixel never overlaps entirely",
    remedy="write pixel indices, the last one inclusive, from 0 to width - 1 and height - 1",
)
def boxes_lie_in_the_image(
    kitti: KittiLook, *, slack_px: float = 0.01, least_at_border: int = 10, least_compared: int = 20
) -> Iterator[Issue]:
    """A 2D box is left, top, right, bottom in pixel indices inside [0, W - 1] x [0, H - 1], right > left, bottom > top.

    Where `framepress.json` says `convention: edge`, it may end at W and H. A box of one pixel is right where
    `framepress.json` counts it. Of the whole dataset it is asked whether maxima are one pixel short: of objects that
    the image cuts, and, where 2D boxes follow the projected 3D boxes to the pixel, of all of them on the average.

    Args:
        slack_px: by which a box may leave the image.
        least_at_border: so many whole-number boxes have to end one pixel before a border, and none at it.
        least_compared: so many boxes have to follow their 3D boxes.
    """
    box = kitti.lines.box
    last = _last_px(kitti)
    limit = np.where(last >= 0, last, np.inf)
    with np.errstate(invalid="ignore"):
        below, above = box < -slack_px, box > limit[:, [0, 1, 0, 1]] + slack_px
        turned = np.repeat(box[:, 2:] < box[:, :2], 2, axis=1)
        flat = (box[:, 2:] == box[:, :2]) & ~turned[:, ::2]
    if flat.any(1).sum() <= kitti.sidecar.counts.get("one_pixel_wide_or_high", 0):
        flat[:] = False
    for row in np.flatnonzero((below | above).any(1) | (box[:, 2:] < box[:, :2]).any(1) | flat.any(1)).tolist():
        yield _issue(kitti, row, below[row], above[row], last[row])
    yield from _short_of_borders(kitti, last, least_at_border)
    yield from _short_of_solids(kitti, least_compared)


def _issue(kitti: KittiLook, row: int, below: Array, above: Array, last: Array) -> Issue:
    left, top, right, bottom = kitti.lines.box[row].tolist()
    shown = f"the box {left:.10g} {top:.10g} {right:.10g} {bottom:.10g}"
    if right < left or bottom < top:
        as_size = " (x y width height?)" if not below.any() and right > 0 and bottom > 0 else ""
        return kitti.issue(row, f"{shown} ends before it begins{as_size}", "right" if right < left else "bottom")
    if (below | above).any():
        width, height = (last + 1).tolist()
        place = _FIELDS[int(np.argmax(below | above))]
        at = "; edges, not the last pixel, end there" if right == width or bottom == height else ""
        return kitti.issue(row, f"{shown} leaves the image, whose last pixel is {width - 1} {height - 1}{at}", place)
    return kitti.issue(row, f"{shown} has no size for readers", "right" if right == left else "bottom")


def _last_px(kitti: KittiLook) -> Array:
    """int64 (N, 2): the largest x and y that a box may have, -1 where the image's size is not known."""
    size = kitti.samples.size[kitti.lines.sample]
    return np.where(size > 0, size if kitti.sidecar.edge else size - 1, -1)


def _short_of_borders(kitti: KittiLook, last: Array, least: int) -> Iterator[Issue]:
    end = kitti.lines.box[:, 2:]
    whole = (end == np.round(end)).all(1) & (last > 0).all(1)
    before, at = int((end[whole] == last[whole] - 1).sum()), int((end[whole] == last[whole]).sum())
    if before >= least and not at:
        message = (
            f"{before} boxes end one pixel before the right or lower border of their image and none at it: "
            "maxima are one pixel short"
        )
        yield Issue(message=message, file=kitti.label_file(int(kitti.lines.sample[0])), place="right")


def _short_of_solids(kitti: KittiLook, least: int) -> Iterator[Issue]:
    """Left plus right edges, and upper plus lower ones, are off by nothing on the average where boxes are right."""
    rows = shown_whole(kitti)
    box = kitti.lines.box[rows]
    rows = rows[(box[:, :2] > 0).all(1) & (box[:, 2:] < _last_px(kitti)[rows]).all(1)]
    fit = Fit.of(kitti, rows)
    off = fit.box - fit.bounds(fit.solids)
    near = (np.abs(off) < _FEW_PX).all(1)
    if near.sum() < least or near.sum() < 0.5 * len(rows):
        return
    low, high = np.median(off[near, :2], axis=0), np.median(off[near, 2:], axis=0)
    both = low + high
    if (np.abs(both + 1) < 0.35).all() or (np.abs(both - 1) < 0.35).all():
        message = (
            f"of {int(near.sum())} boxes that follow their 3D boxes, left and top lie {low[0]:+.2f} {low[1]:+.2f} px "
            f"from those, right and bottom {high[0]:+.2f} {high[1]:+.2f} px: maxima are one pixel "
            f"{'short' if both[0] < 0 else 'long'}, or the boxes and P2 half a pixel apart"
        )
        yield Issue(message=message, file=kitti.label_file(int(kitti.lines.sample[rows[0]])), place="right")
