"""Which pictures are the same, and which nearly: in time and memory that grow with their number, not its square."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.images.gathered import Pictures

__all__ = ["groups_of_equals", "near_pairs"]

_NEIGHBOURS = 12
_SAMPLE = 4096  # rows at a time
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
    `levels` levels. Candidates are close neighbours in one of several sorted orders (Manku, Jain, Das Sarma, "Detecting
    near-duplicates for web crawling", WWW 2007; see `_orders`), so a pair may be missed in a crowd that is alike in all
    of them; what is returned is never wrong.
    """
    rows = _comparable(pictures)
    hashes, mean, thumbnails = pictures.difference_hash[rows], pictures.mean[rows], pictures.thumbnail[rows]
    found = []
    for place in _orders(hashes, mean, thumbnails):
        for step in range(1, min(_NEIGHBOURS + 1, len(rows))):
            one, other = place[:-step], place[step:]
            close = _distance(hashes[one], hashes[other]) <= distance
            close &= np.abs(mean[one] - mean[other]) <= levels
            found.append(_alike(one[close], other[close], thumbnails, levels))
    pairs = rows[np.concatenate(found)] if found else np.empty((0, 2), np.int64)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    same = (pictures.digest[pairs[:, 0]] == pictures.digest[pairs[:, 1]]).all(axis=1)
    different: Array = pairs[~same]
    return different


def _orders(hashes: Array, mean: Array, thumbnails: Array) -> Iterator[Array]:
    """Orders in which pictures that look alike come to stand together.

    By the hash, read from another of its bytes on each time, for two that differ in a few bits agree in others; and by
    where a picture stands out most from all, up and down, for that tells frames before one background apart.
    """
    for first in range(0, 64, 8):
        turned = hashes << np.uint64(first) | (hashes >> np.uint64(64 - first) if first else np.uint64(0))
        yield np.lexsort((mean, turned))
    if not len(hashes):
        return
    usual = np.median(thumbnails[:: 1 + len(thumbnails) // _SAMPLE], axis=0).astype(np.int16)
    up, down = np.empty(len(hashes), np.int64), np.empty(len(hashes), np.int64)
    for start in range(0, len(hashes), _SAMPLE):
        part = slice(start, start + _SAMPLE)
        unusual = thumbnails[part].astype(np.int16) - usual
        up[part], down[part] = unusual.argmax(axis=1), unusual.argmin(axis=1)
    cells = np.arange(len(hashes))
    for keys in ((up, down), (down, up)):
        yield np.lexsort((mean, thumbnails[cells, keys[0]], keys[1], keys[0]))
        yield np.lexsort((thumbnails[cells, keys[1]], thumbnails[cells, keys[0]], keys[0]))


def _alike(one: Array, other: Array, thumbnails: Array, levels: int) -> Array:
    """Those pairs whose thumbnails differ by so many levels at most; a part of them at a time, for memory."""
    kept = []
    for start in range(0, len(one), _SAMPLE):
        part = slice(start, start + _SAMPLE)
        first, second = thumbnails[one[part]], thumbnails[other[part]]
        apart = np.maximum(first, second) - np.minimum(first, second)
        alike = apart.max(axis=1) <= levels
        kept.append(np.stack((one[part][alike], other[part][alike]), axis=1))
    return np.concatenate(kept) if kept else np.empty((0, 2), np.int64)


def _distance(one: Array, other: Array) -> Array:
    """Bits that differ."""
    bits: Array = _BITS[np.ascontiguousarray(one ^ other).view(np.uint8).reshape(-1, 8)].sum(axis=1)
    return bits
