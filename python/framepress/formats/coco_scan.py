"""Where the entries of a large JSON document are, found in pieces, so that the document never has to fit in memory.

COCO keeps a whole dataset in one object of a few long lists. A pass over the bytes finds each entry of these lists by
counting brackets outside of texts; the entries are then decoded one by one, when they are wanted. What is left of the
document, with `0` in the place of the entries, is small, and a JSON parser checks it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.storage.images_header import refuse_pointer

__all__ = ["Entries", "entries"]

_CHUNK = 4 << 20
_OPEN, _CLOSE, _QUOTE = 1, -1, 2
_KINDS = np.zeros(256, np.int8)
_KINDS[list(b"{[")], _KINDS[list(b"}]")], _KINDS[list(b'"')] = _OPEN, _CLOSE, _QUOTE


@dataclass(frozen=True, eq=False)
class Entries:
    """The entries of one list: entry i is the bytes `start[i]` up to `end[i]` of the file; uint32 where that fits."""

    path: Path
    name: str
    start: Array
    end: Array

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[bytes]:
        """All entries in order."""
        step = 4096
        for first in range(0, len(self), step):
            yield from self.take(np.arange(first, min(first + step, len(self))))

    def take(self, rows: Array) -> list[bytes]:
        """Some entries; neighbours are read at once."""
        if not len(rows):
            return []
        start, end = self.start[rows].astype(np.int64), self.end[rows].astype(np.int64)
        with self.path.open("rb", buffering=0) as file:
            if (np.diff(rows) == 1).all():
                file.seek(start[0])
                block = file.read(int(end[-1] - start[0]))
                return [block[a:b] for a, b in zip((start - start[0]).tolist(), (end - start[0]).tolist(), strict=True)]
            texts = []
            for a, b in zip(start.tolist(), end.tolist(), strict=True):
                file.seek(a)
                texts.append(file.read(b - a))
            return texts


def entries(path: Path) -> dict[str, Entries]:
    """The lists of the document's outermost object, by name.

    Raises:
        InputError: the file cannot be read or is no JSON object; a name is there twice; a list of objects holds
            something else as well. What is inside of an entry is not looked at.
    """
    scan = _Scan(path)
    try:
        with open_file(path) as file:
            scan.run(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return scan.lists()


class _Scan:
    """One pass: the state that is carried from piece to piece, and what was found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._quotes = self._depth = 0
        self._offset: type[np.unsignedinteger[Any]] = np.uint32
        self._starts: list[Array] = []
        self._ends: list[Array] = []
        self._opened: list[Array] = []  # where a list or object in the outermost object begins
        self._frame: list[bytes] = []  # the document with 0 in the place of entries
        self._zeros: list[Array] = []  # where those entries begin that have a 0 there

    def run(self, file: BinaryIO) -> None:
        offset = 0
        if os.fstat(file.fileno()).st_size > np.iinfo(np.uint32).max:
            self._offset = np.uint64
        while piece := file.read(_CHUNK):
            while piece.endswith(b"\\") and (more := file.read(1)):
                piece += more
            if not offset:
                refuse_pointer(piece, str(self._path))
            self._piece(piece, offset)
            offset += len(piece)
        if self._quotes or self._depth:
            raise InputError(
                f"{self._path}: the file ends inside of {'a text' if self._quotes else 'a list or object'} "
                f"after {offset} bytes; write or copy it again"
            )

    def _piece(self, piece: bytes, offset: int) -> None:
        characters = np.frombuffer(piece, np.uint8)
        kinds = _KINDS[characters]
        at = np.flatnonzero(kinds)
        kinds = kinds[at]
        quotes = kinds == _QUOTE
        for place in np.flatnonzero(quotes & (characters[at - 1] == 0x5C) & (at > 0)).tolist():
            quotes[place] = _backslashes_before(piece, int(at[place])) % 2 == 0
        parity = (np.cumsum(quotes) + self._quotes) & 1
        self._quotes = int(parity[-1]) if parity.size else self._quotes
        brackets = (parity == 0) & (kinds != _QUOTE)
        at, kinds = at[brackets], kinds[brackets]
        depth = np.cumsum(kinds, dtype=np.int64) + self._depth
        if depth.size and depth.min() < 0:
            raise InputError(f"{self._path}: a bracket closes that was never opened, near byte {offset + int(at[0])}")
        starts_inside = self._depth >= 3
        self._depth = int(depth[-1]) if depth.size else self._depth
        ends_inside = self._depth >= 3
        starts = at[(kinds == _OPEN) & (depth == 3)]
        ends = at[(kinds == _CLOSE) & (depth == 2)] + 1
        self._opened.append(at[(kinds == _OPEN) & (depth == 2)] + offset)
        self._starts.append((starts + offset).astype(self._offset))
        self._ends.append((ends + offset).astype(self._offset))
        after = ends.tolist() if starts_inside else [0, *ends.tolist()]
        until = starts.tolist() if ends_inside else [*starts.tolist(), len(piece)]
        between = [piece[a:b] for a, b in zip(after, until, strict=True)]
        if {gap.strip() for gap in set(between[1:-1])} == {b","}:
            between = [between[0], between[-1]]  # one 0 tells as much as thousands
            starts = starts[[0, -1]] if ends_inside else starts[:1]
        self._frame.append(b"0".join(between))
        if ends_inside and starts.size:
            self._frame.append(b"0")
        self._zeros.append(starts + offset)

    def lists(self) -> dict[str, Entries]:
        document = self._outermost()
        starts, ends, zeros, opened = map(_joined, (self._starts, self._ends, self._zeros, self._opened))
        bounds = np.append(opened, np.iinfo(np.int64).max)
        at, shown = np.searchsorted(starts, bounds.astype(np.uint64)), np.searchsorted(zeros, bounds)
        containers = [(name, value) for name, value in document.items() if isinstance(value, (dict, list))]
        found = {}
        for place, (name, value) in enumerate(containers):
            a, b = int(at[place]), int(at[place + 1])
            if isinstance(value, list) and (b > a or not value):
                odd = [entry for entry in value if entry != 0]
                if odd or len(value) != shown[place + 1] - shown[place]:
                    raise InputError(f"{self._path}: {name} holds {odd[0] if odd else 0!r} among its objects")
                found[name] = Entries(self._path, name, starts[a:b], ends[a:b])
        return found

    def _outermost(self) -> dict[str, Any]:
        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            fields = dict(pairs)
            if len(fields) != len(pairs):
                names = [name for name, _ in pairs]
                twice = next(name for name in names if names.count(name) > 1)
                raise InputError(f"{self._path}: {twice!r} is there twice in one object")
            return fields

        def not_finite(text: str) -> NoReturn:
            raise InputError(f"{self._path}: holds {text}, which is no JSON")

        try:
            text = b"".join(self._frame).decode("utf-8-sig")
            self._frame.clear()
            document = json.loads(text, object_pairs_hook=unique, parse_constant=not_finite)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{self._path}: is no JSON document ({error}, counted without the lists' entries)"
            ) from error
        if not isinstance(document, dict):
            raise InputError(f"{self._path}: the document is no JSON object")
        return document


def _joined(pieces: list[Array]) -> Array:
    """The pieces as one array; the list is emptied, because both together would be the peak of a scan."""
    joined = np.concatenate(pieces)
    pieces.clear()
    return joined


def _backslashes_before(piece: bytes, at: int) -> int:
    count = 0
    while count < at and piece[at - 1 - count] == 0x5C:
        count += 1
    return count
