"""What an encoded image says about itself before it is decoded, and the checks that come first."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["MAX_PIXELS", "Header", "check_size", "decode_with_pillow", "not_a", "refuse_pointer"]

# Without a stated size: 8192 x 8192, beyond any camera that a simulator renders, 256 MiB as RGBA.
MAX_PIXELS = 1 << 26


@dataclass(frozen=True)
class Header:
    """`mode` is the pixel layout: L, RGB, RGBA, LA, P or CMYK with 8 bits a channel or less; L16, RGB16, ...; F32."""

    media_type: str
    width: int
    height: int
    mode: str


def refuse_pointer(data: bytes, where: str) -> None:
    """Name a file that git-lfs has not fetched for what it is.

    Raises:
        InputError: `data` is the pointer to a file, not its content.
    """
    if data.startswith(b"version https://git-lfs"):
        sizes = [line[5:].decode("ascii", "replace") for line in data[:1024].splitlines() if line.startswith(b"size ")]
        raise InputError(
            f"{where}: this is a git-lfs pointer to a file of {(sizes or ['?'])[0]} bytes, not the file; "
            "run `git lfs pull`"
        )


def not_a(kind: str, data: bytes, where: str) -> InputError:
    """The error for a file that does not begin as a `kind` does, by what it is instead where that is known."""
    try:
        refuse_pointer(data, where)
    except InputError as error:
        return error
    if not data:
        return InputError(f"{where}: the file is empty; write or copy it again")
    return InputError(f"{where}: not a {kind}: its {len(data)} bytes begin with {data[:12]!r}; write or copy it again")


def check_size(
    header: Header, where: str, expect_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS
) -> None:
    """Refuse an image before its pixels are unpacked.

    Raises:
        InputError: the size is not `expect_size` (width, height), or, where none is stated, above `max_pixels`.
    """
    size = (header.width, header.height)
    if expect_size is not None:
        if size != tuple(expect_size):
            raise InputError(
                f"{where}: the image is {size[0]}x{size[1]}, expected {expect_size[0]}x{expect_size[1]}; "
                "it belongs to another camera, or the stated size is wrong"
            )
    elif size[0] * size[1] > max_pixels:
        raise InputError(
            f"{where}: the header states {size[0]}x{size[1]} pixels, above the limit of {max_pixels}; "
            "if this is meant, state the expected size"
        )


def decode_with_pillow(data: bytes, where: str, plugin: str, keep_alpha: bool = False) -> Array:
    """Pixels by Pillow's `plugin` ("PNG", "JPEG", "TIFF"), all of them, as `images.decode` describes.

    `keep_alpha`: RGBA stays (H, W, 4).

    Raises:
        InputError: Pillow cannot decode them, or they are of a kind that has no exact array here.
    """
    damage = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
    try:
        with Image.open(io.BytesIO(data), formats=[plugin]) as image:
            image.load()
            return np.array(image) if keep_alpha and image.mode == "RGBA" else _array(image, where)
    except damage as error:
        raise InputError(f"{where}: the {plugin} cannot be decoded ({error}); write or copy it again") from error


def _array(image: Image.Image, where: str) -> Array:
    mode = image.mode
    if mode in ("RGB", "L"):
        return np.array(image)
    if mode in ("P", "PA"):
        image = image.convert("RGBA")
        mode = "RGBA"
    if mode in ("RGBA", "CMYK"):
        return np.array(image.convert("RGB"))  # alpha is dropped, not blended: the colour under it is what was rendered
    if mode in ("1", "LA"):
        return np.array(image.convert("L"))
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):  # Pillow before 11 says I for 16-bit grey
        return np.array(image).astype(np.uint16)
    if mode == "F":
        return np.array(image, dtype=np.float32)
    raise InputError(f"{where}: images of mode {mode} cannot be read exactly; convert it to 8-bit RGB or 16-bit grey")
