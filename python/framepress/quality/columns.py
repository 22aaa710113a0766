"""The columns of a dataset, wherever they come from: an `Index` of ours, or a format's tolerant look.

frames:   index, sequence, split, time_ns (NO_TIME = not known), scene, seed; texts("id")
views:    frame, name, time_ns (its own, NO_TIME = not known), width, height [px, 0 = not known]
objects:  frame, view, id, label, track (-1 = none), box and box_full [px, edges], area [px], visibility, truncation,
          score, distance [m], yaw [rad], all NaN = not known; crowd, mask, box3d (whether known)

As in `dataset.index`: `sequence`, `split`, `scene`, `seed`, `name`, `label` and `track` count in the lists of that
name, `frame` and `view` in their tables. A column that a source cannot know is filled with what stands for "not known".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from framepress.core import LabelMap
from framepress.core.arrays import Array

__all__ = ["NO_TIME", "Columns", "MemoryColumns", "MemoryTable", "TableLike"]

NO_TIME = np.iinfo(np.int64).min
_BLANKS: dict[str, dict[str, tuple[str, Any]]] = {
    "frames": {
        "index": ("int64", -1),
        "sequence": ("int32", 0),
        "split": ("int32", 0),
        "scene": ("int32", 0),
        "seed": ("int32", 0),
        "time_ns": ("int64", NO_TIME),
    },
    "views": {
        "frame": ("int64", 0),
        "name": ("int32", 0),
        "time_ns": ("int64", NO_TIME),
        "width": ("int32", 0),
        "height": ("int32", 0),
    },
    "objects": {
        "frame": ("int64", 0),
        "view": ("int64", 0),
        "id": ("int64", 0),
        "label": ("int32", 0),
        "track": ("int32", -1),
        "area": ("float64", np.nan),
        "visibility": ("float32", np.nan),
        "truncation": ("float32", np.nan),
        "score": ("float32", np.nan),
        "distance": ("float32", np.nan),
        "yaw": ("float32", np.nan),
        "crowd": ("bool", False),
        "mask": ("bool", False),
        "box3d": ("bool", False),
    },
}
_BOXES = ("box", "box_full")


class TableLike(Protocol):
    @property
    def rows(self) -> int: ...

    def __getitem__(self, column: str) -> Array: ...

    def texts(self, column: str) -> Sequence[str]: ...


class Columns(Protocol):
    """`framepress.dataset.index.Index` is one."""

    @property
    def labels(self) -> LabelMap: ...
    @property
    def frames(self) -> TableLike: ...
    @property
    def views(self) -> TableLike: ...
    @property
    def objects(self) -> TableLike: ...
    @property
    def sequences(self) -> Sequence[str]: ...
    @property
    def splits(self) -> Sequence[str]: ...
    @property
    def scenes(self) -> Sequence[str]: ...
    @property
    def seeds(self) -> Sequence[str]: ...
    @property
    def view_names(self) -> Sequence[str]: ...
    @property
    def tracks(self) -> Sequence[str]: ...


class MemoryTable:
    """A table in memory; columns that are not given hold "not known" and cost nothing.

    Raises:
        ValueError: a column's length disagrees.
    """

    def __init__(self, name: str, rows: int, columns: Mapping[str, Array], texts: Mapping[str, Sequence[str]]) -> None:
        self.rows = rows
        self._columns: dict[str, Array] = {}
        for column, (dtype, blank) in _BLANKS[name].items():
            self._columns[column] = _filled(columns.get(column), dtype, blank, (rows,))
        for column in _BOXES if name == "objects" else ():
            self._columns[column] = _filled(columns.get(column), "float64", np.nan, (rows, 4))
        self._texts = dict(texts)

    def __getitem__(self, column: str) -> Array:
        return self._columns[column]

    def texts(self, column: str) -> Sequence[str]:
        return self._texts[column]


def _filled(column: Array | None, dtype: str, blank: Any, shape: tuple[int, ...]) -> Array:
    if column is None:
        return np.broadcast_to(np.array(blank, dtype), shape)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        array = np.asarray(column, dtype)
    if array.shape != shape:
        raise ValueError(f"a column of shape {array.shape} in a table of {shape}")
    return array


class MemoryColumns:
    """Columns that a look has gathered.

    Args:
        frames, views, objects: column name -> array; `frame_ids`: one text a frame.
    """

    def __init__(
        self,
        labels: LabelMap,
        frame_ids: Sequence[str],
        frames: Mapping[str, Array],
        views: Mapping[str, Array],
        objects: Mapping[str, Array],
        *,
        sequences: Sequence[str] = ("",),
        splits: Sequence[str] = ("",),
        scenes: Sequence[str] = ("",),
        seeds: Sequence[str] = ("",),
        view_names: Sequence[str] = ("",),
        tracks: Sequence[str] = (),
    ) -> None:
        self.labels = labels
        self.frames = MemoryTable("frames", len(frame_ids), frames, {"id": frame_ids})
        self.views = MemoryTable("views", len(views["frame"]), views, {})
        self.objects = MemoryTable("objects", len(objects["frame"]), objects, {})
        self.sequences, self.splits, self.scenes, self.seeds = sequences, splits, scenes, seeds
        self.view_names, self.tracks = view_names, tracks
