"""Texture files of a stage, decoded once each by Pillow; also those inside a .usdz, through USD's asset resolver."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image
from pxr import Ar, Sdf

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.scene import Texture
from framepress.storage.images import MAX_PIXELS, refuse_pointer

__all__ = ["ColorSpace", "TextureFiles", "Wanted", "color_space"]

ColorSpace: TypeAlias = Literal["auto", "sRGB", "raw"]
Quad: TypeAlias = tuple[float, float, float, float]

_UNCHANGED: tuple[Quad, Quad] = (1, 1, 1, 1), (0, 0, 0, 0)
# Of Pillow's formats those that hold pixels; others run programs of their own (EPS) or are no textures.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "TGA", "WEBP", "GIF", "PPM", "DDS", "JPEG2000")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A decoded file; `colour` is whether "auto" means sRGB: three or four channels of 8 bits."""

    pixels: Array
    colour: bool


class TextureFiles:
    """The textures that materials and lights use: one row a file, colour space and scale.

    What cannot be read is named once in `findings`, by its path, and has no row.
    """

    def __init__(self) -> None:
        self._pictures: dict[str, _Picture | None] = {}
        self._begun: dict[str, Future[_Picture]] = {}
        self._rows: dict[tuple[str, bool, Quad, Quad], int] = {}
        self._textures: tuple[Texture, ...] = ()
        self._findings: dict[str, None] = {}

    @property
    def textures(self) -> tuple[Texture, ...]:
        """The same tuple until a row is added; rows never change."""
        return self._textures

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(self._findings)

    def row(
        self,
        asset: Sdf.AssetPath,
        user: str,
        space: ColorSpace = "auto",
        scale: Quad = _UNCHANGED[0],
        bias: Quad = _UNCHANGED[1],
    ) -> int:
        """Row of `textures`; -1 = it cannot be read.

        Args:
            user: prim path that a finding names.
            space: "auto" = sRGB if the file has three or four channels of 8 bits, else raw, as UsdUVTexture has it.
            scale, bias: of UsdUVTexture, applied to the linear values and clipped to 0..1.
        """
        path = _path(asset)
        if path not in self._pictures:
            self._pictures[path] = self._picture(asset, path, user)
        picture = self._pictures[path]
        if picture is None:
            return -1
        srgb = picture.colour if space == "auto" else space == "sRGB"
        key = (path, srgb, scale, bias)
        if key not in self._rows:
            pixels = picture.pixels
            if (scale, bias) != _UNCHANGED:
                pixels, clipped = _scaled(pixels, srgb, scale, bias)
                if clipped:
                    self._findings[f"{path}: scale and bias in {user} leave 0..1, clipped there"] = None
            self._rows[key] = len(self._textures)
            self._textures = (*self._textures, Texture(path, pixels, srgb))
        return self._rows[key]

    def begin(self, assets: Iterable[Sdf.AssetPath]) -> None:
        """Have files decoded on threads, which `row` will ask for; what is wrong with one, `row` finds and names."""
        new = {_path(asset): asset for asset in assets if _path(asset) not in self._pictures}
        if len(new) < 2:
            return
        pool = ThreadPoolExecutor(min(len(new), os.cpu_count() or 1), "framepress-textures")
        for path, asset in new.items():
            try:
                self._begun[path] = pool.submit(_decoded, _opened(asset, path))
            except (InputError, *_DAMAGE, *_BOMB):
                continue
        pool.shutdown(wait=False)

    def _picture(self, asset: Sdf.AssetPath, path: str, user: str) -> _Picture | None:
        begun = self._begun.pop(path, None)
        try:
            return _decoded(_opened(asset, path)) if begun is None else begun.result()
        except (InputError, *_DAMAGE, *_BOMB) as error:
            self._findings[f"texture {path!r} of {user} is left out: {error}"] = None
            return None


class Wanted(TextureFiles):
    """In the place of files whose rows are not wanted yet: notes which `assets` are asked for, and has none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.assets: list[Sdf.AssetPath] = []

    def row(
        self,
        asset: Sdf.AssetPath,
        user: str,
        space: ColorSpace = "auto",
        scale: Quad = _UNCHANGED[0],
        bias: Quad = _UNCHANGED[1],
    ) -> int:
        self.assets.append(asset)
        return -1


def color_space(name: object) -> ColorSpace:
    """A colour space by one of its names in use ("sRGB", "srgb_texture", "raw", "data", "lin_rec709", ...)."""
    folded = str(name or "auto").casefold()
    if folded.startswith("srgb"):
        return "sRGB"
    return "raw" if folded.startswith(("raw", "data", "lin", "identity")) else "auto"


def _path(asset: Sdf.AssetPath) -> str:
    return str(asset.resolvedPath or asset.path)


def _opened(asset: Sdf.AssetPath, path: str) -> Image.Image:
    """The picture, not decoded yet.

    Raises:
        InputError: there is none, none that is read, or it is too large; Pillow's own errors for a damaged one.
    """
    if not path:
        raise InputError("no file is named")
    if "<UDIM>" in path.upper():
        raise InputError("a set of UDIM tiles, which is not read")
    content = _content(asset)
    refuse_pointer(content, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
        except Image.UnidentifiedImageError:
            raise InputError(f"its {len(content)} bytes are no picture of a known kind") from None
    if image.width * image.height > MAX_PIXELS:
        raise InputError(f"{image.width} x {image.height} pixels, above the limit of {MAX_PIXELS}")
    return image


def _content(asset: Sdf.AssetPath) -> bytes:
    """Raises: InputError: there is none."""
    opened = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(asset.resolvedPath)) if asset.resolvedPath else None
    if not opened:
        raise InputError("there is no such file")
    with opened as held:
        return bytes(held.GetBuffer() or b"")


def _decoded(image: Image.Image) -> _Picture:
    """Raises: Pillow's own errors for a damaged one."""
    with image:
        deep = image.mode in ("I", "F") or image.mode.startswith("I;16")
        colour = not deep and image.mode not in ("1", "L", "LA", "La")
        pixels = _deep(np.asarray(image)) if deep else np.array(image.convert("RGBA"))
    pixels.flags.writeable = False
    return _Picture(pixels, colour)


def _deep(values: Array) -> Array:
    """Grey of 16 bits or floats (H, W) as uint8 (H, W, 4): the high byte, or 0..1 as 0..255."""
    if values.dtype.kind == "f":
        grey = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255)
    else:
        grey = np.clip(values, 0, 65535) // 257
    pixels = np.full((*values.shape, 4), 255, np.uint8)
    pixels[..., :3] = grey[..., None]
    return pixels


def _scaled(pixels: Array, srgb: bool, scale: Quad, bias: Quad) -> tuple[Array, bool]:
    """`value * scale + bias` of each channel, and whether any value that occurs had to be clipped."""
    scaled = np.empty_like(pixels)
    clipped = False
    for channel in range(4):
        steps = np.arange(256) / 255
        curved = srgb and channel < 3
        linear = _linear(steps) if curved else steps
        values = linear * scale[channel] + bias[channel]
        clipped |= bool(((values < -1e-6) | (values > 1 + 1e-6))[np.unique(pixels[..., channel])].any())
        values = np.clip(values, 0, 1)
        table = np.rint((_encoded(values) if curved else values) * 255).astype(np.uint8)
        scaled[..., channel] = table[pixels[..., channel]]
    scaled.flags.writeable = False
    return scaled, clipped


def _linear(encoded: Array) -> Array:
    """IEC 61966-2-1."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _encoded(linear: Array) -> Array:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
