"""Our values as COCO's JSON entries, in COCO's numbers: see `coco` for the conventions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framepress.core import Camera, Frame, Label, LabelMap, Objects, Rle, View
from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.formats.visible import visible_boxes
from framepress.ops import rle
from framepress.ops.polygons import coco_rings, rings_of_rles
from framepress.ops.runs import counts_of_text

__all__ = [
    "EXTRAS",
    "INFO",
    "SEGMENTATIONS",
    "annotations_of",
    "category",
    "category_ids",
    "image_entry",
    "keypoint_fields",
    "polygons",
]

Json = dict[str, Any]

INFO = {
    "description": "Boxes, polygons and K in edge pixels (pixel i covers i to i+1), key points in pixel indices; "
    "poses and 3D boxes in metres, camera axes x right, y down, z forward; quaternions w x y z."
}


def category_ids(labels: LabelMap) -> tuple[int, ...]:
    """COCO's category id of each class: the class's own id where it is at least 1, else its position + 1.

    Where that number is another class's own, it takes the next one above all of them. 0 is never used: Datumaro and
    many trainers take it for the background.
    """
    given = {label.id for label in labels.labels if label.id is not None and label.id >= 1}
    free = max([len(labels), *given]) + 1
    ids = []
    for position, label in enumerate(labels.labels):
        if label.id is not None and label.id >= 1:
            ids.append(label.id)
        elif position + 1 not in given:
            ids.append(position + 1)
        else:
            ids.append(free)
            free += 1
    return tuple(ids)


def category(label: Label, number: int, points: int) -> Json:
    """The entry of a class that has so many key points; points without names are numbered."""
    entry: Json = {"id": number, "name": label.name, "supercategory": label.supercategory}
    if points:
        entry["keypoints"] = list(label.keypoints) or [f"point_{point + 1}" for point in range(points)]
        entry["skeleton"] = [[start + 1, end + 1] for start, end in label.skeleton]
    if label.colour is not None:
        entry["color"] = list(label.colour)
    return entry


def image_entry(frame: Frame, view: View, number: int, name: str) -> Json:
    """The entry of an image; from `frame` on, fields of our own, so that reading the file gives the frame back."""
    width, height = view.camera.size_wh
    entry: Json = {"id": number, "file_name": name, "width": width, "height": height}
    entry |= {"frame": frame.id, "index": frame.index, "camera": _camera(view)}
    entry |= {field: value for field in ("sequence", "task", "text") if (value := getattr(frame, field))}
    if frame.time_ns is not None:
        entry["time_ns"] = frame.time_ns
    if frame.meta:
        entry["meta"] = dict(frame.meta)
    return entry


def _camera(view: View) -> Json:
    lens = view.camera
    entry: Json = {"name": view.name}
    if lens.K is not None:
        entry["K"] = lens.K.tolist()
    if lens.distortion is not None:
        entry["distortion"] = {"model": lens.distortion.model, "coefficients": list(lens.distortion.coefficients)}
    if lens.world_from_camera is not None:
        entry["world_from_camera"] = lens.world_from_camera.tolist()
    if lens.near != Camera.near:
        entry["near"] = lens.near
    if not math.isinf(lens.far):
        entry["far"] = lens.far
    if view.time_ns is not None:
        entry["time_ns"] = view.time_ns
    return entry


def annotations_of(objects: Objects, size_wh: tuple[int, int], segmentation: str) -> list[tuple[int, Json]]:
    """Row of the table and annotation, without ids, of every object that shows."""
    boxes = visible_boxes(objects, size_wh)
    shown = np.flatnonzero(~np.isnan(boxes[:, 0])).tolist()
    known = objects.known()
    extras = [(name, value_of) for name, (column, value_of) in EXTRAS.items() if column in known]
    annotations = []
    for row, shape in zip(shown, SEGMENTATIONS[segmentation](objects, shown), strict=True):
        x0, y0, x1, y1 = box = boxes[row].tolist()
        entry: Json = {
            "bbox": [_short(x0), _short(y0), _short(x1 - x0), _short(y1 - y0)],
            "area": _short(_area(objects, row, box)),
            "iscrowd": int(objects.crowd[row]),
            "segmentation": shape,
        }
        entry |= {name: value for name, value_of in extras if (value := value_of(objects, row)) is not None}
        annotations.append((row, entry))
    return annotations


def _area(objects: Objects, row: int, box: list[float]) -> float:
    """What the table says, else the pixels of the mask, else what the polygons or at last the box enclose."""
    known = float(objects.area[row])
    mask, rings = objects.mask[row], objects.polygons[row]
    if not math.isnan(known):
        return known
    if mask is not None:
        return rle.area(mask)
    if rings:
        return sum(abs(_shoelace(ring)) for ring in rings)
    return (box[2] - box[0]) * (box[3] - box[1])


def _shoelace(ring: Array) -> float:
    x, y = ring.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _short(value: float) -> float:
    """The number in its shortest JSON form: 3 rather than 3.0."""
    return int(value) if value == int(value) else value


def _flat(rings: list[Array]) -> list[list[float]]:
    return [[_short(value) for value in ring.ravel().tolist()] for ring in rings if len(ring) >= 3]


def _masks(objects: Objects, rows: list[int]) -> list[Any]:
    """A mask as run lengths; polygons that come without one stay as they are; [] where there is neither."""
    crowds = objects.crowd.tolist()
    return [
        _flat(objects.polygons[row] or []) if (mask := objects.mask[row]) is None else _runs(mask, crowds[row])
        for row in rows
    ]


def _runs(mask: Rle, crowd: bool) -> Json:
    """Run-length text; for a crowd plain numbers, which by custom is the form of `iscrowd` regions."""
    counts = counts_of_text(mask.counts.encode("ascii")).tolist() if crowd else mask.counts
    return {"size": [mask.height, mask.width], "counts": counts}


def polygons(objects: Objects, rows: list[int]) -> list[Any]:
    """As run lengths, but exact polygons in the place of those that polygons can hold; crowds stay."""
    shapes = _masks(objects, rows)
    singles = [at for at, row in enumerate(rows) if objects.mask[row] is not None and not objects.crowd[row]]
    rings = rings_of_rles([mask for at in singles if (mask := objects.mask[rows[at]]) is not None])
    for number, at in enumerate(singles):
        held = coco_rings(rings, number)
        if held.holds:
            shapes[at] = held.segmentation
    return shapes


# For boxes alone [], not a missing field: Datumaro asks for one.
SEGMENTATIONS: dict[str, Callable[[Objects, list[int]], list[Any]]] = {
    "rle": _masks,
    "polygon": polygons,
    "none": lambda objects, rows: [[] for _ in rows],
}


def keypoint_fields(marks: Array | None, count: int, where: str) -> Json:
    """`keypoints` as x y v of `count` points, x and y of pixel centres; zeros where nothing is labelled.

    Raises:
        InputError: there are more.
    """
    flat: list[float] = []
    labelled = 0
    for x, y, seen in () if marks is None else marks.tolist():
        labelled += seen > 0
        flat += (_short(x - 0.5), _short(y - 0.5), int(seen)) if seen > 0 else (0, 0, 0)
    if len(flat) > 3 * count:
        raise InputError(
            f"{where}: has {len(flat) // 3} key points, its class has {count}; name all of them in the label map"
        )
    return {"keypoints": flat + [0] * (3 * count - len(flat)), "num_keypoints": labelled}


def _number(column: str) -> Callable[[Objects, int], float | None]:
    def value(objects: Objects, row: int) -> float | None:
        number = float(getattr(objects, column)[row])
        return None if math.isnan(number) else number

    return value


def _box_full(objects: Objects, row: int) -> list[float] | None:
    box: list[float] = objects.box_full[row].tolist()
    return None if math.isnan(box[0]) else box


def _box3d(objects: Objects, row: int) -> Json | None:
    boxes = objects.box3d
    if not np.isfinite(boxes.center[row]).all():
        return None
    return {field: getattr(boxes, field)[row].tolist() for field in ("center", "size", "rotation")}


# Fields of our own in an annotation: name -> column of the table, value or None; `box_full` is x0 y0 x1 y1.
EXTRAS: dict[str, tuple[str, Callable[[Objects, int], Any]]] = {
    "instance": ("id", lambda objects, row: int(objects.id[row]) or None),
    "track": ("track", lambda objects, row: objects.track[row] or None),
    "visibility": ("visibility", _number("visibility")),
    "truncation": ("truncation", _number("truncation")),
    "score": ("score", _number("score")),
    "box_full": ("box_full", _box_full),
    "box3d": ("box3d", _box3d),
    "source_id": ("source_id", lambda objects, row: objects.source_id[row]),
    "attributes": ("attributes", lambda objects, row: objects.attributes[row] or None),
}
