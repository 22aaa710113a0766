"""Image files, decoded strictly in threads, and what was measured of each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

from framepress.core.files import open_file
from framepress.core.in_order import in_order
from framepress.errors import InputError
from framepress.quality.images.decoding import decoded, header_of
from framepress.quality.images.gathered import Pictures
from framepress.quality.images.measures import Measures, measured
from framepress.quality.look import ImageFile
from framepress.storage.images import MAX_PIXELS

__all__ = ["Picture", "Pictures", "pictures"]

_LARGEST = 8 * MAX_PIXELS
"""Bytes of a file: the largest picture that is decoded at all, as 16-bit RGBA and not compressed."""
_SMALL = 1 << 24
"""Pixels, or bytes of a file: of those that have more, one at a time is in memory."""
_large = Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """One image file, decoded and let go of.

    Args:
        error: why it could not be decoded, as a sentence without the file's name; "" where it could.
        missing: nothing is there, which the rules of its format tell.
        file_bytes: its size.
        sha256: of its bytes, 32 of them; b"" where it was not read.
        media_type, width, height [px], mode: as its header says, whatever it is called; see `storage.images.Header`.
        alpha, opaque: whether it has transparency at all; whether no pixel makes use of it.
        trailing: bytes behind the picture's end.
        orientation: of EXIF, 1 to 8; 0 where nothing is said.
        quality: of a JPEG, 1 to 100; 0 where it is not known.
        measures: None where nothing was decoded, or the values are no levels.
    """

    file: ImageFile
    error: str = ""
    missing: bool = False
    file_bytes: int = 0
    sha256: bytes = b""
    media_type: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    alpha: bool = False
    opaque: bool = True
    trailing: int = 0
    orientation: int = 0
    quality: int = 0
    measures: Measures | None = None


def pictures(files: Sequence[ImageFile], *, workers: int | None = None) -> Iterator[Picture]:
    """Decode every file, and yield what was found in the order given; a few files at a time are in memory.

    Args:
        workers: threads; None for one a core.
    """
    return in_order(_picture, files, workers or os.cpu_count() or 1)


def _picture(file: ImageFile) -> Picture:
    try:
        size = _size(file)
    except FileNotFoundError:
        return Picture(file, "there is no such file", missing=True)
    except OSError as error:
        return Picture(file, f"cannot be read: {error.strerror or error}")
    except InputError as error:
        return Picture(file, str(error))
    with _large if size > _SMALL else nullcontext():
        return _read(file, size)


def _read(file: ImageFile, size: int) -> Picture:
    try:
        with open_file(file.path) as stream:
            data = stream.read(size)
    except (InputError, OSError) as failed:
        return Picture(file, _without_path(failed, file.path), file_bytes=size)
    digest = sha256(data).digest()
    try:
        header = header_of(data)
    except InputError as refused:
        return Picture(file, str(refused), file_bytes=size, sha256=digest)
    many = header.width * header.height > _SMALL >= size
    with _large if many else nullcontext():
        error, told, measures = "", None, None
        try:
            told = decoded(data, header)
            measures = None if told.grey is None else measured(told.grey)
        except InputError as refused:
            error = str(refused)
    return Picture(
        file,
        error,
        file_bytes=size,
        sha256=digest,
        media_type=header.media_type,
        width=header.width,
        height=header.height,
        mode=header.mode,
        alpha=told is not None and told.alpha,
        opaque=told is None or told.opaque,
        trailing=told.trailing if told else 0,
        orientation=told.orientation if told else 0,
        quality=told.quality if told else 0,
        measures=measures,
    )


def _size(file: ImageFile) -> int:
    """Bytes of a regular file inside of its dataset; asked before it is opened, because opening a device may act.

    Raises:
        OSError: it cannot be asked.
        InputError: it is none, is empty, or too large for any picture.
    """
    found = os.stat(file.path)
    if not stat.S_ISREG(found.st_mode):
        raise InputError("is a folder" if stat.S_ISDIR(found.st_mode) else "is a pipe or device, not a file")
    if outside := _outside(file):
        raise InputError(f"is a link that leads out of the dataset, to {outside}; copy the file there")
    if not found.st_size:
        raise InputError("the file is empty; write or copy it again")
    if found.st_size > _LARGEST:
        raise InputError(f"the file has {found.st_size} bytes, more than any picture of {MAX_PIXELS} pixels")
    return found.st_size


def _outside(file: ImageFile) -> str:
    """Where a link leads that leaves the dataset; "" for all others. The dataset itself may be reached by links."""
    whole, below = os.fspath(file.path), os.sep + file.name.replace("/", os.sep)
    root = whole[: -len(below)] if whole.endswith(below) else os.path.dirname(whole)
    real, real_root = os.path.realpath(whole), os.path.realpath(root)
    return "" if real.startswith(real_root.rstrip(os.sep) + os.sep) else real


def _without_path(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ")
