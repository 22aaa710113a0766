"""Lines of a journal straight to columns: no `Frame` is made, though everything that makes one raise is looked at.

What is refused here is not judged here: whoever calls makes frames of the lines then, which either raise, with what is
wrong, or are in order after all. So this module may be strict: it takes what `core.record.to_record` writes, and no
other spelling of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from framepress.core import Camera, Channels, Frame, Objects, View
from framepress.core.arrays import Array
from framepress.core.camera import rigid
from framepress.dataset.index_block import NO_TIME, Block, File
from framepress.errors import InputError

__all__ = ["block_of_lines"]

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)]
_Side = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_2 = tuple[float, float]
_3 = tuple[float, float, float]
_4 = tuple[float, float, float, float]
_10 = tuple[float, float, float, float, float, float, float, float, float, float]
_CAMERA, _CHANNELS = Camera(1, 1), Channels({}, (1, 1))
_NOTHING = Objects.empty()
_NO_POSE = ((math.nan,) * 4,) * 4


class _Refused(Exception):
    """A line is damaged, or written in another way."""


class _Table(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    label: list[int]
    id: list[_Whole] | UnsetType = UNSET
    track: list[str] | UnsetType = UNSET
    box: list[_4 | None] | UnsetType = UNSET
    box_full: list[_4 | None] | UnsetType = UNSET
    box3d: list[_10 | None] | UnsetType = UNSET
    area: list[float | None] | UnsetType = UNSET
    visibility: list[float | None] | UnsetType = UNSET
    truncation: list[float | None] | UnsetType = UNSET
    crowd: list[bool] | UnsetType = UNSET
    score: list[float | None] | UnsetType = UNSET
    source_id: list[int | str | None] | UnsetType = UNSET
    mask: list[tuple[int, int, str] | None] | UnsetType = UNSET
    polygons: list[list[list[_2]] | None] | UnsetType = UNSET
    keypoints: list[list[_3] | None] | UnsetType = UNSET
    points: list[list[_2] | None] | UnsetType = UNSET
    polylines: list[list[list[_2]] | None] | UnsetType = UNSET
    attributes: list[dict[str, Any] | None] | UnsetType = UNSET


class _Lens(msgspec.Struct, gc=False):
    K: tuple[_3, _3, _3] | None = None
    distortion: _Distortion | None = None
    world_from_camera: tuple[_4, _4, _4, _4] | None = None
    near: float = Camera.near
    far: float | None = None


class _Distortion(msgspec.Struct, gc=False):
    model: str
    coefficients: list[float]


class _View(msgspec.Struct, gc=False):
    name: str
    width: _Side
    height: _Side
    camera: _Lens = msgspec.field(default_factory=_Lens)
    time_ns: _Whole | None = None
    names: dict[int, str] = msgspec.field(default_factory=dict)
    classes: list[str] = msgspec.field(default_factory=list)
    objects: _Table | UnsetType = UNSET


class _Signal(msgspec.Struct, gc=False):
    time_ns: int
    values: list[Any]
    names: list[Any]


class _Frame(msgspec.Struct, gc=False):
    id: str
    index: _Whole
    views: list[_View]
    sequence: str = ""
    time_ns: _Whole | None = None
    split: str = ""
    signals: dict[str, _Signal] = msgspec.field(default_factory=dict)
    task: str = ""
    text: str = ""
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class _Edition(msgspec.Struct, gc=False):
    files: list[tuple[str, _Whole, str]]


class _Record(msgspec.Struct, gc=False):
    frame: _Frame
    channels: list[str]
    editions: dict[str, _Edition]


_decode = msgspec.json.Decoder(_Record).decode

_NUMBERS: dict[str, tuple[type, Any]] = {
    "id": (np.int64, 0),
    **dict.fromkeys(("area", "visibility", "truncation", "score"), (np.float64, None)),
    "crowd": (np.bool_, False),
}
_WIDE = {"box": 4, "box_full": 4, "box3d": 10}
_REST = ("source_id", "keypoints", "points", "polylines", "attributes")


def block_of_lines(lines: Sequence[bytes]) -> Block | None:
    """The columns of frame records, one a line; None where one is no such record, or is written in another way."""
    try:
        records = [_decode(line) for line in lines]
        gathered = _Gathered()
        for record in records:
            gathered.add(record)
        return gathered.block(records)
    except (_Refused, msgspec.MsgspecError, InputError, ValueError, OverflowError, RecursionError):
        return None


class _Gathered:
    """Columns of objects as lists; one that is shorter than the table ends in blanks."""

    def __init__(self) -> None:
        self.features: list[frozenset[str]] = []
        self._objects = 0
        self._label: list[int] = []
        self._tracks: list[str] = []
        self._known: dict[str, list[bool]] = {"mask": [], "polygons": []}
        self._columns: dict[str, list[Any]] = {name: [] for name in (*_NUMBERS, *_WIDE)}
        self._attributes: list[tuple[int, Mapping[str, Any]]] = []

    def add(self, record: _Record) -> None:
        frame = record.frame
        _check_frame(frame)
        held = set(record.channels)
        for view in frame.views:
            _check_camera(view.width, view.height, view.camera.near, view.camera.far)
            _note_view(view, held)
            if view.objects is not UNSET:
                self._add_objects(view.objects, held)
        held.update(name for name in ("sequence", "signals", "task", "text", "meta") if getattr(frame, name))
        if frame.time_ns is not None:
            held.add("time")
        if len(frame.views) > 1:
            held.add("views")
        self.features.append(frozenset(held))

    def _add_objects(self, table: _Table, held: set[str]) -> None:
        first, count = self._objects, len(table.label)
        if not count:
            raise _Refused("a table without rows")
        held.add("label")
        self._label += table.label
        for name, (_, blank) in _NUMBERS.items():
            rows = getattr(table, name)
            if rows is not UNSET:
                _extend(self._columns[name], first, rows, count, blank)
                if any(rows) or (blank is None and any(row is not None for row in rows)):
                    held.add(name)
        for name, width in _WIDE.items():
            rows = getattr(table, name)
            if rows is not UNSET:
                blank = _blank(width)
                if None in rows:
                    rows = [blank if row is None else row for row in rows]
                _extend(self._columns[name], first, rows, count, blank)
                if any(row is not blank for row in rows):
                    held.add(name)
        for name, flags in self._known.items():
            rows = getattr(table, name)
            if rows is not UNSET:
                known = [row is not None for row in rows]
                _extend(flags, first, known, count, False)
                if any(known):
                    held.add(name)
        if table.track is not UNSET:
            _extend(self._tracks, first, table.track, count, "")
            if any(table.track):
                held.add("track")
        for name in _REST:
            rows = getattr(table, name)
            if rows is not UNSET:
                if len(rows) != count:
                    raise _Refused(f"{name} has {len(rows)} rows, the table {count}")
                if any(row is not None and row != "" for row in rows):
                    held.add(name)
        if table.attributes is not UNSET:
            self._attributes += [(row, said) for row, said in enumerate(table.attributes, first) if said]
        self._objects += count

    def block(self, records: Sequence[_Record]) -> Block:
        frames = [record.frame for record in records]
        views = [view for frame in frames for view in frame.views]
        objects = [0 if view.objects is UNSET else len(view.objects.label) for view in views]
        classes = [view.classes if count else [] for view, count in zip(views, objects, strict=True)]
        label = np.array(self._label, np.int64)
        if not ((label >= 0) & (label < np.repeat([len(names) for names in classes], objects))).all():
            raise _Refused("a label beyond the classes")
        numbers = self._numbers()
        return Block(
            ids=[frame.id for frame in frames],
            index=np.array([frame.index for frame in frames], np.int64),
            time_ns=_times(frames),
            sequences=[frame.sequence for frame in frames],
            splits=[frame.split for frame in frames],
            features=self.features,
            meta=[(row, frame.meta) for row, frame in enumerate(frames) if frame.meta],
            views=np.array([len(frame.views) for frame in frames], np.int64),
            view_names=[view.name for view in views],
            view_time_ns=_times(views),
            size_wh=np.array([(view.width, view.height) for view in views], np.int64),
            pose=_poses([view.camera.world_from_camera for view in views]),
            classes=classes,
            objects=np.array(objects, np.int64),
            label=label,
            tracks=_padded(self._tracks, self._objects, "") if self._tracks else [],
            box3d=numbers.pop("box3d", None),
            numbers=numbers,
            attributes=self._attributes,
            files=[
                (row, File(edition, path, size))
                for row, record in enumerate(records)
                for edition, kept in record.editions.items()
                for path, size, _ in kept.files
            ],
        )

    def _numbers(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        count = self._objects
        for name, (dtype, blank) in _NUMBERS.items():
            if self._columns[name]:
                found[name] = np.array(_padded(self._columns[name], count, blank), dtype)
        for name, width in _WIDE.items():
            if self._columns[name]:
                rows = _padded(self._columns[name], count, _blank(width))
                found[name] = np.fromiter(chain.from_iterable(rows), np.float64, count * width).reshape(-1, width)
        masks, polygons = (np.array(_padded(known, count, False), np.bool_) for known in self._known.values())
        found["mask"] = masks | polygons
        return found


def _extend(column: list[Any], first: int, rows: list[Any], count: int, blank: Any) -> None:
    """`rows` from row `first` on."""
    if len(rows) != count:
        raise _Refused(f"a column of {len(rows)} rows, the table has {count}")
    if len(column) < first:
        _padded(column, first, blank)
    column += rows


def _padded(column: list[Any], rows: int, blank: Any) -> list[Any]:
    column += [blank] * (rows - len(column))
    return column


@cache
def _blank(width: int) -> tuple[float, ...]:
    return (math.nan,) * width


@lru_cache(1024)
def _checked_view(name: str) -> View:
    return View(_CAMERA, name, _CHANNELS, _NOTHING)


def _check_frame(frame: _Frame) -> None:
    views = tuple(_checked_view(view.name) for view in frame.views)
    Frame(frame.id, frame.index, views, frame.sequence, frame.time_ns, frame.split)


@lru_cache(1024)
def _check_camera(width: int, height: int, near: float, far: float | None) -> None:
    Camera(width, height, near=near, far=Camera.far if far is None else far)


def _note_view(view: _View, held: set[str]) -> None:
    """The features of a view without its objects; JSON has no K that is not finite."""
    lens = view.camera
    if lens.K is not None:
        held.add("camera")
    if lens.world_from_camera is not None:
        held.add("pose")
    if lens.distortion is not None:
        held.add("distortion")
    if view.names:
        held.add("names")
    if view.time_ns is not None:
        held.add("time")


def _poses(poses: Sequence[tuple[_4, _4, _4, _4] | None]) -> Array:
    """float64 (views, 4, 4), NaN where not known."""
    found = np.array([_NO_POSE if pose is None else pose for pose in poses], np.float64)
    known = np.isfinite(found[:, 0, 0])
    if not rigid(found[known]).all():
        raise _Refused("a pose that is not rigid")
    return found


def _times(rows: Sequence[_Frame] | Sequence[_View]) -> Array:
    return np.array([NO_TIME if row.time_ns is None else row.time_ns for row in rows], np.int64)
