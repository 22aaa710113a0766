"""Shadow maps of distant lights, fitted to what there is to cast a shadow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render.bands import Bands
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.kernels import shadow as kernels
from framepress.headless.render.lights import Lamp
from framepress.headless.render.poses import Poses
from framepress.headless.scene import Geometry, Scene

__all__ = ["MAPS", "SIDE", "ShadowMaps", "fitted"]

SIDE = 2048
"""Texels a side of a map."""

MAPS = 4
"""Distant lights that cast shadows, the strongest; others shine through."""

ROOMY = 4.0
"""A leaf so many times as wide as all smaller ones together (a ground plane, a sky box) does not widen the map: what
it shades lies within the others' reach."""

MARGIN = 3
"""Texels around what casts, for the filter."""


class ShadowMaps:
    """The maps of a scene; drawn anew only where leaves or lights are others than before."""

    def __init__(self, device: str, bands: Bands) -> None:
        self._device = device
        self._bands = bands
        self._boxes: dict[int, tuple[Geometry, Array]] = {}
        self._drawn: tuple[Any, ...] = ()
        self._map_from_world: list[Array] = []
        self._moved = wp.zeros(1, dtype=wp.vec3, device=device)
        self.depths = wp.zeros(1, dtype=wp.uint32, device=device)
        self.texels: Any = wp.zeros(1, dtype=wp.float32, device=device)

    def draw(self, scene: Scene, lamps: Sequence[Lamp], geo: Any, poses: Poses) -> None:
        """Make the maps of `lamps`, whose order they have. Args: geo: `structs.Geo` of the scene."""
        inputs = (scene.matrices, scene.visible, scene.placements, scene.geometries, *(lamp.light for lamp in lamps))
        if len(inputs) == len(self._drawn) and all(a is b for a, b in zip(inputs, self._drawn, strict=True)):
            return
        self._drawn = inputs
        self._map_from_world = []
        if not lamps:
            return
        leaves = poses.placements
        visible = np.asarray(scene.visible, bool) & poses.drawable
        corners = self._corners(scene)[visible]
        fits = [fitted(corners, lamp.place) for lamp in lamps]
        self._map_from_world = [fit for fit, _ in fits]
        self.texels = wp.array([texel for _, texel in fits], dtype=wp.float32, device=self._device)
        if self.depths.size < len(lamps) * SIDE * SIDE:
            self.depths = wp.empty(len(lamps) * SIDE * SIDE, dtype=wp.uint32, device=self._device)
        if self._moved.size < leaves.vertices:
            self._moved = wp.empty(leaves.vertices, dtype=wp.vec3, device=self._device)
        casts = upload(visible.astype(np.int32), wp.int32, self._device)
        for row, fit in enumerate(self._map_from_world):
            matrices = upload((fit @ poses.world.swapaxes(1, 2)).astype(np.float32), wp.mat44, self._device)
            self._draw_one(geo, leaves, matrices, casts, row * SIDE * SIDE)

    def from_view(self, centre: Array) -> Any:
        """Of each map, from points relative to `centre` (world) to map space, as a Warp array."""
        shift = np.eye(4)
        shift[:3, 3] = centre
        matrices = [(matrix @ shift).astype(np.float32) for matrix in self._map_from_world] or [
            np.eye(4, dtype=np.float32)
        ]
        return wp.array(np.stack(matrices), dtype=wp.mat44, device=self._device)

    def _draw_one(self, geo: Any, leaves: Any, matrices: Any, casts: Any, start: int) -> None:
        """All leaves into the map that begins at `start`."""

        def move(first: int, end: int) -> None:
            inputs = [geo, leaves.blocks, matrices, first, self._moved]
            wp.launch(kernels.move, end - first, inputs=inputs, device=self._device)

        def cast(low: int, high: int) -> None:
            self.depths[start + low * SIDE : start + high * SIDE].zero_()
            inputs = [geo, matrices, casts, self._moved, SIDE, low, high, start, self.depths]
            wp.launch(kernels.cast, leaves.chunks, inputs=inputs, device=self._device)

        self._bands.run(move, self._bands.edges(leaves.block_count))
        self._bands.run(cast, self._bands.edges(SIDE))

    def _corners(self, scene: Scene) -> Array:
        """float64 (N, 8, 3): the corners of each leaf's box, world."""
        self._boxes = {id(g): self._boxes.get(id(g)) or (g, _corners(g)) for g in scene.geometries}
        own = [self._boxes[id(scene.geometries[p.geometry])][1] for p in scene.placements]
        matrices = np.asarray(scene.matrices, float)
        if not own:
            return np.zeros((0, 8, 3))
        corners: Array = np.stack(own) @ matrices[:, :3, :3] + matrices[:, None, 3, :3]
        return corners


def fitted(corners: Array, towards: Array) -> tuple[Array, float]:
    """Where a map lies: float64 (4, 4), world (columns) to map space; and scene units a texel.

    Args:
        corners: float64 (n, 8, 3), of the box of each leaf that casts; NaN and infinite ones are left out.
        towards: unit vector to the light.
    """
    helper = np.array([0.0, 0.0, 1.0]) if abs(towards[2]) < 0.99 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, towards)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, towards), towards])
    seen = corners[np.isfinite(corners).all(axis=(1, 2))] @ axes.T
    if not len(seen):
        seen = np.zeros((1, 8, 3))
    low, high = _extent(seen.min(axis=1), seen.max(axis=1))
    extent = max(float((high - low)[:2].max()), 1e-6)
    texel = extent / (SIDE - 2 * MARGIN)
    matrix = np.eye(4)
    matrix[:3, :3] = axes / np.array([[texel], [texel], [1.0]])
    middle = (low + high)[:2] / 2
    matrix[:2, 3] = SIDE / 2 - middle / texel
    # Heights start above 0, which stands for nothing.
    matrix[2, 3] = texel - seen[..., 2].min()
    return matrix, texel


def _extent(low: Array, high: Array) -> tuple[Array, Array]:
    """Bounds of all leaves but those far wider than the rest (`ROOMY`). Args: low, high: (n, 3), of each leaf."""
    wide = (high - low)[:, :2].max(axis=1)
    order = np.argsort(wide, kind="stable")
    below = np.minimum.accumulate(low[order])
    above = np.maximum.accumulate(high[order])
    last = len(order) - 1
    while last > 0 and wide[order[last]] > ROOMY * max(float((above - below)[last - 1, :2].max()), 1e-6):
        last -= 1
    return below[last], above[last]


def _corners(geometry: Geometry) -> Array:
    """float64 (8, 3), of the box of its points."""
    points = np.asarray(geometry.points, float)
    if not len(points):
        return np.full((8, 3), np.nan)
    ends = np.stack([points.min(axis=0), points.max(axis=0)])
    pick = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    corners: Array = ends[pick, np.arange(3)]
    return corners
