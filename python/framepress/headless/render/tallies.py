"""Counts and boxes of entities, as kernels leave them."""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["COLUMNS", "tallied"]

COLUMNS = 5
"""Pixels, width - x_min, height - y_min, x_max + 1, y_max + 1: all 0 where nothing was counted, else all maxima."""


def tallied(parts: Array, width: int, height: int) -> tuple[Array, Array]:
    """Sums up int32 (parts, E, COLUMNS): int64 (E,) counts and int32 (E, 4) inclusive boxes, x_max < x_min = empty."""
    edges = parts[:, :, 1:].max(axis=0)
    boxes = np.stack([width - edges[:, 0], height - edges[:, 1], edges[:, 2] - 1, edges[:, 3] - 1], axis=1)
    return parts[:, :, 0].sum(axis=0, dtype=np.int64), boxes.astype(np.int32)
