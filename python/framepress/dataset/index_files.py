"""The files of an index: columns of numbers, and texts without gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array

__all__ = ["SURROGATES", "ColumnFile", "TextFile", "Vocabulary"]

SURROGATES = "surrogatepass"
"""Names of files may hold what is no Unicode; texts come back as they were."""
_ENTRY_BYTES = 120
_CHUNK = 1 << 16
_mark = hash


class ColumnFile:
    """One column, block after block. While every row is blank there is no file, and no space is taken.

    Args:
        rows: how many there are already.
    """

    def __init__(self, path: Path, dtype: str, shape: tuple[int, ...], blank: float | int, rows: int = 0) -> None:
        self.rows = rows
        self.known = path.exists()
        self._path = path
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self._blank = np.array(blank, self._dtype)

    def append(self, block: Array) -> None:
        """`block`: (n, *shape), cast to the column's type."""
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
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

    def recode(self, codes: Array | None) -> None:
        """Exchange the numbers of texts, where there are others now; negative ones stay."""
        if codes is None or not self.known:
            return
        column = np.memmap(self._path, self._dtype, "r+")
        for start in range(0, len(column), _CHUNK):
            part = column[start : start + _CHUNK]
            part[:] = np.where(part >= 0, codes[part], part)
        column.flush()

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
    """`<path>.utf8` holds the texts without gaps, `<path>.ends` where each ends, from 0 on (little-endian int64).

    It goes on with what is there.
    """

    def __init__(self, path: Path) -> None:
        self._content = path.with_name(path.name + ".utf8")
        self._ends = path.with_name(path.name + ".ends")
        if not self._ends.exists():
            self._content.write_bytes(b"")
            self._ends.write_bytes(bytes(8))
        self._end = self._content.stat().st_size

    def extend(self, texts: Iterable[str]) -> None:
        contents = [text.encode("utf-8", SURROGATES) for text in texts]
        if contents:
            ends = np.cumsum([len(content) for content in contents], dtype="<i8") + self._end
            self._end = int(ends[-1])
            with self._content.open("ab") as file:
                file.write(b"".join(contents))
            with self._ends.open("ab") as file:
                file.write(ends.tobytes())

    def __iter__(self) -> Iterator[str]:
        """Those that were there at the time of the call."""
        ends = np.fromfile(self._ends, "<i8")
        with self._content.open("rb") as file:
            for start, end in pairwise(ends.tolist()):
                yield file.read(end - start).decode("utf-8", SURROGATES)

    def rename(self, path: Path) -> None:
        """In place of another."""
        self._content.replace(path.with_name(path.name + ".utf8"))
        self._ends.replace(path.with_name(path.name + ".ends"))


class Vocabulary:
    """Different texts, numbered as they are first seen.

    What it remembers is bounded: beyond that it forgets, may write a text once more under another number, and settles
    that in `close`. The numbers of the end do not depend on the bound.

    Args:
        memory: bytes that it may remember, about.
        nothing: a text that is no text; its code is -1.
        rows: how many texts are there already.
    """

    def __init__(self, path: Path, *, memory: int, nothing: str | None = None, rows: int = 0) -> None:
        self.rows = rows
        self._path = path
        self._nothing = {} if nothing is None else {nothing: -1}
        self._codes = dict(self._nothing)
        self._file = TextFile(path)
        self._memory, self._left = memory, memory
        self._forgot = False
        for row, text in enumerate(self._file if rows else ()):
            if self._left < 0:  # the next new text makes it forget
                break
            self._remember([text], row)

    def _remember(self, texts: Sequence[str], first: int) -> None:
        self._codes.update(zip(texts, range(first, first + len(texts)), strict=True))
        self._left -= sum(map(len, texts)) + _ENTRY_BYTES * len(texts)

    def codes(self, texts: Sequence[str]) -> Array:
        """int64 (N,)"""
        found = list(map(self._codes.get, texts))
        if None in found:
            if self._left < 0:
                self._codes, self._left, self._forgot = dict(self._nothing), self._memory, True
            new = [text for text in dict.fromkeys(texts) if text not in self._codes]
            self._remember(new, self.rows)
            self.rows += len(new)
            self._file.extend(new)
            found = list(map(self._codes.get, texts))
        return np.array(found, np.int64)

    def close(self) -> Array | None:
        """Where texts were written more than once: int32 (written,), each one's number now that they are not."""
        self._codes.clear()
        if not self._forgot:
            return None
        ends = np.memmap(self._path.with_name(self._path.name + ".ends"), "<i8", "r")
        content = np.memmap(self._path.with_name(self._path.name + ".utf8"), "u1", "r")
        first = _first_of_equals(content, ends)
        kept = first == np.arange(self.rows)
        codes = np.cumsum(kept, dtype=np.int32) - 1
        settled = TextFile(self._path.with_name(self._path.name + ".settled"))
        for start in range(0, self.rows, _CHUNK):
            rows = start + np.flatnonzero(kept[start : start + _CHUNK])
            settled.extend(_text(content, ends, row) for row in rows.tolist())
        settled.rename(self._path)
        self.rows = int(codes[-1]) + 1
        return codes[first]


def _first_of_equals(content: Array, ends: Array) -> Array:
    """int32 (texts,): of each text, the first that is the same."""
    marks = np.fromiter((_mark(_text(content, ends, row)) for row in range(len(ends) - 1)), np.int64, len(ends) - 1)
    first = np.arange(len(marks), dtype=np.int32)
    parts = 1 + len(marks) // (1 << 21)  # sorted one after the other, which takes less memory
    for part in range(parts):
        rows = np.flatnonzero(marks % parts == part)
        rows = rows[np.argsort(marks[rows], kind="stable")]
        begins = np.concatenate(([True], marks[rows[1:]] != marks[rows[:-1]]))
        lowest = rows[np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))]
        others: dict[str, int] = {}  # marks are equal by chance
        for row, before in zip(rows[~begins].tolist(), lowest[~begins].tolist(), strict=True):
            text = _text(content, ends, row)
            first[row] = before if text == _text(content, ends, before) else others.setdefault(text, row)
    return first


def _text(content: Array, ends: Array, row: int) -> str:
    return content[ends[row] : ends[row + 1]].tobytes().decode("utf-8", SURROGATES)
