"""WebP (RFC 9649) by Pillow: read where others wrote it, 8-bit pictures of one frame."""

from __future__ import annotations

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.storage.images_header import MAX_PIXELS, Header, check_size, decode_with_pillow, not_a

__all__ = ["MAGIC", "check_whole", "decode", "header"]

MAGIC = b"RIFF"
_ANIMATED, _ALPHA = 0x02, 0x10


def header(data: bytes, where: str) -> Header:
    """Size and pixel layout, from the first 30 bytes.

    Raises:
        InputError: these bytes do not begin a WebP.
    """
    kind = data[12:16] if data[:4] == MAGIC and data[8:12] == b"WEBP" and len(data) >= 25 else b""
    if kind == b"VP8 " and len(data) >= 30 and data[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        alpha = False
    elif kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height, alpha = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
    elif kind == b"VP8X" and len(data) >= 30:
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        alpha = bool(data[20] & _ALPHA)
    else:
        raise not_a("WebP", data, where)
    if not width or not height:
        raise InputError(f"{where}: the WebP header states {width}x{height} pixels; write or copy it again")
    return Header("image/webp", width, height, "RGBA" if alpha else "RGB")


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Array:
    """Pixels: uint8 (H, W, 3), alpha dropped.

    Raises:
        InputError: truncated, damaged, animated, of another size than `expect_size` (width, height), or larger than
            `max_pixels` where none is given.
    """
    check_size(header(data, where), where, expect_size, max_pixels)
    check_whole(data, where)
    if data[12:16] == b"VP8X" and data[20] & _ANIMATED:
        raise InputError(f"{where}: is an animated WebP; write its frames as files of their own")
    return decode_with_pillow(data, where, "WEBP")


def check_whole(data: bytes, where: str) -> None:
    """That it is as long as it says.

    Raises:
        InputError: it was cut.
    """
    stated = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < stated:
        raise InputError(f"{where}: the WebP ends after {len(data)} bytes of {stated}; write or copy it again")
