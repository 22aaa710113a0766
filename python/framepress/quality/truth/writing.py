"""The truth rules as a check of `DatasetWriter`: of every nth frame, and of that one with its neighbour."""

from __future__ import annotations

from dataclasses import dataclass

from framepress.core import Frame
from framepress.dataset.checks import Tell
from framepress.errors import InputError, OptionError
from framepress.quality.issue import ERROR, NOTE, Finding, Issue
from framepress.quality.rule import Rule, rules_in
from framepress.quality.truth import neighbours, rules
from framepress.quality.truth.trace import Trace, trace_of

__all__ = ["TruthCheck"]

_UNREADABLE = "FILE-002"


@dataclass(frozen=True, slots=True)
class _Seen:
    index: int
    checked: bool
    findings: list[Finding]
    trace: Trace | None


class TruthCheck:
    """A `dataset.checks.Check`. Which frames: a function of their index, so that no thread or restart matters.

    Rules that only tell what is worth knowing do not run: objects are left out of a run on purpose.

    Args:
        every: 1 checks all frames.

    Raises:
        OptionError: below 1.
    """

    def __init__(self, every: int = 1) -> None:
        if every < 1:
            raise OptionError(f"check_every={every}: must be at least 1")
        self._every = every
        self._of_frame = [rule for rule in rules_in(rules) if rule.severity != NOTE]
        self._of_pair = [rule for rule in rules_in(neighbours) if rule.severity != NOTE]
        self._before: _Seen | None = None

    def __call__(self, frame: Frame) -> Tell:
        checked = frame.index % self._every == 0
        next_is = (frame.index + 1) % self._every == 0
        seen = _Seen(frame.index, checked, [], None)
        if checked or next_is:
            try:
                found = [finding for rule in self._of_frame for finding in _found(rule, frame)] if checked else []
                seen = _Seen(frame.index, checked, found, trace_of(frame))
            except (
                InputError
            ) as error:  # a channel that no format needs cannot be read: the frame is written all the same
                issue = Issue(message=str(error), frame=frame.id)
                seen = _Seen(frame.index, checked, [Finding(_UNREADABLE, ERROR, issue)], None)
        return lambda: self._told(seen)

    def _told(self, seen: _Seen) -> list[Finding]:
        """In the order of frames, one at a time."""
        before, self._before = self._before, seen
        if before is None or not seen.checked or before.trace is None or seen.trace is None:
            return seen.findings
        if before.trace.sequence != seen.trace.sequence or before.index >= seen.index:
            return seen.findings
        return [*seen.findings, *(found for rule in self._of_pair for found in _found(rule, before.trace, seen.trace))]


def _found(rule: Rule, *subject: Frame | Trace) -> list[Finding]:
    return [Finding(rule.code, rule.severity, issue) for issue in rule(*subject)]
