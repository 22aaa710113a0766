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
"""A leaf so many times as wide as all smaller ones together (a ground plane, a sky box) casts no shadow: it would take
all texels for itself, or stand between the sun and everything."""

AWAY = 16.0
"""A leaf so many times as far from the leaves' middle as half of them are (parked out of sight, fallen through the
floor) casts none either."""

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
        shapes = scene.matrices, scene.visible, scene.placements, scene.geometries
        inputs = *shapes, scene.materials, scene.textures, *(lamp.light for lamp in lamps)
        if len(inputs) == len(self._drawn) and all(a is b for a, b in zip(inputs, self._drawn, strict=True)):
            return
        self._drawn = ()
        self._map_from_world = []
        if not lamps:
            return
        leaves = poses.placements
        visible = np.asarray(scene.visible, bool) & poses.drawable
        corners = self._corners(scene, poses.matrices)[visible]
        fits = [fitted(corners, lamp.place) for lamp in lamps]
        self._map_from_world = [matrix for matrix, _, _ in fits]
        self.texels = wp.array([texel for _, texel, _ in fits], dtype=wp.float32, device=self._device)
        if self.depths.size < len(lamps) * SIDE * SIDE:
            self.depths = wp.empty(len(lamps) * SIDE * SIDE, dtype=wp.uint32, device=self._device)
        if self._moved.size < leaves.vertices:
            self._moved = wp.empty(leaves.vertices, dtype=wp.vec3, device=self._device)
        for row, (matrix, _, kept) in enumerate(fits):
            casts = np.zeros(len(visible), np.int32)
            casts[np.flatnonzero(visible)[kept]] = 1
            matrices = (matrix @ poses.world.swapaxes(1, 2)).astype(np.float32)
            leaf = upload(matrices, wp.mat44, self._device), upload(casts, wp.int32, self._device)
            self._draw_one(geo, leaves, *leaf, row * SIDE * SIDE)
        self._drawn = inputs

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

    def _corners(self, scene: Scene, matrices: Array) -> Array:
        """float64 (N, 8, 3): the corners of each leaf's box, world; NaN of one without a finite point."""
        self._boxes = {id(g): self._boxes.get(id(g)) or (g, _corners(g)) for g in scene.geometries}
        own = [self._boxes[id(scene.geometries[p.geometry])][1] for p in scene.placements]
        if not own:
            return np.zeros((0, 8, 3))
        corners: Array = np.stack(own) @ matrices[:, :3, :3] + matrices[:, None, 3, :3]
        return corners


def fitted(corners: Array, towards: Array) -> tuple[Array, float, Array]:
    """A map of all leaves but those far wider than the rest (`ROOMY`) or far away from it (`AWAY`).

    Args:
        corners: float64 (n, 8, 3), of the box of each leaf; those that are not finite are left out.
        towards: unit vector to the light.

    Returns:
        float64 (4, 4), world (columns) to map space; scene units a texel; bool (n,), which leaves are in it.
    """
    helper = np.array([0.0, 0.0, 1.0]) if abs(towards[2]) < 0.99 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, towards)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, towards), towards])
    seen = corners @ axes.T
    kept = _kept(seen)
    low, high = np.zeros(3), np.zeros(3)
    if kept.any():
        low, high = seen[kept].min(axis=(0, 1)), seen[kept].max(axis=(0, 1))
    texel = max(float((high - low)[:2].max()), 1e-6) / (SIDE - 2 * MARGIN)
    matrix = np.eye(4)
    matrix[:3, :3] = axes / np.array([[texel], [texel], [1.0]])
    matrix[:2, 3] = SIDE / 2 - (low + high)[:2] / 2 / texel
    # Heights start above 0, which stands for nothing.
    matrix[2, 3] = texel - low[2]
    return matrix, texel, kept


def _kept(seen: Array) -> Array:
    """bool (n,). Args: seen: (n, 8, 3), corners of each leaf's box along the map's axes."""
    low, high = seen.min(axis=1)[:, :2], seen.max(axis=1)[:, :2]
    wide = (high - low).max(axis=1)
    kept: Array = np.isfinite(wide)
    if kept.any():
        middles = (low + high) / 2
        away = np.abs(middles - np.median(middles[kept], axis=0)).max(axis=1)
        kept &= away - wide <= AWAY * (np.median(away[kept]) + np.median(wide[kept]))
    # Of what is left out the width is infinite here, and stands at the end.
    order = np.argsort(np.where(kept, wide, np.inf), kind="stable")[: int(kept.sum())]
    below = np.minimum.accumulate(low[order])
    above = np.maximum.accumulate(high[order])
    count = len(order)
    while count > 1 and wide[order[count - 1]] > ROOMY * max(float((above - below)[count - 2].max()), 1e-6):
        count -= 1
    kept[order[count:]] = False
    return kept


def _corners(geometry: Geometry) -> Array:
    """float64 (8, 3), of the box of its finite points."""
    points = np.asarray(geometry.points, float)
    points = points[np.asarray(np.isfinite(points).all(axis=1))]
    if not len(points):
        return np.full((8, 3), np.nan)
    ends = np.stack([points.min(axis=0), points.max(axis=0)])
    pick = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    corners: Array = ends[pick, np.arange(3)]
    return corners
