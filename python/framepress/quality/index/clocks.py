"""Each sequence's clock, and the table that shows it frame by frame.

A sequence's frames are taken in the order of their `index`, or of the dataset where it is not known or there twice (as
after a merge of runs). The period is the median of the positive differences of neighbouring times. A sequence has a
rate where the median absolute deviation of those differences is at most a quarter of the period. Its clock runs where
at most half of the differences are 0: Replicator captures while the timeline stands still too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import NO_TIME, Columns

__all__ = ["Clock", "TIME_FIELDS", "TimeRow", "clocks", "numbers_missing", "time_rows"]

_RATE = 0.25
"""Of a period: what a step may be off by and still be of a steady rate."""
_MOST = 1 << 40
"""Missing frames at one step: a broken clock cannot make a sum overflow."""
TIME_FIELDS = ("sequence", "frame", "time_ns", "dt_ns", "expected_ns", "status")


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One frame on its sequence's clock; the fields are those of `TIME_FIELDS`.

    Args:
        time_ns: None where it is not known.
        dt_ns: since the frame before of which the time is known; None for the first.
        expected_ns: the sequence's period; None where it has no rate.
        status: "first", "ok", "gap:3" (three frames are missing before this one), "late" or "early" (off by a quarter
            of the period), "duplicate", "backwards", "unknown", or "irregular" where the sequence has no rate.
    """

    sequence: str
    frame: str
    time_ns: int | None
    dt_ns: int | None
    expected_ns: int | None
    status: str


@dataclass(frozen=True)
class Clock:
    """A sequence's frames with known times.

    Args:
        rows: int64 (N,), of `frames`, in the order of the sequence; all of them, also those without a time.
        timed: int64 (M,), positions in `rows`; steps: int64 (M - 1,) [ns].
        since: int64 (2, M - 1) [ns], from the latest time before, and from the one before that; passed: frames since
            then, 1 and 2 where all times are known and rise.
        period: [ns]; None without a rate. deviation: the median one from the period [ns].
        number: of the sequence.
    """

    number: int
    rows: Array
    timed: Array
    steps: Array
    since: Array
    passed: Array
    period: float | None
    deviation: float

    @property
    def runs(self) -> bool:
        return 2 * int(np.count_nonzero(self.steps)) > self.steps.size

    def missing(self) -> Array:
        """int64 (M - 1,): frames that are missing at each step; none for one wrong time among right ones."""
        if self.period is None:
            return np.zeros(self.steps.size, np.int64)
        periods = np.minimum(np.round(self.since / self.period), _MOST)
        return np.asarray(np.maximum((periods - self.passed).min(0), 0).astype(np.int64))

    def off(self) -> Array:
        """float64 (M - 1,) [ns]: what each step is longer than it should be, missing frames left out."""
        if self.period is None:
            return np.zeros(self.steps.size)
        return np.asarray(self.since[0] - self.period * (self.missing() + self.passed[0]))


def clocks(columns: Columns) -> Iterator[Clock]:
    """One a sequence that has frames, by number."""
    frames = columns.frames
    sequence, index, time = frames["sequence"], np.asarray(frames["index"]), frames["time_ns"]
    order = np.argsort(sequence, kind="stable")
    ends = np.searchsorted(sequence[order], np.arange(len(columns.sequences)), side="right")
    start = 0
    for number, end in enumerate(ends.tolist()):
        rows, start = order[start:end], end
        if rows.size:
            by_index = np.argsort(index[rows], kind="stable")
            if (np.diff(index[rows][by_index]) != 0).all():
                rows = rows[by_index]
            timed = np.flatnonzero(time[rows] != NO_TIME)
            times = np.asarray(time[rows[timed]])
            yield Clock(number, rows, timed, np.diff(times), *_since_latest(times, timed), *_rated(np.diff(times)))


def _since_latest(times: Array, places: Array) -> tuple[Array, Array]:
    if times.size < 2:
        return np.empty((2, 0), np.int64), np.empty((2, 0), np.int64)
    latest = np.maximum.accumulate(times)
    new = np.append(True, latest[1:] > latest[:-1])
    at = np.maximum.accumulate(np.where(new, np.arange(times.size), 0))[:-1]
    before = np.stack((at, np.where(at > 0, at[at - 1], at)))
    return times[1:] - times[before], places[1:] - places[before]


def _rated(steps: Array) -> tuple[float | None, float]:
    forward = steps[steps > 0]
    if forward.size < 2:
        return None, 0.0
    period = float(np.median(forward))
    deviation = float(np.median(np.abs(forward - period)))
    return period if deviation <= _RATE * period else None, deviation


def numbers_missing(index: Array, *, most_share: float = 0.05, least_steps: int = 20) -> Array:
    """int64 (N - 1,): frame numbers that are missing at each step of a sequence, in its order.

    None where the numbers are not known, do not rise, or where there are fewer steps than `least_steps`; where more
    than `most_share` of the steps are longer than the usual (median) one, the frames were chosen, and none is missing.
    """
    steps = np.diff(index)
    nothing = np.zeros(steps.size, np.int64)
    if steps.size < least_steps or index[0] < 0:
        return nothing
    usual = int(np.median(steps))
    if not 1 <= usual < _MOST or np.count_nonzero(steps > usual) > most_share * steps.size:
        return nothing
    return np.asarray(np.clip(-(-steps // usual) - 1, 0, _MOST))


def time_rows(columns: Columns) -> Iterator[TimeRow]:
    """Every frame on its sequence's clock, by sequence and in the order of it."""
    names, times = columns.frames.texts("id"), columns.frames["time_ns"]
    for clock in clocks(columns):
        sequence = columns.sequences[clock.number]
        status, missing = _statuses(clock), clock.missing().tolist()
        expected = None if clock.period is None else round(clock.period)
        at = dict(zip(clock.timed.tolist(), range(clock.timed.size), strict=True))
        for place, row in enumerate(clock.rows.tolist()):
            known = at.get(place)
            if known is None:
                yield TimeRow(sequence, names[row], None, None, expected, "unknown")
            elif known == 0:
                yield TimeRow(sequence, names[row], int(times[row]), None, expected, "first")
            else:
                told = status[known - 1]
                told = f"gap:{missing[known - 1]}" if told == "gap" else told
                yield TimeRow(sequence, names[row], int(times[row]), int(clock.steps[known - 1]), expected, told)


def _statuses(clock: Clock) -> list[str]:
    steps = clock.steps
    if clock.period is None:
        return [str(told) for told in np.select([steps < 0, steps == 0], ["backwards", "duplicate"], "irregular")]
    off = clock.off()
    cases = [steps < 0, steps == 0, clock.missing() > 0, off > _RATE * clock.period, off < -_RATE * clock.period]
    return [str(told) for told in np.select(cases, ["backwards", "duplicate", "gap", "late", "early"], "ok")]
