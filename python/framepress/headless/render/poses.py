"""Where leaves are: matrices in float64 on the host, relative to a camera before they become float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.geometries import Slot
from framepress.headless.render.placements import Placements
from framepress.headless.scene import Scene, SceneCamera

__all__ = ["Poses", "camera_from_leaves", "posed"]

TO_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Of N leaves in one frame.

    Args:
        placements: whose rows these are.
        world: float64 (N, 4, 4), from the device's points (relative to their geometry's origin) to the world, row
            vectors.
        stretch: float64 (N,), the largest factor by which a length grows; +inf or NaN where the matrix is not finite.
        normals: float32 (N, 3, 3), a normal in local space to a direction in the world, column vectors, not unit.
        shown: bool (N,): visible, finite, with something to draw.
        centres: float64 (N, 3), radii: float64 (N,): a sphere in the world about each.
    """

    placements: Placements
    world: Array
    stretch: Array
    normals: Array
    drawable: Array
    centres: Array
    radii: Array


def posed(scene: Scene, placements: Placements, slots: list[Slot]) -> Poses:
    """Raises: InputError: matrices of another shape than (N, 4, 4)."""
    count = len(scene.placements)
    matrices = np.asarray(scene.matrices, np.float64)
    if matrices.shape != (count, 4, 4):
        raise InputError(f"{count} placements have matrices of shape {matrices.shape}")
    own = [slots[placement.geometry] for placement in scene.placements]
    origins = np.array([slot.origin for slot in own]).reshape(-1, 3)
    centres = np.array([slot.centre for slot in own]).reshape(-1, 3)
    radii = np.array([slot.radius for slot in own])
    finite = np.isfinite(matrices).all(axis=(1, 2))
    world = np.where(finite[:, None, None], matrices, np.eye(4))
    linear = world[:, :3, :3]
    world = world.copy()
    world[:, 3, :3] += np.einsum("ni,nij->nj", origins, linear)
    # Gershgorin: no eigenvalue of A A^T is above its largest row sum; exact for a rotation of a scale.
    gram = np.einsum("nik,njk->nij", linear, linear)
    stretch = np.sqrt(np.abs(gram).sum(axis=2).max(axis=1)) * 1.0001 if count else np.zeros(0)
    # Cofactors: the transposed inverse but for a factor, and finite also where a scale is 0.
    cofactors = np.cross(linear[:, [1, 2, 0]], linear[:, [2, 0, 1]])
    size = np.abs(cofactors).max(axis=(1, 2), keepdims=True) if count else np.ones((0, 1, 1))
    normals = (cofactors / np.where(size > 0, size, 1)).swapaxes(1, 2)
    return Poses(
        placements=placements,
        world=world,
        stretch=stretch,
        normals=normals.astype(np.float32),
        drawable=finite & (radii >= 0),
        centres=np.einsum("ni,nij->nj", centres, linear) + world[:, 3, :3],
        radii=radii * stretch,
    )


def camera_from_leaves(poses: Poses, camera: SceneCamera) -> Array:
    """float32 (N, 4, 4), points of leaves to camera space (OpenCV's axes), column vectors."""
    return (poses.world @ (np.asarray(camera.view, np.float64) @ TO_OPENCV)).swapaxes(1, 2).astype(np.float32)
