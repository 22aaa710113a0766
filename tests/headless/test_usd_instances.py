"""Native instances and instancers: where USD itself puts them, with the entities of their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, UsdGeom, UsdSemantics, Vt  # noqa: E402

from framepress.errors import InputError  # noqa: E402
from framepress.headless.scene import Entity, Scene  # noqa: E402
from framepress.headless.usd.reader import StageReader  # noqa: E402

DEFAULT = Usd.TimeCode.Default()


def label(prim: Any, *labels: str) -> None:
    UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr().Set(list(labels))


def cube(stage: Any, path: str, at: tuple[float, float, float], size: float = 1.0, turn: float = 0.0) -> Any:
    made = UsdGeom.Cube.Define(stage, path)
    made.CreateSizeAttr(size)
    made.AddTranslateOp().Set(at)
    made.AddRotateZOp().Set(turn)
    return made


def instancer(stage: Any, path: str, prototypes: list[str], count: int, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    made = UsdGeom.PointInstancer.Define(stage, path)
    made.CreatePrototypesRel().SetTargets(prototypes)
    made.CreateProtoIndicesAttr(Vt.IntArray.FromNumpy(rng.integers(0, len(prototypes), count).astype(np.int32)))
    made.CreatePositionsAttr(Vt.Vec3fArray.FromNumpy(rng.uniform(-5, 5, (count, 3)).astype(np.float32)))
    turns = [Gf.Rotation(Gf.Vec3d(*rng.normal(size=3)), float(rng.uniform(0, 360))).GetQuat() for _ in range(count)]
    made.CreateOrientationsAttr(Vt.QuathArray([Gf.Quath(q) for q in turns]))
    made.CreateScalesAttr(Vt.Vec3fArray.FromNumpy(rng.uniform(0.5, 2, (count, 3)).astype(np.float32)))
    made.AddTranslateOp().Set((1, 2, 3))
    made.AddRotateXOp().Set(30.0)
    return made


def matrices(scene: Scene) -> dict[str, np.ndarray[Any, Any]]:
    return {p.path: m for p, m in zip(scene.placements, scene.matrices, strict=True)}


def corners(scene: Scene, row: int) -> np.ndarray[Any, Any]:
    """A placement's points in the world."""
    points = scene.geometries[scene.placements[row].geometry].points
    return np.asarray(np.c_[points, np.ones(len(points))] @ scene.matrices[row])[:, :3]


def entities(scene: Scene) -> dict[str, Entity]:
    return {entity.path: entity for entity in scene.entities}


def below(scene: Scene, entity: int) -> list[int]:
    """The placements of an entity's whole subtree."""

    def under(row: int) -> bool:
        while row >= 0 and row != entity:
            row = scene.entities[row].parent
        return row == entity

    return [k for k, placement in enumerate(scene.placements) if under(placement.entity)]


def check_bounds(scene: Scene) -> None:
    """Each entity's bounds against all points of its visible placements, taken to the world and back."""
    for row in range(len(scene.entities)):
        rows = [k for k in below(scene, row) if scene.visible[k]]
        if not rows:
            assert np.isnan(scene.entity_bounds[row]).all()
            continue
        points = np.concatenate([corners(scene, k) for k in rows])
        local = np.c_[points, np.ones(len(points))] @ np.linalg.inv(scene.entity_matrices[row])
        due = np.stack([local.min(axis=0), local.max(axis=0)])[:, :3]
        np.testing.assert_allclose(scene.entity_bounds[row], due, atol=1e-9)


def test_native_instances_share_geometry_and_have_paths_and_entities_of_their_own() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.CreateClassPrim("/Crate")
    label(cube(stage, "/Crate/Body", (0, 0, 1)).GetPrim(), "body")
    for k in range(3):
        prim = UsdGeom.Xform.Define(stage, f"/World/Crate{k}").GetPrim()
        prim.GetReferences().AddInternalReference("/Crate")
        prim.SetInstanceable(True)
        UsdGeom.Xformable(prim).AddTranslateOp().Set((5 * k, 0, 0))
        label(prim, f"crate{k}")
    scene = StageReader(stage).read()
    assert [p.path for p in scene.placements] == [f"/World/Crate{k}/Body" for k in range(3)]
    assert len(scene.geometries) == 1
    found = entities(scene)
    assert set(found) == {f"/World/Crate{k}{rest}" for k in range(3) for rest in ("", "/Body")}
    assert found["/World/Crate1/Body"].inherited == {"class": ("crate1",)}
    assert scene.entities[found["/World/Crate1/Body"].parent].path == "/World/Crate1"
    assert found["/World/Crate1"].has_children
    assert not found["/World/Crate1/Body"].has_children
    np.testing.assert_array_equal(scene.matrices[:, 3, :3], [(0, 0, 1), (5, 0, 1), (10, 0, 1)])
    check_bounds(scene)


def test_an_edit_of_the_prototype_moves_every_instance() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.CreateClassPrim("/Crate")
    body = cube(stage, "/Crate/Body", (0, 0, 1))
    for k in range(3):
        prim = UsdGeom.Xform.Define(stage, f"/World/Crate{k}").GetPrim()
        prim.GetReferences().AddInternalReference("/Crate")
        prim.SetInstanceable(True)
    reader = StageReader(stage)
    reader.read()
    body.GetPrim().GetAttribute("xformOp:translate").Set((0, 0, 7))
    body.GetSizeAttr().Set(3.0)
    scene = reader.read()
    np.testing.assert_array_equal(scene.matrices[:, 3, :3], [(0, 0, 7)] * 3)
    assert scene.geometries[0].points.max() == 1.5


def test_points_stand_where_usd_computes_them() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Points/A", (0, 0, 1), turn=20)
    UsdGeom.Xform.Define(stage, "/Points/B").AddTranslateOp().Set((1, 0, 0))
    cube(stage, "/Points/B/Inner", (0, 2, 0), 0.5)
    made = instancer(stage, "/Points", ["/Points/A", "/Points/B"], 12)
    scene = StageReader(stage).read()
    world = np.array(made.ComputeLocalToWorldTransform(DEFAULT))
    with_root = np.array(made.ComputeInstanceTransformsAtTime(DEFAULT, DEFAULT))
    inner = np.array(UsdGeom.Xformable(stage.GetPrimAtPath("/Points/B/Inner")).GetLocalTransformation(DEFAULT))
    have = matrices(scene)
    assert len(have) == 12, "prototypes themselves are not drawn"
    for k, prototype in enumerate(made.GetProtoIndicesAttr().Get()):
        path = f"/Points/B_{k}/Inner" if prototype else f"/Points/A_{k}"
        due = inner @ with_root[k] @ world if prototype else with_root[k] @ world
        np.testing.assert_allclose(have[path], due, atol=1e-12)


def test_hidden_and_deactivated_points_are_not_visible() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Points/A", (0, 0, 0))
    made = instancer(stage, "/Points", ["/Points/A"], 6)
    made.InvisId(2, DEFAULT)
    made.DeactivateId(4)
    reader = StageReader(stage)
    np.testing.assert_array_equal(reader.read().visible, [True, True, False, True, False, True])
    made.VisId(2, DEFAULT)
    np.testing.assert_array_equal(reader.read().visible, [True, True, True, True, False, True])
    made.MakeInvisible()
    assert not reader.read().visible.any()


@pytest.mark.parametrize("entity_per_point", [False, True])
def test_instancers_inside_instancers_multiply(entity_per_point: bool) -> None:
    stage = Usd.Stage.CreateInMemory()
    label(cube(stage, "/Outer/Group/Inner/Part", (0, 0, 1), turn=10).GetPrim(), "part")
    inner = instancer(stage, "/Outer/Group/Inner", ["/Outer/Group/Inner/Part"], 4, seed=1)
    cube(stage, "/Outer/Group/Lid", (0, 0, 3))
    UsdGeom.Xform.Define(stage, "/Outer/Group").AddRotateYOp().Set(15.0)
    outer = instancer(stage, "/Outer", ["/Outer/Group"], 3)
    label(outer.GetPrim(), "heap")
    scene = StageReader(stage, entity_per_point=entity_per_point).read()
    have = matrices(scene)
    paths = {f"/Outer/Group_{i}/Inner/Part_{j}" for i in range(3) for j in range(4)}
    assert set(have) == paths | {f"/Outer/Group_{i}/Lid" for i in range(3)}
    outer_world = np.array(outer.ComputeInstanceTransformsAtTime(DEFAULT, DEFAULT)) @ np.array(
        outer.ComputeLocalToWorldTransform(DEFAULT)
    )
    within = np.array(inner.ComputeInstanceTransformsAtTime(DEFAULT, DEFAULT)) @ np.array(
        inner.GetLocalTransformation(DEFAULT)
    )
    for i in range(3):
        for j in range(4):
            np.testing.assert_allclose(have[f"/Outer/Group_{i}/Inner/Part_{j}"], within[j] @ outer_world[i], atol=1e-12)
    check_bounds(scene)
    names = set(entities(scene))
    if entity_per_point:
        assert names == {f"/Outer/Group_{i}" for i in range(3)} | paths
        assert entities(scene)["/Outer/Group_1/Inner/Part_2"].inherited == {"class": ("heap",)}
    else:
        assert names == {"/Outer", "/Outer/Group/Inner/Part"}
        assert len(below(scene, 0)) == 15


def test_a_labelled_instancer_is_one_entity_or_as_many_as_it_has_points() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Hill/A", (0, 0, 0))
    cube(stage, "/Hill/B", (0, 0, 0), 2)
    label(stage.GetPrimAtPath("/Hill/B"), "boulder")
    UsdGeom.Xform.Define(stage, "/World")
    made = instancer(stage, "/Hill", ["/Hill/A", "/Hill/B"], 8)
    label(made.GetPrim(), "pebbles")
    merged = StageReader(stage).read()
    assert [e.path for e in merged.entities] == ["/Hill", "/Hill/B"]
    assert merged.entities[1].inherited == {"class": ("pebbles",)}
    check_bounds(merged)
    single = StageReader(stage, entity_per_point=True).read()
    chosen = list(made.GetProtoIndicesAttr().Get())
    own = {e.path: e.own["class"] for e in single.entities}
    assert own == {f"/Hill/{'AB'[k]}_{i}": (("pebbles",), ("boulder",))[k] for i, k in enumerate(chosen)}
    assert all(e.parent == -1 for e in single.entities)
    boulders = [e for e in single.entities if e.own["class"] == ("boulder",)]
    assert all(e.inherited == {"class": ("pebbles",)} for e in boulders)
    check_bounds(single)


def test_points_that_share_the_labels_of_their_prototype_are_told() -> None:
    stage = Usd.Stage.CreateInMemory()
    for name in ("Plain", "Once", "Often"):
        cube(stage, f"/Hill/{name}", (0, 0, 0))
    for name in ("Once", "Often"):
        label(stage.GetPrimAtPath(f"/Hill/{name}"), name)
    made = instancer(stage, "/Hill", ["/Hill/Plain", "/Hill/Once", "/Hill/Often"], 6)
    made.GetProtoIndicesAttr().Set([0, 0, 1, 2, 2, 2])
    assert StageReader(stage).read().findings == (
        "/Hill: all its points of /Hill/Often are one object, as in Isaac Sim",
    )
    assert StageReader(stage, entity_per_point=True).read().findings == ()


def test_two_instancers_of_one_labelled_prototype_are_two_entities() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.CreateClassPrim("/Lib")
    label(cube(stage, "/Lib/Stone", (0, 0, 0)).GetPrim(), "stone")
    for name in ("Left", "Right"):
        label(instancer(stage, f"/{name}", ["/Lib/Stone"], 3, seed=len(name)).GetPrim(), name)
    scene = StageReader(stage).read()
    assert [e.path for e in scene.entities] == ["/Left", "/Right", "/Lib/Stone", "/Right/Stone"]
    assert [scene.entities[e.parent].path for e in scene.entities[2:]] == ["/Left", "/Right"]
    check_bounds(scene)


def test_points_may_move_and_change_their_prototypes() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Points/A", (0, 0, 0))
    cube(stage, "/Points/B", (0, 0, 0), 2)
    made = instancer(stage, "/Points", ["/Points/A", "/Points/B"], 5)
    reader = StageReader(stage)
    first = reader.read()
    made.GetPositionsAttr().Set([(k, 0, 0) for k in range(5)])
    second = reader.read()
    assert second.placements is first.placements
    made.GetProtoIndicesAttr().Set([1, 1, 0])
    for attribute in (made.GetPositionsAttr(), made.GetScalesAttr()):
        attribute.Set([(1, 1, 1)] * 3)
    made.GetOrientationsAttr().Set([Gf.Quath(1)] * 3)
    third = reader.read()
    assert sorted(p.path for p in third.placements) == ["/Points/A_2", "/Points/B_0", "/Points/B_1"]
    assert third.geometries[0] in first.geometries
    fresh = StageReader(stage).read()
    np.testing.assert_array_equal(third.matrices, fresh.matrices)


def test_animated_points_follow_their_time() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Points/A", (0, 0, 0))
    made = instancer(stage, "/Points", ["/Points/A"], 2)
    for time in (0, 10):
        made.GetPositionsAttr().Set([(time, 0, 0), (0, time, 0)], time)
    reader = StageReader(stage)
    for time in (0, 5, 10, 2.5):
        scene = reader.read(time)
        due = np.array(made.ComputeInstanceTransformsAtTime(time, time)) @ np.array(
            made.ComputeLocalToWorldTransform(time)
        )
        np.testing.assert_allclose(scene.matrices, due, atol=1e-12)


def test_broken_instancers_are_named_and_do_not_stop_the_rest() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/Fine", (0, 0, 0))
    cube(stage, "/Lib/A", (0, 0, 0))
    instancer(stage, "/Lib/Missing", ["/Nowhere"], 2)
    instancer(stage, "/Lib/Loop", ["/Lib"], 2)
    instancer(stage, "/Ping/Rounds", ["/Pong"], 2)
    instancer(stage, "/Pong/Rounds", ["/Ping"], 2)
    instancer(stage, "/Short", ["/Lib/A"], 4).GetPositionsAttr().Set([(0, 0, 0)])
    instancer(stage, "/Wrong", ["/Lib/A"], 4).GetProtoIndicesAttr().Set([0, 3, -1, 0])
    scene = StageReader(stage).read()
    for path in ("/Lib/Missing", "/Lib/Loop", "/Ping/Rounds", "/Short", "/Wrong"):
        assert [f for f in scene.findings if f.startswith(path)], path
    assert {p.path for p in scene.placements} == {"/Fine", "/Lib/A", "/Wrong/A_0", "/Wrong/A_3"}


def test_prototypes_may_be_kept_as_classes_overs_or_hidden_prims() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.CreateClassPrim("/Class")
    cube(stage, "/Class/A", (0, 0, 0))
    stage.OverridePrim("/Over")
    cube(stage, "/Over/B", (0, 0, 0))
    cube(stage, "/Shelf/C", (0, 0, 0))
    UsdGeom.Imageable(UsdGeom.Scope.Define(stage, "/Shelf")).MakeInvisible()
    cube(stage, "/Shelf/D", (0, 0, 0)).MakeInvisible()
    UsdGeom.BasisCurves.Define(stage, "/Class/A/Hair")
    made = instancer(stage, "/Points", ["/Class/A", "/Over/B", "/Shelf/C", "/Shelf/D"], 4)
    made.GetProtoIndicesAttr().Set([0, 1, 2, 3])
    scene = StageReader(stage).read()
    seen = {p.path: bool(v) for p, v in zip(scene.placements, scene.visible, strict=True)}
    assert scene.findings == ("/Class/A/Hair: a BasisCurves is not drawn",)
    assert [seen[f"/Points/{name}_{k}"] for k, name in enumerate("ABCD")] == [True, True, True, False]


def test_instancers_that_multiply_beyond_memory_are_refused() -> None:
    stage = Usd.Stage.CreateInMemory()
    cube(stage, "/A", (0, 0, 0))
    for name, prototype, count in (("B", "/A", 100), ("C", "/B", 300), ("D", "/C", 1000)):
        made = UsdGeom.PointInstancer.Define(stage, f"/{name}/Points")
        made.CreatePrototypesRel().SetTargets([prototype])
        made.CreateProtoIndicesAttr([0] * count)
        made.CreatePositionsAttr([(0, 0, 0)] * count)
    stage.GetPrimAtPath("/D").SetActive(False)
    stage.GetPrimAtPath("/C").SetActive(False)
    reader = StageReader(stage)
    assert len(reader.read().placements) == 101
    stage.GetPrimAtPath("/C").SetActive(True)
    stage.GetPrimAtPath("/D").SetActive(True)
    for _ in range(2):
        with pytest.raises(InputError, match=r"/Points: its 1000 points .* deactivate"):
            reader.read()
    stage.GetPrimAtPath("/C").SetActive(False)
    assert len(reader.read().placements) == 101


def test_an_instancer_in_a_native_instance_is_drawn_in_each() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.CreateClassPrim("/Pile")
    cube(stage, "/Pile/Points/A", (0, 0, 0))
    made = instancer(stage, "/Pile/Points", ["/Pile/Points/A"], 3)
    for k in range(2):
        prim = UsdGeom.Xform.Define(stage, f"/World/Pile{k}").GetPrim()
        prim.GetReferences().AddInternalReference("/Pile")
        prim.SetInstanceable(True)
        UsdGeom.Xformable(prim).AddTranslateOp().Set((100 * k, 0, 0))
    reader = StageReader(stage)
    scene = reader.read()
    assert sorted(p.path for p in scene.placements) == [
        f"/World/Pile{k}/Points/A_{i}" for k in range(2) for i in range(3)
    ]
    made.GetPositionsAttr().Set([(0, 0, 0), (0, 0, 1), (0, 0, 2)])
    moved, fresh = reader.read(), StageReader(stage).read()
    np.testing.assert_array_equal(moved.matrices, fresh.matrices)
    assert not np.array_equal(moved.matrices, scene.matrices)
