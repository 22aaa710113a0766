"""Relative paths from outside, made safe: what a file may be called, and that it stays inside its folder."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from framepress.errors import FramepressError, InputError

__all__ = ["checked", "safe_join"]

# "Naming Files, Paths, and Namespaces" (Microsoft): these name a device in any folder and with any extension.
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE | re.DOTALL
)
_DRIVE = re.compile(r"[A-Za-z]:")
# What our own names are made of needs no second look: no dot but inside a name, no device name is that long.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-]{6,}/)*[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]+)*")
_LONGEST = 255  # bytes of a name, on nearly every file system
_WAY_OUT = "expected a relative path with forward slashes that stays inside the folder"


def checked(relative: str, *, error: type[FramepressError] = InputError) -> str:
    """`relative` itself, if it is a safe relative path with forward slashes.

    Refused: absolute, with a drive, with an empty, `.` or `..` component, a backslash, NUL, text that is no UTF-8
    (lone surrogates), a component of more than 255 bytes, or one that Windows takes for a device (`aux.txt`).

    Raises:
        error: with the value and what is wrong with it.
    """
    if len(relative) <= _LONGEST and _PLAIN.fullmatch(relative):
        return relative
    reason = _fault(relative)
    if reason:
        raise error(f"path {relative!r} {reason}; {_WAY_OUT}")
    return relative


def _fault(relative: str) -> str:
    if not relative:
        return "is empty"
    if relative.startswith("/"):
        return "is absolute"
    if _DRIVE.match(relative):
        return "names a drive"
    if "\\" in relative:
        return "has a backslash"
    if "\0" in relative:
        return "has a NUL character"
    if any("\ud800" <= char <= "\udfff" for char in relative):
        return "has a lone surrogate, which is no text"
    for component in relative.split("/"):
        if component == "..":
            return "points outside with '..'"
        if component in ("", "."):
            return f"has a component {component!r}"
        if len(component.encode()) > _LONGEST:
            return f"has a component of {len(component.encode())} bytes, above {_LONGEST}"
        if _DEVICE.fullmatch(component):
            return f"has a component {component!r}, which is a device on Windows"
    return ""


def safe_join(root: Path, relative: str, *, error: type[FramepressError] = InputError) -> Path:
    """`root / relative`, certain to be inside `root`.

    `root` itself may be reached through symbolic links; below it no folder may be one, and the last component only
    where it leads to a place inside `root`. The path need not exist.

    Raises:
        error: `InputError` for what is read (the default), `OutputError` for what is written; with the value.
    """
    checked(relative, error=error)
    path = str(root)
    components = relative.split("/")
    for component in components[:-1]:
        path = f"{path}{os.sep}{component}"
        if _is_link(path):
            raise error(f"path {relative!r}: folder {path} is a symbolic link; copy what it leads to into {root}")
    path = f"{path}{os.sep}{components[-1]}"
    if _is_link(path):
        inside = os.path.realpath(root) + os.sep
        if not os.path.realpath(path).startswith(inside):
            raise error(f"path {relative!r}: {path} is a symbolic link that leads outside {root}; copy the file there")
    return Path(path)


def _is_link(path: str) -> bool:
    """Symbolic links and, on Windows, junctions; False where nothing is."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    if stat.S_ISLNK(status.st_mode):
        return True
    return bool(getattr(status, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))
