"""Rules for key points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.coco.table import NO_ID, CocoFile, CocoLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["keypoints_are_triples", "skeletons_count_from_1"]


@rule(
    "COCO-017",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval with key points: KeyError without num_keypoints, another OKS for points that are none",
    remedy="write x, y, v for each point of the category, 0, 0, 0 where it is not labelled, and count those of v > 0",
)
def keypoints_are_triples(coco: CocoLook) -> Iterator[Issue]:
    """Key points are x, y, v for each of the category's points, with v 0, 1 or 2; num_keypoints counts those above 0.

    A point that is not labelled (v 0) lies at 0, 0.
    """
    for file in coco.files:
        for field in ("keypoints", "num_keypoints"):
            for row, words in file.told(f"annotations.{field}"):
                yield file.issue(row, f"{field} {words}", field)
        for row, words in file.wrong_points:
            yield file.issue(row, words, "keypoints")
        yield from _counts(file)


def _counts(file: CocoFile) -> Iterator[Issue]:
    said = file.annotations
    named = np.append(file.categories.points, 0)[said.category]  # the 0 is for -1, no category
    has = said.points >= 0
    ragged = has & (said.points % 3 != 0)
    other = has & ~ragged & (named > 0) & (said.points != 3 * named)
    missing = np.zeros_like(has)
    if file.task == "person_keypoints":
        told = [row for row, _ in (*file.odd.get("annotations.keypoints", ()), *file.odd.get("annotations", ()))]
        missing = ~has
        missing[told] = False
    miscounted = has & ~ragged & (said.num_keypoints != NO_ID) & (said.num_keypoints != said.labelled)
    told = [row for row, _ in file.odd.get("annotations.num_keypoints", ())]
    uncounted = has & (said.num_keypoints == NO_ID)
    uncounted[told] = miscounted[told] = False
    for row in np.flatnonzero(ragged | other | missing | miscounted | uncounted).tolist():
        if missing[row]:
            yield file.issue(row, "keypoints is missing", "keypoints")
        elif ragged[row]:
            yield file.issue(row, f"keypoints holds {said.points[row]} numbers, no x, y, v for each", "keypoints")
        elif other[row]:
            words = f"keypoints holds {said.points[row] // 3} points, the category names {named[row]}"
            yield file.issue(row, words, "keypoints")
        elif uncounted[row]:
            yield file.issue(row, "num_keypoints is missing", "num_keypoints")
        else:
            words = f"num_keypoints is {said.num_keypoints[row]}, {said.labelled[row]} points have v above 0"
            yield file.issue(row, words, "num_keypoints")


@rule(
    "COCO-018",
    FILE,
    WARNING,
    stage="format",
    format="coco",
    breaks="whatever draws the skeleton joins the wrong points",
    remedy="count the points of a skeleton from 1",
)
def skeletons_count_from_1(coco: CocoLook) -> Iterator[Issue]:
    """A skeleton is a list of pairs of the category's points, counted from 1."""
    for file in coco.files:
        for row, (pairs, points) in enumerate(
            zip(file.categories.skeleton, file.categories.points.tolist(), strict=True)
        ):
            if pairs is None:
                yield file.of_category(row, "skeleton is no list of pairs of integers", "skeleton")
            elif points and (bad := [list(pair) for pair in pairs if not all(1 <= end <= points for end in pair)]):
                why = ": it counts from 0" if any(0 in pair for pair in bad) else ""
                yield file.of_category(row, f"skeleton joins {bad[0]}, points are 1 to {points}{why}", "skeleton")
