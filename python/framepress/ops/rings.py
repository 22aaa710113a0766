"""Exact outlines of masks as one value: closed rings along pixel sides, for many masks at once, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Rings"]


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Rings of N masks, a row a mask.

    A ring is the list of pixel corners where the outline turns (edge convention, no corner repeated at the end); its
    sides are horizontal and vertical in turn, the first one horizontal. The mask lies to the right of each side as it
    is walked, so on the screen outer rings run clockwise and holes counter-clockwise. Every 4-connected part has one
    outer ring of its own; pixels that only touch at a corner belong to different parts (or meet elsewhere).
    A ring begins on its topmost, then leftmost horizontal side; rings of a mask are in the order of that side.
    """

    xy: Array
    """(V, 2) int32 corners, ring after ring."""
    start: Array
    """(R + 1,) int64: ring r is `xy[start[r]:start[r + 1]]`."""
    hole: Array
    """(R,) bool: the ring bounds a hole from inside."""
    row_start: Array
    """(N + 1,) int64: the rings of row n are `row_start[n]` up to `row_start[n + 1]`."""

    @classmethod
    def none(cls, rows: int) -> Rings:
        """Masks without a single pixel."""
        return cls(
            np.zeros((0, 2), np.int32), np.zeros(1, np.int64), np.zeros(0, np.bool_), np.zeros(rows + 1, np.int64)
        )

    def __len__(self) -> int:
        return self.row_start.size - 1

    def outers(self, row: int) -> list[Array]:
        """The outer rings of one mask, each (K, 2) int32, K >= 4."""
        return self._rings(row, holes=False)

    def holes(self, row: int) -> list[Array]:
        """The rings of its holes, each (K, 2) int32, K >= 4."""
        return self._rings(row, holes=True)

    def _rings(self, row: int, holes: bool) -> list[Array]:
        first, last = int(self.row_start[row]), int(self.row_start[row + 1])
        start = self.start[first : last + 1].tolist()
        wanted = (self.hole[first:last] == holes).tolist()
        return [self.xy[a:b] for (a, b), want in zip(pairwise(start), wanted, strict=True) if want]
