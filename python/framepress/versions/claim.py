"""Giving a file a name that must be new, so that of several who try at once exactly one does."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from framepress.versions.sharing import COPY_ERRORS

__all__ = ["claim"]

_HERE = -100  # AT_FDCWD
_NO_REPLACE = 1  # RENAME_NOREPLACE


def claim(temp: Path, target: Path) -> bool:
    """False where something of that name is there; `temp` is gone either way.

    By a hard link, or, on sticks and shares that have none (FAT, exFAT, SMB), by a rename that replaces nothing.

    Raises:
        OSError: the file system can do neither, or refused.
    """
    try:
        try:
            os.link(temp, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in COPY_ERRORS:
                raise
            _rename_new(temp, target)
    except FileExistsError:
        return False
    finally:
        with suppress(OSError):
            temp.unlink()
    return True


def _rename_new(temp: Path, target: Path) -> None:
    if sys.platform == "win32":
        os.rename(temp, target)  # replaces nothing there
        return
    rename = _renameat2()
    if rename is None:
        raise OSError(errno.ENOTSUP, "neither hard links nor renames that replace nothing", str(target))
    if rename(_HERE, os.fsencode(temp), _HERE, os.fsencode(target), _NO_REPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


@cache
def _renameat2() -> Any:
    """Linux's `renameat2(2)`; None elsewhere."""
    try:
        return ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return None
