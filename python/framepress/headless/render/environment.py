"""Dome lights: what they send to a surface of every direction and roughness.

A dome's own axes are those of a latitude-longitude image as OpenEXR and UsdLux lay it out with y up: +y at the top row,
+z in the middle of the image, +x a quarter of the image to the left of it. On a stage with z up, +z is at the top and
-y in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render.kernels import environment as kernels
from framepress.headless.render.kernels.light import OCTAHEDRON
from framepress.headless.scene import Light, Texture

__all__ = ["FilteredDomes", "dome_turn", "mean_radiance", "polynomial"]

Y_UP_FROM_Z_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])

MAP_SIZE = sum((side + 2) ** 2 for side in OCTAHEDRON)

# Exact cosine convolution would be 1, 2/3, 1/4 (Ramamoorthi and Hanrahan 2001); with a window over it, a small bright
# sun leaves no dark ring on the far side.
WINDOWED = (1.0, 0.62, 0.17)

KEPT = 8
"""Filtered textures that are kept: pools of skies take turns."""


def dome_turn(light: Light, up_axis: Literal["Y", "Z"]) -> Array:
    """float64 (3, 3): a direction of the world (column) in the dome's own axes."""
    local = np.asarray(light.matrix, float)[:3, :3]
    lengths = np.linalg.norm(local, axis=1, keepdims=True)
    world_from_local = (local / np.where(lengths > 0, lengths, 1)).T
    turn = np.linalg.inv(world_from_local) if abs(np.linalg.det(world_from_local)) > 1e-9 else np.eye(3)
    return Y_UP_FROM_Z_UP @ turn if up_axis == "Z" else turn


class FilteredDomes:
    """Filtered maps of dome textures, and their irradiance; by identity, so that colour and rotation cost nothing."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._held: dict[int, tuple[Texture, int, Array]] = {}
        self.array = wp.zeros(1, dtype=wp.vec3, device=device)

    def upload(self, used: Sequence[int], textures: tuple[Texture, ...], atlas: Any) -> list[tuple[int, Array]]:
        """First texel in `array`, and the quadratic form (`_quadratic`), of each texture in `used`.

        Args:
            used: rows of `textures`, which `atlas` holds.
        """
        wanted = {id(textures[row]): row for row in used}
        room = max(KEPT, len(wanted))
        if self.array.size < room * MAP_SIZE and wanted:
            self.array = wp.empty(room * MAP_SIZE, dtype=wp.vec3, device=self._device)
            self._held = {}
        for key, row in wanted.items():
            if key not in self._held:
                first = self._place(wanted, room)
                self._filter(row, first, atlas)
                self._held[key] = (textures[row], first, _quadratic(textures[row]))
        return [self._held[id(textures[row])][1:] for row in used]

    def _place(self, wanted: dict[int, int], room: int) -> int:
        """A free map; if none is free, that of the texture which came first of those not wanted now."""
        if len(self._held) == room:
            oldest = next(key for key in self._held if key not in wanted)
            return self._held.pop(oldest)[1]
        taken = {first for _, first, _ in self._held.values()}
        return next(i * MAP_SIZE for i in range(room) if i * MAP_SIZE not in taken)

    def _filter(self, row: int, first: int, atlas: Any) -> None:
        for level, side in enumerate(OCTAHEDRON):
            roughness = level / (len(OCTAHEDRON) - 1)
            inputs = [atlas, row, side, roughness, first, self.array]
            wp.launch(kernels.filter_dome, (side + 2) ** 2, inputs=inputs, device=self._device)
            first += (side + 2) ** 2


def _quadratic(texture: Texture) -> Array:
    """float64 (3, 4, 4), one matrix M a colour: irradiance over pi on a surface with normal n in the dome's own axes is
    (n, 1) M (n, 1)."""
    radiance, directions, share = _patches(texture)
    x, y, z = directions.T
    basis = np.stack([np.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    norm = np.array([1 / 4, *[3 / 4] * 3, *[15 / 4] * 2, 5 / 16, 15 / 4, 15 / 16]) / np.pi
    window = np.repeat(WINDOWED, (1, 3, 5))
    # Both factors of norm: a function is projected on the basis, and the basis evaluated at the normal.
    c = (basis * share) @ radiance * (norm * window)[:, None]
    form = np.zeros((3, 4, 4))
    form[:, 3, 3] = c[0] - c[6]
    for axis in range(3):
        form[:, axis, 3] = form[:, 3, axis] = c[1 + axis] / 2
    for first, second, term in ((0, 1, 4), (1, 2, 5), (0, 2, 7)):
        form[:, first, second] = form[:, second, first] = c[term] / 2
    form[:, 0, 0] = c[8]
    form[:, 1, 1] = -c[8]
    form[:, 2, 2] = 3 * c[6]
    return form


def polynomial(form: Array, turn: Array) -> Array:
    """float64 (10, 3): coefficients of 1, x, y, z, xx, yy, zz, xy, yz, xz in the world's axes.

    Args:
        form: of `FilteredDomes.upload`. turn: of `dome_turn`.
    """
    whole = np.eye(4)
    whole[:3, :3] = turn
    m = whole.T @ form @ whole
    twice = [m[:, 0, 3], m[:, 1, 3], m[:, 2, 3]]
    mixed = [m[:, 0, 1], m[:, 1, 2], m[:, 0, 2]]
    return np.stack([m[:, 3, 3], *(2 * t for t in twice), m[:, 0, 0], m[:, 1, 1], m[:, 2, 2], *(2 * t for t in mixed)])


def mean_radiance(form: Array) -> Array:
    """float64 (3,): mean of a texture over the sphere, linear RGB."""
    mean: Array = form[:, 3, 3] + np.trace(form[:, :3, :3], axis1=1, axis2=2) / 3
    return mean


def _patches(texture: Texture) -> tuple[Array, Array, Array]:
    """Linear RGB (n, 3), unit vectors (n, 3) and solid angles (n,) of the image, by blocks of a few texels."""
    pixels = texture.pixels
    height, width = pixels.shape[:2]
    rows = np.unique(np.linspace(0, height, min(height, 64) + 1).astype(int))
    columns = np.unique(np.linspace(0, width, min(width, 128) + 1).astype(int))
    code = pixels[..., :3] / np.float32(255)
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4) if texture.srgb else code
    blocks = np.add.reduceat(np.add.reduceat(linear, rows[:-1], axis=0, dtype=float), columns[:-1], axis=1)
    blocks /= np.diff(rows)[:, None, None] * np.diff(columns)[None, :, None]
    latitudes = np.pi / 2 - np.pi * rows / height
    longitudes = np.pi - 2 * np.pi * columns / width
    share = (np.sin(latitudes[:-1]) - np.sin(latitudes[1:]))[:, None] * -np.diff(longitudes)[None]
    latitude = (latitudes[:-1, None] + latitudes[1:, None]) / 2
    longitude = (longitudes[None, :-1] + longitudes[None, 1:]) / 2
    x = np.cos(latitude) * np.sin(longitude)
    y = np.broadcast_to(np.sin(latitude), x.shape)
    z = np.cos(latitude) * np.cos(longitude)
    return blocks.reshape(-1, 3), np.stack([x, y, z], -1).reshape(-1, 3), share.ravel()
