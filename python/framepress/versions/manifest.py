"""The files of a version: rows sorted by path, in chunks that are contents of the store themselves.

Root: {"schema": "framepress.manifest", "version": 1, "chunks": [[sha256, rows, first path], ...]}. A chunk is one JSON
line a row, [path, sha256, size]. A chunk ends behind a path whose CRC-32 says so (one in 4,096), so that a file that
comes or goes changes the chunk it is in and no other: two versions share what did not change, and a comparison passes
over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from framepress.errors import FramepressError, InputError
from framepress.storage.paths import checked

__all__ = ["Contents", "Row", "FileChange", "changes", "read", "roots_chunks", "write"]

_SCHEMA = {"schema": "framepress.manifest", "version": 1}
_ROWS_A_CHUNK = 4096


class Row(NamedTuple):
    """One file: its path below the dataset, its content, its size in bytes."""

    path: str
    sha256: str
    size: int


class FileChange(NamedTuple):
    """A path whose content differs: None where it is not there."""

    path: str
    before: Row | None
    after: Row | None


class Contents(Protocol):
    """What a manifest needs of a store."""

    def read(self, id: str) -> bytes: ...
    def add(self, content: bytes) -> str: ...


def write(rows: Iterable[Row], contents: Contents) -> str:
    """The root's sha256.

    Args:
        rows: sorted by path, as UTF-8 sorts them, each path once.
    """
    chunks: list[tuple[str, int, str]] = []
    lines: list[bytes] = []
    first = ""

    def end() -> None:
        chunks.append((contents.add(b"".join(lines)), len(lines), first))
        lines.clear()

    for path, sha256, size in rows:
        if not lines:
            first = path
        name = path.encode()
        lines.append(b'[%b,"%b",%d]\n' % (_quoted(path), sha256.encode(), size))
        if crc32(name) % _ROWS_A_CHUNK == 0:
            end()
    if lines:
        end()
    document = {**_SCHEMA, "chunks": chunks}
    return contents.add(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def _quoted(path: str) -> bytes:
    return json.dumps(path, ensure_ascii=False).encode()


def roots_chunks(root: str, contents: Contents) -> list[str]:
    """The chunks' sha256, in order.

    Raises:
        InputError: the root is missing or damaged.
    """
    try:
        document = json.loads(contents.read(root))
        if {key: document.get(key) for key in _SCHEMA} != _SCHEMA:
            raise ValueError(f"schema {document.get('schema')!r}, version {document.get('version')!r}")
        return [str(chunk[0]) for chunk in document["chunks"]]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise InputError(f"manifest {root[:12]}: cannot be read: {error}") from error


def read(root: str, contents: Contents) -> Iterator[Row]:
    """The rows, sorted by path.

    Raises:
        InputError: something of it is missing or damaged.
    """
    for chunk in roots_chunks(root, contents):
        yield from _rows(chunk, contents)


def _rows(chunk: str, contents: Contents) -> list[Row]:
    try:
        content = contents.read(chunk)
        found = json.loads(b"[" + b",".join(content.splitlines()) + b"]")
        return [_row(*fields) for fields in found]
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"manifest chunk {chunk[:12]}: cannot be read: {error}") from error


def _row(path: Any, sha256: Any, size: Any) -> Row:
    if not (isinstance(path, str) and isinstance(sha256, str) and isinstance(size, int)):
        raise ValueError(f"{path!r} is no row")
    return Row(path, sha256, size)


def changes(before: str | None, after: str | None, contents: Contents) -> Iterator[FileChange]:
    """Paths whose content differs between two manifests, sorted; chunks that both have are not read.

    Args:
        before, after: roots; None for nothing at all.
    """
    old = [] if before is None else roots_chunks(before, contents)
    new = [] if after is None else roots_chunks(after, contents)
    shared = set(old) & set(new)
    here = {row.path: row for chunk in old if chunk not in shared for row in _rows(chunk, contents)}
    there = {row.path: row for chunk in new if chunk not in shared for row in _rows(chunk, contents)}
    for path in sorted(here.keys() | there.keys(), key=str.encode):
        if here.get(path) != there.get(path):
            yield FileChange(path, here.get(path), there.get(path))


def check_paths(rows: Sequence[Row]) -> None:
    """A manifest from elsewhere must not lead out of the folder that it is laid out in.

    Raises:
        InputError: a path is absolute, has `..`, or cannot be a name.
    """
    for row in rows:
        try:
            checked(row.path, error=InputError)
        except FramepressError as error:
            raise InputError(f"manifest: {error}") from error
