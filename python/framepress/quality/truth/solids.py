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
        leans: bool (N,): whether it sticks out of a margin so narrow that single objects may.
    """

    judged: Array
    sticks_out_px: Array
    projected: Array
    reach: Array
    beyond: Array
    outside: Array
    leans: Array

    @property
    def severity(self) -> Array:
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
        objects, camera = self.objects, self.view.camera
        count = len(objects)
        known = self._known
        sticks_out, projected = np.full(count, np.nan), np.full((count, 4), np.nan)
        beyond, outside, reach = np.zeros(count), np.zeros(count), np.full((count, 2), np.nan)
        judged, leans = np.zeros((2, count), bool)
        if camera.world_from_camera is None or not known.any():
            return Fit(judged, sticks_out, projected, reach, beyond, outside, leans)
        axes = objects.box3d.axes()
        corners = objects.box3d.center[:, None] + (_SIGNS * objects.box3d.size[:, None]) @ np.swapaxes(axes, 1, 2)
        inverse = inverse_of(camera)
        if inverse is not None:
            projected[known] = full_boxes(corners[known], camera)
            visible = np.where(np.isnan(self.box), self.bounds, self.box)
            sticks_out = _sticking_out(visible, projected, known)
            judged |= ~np.isnan(sticks_out)
            side = (visible[:, 2:] - visible[:, :2]).max(axis=1)
            leans |= sticks_out > _VOTE.pixels + _VOTE.side * side
            sticks_out -= _SINGLE.pixels + _SINGLE.side * side
        samples = self._with_distance(known)
        name = next((name for name in ("depth", "range") if name in self.view.channels), None)
        if name is not None and len(samples.row):
            distance = self.view.channels[name][samples.v, samples.u].astype(np.float64)
            keep = np.isfinite(distance) & (distance > 0)
            samples, distance = samples.take(keep), distance[keep]
            number = np.bincount(samples.row, minlength=count)
            enough = number >= _LEAST
            reach[known] = _reach(objects.box3d.center[known], corners[known], camera, name)
            side = objects.box3d.size.max(axis=1)[samples.row]
            slack = _slack(_SINGLE, np.zeros(len(side)), distance, side)
            low, high = reach[samples.row].T
            _, beyond = samples.share((distance < low - slack) | (distance > high + slack), count)
            if inverse is not None:
                depth = distance if name == "depth" else distance / slants(inverse, samples.u, samples.v)
                excess, pixel = self._excess(samples, depth, axes, inverse)
                _, outside = samples.share(excess > _slack(_SINGLE, pixel, depth, side), count)
                narrow = _slack(_VOTE, pixel, depth, side)
                leans |= enough & (samples.share(excess > narrow, count)[1] > _LEANING_SHARE)
            beyond, outside = (np.where(enough, part, 0.0) for part in (beyond, outside))
            judged |= enough
        return Fit(judged, sticks_out, projected, reach, beyond, outside, leans)

    @property
    def _known(self) -> Array:
        """bool (N,): objects with a 3D box that is one."""
        boxes = self.objects.box3d
        known = ~np.isnan(plain(np.hstack([boxes.center, boxes.size])))[:, 0] & (boxes.size >= 0).all(axis=1)
        return np.asarray(known & (np.abs(np.linalg.norm(boxes.rotation, axis=1) - 1) < 1e-3))

    def _with_distance(self, known: Array) -> Samples:
        samples = self.samples
        return samples.take(known[samples.row])

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
