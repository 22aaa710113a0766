"""Run-length masks by the thousand: what each one's text says, measured without painting a pixel.

`ops.runs` refuses a text that is none; here each mask gets a verdict, and the others are measured all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array

__all__ = ["NEGATIVE", "NOT_TEXT", "SOUND", "Measured", "measured_counts", "measured_texts"]

SOUND, NOT_TEXT, NEGATIVE = 0, 1, 2
"""Verdicts: fine so far; characters or lengths that the form does not have; a run of less than no pixels."""

_AT_ONCE = 1 << 16  # characters: what is made of them fits into a processor's cache
_MOST = np.iinfo(np.int32).max
_LONGEST = 6  # groups of 5 bits: 30 bits with the sign hold every run that `ops.rle` admits


@dataclass(frozen=True, eq=False)
class Measured:
    """A row a mask.

    Args:
        verdict: int8; the other columns hold 0 (box: NaN) where it is not `SOUND`.
        total: int64: what all runs add up to [px].
        area: int64 [px].
        box: float64 (N, 4): x0 y0 x1 y1 [px, edges], NaN where the mask is empty.
    """

    verdict: Array
    total: Array
    area: Array
    box: Array


def measured_texts(text: bytes, lengths: Array, height: Array) -> Measured:
    """Masks from COCO's texts (see `ops.runs` for the form), one after the other.

    Args:
        lengths: int64 (N,): of each mask's text.
        height: int64 (N,): as each mask states it.
    """
    characters = np.frombuffer(text, np.uint8) - np.uint8(48)
    sound = _sound(characters, lengths)
    rows = np.flatnonzero(sound)
    if rows.size < lengths.size:
        characters = characters[np.repeat(sound, lengths)]
    count, height = lengths[rows], height[rows]
    stop = np.cumsum(count)
    found, row = [], 0
    while row < rows.size:
        begin = int(stop[row] - count[row])
        end = max(row + 1, int(np.searchsorted(stop, begin + _AT_ONCE, side="right")))
        numbers, many = _numbers(characters[begin : stop[end - 1]], count[row:end])
        found.append(_measured(*_undone(numbers, many), height[row:end]))
        row = end
    return _spread(found, rows, lengths.size)


def measured_counts(lists: list[list[int]], height: Array) -> Measured:
    """Masks from plain counts."""
    most = 1 << 30
    kept = [row for row, counts in enumerate(lists) if counts and max(counts) < most and min(counts) > -most]
    if not kept:
        return _spread([], np.zeros(0, np.int64), len(lists))
    count = np.array([len(lists[row]) for row in kept])
    numbers = np.concatenate([np.array(lists[row], np.int32) for row in kept])
    pairs, first = _paired(numbers, count)
    rows = np.array(kept)
    return _spread([_measured(pairs, first, height[rows])], rows, len(lists))


def _sound(characters: Array, lengths: Array) -> Array:
    """Whether each text has the alphabet alone, ends a number with its last character, and has none too long."""
    stop = np.cumsum(lengths)
    sound = lengths > 0
    sound[sound] = characters[stop[sound] - 1] < 32
    bad = characters > 63
    more = characters >= 32  # bit 5: the number goes on
    two = more[1:] & more[:-1]
    four = two[2:] & two[:-2]
    bad[: max(0, four.size - 2)] |= four[2:] & four[:-2]
    if bad.any():
        sound[np.searchsorted(stop, np.flatnonzero(bad), side="right")] = False
    return sound


def _numbers(characters: Array, lengths: Array) -> tuple[Array, Array]:
    """The written numbers of all texts, int32, and how many each one has."""
    going_on = characters >= 32
    ends = np.flatnonzero(~going_on)
    # `take` is twice as fast as brackets here.
    pairs = characters.take(ends - 1, mode="wrap").astype(np.uint16)  # before the first is another end, the last one
    pairs <<= 6
    pairs |= characters.take(ends)
    numbers: Array = _LAST_TWO.take(pairs)
    count = np.diff(np.searchsorted(ends, np.cumsum(lengths)), prepend=0)
    three = np.zeros_like(going_on)
    three[2:] = going_on[1:-1] & going_on[:-2]
    number = np.flatnonzero(three.take(ends))
    last = ends.take(number)
    back = 2
    while last.size:  # two groups back from the last one, three, ...
        numbers[number] = numbers.take(number) << 5 | (characters.take(last - back) & 31)
        back += 1
        further = np.flatnonzero((last >= back) & going_on.take(last - back, mode="wrap"))
        last, number = last.take(further), number.take(further)
    return numbers, count


def _last_two() -> Array:
    """Number by the last two groups' characters, the earlier one times 64; it counts where it goes on (bit 5)."""
    before, last = np.divmod(np.arange(1 << 12), 64)
    signed = ((last & 31) ^ 16) - 16
    return np.where(before >= 32, signed << 5 | (before & 31), signed).astype(np.int32)


_LAST_TWO = _last_two()


def _paired(numbers: Array, count: Array) -> tuple[Array, Array]:
    """(P, 2) int32: the numbers of each mask as zeros and ones, an odd last one with a 0; where each mask begins."""
    rows = (count + 1) // 2
    last = np.cumsum(rows)
    first = last - rows
    pairs = np.zeros((int(last[-1]), 2), np.int32)
    given = np.ones(pairs.size, np.bool_)
    given[2 * last[count % 2 == 1] - 1] = False
    pairs.reshape(-1)[given] = numbers
    return pairs, first


def _undone(numbers: Array, count: Array) -> tuple[Array, Array]:
    """The counts from the numbers, which from the fourth on are differences to the count two before."""
    pairs, first = _paired(numbers, count)
    head = pairs[first, 0].copy()
    pairs[first, 0] = 0  # the first count starts no chain: the third is written as it is
    counts = np.cumsum(pairs, axis=0, dtype=np.int32)  # may run over; differences within a mask do not
    before = np.zeros((first.size, 2), np.int32)
    before[1:] = counts[first[1:] - 1]
    counts -= np.repeat(before, np.diff(np.append(first, len(pairs))), axis=0)
    counts[first, 0] = head
    last = np.append(first[1:], len(pairs)) - 1
    counts[last[count % 2 == 1], 1] = 0
    return counts, first


def _measured(pairs: Array, first: Array, height: Array) -> Measured:
    zeros, ones = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    both = zeros + ones
    area = np.add.reduceat(ones, first, dtype=np.int64)
    total = np.add.reduceat(zeros, first, dtype=np.int64) + area
    verdict = np.full(first.size, SOUND, np.int8)
    negative = np.flatnonzero((zeros < 0) | (ones < 0))
    verdict[np.searchsorted(first, negative, side="right") - 1] = NEGATIVE
    box = np.full((first.size, 4), np.nan)
    rows = np.flatnonzero((verdict == SOUND) & (area > 0) & (total < _MOST) & (height > 0) & (height < _MOST))
    if rows.size:
        end = np.cumsum(both, dtype=np.int32)  # may run over; differences within a mask do not
        before = np.zeros(first.size, np.int32)
        before[1:] = end[first[1:] - 1]
        box[rows] = _boxes(ones, end, before, first, height.astype(np.int32), rows)
    return Measured(verdict, total, area, box)


def _boxes(ones: Array, end: Array, before: Array, first: Array, height: Array, rows: Array) -> Array:
    """Bounds of some masks, of which each has a pixel."""
    wanted = np.zeros(first.size, np.bool_)
    wanted[rows] = True
    runs = np.diff(np.append(first, ones.size))
    shows = ones > 0
    if rows.size < first.size:
        shows &= np.repeat(wanted, runs)
    count = np.add.reduceat(shows, first, dtype=np.int64)[rows]
    begin = np.cumsum(count) - count
    kept = np.flatnonzero(shows)
    length, side = ones.take(kept), np.repeat(height[rows], count)
    end = end.take(kept) - np.repeat(before[rows], count)
    start = end - length
    sides = height[rows]
    left, right = start[begin] // sides, (end[begin + count - 1] - 1) // sides + 1
    one = sides[0] if (sides == sides[0]).all() else side  # by one number, numpy divides several times as fast
    top = start - start // one * one
    bottom = top + length
    beyond = np.flatnonzero(bottom > side)  # the run goes on in the next column, and touches both rims
    top[beyond], bottom[beyond] = 0, side[beyond]
    return np.stack((left, np.minimum.reduceat(top, begin), right, np.maximum.reduceat(bottom, begin)), 1)


def _spread(found: list[Measured], rows: Array, count: int) -> Measured:
    """The rows measured among others that are `NOT_TEXT`."""
    spread = Measured(
        np.full(count, NOT_TEXT, np.int8),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.full((count, 4), np.nan),
    )
    if found:
        for column in ("verdict", "total", "area", "box"):
            getattr(spread, column)[rows] = np.concatenate([getattr(part, column) for part in found])
    return spread
