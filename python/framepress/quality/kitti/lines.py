"""Rules for the text of label lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = [
    "dont_care_lines_come_last",
    "label_files_have_no_blank_line",
    "lines_have_15_fields",
    "occluded_is_a_whole_number",
    "truncated_and_occluded_are_in_range",
    "types_have_no_blank_and_no_quote",
]


def _told(kitti: KittiLook, code: str) -> Iterator[Issue]:
    for sample, fault in kitti.faults:
        if fault.code == code:
            yield kitti.of_sample(
                sample, fault.message, file=kitti.label_file(sample), line=fault.line, place=fault.field
            )


@rule(
    "KITTI-001",
    FILE,
    ERROR,
    stage="format",
    format="kitti",
    breaks="torchvision and mmdetection3d: ValueError or IndexError; NaN is read and trained on",
    remedy="write 15 fields (16 with a score), one blank between two, numbers in plain decimals",
)
def lines_have_15_fields(kitti: KittiLook) -> Iterator[Issue]:
    """A label line has 15 fields, or 16 with a score, one blank between two, and finite decimal numbers after the type.

    Not a number here: nan, inf, what no 32-bit float can hold, and what only Python reads, such as 1_0.
    """
    yield from _told(kitti, "KITTI-001")


@rule(
    "KITTI-002",
    FILE,
    ERROR,
    stage="format",
    format="kitti",
    breaks="torchvision and mmdetection3d: IndexError",
    remedy="delete the line; an image without objects has an empty file",
)
def label_files_have_no_blank_line(kitti: KittiLook) -> Iterator[Issue]:
    """A label file has no blank line; the last line ends with a line break and nothing comes after it."""
    yield from _told(kitti, "KITTI-002")


@rule(
    "KITTI-003",
    FILE,
    ERROR,
    stage="format",
    format="kitti",
    breaks="torchvision, Datumaro and mmdetection3d: ValueError, invalid literal for int()",
    remedy="write 0, 1, 2 or 3 without a decimal point",
)
def occluded_is_a_whole_number(kitti: KittiLook) -> Iterator[Issue]:
    """The third field, occluded, is written as a whole number: 0, not 0.0."""
    yield from _told(kitti, "KITTI-003")


@rule(
    "KITTI-004",
    FILE,
    ERROR,
    stage="format",
    format="kitti",
    breaks="torchvision and mmdetection3d: ValueError, or another class",
    remedy="rename the class: an underscore in place of a blank, no quotes",
)
def types_have_no_blank_and_no_quote(kitti: KittiLook) -> Iterator[Issue]:
    """A type is one word without blanks, quotes and control characters.

    torchvision reads label files as CSV, where a quote swallows blanks and line ends up to the next one.
    """
    yield from _told(kitti, "KITTI-004")


@rule(
    "KITTI-010",
    FILE,
    ERROR,
    stage="annotation",
    format="kitti",
    breaks="evaluators sort by difficulty: an object out of range is in no class of it, and is ignored",
    remedy="write truncated as a part from 0 to 1, occluded as 0, 1, 2 or 3; -1 where a DontCare or unknown",
)
def truncated_and_occluded_are_in_range(kitti: KittiLook) -> Iterator[Issue]:
    """Truncated is 0 to 1, or -1 for unknown; occluded is -1, 0, 1, 2 or 3."""
    truncated, occluded = kitti.lines.truncated, kitti.lines.occluded
    cut = ~((truncated >= 0) & (truncated <= 1)) & (truncated != -1) & np.isfinite(truncated)
    hidden = ~np.isin(occluded, (-1, 0, 1, 2, 3)) & np.isfinite(occluded)
    for row in np.flatnonzero(cut | hidden).tolist():
        if cut[row]:
            percent = " (percent?)" if 1 < truncated[row] <= 100 else ""
            yield kitti.issue(row, f"truncated is {truncated[row]:.6g}{percent}, not from 0 to 1, nor -1", "truncated")
        if hidden[row]:
            yield kitti.issue(row, f"occluded is {occluded[row]:.6g}, not -1, 0, 1, 2 or 3", "occluded")


@rule(
    "KITTI-015",
    FILE,
    WARNING,
    stage="annotation",
    format="kitti",
    breaks="mmdetection3d numbers the objects first and pads with -1 at the end: indices shift",
    remedy="move the DontCare lines to the end of the file",
)
def dont_care_lines_come_last(kitti: KittiLook) -> Iterator[Issue]:
    """In a label file, DontCare lines come after all objects."""
    lines = kitti.lines
    if not lines.ignored.any():
        return
    last = np.full(len(kitti.samples.stem), -1)
    objects = np.flatnonzero(~lines.ignored)
    np.maximum.at(last, lines.sample[objects], lines.line[objects])
    before = lines.ignored & (lines.line < last[lines.sample])
    for row in np.flatnonzero(before).tolist():
        follower = int(last[lines.sample[row]])
        yield kitti.issue(row, f"DontCare stands before the object in line {follower}", "type")
