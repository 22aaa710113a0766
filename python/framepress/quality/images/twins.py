"""Which pictures are the same, and which nearly: in time and memory that grow with their number, not its square."""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.images.gathered import Pictures

__all__ = ["groups_of_equals", "near_pairs"]

_ORDERS = 8
_NEIGHBOURS = 12
_BLANK = 3.0  # standard deviation below which all pictures are alike, which other rules tell
_BITS = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)


def _comparable(pictures: Pictures) -> Array:
    """Rows of those with something to compare."""
    return np.flatnonzero(pictures.measured & (pictures.std >= _BLANK))


def groups_of_equals(pictures: Pictures) -> list[Array]:
    """Rows of pictures with equal pixels, each group in order, of two or more, by its first row."""
    rows = _comparable(pictures)
    digest = pictures.digest[rows]
    order = np.lexsort((rows, digest[:, 1], digest[:, 0]))
    digest = digest[order]
    starts = np.flatnonzero((digest[1:] != digest[:-1]).any(axis=1)) + 1
    groups = [group for group in np.split(rows[order], starts) if len(group) > 1]
    return sorted(groups, key=lambda group: int(group[0]))


def near_pairs(pictures: Pictures, distance: int, levels: int) -> Array:
    """Pairs of rows that look alike and are not equal: int64 (n, 2), the lower row first, each once, in order.

    Alike: their difference hashes differ in `distance` bits at most, and no cell of their thumbnails in more than
    `levels` levels. Candidates are neighbours in sorted orders of the hash, each order starting at another of its bytes
    (Manku, Jain, Das Sarma, "Detecting near-duplicates for web crawling", WWW 2007), among equals by mean level. In a
    crowd of hundreds that all look alike a pair can be missed; what is returned is never wrong.
    """
    rows = _comparable(pictures)
    hashes, mean, thumbnails = pictures.difference_hash[rows], pictures.mean[rows], pictures.thumbnail[rows]
    found = []
    for order in range(_ORDERS):
        turned = hashes << np.uint64(8 * order) | (hashes >> np.uint64(64 - 8 * order) if order else np.uint64(0))
        place = np.lexsort((mean, turned))
        for step in range(1, min(_NEIGHBOURS + 1, len(rows))):
            one, other = place[:-step], place[step:]
            close = _distance(hashes[one], hashes[other]) <= distance
            close &= np.abs(mean[one] - mean[other]) <= levels
            one, other = one[close], other[close]
            first, second = thumbnails[one], thumbnails[other]
            apart = np.where(first > second, first - second, second - first).max(axis=1, initial=0)
            found.append(np.stack((one, other), axis=1)[apart <= levels])
    pairs = rows[np.concatenate(found)] if found else np.empty((0, 2), np.int64)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    same = (pictures.digest[pairs[:, 0]] == pictures.digest[pairs[:, 1]]).all(axis=1)
    apart_pairs: Array = pairs[~same]
    return apart_pairs


def _distance(one: Array, other: Array) -> Array:
    """Bits that differ."""
    bits: Array = _BITS[np.ascontiguousarray(one ^ other).view(np.uint8).reshape(-1, 8)].sum(axis=1)
    return bits
