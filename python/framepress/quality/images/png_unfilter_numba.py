"""The scanline filters of PNG undone (W3C PNG, section 9) by compiled loops. Needs numba (extra "fast").

Compiled when this module is imported and kept in numba's cache. It runs without the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from framepress.core.arrays import Array

__all__ = ["grey_of_rows"]

Function = TypeVar("Function", bound=Callable[..., Any])


def grey_of_rows(rows: Array, channels: int) -> tuple[Array, int]:
    """The luma of each pixel, uint8 (H, W), as Pillow has it (ITU-R BT.601 in 16 bits); and the least alpha.

    Args:
        rows: uint8 (H, 1 + channels W), each row behind its filter type, 0 to 4.
        channels: 1 grey, 2 with alpha, 3 RGB, 4 with alpha; 8 bits each.
    """
    grey = np.empty((len(rows), (rows.shape[1] - 1) // channels), np.uint8)
    return grey, int(_grey(rows, channels, grey))


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


@_compiled("void(Array(uint8, 1, 'C', readonly=True), int64, uint8[::1], uint8[::1])")
def _unfilter(row: Array, step: int, above: Array, here: Array) -> None:
    kind, line, width = row[0], row[1:], len(here)
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


@_compiled("int64(Array(uint8, 2, 'C', readonly=True), int64, uint8[:, ::1])")
def _grey(rows: Array, step: int, grey: Array) -> int:
    """Two rows are kept, not the picture: what is not allocated need not be cleared."""
    above, here = np.zeros(rows.shape[1] - 1, np.uint8), np.empty(rows.shape[1] - 1, np.uint8)
    least = np.uint8(255)
    for y in range(len(rows)):
        _unfilter(rows[y], step, above, here)
        out = grey[y]
        if step < 3:
            for x in range(len(out)):
                out[x] = here[step * x]
        else:
            for x in range(len(out)):
                r, g, b = np.uint32(here[step * x]), np.uint32(here[step * x + 1]), np.uint32(here[step * x + 2])
                out[x] = (r * np.uint32(19595) + g * np.uint32(38470) + b * np.uint32(7471) + np.uint32(32768)) >> 16
        if step in (2, 4):
            for x in range(step - 1, len(here), step):
                least = min(least, here[x])
        above, here = here, above
    return int(least)
