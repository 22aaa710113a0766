"""Lenses in float64: which pixel a direction falls on, which direction a pixel sees, and the ideal lens as a matrix.

Directions have OpenCV's axes (x right, y down, z forward); pixels the edge convention (the centre of pixel i is at
i + 0.5). A direction at or beyond `Lens.max_theta` from the axis has no pixel: NaN.

Models: OpenCV's `calib3d` (rational, tangential, thin prism) and its `fisheye` (Kannala and Brandt, "A generic camera
model and calibration method for conventional, wide-angle, and fish-eye lenses", PAMI 2006).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.scene import Lens

__all__ = ["limit_fisheye", "limit_pinhole", "pinhole_lens", "project", "projection_matrix", "rays"]

Curve: TypeAlias = Callable[[Array], tuple[Array, Array]]  # values and derivatives
Coefficients: TypeAlias = tuple[float, ...]

_STEPS = 100  # of Newton's method; bisection alone needs about 60
_CLOSE = 1e-9  # of Newton's last step, relative: the error is about its square
_HALVED = 1e-13  # of a bisection's last step, relative
_BLOCK = 1 << 14  # pixels at a time, so that the many small steps stay in the cache
_FAR = 1e9  # tangent of what counts as 90 degrees


def pinhole_lens(attributes: Mapping[str, float], size_wh: tuple[int, int], near: float, far: float) -> Lens:
    """The ideal lens of UsdGeom.Camera's own attributes (named as in `SceneCamera.attributes`).

    Pixels are square and the vertical aperture follows from the image's shape: the authored one is ignored, as Isaac
    Sim does. The apertures' offsets shift the film, so that the axis moves the other way.
    """
    width, height = size_wh
    focal = attributes["focalLength"] * width / attributes["horizontalAperture"]
    px = width / attributes["horizontalAperture"]  # a unit of the film
    return Lens(
        "pinhole",
        width,
        height,
        focal,
        focal,
        width / 2 - attributes["horizontalApertureOffset"] * px,
        height / 2 + attributes["verticalApertureOffset"] * px,
        (),
        near,
        far,
        math.pi / 2,
    )


def projection_matrix(lens: Lens) -> Array:
    """float64 (4, 4), USD camera axes to clip space, row vectors, depth reversed: 1 at `near`, 0 at `far`.

    Only the linear part of a distorted lens.
    """
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * lens.fx / lens.width
    matrix[1, 1] = 2 * lens.fy / lens.height
    matrix[2, 0] = 1 - 2 * lens.cx / lens.width
    matrix[2, 1] = 2 * lens.cy / lens.height - 1
    scale = 0.0 if math.isinf(lens.far) else lens.near / (lens.far - lens.near)
    matrix[2, 2] = scale
    matrix[2, 3] = -1
    matrix[3, 2] = lens.near * (1 + scale)
    return matrix


def project(lens: Lens, directions: Array) -> Array:
    """Directions (N, 3) of any length to pixels float64 (N, 2); NaN where the lens does not see them."""
    x, y, z = np.asarray(directions, np.float64).T
    across = np.hypot(x, y)
    theta = np.arctan2(across, z)
    limit = lens.max_theta if lens.model == "opencvFisheye" else min(lens.max_theta, math.pi / 2)
    seen = (theta < limit) & ((across > 0) | (z > 0))  # NaN is not seen either
    x, y, z, across, theta = x[seen], y[seen], z[seen], across[seen], theta[seen]
    if lens.model == "opencvFisheye":
        bent, _ = _fisheye(lens.coefficients)(theta)
        scale = np.divide(bent, across, out=np.zeros_like(bent), where=across > 0)
        film = np.stack((x * scale, y * scale))
    elif lens.model == "opencvPinhole":
        film, _ = _distorted(x / z, y / z, lens.coefficients)
    else:
        film = np.stack((x / z, y / z))
    pixels = np.full((len(seen), 2), np.nan)
    pixels[seen] = film.T * (lens.fx, lens.fy) + (lens.cx, lens.cy)
    return pixels


def rays(lens: Lens) -> Array:
    """Unit directions through the pixels' centres, float64 (H, W, 3); NaN where no direction falls."""
    a = (np.arange(lens.width) + 0.5 - lens.cx) / lens.fx
    b = (np.arange(lens.height) + 0.5 - lens.cy) / lens.fy
    rows = max(1, _BLOCK // lens.width)
    directions = [
        _directions(lens, np.tile(a, len(band)), np.repeat(band, lens.width))
        for band in (b[start : start + rows] for start in range(0, lens.height, rows))
    ]
    return np.concatenate(directions).reshape(lens.height, lens.width, 3)


def _directions(lens: Lens, a: Array, b: Array) -> Array:
    """Unit directions (N, 3) that fall on the film (N,) at unit focal length; NaN where none does."""
    if lens.model == "opencvFisheye":
        radius = np.hypot(a, b)
        theta = _inverse(_fisheye(lens.coefficients), radius, lens.max_theta)
        scale = np.divide(np.sin(theta), radius, out=np.ones_like(radius), where=radius > 0)
        directions = np.stack((a * scale, b * scale, np.cos(theta)), axis=-1)
    else:
        if lens.model == "opencvPinhole":
            a, b = _undistorted(a, b, lens)
        directions = np.stack((a, b, np.ones_like(a)), axis=-1)
        directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
        directions[~(np.hypot(a, b) < _tangent(lens.max_theta))] = np.nan
    return directions


@lru_cache(maxsize=64)
def limit_fisheye(coefficients: Coefficients) -> float:
    """The angle from the axis [rad, at most pi] up to which `opencvFisheye` grows with it."""
    k1, k2, k3, k4 = coefficients
    squared = _smallest_root((1.0, 3 * k1, 5 * k2, 7 * k3, 9 * k4))
    return min(math.sqrt(squared), math.pi)


@lru_cache(maxsize=64)
def limit_pinhole(coefficients: Coefficients) -> float:
    """The angle from the axis [rad, at most pi / 2] up to which `opencvPinhole` maps no two directions to one pixel."""
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = coefficients
    top, bottom = np.polynomial.Polynomial((1, k1, k2, k3)), np.polynomial.Polynomial((1, k4, k5, k6))
    # d/dr of r top(r^2) / bottom(r^2), its positive denominator left out; beyond a pole of it nothing is to be seen.
    slope = (top + 2 * _X * top.deriv()) * bottom - 2 * _X * top * bottom.deriv()
    squared = min(_smallest_root(tuple(slope.coef)), _smallest_root(tuple(bottom.coef)))
    theta = math.atan(math.sqrt(squared))
    if any((p1, p2, s1, s2, s3, s4)):
        theta = min(theta, _limit_unsymmetric(coefficients, theta))
    return theta


_X = np.polynomial.Polynomial((0, 1))


def _smallest_root(ascending: Coefficients) -> float:
    """The smallest positive real root of a polynomial; +inf = none."""
    roots = np.polynomial.Polynomial(ascending).trim().roots()
    # A double root, where a curve only touches zero, comes back with a small imaginary part.
    real = roots.real[(np.abs(roots.imag) <= 1e-7 * np.maximum(np.abs(roots), 1e-12)) & (roots.real > 0)]
    return float(real.min()) if len(real) else math.inf


def _limit_unsymmetric(coefficients: Coefficients, top: float) -> float:
    """Where, at any azimuth, the determinant of the distortion's Jacobian first reaches zero [rad]."""
    low, high = 0.0, min(top, math.atan(_FAR))
    azimuth = np.linspace(0, 2 * np.pi, 360, endpoint=False)[:, None]
    for _ in range(4):  # each time within one of 256 steps of the last: to 1e-9 of the whole
        angles = np.linspace(low, high, 257)
        radius = np.tan(angles)
        _, ((xx, xy), (yx, yy)) = _distorted(radius * np.cos(azimuth), radius * np.sin(azimuth), coefficients)
        folded = ((xx * yy - xy * yx) <= 0).any(axis=0)
        if not folded.any():
            return high
        first = int(np.argmax(folded))
        low, high = float(angles[max(first - 1, 0)]), float(angles[first])
    return low


def _tangent(theta: float) -> float:
    return math.tan(theta) if theta < math.atan(_FAR) else _FAR


def _fisheye(coefficients: Coefficients) -> Curve:
    k1, k2, k3, k4 = coefficients

    def curve(theta: Array) -> tuple[Array, Array]:
        s = theta * theta
        value = theta * (1 + s * (k1 + s * (k2 + s * (k3 + s * k4))))
        return value, 1 + s * (3 * k1 + s * (5 * k2 + s * (7 * k3 + s * 9 * k4)))

    return curve


def _radial(s: Array, coefficients: Coefficients) -> tuple[Array, Array]:
    """The rational factor at squared radius `s`, and its derivative by `s`."""
    k1, k2, _, _, k3, k4, k5, k6 = coefficients[:8]
    top, bottom = 1 + s * (k1 + s * (k2 + s * k3)), 1 + s * (k4 + s * (k5 + s * k6))
    d_top, d_bottom = k1 + s * (2 * k2 + s * 3 * k3), k4 + s * (2 * k5 + s * 3 * k6)
    return top / bottom, (d_top * bottom - top * d_bottom) / (bottom * bottom)


def _distorted(x: Array, y: Array, coefficients: Coefficients) -> tuple[Array, tuple[tuple[Array, ...], ...]]:
    """Points of the ideal film on the bent one, (2, ...), and the Jacobian's rows (d by x, d by y)."""
    _, _, p1, p2, _, _, _, _, s1, s2, s3, s4 = coefficients
    s = x * x + y * y
    factor, slope = _radial(s, coefficients)
    both = 2 * (x * y * slope + p1 * x + p2 * y)
    prism_x, prism_y = 2 * s1 + 4 * s2 * s, 2 * s3 + 4 * s4 * s
    film = np.stack(
        (
            x * factor + 2 * p1 * x * y + p2 * (s + 2 * x * x) + s * (s1 + s2 * s),
            y * factor + p1 * (s + 2 * y * y) + 2 * p2 * x * y + s * (s3 + s4 * s),
        )
    )
    by_x = factor + 2 * (x * x * slope + p1 * y + 3 * p2 * x) + prism_x * x, both + prism_x * y
    by_y = both + prism_y * x, factor + 2 * (y * y * slope + 3 * p1 * y + p2 * x) + prism_y * y
    return film, (by_x, by_y)


def _undistorted(a: Array, b: Array, lens: Lens) -> tuple[Array, Array]:
    """Points (N,) of the bent film on the ideal one; NaN where none maps there."""
    coefficients = lens.coefficients

    def curve(radius: Array) -> tuple[Array, Array]:
        s = radius * radius
        factor, slope = _radial(s, coefficients)
        return radius * factor, factor + 2 * s * slope

    edge = _tangent(lens.max_theta)
    bent = np.hypot(a, b)
    symmetric = not any(coefficients[2:4] + coefficients[8:12])
    if symmetric:
        radius = _inverse(curve, bent, edge)
        scale = np.divide(radius, bent, out=np.ones_like(bent), where=bent > 0)
        return a * scale, b * scale
    reach = float(curve(np.float64(edge))[0])
    radius = _inverse(curve, np.minimum(bent, reach * (1 - 1e-9)), edge)
    scale = np.divide(radius, bent, out=np.ones_like(bent), where=bent > 0)
    return _newton(a, b, a * scale, b * scale, lens)


def _newton(a: Array, b: Array, x: Array, y: Array, lens: Lens) -> tuple[Array, Array]:
    """Solves `_distorted(x, y) = (a, b)` from a start; NaN where that does not converge within the lens's limit."""
    edge = _tangent(lens.max_theta)
    target = np.stack((a, b))
    found = np.full_like(target, np.nan)
    left = np.arange(len(a))
    for _ in range(_STEPS):
        film, ((xx, xy), (yx, yy)) = _distorted(x, y, lens.coefficients)
        miss_x, miss_y = film - target[:, left]
        determinant = xx * yy - xy * yx
        determinant[determinant == 0] = np.nan
        step_x = (yy * miss_x - xy * miss_y) / determinant
        step_y = (xx * miss_y - yx * miss_x) / determinant
        # Outside the limit the map folds: a step that would leave it goes to the edge instead.
        x, y = x - step_x, y - step_y
        radius = np.hypot(x, y)
        inward = np.where(radius > edge, edge / np.where(radius > 0, radius, 1), 1.0)
        x, y = x * inward, y * inward
        done = (np.hypot(step_x, step_y) <= _CLOSE * (1 + radius)) & (inward == 1)
        found[:, left[done]] = x[done], y[done]
        going = ~done & np.isfinite(x) & np.isfinite(y)
        left, x, y = left[going], x[going], y[going]
        if not len(left):
            break
    return found[0], found[1]


def _inverse(curve: Curve, target: Array, top: float) -> Array:
    """Where a curve that grows from 0 on [0, top] reaches `target` (N,); NaN where it does not.

    Newton's method, with a bisection step wherever it would leave the bracket.
    """
    found = np.full_like(target, np.nan)
    left = np.flatnonzero(target <= curve(np.float64(top))[0])
    t = np.minimum(target[left], top)
    low, high = np.zeros_like(t), np.full_like(t, top)
    for _ in range(_STEPS):
        value, slope = curve(t)
        miss = value - target[left]
        low, high = np.where(miss < 0, t, low), np.where(miss > 0, t, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # a flat curve: bisection follows
            following = t - miss / slope
        newton = (following >= low) & (following <= high)
        following = np.where(newton, following, (low + high) / 2)
        done = np.abs(following - t) <= np.where(newton, _CLOSE, _HALVED) * (1 + t)
        found[left[done]] = following[done]
        left, t, low, high = left[~done], following[~done], low[~done], high[~done]
        if not len(left):
            break
    return found
