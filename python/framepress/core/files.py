"""Opening files that others made: a regular file or an error, and never a wait."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from framepress.errors import InputError

__all__ = ["open_file", "read_file", "walk"]


def open_file(path: Path) -> BinaryIO:
    """The file, to be read; a pipe in its place would keep a reader waiting for ever.

    Raises:
        InputError: missing, unreadable, or no regular file.
    """
    try:
        stream = open(path, "rb", opener=_without_waiting)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise InputError(f"{path}: cannot be read: it is a pipe or device; put the file itself there")
    return stream


def read_file(path: Path, most: int | None = None) -> bytes:
    """The content of a file.

    Raises:
        InputError: as `open_file`; or it has more than `most` bytes, of which none is read then.
    """
    with open_file(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if most is not None and size > most:
            raise InputError(f"{path}: has {size} bytes, above the limit of {most}; is it the file that was written?")
        try:
            return stream.read()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """`os.walk`, which by itself passes over a folder that it may not list, and all that is in it.

    Raises:
        InputError: a folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed: {error.strerror or error}") from error

    yield from os.walk(root, onerror=refuse)


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
