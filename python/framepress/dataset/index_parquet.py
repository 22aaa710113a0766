"""The tables of an index as Parquet: frames.parquet, views.parquet, objects.parquet, files.parquet.

Columns are those of `dataset.index`, for readers who know nothing of it: texts in the place of their numbers (as
dictionaries), boxes as four columns (`box_x0` ... `box_y1`), what is not known as null, `features` as names with blanks
between them, and a column `meta.KEY` or `attributes.KEY` a field (`... text` for the texts of one that has numbers as
well). Half of a surrogate pair, as in names of files that are no Unicode, is written as `\\udcff`.

Parquet: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import NO_TIME, Field, Fields, Index, Table
from framepress.dataset.index_build import COLUMNS, TEXTS, VOCABULARIES
from framepress.errors import OutputError, require

__all__ = ["write_parquet"]

ROWS = 1 << 17
"""Rows of a group: what is in memory at once."""
_SIDES = ("x0", "y0", "x1", "y1")
Column = Callable[[slice], Any]
"""Rows -> an Arrow array."""


def write_parquet(index: Index, folder: Path) -> dict[str, int]:
    """Write the tables of an index into a new folder; rows by file name.

    Memory is that of one row group, beside the mapped columns, which the system takes back where it is short. The
    bytes are a function of the index and the release of pyarrow.

    Raises:
        OutputError: the folder is there and holds something, or cannot be written.
        ImportError: pyarrow is not installed.
    """
    parquet = require("pyarrow.parquet", extra="parquet")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: is there already; choose another folder")
    tables = {name: _columns(index, name) for name in COLUMNS}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, columns in tables.items():
                _write(parquet, making / f"{name}.parquet", columns, getattr(index, name).rows)
            making.chmod(0o777 & ~_umask())
            os.replace(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return {f"{name}.parquet": getattr(index, name).rows for name in tables}


def _write(parquet: Any, path: Path, columns: dict[str, Column], rows: int) -> None:
    arrow = require("pyarrow", extra="parquet")
    groups = (slice(first, min(first + ROWS, rows)) for first in range(0, max(rows, 1), ROWS))
    batches = (
        arrow.record_batch([column(group) for column in columns.values()], names=list(columns)) for group in groups
    )
    first = next(batches)
    with parquet.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_batch(first, row_group_size=ROWS)
        for batch in batches:
            writer.write_batch(batch, row_group_size=ROWS)


def _columns(index: Index, name: str) -> dict[str, Column]:
    table: Table = getattr(index, name)
    lists: dict[str, Sequence[str]] = {
        column: getattr(index, texts) for texts, (of, column) in VOCABULARIES.items() if of == name
    }
    found: dict[str, Column] = {text: _plain_texts(table.texts(text)) for text in TEXTS[name]}
    for column, (_, shape, _) in COLUMNS[name].items():
        array = table[column]
        if column in lists:
            found[column] = _texts(array, lists[column])
        elif column == "label":
            found[column] = _texts(array, index.labels.names)
        elif column == "features":
            found[column] = _features(array, index.features)
        elif shape:
            found |= {f"{column}_{side}": _numbers(array[:, place]) for place, side in enumerate(_SIDES)}
        else:
            found[column] = _numbers(array, {"time_ns": NO_TIME, "size": -1}.get(column))
    for fields, owner, before in ((index.meta, "frames", "meta."), (index.attributes, "objects", "attributes.")):
        if owner == name:
            found |= _fields(fields, before, found)
    return found


def _fields(fields: Fields, before: str, taken: dict[str, Column]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for key, field in fields.items():
        name = before + _written(key)
        for column, made in _field(name, field):
            while column in found or column in taken:
                column += "_"
            found[column] = made
    return found


def _field(name: str, field: Field) -> Iterator[tuple[str, Column]]:
    if field.numbers is not None:
        yield name, _truths(field.numbers) if field.boolean else _numbers(field.numbers)
    if field.codes is not None:
        yield name if field.numbers is None else f"{name} text", _texts(field.codes, field.texts)


def _numbers(array: Array, nothing: int | None = None) -> Column:
    """NaN, or `nothing`, as null."""
    arrow = require("pyarrow", extra="parquet")

    def column(rows: slice) -> Any:
        part = np.ascontiguousarray(array[rows])
        if part.dtype.kind == "f":
            return arrow.array(part, mask=np.isnan(part))
        return arrow.array(part, mask=None if nothing is None else part == nothing)

    return column


def _truths(array: Array) -> Column:
    arrow = require("pyarrow", extra="parquet")
    return lambda rows: arrow.array(array[rows] == 1, mask=np.isnan(array[rows]))


def _texts(codes: Array, texts: Sequence[str]) -> Column:
    """A dictionary a row group, of the texts that are in it; negative codes as null."""
    arrow = require("pyarrow", extra="parquet")

    def column(rows: slice) -> Any:
        used, places = np.unique(codes[rows], return_inverse=True)
        words = arrow.array([_written(texts[code]) for code in used.tolist() if code >= 0], arrow.string())
        inside = places.reshape(-1).astype(np.int32) - np.int32(np.count_nonzero(used < 0))
        return arrow.DictionaryArray.from_arrays(arrow.array(inside, mask=inside < 0), words)

    return column


def _features(bits: Array, names: Sequence[str]) -> Column:
    arrow = require("pyarrow", extra="parquet")

    def column(rows: slice) -> Any:
        used, places = np.unique(bits[rows], return_inverse=True)
        words = [
            " ".join(sorted(_written(name) for bit, name in enumerate(names) if value >> bit & 1))
            for value in used.tolist()
        ]
        places = arrow.array(places.reshape(-1).astype(np.int32))
        return arrow.DictionaryArray.from_arrays(places, arrow.array(words, arrow.string()))

    return column


def _plain_texts(texts: Sequence[str]) -> Column:
    arrow = require("pyarrow", extra="parquet")
    return lambda rows: arrow.array([_written(text) for text in texts[rows]], arrow.string())


def _written(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
