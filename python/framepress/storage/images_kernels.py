"""The two inner loops of the PNG encoder in numpy: the reference, and what runs where numba is not installed.

Both work on one band of rows that fits a core's cache, and write into memory that the caller keeps from band to band:
asking the system for new pages each time would cost as much as the work. `images_kernels_numba` is the compiled twin;
it gives the same bytes and leaves `scratch` alone.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["CODE_BITS", "pack", "pack_scratch", "paeth_scratch", "place", "subtract_paeth"]

CODE_BITS = 27  # of an entry of the table in `pack`; the length is in the 5 bits above

_CODE_MASK = np.uint64((1 << CODE_BITS) - 1)


def paeth_scratch(rows: int, row_bytes: int) -> Array:
    return np.empty((6, rows, row_bytes), dtype=np.uint8)


def subtract_paeth(here: Array, above: Array, pixel_bytes: int, out: Array, scratch: Array) -> None:
    """`here` minus whichever of left, above and above-left is nearest to left + above - above-left (W3C PNG, 9.4).

    With `low` and `high` for the smaller and larger of left and above, and `near` for the third, moved in between them:
    the distances are high - near to `low`, near - low to `high`, and the difference of these two to `near`. So the
    nearest is `low` while 2 (high - near) <= near - low, `high` while 2 (near - low) <= high - near, and `near`
    between. All of this fits eight bits.

    Args:
        here, above: (n, bytes) uint8, contiguous.
        out: (n, 1 + bytes) uint8, contiguous; its first column, for the filter's type, is left alone.
        scratch: `paeth_scratch` of at least as many rows and bytes.
    """
    left, up, up_left = here[:, :-pixel_bytes], above[:, pixel_bytes:], above[:, :-pixel_bytes]
    low, high, near, to_low, to_high, mask = scratch[:, : here.shape[0], : left.shape[1]]
    np.minimum(left, up, out=low)
    np.maximum(left, up, out=high)
    np.maximum(up_left, low, out=near)
    np.minimum(near, high, out=near)
    np.subtract(high, near, out=to_low)
    np.subtract(near, low, out=to_high)
    # near ^ ((near ^ low) & mask) is low where the mask is 255; both masks at once mean low == near == high.
    for distance, other, value in ((to_low, to_high, low), (to_high, to_low, high)):
        np.right_shift(other, 1, out=mask)
        np.less_equal(distance, mask, out=mask.view(np.bool_))
        np.negative(mask, out=mask)
        value ^= near
        value &= mask
    near ^= low
    near ^= high
    np.subtract(here[:, pixel_bytes:], near, out=out[:, 1 + pixel_bytes :])
    np.subtract(here[:, :pixel_bytes], above[:, :pixel_bytes], out=out[:, 1 : 1 + pixel_bytes])


def pack_scratch(length: int) -> Array:
    return np.empty((5, length // 4 + 2), dtype=np.uint64)


def pack(pairs: Array, band: Array, bits: int, count: int, scratch: Array) -> tuple[Array, int, int]:
    """Codes of a band of bytes, one after the other, first bit lowest: the whole 64-bit words, and what is left.

    Each array operation does one step for the whole band: a table turns two bytes into one code, and neighbours are
    joined to codes of four bytes, which `place` puts in their places.

    Args:
        pairs: (65536,) uint32, for two bytes, first one lowest: their code (`CODE_BITS`, 26 at most) and its length.
        band: (n,) uint8, n a multiple of 4.
        bits, count: what was left before; `count` is below 64.
    """
    size = len(band) // 4
    index = scratch[:2].reshape(-1)[: 2 * size].view(np.intp)
    index[:] = band.view("<u2")
    twos = scratch[2].view(np.uint32)[: 2 * size]
    pairs.take(index, mode="clip", out=twos)

    _, _, _, code, length = scratch[:, : size + 2]
    _join(twos.view("<u8"), code[1:-1], length[1:-1], scratch[1, :size])
    return place(code, length, bits, count, scratch[:3, : size + 2])


def place(code: Array, length: Array, bits: int, count: int, spare: Array) -> tuple[Array, int, int]:
    """Codes one after the other, first bit lowest: the whole 64-bit words, and the bits that are left.

    A running sum of lengths says where each code lies, and a running sum of the shifted codes adds them up into words:
    their bits do not overlap, so that a sum is a union, and the difference of two running sums is one word, whatever
    overflowed before.

    Args:
        code, length: (n,) uint64, none longer than 63 bits; the first and the last one are for this function to fill,
            and all are overwritten.
        bits, count: what was left before; `count` is below 64.
        spare: (3, n) uint64.
    """
    # The first element is what was left, the last an empty one that says where the rest ends.
    code[0], length[0], code[-1], length[-1] = bits, count, 0, 0
    end, offset, word = spare
    np.cumsum(length, out=end)
    start = np.subtract(end, length, out=length)
    np.bitwise_and(start, np.uint64(63), out=offset)
    np.right_shift(start, np.uint64(6), out=word)
    # Elements that are the last to start in their word: there is one in every word, as no element fills a whole one.
    last = np.flatnonzero(word[1:] != word[:-1])
    beyond = (code[last] >> np.uint64(1)) >> (np.uint64(63) - offset[last])  # >> 64 is undefined, hence two steps
    total = int(end[-1])
    union = np.cumsum(np.left_shift(code, offset, out=code), out=end)

    words = union[last]
    left = union[-1:] - words[-1:] + beyond[-1:] if len(last) else union[-1:]
    words[1:] = np.diff(words) + beyond[:-1]
    return words, int(left[0]), total & 63


def _join(twos: Array, code: Array, length: Array, spare: Array) -> None:
    """Two entries of the pair table, first one in the low half, to one code of up to 52 bits, and its length."""
    first = np.right_shift(twos, np.uint64(CODE_BITS), out=length)
    first &= np.uint64(31)
    np.right_shift(twos, np.uint64(32), out=code)
    code &= _CODE_MASK
    np.left_shift(code, first, out=code)
    code |= np.bitwise_and(twos, _CODE_MASK, out=spare)
    first += np.right_shift(twos, np.uint64(32 + CODE_BITS), out=spare)
