"""The textures and materials of a scene on the device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.bands import Bands
from framepress.headless.render.kernels import texture as kernels
from framepress.headless.scene import Material, Texture, TextureUse

__all__ = ["Textures", "surfaces", "table"]


@dataclass(frozen=True, slots=True)
class _Held:
    """A texture that lies in the buffer; `texture` is kept, so that its identity is not given to another."""

    texture: Texture
    first: int
    levels: int
    size: int


class Textures:
    """All textures in one buffer; only a `Texture` that is another object than before is uploaded.

    `atlas` is what kernels read; it is another object whenever the buffer has moved or the table has changed. Levels
    beyond the first are there after `filter`: only pictures need them.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._held: dict[int, _Held] = {}
        self._end = 0
        self._texels = wp.empty(1, dtype=wp.uint32, device=device)
        self._decoded = wp.array(_decoded(), dtype=wp.float32, device=device)
        self._encoding = _encoding(device)
        self._unfiltered: list[_Held] = []
        self._drawn: tuple[Texture, ...] | None = None
        self.atlas: Any = None
        self.upload(())

    def upload(self, textures: tuple[Texture, ...]) -> None:
        """Make `atlas` hold `textures`, in this order.

        Raises:
            InputError: pixels that are not uint8 (H, W, 4), with the texture's path.
        """
        if textures is self._drawn:
            return
        new = list({id(t): t for t in textures if id(t) not in self._held}.values())
        size = sum(_size(texture) for texture in new)
        if self._end + size > self._texels.size:
            # Room for twice of what is drawn now: a pool of textures that take turns finds its place, and stays there.
            self._held = {}
            self._unfiltered = []
            self._end = 0
            new = list({id(t): t for t in textures}.values())
            size = sum(_size(texture) for texture in new)
            self._texels = wp.empty(2 * size, dtype=wp.uint32, device=self._device)
        for texture in new:
            held = _Held(texture, self._end, _levels(texture), _size(texture))
            self._held[id(texture)] = held
            self._unfiltered.append(held)
            self._end += held.size
            self._copy(held)
        self.atlas = self._table(textures)
        self._drawn = textures

    def filter(self, bands: Bands) -> None:
        """Make the mip levels of what is new."""
        new, self._unfiltered = self._unfiltered, []

        def halve(first: int, end: int) -> None:
            for held in new[first:end]:
                self._halve(held)

        bands.run(halve, bands.edges(len(new)))

    def _table(self, textures: tuple[Texture, ...]) -> Any:
        rows = np.zeros((max(len(textures), 1), 5), np.int32)
        for row, texture in zip(rows, textures, strict=False):
            held = self._held[id(texture)]
            height, width = texture.pixels.shape[:2]
            row[:] = held.first, width, height, held.levels, texture.srgb
        atlas = kernels.Atlas()
        atlas.texels = self._texels
        atlas.images = wp.array(rows.ravel(), dtype=wp.int32, device=self._device)
        atlas.decoded = self._decoded
        return atlas

    def _copy(self, held: _Held) -> None:
        source = np.ascontiguousarray(held.texture.pixels).view(np.uint32).ravel()
        if self._device == "cpu":
            self._texels.numpy()[held.first : held.first + len(source)] = source
        else:
            texels = wp.array(source, dtype=wp.uint32, device=self._device)
            wp.copy(self._texels, texels, dest_offset=held.first, count=len(source))

    def _halve(self, held: _Held) -> None:
        height, width = held.texture.pixels.shape[:2]
        at = held.first
        for _ in range(held.levels - 1):
            following = at + width * height
            small = max(width >> 1, 1), max(height >> 1, 1)
            srgb = int(held.texture.srgb)
            if (2 * small[0], 2 * small[1]) == (width, height):
                spans = small[1], -(-small[0] // kernels.SPAN)
                inputs = [self.atlas, self._encoding, at, width, srgb, following]
                wp.launch(kernels.halve_even, spans, inputs=inputs, device=self._device)
            else:
                inputs = [self.atlas, self._encoding, at, width, height, srgb, following]
                wp.launch(kernels.halve, small[0] * small[1], inputs=inputs, device=self._device)
            at = following
            width, height = small


def surfaces(materials: tuple[Material, ...], device: str) -> Any:
    """`kernels.texture.Surface` of each material, as a Warp array; never empty."""
    return table([_surface(material) for material in materials], kernels.Surface, device)


def table(rows: Sequence[tuple[Any, ...]], struct: Any, device: str) -> Any:
    """A Warp array of `struct` from the fields of each, in their order; never empty: one of zeros."""
    values = np.zeros(max(len(rows), 1), struct.numpy_dtype())
    if rows:
        values[:] = rows
    return wp.array(values, dtype=struct, device=device)


def _surface(material: Material) -> tuple[Any, ...]:
    """The fields of `kernels.texture.Surface`."""
    return (
        material.diffuse,
        material.emissive,
        material.roughness,
        material.metallic,
        material.opacity,
        material.opacity_threshold,
        _use(material.diffuse_texture),
        _use(material.emissive_texture),
        _use(material.roughness_texture),
        _use(material.metallic_texture),
        _use(material.opacity_texture),
    )


def _use(use: TextureUse | None) -> tuple[float, ...]:
    """The fields of `kernels.texture.Use`."""
    if use is None:
        return (-1, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    turn = math.radians(use.degrees)
    cos, sin = math.cos(turn), math.sin(turn)
    wrap, channel = kernels.WRAPS.index(use.wrap), max("rgba".find(use.channel), 0)
    (wide, high), (right, up) = use.scale, use.offset
    return use.texture, wrap, channel, cos * wide, -sin * high, right, sin * wide, cos * high, up


def _levels(texture: Texture) -> int:
    """Down to one texel."""
    height, width = texture.pixels.shape[:2]
    return max(int(height), int(width)).bit_length()


def _size(texture: Texture) -> int:
    pixels = texture.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8 or not pixels.size:
        raise InputError(f"texture {texture.path}: expected uint8 (H, W, 4), got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    return sum(max(width >> i, 1) * max(height >> i, 1) for i in range(_levels(texture)))


def _decoded() -> Array:
    """(512,) linear value of a byte: of one that is linear already, then of one in sRGB (IEC 61966-2-1)."""
    code = np.arange(256) / 255.0
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.concatenate([code, linear]).astype(np.float32)


def _encoding(device: str) -> Any:
    """`kernels.texture.Encoding`."""
    code = (np.arange(256) + 0.5) / 255
    limits = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)
    limits[255] = np.inf
    ends = np.array([kernels.DARKEST, 1.0], np.float32).view(np.uint32) >> 16
    steps = (np.arange(ends[0], ends[1] + 1, dtype=np.uint32) << 16).view(np.float32)
    encoding = kernels.Encoding()
    encoding.codes = wp.array(np.searchsorted(limits, steps, side="right").astype(np.uint8), device=device)
    encoding.limits = wp.array(limits, device=device)
    return encoding
