"""Skinned meshes against UsdSkel's own skinning, and skeletons as values."""

from __future__ import annotations

import math

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, Sdf, UsdGeom, UsdSkel, Vt  # noqa: E402

from framepress.headless.usd.skeletons import SkinReader  # noqa: E402

JOINTS = ["Hips", "Hips/Spine", "Hips/Spine/Head"]
PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)


def turned(degrees: float, axis: tuple[float, ...], move: tuple[float, ...]) -> Gf.Matrix4d:
    return Gf.Matrix4d(Gf.Rotation(Gf.Vec3d(*axis), degrees), Gf.Vec3d(*move))


def character(
    stage: Usd.Stage,
    root: str = "/Person",
    *,
    points: int = 40,
    influences: int = 3,
    order: list[str] | None = None,
    normals: str | None = None,
    rigid: bool = False,
    seed: int = 0,
) -> Usd.Prim:
    """A cloud of points on three joints, animated from time 0 to 10; returns the mesh prim."""
    rng = np.random.default_rng(seed)
    UsdSkel.Root.Define(stage, root).AddTransformOp().Set(turned(30, (0, 0, 1), (5, 6, 7)))
    skeleton = UsdSkel.Skeleton.Define(stage, f"{root}/Skel")
    skeleton.AddTransformOp().Set(turned(15, (1, 0, 0), (0.5, 0, 0.25)))
    skeleton.CreateJointsAttr(JOINTS)
    rest = [turned(5 * i, (0, 1, 0), (0, 0, 0.5 * i)) for i in range(3)]
    skeleton.CreateRestTransformsAttr(rest)
    bind = [turned(20 * i, (1, 1, 0), (0.1, 0.2, 0.5 * i)) for i in range(3)]
    skeleton.CreateBindTransformsAttr(bind)
    animation = UsdSkel.Animation.Define(stage, f"{root}/Anim")
    animation.CreateJointsAttr(JOINTS[::-1])  # another order than the skeleton's
    for time in (0, 10):
        quats = [Gf.Quatf(Gf.Rotation(Gf.Vec3d(1, 2, 3), time * 5.0 + 10 * i).GetQuat()) for i in range(3)]
        animation.CreateRotationsAttr().Set(Vt.QuatfArray(quats), time)
        animation.CreateTranslationsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(0, 0.1 * time, 0.4)] * 3), time)
        animation.CreateScalesAttr().Set(Vt.Vec3hArray([Gf.Vec3h(1, 1 + 0.05 * time, 1)] * 3), time)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    mesh = UsdGeom.Mesh.Define(stage, f"{root}/Body")
    mesh.AddTransformOp().Set(turned(-40, (0, 1, 0), (0, 1, 0)))
    mesh.CreatePointsAttr(rng.normal(size=(points, 3)).astype(np.float32))
    mesh.CreateFaceVertexCountsAttr([3] * (points - 2))
    corners = [i + k for i in range(points - 2) for k in range(3)]
    mesh.CreateFaceVertexIndicesAttr(corners)
    if normals is not None:
        rows = points if normals == "vertex" else len(corners)
        values = rng.normal(size=(rows, 3))
        mesh.CreateNormalsAttr((values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32))
        mesh.SetNormalsInterpolation(normals)
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    binding.CreateGeomBindTransformAttr(turned(25, (0, 0, 1), (0.3, 0, 0)))
    rows = 1 if rigid else points
    weights = rng.random((rows, influences))
    weights /= weights.sum(axis=1, keepdims=True)
    binding.CreateJointIndicesPrimvar(rigid, influences).Set(rng.integers(0, 3, rows * influences).tolist())
    binding.CreateJointWeightsPrimvar(rigid, influences).Set(weights.ravel().tolist())
    if order is not None:
        binding.CreateJointsAttr(order)
    return mesh.GetPrim()


def query(mesh: Usd.Prim) -> tuple[object, object]:
    """UsdSkel's own skinning and skeleton queries of a mesh."""
    cache = UsdSkel.Cache()
    root = UsdSkel.Root.Find(mesh)
    cache.Populate(root, PROXIES)
    for binding in cache.ComputeSkelBindings(root, PROXIES):
        for target in binding.GetSkinningTargets():
            if target.GetPrim() == mesh:
                return target, cache.GetSkelQuery(binding.GetSkeleton())
    raise LookupError(mesh)


def world_points_by_usd(mesh: Usd.Prim, time: float) -> np.ndarray:
    target, skeleton = query(mesh)
    points = Vt.Vec3fArray(UsdGeom.Mesh(mesh).GetPointsAttr().Get(time))
    assert target.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(time), points, time)
    world = np.array(UsdGeom.Xformable(skeleton.GetPrim()).ComputeLocalToWorldTransform(time))
    return np.array(points, float) @ world[:3, :3] + world[3, :3]


def to_world(mesh: Usd.Prim, points: np.ndarray, time: float) -> np.ndarray:
    world = np.array(UsdGeom.Xformable(mesh).ComputeLocalToWorldTransform(time))
    return points @ world[:3, :3] + world[3, :3]


@pytest.mark.parametrize(
    "kinds",
    [{}, {"influences": 1}, {"influences": 6}, {"order": ["Hips/Spine/Head", "Hips", "Hips/Spine"]}, {"rigid": True}],
    ids=["three", "one", "six", "order", "rigid"],
)
def test_points_lie_in_the_world_where_usdskel_puts_them(kinds: dict) -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage, **kinds)
    reader = SkinReader(stage)
    for time in (0, 3.7, 10):
        points, _ = reader.posed(mesh, Usd.TimeCode(time))
        assert points.dtype == np.float32
        np.testing.assert_allclose(to_world(mesh, points, time), world_points_by_usd(mesh, time), atol=1e-5)
    assert reader.findings == ()


def test_weights_that_do_not_add_up_are_used_as_they_are() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage, influences=2)
    UsdSkel.BindingAPI(mesh).GetJointWeightsPrimvar().Set([0.25, 0.25] * 40)
    points, _ = SkinReader(stage).posed(mesh, Usd.TimeCode(4))
    np.testing.assert_allclose(to_world(mesh, points, 4), world_points_by_usd(mesh, 4), atol=1e-5)


@pytest.mark.parametrize("kind", ["vertex", "faceVarying"])
def test_normals_turn_as_usdskel_turns_them(kind: str) -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage, normals=kind)
    _, normals = SkinReader(stage).posed(mesh, Usd.TimeCode(6))
    target, skeleton = query(mesh)
    indices, weights = target.ComputeVaryingJointInfluences(40, 6)
    witness = Vt.Vec3fArray(UsdGeom.Mesh(mesh).GetNormalsAttr().Get())
    rows = list(UsdGeom.Mesh(mesh).GetFaceVertexIndicesAttr().Get()) if kind == "faceVarying" else range(40)
    indices = [indices[3 * row + k] for row in rows for k in range(3)]
    weights = [weights[3 * row + k] for row in rows for k in range(3)]
    turns = [inverse_transposed(m) for m in skeleton.ComputeSkinningTransforms(6)]
    bind = inverse_transposed(target.GetGeomBindTransform())
    assert UsdSkel.SkinNormalsLBS(bind, turns, Vt.IntArray(indices), Vt.FloatArray(weights), 3, witness)
    to_world_of = [
        np.array(UsdGeom.Xformable(p).ComputeLocalToWorldTransform(6))[:3, :3] for p in (mesh, skeleton.GetPrim())
    ]
    np.testing.assert_allclose(normals @ to_world_of[0], np.array(witness) @ to_world_of[1], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)


def inverse_transposed(matrix: Gf.Matrix4d) -> Gf.Matrix3d:
    return matrix.ExtractRotationMatrix().GetInverse().GetTranspose()


def test_nothing_is_made_anew_while_the_pose_stays() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage, normals="vertex")
    reader = SkinReader(stage)
    first, skeletons = reader.posed(mesh, Usd.TimeCode(3)), reader.skeletons(Usd.TimeCode(3))
    assert reader.posed(mesh, Usd.TimeCode(3)) is first
    assert reader.skeletons(Usd.TimeCode(3))[0] is skeletons[0]
    moved = reader.posed(mesh, Usd.TimeCode(4))
    assert moved is not first
    assert not np.allclose(moved[0], first[0])
    UsdGeom.Xformable(stage.GetPrimAtPath("/Person")).ClearXformOpOrder()
    assert reader.posed(mesh, Usd.TimeCode(4)) is moved  # the whole character moved, its own shape did not
    assert reader.skeletons(Usd.TimeCode(4))[0] is not skeletons[0]


def test_a_pose_that_is_edited_at_the_same_time_is_seen() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage)
    reader = SkinReader(stage)
    before = reader.posed(mesh, Usd.TimeCode(10))
    animation = UsdSkel.Animation.Get(stage, "/Person/Anim")
    animation.GetTranslationsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(1, 2, 3)] * 3), 10)
    after = reader.posed(mesh, Usd.TimeCode(10))
    assert not np.allclose(after[0], before[0])
    np.testing.assert_allclose(to_world(mesh, after[0], 10), world_points_by_usd(mesh, 10), atol=1e-5)


def test_blend_shapes_are_added_before_the_joints_move_them() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage)
    shape = UsdSkel.BlendShape.Define(stage, "/Person/Body/smile")
    shape.CreatePointIndicesAttr([3, 7])
    shape.CreateOffsetsAttr([(0, 0, 2), (1, 0, 0)])
    between = shape.CreateInbetween("half")
    between.SetWeight(0.5)
    between.SetOffsets([(0, 4, 0), (0, 4, 0)])
    binding = UsdSkel.BindingAPI(mesh)
    binding.CreateBlendShapesAttr(["smile"])
    binding.CreateBlendShapeTargetsRel().SetTargets([shape.GetPath()])
    animation = UsdSkel.Animation.Get(stage, "/Person/Anim")
    animation.CreateBlendShapesAttr(["frown", "smile"])
    animation.CreateBlendShapeWeightsAttr([0.9, 0.75])
    points, _ = SkinReader(stage).posed(mesh, Usd.TimeCode(2))
    rest = np.array(UsdGeom.Mesh(mesh).GetPointsAttr().Get())
    # Between the in-between at 0.5 and the shape at 1, half of each.
    rest[3] += (0, 2, 1)
    rest[7] += (0.5, 2, 0)
    UsdGeom.Mesh(mesh).GetPointsAttr().Set(rest)
    np.testing.assert_allclose(to_world(mesh, points, 2), world_points_by_usd(mesh, 2), atol=1e-5)


def test_a_mesh_may_share_no_parent_with_its_skeleton_but_the_root() -> None:
    stage = Usd.Stage.CreateInMemory()
    character(stage)
    elsewhere = UsdSkel.Skeleton.Define(stage, "/Elsewhere")
    elsewhere.AddTransformOp().Set(turned(70, (1, 0, 2), (3, 2, 1)))
    for name in ("joints", "restTransforms", "bindTransforms"):
        value = stage.GetPrimAtPath("/Person/Skel").GetAttribute(name).Get()
        elsewhere.GetPrim().GetAttribute(name).Set(value)
    UsdSkel.BindingAPI.Apply(elsewhere.GetPrim()).CreateAnimationSourceRel().SetTargets(["/Person/Anim"])
    mesh = stage.GetPrimAtPath("/Person/Body")
    UsdSkel.BindingAPI(mesh).GetSkeletonRel().SetTargets(["/Elsewhere"])
    points, _ = SkinReader(stage).posed(mesh, Usd.TimeCode(5))
    np.testing.assert_allclose(to_world(mesh, points, 5), world_points_by_usd(mesh, 5), atol=1e-5)


def test_two_instances_of_one_character_have_poses_of_their_own() -> None:
    library = Usd.Stage.CreateInMemory()
    character(library, "/Lib/Person")
    stage = Usd.Stage.CreateInMemory()
    stage.GetRootLayer().subLayerPaths.append(library.GetRootLayer().identifier)
    for name, frozen in (("A", False), ("B", True)):
        prim = stage.DefinePrim(f"/{name}")
        prim.GetReferences().AddInternalReference("/Lib")
        prim.SetInstanceable(True)
        if frozen:
            UsdSkel.Animation.Define(stage, "/Still").CreateJointsAttr(JOINTS)
            still = UsdSkel.Animation.Get(stage, "/Still")
            still.SetTransforms([turned(80 * i, (0, 1, 0), (0, 0, 0.3)) for i in range(3)], Usd.TimeCode.Default())
            UsdSkel.BindingAPI.Apply(prim).CreateAnimationSourceRel().SetTargets(["/Still"])
    reader = SkinReader(stage)
    for name in "AB":
        mesh = stage.GetPrimAtPath(f"/{name}/Person/Body")
        points, _ = reader.posed(mesh, Usd.TimeCode(8))
        np.testing.assert_allclose(to_world(mesh, points, 8), world_points_by_usd(mesh, 8), atol=1e-5)
    assert [s.path for s in reader.skeletons(Usd.TimeCode(8))] == [
        "/Lib/Person/Skel",
        "/A/Person/Skel",
        "/B/Person/Skel",
    ]


def test_a_skeleton_tells_its_joints_in_the_world() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage)
    (skeleton,) = SkinReader(stage).skeletons(Usd.TimeCode(4))
    assert (skeleton.path, skeleton.root, skeleton.entity) == ("/Person/Skel", "/Person", -1)
    assert skeleton.joints == tuple(JOINTS)
    np.testing.assert_array_equal(skeleton.parents, [-1, 0, 1])
    _, witness = query(mesh)
    cache = UsdGeom.XformCache(4)
    np.testing.assert_allclose(skeleton.matrices, np.array(witness.ComputeJointWorldTransforms(cache)), atol=1e-12)
    world = np.array(cache.GetLocalToWorldTransform(witness.GetPrim()))
    chained = world
    for joint in range(3):  # each joint hangs on the one before
        chained = skeleton.local[joint] @ chained
        np.testing.assert_allclose(skeleton.matrices[joint], chained, atol=1e-12)
    np.testing.assert_allclose(skeleton.rest_local[2], np.array(turned(10, (0, 1, 0), (0, 0, 1))), atol=1e-12)
    np.testing.assert_allclose(skeleton.bind[1], np.array(turned(20, (1, 1, 0), (0.1, 0.2, 0.5))), atol=1e-12)


def test_a_mesh_without_skeleton_is_not_posed() -> None:
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.Mesh.Define(stage, "/Box").CreatePointsAttr([(0, 0, 0)] * 3)
    reader = SkinReader(stage)
    assert reader.posed(stage.GetPrimAtPath("/Box"), Usd.TimeCode(0)) is None
    assert reader.skeletons(Usd.TimeCode(0)) == ()
    assert reader.findings == ()


def test_a_new_binding_is_seen_after_refresh() -> None:
    stage = Usd.Stage.CreateInMemory()
    reader = SkinReader(stage)
    mesh = character(stage)
    assert not reader.refresh([Sdf.Path("/Person/Body.points"), Sdf.Path("/Person.xformOp:transform")])
    assert reader.posed(mesh, Usd.TimeCode(0)) is None
    assert reader.refresh([Sdf.Path("/Person")])
    first = reader.posed(mesh, Usd.TimeCode(0))
    assert first is not None
    UsdSkel.BindingAPI(mesh).GetJointIndicesPrimvar().Set([0] * 120)
    assert reader.refresh([Sdf.Path("/Person/Body.primvars:skel:jointIndices")])
    points, _ = reader.posed(mesh, Usd.TimeCode(0))
    np.testing.assert_allclose(to_world(mesh, points, 0), world_points_by_usd(mesh, 0), atol=1e-5)
    stage.RemovePrim("/Person")
    assert reader.refresh([Sdf.Path("/Person")])
    assert reader.skeletons(Usd.TimeCode(0)) == ()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda b, a: b.GetJointIndicesPrimvar().Set([7] * 120), "/Person/Body: joint indices 7 to 7, but 3 joints"),
        (lambda b, a: b.GetJointIndicesPrimvar().Set([-1] * 120), "joint indices -1 to -1"),
        (lambda b, a: b.GetJointWeightsPrimvar().Set([math.nan] * 120), "not finite"),
        (lambda b, a: b.GetGeomBindTransformAttr().Set(Gf.Matrix4d(math.nan)), "not finite"),
        (lambda b, a: UsdGeom.Xformable(b.GetPrim()).AddScaleOp().Set(Gf.Vec3f(0)), "flat"),
        (lambda b, a: b.GetSkinningMethodAttr().Set("dualQuaternion"), "'dualQuaternion' is not known"),
    ],
)
def test_a_skin_that_cannot_be_is_named_once(harm, message) -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = character(stage)
    binding = UsdSkel.BindingAPI(mesh)
    binding.CreateSkinningMethodAttr()
    harm(binding, UsdSkel.Animation.Get(stage, "/Person/Anim"))
    reader = SkinReader(stage)
    for time in (0, 5):
        posed = reader.posed(mesh, Usd.TimeCode(time))
        assert (posed is not None) == ("dualQuaternion" in message)
    assert len(reader.findings) == 1
    assert message in reader.findings[0]


def test_a_skeleton_without_rest_or_bind_pose_is_left_out_and_named() -> None:
    stage = Usd.Stage.CreateInMemory()
    character(stage)
    UsdSkel.Skeleton.Get(stage, "/Person/Skel").GetBindTransformsAttr().Set([Gf.Matrix4d(1)])
    reader = SkinReader(stage)
    assert reader.skeletons(Usd.TimeCode(0)) == ()
    assert [f for f in reader.findings if f.startswith("/Person/Skel: 3 joints")]
