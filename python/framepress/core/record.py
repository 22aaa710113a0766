"""A frame without its pixels as one JSON-able record, and back: what the journal, the index and `native` store.

Record: {"id", "index", "views": [view], and where they say something: "sequence", "time_ns", "split", "signals",
"task", "text", "meta"}; view: {"name", "width", "height", "camera", "time_ns", "names", "classes", "objects"}.
`objects` is one list a column, columns that hold nothing are left out. Numbers are Python's shortest text that reads
back to the same float64; NaN (not known) is null; boxes are edge pixels, 3D is metres in the world, masks are COCO
run-length text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.core.camera import Camera, Distortion
from framepress.core.channels import Channels, Source
from framepress.core.frame import Frame, Signal, View
from framepress.core.objects import Boxes3D, Objects
from framepress.core.rle import Rle
from framepress.errors import FramepressError, InputError

__all__ = ["from_record", "to_record"]

Record = dict[str, Any]

_FRAME_TEXTS = ("sequence", "split", "task", "text")
_NUMBERS = ("area", "visibility", "truncation", "score")
_PIXEL_LISTS = ("keypoints", "points")
_PIXEL_LISTS_OF_LISTS = ("polygons", "polylines")


def to_record(frame: Frame) -> Record:
    """The record of a frame; a pure function of its values (channels left out)."""
    record: Record = {"id": frame.id, "index": frame.index, "views": [_view_record(view) for view in frame.views]}
    record |= {name: getattr(frame, name) for name in _FRAME_TEXTS if getattr(frame, name)}
    if frame.time_ns is not None:
        record["time_ns"] = frame.time_ns
    if frame.signals:
        record["signals"] = {
            name: {"time_ns": signal.time_ns, "values": list(signal.values), "names": list(signal.names)}
            for name, signal in frame.signals.items()
        }
    if frame.meta:
        record["meta"] = dict(frame.meta)
    return record


def from_record(record: Mapping[str, Any], channels: Mapping[str, Mapping[str, Source]] | None = None) -> Frame:
    """The frame of a record.

    Args:
        record: as `to_record` made it, possibly through JSON.
        channels: view name -> channel name -> where its pixels come from.

    Raises:
        InputError: the record is no record, with its id and the field.
    """
    where = f"frame {record.get('id')!r}"
    try:
        views = tuple(_view_of(view, (channels or {}).get(view["name"], {}), where) for view in record["views"])
        signals = {
            name: Signal(row["time_ns"], tuple(row["values"]), tuple(row["names"]))
            for name, row in record.get("signals", {}).items()
        }
        return Frame(
            id=record["id"],
            index=record["index"],
            views=views,
            time_ns=record.get("time_ns"),
            signals=signals,
            meta=record.get("meta", {}),
            **{name: record.get(name, "") for name in _FRAME_TEXTS},
        )
    except FramepressError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise InputError(f"{where}: not a frame record: {type(error).__name__}: {error}") from error


def _view_record(view: View) -> Record:
    camera = view.camera
    record: Record = {"name": view.name, "width": camera.width, "height": camera.height}
    lens: Record = {}
    if camera.K is not None:
        lens["K"] = camera.K.tolist()
    if camera.distortion is not None:
        lens["distortion"] = {"model": camera.distortion.model, "coefficients": list(camera.distortion.coefficients)}
    if camera.world_from_camera is not None:
        lens["world_from_camera"] = camera.world_from_camera.tolist()
    if lens or (camera.near, camera.far) != (Camera.near, Camera.far):
        lens |= {"near": camera.near, "far": None if math.isinf(camera.far) else camera.far}
        record["camera"] = lens
    if view.time_ns is not None:
        record["time_ns"] = view.time_ns
    if view.names:
        record["names"] = {str(number): name for number, name in sorted(view.names.items())}
    if len(view.objects):
        record["classes"], record["objects"] = _objects_record(view.objects)
    return record


def _objects_record(objects: Objects) -> tuple[list[str], Record]:
    """The classes in use, and the columns; labels count in those classes, so that a record explains itself."""
    used, label = np.unique(objects.label, return_inverse=True)
    columns: Record = {"label": label.reshape(-1).tolist()}
    for name in sorted(objects.known() - {"label"}):
        columns[name] = _COLUMN_LISTS.get(name, _plain)(objects, name)
    return [objects.classes[code] for code in used.tolist()], columns


def _plain(objects: Objects, name: str) -> list[Any]:
    column = getattr(objects, name)
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _numbers(objects: Objects, name: str) -> list[Any]:
    return [None if math.isnan(value) else value for value in getattr(objects, name).tolist()]


def _boxes(objects: Objects, name: str) -> list[Any]:
    return [None if math.isnan(row[0]) else row for row in getattr(objects, name).tolist()]


def _boxes3d(objects: Objects, name: str) -> list[Any]:
    boxes = objects.box3d
    rows = zip(boxes.known.tolist(), boxes.center.tolist(), boxes.size.tolist(), boxes.rotation.tolist(), strict=True)
    return [[*center, *size, *rotation] if known else None for known, center, size, rotation in rows]


def _masks(objects: Objects, name: str) -> list[Any]:
    return [None if mask is None else [mask.height, mask.width, mask.counts] for mask in objects.mask]


def _arrays(objects: Objects, name: str) -> list[Any]:
    return [None if row is None else row.tolist() for row in getattr(objects, name)]


def _array_lists(objects: Objects, name: str) -> list[Any]:
    return [None if row is None else [ring.tolist() for ring in row] for row in getattr(objects, name)]


_COLUMN_LISTS = {
    **dict.fromkeys(_NUMBERS, _numbers),
    **dict.fromkeys(("box", "box_full"), _boxes),
    "box3d": _boxes3d,
    "mask": _masks,
    **dict.fromkeys(_PIXEL_LISTS, _arrays),
    **dict.fromkeys(_PIXEL_LISTS_OF_LISTS, _array_lists),
}


def _view_of(record: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> View:
    lens = record.get("camera", {})
    distortion = lens.get("distortion")
    far = lens.get("far")
    camera = Camera(
        width=record["width"],
        height=record["height"],
        K=lens.get("K"),
        distortion=Distortion(distortion["model"], tuple(distortion["coefficients"])) if distortion else None,
        world_from_camera=lens.get("world_from_camera"),
        near=lens.get("near", Camera.near),
        far=Camera.far if far is None else far,
    )
    return View(
        camera=camera,
        name=record["name"],
        channels=Channels(sources, camera.size_wh, where),
        objects=_objects_of(record.get("classes", ()), record["objects"]) if "objects" in record else Objects.empty(),
        names={int(number): name for number, name in record.get("names", {}).items()},
        time_ns=record.get("time_ns"),
    )


def _objects_of(classes: list[str], columns: Mapping[str, Any]) -> Objects:
    filled: dict[str, Any] = dict(columns)
    for name in _NUMBERS:
        if name in filled:
            filled[name] = np.array([np.nan if value is None else value for value in filled[name]], np.float64)
    for name in ("box", "box_full"):
        if name in filled:
            filled[name] = _rows(filled[name], 4)
    if "box3d" in filled:
        rows = _rows(filled["box3d"], 10)
        filled["box3d"] = Boxes3D(rows[:, :3], rows[:, 3:6], rows[:, 6:])
    if "mask" in filled:
        filled["mask"] = [None if row is None else Rle(*row) for row in filled["mask"]]
    for name in _PIXEL_LISTS:
        if name in filled:
            filled[name] = [None if row is None else np.array(row, np.float64) for row in filled[name]]
    for name in _PIXEL_LISTS_OF_LISTS:
        if name in filled:
            filled[name] = [
                None if row is None else [np.array(ring, np.float64) for ring in row] for row in filled[name]
            ]
    return Objects.build((), classes=tuple(classes), **filled)


def _rows(rows: list[Any], width: int) -> Array:
    blank = [math.nan] * width
    return np.array([blank if row is None else row for row in rows], np.float64).reshape(-1, width)
