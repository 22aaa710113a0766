"""What of an object shows in the image, by one rule for every format that writes boxes."""

from __future__ import annotations

import numpy as np

from framepress.core import Objects
from framepress.core.arrays import Array
from framepress.ops import rle

__all__ = ["visible_boxes"]


def visible_boxes(objects: Objects, size_wh: tuple[int, int]) -> Array:
    """float64 (N, 4) edges, cut at the image; NaN for an object of which nothing shows there.

    Where the table has no box, it is that of the mask or of the polygons.
    """
    boxes = objects.box.copy()
    for row in np.flatnonzero(np.isnan(boxes[:, 0])).tolist():
        mask, rings = objects.mask[row], objects.polygons[row]
        if mask is not None:
            boxes[row] = rle.bounds(mask)
        elif rings:
            points = np.concatenate(rings)
            boxes[row] = (*points.min(0), *points.max(0))
    boxes = np.asarray(np.clip(boxes, 0, (*size_wh, *size_wh)))
    boxes[~((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))] = np.nan
    return boxes
