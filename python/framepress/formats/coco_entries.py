"""One entry of a COCO file, already decoded, as one of our values; each field checked, each complaint naming it."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from framepress.core import Boxes3D, Camera, Distortion, Label, LabelMap, Objects, Rle
from framepress.core.arrays import Array
from framepress.errors import FramepressError, InputError
from framepress.ops import rle

__all__ = ["camera_of", "is_ours", "label_of", "objects_of"]

Json = dict[str, Any]

_SLACK = 1.0  # px by which a box may leave the image: annotation tools round
_LARGEST = sys.float_info.max

_STANDARD = frozenset(
    "id image_id category_id bbox area iscrowd segmentation keypoints num_keypoints score attributes".split()
)
_OURS = frozenset("instance track visibility truncation box_full box3d source_id".split())


def is_ours(frame: object, index: object, camera: object) -> bool:
    """Whether an image entry has the fields that our writer adds."""
    return isinstance(frame, str) and type(index) is int and isinstance(camera, dict)


def label_of(category: Json, where: str) -> Label:
    """A class; its `id` is the category's.

    Raises:
        InputError: a field is missing or of another type, or the skeleton points outside of the key points.
    """
    number, name = category.get("id"), category.get("name")
    if type(number) is not int or not isinstance(name, str):
        raise InputError(f"{where}: {category!r}: needs an integer `id` and a text `name`")
    try:
        points = tuple(str(point) for point in category.get("keypoints") or ())
        colour = category.get("color")
        return Label(
            name.strip(),
            id=number,
            supercategory=str(category.get("supercategory") or ""),
            colour=(int(colour[0]), int(colour[1]), int(colour[2])) if colour else None,
            keypoints=points,
            skeleton=_skeleton(category.get("skeleton") or (), bool(points)),
        )
    except (FramepressError, TypeError, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{where}: category {number}: {error}") from error


def _skeleton(edges: Any, named: bool) -> tuple[tuple[int, int], ...]:
    """0-based pairs. COCO counts from 1; some exporters count from 0, which a 0 gives away."""
    if not named:
        return ()  # edges between points without names join nothing
    pairs = [(int(start), int(end)) for start, end in edges]
    base = 0 if any(0 in pair for pair in pairs) else 1
    return tuple((start - base, end - base) for start, end in pairs)


def camera_of(image: Json, where: str) -> Camera:
    """The camera of an image entry: its size, and what our writer adds to that.

    Raises:
        InputError: no size, or a lens or pose that is none.
    """
    width, height = image.get("width"), image.get("height")
    if type(width) is not int or type(height) is not int:
        raise InputError(f"{where}: width {width!r} and height {height!r} must be integers")
    if not is_ours(image.get("frame"), image.get("index"), image.get("camera")):
        lens: Json = {}
    else:
        lens = image["camera"]
    try:
        distortion = lens.get("distortion")
        return Camera(
            width=width,
            height=height,
            K=lens.get("K"),
            distortion=Distortion(distortion["model"], tuple(distortion["coefficients"])) if distortion else None,
            world_from_camera=lens.get("world_from_camera"),
            near=lens.get("near", Camera.near),
            far=lens.get("far", Camera.far),
        )
    except (FramepressError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"{where}: camera: {error}") from error


def objects_of(
    annotations: list[Json],
    codes: Mapping[int, int],
    classes: LabelMap,
    size_wh: tuple[int, int],
    *,
    ours: bool,
    clip: bool,
    where: str,
) -> Objects:
    """The objects of one image.

    Args:
        codes: category id -> position in `classes`.
        ours: the annotations have our writer's own fields.
        clip: see `coco.read`.
        where: the file and image.

    Raises:
        InputError: a field that is not sound, with the annotation's id.
    """
    rows = [_row(entry, f"{where}: annotation {entry['id']}", size_wh, ours, clip) for entry in annotations]
    label = [codes[annotation["category_id"]] for annotation in annotations]
    columns: dict[str, Any] = {name: [row.get(name, blank) for row in rows] for name, blank in _BLANKS.items()}
    for annotation, code, marks in zip(annotations, label, columns["keypoints"], strict=True):
        wanted = len(classes.labels[code].keypoints)
        if marks is not None and wanted and len(marks) != wanted:
            raise InputError(
                f"{where}: annotation {annotation['id']}: keypoints holds {len(marks)} points, "
                f"category {classes.names[code]!r} names {wanted}"
            )
    boxes3d = np.array([row.get("box3d", [math.nan] * 10) for row in rows], np.float64).reshape(-1, 10)
    columns["box3d"] = Boxes3D(boxes3d[:, :3], boxes3d[:, 3:6], boxes3d[:, 6:])
    for name in ("box", "box_full"):
        columns[name] = np.array(columns[name], np.float64).reshape(-1, 4)
    return Objects.build((), classes=classes.names, label=label, **columns)


_UNKNOWN_BOX = [math.nan] * 4
_BLANKS: dict[str, Any] = {
    "id": 0,
    "track": "",
    "box": _UNKNOWN_BOX,
    "box_full": _UNKNOWN_BOX,
    "area": math.nan,
    "visibility": math.nan,
    "truncation": math.nan,
    "crowd": False,
    "score": math.nan,
    "source_id": None,
    "mask": None,
    "polygons": None,
    "keypoints": None,
    "attributes": None,
}


def _row(annotation: Json, where: str, size_wh: tuple[int, int], ours: bool, clip: bool) -> Json:
    """The columns that this annotation fills."""
    row: Json = {}
    box = _numbers(annotation.get("bbox"), 4, f"{where}: bbox")
    row["box"], leaves = _box(box, size_wh, clip, where)
    if leaves:
        row["box_full"] = [box[0], box[1], box[0] + box[2], box[1] + box[3]]
    crowd = annotation.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise InputError(f"{where}: iscrowd is {crowd!r}, expected 0 or 1")
    row["crowd"] = bool(crowd)
    shape = _segmentation(annotation.get("segmentation"), size_wh, where)
    if shape is not None:
        row["mask" if isinstance(shape, Rle) else "polygons"] = shape
    if annotation.get("area") is not None:
        area = _number(annotation["area"], f"{where}: area", low=0)
        if shape is not None or area != box[2] * box[3]:  # without a shape COCO asks for the box's own area
            row["area"] = area
    if annotation.get("score") is not None:
        row["score"] = _number(annotation["score"], f"{where}: score")
    if annotation.get("keypoints") is not None:
        row["keypoints"] = _keypoints(annotation["keypoints"], where)
    if ours:
        row |= _own(annotation, where)
    else:
        row["source_id"] = annotation["id"]
    attributes = _attributes(annotation, ours)
    return row | {"attributes": attributes} if attributes else row


def _box(box: list[float], size_wh: tuple[int, int], clip: bool, where: str) -> tuple[list[float], bool]:
    """Edges inside the image, NaN where nothing remains; and whether they are not what the file says."""
    x, y, width, height = box
    edges = [x, y, x + width, y + height]
    if not clip:
        if width <= 0 or height <= 0:
            raise InputError(
                f"{where}: bbox {box} has no size (it is x, y, width, height); pass boxes=clip to keep the rest"
            )
        limit = (size_wh[0] + _SLACK, size_wh[1] + _SLACK)
        if min(x, y) < -_SLACK or edges[2] > limit[0] or edges[3] > limit[1]:
            raise InputError(
                f"{where}: bbox {box} (x, y, width, height) leaves the image of {size_wh[0]} x {size_wh[1]} px; "
                "pass boxes=clip to cut it"
            )
    inside = [min(max(edge, 0), side) for edge, side in zip(edges, (*size_wh, *size_wh), strict=True)]
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        if not clip:
            raise InputError(f"{where}: bbox {box} shows nothing inside the image; pass boxes=clip to keep the rest")
        inside = _UNKNOWN_BOX
    return inside, inside != edges and width > 0 and height > 0


def _segmentation(segmentation: Any, size_wh: tuple[int, int], where: str) -> Rle | list[Array] | None:
    if isinstance(segmentation, dict):
        return rle.checked(segmentation, f"{where}: segmentation", (size_wh[1], size_wh[0]))
    if segmentation is None or segmentation == []:
        return None
    if not isinstance(segmentation, list) or not all(isinstance(ring, list) for ring in segmentation):
        raise InputError(f"{where}: segmentation is neither a list of polygons (lists of numbers) nor an RLE object")
    return [_ring(ring, f"{where}: segmentation[{place}]") for place, ring in enumerate(segmentation)]


def _ring(numbers: list[Any], where: str) -> Array:
    if len(numbers) < 6 or len(numbers) % 2:
        raise InputError(f"{where}: a polygon has an even count of at least 6 numbers, this one has {len(numbers)}")
    return np.array(_numbers(numbers, len(numbers), where), np.float64).reshape(-1, 2)


def _keypoints(numbers: Any, where: str) -> Array | None:
    """(K, 3) with x and y moved from pixel indices to edges; None where no point is labelled."""
    count = len(numbers) if isinstance(numbers, list) else 0
    if not isinstance(numbers, list) or count % 3:
        raise InputError(f"{where}: keypoints must be x, y, v for each point, it holds {count} numbers")
    marks = np.array(_numbers(numbers, count, f"{where}: keypoints"), np.float64).reshape(-1, 3)
    if not np.isin(marks[:, 2], (0, 1, 2)).all():
        raise InputError(f"{where}: keypoints: v must be 0, 1 or 2, found {marks[:, 2].tolist()}")
    labelled = marks[:, 2] > 0
    if not labelled.any():
        return None
    marks[labelled, :2] += 0.5
    marks[~labelled] = 0
    return marks


def _own(annotation: Json, where: str) -> Json:
    """The fields that our writer adds."""
    row: Json = {}
    for name, column, form in (
        ("instance", "id", int),
        ("track", "track", str),
        ("source_id", "source_id", (int, str)),
    ):
        if name in annotation:
            if not isinstance(annotation[name], form):
                raise InputError(f"{where}: {name} is {annotation[name]!r}")
            row[column] = annotation[name]
    row |= {
        name: _number(annotation[name], f"{where}: {name}")
        for name in ("visibility", "truncation")
        if name in annotation
    }
    if "box_full" in annotation:
        row["box_full"] = _numbers(annotation["box_full"], 4, f"{where}: box_full")
    if "box3d" in annotation:
        box = annotation["box3d"] if isinstance(annotation["box3d"], dict) else {}
        row["box3d"] = [
            number
            for field, count in (("center", 3), ("size", 3), ("rotation", 4))
            for number in _numbers(box.get(field), count, f"{where}: box3d {field}")
        ]
    return row


def _attributes(annotation: Json, ours: bool) -> Json:
    """The annotation's own `attributes`, and every field that COCO does not know."""
    known = _STANDARD | _OURS if ours else _STANDARD
    found = {name: value for name, value in annotation.items() if name not in known}
    attributes = annotation.get("attributes")
    if isinstance(attributes, dict):
        return found | attributes
    return found | {"attributes": attributes} if attributes else found


def _number(value: Any, where: str, low: float = -math.inf) -> float:
    if type(value) not in (int, float) or not max(low, -_LARGEST) <= value <= _LARGEST:
        raise InputError(f"{where} is {value!r}, expected a number{'' if low < 0 else f' of at least {low:g}'}")
    return float(value)


def _numbers(values: Any, count: int, where: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        raise InputError(f"{where} is {values!r}, expected {count} numbers")
    return [_number(value, where) for value in values]
