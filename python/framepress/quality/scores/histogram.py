"""A histogram with stated edges, filled part by part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Histogram"]


class Histogram:
    """Bins are half-open, the last one closed; NaN counts as not known.

    Args:
        edges: rising, one more than bins.
        unit: of the edges, "" for plain numbers.
    """

    def __init__(self, edges: Array, unit: str = "") -> None:
        self.edges = np.asarray(edges, np.float64)
        self.unit = unit
        self.counts = np.zeros(self.edges.size - 1, np.int64)
        self.below = self.above = self.unknown = 0
        self._sum = 0.0
        self._least, self._greatest = np.inf, -np.inf

    def add(self, values: Array) -> None:
        values = np.asarray(values, np.float64).ravel()
        known = values[np.isfinite(values)]
        self.unknown += values.size - known.size
        self.add_counted(known, np.histogram(known, self.edges)[0])

    def add_counted(self, known: Array, counts: Array) -> None:
        """Finite values that were sorted into the bins already; int (bins,)."""
        if not known.size:
            return
        self.counts += counts
        self.below += int(np.count_nonzero(known < self.edges[0]))
        self.above += int(np.count_nonzero(known > self.edges[-1]))
        with np.errstate(over="ignore"):
            self._sum += float(known.sum(dtype=np.float64))
        self._least = min(self._least, float(known.min()))
        self._greatest = max(self._greatest, float(known.max()))

    def join(self, other: Histogram) -> None:
        """Take in what a histogram of the same edges counted."""
        self.counts += other.counts
        self.below, self.above = self.below + other.below, self.above + other.above
        self.unknown += other.unknown
        self._sum += other._sum
        self._least, self._greatest = min(self._least, other._least), max(self._greatest, other._greatest)

    @property
    def known(self) -> int:
        return int(self.counts.sum()) + self.below + self.above

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; minimum, maximum and mean are those of the values themselves, None where none is known, and for a
        mean that is beyond what a float holds.
        """
        known = self.known
        mean = self._sum / known if known else math.nan
        return {
            "unit": self.unit,
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "below": self.below,
            "above": self.above,
            "unknown": self.unknown,
            "minimum": self._least if known else None,
            "maximum": self._greatest if known else None,
            "mean": mean if math.isfinite(mean) else None,
        }
