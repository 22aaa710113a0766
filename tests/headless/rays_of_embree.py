"""Embree as a witness: rays through the pixels' centres, against triangles that NumPy moved into camera space."""

from __future__ import annotations

import numpy as np
import pytest

from framepress.core.arrays import Array
from framepress.headless.scene import Scene, SceneCamera
from framepress.headless.usd import lenses

rtcore_scene = pytest.importorskip("embreex.rtcore_scene", reason="the witness of ids and depths needs embreex")
mesh_construction = pytest.importorskip("embreex.mesh_construction", reason="the witness needs embreex")

__all__ = ["cast"]


def cast(scene: Scene, camera: SceneCamera, entity: int | None = None) -> tuple[Array, Array, Array]:
    """Images of the placement that is hit (-1 = none), of its distance, and of which pixels see anything at all.

    Args: entity: of its leaves alone; None = of everything.
    """
    world = rtcore_scene.EmbreeScene()
    view = camera.view @ np.diag([1.0, -1.0, -1.0, 1.0])
    rows = [k for k, placement in enumerate(scene.placements) if entity in (None, placement.entity)]
    meshes = []
    for row in rows:
        geometry = scene.geometries[scene.placements[row].geometry]
        matrix = scene.matrices[row] @ view
        points = geometry.points.astype(np.float64) @ matrix[:3, :3] + matrix[3, :3]
        meshes.append(mesh_construction.TriangleMesh(world, points.astype(np.float32), geometry.triangles))
    directions = lenses.rays(camera.lens).reshape(-1, 3)
    seen = np.isfinite(directions).all(axis=1)
    directions = np.where(seen[:, None], directions, (0.0, 0.0, -1.0)).astype(np.float32)
    found = world.run(np.zeros_like(directions), directions, output=1)
    hit = seen & (found["geomID"] >= 0)
    placement = np.where(hit, np.array([*rows, -1])[found["geomID"]], -1)
    shape = camera.lens.height, camera.lens.width
    return placement.reshape(shape), found["tfar"].reshape(shape), seen.reshape(shape)
