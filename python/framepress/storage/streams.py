"""Bytes to one open file: everything, or an OutputError that names the file."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NamedTuple, cast

from framepress.storage.durable import sync_file
from framepress.storage.output import Output, Staged, refused

__all__ = ["FileAppender", "FileEntry", "HashedFile", "hashed_file", "open_stream", "write_all"]

_BUFFER = 1 << 18


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    """All of `content`: one system call, but where the system takes less (more than 2 GB, or the disk is full).

    Raises:
        OSError: as the system says it.
    """
    written = os.write(descriptor, content)
    if written < len(content):
        rest = memoryview(content)[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


class FileAppender:
    """`output.Appender` on a descriptor opened with O_APPEND; one writer a file."""

    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def write(self, content: bytes) -> None:
        try:
            write_all(self._descriptor, content)
        except OSError as error:
            with suppress(OSError):  # the first error says more
                os.ftruncate(self._descriptor, self.size)
            raise refused(self._name, "written", error) from error
        self.size += len(content)

    def sync(self) -> None:
        try:
            sync_file(self._descriptor)
        except OSError as error:
            raise refused(self._name, "made durable", error) from error

    def close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.close(descriptor)
            except OSError as error:  # network file systems report a failed write here
                raise refused(self._name, "closed", error) from error


def open_stream(name: str, descriptor: int) -> BinaryIO:
    """A buffered stream to a descriptor, which it closes; `name` is what its errors call the file."""
    return cast(BinaryIO, io.BufferedWriter(_Raw(name, descriptor), _BUFFER))


class _Raw(io.RawIOBase):
    # Only this file's errors become OutputErrors: what else fails in a `with output.file()` block is not its doing.
    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        try:
            return os.write(self._descriptor, content)
        except OSError as error:
            raise refused(self._name, "written", error) from error

    def close(self) -> None:
        if not self.closed:
            super().close()
            try:
                os.close(self._descriptor)
            except OSError as error:
                raise refused(self._name, "written", error) from error


class FileEntry(NamedTuple):
    """A published file: path relative to the dataset, bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


class HashedFile(io.BufferedIOBase):
    """A stream that hashes what it passes on, and hence cannot seek; `entry` and `staged` once it is written."""

    def __init__(self, path: str, staged: Staged, stream: BinaryIO) -> None:
        self.staged = staged
        self._path = path
        self._stream = stream
        self._hash = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._stream.write(content)
        self._hash.update(content)
        size = memoryview(content).nbytes
        self._size += size
        return size

    @property
    def entry(self) -> FileEntry:
        return FileEntry(self._path, self._size, self._hash.hexdigest())


@contextmanager
def hashed_file(output: Output, path: str) -> Iterator[HashedFile]:
    """A staged file with its hash; dropped where the block fails, else to be published by the caller."""
    staged, stream = output.stage_file(path)
    try:
        with stream:
            yield HashedFile(path, staged, stream)
    except BaseException:
        output.discard([staged])
        raise
