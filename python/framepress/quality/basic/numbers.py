"""Rules for the numbers beside the arrays."""

from __future__ import annotations

from collections.abc import Iterator

from framepress.quality.basic.table import BasicLook
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["cameras_agree_with_themselves", "numbers_are_finite"]


@rule(
    "GEN-004",
    FILE,
    ERROR,
    stage="format",
    format="basic",
    breaks="NaN and Infinity are no JSON: readers in other languages refuse the file",
    remedy="record the frame again; a camera without a limit has a large number for it",
)
def numbers_are_finite(basic: BasicLook) -> Iterator[Issue]:
    """No number in a recording's JSON is NaN or infinite."""
    yield from basic.not_finite


@rule(
    "CAP-019",
    FILE,
    ERROR,
    stage="annotation",
    format="basic",
    breaks="whatever projects 3D boxes, or makes points of depth, misses by as much",
    remedy="record camera_params again, at the resolution of the render product",
)
def cameras_agree_with_themselves(basic: BasicLook) -> Iterator[Issue]:
    """camera_params are a camera: a rigid view, a projection that is no other than that of focal length and aperture.

    The horizontal aperture alone counts: pixels are square whatever the vertical one says. Lenses that are no pinhole
    are not compared, since their projection matrix does not describe them.
    """
    yield from basic.wrong_cameras
