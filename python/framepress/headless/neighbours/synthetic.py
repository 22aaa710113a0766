"""`omni.syntheticdata`: the semantic filters, and the corners of 3D boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.neighbours.module import Partly
from framepress.headless.neighbours.session import Session

__all__ = ["box_corners", "modules"]

EVERYTHING = "*:*"
INSTANCES, DEFAULT = "instance_mapping", "default"  # of `Host.semantic_filters`; others have a name of the script's


class SyntheticData(Partly):
    """`omni.syntheticdata.SyntheticData`; the graph of nodes behind it is not there."""

    def __init__(self, session: Session) -> None:
        self._filters = session.host.semantic_filters
        self._session = session

    def get_instance_mapping_semantic_filter(self) -> str:
        return self._filters.get(INSTANCES, EVERYTHING)

    def set_instance_mapping_semantic_filter(self, predicate: str = EVERYTHING) -> None:
        self._filters[INSTANCES] = predicate

    def get_default_semantic_filter(self) -> str:
        return self._filters.get(DEFAULT, EVERYTHING)

    def set_default_semantic_filter(
        self, predicate: str = EVERYTHING, hierarchical_labels: bool = False, matching_labels: bool = True
    ) -> None:
        self.set_semantic_filter(DEFAULT, predicate, hierarchical_labels, matching_labels)

    def get_semantic_filter(self, filter_name: str) -> str:
        return self._filters.get(filter_name, EVERYTHING)

    def set_semantic_filter(
        self, filter_name: str, predicate: str, hierarchical_labels: bool = False, matching_labels: bool = True
    ) -> None:
        if hierarchical_labels or not matching_labels:
            self._session.host.find(
                "omni.syntheticdata: hierarchical_labels and matching_labels of a semantic filter change nothing here"
            )
        self._filters[filter_name] = predicate


def box_corners(extents: Array) -> Array:
    """Corners in the world, float (N, 8, 3), of rows of `bounding_box_3d`: x changes fastest, then y, then z."""
    low = np.stack([extents[name] for name in ("x_min", "y_min", "z_min")], axis=-1)
    high = np.stack([extents[name] for name in ("x_max", "y_max", "z_max")], axis=-1)
    upper = np.array([[k & 1, k >> 1 & 1, k >> 2] for k in range(8)], bool)
    corners = np.where(upper, high[..., None, :], low[..., None, :])
    transform = np.asarray(extents["transform"]).reshape(*low.shape[:-1], 4, 4)
    return np.asarray(corners @ transform[..., :3, :3] + transform[..., 3:, :3])


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    the_one = SyntheticData(session)

    class OneSyntheticData:
        """What `SyntheticData.Get()` is asked of."""

        @staticmethod
        def Get() -> SyntheticData:
            return the_one

    helpers = {"get_bbox_3d_corners": box_corners}
    return {
        "omni.syntheticdata": {"SyntheticData": OneSyntheticData},
        "omni.syntheticdata.scripts": {},
        "omni.syntheticdata.scripts.SyntheticData": {"SyntheticData": OneSyntheticData},
        "omni.syntheticdata.scripts.helpers": helpers,
        "omni.syntheticdata.helpers": helpers,
    }
