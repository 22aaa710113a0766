"""Getting written files onto the disk itself, so that they survive a power cut."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = ["sync_file", "sync_files", "sync_tree"]


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


def sync_files(names: Iterable[str]) -> None:
    """Flushes files one by one; those that are gone are passed over."""
    for name in names:
        try:
            with open(name, "r+b") as stream:
                os.fsync(stream.fileno())
        except FileNotFoundError:
            continue


def sync_tree(folder: str) -> None:
    """Flushes the file system that holds `folder`: data, names and sizes.

    One call for thousands of small files costs far less than one fsync each. Windows has no such call below
    administrator's rights: nothing happens there, use `sync_files`.

    Raises:
        OSError: the disk failed to take it.
    """
    if sys.platform == "win32":
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
