"""The files of a version: rows sorted by path, in chunks that are contents of the store themselves.

Root: {"schema": "framepress.manifest", "version": 1, "chunks": [[sha256, rows, first path], ...]}. A chunk is one JSON
line a row, [path, sha256, size]. A chunk ends behind a path whose CRC-32 says so (one in 4,096), so that a file that
comes or goes changes the chunk it is in and no other: two versions share what did not change, and a comparison passes
over it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec

from framepress.errors import FramepressError, InputError
from framepress.storage.paths import checked

__all__ = ["Contents", "Row", "FileChange", "changes", "check_paths", "chunk_rows", "read", "roots_chunks", "write"]

_SCHEMA = {"schema": "framepress.manifest", "version": 1}
_ROWS_A_CHUNK = 4096
_SHA256 = re.compile("[0-9a-f]{64}")
_ENCODER = msgspec.json.Encoder()


class Row(NamedTuple):
    """One file: its path below the dataset, its content, its size in bytes."""

    path: str
    sha256: str
    size: int


_ROWS = msgspec.json.Decoder(Row)


class FileChange(NamedTuple):
    """A path whose content differs: None where it is not there."""

    path: str
    before: Row | None
    after: Row | None


class Contents(Protocol):
    """What a manifest needs of a store."""

    def read(self, id: str) -> bytes: ...


class Adder(Protocol):
    """What writing one needs."""

    def add(self, content: bytes) -> str: ...


def write(rows: Iterable[Row], contents: Adder) -> str:
    """The root's sha256.

    Args:
        rows: sorted by path, as UTF-8 sorts them, each path once.
    """
    chunks: list[tuple[str, int, str]] = []
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if crc32(row.path.encode()) % _ROWS_A_CHUNK == 0:
            chunks.append((contents.add(_ENCODER.encode_lines(chunk)), len(chunk), chunk[0].path))
            chunk = []
    if chunk:
        chunks.append((contents.add(_ENCODER.encode_lines(chunk)), len(chunk), chunk[0].path))
    document = {**_SCHEMA, "chunks": chunks}
    return contents.add(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def roots_chunks(root: str, contents: Contents) -> list[str]:
    """The chunks' sha256, in order.

    Raises:
        InputError: the root is missing or damaged.
    """
    try:
        document = json.loads(contents.read(root))
        if {key: document.get(key) for key in _SCHEMA} != _SCHEMA:
            raise ValueError(f"schema {document.get('schema')!r}, version {document.get('version')!r}")
        chunks = [str(chunk[0]) for chunk in document["chunks"]]
        if strange := [chunk for chunk in chunks if not _SHA256.fullmatch(chunk)]:
            raise ValueError(f"{strange[0]!r:.200} is no sha256")
        return chunks
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise InputError(f"manifest {root[:12]}: cannot be read: {error}") from error


def read(root: str, contents: Contents) -> Iterator[Row]:
    """The rows, sorted by path.

    Raises:
        InputError: something of it is missing or damaged.
    """
    for chunk in roots_chunks(root, contents):
        yield from chunk_rows(chunk, contents)


def chunk_rows(chunk: str, contents: Contents) -> list[Row]:
    """The rows of one chunk.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        rows = _ROWS.decode_lines(contents.read(chunk))
        for row in rows:
            if not _SHA256.fullmatch(row.sha256) or row.size < 0:
                raise ValueError(f"{row.path!r} has {row.sha256!r} for a sha256 and {row.size} for a size")
    except (msgspec.MsgspecError, ValueError) as error:
        raise InputError(f"manifest chunk {chunk[:12]}: cannot be read: {error}") from error
    return rows


def changes(before: str | None, after: str | None, contents: Contents) -> Iterator[FileChange]:
    """Paths whose content differs between two manifests, sorted; chunks that both have are not read.

    Args:
        before, after: roots; None for nothing at all.
    """
    old = [] if before is None else roots_chunks(before, contents)
    new = [] if after is None else roots_chunks(after, contents)
    shared = set(old) & set(new)
    here = {row.path: row for chunk in old if chunk not in shared for row in chunk_rows(chunk, contents)}
    there = {row.path: row for chunk in new if chunk not in shared for row in chunk_rows(chunk, contents)}
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
