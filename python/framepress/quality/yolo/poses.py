"""The rule for key points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule
from framepress.quality.yolo.tasks import POSE
from framepress.quality.yolo.view import YoloLook

__all__ = ["key_points_are_as_declared"]


@rule(
    "YOLO-012",
    FILE,
    ERROR,
    stage="format",
    format="yolo",
    breaks="Ultralytics drops every image as corrupt, or raises; a wrong flip_idx mixes up points in mirrored images",
    remedy="set kpt_shape to [points, 2 or 3] as the rows have them, flip_idx to a permutation; write 0, 1 or 2 for v",
)
def key_points_are_as_declared(yolo: YoloLook) -> Iterator[Issue]:
    """kpt_shape is what the rows have, flip_idx a permutation of the key points, and each visibility 0, 1 or 2."""
    said, rows, tasks = yolo.said, yolo.rows, yolo.tasks
    yield from said.pose_faults
    declared, posed = said.keypoints, rows.posed
    if declared is not None and len(rows) and not posed.any():
        counts, times = np.unique(rows.tokens, return_counts=True)
        points, dims = declared
        words = f"kpt_shape [{points}, {dims}] asks for {5 + points * dims} words a row, and most rows have"
        line = said.lines.get("kpt_shape")
        message = f"{words} {counts[np.argmax(times)]}"
        yield Issue(message=message, file=said.name, line=line, place="kpt_shape")
    elif declared is None and not said.pose_faults and tasks.task == "pose":
        shape = "" if tasks.keypoints is None else f", and rows have {tasks.keypoints[0]} key points with a visibility"
        yield Issue(message=f"there is no kpt_shape{shape}", file=said.name, place="kpt_shape")
    for row in np.flatnonzero((rows.mark_at >= 0) & (tasks.kind == POSE)).tolist():
        if row not in rows.words:
            at = int(rows.mark_at[row])
            yield yolo.of_row(row, f"the visibility is {rows.mark[row]:g}, not 0, 1 or 2", at)
