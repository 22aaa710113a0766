"""Rules for the rows of label files: how many words, and what they are together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule
from framepress.quality.yolo.tasks import BOX, FEW_POINTS, POLYGON, SCORED, WRONG
from framepress.quality.yolo.view import YoloLook

__all__ = [
    "confidences_are_not_ground_truth",
    "files_do_not_mix_boxes_and_polygons",
    "polygons_have_three_points",
    "rows_are_there_once",
    "rows_have_the_words_of_the_task",
    "the_set_holds_rows_of_one_task",
]

_DROPPED = "Ultralytics drops the whole image as corrupt, with a line in its log only"


@rule(
    "YOLO-001",
    FILE,
    ERROR,
    stage="format",
    format="yolo",
    breaks=f"{_DROPPED}; supervision raises on fewer than 5 words",
    remedy="write a class and 4 numbers (detect), 3 points or more (segment), 4 corners (obb), all key points (pose)",
)
def rows_have_the_words_of_the_task(yolo: YoloLook) -> Iterator[Issue]:
    """Every row has as many words as the task of the set asks for.

    The task is what data.yaml says (`task`, `kpt_shape`), else what most label files hold.
    """
    expected = yolo.tasks.count
    for row in np.flatnonzero(yolo.tasks.kind == WRONG).tolist():
        found = int(yolo.rows.tokens[row])
        if expected is not None:
            words = f"{found} words, expected {expected} for {yolo.tasks.task}"
        elif found >= 8:
            words = f"a class and {found - 1} coordinates: an odd number, which leaves a point without its y"
        else:
            words = f"{found} words: neither a class and a box, nor a class and 3 points"
        if yolo.tasks.task == "detect" and found >= 7:
            words = f"{found} words, expected 5 (a box) or an odd number from 7 on (a polygon)"
        said = yolo.rows.words.get(row)
        yield yolo.of_row(row, words if said is None or found > 1 else f"{words}: {said[1]!r}")


@rule(
    "YOLO-002",
    FILE,
    ERROR,
    stage="format",
    format="yolo",
    breaks=_DROPPED,
    remedy="write all objects of an image as boxes, or all as polygons",
)
def files_do_not_mix_boxes_and_polygons(yolo: YoloLook) -> Iterator[Issue]:
    """A label file holds boxes or polygons, not both."""
    boxes, polygons = _per_file(yolo)
    kinds = yolo.tasks.kind
    for file in np.flatnonzero((boxes > 0) & (polygons > 0)).tolist():
        begin, end = yolo.begin_of_file[file : file + 2].tolist()
        rows = begin + np.flatnonzero(np.isin(kinds[begin:end], (BOX, POLYGON)))
        row = int(rows[np.argmax(kinds[rows] != kinds[rows[0]])])
        one, other = ("box", "polygon") if kinds[row] == BOX else ("polygon", "box")
        before = int(yolo.rows.line[rows[0]])
        yield yolo.of_row(row, f"a {one}, where line {before} is a {other}")


@rule(
    "YOLO-006",
    FILE,
    ERROR,
    stage="annotation",
    format="yolo",
    breaks="Ultralytics and supervision read two points as a box, without saying so",
    remedy="leave out objects that are thinner than a polygon, or write their box in a set of boxes",
)
def polygons_have_three_points(yolo: YoloLook) -> Iterator[Issue]:
    """A polygon has at least three different points.

    Two points have as many words as a box: they are told where, as a box, they would leave the image.
    """
    kinds, rows = yolo.tasks.kind, yolo.rows
    for row in np.flatnonzero((kinds == FEW_POINTS) | ((kinds == POLYGON) & (rows.points < 3))).tolist():
        if kinds[row] == POLYGON:
            points, all_points = int(rows.points[row]), (int(rows.tokens[row]) - 1) // 2
            yield yolo.of_row(row, f"of the polygon's {all_points} points {points} {_are(points)} different")
        elif rows.tokens[row] == 3:
            yield yolo.of_row(row, "a polygon of one point")
        else:
            yield yolo.of_row(row, "a polygon of two points: read as a box, it leaves the image")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


@rule(
    "YOLO-010",
    FILE,
    WARNING,
    stage="annotation",
    format="yolo",
    breaks="Ultralytics removes all but one without saying which; others count the object twice",
    remedy="write every object once",
)
def rows_are_there_once(yolo: YoloLook) -> Iterator[Issue]:
    """No two rows of a label file say the same, compared as float32, which is what trainers keep."""
    for row in np.flatnonzero(yolo.rows.twin).tolist():
        yield yolo.of_row(row, f"the same as line {yolo.rows.twin[row]}")


@rule(
    "YOLO-013",
    FILE,
    ERROR,
    stage="dataset",
    format="yolo",
    breaks="Ultralytics raises ValueError when it trains for segment or obb, and drops all polygons when for detect",
    remedy="write all images of a set for one task; keep a set for each",
)
def the_set_holds_rows_of_one_task(yolo: YoloLook) -> Iterator[Issue]:
    """All label files hold rows of one task: the one that data.yaml says, else that of most files."""
    boxes, polygons = _per_file(yolo)
    task = yolo.tasks.task
    if task == "pose":
        return
    alien = (polygons > 0) & (boxes == 0) if task == "detect" else (boxes > 0) & (polygons == 0)
    name, counts = ("polygons", polygons) if task == "detect" else ("boxes", boxes)
    others = int(((boxes > 0) & (polygons == 0) if task == "detect" else polygons > 0).sum())
    why = "data.yaml says that the set is for" if yolo.tasks.stated else f"most files ({others}) are for"
    for file in np.flatnonzero(alien).tolist():
        line = int(yolo.rows.line[yolo.begin_of_file[file]])
        yield yolo.of_file(file, f"all rows ({counts[file]}) are {name}, and {why} {task}", line)


@rule(
    "YOLO-014",
    FILE,
    WARNING,
    stage="annotation",
    format="yolo",
    breaks=f"{_DROPPED}; supervision ignores the number",
    remedy="write ground truth without confidences (predictions have them, with save_conf=True)",
)
def confidences_are_not_ground_truth(yolo: YoloLook) -> Iterator[Issue]:
    """No row has one number more than its task has, which is where predictions have their confidence or track."""
    for row in np.flatnonzero(yolo.tasks.kind == SCORED).tolist():
        count = int(yolo.rows.tokens[row])
        yield yolo.of_row(row, f"{count} words: one more than {count - 1}, which a confidence or a track would be")


def _per_file(yolo: YoloLook) -> tuple[Array, Array]:
    """How many boxes and polygons each label file has."""
    files = len(yolo.layout.labels)
    kinds, file = yolo.tasks.kind, yolo.rows.file
    return np.bincount(file[kinds == BOX], minlength=files), np.bincount(file[kinds == POLYGON], minlength=files)
