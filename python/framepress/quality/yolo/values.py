"""Rules for the numbers of a row: class, coordinates, sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule
from framepress.quality.yolo.document import shown
from framepress.quality.yolo.tasks import BOX, POLYGON, POSE
from framepress.quality.yolo.view import YoloLook

__all__ = ["boxes_lie_inside_the_image", "classes_are_in_data_yaml", "numbers_are_shares_of_the_image"]


@rule(
    "YOLO-003",
    FILE,
    ERROR,
    stage="annotation",
    format="yolo",
    breaks="Ultralytics drops the whole image as corrupt; supervision raises, or names a class that there is not",
    remedy="number the classes from 0 as data.yaml names them, and write whole numbers",
)
def classes_are_in_data_yaml(yolo: YoloLook) -> Iterator[Issue]:
    """The first word of a row is a whole number, at least 0 and less than the number of classes in data.yaml."""
    label, classes = yolo.rows.label, yolo.said.classes
    bad = ~(label >= 0) | (label % 1 != 0)
    if classes is not None:
        bad |= label >= classes
    for row in np.flatnonzero(bad & _judged(yolo)).tolist():
        said = yolo.rows.words.get(row)
        if said is not None and said[0] == 0:
            mark = ", behind a byte order mark" if said[1].startswith("\ufeff") else ""
            words = f"the class is {shown(said[1].lstrip(chr(0xFEFF)))}{mark}, no whole number"
        elif not label[row] % 1 == 0:
            words = f"the class is {label[row]:g}, no whole number"
        elif label[row] < 0 or classes is None:
            words = f"the class is {label[row]:.0f}, below 0"
        else:
            words = f"the class is {label[row]:.0f}, and data.yaml has {classes} (0 to {classes - 1})"
        yield yolo.of_row(row, words, 0)


@rule(
    "YOLO-004",
    FILE,
    ERROR,
    stage="annotation",
    format="yolo",
    breaks="Ultralytics drops the whole image as corrupt, but trains on boxes without size; supervision reads pixels",
    remedy="divide x and width by the image's width, y and height by its height; leave out objects without size",
)
def numbers_are_shares_of_the_image(yolo: YoloLook, *, tolerance: float = 0.01) -> Iterator[Issue]:
    """Every coordinate is a finite number from 0 to 1, and boxes and polygons have a width and a height.

    Args:
        tolerance: by which a number may be beyond 0 or 1 [of the image]; Ultralytics allows a hundredth.
    """
    rows, kinds = yolo.rows, yolo.tasks.kind
    far = (rows.worst_at >= 0) & ~((rows.worst >= -tolerance) & (rows.worst <= 1 + tolerance))
    box = (kinds == BOX) | (kinds == POSE)
    size = np.where(box[:, None], rows.shape[:, 2:], rows.shape[:, 2:] - rows.shape[:, :2])
    empty = (size <= 0).any(1) & ((kinds != POLYGON) | (rows.points >= 3))
    odd = np.zeros(len(rows), bool)
    odd[[row for row, (at, _) in rows.words.items() if at > 0]] = True
    for row in np.flatnonzero((far | empty | odd) & _judged(yolo)).tolist():
        said = rows.words.get(row)
        at = int(rows.worst_at[row])
        if said is not None and said[0] > 0:
            yield yolo.of_row(row, f"{shown(said[1])} is no number", said[0])
        elif far[row] and not np.isfinite(rows.worst[row]):
            yield yolo.of_row(row, f"{rows.worst[row]} is not finite", at)
        elif far[row]:
            pixels = ": pixels are not divided by the image's size" if rows.worst[row] > 2 else ""
            yield yolo.of_row(row, f"{rows.worst[row]:.10g} is outside of 0 to 1{pixels}", at)
        else:
            width, height = size[row].tolist()
            name = "box" if box[row] else "polygon"
            yield yolo.of_row(row, f"the {name} has the width {width:.10g} and the height {height:.10g}")


@rule(
    "YOLO-005",
    FILE,
    ERROR,
    stage="annotation",
    format="yolo",
    breaks="albumentations raises; Ultralytics trains on a box that is larger than what shows",
    remedy="clip boxes to the image before they become centre and size",
)
def boxes_lie_inside_the_image(yolo: YoloLook, *, slack: float = 1e-4) -> Iterator[Issue]:
    """A box, from its centre and size, and the points of a polygon lie inside the image; oriented boxes may leave it.

    Args:
        slack: by which they may leave it [of the image]: four decimals round by that much.
    """
    rows, kinds = yolo.rows, yolo.tasks.kind
    box = (kinds == BOX) | (kinds == POSE)
    half = rows.shape[:, 2:] / 2
    low = np.where(box[:, None], rows.shape[:, :2] - half, rows.shape[:, :2])
    high = np.where(box[:, None], rows.shape[:, :2] + half, rows.shape[:, 2:])
    known = np.isfinite(rows.shape).all(1) & (high > low).all(1) & _near(yolo)
    beyond = known & ((low < -slack) | (high > 1 + slack)).any(1)
    if yolo.tasks.task == "obb":
        beyond &= box
    for row in np.flatnonzero(beyond & _judged(yolo)).tolist():
        x0, y0, x1, y1 = (f"{value:.6g}" for value in (*low[row], *high[row]))
        name = "box" if box[row] else "polygon"
        yield yolo.of_row(row, f"the {name} spans {x0} to {x1} of the image's width and {y0} to {y1} of its height")


def _near(yolo: YoloLook) -> Array:
    """Rows whose numbers are shares of an image at all: others are told as that."""
    return (yolo.rows.worst_at < 0) | ((yolo.rows.worst >= -0.01) & (yolo.rows.worst <= 1.01))


def _judged(yolo: YoloLook) -> Array:
    """Rows that are what they should be; the rest is told by its words."""
    return np.isin(yolo.tasks.kind, (BOX, POLYGON, POSE))
