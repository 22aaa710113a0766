"""Row filters of PNG (W3C PNG, 9.2), applied to whole bands of rows, and the survey that tells noise from flat areas.

Paeth (type 4) predicts rendered pictures best: a fifth smaller than the mean of left and above (type 3) would give.
Up (type 2) is one subtraction, and all that id maps need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.storage import images_backend, images_kernels
from framepress.storage.images_sparse import Sparse, nonzero_bytes

__all__ = ["RowFilter", "Survey", "bands", "filter_up", "survey", "up_of_ids"]

BAND_BYTES = 1 << 17  # a band, its filtered copy and the coder's tables fit a core's second-level cache
SAMPLE_STEP = 16  # one row in so many is looked at before the choice
FLAT_SHARE = 0.15  # of a row's 8-byte words: from here on runs are worth more than a cheaper coder


def filter_up(rows: Array) -> Array:
    """All rows, (H, bytes) uint8, filter type 2: each row minus the one above, behind its type; flat."""
    filtered = np.empty((len(rows), 1 + rows.shape[1]), dtype=np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered.ravel()


def up_of_ids(ids: Array, stored: str) -> Sparse:
    """What `filter_up` makes of an id map (H, W) whose pixels are stored as the dtype `stored`, from the changes alone.

    An id that is the same as the one above gives zeros, which is nearly every one.
    """
    height, width = ids.shape
    changed = np.empty((height, width), dtype=bool)
    np.not_equal(ids[0], 0, out=changed[0])
    np.not_equal(ids[1:], ids[:-1], out=changed[1:])
    place = nonzero_bytes(changed.ravel())
    row, column = np.divmod(place, width)
    flat = ids.reshape(-1)
    above = np.where(row > 0, flat[np.maximum(place - width, 0)], 0)
    here, before = (np.ascontiguousarray(values, dtype=stored).view(np.uint8) for values in (flat[place], above))
    size = np.dtype(stored).itemsize
    line = 1 + width * size
    at = ((row * line + 1 + column * size)[:, None] + np.arange(size)).ravel()
    literals = here - before
    busy = literals != 0
    at, literals = at[busy], literals[busy]
    starts = np.arange(height) * line
    among = np.searchsorted(at, starts)
    return Sparse(np.insert(at, among, starts), np.insert(literals, among, np.uint8(2)), height * line)


class RowFilter:
    """Paeth's filter for rows (H, bytes) uint8, a band at a time; each call overwrites what the last one returned."""

    def __init__(self, rows: Array, pixel_bytes: int) -> None:
        self._rows = rows
        self._pixel_bytes = pixel_bytes
        self._kernels = images_backend.kernels()
        height = min(band_height(rows), len(rows))
        self._filtered = np.empty((height, 1 + rows.shape[1]), dtype=np.uint8)
        self._scratch = images_kernels.paeth_scratch(height, rows.shape[1])

    def paeth(self, first: int, stop: int) -> Array:
        """Rows `first` to `stop`, filter type 4: each row minus Paeth's prediction, behind its type; flat."""
        filtered = self._filtered[: stop - first]
        filtered[:, 0] = 4
        here, above = self._rows[first:stop], self._above(first, stop)
        self._kernels.subtract_paeth(here, above, self._pixel_bytes, filtered, self._scratch)
        return filtered.ravel()

    def _above(self, first: int, stop: int) -> Array:
        if first:
            return self._rows[first - 1 : stop - 1]
        return np.concatenate([np.zeros_like(self._rows[:1]), self._rows[: stop - 1]])  # black above the picture


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
    """Look at one row in 16, (H, bytes) uint8; a picture of eight rows or less counts as flat."""
    sample = np.arange(SAMPLE_STEP // 2, len(rows), SAMPLE_STEP)
    filtered = np.empty((len(sample), 1 + rows.shape[1]), dtype=np.uint8)
    scratch = images_kernels.paeth_scratch(*filtered.shape)
    images_backend.kernels().subtract_paeth(rows[sample], rows[sample - 1], pixel_bytes, filtered, scratch)
    residual = filtered[:, 1:]
    words = residual[:, : rows.shape[1] // 8 * 8].view(np.uint64)
    noisy = np.count_nonzero(words, axis=1) > (1 - FLAT_SHARE) * words.shape[1]
    return Survey(sample, residual, noisy)


def band_height(rows: Array) -> int:
    return max(1, BAND_BYTES // (1 + int(rows.shape[1])))


def bands(rows: Array) -> Iterator[tuple[int, int]]:
    """First and stop row of bands of about `BAND_BYTES`."""
    height = band_height(rows)
    for first in range(0, len(rows), height):
        yield first, min(first + height, len(rows))
