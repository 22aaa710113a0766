"""KITTI's boxes in the picture: corners, how far a box reaches that is tilted a little, and bounds under P2.

Label frame: x right, y down, z forward [m]; pixels are in the convention of P2, which is that of the 2D boxes.
A location is in the rectified frame already, so P2 alone projects it: R0_rect takes lidar points there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from framepress.core.arrays import Array
from framepress.formats.kitti_geometry import label_from_upright

__all__ = ["Solids", "bounds", "gap_px"]

_SIGNS = np.array([[1.0 if corner >> axis & 1 else -1.0 for axis in range(3)] for corner in range(8)])
_EDGES = np.array([(start, start | bit) for bit in (1, 2, 4) for start in range(8) if not start & bit])
_NEAR = 0.05  # m; what is nearer is cut off before the division, which would mirror what is behind


@dataclass(frozen=True, eq=False)
class Solids:
    """N upright boxes in the label frame.

    Args:
        hwl, location: float64 (N, 3) [m]; the location is the middle of the bottom face.
        rotation_y: float64 (N,) [rad].
    """

    hwl: Array
    location: Array
    rotation_y: Array

    def take(self, rows: Array) -> Solids:
        return Solids(self.hwl[rows], self.location[rows], self.rotation_y[rows])

    def swapped(self) -> Solids:
        """With width and length exchanged."""
        return replace(self, hwl=self.hwl[:, [0, 2, 1]])

    def lowered(self, part: float) -> Solids:
        """Moved by a part of the height, down (y) where it is positive."""
        step = np.zeros_like(self.location)
        step[:, 1] = self.hwl[:, 0] * part
        return replace(self, location=self.location + step)

    def turned(self, rotation_y: Array) -> Solids:
        return replace(self, rotation_y=rotation_y)

    @property
    def center(self) -> Array:
        return self.lowered(-0.5).location

    def axes(self) -> Array:
        """float64 (N, 3, 3): forward, left and up as columns."""
        return label_from_upright(self.rotation_y)

    def half(self, tilt: Array | float = 0.0) -> Array:
        """float64 (N, 3): half the length, width and height [m] of the upright box around this one tilted up to `tilt`.

        Tilted about any horizontal axis through its centre, each by what the other sides add.
        """
        height, width, length = self.hwl.T / 2
        return np.stack(
            (
                _reach(length, height, tilt),
                _reach(width, height, tilt),
                _reach(height, np.hypot(width, length), tilt),
            ),
            axis=1,
        )

    def corners(self, tilt: Array | float = 0.0) -> Array:
        """float64 (N, 8, 3) [m]."""
        steps = _SIGNS[None] * self.half(tilt)[:, None]
        return np.asarray(self.center[:, None] + np.einsum("nij,nkj->nki", self.axes(), steps))


def _reach(side: Array, other: Array, tilt: Array | float) -> Array:
    """The largest of side cos t + other sin t for t from 0 to `tilt`."""
    best = np.minimum(np.arctan2(other, side), tilt)
    return np.asarray(side * np.cos(best) + other * np.sin(best))


def bounds(corners: Array, projection: Array) -> Array:
    """float64 (N, 4): left top right bottom [px] of boxes (N, 8, 3), each under its own P2 (N, 3, 4); not cut.

    NaN where nothing of a box is in front of the camera.
    """
    points = np.einsum("nij,nkj->nki", projection[:, :, :3], corners) + projection[:, None, :, 3]
    found = np.empty((len(points), 4))
    behind = (points[..., 2] < _NEAR).any(1)
    found[~behind] = _bounds(points[~behind])
    if behind.any():
        found[behind] = _bounds(_cut(points[behind]))
    return found


def _cut(points: Array) -> Array:
    """Corners in front of the near plane, and where edges cross it: (N, 20, 3), NaN for the rest."""
    start, end = points[:, _EDGES[:, 0]], points[:, _EDGES[:, 1]]
    crosses = (start[..., 2] < _NEAR) != (end[..., 2] < _NEAR)
    depth = np.where(crosses, end[..., 2] - start[..., 2], 1.0)
    crossing = start + ((_NEAR - start[..., 2]) / depth)[..., None] * (end - start)
    shown = np.where(points[..., 2:] >= _NEAR, points, np.nan)
    return np.concatenate([shown, np.where(crosses[..., None], crossing, np.nan)], axis=1)


def _bounds(points: Array) -> Array:
    pixels = points[..., :2] / points[..., 2:]
    return np.concatenate([np.fmin.reduce(pixels, axis=1), np.fmax.reduce(pixels, axis=1)], axis=1)


def gap_px(box: Array, around: Array) -> Array:
    """float64 (N, 4) [px]: how far each edge of `box` lies outside `around`, 0 where it lies inside; NaN as there."""
    low, high = around[:, :2] - box[:, :2], box[:, 2:] - around[:, 2:]
    return np.asarray(np.maximum(np.concatenate((low, high), axis=1), 0))
