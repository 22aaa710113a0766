"""Where leaves are: matrices in float64 on the host, made relative to a camera before they become float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.geometries import Slot
from framepress.headless.render.placements import Placements
from framepress.headless.scene import Scene

__all__ = ["Poses", "former_world", "posed", "view_matrix"]


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """N leaves in one frame. Matrices are for row vectors unless said otherwise.

    Args:
        placements: whose rows these are.
        matrices: float64 (N, 4, 4), as the scene has them, but the identity where that is not finite.
        origins: float64 (N, 3), of the leaves' geometries: what their points on the device are relative to.
        world: float64 (N, 4, 4), points on the device to the world.
        stretch: float64 (N,), the largest factor by which a length grows.
        normals: float32 (N, 3, 3), a local normal to a direction in the world, column vectors, not of unit length.
        drawable: bool (N,), whether the matrix is finite and there is something to draw.
        centres, radii: float64 (N, 3) and (N,), a sphere about each leaf in the world.
    """

    placements: Placements
    matrices: Array
    origins: Array
    world: Array
    stretch: Array
    normals: Array
    drawable: Array
    centres: Array
    radii: Array


def posed(scene: Scene, placements: Placements, slots: list[Slot]) -> Poses:
    """Raises: InputError: matrices of another shape than (N, 4, 4)."""
    count = len(scene.placements)
    given = np.asarray(scene.matrices, np.float64)
    if given.shape != (count, 4, 4):
        raise InputError(f"{count} placements have matrices of shape {given.shape}")
    own = placements.geometry
    origins = np.array([slot.origin for slot in slots]).reshape(-1, 3)[own]
    centres = np.array([slot.centre for slot in slots]).reshape(-1, 3)[own]
    radii = np.array([slot.radius for slot in slots])[own]
    finite = np.asarray(np.isfinite(given).all(axis=(1, 2)))
    matrices = given if finite.all() else np.where(finite[:, None, None], given, np.eye(4))
    world = _from_device(matrices, origins)
    linear = world[:, :3, :3]
    # Gershgorin: no eigenvalue of A A^T is above its largest row sum; exact for a rotation of a scale.
    gram = np.abs(linear @ linear.swapaxes(1, 2)).sum(axis=2)
    stretch = np.sqrt(gram.max(axis=1, initial=0.0)) * 1.0001
    return Poses(
        placements=placements,
        matrices=matrices,
        origins=origins,
        world=world,
        stretch=stretch,
        normals=_normals(linear),
        drawable=finite & (radii >= 0),
        centres=(centres[:, None] @ linear)[:, 0] + world[:, 3, :3],
        radii=radii * stretch,
    )


def former_world(poses: Poses, former: Poses | None) -> Array:
    """`Poses.world` of the same leaves in the former frame; as now of those that were not there."""
    if former is None:
        return poses.world
    now, then = poses.placements, former.placements
    if now is then:
        return former.world
    if now.placements is then.placements:
        rows = np.arange(len(now.placements))
    else:
        known = {placement.path: row for row, placement in enumerate(then.placements)}
        rows = np.array([known.get(placement.path, -1) for placement in now.placements], np.int64)
    matrices, origins = poses.matrices.copy(), poses.origins.copy()
    there = np.flatnonzero(rows >= 0)
    matrices[there] = former.matrices[rows[there]]
    # A geometry that still lies where it did may have moved: its former points are relative to its former origin.
    same = np.array([now.layouts[row] == then.layouts[rows[row]] for row in there], bool)
    origins[there[same]] = former.origins[rows[there[same]]]
    return _from_device(matrices, origins)


def view_matrix(view: Array) -> Array:
    """float64 (4, 4), world to camera space with OpenCV's axes, row vectors, of `SceneCamera.view`."""
    matrix: Array = np.asarray(view, np.float64) @ np.diag([1.0, -1.0, -1.0, 1.0])
    return matrix


def _from_device(matrices: Array, origins: Array) -> Array:
    """Matrices of points that are relative to `origins`."""
    world: Array = matrices.copy()
    world[:, 3, :3] += (origins[:, None] @ matrices[:, :3, :3])[:, 0]
    return world


def _normals(linear: Array) -> Array:
    """The matrices' cofactors: the transposed inverse but for a factor, and there is one also where a scale is 0."""
    cofactors = np.empty_like(linear)
    for row in range(3):
        (ax, ay, az), (bx, by, bz) = linear[:, (row + 1) % 3].T, linear[:, (row + 2) % 3].T
        cofactors[:, 0, row] = ay * bz - az * by
        cofactors[:, 1, row] = az * bx - ax * bz
        cofactors[:, 2, row] = ax * by - ay * bx
    # Of a scale of 1e-20 the products would not be seen by float32.
    size = np.abs(cofactors).max(axis=(1, 2), initial=0.0)
    scaled = cofactors / np.where(size > 0, size, 1.0)[:, None, None]
    normals: Array = scaled.astype(np.float32)
    return normals
