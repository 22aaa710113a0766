"""Rules for angles, and for what becomes of boxes that one angle cannot turn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.formats.kitti_geometry import wrap
from framepress.formats.kitti_tree import SIDECAR
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.kitti.table import KittiLook
from framepress.quality.rule import FILE, rule

__all__ = [
    "alpha_follows_from_rotation_y",
    "angles_are_radians_in_front_of_the_camera",
    "the_tilt_policy_is_recorded",
]

_TILTS = ("project", "strict", "enclose", "level")
_UNKNOWN_ANGLE = -10.0


@rule(
    "KITTI-008",
    FILE,
    ERROR,
    stage="annotation",
    format="kitti",
    breaks="orientation scores (AOS); heads that learn the local angle",
    remedy="write alpha = rotation_y - atan2(x, z), wrapped to -pi..pi; -10 where it is not known",
)
def alpha_follows_from_rotation_y(
    kitti: KittiLook, *, tolerance_rad: float = 0.03, rounding_m: float = 0.02
) -> Iterator[Issue]:
    """Alpha is rotation_y - atan2(x, z), wrapped to -pi..pi; -10 says that it is not known.

    Args:
        tolerance_rad: two decimals in both angles, and the offset of KITTI's second camera.
        rounding_m: of x and z: at a distance d it moves the angle by rounding_m / d.
    """
    lines = kitti.lines
    alpha = lines.alpha
    asked = lines.solid & lines.sound_angle & (lines.location[:, 2] > 0) & (np.abs(alpha) <= np.pi + 0.01)
    rows = np.flatnonzero(asked)
    x, z = lines.location[rows][:, [0, 2]].T
    wanted = wrap(lines.rotation_y[rows] - np.arctan2(x, z))
    error = np.abs(wrap(alpha[rows] - wanted))
    for at in np.flatnonzero(error > tolerance_rad + rounding_m / np.hypot(x, z)).tolist():
        row = int(rows[at])
        copied = "; it is rotation_y itself" if abs(alpha[row] - lines.rotation_y[row]) < tolerance_rad else ""
        message = f"alpha is {alpha[row]:.6g}, from rotation_y, x and z it is {wanted[at]:.6g}{copied}"
        yield kitti.issue(row, message, "alpha")


@rule(
    "KITTI-009",
    FILE,
    ERROR,
    stage="annotation",
    format="kitti",
    breaks="evaluators: objects behind the camera, angles that wrap to anything",
    remedy="write angles in radians from -pi to pi, and leave out, or make DontCare, what is behind the camera",
)
def angles_are_radians_in_front_of_the_camera(kitti: KittiLook, *, rounding_rad: float = 0.005) -> Iterator[Issue]:
    """A known 3D box has z > 0 and rotation_y in [-pi, pi]; alpha is in [-pi, pi], or -10 for unknown.

    Args:
        rounding_rad: by which an angle may be beyond pi: two decimals.
    """
    lines = kitti.lines
    limit = np.pi + rounding_rad
    turned = lines.solid & (np.abs(lines.rotation_y) > limit)
    seen = ~lines.ignored & (np.abs(lines.alpha) > limit) & (lines.alpha != _UNKNOWN_ANGLE)
    behind = lines.solid & ~(lines.location[:, 2] > 0)
    for row in np.flatnonzero(turned | seen | behind).tolist():
        for wrong, name, value in (
            (turned[row], "rotation_y", lines.rotation_y[row]),
            (seen[row], "alpha", lines.alpha[row]),
        ):
            if wrong:
                degrees = "; are these degrees?" if limit < abs(value) <= 360 else ""
                yield kitti.issue(row, f"{name} is {value:.6g}, not in [-pi, pi]{degrees}", name)
        if behind[row]:
            yield kitti.issue(row, f"z is {lines.location[row, 2]:.6g}, which is not in front of the camera", "z")


@rule(
    "KITTI-016",
    FILE,
    WARNING,
    stage="annotation",
    format="kitti",
    breaks="3D metrics: a box has one angle, and nobody knows what became of the others",
    remedy="write the dataset with framepress, which records the policy under options.tilt, or level the camera",
)
def the_tilt_policy_is_recorded(kitti: KittiLook, *, limit_deg: float = 5.0) -> Iterator[Issue]:
    """Where boxes are tilted against the camera, `framepress.json` records what became of that (`options.tilt`).

    A `framepress.json` must name one of project, strict, enclose and level, and the calibration must agree: a P2 that
    turns the frame of the labels against the camera by more than `limit_deg` belongs to level. In datasets of others
    the same turn is told, because nothing says that it is meant.
    """
    if kitti.sidecar.there and kitti.sidecar.tilt not in _TILTS:
        message = f"options.tilt is {kitti.sidecar.tilt!r}, not one of {', '.join(_TILTS)}"
        yield Issue(message=message, file=SIDECAR, place="options.tilt")
        return
    if kitti.sidecar.tilt == "level":
        return
    said = f"options.tilt is {kitti.sidecar.tilt!r}, but " if kitti.sidecar.there else "no policy is recorded, but "
    turns = np.array([*map(_turn_deg, kitti.projections[:-1]), 0.0])[kitti.samples.calibration]
    for sample in np.flatnonzero(turns > limit_deg).tolist():
        message = f"{said}P2 turns the frame of the labels by {turns[sample]:.3g} degrees, which level alone does"
        yield kitti.of_sample(sample, message, file=kitti.calib_file(sample), place="P2")
        return


def _turn_deg(projection: Array) -> float:
    """How far the optical axis of P2 = K [R | t] is turned against the z axis of the labels."""
    if np.isnan(projection).any():
        return 0.0
    axis = projection[2, :3]
    return float(np.degrees(np.arctan2(np.hypot(axis[0], axis[1]), axis[2])))
