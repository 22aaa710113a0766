"""A stage as a scene, against USD's own answers; and a scene after edits against one read afresh."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, UsdGeom, UsdLux, UsdSemantics, UsdShade, UsdSkel, Vt  # noqa: E402

from framepress.headless.scene import Scene  # noqa: E402
from framepress.headless.usd.reader import StageReader  # noqa: E402

DEFAULT = Usd.TimeCode.Default()
PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)


def label(prim: Any, *labels: str) -> None:
    UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr().Set(list(labels))


def pose(prim: Any, rng: np.random.Generator) -> None:
    xformable = UsdGeom.Xformable(prim)
    xformable.ClearXformOpOrder()
    xformable.AddTranslateOp().Set(tuple(rng.uniform(-9, 9, 3).tolist()))
    xformable.AddRotateXYZOp().Set(tuple(rng.uniform(-180, 180, 3).tolist()))
    xformable.AddScaleOp().Set(tuple(rng.uniform(0.2, 3, 3).tolist()))


def soup(stage: Any, path: str, rng: np.random.Generator) -> Any:
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(rng.normal(size=(30, 3)).astype(np.float32)))
    mesh.CreateFaceVertexCountsAttr([3] * 12)
    mesh.CreateFaceVertexIndicesAttr([int(k) for k in rng.integers(0, 30, 36)])
    return mesh


def forest(seed: int) -> Any:
    """A stage of random depth: meshes, gprims, instances, an instancer, labels, hidden prims and purposes."""
    rng = np.random.default_rng(seed)
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    stage.CreateClassPrim("/Asset")
    UsdGeom.Sphere.Define(stage, "/Asset/Ball")
    soup(stage, "/Asset/Soup", rng)
    paths = ["/World"]
    UsdGeom.Xform.Define(stage, "/World")
    for k in range(25):
        path = f"{paths[int(rng.integers(len(paths)))]}/n{k}"
        kind = str(rng.choice(["Xform", "Scope", "Cube", "Mesh", "Instance", "Points"]))
        if kind == "Mesh":
            prim = soup(stage, path, rng).GetPrim()
        elif kind == "Instance":
            prim = UsdGeom.Xform.Define(stage, path).GetPrim()
            prim.GetReferences().AddInternalReference("/Asset")
            prim.SetInstanceable(True)
        elif kind == "Points":
            points = UsdGeom.PointInstancer.Define(stage, path)
            points.CreatePrototypesRel().SetTargets(["/Asset/Soup", "/Asset/Ball"])
            points.CreateProtoIndicesAttr([0, 1, 0])
            points.CreatePositionsAttr(Vt.Vec3fArray.FromNumpy(rng.uniform(-3, 3, (3, 3)).astype(np.float32)))
            prim = points.GetPrim()
        else:
            prim = stage.DefinePrim(path, kind)
            if kind in ("Xform", "Scope"):
                paths.append(path)
        if kind != "Scope":
            pose(prim, rng)
        if rng.random() < 0.4:
            label(prim, f"label{k}")
        if rng.random() < 0.15:
            UsdGeom.Imageable(prim).MakeInvisible()
        if rng.random() < 0.15:
            purpose = str(rng.choice(["guide", "proxy", "render", "default"]))
            UsdGeom.Imageable(prim).CreatePurposeAttr(purpose)
        if kind in ("Xform", "Mesh") and rng.random() < 0.1:
            UsdGeom.Xformable(prim).SetResetXformStack(True)
    return stage


def world_points(scene: Scene, row: int) -> Any:
    points = scene.geometries[scene.placements[row].geometry]
    used = points.points[np.unique(points.triangles)].astype(float)
    return (np.c_[used, np.ones(len(used))] @ scene.matrices[row])[:, :3]


def same(a: Scene, b: Scene) -> None:
    """Equal but for the order of rows that only history decides: materials."""
    assert [(p.path, p.entity) for p in a.placements] == [(p.path, p.entity) for p in b.placements]
    np.testing.assert_array_equal(a.matrices, b.matrices)
    np.testing.assert_array_equal(a.visible, b.visible)
    assert a.entities == b.entities
    np.testing.assert_array_equal(a.entity_matrices, b.entity_matrices)
    np.testing.assert_array_equal(a.entity_bounds, b.entity_bounds)
    for p, q in zip(a.placements, b.placements, strict=True):
        ours, theirs = a.geometries[p.geometry], b.geometries[q.geometry]
        np.testing.assert_array_equal(ours.points, theirs.points)
        np.testing.assert_array_equal(ours.triangles, theirs.triangles)
        np.testing.assert_array_equal(ours.subsets, theirs.subsets)
        assert [a.materials[k] for k in p.materials] == [b.materials[k] for k in q.materials]
    assert a.findings == b.findings
    assert (a.meters_per_unit, a.up_axis) == (b.meters_per_unit, b.up_axis)


@pytest.mark.parametrize("seed", range(12))
def test_matrices_visibility_and_purpose_are_usds_own(seed: int) -> None:
    stage = forest(seed)
    scene = StageReader(stage).read()
    cache = UsdGeom.XformCache(DEFAULT)
    rows = {p.path: k for k, p in enumerate(scene.placements)}
    due = set()
    for prim in stage.Traverse(PROXIES):
        if not prim.IsA(UsdGeom.Gprim):
            continue
        if UsdGeom.Imageable(prim).ComputePurpose() not in ("default", "render"):
            assert str(prim.GetPath()) not in rows
            continue
        due.add(str(prim.GetPath()))
        row = rows[str(prim.GetPath())]
        np.testing.assert_allclose(scene.matrices[row], np.array(cache.GetLocalToWorldTransform(prim)), atol=1e-9)
        assert bool(scene.visible[row]) == (UsdGeom.Imageable(prim).ComputeVisibility() != "invisible")
    points = {
        str(prim.GetPath())
        for prim in stage.Traverse()
        if prim.IsA(UsdGeom.PointInstancer) and UsdGeom.Imageable(prim).ComputePurpose() in ("default", "render")
    }
    assert {path for path in rows if path.rsplit("/", 1)[0] not in points} == due
    assert len(rows) == len(due) + 3 * len(points)


@pytest.mark.parametrize("seed", range(12))
def test_entity_bounds_are_those_of_all_points_of_the_visible_subtree(seed: int) -> None:
    scene = StageReader(forest(seed)).read()
    subtree: list[list[int]] = [[] for _ in scene.entities]
    for row, placement in enumerate(scene.placements):
        entity = placement.entity
        while entity >= 0 and scene.visible[row]:
            subtree[entity].append(row)
            entity = scene.entities[entity].parent
    for entity, rows in enumerate(subtree):
        if not rows:
            assert np.isnan(scene.entity_bounds[entity]).all()
            continue
        points = np.concatenate([world_points(scene, row) for row in rows])
        local = (np.c_[points, np.ones(len(points))] @ np.linalg.inv(scene.entity_matrices[entity]))[:, :3]
        due = np.stack([local.min(axis=0), local.max(axis=0)])
        np.testing.assert_allclose(scene.entity_bounds[entity], due, atol=1e-8)


def test_bounds_without_rotations_are_bboxcaches() -> None:
    stage = Usd.Stage.CreateInMemory()
    group = UsdGeom.Xform.Define(stage, "/Group")
    group.AddTranslateOp().Set((4, 5, 6))  # BBoxCache goes by way of the world's axes, and widens what is turned
    cube = UsdGeom.Cube.Define(stage, "/Group/Cube")
    cube.AddScaleOp().Set((1, 2, 3))
    label(group.GetPrim(), "box")
    scene = StageReader(stage).read()
    box = UsdGeom.BBoxCache(DEFAULT, ["default"]).ComputeUntransformedBound(group.GetPrim()).ComputeAlignedRange()
    np.testing.assert_allclose(scene.entity_bounds[0], [box.GetMin(), box.GetMax()])


def edit(stage: Any, rng: np.random.Generator) -> None:
    """One edit of those that scripts do."""
    prims = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Imageable) and prim.GetPath().pathElementCount > 1]
    prim = prims[int(rng.integers(len(prims)))]
    kind = int(rng.integers(11))
    if kind <= 2 and prim.IsA(UsdGeom.Xformable):
        if prim.HasAttribute("xformOp:translate"):
            prim.GetAttribute("xformOp:translate").Set(tuple(rng.uniform(-9, 9, 3).tolist()))
        else:
            pose(prim, rng)
    elif kind == 3:
        imageable = UsdGeom.Imageable(prim)
        (imageable.MakeVisible if imageable.ComputeVisibility() == "invisible" else imageable.MakeInvisible)()
    elif kind == 4:
        label(prim, f"edited{int(rng.integers(9))}")
    elif kind == 5 and prim.IsA(UsdGeom.Mesh):
        points = rng.normal(size=(30, 3)).astype(np.float32)
        points[0] = np.nan if rng.random() < 0.2 else 0
        prim.GetAttribute("points").Set(Vt.Vec3fArray.FromNumpy(points))
    elif kind == 6 and prim.IsA(UsdGeom.Cube):
        prim.GetAttribute("size").Set(float(rng.choice([-1.0, 0.0, 1.0, 2.0, 3.0])))
    elif kind == 7 and prim.IsA(UsdGeom.PointInstancer):
        prim.GetAttribute("protoIndices").Set([int(k) for k in rng.integers(0, 2, 3)])
    elif kind == 8 and not prim.IsInstance():
        stage.DefinePrim(prim.GetPath().AppendChild(f"new{int(rng.integers(1000))}"), "Cube")
    elif kind == 9:
        prim.SetActive(False)
    elif kind == 10 and prim.IsA(UsdGeom.Xformable):
        UsdGeom.Xformable(prim).SetResetXformStack(bool(rng.random() < 0.5))


@pytest.mark.parametrize("seed", range(10))
def test_a_scene_after_any_edits_is_that_of_a_fresh_reading(seed: int) -> None:
    stage = forest(seed)
    rng = np.random.default_rng(seed)
    reader = StageReader(stage)
    for step in range(12):
        if step == 6:
            stage.SetEditTarget(stage.GetSessionLayer())
        for _ in range(int(rng.integers(1, 4))):
            edit(stage, rng)
        same(reader.read(), StageReader(stage).read())


def test_an_unchanged_stage_is_the_same_scene() -> None:
    stage = forest(1)
    reader = StageReader(stage)
    scene = reader.read()
    assert reader.read() is scene
    stage.GetPrimAtPath("/World").SetCustomDataByKey("note", "nothing that is drawn")
    assert reader.read() is scene


def test_a_move_keeps_all_that_did_not_move() -> None:
    stage = forest(2)
    reader = StageReader(stage)
    before = reader.read()
    stage.GetPrimAtPath("/World").GetAttribute("xformOp:translate")
    UsdGeom.Xformable(stage.GetPrimAtPath("/World")).AddTranslateOp().Set((1, 2, 3))
    after = reader.read()
    assert not np.array_equal(before.matrices, after.matrices)
    for name in ("geometries", "placements", "entities", "materials", "textures", "lights", "findings"):
        assert getattr(after, name) is getattr(before, name), name


def test_scenes_do_not_change_after_they_were_given_away() -> None:
    stage = forest(3)
    reader = StageReader(stage)
    before = reader.read()
    matrices, bounds = before.matrices.copy(), before.entity_bounds.copy()
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Xformable):
            pose(prim, np.random.default_rng(0))
    reader.read()
    np.testing.assert_array_equal(before.matrices, matrices)
    np.testing.assert_array_equal(before.entity_bounds, bounds)
    for array in (before.matrices, before.visible, before.entity_matrices, before.entity_bounds):
        assert not array.flags.writeable


def test_new_structure_keeps_the_geometries_of_what_was_there() -> None:
    stage = forest(4)
    reader = StageReader(stage)
    before = {p.path: reader.read().geometries[p.geometry] for p in reader.read().placements}
    UsdGeom.Cube.Define(stage, "/World/Another").CreateSizeAttr(17.0)
    scene = reader.read()
    after = {p.path: scene.geometries[p.geometry] for p in scene.placements}
    assert set(after) == {*before, "/World/Another"}
    assert all(after[path] is before[path] for path in before)


def test_time_samples_are_read_at_their_time() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube = UsdGeom.Cube.Define(stage, "/Cube")
    move = cube.AddTranslateOp()
    for time in (0, 10):
        move.Set((time, 0, 0), time)
        cube.CreateSizeAttr().Set(1.0 + time, time)
    cube.CreateVisibilityAttr().Set("invisible", 0)
    cube.GetVisibilityAttr().Set("inherited", 5)
    still = UsdGeom.Sphere.Define(stage, "/Ball")
    still.CreateRadiusAttr().Set(3.0, 4)
    reader = StageReader(stage)
    first = reader.read(0)
    assert first.geometries[1].points.max() == 3.0, "the only sample counts at every time"
    second = reader.read(10)
    assert second.geometries[1] is first.geometries[1]
    assert (first.matrices[0, 3, 0], second.matrices[0, 3, 0]) == (0, 10)
    assert (bool(first.visible[0]), bool(second.visible[0])) == (False, True)
    assert (first.geometries[0].points.max(), second.geometries[0].points.max()) == (0.5, 5.5)
    unset = reader.read()
    assert unset.matrices[0, 3, 0] == 0
    assert unset.geometries[1].points.max() == 1.0, "the default time sees no samples"
    move.Set((7, 0, 0), 20)
    assert reader.read(20).matrices[0, 3, 0] == 7


def test_meshes_with_animated_points_are_read_again() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = soup(stage, "/Mesh", np.random.default_rng(0))
    label(mesh.GetPrim(), "cloth")
    for time in (0, 10):
        mesh.GetPointsAttr().Set([(k + time, k % 3, k % 7) for k in range(30)], time)
    reader = StageReader(stage)
    first, second = reader.read(0), reader.read(5)
    np.testing.assert_array_equal(second.geometries[0].points, first.geometries[0].points + np.float32([5, 0, 0]))
    np.testing.assert_array_equal(second.entity_bounds, first.entity_bounds + np.array([5, 0, 0]))
    assert second.placements is first.placements


def test_skinned_meshes_follow_their_skeleton_and_keep_their_faces() -> None:
    stage = Usd.Stage.CreateInMemory()
    root = UsdSkel.Root.Define(stage, "/Person")
    label(root.GetPrim(), "person")
    skeleton = UsdSkel.Skeleton.Define(stage, "/Person/Skel")
    skeleton.CreateJointsAttr(["Hips"])
    skeleton.CreateBindTransformsAttr([Gf.Matrix4d(1)])
    skeleton.CreateRestTransformsAttr([Gf.Matrix4d(1)])
    animation = UsdSkel.Animation.Define(stage, "/Person/Walk")
    animation.CreateJointsAttr(["Hips"])
    animation.CreateRotationsAttr([Gf.Quatf(1)])
    animation.CreateScalesAttr([Gf.Vec3h(1)])
    for time in (0, 10):
        animation.CreateTranslationsAttr().Set([(time, 0, 0)], time)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets(["/Person/Walk"])
    mesh = soup(stage, "/Person/Body", np.random.default_rng(0))
    mesh.CreateSubdivisionSchemeAttr("catmullClark")
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets(["/Person/Skel"])
    binding.CreateJointIndicesPrimvar(True, 1).Set([0])
    binding.CreateJointWeightsPrimvar(True, 1).Set([1.0])
    reader = StageReader(stage)
    first, second = reader.read(0), reader.read(5)
    rest = np.array(mesh.GetPointsAttr().Get())
    np.testing.assert_array_equal(first.geometries[0].points, rest)
    np.testing.assert_allclose(second.geometries[0].points, rest + np.float32([5, 0, 0]), rtol=1e-6)
    np.testing.assert_allclose(second.entity_bounds, first.entity_bounds + np.array([5, 0, 0]), atol=1e-6)
    assert second.geometries[0].triangles is first.geometries[0].triangles
    np.testing.assert_allclose(second.geometries[0].normals, first.geometries[0].normals, atol=1e-4)
    assert second.placements is first.placements
    assert [s.entity for s in second.skeletons] == [0]
    assert second.skeletons[0].matrices[0, 3, 0] == 5
    UsdGeom.Xformable(root).AddTranslateOp().Set((0, 0, 9))
    third = reader.read(5)
    assert third.geometries is second.geometries
    assert third.skeletons[0].matrices[0, 3, 2] == 9
    mesh.GetPointsAttr().Set(Vt.Vec3fArray.FromNumpy(rest * 2))
    np.testing.assert_allclose(reader.read(5).geometries[0].points, rest * 2 + np.float32([5, 0, 0]), rtol=1e-6)


def test_a_transform_that_is_not_finite_hides_its_prims_and_is_named_once() -> None:
    stage = Usd.Stage.CreateInMemory()
    for name in ("A", "B"):
        label(UsdGeom.Cube.Define(stage, f"/Lost/{name}").GetPrim(), name)
    UsdGeom.Cube.Define(stage, "/Fine")
    lost = UsdGeom.Xform.Define(stage, "/Lost")
    lost.AddTranslateOp().Set((float("nan"), 0, 0))
    reader = StageReader(stage)
    scene = reader.read()
    assert dict(zip((p.path for p in scene.placements), scene.visible.tolist(), strict=True)) == {
        "/Lost/A": False,
        "/Lost/B": False,
        "/Fine": True,
    }
    assert np.isfinite(scene.matrices).all()
    assert np.isnan(scene.entity_bounds).all()
    assert len([f for f in scene.findings if f.startswith("/Lost")]) == 1
    lost.GetPrim().GetAttribute("xformOp:translate").Set((float("inf"), 0, 0))
    assert not reader.read().visible[:2].any()
    lost.GetPrim().GetAttribute("xformOp:translate").Set((1, 0, 0))
    scene = reader.read()
    assert scene.visible.all()
    assert scene.findings == ()


BROKEN = """#usda 1.0
( subLayers = [@missing_layer.usda@] )
def Xform "Gone" (references = @nowhere.usda@) {
}
def Xform "Unpaid" (payload = @gone.usda@) {
}
def Xform "Ping" (references = </Pong>) {
}
def Xform "Pong" (references = </Ping>) {
}
def Xform "NoSuch" (references = @parts.usda@</Nope>) {
}
def Xform "Torn" (references = @torn.usda@) {
}
def "Good" (references = @parts.usda@</Part>) {
}
"""


def test_what_does_not_compose_is_named_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "scene.usda").write_text(BROKEN)
    (tmp_path / "parts.usda").write_text('#usda 1.0\ndef Cube "Part" {\n}\n')
    (tmp_path / "torn.usda").write_text('#usda 1.0\ndef "X" {{{\n')
    texts = []
    for _ in range(2):
        reader = StageReader(Usd.Stage.Open(str(tmp_path / "scene.usda")))
        scene = reader.read()
        assert reader.read() is scene
        assert [p.path for p in scene.placements] == ["/Good"]
        texts.append(scene.findings)
    assert texts[0] == texts[1]
    assert not any("0x" in finding for finding in texts[0]), "no addresses: the same words in every run"
    for name in ("missing_layer.usda", "nowhere.usda", "gone.usda", "/Ping", "/Pong", "Nope", "torn.usda"):
        assert [finding for finding in texts[0] if name in finding], name
    assert len(texts[0]) == len(set(texts[0]))


def test_overs_classes_and_inactive_prims_are_not_drawn_and_payloads_are(tmp_path: Path) -> None:
    (tmp_path / "part.usda").write_text('#usda 1.0\n( defaultPrim = "P" )\ndef Cube "P" {\n}\n')
    stage = Usd.Stage.CreateNew(str(tmp_path / "scene.usda"), load=Usd.Stage.LoadNone)
    stage.DefinePrim("/Paid").GetPayloads().AddPayload("./part.usda")
    stage.OverridePrim("/Over/Cube")
    stage.CreateClassPrim("/Class")
    UsdGeom.Cube.Define(stage, "/Class/Cube")
    UsdGeom.Cube.Define(stage, "/Asleep").GetPrim().SetActive(False)
    assert [p.path for p in StageReader(stage, load=False).read().placements] == []
    assert [p.path for p in StageReader(stage).read().placements] == ["/Paid"]


def test_geometry_of_other_kinds_is_named_once_a_kind() -> None:
    stage = Usd.Stage.CreateInMemory()
    for k in range(3):
        UsdGeom.BasisCurves.Define(stage, f"/Hair{k}")
    UsdGeom.Points.Define(stage, "/Dust")
    findings = StageReader(stage).read().findings
    assert [f for f in findings if "BasisCurves" in f] == ["/Hair0 and 2 more: a BasisCurves is not drawn"]
    assert [f for f in findings if "Points" in f] == ["/Dust: a Points is not drawn"]


def test_stage_units_and_axis() -> None:
    stage = Usd.Stage.CreateInMemory()
    reader = StageReader(stage)
    assert (reader.read().meters_per_unit, reader.read().up_axis) == (0.01, "Y")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    assert (reader.read().meters_per_unit, reader.read().up_axis) == (1.0, "Z")


def test_an_empty_stage_is_an_empty_scene() -> None:
    scene = StageReader(Usd.Stage.CreateInMemory()).read()
    assert scene.placements == scene.entities == scene.geometries == scene.findings == ()
    assert scene.matrices.shape == (0, 4, 4)


def test_bindings_made_later_are_seen_and_keep_the_rest() -> None:
    stage = Usd.Stage.CreateInMemory()
    for name in ("red", "blue"):
        material = UsdShade.Material.Define(stage, f"/Looks/{name}")
        shader = UsdShade.Shader.Define(stage, f"/Looks/{name}/surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    for k in range(3):
        prim = UsdGeom.Cube.Define(stage, f"/World/Cube{k}").GetPrim()
        UsdShade.MaterialBindingAPI.Apply(prim).Bind(UsdShade.Material.Get(stage, "/Looks/red"))
    reader = StageReader(stage)
    before = reader.read()
    binding = UsdShade.MaterialBindingAPI(stage.GetPrimAtPath("/World/Cube1"))
    binding.Bind(UsdShade.Material.Get(stage, "/Looks/blue"))
    after = reader.read()
    paths = [after.materials[p.materials[0]].path for p in after.placements]
    assert paths == ["/Looks/red", "/Looks/blue", "/Looks/red"]
    assert after.placements[0] is before.placements[0]
    assert after.geometries is before.geometries
    assert after.matrices is before.matrices


def test_lights_are_read_again_when_they_or_what_is_above_them_moves() -> None:
    stage = Usd.Stage.CreateInMemory()
    rig = UsdGeom.Xform.Define(stage, "/Rig")
    lift = rig.AddTranslateOp()
    lamp = UsdLux.SphereLight.Define(stage, "/Rig/Lamp")
    cube = UsdGeom.Cube.Define(stage, "/Cube").AddTranslateOp()
    reader = StageReader(stage)
    first = reader.read()
    cube.Set((1, 1, 1))
    second = reader.read()
    assert second.lights is first.lights
    lift.Set((0, 0, 4))
    third = reader.read()
    assert third.lights[0].matrix[3, 2] == 4
    lamp.CreateIntensityAttr(7.0)
    assert reader.read().lights[0].color != third.lights[0].color


def test_a_reader_and_its_stage_are_let_go_of() -> None:
    stage = forest(0)
    reader = StageReader(stage)
    reader.read()
    gone = weakref.ref(reader)
    del reader
    gc.collect()
    assert gone() is None
    stage.GetPrimAtPath("/World").SetActive(False)


def test_names_that_are_not_ascii_and_deep_trees_are_read() -> None:
    stage = Usd.Stage.CreateInMemory()
    path = "/Größe/箱"
    for k in range(200):
        path += f"/x{k}"
    prim = UsdGeom.Cube.Define(stage, path).GetPrim()
    label(prim, "tief")
    UsdGeom.Xform.Define(stage, "/Größe").AddTransformOp().Set(Gf.Matrix4d(2.0))
    scene = StageReader(stage).read()
    assert scene.entities[0].path == path
    assert scene.matrices[0, 0, 0] == 2
