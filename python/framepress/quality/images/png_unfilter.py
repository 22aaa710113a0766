"""The scanline filters of PNG undone (W3C PNG, section 9) by compiled loops. Needs numba (extra "fast").

Compiled when this module is imported and kept in numba's cache. It runs without the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from framepress.core.arrays import Array

__all__ = ["unfiltered"]

Function = TypeVar("Function", bound=Callable[..., Any])


def unfiltered(rows: Array, step: int) -> Array:
    """Samples of 8 bits: uint8 (H, bytes).

    Args:
        rows: uint8 (H, 1 + bytes), each row behind its filter type, 0 to 4.
        step: bytes a pixel.
    """
    out = np.empty((len(rows), rows.shape[1] - 1), np.uint8)
    _unfilter(rows, step, out)
    return out


def _compiled(signature: str, **options: str) -> Callable[[Function], Function]:
    def compiled(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, nogil=True, cache=True, **options)(function))
        except (RuntimeError, OSError):
            # No folder to cache in (RuntimeError), or a full one (OSError): compile for this process alone.
            return cast(Function, njit(signature, nogil=True, **options)(function))

    return compiled


@_compiled("int32(int32, int32, int32)", inline="always")
def _nearest(left: int, up: int, corner: int) -> int:
    """Of the three what is nearest to left + up - corner; without a branch, for which way it goes is noise."""
    to_left, to_up = up - corner, left - corner
    from_left, from_up, from_corner = abs(to_left), abs(to_up), abs(to_left + to_up)
    second = up if from_up <= from_corner else corner
    least = from_up if from_up <= from_corner else from_corner
    return left if from_left <= least else second


@_compiled("void(Array(uint8, 1, 'C', readonly=True), uint8[::1], uint8[::1])")
def _paeth_rgb(line: Array, above: Array, here: Array) -> None:
    """Three channels at once: each waits for its own left neighbour, and the others fill the wait."""
    left_r = left_g = left_b = corner_r = corner_g = corner_b = np.int32(0)
    for x in range(0, len(here), 3):
        up_r, up_g, up_b = np.int32(above[x]), np.int32(above[x + 1]), np.int32(above[x + 2])
        left_r = (_nearest(left_r, up_r, corner_r) + line[x]) & 255
        left_g = (_nearest(left_g, up_g, corner_g) + line[x + 1]) & 255
        left_b = (_nearest(left_b, up_b, corner_b) + line[x + 2]) & 255
        corner_r, corner_g, corner_b = up_r, up_g, up_b
        here[x], here[x + 1], here[x + 2] = left_r, left_g, left_b


@_compiled("void(Array(uint8, 1, 'C', readonly=True), int64, uint8[::1], uint8[::1])")
def _paeth(line: Array, step: int, above: Array, here: Array) -> None:
    for channel in range(step):
        left = corner = np.int32(0)
        for x in range(channel, len(here), step):
            up = np.int32(above[x])
            left = np.int32((_nearest(left, up, corner) + line[x]) & 255)
            corner = up
            here[x] = left


@_compiled("void(Array(uint8, 2, 'C', readonly=True), int64, uint8[:, ::1])")
def _unfilter(rows: Array, step: int, out: Array) -> None:
    width = out.shape[1]
    nothing = np.zeros(width, np.uint8)
    for y in range(len(rows)):
        kind, line, here = rows[y, 0], rows[y, 1:], out[y]
        above = out[y - 1] if y else nothing
        if kind == 0:
            here[:] = line
        elif kind == 1:
            here[:step] = line[:step]
            for x in range(step, width):
                here[x] = line[x] + here[x - step]
        elif kind == 2:
            for x in range(width):
                here[x] = line[x] + above[x]
        elif kind == 3:
            for x in range(step):
                here[x] = line[x] + (above[x] >> 1)
            for x in range(step, width):
                here[x] = line[x] + ((np.int32(here[x - step]) + np.int32(above[x])) >> 1)
        elif step == 3:
            _paeth_rgb(line, above, here)
        else:
            _paeth(line, step, above, here)
