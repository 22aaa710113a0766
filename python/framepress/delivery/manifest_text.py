"""Manifests as other tools read them: the lines of `sha256sum`, and JSON.

A line is `<sha256>  <path>`. Where the path holds a backslash, a line feed or a carriage return these are written
`\\\\`, `\\n` and `\\r`, and the line begins with a backslash (GNU coreutils, "md5sum invocation"). Other bytes stand as
they are on disk, UTF-8 or not. JSON writes a byte that is no UTF-8 as the lone surrogate by which Python knows it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from framepress.errors import InputError

__all__ = ["SCHEMA", "Entry", "document", "lines", "parsed"]

SCHEMA = {"schema": "framepress.checksums", "version": 1}
_LINE = re.compile(rb"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_BSD_LINE = re.compile(rb"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})", re.DOTALL)
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPES.items()}
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Entry(NamedTuple):
    """A file: its path below the dataset, with forward slashes; bytes, None where a manifest does not say; sha256."""

    path: str
    size: int | None
    sha256: str


def lines(entries: Iterable[Entry]) -> bytes:
    """What `sha256sum --check` reads, in the dataset's folder."""
    return b"".join(_line(entry) for entry in entries)


def _line(entry: Entry) -> bytes:
    name = b"./-" if entry.path == "-" else os.fsencode(entry.path)  # `-` alone is standard input to sha256sum
    escaped = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], name)
    mark = b"\\" if escaped != name else b""
    return b"%s%s  %s\n" % (mark, entry.sha256.encode(), escaped)


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """JSON-able."""
    return {
        **SCHEMA,
        "files": len(entries),
        "bytes": sum(entry.size or 0 for entry in entries),
        "entries": [{"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in entries],
    }


def parsed(content: bytes, where: str) -> list[Entry]:
    """The entries of a manifest in either form, or in the form of BSD's `sha256`.

    Raises:
        InputError: it is none, a path is listed twice, or leads out of the dataset; with line and value.
    """
    entries = _of_document(content, where) if content.lstrip()[:1] == b"{" else _of_lines(content, where)
    seen: set[str] = set()
    for entry in entries:
        path = entry.path
        if not path or path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
            raise InputError(
                f"{where}: {path!r} is no path below the dataset; the manifest is not of a dataset's folder"
            )
        if path in seen:
            raise InputError(f"{where}: {path!r} is listed twice; write the manifest again")
        seen.add(path)
    return entries


def _of_lines(content: bytes, where: str) -> list[Entry]:
    entries = []
    for number, raw in enumerate(content.split(b"\n"), 1):
        line = raw.removesuffix(b"\r")
        if not line:
            continue
        gnu, bsd = _LINE.fullmatch(line), _BSD_LINE.fullmatch(line)
        if gnu:
            mark, digest, name = gnu.groups()
        elif bsd:
            mark, name, digest = bsd.groups()
        else:
            raise InputError(f"{where}: line {number}: {line[:80]!r} is no line of sha256sum; write the manifest again")
        if mark:
            name = _unescaped(name, f"{where}: line {number}")
        path = os.fsdecode(name).removeprefix("./")
        entries.append(Entry(path, None, digest.decode().lower()))
    return entries


def _unescaped(name: bytes, where: str) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        if found[0] not in _PLAIN:
            raise InputError(f"{where}: {found[0]!r} is no escape of sha256sum; write the manifest again")
        return _PLAIN[found[0]]

    return re.sub(rb"\\.?", plain, name, flags=re.DOTALL)


def _of_document(content: bytes, where: str) -> list[Entry]:
    try:
        found = json.loads(content)
        if {key: found.get(key) for key in SCHEMA} != SCHEMA:
            raise ValueError(f"schema {found.get('schema')!r}, version {found.get('version')!r}, expected {SCHEMA}")
        return [_entry(row) for row in found["entries"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{where}: cannot be read as a manifest: {error}; write it again") from error


def _entry(row: Any) -> Entry:
    path, size, sha256 = row["path"], row["size"], row["sha256"]
    if not isinstance(path, str) or not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256):
        raise ValueError(f"{str(row)[:120]} is no entry")
    if size is not None and (type(size) is not int or size < 0):
        raise ValueError(f"{path!r}: size {size!r}")
    os.fsencode(path)  # text that no file can be called
    return Entry(path, size, sha256)
