"""Poses of many prims, and of an instancer's points, read and written together.

Positions are in world space; rotation, in degrees, and scale are the prim's own, below its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pxr import Gf, UsdGeom

from framepress.errors import InputError
from framepress.headless.rep.items import InstancerPoint, Target, editable
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.rotations import degrees_of, looking, matrix_of
from framepress.headless.rep.values import Vector
from framepress.headless.rep.xform_ops import LocalPose

__all__ = ["Bounds", "Partial", "Pose", "world_position", "write_poses"]

Partial = tuple[float | None, float | None, float | None]
"""Of a vector what is to be set; None = as it is."""


@dataclass(frozen=True, slots=True)
class Pose:
    """What is to be set; None = left as it is.

    Args:
        position: world, scene units: of the prim's origin, or of its pivot.
        degrees: about x, y and z, turned in `order`.
        scale: along the prim's own axes; `size`: the extents to be scaled to instead, those of a flat axis ignored.
        pivot: in halves of the prim's extents from its middle, -1 to 1 on each axis.
        look_at: world, where -z is to point; `up`: world, where +y is to be.
    """

    position: Partial | None = None
    degrees: Partial | None = None
    order: str = "XYZ"
    scale: Vector | None = None
    size: Vector | None = None
    pivot: Vector | None = None
    look_at: Vector | None = None
    up: Vector = (0.0, 0.0, 1.0)


class Bounds:
    """Prims' boxes at one time, of all that is drawn."""

    def __init__(self, time: Any) -> None:
        self._cache = UsdGeom.BBoxCache(time, [UsdGeom.Tokens.default_, UsdGeom.Tokens.render], useExtentsHint=False)

    def own(self, prim: Any, call: str) -> Any:
        """`Gf.Range3d` in the space in which the prim's children are.

        Raises:
            InputError: there is nothing to draw.
        """
        found = self._cache.ComputeUntransformedBound(prim).ComputeAlignedRange()
        if found.IsEmpty():
            raise InputError(f"{call}: {prim.GetPath()} holds no geometry, so it has no size")
        return found


def world_position(stage: Any, time: Any, target: Target) -> Any:
    """`Gf.Vec3d` of a prim's origin, or of an instancer's point."""
    if isinstance(target, InstancerPoint):
        instancer = UsdGeom.PointInstancer(stage.GetPrimAtPath(target.instancer))
        point = Gf.Vec3d(instancer.GetPositionsAttr().Get(time)[target.index])
        return UsdGeom.XformCache(time).GetLocalToWorldTransform(instancer.GetPrim()).Transform(point)
    return UsdGeom.XformCache(time).GetLocalToWorldTransform(stage.GetPrimAtPath(target)).ExtractTranslation()


def write_poses(firing: Any, targets: Sequence[Target], poses: Sequence[Pose], call: str) -> None:
    """Pose every target; one above another is posed first.

    Raises:
        InputError: a prim is gone, or cannot be posed so.
    """
    rows = list(zip(targets, poses, strict=True))
    for generation in _generations([row for row in rows if isinstance(row[0], str)]):
        _write_prims(firing, generation, call)
    points: dict[str, list[tuple[int, Pose]]] = {}
    for target, pose in rows:
        if isinstance(target, InstancerPoint):
            points.setdefault(target.instancer, []).append((target.index, pose))
    for instancer, posed in points.items():
        _write_points(firing, instancer, posed, call)


def _generations(rows: list[tuple[Any, Pose]]) -> list[list[tuple[Any, Pose]]]:
    """In groups none of which holds a prim and one above it."""
    paths = {path for path, _ in rows}
    groups: dict[int, list[tuple[Any, Pose]]] = {}
    for path, pose in rows:
        above = path.rpartition("/")[0]
        depth = 0
        while above:
            depth += above in paths
            above = above.rpartition("/")[0]
        groups.setdefault(depth, []).append((path, pose))
    return [groups[depth] for depth in sorted(groups)]


def _write_prims(firing: Any, rows: list[tuple[Any, Pose]], call: str) -> None:
    prims = [editable(firing.stage, path, call) for path, _ in rows]
    time = firing.host.time
    locals_ = [
        LocalPose(prim, time, whole=pose.look_at is not None) for prim, (_, pose) in zip(prims, rows, strict=True)
    ]
    worlds, bounds = UsdGeom.XformCache(time), Bounds(time)
    edits = Edits(firing.stage)
    for prim, local, (_, pose) in zip(prims, locals_, rows, strict=True):
        parent = Gf.Matrix4d(1.0) if local.resets else worlds.GetParentToWorldTransform(prim)
        _write_prim(prim, local, parent, pose, bounds, edits, call)
    edits.write()


def _write_prim(prim: Any, local: LocalPose, parent: Any, pose: Pose, bounds: Bounds, edits: Edits, call: str) -> None:
    if pose.pivot is not None:
        box = bounds.own(prim, call)
        pivot = box.GetMidpoint() + Gf.CompMult(box.GetSize(), Gf.Vec3d(*pose.pivot)) * 0.5
        local.set_pivot(pivot, edits)
    else:
        pivot = local.pivot
    position = local.position
    eye = parent.Transform(position + pivot)
    if pose.position is not None:
        origin = pivot if pose.pivot is not None else Gf.Vec3d(0.0)
        wanted = _merged(pose.position, parent.Transform(position + origin))
        position = _inverse(parent, prim, call).Transform(wanted) - origin
        eye = parent.Transform(position + pivot)
        local.set_position(position, edits)
    if pose.size is not None:
        extents = bounds.own(prim, call).GetSize()
        now = local.scale
        local.set_scale(Gf.Vec3d(*(w / e if e else n for w, e, n in zip(pose.size, extents, now, strict=True))), edits)
    elif pose.scale is not None:
        local.set_scale(Gf.Vec3d(*pose.scale), edits)
    if pose.look_at is not None:
        # -z of the prim's matrix, that of the parents included, is to point there: undo the parents on both vectors.
        undone = _inverse(parent, prim, call)
        mirrored = (pose.scale or local.scale)[2] < 0 and pose.size is None
        direction = undone.TransformDir(Gf.Vec3d(*pose.look_at) - eye) * (-1.0 if mirrored else 1.0)
        local.set_rotation(
            looking(direction, undone.TransformDir(Gf.Vec3d(*pose.up)), f"{call} {prim.GetPath()}"), edits
        )
    elif pose.degrees is not None:
        partial = None in pose.degrees
        now = Gf.Vec3d(*local.degrees(pose.order)) if partial else Gf.Vec3d(0.0)
        local.set_degrees(_merged(pose.degrees, now), pose.order, edits)


def _merged(partial: Partial, present: Any) -> Any:
    return Gf.Vec3d(*(present[axis] if each is None else each for axis, each in enumerate(partial)))


def _inverse(matrix: Any, prim: Any, call: str) -> Any:
    if not matrix.GetDeterminant():
        raise InputError(f"{call}: a prim above {prim.GetPath()} is scaled to 0, so no world position can be reached")
    return matrix.GetInverse()


def _write_points(firing: Any, path: str, rows: list[tuple[int, Pose]], call: str) -> None:
    instancer = UsdGeom.PointInstancer(editable(firing.stage, path, call))
    time, count = firing.host.time, len(instancer.GetProtoIndicesAttr().Get(firing.host.time))
    world = UsdGeom.XformCache(time).GetLocalToWorldTransform(instancer.GetPrim())
    inverse = _inverse(world, instancer.GetPrim(), call)
    positions = list(instancer.GetPositionsAttr().Get(time))
    scales = list(instancer.GetScalesAttr().Get(time) or [Gf.Vec3f(1.0)] * count)
    coarse = instancer.GetOrientationsAttr().Get(time) or [Gf.Quath(1.0)] * count
    turns = list(instancer.GetOrientationsfAttr().Get(time) or map(Gf.Quatf, coarse))
    for index, pose in rows:
        if pose.size is not None or pose.pivot is not None:
            raise InputError(f"{call}: {path} is a point instancer, whose points have no size or pivot; use scale=")
        if pose.position is not None:
            wanted = _merged(pose.position, world.Transform(Gf.Vec3d(positions[index])))
            positions[index] = Gf.Vec3f(inverse.Transform(wanted))
        if pose.scale is not None:
            scales[index] = Gf.Vec3f(*pose.scale)
        turned = _point_rotation(pose, Gf.Vec3d(positions[index]), turns[index], inverse, call)
        turns[index] = Gf.Quatf(turned.ExtractRotation().GetQuat())
    edits = Edits(firing.stage)
    for attribute, values in (
        (instancer.CreatePositionsAttr(), positions),
        (instancer.CreateScalesAttr(), scales),
        (instancer.CreateOrientationsfAttr(), turns),
    ):
        edits.set(attribute, values)
    edits.write()


def _point_rotation(pose: Pose, position: Any, turn: Any, inverse: Any, call: str) -> Any:
    now = Gf.Matrix3d(Gf.Rotation(Gf.Quatd(turn)))
    if pose.look_at is not None:
        direction = inverse.Transform(Gf.Vec3d(*pose.look_at)) - position
        return looking(direction, inverse.TransformDir(Gf.Vec3d(*pose.up)), call)
    if pose.degrees is None:
        return now
    return matrix_of(_merged(pose.degrees, Gf.Vec3d(*degrees_of(now, pose.order))), pose.order)
