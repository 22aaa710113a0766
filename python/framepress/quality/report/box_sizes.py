"""How wide and high the boxes are, together: counts in half octaves of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepress.quality.columns import Columns

__all__ = ["box_sizes"]

_EDGES_PX = 2.0 ** (np.arange(25) / 2)  # 1 to 4096
_PART = 1 << 20


def box_sizes(columns: Columns) -> dict[str, Any]:
    """JSON-able: `edges_px`, `counts` (a row for each height, smallest first; a column for each width) and `outside`.

    `outside` counts boxes with a side that is not known, below 1 px or above the last edge.
    """
    bins = _EDGES_PX.size - 1
    counts = np.zeros((bins, bins), np.int64)
    boxes = columns.objects["box"]
    for start in range(0, len(boxes), _PART):
        part = np.asarray(boxes[start : start + _PART])
        sides = part[:, 2:] - part[:, :2]
        known = ((sides >= _EDGES_PX[0]) & (sides <= _EDGES_PX[-1])).all(1)  # NaN is neither
        found = np.searchsorted(_EDGES_PX, sides[known], side="right") - 1
        column, row = np.minimum(found, bins - 1).T
        counts += np.bincount(row * bins + column, minlength=bins * bins).reshape(bins, bins)
    return {
        "edges_px": _EDGES_PX.tolist(),
        "counts": counts.tolist(),
        "outside": int(len(boxes) - counts.sum()),
    }
