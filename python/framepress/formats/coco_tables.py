"""One COCO file, opened: where its entries are, which annotations belong to which image, and that all ids fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from framepress.core import Label
from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.formats.coco_entries import label_of
from framepress.formats.coco_scan import Entries, entries

__all__ = ["Table", "categories", "decoded", "open_table", "typed"]

Json = dict[str, Any]


_Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_BLOCK = 1 << 16


class _Image(msgspec.Struct):
    id: _Id


class _Annotation(msgspec.Struct):
    id: _Id
    image_id: _Id
    category_id: int


@dataclass(frozen=True, eq=False)
class Table:
    """Memory: 8 bytes an annotation where they come in the images' order, else 12; twice that above 4 GiB."""

    path: Path
    images: Entries
    annotations: Entries
    labels: list[Label]
    image_ids: Array
    """int64, one an image, ascending."""
    image_rows: Array
    """Position in the file of each of `image_ids`."""
    order: Array | None
    """int32: the annotations by image, each image's in the file's order; None where the file has them so."""
    first: Array
    """Those of the image at position i are `first[i]` up to `first[i + 1]` of `order`."""

    def annotations_of(self, image: int) -> list[Json]:
        """The annotations of the image at a position in the file."""
        places = np.arange(self.first[image], self.first[image + 1])
        rows = places if self.order is None else self.order[places]
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
    image_ids = np.fromiter((image.id for image in typed(images, _Image)), np.int64, len(images))
    image_rows = np.argsort(image_ids, kind="stable")
    image_ids = image_ids[image_rows]
    _refuse_repeated(image_ids, images)
    known = {label.id for label in labels}
    if len(known) != len(labels):
        _refuse_repeated(np.sort([label.id or 0 for label in labels]), lists["categories"])
    image_of = _image_of(annotations, image_ids, image_rows, known)
    if (image_of[1:] >= image_of[:-1]).all():
        order, ascending = None, image_of
    else:
        order = np.argsort(image_of, kind="stable").astype(np.int32)
        ascending = image_of[order]
    first = np.searchsorted(ascending, np.arange(len(images) + 1, dtype=np.int32))
    return Table(path, images, annotations, labels, image_ids, image_rows, order, first)


def _image_of(annotations: Entries, image_ids: Array, image_rows: Array, categories: set[int | None]) -> Array:
    """int32: the position in the file of each annotation's image. Checks all ids, in blocks that stay small."""
    ids = np.empty(len(annotations), np.int64)
    found = np.empty(len(annotations), np.int32)
    block = np.empty(_BLOCK, np.int64)
    row = -1
    for row, annotation in enumerate(typed(annotations, _Annotation)):
        if annotation.category_id not in categories:
            raise _unknown(annotations, row, "category_id", annotation.category_id, "categories")
        ids[row] = annotation.id
        block[row % _BLOCK] = annotation.image_id
        if row % _BLOCK == _BLOCK - 1:
            _look_up(annotations, row + 1 - _BLOCK, block, image_ids, image_rows, found)
    _look_up(annotations, row - row % _BLOCK, block[: (row + 1) % _BLOCK], image_ids, image_rows, found)
    if (ids[1:] <= ids[:-1]).any():
        ids.sort()
        _refuse_repeated(ids, annotations)
    return found


def _look_up(annotations: Entries, first: int, used: Array, image_ids: Array, image_rows: Array, found: Array) -> None:
    """Fill `found` from `first` on with the positions of the images with the ids `used`."""
    if not len(used):
        return
    at = np.searchsorted(image_ids, used)
    at[at == len(image_ids)] = 0
    unknown = np.flatnonzero(image_ids[at] != used) if len(image_ids) else np.arange(len(used))
    if unknown.size:
        raise _unknown(annotations, first + int(unknown[0]), "image_id", int(used[unknown[0]]), "images")
    found[first : first + len(used)] = image_rows[at]


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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(listed, row, text, error) from error
    if not isinstance(entry, dict):
        raise InputError(f"{listed.path}: {listed.name}[{row}]: is a list, expected an object")
    return entry


def typed(listed: Entries, form: type[msgspec.Struct]) -> Iterator[Any]:
    """All entries, one at a time, with the fields of `form` alone.

    Raises:
        InputError: an entry is no JSON, or a field is missing or of another type.
    """
    decoder = msgspec.json.Decoder(form)
    for row, text in enumerate(listed):
        try:
            entry = decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _bad(listed, row, text, error) from error
        yield entry


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


def _unknown(listed: Entries, row: int, name: str, number: int, where: str) -> InputError:
    return InputError(f"{listed.path}: {listed.name}[{row}]: {name} {number} is not among the {where}")
