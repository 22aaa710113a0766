"""Some frames as columns, before their texts are numbered; made from frames, or from the journal's lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from framepress.core import Frame, Objects, View
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["BLOCK_FRAMES", "BLOCK_OBJECTS", "NO_TIME", "Block", "File", "Gathered", "Rows"]

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


class Rows:
    """Frames and views on their way to a block."""

    def __init__(self) -> None:
        self._frames: list[tuple[str, int, int, str, str, int]] = []
        self._features: list[frozenset[str]] = []
        self._meta: list[tuple[int, Mapping[str, Any]]] = []
        self._files: list[tuple[int, File]] = []
        self._views: list[tuple[str, int, int, int, int]] = []
        self._poses: list[Any] = []
        self._classes: list[Sequence[str]] = []

    def __len__(self) -> int:
        return len(self._frames)

    def add_frame(
        self,
        id: str,
        index: int,
        time_ns: int | None,
        sequence: str,
        split: str,
        views: int,
        features: Iterable[str],
        meta: Mapping[str, Any],
        files: Iterable[File],
    ) -> None:
        """After its views."""
        row = len(self._frames)
        self._frames.append((id, index, NO_TIME if time_ns is None else time_ns, sequence, split, views))
        self._features.append(frozenset(features))
        self._files += [(row, file) for file in files]
        if meta:
            self._meta.append((row, meta))

    def add_view(
        self,
        name: str,
        time_ns: int | None,
        width: int,
        height: int,
        pose: Any,
        classes: Sequence[str],
        objects: int,
    ) -> None:
        """Args:
        pose: (4, 4) numbers, None where it is not known.
        """
        self._views.append((name, NO_TIME if time_ns is None else time_ns, width, height, objects))
        self._poses.append(_NO_POSE if pose is None else pose)
        self._classes.append(classes)

    def block(
        self,
        *,
        label: Array,
        tracks: Sequence[str],
        numbers: Mapping[str, Array],
        box3d: Array | None,
        attributes: Sequence[tuple[int, Mapping[str, Any]]],
    ) -> Block:
        """With the columns of their objects; there is at least one frame."""
        ids, index, times, sequences, splits, views = zip(*self._frames, strict=True)
        names, view_times, widths, heights, objects = zip(*self._views, strict=True)
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
            pose=np.array(self._poses, np.float64),
            classes=self._classes,
            objects=np.array(objects, np.int64),
            label=label,
            tracks=tracks,
            numbers=numbers,
            box3d=box3d,
            attributes=attributes,
            files=self._files,
        )


class Gathered:
    """Frames that will be a block; nothing of their channels is kept."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._tables: list[Objects] = []
        self._masked: list[Array] = []
        self._objects = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def full(self) -> bool:
        return len(self._rows) >= BLOCK_FRAMES or self._objects >= BLOCK_OBJECTS

    def add(self, frame: Frame, features: Iterable[str], files: Sequence[File]) -> None:
        """Args:
            features: what the frame holds (`core.features`).

        Raises:
            InputError: a number that no column holds, or a name that is no text, with the frame.
        """
        _check(frame, files)
        for view in frame.views:
            camera, table = view.camera, view.objects
            classes = table.classes if len(table) else ()
            self._rows.add_view(view.name, view.time_ns, *camera.size_wh, camera.world_from_camera, classes, len(table))
            self._tables.append(table)
            self._masked.append(_masked(view))
            self._objects += len(table)
        self._rows.add_frame(
            frame.id,
            frame.index,
            frame.time_ns,
            frame.sequence,
            frame.split,
            len(frame.views),
            features,
            frame.meta,
            files,
        )

    def block(self) -> Block:
        """Their columns; there is at least one frame."""
        tables = self._tables
        boxes = [np.hstack((table.box3d.center, table.box3d.size, table.box3d.rotation)) for table in tables]
        said = enumerate(chain.from_iterable(table.attributes for table in tables))
        return self._rows.block(
            label=_joined(tables, "label"),
            tracks=[track for table in tables for track in table.track],
            numbers={**{name: _joined(tables, name) for name in _NUMBERS}, "mask": np.concatenate(self._masked)},
            box3d=np.concatenate(boxes),
            attributes=[(row, words) for row, words in said if words],
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


def _joined(tables: Sequence[Objects], name: str) -> Array:
    return np.concatenate([getattr(table, name) for table in tables])


_NO_POSE = np.full((4, 4), np.nan)


def _masked(view: View) -> Array:
    """bool (N,), whether the object's pixels are known: as runs, as polygons, or by its id in the instance channel."""
    objects = view.objects
    held = [mask is not None or rings is not None for mask, rings in zip(objects.mask, objects.polygons, strict=True)]
    return np.asarray(held, bool) | ((objects.id > 0) & ("instance" in view.channels))
