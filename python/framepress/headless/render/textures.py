"""The textures and materials of a scene on the device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render.kernels import texture as kernels
from framepress.headless.scene import Material, Texture, TextureUse

__all__ = ["Textures", "surfaces"]


@dataclass(frozen=True, slots=True)
class _Held:
    """A texture that lies in the buffer; `texture` is kept, so that its identity is not given to another."""

    texture: Texture
    first: int
    levels: int
    size: int


class Textures:
    """All textures in one buffer, with mip levels; only a `Texture` that is another object than before is uploaded.

    `atlas` is what kernels read; it is another object whenever the buffer has moved or the table has changed.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._held: dict[int, _Held] = {}
        self._end = 0
        self._texels = wp.empty(1, dtype=wp.uint32, device=device)
        self._decoded = wp.array(_decoded(), dtype=wp.float32, device=device)
        self._drawn: tuple[Texture, ...] | None = None
        self.atlas: Any = None
        self.upload(())

    def upload(self, textures: tuple[Texture, ...]) -> None:
        """Make `atlas` hold `textures`, in this order.

        Raises:
            ValueError: pixels that are not uint8 (H, W, 4), with the texture's path.
        """
        if textures is self._drawn:
            return
        new = list({id(t): t for t in textures if id(t) not in self._held}.values())
        size = sum(_size(texture) for texture in new)
        if self._end + size > self._texels.size:
            # Room for twice of what is drawn now: a pool of textures that take turns finds its place, and stays there.
            self._held = {}
            self._end = 0
            new = list({id(t): t for t in textures}.values())
            size = sum(_size(texture) for texture in new)
            self._texels = wp.empty(2 * size, dtype=wp.uint32, device=self._device)
        for texture in new:
            self._held[id(texture)] = _Held(texture, self._end, _levels(texture), _size(texture))
            self._end += _size(texture)
        self.atlas = self._table(textures)
        for texture in new:
            self._fill(self._held[id(texture)])
        self._drawn = textures

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

    def _fill(self, held: _Held) -> None:
        pixels = np.ascontiguousarray(held.texture.pixels)
        height, width = pixels.shape[:2]
        count = width * height
        at = held.first
        source = wp.array(pixels.view(np.uint32).ravel(), dtype=wp.uint32, device=self._device)
        wp.copy(self._texels, source, dest_offset=at, count=count)
        for _ in range(held.levels - 1):
            following = at + width * height
            small = max(width >> 1, 1), max(height >> 1, 1)
            inputs = [self.atlas, at, width, height, int(held.texture.srgb), following]
            wp.launch(kernels.halve, small[0] * small[1], inputs=inputs, device=self._device)
            at = following
            width, height = small


def surfaces(materials: tuple[Material, ...], device: str) -> Any:
    """`kernels.texture.Surface` of each material, as a Warp array; never empty."""
    return wp.array([_surface(m) for m in materials or (Material(""),)], dtype=kernels.Surface, device=device)


def _surface(material: Material) -> Any:
    surface = kernels.Surface()
    surface.diffuse = wp.vec3(*material.diffuse)
    surface.emissive = wp.vec3(*material.emissive)
    surface.roughness = material.roughness
    surface.metallic = material.metallic
    surface.opacity = material.opacity
    surface.threshold = material.opacity_threshold
    surface.diffuse_use = _use(material.diffuse_texture)
    surface.emissive_use = _use(material.emissive_texture)
    surface.roughness_use = _use(material.roughness_texture)
    surface.metallic_use = _use(material.metallic_texture)
    surface.opacity_use = _use(material.opacity_texture)
    return surface


def _use(use: TextureUse | None) -> Any:
    placed = kernels.Use()
    placed.texture = -1
    if use is None:
        return placed
    turn = math.radians(use.degrees)
    cos, sin = math.cos(turn), math.sin(turn)
    placed.texture = use.texture
    placed.wrap = kernels.WRAPS.index(use.wrap)
    placed.channel = max("rgba".find(use.channel), 0)
    placed.a, placed.b, placed.c = cos * use.scale[0], -sin * use.scale[1], use.offset[0]
    placed.d, placed.e, placed.f = sin * use.scale[0], cos * use.scale[1], use.offset[1]
    return placed


def _levels(texture: Texture) -> int:
    """Down to one texel."""
    height, width = texture.pixels.shape[:2]
    return max(int(height), int(width)).bit_length()


def _size(texture: Texture) -> int:
    pixels = texture.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(f"texture {texture.path}: expected uint8 (H, W, 4), got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    return sum(max(width >> i, 1) * max(height >> i, 1) for i in range(_levels(texture)))


def _decoded() -> Array:
    """(512,) linear value of a byte: of one that is linear already, then of one in sRGB (IEC 61966-2-1)."""
    code = np.arange(256) / 255.0
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.concatenate([code, linear]).astype(np.float32)
