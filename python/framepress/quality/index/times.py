"""Rules for clocks, see `clocks`. A sequence without a rate (frames taken when something happens) has no gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import NO_TIME, Columns
from framepress.quality.index.clocks import TIME_FIELDS, Clock, TimeRow, clocks, numbers_missing, time_rows
from framepress.quality.issue import NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = [
    "TIME_FIELDS",
    "TimeRow",
    "cameras_keep_the_frame_s_time",
    "frames_are_in_order",
    "no_frame_number_is_missing",
    "steps_are_of_one_length",
    "time_rows",
    "times_have_no_gaps",
    "times_rise",
    "times_differ",
]

_LEAST_STEPS = 8


@rule(
    "TIM-001",
    INDEX,
    WARNING,
    stage="time",
    breaks="whatever sorts by time, or takes differences: MCAP players, tracking, optical flow, LeRobot",
    remedy="write the simulation's clock, and a sequence for each run of it",
)
def times_rise(columns: Columns) -> Iterator[Issue]:
    """Times rise with the frames of a sequence."""
    for clock in clocks(columns):
        yield from _told(columns, clock, clock.steps < 0, lambda step: f"goes back by {-step / 1e6:.6g} ms")


@rule(
    "TIM-002",
    INDEX,
    WARNING,
    stage="time",
    breaks="whatever divides by the difference of two times; the picture is often the same too",
    remedy="advance the simulation between two captures, or leave one of the frames out",
)
def times_differ(columns: Columns) -> Iterator[Issue]:
    """No two frames of a sequence have one time, if its clock runs."""
    for clock in (clock for clock in clocks(columns) if clock.runs):
        yield from _told(columns, clock, clock.steps == 0, lambda step: "is the time of the frame before too")


@rule(
    "TIM-003",
    INDEX,
    WARNING,
    stage="time",
    breaks="tracking, optical flow and robot learning: a longer step looks like a faster move",
    remedy="look for dropped frames in the ledger of the run, and render them again or split the sequence there",
)
def times_have_no_gaps(columns: Columns, *, least_steps: int = _LEAST_STEPS) -> Iterator[Issue]:
    """A sequence at a steady rate lacks no frame.

    A step of one and a half periods and more is a gap.

    Args:
        least_steps: a sequence with fewer is not judged.
    """
    for clock in clocks(columns):
        missing = clock.missing()
        if clock.period is None or clock.steps.size < least_steps:
            continue
        for at in np.flatnonzero(missing > 0).tolist():
            count = int(missing[at])
            message = (
                f"{count} frame{' is' if count == 1 else 's are'} missing before this one: it comes "
                f"{clock.steps[at] / 1e6:.6g} ms after the last, at a period of {clock.period / 1e6:.6g} ms"
            )
            yield _issue(columns, clock, at + 1, message)


@rule(
    "TIM-004",
    INDEX,
    NOTE,
    stage="time",
    breaks="what takes a rate for granted: video, LeRobot (fps), filters",
    remedy="capture at a multiple of the physics step; write the time of the simulation, not of the wall clock",
)
def steps_are_of_one_length(
    columns: Columns, *, most_jitter: float = 0.02, least_steps: int = _LEAST_STEPS
) -> Iterator[Issue]:
    """The frames of a sequence follow each other at one rate.

    Args:
        most_jitter: the median absolute deviation of the steps over their median; 1.4826 times that is the standard
            deviation where jitter is normal.
        least_steps: a sequence with fewer is not judged.
    """
    for clock in clocks(columns):
        forward = clock.steps[clock.steps > 0]
        if forward.size < least_steps:
            continue
        median = float(np.median(forward))
        if clock.deviation > most_jitter * median:
            name = columns.sequences[clock.number]
            message = (
                f"steps of sequence {name!r} differ from their median of {median / 1e6:.6g} ms by "
                f"{clock.deviation / 1e6:.6g} ms ({clock.deviation / median:.1%}) in the median"
            )
            yield Issue(message=message, place=name)


@rule(
    "TIM-005",
    INDEX,
    WARNING,
    stage="time",
    breaks="calibration and fusion: the cameras do not see the same instant",
    remedy="trigger the cameras by one clock, or correct the times by the line that is told",
)
def cameras_keep_the_frame_s_time(
    columns: Columns, *, most_drift: float = 0.0001, most_offset: float = 0.5, least_frames: int = _LEAST_STEPS
) -> Iterator[Issue]:
    """The clock of a camera runs as fast as the sequence's, and shows the same time.

    A line is fitted to a view's own time minus its frame's, over the frame's: Siegel's repeated medians on at most 201
    frames spread over the sequence, which half of the times may be wrong without moving.

    Args:
        most_drift: seconds a second.
        most_offset: frame periods (the median distance) that a camera may be late or early in the middle of a sequence.
        least_frames: a camera with fewer frames that have both times is not judged.
    """
    for number, camera, frame_ns, view_ns in _pairs(columns):
        if frame_ns.size < least_frames or np.ptp(frame_ns) == 0:
            continue
        order = np.argsort(frame_ns, kind="stable")
        slope, middle = _line((frame_ns - frame_ns.min())[order], (view_ns - frame_ns)[order])
        period = float(np.median(np.diff(frame_ns[order])))
        drifts, late = abs(slope) > most_drift, abs(middle) > most_offset * period
        if drifts or (late and period):
            name, sequence = columns.view_names[camera], columns.sequences[number]
            message = (
                f"camera {name!r} drifts by {slope * 1e6:.4g} µs a second in sequence {sequence!r}, and is "
                f"{abs(middle) / 1e6:.4g} ms {'late' if middle > 0 else 'early'} in the middle of it"
            )
            yield Issue(message=message, view=name, place=sequence)


def _pairs(columns: Columns) -> Iterator[tuple[int, int, Array, Array]]:
    """Sequence, camera, and for its views that have a time of their own and one of the frame: both [ns]."""
    frames, views = columns.frames, columns.views
    own, of_frame = views["time_ns"], frames["time_ns"][views["frame"]]
    rows = np.flatnonzero((own != NO_TIME) & (of_frame != NO_TIME))
    cameras = len(columns.view_names)
    keys = frames["sequence"][views["frame"][rows]].astype(np.int64) * cameras + views["name"][rows]
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    for key, part in zip(found.tolist(), np.split(rows[order], starts[1:]) if rows.size else [], strict=True):
        yield key // cameras, key % cameras, of_frame[part], own[part]


def _line(x: Array, y: Array) -> tuple[float, float]:
    """Slope, and height in the middle of x (sorted), of the line of repeated medians (Siegel 1982)."""
    some = np.unique(np.linspace(0, x.size - 1, min(x.size, 201)).round().astype(np.int64))
    x, y = x[some].astype(np.float64), y[some].astype(np.float64)
    dx, dy = x[None] - x[:, None], y[None] - y[:, None]
    slopes = np.divide(dy, dx, out=np.full(dx.shape, np.nan), where=dx != 0)
    per_point = np.array([np.median(row[np.isfinite(row)]) for row in slopes if np.isfinite(row).any()])
    slope = float(np.median(per_point))
    middle = (x[0] + x[-1]) / 2
    return slope, float(np.median(y - slope * (x - middle)))


@rule(
    "TIM-006",
    INDEX,
    WARNING,
    stage="time",
    breaks="tracking and video: neighbours are taken for neighbours in time",
    remedy="look for dropped frames in the ledger of the run; number the frames of a selection anew",
)
def no_frame_number_is_missing(columns: Columns, *, most_share: float = 0.05, least_steps: int = 20) -> Iterator[Issue]:
    """The numbers of a sequence's frames (`index`) have no holes.

    Args:
        most_share: of the steps that may be longer than the usual one and be told; where more are, the frames were
            chosen.
        least_steps: a sequence with fewer is not judged.
    """
    for clock in clocks(columns):
        numbers = columns.frames["index"][clock.rows]
        missing = numbers_missing(numbers, most_share=most_share, least_steps=least_steps)
        for at in np.flatnonzero(missing).tolist():
            frames = "1 frame is" if missing[at] == 1 else f"{missing[at]} frames are"
            message = f"{frames} missing between the numbers {numbers[at]} and {numbers[at + 1]}"
            row = int(clock.rows[at + 1])
            yield Issue(message=message, frame=columns.frames.texts("id")[row], place="index")


@rule(
    "TIM-007",
    INDEX,
    WARNING,
    stage="time",
    breaks="formats whose file names come from the number; whoever reads the sequence in file order",
    remedy="number the frames of a sequence as they follow each other, each once",
)
def frames_are_in_order(columns: Columns) -> Iterator[Issue]:
    """The numbers of a sequence's frames (`index`) rise in the order in which the dataset holds them."""
    frames = columns.frames
    order = np.argsort(frames["sequence"], kind="stable")
    index, sequence = frames["index"][order], frames["sequence"][order]
    wrong = (index[1:] <= index[:-1]) & (sequence[1:] == sequence[:-1]) & (index[1:] >= 0)
    for at in np.flatnonzero(wrong).tolist():
        before = frames.texts("id")[int(order[at])]
        message = f"number {index[at + 1]} comes after number {index[at]} of frame {before!r}"
        yield Issue(message=message, frame=frames.texts("id")[int(order[at + 1])], place="index")


def _told(columns: Columns, clock: Clock, wrong: Array, words: Callable[[int], str]) -> Iterator[Issue]:
    for at in np.flatnonzero(wrong).tolist():
        yield _issue(columns, clock, at + 1, f"its time {words(int(clock.steps[at]))}")


def _issue(columns: Columns, clock: Clock, timed: int, message: str) -> Issue:
    row = int(clock.rows[clock.timed[timed]])
    return Issue(message=message, frame=columns.frames.texts("id")[row], place="time_ns")
