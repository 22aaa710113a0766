"""What all truth rules find in frames, neighbours among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from framepress.core import Frame
from framepress.quality.issue import Issue
from framepress.quality.rule import rules_in
from framepress.quality.truth import neighbours, rules

__all__ = ["OF_FRAME", "OF_PAIR", "found_in"]

OF_FRAME, OF_PAIR = rules_in(rules), rules_in(neighbours)


def found_in(frames: Sequence[Frame]) -> list[tuple[str, Issue]]:
    found = [(rule.code, issue) for frame in frames for rule in OF_FRAME for issue in rule(frame)]
    for before, after in pairwise(frames):
        if before.sequence == after.sequence:
            found += [(rule.code, issue) for rule in OF_PAIR for issue in rule(before, after)]
    return found
