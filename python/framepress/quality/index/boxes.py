"""Rules for boxes that look odd beside the other boxes, or against the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.counting import objects_of_classes, sizes_wh, spans, whole_views
from framepress.quality.issue import NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = [
    "boxes_are_more_than_a_pixel",
    "boxes_do_not_cover_the_image",
    "object_issue",
    "objects_are_there_once",
]

_REACH = 512
"""Boxes of one label and view that are compared with one that begins left of them: enough for any real image, and a
bound for one that was made to take forever."""
_LARGEST_PX = 1e6
"""No image is as wide: a box with such a side is no place that another could share."""


@rule(
    "SET-006",
    INDEX,
    WARNING,
    stage="annotation",
    breaks="COCOeval: one of the two is always missed; training with NMS: one of the two can never be found",
    remedy="label the parent or its children, not both; filter by semantic type when capturing",
)
def objects_are_there_once(columns: Columns, *, most_iou: float = 0.98, least_px: float = 4.0) -> Iterator[Issue]:
    """No two objects of one class have the same box in one image.

    Replicator gives a row to every prim with semantics, to parents and children alike. Crowds are left out. Each object
    is told once, with the first twin that is found.

    Args:
        most_iou: intersection over union from which on two boxes are the same.
        least_px: boxes with a side shorter than this are not judged: two small things may share their pixels.
    """
    for row, twin, iou in zip(*_twins(columns, most_iou, least_px), strict=True):
        name = columns.labels.names[int(columns.objects["label"][row])]
        other = _track(columns, twin) or f"row {twin}"
        message = f"two objects of class {name!r} have one box (IoU {iou:.3f}); the other is {other}"
        yield object_issue(columns, row, message + _kinship(_track(columns, row), _track(columns, twin)))


def _kinship(own: str, other: str) -> str:
    if own and other.startswith(f"{own}/"):
        return ", its child"
    return ", its parent" if other and own.startswith(f"{other}/") else ""


def _twins(columns: Columns, most_iou: float, least_px: float) -> tuple[list[int], list[int], list[float]]:
    """Rows that have a twin that begins as far left or further, the twins, and how much they overlap; by row."""
    objects = columns.objects
    found: list[tuple[Array, Array, Array]] = []
    for rows in whole_views(columns):
        box = objects["box"][rows]
        with np.errstate(all="ignore"):
            extent = box[:, 2:] - box[:, :2]
            judged = (extent >= least_px).all(1) & (extent < _LARGEST_PX).all(1) & ~objects["crowd"][rows]
        rows, box = rows[judged], box[judged]
        order = np.lexsort((rows, box[:, 0], objects["label"][rows], objects["view"][rows]))
        rows, box = rows[order], box[order]
        view, label = objects["view"][rows], objects["label"][rows]
        left, told = np.arange(rows.size), np.zeros(rows.size, bool)
        # Boxes that overlap by more than t begin within 1 - t of a width: neighbours in the order of x0 are enough.
        reach = box[:, 0] + (1 - most_iou) * (box[:, 2] - box[:, 0])
        for step in range(1, _REACH + 1):
            left = left[left + step < rows.size]
            to = left + step
            near = (view[left] == view[to]) & (label[left] == label[to]) & (box[to, 0] <= reach[left])
            left, to = left[near], to[near]
            if not left.size:
                break
            new = ~told[to]
            one, two = left[new], to[new]
            iou = _iou(box[one], box[two])
            same = iou > most_iou
            told[two[same]] = True
            found.append((rows[two[same]], rows[one[same]], iou[same]))
    if not found:
        return [], [], []
    again, twin, iou = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(again)
    return again[order].tolist(), twin[order].tolist(), iou[order].tolist()


def _iou(one: Array, two: Array) -> Array:
    inner = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    both = np.clip(inner, 0, None).prod(1)
    either = (one[:, 2:] - one[:, :2]).prod(1) + (two[:, 2:] - two[:, :2]).prod(1) - both
    return np.asarray(both / either)


@rule(
    "SET-007",
    INDEX,
    NOTE,
    stage="annotation",
    breaks="training: nothing can be learned from so few pixels, and each one that is not found counts",
    remedy="leave out objects under a size, for all formats by one rule",
)
def boxes_are_more_than_a_pixel(
    columns: Columns, *, least_px: float = 2.0, most_share: float = 0.05, least_objects: int = 100
) -> Iterator[Issue]:
    """Few boxes of a class are as small as a pixel.

    Args:
        least_px: a side shorter than this is as small as a pixel.
        most_share: of the objects of a class that may be.
        least_objects: a class with fewer objects is not judged.
    """
    yield from _common(columns, lambda part: _smaller(columns, part, least_px), most_share, least_objects, "are tiny")


@rule(
    "SET-008",
    INDEX,
    WARNING,
    stage="annotation",
    breaks="training: a box around everything is learned as the answer to everything",
    remedy="take the semantics from floors, walls and skies, or leave the class out",
)
def boxes_do_not_cover_the_image(
    columns: Columns, *, least_cover: float = 0.98, most_share: float = 0.05, least_objects: int = 100
) -> Iterator[Issue]:
    """Few boxes of a class cover the whole image.

    Args:
        least_cover: the part of the image from which on a box covers it.
        most_share: of the objects of a class that may.
        least_objects: a class with fewer objects is not judged.
    """
    whole = "cover the image"
    yield from _common(columns, lambda part: _covering(columns, part, least_cover), most_share, least_objects, whole)


def _smaller(columns: Columns, part: slice, least_px: float) -> Array:
    box = columns.objects["box"][part]
    with np.errstate(all="ignore"):
        return np.asarray(((box[:, 2:] - box[:, :2]) < least_px).any(1))


def _covering(columns: Columns, part: slice, least_cover: float) -> Array:
    box, size = columns.objects["box"][part], sizes_wh(columns, part)
    with np.errstate(all="ignore"):
        shown = np.clip(np.minimum(box[:, 2:], size) - np.maximum(box[:, :2], 0), 0, None)
        return np.asarray(shown.prod(1) >= least_cover * size.prod(1))


def _common(
    columns: Columns, odd_of: Callable[[slice], Array], most_share: float, least_objects: int, fault: str
) -> Iterator[Issue]:
    """Classes in which many objects are odd, one issue each with the first of them."""
    counts = objects_of_classes(columns)
    odd = np.zeros_like(counts)
    first: dict[int, int] = {}
    for part in spans(columns.objects.rows):
        label = columns.objects["label"][part]
        rows = np.flatnonzero(odd_of(part) & (label >= 0) & (label < counts.size))
        odd += np.bincount(label[rows], minlength=counts.size)
        for code, at in zip(*np.unique(label[rows], return_index=True), strict=True):
            first.setdefault(int(code), part.start + int(rows[at]))
    for code in np.flatnonzero((counts >= least_objects) & (odd > most_share * counts)).tolist():
        message = f"{odd[code]} of {counts[code]} boxes of class {columns.labels.names[code]!r} {fault}"
        yield object_issue(columns, first[code], f"{message}; the first of them is this one")


def object_issue(columns: Columns, row: int, message: str, place: str = "") -> Issue:
    """An issue at a row of `objects`."""
    objects = columns.objects
    view = int(objects["view"][row])
    box = objects["box"][row]
    track, number = _track(columns, row), int(objects["id"][row])
    x0, y0, x1, y1 = box.tolist()
    return Issue(
        message=message,
        place=place,
        frame=columns.frames.texts("id")[int(objects["frame"][row])],
        view=columns.view_names[int(columns.views["name"][view])],
        object=number or track or row,
        prim=track,
        box=(x0, y0, x1, y1) if np.isfinite(box).all() else None,
    )


def _track(columns: Columns, row: int) -> str:
    code = int(columns.objects["track"][row])
    return columns.tracks[code] if code >= 0 else ""
