"""Lines of a journal straight to columns: no `Frame` is made, though everything that makes one raise is looked at.

What is refused here is not judged here: whoever calls makes frames of the lines then, which either raise, with what is
wrong, or are in order after all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from operator import or_
from typing import Any

import numpy as np
from msgspec import UNSET, MsgspecError, UnsetType

from framepress.core import Camera, Channels, Frame, Objects, View
from framepress.core.camera import rigid
from framepress.dataset.index_block import Block, File, Rows
from framepress.dataset.index_record import Record, RecordedFrame, RecordedView, Table, record_of
from framepress.errors import InputError

__all__ = ["block_of_lines"]

_CAMERA, _CHANNELS = Camera(1, 1), Channels({}, (1, 1))
_NOTHING = Objects.empty()
_BLANKS: dict[str, Any] = {
    "id": 0,
    "crowd": False,
    **dict.fromkeys(("area", "visibility", "truncation", "score"), math.nan),
    **dict.fromkeys(("box", "box_full"), (math.nan,) * 4),
    "box3d": (math.nan,) * 10,
}
_REST = ("source_id", "mask", "polygons", "keypoints", "points", "polylines", "attributes")
_NULLABLE = {*_BLANKS, *_REST} - {"id", "crowd"}


class _Refused(Exception):
    """A line is damaged, or written in another way."""


def block_of_lines(lines: Iterable[bytes]) -> Block | None:
    """The columns of frame records, one a line; None where one is no such record, or is written in another way."""
    rows, objects = Rows(), _Objects()
    try:
        for line in lines:
            if not line.isascii():
                line.decode()  # msgspec looks at no text that nobody asked for
            _add(record_of(line), rows, objects)
        block = objects.block(rows)
    except (_Refused, MsgspecError, InputError, ValueError, OverflowError, RecursionError):
        return None
    most = np.repeat([len(names) for names in block.classes], block.objects)
    known = np.isfinite(block.pose[:, 0, 0])
    whole = ((block.label >= 0) & (block.label < most)).all() and rigid(block.pose[known]).all()
    return block if whole else None


def _add(record: Record, rows: Rows, objects: _Objects) -> None:
    frame, held = record.frame, set(record.channels)
    _check_frame(frame)
    for view in frame.views:
        _add_view(view, held, rows, objects)
    held.update(name for name in ("sequence", "signals", "task", "text", "meta") if getattr(frame, name))
    if frame.time_ns is not None:
        held.add("time")
    if len(frame.views) > 1:
        held.add("views")
    files = [File(edition, path, size) for edition, kept in record.editions.items() for path, size, _ in kept.files]
    rows.add_frame(
        frame.id, frame.index, frame.time_ns, frame.sequence, frame.split, len(frame.views), held, frame.meta, files
    )


def _add_view(view: RecordedView, held: set[str], rows: Rows, objects: _Objects) -> None:
    lens, table = view.camera, view.objects
    _check_camera(view.width, view.height, lens.near, lens.far)
    if lens.K is not None:  # finite, as all numbers of JSON
        held.add("camera")
    if lens.world_from_camera is not None:
        held.add("pose")
    if lens.distortion is not None:
        held.add("distortion")
    if view.names:
        held.add("names")
    if view.time_ns is not None:
        held.add("time")
    classes, count = view.classes, 0
    if table is UNSET:
        classes = []
    else:
        count = len(table.label)
        objects.add(table, count, held)
    rows.add_view(view.name, view.time_ns, view.width, view.height, lens.world_from_camera, classes, count)


class _Objects:
    """Columns as flat lists; one that is shorter than the table ends in blanks."""

    def __init__(self) -> None:
        self._count = 0
        self._label: list[int] = []
        self._tracks: list[str] = []
        self._masked: list[bool] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in _BLANKS}
        self._attributes: list[tuple[int, Mapping[str, Any]]] = []

    def add(self, table: Table, count: int, held: set[str]) -> None:
        """`held` gets the columns that say anything."""
        if not count:
            raise _Refused("a table without rows")
        held.add("label")
        self._label += table.label
        for name, blank in _BLANKS.items():
            rows = getattr(table, name)
            if rows is not UNSET:
                _note(name, rows, count, held)
                self._extend(self._columns[name], rows, blank)
        if table.track is not UNSET:
            _note("track", table.track, count, held)
            self._extend(self._tracks, table.track, "")
        for name in _REST:
            rows = getattr(table, name)
            if rows is not UNSET:
                _note(name, rows, count, held)
        self._masked += (
            _known(table.mask, count)
            if table.polygons is UNSET
            else map(or_, _known(table.mask, count), _known(table.polygons, count))
        )
        if table.attributes is not UNSET:
            self._attributes += [(row, said) for row, said in enumerate(table.attributes, self._count) if said]
        self._count += count

    def _extend(self, column: list[Any], rows: list[Any], blank: Any) -> None:
        """`rows` from the present row on."""
        if None in rows:
            rows = [blank if row is None else row for row in rows]
        if type(blank) is tuple:
            missing = self._count - len(column) // len(blank)
            if missing:
                column += blank * missing
            column += chain.from_iterable(rows)
        else:
            if len(column) < self._count:
                column += [blank] * (self._count - len(column))
            column += rows

    def block(self, rows: Rows) -> Block:
        """All frames, with these objects."""
        numbers = {}
        for name, blank in _BLANKS.items():
            if self._columns[name]:
                self._extend(self._columns[name], [], blank)
                array = np.array(self._columns[name], np.int64 if name == "id" else None)
                numbers[name] = array.reshape(-1, len(blank)) if type(blank) is tuple else array
        if self._tracks:
            self._extend(self._tracks, [], "")
        return rows.block(
            label=np.array(self._label, np.int64),
            tracks=self._tracks,
            box3d=numbers.pop("box3d", None),
            numbers=numbers | {"mask": np.array(self._masked, np.bool_)},
            attributes=self._attributes,
        )


def _note(name: str, rows: list[Any], count: int, held: set[str]) -> None:
    """Into `held`, if it says anything: more than None and "", and of ids and crowds more than 0 and False."""
    if len(rows) != count:
        raise _Refused(f"{name} has {len(rows)} rows, the table {count}")
    if any(rows) or (name in _NULLABLE and any(row is not None and row != "" for row in rows)):
        held.add(name)


def _known(rows: list[Any] | UnsetType, count: int) -> list[bool]:
    return [False] * count if rows is UNSET else [row is not None for row in rows]


@lru_cache(1024)
def _named_view(name: str) -> View:
    return View(_CAMERA, name, _CHANNELS, _NOTHING)


def _check_frame(frame: RecordedFrame) -> None:
    views = tuple(_named_view(view.name) for view in frame.views)
    Frame(frame.id, frame.index, views, frame.sequence, frame.time_ns, frame.split)


@lru_cache(1024)
def _check_camera(width: int, height: int, near: float, far: float | None) -> None:
    Camera(width, height, near=near, far=Camera.far if far is None else far)
