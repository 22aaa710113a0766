"""KITTI's upright boxes: from oriented boxes in the world to height, width, length, location and one angle.

Frames: `camera` is the OpenCV frame of a view; `label` is the frame of the label files (KITTI's rectified reference
camera: x right, y down, z forward), equal to `camera` unless the policy is `level`; `velo` is x forward, y left, z up.
Angles after the KITTI object devkit: rotation_y turns about +y, 0 faces +x, -pi/2 faces away along +z.

Results are snapped before branches (signs, ties, +-pi), because the last bit of a sum differs between builds of numpy
and must not decide a sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core import Boxes3D
from framepress.core.arrays import Array
from framepress.errors import OptionError

__all__ = [
    "AXES",
    "LABEL_FROM_VELO",
    "TILT_LIMIT",
    "WRITTEN_DIGITS",
    "Upright",
    "axis_code",
    "camera_from_level",
    "label_from_upright",
    "upright",
    "wrap",
]

AXES = {"x": 1, "y": 2, "z": 3, "-x": -1, "-y": -2, "-z": -3}
LABEL_FROM_VELO = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
TILT_LIMIT = np.radians(5.0)
WRITTEN_DIGITS = 6

_STEEP = 0.9  # |y| of a forward direction above which its projected yaw says nothing
_SMALLEST = 5e-7  # m; a side below it would be written as 0.000000
_DIGITS = 9


def axis_code(text: str, option: str, *, auto: bool) -> int:
    """1, 2, 3 for x, y, z, negative for the opposite direction, 0 for `auto`.

    Raises:
        OptionError: none of these.
    """
    if auto and text == "auto":
        return 0
    if text not in AXES:
        raise OptionError(f"{option}={text!r}: must be one of {', '.join((*AXES, *(('auto',) if auto else ())))}")
    return AXES[text]


def wrap(angle: Array) -> Array:
    """Angles [rad] in [-pi, pi]."""
    return np.asarray(angle - 2 * np.pi * np.rint(angle / (2 * np.pi)))


def camera_from_level(camera_from_world: Array, world_up: Array) -> Array:
    """Rotation (3, 3) from the gravity-levelled frame to the camera: same heading, y exactly down, x horizontal.

    A camera that looks straight down or up has no heading; its image's upper edge takes that place.
    """
    up = camera_from_world[:3, :3] @ world_up
    heading = np.array([0.0, 0.0, 1.0])
    if abs(up[2]) > 1 - 1e-6:
        heading = np.array([0.0, np.sign(up[2]), 0.0])
    forward = heading - up * (heading @ up)
    forward = forward / np.linalg.norm(forward)
    return np.stack((np.cross(-up, forward), -up, forward), axis=1)


@dataclass(frozen=True, slots=True)
class Upright:
    """N boxes in KITTI's terms, label frame; rows that `unknown` names hold NaN.

    Args:
        hwl: float64 (N, 3) [m].
        location: float64 (N, 3) [m], the centre of the bottom face.
        rotation_y, alpha: float64 (N,) [rad]. They and `location` have the digits that are written, and alpha follows
            from those, so that a line agrees with itself and writing it again changes nothing.
        tilt: float64 (N,) [rad], between the box's up and the label frame's -y; NaN where there is no box.
        guessed: bool (N,), the sign of the forward direction is a guess.
        unknown: reason -> bool (N,), each row under one reason at most.
    """

    hwl: Array
    location: Array
    rotation_y: Array
    alpha: Array
    tilt: Array
    guessed: Array
    unknown: dict[str, Array]

    @property
    def known(self) -> Array:
        return np.asarray(~np.isnan(self.rotation_y))


def upright(
    boxes: Boxes3D, label_from_world: Array, *, forward: Array, up: int, world_up: Array, policy: str
) -> Upright:
    """Oriented boxes as KITTI boxes.

    Args:
        label_from_world: float64 (4, 4), rigid.
        forward: int (N,) axis codes: the box axis along its length; 0 takes the longer of the two that are not up.
        up: axis code: the box axis that is up; 0 takes the one best aligned with `world_up`.
        world_up: float64 (3,), unit.
        policy: what a tilted box becomes. `strict`: above 5 degrees nothing; `project` (and `level`, whose frame has
            been levelled already): true size and centre, yaw of the forward direction seen from above; `enclose`: the
            smallest upright box with that yaw around it.
    """
    rotation = label_from_world[:3, :3]
    axes = np.einsum("ij,njk->nik", rotation, boxes.axes())
    center = boxes.center @ rotation.T + label_from_world[:3, 3]
    forward_axis, forward_sign, up_axis, up_sign = _roles(axes, boxes.size, forward, up, rotation @ world_up)
    rows = np.arange(len(boxes))
    ahead = axes[rows, :, forward_axis] * forward_sign[:, None]
    above = axes[rows, :, up_axis] * up_sign[:, None]
    length, height, width = (boxes.size[rows, axis] for axis in (forward_axis, up_axis, 3 - forward_axis - up_axis))

    tilt = np.arctan2(np.hypot(above[:, 0], above[:, 2]), -above[:, 1])
    rotation_y = np.round(np.arctan2(_snapped(-ahead[:, 2]), _snapped(ahead[:, 0])), WRITTEN_DIGITS)
    if policy == "enclose":
        reach = np.abs(np.einsum("nij,nik->njk", label_from_upright(rotation_y), axes))
        length, width, height = np.einsum("njk,nk->nj", reach, boxes.size).T
    hwl = np.stack((height, width, length), axis=1)
    location = center + np.stack((np.zeros_like(height), height / 2, np.zeros_like(height)), axis=1)
    location = np.round(location, WRITTEN_DIGITS)

    unknown = _first_reason(
        absent=~boxes.known,
        flat=np.asarray(~(boxes.size >= _SMALLEST).all(axis=1)),
        behind=~(location[:, 2] >= _SMALLEST),
        steep=np.abs(ahead[:, 1]) > _STEEP,
        tilted=(tilt > TILT_LIMIT) & (policy == "strict"),
    )
    lost = np.logical_or.reduce(list(unknown.values()))
    alpha = wrap(rotation_y - np.arctan2(location[:, 0], location[:, 2]))
    blank = np.where(lost, np.nan, 0.0)
    return Upright(
        hwl + blank[:, None],
        location + blank[:, None],
        rotation_y + blank,
        alpha + blank,
        np.where(boxes.known, tilt, np.nan),
        (forward == 0) & ~lost,
        unknown,
    )


def _snapped(values: Array) -> Array:
    """Rounded to 1e-9, never -0.0: an axis-aligned box must not flip between pi and -pi."""
    return np.asarray(np.round(values, _DIGITS) + 0.0)


def _roles(axes: Array, size: Array, forward: Array, up: int, up_in_label: Array) -> tuple[Array, Array, Array, Array]:
    """Which box axis is forward and which is up, 0..2, and in which direction, +-1: four arrays (N,)."""
    rows = np.arange(len(axes))
    fixed = forward != 0
    forward_axis = np.abs(forward) - 1
    alignment = np.round(np.einsum("i,nik->nk", up_in_label, axes), _DIGITS)
    strength = np.abs(alignment)
    strength[rows[fixed], forward_axis[fixed]] = -1
    up_axis = np.full(len(axes), abs(up) - 1) if up else np.argmax(strength, axis=1)
    up_sign = np.full(len(axes), np.sign(up)) if up else np.where(alignment[rows, up_axis] < 0, -1, 1)
    length = size.copy()
    length[rows, up_axis] = -1
    forward_axis = np.where(fixed, forward_axis, np.argmax(length, axis=1))
    return forward_axis, np.where(forward < 0, -1, 1), up_axis, up_sign


def _first_reason(**reasons: Array) -> dict[str, Array]:
    taken = np.zeros_like(next(iter(reasons.values())))
    found = {}
    for name, rows in reasons.items():
        found[name] = rows & ~taken
        taken = taken | rows
    return found


def label_from_upright(rotation_y: Array) -> Array:
    """Rotations (N, 3, 3); the columns are a box's forward, left and up in the label frame."""
    c, s = np.cos(rotation_y), np.sin(rotation_y)
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.moveaxis(np.array([[c, s, zero], [zero, zero, -one], [-s, c, zero]]), 2, 0)
