"""PNG made smaller without loss: other row filters and a harder search for runs; every other chunk as it was.

Palette, transparency, 16 bits, interlacing, colour profile, EXIF and texts stand in chunks that are copied byte by byte
(W3C PNG, third edition, 5): only what IDAT holds is written anew.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.storage import png
from framepress.storage.images_header import MAX_PIXELS, check_size

__all__ = ["Chunk", "chunks", "five_filters", "same_picture", "smaller"]

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BAND_BYTES = 1 << 18
_NEAR = 1.02
_HOPELESS = 0.85  # a long search takes off a tenth of noise, a third where there are runs, which ours finds too
_OURS = {(8, 0), (8, 2), (8, 6), (16, 0)}


class Chunk(NamedTuple):
    kind: bytes
    body: bytes


def smaller(content: bytes, where: str, level: int) -> bytes:
    """The smallest of what its own filters, none, the best one of each row and our encoder give; not always smaller.

    Args:
        level: of deflate, 1 to 9.

    Raises:
        InputError: damaged, larger than 64 million pixels, or not what it says.
    """
    check_size(png.header(content, where), where, None, MAX_PIXELS)
    png.check_whole(content, where)
    found = list(chunks(content))
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found[0].body[:13])
    pixel_bits = bits * _CHANNELS[colour]
    line = (width * pixel_bits + 7) // 8
    filtered = _inflated(found, where, (line + 2) * height * (2 if interlaced else 1) + 64)
    candidates: list[tuple[bytes | memoryview, int]] = [(filtered, zlib.Z_DEFAULT_STRATEGY)]
    rows = None if interlaced else _rows(content, bits, colour, where)
    ours: list[bytes] = []
    if rows is not None:
        plain = np.zeros((height, 1 + line), np.uint8)
        plain[:, 1:] = rows
        candidates.append((plain.data, zlib.Z_DEFAULT_STRATEGY))
        if colour != 3:
            best = _best_filters(rows, max(1, pixel_bits // 8))
            candidates.append((best.data, zlib.Z_FILTERED))
        if (bits, colour) in _OURS:
            ours.append(_by_our_encoder(rows, bits, height, _CHANNELS[colour]))
    return _with_pixels(found, min([*ours, *_promising(candidates, ours, level)], key=len))


def _promising(candidates: list[tuple[bytes | memoryview, int]], ours: list[bytes], level: int) -> list[bytes]:
    """The streams that are worth a long search: a short one tells how they compare."""
    quick = [len(_deflated(filtered, 1, strategy)) for filtered, strategy in candidates]
    if ours and len(ours[0]) < _HOPELESS * min(quick):
        return []
    near = [pair for size, pair in zip(quick, candidates, strict=True) if size <= _NEAR * min(quick)]
    return [_deflated(filtered, level, strategy) for filtered, strategy in near]


def chunks(content: bytes) -> Iterator[Chunk]:
    """Of a PNG that is whole."""
    at = len(png.SIGNATURE)
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        chunk = Chunk(content[at + 4 : at + 8], content[at + 8 : at + 8 + length])
        yield chunk
        if chunk.kind == b"IEND":
            return
        at += 12 + length


def same_picture(before: bytes, after: bytes, where: str) -> bool:
    """Whether two PNGs are one picture: every chunk but the pixels byte by byte, and the pixels as Pillow reads them,
    or, of 16-bit colour, which it cuts to 8 bits, as they lie in the file.
    """
    one, other = list(chunks(before)), list(chunks(after))
    if [chunk for chunk in one if chunk.kind != b"IDAT"] != [chunk for chunk in other if chunk.kind != b"IDAT"]:
        return False
    bits, colour = one[0].body[8:10]
    if bits == 16 and colour != 0:
        return _inflated(one, where, 1 << 31) == _inflated(other, where, 1 << 31)
    with Image.open(io.BytesIO(before)) as first, Image.open(io.BytesIO(after)) as second:
        return bool((first.mode, first.size) == (second.mode, second.size) and first.tobytes() == second.tobytes())


def _inflated(found: list[Chunk], where: str, most: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        filtered = stream.decompress(b"".join(chunk.body for chunk in found if chunk.kind == b"IDAT"), most)
    except zlib.error as error:
        raise InputError(f"{where}: the pixels of the PNG are damaged ({error}); write or copy it again") from error
    if stream.unconsumed_tail or not stream.eof:
        raise InputError(f"{where}: the pixels of the PNG do not end where its header says; write or copy it again")
    return filtered


def _deflated(filtered: bytes | memoryview, level: int, strategy: int) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
    return stream.compress(filtered) + stream.flush()


def _with_pixels(found: list[Chunk], packed: bytes) -> bytes:
    parts = [png.SIGNATURE]
    for number, (kind, body) in enumerate(found):
        if kind == b"IDAT":
            if found[number - 1].kind == b"IDAT":
                continue
            body = packed
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))]
    return b"".join(parts)


# ---- row filters (W3C PNG, 9.2) --------------------------------------------------------------------------------------


def _rows(content: bytes, bits: int, colour: int, where: str) -> Array | None:
    """Scanlines before they are filtered, uint8 (H, bytes); None of kinds that Pillow changes on reading."""
    if (bits, colour) not in ((8, 0), (8, 2), (8, 3), (8, 4), (8, 6), (16, 0), (1, 0)):
        return None
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if bits == 16:
                return np.asarray(image).astype(">u2").view(np.uint8).reshape(image.height, -1)
            return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, -1)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{where}: the PNG cannot be decoded ({error}); write or copy it again") from error


def _by_our_encoder(rows: Array, bits: int, height: int, channels: int) -> bytes:
    """What our encoder makes of the pixels: it knows noise, where looking for runs only costs."""
    pixels = rows.view(">u2") if bits == 16 else rows
    shape = (height, -1) if channels == 1 else (height, -1, channels)
    return b"".join(chunk.body for chunk in chunks(png.encode(pixels.reshape(shape))) if chunk.kind == b"IDAT")


def _best_filters(rows: Array, pixel_bytes: int) -> Array:
    """Each row behind that filter which leaves the least sum of absolute differences: uint8 (H, 1 + bytes).

    The heuristic is the one that the specification suggests (12.7).
    """
    height, line = rows.shape
    filtered = np.empty((height, 1 + line), np.uint8)
    step = max(1, _BAND_BYTES // line)
    for first in range(0, height, step):
        here = rows[first : first + step]
        above = np.zeros_like(here)
        above[1:] = here[:-1]
        if first:
            above[0] = rows[first - 1]
        candidates = five_filters(here, above, pixel_bytes)
        cost = np.minimum(candidates, 256 - candidates.astype(np.int16)).sum(2, dtype=np.int64)
        best = cost.argmin(0)
        filtered[first : first + step, 0] = best
        filtered[first : first + step, 1:] = candidates[best, np.arange(len(here))]
    return filtered


def five_filters(here: Array, above: Array, pixel_bytes: int) -> Array:
    """The rows behind each of the five filters, in the order of their numbers: uint8 (5, H, bytes)."""
    left, corner = np.zeros_like(here), np.zeros_like(here)
    left[:, pixel_bytes:] = here[:, :-pixel_bytes]
    corner[:, pixel_bytes:] = above[:, :-pixel_bytes]
    a, b, c = (values.astype(np.int16) for values in (left, above, corner))
    from_left, from_above, from_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest = np.where(from_above <= from_corner, above, corner)
    paeth = np.where((from_left <= from_above) & (from_left <= from_corner), left, nearest)
    average = ((a + b) >> 1).astype(np.uint8)
    return np.stack((here, here - left, here - above, here - average, here - paeth))
