"""Depth, range, normals and flow: within themselves, and against each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core import Camera, Frame
from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FRAME, rule
from framepress.quality.truth.sight import Sight, lattice, lattice_step, of_views, sights

__all__ = [
    "depth_is_range_along_the_axis",
    "distances_are_distances",
    "flow_is_finite",
    "inverse_of",
    "normals_have_unit_length",
    "objects_have_depth",
    "slants",
]

_DISTANCES = ("depth", "range")
_STEP_M = 1e-3  # of depth in whole millimetres
_FLAT = 1e-9  # a matrix of this determinant or less projects nothing
_THIN = 4  # every fourth point of the lattice, where a thousand will do


@rule(
    "TRU-008",
    FRAME,
    ERROR,
    stage="truth",
    breaks="depth estimators, point clouds: everything has another shape or size",
    remedy="take both distances from one frame; depth = range / sqrt(1 + ((u - cx) / fx)^2 + ((v - cy) / fy)^2)",
)
def depth_is_range_along_the_axis(frame: Frame, *, relative: float = 2e-3, share: float = 0.02) -> Iterator[Issue]:
    """Depth and range are the same surface, seen along the axis and along the ray.

    At the samples of a lattice, of which a `share` may differ. Where the lens is no known pinhole: depth is not longer
    than range.
    """
    for sight in sights(frame):
        if not all(name in sight.view.channels for name in _DISTANCES):
            continue
        depth, range_ = (lattice(sight.view, name, _THIN).astype(np.float64) for name in _DISTANCES)
        one = np.isfinite(depth) & (depth > 0)
        both = one & np.isfinite(range_) & (range_ > 0)
        if np.isfinite(range_).any() != one.any() or not both.any():
            continue  # another rule tells of a channel without anything in it
        slant = _slants_of_lattice(sight.view.camera)
        expected = range_ if slant is None else range_ / slant
        with np.errstate(invalid="ignore"):
            slack = relative * range_ + _STEP_M
            off = depth - expected > slack
            off |= (slant is not None) & (expected - depth > slack)
        part = float(off[both].mean())
        if part > share:
            worst = int(np.flatnonzero(off & both)[0])
            told = f"{depth[worst]:.4g} m where range {range_[worst]:.4g} m makes {expected[worst]:.4g} m"
            if slant is None:
                told = f"{depth[worst]:.4g} m where range is {range_[worst]:.4g} m"
            yield sight.told(frame, f"depth is not range along the axis at {part:.0%} of the pixels: {told}", "depth")


def inverse_of(camera: Camera) -> Array | None:
    """float64 (3, 3), from pixels to rays; None where the lens is no known pinhole."""
    if camera.K is None or camera.distortion is not None or not abs(np.linalg.det(camera.K)) > _FLAT:
        return None
    return np.asarray(np.linalg.inv(camera.K))


def slants(inverse: Array, u: Array, v: Array) -> Array:
    """float64 (S,): range over depth of pixels, from `inverse_of` their camera."""
    x, y = ((u + 0.5) * inverse[axis, 0] + (v + 0.5) * inverse[axis, 1] + inverse[axis, 2] for axis in (0, 1))
    return np.asarray(np.sqrt(1 + x * x + y * y))


def _slants_of_lattice(camera: Camera) -> Array | None:
    inverse = inverse_of(camera)
    if inverse is None:
        return None
    step = lattice_step(camera.width, camera.height)
    index = np.arange(0, camera.width * camera.height, step * _THIN if step > 1 else 1)
    v = index // camera.width
    return slants(inverse, index - v * camera.width, v)


@rule(
    "TRU-009",
    FRAME,
    ERROR,
    stage="truth",
    breaks="depth estimators, point clouds",
    remedy="let the renderer warm up before the first frame; +inf stands for nothing hit, and nothing else does",
)
def distances_are_distances(frame: Frame) -> Iterator[Issue]:
    """Depth and range are numbers of at least 0, and not everywhere the same while several things are seen.

    Looked for at the samples of a lattice.
    """
    for sight in sights(frame):
        for name in _DISTANCES:
            if name in sight.view.channels:
                found = _no_distance(sight, lattice(sight.view, name))
                if found:
                    yield sight.told(frame, f"{name} {found}", name)


def _no_distance(sight: Sight, values: Array) -> str:
    with np.errstate(invalid="ignore"):
        low, high = float(values.min()), float(values.max())
    if np.isnan(low):
        return f"is NaN at {np.isnan(values).mean():.0%} of the pixels"
    if low < 0:
        return f"is negative, down to {low:g} m"
    if low == high == 0:
        return "is 0 everywhere"
    things, covered = _things(sight)
    if covered and low == np.inf:
        return f"is +inf everywhere, though objects cover {covered} pixels"
    if things > 1 and low == high:
        return f"is {low:g} m everywhere, though {things} things are seen"
    return ""


def _things(sight: Sight) -> tuple[int, int]:
    """(how many things the instance map shows, what is no object as one of them; pixels of objects)."""
    if sight.table is None:
        return 0, 0
    covered = int(sight.table.area.sum())
    return len(sight.table) + (covered < sight.view.camera.width * sight.view.camera.height), covered


@rule(
    "TRU-010",
    FRAME,
    ERROR,
    stage="truth",
    breaks="depth estimators, 3D detectors: an object without a surface",
    remedy="take depth and instance segmentation from the same frame",
)
def objects_have_depth(frame: Frame, *, share: float = 0.5) -> Iterator[Issue]:
    """Where an object is seen, something was hit.

    More than a `share` of its samples without a distance is a finding.
    """
    for name in _DISTANCES:
        for sight in of_views(frame, "instance", name):
            samples = sight.samples
            found = sight.view.channels[name][samples.v, samples.u]
            if not (np.isfinite(found) & (found > 0)).any():
                continue  # of all of them: no matter of one object
            _, part = samples.share(~(np.isfinite(found) & (found > 0)), len(sight.objects))
            for row in np.flatnonzero(part > share).tolist():
                yield sight.issue(frame, row, f"{part[row]:.0%} of its pixels have no {name}", name)


@rule(
    "TRU-011",
    FRAME,
    WARNING,
    stage="truth",
    breaks="normal estimators",
    remedy="store normals as unit vectors; 0 0 0 where nothing was hit",
)
def normals_have_unit_length(frame: Frame, *, tolerance: float = 0.02, share: float = 0.01) -> Iterator[Issue]:
    """A normal is a unit vector, or 0 0 0 where nothing was hit."""
    for sight in sights(frame):
        if "normal" not in sight.view.channels:
            continue
        normals = lattice(sight.view, "normal", _THIN).astype(np.float64)
        length = np.sqrt(np.einsum("si,si->s", normals, normals))
        wrong = ~(np.abs(length - 1) <= tolerance) & (length != 0)
        if wrong.mean() > share:
            worst = float(length[wrong][0])
            yield sight.told(
                frame, f"{wrong.mean():.0%} of the normals have another length, such as {worst:g}", "normal"
            )


@rule(
    "TRU-012",
    FRAME,
    ERROR,
    stage="truth",
    breaks="flow estimators: one number that is none spoils a loss",
    remedy="render the frame again; 0 0 stands for nothing hit",
)
def flow_is_finite(frame: Frame) -> Iterator[Issue]:
    """Flow is finite everywhere.

    Looked for at the samples of a lattice.
    """
    for sight in sights(frame):
        if "flow" in sight.view.channels:
            wrong = ~np.isfinite(lattice(sight.view, "flow", _THIN)).all(axis=1)
            if wrong.any():
                yield sight.told(frame, f"flow is not finite at {wrong.mean():.0%} of the pixels", "flow")
