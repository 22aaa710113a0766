"""Rules that compare the channels of a frame, and of neighbours, over a whole dataset; in threads, told in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

from framepress.core import Frame
from framepress.dataset.opening import Dataset
from framepress.errors import InputError, LabelError
from framepress.quality.findings import Findings
from framepress.quality.issue import ERROR, Issue, inside
from framepress.quality.profile import Chosen, Profile
from framepress.quality.rule import FRAME, SEQUENCE

__all__ = ["CHANNEL_UNREADABLE", "UNREADABLE", "check_frames", "rules_for_frames"]

UNREADABLE, CHANNEL_UNREADABLE = "FILE-001", "FILE-002"
_RUN = 8  # neighbouring frames for one thread: the first of them is decoded for its neighbour's sake once more
_Told = tuple[str, str, Issue]


def check_frames(
    dataset: Dataset,
    root: Path,
    profile: Profile,
    findings: Findings,
    frames: frozenset[str] | None,
    workers: int | None,
    on_progress: Callable[[str, int, int], None],
) -> None:
    """Run the frame and sequence rules over a dataset that has pixels to compare.

    Args:
        root: what the names in messages are relative to.
        frames: ids of those to look at; None: all. Of a sample, neighbours are compared where both are in it.
        workers: threads; None for one a core.
    """
    of_frame, of_pair = rules_for_frames(profile)
    count = workers or os.cpu_count() or 1
    told = _Teller(findings)
    with ThreadPoolExecutor(count, thread_name_prefix="framepress-rules") as pool:
        waiting: deque[Future[tuple[int, list[_Told]]]] = deque()
        for before, run in _runs(dataset, root, frames, findings):
            waiting.append(pool.submit(_checked, before, deque(run), of_frame, of_pair, root))
            if len(waiting) > count:
                told.take(*waiting.popleft().result())
                on_progress("frames", told.frames, 0)
        while waiting:
            told.take(*waiting.popleft().result())
            on_progress("frames", told.frames, 0)


def rules_for_frames(profile: Profile) -> tuple[list[Chosen], list[Chosen]]:
    """Those for one frame and those for neighbours, but for what a rule for the whole dataset finds as well."""
    codes = {chosen.rule.code for chosen in profile.chosen()}
    return profile.chosen(FRAME), [chosen for chosen in profile.chosen(SEQUENCE) if chosen.rule.instead not in codes]


class _Teller:
    """Bundle after bundle into the findings."""

    def __init__(self, findings: Findings) -> None:
        self.frames = 0
        self._findings = findings
        self._unreadable = ""

    def take(self, frames: int, found: list[_Told]) -> None:
        self.frames += frames
        for code, severity, issue in found:
            if code == CHANNEL_UNREADABLE:
                if issue.message == self._unreadable:
                    continue  # of the frame before this bundle, of which it has been told
                self._unreadable = issue.message
            self._findings.add(code, severity, [issue])


def _runs(
    dataset: Dataset, root: Path, frames: frozenset[str] | None, findings: Findings
) -> Iterator[tuple[Frame | None, list[Frame]]]:
    """Neighbouring frames in bundles, each with a twin of the last frame of the bundle before."""
    found = dataset.frames()
    last: Frame | None = None
    while True:
        try:
            run = list(islice((frame for frame in found if frames is None or frame.id in frames), _RUN))
        except (InputError, LabelError) as error:
            message = f"{inside(str(error), root)}; the frames after it were not looked at"
            findings.add(UNREADABLE, ERROR, [Issue(message=message)])
            return
        if not run:
            return
        yield None if last is None else _twin(last), run
        last = run[-1]


def _twin(frame: Frame) -> Frame:
    """The same frame with channels of its own, because one thread at a time works on a frame."""
    views = tuple(replace(view, channels=view.channels.replaced()) for view in frame.views)
    return frame.replaced(views=views)


def _checked(
    before: Frame | None, run: deque[Frame], of_frame: list[Chosen], of_pair: list[Chosen], root: Path
) -> tuple[int, list[_Told]]:
    told: list[_Told] = []
    count = len(run)
    while run:  # emptied as it goes, so that decoded channels are let go of
        frame = run.popleft()
        try:
            told += _of(of_frame, frame)
        except InputError as error:
            told.append((CHANNEL_UNREADABLE, ERROR, Issue(message=inside(str(error), root), frame=frame.id)))
            before = None
            continue
        if before is not None and before.sequence == frame.sequence:
            try:
                told += _of(of_pair, before, frame)
            except InputError as error:
                told.append((CHANNEL_UNREADABLE, ERROR, Issue(message=inside(str(error), root), frame=frame.id)))
        before = frame
    return count, told


def _of(rules: list[Chosen], *subject: Frame) -> list[_Told]:
    return [
        (chosen.rule.code, chosen.severity, issue)
        for chosen in rules
        for issue in chosen.rule(*subject, **chosen.thresholds)
    ]
