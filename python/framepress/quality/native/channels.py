"""Rules for the files of channels, by their headers."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from framepress.core import CHANNELS
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.files.listing import home_of
from framepress.quality.issue import ERROR, Issue
from framepress.quality.native.table import ChannelFile, NativeLook
from framepress.quality.rule import FILE, rule
from framepress.storage import images, npy, tiff
from framepress.storage.images import ENCODERS
from framepress.storage.paths import safe_join

__all__ = ["channel_files_are_what_records_say"]

_HEAD_BYTES = 1 << 16
"""Enough for any header read here but those that may be anywhere."""

_ANYWHERE = (*tiff.MAGICS, b"\xff\xd8")
"""Beginnings of files whose header may be anywhere: a TIFF's directory, a JPEG's size behind a colour profile."""

_LARGEST = 1 << 29

_BLOCK = 1 << 20

_MODES = {
    "png": ("RGB", "RGBA", "L", "LA", "P"),
    "jpeg": ("RGB", "L", "CMYK"),
    "ids": ("L16", "RGBA", "L"),
    "tiff": ("F32",),
}


@rule(
    "JSN-007",
    FILE,
    ERROR,
    stage="integrity",
    format="native",
    decodes=True,
    breaks="the reader refuses the channel; another one reads ids as colours, or a picture of another camera",
    remedy="write the channel again",
)
def channel_files_are_what_records_say(native: NativeLook, frames: frozenset[str] | None = None) -> Iterator[Issue]:
    """Each channel's file begins as its encoder writes: kind, dtype, components, and the size of the view.

    Where there is no journal, which FILE-006 asks, its SHA-256 is the one in the record. Files that are missing, or of
    another size in bytes, are told by JSN-003.
    """
    views = native.table.views
    alone = home_of(native.root) is None
    for file in native.lines.files:
        if frames is not None and file.frame not in frames:
            continue
        size = int(views["width"][file.view]), int(views["height"][file.view])
        if message := _unlike(native.root, file, size, alone):
            yield native.of_view(file.view, message, f"files.{file.channel}")


def _unlike(root: Path, file: ChannelFile, size: tuple[int, int], alone: bool) -> str:
    name, encoder = file.channel, file.said.encoder
    if name not in CHANNELS or encoder not in ENCODERS or name not in ENCODERS[encoder].channels:
        return f"the channel {name!r:.40} stored as {encoder!r:.40} is not known"
    try:
        with open_file(safe_join(root, file.said.path)) as stream:
            if os.fstat(stream.fileno()).st_size != file.said.bytes:
                return ""
            head = stream.read(_HEAD_BYTES)
            if head.startswith(_ANYWHERE):
                head += stream.read(_LARGEST)
            sha256 = _sha256(head, stream) if alone else file.said.sha256
    except (InputError, OSError):
        return ""
    try:
        message = _npy(head, file, size) if encoder == "npy" else _image(head, file, size)
        damaged = f"{file.said.path!r} has the SHA-256 {sha256[:12]}…; {file.said.sha256[:12]}… was written"
        return message or (damaged if sha256 != file.said.sha256 else "")
    except InputError as error:
        return str(error).partition(";")[0]


def _sha256(head: bytes, rest: BinaryIO) -> str:
    digest = hashlib.sha256(head)
    while block := rest.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _npy(head: bytes, file: ChannelFile, size: tuple[int, int]) -> str:
    header, channel = npy.header(head, repr(file.said.path)), CHANNELS[file.channel]
    last = (channel.components,) if channel.components else ()
    count = header.shape[0] if header.shape else 0
    expected = (size[1], size[0], *last) if channel.raster else (count, *last)
    if header.shape != expected:
        return f"{file.said.path!r} has the shape {header.shape}, expected {expected}"
    if not np.can_cast(header.dtype, channel.dtype, "safe"):
        return f"{file.said.path!r} is {header.dtype}, expected {channel.dtype}"
    promised = header.offset + math.prod(header.shape) * header.dtype.itemsize
    return "" if promised == file.said.bytes else f"{file.said.path!r} promises {promised} bytes by its header"


def _image(head: bytes, file: ChannelFile, size: tuple[int, int]) -> str:
    encoder = file.said.encoder
    header = images.probe(head, repr(file.said.path))
    if header.media_type != ENCODERS[encoder].media_type:
        return f"{file.said.path!r} is {header.media_type}, expected {ENCODERS[encoder].media_type}"
    if (header.width, header.height) != size:
        return f"{file.said.path!r} is {header.width} x {header.height} px, the view {size[0]} x {size[1]}"
    if header.mode not in _MODES[encoder]:
        return f"{file.said.path!r} holds {header.mode} pixels, expected {' or '.join(_MODES[encoder])}"
    return ""
