"""Encoded images and arrays: one table of encoders, and one strict way back.

Pixels never depend on the machine; the bytes of a compressed file depend on the backend ("zlib" or "isal",
see `images_backend`), which is why `encoder_backends` names it and a dataset should record it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.storage import images_backend, jpeg, npy, png, tiff, webp
from framepress.storage.images_header import MAX_PIXELS, Header, check_size, not_a, refuse_pointer

__all__ = [
    "ENCODERS",
    "MAX_PIXELS",
    "Encoder",
    "Header",
    "check_file",
    "decode",
    "decode_rgb",
    "encoder",
    "encoder_backends",
    "probe",
    "refuse_pointer",
]


@dataclass(frozen=True)
class Encoder:
    """One way to store a channel.

    `encode(array, **options)` raises `OptionError` for an array that it cannot hold.
    """

    name: str
    extension: str  # with its dot
    media_type: str
    channels: frozenset[str]  # names of `core.channels` that it can hold
    lossless: bool
    encode: Callable[..., bytes]


_FLOATS = {"depth", "range", "normal", "flow", "points"}

ENCODERS: dict[str, Encoder] = {
    row.name: row
    for row in (
        Encoder("png", ".png", "image/png", frozenset({"rgb"}), True, png.encode),
        Encoder("jpeg", ".jpg", "image/jpeg", frozenset({"rgb"}), False, jpeg.encode),
        Encoder("ids", ".png", "image/png", frozenset({"semantic", "instance"}), True, png.encode_ids),
        Encoder("tiff", ".tiff", "image/tiff", frozenset({"depth", "range"}), True, tiff.encode),
        Encoder("npy", ".npy", "application/x-npy", frozenset(_FLOATS | {"semantic", "instance"}), True, npy.encode),
    )
}


def encoder(name: str, channel: str) -> Encoder:
    """The encoder `name`, if it can hold `channel`.

    Raises:
        OptionError: there is none of that name, or it cannot, with those that can.
    """
    able = [row.name for row in ENCODERS.values() if channel in row.channels]
    if name not in able:
        raise OptionError(
            f"the channel {channel} cannot be stored as {name!r}; choose one of {', '.join(able) or 'none'}"
        )
    return ENCODERS[name]


def encoder_backends() -> dict[str, str]:
    """Encoder -> what compresses for it now: a dataset records it, since it decides the bytes (never the pixels)."""
    active = images_backend.runs_coder()
    return {name: {"jpeg": "pillow", "npy": "none"}.get(name, active) for name in ENCODERS}


@dataclass(frozen=True)
class _Codec:
    magics: tuple[bytes, ...]
    header: Callable[[bytes, str], Header]
    decode: Callable[[bytes, str, tuple[int, int] | None, int], Array]


_CODECS = (
    _Codec((png.SIGNATURE,), png.header, png.decode),
    _Codec((b"\xff\xd8\xff",), jpeg.header, jpeg.decode),
    _Codec(tiff.MAGICS, tiff.header, tiff.decode),
    _Codec((webp.MAGIC,), webp.header, webp.decode),
)


def _codec(data: bytes, where: str) -> _Codec:
    for codec in _CODECS:
        if data.startswith(codec.magics):
            return codec
    raise not_a("PNG, JPEG, TIFF, WebP or .npy", data, where)


def probe(data: bytes, where: str) -> Header:
    """Media type, size and mode from the first bytes; no pixel is decoded, nothing is imported or allocated for it.

    Raises:
        InputError: none of PNG, JPEG, TIFF, WebP; or a damaged header.
    """
    return _codec(data, where).header(data, where)


_WHOLE = {"image/png": png.check_whole, "image/jpeg": jpeg.check_whole, "image/webp": webp.check_whole}


def check_file(data: bytes, where: str, expect_size: tuple[int, int]) -> str:
    """The media type of a picture that is passed on as it is; of all but TIFF every byte is there, none is unpacked.

    Raises:
        InputError: no picture, of another size (width, height), truncated, or a PNG with a damaged chunk.
    """
    found = probe(data, where)
    check_size(found, where, expect_size)
    if found.media_type in _WHOLE:
        _WHOLE[found.media_type](data, where)
    return found.media_type


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Array:
    """Pixels of a PNG, JPEG, TIFF or WebP, or the array of an .npy, by its first bytes; all of it, or an error.

    uint8 (H, W, 3) for colour: a palette is resolved, alpha is dropped (not blended), CMYK is converted. uint8 (H, W)
    for grey of 8 bits or less, uint16 (H, W) for 16-bit grey, float32 (H, W) for a float TIFF, an .npy as it is.

    Args:
        where: what the error messages call it: a path, or a frame and channel.
        expect_size: (width, height) that it must have.
        max_pixels: refused above it, where no size is expected.

    Raises:
        InputError: not recognised, a git-lfs pointer, truncated, damaged, or of another size.
    """
    if data.startswith(npy.MAGIC):
        return npy.decode(data, where, expect_size)
    return _codec(data, where).decode(data, where, expect_size, max_pixels)


def decode_rgb(
    data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS
) -> Array:
    """A picture as uint8 (H, W, 3): as `decode`, grey repeated in all three.

    Raises:
        InputError: as `decode`, and for 16-bit, float and other values that are no picture.
    """
    pixels = decode(data, where, expect_size, max_pixels)
    if pixels.dtype == np.uint8 and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(f"{where}: {pixels.dtype} {pixels.shape} is no 8-bit picture; is it depth or an id map?")
    return pixels
