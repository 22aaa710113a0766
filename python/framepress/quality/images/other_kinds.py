"""BMP by its header, and the names of what a dataset's reader does not take for a picture."""

from __future__ import annotations

import re
import struct

from framepress.errors import InputError
from framepress.storage.images import Header

__all__ = ["bmp_header", "kind_of"]

_KINDS = (
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (
        re.compile(
            rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.{0,200}?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", re.DOTALL
        ),
        "an SVG drawing",
    ),
    (re.compile(rb"....ftyp(avif|avis)", re.DOTALL), "an AVIF"),
    (re.compile(rb"....ftyp(heic|heix|mif1|msf1)", re.DOTALL), "a HEIF"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"v/1\x01"), "an OpenEXR file"),
    (re.compile(rb"#\?RADIANCE"), "a Radiance HDR file"),
    (re.compile(rb"DDS "), "a DDS texture"),
    (re.compile(rb"\x93NUMPY"), "a NumPy array"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"\x1f\x8b"), "a gzip file"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"\s*<(!DOCTYPE html|html)", re.IGNORECASE), "a web page"),
)


def kind_of(data: bytes) -> str:
    """What a file is that is none of the pictures, by its first bytes; "" where that is not known."""
    return next((name for pattern, name in _KINDS if pattern.match(data[:512])), "")


def bmp_header(data: bytes) -> Header:
    """Raises InputError where the header is cut or states no size."""
    if len(data) < 30:
        raise InputError(f"the BMP ends after {len(data)} bytes, inside its header; write or copy it again")
    if data[14:18] == b"\x0c\0\0\0":  # OS/2 1.x
        width, height, bits = *struct.unpack_from("<HH", data, 18), struct.unpack_from("<H", data, 24)[0]
    else:
        width, height, bits = *struct.unpack_from("<ii", data, 18), struct.unpack_from("<H", data, 28)[0]
    mode = {8: "P", 4: "P", 1: "P"}.get(bits, "RGB")
    return _sized("image/bmp", width, abs(height), mode)  # below zero: rows from the top


def _sized(media_type: str, width: int, height: int, mode: str) -> Header:
    if width <= 0 or height <= 0:
        raise InputError(f"the header states {width}x{height} pixels; write or copy it again")
    return Header(media_type, width, height, mode)
