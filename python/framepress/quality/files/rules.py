"""Rules for the files of every format, by subject.

GEN-002, GEN-007, GEN-008 and GEN-009 are rules of images and of whole datasets, GEN-011 is one of the native format.
GEN-012, equal input gives equal bytes, cannot be seen in the bytes themselves: the tests of the writers hold it.
"""

from __future__ import annotations

from collections.abc import Iterator

from framepress.core import Frame
from framepress.quality.files.names import (
    classes_are_a_fixed_list,
    frames_without_objects_are_present,
    names_are_plain_and_unique,
    objects_are_larger_than_a_pixel,
)
from framepress.quality.files.recorded import (
    contents_are_as_recorded,
    files_are_as_recorded,
    writing_has_come_to_its_end,
)
from framepress.quality.files.whole import files_hold_what_they_are, nothing_leads_out
from framepress.quality.issue import ERROR, Issue
from framepress.quality.look import Look
from framepress.quality.rule import FILE, FRAME, rule

__all__ = [
    "channels_can_be_decoded",
    "classes_are_a_fixed_list",
    "contents_are_as_recorded",
    "files_are_as_recorded",
    "files_can_be_read",
    "files_hold_what_they_are",
    "frames_without_objects_are_present",
    "names_are_plain_and_unique",
    "nothing_leads_out",
    "objects_are_larger_than_a_pixel",
    "writing_has_come_to_its_end",
]


@rule(
    "FILE-001",
    FILE,
    ERROR,
    stage="integrity",
    breaks="every reader",
    remedy="copy the file again, or write the dataset again",
)
def files_can_be_read(look: Look) -> Iterator[Issue]:
    """Every file of the dataset can be read, and is of the kind that its name says."""
    yield from look.unread


@rule(
    "FILE-002",
    FRAME,
    ERROR,
    stage="integrity",
    breaks="every reader",
    remedy="copy the file again, or render the frame again",
)
def channels_can_be_decoded(frame: Frame) -> Iterator[Issue]:
    """Every channel of a frame can be decoded, and has the camera's size.

    Found while other rules look at the channels; this rule itself opens none that nobody compares.
    """
    yield from ()
