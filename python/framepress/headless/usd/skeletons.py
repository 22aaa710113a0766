"""UsdSkel: skeletons in their pose, and the meshes that they carry, by linear blend skinning.

https://openusd.org/release/api/_usd_skel__schemas.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdSkel, Vt

from framepress.core.arrays import Array
from framepress.headless.scene import Skeleton
from framepress.headless.usd.skinning import Influences, inverse_transposes, skin_normals, skin_points

__all__ = ["SkinReader"]

_PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)

Note: TypeAlias = Callable[[str], None]

# What the queries of UsdSkel keep; everything else (animation, poses, points) is looked up at each call.
_KEPT = ("skel:", "primvars:skel:", "joints", "bindTransforms", "restTransforms", "offsets", "pointIndices")


class SkinReader:
    """The skinned meshes and skeletons of a stage.

    Which mesh is bound to which skeleton, its influences, and a skeleton's joints and bind pose are read once;
    `refresh` tells when they changed.
    """

    def __init__(self, stage: Usd.Stage) -> None:
        self._stage = stage
        self._findings: dict[str, None] = {}
        self._skins: dict[Sdf.Path, _Skin] = {}
        self._poses: list[_Pose] = []
        self._read()

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(self._findings)

    def posed(self, mesh_prim: Usd.Prim, time: Usd.TimeCode) -> tuple[Array, Array | None] | None:
        """A mesh in its pose, in the local space of its own prim; None = it is not skinned, or cannot be (findings).

        Returns points float32 (P, 3), and unit normals float32, one a point or one a face corner as they are authored
        (None = none are, or fewer). The same tuple again while nothing moved. A prim inside an instance is asked for
        by its path below the instance, not the prototype's: instances may be animated each on their own.
        """
        skin = self._skins.get(mesh_prim.GetPath())
        return None if skin is None else skin.posed(time, self._note)

    def skeletons(self, time: Usd.TimeCode) -> tuple[Skeleton, ...]:
        """Every skeleton below a SkelRoot, in stage order; `entity` is -1, for the caller to fill in.

        The same objects again while their poses did not change.
        """
        found = (pose.skeleton(time, self._note) for pose in self._poses)
        return tuple(skeleton for skeleton in found if skeleton is not None)

    def refresh(self, paths: Iterable[Sdf.Path]) -> bool:
        """Reads all bindings again if one of the changed paths (of prims or properties) may touch them; whether so."""
        if not any(self._touches(path) for path in paths):
            return False
        self._read()
        return True

    def _touches(self, path: Sdf.Path) -> bool:
        if path.IsPropertyPath():
            return str(path.name).startswith(_KEPT)
        prim = self._stage.GetPrimAtPath(path)
        if not prim:  # taken away
            return any(known.HasPrefix(path) for known in (*self._skins, *(pose.path for pose in self._poses)))
        return any(
            inner.IsA(UsdSkel.Root) or inner.HasAPI(UsdSkel.BindingAPI) or inner.GetTypeName() in _SKEL_TYPES
            for inner in Usd.PrimRange(prim, _PROXIES)
        )

    def _note(self, finding: str) -> None:
        self._findings[finding] = None

    def _read(self) -> None:
        self._findings.clear()
        self._skins.clear()
        self._poses.clear()
        cache = UsdSkel.Cache()
        for root in _roots(self._stage):
            cache.Populate(root, _PROXIES)
            for prim in Usd.PrimRange(root.GetPrim(), _PROXIES):
                if prim.IsA(UsdSkel.Skeleton):
                    query = cache.GetSkelQuery(UsdSkel.Skeleton(prim))
                    self._poses.append(_Pose(prim.GetPath(), root.GetPrim().GetPath(), query))
            for binding in cache.ComputeSkelBindings(root, _PROXIES):
                query = cache.GetSkelQuery(binding.GetSkeleton())
                for target in binding.GetSkinningTargets():
                    prim = target.GetPrim()
                    if prim.IsA(UsdGeom.Mesh):
                        self._skins[prim.GetPath()] = _Skin(prim, target, query)


_SKEL_TYPES = ("Skeleton", "SkelAnimation", "BlendShape")


def _roots(stage: Usd.Stage) -> Iterator[Any]:
    prims = iter(Usd.PrimRange(stage.GetPseudoRoot(), _PROXIES))
    for prim in prims:
        if prim.IsA(UsdSkel.Root):
            yield UsdSkel.Root(prim)
            prims.PruneChildren()  # one inside another belongs to the outer


class _Pose:
    """A skeleton and what it last was."""

    def __init__(self, path: Sdf.Path, root: Sdf.Path, query: Any) -> None:
        self.path = path
        self._root = root
        self._query = query
        self._last: Skeleton | None = None

    def skeleton(self, time: Usd.TimeCode, note: Note) -> Skeleton | None:
        query = self._query
        joints = tuple(str(joint) for joint in query.GetJointOrder()) if query else ()
        local = _matrices(query.ComputeJointLocalTransforms(time)) if joints else _matrices(None)
        rest = _matrices(query.ComputeJointLocalTransforms(time, atRest=True)) if joints else local
        bind = _matrices(query.GetJointWorldBindTransforms()) if joints else local
        for name, have in (("pose", local), ("rest pose", rest), ("bind pose", bind)):
            if not joints or len(have) != len(joints):
                note(f"{self.path}: {len(joints)} joints, {len(have)} transforms of the {name}: skeleton left out")
                return None
        world = np.array(UsdGeom.Xformable(query.GetPrim()).ComputeLocalToWorldTransform(time))
        matrices = _matrices(query.ComputeJointSkelTransforms(time)) @ world
        last = self._last
        now = (matrices, local, rest, bind)
        if last is not None and _same(now, (last.matrices, last.local, last.rest_local, last.bind)):
            return last
        parents = np.array(query.GetTopology().GetParentIndices(), np.int32)
        self._last = Skeleton(str(self.path), str(self._root), -1, joints, parents, matrices, local, rest, bind)
        return self._last


@dataclass
class _Skin:
    """A mesh, its skeleton, and how it last lay."""

    prim: Usd.Prim
    target: Any
    skeleton: Any
    influences: Influences | None = None
    shapes: tuple[Any, Any, Any] | None = None
    given: tuple[Array | None, ...] = ()
    result: tuple[Array, Array | None] | None = None

    def posed(self, time: Usd.TimeCode, note: Note) -> tuple[Array, Array | None] | None:
        mesh = UsdGeom.Mesh(self.prim)
        rest = mesh.GetPointsAttr().Get(time)
        if not rest:
            return None
        normals, rows = _normals(mesh, time, len(rest))
        points, shaped = self._shaped(rest, normals is not None, time, note)
        moves = self._transforms(time, len(points), note) if self.target.HasJointInfluences() else None
        if moves is None and not shaped:
            return None
        given = (points, normals, rows, moves)
        if self.result is None or not _same(given, self.given):
            self.given, self.result = given, self._skinned(points, normals, rows, moves)
        return self.result

    def _skinned(
        self, points: Array, normals: Array | None, rows: Array | None, moves: Array | None
    ) -> tuple[Array, Array | None]:
        if moves is None or self.influences is None:
            return points, normals
        joints, to_mesh = moves[:-1], moves[-1]
        moved = skin_points(points, self.influences, joints)
        # Last and apart: weights need not add up to 1, this step's offset must count once.
        moved = sum((moved[:, i : i + 1] * to_mesh[i, :3] for i in range(3)), to_mesh[3, :3])
        if normals is None:
            return moved.astype(np.float32), None
        turns = inverse_transposes(joints) @ inverse_transposes(to_mesh)
        return moved.astype(np.float32), skin_normals(normals, self.influences, turns, rows).astype(np.float32)

    def _transforms(self, time: Usd.TimeCode, points: int, note: Note) -> Array | None:
        """float64 (J + 1, 4, 4): mesh at bind time to skeleton space by each joint now, then skeleton space to mesh."""
        path = self.prim.GetPath()
        found = self.skeleton.ComputeSkinningTransforms(time)
        mapper = self.target.GetJointMapper()
        if mapper is not None and not mapper.IsNull() and found:
            found = mapper.RemapTransforms(found, Vt.Matrix4dArray())
        joints = _matrices(found)
        if not len(joints):
            note(f"{path}: its skeleton {self.skeleton.GetPrim().GetPath()} has no pose: mesh left at rest")
            return None
        if self.influences is None or self.influences.joints.shape[1] != points:
            self.influences = self._influences(time, points, len(joints), note)
        if self.influences is None:
            return None
        if str(self.target.GetSkinningMethod()) not in ("", "classicLinear"):
            note(f"{path}: skinning method {self.target.GetSkinningMethod()!r} is not known: blended linearly")
        bind = np.array(self.target.GetGeomBindTransform(time), np.float64)
        to_mesh = _between(self.skeleton.GetPrim(), self.prim, time)
        moves = np.concatenate((bind @ joints, to_mesh[None]))
        if not np.isfinite(moves).all():
            note(f"{path}: its pose, or its prim's, is not finite or flat: mesh left at rest")
            return None
        return moves

    def _influences(self, time: Usd.TimeCode, points: int, joints: int, note: Note) -> Influences | None:
        path = self.prim.GetPath()
        found = self.target.ComputeVaryingJointInfluences(points, time)
        if not found:
            note(f"{path}: joint indices and weights do not fit its {points} points: mesh left at rest")
            return None
        rows, weights = (np.asarray(part) for part in found)
        if len(rows) and not (0 <= rows.min() and rows.max() < joints):
            note(f"{path}: joint indices {rows.min()} to {rows.max()}, but {joints} joints: mesh left at rest")
            return None
        if not len(rows) or not np.isfinite(weights).all():
            note(f"{path}: joint weights that are none or not finite: mesh left at rest")
            return None
        return Influences.of(rows, weights, points)

    def _shaped(self, rest: Any, normals: bool, time: Usd.TimeCode, note: Note) -> tuple[Array, bool]:
        """The points float32 (P, 3) with their blend shapes' offsets, and whether any shape has a weight."""
        points = np.asarray(rest, np.float32)
        animation = self.skeleton.GetAnimQuery() if self.target.HasBlendShapes() else None
        weights = animation.ComputeBlendShapeWeights(time) if animation else None
        mapper = self.target.GetBlendShapeMapper()
        if weights and mapper is not None:
            weights = mapper.Remap(weights)
        if not weights or not np.any(weights):
            return points, False
        if normals:
            note(f"{self.prim.GetPath()}: normals do not follow its blend shapes, only its points do")
        if self.shapes is None:
            query = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(self.prim))
            self.shapes = query, query.ComputeBlendShapePointIndices(), query.ComputeSubShapePointOffsets()
        query, indices, offsets = self.shapes
        parts = query.ComputeSubShapeWeights(weights)
        moved = Vt.Vec3fArray(rest)
        if not parts or not query.ComputeDeformedPoints(*parts, indices, offsets, moved):
            note(f"{self.prim.GetPath()}: its blend shapes do not fit its {len(rest)} points: left out")
            return points, False
        return np.asarray(moved, np.float32), True


def _between(skeleton: Usd.Prim, mesh: Usd.Prim, time: Usd.TimeCode) -> Array:
    """A skeleton's local space to a mesh's, float64 (4, 4); NaN where the mesh's is flat."""
    cache = UsdGeom.XformCache(time)
    # Below what both hang on: the same numbers to the last bit wherever the character stands.
    shared = mesh.GetStage().GetPrimAtPath(skeleton.GetPath().GetCommonPrefix(mesh.GetPath()))
    (of_skeleton, apart_1), (of_mesh, apart_2) = (cache.ComputeRelativeTransform(p, shared) for p in (skeleton, mesh))
    if apart_1 or apart_2:  # one of them does not follow its parents
        of_skeleton, of_mesh = (cache.GetLocalToWorldTransform(p) for p in (skeleton, mesh))
    if not of_mesh.GetDeterminant():
        return np.full((4, 4), np.nan)
    return np.array(of_skeleton * of_mesh.GetInverse(), np.float64)


def _normals(mesh: Any, time: Usd.TimeCode, points: int) -> tuple[Array | None, Array | None]:
    """Authored normals float32, and the point of each where they are a face corner's; None where they fit neither."""
    primvar = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("normals")
    if primvar and primvar.HasValue():
        values, kind = primvar.ComputeFlattened(time), primvar.GetInterpolation()
    else:
        values, kind = mesh.GetNormalsAttr().Get(time), mesh.GetNormalsInterpolation()
    if not values:
        return None, None
    normals = np.asarray(values, np.float32)
    if kind in (UsdGeom.Tokens.vertex, UsdGeom.Tokens.varying) and len(normals) == points:
        return normals, None
    if kind == UsdGeom.Tokens.faceVarying:
        rows = np.asarray(mesh.GetFaceVertexIndicesAttr().Get(time) or (), np.int32)
        if len(rows) == len(normals) and (not len(rows) or (0 <= rows.min() and rows.max() < points)):
            return normals, rows
    return None, None


def _matrices(found: Any) -> Array:
    """float64 (J, 4, 4); J = 0 where UsdSkel has none."""
    return np.array(found, np.float64).reshape(-1, 4, 4) if found else np.zeros((0, 4, 4))


def _same(first: tuple[Array | None, ...], second: tuple[Array | None, ...]) -> bool:
    return len(first) == len(second) and all(
        a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in zip(first, second, strict=True)
    )
