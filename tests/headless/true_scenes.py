"""Small scenes of which all is known, made in USD: crowded, nested, multiplied, round, around the camera, posed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSkel, Vt

from headless.staging import cube, labelled, placed, sphere

__all__ = ["ROUND", "SCENES", "moved_on"]


def crowd(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Cubes of all sizes, turned and stretched: one behind another, some partly or wholly out of view."""
    for k in range(12):
        pose = {"turn": rng.uniform(0, 360, 3), "scale": rng.uniform(0.2, 1.6, 3)}
        cube(stage, f"/World/Cube_{k}", ("crate", "box", "bin")[k % 3], at=rng.uniform(-3, 3, 3), **pose)
    cube(stage, "/World/Floor", "floor", at=(0, 0, -3), scale=(12, 12, 0.1))
    cube(stage, "/World/Plain", at=(0.4, 0.2, 0.3), turn=(10, 20, 30))


def nested(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Labelled prims below labelled prims, with unlabelled ones between; one turned, one stretched, one mirrored."""
    for k, scale in enumerate([(1, 1, 1), (1.5, 0.7, 1), (-1, 1, 1)]):
        car = f"/World/Car_{k}"
        labelled(placed(UsdGeom.Xform.Define(stage, car), (2.2 * k - 2.2, 0, 0), rng.uniform(0, 40, 3), scale), "car")
        cube(stage, f"{car}/Body", scale=(1.6, 0.8, 0.5))
        cube(stage, f"{car}/Cabin", "cabin", at=(-0.1, 0, 0.45), scale=(0.8, 0.7, 0.4))
        UsdGeom.Scope.Define(stage, f"{car}/Wheels")
        for n, (x, y) in enumerate([(-0.5, -0.4), (0.5, -0.4), (-0.5, 0.4), (0.5, 0.4)]):
            wheel = f"{car}/Wheels/Wheel_{n}"
            labelled(placed(UsdGeom.Xform.Define(stage, wheel), (x, y, -0.3), (0, 30 * n, 0), (0.3, 0.1, 0.3)), "wheel")
            cube(stage, f"{wheel}/Tyre")
            cube(stage, f"{wheel}/Bolt", "bolt", at=(0, 0.8 if y > 0 else -0.8, 0), scale=(0.3, 0.6, 0.3))


def multiplied(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """An instancer with a label, one whose prototypes have labels of their own, and cubes among their points."""
    for name in ("Rubble", "Goods"):
        instancer = UsdGeom.PointInstancer.Define(stage, f"/World/{name}")
        placed(instancer, (0, 0, 0.2), (0, 0, 25), (1, 1.2, 0.9))
        parts = [cube(stage, f"/World/{name}/Prototypes/{part}", scale=0.5) for part in ("Long", "Short")]
        placed(parts[0], (0.1, 0, 0), (0, 30, 0), (0.9, 0.3, 0.3))
        instancer.CreatePrototypesRel().SetTargets([part.GetPath() for part in parts])
        count = 9
        instancer.CreateProtoIndicesAttr(Vt.IntArray([k % 2 for k in range(count)]))
        instancer.CreatePositionsAttr(Vt.Vec3fArray([Gf.Vec3f(*p) for p in rng.uniform(-2, 2, (count, 3)).tolist()]))
        turns = [Gf.Rotation(Gf.Vec3d(1, 2, 3), float(angle)).GetQuat() for angle in rng.uniform(0, 360, count)]
        instancer.CreateOrientationsAttr(Vt.QuathArray([Gf.Quath(turn) for turn in turns]))
        instancer.CreateScalesAttr(Vt.Vec3fArray([Gf.Vec3f(*s) for s in rng.uniform(0.5, 1.6, (count, 3)).tolist()]))
        if name == "Rubble":
            labelled(instancer, "rubble")
        else:
            for part, label in zip(parts, ("plank", "brick"), strict=True):
                labelled(part, label)
    for k in range(4):
        cube(stage, f"/World/Cube_{k}", "crate", at=rng.uniform(-2, 2, 3), turn=rng.uniform(0, 360, 3), scale=0.7)


def balls(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Spheres and ellipsoids, some behind each other and behind cubes."""
    for k in range(7):
        pose = {"turn": rng.uniform(0, 360, 3), "scale": rng.uniform(0.3, 0.9, 3)}
        sphere(stage, f"/World/Ball_{k}", "ball", at=rng.uniform(-2, 2, 3), **pose)
    for k in range(3):
        cube(stage, f"/World/Cube_{k}", "crate", at=rng.uniform(-2, 2, 3), turn=rng.uniform(0, 360, 3), scale=0.9)


def around(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """The camera is in a room, and a beam goes past it through the plane of its lens."""
    cube(stage, "/World/Room", "room", scale=(16, 16, 12), turn=(0, 0, 10))
    cube(stage, "/World/Beam", "beam", at=(0.6, -4, 0.1), scale=(0.3, 20, 0.3), turn=(3, 0, 8))
    for k in range(5):
        cube(stage, f"/World/Cube_{k}", "crate", at=rng.uniform(-3, 3, 3), turn=rng.uniform(0, 360, 3), scale=1.3)


def puppet(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """A skinned bar of three joints that bends over the first two frames, and cubes before and behind it."""
    root = UsdSkel.Root.Define(stage, "/World/Puppet")
    labelled(placed(root, (-0.4, 0.2, -1.2), (0, 0, 20), 1.2), "puppet")
    skeleton = UsdSkel.Skeleton.Define(stage, "/World/Puppet/Skeleton")
    joints = ["Hip", "Hip/Spine", "Hip/Spine/Head"]
    steps = [Gf.Matrix4d().SetTranslate(Gf.Vec3d(0, 0, k > 0)) for k in range(3)]
    skeleton.CreateJointsAttr(joints)
    skeleton.CreateRestTransformsAttr(steps)
    skeleton.CreateBindTransformsAttr([Gf.Matrix4d().SetTranslate(Gf.Vec3d(0, 0, k)) for k in range(3)])
    animation = UsdSkel.Animation.Define(stage, "/World/Puppet/Animation")
    animation.CreateJointsAttr(joints)
    animation.CreateTranslationsAttr([Gf.Vec3f(0, 0, k > 0) for k in range(3)])
    animation.CreateScalesAttr([Gf.Vec3h(1, 1, 1)] * 3)
    bend(stage, 20.0)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    _bar(stage, skeleton)
    cube(stage, "/World/Before", "crate", at=(-0.2, -1.2, 0.2), scale=0.6, turn=(0, 0, 30))
    cube(stage, "/World/After", "crate", at=(0.4, 1.5, 0.2), scale=1.5)


def bend(stage: Usd.Stage, degrees: float) -> None:
    """Every joint of the puppet."""
    turn = Gf.Quatf(Gf.Rotation(Gf.Vec3d(0.2, 1, 0), degrees).GetQuat())
    UsdSkel.Animation.Get(stage, "/World/Puppet/Animation").CreateRotationsAttr([turn] * 3)


def _bar(stage: Usd.Stage, skeleton: UsdSkel.Skeleton) -> None:
    mesh = UsdGeom.Mesh.Define(stage, "/World/Puppet/Bar")
    ring = [(-0.3, -0.2), (0.3, -0.2), (0.3, 0.2), (-0.3, 0.2)]
    heights = [-0.3, 0.5, 1.5, 2.6]
    points = [Gf.Vec3f(x, y, z) for z in heights for x, y in ring]
    faces = [(0, 2, 1), (0, 3, 2), (12, 13, 14), (12, 14, 15)]
    for row in range(0, 12, 4):
        for a in range(4):
            b = (a + 1) % 4
            faces += [(row + a, row + b, row + 4 + b), (row + a, row + 4 + b, row + 4 + a)]
    mesh.CreatePointsAttr(points)
    mesh.CreateFaceVertexCountsAttr([3] * len(faces))
    mesh.CreateFaceVertexIndicesAttr([corner for face in faces for corner in face])
    mesh.CreateSubdivisionSchemeAttr("none")
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    # The lowest ring hangs on the hip, the highest on the head, those between on two joints each.
    weights = {0: [(0, 1.0), (0, 0.0)], 1: [(0, 0.5), (1, 0.5)], 2: [(1, 0.4), (2, 0.6)], 3: [(2, 1.0), (0, 0.0)]}
    pairs = [pair for k in range(len(points)) for pair in weights[k // 4]]
    binding.CreateJointIndicesPrimvar(False, 2).Set([joint for joint, _ in pairs])
    binding.CreateJointWeightsPrimvar(False, 2).Set([weight for _, weight in pairs])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1.0))


Builder = Callable[[Usd.Stage, np.random.Generator], None]

SCENES: Mapping[str, Builder] = {make.__name__: make for make in (crowd, nested, multiplied, balls, around, puppet)}
ROUND = frozenset({"balls"})
"""Those whose solids are not all drawn to the last bit: a sphere is triangles."""


def moved_on(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Every other prim that has a place a little further, the camera too, the puppet bent."""
    for k, prim in enumerate(stage.Traverse()):
        api = UsdGeom.XformCommonAPI(prim) if prim.IsA(UsdGeom.Xformable) and not prim.IsA(UsdGeom.Camera) else None
        translate = prim.GetAttribute("xformOp:translate")
        if api and translate and k % 2:
            api.SetTranslate(translate.Get() + Gf.Vec3d(*rng.normal(0, 0.05, 3)))
            api.SetRotate(prim.GetAttribute("xformOp:rotateXYZ").Get() + Gf.Vec3f(*rng.normal(0, 2, 3)))
        elif prim.IsA(UsdGeom.Camera):
            pose = prim.GetAttribute("xformOp:transform")
            step = Gf.Matrix4d().SetRotate(Gf.Rotation(Gf.Vec3d(1, 2, 0.5), 1.5))
            step.SetTranslateOnly(Gf.Vec3d(*rng.normal(0, 0.04, 3)))
            pose.Set(step * pose.Get())
    if stage.GetPrimAtPath(Sdf.Path("/World/Puppet")):
        bend(stage, 26.0)
