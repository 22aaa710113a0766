"""Deflate blocks of bytes that are nearly all zero, as an id map minus the row above is: the zeros are never visited.

Every byte that is not zero is one step of the array operations here, together with the zeros before it: a zero, then
that zero repeated (RFC 1951: a match of 3 to 258 bytes at distance 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.storage.images_huffman import HuffmanCode, HuffmanWriter

__all__ = ["Sparse", "nonzero_bytes"]

LONGEST = 258
LONGEST_SYMBOL = 285
_ADLER = 65521
SPARSE_SHARE = 16  # at most one byte in so many is not zero

# Length symbols of RFC 1951, 3.2.5: first length and number of extra bits from symbol 257 on.
_FIRST = np.array([*range(3, 11), *range(11, 19, 2), *range(19, 35, 4), *range(35, 67, 8), *range(67, 131, 16),
                   *range(131, 258, 32), LONGEST])  # fmt: skip
_EXTRA_BITS = np.array([0] * 8 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 4 + [0])
_SYMBOL = np.searchsorted(_FIRST, np.arange(LONGEST), side="right") - 1  # of a length 3 to 257, counted from 257


@dataclass(frozen=True, slots=True)
class Sparse:
    """`length` bytes that are zero but for `literals`, (n,) uint8, at the ascending places `at`, (n,) int64."""

    at: Array
    literals: Array
    length: int

    @property
    def pays(self) -> bool:
        """Whether the zeros are so many that skipping them beats a coder that sees every byte."""
        return len(self.at) * SPARSE_SHARE <= self.length

    def adler32(self, value: int = 1) -> int:
        """zlib's checksum of the bytes (RFC 1950, 8.2) from the literals alone; `value` is that of what came before."""
        low, high = value & 0xFFFF, value >> 16
        behind = (self.length - self.at) % _ADLER  # how often a byte is summed up
        steps = self.literals.astype(np.int64)
        high += self.length * low + int((behind * steps).sum())
        return (low + int(steps.sum())) % _ADLER | high % _ADLER << 16

    def block(self) -> bytes:
        """One deflate block, and the empty one that ends at a byte boundary."""
        return _block(self.at, self.literals, self.length)


def nonzero_bytes(block: Array) -> Array:
    """`np.flatnonzero` of (n,) uint8 or bool, eight bytes at a time where they are zero."""
    whole = len(block) // 8 * 8
    words = block[:whole].view(np.uint64)
    busy = np.flatnonzero(words != 0)
    inside = np.flatnonzero(words[busy].view(np.uint8) != 0)
    return np.concatenate([8 * busy[inside >> 3] + (inside & 7), whole + np.flatnonzero(block[whole:])])


def _block(at: Array, literals: Array, length: int) -> bytes:
    # The zeros before each literal, and those after the last one; of each gap the first zero stands for itself.
    gaps = np.diff(at, prepend=-1, append=length) - 1
    repeats = np.maximum(gaps - 1, 0)
    full, rest = np.divmod(repeats, LONGEST)
    code = _code(literals, gaps, int(full.sum()), rest)

    rest_code, rest_length = _rest_table(code)
    codes, lengths = code.codes.astype(np.uint64), code.lengths.astype(np.uint64)
    # One element a literal: the rest of the gap before it, itself, and the first zero of the gap behind it.
    joined, width = rest_code[rest], rest_length[rest]
    joined[:-1] |= codes[literals] << width[:-1]
    width[:-1] += lengths[literals]
    zero_follows = gaps[1:] > 0
    joined[:-1] |= np.where(zero_follows, codes[0] << width[:-1], np.uint64(0))
    width[:-1] += np.where(zero_follows, lengths[0], np.uint64(0))

    # Before it, as many of the longest matches as the gap needs; one more element at both ends for the writer.
    place = np.cumsum(full + 1)
    elements = np.full(int(place[-1]) + 2, codes[LONGEST_SYMBOL])
    widths = np.full(len(elements), lengths[LONGEST_SYMBOL] + np.uint64(1))
    elements[place], widths[place] = joined, width
    writer = HuffmanWriter(code)
    if gaps[0] > 0:
        writer.put_symbol(0)
    writer.write_codes(elements, widths)
    return writer.close()


def _code(literals: Array, gaps: Array, longest: int, rest: Array) -> HuffmanCode:
    counts = np.zeros(LONGEST_SYMBOL + 1, dtype=np.int64)
    counts[:256] = np.bincount(literals, minlength=256)
    rests = np.bincount(rest, minlength=LONGEST)
    counts[0] += np.count_nonzero(gaps) + rests[1] + 2 * rests[2]
    np.add.at(counts, 257 + _SYMBOL[3:], rests[3:])
    counts[LONGEST_SYMBOL] = longest
    return HuffmanCode(counts)


def _rest_table(code: HuffmanCode) -> tuple[Array, Array]:
    """(258,) uint64 code and length for that many zeros behind a zero: literals for less than a match can hold."""
    codes, lengths = code.codes.astype(np.uint64), code.lengths.astype(np.uint64)
    repeat = np.arange(LONGEST)
    extra = (repeat - _FIRST[_SYMBOL]).astype(np.uint64)
    joined = codes[257 + _SYMBOL] | extra << lengths[257 + _SYMBOL]
    width = lengths[257 + _SYMBOL] + _EXTRA_BITS[_SYMBOL].astype(np.uint64) + np.uint64(1)  # one bit for the distance
    joined[:3] = 0, codes[0], codes[0] | codes[0] << lengths[0]
    width[:3] = 0, lengths[0], 2 * lengths[0]
    return joined, width
