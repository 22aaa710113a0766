"""JPEG (ITU-T T.81), walked marker by marker to its real end, and decoded without what cameras and editors add."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

from PIL import Image

from framepress.errors import InputError
from framepress.quality.images.exif import orientation_of

__all__ = ["Jpeg", "parsed"]

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in entropy-coded data FF 00 is a byte, FF D0 to D7 go on
_ALONE = {0x01, *range(0xD0, 0xD8)}
_SCANS, _SEGMENTS = 100, 1 << 16
"""Encoders make some ten scans and some twenty segments; each scan of a progressive file costs a pass over all of its
pixels, and each segment a step here."""
_KEPT = {0xE0, 0xEE}  # JFIF and Adobe tell the colour space; no other APPn changes a pixel
_STANDARD = (
    *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
    *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
    *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
    *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
)  # table K.1 in zigzag order: what libjpeg scales by its quality


@dataclass
class Jpeg:
    """What was met on the way.

    Args:
        end: behind the end marker.
        quality: on libjpeg's scale, 1 to 100, from the first quantisation table; 0 where there is none.
        orientation: of EXIF, 0 where nothing is said.
    """

    end: int = 0
    quality: int = 0
    orientation: int = 0
    _pixels: list[memoryview] = field(default_factory=list)

    def image(self, mode: str = "") -> Image.Image:
        """All pixels; raises what Pillow raises.

        Args:
            mode: "L" gives the luma of a colour picture as it is stored: every bit of the file is decoded all the same,
                but the colours are neither computed nor scaled up.
        """
        with Image.open(io.BytesIO(b"".join(self._pixels)), formats=["JPEG"]) as image:
            if mode == "L" and image.mode == "RGB":
                image.draft("L", image.size)
            image.load()
            return image


def parsed(data: bytes) -> Jpeg:
    """Walk through a file that begins as a JPEG.

    Raises:
        InputError: it ends before its end marker, holds something that is no marker, or too much of anything.
    """
    found, view, at, scans, segments = Jpeg(), memoryview(data), 2, 0, 0
    found._pixels.append(view[:2])
    while True:
        while data[at : at + 2] == b"\xff\xff":  # padding
            at += 1
        if at + 2 > len(data):
            raise InputError(f"the JPEG ends after {len(data)} bytes without its end marker; write or copy it again")
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0:
            raise InputError(
                f"the JPEG is damaged at byte {at}: {data[at : at + 2]!r} is no marker; write or copy it again"
            )
        if marker == 0xD9:
            found._pixels.append(view[at : at + 2])
            found.end = at + 2
            return found
        length = 0 if marker in _ALONE else int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if marker not in _ALONE and (length < 2 or end > len(data)):
            raise InputError(
                f"the JPEG ends after {len(data)} bytes, inside its segment at {at}; write or copy it again"
            )
        segments += 1
        scans += marker == 0xDA
        if scans > _SCANS or segments > _SEGMENTS:
            raise InputError(
                f"the JPEG has more than {_SCANS} scans or {_SEGMENTS} segments, too much to read; save it again"
            )
        if marker == 0xDA:
            stop = _MARKER.search(data, end)
            end = stop.start() if stop else len(data)
        _take(found, marker, view[at + 4 : end])
        if (not 0xE0 <= marker <= 0xEF and marker != 0xFE) or marker in _KEPT:
            found._pixels.append(view[at:end])
        at = end


def _take(found: Jpeg, marker: int, body: memoryview) -> None:
    if marker == 0xE1 and not found.orientation and bytes(body[:6]) == b"Exif\0\0":
        found.orientation = orientation_of(bytes(body[6:]))
    if marker == 0xDB and not found.quality and len(body) >= 65 and body[0] == 0:
        found.quality = _quality(bytes(body[1:65]))


def _quality(table: bytes) -> int:
    """The inverse of libjpeg's jpeg_quality_scaling, by the sum of the steps that its limit of 255 has not cut."""
    steps = [(step, standard) for step, standard in zip(table, _STANDARD, strict=True) if step < 255]
    if not steps:
        return 1
    scale = 100 * sum(step for step, _ in steps) / sum(standard for _, standard in steps)
    return max(1, min(100, round((200 - scale) / 2 if scale <= 100 else 5000 / scale)))
