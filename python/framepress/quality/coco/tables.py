"""The columns of one COCO file, from its entries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, takewhile
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.formats.coco_entries import is_ours
from framepress.quality.coco.document import FAR, NOT_FINITE, Document
from framepress.quality.coco.entries import UNSET, Annotation, Category, Image, Oddities, blocks
from framepress.quality.coco.numbers import Ids, decimals, integers
from framepress.quality.coco.shapes import joined, shapes
from framepress.quality.coco.table import NO_ID, Annotations, Categories, Images
from framepress.quality.columns import NO_TIME

__all__ = ["Tables", "licenses_of"]

_NAN4 = (np.nan,) * 4


class Tables:
    """Takes in a document's lists one after the other; `odd`, `wrong_points` and `tracks` fill as it goes."""

    def __init__(self, document: Document) -> None:
        self._lists = document.lists
        self.odd = Oddities()
        self._ids = Ids(self.odd)
        self.wrong_points: list[tuple[int, str]] = []
        self.tracks: dict[str, int] = {}

    def images(self) -> Images:
        entries = list(chain.from_iterable(blocks(self._lists.get("images", []), Image, "images", self.odd)))
        names = []
        for row, entry in enumerate(entries):
            if not isinstance(entry.file_name, str):
                said = "is missing" if entry.file_name is UNSET else f"is {entry.file_name!r:.60}, not a text"
                self.odd.add("images.file_name", row, said)
            names.append(entry.file_name if isinstance(entry.file_name, str) else "")
        ours = [is_ours(entry.frame, entry.index, entry.camera) for entry in entries]
        own = [entry if known else _FOREIGN for entry, known in zip(entries, ours, strict=True)]
        meta = [entry.meta if isinstance(entry.meta, dict) else {} for entry in own]
        return Images(
            id=self._ids.column([entry.id for entry in entries], "images.id", 0),
            width=self._sides([entry.width for entry in entries], "images.width"),
            height=self._sides([entry.height for entry in entries], "images.height"),
            license=self._ids.column([entry.license for entry in entries], "images.license", 0, optional=True),
            names=names,
            frame=[entry.frame or "" for entry in own],
            view=[_text(entry.camera.get("name")) if entry.camera else "" for entry in own],
            sequence=[_text(entry.sequence) for entry in own],
            scene=[_text(said.get("scene")) for said in meta],
            seed=[str(said["seed"]) if isinstance(said.get("seed"), (int, str)) else "" for said in meta],
            index=_whole([entry.index for entry in own], -1),
            time_ns=_whole([entry.time_ns for entry in own], NO_TIME),
        )

    def _sides(self, values: list[Any], where: str) -> Array:
        return integers(values, where, 0, self.odd, least=1, blank=0)

    def categories(self) -> Categories:
        entries = list(chain.from_iterable(blocks(self._lists.get("categories", []), Category, "categories", self.odd)))
        for row, entry in enumerate(entries):
            if not isinstance(entry.name, str):
                said = "is missing" if entry.name is UNSET else f"is {entry.name!r:.60}, not a text"
                self.odd.add("categories.name", row, said)
        return Categories(
            id=self._ids.column([entry.id for entry in entries], "categories.id", 0),
            name=[_text(entry.name) for entry in entries],
            points=_whole([len(entry.keypoints) if isinstance(entry.keypoints, list) else 0 for entry in entries], 0),
            skeleton=[_skeleton(entry.skeleton) for entry in entries],
        )

    def annotations(self, images: Images, categories: Categories) -> Annotations:
        parts: list[dict[str, Array]] = []
        measured = []
        first = 0
        for block in blocks(self._lists.get("annotations", []), Annotation, "annotations", self.odd):
            measured.append(shapes(block))
            parts.append(self._fields(block, first) | self._points(block, first))
            first += len(block)
        parts = parts or [self._fields([], 0) | self._points([], 0)]
        columns: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Annotations(
            image=_rows(columns["image_id"], images.id),
            category=_rows(columns["category_id"], categories.id),
            shapes=joined(measured),
            **columns,
        )

    def _fields(self, block: list[Annotation], first: int) -> dict[str, Array]:
        column, odd = self._ids.column, self.odd
        crowd = [entry.iscrowd for entry in block]
        boxes = [_NAN4 if entry.bbox is UNSET else entry.bbox for entry in block]
        bbox = np.array(boxes, np.float64).reshape(-1, 4)
        bbox[bbox == NOT_FINITE] = np.nan
        np.clip(bbox, -FAR, FAR, out=bbox)
        told = reversed(odd.of("annotations.bbox"))
        said = {row for row, _ in takewhile(lambda entry: entry[0] >= first, told)}
        for row, entry in enumerate(block):
            if entry.bbox is UNSET and first + row not in said:
                odd.add("annotations.bbox", first + row, "is missing")
            if type(entry.attributes) not in _PLAIN_ATTRIBUTES and entry.iscrowd in (0, False):
                marks = (entry.attributes.is_crowd, entry.attributes.iscrowd)  # type: ignore[union-attr]
                if any(mark is not UNSET and mark in (1, True, "true", "True") for mark in marks):
                    odd.add("annotations.attributes.is_crowd", first + row, "says that it is a crowd")
        return {
            "id": column([entry.id for entry in block], "annotations.id", first),
            "image_id": column([entry.image_id for entry in block], "annotations.image_id", first),
            "category_id": column([entry.category_id for entry in block], "annotations.category_id", first),
            "bbox": bbox,
            "area": decimals([entry.area for entry in block], "annotations.area", first, odd),
            "crowd": _crowds(integers(crowd, "annotations.iscrowd", first, odd, least=0, blank=-1)),
            "visibility": _shares([entry.visibility for entry in block]),
            "truncation": _shares([entry.truncation for entry in block]),
            "track": self._tracks([entry.track for entry in block]),
        }

    def _tracks(self, said: list[Any]) -> Array:
        if not any(said):
            return np.full(len(said), -1, np.int32)
        known = self.tracks
        codes = [known.setdefault(name, len(known)) if isinstance(name, str) and name else -1 for name in said]
        return np.array(codes, np.int32)

    def _points(self, block: list[Annotation], first: int) -> dict[str, Array]:
        rows = [row for row, entry in enumerate(block) if isinstance(entry.keypoints, list)]
        points, labelled = np.full(len(block), -1, np.int32), np.zeros(len(block), np.int32)
        number = [UNSET if entry.num_keypoints is None else entry.num_keypoints for entry in block]
        if rows:
            points[rows] = [len(block[row].keypoints) for row in rows]  # type: ignore[arg-type]
            whole = [row for row in rows if points[row] % 3 == 0]
            flat = list(chain.from_iterable(block[row].keypoints for row in whole))  # type: ignore[misc]
            marks = np.array(flat, np.float64).reshape(-1, 3)
            owner = np.repeat(np.array(whole, np.int64), points[whole] // 3)
            labelled += np.bincount(owner[marks[:, 2] > 0], minlength=len(block)).astype(np.int32)
            self._check_marks(marks, owner, points, first)
        counted = [0 if value is UNSET else value for value in number]
        said = self._ids.column(counted, "annotations.num_keypoints", first)
        said[[row for row, value in enumerate(number) if value is UNSET]] = NO_ID
        return {"points": points, "labelled": labelled, "num_keypoints": said}

    def _check_marks(self, marks: Array, owner: Array, points: Array, first: int) -> None:
        seen = marks[:, 2]
        finite = (marks != NOT_FINITE).all(1)
        unknown = finite & ~np.isin(seen, (0, 1, 2))
        astray = finite & (seen == 0) & (marks[:, :2] != 0).any(1)
        bad = np.flatnonzero(unknown | astray)
        begins = np.searchsorted(owner, owner[bad])
        for at, begin in zip(bad.tolist(), begins.tolist(), strict=True):
            x, y, v = marks[at].tolist()
            words = f"v is {v:g}, not 0, 1 or 2" if unknown[at] else f"is not labelled (v 0), but lies at {x:g}, {y:g}"
            self.wrong_points.append((first + int(owner[at]), f"point {at - begin + 1}: {words}"))


_FOREIGN = Image()
_PLAIN_ATTRIBUTES = {type(UNSET), list, str, float, bool, type(None)}


def licenses_of(document: Document) -> frozenset[int]:
    """The ids of the licenses."""
    odd = Oddities()
    entries = chain.from_iterable(blocks(document.lists.get("licenses", []), Category, "licenses", odd))
    return frozenset(entry.id for entry in entries if type(entry.id) is int and abs(entry.id) < 1 << 62)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(values: Sequence[Any], blank: int) -> Array:
    limit = 1 << 63
    return np.array([value if type(value) is int and -limit < value < limit else blank for value in values], np.int64)


def _crowds(said: Array) -> Array:
    return np.minimum(said, 2).astype(np.int8)


def _shares(values: Sequence[Any]) -> Array:
    if set(map(type, values)) == {type(None)}:
        return np.full(len(values), np.nan)
    return np.array([value if type(value) in (int, float) and 0 <= value <= 1 else np.nan for value in values])


def _skeleton(value: Any) -> list[tuple[int, int]] | None:
    if value is None:
        return []
    fits = isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair) for pair in value
    )
    return [(pair[0], pair[1]) for pair in value] if fits else None


def _rows(used: Array, ids: Array) -> Array:
    """The first row of `ids` with each of the used ids, -1 where there is none."""
    if not ids.size:
        return np.full(used.size, -1)
    order = np.argsort(ids, kind="stable")
    at = np.minimum(np.searchsorted(ids[order], used), ids.size - 1)
    found = order[at]
    rows: Array = np.where((ids[found] == used) & (used != NO_ID), found, -1)
    return rows
