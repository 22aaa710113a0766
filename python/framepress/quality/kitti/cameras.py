"""Rules for calibration files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.issue import ERROR, Issue
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = ["calibrations_have_seven_lines"]


@rule(
    "KITTI-012",
    FILE,
    ERROR,
    stage="format",
    format="kitti",
    breaks="mmdetection3d reads lines by position, the nuScenes devkit lines 3, 5 and 6: another matrix, or none",
    remedy="write P0 P1 P2 P3 R0_rect Tr_velo_to_cam Tr_imu_to_velo in this order, with rotations that are some",
)
def calibrations_have_seven_lines(kitti: KittiLook) -> Iterator[Issue]:
    """A calibration has the seven lines in order, 12 12 12 12 9 12 12 finite numbers, and rotations in the last three.

    Rotations are orthonormal within 1e-3 and no mirror images; P2 projects what is in front. Every frame has one where
    any frame has, or a label states a 3D box.
    """
    samples = kitti.samples
    with_solids = np.zeros(len(samples.stem), np.bool_)
    with_solids[kitti.lines.sample[kitti.lines.solid]] = True
    lone = kitti.sidecar.calib == "none"
    for sample, row in enumerate(samples.calibration.tolist()):
        tree = kitti.trees[int(samples.tree[sample])]
        if row >= 0:
            for line, key, message in kitti.calibrations[row].faults:
                yield kitti.of_sample(sample, message, file=kitti.calib_file(sample), line=line, place=key)
        elif not samples.calib[sample] and (tree.calib.there or (with_solids[sample] and not lone)):
            what = "the label states 3D boxes" if with_solids[sample] else "other frames have one"
            yield kitti.of_sample(sample, f"there is no such file, but {what}", file=kitti.calib_file(sample))
