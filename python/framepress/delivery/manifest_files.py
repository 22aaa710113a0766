"""Which files make up a dataset that is handed on: all of them, less what belongs to this machine and this moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from framepress.errors import InputError
from framepress.storage.output import OWN, TEMPORARY
from framepress.versions.place import INSIDE as HISTORY

__all__ = ["HISTORY", "SUMS", "Found", "Listing", "files_below"]

SUMS = f"{OWN}SHA256SUMS"
"""Where a packed dataset holds the digests of its files; it is no file of the dataset itself."""

_OF_THE_MOMENT = {TEMPORARY.rstrip("/"), f"{OWN}lock", SUMS}
_OTHER_TOOLS = {".git", ".dvc", ".hg", ".svn"}


class Found(NamedTuple):
    """A file as it was when the folder was listed; `path` has forward slashes.

    `link`: a symbolic link leads to it; `shared`: device and inode, where it has several names.
    """

    path: str
    size: int
    mtime_ns: int
    changed_ns: int
    link: bool
    shared: tuple[int, int] | None = None


@dataclass(frozen=True)
class Listing:
    """Args:
    files: ordered by the bytes of their names.
    passed_over: what is there and is no file that could be handed on -> why not.
    left_out: folders of other tools, and the store of versions.
    empty_folders: folders in which nothing lies.
    """

    root: Path
    files: Sequence[Found]
    passed_over: Mapping[str, str]
    left_out: Sequence[str]
    empty_folders: int


def files_below(root: Path, *, history: bool = False) -> Listing:
    """The files of a dataset.

    A symbolic link to a file inside the dataset stands for that file. Links that lead out of it or to folders, pipes
    and devices are passed over, and told.

    Args:
        history: the dataset's own store of versions too.

    Raises:
        InputError: a folder cannot be listed.
    """
    found: list[Found] = []
    passed_over: dict[str, str] = {}
    left_out: list[str] = []
    empty = 0
    inside = os.path.realpath(root) + os.sep
    folders = [""]
    while folders:
        prefix = folders.pop()
        entries = _entries(root, prefix)
        for entry in entries:
            path = prefix + entry.name
            if path in _OF_THE_MOMENT:
                continue
            if path in _OTHER_TOOLS or (f"{path}/" == HISTORY and not history):
                left_out.append(path)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(f"{path}/")
            else:
                status, reason = _status(entry, inside)
                if status is None:
                    passed_over[path] = reason
                else:
                    shared = (status.st_dev, status.st_ino) if status.st_nlink > 1 else None
                    times = status.st_mtime_ns, status.st_ctime_ns
                    found.append(Found(path, status.st_size, *times, entry.is_symlink(), shared))
        empty += not entries and bool(prefix)
    found.sort(key=lambda file: os.fsencode(file.path))
    return Listing(root, found, dict(sorted(passed_over.items())), sorted(left_out), empty)


def _entries(root: Path, prefix: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(os.path.join(root, prefix)) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(f"{root}/{prefix}: cannot be listed: {error.strerror or error}") from error


def _status(entry: os.DirEntry[str], inside: str) -> tuple[os.stat_result | None, str]:
    """Of the file behind a name; None, and why, where there is none that belongs to the dataset."""
    try:
        if entry.is_symlink() and not os.path.realpath(entry.path).startswith(inside):
            return None, "a symbolic link that leads out of the dataset"
        status = entry.stat()
    except OSError as error:
        what = "a symbolic link that leads nowhere" if entry.is_symlink() else "cannot be read"
        return None, f"{what} ({error.strerror or error})"
    if stat.S_ISREG(status.st_mode):
        return status, ""
    return None, "a symbolic link to a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
