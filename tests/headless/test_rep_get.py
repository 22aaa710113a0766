"""Which prims `rep.get` finds."""

from __future__ import annotations

from typing import Any

import pytest
from pxr import Usd, UsdGeom, UsdLux, UsdShade
from recorded import frame, position, prims, session

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless import rep


@pytest.fixture
def stage() -> Usd.Stage:
    stage = session().stage
    UsdGeom.Xform.Define(stage, "/World")
    UsdGeom.Xform.Define(stage, "/World/Box_1")
    UsdGeom.Mesh.Define(stage, "/World/Box_1/Mesh")
    UsdGeom.Cube.Define(stage, "/World/box_2")
    UsdGeom.Camera.Define(stage, "/World/Camera")
    UsdLux.SphereLight.Define(stage, "/World/Lamp")
    UsdShade.Material.Define(stage, "/World/Looks/Red")
    rep.modify.semantics([("class", "Box")], input_prims=["/World/Box_1", "/World/box_2"])
    rep.modify.semantics([("class", "lamp")], input_prims="/World/Lamp")
    return stage


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"path_pattern": r"box_\d$"}, ["/World/Box_1", "/World/box_2"]),
        ({"path_pattern": r"box_\d$", "ignore_case": False}, ["/World/box_2"]),
        ({"path_match": "BOX_1"}, ["/World/Box_1", "/World/Box_1/Mesh"]),
        ({"path_match": "Box", "prim_types": ["mesh", "Cube"]}, ["/World/Box_1/Mesh", "/World/box_2"]),
        ({"path_match": "Box", "prim_types": "Mesh"}, ["/World/Box_1/Mesh"]),
        ({"path_match": "World/", "prim_types_exclusion": ["Xform", "Material", "Scope", "", "Mesh"]},
         ["/World/box_2", "/World/Camera", "/World/Lamp"]),
        ({"semantics": [("class", "box")]}, ["/World/Box_1", "/World/box_2"]),
        ({"semantics": {"class": ["box", "lamp"]}, "path_pattern_exclusion": "_1"}, ["/World/box_2", "/World/Lamp"]),
        ({"semantics": [("class", "box")], "semantics_exclusion": [("class", "BOX")]}, []),
        ({"path_pattern": "^/World$"}, ["/World"]),
    ],
)  # fmt: skip
def test_all_that_is_given_must_apply(stage: Usd.Stage, arguments: dict[str, Any], found: list[str]) -> None:
    assert [str(prim.GetPath()) for prim in prims(rep.get.prims(**arguments))] == found


def test_the_old_schema_is_read_too(stage: Usd.Stage) -> None:
    hosts.current().release = "4.5"
    rep.modify.semantics([("class", "old")], input_prims="/World/Camera")
    assert [prim.GetName() for prim in prims(rep.get.prims(semantics=[("class", "OLD")]))] == ["Camera"]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("mesh", ["Mesh"]),
        ("camera", ["Camera"]),
        ("light", ["Lamp"]),
        ("material", ["Red"]),
        ("xform", ["World", "Box_1"]),
        ("shape", ["Mesh", "box_2"]),
    ],
)
def test_kinds_of_prims(stage: Usd.Stage, kind: str, found: list[str]) -> None:
    assert [prim.GetName() for prim in prims(getattr(rep.get, kind)())] == found
    assert prims(getattr(rep.get, kind)(path_match="no such")) == []


def test_prims_that_come_later_are_found_if_asked_for(stage: Usd.Stage) -> None:
    host = hosts.current()
    with rep.trigger.on_frame(), rep.get.prims(path_pattern="Late", cache_prims=False):
        rep.modify.pose(position=(1, 2, 3))
    frame(host)
    late = UsdGeom.Xform.Define(stage, "/World/Late").GetPrim()
    frame(host)
    assert position(late).tolist() == [1, 2, 3]


def test_finding_nothing_is_said_once(stage: Usd.Stage) -> None:
    for _ in range(2):
        rep.get.prims(path_pattern="nothing")
    assert sum("rep.get.prims" in finding for finding in hosts.current().findings) == 1


def test_paths_are_prims_or_an_error(stage: Usd.Stage) -> None:
    item = rep.get.prim_at_path(["/World/Camera", "/World/Lamp"])
    assert [prim.GetName() for prim in prims(item)] == ["Camera", "Lamp"]
    assert rep.utils.get_node_targets(item.node, "inputs:prims") == ["/World/Camera", "/World/Lamp"]
    for path in ("/World/None", "World", "", "not a path!"):
        with pytest.raises(InputError, match="no prim at"):
            rep.get.prim_at_path(path)
    with pytest.raises(OptionError, match="regular expression"):
        rep.get.prims(path_pattern="(")
