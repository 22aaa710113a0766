"""For the tests of what scripts record: a fresh session, and the stage's facts read through plain pxr."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from framepress.headless import host as hosts
from framepress.headless.rep.graph import Step


def session(release: str = "5.1", seed: int = 7, up: str = "Z", metres: float = 1.0) -> hosts.Host:
    """A session on an empty stage in memory."""
    host = hosts.reset(release=release, seed=seed)
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, metres)
    host.use_stage(stage)
    return host


def frame(host: hosts.Host, delta_s: float = 0.0) -> Step:
    """Evaluate the graph for a frame, as the orchestrator does, and count it."""
    step = host.graph.step(host)
    host.frame += 1
    host.time_s += delta_s
    return step


def prims(item: Any) -> list[Any]:
    found: list[Any] = item.get_output_prims()["prims"]
    return found


def world(prim: Any) -> np.ndarray:
    """(4, 4), local to world, row vectors."""
    return np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(Usd.TimeCode.Default()))


def position(prim: Any) -> np.ndarray:
    return world(prim)[3, :3]


def forward(prim: Any) -> np.ndarray:
    """Where -z of a prim points in the world, unit length."""
    towards = -world(prim)[2, :3]
    return towards / np.linalg.norm(towards)


def box(prim: Any) -> np.ndarray:
    """(2, 3), world bounds."""
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default", "render"])
    found = cache.ComputeWorldBound(prim).ComputeAlignedRange()
    return np.array([found.GetMin(), found.GetMax()])
