"""Rules for rows of boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.capture.semantics import ancestors
from framepress.core.arrays import Array
from framepress.quality.basic.gathered import NO_ENTITY
from framepress.quality.basic.table import BasicLook, Boxes, seen_by
from framepress.quality.issue import ERROR, NOTE, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "boxes_are_more_than_a_line",
    "boxes_do_not_fill_the_image",
    "boxes_lie_in_the_image",
    "occlusion_is_known",
    "parents_have_boxes_of_their_own",
    "rows_fit_their_prim_paths",
    "rows_stand_for_prims",
]

TIGHT, LOOSE, SOLID = "bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d"


@rule(
    "CAP-003",
    FILE,
    ERROR,
    stage="integrity",
    format="basic",
    breaks="rows are joined by prim path: with one path too few every object gets the name of its neighbour",
    remedy="copy both files again: they are of different frames",
)
def rows_fit_their_prim_paths(basic: BasicLook) -> Iterator[Issue]:
    """Rows are the structured rows of Replicator, and as many as their prim paths, of which no two are equal."""
    yield from basic.wrong_rows


@rule(
    "CAP-008",
    FILE,
    NOTE,
    stage="annotation",
    format="basic",
    breaks="a filter occlusion < 0.9 keeps -1 and drops NaN; NVIDIA's PoseWriter takes -1 for hidden",
    remedy="treat -1 and NaN as not known; count visible pixels of the instance map instead",
)
def occlusion_is_known(basic: BasicLook, *, most_unknown: float = 0.5) -> Iterator[Issue]:
    """occlusionRatio is a number from 0 to 1, or -1 where a prim has labelled children or several meshes.

    One issue for each camera and annotator, with the first such row; -1 counts where more than `most_unknown` of all
    rows have it.
    """
    for kind, boxes in basic.boxes.items():
        ratio = boxes.occlusion
        with np.errstate(invalid="ignore"):
            odd = boxes.occluded & ~((ratio >= 0) & (ratio <= 1)) & (ratio != -1)
        unknown = boxes.occluded & (ratio == -1)
        for camera, of_camera in _by_camera(basic, boxes):
            for words, rows in (("neither 0..1 nor -1", odd & of_camera), ("-1", unknown & of_camera)):
                count, whole = int(rows.sum()), int(of_camera.sum())
                if count and (words != "-1" or count > most_unknown * whole):
                    first = int(rows.argmax())
                    shown = f"{count} of {whole} rows{seen_by(camera)} have an occlusionRatio that is {words}"
                    yield basic.of_row(kind, first, f"{shown}; the first is {ratio[first]:g}", "occlusionRatio")


def _by_camera(basic: BasicLook, boxes: Boxes) -> Iterator[tuple[str, Array]]:
    """Each camera with a bool (N,) of its rows."""
    names = list(basic.capture.cameras)
    code = np.array([names.index(shot.camera) for shot in basic.shots], np.int32)[boxes.shot]
    for number, name in enumerate(names):
        yield name, code == number


@rule(
    "CAP-009",
    FILE,
    NOTE,
    stage="annotation",
    format="basic",
    breaks="tools that take x_max - x_min for the width give these boxes none, and drop the image or the box",
    remedy="add 1 to the maxima, which are inclusive; leave out objects under a size",
)
def boxes_are_more_than_a_line(basic: BasicLook, *, most_share: float = 0.2) -> Iterator[Issue]:
    """Few tight boxes are one pixel wide or high; one issue for each camera where more than `most_share` are."""
    boxes = basic.boxes[TIGHT]
    thin = (boxes.box[:, 2:] == boxes.box[:, :2]).any(axis=1)
    for camera, of_camera in _by_camera(basic, boxes):
        count, whole = int((thin & of_camera).sum()), int(of_camera.sum())
        if count > most_share * whole:
            message = f"{count} of {whole} tight boxes{seen_by(camera)} are one pixel wide or high"
            yield basic.of_row(TIGHT, int((thin & of_camera).argmax()), message)


@rule(
    "CAP-010",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="training: a box around everything is learned as the answer to everything",
    remedy="take the semantics off floors, walls and skies, or filter by semantic type",
)
def boxes_do_not_fill_the_image(basic: BasicLook) -> Iterator[Issue]:
    """No tight box is the whole image while other objects are in it."""
    boxes = basic.boxes[TIGHT]
    size = _sizes(basic)[boxes.shot]
    whole = (boxes.box[:, :2] <= 0).all(axis=1) & (boxes.box[:, 2:] >= size - 1).all(axis=1) & (size > 0).all(axis=1)
    for row in np.flatnonzero(whole).tolist():
        if boxes.read[int(boxes.shot[row])] > 1:
            width, height = size[row].tolist()
            yield basic.of_row(TIGHT, row, f"the box is the whole image of {width} x {height} px")


@rule(
    "CAP-011",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="one thing counts as two classes; COCOeval always misses one of them",
    remedy="label the parent or its child; nested='outermost' or 'innermost' takes one",
)
def parents_have_boxes_of_their_own(basic: BasicLook) -> Iterator[Issue]:
    """A labelled prim and a labelled one below it do not have one and the same tight box under two classes.

    Where the class is one as well, SET-006 tells. The issue is at the row of the prim below.
    """
    boxes = basic.boxes[TIGHT]
    keys = np.column_stack([boxes.shot.astype(np.int64), boxes.box])
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    shared = np.flatnonzero((counts[group.reshape(-1)] > 1) & (boxes.path >= 0) & (boxes.label > 0))
    groups: dict[int, dict[str, int]] = {}
    for row in shared.tolist():
        groups.setdefault(int(group.reshape(-1)[row]), {})[basic.paths[boxes.path[row]]] = row
    for rows in groups.values():
        for path, row in rows.items():
            above = next((parent for parent in ancestors(path) if parent in rows), None)
            if above is not None and boxes.label[rows[above]] != boxes.label[row]:
                one, other = basic.labels[boxes.label[row]], basic.labels[boxes.label[rows[above]]]
                yield basic.of_row(TIGHT, row, f"{one!r} has the box of {other!r}, which is {above} above it")


@rule(
    "CAP-013",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="x_min 2147483647 overflows where sizes are taken in 32 bits, and gives boxes of negative width",
    remedy="leave the row out: it stands for no prim",
)
def rows_stand_for_prims(basic: BasicLook) -> Iterator[Issue]:
    """No 2D row is the one that Replicator writes for "no entity": x_min is the largest int32."""
    for kind in (TIGHT, LOOSE):
        for row in np.flatnonzero(basic.boxes[kind].box[:, :1].ravel() == NO_ENTITY).tolist():
            yield basic.of_row(kind, row, f"x_min is {NO_ENTITY}: the row stands for nothing", "x_min")


@rule(
    "CAP-014",
    FILE,
    ERROR,
    stage="annotation",
    format="basic",
    breaks="visible pixels cannot be there: the boxes are of another camera, resolution or frame",
    remedy="copy the files of one recording together, and check the resolution",
)
def boxes_lie_in_the_image(basic: BasicLook) -> Iterator[Issue]:
    """No 2D box is inside out, and no tight box leaves the image; maxima are inclusive. Loose boxes may leave it."""
    for kind in (TIGHT, LOOSE):
        boxes = basic.boxes[kind]
        real = boxes.box[:, 0] != NO_ENTITY if len(boxes) else np.empty(0, bool)
        box = boxes.box.reshape(-1, 4)
        size = _sizes(basic)[boxes.shot]
        turned: Array = np.any(box[:, 2:] < box[:, :2], axis=1)
        beyond: Array = np.any(box < 0, axis=1) | np.any(box[:, 2:] >= size, axis=1)
        wrong = turned | (beyond & np.all(size > 0, axis=1)) if kind == TIGHT else turned
        for row in np.flatnonzero(real & wrong).tolist():
            width, height = size[row].tolist()
            what = "is inside out" if turned[row] else f"leaves the image of {width} x {height} px"
            yield basic.of_row(kind, row, f"x_min, y_min, x_max, y_max = {box[row].tolist()} {what}")


def _sizes(basic: BasicLook) -> Array:
    """int64 (shots, 2) width, height [px]; 0 where not known."""
    return np.array([shot.size for shot in basic.shots], np.int64).reshape(-1, 2)
