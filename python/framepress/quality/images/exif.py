"""The one field of EXIF that moves pixels: orientation (Exif 3.0, 4.6.5; a TIFF structure)."""

from __future__ import annotations

import struct

__all__ = ["orientation_of"]

_TAG, _SHORT = 0x0112, 3


def orientation_of(exif: bytes) -> int:
    """1 to 8 as a camera has written it, 0 where it has not or the block is damaged.

    Args:
        exif: from its byte order mark on.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 10:
        return 0
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return 0
    (entries,) = struct.unpack_from(f"{order}H", exif, at)
    for entry in range(at + 2, min(at + 2 + 12 * entries, len(exif) - 11), 12):
        tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, entry)
        if (tag, kind, count) == (_TAG, _SHORT, 1):
            return value if 1 <= value <= 8 else 0
    return 0
