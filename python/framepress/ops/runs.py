"""COCO's run-length text, both directions, without a Python loop over characters.

Counts alternate zeros, ones, zeros, ...; from the fourth on, what is written is the difference to the count two before.
A number goes out as groups of 5 bits, low first, bit 5 set while more follow, 48 added to each; it ends where the rest
is only the sign (pycocotools `maskApi.c`, `rleToString`).
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["counts_of_text", "text_of_counts", "texts_of_counts"]

# 35 bits hold every count of an image that `ops.rle` admits; longer groups would overflow unseen.
LONGEST_GROUP = 7


def texts_of_counts(counts: Array, first: Array) -> tuple[bytes, Array]:
    """The texts of many masks, joined, and the (N + 1,) int64 offsets that part them.

    `counts` is int64, all masks' counts one after the other; mask n begins at `first[n]`. No mask is without counts.
    """
    numbers = counts.copy()
    numbers[2:] -= counts[:-2]
    for early in range(3):
        at = first + early
        at = at[at < counts.size]  # past a short mask's end lies another one's beginning, which is early as well
        numbers[at] = counts[at]

    folded = numbers ^ (numbers >> 63)
    groups = np.ones(numbers.size, np.int64)
    top = int(folded.max(initial=0))
    longest = 1
    while top >> (5 * longest - 1):
        groups += folded >= 1 << (5 * longest - 1)
        longest += 1

    end = np.cumsum(groups)
    at = end - groups
    text = np.empty(int(end[-1]) if end.size else 0, np.uint8)
    text[at] = (numbers & 31) + np.where(groups > 1, 80, 48)
    for k in range(1, longest):
        more = np.flatnonzero(groups > k)
        text[at[more] + k] = ((numbers[more] >> (5 * k)) & 31) + np.where(groups[more] > k + 1, 80, 48)
    return text.tobytes(), np.append(at[first], text.size)


def text_of_counts(counts: Array) -> str:
    """The text of one mask from its int64 counts."""
    return texts_of_counts(counts, np.zeros(min(1, counts.size), np.int64))[0].decode("ascii")


def counts_of_text(text: bytes) -> Array:
    """The int64 counts of one mask, as written: they may be negative or add up to anything.

    Raises:
        InputError: a character outside of the alphabet (0x30..0x6F), a number that never ends, or one above 35 bits.
    """
    characters = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    odd = np.flatnonzero((characters < 0) | (characters > 63))
    if odd.size:
        at = int(odd[0])
        raise InputError(f"character {chr(text[at])!r} at {at} is not run-length text ({_excerpt(text)})")
    if not characters.size:
        return np.zeros(0, np.int64)
    last = np.flatnonzero(characters < 32)
    if not last.size or last[-1] != characters.size - 1:
        raise InputError(f"run-length text ends within a number ({_excerpt(text)})")
    first = np.concatenate(([0], last[:-1] + 1))
    groups = last - first + 1
    if groups.max() > LONGEST_GROUP:
        raise InputError(f"run-length text holds a number of more than 35 bits ({_excerpt(text)})")

    place = np.arange(characters.size) - np.repeat(first, groups)
    numbers = np.add.reduceat((characters & 31) << (5 * place), first)
    negative = (characters[last] & 16) != 0
    numbers -= negative.astype(np.int64) << (5 * groups)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _excerpt(text: bytes) -> str:
    return repr(text[:40].decode("latin-1")) + ("…" if len(text) > 40 else "")
