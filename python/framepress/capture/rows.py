"""Structured annotator rows (2D and 3D boxes) as tables that are joined by prim path, never by row number or id.

Ids are drawn anew each frame and each annotator; a prim's path is the only name that lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.layout import Annotation
from framepress.capture.semantics import labels_of
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["Rows", "edge_boxes", "rows_of", "visibility_of", "visible_boxes", "without_sentinels"]

_2D = ("semanticId", "x_min", "y_min", "x_max", "y_max")
_3D = ("semanticId", "x_min", "y_min", "z_min", "x_max", "y_max", "z_max", "transform")
_NO_ENTITY = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Rows:
    """One annotator's rows.

    `keys` are prim paths; where the payload has none, `bbox:<id>` (equal in all box annotators of one frame), else
    `row:<number>`, which joins nothing. `labels` are each row's labels in the chosen taxonomy, in the order delivered.
    """

    records: Array
    keys: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    where: str
    named: bool = True

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def take(self, keep: Array) -> Rows:
        """The rows of a bool (N,) mask."""
        if keep.all():
            return self
        rows = np.flatnonzero(keep).tolist()
        return Rows(
            self.records[rows],
            tuple(self.keys[row] for row in rows),
            tuple(self.labels[row] for row in rows),
            self.where,
            self.named,
        )


def rows_of(annotation: Annotation, taxonomy: str) -> Rows:
    """The rows of a box annotator.

    Raises:
        InputError: not the structured array that Replicator delivers, paths that do not fit the rows or repeat, or a
            semantic id without an entry in `idToLabels`; each with the row.
    """
    where, records = annotation.where, np.array(annotation.array())  # a copy: the host reuses its buffers
    records = records.reshape(-1)
    if not records.dtype.names:
        if records.size:
            raise InputError(f"{where}: dtype {records.dtype}; expected structured rows with {', '.join(_2D)}")
        return Rows(np.empty(0, [("semanticId", "u4")]), (), (), where)
    needed = _3D if "transform" in records.dtype.names else _2D
    missing = [name for name in needed if name not in records.dtype.names]
    if missing:
        raise InputError(f"{where}: rows have no field {missing[0]} (fields: {', '.join(records.dtype.names)})")
    keys, named = _keys(annotation, len(records))
    by_id = labels_of(annotation.side.get("idToLabels", {}), taxonomy, where)
    try:
        labels = tuple(by_id[number] for number in records["semanticId"].tolist())
    except KeyError as error:
        row = records["semanticId"].tolist().index(error.args[0])
        raise InputError(
            f"{where}: row {row} ({keys[row]}) has semanticId {error.args[0]}, which idToLabels lacks "
            f"(it has {', '.join(map(str, by_id)) or 'nothing'}); the labels are incomplete or of another frame"
        ) from error
    return Rows(records, keys, labels, where, named)


def _keys(annotation: Annotation, count: int) -> tuple[tuple[str, ...], bool]:
    where, side = annotation.where, annotation.side
    if side.get("primPaths") is None:
        ids = [] if side.get("bboxIds") is None else np.ravel(side["bboxIds"]).tolist()
        if len(ids) == count:
            return tuple(f"bbox:{number}" for number in ids), False
        return tuple(f"row:{row}" for row in range(count)), False
    keys = tuple(map(str, side["primPaths"]))
    if len(keys) != count:
        raise InputError(f"{where}: {count} rows but {len(keys)} prim paths; they belong to different frames")
    if len(set(keys)) != count:
        first: dict[str, int] = {}
        for row, key in enumerate(keys):
            if first.setdefault(key, row) != row:
                raise InputError(
                    f"{where}: rows {first[key]} and {row} have the same prim path {key}, so they cannot be told "
                    "apart; put the labels on prims that are no instance proxies"
                )
    return keys, True


def without_sentinels(rows: Rows, accounts: Accounts, counter: str) -> Rows:
    """2D rows without those that stand for no entity (x_min is the largest int32), which are counted."""
    if not len(rows):
        return rows
    real = rows.records["x_min"] != _NO_ENTITY
    accounts.add(counter, int((~real).sum()))
    return rows.take(real)


def edge_boxes(records: Array) -> Array:
    """float64 (N, 4) x0 y0 x1 y1 [px, edges] of 2D rows, whose maxima are the last pixel covered, hence + 1."""
    box = np.empty((len(records), 4))
    box[:, 0], box[:, 1] = records["x_min"], records["y_min"]
    box[:, 2], box[:, 3] = records["x_max"], records["y_max"]
    box[:, 2:] += 1
    return box


def visible_boxes(rows: Rows, size_wh: tuple[int, int], accounts: Accounts) -> Array:
    """Tight boxes [px, edges] inside the image; what stuck out is clipped and counted.

    Raises:
        InputError: a box that is inverted or wholly outside the image, with row, prim path and numbers.
    """
    box = edge_boxes(rows.records) if len(rows) else np.empty((0, 4))
    width, height = size_wh
    clipped = np.clip(box, 0, (width, height, width, height))
    wrong = (clipped[:, 2:] <= clipped[:, :2]).any(1)
    if wrong.any():
        row = int(wrong.argmax())
        numbers = [int(rows.records[name][row]) for name in _2D[1:]]
        what = "is inverted" if (box[row, 2:] <= box[row, :2]).any() else f"is outside the {width} x {height} image"
        raise InputError(
            f"{rows.where}: row {row} ({rows.keys[row]}): inclusive box x_min, y_min, x_max, y_max = {numbers} {what}; "
            "visible pixels cannot be there: is the resolution right?"
        )
    for row in np.flatnonzero((clipped != box).any(1)).tolist():
        accounts.add("boxes clipped to the image", example=rows.keys[row])
    return clipped


def visibility_of(records: Array) -> Array:
    """float64 (N,) 1 - occlusionRatio; NaN (not known) for -1 (prims of several meshes or with labelled children), NaN,
    anything else outside 0..1, and for rows of releases that have no such field."""
    if not records.dtype.names or "occlusionRatio" not in records.dtype.names:
        return np.full(len(records), np.nan)
    ratio = records["occlusionRatio"].astype(np.float64)
    known = (ratio >= 0) & (ratio <= 1)
    return np.where(known, 1 - ratio, np.nan)
