"""Rules for 3D boxes, by themselves and against the 2D boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, Issue
from framepress.quality.kitti.fits import Fit, misfits, shown_whole
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = ["dimensions_are_height_width_length", "projected_boxes_contain_their_2d_boxes"]


_STEEP = np.pi / 4  # a camera that looks down is seldom tilted more


@rule(
    "KITTI-006",
    FILE,
    ERROR,
    stage="truth",
    format="kitti",
    breaks="every 3D reader: boxes that are turned by 90 degrees, or stand at the lens",
    remedy="write height, width, length in this order, in metres; -1 -1 -1 where they are not known",
)
def dimensions_are_height_width_length(
    kitti: KittiLook,
    *,
    tilt_deg: float = 5.0,
    tolerance_px: float = 2.0,
    tolerance_part: float = 0.05,
    least_seen_from_the_front: int = 5,
) -> Iterator[Issue]:
    """Dimensions are height, width, length above 0, or all -1 where they are not known.

    Width and length exchanged keep the volume, so the picture tells: a 2D box that leaves the projected corners as
    they are, and fits once the two are exchanged (thresholds as for KITTI-007). Seen from the front, the exchanged box
    is too wide and contains the 2D box all the same: that is told of a class, where most of it overlaps better.

    Args:
        least_seen_from_the_front: so many objects of a class, and more than half of it, have to overlap far better.
    """
    lines = kitti.lines
    some = np.isfinite(lines.hwl).all(1) & ~lines.ignored & (lines.hwl != -1).any(1) & ~(lines.hwl > 0).all(1)
    for row in np.flatnonzero(some).tolist():
        height, width, length = lines.hwl[row].tolist()
        zeros = ": a box at the lens, where -1 -1 -1 is unknown" if not lines.hwl[row].any() else ""
        message = f"height width length are {height:.6g} {width:.6g} {length:.6g}, not all above 0{zeros}"
        yield kitti.issue(row, message, ("height", "width", "length")[int(np.argmax(lines.hwl[row] <= 0))])
    off, swapped = misfits(kitti, tilt_deg, tolerance_px, tolerance_part)
    for row in off.rows[swapped].tolist():
        _, width, length = lines.hwl[row].tolist()
        message = (
            f"width {width:.6g} and length {length:.6g} look exchanged: the 2D box leaves the projected corners, "
            "and fits with the two the other way round, or turned by 90 degrees"
        )
        yield kitti.issue(row, message, "width")
    yield from _swapped_classes(kitti, set(off.rows[swapped].tolist()), least_seen_from_the_front)


def _swapped_classes(kitti: KittiLook, told: set[int], least: int) -> Iterator[Issue]:
    """Classes of which nearly all that shows entirely overlaps far better with width and length exchanged."""
    lines = kitti.lines
    rows = shown_whole(kitti)
    fit = Fit.of(kitti, rows)
    better = fit.overlap(fit.solids) < 0.5
    apart = fit.take(np.flatnonzero(better))
    better[better] = apart.overlap(apart.solids.swapped()) > 0.8
    by_class: dict[str, list[tuple[int, bool]]] = {}
    for row, found in zip(rows.tolist(), better.tolist(), strict=True):
        by_class.setdefault(lines.kind[row], []).append((row, found))
    for kind in sorted(by_class):
        found = [row for row, is_better in by_class[kind] if is_better]
        if len(found) >= least and 2 * len(found) > len(by_class[kind]) and not told.intersection(found):
            message = (
                f"of {len(by_class[kind])} {kind} that show entirely, {len(found)} overlap their 2D box far better "
                "with width and length exchanged"
            )
            yield kitti.issue(found[0], message, "width")


@rule(
    "KITTI-007",
    FILE,
    ERROR,
    stage="truth",
    format="kitti",
    breaks="mmdetection3d, nuScenes devkit: boxes that float or sink, or belong to another camera",
    remedy="write the middle of the bottom face in the frame that P2 projects, not the centre of the box",
)
def projected_boxes_contain_their_2d_boxes(
    kitti: KittiLook,
    *,
    tilt_deg: float = 5.0,
    tolerance_px: float = 2.0,
    tolerance_part: float = 0.05,
    least_part: float = 0.05,
) -> Iterator[Issue]:
    """The eight corners around a location, the middle of the bottom face, project to bounds that contain the 2D box.

    Corners are cut at the near plane, P2 projects them. Hidden and truncated objects show a part of that, which the
    bounds contain too. Left out: lines without a 3D box, a P2, or an angle in radians. What is not in the picture is
    not asked of the bounds, but an object that shows entirely must fill a part of them.

    Under `tilt=project` and `level` our own writer keeps the true size of boxes that are tilted by more than 5 degrees,
    and counts them: as many as `framepress.json` counts may fit with any tilt. Of those the journal knows more.

    Args:
        tilt_deg: by which boxes may be tilted, although KITTI has one angle: the bounds grow by what that adds.
        tolerance_px, tolerance_part: by which the 2D box may leave them, and by which part of its own side on top.
        least_part: the least part of the projected area that the 2D box of an object that shows entirely has.
    """
    off, swapped = misfits(kitti, tilt_deg, tolerance_px, tolerance_part)
    rest, tilt = off.take(np.flatnonzero(~swapped)), float(np.radians(tilt_deg))
    below = rest.solids.lowered(0.5)
    as_center = rest.fits(below, tilt) & (rest.overlap(below) > rest.overlap(rest.solids))
    mirrored = rest.fits(rest.solids.turned(-rest.solids.rotation_y), tilt)
    tilted = rest.fits(rest.solids, _STEEP)
    around = rest.bounds(rest.solids)
    for at, row in enumerate(rest.rows.tolist()):
        reason = ""
        if as_center[at]:
            reason = ": y reads as the centre of the box, not of its bottom face"
        elif mirrored[at]:
            reason = ": with the opposite sign of rotation_y it fits"
        elif tilted[at]:
            reason = ": a tilt against the camera, which one angle does not tell, may be why (KITTI-016)"
        place = "y" if as_center[at] else "rotation_y" if mirrored[at] else "x"
        message = f"the 2D box {_shown(rest.box[at])} leaves the projected 3D box {_shown(around[at])}{reason}"
        yield kitti.issue(row, message, place)
    yield from _too_large(kitti, set(off.rows.tolist()), least_part)


def _too_large(kitti: KittiLook, told: set[int], least_part: float) -> Iterator[Issue]:
    rows = shown_whole(kitti)
    fit = Fit.of(kitti, rows)
    overlap = fit.overlap(fit.solids)
    sides = fit.box[:, 2:] - fit.box[:, :2] + 1
    for at in np.flatnonzero((overlap < least_part) & (sides > 4).all(1)).tolist():
        row = int(rows[at])
        if row not in told:
            message = f"the 2D box of an object that shows entirely fills {overlap[at]:.2g} of the projected 3D box"
            yield kitti.issue(row, message, "z")


def _shown(box: Array) -> str:
    return " ".join(f"{value:.6g}" for value in box.round(2).tolist())
