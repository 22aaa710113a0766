"""One COCO file, opened: where its entries are, which annotations belong to which image, and that all ids fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from framepress.core import Label
from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.formats.coco_entries import label_of
from framepress.formats.coco_scan import Entries, entries

__all__ = ["Table", "categories", "decoded", "open_table", "typed"]

Json = dict[str, Any]


class _Image(msgspec.Struct):
    id: int


class _Annotation(msgspec.Struct):
    id: int
    image_id: int
    category_id: int


@dataclass(frozen=True, eq=False)
class Table:
    """Memory: 16 bytes an annotation."""

    path: Path
    images: Entries
    annotations: Entries
    labels: list[Label]
    image_ids: Array
    """int64, one an image, ascending."""
    image_rows: Array
    """Position in the file of each of `image_ids`."""
    order: Array
    """int32: those of the image at position i are `order[first[i]:first[i + 1]]`, in the file's order."""
    first: Array

    def annotations_of(self, image: int) -> list[Json]:
        """The annotations of the image at a position in the file."""
        rows = self.order[self.first[image] : self.first[image + 1]]
        texts = self.annotations.take(rows)
        return [decoded(self.annotations, row, text) for row, text in zip(rows.tolist(), texts, strict=True)]

    def image_row(self, number: int) -> int | None:
        """The position of the image with this id."""
        at = int(np.searchsorted(self.image_ids, number))
        found = at < len(self.image_ids) and self.image_ids[at] == number
        return int(self.image_rows[at]) if found else None


def open_table(path: Path) -> Table:
    """Scan a file.

    Raises:
        InputError: it is no COCO, an id is repeated or no integer, or an annotation names an image or a category that
            is not there.
    """
    lists = entries(path)
    for name in ("images", "annotations", "categories"):
        if name not in lists:
            raise InputError(f"{path}: has no list of objects named {name!r}; is it COCO?")
    images, annotations = lists["images"], lists["annotations"]
    labels = _labels(lists["categories"])
    (image_ids,) = _columns(images, _Image)
    image_rows = np.argsort(image_ids, kind="stable")
    image_ids = image_ids[image_rows]
    _refuse_repeated(image_ids, images)
    _refuse_repeated(np.sort([label.id or 0 for label in labels]), lists["categories"])
    ids, image_of, category_of = _columns(annotations, _Annotation)
    if (ids[1:] <= ids[:-1]).any():
        ids.sort()
        _refuse_repeated(ids, annotations)
    _refuse_unknown(category_of, np.sort([label.id or 0 for label in labels]), annotations, "category_id", "categories")
    _refuse_unknown(image_of, image_ids, annotations, "image_id", "images")
    rows = (
        image_rows[np.searchsorted(image_ids, image_of)].astype(np.int32) if len(images) else image_of.astype(np.int32)
    )
    del ids, image_of, category_of
    order = np.argsort(rows, kind="stable").astype(np.int32)
    first = np.searchsorted(rows[order], np.arange(len(images) + 1))
    return Table(path, images, annotations, labels, image_ids, image_rows, order, first)


def categories(path: Path) -> list[Label]:
    """The classes of a file.

    Raises:
        InputError: it has none.
    """
    lists = entries(path)
    if "categories" not in lists:
        raise InputError(f"{path}: has no list of objects named 'categories'; is it COCO?")
    return _labels(lists["categories"])


def _labels(listed: Entries) -> list[Label]:
    return [label_of(decoded(listed, row, text), str(listed.path)) for row, text in enumerate(listed)]


def decoded(listed: Entries, row: int, text: bytes) -> Json:
    """One entry.

    Raises:
        InputError: it is no JSON object.
    """
    try:
        entry = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(listed, row, text, error) from error
    if not isinstance(entry, dict):
        raise InputError(f"{listed.path}: {listed.name}[{row}]: is a list, expected an object")
    return entry


def typed(listed: Entries, form: type[msgspec.Struct]) -> list[Any]:
    """All entries with the fields of `form` alone.

    Raises:
        InputError: an entry is no JSON, or a field is missing or of another type.
    """
    decoder = msgspec.json.Decoder(form)
    found = []
    for row, text in enumerate(listed):
        try:
            found.append(decoder.decode(text))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _bad(listed, row, text, error) from error
    return found


def _columns(listed: Entries, form: type[msgspec.Struct]) -> list[Array]:
    """The integer fields of `form`, each as int64 (N,)."""
    decoder = msgspec.json.Decoder(form)
    columns = [np.empty(len(listed), np.int64) for _ in form.__struct_fields__]
    for row, text in enumerate(listed):
        try:
            for column, value in zip(columns, msgspec.structs.astuple(decoder.decode(text)), strict=True):
                column[row] = value
        except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError) as error:
            raise _bad(listed, row, text, error) from error
    return columns


def _bad(listed: Entries, row: int, text: bytes, error: Exception) -> InputError:
    reason = str(error)
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        words = [word for word in ("NaN", "Infinity") if word.encode() in text]
        reason = f"holds {words[0]}, which is no JSON number" if words else reason
    return InputError(f"{listed.path}: {listed.name}[{row}]: {reason}")


def _refuse_repeated(ascending: Array, listed: Entries) -> None:
    repeated = np.flatnonzero(ascending[1:] == ascending[:-1])
    if repeated.size:
        raise InputError(f"{listed.path}: {listed.name}: id {ascending[repeated[0]]} is there more than once")


def _refuse_unknown(used: Array, ascending: Array, listed: Entries, name: str, where: str) -> None:
    at = np.searchsorted(ascending, used)
    unknown = at == len(ascending)
    if len(ascending):
        unknown |= ascending[np.minimum(at, len(ascending) - 1)] != used
    if unknown.any():
        row = int(np.argmax(unknown))
        raise InputError(f"{listed.path}: {listed.name}[{row}]: {name} {used[row]} is not among the {where}")
