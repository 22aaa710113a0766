"""Row filters of PNG (W3C PNG, 9.2), applied to whole bands of rows, and the survey that chooses between two of them.

"Average" (type 3) predicts noisy pictures best of the five; "Up" (type 2) turns flat areas and id maps into zeros and
costs one subtraction. Sub and Paeth gain nothing over these on either, and Paeth costs far more in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Survey", "bands", "filter_paeth", "filter_up", "survey"]

BAND_BYTES = 1 << 17  # a band, its filtered copy and the coder's tables fit a core's second-level cache
SAMPLE_STEP = 8  # one row in so many is looked at before the choice
FLAT_SHARE = 0.15  # of a row's 8-byte words: from here on runs are worth more than a cheaper coder


def filter_up(rows: Array, first: int, stop: int) -> Array:
    """Rows `first` to `stop`, filter type 2: each row minus the one above, behind its type; flat."""
    filtered = np.empty((stop - first, 1 + rows.shape[1]), dtype=np.uint8)
    filtered[:, 0] = 2
    body = filtered[:, 1:]
    if first == 0:
        body[0] = rows[0]
        np.subtract(rows[1:stop], rows[: stop - 1], out=body[1:])
    else:
        np.subtract(rows[first:stop], rows[first - 1 : stop - 1], out=body)
    return filtered.ravel()


def filter_paeth(rows: Array, first: int, stop: int, pixel_bytes: int) -> Array:
    """Rows `first` to `stop`, filter type 4: each row minus Paeth's prediction, behind its type; flat."""
    filtered = np.empty((stop - first, 1 + rows.shape[1]), dtype=np.uint8)
    filtered[:, 0] = 4
    if first == 0:
        above = np.concatenate([np.zeros_like(rows[:1]), rows[: stop - 1]])
    else:
        above = rows[first - 1 : stop - 1]
    _subtract_paeth(rows[first:stop], above, pixel_bytes, filtered[:, 1:])
    return filtered.ravel()


def _subtract_paeth(here: Array, above: Array, pixel_bytes: int, out: Array) -> None:
    """`here` minus whichever of left, above and above-left is nearest to left + above - above-left.

    With `low` and `high` for the smaller and larger of left and above, and c the third, moved in between them: the
    distances are high - c to `low`, c - low to `high`, and their difference to c. So the nearest is `low` while
    2 (high - c) <= c - low, `high` while 2 (c - low) <= high - c, and c between; all of it fits eight bits.
    """
    left, up, up_left = here[:, :-pixel_bytes], above[:, pixel_bytes:], above[:, :-pixel_bytes]
    low, high = np.minimum(left, up), np.maximum(left, up)
    nearest = np.maximum(up_left, low)
    np.minimum(nearest, high, out=nearest)
    to_low, to_high = high - nearest, nearest - low
    take_low = _mask(to_low <= to_high >> 1)
    take_high = _mask(to_high <= to_low >> 1)
    # Where c is the nearest both masks are 0; a ^ ((a ^ b) & mask) is b under the mask.
    take_low &= low ^ nearest
    take_high &= high ^ nearest
    nearest ^= take_low
    # (both masks at once need low == high, so that nothing is left to change)
    nearest ^= take_high
    np.subtract(here[:, pixel_bytes:], nearest, out=out[:, pixel_bytes:])
    np.subtract(here[:, :pixel_bytes], above[:, :pixel_bytes], out=out[:, :pixel_bytes])


def _mask(chosen: Array) -> Array:
    """255 where true, 0 elsewhere, in place."""
    bits = chosen.view(np.uint8)
    return np.negative(bits, out=bits)


@dataclass(frozen=True)
class Survey:
    """What a sample of the rows says about the picture."""

    rows: Array  # (n,) numbers of the sampled rows, ascending
    residual: Array  # (n, bytes) uint8, those rows behind filter 4
    noisy: Array  # (n,) bool: too few runs in it to be worth a search

    def is_noisy(self, first: int, stop: int) -> bool:
        """Whether most sampled rows from `first` to `stop` are noise (or the last one before, if none lies there)."""
        begin, end = np.searchsorted(self.rows, [first, stop]).tolist()
        votes = self.noisy[min(begin, max(end - 1, 0)) : end]
        return 2 * int(np.count_nonzero(votes)) > len(votes)

    def counts(self) -> Array:
        """How often each byte occurs in the noisy rows of the sample: (256,)."""
        return np.bincount(self.residual[self.noisy].ravel(), minlength=256)


def survey(rows: Array, pixel_bytes: int) -> Survey:
    """Look at one row in eight, (H, bytes) uint8; a picture of four rows or less counts as flat."""
    sample = np.arange(SAMPLE_STEP // 2, len(rows), SAMPLE_STEP)
    residual = np.empty((len(sample), rows.shape[1]), dtype=np.uint8)
    _subtract_paeth(rows[sample], rows[sample - 1], pixel_bytes, residual)
    words = residual[:, : rows.shape[1] // 8 * 8].view(np.uint64)
    noisy = np.count_nonzero(words, axis=1) > (1 - FLAT_SHARE) * words.shape[1]
    return Survey(sample, residual, noisy)


def bands(rows: Array) -> Iterator[tuple[int, int]]:
    """First and stop row of bands of about `BAND_BYTES`."""
    height = max(1, BAND_BYTES // (1 + rows.shape[1]))
    for first in range(0, len(rows), height):
        yield first, min(first + height, len(rows))
