"""TIFF 6.0 with one float32 channel: lossless depth that image tools open (libtiff, GDAL, OpenCV, Pillow, tifffile).

Little-endian, strips, deflate (compression 8) behind the floating point predictor (3, Adobe TIFF Technical Note 3),
or plain. Every bit pattern is kept, so +inf and NaN are too.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.storage import images_deflate
from framepress.storage.images_header import MAX_PIXELS, Header, check_size, decode_with_pillow, not_a

__all__ = ["MAGICS", "decode", "encode", "header"]

MAGICS = (b"II*\x00", b"MM\x00*")

_STRIP_BYTES = 1 << 18
_SHORT, _LONG = 3, 4
_DEFLATE, _OLD_DEFLATE, _PLAIN = 8, 32946, 1
_AT_ONCE = 1 << 22
_FLOAT_PREDICTOR = 3


def encode(values: Array, compress: bool = True) -> bytes:
    """A float32 map (H, W), bit for bit.

    Raises:
        OptionError: another shape or dtype, or no values.
    """
    if values.ndim != 2 or values.dtype.newbyteorder("=") != np.float32 or not values.size:
        raise OptionError(f"a float TIFF here is float32 (H, W) with values, got {values.dtype} {values.shape}")
    height, width = values.shape
    strip_rows = min(height, max(1, _STRIP_BYTES // (4 * width)))
    little_endian = np.ascontiguousarray(values, dtype="<f4")
    blocks = [little_endian[row : row + strip_rows] for row in range(0, height, strip_rows)]
    strips = [_compressed(block) if compress else block.tobytes() for block in blocks]
    return _file(width, height, strip_rows, strips, compress)


def _compressed(block: Array) -> bytes:
    """One zlib stream of rows (n, W): bytes sorted by significance, highest first, then differences along the row."""
    n, width = block.shape
    planes = np.empty((n, 4, width), dtype=np.uint8)
    planes[:] = block.view(np.uint8).reshape(n, width, 4)[:, :, ::-1].transpose(0, 2, 1)
    rows = planes.reshape(n, 4 * width)
    residual = np.empty_like(rows)
    residual[:, 0] = rows[:, 0]
    np.subtract(rows[:, 1:], rows[:, :-1], out=residual[:, 1:])
    stream = images_deflate.Stream()
    stream.runs(residual.ravel())
    return stream.finish()


def _file(width: int, height: int, strip_rows: int, strips: list[bytes], compressed: bool) -> bytes:
    """Header, directory, strip table, strips: the directory comes first, so that a reader seeks forward only."""
    tags = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [32]),  # bits a sample
        (259, _SHORT, [_DEFLATE if compressed else _PLAIN]),
        (262, _SHORT, [1]),  # 0 is black
        (273, _LONG, [0] * len(strips)),  # offsets, filled in below
        (277, _SHORT, [1]),  # samples a pixel
        (278, _LONG, [strip_rows]),
        (279, _LONG, [len(strip) for strip in strips]),
        *([(317, _SHORT, [_FLOAT_PREDICTOR])] if compressed else []),  # OpenCV warns of it in plain files
        (339, _SHORT, [3]),  # IEEE floating point
    ]
    tables_at = 8 + 2 + 12 * len(tags) + 4
    strips_at = tables_at + (8 * len(strips) if len(strips) > 1 else 0)
    offsets = np.cumsum([strips_at, *(len(strip) for strip in strips)]).tolist()
    if offsets[-1] > 0xFFFFFFFF:
        raise OptionError(f"a TIFF of {width}x{height} floats exceeds 4 GiB; store it as .npy")
    directory = [struct.pack("<H", len(tags))]
    tables: list[bytes] = []
    for tag, kind, numbers in tags:
        numbers = offsets[:-1] if tag == 273 else numbers
        value = numbers[0]
        if len(numbers) > 1:
            value = tables_at + sum(len(table) for table in tables)
            tables.append(struct.pack(f"<{len(numbers)}I", *numbers))
        directory.append(struct.pack("<HHII", tag, kind, len(numbers), value))
    return b"".join([b"II*\x00", struct.pack("<I", 8), *directory, struct.pack("<I", 0), *tables, *strips])


_READ = frozenset({256, 257, 258, 259, 273, 277, 279, 324, 325, 339})
_MOST_VALUES = 1 << 20  # strips or tiles; a file may claim that all of it is the values of one tag


def header(data: bytes, where: str) -> Header:
    """Size and pixel layout of the first directory, once all that it points to lies inside the file.

    Raises:
        InputError: these bytes are no TIFF, or it is truncated or damaged.
    """
    try:
        tags = _tags(data, {MAGICS[0]: "<", MAGICS[1]: ">"}[data[:4]])
        (width, *_), (height, *_) = tags[256], tags[257]
        offsets, sizes = (tags[273], tags[279]) if 273 in tags else (tags[324], tags[325])  # strips, or else tiles
    except (KeyError, ValueError, struct.error) as error:
        raise not_a("TIFF with a directory", data, where) from error
    end = max((offset + size for offset, size in zip(offsets, sizes, strict=False)), default=0)
    if end > len(data) or len(offsets) != len(sizes) or not width or not height:
        raise InputError(
            f"{where}: the TIFF states {width}x{height} pixels up to byte {end}, but it ends after {len(data)}; "
            "write or copy it again"
        )
    (channels, *_), (bits, *_), (kind, *_) = tags.get(277, (1,)), tags.get(258, (1,)), tags.get(339, (1,))
    layout = {1: "L", 3: "RGB", 4: "RGBA"}.get(channels, "?")
    mode = f"F{bits}" if kind == 3 and layout == "L" else layout + ("" if bits <= 8 else str(bits))
    return Header("image/tiff", width, height, mode)


def _tags(data: bytes, order: str) -> dict[int, tuple[int, ...]]:
    """Tag -> its values, for those of integers, of the first directory.

    Raises:
        struct.error: the directory or a value lies outside `data`.
        ValueError: a tag without values, or with more than any picture needs.
    """
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    tags: dict[int, tuple[int, ...]] = {}
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, n, place = struct.unpack_from(order + "HHII", data, at)
        letter = {1: "B", _SHORT: "H", _LONG: "I"}.get(kind)
        if letter is None:
            continue
        if tag not in _READ:
            continue
        if not 0 < n <= _MOST_VALUES:
            raise ValueError(f"tag {tag} has {n} values")
        inside = at + 8 if n * struct.calcsize(letter) <= 4 else place
        tags[tag] = struct.unpack_from(f"{order}{n}{letter}", data, inside)
    return tags


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Array:
    """float32 (H, W) as stored, or what Pillow reads exactly of other TIFFs (8-bit grey and colour, 16-bit grey).

    Raises:
        InputError: truncated, damaged, of another size than `expect_size` (width, height), larger than `max_pixels`
            where none is given, or of a kind that would be read with loss.
    """
    found = header(data, where)
    check_size(found, where, expect_size, max_pixels)
    if found.mode not in ("F32", "L", "L16", "RGB", "RGBA"):
        raise InputError(f"{where}: TIFFs of mode {found.mode} are not read; convert it to float32 or 16-bit grey")
    _check_streams(data, where)
    return decode_with_pillow(data, where, "TIFF")


def _check_streams(data: bytes, where: str) -> None:
    """libtiff decodes what it can of a damaged deflate stream and says nothing; its checksum does."""
    tags = _tags(data, {MAGICS[0]: "<", MAGICS[1]: ">"}[data[:4]])
    if tags.get(259, (_PLAIN,))[0] not in (_DEFLATE, _OLD_DEFLATE):
        return
    strips = zip(*((tags[273], tags[279]) if 273 in tags else (tags[324], tags[325])), strict=True)
    for number, (offset, size) in enumerate(strips):
        stream = zlib.decompressobj()
        try:
            # A few megabytes at a time: a bomb shows in its header, which `check_size` has seen, or ends here.
            block = stream.decompress(data[offset : offset + size], _AT_ONCE)
            while stream.unconsumed_tail and block:
                block = stream.decompress(stream.unconsumed_tail, _AT_ONCE)
        except zlib.error as error:
            raise InputError(f"{where}: strip {number} is damaged ({error}); write or copy it again") from error
        if not stream.eof:
            raise InputError(f"{where}: strip {number} ends before its checksum; write or copy it again")
