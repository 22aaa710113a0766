"""One picture made smaller: without loss, or as JPEG or WebP with the loss measured; refused where it would not be the
same picture any more."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from framepress.delivery.optimize_png import chunks, same_picture, smaller
from framepress.errors import InputError, OptionError
from framepress.storage import jpeg, png
from framepress.storage.images_header import MAX_PIXELS

__all__ = ["FORMATS", "Outcome", "Wish", "optimized"]

FORMATS = ("keep", "png", "jpeg", "webp")
_EXTENSIONS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

# Chunks of a PNG by what becomes of them in a JPEG or WebP.
_SAID_OTHERWISE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"eXIf", b"sRGB"}
_LEFT_BEHIND = {b"tEXt", b"zTXt", b"iTXt", b"pHYs", b"tIME", b"bKGD", b"hIST", b"sPLT", b"sBIT"}
_EXIF = b"Exif\0\0"
_GAMMA_OF_SRGB = (45455).to_bytes(4, "big")


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Args:
        images: the format of pictures; `keep` makes PNGs smaller and leaves the others.
        quality: of what loses, 1 to 100; None: without loss where the format can, and 95 where it cannot.
        level: of deflate, 1 to 9.
        min_saving: share of a file's bytes that must be saved, else it stays as it is.

    Raises:
        OptionError: a value that is none of these.
    """

    images: str = "keep"
    quality: int | None = None
    level: int = 7
    min_saving: float = 0.05

    def __post_init__(self) -> None:
        if self.images not in FORMATS:
            raise OptionError(f"images={self.images!r}: must be one of {', '.join(FORMATS)}")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise OptionError(f"quality={self.quality}: must be 1 to 100")
        if self.quality is not None and self.images in ("keep", "png"):
            raise OptionError(f"quality={self.quality}: images={self.images} loses nothing; ask for jpeg or webp")
        if not 1 <= self.level <= 9:
            raise OptionError(f"level={self.level}: must be 1 to 9")
        if not 0 <= self.min_saving < 1:
            raise OptionError(f"min_saving={self.min_saving}: is a share, 0 to below 1")

    @property
    def loses(self) -> bool:
        return self.images == "jpeg" or (self.images == "webp" and self.quality is not None)


@dataclass(frozen=True)
class Outcome:
    """Args:
    content: the file that takes its place; None: it stays as it is, for `reason`.
    extension: of that file, with its dot.
    psnr_db, max_error: of what was lost, over all channels of 8 bits; None: nothing was.
    left_behind: what stood beside the pixels and has no place in the new format.
    """

    content: bytes | None = None
    extension: str = ""
    reason: str = ""
    psnr_db: float | None = None
    max_error: int | None = None
    left_behind: tuple[str, ...] = ()


class _Stays(Exception):
    """Why a picture is left as it is."""


def optimized(content: bytes, where: str, wish: Wish, *, picture: bool) -> Outcome:
    """What becomes of one image file.

    Args:
        picture: a colour picture, of which something may be lost where that is asked for; never of labels and depth.

    Raises:
        InputError: a PNG that is damaged.
    """
    try:
        kind = _kind(content)
        target = kind if wish.images == "keep" or not picture else wish.images
        if kind == "png" and target == "png":
            found = _smaller_png(content, where, wish.level)
        elif kind == target and (wish.quality is None or not picture):
            raise _Stays(f"{kind} cannot be made smaller without loss here")
        else:
            found = _converted(content, where, kind, target, wish)
    except _Stays as reason:
        return Outcome(reason=str(reason))
    assert found.content is not None
    if len(found.content) > len(content) * (1 - wish.min_saving) or len(found.content) >= len(content):
        return Outcome(reason=f"saves less than {wish.min_saving:.0%}")
    return found


def _kind(content: bytes) -> str:
    if content.startswith(png.SIGNATURE):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    raise _Stays("neither PNG, JPEG nor WebP")


def _smaller_png(content: bytes, where: str, level: int) -> Outcome:
    found = smaller(content, where, level)
    if not same_picture(content, found, where):
        raise InputError(f"{where}: is not the same picture when written anew; leave it out, and report it")
    return Outcome(found, ".png")


def _converted(content: bytes, where: str, kind: str, target: str, wish: Wish) -> Outcome:
    if kind == "jpeg":
        jpeg.check_whole(content, where)
    try:
        with Image.open(io.BytesIO(content), formats=[kind.upper()]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _Stays(f"has {image.width}x{image.height} pixels, above {MAX_PIXELS}")
            if getattr(image, "n_frames", 1) != 1:
                raise _Stays("has several frames")
            image.load()
            left_behind = _LEAVES[kind](content, image)
            if kind == "png" and png.header(content, where).mode.endswith("16"):
                raise _Stays(f"has 16 bits a channel, {target} has 8")
            pixels, opaque = _pixels(image, target)
            beside = {name: image.info[name] for name in ("icc_profile", "exif") if image.info.get(name)}
            if "exif" in beside:  # a JPEG's begins so, others' need not
                beside["exif"] = _EXIF + beside["exif"].removeprefix(_EXIF)
            made = _ENCODE[target](pixels, beside, wish)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{where}: the {kind} cannot be decoded ({error}); write or copy it again") from error
    psnr_db, max_error = _measured(pixels, beside, made, where)
    if max_error and not wish.loses:
        raise InputError(f"{where}: {target} without loss is not the same picture; leave it out, and report it")
    left_behind += ("alpha that is opaque",) * opaque
    return Outcome(made, _EXTENSIONS[target], "", psnr_db, max_error, left_behind)


def _pixels(image: Image.Image, target: str) -> tuple[Image.Image, bool]:
    """8-bit grey, RGB or, where the target has alpha, RGBA, the values as they are; and whether opaque alpha went."""
    if image.mode in ("P", "PA") or "transparency" in image.info:
        clear = image.mode in ("PA", "LA") or "transparency" in image.info
        image = image.convert("RGBA" if clear else "RGB")
    if image.mode == "LA":
        image = image.convert("RGBA")
    opaque = image.mode == "RGBA" and image.getextrema()[3] == (255, 255)
    if opaque:
        image = image.convert("RGB")
    if image.mode == "RGBA" and target == "jpeg":
        raise _Stays("has alpha, which JPEG does not hold")
    if image.mode not in ("L", "RGB", "RGBA") or (image.mode == "L" and target == "webp"):
        raise _Stays(f"has pixels of the kind {image.mode}, which {target} does not hold as they are")
    return image, opaque


def _leaves_of_png(content: bytes, image: Image.Image) -> tuple[str, ...]:
    found = dict(chunks(content))
    for kind, body in found.items():
        if kind in (b"gAMA", b"cHRM"):
            known = b"sRGB" in found or b"iCCP" in found or (kind == b"gAMA" and body == _GAMMA_OF_SRGB)
            if not known:
                raise _Stays(f"says in {kind.decode()} what its colours are, and only a PNG can")
        elif kind not in _SAID_OTHERWISE | _LEFT_BEHIND:
            raise _Stays(f"has a chunk {kind.decode('latin1')}, which has no place elsewhere")
    return tuple(sorted(kind.decode() for kind in found.keys() & _LEFT_BEHIND))


def _leaves_of_others(content: bytes, image: Image.Image) -> tuple[str, ...]:
    return tuple(sorted(name for name in image.info if name in ("comment", "xmp", "photoshop", "background")))


_LEAVES: dict[str, Callable[[bytes, Image.Image], tuple[str, ...]]] = {
    "png": _leaves_of_png,
    "jpeg": _leaves_of_others,
    "webp": _leaves_of_others,
}


def _as_png(image: Image.Image, beside: dict[str, Any], wish: Wish) -> bytes:
    return smaller(_saved(image, "PNG", compress_level=1, **beside), "the picture", wish.level)


def _as_jpeg(image: Image.Image, beside: dict[str, Any], wish: Wish) -> bytes:
    quality = 95 if wish.quality is None else wish.quality
    subsampling = {} if image.mode == "L" else {"subsampling": "4:4:4"}
    return _saved(image, "JPEG", quality=quality, optimize=True, **subsampling, **beside)


def _as_webp(image: Image.Image, beside: dict[str, Any], wish: Wish) -> bytes:
    if wish.quality is None:
        return _saved(image, "WEBP", lossless=True, exact=True, quality=75, method=4, **beside)
    return _saved(image, "WEBP", quality=wish.quality, method=4, exact=True, **beside)


_ENCODE = {"png": _as_png, "jpeg": _as_jpeg, "webp": _as_webp}


def _saved(image: Image.Image, plugin: str, **options: Any) -> bytes:
    file = io.BytesIO()
    clean = Image.frombytes(image.mode, image.size, image.tobytes())  # nothing rides along but what is named
    clean.save(file, plugin, **options)
    return file.getvalue()


def _measured(pixels: Image.Image, beside: dict[str, Any], made: bytes, where: str) -> tuple[float | None, int | None]:
    """Peak signal-to-noise ratio [dB] and largest error of what was written, decoded again; None where they are equal.

    Raises:
        InputError: size, kind, profile or EXIF are not what they were.
    """
    with Image.open(io.BytesIO(made)) as image:
        image.load()
        if (image.size, image.mode) != (pixels.size, pixels.mode):
            raise InputError(f"{where}: became {image.mode} {image.size}; leave it out, and report it")
        if image.info.get("icc_profile") != beside.get("icc_profile"):
            raise InputError(f"{where}: its colour profile is not kept; leave it out, and report it")
        if "exif" in beside and dict(image.getexif()) != dict(_exif(beside["exif"])):
            raise InputError(f"{where}: its EXIF is not kept; leave it out, and report it")
        error = np.abs(np.asarray(image).astype(np.int16) - np.asarray(pixels))
    if not error.any():
        return None, None
    mean = float(np.square(error, dtype=np.float64).mean())
    return 10 * math.log10(255 * 255 / mean), int(error.max())


def _exif(content: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(content)
    return exif
