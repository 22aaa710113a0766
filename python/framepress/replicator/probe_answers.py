"""What the payloads of a probe's frames tell. Each function returns an answer and its evidence, both plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepress.capture.cameras import intrinsics_from_aperture, intrinsics_from_projection
from framepress.capture.layout import Product, products_of
from framepress.capture.probed import MIRRORED
from framepress.capture.rows import edge_boxes, rows_of
from framepress.core.arrays import Array

__all__ = [
    "Scene",
    "aperture_sign",
    "bbox_ids",
    "camera_type",
    "depth_unit",
    "key_types",
    "loose_clipping",
    "product_order",
    "reseeding",
]

Payload = Mapping[str, Any]
Answer = tuple[Any, Any]
_TOLERANCE_PX = 1.5  # a crate of 14 px is drawn to the pixel, so that its middle is known to one


@dataclass(frozen=True)
class Scene:
    """What the probe has built: lengths in scene units, `offset` and `aperture` in tenths of one, as USD has them."""

    size_wh: tuple[int, int]
    distance: float
    meters_per_unit: float
    offset: tuple[float, float]
    aperture: float
    names: tuple[str, ...]


def _product(payload: Payload) -> Product:
    return products_of(payload, "probe")[0]


def _box(payload: Payload, annotator: str, prim: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom edge of a prim's box [px]."""
    rows = rows_of(_product(payload).annotations[annotator], "class")
    index = next(index for index, path in enumerate(rows.keys) if path.endswith(f"/{prim}"))
    left, top, right, bottom = (float(edge) for edge in edge_boxes(rows.records)[index])
    return left, top, right, bottom


def depth_unit(payload: Payload, scene: Scene) -> Answer:
    left, top, right, bottom = _box(payload, "bounding_box_2d_tight", "Crate")
    depth = _product(payload).annotations["distance_to_image_plane"].array().reshape(scene.size_wh[::-1])
    found = float(depth[int((top + bottom) / 2), int((left + right) / 2)])
    expected = {"scene units": scene.distance, "metres": scene.distance * scene.meters_per_unit}
    answer = next((unit for unit, value in expected.items() if abs(found / value - 1) < 0.01), "neither")
    return answer, {"found": found, "expected": expected, "metersPerUnit": scene.meters_per_unit}


def aperture_sign(payload: Payload, scene: Scene) -> Answer:
    """The crate lies on the optical axis: the middle of its box is the principal point."""
    left, top, right, bottom = _box(payload, "bounding_box_2d_tight", "Crate")
    seen = np.array([(left + right) / 2, (top + bottom) / 2])
    params = _product(payload).annotations["camera_params"].side
    projection = np.asarray(params["cameraProjection"], np.float64).reshape(4, 4)
    points = {}
    for name, signs in MIRRORED.items():
        turned = projection.copy()
        turned[2, :2] *= signs
        points[name] = intrinsics_from_projection(turned, scene.size_wh)[:2, 2]
    answer = next((name for name, point in points.items() if _near(point, seen)), "neither")
    offsets = {"cameraApertureOffset": list(scene.offset), "cameraFocalLength": 1.0, **params}
    by_aperture = intrinsics_from_aperture({**offsets, "cameraAperture": [scene.aperture]}, scene.size_wh)[:2, 2]
    return answer, {
        "seen": seen.tolist(),
        "cameraProjection": {name: point.tolist() for name, point in points.items()},
        "aperture": by_aperture.tolist(),
        "aperture agrees": bool(_near(by_aperture, seen)),
    }


def _near(point: Array, seen: Array) -> bool:
    return bool(np.abs(point - seen).max() <= _TOLERANCE_PX)


def bbox_ids(payload: Payload) -> Answer:
    product = _product(payload)
    boxes = product.annotations["bounding_box_2d_tight"].side
    paths = [str(path) for path in boxes["primPaths"]]
    of_boxes = dict(zip(paths, (int(number) for number in np.ravel(boxes["bboxIds"])), strict=True))
    labels = product.annotations["instance_segmentation"].side["idToLabels"]
    of_instances = {str(path): int(number) for number, path in labels.items() if str(path).startswith("/")}
    shared = sorted(of_boxes.keys() & of_instances.keys())
    if not shared:
        return "unknown", {"boxes": of_boxes, "instances": of_instances}
    same = all(of_boxes[path] == of_instances[path] for path in shared)
    return "equal" if same else "different", {"boxes": of_boxes, "instances": of_instances}


def loose_clipping(payload: Payload, scene: Scene) -> Answer:
    loose, tight = (_box(payload, f"bounding_box_2d_{kind}", "Wall") for kind in ("loose", "tight"))
    inside = 0 <= loose[0] and loose[2] <= scene.size_wh[0]
    return "clipped" if inside else "not clipped", {"loose": list(loose), "tight": list(tight)}


def key_types(payload: Payload) -> Answer:
    found: dict[str, dict[str, str]] = {}
    for name, value in next(iter(payload["renderProducts"].values())).items():
        if not isinstance(value, Mapping):
            continue
        side = {**value, **value["info"]} if isinstance(value.get("info"), Mapping) else value
        for key, table in side.items():
            if key.startswith("idTo") and isinstance(table, Mapping) and table:
                found.setdefault(name, {})[key] = type(next(iter(table))).__name__
    return found or "unknown", None


def product_order(payload: Payload, scene: Scene) -> Answer:
    found = [str(name) for name in payload["renderProducts"]]
    made = list(scene.names)
    answer = "as attached" if found == made else "by name" if found == sorted(made) else "other"
    return answer, {"attached": made, "found": found}


def camera_type(payload: Payload) -> Answer:
    camera = next(iter(payload["renderProducts"].values()))["camera"]
    return type(camera).__name__, repr(camera)


def reseeding(payloads: list[dict[str, Any]]) -> Answer:
    if len(payloads) != 4:
        return "unknown", {"frames": len(payloads), "expected": 4}
    one, other, again = places = [_box(payload, "bounding_box_2d_tight", "Ball") for payload in payloads[1:]]
    if one == other:
        return "no effect", places
    return "draws follow the seed" if one == again else "draws follow more than the seed", places
