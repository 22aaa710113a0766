"""Rows of all files one after the other, and the columns of the whole recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framepress.capture.rows import edge_boxes, visibility_of
from framepress.core import Label, LabelMap, safe_name
from framepress.core.arrays import Array
from framepress.errors import LabelError
from framepress.formats.basic_files import Number
from framepress.quality.basic.documents import Reader, labels_in
from framepress.quality.basic.table import BOXES, BasicLook, Boxes, Shot, empty_boxes
from framepress.quality.columns import MemoryColumns
from framepress.quality.issue import Issue

__all__ = ["NO_ENTITY", "Rows", "columns_of"]

NO_ENTITY = np.iinfo(np.int32).max
"""x_min of a row that stands for nothing."""


class Rows:
    """Takes in the rows of one file after the other."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parts: dict[str, list[dict[str, Array]]] = {kind: [] for kind in BOXES}
        self._read: dict[str, dict[int, int]] = {kind: {} for kind in BOXES}
        self._labels: dict[str, int] = {"": 0}
        self._paths: dict[str, int] = {}

    @property
    def labels(self) -> list[str]:
        return list(self._labels)

    @property
    def paths(self) -> list[str]:
        return list(self._paths)

    def add(self, root: Path, number: int, shot: Shot, kind: str) -> None:
        name = shot.files[kind]
        found = self._reader.rows(root / name, name, shot.frame)
        if found is None:
            return
        count = len(found)
        self._read[kind][number] = count
        label = self._labels_of(root, shot, kind, found)
        path = self._paths_of(root, shot, kind, count)
        if not count:
            return
        solid = kind == "bounding_box_3d"
        names = found.dtype.names or ()
        occluded = "occlusionRatio" in names
        self._parts[kind].append(
            {
                "shot": np.full(count, number, np.int32),
                "row": np.arange(count, dtype=np.int32),
                "semantic": found["semanticId"].astype(np.int64),
                "label": label,
                "path": path,
                "box": np.empty((count, 0), np.int64) if solid else _stacked(found, "xy").astype(np.int64),
                "extents": _stacked(found, "xyz").astype(np.float64) if solid else np.empty((count, 0)),
                "transform": found["transform"].astype(np.float64) if solid else np.empty((count, 0, 0)),
                "occlusion": found["occlusionRatio"].astype(np.float32) if occluded else np.full(count, np.nan, "f4"),
                "occluded": np.full(count, occluded),
            }
        )

    def _labels_of(self, root: Path, shot: Shot, kind: str, rows: Array) -> Array:
        """int32: -1 for an id that the map lacks, -2 where there is no map that can be read."""
        name = shot.files.get(f"{kind}_labels")
        document = None if name is None else self._reader.document(root / name, name, shot.frame, dict)
        if document is None:
            return np.full(len(rows), -2, np.int32)
        labels, _ = labels_in(document)
        codes = {number: self._labels.setdefault(text, len(self._labels)) for number, text in labels.items()}
        return np.array([codes.get(number, -1) for number in rows["semanticId"].tolist()], np.int32)

    def _paths_of(self, root: Path, shot: Shot, kind: str, count: int) -> Array:
        """int32: -1 where there are no paths, or not as many as rows."""
        none = np.full(count, -1, np.int32)
        name = shot.files.get(f"{kind}_prim_paths")
        document = None if name is None else self._reader.document(root / name, name, shot.frame, list)
        if name is None or document is None:
            return none
        if len(document) != count:
            self._wrong(name, shot, f"{count} rows, but {len(document)} prim paths")
            return none
        odd = [row for row, path in enumerate(document) if not isinstance(path, str)]
        if odd:
            self._wrong(name, shot, f"prim path {odd[0]} is {document[odd[0]]!r:.60}, no text")
            return none
        first: dict[str, int] = {}
        for row, path in enumerate(document):
            if first.setdefault(path, row) != row:
                self._wrong(name, shot, f"rows {first[path]} and {row} have one prim path", path)
        return np.array([self._paths.setdefault(path, len(self._paths)) for path in document], np.int32)

    def _wrong(self, name: str, shot: Shot, message: str, prim: str = "") -> None:
        issue = Issue(message=message, file=name, frame=shot.frame, view=shot.view, prim=prim)
        self._reader.wrong_rows.append(issue)

    def gathered(self) -> dict[str, Boxes]:
        found = {}
        for kind, parts in self._parts.items():
            boxes = empty_boxes()
            if parts:
                columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
                boxes = Boxes(**columns, read={})
            boxes.read = self._read[kind]
            found[kind] = boxes
        return found


def _stacked(rows: Array, axes: str) -> Array:
    return np.stack([rows[f"{axis}_{end}"] for end in ("min", "max") for axis in axes], axis=1)


def columns_of(look: BasicLook) -> MemoryColumns:
    """Objects are the rows of tight boxes, where there are none of loose ones, that have a class and a place."""
    frames = list(dict.fromkeys(shot.frame for shot in look.shots))
    place = {frame: row for row, frame in enumerate(frames)}
    numbers = {shot.frame: shot.number for shot in look.shots}
    several = len({number.triggers for number in numbers.values()}) > 1
    sequence_of = _codes(number.sequence for number in numbers.values())
    view_of = _codes(shot.view for shot in look.shots)
    boxes = look.boxes["bounding_box_2d_tight"]
    if not boxes.read:
        boxes = look.boxes["bounding_box_2d_loose"]
    rows = np.flatnonzero((boxes.label > 0) & (boxes.box[:, :1].reshape(-1) != NO_ENTITY))
    index = np.array([_index(numbers[name], row if several else None) for row, name in enumerate(frames)], np.int64)
    labels, codes = _label_map(look.labels, np.unique(boxes.label[rows]).tolist())
    view_frame = np.array([place[shot.frame] for shot in look.shots], np.int64)
    size = np.array([shot.size for shot in look.shots], np.int64).reshape(-1, 2)
    return MemoryColumns(
        labels,
        frames,
        {
            "index": index,
            "sequence": np.array([sequence_of[numbers[name].sequence] for name in frames], np.int32),
        },
        {
            "frame": view_frame,
            "name": np.array([view_of[shot.view] for shot in look.shots], np.int32),
            "width": size[:, 0],
            "height": size[:, 1],
        },
        _objects(look, boxes, rows, codes, view_frame, size),
        sequences=list(sequence_of),
        view_names=list(view_of),
        tracks=look.paths,
    )


def _codes(texts: Iterable[str]) -> dict[str, int]:
    """Text -> its place in a list that begins with ""."""
    return {text: code for code, text in enumerate(dict.fromkeys(["", *texts]))}


def _label_map(texts: Sequence[str], used: Sequence[int]) -> tuple[LabelMap, Array]:
    """The classes in use in order of name, since a recording has no list; int32, code of a text -> class, -1: none."""
    kept: dict[str, Label] = {}
    for text in sorted(texts[code] for code in used):
        kept.setdefault(_label(text).name.casefold(), _label(text))
    place = {key: code for code, key in enumerate(kept)}
    codes = np.full(len(texts), -1, np.int32)
    for code in used:
        codes[code] = place[_label(texts[code]).name.casefold()]
    return LabelMap(tuple(kept.values())), codes


def _label(text: str) -> Label:
    try:
        return Label(text)
    except LabelError:
        return Label(safe_name(text.encode("utf-8", "backslashreplace").decode()) or "unnamed")


def _index(number: Number, place: int | None) -> int:
    """As the reader has it: the frame's place where there are several counts of triggers; -1 for what is too large."""
    index = number.number if place is None else place
    return index if index < 1 << 63 else -1


def _objects(
    look: BasicLook, boxes: Boxes, rows: Array, codes: Array, view_frame: Array, size: Array
) -> dict[str, Any]:
    shot = boxes.shot[rows]
    records = np.zeros(len(rows), [(name, "<i8") for name in ("x_min", "y_min", "x_max", "y_max")])
    for axis, name in enumerate(records.dtype.names or ()):
        records[name] = boxes.box[rows, axis]
    edges = edge_boxes(records)
    limits = np.concatenate([size[shot], size[shot]], axis=1)
    clipped = np.clip(edges, 0, np.where(limits > 0, limits, np.inf))
    ratios = np.zeros(len(rows), [("occlusionRatio", "<f4")])
    ratios["occlusionRatio"] = boxes.occlusion[rows]
    solid = look.boxes["bounding_box_3d"]
    known = set(zip(solid.shot.tolist(), solid.path.tolist(), strict=True))
    return {
        "frame": view_frame[shot],
        "view": shot.astype(np.int64),
        "label": codes[boxes.label[rows]],
        "track": boxes.path[rows],
        "box": clipped,
        "visibility": visibility_of(ratios),
        "box3d": np.array([pair in known for pair in zip(shot.tolist(), boxes.path[rows].tolist(), strict=True)], bool),
    }
