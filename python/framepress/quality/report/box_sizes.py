"""How wide and high the boxes are, together: counts in half octaves of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepress.quality.columns import Columns
from framepress.quality.index.counting import spans

__all__ = ["box_sizes"]

_EDGES_PX = 2.0 ** (np.arange(25) / 2)  # 1 to 4096


def box_sizes(columns: Columns) -> dict[str, Any]:
    """JSON-able: `edges_px`, `counts` (a row for each height, smallest first; a column for each width) and `outside`.

    `outside` counts boxes with a side that is not known, below 1 px or above the last edge.
    """
    bins = _EDGES_PX.size - 1
    counts = np.zeros((bins, bins), np.int64)
    boxes = columns.objects["box"]
    for part in spans(len(boxes)):
        x0, y0, x1, y1 = np.ascontiguousarray(boxes[part].T)
        sides = (x1 - x0, y1 - y0)
        known = np.logical_and.reduce([(side >= _EDGES_PX[0]) & (side <= _EDGES_PX[-1]) for side in sides])  # no NaN
        column, row = (
            np.minimum(np.searchsorted(_EDGES_PX, side[known], side="right") - 1, bins - 1) for side in sides
        )
        counts += np.bincount(row * bins + column, minlength=bins * bins).reshape(bins, bins)
    return {
        "edges_px": _EDGES_PX.tolist(),
        "counts": counts.tolist(),
        "outside": int(len(boxes) - counts.sum()),
    }
