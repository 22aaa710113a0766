"""3D rows as oriented boxes, and what they cover in the image.

A row holds extents in the prim's own frame, unscaled, and `transform`, local to world for row vectors: the translation
is in row 3, and row i of the rest is local axis i in the world times its scale.
"""

from __future__ import annotations

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.rows import Rows
from framepress.core import Boxes3D, Camera
from framepress.core.arrays import Array

__all__ = ["corners_world", "extents", "full_boxes", "oriented", "quaternions", "truncations", "usable", "usable_rows"]

_SHEAR = 1e-3
_EDGES = np.array([(a, a | bit) for bit in (1, 2, 4) for a in range(8) if not a & bit])
"""(12, 2): corner numbers at the ends of a box's edges; bits 0, 1, 2 are the high side of x, y, z."""


def extents(records: Array) -> tuple[Array, Array]:
    """Low and high corner, float64 (N, 3) each, in the prim's own frame."""
    low = np.stack([records[f"{axis}_min"] for axis in "xyz"], axis=-1).astype(np.float64)
    return low, np.stack([records[f"{axis}_max"] for axis in "xyz"], axis=-1).astype(np.float64)


def usable(records: Array) -> Array:
    """bool (N,): finite numbers, extents that are not inverted, a transform that keeps three dimensions."""
    low, high = extents(records)
    transform = records["transform"].astype(np.float64)
    numbers = np.concatenate([low, high, transform.reshape(len(records), 16)], axis=1)
    finite: Array = np.asarray(np.isfinite(numbers).all(1))
    volume = np.linalg.det(np.where(finite[:, None, None], transform[:, :3, :3], 0))
    return np.asarray(finite & (high >= low).all(1) & (volume != 0))


def corners_world(records: Array, scale: float) -> Array:
    """float64 (N, 8, 3) [m]: the eight corners, bit 0, 1, 2 of their number the high side of x, y, z.

    Args:
        scale: metres per scene unit, applied to the composed positions.
    """
    low, high = extents(records)
    high_side = np.array([[corner >> axis & 1 for axis in range(3)] for corner in range(8)], bool)
    local = np.where(high_side[None], high[:, None], low[:, None])
    transform = records["transform"].astype(np.float64)
    return np.asarray((local @ transform[:, :3, :3] + transform[:, 3:, :3]) * scale)


def oriented(records: Array, scale: float, accounts: Accounts) -> Boxes3D:
    """Centre, size and rotation [m, world] of usable 3D rows.

    The centre is that of the extents, not the prim's origin. A mirrored prim gets a proper rotation by turning one
    axis round, which leaves a box the same; a sheared one the nearest rotation (polar factor), and is counted.
    """
    low, high = extents(records)
    transform = records["transform"].astype(np.float64)
    block = transform[:, :3, :3]
    scales = np.linalg.norm(block, axis=2)
    axes = block / scales[..., None]  # rows: local axes in the world
    gram = axes @ np.swapaxes(axes, 1, 2)
    for row in np.flatnonzero(np.abs(gram - np.eye(3)).max((1, 2), initial=0) > _SHEAR).tolist():
        left, _, right = np.linalg.svd(axes[row])
        axes[row] = left @ right
        accounts.add("3d boxes with shear: nearest rotation taken")
    axes[np.linalg.det(axes) < 0, 2] *= -1
    middle = ((low + high) / 2)[:, None]
    center = (middle @ block + transform[:, 3:, :3])[:, 0] * scale
    return Boxes3D(center, (high - low) * scales * scale, quaternions(np.swapaxes(axes, 1, 2)))


def quaternions(rotation: Array) -> Array:
    """float64 (N, 4) w x y z with w >= 0 of rotation matrices (N, 3, 3) that act on columns.

    The largest component is found first, so that no digits are lost at 180 degrees (Shepperd 1978).
    """
    m = rotation
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    products = np.empty((len(m), 4, 4))  # 4 q_i q_j
    products[:, 0, 0], products[:, 1, 1] = 1 + xx + yy + zz, 1 + xx - yy - zz
    products[:, 2, 2], products[:, 3, 3] = 1 - xx + yy - zz, 1 - xx - yy + zz
    for i, j, value in (
        (0, 1, m[:, 2, 1] - m[:, 1, 2]),
        (0, 2, m[:, 0, 2] - m[:, 2, 0]),
        (0, 3, m[:, 1, 0] - m[:, 0, 1]),
        (1, 2, m[:, 1, 0] + m[:, 0, 1]),
        (1, 3, m[:, 0, 2] + m[:, 2, 0]),
        (2, 3, m[:, 2, 1] + m[:, 1, 2]),
    ):
        products[:, i, j] = products[:, j, i] = value
    best = np.argmax(np.einsum("nii->ni", products), axis=1)
    quaternion = products[np.arange(len(m)), best]
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    return np.asarray(np.where(quaternion[:, :1] < 0, -quaternion, quaternion))


def full_boxes(corners: Array, camera: Camera) -> Array:
    """float64 (N, 4) [px, edges]: bounds of projected boxes (N, 8, 3) [m, world], not clipped to the image.

    NaN where nothing is in front of the camera. The corners of a box lie outside a rounded object: these bounds are
    never too small.
    """
    points = camera.to_camera(corners.reshape(-1, 3)).reshape(-1, 8, 3)
    near = max(camera.near, 1e-6)
    behind = (points[..., 2] < near).any(1)
    full = np.empty((len(points), 4))
    full[~behind] = _bounds(points[~behind], camera)
    if behind.any():
        full[behind] = _bounds(_cut(points[behind], near), camera)
    return full


def _cut(points: Array, near: float) -> Array:
    """The eight corners and, where an edge crosses the near plane, where it does: (N, 20, 3), NaN for the rest.

    A corner behind the camera would be mirrored by the division.
    """
    start, end = points[:, _EDGES[:, 0]], points[:, _EDGES[:, 1]]
    crosses = (start[..., 2] < near) != (end[..., 2] < near)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (near - start[..., 2]) / (end[..., 2] - start[..., 2])
        crossing = start + part[..., None] * (end - start)
    shown = np.where(points[..., 2:] >= near, points, np.nan)
    return np.concatenate([shown, np.where(crosses[..., None], crossing, np.nan)], axis=1)


def _bounds(points: Array, camera: Camera) -> Array:
    pixels = camera.project_camera(points.reshape(-1, 3)).reshape(*points.shape[:2], 2)
    low, high = np.fmin.reduce(pixels, axis=1), np.fmax.reduce(pixels, axis=1)  # NaN only where there is nothing else
    return np.concatenate([low, high], axis=1)


def truncations(full: Array, size_wh: tuple[int, int]) -> Array:
    """float64 (N,): the part of a projected box's area that is outside the image; 1 for a box without area."""
    width, height = size_wh
    inside = np.clip(full, 0, (width, height, width, height))
    area = np.prod(full[:, 2:] - full[:, :2], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = 1 - np.prod(inside[:, 2:] - inside[:, :2], axis=1) / area
    return np.asarray(np.where(area > 0, np.clip(outside, 0, 1), np.where(np.isnan(area), np.nan, 1.0)))


def usable_rows(rows: Rows, accounts: Accounts, counter: str) -> Rows:
    """3D rows with those left out, and counted, that are no box: NaN, inverted extents, a transform that flattens."""
    if not len(rows):
        return rows
    good = usable(rows.records)
    for row in np.flatnonzero(~good).tolist():
        accounts.add(counter, example=rows.keys[row])
    return rows.take(good)
