"""The bytes of one image file, strictly: all of them a picture, or the reason why not.

The header is looked at first, so that no picture is unpacked that is larger than any camera's; what is neither shape
nor colour (text, profiles, thumbnails, further pictures) is never unpacked at all.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from threading import Lock

import numpy as np
from PIL import Image

from framepress.errors import InputError
from framepress.quality.images import jpeg_strict, other_kinds, png_strict
from framepress.storage import images
from framepress.storage.images import MAX_PIXELS, Header

__all__ = ["Decoded", "decoded", "header_of"]

_WHERE = "picture"
_tiff_lock = Lock()
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture in memory, with what its file says beside the pixels.

    Args:
        grey: mode L, the high byte of 16-bit values; None where the values are no levels (float).
        opaque: False where a pixel lets something through.
        trailing: bytes behind the picture's end.
        orientation, quality: see `jpeg_strict.Jpeg`.
    """

    grey: Image.Image | None
    alpha: bool = False
    opaque: bool = True
    trailing: int = 0
    orientation: int = 0
    quality: int = 0


def header_of(data: bytes) -> Header:
    """Media type, size and mode, from the whole file: a JPEG or TIFF may have its header anywhere.

    Raises:
        InputError: no picture, empty, a git-lfs pointer, a damaged header.
    """
    if data.startswith(b"BM"):
        return other_kinds.bmp_header(data)
    try:
        return images.probe(data, _WHERE)
    except InputError as error:
        if kind := other_kinds.kind_of(data):
            raise InputError(f"this is {kind}, which readers of image datasets do not take; make a PNG of it") from None
        raise InputError(str(error).removeprefix(f"{_WHERE}: ")) from error


def decoded(data: bytes, header: Header) -> Decoded:
    """Every pixel.

    Args:
        header: of `header_of`.

    Raises:
        InputError: truncated, damaged, or with more pixels than `MAX_PIXELS`.
    """
    if header.width * header.height > MAX_PIXELS:
        raise InputError(
            f"the header states {header.width}x{header.height} pixels, above the limit of {MAX_PIXELS}; "
            "no more of it was read"
        )
    try:
        return _DECODERS[header.media_type](data)
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{_WHERE}: ")) from error
    except _DAMAGE as error:
        raise InputError(f"cannot be decoded ({error}); write or copy it again") from error


def _png(data: bytes) -> Decoded:
    png = png_strict.parsed(data)
    grey = _grey(png.image())
    return Decoded(grey, png.alpha, png.opaque, len(data) - png.end, png.orientation)


def _jpeg(data: bytes) -> Decoded:
    jpeg = jpeg_strict.parsed(data)
    return Decoded(_grey(jpeg.image("L")), False, True, len(data) - jpeg.end, jpeg.orientation, jpeg.quality)


def _tiff(data: bytes) -> Decoded:
    with _tiff_lock, warnings.catch_warnings():  # which filters are in force is known to the process, not to a thread
        warnings.simplefilter("ignore")  # Pillow's words on tags that it does not need
        pixels = images.decode(data, _WHERE)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return Decoded(_grey(Image.fromarray(pixels)) if pixels.dtype == np.uint8 else None)


def _bmp(data: bytes) -> Decoded:
    if (end := int.from_bytes(data[2:6], "little")) > len(data):
        raise InputError(f"the BMP ends after {len(data)} of {end} bytes; write or copy it again")
    return Decoded(_grey(_by_pillow(data, "BMP")))


def _webp(data: bytes) -> Decoded:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise InputError(f"the WebP ends after {len(data)} of {end} bytes; write or copy it again")
    image = _by_pillow(data[:end], "WEBP")
    alpha = image.mode == "RGBA"
    opaque = not alpha or image.getchannel("A").getextrema()[0] == 255
    return Decoded(_grey(image), alpha, opaque, len(data) - end - (end & 1))


_DECODERS = {"image/png": _png, "image/jpeg": _jpeg, "image/tiff": _tiff, "image/bmp": _bmp, "image/webp": _webp}


def _by_pillow(data: bytes, plugin: str) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=[plugin]) as image:
        image.load()
        return image


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits; Pillow before 11 says I
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")  # a palette may hold colours that let something through
    return image if image.mode == "L" else image.convert("L")
