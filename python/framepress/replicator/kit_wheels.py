"""Wheels that the user wants inside the extension, such as msgspec, to read datasets in Isaac Sim: unpacked."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from framepress.errors import InputError, OptionError

__all__ = ["unpacked"]

# Isaac Sim has these, in the versions that its own parts were built for; or they break it.
_NEVER = {"h5py", "numpy", "omniverse_kit", "opencv_python", "pillow", "scipy", "torch", "usd_core", "warp_lang"}
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
                    found[name] = archive.read(name)
        except (OSError, zipfile.BadZipFile) as error:
            raise InputError(f"{wheel}: {error}") from error
    return found


def _check(wheel: Path, releases: Sequence[str]) -> None:
    parts = _NAME.fullmatch(wheel.name)
    if parts is None:
        raise InputError(f"{wheel}: is not named as a wheel is; expected name-version-python-abi-platform.whl")
    name = re.sub(r"[-_.]+", "_", parts["name"]).lower()
    if name in _NEVER:
        raise OptionError(f"{wheel}: Isaac Sim has its own {parts['name']}, and breaks with another; leave it out")
    for release in releases:
        if not any(_fits(python, parts["abi"], _PYTHONS[release]) for python in parts["python"].split(".")):
            major, minor = _PYTHONS[release]
            raise OptionError(
                f"{wheel}: is for {parts['python']}, Isaac Sim {release} has Python {major}.{minor}; name the releases "
                "that it is for with --isaac, and build the others elsewhere"
            )


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
