"""What a host hands to a writer, made by hand: one box that wanders over an image that is not square."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["HEIGHT", "WIDTH", "Host"]

WIDTH, HEIGHT = 24, 16
ROW = [
    ("semanticId", "<u4"),
    *((name, "<i4") for name in ("x_min", "y_min", "x_max", "y_max")),
    ("occlusionRatio", "<f4"),
]
ROW_3D = [
    ("semanticId", "<u4"),
    *((f"{axis}_{side}", "<f4") for side in ("min", "max") for axis in "xyz"),
    ("transform", "<f4", (4, 4)),
    ("occlusionRatio", "<f4"),
]


class Host:
    """A host that uses its arrays again for every frame, as Replicator does."""

    def __init__(self) -> None:
        self.rgb = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        self.ids = np.zeros((HEIGHT, WIDTH), np.uint32)
        self.rows = np.zeros(1, ROW)
        self.view = np.eye(4).ravel()

    def payload(self, number: int, label: str = "box", width: int = 3, occlusion: float = 0.0) -> dict[str, Any]:
        x = number % (WIDTH - 4)
        self.rgb[...] = np.random.default_rng(number).integers(0, 255, self.rgb.shape, np.uint8)
        self.ids[...] = 0
        self.ids[4:8, x : x + width] = 2
        self.rows[0] = (0, x, 4, x + width - 1, 7, occlusion)
        self.view[12] = number
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1], projection[2, 3], projection[3, 2] = 2.0, 3.0, -1, 0.01
        camera = {
            "cameraModel": "pinhole",
            "cameraFocalLength": 24.0,
            "cameraAperture": np.array([24, 16], np.float32),
            "cameraApertureOffset": np.zeros(2, np.float32),
            "cameraNearFar": np.array([0.01, 1e6], np.float32),
            "cameraProjection": projection.ravel(),
            "cameraViewTransform": self.view,
            "metersPerSceneUnit": 1.0,
            "renderProductResolution": np.array([WIDTH, HEIGHT], np.int32),
        }
        product = {
            "camera": "/Camera",
            "resolution": (WIDTH, HEIGHT),
            "rgb": {"data": self.rgb},
            "bounding_box_2d_tight": {
                "data": self.rows,
                "idToLabels": {"0": {"class": label}},
                "primPaths": ["/World/Thing"],
                "bboxIds": np.array([5], np.uint32),
            },
            "bounding_box_2d_loose": {"data": np.zeros(0, ROW), "idToLabels": {}, "primPaths": []},
            "bounding_box_3d": {"data": np.zeros(0, ROW_3D), "idToLabels": {}, "primPaths": []},
            "instance_segmentation": {
                "data": self.ids,
                "idToLabels": {"0": "BACKGROUND", "1": "UNLABELLED", "2": "/World/Thing"},
                "idToSemantics": {"2": {"class": label}},
            },
            "camera_params": camera,
        }
        return {"renderProducts": {"Replicator": product}, "reference_time": (number, 24), "trigger_outputs": {}}

    def empty(self) -> dict[str, Any]:
        """A frame of which nothing was drawn yet."""
        payload = self.payload(0)
        payload["renderProducts"]["Replicator"]["rgb"] = {"data": np.zeros((0,), np.uint8)}
        return payload

    def torn(self) -> dict[str, Any]:
        """One whose picture is not as large as it says."""
        payload = self.payload(0)
        payload["renderProducts"]["Replicator"]["rgb"] = {"data": np.zeros((3, 3, 4), np.uint8)}
        return payload
