"""PNG (W3C PNG, third edition), every byte of it verified, inflated once, and no metadata unpacked."""

from __future__ import annotations

import importlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.ops.backend import VARIABLE
from framepress.quality.images.exif import orientation_of
from framepress.storage import images_backend

__all__ = ["Png", "parsed"]

_AGAIN = "write or copy it again"
_CHUNKS = 1 << 16  # of 8 KiB, as libpng writes them, these hold half a gigabyte
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_KEPT = {b"PLTE", b"tRNS"}


@dataclass
class Png:
    """What the chunks hold; the header has been checked before.

    Args:
        end: behind the last chunk.
        alpha: whether there is a tRNS chunk, or an alpha channel.
        opaque: whether no pixel makes use of it.
    """

    shape: tuple[int, int, int, int, int, int, int]
    end: int = 0
    alpha: bool = False
    opaque: bool = True
    orientation: int = 0
    _kept: list[memoryview] = field(default_factory=list)
    _parts: list[memoryview] = field(default_factory=list)

    def image(self) -> Image.Image:
        """All pixels, as they are or as luma (mode L); `opaque` is known from then on.

        Raises:
            InputError: the stream of pixels is damaged, or holds fewer or more than it should.
            OSError, ValueError, SyntaxError: Pillow has nothing for them.
        """
        width, height, bits, colour, _, _, interlaced = self.shape
        raw = _inflated(self._parts, _inflated_size(self.shape))
        compiled = _compiled() if os.environ.get(VARIABLE) != "numpy" else None
        if compiled is None or bits != 8 or colour == 3 or interlaced or self._kept:
            image = self._by_pillow(raw)
            if self.alpha:
                self.opaque = image.convert("RGBA").getchannel("A").getextrema()[0] == 255
            return image
        rows = np.frombuffer(raw, np.uint8).reshape(height, -1)
        if (worst := int(rows[:, 0].max())) > 4:
            raise InputError(f"a row of the PNG has filter type {worst}, which does not exist; {_AGAIN}")
        grey, least = compiled(rows, _CHANNELS[colour])
        self.opaque = least == 255
        return Image.frombuffer("L", (width, height), grey, "raw", "L", 0, 1)

    def _by_pillow(self, raw: bytes) -> Image.Image:
        """Handed over inflated, so that nothing is inflated twice, and without what is neither shape nor colour."""
        whole: list[bytes | memoryview] = [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", *self.shape)),
            *self._kept,
        ]
        whole += [_chunk(b"IDAT", zlib.compress(raw, 0)), _chunk(b"IEND", b"")]
        with Image.open(io.BytesIO(b"".join(whole)), formats=["PNG"]) as image:
            image.load()
            return image


def parsed(data: bytes) -> Png:
    """Walk through the chunks of a file whose header is one of a PNG, and verify each check sum.

    Raises:
        InputError: it ends before its last chunk, or a byte of it has changed.
    """
    found = Png(struct.unpack_from(">IIBBBBB", data, 16))
    found.alpha = found.shape[3] in (4, 6)
    view, at, crc32 = memoryview(data), 8, images_backend.coder_module().crc32
    for _ in range(_CHUNKS):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if at + 12 > len(data) or end > len(data):
            raise InputError(f"the PNG ends after {len(data)} bytes, before its last chunk; {_AGAIN}")
        kind = bytes(view[at + 4 : at + 8])
        if crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise InputError(f"the PNG is damaged: chunk {kind!r} at byte {at} has a wrong check sum; {_AGAIN}")
        if kind == b"IDAT":
            found._parts.append(view[at + 8 : end - 4])
        elif kind in _KEPT and not found._parts:
            found._kept.append(view[at:end])
            found.alpha |= kind == b"tRNS"
        elif kind == b"eXIf":
            found.orientation = orientation_of(bytes(view[at + 8 : end - 4]))
        elif kind == b"IEND":
            found.end = end
            return found
        at = end
    raise InputError(f"the PNG has more than {_CHUNKS} chunks, which keep a reader busy; save it again")


def _inflated_size(shape: tuple[int, ...]) -> int:
    """Bytes of all rows, each behind its filter type."""
    width, height, bits, colour, _, _, interlaced = shape
    total = 0
    for x, y, step_x, step_y in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits * _CHANNELS[colour] + 7) // 8)
    return total


def _inflated(parts: list[memoryview], size: int) -> bytes:
    coder = images_backend.coder_module()
    inflate = coder.decompressobj()
    try:
        raw: bytes = inflate.decompress(parts[0] if len(parts) == 1 else b"".join(parts), size + 1)
    except (zlib.error, coder.error) as error:
        raise InputError(f"the pixels of the PNG are damaged ({error}); {_AGAIN}") from error
    if len(raw) > size:
        raise InputError(f"the PNG holds more pixels than its header states; {_AGAIN}")
    if len(raw) < size or not inflate.eof:
        raise InputError(f"the pixels of the PNG end after {len(raw)} of {size} bytes; {_AGAIN}")
    return raw


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def _compiled() -> Callable[[Array, int], tuple[Array, int]] | None:
    """The compiled loops where numba can be used; None: Pillow's."""
    try:
        module = importlib.import_module("framepress.quality.images.png_unfilter_numba")
    except (ImportError, OSError):  # numba is absent or knows no such numpy (ImportError), or its LLVM cannot load
        return None
    found: Callable[[Array, int], tuple[Array, int]] = module.grey_of_rows
    return found
