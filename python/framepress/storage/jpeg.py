"""JPEG (ITU-T T.81) by Pillow: small pictures with loss; no EXIF, no profile, no thumbnail."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.storage.images_header import MAX_PIXELS, Header, check_size, decode_with_pillow, not_a

__all__ = ["SUBSAMPLING", "decode", "encode", "header"]

SUBSAMPLING = ("4:4:4", "4:2:2", "4:2:0")

_NO_LENGTH = {0x01, *range(0xD0, 0xD8)}  # TEM and the restart markers
_START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def encode(pixels: Array, quality: int = 95, subsampling: str = "4:4:4") -> bytes:
    """A picture with loss: uint8 (H, W, 3) or (H, W).

    Args:
        quality: 1 to 100, libjpeg's scale.
        subsampling: colour at full size ("4:4:4": edges of small objects keep their colour), or at half the width
            ("4:2:2"), or at half of both ("4:2:0": about a fifth smaller).

    Raises:
        OptionError: another shape or dtype, or an option out of its range.
    """
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise OptionError(f"a JPEG is uint8 (H, W, 3) or (H, W), got {pixels.dtype} {pixels.shape}; use PNG")
    if not pixels.size or max(pixels.shape[:2]) > 65_500:
        raise OptionError(f"a JPEG cannot have the shape {pixels.shape}; use PNG")
    if not 1 <= quality <= 100:
        raise OptionError(f"JPEG quality is 1 to 100, got {quality}")
    if subsampling not in SUBSAMPLING:
        raise OptionError(f"JPEG subsampling is one of {', '.join(SUBSAMPLING)}, got {subsampling!r}")
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return file.getvalue()


def header(data: bytes, where: str) -> Header:
    """Size and pixel layout from the frame header, wherever it stands.

    The size is that of the stored pixels: an EXIF orientation is not applied, here or in `decode`.

    Raises:
        InputError: these bytes do not begin a JPEG, or end before its frame header.
    """
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        elif marker in _START_OF_FRAME:
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            channels = data[at + 9]
            if not width or not height or channels not in _MODES:
                raise InputError(
                    f"{where}: the JPEG header is damaged (size {width}x{height}, {channels} channels); "
                    "write or copy it again"
                )
            return Header("image/jpeg", width, height, _MODES[channels])
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise not_a("JPEG with a header", data, where)


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Array:
    """Pixels: uint8 (H, W, 3) for colour (CMYK converted), (H, W) for grey.

    Raises:
        InputError: truncated, damaged, of another size than `expect_size` (width, height), or larger than `max_pixels`
            where none is given.
    """
    check_size(header(data, where), where, expect_size, max_pixels)
    check_whole(data, where)
    return decode_with_pillow(data, where, "JPEG")


def check_whole(data: bytes, where: str) -> None:
    """That the file has its end.

    Raises:
        InputError: it was cut.
    """
    if b"\xff\xd9" not in data[-4096:]:  # libjpeg would fill up what is missing; cameras may append a little
        raise InputError(
            f"{where}: the JPEG ends after {len(data)} bytes without its end marker; write or copy it again"
        )
