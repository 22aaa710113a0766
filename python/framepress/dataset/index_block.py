"""Some frames as columns, before their texts are numbered; made from frames, or from the journal's lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from framepress.core import Frame, Objects, View
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["BLOCK_FRAMES", "BLOCK_OBJECTS", "NO_TIME", "Block", "File", "Gathered"]

BLOCK_FRAMES = 512
BLOCK_OBJECTS = 1 << 13
"""A block holds so many frames or objects, and then the one that goes beyond."""
NO_TIME = int(np.iinfo(np.int64).min)
_NUMBERS = ("id", "box", "box_full", "area", "visibility", "truncation", "score", "crowd")


class File(NamedTuple):
    edition: str
    path: str
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Columns of frames, views, objects and files, in order.

    Args:
        meta, attributes: (frame or object, counted in this block; what it says).
        pose: float64 (views, 4, 4), world from camera, NaN where it is not known.
        classes: of each view, what its objects' `label` counts in.
        numbers: of objects: id, box, box_full, area, visibility, truncation, score, crowd, and `mask`, whether the
            pixels are known; what is not there is not known of any.
        box3d: float64 (objects, 10): centre, size and rotation as in `Boxes3D`, NaN where not known; None for all.
        tracks: a text an object; empty where no object has one.
        files: (frame, counted in this block; file).
    """

    ids: Sequence[str]
    index: Array
    time_ns: Array
    sequences: Sequence[str]
    splits: Sequence[str]
    features: Sequence[frozenset[str]]
    meta: Sequence[tuple[int, Mapping[str, Any]]]
    views: Array
    view_names: Sequence[str]
    view_time_ns: Array
    size_wh: Array
    pose: Array
    classes: Sequence[Sequence[str]]
    objects: Array
    label: Array
    tracks: Sequence[str]
    numbers: Mapping[str, Array]
    box3d: Array | None
    attributes: Sequence[tuple[int, Mapping[str, Any]]]
    files: Sequence[tuple[int, File]]


class Gathered:
    """Frames that will be a block; nothing of their channels is kept."""

    def __init__(self) -> None:
        self._frames: list[tuple[str, int, int, str, str, int]] = []
        self._features: list[frozenset[str]] = []
        self._meta: list[tuple[int, Mapping[str, Any]]] = []
        self._views: list[tuple[str, int, int, int]] = []
        self._poses: list[Array] = []
        self._tables: list[Objects] = []
        self._masked: list[Array] = []
        self._files: list[tuple[int, File]] = []
        self._objects = 0

    @property
    def frames(self) -> int:
        return len(self._frames)

    @property
    def full(self) -> bool:
        return len(self._frames) >= BLOCK_FRAMES or self._objects >= BLOCK_OBJECTS

    def add(self, frame: Frame, features: frozenset[str], files: Sequence[File]) -> None:
        """Args:
            features: what the frame holds (`core.features`).

        Raises:
            InputError: a number that no column holds, or a name that is no text, with the frame.
        """
        _check(frame, files)
        row = len(self._frames)
        self._frames.append((frame.id, frame.index, _time(frame), frame.sequence, frame.split, len(frame.views)))
        self._features.append(features)
        self._files += [(row, file) for file in files]
        if frame.meta:
            self._meta.append((row, frame.meta))
        for view in frame.views:
            pose = view.camera.world_from_camera
            self._views.append((view.name, _time(view), *view.camera.size_wh))
            self._poses.append(_NO_POSE if pose is None else pose)
            self._tables.append(view.objects)
            self._masked.append(_masked(view))
            self._objects += len(view.objects)

    def block(self) -> Block:
        """Their columns; at least one frame was added."""
        ids, index, times, sequences, splits, views = zip(*self._frames, strict=True)
        names, view_times, widths, heights = zip(*self._views, strict=True)
        tables = self._tables
        boxes = [np.hstack((table.box3d.center, table.box3d.size, table.box3d.rotation)) for table in tables]
        said = enumerate(chain.from_iterable(table.attributes for table in tables))
        return Block(
            ids=ids,
            index=np.array(index, np.int64),
            time_ns=np.array(times, np.int64),
            sequences=sequences,
            splits=splits,
            features=self._features,
            meta=self._meta,
            views=np.array(views, np.int64),
            view_names=names,
            view_time_ns=np.array(view_times, np.int64),
            size_wh=np.array((widths, heights), np.int64).T,
            pose=np.array(self._poses),
            classes=[table.classes if len(table) else () for table in tables],
            objects=np.array([len(table) for table in tables], np.int64),
            label=_joined(tables, "label"),
            tracks=[track for table in tables for track in table.track],
            numbers={**{name: _joined(tables, name) for name in _NUMBERS}, "mask": np.concatenate(self._masked)},
            box3d=np.concatenate(boxes),
            attributes=[(row, words) for row, words in said if words],
            files=self._files,
        )


def _check(frame: Frame, files: Sequence[File]) -> None:
    wholes: list[tuple[str, Any, int]] = [("index", frame.index, 63), ("time_ns", frame.time_ns, 63)]
    for view in frame.views:
        place = f"view {view.name!r}: "
        width, height = view.camera.size_wh
        wholes += [(f"{place}time_ns", view.time_ns, 63), (f"{place}width", width, 31), (f"{place}height", height, 31)]
        for text in (view.name, *view.objects.track, *view.objects.classes):
            if not isinstance(text, str):
                raise InputError(f"frame {frame.id}: {place}{text!r} is no text; names, tracks and classes must be")
        for said in view.objects.attributes:
            if said is not None and not isinstance(said, Mapping):
                raise InputError(f"frame {frame.id}: {place}attributes {str(said)[:80]!r} are no mapping")
    wholes += [(f"size of {file.path}", file.size, 63) for file in files]
    for place, value, bits in wholes:
        if value is not None and not (isinstance(value, int) and -(1 << bits) < value < 1 << bits):
            raise InputError(f"frame {frame.id}: {place} is {value!r}; expected a whole number of {bits} bits at most")


def _time(of: Frame | View) -> int:
    return NO_TIME if of.time_ns is None else of.time_ns


def _joined(tables: Sequence[Objects], name: str) -> Array:
    return np.concatenate([getattr(table, name) for table in tables])


_NO_POSE = np.full((4, 4), np.nan)


def _masked(view: View) -> Array:
    """bool (N,), whether the object's pixels are known: as runs, as polygons, or by its id in the instance channel."""
    objects = view.objects
    held = [mask is not None or rings is not None for mask, rings in zip(objects.mask, objects.polygons, strict=True)]
    return np.asarray(held, bool) | ((objects.id > 0) & ("instance" in view.channels))
