"""Columns of what frames and objects say in words of their own: `Frame.meta` and `Objects.attributes`.

A key is a field; of a mapping in a mapping the keys are joined with dots ("weather.rain"). Numbers and bools are
numbers, texts are texts, a list of such is a text: its JSON without blanks (`["rain","night"]`). None says nothing.
What has no place in a column is counted under its key in `left_out`: a list that holds lists or mappings, a number
beyond float64, a text of more than `LONGEST_TEXT` characters, and every key after the first `MOST_KEYS` (under "").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index_files import ColumnFile, Vocabulary

__all__ = ["LONGEST_TEXT", "MOST_KEYS", "FieldFiles"]

MOST_KEYS = 128
"""Fields of a table at most: each takes up to 12 bytes a row."""
LONGEST_TEXT = 1000
_MEMORY = 1 << 21
_DEEPEST = 16
_SCALARS = (str, bool, int, float)


class FieldFiles:
    """The fields of one table; rows gather until `flush`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._fields: dict[str, _Field] = {}
        self._left_out: Counter[str] = Counter()
        self._rows = 0

    def add(self, row: int, said: Mapping[str, Any]) -> None:
        """What one row says; rows come in order."""
        for key, value in _flat(said):
            placed = _placed(value)
            if placed is None:
                self._leave_out(key)
                continue
            field = self._fields.get(key) or self._new(key)
            if field is None:
                self._leave_out("")
            else:
                field.add(row, placed)

    def _new(self, key: str) -> _Field | None:
        if len(self._fields) >= MOST_KEYS or len(key) > LONGEST_TEXT:
            return None
        field = self._fields[key] = _Field(self._folder / f"{self._name}.{len(self._fields)}")
        return field

    def _leave_out(self, key: str) -> None:
        known = key in self._left_out or (len(self._left_out) < MOST_KEYS and len(key) <= LONGEST_TEXT)
        self._left_out[key if known else ""] += 1

    def flush(self, rows: int) -> None:
        """Args:
        rows: of the table by now.
        """
        for field in self._fields.values():
            field.flush(self._rows, rows)
        self._rows = rows

    def header(self) -> dict[str, Any]:
        """What `index.Fields` reads them by; after the last `flush`, and once."""
        for field in self._fields.values():
            field.codes.recode(field.texts.close())
        fields = {
            key: {"numbers": field.numbers.known, "texts": field.texts.rows, "boolean": field.boolean}
            for key, field in self._fields.items()
        }
        return {"fields": fields, "left_out": dict(sorted(self._left_out.items()))}


class _Field:
    def __init__(self, path: Path) -> None:
        self.boolean = True
        self.numbers = ColumnFile(path.with_name(path.name + ".numbers"), "<f8", (), float("nan"))
        self.codes = ColumnFile(path.with_name(path.name + ".codes"), "<i4", (), -1)
        self.texts = Vocabulary(path.with_name(path.name + ".texts"), memory=_MEMORY)
        self._waiting: dict[int, Any] = {}

    def add(self, row: int, value: Any) -> None:
        self._waiting[row] = value
        self.boolean = self.boolean and isinstance(value, bool)

    def flush(self, first: int, rows: int) -> None:
        self.numbers.fill(first)
        self.codes.fill(first)
        numbers = {row: value for row, value in self._waiting.items() if not isinstance(value, str)}
        words = {row: text for row, text in self._waiting.items() if isinstance(text, str)}
        codes = dict(zip(words, self.texts.codes(list(words.values())).tolist(), strict=True))
        self._waiting = {}
        self.numbers.append(_spread(numbers, first, rows, np.nan, "<f8"))
        self.codes.append(_spread(codes, first, rows, -1, "<i4"))


def _spread(values: Mapping[int, Any], first: int, end: int, blank: float, dtype: str) -> Array:
    """The rows from `first` on, those without a value blank."""
    block = np.full(end - first, blank, dtype)
    block[np.fromiter(values, np.int64, len(values)) - first] = list(values.values())
    return block


def _flat(said: Mapping[Any, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in said.items():
        key = f"{before}{name}"
        if isinstance(value, _SCALARS):
            if value == value:  # not NaN
                yield key, value
        elif isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(value, f"{key}.", depth + 1)
        elif value is not None:
            yield key, value


def _placed(value: Any) -> str | bool | float | None:
    """The value as its column holds it; None where none can."""
    if isinstance(value, (list, tuple)) and len(value) <= LONGEST_TEXT:
        if not all(item is None or isinstance(item, _SCALARS) for item in value):
            return None
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else None
    if isinstance(value, bool):
        return value
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None
