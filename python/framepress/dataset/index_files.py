"""The files of an index: columns of numbers, and texts without gaps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array

__all__ = ["ColumnFile", "TextFile", "Vocabulary"]


class ColumnFile:
    """One column, block after block. While every row is blank there is no file, and no space is taken."""

    def __init__(self, path: Path, dtype: str, shape: tuple[int, ...], blank: float) -> None:
        self.rows = 0
        self.known = False
        self._path = path
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self._blank = np.array(blank, self._dtype)

    def append(self, block: Array) -> None:
        """`block`: (n, *shape), cast to the column's type."""
        block = np.ascontiguousarray(block, self._dtype)
        if self.known or not self._is_blank(block):
            self._start()
            self._write(block)
        self.rows += len(block)

    def fill(self, rows: int) -> None:
        """Blank rows until there are `rows`."""
        if self.known:
            self._write_blank(rows - self.rows)
        self.rows = rows

    def _is_blank(self, block: Array) -> bool:
        same = np.isnan(block) if np.isnan(self._blank) else block == self._blank
        return bool(same.all())

    def _start(self) -> None:
        if not self.known:
            self.known = True
            self._write_blank(self.rows)

    def _write_blank(self, rows: int) -> None:
        for start in range(0, rows, 1 << 20):
            self._write(np.full((min(rows - start, 1 << 20), *self._shape), self._blank))

    def _write(self, block: Array) -> None:
        if block.size:
            with self._path.open("ab") as file:
                file.write(block.tobytes())


class TextFile:
    """`<path>.utf8` holds the texts without gaps, `<path>.ends` where each ends, from 0 on (little-endian int64)."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._content = path.with_name(path.name + ".utf8")
        self._ends = path.with_name(path.name + ".ends")
        self._end = 0
        self._content.write_bytes(b"")
        self._ends.write_bytes(bytes(8))

    def extend(self, texts: Iterable[str]) -> None:
        """Raises UnicodeEncodeError where a text holds half of a surrogate pair."""
        contents = [text.encode() for text in texts]
        if contents:
            ends = np.cumsum([len(content) for content in contents], dtype="<i8") + self._end
            self._end = int(ends[-1])
            self.rows += len(contents)
            with self._content.open("ab") as file:
                file.write(b"".join(contents))
            with self._ends.open("ab") as file:
                file.write(ends.tobytes())


class Vocabulary:
    """Different texts, numbered as they are first seen."""

    def __init__(self, path: Path) -> None:
        self._codes: dict[str, int] = {}
        self._new: list[str] = []
        self._file = TextFile(path)

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, text: str) -> int:
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self._codes)
            self._new.append(text)
        return found

    def flush(self) -> None:
        self._file.extend(self._new)
        self._new.clear()
