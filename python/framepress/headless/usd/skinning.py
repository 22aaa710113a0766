"""Linear blend skinning, in float64.

Sums run over a point's influences in their authored order and never through a matrix product of the linear algebra
library, whose order of summation may depend on the machine: same pose, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Influences", "inverse_transposes", "skin_normals", "skin_points"]


@dataclass(frozen=True, slots=True, eq=False)
class Influences:
    """Which joints move a point: K for each of P points.

    Args:
        joints: int32 (K, P), rows of the transforms. weights: float64 (K, P), used as they are, not normalised.
    """

    joints: Array
    weights: Array

    @classmethod
    def of(cls, joints: Array, weights: Array, points: int) -> Influences:
        """From flat arrays, K numbers a point; a column of weights that is 0 throughout is left out."""
        columns = np.asarray(weights, np.float64).reshape(points, -1).T
        used = columns.any(axis=1)
        rows = np.asarray(joints, np.int32).reshape(points, -1).T
        return cls(np.ascontiguousarray(rows[used]), np.ascontiguousarray(columns[used]))


def skin_points(points: Array, influences: Influences, transforms: Array) -> Array:
    """Points (P, 3) moved by the transforms (J, 4, 4) of their joints, row vectors; float64 (P, 3)."""
    blend = _blended(influences, transforms[:, :, :3].reshape(-1, 12)).reshape(-1, 4, 3)
    p = np.asarray(points, np.float64)
    return p[:, :1] * blend[:, 0] + p[:, 1:2] * blend[:, 1] + p[:, 2:] * blend[:, 2] + blend[:, 3]


def skin_normals(normals: Array, influences: Influences, transforms: Array, rows: Array | None = None) -> Array:
    """Normals (N, 3) turned by `inverse_transposes` (J, 3, 3) of their joints, of unit length (or 0); float64 (N, 3).

    Args:
        rows: int (N,), the point that each normal belongs to; None = its own row.
    """
    blend = _blended(influences, transforms.reshape(-1, 9))
    blend = (blend if rows is None else blend[rows]).reshape(-1, 3, 3)
    n = np.asarray(normals, np.float64)
    turned = n[:, :1] * blend[:, 0] + n[:, 1:2] * blend[:, 1] + n[:, 2:] * blend[:, 2]
    lengths = np.sqrt(turned[:, :1] ** 2 + turned[:, 1:2] ** 2 + turned[:, 2:] ** 2)
    return np.divide(turned, lengths, out=np.zeros_like(turned), where=lengths > 0)


def inverse_transposes(transforms: Array) -> Array:
    """What turns normals where `transforms` (..., 4, 4) move points: float64 (..., 3, 3); a flat transform's own."""
    linear = np.asarray(transforms, np.float64)[..., :3, :3]
    flat = np.abs(np.linalg.det(linear)) < 1e-30
    return np.where(flat[..., None, None], linear, _inverses(linear, flat).swapaxes(-1, -2))


def _inverses(linear: Array, flat: Array) -> Array:
    return np.linalg.inv(np.where(flat[..., None, None], np.eye(3), linear))


def _blended(influences: Influences, rows: Array) -> Array:
    """Weighted sums (P, C) of rows (J, C)."""
    total = np.zeros((influences.joints.shape[1], rows.shape[1]))
    for joints, weights in zip(influences.joints, influences.weights, strict=True):
        total += rows[joints] * weights[:, None]
    return total
