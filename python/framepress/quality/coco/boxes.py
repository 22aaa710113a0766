"""Rules for boxes: by themselves, and against the masks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.coco.table import ABSENT, EMPTY, POLYGONS, CocoFile, CocoLook
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["boxes_are_x_y_w_h_inside_the_image", "boxes_bound_their_masks"]

_ROUNDING = 1e-6  # px: what sums of decimals differ by
_WHOLE = 1e-3  # px: bounds of painted pixels are whole numbers


@rule(
    "COCO-005",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval: x0 y0 x1 y1 gives AP 0; albumentations raises on a box without size or beyond the image",
    remedy="write x, y, width, height in edge pixels, clipped to the image; leave out objects that do not show",
)
def boxes_are_x_y_w_h_inside_the_image(coco: CocoLook, *, slack_px: float = 0.5) -> Iterator[Issue]:
    """A bbox is x, y, width, height with a positive size inside the image.

    Args:
        slack_px: by which a box may leave the image: tools that draw at a scale round.
    """
    for file in coco.files:
        for row, words in file.told("annotations.bbox"):
            yield file.issue(row, f"bbox {words}", "bbox")
        for row, words in _bad_boxes(file, slack_px):
            yield file.issue(row, words, "bbox")


def _bad_boxes(file: CocoFile, slack_px: float) -> Iterator[tuple[int, str]]:
    corners, empty, outside, swapped = _judged(file, slack_px)
    size = _size_wh(file)
    for row in np.flatnonzero(empty | outside | swapped).tolist():
        box = _shown(file.annotations.bbox[row])
        width, height = size[row].astype(int).tolist()
        as_corners = "; as x0, y0, x1, y1 it would fit: it is written as corners" if corners[row] else ""
        if swapped[row]:
            yield row, f"bbox {box} is x0, y0, x1, y1 of the mask, not x, y, width, height"
        elif empty[row]:
            yield row, f"bbox {box} has no size{as_corners}"
        else:
            yield row, f"bbox {box} leaves the image of {width} x {height} px{as_corners}"


def _judged(file: CocoFile, slack_px: float) -> tuple[Array, Array, Array, Array]:
    """Whether each box would fit as corners, has no size, leaves the image, and is the mask's bounds as corners."""
    bbox = file.annotations.bbox
    x, y, width, height = bbox.T
    size = _size_wh(file)
    limit = np.where(size > 0, size + slack_px, np.inf)
    empty = (width <= 0) | (height <= 0)
    right, bottom = x + width, y + height
    outside = (x < -slack_px) | (y < -slack_px) | (right > limit[:, 0]) | (bottom > limit[:, 1])
    ordered = (width > x) & (height > y)
    corners = ordered & (x >= -slack_px) & (y >= -slack_px) & (width <= limit[:, 0]) & (height <= limit[:, 1])
    bounds = file.annotations.shapes.box
    edges = np.stack((x, y, right, bottom), 1)
    swapped = (np.abs(bbox - bounds) < 1).all(1) & (np.abs(edges - bounds) >= 1).any(1)
    return corners, empty, outside & ~empty, swapped


@rule(
    "COCO-006",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval: without the + 1, a perfect detector has AP 0.7525; an object of one pixel has no size",
    remedy="in pixel indices, write width = xmax - xmin + 1 and height = ymax - ymin + 1",
)
def boxes_bound_their_masks(coco: CocoLook, *, tolerance_px: float = 1.0, least_at_border: int = 10) -> Iterator[Issue]:
    """A bbox has the bounds of its mask: width is xmax - xmin + 1 in pixel indices.

    Each edge is compared with the outermost pixels of run lengths. For polygons both customs pass: their outermost
    corners, and exactly the pixels that pycocotools paints; as they are, and cut to the image. Where no annotation of
    a file has a mask, the image's borders tell: objects that are cut off end at the image's width, not one pixel
    before it. The box of a prim may reach over labelled prims below it, which have masks of their own: Replicator draws
    it around all of them.

    Args:
        tolerance_px: an edge this far away is wrong; what only rounding moved is nearer than a pixel.
        least_at_border: so many whole-number boxes have to end one pixel before a border, and none at it.
    """
    for file in coco.files:
        skip = np.any(_judged(file, 0.5)[1:], axis=0)
        rows = np.flatnonzero(_off(file, tolerance_px) & ~skip)
        wholes = _wholes(file, rows)
        for row in rows[~wholes].tolist():
            yield file.issue(row, _difference(file, row), "bbox")
        shapeless = np.isin(file.annotations.shapes.kind, (ABSENT, EMPTY))
        if shapeless.size and shapeless.all():
            yield from _short_of_borders(file, least_at_border)


def _off(file: CocoFile, tolerance_px: float) -> Array:
    shapes = file.annotations.shapes
    x, y, width, height = file.annotations.bbox.T
    edges = np.stack((x, y, x + width, y + height), 1)
    size = _size_wh(file)
    wrong = np.isfinite(shapes.box).all(1)
    for bounds, limit in ((shapes.box, tolerance_px - _ROUNDING), (shapes.painted, _WHOLE)):
        cut = np.clip(bounds, 0, np.where(size > 0, size, np.inf)[:, [0, 1, 0, 1]])
        for wanted in (bounds, cut):
            wrong &= ~(np.abs(edges - wanted) < limit).all(1)
    # The mask of another image says nothing of this box: that is COCO-009's.
    fits = (shapes.kind == POLYGONS) | (shapes.size_hw == size[:, ::-1]).all(1) | (size == 0).all(1)
    bare = (shapes.area == 0) & (shapes.kind > POLYGONS)
    off: Array = (wrong | bare) & fits & np.isfinite(edges).all(1)
    return off


def _wholes(file: CocoFile, rows: Array) -> Array:
    """bool, of each row: a prim with labelled ones below it in the same image, whose box holds its own mask."""
    notes = file.annotations
    above: set[tuple[int, str]] = set()
    for other in np.flatnonzero((notes.track >= 0) & np.isin(notes.image, notes.image[rows])).tolist():
        image, path = int(notes.image[other]), file.tracks[notes.track[other]].rpartition("/")[0]
        while path and (image, path) not in above:
            above.add((image, path))
            path = path.rpartition("/")[0]
    x, y, width, height = notes.bbox[rows].T
    bounds = notes.shapes.box[rows]
    holds = (
        (bounds[:, :2] >= np.stack((x, y), 1) - _WHOLE)
        & (bounds[:, 2:] <= np.stack((x + width, y + height), 1) + _WHOLE)
    ).all(1)
    is_above = [
        code >= 0 and (image, file.tracks[code]) in above
        for image, code in zip(notes.image[rows].tolist(), notes.track[rows].tolist(), strict=True)
    ]
    whole: Array = holds & np.array(is_above, bool)
    return whole


def _difference(file: CocoFile, row: int) -> str:
    x, y, width, height = file.annotations.bbox[row].tolist()
    bounds = file.annotations.shapes.box[row]
    box = _shown(file.annotations.bbox[row])
    if np.isnan(bounds).any():
        return f"bbox is {box}, but the mask has no pixel"
    gaps = np.array([x, y, x + width, y + height]) - bounds
    short = np.minimum(np.abs(gaps[2:]), np.abs(gaps[2:] + 1))
    lost = max(np.abs(gaps[:2]).max(), short.max()) < _ROUNDING
    reason = ": the + 1 of xmax - xmin + 1 is missing" if lost else ""
    wanted = [bounds[0], bounds[1], bounds[2] - bounds[0], bounds[3] - bounds[1]]
    return f"bbox is {box}, the mask's is {_shown(np.array(wanted))}{reason}"


def _short_of_borders(file: CocoFile, least: int) -> Iterator[Issue]:
    bbox, size = file.annotations.bbox, _size_wh(file)
    whole = (bbox == np.round(bbox)).all(1) & (size > 0).all(1)
    end, size = bbox[whole, :2] + bbox[whole, 2:], size[whole]
    before, at = int((end == size - 1).sum()), int((end == size).sum())
    if before >= least and not at:
        message = (
            f"{before} boxes end one pixel before the right or lower border of their image and none at it: "
            "the + 1 of xmax - xmin + 1 is missing"
        )
        yield Issue(message=message, file=file.name, place="annotations")


def _size_wh(file: CocoFile) -> Array:
    """float64 (N, 2): width and height of each annotation's image, 0 where they are not known."""
    if not file.images.id.size:
        return np.zeros((file.annotations.id.size, 2))
    size = np.stack((file.images.width, file.images.height), 1).astype(np.float64)[file.annotations.image]
    size[file.annotations.image < 0] = 0
    return size


def _shown(box: Array) -> str:
    return "[" + ", ".join(f"{value:.10g}" for value in box.tolist()) + "]"
