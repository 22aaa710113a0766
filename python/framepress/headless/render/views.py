"""What a camera works with: the arrays of one resolution, and what the frame's poses look like from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render.cameras import Optics
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.poses import Poses, view_matrix
from framepress.headless.scene import SceneCamera

__all__ = ["View", "Work", "from_leaves", "viewed"]


class Work:
    """Device arrays that every camera of W x H uses in turn.

    Attributes:
        keys: uint64 (H, W), see `structs`; a part of `rows`, which are longer.
        vertices, screen: of each vertex vec3 in camera space, and `lens.on_screen` of it.
        boxes, lanes: of each chunk vec4i and uint64, see `bounds.bounds`.
        bits: uint32, see `raster.Cover`.
    """

    def __init__(self, width: int, height: int, device: str) -> None:
        self._device = device
        # Eight columns are read and written at a time, see `kernels.lines`.
        self.rows = wp.zeros((height, width + 8), dtype=wp.uint64, device=device)
        self.keys = self.rows[:, :width]
        self.vertices = wp.zeros(1, dtype=wp.vec3, device=device)
        self.screen = wp.zeros(1, dtype=wp.vec3, device=device)
        self.boxes = wp.zeros(1, dtype=wp.vec4i, device=device)
        self.lanes = wp.zeros(1, dtype=wp.uint64, device=device)
        self.bits = wp.zeros(1, dtype=wp.uint32, device=device)

    def reserve(self, vertices: int, chunks: int) -> None:
        if self.vertices.size < vertices:
            self.vertices = wp.empty(vertices, dtype=wp.vec3, device=self._device)
            self.screen = wp.empty(vertices, dtype=wp.vec3, device=self._device)
        if self.boxes.size < chunks:
            self.boxes = wp.empty(chunks, dtype=wp.vec4i, device=self._device)
            self.lanes = wp.empty(chunks, dtype=wp.uint64, device=self._device)

    def reserve_bits(self, words: int) -> None:
        """At least `words` words, all 0."""
        if self.bits.size < words:
            self.bits = wp.zeros(words * 5 // 4, dtype=wp.uint32, device=self._device)
        else:
            self.bits[: max(words, 1)].zero_()


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One camera in one frame, while it is drawn.

    Args:
        shown: int32 (N,), 1 = the leaf is visible and may be in the frame.
        stretch: float32 (N,), see `Poses`.
        camera_from_leaf: mat44 (N,), points of leaves to camera space, column vectors.
        world_from_camera: float64 (4, 4), camera space to the world, column vectors.
    """

    camera: SceneCamera
    optics: Optics
    work: Work
    shown: Any
    stretch: Any
    camera_from_leaf: Any
    world_from_camera: Array


def viewed(camera: SceneCamera, optics: Optics, work: Work, poses: Poses, visible: Array, device: str) -> View:
    """`visible`: bool (N,)."""
    view = view_matrix(camera.view)
    seen = visible & poses.drawable
    if camera.lens.model == "pinhole":
        seen &= _in_frame(view, optics.cam, poses)
    return View(
        camera=camera,
        optics=optics,
        work=work,
        shown=upload(seen.astype(np.int32), wp.int32, device),
        stretch=upload(poses.stretch.astype(np.float32), wp.float32, device),
        camera_from_leaf=from_leaves(poses.world, view, device),
        world_from_camera=np.linalg.inv(view).T,
    )


def from_leaves(world: Array, view: Array, device: str) -> Any:
    """mat44 (N,), points of leaves to camera space, column vectors; composed before anything is rounded."""
    return upload((world @ view).swapaxes(1, 2).astype(np.float32), wp.mat44, device)


def _in_frame(view: Array, cam: Any, poses: Poses) -> Array:
    """bool (N,), whether a leaf's sphere meets the pyramid that a pinhole sees."""
    x, y, z = (poses.centres @ view[:3, :3] + view[3, :3]).T
    radii = poses.radii
    seen = (z + radii >= cam.near) & (z - radii <= cam.far)
    for at, slope, side in (
        (x, (0 - cam.cx) / cam.fx, 1),
        (x, (cam.width - cam.cx) / cam.fx, -1),
        (y, (0 - cam.cy) / cam.fy, 1),
        (y, (cam.height - cam.cy) / cam.fy, -1),
    ):
        seen &= side * (at - slope * z) >= -radii * np.hypot(1, slope)
    return np.asarray(seen)
