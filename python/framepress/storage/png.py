"""PNG (W3C PNG, third edition): lossless pictures, id maps and 16-bit depth.

Only the critical chunks are written (IHDR, one IDAT, IEND), so the bytes depend on the pixels and the backend alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.storage import images_backend, images_deflate, png_rows
from framepress.storage.images_header import MAX_PIXELS, Header, check_size, decode_with_pillow, not_a
from framepress.storage.images_huffman import HuffmanCode

__all__ = [
    "SIGNATURE",
    "DepthPng",
    "decode",
    "decode_depth",
    "decode_ids",
    "encode",
    "encode_depth",
    "encode_ids",
    "header",
]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_SIDE = (1 << 31) - 1

_COLOUR_TYPE = {(2, 1): 0, (3, 3): 2, (3, 4): 6}  # (dimensions, channels): grey, RGB, RGBA
_CHANNEL_NAMES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


# ---- writing ---------------------------------------------------------------------------------------------------------


def encode(pixels: Array) -> bytes:
    """A picture: uint8 (H, W, 3), (H, W, 4) or (H, W), or uint16 (H, W).

    Raises:
        OptionError: another shape or dtype, or no pixels at all.
    """
    rows, pixel_bytes = _rows(pixels)
    look = png_rows.survey(rows, pixel_bytes)
    code: HuffmanCode | None = None
    row_filter = png_rows.RowFilter(rows, pixel_bytes)
    stream = images_deflate.Stream()
    for first, stop in png_rows.bands(rows):
        filtered = row_filter.paeth(first, stop)
        if look.is_noisy(first, stop):
            code = code or HuffmanCode(look.counts())
            stream.noise(filtered, code)
        else:
            stream.runs(filtered)
    colour = _COLOUR_TYPE[pixels.ndim, pixels.shape[2] if pixels.ndim == 3 else 1]
    return _file(pixels.shape, colour, 8 * pixels.dtype.itemsize, stream.finish())


def encode_ids(ids: Array) -> bytes:
    """An id map, integers (H, W) from 0 to 2^32 - 1: 16-bit grey, or RGBA where an id needs more.

    In RGBA the four bytes of an id stand lowest first, so R + 256 G + 65536 B + 2^24 A. The colour type says which.

    Raises:
        OptionError: another shape or dtype, or no pixels.
        InputError: an id that does not fit, with its pixel.
    """
    if ids.ndim != 2 or ids.dtype.kind not in "ui" or not ids.size or max(ids.shape) > MAX_SIDE:
        raise OptionError(f"an id map is an integer (H, W) array with pixels, got {ids.dtype} {ids.shape}")
    largest = int(ids.max())
    if largest > 0xFFFFFFFF or (ids.dtype.kind == "i" and int(ids.min()) < 0):
        y, x = np.argwhere((ids < 0) | (ids > 0xFFFFFFFF))[0].tolist()
        raise InputError(f"id {int(ids[y, x])} at pixel x={x} y={y} does not fit 32 bits; number the objects from 1")
    wide = largest > 0xFFFF
    stream = images_deflate.Stream()
    changes = png_rows.up_of_ids(ids, "<u4" if wide else ">u2")
    if changes.pays:
        stream.zeros(changes)
    else:
        pixels: Array = np.ascontiguousarray(ids, dtype="<u4").view(np.uint8) if wide else ids.astype(">u2")
        stream.runs(png_rows.filter_up(pixels.view(np.uint8).reshape(len(ids), -1)))
    return _file(ids.shape, *((6, 8) if wide else (0, 16)), stream.finish())


@dataclass(frozen=True)
class DepthPng:
    """An encoded depth map and how many of its pixels could not be kept as they are."""

    data: bytes
    raised: int  # finite, under half a step: stored as 1, because 0 means "nothing"
    too_far: int  # finite, above 65535 steps: stored as 0


def encode_depth(depth_m: Array, scale: float) -> DepthPng:
    """16-bit grey PNG of `round(depth * scale)`, 0 where nothing was hit (KITTI: scale 256; millimetres: 1000).

    Args:
        depth_m: float (H, W) [m], +inf where nothing was hit.

    Raises:
        OptionError: `depth_m` is no float map, or `scale` is not positive and finite.
        InputError: a NaN or negative depth, with the first such pixel.
    """
    if depth_m.ndim != 2 or depth_m.dtype.kind != "f":
        raise OptionError(f"depth is a float (H, W) array in metres, got {depth_m.dtype} {depth_m.shape}")
    if not (scale > 0 and np.isfinite(scale)):
        raise OptionError(f"the scale of a depth PNG is a positive number of steps a metre, got {scale}")
    if not bool(np.all(depth_m >= 0)):
        y, x = np.argwhere(~(depth_m >= 0))[0].tolist()
        raise InputError(f"depth {depth_m[y, x]} at pixel x={x} y={y}; depth is 0 or more, +inf for nothing")
    steps = np.rint(depth_m.astype(np.float64) * scale)  # float32 would move some values over the middle of a step
    near = steps < 1
    far = steps > 0xFFFF
    values = np.where(far, 0, np.where(near, 1, steps)).astype(np.uint16)
    too_far = int(np.count_nonzero(far & np.isfinite(depth_m)))
    return DepthPng(encode(values), int(np.count_nonzero(near)), too_far)


def _rows(pixels: Array) -> tuple[Array, int]:
    """Scanlines as bytes, 16-bit values high byte first: (H, bytes) uint8, contiguous; and the bytes of a pixel."""
    kind = (pixels.ndim, pixels.shape[2] if pixels.ndim == 3 else 1)
    native = pixels.dtype.newbyteorder("=")
    if kind not in _COLOUR_TYPE or (native != np.uint8 and (native != np.uint16 or pixels.ndim != 2)):
        raise OptionError(
            f"a PNG here is uint8 (H, W), (H, W, 3) or (H, W, 4), or uint16 (H, W); got {pixels.dtype} {pixels.shape}"
        )
    if not pixels.size or max(pixels.shape[:2]) > MAX_SIDE:
        raise OptionError(f"a PNG cannot have the shape {pixels.shape}")
    big_endian = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    return big_endian.view(np.uint8).reshape(len(pixels), -1), kind[1] * pixels.dtype.itemsize


def _file(shape: tuple[int, ...], colour: int, bits: int, compressed: bytes) -> bytes:
    ihdr = struct.pack(">IIBBBBB", shape[1], shape[0], bits, colour, 0, 0, 0)
    crc32 = images_backend.coder_module().crc32
    parts = [SIGNATURE]
    for kind, body in ((b"IHDR", ihdr), (b"IDAT", compressed), (b"IEND", b"")):
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc32(body, crc32(kind)))]
    return b"".join(parts)


# ---- reading ---------------------------------------------------------------------------------------------------------


def header(data: bytes, where: str) -> Header:
    """Size and pixel layout, from the first 33 bytes.

    Raises:
        InputError: these bytes do not begin a PNG.
    """
    if len(data) < 33 or data[:8] != SIGNATURE or data[8:16] != b"\x00\x00\x00\x0dIHDR":
        raise not_a("PNG", data, where)
    width, height, bits, colour, *methods = struct.unpack_from(">IIBBBBB", data, 16)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or bits not in _BIT_DEPTHS.get(colour, ()):
        raise InputError(
            f"{where}: the PNG header is damaged (size {width}x{height}, {bits} bits, colour type {colour}); "
            "write or copy it again"
        )
    if methods[:2] != [0, 0] or methods[2] > 1:
        raise InputError(f"{where}: the PNG header names unknown methods {methods}; write or copy it again")
    return Header("image/png", width, height, _CHANNEL_NAMES[colour] + ("16" if bits == 16 else ""))


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Array:
    """Pixels: uint8 (H, W, 3) for colour (palette resolved, alpha dropped), uint8 or uint16 (H, W) for grey.

    Raises:
        InputError: truncated, damaged, of another size than `expect_size` (width, height), larger than `max_pixels`
            where none is given, or 16-bit colour, which no reader here keeps whole.
    """
    found = _checked(data, where, expect_size, max_pixels)
    if found.mode.endswith("16") and found.mode != "L16":
        raise InputError(f"{where}: 16-bit PNGs are read as grey only, this one is {found.mode}; convert it to 8 bits")
    return decode_with_pillow(data, where, "PNG")


def decode_ids(
    data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS
) -> Array:
    """The id map that `encode_ids` (or a writer that views uint32 ids as RGBA) stored: uint32 (H, W).

    Raises:
        InputError: as `decode`, and for colour types that hold no ids (RGB, palette).
    """
    found = _checked(data, where, expect_size, max_pixels)
    if found.mode == "RGBA":
        pixels = decode_with_pillow(data, where, "PNG", keep_alpha=True)
        return pixels.view("<u4")[:, :, 0].astype(np.uint32, copy=False)
    if found.mode not in ("L", "L16"):
        raise InputError(f"{where}: an id map is a grey or RGBA PNG, not {found.mode}; are these coloured classes?")
    return decode_with_pillow(data, where, "PNG").astype(np.uint32)


def decode_depth(
    data: bytes,
    where: str,
    scale: float,
    expect_size: tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Array:
    """Depth [m] from 16-bit grey with `scale` steps a metre: float32 (H, W), +inf where the PNG says 0.

    Raises:
        InputError: as `decode`, and for anything but 16-bit grey.
    """
    found = _checked(data, where, expect_size, max_pixels)
    if found.mode != "L16":
        raise InputError(f"{where}: a depth PNG is 16-bit grey, this one is {found.mode}; was it re-saved with 8 bits?")
    steps = decode_with_pillow(data, where, "PNG")
    return np.where(steps == 0, np.inf, steps / scale).astype(np.float32)


def check_whole(data: bytes, where: str) -> None:
    """That every chunk is there and has its check sum; nothing is unpacked.

    Raises:
        InputError: truncated or damaged.
    """
    _pixel_chunks(data, where)


def _checked(data: bytes, where: str, expect_size: tuple[int, int] | None, max_pixels: int) -> Header:
    found = header(data, where)
    check_size(found, where, expect_size, max_pixels)
    pixels = _pixel_chunks(data, where)
    expected = _inflated_size(*struct.unpack_from(">IIBBBBB", data, 16))
    try:
        inflated = _inflated(pixels, expected)
    except zlib.error as error:
        raise InputError(f"{where}: the pixels of the PNG are damaged ({error}); write or copy it again") from error
    if inflated != expected:
        raise InputError(
            f"{where}: {found.width}x{found.height} pixels of {found.mode} are {expected} bytes, but the PNG holds "
            f"{'more' if inflated > expected else inflated}; write or copy it again"
        )
    return found


def _pixel_chunks(data: bytes, where: str) -> list[memoryview]:
    pixels = [body for kind, body in _chunks(data, where) if kind == b"IDAT"]
    if not pixels:
        raise InputError(f"{where}: the PNG holds no pixels (no IDAT chunk); write or copy it again")
    return pixels


def _inflated_size(
    width: int, height: int, bits: int, colour: int, compression: int, filtering: int, interlaced: int
) -> int:
    """Bytes of all scanlines, each behind its filter type."""
    pixel_bits = bits * len(_CHANNEL_NAMES[colour]) if colour != 3 else bits
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    total = 0
    for x, y, step_x, step_y in passes if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * pixel_bits + 7) // 8)
    return total


def _inflated(parts: list[memoryview], limit: int) -> int:
    """How many bytes the zlib stream in `parts` holds, or `limit` + 1 for more; a reader may stop short and be content.

    Raises:
        zlib.error: it is damaged or has no end.
    """
    inflate, total = zlib.decompressobj(), 0
    for part in parts:
        rest: bytes | memoryview = part
        while rest and not inflate.eof:
            total += len(inflate.decompress(rest, 1 << 18))
            if total > limit:
                return limit + 1
            rest = inflate.unconsumed_tail
    total += len(inflate.flush())
    if not inflate.eof:
        raise zlib.error("the stream has no end")
    return total


def _chunks(data: bytes, where: str) -> Iterator[tuple[bytes, memoryview]]:
    """Each chunk up to IEND, its check sum verified: a reader that stops at the last pixel would miss damage."""
    view, at = memoryview(data), 8
    while True:
        if at + 12 > len(data):
            raise InputError(f"{where}: the PNG ends after {len(data)} bytes, before its IEND; write or copy it again")
        length = int.from_bytes(view[at : at + 4], "big")
        kind, end = bytes(view[at + 4 : at + 8]), at + 8 + length
        if end + 4 > len(data):
            raise InputError(
                f"{where}: the PNG ends after {len(data)} bytes, inside its {kind!r} chunk that needs {end + 4}; "
                "write or copy it again"
            )
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise InputError(f"{where}: damaged chunk {kind!r} at byte {at} (wrong check sum); write or copy it again")
        yield kind, view[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
