"""Rules for the files of every format."""

from __future__ import annotations

from collections.abc import Iterator

from framepress.core import Frame
from framepress.quality.issue import ERROR, Issue
from framepress.quality.look import Look
from framepress.quality.rule import FILE, FRAME, rule


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
