"""How evenly a dataset is spread over what it could show, from its statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.index.counting import evenness

__all__ = ["spreads"]


def spreads(statistics: Mapping[str, Any]) -> dict[str, float | None]:
    """Name of a part of diversity -> evenness.

    Kinds: classes of the list; COCO's three sizes; 8 x 8 cells; distances by ten equal ratios from 0.1 m to 1 km;
    quarters of visibility; twelve directions.
    """
    histograms, sizes = statistics["histograms"], statistics["sizes"]
    cells = np.array(statistics["positions"]["counts"])
    return {
        "classes": evenness(np.array([row["objects"] for row in statistics["classes"]])),
        "sizes": evenness(np.array([sizes[name] for name in ("small", "medium", "large")])),
        "positions": evenness(cells.reshape(8, cells.shape[0] // 8, 8, cells.shape[1] // 8).sum((1, 3))),
        "distances": evenness(_joined(histograms["distance_m"], 10)),
        "visibility": evenness(_joined(histograms["visibility"], 4)),
        "yaw": evenness(_joined(histograms["yaw_deg"], 12)),
    }


def _joined(histogram: Mapping[str, Any], kinds: int) -> Array:
    return np.asarray(np.array(histogram["counts"]).reshape(kinds, -1).sum(1))
