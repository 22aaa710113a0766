"""Columns of what frames and objects say in words of their own: `Frame.meta` and `Objects.attributes`.

A key is a field; of a mapping in a mapping the keys are joined with dots ("weather.rain"). Numbers and bools are
numbers, texts are texts, a list of such is a text: its JSON without blanks (`["rain","night"]`). None and NaN say
nothing. What has no place in a column is counted under its key in `left_out`: a list that holds lists or mappings, a
number beyond float64, a text of more than `LONGEST_TEXT` characters, and every key after the first `MOST_KEYS` (these
under "").
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index_files import SURROGATES, ColumnFile, Vocabulary

__all__ = ["LONGEST_TEXT", "MOST_KEYS", "FieldFiles", "stem_of"]

MOST_KEYS = 128
"""Fields of a table at most: each takes up to 12 bytes a row."""
LONGEST_TEXT = 1000
_MEMORY = 1 << 21
_DEEPEST = 16
_NUMBERS = frozenset((bool, int, float))
_SCALARS = (str, bool, int, float)


class FieldFiles:
    """The fields of one table.

    Args:
        rows: how many the table has already; `before` is what `header` said of their fields.
    """

    def __init__(self, folder: Path, name: str, rows: int = 0, before: Mapping[str, Any] | None = None) -> None:
        self._folder, self._name = folder, name
        self._rows = rows
        self._left_out: Counter[str] = Counter(before["left_out"] if before else {})
        self._fields: dict[str, _Field] = {
            key: _Field(folder / stem_of(name, key), rows, of["texts"], of["boolean"])
            for key, of in (before["fields"] if before else {}).items()
        }

    def append(self, said: Iterable[tuple[int, Mapping[str, Any]]], count: int) -> None:
        """The next rows of the table.

        Args:
            said: (row, counted among these; what it says), in order.
            count: how many rows there are.
        """
        self._gather("", said, count, 0)
        self._rows += count
        for field in self._fields.values():
            field.write(count, self._rows)

    def _gather(self, before: str, said: Iterable[tuple[int, Mapping[str, Any]]], count: int, depth: int) -> None:
        columns: dict[str, tuple[list[int], list[Any]]] = {}
        for row, words in said:
            for name, value in words.items():
                column = columns.get(name)
                if column is None:
                    column = columns[name] = ([], [])
                column[0].append(row)
                column[1].append(value)
        for name, (rows, values) in columns.items():
            key = f"{before}{name}"
            if not set(map(type, values)) <= _NUMBERS | {str}:
                rest = zip(rows, values, strict=True)
                nested = [(row, value) for row, value in rest if isinstance(value, Mapping)] if depth < _DEEPEST else []
                if nested:
                    self._gather(f"{key}.", nested, count, depth + 1)
                rows, values = self._placed(key, rows, values, nested=bool(nested))
            if rows:
                self._place(key, rows, values, count)

    def _placed(self, key: str, rows: list[int], values: list[Any], *, nested: bool) -> tuple[list[int], list[Any]]:
        """Numbers and texts only; what can be neither is counted."""
        kept: list[tuple[int, Any]] = []
        for row, value in zip(rows, values, strict=True):
            if value is None or (nested and isinstance(value, Mapping)):
                continue
            if isinstance(value, (list, tuple)) and len(value) <= LONGEST_TEXT:
                if all(item is None or isinstance(item, _SCALARS) for item in value):
                    value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if isinstance(value, _SCALARS):
                kept.append((row, value))
            else:
                self._leave_out(key, 1)
        return [row for row, _ in kept], [value for _, value in kept]

    def _place(self, key: str, rows: list[int], values: list[Any], count: int) -> None:
        field = self._fields.get(key)
        if field is None:
            if len(self._fields) >= MOST_KEYS or len(key) > LONGEST_TEXT:
                self._leave_out("", len(rows))
                return
            field = self._fields[key] = _Field(self._folder / stem_of(self._name, key))
        self._leave_out(key, len(rows) - field.put(rows, values, count))

    def _leave_out(self, key: str, count: int) -> None:
        if count:
            known = key in self._left_out or (len(self._left_out) < MOST_KEYS and len(key) <= LONGEST_TEXT)
            self._left_out[key if known else ""] += count

    def header(self) -> dict[str, Any]:
        """What `index.Fields` reads them by; after the last rows, and once."""
        for field in self._fields.values():
            field.codes.recode(field.texts.close())
        fields = {
            key: {"numbers": field.numbers.known, "texts": field.texts.rows, "boolean": field.boolean}
            for key, field in sorted(self._fields.items())
        }
        return {"fields": fields, "left_out": dict(sorted(self._left_out.items()))}


def stem_of(name: str, key: str) -> str:
    """What the names of a field's files begin with; keys may be anything."""
    return f"{name}.{hashlib.sha256(key.encode('utf-8', SURROGATES)).hexdigest()[:32]}"


class _Field:
    def __init__(self, path: Path, rows: int = 0, texts: int = 0, boolean: bool = True) -> None:
        self.boolean = boolean
        self.numbers = ColumnFile(path.with_name(path.name + ".numbers"), "<f8", (), math.nan, rows)
        self.codes = ColumnFile(path.with_name(path.name + ".codes"), "<i4", (), -1, rows)
        self.texts = Vocabulary(path.with_name(path.name + ".texts"), memory=_MEMORY, rows=texts)
        self._numbers: Array | None = None
        self._codes: Array | None = None

    def put(self, rows: list[int], values: list[Any], count: int) -> int:
        """How many of the numbers and texts have a place; they are of rows among the next `count`."""
        kinds = set(map(type, values))
        self.boolean = self.boolean and kinds == {bool}
        if kinds <= _NUMBERS:
            return self._put_numbers(rows, values, count)
        texts = [(row, value) for row, value in zip(rows, values, strict=True) if isinstance(value, str)]
        numbers = [(row, value) for row, value in zip(rows, values, strict=True) if not isinstance(value, str)]
        short = [(row, text) for row, text in texts if len(text) <= LONGEST_TEXT]
        if short:
            if self._codes is None:
                self._codes = np.full(count, -1, np.int64)
            self._codes[[row for row, _ in short]] = self.texts.codes([text for _, text in short])
        placed = self._put_numbers([row for row, _ in numbers], [value for _, value in numbers], count)
        return placed + len(short)

    def _put_numbers(self, rows: list[int], values: list[Any], count: int) -> int:
        if not rows:
            return 0
        if self._numbers is None:
            self._numbers = np.full(count, math.nan)
        try:
            self._numbers[rows] = np.array(values, np.float64)
        except OverflowError:
            if len(rows) == 1:
                return 0
            return sum(self._put_numbers([row], [value], count) for row, value in zip(rows, values, strict=True))
        return len(rows)

    def write(self, count: int, total: int) -> None:
        """What was put since, `count` rows; the table has `total` then."""
        for column, block in ((self.numbers, self._numbers), (self.codes, self._codes)):
            if block is not None:
                column.fill(total - count)
                column.append(block)
            column.fill(total)
        self._numbers = self._codes = None
