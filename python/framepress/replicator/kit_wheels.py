"""Wheels that the user wants inside the extension, such as msgspec, to read datasets in Isaac Sim: unpacked."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path, PurePosixPath

from framepress.errors import InputError, OptionError

__all__ = ["unpacked"]

# Modules that Isaac Sim has, in the versions that its own parts were built for.
_PROVIDED = {"PIL", "carb", "cv2", "isaacsim", "numpy", "omni", "pxr", "scipy", "torch", "warp"}
_PROVIDED_FROM_6 = {"h5py"}
_OURS = {"framepress", "framepress_kit"}
_PYTHONS = {"4.5": (3, 10), "5.0": (3, 11), "5.1": (3, 11), "6.0": (3, 12)}
_NAME = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)


def unpacked(wheels: Sequence[Path], releases: Sequence[str]) -> dict[str, bytes]:
    """Path -> bytes of each file in the wheels.

    Raises:
        OptionError: Isaac Sim has that package itself, or one of the releases has another Python.
        InputError: it is no wheel, or two hold the same file.
    """
    found: dict[str, bytes] = {}
    for wheel in sorted(wheels):
        _check(wheel, releases)
        try:
            with zipfile.ZipFile(wheel) as archive:
                names = sorted(name for name in archive.namelist() if not name.endswith("/"))
                for name in names:
                    _check_path(wheel, name, found)
                    _check_module(wheel, name, releases)
                    found[name] = archive.read(name)
                    if name.endswith(".dist-info/METADATA"):
                        _check_metadata(wheel, found[name], releases)
        except (OSError, zipfile.BadZipFile) as error:
            raise InputError(f"{wheel}: {error}") from error
    return found


def _check(wheel: Path, releases: Sequence[str]) -> None:
    parts = _NAME.fullmatch(wheel.name)
    if parts is None:
        raise InputError(f"{wheel}: is not named as a wheel is; expected name-version-python-abi-platform.whl")
    for release in releases:
        if not any(_fits(python, parts["abi"], _PYTHONS[release]) for python in parts["python"].split(".")):
            raise _other_python(wheel, parts["python"], release)


def _check_metadata(wheel: Path, text: bytes, releases: Sequence[str]) -> None:
    """By the bounds that `Requires-Python` sets to the minor version; others are rare, and not read."""
    needs = message_from_bytes(text)["Requires-Python"] or ""
    for sign, minor in re.findall(r"(>=|<(?!=|\s*3\.\d+\.[1-9]))\s*3\.(\d+)", needs):
        for release in releases:
            if (_PYTHONS[release][1] >= int(minor)) != (sign == ">="):
                raise _other_python(wheel, f"Python {needs}", release)


def _other_python(wheel: Path, needs: str, release: str) -> OptionError:
    major, minor = _PYTHONS[release]
    return OptionError(
        f"{wheel}: is for {needs}, Isaac Sim {release} has Python {major}.{minor}; name the releases that it is for "
        "with --isaac, and build the others elsewhere"
    )


def _check_module(wheel: Path, name: str, releases: Sequence[str]) -> None:
    """By what is inside: the same module comes in wheels of several names."""
    module = name.partition("/")[0].partition(".")[0]
    if module in _OURS:
        raise OptionError(f"{wheel}: holds {module}, which is in the extension already; leave it out")
    if module in _PROVIDED or (module in _PROVIDED_FROM_6 and "6.0" in releases):
        raise OptionError(f"{wheel}: holds {module}, Isaac Sim has its own, and breaks with another; leave it out")


def _fits(tag: str, abi: str, python: tuple[int, int]) -> bool:
    found = re.fullmatch(r"(py|cp)(\d)(\d*)", tag)
    if found is None or int(found[2]) != python[0]:
        return False
    minor = int(found[3] or 0)
    at_least = found[1] == "py" or "abi3" in abi.split(".")
    return minor <= python[1] if at_least else minor == python[1]


def _check_path(wheel: Path, name: str, found: dict[str, bytes]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise InputError(f"{wheel}: holds {name}, which would lie elsewhere")
    if path.parts[0].endswith(".data"):
        raise InputError(f"{wheel}: holds {name}, which only an installer can put in place")
    if name in found:
        raise InputError(f"{wheel}: holds {name}, which another wheel holds too")
