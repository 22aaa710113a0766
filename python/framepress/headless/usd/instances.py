"""The points of a PointInstancer: which prototype stands where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom

from framepress.core.arrays import Array

__all__ = ["Points", "points_of", "points_vary", "prototype_paths"]

_MOVING = (
    "protoIndices",
    "positions",
    "orientations",
    "orientationsf",
    "scales",
    "velocities",
    "angularVelocities",
    "accelerations",
    "ids",
    "invisibleIds",
)


@dataclass(frozen=True, slots=True)
class Points:
    """n points.

    Args:
        prototypes: int64 (n,), -1 = the point names none.
        matrices: float64 (n, 4, 4), prototype root's parent to instancer, row vectors.
        shown: bool (n,), neither in `invisibleIds` nor in `inactiveIds`.
    """

    prototypes: Array
    matrices: Array
    shown: Array


def prototype_paths(prim: Usd.Prim) -> list[Sdf.Path]:
    return list(UsdGeom.PointInstancer(prim).GetPrototypesRel().GetForwardedTargets())


def points_vary(prim: Usd.Prim) -> bool:
    """Whether the points may differ from one time to another."""
    return any(prim.GetAttribute(name).ValueMightBeTimeVarying() for name in _MOVING)


def points_of(prim: Usd.Prim, time: Usd.TimeCode, prototypes: int) -> tuple[Points, str]:
    """The points, and what is wrong with them ("" = nothing). Points at odds with each other are left out, all of them.

    Args:
        prototypes: how many there are to choose from.
    """
    instancer = UsdGeom.PointInstancer(prim)
    chosen = np.array(instancer.GetProtoIndicesAttr().Get(time) or (), dtype=np.int64)
    count = len(chosen)
    if not count:
        return _NONE, ""
    lengths = {name: _length(prim, name, time) for name in ("positions", "orientations", "orientationsf", "scales")}
    due = {name: length for name, length in lengths.items() if length or name == "positions"}
    wrong = [f"{length} {name}" for name, length in due.items() if length != count]
    if wrong:
        return _NONE, f"{count} protoIndices but {' and '.join(wrong)}: its points are left out"
    matrices = instancer.ComputeInstanceTransformsAtTime(
        time, time, UsdGeom.PointInstancer.ExcludeProtoXform, UsdGeom.PointInstancer.IgnoreMask
    )
    mask = list(instancer.ComputeMaskAtTime(time))
    shown = np.array(mask, dtype=bool) if mask else np.ones(count, dtype=bool)
    missing = (chosen < 0) | (chosen >= prototypes)
    finding = ""
    if missing.any():
        finding = (
            f"{missing.sum()} of {count} points, the first {chosen[missing][0]}, name none of its {prototypes} "
            "prototypes: they are left out"
        )
        chosen[missing] = -1
    return Points(chosen, np.array(matrices, dtype=np.float64).reshape(count, 4, 4), shown), finding


def _length(prim: Usd.Prim, name: str, time: Usd.TimeCode) -> int:
    value: Any = prim.GetAttribute(name).Get(time)
    return 0 if value is None else len(value)


_NONE = Points(np.empty(0, dtype=np.int64), np.empty((0, 4, 4)), np.empty(0, dtype=bool))
