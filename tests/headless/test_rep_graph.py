"""What is recorded, when it acts, and that a seed is a dataset in any process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pxr import Sdf, Usd, UsdGeom
from recorded import frame, position, prims, session

from framepress.errors import InputError, OptionError
from framepress.headless import rep
from framepress.headless.rep.refused import NotSupportedError

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from recorded import frame, session
from framepress.headless import rep
import hashlib
host = session(seed=int(sys.argv[1]))
plane = rep.create.plane(scale=20)
cubes = rep.create.cube(count=6, scale=0.3)
with rep.trigger.on_frame():
    with cubes:
        rep.randomizer.scatter_2d(plane, check_for_collisions=True)
        rep.randomizer.rotation()
        rep.randomizer.color(rep.distribution.normal((0.5, 0.5, 0.5), (0.1, 0.1, 0.1)))
        rep.modify.visibility(rep.distribution.choice([True, False]))
    rep.randomizer.instantiate([cubes], 3, mode="point_instance", weights=[1, 1, 2, 1, 1, 1])
for _ in range(3):
    frame(host)
print(hashlib.sha256(host.stage.GetRootLayer().ExportToString().encode()).hexdigest())
"""


def in_process(seed: int, hash_seed: str) -> str:
    script = SCRIPT.format(folder=str(Path(__file__).parent))
    run = subprocess.run(
        [sys.executable, "-c", script, str(seed)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
    )
    return run.stdout.strip()


def test_a_seed_is_a_stage_in_any_process() -> None:
    first = in_process(3, "1")
    assert len(first) == 64
    assert in_process(3, "2") == first
    assert in_process(4, "1") != first


def test_calls_act_at_once_outside_of_triggers_and_when_these_fire_inside() -> None:
    host = session()
    cube = rep.create.cube(position=(1, 2, 3))
    assert position(prims(cube)[0]).tolist() == [1, 2, 3]
    with cube:
        rep.modify.pose(position=(4, 5, 6))
        with rep.trigger.on_frame(interval=2):
            rep.modify.pose(position=rep.distribution.sequence([(7, 7, 7), (8, 8, 8)]))
    assert position(prims(cube)[0]).tolist() == [4, 5, 6]
    assert [frame(host) and position(prims(cube)[0])[0] for _ in range(4)] == [7, 7, 8, 8]


def test_prims_made_inside_of_a_trigger_are_made_once_and_drawn_at_each_firing() -> None:
    host = session()
    with rep.trigger.on_frame():
        lights = rep.create.light(
            light_type="Sphere", intensity=rep.distribution.uniform(10, 20), position=(0, 0, 5), count=3
        )
    assert len(prims(lights)) == 3
    assert all(position(prim)[2] == 5 for prim in prims(lights))
    seen = []
    for _ in range(2):
        frame(host)
        seen.append([prim.GetChildren()[0].GetAttribute("inputs:intensity").Get() for prim in prims(lights)])
    values = np.array(seen)
    assert (values >= 10).all()
    assert (values <= 20).all()
    assert len(np.unique(values)) == 6


def test_named_samples_are_told_to_the_payload() -> None:
    host = session()
    cubes = rep.create.cube(count=2)
    with rep.trigger.on_frame(interval=2), cubes:
        rep.modify.pose(position=rep.distribution.uniform((0, 0, 0), (1, 1, 1), name="places"))
        rep.modify.pose(scale=rep.distribution.uniform(1, 2))
    outputs = [frame(host).distribution_outputs for _ in range(3)]
    assert set(outputs[0]) == {"places"}
    assert outputs[0]["places"].shape == (2, 3)
    assert np.array_equal(outputs[0]["places"], outputs[1]["places"])
    assert not np.array_equal(outputs[0]["places"], outputs[2]["places"])
    assert np.allclose(outputs[2]["places"], [position(prim) for prim in prims(cubes)], atol=1e-12)


def test_the_innermost_prims_are_meant_and_blocks_end() -> None:
    session()
    outer, inner = rep.create.cube(), rep.create.sphere()
    with outer:
        with inner:
            rep.modify.pose(position=(1, 0, 0))
        rep.modify.pose(position=(2, 0, 0))
    assert [position(prims(item)[0])[0] for item in (outer, inner)] == [2, 1]
    with pytest.raises(OptionError, match=r"rep\.modify\.pose needs prims"):
        rep.modify.pose(position=(3, 0, 0))


def test_an_error_inside_of_a_block_closes_it() -> None:
    host = session()
    with pytest.raises(ZeroDivisionError), rep.trigger.on_frame(), rep.create.cube():
        raise ZeroDivisionError
    assert host.graph.contexts == []


def test_a_new_layer_holds_what_is_authored_in_it_and_is_emptied_when_it_is_opened_again() -> None:
    host = session()
    root = host.stage.GetRootLayer()
    with rep.new_layer() as layer:
        rep.create.cube()
        assert host.stage.GetEditTarget().GetLayer() == layer
    assert host.stage.GetEditTarget().GetLayer() == root
    assert layer.GetDisplayName() == "Replicator"
    assert layer.GetPrimAtPath("/Replicator/Cube_Xform")
    assert not root.GetPrimAtPath("/Replicator")
    assert host.stage.GetPrimAtPath("/Replicator/Cube_Xform")
    with rep.new_layer():
        assert not host.stage.GetPrimAtPath("/Replicator/Cube_Xform")
    with rep.new_layer("Other"):
        rep.create.sphere()
    assert len(root.subLayerPaths) == 2


def test_values_take_effect_though_a_stronger_layer_has_opinions() -> None:
    host = session()
    UsdGeom.Xform.Define(host.stage, "/Truck").AddTranslateOp().Set((1, 1, 1))
    with rep.new_layer():
        truck = rep.get.prim_at_path("/Truck")
        with truck:
            rep.modify.pose(position=(5, 5, 5))
    assert position(prims(truck)[0]).tolist() == [5, 5, 5]


def test_values_take_effect_over_time_samples() -> None:
    host = session()
    moving = UsdGeom.Xform.Define(host.stage, "/Moving").AddTranslateOp()
    moving.Set((0, 0, 0), 0)
    moving.Set((10, 0, 0), 10)
    rep.modify.pose(position=(5, 5, 5), input_prims="/Moving")
    assert [tuple(moving.Get(time)) for time in (Usd.TimeCode.Default(), 0, 10)] == [(5, 5, 5)] * 3


def test_registered_functions_are_called_by_name_and_gone_with_the_session() -> None:
    session()

    def shake(item: object, by: float = 1.0) -> object:
        with item:
            rep.modify.pose(position_x=by)
        return item.node

    rep.randomizer.register(shake)
    cube = rep.create.cube()
    assert rep.randomizer.shake(cube, by=3.0).get_prim_path().startswith("/Replicator")
    assert position(prims(cube)[0])[0] == 3
    with pytest.raises(OptionError, match="registered already"):
        rep.randomizer.register(shake, override=False)
    with pytest.raises(OptionError, match="Replicator's own"):
        rep.randomizer.register(shake, fn_name="color")
    session()
    with pytest.raises(AttributeError, match="shake"):
        rep.randomizer.shake(cube)


def test_names_that_replicator_has_not_are_no_attributes_and_those_we_have_not_say_so() -> None:
    session()
    for module in (rep.create, rep.get, rep.modify, rep.randomizer, rep.distribution, rep.trigger):
        assert not hasattr(module, "no_such_name")
    for refused in (rep.modify.animation, rep.create.stereo_camera, rep.utils.create_node, rep.modify.timeline):
        with pytest.raises(NotSupportedError, match=r"^rep\.") as error:
            refused("anything", at=1)
        assert isinstance(error.value, NotImplementedError)


def test_prims_that_are_gone_are_named() -> None:
    host = session()
    cube = rep.create.cube()
    with rep.trigger.on_frame(), cube:
        rep.modify.pose(position=rep.distribution.uniform((0, 0, 0), (1, 1, 1)))
    host.stage.RemovePrim("/Replicator/Cube_Xform")
    with pytest.raises(InputError, match="/Replicator/Cube_Xform"):
        frame(host)
    with pytest.raises(InputError, match="/World/Nothing"):
        rep.get.prim_at_path("/World/Nothing")
    with pytest.raises(OptionError, match="means no prim"):
        rep.create.group([42])


def test_nothing_is_written_into_the_insides_of_instances() -> None:
    host = session()
    part = UsdGeom.Xform.Define(host.stage, "/Source/Part").GetPrim()
    shared = UsdGeom.Xform.Define(host.stage, "/Shared").GetPrim()
    shared.GetReferences().AddInternalReference("/Source")
    shared.SetInstanceable(True)
    assert part
    with pytest.raises(InputError, match=r"/Shared/Part is inside the instance /Shared"):
        rep.modify.pose(position=(0, 0, 0), input_prims="/Shared/Part")
    rep.modify.pose(position=(1, 0, 0), input_prims="/Shared")
    assert position(shared)[0] == 1


def test_samples_that_are_no_numbers_are_told_as_they_are() -> None:
    host = session()
    cubes = rep.create.cube(count=2)
    with rep.trigger.on_frame(), cubes:
        rep.modify.visibility(rep.distribution.sequence([True, False], name=None))
        rep.modify.material(rep.distribution.sequence([rep.create.material_omnipbr(name="A"), "/Replicator/Looks/A"]))
        rep.modify.attribute("purpose", rep.distribution.choice(["render", "default"], name="purposes"))
    told = frame(host).distribution_outputs
    assert set(told) == {"purposes"}
    assert set(told["purposes"]) <= {"render", "default"}


def test_without_a_stage_everything_says_so() -> None:
    for call in (
        lambda: rep.create.cube(),
        lambda: rep.create.material_omnipbr(),
        lambda: rep.get.prims(),
        lambda: rep.get.prim_at_path("/World"),
        lambda: rep.modify.pose(position=0, input_prims="/World"),
        lambda: rep.new_layer().__enter__(),
        lambda: rep.settings.set_stage_up_axis("Y"),
        lambda: rep.functional.create.cube(),
    ):
        session().use_stage(None)
        with pytest.raises(OptionError, match="no stage is open"):
            call()


def test_settings_reach_the_stage_or_are_named_once() -> None:
    host = session()
    rep.settings.set_stage_up_axis("y")
    rep.settings.set_stage_meters_per_unit(0.01)
    assert UsdGeom.GetStageUpAxis(host.stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(host.stage) == 0.01
    rep.settings.carb_settings("/omni/replicator/RTSubframes", 8)
    assert host.settings["/omni/replicator/RTSubframes"] == 8
    for _ in range(2):
        rep.settings.set_render_pathtraced(samples_per_pixel=64)
    assert sum("set_render_pathtraced" in finding for finding in host.findings) == 1
    with pytest.raises(OptionError, match="'X'"):
        rep.settings.set_stage_up_axis("X")


def test_generators_of_scripts_follow_the_seed() -> None:
    session(seed=1)
    numbers = [rep.rng.ReplicatorRNG(seed=None).generator.random() for _ in range(2)]
    session(seed=1)
    assert rep.rng.ReplicatorRNG().generator.random() == numbers[0] != numbers[1]
    assert rep.rng.ReplicatorRNG(seed=5).generator.random() == rep.rng.ReplicatorRNG(seed=5).generator.random()


def test_a_paths_point_is_edited_in_the_layer_of_the_edit_target() -> None:
    host = session()
    cube = rep.create.cube()
    session_layer = host.stage.GetSessionLayer()
    with Usd.EditContext(host.stage, session_layer):
        rep.modify.pose(position=(1, 1, 1), input_prims=cube)
    assert session_layer.GetAttributeAtPath(Sdf.Path("/Replicator/Cube_Xform.xformOp:translate"))
    rep.modify.pose(position=(2, 2, 2), input_prims=cube)
    assert position(prims(cube)[0])[0] == 2
