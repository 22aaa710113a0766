"""What each row is, and for which task the set was made: said in data.yaml, or by what most files hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.yolo.document import Document
from framepress.quality.yolo.table import Rows

__all__ = ["BOX", "FEW_POINTS", "OTHER_POSE", "POLYGON", "POSE", "SCORED", "Tasks", "WRONG", "tasked"]

BOX, POLYGON, POSE, FEW_POINTS, SCORED, OTHER_POSE, WRONG = range(7)
"""Kinds of rows: 5 words; an odd number from 7 on; a box and its key points; one point, or two that are no box, where
polygons are due; one number more than the task has; another pose than declared, as all rows have it; none of these."""

_NEARLY_ALL = 0.9
_SLACK = 1e-4  # of the image: what a box of four decimals may leave it by


@dataclass(frozen=True, eq=False)
class Tasks:
    """What a set is for.

    Args:
        task: detect, segment, pose or obb; a set of quads that does not say is taken for obb, whose corners may leave
            the image.
        stated: whether data.yaml says so.
        kind: int8, one a row.
        keypoints: points, and numbers of each, as declared, or as the rows show.
    """

    task: str
    stated: bool
    kind: Array
    keypoints: tuple[int, int] | None

    @property
    def count(self) -> int | None:
        """How many words each row has; None for polygons."""
        if self.task == "pose" and self.keypoints:
            return 5 + self.keypoints[0] * self.keypoints[1]
        return {"detect": 5, "obb": 9}.get(self.task) if self.stated or self.task == "detect" else None


def tasked(rows: Rows, said: Document) -> Tasks:
    """Tell the task and the kind of each row."""
    tokens = rows.tokens
    files = int(rows.file.max()) + 1 if len(rows) else 0
    polygon = (tokens >= 7) & (tokens % 2 == 1)
    boxes = np.bincount(rows.file[tokens == 5], minlength=files)
    polygons = np.bincount(rows.file[polygon & ~rows.posed], minlength=files)
    keypoints = said.keypoints
    if said.task:
        task = said.task
    elif rows.posed.any() and (keypoints is not None or rows.posed.mean() > 0.5):
        task = "pose"
    elif not polygons.any() or (boxes > polygons).sum() > (polygons > boxes).sum():
        task = "detect"
    else:
        task = "obb" if (tokens == 9).sum() * 2 >= polygon.sum() else "segment"
    if task == "pose" and keypoints is None and rows.posed.any():
        keypoints = (int(np.median(tokens[rows.posed]) - 5) // 3, 3)
    return Tasks(task, bool(said.task), _kinds(rows, task, bool(said.task), keypoints, polygon), keypoints)


def _kinds(rows: Rows, task: str, stated: bool, keypoints: tuple[int, int] | None, polygon: Array) -> Array:
    tokens = rows.tokens
    kind = np.full(tokens.size, WRONG, np.int8)
    if task == "pose" and keypoints is not None:
        count = 5 + keypoints[0] * keypoints[1]
        kind[tokens == count] = POSE
        kind[tokens == count + 1] = SCORED
        return kind
    kind[tokens == 5] = BOX
    kind[polygon if not (stated and task == "obb") else tokens == 9] = POLYGON
    kind[tokens == 6] = SCORED
    if task == "obb":
        kind[tokens == 10] = SCORED
    if keypoints is not None and not rows.posed.any() and tokens.size:
        counts, times = np.unique(tokens, return_counts=True)
        most = np.argmax(times)
        if counts[most] > 6 and times[most] >= _NEARLY_ALL * tokens.size:
            kind[tokens == counts[most]] = OTHER_POSE
    if task in ("segment", "obb"):
        kind[(tokens == 3) | _two_points(rows)] = FEW_POINTS
    return kind


def _two_points(rows: Rows) -> Array:
    """Rows of five words that leave the image as a box, and not as two points."""
    centre, size = rows.shape[:, :2], rows.shape[:, 2:]
    low, high = centre - size / 2, centre + size / 2
    leaves = ((low < -_SLACK) | (high > 1 + _SLACK)).any(1)
    found: Array = (rows.tokens == 5) & leaves & (rows.worst_at < 0)
    return found
