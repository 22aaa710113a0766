"""Labels of both schemas, inherited and kept as they were authored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Sdf, UsdGeom, UsdSemantics  # noqa: E402

from framepress.headless.scene import Entity, Scene  # noqa: E402
from framepress.headless.usd.reader import StageReader  # noqa: E402

PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)


def label(prim: Any, taxonomy: str, *labels: str) -> None:
    UsdSemantics.LabelsAPI.Apply(prim, taxonomy).CreateLabelsAttr().Set(list(labels))


def label_as_before(prim: Any, instance: str, taxonomy: str, text: str) -> None:
    prim.AddAppliedSchema(f"SemanticsAPI:{instance}")
    for name, value in (("Type", taxonomy), ("Data", text)):
        attribute = prim.CreateAttribute(f"semantic:{instance}:params:semantic{name}", Sdf.ValueTypeNames.String)
        attribute.Set(value)


def entities(scene: Scene) -> dict[str, Entity]:
    return {entity.path: entity for entity in scene.entities}


STRANGE = ['a,b; "c"/\\d', "größe 箱 🧱", "class:with:colons", " leading blank"]


@pytest.mark.parametrize("text", STRANGE)
def test_labels_are_kept_as_authored_in_both_schemas(text: str) -> None:
    stage = Usd.Stage.CreateInMemory()
    label(UsdGeom.Cube.Define(stage, "/New").GetPrim(), "class", text, "second")
    label_as_before(UsdGeom.Cube.Define(stage, "/Old").GetPrim(), "Semantics", "class", text)
    found = entities(StageReader(stage).read())
    assert found["/New"].own == {"class": (text, "second")}
    assert found["/Old"].own == {"class": (text,)}


def test_several_taxonomies_and_instances_add_up() -> None:
    stage = Usd.Stage.CreateInMemory()
    prim = UsdGeom.Cube.Define(stage, "/Box").GetPrim()
    label(prim, "class", "box", "box")
    label(prim, "color", "red")
    label_as_before(prim, "Semantics", "class", "crate")
    label_as_before(prim, "Semantics_1", "class", "box")
    label_as_before(prim, "Semantics_2", "shape", "cube")
    own = entities(StageReader(stage).read())["/Box"].own
    assert own == {"class": ("box", "crate"), "color": ("red",), "shape": ("cube",)}


def test_inheritance_is_what_usd_queries() -> None:
    stage = Usd.Stage.CreateInMemory()
    chain = ["/A", "/A/B", "/A/B/C", "/A/B/C/D"]
    for path in chain:
        UsdGeom.Xform.Define(stage, path)
    label(stage.GetPrimAtPath("/A"), "class", "a", "shared")
    label(stage.GetPrimAtPath("/A"), "color", "red")
    label(stage.GetPrimAtPath("/A/B/C"), "class", "c", "shared")
    label(stage.GetPrimAtPath("/A/B/C/D"), "class", "d")
    found = entities(StageReader(stage).read())
    assert set(found) == {"/A", "/A/B/C", "/A/B/C/D"}
    assert found["/A/B/C/D"].inherited == {"class": ("c", "shared", "a"), "color": ("red",)}
    assert found["/A/B/C"].inherited == {"class": ("a",), "color": ("red",)}
    for taxonomy in ("class", "color"):
        query = UsdSemantics.LabelsQuery(taxonomy, Usd.TimeCode.Default())
        for path, entity in found.items():
            ours = {*entity.own.get(taxonomy, ()), *entity.inherited.get(taxonomy, ())}
            assert ours == set(query.ComputeUniqueInheritedLabels(stage.GetPrimAtPath(path)))


def test_what_has_no_label_is_no_entity() -> None:
    stage = Usd.Stage.CreateInMemory()
    label(UsdGeom.Cube.Define(stage, "/Empty").GetPrim(), "class")
    label(UsdGeom.Cube.Define(stage, "/Blank").GetPrim(), "class", "")
    label_as_before(UsdGeom.Cube.Define(stage, "/Old").GetPrim(), "Semantics", "class", "")
    prim = UsdGeom.Cube.Define(stage, "/Unapplied").GetPrim()
    prim.CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray).Set(["x"])
    prim = UsdGeom.Cube.Define(stage, "/Bare").GetPrim()
    prim.AddAppliedSchema("SemanticsAPI:Semantics")
    scene = StageReader(stage).read()
    assert scene.entities == ()
    assert scene.entity_bounds.shape == (0, 2, 3)
    assert {placement.entity for placement in scene.placements} == {-1}
    assert len(scene.placements) == 5


def test_a_labelled_prim_without_a_type_or_geometry_is_an_entity_too() -> None:
    stage = Usd.Stage.CreateInMemory()
    label(stage.DefinePrim("/Group"), "class", "group")
    UsdGeom.Cube.Define(stage, "/Group/Box")
    label(UsdGeom.Camera.Define(stage, "/Camera").GetPrim(), "class", "camera")
    scene = StageReader(stage).read()
    assert [e.path for e in scene.entities] == ["/Group", "/Camera"]
    assert scene.placements[0].entity == 0
    assert scene.entity_bounds[0].tolist() == [[-1, -1, -1], [1, 1, 1]]


def test_labels_edited_later_are_seen() -> None:
    stage = Usd.Stage.CreateInMemory()
    prim = UsdGeom.Cube.Define(stage, "/Box").GetPrim()
    reader = StageReader(stage)
    geometry = reader.read().geometries[0]
    label(prim, "class", "one")
    assert reader.read().entities[0].own == {"class": ("one",)}
    prim.GetAttribute("semantics:labels:class").Set(["two"])
    scene = reader.read()
    assert scene.entities[0].own == {"class": ("two",)}
    assert scene.geometries[0] is geometry
    prim.RemoveAPI(UsdSemantics.LabelsAPI, "class")
    assert reader.read().entities == ()


def test_animated_labels_follow_their_time() -> None:
    stage = Usd.Stage.CreateInMemory()
    prim = UsdGeom.Cube.Define(stage, "/Lamp").GetPrim()
    label(prim, "state")
    prim.GetAttribute("semantics:labels:state").Set(["on"], 0)
    prim.GetAttribute("semantics:labels:state").Set(["off"], 10)
    reader = StageReader(stage)
    assert [reader.read(time).entities[0].own["state"] for time in (0, 12, 3)] == [("on",), ("off",), ("on",)]
    assert reader.read().entities == ()


def test_a_labelled_subset_is_named() -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh = UsdGeom.Mesh.Define(stage, "/Mesh")
    subset = UsdGeom.Subset.CreateGeomSubset(mesh, "part", "face", [0], "materialBind")
    label(subset.GetPrim(), "class", "part")
    assert any(finding.startswith("/Mesh/part") for finding in StageReader(stage).read().findings)


@pytest.mark.parametrize("root", ["OpenChessSet/chess_set_semantics.usda", "Vehicles/vehicles_legacy_semantics.usda"])
def test_every_labelled_prim_of_real_stages_is_an_entity_with_geometry(shared: Path, root: str) -> None:
    path = shared / "usd-wg-assets" / root
    if not path.is_file():
        pytest.skip(f"no USD assets at {path}")
    stage = Usd.Stage.Open(str(path))
    scene = StageReader(stage).read()
    labelled = set()
    for prim in stage.Traverse(PROXIES):
        names = [a.GetName() for a in prim.GetAuthoredAttributes()]
        if any(n.startswith("semantics:labels:") or n.endswith("params:semanticData") for n in names):
            labelled.add(str(prim.GetPath()))
    assert len(labelled) >= 10
    assert {entity.path for entity in scene.entities} == labelled
    drawn = {placement.entity for placement in scene.placements}
    for row, entity in enumerate(scene.entities):
        assert row in drawn or entity.has_children, entity.path
