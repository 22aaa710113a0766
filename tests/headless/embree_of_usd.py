"""A stage in Embree, read from USD without the package: meshes as fans of triangles, copies by USD's own matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
rtcore_scene = pytest.importorskip("embreex.rtcore_scene", reason="the witness of ids and depths is embreex")
mesh_construction = pytest.importorskip("embreex.mesh_construction", reason="the witness is embreex")
from pxr import Usd, UsdGeom  # noqa: E402

from framepress.core.arrays import Array  # noqa: E402
from headless.witness_of_solids import Eye  # noqa: E402

__all__ = ["Leaf", "Witness", "leaves_of", "owner_of", "triangles_of"]


@dataclass(frozen=True, eq=False)
class Leaf:
    """Something drawn.

    Args:
        path: of a point `<instancer>/<prototype's name>_<index>`, and what follows inside of the prototype.
        source: where the prim is on the stage, which says whose labels it has.
        matrix: float64 (4, 4), local to world, row vectors.
    """

    path: str
    source: str
    prim: Usd.Prim
    matrix: Array


def leaves_of(stage: Usd.Stage, time: Usd.TimeCode) -> list[Leaf]:
    return list(_below(stage, stage.GetPseudoRoot(), np.eye(4), "", time))


def _below(stage: Usd.Stage, root: Usd.Prim, matrix: Array, name: str, time: Usd.TimeCode) -> Iterator[Leaf]:
    """Args: matrix: of the root's own space. name: what the root is called; "" = by its path."""
    cache = UsdGeom.XformCache(time)
    prims = iter(Usd.PrimRange(root, Usd.TraverseInstanceProxies()))
    for prim in prims:
        imageable = UsdGeom.Imageable(prim)
        if imageable and imageable.GetVisibilityAttr().Get(time) == "invisible":
            prims.PruneChildren()
            continue
        if imageable and imageable.ComputePurpose() not in ("default", "render"):
            prims.PruneChildren()
            continue
        path = str(prim.GetPath())
        called = name + path[len(str(root.GetPath())) :] if name else path
        if prim.IsA(UsdGeom.Gprim) or prim.IsA(UsdGeom.PointInstancer):
            local, _ = cache.ComputeRelativeTransform(prim, root)
            world = np.array(local) @ matrix
            if prim.IsA(UsdGeom.Gprim):
                yield Leaf(called, path, prim, world)
            else:
                yield from _points(stage, UsdGeom.PointInstancer(prim), world, called, time)
                prims.PruneChildren()


def _points(
    stage: Usd.Stage, instancer: UsdGeom.PointInstancer, world: Array, name: str, time: Usd.TimeCode
) -> Iterator[Leaf]:
    targets = instancer.GetPrototypesRel().GetForwardedTargets()
    poses = instancer.ComputeInstanceTransformsAtTime(
        time, time, UsdGeom.PointInstancer.IncludeProtoXform, UsdGeom.PointInstancer.IgnoreMask
    )
    shown = instancer.ComputeMaskAtTime(time) or [True] * len(poses)
    for point, (pose, chosen) in enumerate(zip(poses, instancer.GetProtoIndicesAttr().Get(time), strict=True)):
        if shown[point]:
            prim = stage.GetPrimAtPath(targets[chosen])
            yield from _below(stage, prim, np.array(pose) @ world, f"{name}/{prim.GetName()}_{point}", time)


def triangles_of(prim: Usd.Prim, time: Usd.TimeCode) -> tuple[Array, Array]:
    """Points float64 (P, 3) and triangles (T, 3) of a mesh or a cube."""
    if prim.IsA(UsdGeom.Cube):
        half = UsdGeom.Cube(prim).GetSizeAttr().Get(time) / 2
        corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
        faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        return corners, np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))])
    mesh = UsdGeom.Mesh(prim)
    points = np.array(mesh.GetPointsAttr().Get(time), np.float64)
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get(time))
    indices = np.array(mesh.GetFaceVertexIndicesAttr().Get(time))
    first = np.cumsum(counts) - counts
    fans = counts - 2
    face = np.repeat(np.arange(len(counts)), fans)
    step = np.arange(fans.sum()) - np.repeat(np.cumsum(fans) - fans, fans)
    corners = np.stack([first[face], first[face] + step + 1, first[face] + step + 2], axis=1)
    return points, indices[corners]


class Witness:
    """Embree's scene of some leaves, in the space of one camera: there its single precision is finest."""

    def __init__(self, leaves: Sequence[Leaf], eye: Eye, time: Usd.TimeCode) -> None:
        self._scene = rtcore_scene.EmbreeScene()
        shapes: dict[str, tuple[Array, Array]] = {}
        self._meshes = []
        for leaf in leaves:
            prim = leaf.prim.GetPrimInPrototype() if leaf.prim.IsInstanceProxy() else leaf.prim
            key = str(prim.GetPath())
            if key not in shapes:
                shapes[key] = triangles_of(prim, time)
            points, triangles = shapes[key]
            matrix = leaf.matrix @ eye.view
            moved = (points @ matrix[:3, :3] + matrix[3, :3]).astype(np.float32)
            self._meshes.append(mesh_construction.TriangleMesh(self._scene, moved, triangles.astype(np.int32)))
        self._eye = eye

    def cast(self) -> tuple[Array, Array]:
        """Images of the leaf's row that is met first (-1 = none) and of its distance (+inf = none)."""
        directions = self._eye.rays.reshape(-1, 3).astype(np.float32)
        found = self._scene.run(np.zeros_like(directions), directions, output=1)
        hit = found["geomID"] >= 0
        width, height = self._eye.size_wh
        which = np.where(hit, found["geomID"], -1).reshape(height, width)
        return which, np.where(hit, found["tfar"], np.inf).reshape(height, width)


def owner_of(leaf: Leaf, labelled: Iterable[str]) -> str | None:
    """The nearest labelled prim at or above a leaf."""
    return max((path for path in labelled if f"{leaf.source}/".startswith(f"{path}/")), key=len, default=None)
