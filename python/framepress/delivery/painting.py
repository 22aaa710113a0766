"""Outlines as pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framepress.core.arrays import Array

__all__ = ["filled"]


def filled(rings: Sequence[Array], height: int, width: int) -> Array:
    """bool (H, W): the pixels whose centre is inside one of the rings at least; inside a ring by the even-odd rule.

    Args:
        rings: float64 (N, 2) [px, edges], closed or not.
    """
    found = np.zeros((height, width), bool)
    for ring in rings:
        found |= _inside(np.asarray(ring, np.float64), height, width)
    return found


def _inside(ring: Array, height: int, width: int) -> Array:
    """Each side flips all pixels to the right of it, in the rows whose middle it passes."""
    start, end = ring, np.roll(ring, -1, axis=0)
    low, high = (np.ceil(pick(start[:, 1], end[:, 1]) - 0.5).clip(0, height) for pick in (np.minimum, np.maximum))
    rows = (high - low).astype(np.int64)
    side = np.repeat(np.arange(len(ring)), rows)
    row = np.arange(side.size) - np.repeat(np.cumsum(rows) - rows, rows) + low[side].astype(np.int64)
    (x0, y0), (x1, y1) = start[side].T, end[side].T
    crossing = x0 + (row + 0.5 - y0) / (y1 - y0) * (x1 - x0)
    flips = np.zeros((height, width + 1), np.int64)
    np.add.at(flips, (row, np.ceil(crossing - 0.5).clip(0, width).astype(np.int64)), 1)
    return np.asarray(np.cumsum(flips[:, :width], axis=1) % 2 == 1)
