"""Payloads as Replicator delivers them, in each of its layouts; nothing here comes from the code under test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BOX_2D = np.dtype(
    [
        ("semanticId", "<u4"),
        ("x_min", "<i4"),
        ("y_min", "<i4"),
        ("x_max", "<i4"),
        ("y_max", "<i4"),
        ("occlusionRatio", "<f4"),
    ]
)
BOX_3D = np.dtype(
    [
        ("semanticId", "<u4"),
        *((f"{axis}_{end}", "<f4") for end in ("min", "max") for axis in "xyz"),
        ("transform", "<f4", (4, 4)),
        ("occlusionRatio", "<f4"),
    ]
)
FOCAL, APERTURE = 18.14756202697754, 20.954999923706055  # Isaac Sim's default perspective camera


def view_matrix(eye: Sequence[float], target: Sequence[float], up: Sequence[float] = (0, 0, 1)) -> np.ndarray:
    """World to camera for row vectors: the camera looks along -z, y is up."""
    back = np.subtract(eye, target) / np.linalg.norm(np.subtract(eye, target))
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[0, :3], pose[1, :3], pose[2, :3], pose[3, :3] = right, np.cross(back, right), back, eye
    return np.linalg.inv(pose)


def camera_params(
    view: np.ndarray,
    size: tuple[int, int],
    *,
    focal: float = FOCAL,
    aperture: float = APERTURE,
    metres: float = 1.0,
    **others: Any,
) -> dict[str, Any]:
    """With square pixels, reversed depth, and a vertical aperture that does not fit the image, as in reality."""
    width, height = size
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = 2 * focal / aperture, 2 * focal / aperture * width / height
    projection[2, 3], projection[3, 2] = -1, 0.01 / metres
    return {
        "cameraAperture": np.array([aperture, 15.2908], np.float32),
        "cameraApertureOffset": np.zeros(2, np.float32),
        "cameraFocalLength": focal,
        "cameraModel": "pinhole",
        "cameraNearFar": np.array([0.01, 1e7], np.float32) / np.float32(metres),
        "cameraProjection": projection.ravel(),
        "cameraViewTransform": np.asarray(view, np.float64).ravel(),
        "metersPerSceneUnit": float(np.float32(metres)),
        "renderProductResolution": np.array(size, np.int32),
        **others,
    }


def transform(rows: Any = None, at: Sequence[float] = (0, 0, 0)) -> np.ndarray:
    """Local to world for row vectors; `rows` are the local axes in the world times their scale."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) if rows is None else rows
    matrix[3, :3] = at
    return matrix


def rows_2d(*boxes: Sequence[float], occlusion: Sequence[float] | None = None) -> np.ndarray:
    """Inclusive x_min, y_min, x_max, y_max a row; semantic ids are filled in by `boxed`."""
    ratios = occlusion or [0.0] * len(boxes)
    return np.array([(0, *box, ratio) for box, ratio in zip(boxes, ratios, strict=True)], BOX_2D)


def rows_3d(*boxes: tuple[Sequence[float], Sequence[float], np.ndarray]) -> np.ndarray:
    """Low corner, high corner, transform a row."""
    return np.array([(0, *low, *high, matrix, 0.0) for low, high, matrix in boxes], BOX_3D)


def boxed(records: np.ndarray, labels: Sequence[str], paths: Sequence[str], *, first: int = 0, key: Any = int) -> dict:
    """A box annotator's flat value; semantic ids count from `first`, one a distinct label text."""
    numbers = {label: first + place for place, label in enumerate(dict.fromkeys(labels))}
    records = records.copy()
    records["semanticId"] = [numbers[label] for label in labels]
    return {
        "data": records,
        "idToLabels": {key(number): {"class": label} for label, number in numbers.items()},
        "primPaths": list(paths),
        "bboxIds": np.arange(len(records), dtype=np.uint32) + 7,
    }


def payload(layout: str, products: Mapping[str, Mapping[str, Any]], size: tuple[int, int], **others: Any) -> dict:
    """The same captures (product -> annotator -> flat value) in one of the three layouts."""
    data: dict[str, Any] = {
        "swhFrameNumber": 0,
        "reference_time": (7, 60),
        "distribution_outputs": {},
        "trigger_outputs": {"on_frame": 1},
        **others,
    }
    cameras = {name: {"camera": f"/World/{name}", "resolution": size} for name in products}
    if layout == "renderProduct":
        data["renderProducts"] = {name: {**cameras[name], **values} for name, values in products.items()}
    elif layout == "annotator":
        table: dict[str, dict[str, Any]] = {}
        for name, values in products.items():
            for annotator, value in {**cameras[name], **values}.items():
                table.setdefault(annotator, {})[name] = value
        data["annotators"] = table
    else:
        data |= {f"rp_{name}": camera for name, camera in cameras.items()}
        for name, values in products.items():
            for annotator, value in values.items():
                data[annotator if len(products) == 1 else f"{annotator}-{name}"] = legacy(value)
    return data


def legacy(value: Mapping[str, Any]) -> Any:
    """A bare array, or `{"data", "info"}`, or the dict itself where there is no array."""
    if "data" not in value:
        return value
    info = {key: entry for key, entry in value.items() if key != "data"}
    return {"data": value["data"], "info": info} if info else value["data"]
