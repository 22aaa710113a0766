"""Lidar files, measured: how many points are in each, in which boxes they fall, and what is wrong with the bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framepress.core import safe_name
from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.kitti.projection import Solids
from framepress.quality.kitti.table import KittiLook

__all__ = ["Cloud", "clouds", "inside", "label_from_velo"]

_POINT_BYTES = 16
_MOST_BYTES = 1 << 28  # 16 million points: above what lidars and depth images of a frame have


@dataclass(frozen=True, eq=False)
class Cloud:
    """One file; `wrong` says what cannot be read of it, "" for nothing. Args: points: float32 (N, 4), finite."""

    sample: int
    points: Array
    wrong: str = ""


def clouds(kitti: KittiLook, frames: frozenset[str] | None) -> Iterator[Cloud]:
    """The lidar files of some frames, None for all, one at a time; a frame that lacks the file has a `wrong`."""
    samples = kitti.samples
    for sample, stem in enumerate(samples.stem):
        tree = kitti.trees[int(samples.tree[sample])]
        if not tree.velodyne.there or (frames is not None and safe_name(stem) not in frames):
            continue
        if stem not in tree.velodyne.names:
            yield Cloud(sample, np.zeros((0, 4)), "there is no such file, but other frames have one")
        else:
            yield _cloud(kitti, sample, f"{tree.prefix}velodyne/{tree.velodyne.names[stem]}")


def _cloud(kitti: KittiLook, sample: int, file: str) -> Cloud:
    blank = np.zeros((0, 4))
    try:
        with open_file(kitti.root / file) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size % _POINT_BYTES:
                return Cloud(sample, blank, f"{size} bytes are no whole number of points of 16 bytes")
            if size > _MOST_BYTES:
                return Cloud(sample, blank, f"{size} bytes are more points than a frame has; they were not looked at")
            points = np.frombuffer(stream.read(size), "<f4").reshape(-1, 4)
    except (InputError, OSError, ValueError) as error:
        return Cloud(sample, blank, str(error).removeprefix(f"{kitti.root / file}: "))
    whole = np.isfinite(points).all(1)
    if not whole.all():
        first = int(np.argmin(whole))
        shown = ", ".join(f"{value:.6g}" for value in points[first].tolist())
        return Cloud(sample, blank, f"{int((~whole).sum())} points are not finite; the first is {first}: {shown}")
    return Cloud(sample, points)


def label_from_velo(kitti: KittiLook, sample: int) -> Array | None:
    """float64 (3, 4): R0_rect Tr_velo_to_cam; None where the calibration lacks one."""
    row = int(kitti.samples.calibration[sample])
    found = kitti.calibrations[row].matrices if row >= 0 else {}
    if "R0_rect" not in found or "Tr_velo_to_cam" not in found:
        return None
    return np.asarray(found["R0_rect"] @ found["Tr_velo_to_cam"])


def inside(points: Array, solids: Solids, tilt: float, margin_m: float) -> Array:
    """int64 (N,): how many points (M, 3) [m, label frame] each box holds that is grown by a margin and tilted up to."""
    half = solids.half(tilt) + margin_m
    axes, centers = solids.axes(), solids.center
    reach = np.linalg.norm(half, axis=1)
    found = np.zeros(len(half), np.int64)
    for row in range(len(half)):
        near = points[np.abs(points[:, 0] - centers[row, 0]) <= reach[row]]
        found[row] = (np.abs((near - centers[row]) @ axes[row]) <= half[row]).all(1).sum()
    return found
