"""The compiled twin of `images_kernels`: the same bytes from plain loops. Needs numba (extra "fast").

Compiled when this module is imported and kept in numba's cache. It runs without the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from framepress.core.arrays import Array
from framepress.storage.images_kernels import CODE_BITS

__all__ = ["pack", "subtract_paeth"]

Function = TypeVar("Function", bound=Callable[..., Any])


def subtract_paeth(here: Array, above: Array, pixel_bytes: int, out: Array, scratch: Array) -> None:
    """See `images_kernels.subtract_paeth`."""
    _subtract_paeth(here, above, pixel_bytes, out)


def pack(pairs: Array, band: Array, bits: int, count: int, scratch: Array) -> tuple[Array, int, int]:
    """See `images_kernels.pack`."""
    words, left, left_count = _pack(pairs, band, np.uint64(bits), count)
    return words, int(left), int(left_count)


def _compiled(signature: str) -> Callable[[Function], Function]:
    def compiled(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, nogil=True, cache=True)(function))
        except (RuntimeError, OSError):
            # No folder to cache in (RuntimeError), or a full one (OSError): compile for this process alone.
            return cast(Function, njit(signature, nogil=True)(function))

    return compiled


@_compiled("void(Array(uint8, 2, 'C', readonly=True), Array(uint8, 2, 'C', readonly=True), int64, uint8[:, ::1])")
def _subtract_paeth(here: Array, above: Array, step: int, out: Array) -> None:
    for y in range(len(here)):
        for x in range(step):
            out[y, 1 + x] = here[y, x] - above[y, x]
        value, left, up, up_left = here[y, step:], here[y, :-step], above[y, step:], above[y, :-step]
        result = out[y, 1 + step :]
        for x in range(len(result)):
            # 16 bits on purpose: numba would widen to 64, and a quarter as many bytes would go through at once.
            a, b, c = np.int16(left[x]), np.int16(up[x]), np.int16(up_left[x])
            past_left, past_up = np.int16(b - c), np.int16(a - c)
            to_left, to_up = np.int16(abs(past_left)), np.int16(abs(past_up))
            to_up_left = np.int16(abs(np.int16(past_left + past_up)))
            nearer = a if to_left <= to_up else b
            distance = to_left if to_left <= to_up else to_up
            result[x] = value[x] - np.uint8(nearer if distance <= to_up_left else c)


@_compiled(
    "Tuple((uint64[::1], uint64, int64))"
    "(Array(uint32, 1, 'C', readonly=True), Array(uint8, 1, 'C', readonly=True), uint64, int64)"
)
def _pack(pairs: Array, band: Array, bits: Any, count: int) -> tuple[Array, Any, int]:
    quads = len(band) // 4
    words = np.empty(quads * 52 // 64 + 2, np.uint64)
    code_mask = np.uint64((1 << CODE_BITS) - 1)
    done = 0
    for i in range(0, 4 * quads, 4):
        first = pairs[np.uint32(band[i]) | (np.uint32(band[i + 1]) << np.uint32(8))]
        second = pairs[np.uint32(band[i + 2]) | (np.uint32(band[i + 3]) << np.uint32(8))]
        length = first >> CODE_BITS
        code = (np.uint64(first) & code_mask) | ((np.uint64(second) & code_mask) << np.uint64(length))
        # No branch: the word is stored each time, and is complete only when `done` moves on.
        words[done] = bits | (code << np.uint64(count))
        end = count + np.int64(length) + np.int64(second >> CODE_BITS)
        beyond = (code >> np.uint64(1)) >> np.uint64(63 - count)  # >> 64 is undefined, hence two steps
        bits = beyond if end >= 64 else words[done]
        done += end >> 6
        count = end & 63
    return words[:done], bits, count
