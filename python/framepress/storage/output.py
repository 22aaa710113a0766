"""The seam to the disk: what a dataset is written through.

Paths are relative, with forward slashes, checked by `paths`. Nothing is overwritten except by the calls that say so, a
reader never sees half a file, and what is not yet published lies in `.framepress/tmp/`.
`folder.FolderOutput` and `memory.MemoryOutput` are peers.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from framepress.errors import OutputError

__all__ = ["OWN", "ORPHANS", "TEMPORARY", "Appender", "Content", "Lock", "Output", "Staged", "refused"]

Content = bytes | tuple[bytes | memoryview, ...]
"""A whole file: in one, or in pieces that follow each other and need not be joined to be written."""

OWN = ".framepress/"
TEMPORARY = ".framepress/tmp/"
ORPHANS = ".framepress/orphans/"


@dataclass(frozen=True, slots=True)
class Staged:
    """A whole file that is not visible yet. Several with one `temp` are published as hard links of one file."""

    path: str
    temp: str

    def at(self, path: str) -> Staged:
        """The same content under another path."""
        return Staged(path, self.temp)


class Appender(Protocol):
    """The end of a growing file."""

    @property
    def size(self) -> int:
        """Bytes in the file now."""

    def write(self, content: bytes) -> None:
        """Adds all of `content` in one system call, or nothing.

        Raises:
            OutputError: the disk refused; the file ends where it ended before.
        """

    def sync(self) -> None:
        """Returns once the file would survive a power cut."""

    def close(self) -> None: ...


class Lock(Protocol):
    """Held from creation to `release`, or to the end of the process."""

    def release(self) -> None:
        """Gives it up; a second call does nothing."""


class Output(Protocol):
    """Where a dataset is written. Safe to use from several threads.

    Every method raises OutputError, with the file, the reason and the way out, where the target refuses (full,
    read-only, taken, unsafe path), and InputError where something that is to be read is missing or unreadable.
    """

    def put(self, path: str, content: bytes) -> None:
        """A new file, whole and atomic; an existing one is an error."""

    def replace(self, path: str, content: bytes) -> None:
        """As `put`, but takes the place of a file of the same name: for what is known to be our own."""

    def file(self, path: str, *, replace: bool = False) -> AbstractContextManager[BinaryIO]:
        """A stream to one file, published when the block ends without an error, else dropped."""

    def stage(self, path: str, *content: bytes | memoryview) -> Staged:
        """Writes a file that is not visible yet, from one piece or several."""

    def stage_file(self, path: str) -> tuple[Staged, BinaryIO]:
        """The same as a stream, which the caller closes before `publish` or `discard`."""

    def publish(self, staged: Sequence[Staged], *, replace: bool = False) -> None:
        """Makes staged files visible, in order; none of them where one exists already (or the disk refuses).

        With `replace` each takes the place of what is there, one by one, and each needs a `temp` of its own.
        """

    def discard(self, staged: Sequence[Staged]) -> None:
        """Drops staged files."""

    def append(self, path: str) -> Appender:
        """The end of a file, which is made if it is not there."""

    def read(self, path: str) -> bytes: ...

    def open(self, path: str) -> BinaryIO:
        """A stream from the beginning of a file."""

    def exists(self, path: str) -> bool:
        """Whether anything has this name: a file, a folder, a link that leads nowhere."""

    def size(self, path: str) -> int: ...

    def link(self, source: Path, path: str) -> None:
        """A new file with the content of `source`, a file anywhere on disk: hard-linked where possible, else copied."""

    def move(self, source: str, path: str) -> None:
        """Renames a file of this output; an existing `path` is an error."""

    def remove(self, path: str) -> None:
        """Deletes a file inside `.framepress/`; elsewhere it refuses. Nothing there: nothing to do."""

    def truncate(self, path: str, size: int) -> None:
        """Cuts a file inside `.framepress/` to its first `size` bytes."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """Files below the folder `prefix` (without slash at the end), ordered by path components.

        `.framepress/` is listed only where `prefix` begins with it. Links are listed, never followed.
        """

    def sync(self) -> None:
        """Returns once everything published so far would survive a power cut."""

    def sweep(self) -> int:
        """Deletes temporaries that an interrupted run left; how many. Only under the lock."""

    def lock(self) -> Lock:
        """Takes the target for this writer alone.

        Raises:
            OutputError: another writer has it, with its process id.
        """


_WAYS_OUT = {
    errno.ENOSPC: "free some space, then resume",
    errno.EDQUOT: "free some of the quota, then resume",
    errno.EFBIG: "the file system or a limit allows no larger file; choose another target",
    errno.EACCES: "change its permissions, or choose another target",
    errno.EPERM: "change its permissions, or choose another target",
    errno.EROFS: "choose another target",
    errno.ENAMETOOLONG: "shorten the frame's id or the target's path",
    errno.ENOTDIR: "a file is where a folder is needed; move it away",
    errno.EISDIR: "a folder is where a file is needed; move it away",
    errno.EEXIST: "it is not overwritten; move it away, or choose another target or frame id",
    errno.ELOOP: "it is a symbolic link; move it away",
    errno.EMFILE: "raise the limit of open files (ulimit -n), or use fewer workers",
    errno.ENFILE: "too many files are open on this machine; close some",
    errno.EIO: "the disk or its connection fails; check it before resuming",
    errno.ESTALE: "the network file system lost it; mount it again, then resume",
}


def refused(path: str | os.PathLike[str], doing: str, error: OSError) -> OutputError:
    """The error to raise where the system refused to do something to a file.

    Args:
        doing: a past participle: "written", "published".
    """
    reason = error.strerror or str(error)
    way_out = _WAYS_OUT.get(error.errno or 0, "check the target, then resume")
    return OutputError(f"{os.fspath(path)}: cannot be {doing}: {reason}; {way_out}")
