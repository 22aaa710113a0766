"""One content under two names, without two copies of it on the disk where that can be.

A clone (reflink) is the best: both are files of their own that share their blocks until one is changed. A hard link is
one file with two names, which is therefore read-only. What is left is a copy.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
from contextlib import suppress
from typing import Literal

__all__ = ["COPY_ERRORS", "Way", "clone", "copy", "way_between"]

Way = Literal["clone", "link", "copy"]

_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int); the same on every architecture that CPython is built for
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
COPY_ERRORS = frozenset(
    getattr(errno, name)
    for name in "EXDEV EPERM EACCES ENOTSUP EOPNOTSUPP ENOSYS ENOTTY EINVAL EMLINK".split()
    if hasattr(errno, name)
)
"""What a file system answers that cannot clone or link, or not this file: a copy is made instead."""


def clone(source: str, target: str) -> None:
    """A new file that shares its blocks with another.

    Raises:
        OSError: no file system between them can; nothing is left behind.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), target)
    import fcntl

    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = os.open(target, _CREATE, 0o666)
        try:
            fcntl.ioctl(writing, _FICLONE, reading)
        except OSError:
            os.unlink(target)
            raise
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def copy(source: str, target: str) -> None:
    """A new file with the content of another.

    Raises:
        OSError: the disk refused; nothing is left behind.
    """
    try:
        with open(source, "rb") as reading, open(target, "xb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
    except OSError as error:
        if error.errno != errno.EEXIST:
            with suppress(OSError):
                os.unlink(target)
        raise


def way_between(source: str, target: str) -> Way:
    """How a file of one folder may be shared with another folder: tried with an empty file, which is removed.

    Raises:
        OSError: one of the folders cannot be written.
    """
    name = f"probe-{secrets.token_hex(8)}"
    here, there = f"{source}/{name}", f"{target}/{name}.shared"
    with open(here, "xb") as stream:
        stream.write(b"?" * 4096)
    try:
        for way, share in (("clone", clone), ("link", os.link)):
            try:
                share(here, there)
            except OSError as error:
                if error.errno not in COPY_ERRORS:
                    raise
                continue
            os.unlink(there)
            return way  # type: ignore[return-value]  # the names of the tuple above are those of Way
        return "copy"
    finally:
        os.unlink(here)
