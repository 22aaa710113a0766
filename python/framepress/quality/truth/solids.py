"""How well camera, 3D boxes, depth and masks of one view fit together, object by object.

Three measures, of which each object gets those that its view allows:

    enclosed   the projected 3D box holds the visible 2D box          pinhole, pose
    reached    depth (range) under the mask is between the box's ends  pose
    inside     pixels, unprojected by depth, lie in the 3D box         pinhole, pose, depth

A 3D box may be larger than what is seen of its object, never smaller: each measure says how far something sticks out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.capture.boxes3d import full_boxes
from framepress.core import Camera
from framepress.core.arrays import Array
from framepress.quality.truth.distances import inverse_of, slants
from framepress.quality.truth.sight import Kept, Samples, Sight, plain

__all__ = ["Fit", "SolidSight"]

_NEVER_LESS_PX = 0.5  # a mask's edge is at most half a pixel outside of a silhouette
_RELATIVE = 2e-3  # 16-bit depth
_ABSOLUTE_M = 2e-3
_SHARE = 0.25  # of an object's samples
_LEAST = 4  # samples with a distance
_LEANING_SHARE = 0.08
_SIGNS = np.array([[corner >> axis & 1 for axis in range(3)] for corner in range(8)]) - 0.5
"""(8, 3): the corners of a box of edges 1."""


@dataclass(frozen=True, slots=True)
class _Margin:
    """What is allowed for: pixels, and a part of the object's longest side."""

    pixels: float
    side: float


_SINGLE = _Margin(1.5, 0.1)
"""Wide, because boxes of sheared prims are approximate, and skins and cloth lag behind theirs."""
_VOTE = _Margin(0.1, 0.004)
"""Narrow: what no single object is told of, and many together are."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Columns over the objects of a view.

    Args:
        judged: bool (N,): whether any measure could be taken.
        sticks_out_px: float64 (N,): how far the visible box is outside the projected one beyond what is allowed for, at
            most 0 where it is not; NaN not measured. +inf where the 3D box is behind the camera.
        projected: float64 (N, 4).
        reach: float64 (N, 2) [m]: the nearest and farthest distance that the box allows; NaN not measured.
        beyond: float64 (N,): share of the samples at another distance.
        outside: float64 (N,): share of the samples outside the 3D box.
        leans: bool (N,): whether it sticks out of a narrower margin, which proves nothing of one object alone.
    """

    judged: Array
    sticks_out_px: Array
    projected: Array
    reach: Array
    beyond: Array
    outside: Array
    leans: Array

    @classmethod
    def unknown(cls, count: int) -> Fit:
        """Nothing measured yet."""
        judged, leans = np.zeros((2, count), bool)
        beyond, outside = np.zeros((2, count))
        blank = np.full(count, np.nan)
        return cls(judged, blank, np.full((count, 4), np.nan), np.full((count, 2), np.nan), beyond, outside, leans)

    @property
    def telling(self) -> Array:
        """float64 (N,): orders objects by how much they tell of what is wrong."""
        off = np.nan_to_num(self.sticks_out_px, nan=0.0, posinf=1e9)
        return np.asarray(np.maximum(off, 0) + self.outside + self.beyond + self.leans * 1e-3)

    @property
    def misfit(self) -> Array:
        """bool (N,)"""
        return (self.sticks_out_px > 0) | (self.beyond > _SHARE) | (self.outside > _SHARE)


class SolidSight(Sight):
    """A view with 3D boxes and a camera whose pose is known."""

    @Kept
    def fit(self) -> Fit:
        count, known, camera = len(self.objects), self._known, self.view.camera
        found = Fit.unknown(count)
        if camera.world_from_camera is None or not known.any():
            return found
        boxes, inverse = self.objects.box3d, inverse_of(camera)
        axes = boxes.axes()
        corners = boxes.center[:, None] + (_SIGNS * boxes.size[:, None]) @ np.swapaxes(axes, 1, 2)
        if inverse is not None:
            self._enclose(found, corners, known)
        name = next((name for name in ("depth", "range") if name in self.view.channels), None)
        if name is not None:
            found.reach[known] = _reach(boxes.center[known], corners[known], camera, name)
            self._enter(found, name, axes, known, inverse)
        return found

    def _enclose(self, found: Fit, corners: Array, known: Array) -> None:
        """Measure `sticks_out_px`."""
        found.projected[known] = full_boxes(corners[known], self.view.camera)
        visible = np.where(np.isnan(self.box), self.bounds, self.box)
        out = _sticking_out(visible, found.projected, known)
        side = (visible[:, 2:] - visible[:, :2]).max(axis=1)
        found.sticks_out_px[:] = out - _SINGLE.pixels - _SINGLE.side * side
        found.judged[:] |= ~np.isnan(out)
        if "instance" in self.view.channels:  # else the boxes may be drawn by hand
            found.leans[:] |= out > _VOTE.pixels + _VOTE.side * side

    def _enter(self, found: Fit, name: str, axes: Array, known: Array, inverse: Array | None) -> None:
        """Measure `beyond`, and where the lens is known `outside`."""
        count, samples = len(known), self.samples
        distance = self.view.channels[name][samples.v, samples.u].astype(np.float64)
        keep = known[samples.row] & np.isfinite(distance) & (distance > 0)
        samples, distance = samples.take(keep), distance[keep]
        enough = np.bincount(samples.row, minlength=count) >= _LEAST
        side = self.objects.box3d.size.max(axis=1)[samples.row]
        slack = _slack(_SINGLE, np.zeros(len(side)), distance, side)
        low, high = found.reach[samples.row].T
        beyond = samples.share((distance < low - slack) | (distance > high + slack), count)[1]
        found.beyond[enough] = beyond[enough]
        found.judged[:] |= enough
        if inverse is not None:
            depth = distance if name == "depth" else distance / slants(inverse, samples.u, samples.v)
            excess, pixel = self._excess(samples, depth, axes, inverse)
            outside = samples.share(excess > _slack(_SINGLE, pixel, depth, side), count)[1]
            found.outside[enough] = outside[enough]
            leaning = samples.share(excess > _slack(_VOTE, pixel, depth, side), count)[1]
            found.leans[:] |= enough & (leaning > _LEANING_SHARE)

    @property
    def _known(self) -> Array:
        """bool (N,): objects with a 3D box that is one."""
        boxes = self.objects.box3d
        known = ~np.isnan(plain(np.hstack([boxes.center, boxes.size])))[:, 0] & (boxes.size >= 0).all(axis=1)
        return np.asarray(known & (np.abs(np.linalg.norm(boxes.rotation, axis=1) - 1) < 1e-3))

    def _excess(self, samples: Samples, depth: Array, axes: Array, inverse: Array) -> tuple[Array, Array]:
        """How far the surface that a pixel shows is outside its object's 3D box, and how large it is; [m]."""
        boxes, camera = self.objects.box3d, self.view.camera
        pose = camera.world_from_camera
        assert pose is not None
        pixels = np.stack([samples.u + 0.5, samples.v + 0.5, np.ones(len(depth))], axis=1)
        points = (pixels * depth[:, None]) @ (pose[:3, :3] @ inverse).T + pose[:3, 3]
        local = np.matmul((points - boxes.center[samples.row])[:, None], axes[samples.row])[:, 0]
        excess = (np.abs(local) - boxes.size[samples.row] / 2).max(axis=1)
        return excess, depth * max(abs(inverse[0, 0]), abs(inverse[1, 1]))


def _slack(margin: _Margin, pixel: Array, distance: Array, side: Array) -> Array:
    """float64 (S,) [m]"""
    return (_NEVER_LESS_PX + margin.pixels) * pixel + _RELATIVE * distance + _ABSOLUTE_M + margin.side * side


def _sticking_out(visible: Array, projected: Array, known: Array) -> Array:
    """float64 (N,) [px]: as `Fit.sticks_out_px`, with nothing allowed for but what pixels are."""
    out = np.maximum(projected[:, :2] - visible[:, :2], visible[:, 2:] - projected[:, 2:]).max(axis=1)
    told = np.where(np.isnan(projected[:, 0]), np.inf, out - _NEVER_LESS_PX)
    return np.where(known & ~np.isnan(visible[:, 0]), told, np.nan)


def _reach(center: Array, corners: Array, camera: Camera, name: str) -> Array:
    """float64 (N, 2): the least and greatest distance of boxes; of range, that of the sphere around each."""
    local = camera.to_camera(corners.reshape(-1, 3)).reshape(corners.shape)
    if name == "depth":
        return np.stack([local[..., 2].min(axis=1), local[..., 2].max(axis=1)], axis=1)
    far = np.linalg.norm(camera.to_camera(center), axis=1)
    radius = np.linalg.norm(corners - center[:, None], axis=2).max(axis=1)
    return np.stack([far - radius, far + radius], axis=1)
