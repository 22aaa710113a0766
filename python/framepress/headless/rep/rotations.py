"""Rotations as scripts write them and USD keeps them: degrees about the axes, quaternions, row-vector matrices.

"XYZ" turns about x first, then y, then z, about the fixed axes, as `xformOp:rotateXYZ`. With row vectors
(`p_turned = p @ R`) that is R = Rx Ry Rz.
"""

from __future__ import annotations

import math
from typing import Any

from pxr import Gf

from framepress.errors import OptionError

__all__ = ["AXES", "ORDERS", "axis_vector", "degrees_of", "looking", "matrix_of", "rigid"]

AXES = {"X": (1.0, 0.0, 0.0), "Y": (0.0, 1.0, 0.0), "Z": (0.0, 0.0, 1.0)}
ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
PARALLEL = 1e-9  # Sine of the angle below which an up axis no longer says which way is up.


def axis_vector(axis: Any, call: str) -> Any:
    """An up axis given as "Y", "-Z" or three numbers, as a `Gf.Vec3d`.

    Raises:
        OptionError: it is none of these, or zero.
    """
    if isinstance(axis, str):
        name = axis.upper().lstrip("+-")
        if name not in AXES:
            raise OptionError(f"{call}: up axis {axis!r}; give 'X', 'Y', 'Z' or three numbers")
        found = Gf.Vec3d(AXES[name]) * (-1.0 if axis.startswith("-") else 1.0)
    else:
        found = Gf.Vec3d(*(float(each) for each in axis))
    if not found.GetLength() > 0:
        raise OptionError(f"{call}: up axis {axis!r} has no direction")
    return found


def matrix_of(degrees: Any, order: str) -> Any:
    """`Gf.Matrix3d` of three angles, which belong to x, y and z whatever the order."""
    turned = Gf.Matrix3d(1.0)
    for axis in order:
        turned = turned * Gf.Matrix3d(Gf.Rotation(Gf.Vec3d(AXES[axis]), degrees["XYZ".index(axis)]))
    return turned


def degrees_of(matrix: Any, order: str) -> tuple[float, float, float]:
    """Angles about x, y and z of a rotation; of the many when the middle one is a right angle, the last is 0."""
    i, j, k = ("XYZ".index(axis) for axis in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    level = math.hypot(matrix[i][i], matrix[i][j])
    angles = [0.0, 0.0, 0.0]
    angles[j] = math.degrees(math.atan2(-sign * matrix[i][k], level))
    if level > PARALLEL:
        angles[i] = math.degrees(math.atan2(sign * matrix[j][k], matrix[k][k]))
        angles[k] = math.degrees(math.atan2(sign * matrix[i][j], matrix[i][i]))
    else:
        angles[i] = math.degrees(math.atan2(-sign * matrix[k][j], matrix[j][j]))
    return angles[0], angles[1], angles[2]


def rigid(matrix: Any) -> tuple[Any, Any]:
    """The lengths of a matrix's rows (the first negative if it mirrors) and the rotation that is left.

    Returns:
        `Gf.Vec3d`, `Gf.Matrix3d`, with `matrix = diag(lengths) * rotation` unless it shears.
    """
    rows = [Gf.Vec3d(matrix[row][0], matrix[row][1], matrix[row][2]) for row in range(3)]
    lengths = [row.GetLength() for row in rows]
    if Gf.Dot(Gf.Cross(rows[0], rows[1]), rows[2]) < 0:
        lengths[0] = -lengths[0]
    turned = Gf.Matrix3d(1.0)
    for row in range(3):
        if lengths[row]:
            turned.SetRow(row, rows[row] / lengths[row])
    return Gf.Vec3d(*lengths), turned


def looking(direction: Any, up: Any, call: str) -> Any:
    """Rotation that turns -z along `direction` and +y as near to `up` as can be.

    Straight along `up` it keeps +y, or with y up -z, at the top.

    Raises:
        OptionError: no direction, for the target is where the prim is.
    """
    if not direction.GetLength() > 0:
        raise OptionError(f"{call}: the target is at the prim's own position, so there is no direction to look in")
    back = -direction.GetNormalized()
    right = Gf.Cross(up.GetNormalized(), back)
    if right.GetLength() < PARALLEL:
        right = Gf.Cross(Gf.Vec3d(0, 0, -1) if abs(back[1]) > 0.5 else Gf.Vec3d(0, 1, 0), back)
    right = right.GetNormalized()
    above = Gf.Cross(back, right)
    return Gf.Matrix3d(*right, *above, *back)
