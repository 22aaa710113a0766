"""Rules for lidar files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.kitti.lidar import Cloud, clouds, inside, label_from_velo
from framepress.quality.kitti.projection import Solids
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = ["lidar_files_hold_whole_points", "lidar_points_fall_in_the_boxes"]


@rule(
    "KITTI-013",
    FILE,
    ERROR,
    stage="integrity",
    format="kitti",
    breaks="mmdetection3d, nuScenes devkit: reshape fails; NaN spreads through voxels and losses",
    remedy="write float32 x y z reflectance for each point, little-endian, and leave out rays that hit nothing",
    decodes=True,
)
def lidar_files_hold_whole_points(kitti: KittiLook, frames: frozenset[str] | None) -> Iterator[Issue]:
    """A lidar file is a whole number of points of four finite 32-bit floats; each frame has one where any frame has."""
    for cloud in clouds(kitti, frames):
        if cloud.wrong:
            yield kitti.of_sample(cloud.sample, cloud.wrong, file=kitti.velodyne_file(cloud.sample))


@rule(
    "KITTI-014",
    FILE,
    WARNING,
    stage="truth",
    format="kitti",
    breaks="mmdetection3d leaves out boxes without points (num_points_in_gt); a detector learns to see nothing there",
    remedy="check Tr_velo_to_cam and R0_rect: lidar points go to the frame of the labels by R0_rect Tr_velo_to_cam",
    decodes=True,
)
def lidar_points_fall_in_the_boxes(
    kitti: KittiLook,
    frames: frozenset[str] | None,
    *,
    near_m: float = 20.0,
    least_side_m: float = 0.3,
    margin_m: float = 0.1,
    tilt_deg: float = 5.0,
) -> Iterator[Issue]:
    """A near 3D box of an object that shows entirely holds lidar points.

    Left out: frames without points, and objects that are hidden, cut by the image, far or thin, which beams may miss.

    Args:
        near_m: up to this z.
        least_side_m: no side is shorter.
        margin_m, tilt_deg: by which boxes grow.
    """
    lines = kitti.lines
    tilt = np.pi / 2 if kitti.sidecar.tilted else float(np.radians(tilt_deg))
    asked = lines.solid & lines.sound_angle & (lines.occluded == 0) & (lines.truncated >= 0) & (lines.truncated <= 0.3)
    asked &= (lines.location[:, 2] > 0) & (lines.location[:, 2] <= near_m) & (lines.hwl >= least_side_m).all(1)
    rows = np.flatnonzero(asked)
    for cloud in clouds(kitti, frames):
        begin, end = np.searchsorted(lines.sample[rows], (cloud.sample, cloud.sample + 1))
        if end > begin and len(cloud.points):
            yield from _empty_boxes(kitti, cloud, rows[begin:end], tilt, margin_m)


def _empty_boxes(kitti: KittiLook, cloud: Cloud, rows: Array, tilt: float, margin_m: float) -> Iterator[Issue]:
    transform = label_from_velo(kitti, cloud.sample)
    if transform is None:
        return
    lines = kitti.lines
    solids = Solids(lines.hwl[rows], lines.location[rows], lines.rotation_y[rows])
    points = cloud.points[:, :3].astype(np.float64)
    found = inside(points @ transform[:, :3].T + transform[:, 3], solids, tilt, margin_m)
    reason = ""
    if not found.any() and inside(points @ transform[:, :3] + transform[:, 3], solids, tilt, margin_m).all():
        reason = "; with the rotation of Tr_velo_to_cam transposed all boxes hold some"
    for row in rows[found == 0].tolist():
        file = kitti.velodyne_file(cloud.sample).rpartition("/")[2]
        yield kitti.issue(row, f"the box holds none of the {len(points)} points of velodyne/{file}{reason}", "x")
