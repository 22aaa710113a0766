"""`isaacsim.core.utils.bounds`, and 6.0's `isaacsim.core.experimental.utils.bounds`: boxes around prims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.headless.neighbours.session import Session
from framepress.headless.neighbours.stages import prim_bounds

__all__ = ["modules"]


def _cache(time: Usd.TimeCode | None = None, use_extents_hint: bool = True) -> UsdGeom.BBoxCache:
    return UsdGeom.BBoxCache(time or Usd.TimeCode.Default(), [UsdGeom.Tokens.default_], use_extents_hint)


def _aligned(prim: Usd.Prim, cache: UsdGeom.BBoxCache) -> Array:
    """float64 (6,): x, y, z from, x, y, z to, in the world, as the prim is now."""
    low, high = prim_bounds(prim, cache.GetTime())
    return np.array([*low, *high])


def _combined(prims: Sequence[Usd.Prim], cache: UsdGeom.BBoxCache) -> Array:
    each = np.array([_aligned(prim, cache) for prim in prims])
    return np.concatenate([each[:, :3].min(0), each[:, 3:].max(0)])


def _oriented(prim: Usd.Prim, cache: UsdGeom.BBoxCache) -> tuple[Array, Array, Array]:
    """Middle in the world (3,), axes (3, 3) in rows with the prim's scale, half extents along these before it (3,)."""
    bound = _cache(cache.GetTime()).ComputeWorldBound(prim)
    turn = bound.GetMatrix().ExtractRotationMatrix()
    axes = np.array([[*turn.GetRow(row)] for row in range(3)])
    return np.array([*bound.ComputeCentroid()]), axes, np.array([*bound.GetRange().GetSize()]) / 2


def obb_corners(centroid: Any, axes: Any, half_extent: Any) -> Array:
    """float64 (8, 3): the corners of an oriented box; the last axis changes fastest, from low to high."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners: Array = np.asarray(centroid) + (signs * np.asarray(half_extent)) @ np.asarray(axes)
    return corners


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""

    def at(prim: Any) -> Usd.Prim:
        return prim if isinstance(prim, Usd.Prim) else session.stage().GetPrimAtPath(str(prim))

    def compute_aabb(bbox_cache: UsdGeom.BBoxCache, prim_path: Any, include_children: bool = False) -> Array:
        return _aligned(at(prim_path), bbox_cache)

    def compute_combined_aabb(bbox_cache: UsdGeom.BBoxCache, prim_paths: Sequence[Any]) -> Array:
        return _combined([at(path) for path in prim_paths], bbox_cache)

    def compute_obb(bbox_cache: UsdGeom.BBoxCache, prim_path: Any) -> tuple[Array, Array, Array]:
        return _oriented(at(prim_path), bbox_cache)

    found: dict[str, dict[str, Any]] = {
        "isaacsim.core.utils.bounds": {
            "compute_aabb": compute_aabb,
            "compute_combined_aabb": compute_combined_aabb,
            "compute_obb": compute_obb,
            "create_bbox_cache": _cache,
            "get_obb_corners": obb_corners,
        }
    }
    if session.at_least("6.0"):
        found["isaacsim.core.experimental.utils.bounds"] = {
            "compute_aabb": lambda prim, *, bbox_cache=None, include_children=False: compute_aabb(
                bbox_cache or _cache(), prim
            ),
            "compute_combined_aabb": lambda prims, *, bbox_cache=None: compute_combined_aabb(
                bbox_cache or _cache(), prims
            ),
            "compute_obb": lambda prim, *, bbox_cache=None: compute_obb(bbox_cache or _cache(), prim),
            "create_bbox_cache": _cache,
            "get_obb_corners": obb_corners,
        }
    return found
