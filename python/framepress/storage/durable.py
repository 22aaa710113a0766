"""Getting written files onto the disk itself, so that they survive a power cut."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import Any

__all__ = ["sync_file", "sync_tree"]


def sync_file(descriptor: int) -> None:
    """Flushes one open file.

    Raises:
        OSError: the disk failed to take it.
    """
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync there stops at the drive's own cache
    else:
        os.fsync(descriptor)


def sync_tree(folder: str) -> None:
    """Flushes the file system that holds `folder`: data, names and sizes.

    One call for thousands of small files costs far less than one fsync each. On Windows, which has no such call
    without administrator's rights, every file below `folder` is flushed.

    Raises:
        OSError: the disk failed to take it.
    """
    if sys.platform == "win32":
        _sync_each(folder)
        return
    syncfs = _syncfs()
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


@cache
def _syncfs() -> Any:
    """Linux's `syncfs(2)`, which waits for one file system; None elsewhere."""
    try:
        return ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError):
        return None


def _sync_each(folder: str) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(parent, name), "r+b") as stream:
                os.fsync(stream.fileno())
