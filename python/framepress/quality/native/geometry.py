"""Rules for cameras and boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, Issue
from framepress.quality.native.table import NativeLook
from framepress.quality.rule import FILE, rule

__all__ = ["boxes_lie_inside_the_image", "cameras_and_rotations_are_rigid"]


@rule(
    "JSN-004",
    FILE,
    ERROR,
    stage="annotation",
    format="native",
    breaks="projections and yaw angles are scaled or sheared without a word",
    remedy="write matrices with orthonormal axes, quaternions w x y z of length 1, and sizes that are not negative",
)
def cameras_and_rotations_are_rigid(
    native: NativeLook, *, tolerance: float = 1e-6, tolerance_pose: float = 1e-3
) -> Iterator[Issue]:
    """K is upper triangular with positive focal lengths, poses are rigid, quaternions have length 1, boxes a size.

    A floor, a sheet or a wire has no thickness: one or two sides may be 0.

    Args:
        tolerance: of a quaternion's length, and of K's entries that are 0 or 1.
        tolerance_pose: of a pose's axes, as `framepress.core.Camera` has it: poses pass through float32.
    """
    K = native.lenses[:, :9].reshape(-1, 3, 3)
    known = ~np.isnan(K[:, 0, 0])
    fixed = np.stack([K[:, 1, 0], K[:, 2, 0], K[:, 2, 1], K[:, 2, 2] - 1], 1)
    wrong = known & ((np.abs(fixed) > tolerance).any(1) | (K[:, 0, 0] <= 0) | (K[:, 1, 1] <= 0))
    for row in np.flatnonzero(wrong).tolist():
        yield native.of_view(row, f"K is {K[row].tolist()}, not upper triangular with 1 at its end", "camera.K")
    pose = native.lenses[:, 9:25].reshape(-1, 4, 4)
    known = ~np.isnan(pose[:, 0, 0])
    axes = pose[known, :3, :3]
    with np.errstate(over="ignore", invalid="ignore"):  # what is as large as that is no rotation
        skew = np.abs(axes @ axes.transpose(0, 2, 1) - np.eye(3)).max((1, 2), initial=0)
        last = np.abs(pose[known, 3] - (0, 0, 0, 1)).max(1, initial=0)
        mirrored = np.linalg.det(axes) < 0
    for row, away, end, mirror in zip(np.flatnonzero(known).tolist(), skew, last, mirrored, strict=True):
        if not (away <= tolerance_pose and end <= tolerance_pose) or mirror:
            what = "mirrors" if mirror else f"is {max(away, end):.2g} away from a rotation and a translation"
            yield native.of_view(row, f"world_from_camera {what}", "camera.world_from_camera")
    with np.errstate(over="ignore"):
        size, length = native.solids[:, 3:6], np.linalg.norm(native.solids[:, 6:], axis=1)
    known = np.isfinite(length)
    for row in np.flatnonzero(known & ~(np.abs(length - 1) <= tolerance)).tolist():
        yield native.of_object(row, f"the quaternion has length {length[row]:.9g}", "objects.box3d")
    for row in np.flatnonzero(known & ~((size >= 0).all(1) & (size > 0).any(1))).tolist():
        sides = ", ".join(f"{side:g}" for side in size[row].tolist())
        yield native.of_object(row, f"the size is {sides} m", "objects.box3d")


@rule(
    "JSN-010",
    FILE,
    ERROR,
    stage="annotation",
    format="native",
    breaks="albumentations raises, Ultralytics drops the image, once the box is in their format",
    remedy="clip boxes to the image, and leave out what has no pixel then",
)
def boxes_lie_inside_the_image(native: NativeLook, *, tolerance_px: float = 1e-6) -> Iterator[Issue]:
    """A box of visible pixels lies inside the image and has a size; a box of the whole object has a size."""
    objects, views = native.table.objects, native.table.views
    size = np.stack([views["width"], views["height"]], 1)[objects["view"]].astype(np.float64)
    for name in ("box", "box_full"):
        box = objects[name]
        with np.errstate(invalid="ignore"):
            bare: Array = np.any(box[:, 2:] <= box[:, :2], axis=1)
            low: Array = np.any(box[:, :2] < -tolerance_px, axis=1)
            high: Array = np.any(box[:, 2:] > size + tolerance_px, axis=1)
        for row in np.flatnonzero(bare | low | high if name == "box" else bare).tolist():
            numbers = ", ".join(f"{number:g}" for number in box[row].tolist())
            width, height = size[row].tolist()
            what = "has no size" if bare[row] else f"leaves the image of {width:g} x {height:g} px"
            yield native.of_object(row, f"{name} {numbers} {what}", f"objects.{name}")
