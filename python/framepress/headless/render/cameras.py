"""A lens for the kernels: its numbers, its table of rays, and bounds on how it bends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.render.kernels.bounds import TILE_HEIGHT, TILE_WIDTH
from framepress.headless.render.kernels.structs import BROWN, FISHEYE, PINHOLE, Cam
from framepress.headless.scene import Lens
from framepress.headless.usd import lenses

__all__ = ["Optics", "optics"]

MODELS = {"pinhole": PINHOLE, "opencvPinhole": BROWN, "opencvFisheye": FISHEYE}
MOST_PIXELS = 1 << 28
MARGIN = 1.5  # on what is measured at samples of a lens


@dataclass(frozen=True, slots=True, eq=False)
class Optics:
    """A lens on the device.

    Args:
        cam: `structs.Cam`.
        rays: vec3 (H, W) through the pixels' centres, z = 1 or of a fisheye unit length; 0 where nothing is seen. One
            element for a pinhole, whose rays kernels make up themselves.
        ray_rows: float32 (3 H, W or some more), the same as `lines.fill_rays` takes them.
        tiles: vec4, as `bounds.crosses` takes them, of each 16 x 8 pixels; one element for a pinhole.
    """

    cam: Any
    rays: Any
    ray_rows: Any
    tiles: Any


def optics(lens: Lens, device: str) -> Optics:
    """Raises: OptionError: a size, focal length, clip distance or distortion with which nothing can be seen."""
    _check(lens)
    cam = Cam()
    cam.model = int(MODELS[lens.model])
    cam.width, cam.height = lens.width, lens.height
    cam.fx, cam.fy, cam.cx, cam.cy = lens.fx, lens.fy, lens.cx, lens.cy
    cam.per_fx, cam.per_fy = 1 / lens.fx, 1 / lens.fy
    cam.near, cam.far = lens.near, lens.far
    cam.least, cam.most = _reciprocals(lens.near, lens.far)
    for i, coefficient in enumerate(lens.coefficients):
        cam.k[i] = coefficient
    cam.limit = math.cos(min(lens.max_theta, math.pi / 2 if lens.model != "opencvFisheye" else math.pi))
    # A corner's place in float32 has an error of a few parts in 10^7 of the image's size.
    cam.slack = 0.002 + 1e-6 * max(lens.width, lens.height)
    if lens.model == "pinhole":
        rays, ray_rows, tiles = (wp.zeros((1, 1), dtype=kind, device=device) for kind in (wp.vec3, wp.float32, wp.vec4))
        return Optics(cam, rays, ray_rows, tiles)
    directions = lenses.rays(lens)
    seen = np.asarray(np.isfinite(directions).all(axis=-1))
    units = np.where(seen[..., None], directions, 0.0)
    if not seen.any():
        raise OptionError(
            f"lens {lens.model} {lens.coefficients}: no pixel of {lens.width} x {lens.height} sees anything within "
            f"{math.degrees(lens.max_theta):.1f} degrees of the axis; is that beyond where the model is one to one?"
        )
    angle = float(np.arccos(np.clip(units[..., 2][seen], -1, 1)).max())
    cam.angle = angle + 1e-4
    cam.border = _border(lens, cam.angle)
    cam.domain = math.cos(cam.angle + cam.border)
    cam.bulge = MARGIN * _bulge(lens, cam.angle + cam.border)
    table = units / np.where(seen, units[..., 2], 1.0)[..., None] if lens.model == "opencvPinhole" else units
    rays = table.astype(np.float32)
    rows = np.zeros((lens.height, 3, lens.width + 8), np.float32)
    rows[..., : lens.width] = rays.swapaxes(1, 2)
    return Optics(
        cam=cam,
        rays=wp.array(rays, dtype=wp.vec3, device=device),
        ray_rows=wp.array(rows.reshape(3 * lens.height, -1), dtype=wp.float32, device=device),
        tiles=wp.array(_tiles(units, seen), dtype=wp.vec4, device=device),
    )


def _check(lens: Lens) -> None:
    name = f"lens {lens.model} {lens.width} x {lens.height}"
    if lens.width < 1 or lens.height < 1 or lens.width * lens.height > MOST_PIXELS:
        raise OptionError(f"{name}: a camera has from 1 to {MOST_PIXELS} pixels")
    numbers = lens.fx, lens.fy, lens.cx, lens.cy, lens.near, *lens.coefficients
    if not all(map(math.isfinite, numbers)) or lens.fx <= 0 or lens.fy <= 0:
        raise OptionError(f"{name}: fx {lens.fx}, fy {lens.fy}, cx {lens.cx}, cy {lens.cy} make no image")
    if not 0 < lens.near < lens.far:
        raise OptionError(f"{name}: near {lens.near} and far {lens.far}: expected 0 < near < far")


def _reciprocals(near: float, far: float) -> tuple[float, float]:
    """The least and greatest float32 whose float32 reciprocal lies within [near, far]."""
    one, low, high = np.float32(1), np.float32(near), np.float32(min(far, 3e38))
    most = one / low
    while one / most < low:
        most = np.nextafter(most, np.float32(0))
    while one / np.nextafter(most, np.float32(np.inf)) >= low:
        most = np.nextafter(most, np.float32(np.inf))
    least = one / high
    while one / least > high:
        least = np.nextafter(least, np.float32(np.inf))
    while one / np.nextafter(least, np.float32(0)) <= high:
        least = np.nextafter(least, np.float32(0))
    return float(least), float(most)


def _border(lens: Lens, angle: float) -> float:
    """rad beyond `angle` up to which the model is smooth, though it may not be one to one."""
    if lens.model == "opencvFisheye":
        return min(0.2, math.pi - 0.05 - angle) if angle < math.pi - 0.1 else 0.0
    border = 0.05
    if angle + border > math.radians(85):
        return 0.0
    k4, k5, k6 = lens.coefficients[5:8]
    squares = np.linspace(0, math.tan(angle + border), 1000) ** 2
    return border if (1 + squares * (k4 + squares * (k5 + squares * k6)) > 0.05).all() else 0.0


def _bulge(lens: Lens, angle: float) -> float:
    """px / rad^2, the most by which the image of a triangle of angle a leaves its corners' box, over a^2.

    An arc leaves its chord by at most a^2 / 8 times the largest second derivative of the projection along great
    circles; a point within the triangle lies on an arc between two of its edges, so that it is twice that.
    """
    step = 1e-3
    if lens.model == "opencvFisheye":
        # Beyond 90 degrees an arc may leave the cap that holds its ends, by a little.
        angle = min(angle + 0.02, math.pi - 3 * step)
    free = Lens(lens.model, lens.width, lens.height, lens.fx, lens.fy, 0, 0, lens.coefficients, max_theta=math.pi)
    theta = np.linspace(step, max(angle, 2 * step), 96)[:, None, None]
    around = np.linspace(0, 2 * np.pi, 32, endpoint=False)[:, None]
    heading = np.linspace(0, np.pi, 12, endpoint=False)
    theta, around, heading = np.broadcast_arrays(theta, around, heading)
    sin, cos = np.sin(theta), np.cos(theta)
    at = np.stack([sin * np.cos(around), sin * np.sin(around), cos], axis=-1)
    out = np.stack([cos * np.cos(around), cos * np.sin(around), -sin], axis=-1)
    side = np.stack([-np.sin(around), np.cos(around), np.zeros_like(around)], axis=-1)
    way = out * np.cos(heading)[..., None] + side * np.sin(heading)[..., None]
    pixels = [
        lenses.project(free, (at * np.cos(turn) + way * np.sin(turn)).reshape(-1, 3)) for turn in (-step, 0.0, step)
    ]
    second = np.linalg.norm(pixels[0] - 2 * pixels[1] + pixels[2], axis=-1) / step**2
    return float(np.nanmax(second)) / 4


def _tiles(units: Array, seen: Array) -> Array:
    """float32 (rows, columns, 4): the middle of each tile's rays and the sine of the largest angle from it."""
    height, width = seen.shape
    high, wide = int(TILE_HEIGHT), int(TILE_WIDTH)
    rows, columns = -(-height // high), -(-width // wide)
    # Rays that see nothing are zero and spread no cone.
    padded = np.zeros((rows * high, columns * wide, 3))
    padded[:height, :width] = units
    grouped = padded.reshape(rows, high, columns, wide, 3).swapaxes(1, 2).reshape(rows, columns, high * wide, 3)
    axis = grouped.sum(axis=2)
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    empty = ~grouped.any(axis=(2, 3))
    axis = axis / np.where(length > 0, length, 1)
    cosine = np.einsum("rcpk,rck->rcp", grouped, axis)
    cosine = np.where(grouped.any(axis=-1), cosine, 1.0).min(axis=-1)
    sine = np.where(cosine > 0, np.sqrt(np.clip(1 - cosine**2, 0, 1)) + 1e-5, 2.0)
    sine[empty] = -1.0
    return np.concatenate([axis, sine[..., None]], axis=-1).astype(np.float32)
