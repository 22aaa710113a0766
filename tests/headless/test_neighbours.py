"""The modules beside Replicator: settings, events, stage, clock, labels, placing; what is missing says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")

from pxr import Gf, Usd, UsdGeom, UsdSemantics

from framepress.errors import InputError
from framepress.headless import host as hosts
from framepress.headless.host import RELEASES, Host
from framepress.headless.neighbours import modules
from framepress.headless.neighbours.application import Application
from framepress.headless.neighbours.module import StandInModule
from framepress.headless.neighbours.session import Session
from framepress.headless.rep.refused import NotSupportedError


class Alone(Host):
    """A host without Replicator: there is nothing to run, and nothing to wait for but to be counted."""

    waited = updates = 0

    def use_stage(self, stage: Any) -> None:
        self._stage, self._closed = stage, stage is None
        self.playing, self.time_s = False, 0.0

    def update(self) -> None:
        self.updates += 1

    def wait_until_complete(self) -> None:
        self.waited += 1


class Neighbours:
    """The modules of one session, `found["omni.usd"].get_context()`."""

    def __init__(self, release: str = "5.1") -> None:
        self.loop = asyncio.new_event_loop()
        self.host = Alone(release=release)
        self.session = Session(self.host)
        self.application = Application(self.session, self.loop)
        self.tables = modules(self.session, self.application)

    def __getitem__(self, name: str) -> Any:
        return SimpleNamespace(**self.tables[name])


@pytest.fixture
def found() -> Iterator[Neighbours]:
    neighbours = Neighbours()
    yield neighbours
    neighbours.loop.close()


@pytest.fixture
def newest() -> Iterator[Neighbours]:
    neighbours = Neighbours("6.0")
    yield neighbours
    neighbours.loop.close()


@pytest.fixture(params=RELEASES)
def each(request: pytest.FixtureRequest) -> Iterator[Neighbours]:
    neighbours = Neighbours(request.param)
    yield neighbours
    neighbours.loop.close()


# ---- settings and events ---------------------------------------------------------------------------------------------


def test_a_setting_above_others_reads_as_their_tree_and_is_set_as_one(found: Neighbours) -> None:
    settings = found["carb.settings"].get_settings()
    settings.set("/a/b", {"c": 1, "d": {"e": "x"}})
    assert settings.get("/a/b/d/e") == "x"
    assert settings.get("/a") == {"b": {"c": 1, "d": {"e": "x"}}}
    settings.set("/a/b", 5)  # a leaf where a tree was
    assert settings.get("/a/b/c") is None
    settings.destroy_item("/a")
    assert settings.get("/a") is None


def test_absent_settings_read_as_nothing_of_the_type_asked_for(found: Neighbours) -> None:
    settings = found["carb.settings"].get_settings()
    assert (settings.get("/no"), settings.get_as_bool("/no"), settings.get_as_int("/no")) == (None, False, 0)
    assert (settings.get_as_float("/no"), settings.get_as_string("/no")) == (0.0, "")
    settings.set_default("/no", "7")
    settings.set_default("/no", "8")
    assert settings.get_as_int("/no") == 7


def test_the_host_sees_what_a_script_sets(found: Neighbours) -> None:
    found["carb.settings"].get_settings().set_int("omni/replicator/RTSubframes", 3)
    assert found.host.settings["/omni/replicator/RTSubframes"] == 3
    assert found.host.settings["/omni/replicator/captureOnPlay"] is True


def test_a_listener_hears_changes_for_as_long_as_its_subscription_is_kept(found: Neighbours) -> None:
    settings, heard = found["carb.settings"].get_settings(), []
    kept = settings.subscribe_to_node_change_events(
        "/x", lambda item, event: heard.append((item.get_dict(), int(event)))
    )
    settings.set("/x", 1)
    settings.set("/x", 2)
    settings.set("/y", 9)
    del kept
    settings.set("/x", 3)
    assert heard == [(1, 0), (2, 1)]


def test_streams_deliver_by_type_and_in_the_order_asked_for(found: Neighbours) -> None:
    stream, heard = found["omni.usd"].get_context().get_stage_event_stream(), []
    late = stream.create_subscription_to_pop(lambda event: heard.append(("late", event.type)), order=5)
    opened = int(found["omni.usd"].StageEventType.OPENED)
    early = stream.create_subscription_to_pop_by_type(
        opened, lambda event: heard.append(("early", event.type)), order=-1
    )
    found["omni.usd"].get_context().new_stage()
    assert heard.index(("early", opened)) + 1 == heard.index(("late", opened))
    assert [name for name, _ in heard].count("early") == 1
    late.unsubscribe()
    early.unsubscribe()


# ---- stage and clock -------------------------------------------------------------------------------------------------


def test_a_new_stage_is_as_isaac_sim_makes_it(found: Neighbours) -> None:
    found["omni.usd"].get_context().new_stage()
    stage = found["omni.usd"].get_context().get_stage()
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Z", 1.0)
    assert str(stage.GetDefaultPrim().GetPath()) == "/World"
    assert found["isaacsim.core.utils.stage"].get_current_stage() is stage


def test_a_stage_that_cannot_be_opened_answers_false_and_keeps_the_old_one(found: Neighbours, tmp_path: Any) -> None:
    context, heard = found["omni.usd"].get_context(), []
    before = context.get_stage()
    name = context.stage_event_name(found["omni.usd"].StageEventType.OPEN_FAILED)
    kept = found.session.dispatcher.observe_event(
        event_name=name, on_event=lambda event: heard.append(event.event_name)
    )
    assert context.open_stage(str(tmp_path / "none.usd")) is False
    assert heard == [name]
    assert context.get_stage() is before
    with pytest.raises(ValueError, match="cannot open the stage"):
        found["isaacsim.core.utils.stage"].open_stage(str(tmp_path / "none.usd"))
    kept.reset()


def test_a_stage_opens_by_the_url_of_its_file(found: Neighbours, tmp_path: Any) -> None:
    Usd.Stage.CreateNew(str(tmp_path / "a.usda")).Save()
    assert found["omni.usd"].get_context().open_stage(f"file://{tmp_path}/a.usda")
    assert found["omni.usd"].get_context().get_stage_url() == str(tmp_path / "a.usda")


def test_a_closed_stage_is_named_where_one_is_needed(found: Neighbours) -> None:
    found["omni.usd"].get_context().close_stage()
    assert found["omni.usd"].get_context().get_stage() is None
    with pytest.raises(RuntimeError, match="no stage is open"):
        found["isaacsim.core.utils.stage"].get_current_stage()


def test_free_paths_count_on(found: Neighbours) -> None:
    stage = found["omni.usd"].get_context().get_stage()
    stage.DefinePrim("/World/Box")
    stage.DefinePrim("/World/Box_01")
    assert found["omni.usd"].get_stage_next_free_path(stage, "Box", True) == "/World/Box_02"
    assert found["omni.usd"].get_stage_next_free_path(stage, "/Box", False) == "/Box"


def test_world_matrices_multiply_up_the_parents(found: Neighbours) -> None:
    stage = found["omni.usd"].get_context().get_stage()
    UsdGeom.Xform.Define(stage, "/World/A").AddTranslateOp().Set((1, 2, 3))
    UsdGeom.Xform.Define(stage, "/World/A/B").AddTranslateOp().Set((10, 0, 0))
    prim = found["omni.usd"].get_prim_at_path("/World/A/B")
    assert tuple(found["omni.usd"].get_world_transform_matrix(prim).ExtractTranslation()) == (11, 2, 3)
    assert tuple(found["omni.usd"].get_local_transform_matrix(prim).ExtractTranslation()) == (10, 0, 0)


def test_the_clock_runs_while_the_timeline_plays(found: Neighbours) -> None:
    timeline, heard = found["omni.timeline"].get_timeline_interface(), []
    kept = timeline.get_timeline_event_stream().create_subscription_to_pop(lambda event: heard.append(event.type))
    found.application.update()
    assert timeline.get_current_time() == 0.0
    timeline.set_time_codes_per_second(10)
    timeline.play()
    found.application.update()
    found.application.update()
    assert timeline.get_current_time() == pytest.approx(0.2)
    assert found.host.time_s == timeline.get_current_time()
    timeline.pause()
    found.application.update()
    assert (timeline.get_current_time(), timeline.is_stopped()) == (pytest.approx(0.2), False)
    timeline.stop()
    assert (timeline.get_current_time(), timeline.is_stopped()) == (0.0, True)
    kinds = found["omni.timeline"].TimelineEventType
    assert [kind for kind in heard if kind in (kinds.PLAY, kinds.PAUSE, kinds.STOP)] == [0, 1, 2]
    kept.unsubscribe()


def test_the_timeline_has_the_span_and_rate_of_the_stage_and_loops_only_if_told(found: Neighbours) -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.SetStartTimeCode(24)
    stage.SetEndTimeCode(48)
    stage.SetTimeCodesPerSecond(24)
    timeline = found["omni.timeline"].get_timeline_interface()
    found["omni.usd"].get_context().attach_stage(stage)
    assert (timeline.get_start_time(), timeline.get_end_time(), timeline.get_time_codes_per_second()) == (
        1.0,
        2.0,
        24.0,
    )
    timeline.play()
    for _ in range(2):
        timeline.set_current_time(2.0)
        found.application.update()
        assert (timeline.get_current_time(), timeline.is_playing()) == (1.0, timeline.is_looping())
        timeline.set_looping(False)


def test_the_viewports_render_product_follows_its_camera_and_size(found: Neighbours) -> None:
    hosts_before = hosts._current
    hosts._current = found.host
    try:
        viewport = found["omni.kit.viewport.utility"].get_active_viewport()
        viewport.camera_path = "/World/None"
        with pytest.raises(InputError, match="/World/None"):
            viewport.get_render_product_path()
        viewport.camera_path = "/OmniverseKit_Persp"
        before = viewport.get_render_product_path()
        assert found.host.products[before].camera == "/OmniverseKit_Persp", "an editor's stage has it from the start"
        found["isaacsim.core.utils.viewports"].set_camera_view((3, 3, 3), (0, 0, 0))
        path = viewport.get_render_product_path()
        assert viewport.get_render_product_path() == path
        viewport.resolution = (64, 48)
        product = found.host.products[viewport.render_product_path]
        assert (product.camera, product.resolution) == ("/OmniverseKit_Persp", (64, 48))
        assert len(found.host.products) == 1
    finally:
        hosts._current = hosts_before


def test_another_stage_stops_the_timeline(found: Neighbours) -> None:
    timeline = found["omni.timeline"].get_timeline_interface()
    timeline.play()
    timeline.set_current_time(3.0)
    found["omni.usd"].get_context().new_stage()
    assert (timeline.is_stopped(), timeline.get_current_time()) == (True, 0.0)


def test_coroutines_that_wait_for_the_next_update_share_one(found: Neighbours) -> None:
    async def twice() -> None:
        await found["omni.kit.app"].get_app().next_update_async()
        await found["omni.kit.app"].get_app().next_update_async()

    for _ in range(3):
        found.application.schedule(twice())
    found.application.drain()
    assert found.host.updates == 2


def test_the_application_drives_waiting_coroutines_at_its_updates(found: Neighbours) -> None:
    seen: list[str] = []

    async def later() -> None:
        seen.append("started")
        await asyncio.sleep(0)
        seen.append("done")

    found["omni.kit.async_engine"].run_coroutine(later())
    for _ in range(3):
        found.application.update()
    assert seen == ["started", "done"]


def test_a_task_that_failed_is_not_lost(found: Neighbours) -> None:
    async def broken() -> None:
        raise ValueError("in a task")

    found.application.schedule(broken())
    with pytest.raises(ValueError, match="in a task"):
        found.application.drain()


def test_closing_the_application_waits_for_the_write_queue_unless_told_otherwise(found: Neighbours) -> None:
    app = found["isaacsim"].SimulationApp({"headless": True})
    assert app.is_running()
    app.close()
    assert (found.host.waited, app.is_running()) == (1, False)
    app.close()  # a second time there is nothing to wait for
    assert found.host.waited == 1


def test_an_application_closed_with_an_error_does_not_wait(found: Neighbours) -> None:
    found["isaacsim"].SimulationApp().close(exit_code=3)
    assert (found.host.waited, found.session.exit_code) == (0, 3)


# ---- labels ----------------------------------------------------------------------------------------------------------


def prim_of(found: Neighbours) -> Usd.Prim:
    return found["omni.usd"].get_context().get_stage().DefinePrim("/World/Thing", "Cube")


def test_old_labels_are_the_attributes_that_isaac_sim_reads(found: Neighbours) -> None:
    prim = prim_of(found)
    found["isaacsim.core.utils.semantics"].add_update_semantics(prim, "crate")
    found["isaacsim.core.utils.semantics"].add_update_semantics(prim, "wood", "material", suffix="1")
    found["isaacsim.core.utils.semantics"].add_update_semantics(prim, "box")  # replaces
    assert prim.GetPrimTypeInfo().GetAppliedAPISchemas() == ["SemanticsAPI:Semantics", "SemanticsAPI:Semantics1"]
    assert prim.GetAttribute("semantic:Semantics:params:semanticType").Get() == "class"
    assert prim.GetAttribute("semantic:Semantics:params:semanticData").Get() == "box"
    schema = found["Semantics"].SemanticsAPI.Get(prim, "Semantics1")
    assert schema
    assert schema.GetSemanticDataAttr().Get() == "wood"
    assert not found["Semantics"].SemanticsAPI.Get(prim, "Other")


def test_new_labels_are_those_of_usd(found: Neighbours) -> None:
    prim, labels = prim_of(found), found["isaacsim.core.utils.semantics"]
    labels.add_labels(prim, ["crate", "crate", "box"])
    labels.add_labels(prim, ["red"], instance_name="color")
    assert list(UsdSemantics.LabelsAPI(prim, "class").GetLabelsAttr().Get()) == ["crate", "box"]
    labels.add_labels(prim, ["barrel"], overwrite=False)
    assert labels.get_labels(prim) == {"class": ["crate", "box", "barrel"], "color": ["red"]}
    labels.remove_labels(prim, instance_name="class")
    assert labels.get_labels(prim) == {"color": ["red"]}
    assert not prim.HasAPI(UsdSemantics.LabelsAPI, "class")


def test_old_labels_turn_into_new_ones(found: Neighbours) -> None:
    prim, labels = prim_of(found), found["isaacsim.core.utils.semantics"]
    labels.add_update_semantics(prim, "crate")
    labels.upgrade_prim_semantics_to_labels(prim)
    assert labels.get_labels(prim) == {"class": ["crate"]}
    assert prim.GetPrimTypeInfo().GetAppliedAPISchemas() == ["SemanticsLabelsAPI:class"]
    assert not prim.HasAttribute("semantic:Semantics:params:semanticData")


def test_labels_of_6_0_take_paths_add_up_and_go_one_by_one(newest: Neighbours) -> None:
    prim, labels = prim_of(newest), newest["isaacsim.core.experimental.utils.semantics"]
    labels.add_labels("/World/Thing", labels="crate")
    labels.add_labels(prim, labels=["box"])
    assert labels.get_labels("/World/Thing") == {"class": ["crate", "box"]}
    labels.remove_labels(prim, labels="crate")
    assert labels.get_labels("/World", include_descendants=True) == {"class": ["box"]}
    with pytest.raises(ValueError, match="/World/Nothing"):
        labels.add_labels("/World/Nothing", labels="x")


# ---- placing ---------------------------------------------------------------------------------------------------------


def turn(axis: int, degrees: float) -> np.ndarray:
    """The matrix for column vectors that turns about one axis."""
    s, c = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    matrix = np.eye(3)
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix


def test_euler_angles_turn_about_fixed_axes_in_order(found: Neighbours) -> None:
    rotations = found["isaacsim.core.utils.rotations"]
    rng = np.random.default_rng(4)
    for angles in rng.uniform(-80, 80, (20, 3)):
        x, y, z = (turn(axis, angle) for axis, angle in enumerate(angles))
        quaternion = rotations.euler_angles_to_quat(angles, degrees=True)
        assert np.allclose(rotations.quat_to_rot_matrix(quaternion), z @ y @ x)
        assert np.allclose(rotations.quat_to_euler_angles(quaternion, degrees=True), angles)
        along = rotations.euler_angles_to_quat(angles, degrees=True, extrinsic=False)
        assert np.allclose(rotations.quat_to_rot_matrix(along), x @ y @ z)


def test_a_prim_is_made_where_it_is_wanted_in_the_world(found: Neighbours) -> None:
    stage = found["omni.usd"].get_context().get_stage()
    UsdGeom.Xform.Define(stage, "/World/Shelf").AddTranslateOp().Set((0, 0, 2))
    quarter = found["isaacsim.core.utils.rotations"].euler_angles_to_quat([0, 0, 90], degrees=True)
    prim = found["isaacsim.core.utils.prims"].create_prim(
        "/World/Shelf/Box", "Cube", position=(1, 0, 5), orientation=quarter, scale=(2, 1, 1), semantic_label="Box"
    )
    world = found["omni.usd"].get_world_transform_matrix(prim)
    assert Gf.IsClose(world.Transform((1, 0, 0)), Gf.Vec3d(1, 2, 5), 1e-9)
    assert found["isaacsim.core.utils.semantics"].get_labels(prim) == {"class": ["Box"]}


@pytest.mark.parametrize("target", [(4, -2, 0.5), (0, 0, 0), (3, 1, 2.5)], ids=["ahead", "below", "beside"])
def test_a_camera_view_puts_the_target_on_the_axis_and_the_world_upright(found: Neighbours, target: Any) -> None:
    eye = (0.0, 0.0, 3.0)
    found["isaacsim.core.utils.viewports"].set_camera_view(eye, target, "/World/Camera")
    prim = found["omni.usd"].get_prim_at_path("/World/Camera")
    inside = found["omni.usd"].get_world_transform_matrix(prim).GetInverse()
    distance = float(np.linalg.norm(np.subtract(target, eye)))
    assert Gf.IsClose(inside.Transform(Gf.Vec3d(*target)), Gf.Vec3d(0, 0, -distance), 1e-6)
    if target != (0, 0, 0):
        assert inside.TransformDir(Gf.Vec3d(0, 0, 1))[1] > 0
        assert inside.TransformDir(Gf.Vec3d(0, 0, 1))[0] == pytest.approx(0, abs=1e-9)


def test_corners_of_3d_boxes_go_through_their_transform_as_row_vectors(found: Neighbours) -> None:
    fields = [(name, "<f4") for name in ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max")]
    rows = np.zeros(2, [("semanticId", "<u4"), *fields, ("transform", "<f4", (4, 4))])
    for name, value in zip([name for name, _ in fields], (0, 0, 0, 1, 2, 4), strict=True):
        rows[name] = value
    rows["transform"] = np.eye(4)
    rows["transform"][1, 3, :3] = (10, 20, 30)
    corners = found["omni.syntheticdata.scripts.helpers"].get_bbox_3d_corners(rows)
    assert corners.shape == (2, 8, 3)
    assert corners[0, 1].tolist() == [1, 0, 0]
    assert corners[0, 2].tolist() == [0, 2, 0]
    assert corners[0, 4].tolist() == [0, 0, 4]
    assert corners[1, 7].tolist() == [11, 22, 34]


# ---- what there is, and what there is not ----------------------------------------------------------------------------


def test_names_are_there_from_the_release_on_that_has_them(each: Neighbours) -> None:
    tables, later = each.tables, each.session.at_least("6.0")
    assert ("isaacsim.core.experimental.utils.semantics" in tables) == later
    assert ("omni.isaac.kit" in tables) == (not later)
    assert ("pxr.Semantics" in tables) == (each.host.release == "4.5")
    assert ("Semantics" in tables) == (each.host.release != "4.5")
    assert ("add_labels" in tables["isaacsim.core.utils.semantics"]) == each.session.at_least("5.0")
    assert ("GLOBAL_EVENT_STOP" in tables["omni.timeline"]) == later


def test_a_script_of_6_0_hears_the_timeline_by_its_event_names(newest: Neighbours) -> None:
    timeline, heard = newest["omni.timeline"], []
    kept = (
        newest["carb.eventdispatcher"]
        .get_eventdispatcher()
        .observe_event(event_name=timeline.GLOBAL_EVENT_PLAY, on_event=lambda event: heard.append(event["currentTime"]))
    )
    timeline.get_timeline_interface().play()
    assert heard == [0.0]
    kept.reset()


def test_what_is_missing_is_refused_by_its_name(found: Neighbours) -> None:
    module = StandInModule("omni.usd", found.tables["omni.usd"], "5.1")
    with pytest.raises(AttributeError, match=r"omni\.usd\.get_watcher.*Isaac Sim 5\.1 does not have"):
        _ = module.get_watcher
    with pytest.raises(AttributeError, match=r"Application\.get_window_caption"):
        _ = found.application.get_window_caption
    with pytest.raises(NotSupportedError, match="CreateMdlMaterialPrim"):
        found["omni.kit.commands"].execute("CreateMdlMaterialPrim", mtl_url="x")
    with pytest.raises(RuntimeError, match="no assets are here"):
        found["isaacsim.storage.native"].get_assets_root_path()


def test_an_extension_that_is_not_stood_in_for_is_not_enabled_and_becomes_a_finding(found: Neighbours) -> None:
    enable = found["isaacsim.core.utils.extensions"].enable_extension
    assert enable("omni.replicator.core") is True
    assert enable("omni.anim.people") is False
    assert enable("omni.anim.people") is False
    assert [finding for finding in found.host.findings if "omni.anim.people" in finding] == list(found.host.findings)


def test_files_are_listed_and_servers_are_not_reached(found: Neighbours, tmp_path: Any) -> None:
    client = found["omni.client"]
    (tmp_path / "b.txt").write_bytes(b"abc")
    (tmp_path / "a").mkdir()
    result, entries = client.list(str(tmp_path))
    assert result == client.Result.OK
    assert [(entry.relative_path, entry.size) for entry in entries] == [("a", 0), ("b.txt", 3)]
    assert client.stat(f"file:{tmp_path / 'b.txt'}")[0] == client.Result.OK
    assert client.read_file(str(tmp_path / "none"))[0] == client.Result.ERROR_NOT_FOUND
    assert client.stat("omniverse://localhost/NVIDIA")[0] == client.Result.ERROR_CONNECTION


def test_commands_that_need_no_editor_act_on_the_stage(found: Neighbours) -> None:
    execute, stage = found["omni.kit.commands"].execute, found["omni.usd"].get_context().get_stage()
    execute("CreatePrim", prim_type="Sphere", prim_path="/World/Ball", attributes={"radius": 2.0})
    execute("ChangeProperty", prop_path="/World/Ball.radius", value=3.0, prev=2.0)
    assert stage.GetPrimAtPath("/World/Ball").GetAttribute("radius").Get() == 3.0
    execute("DeletePrims", paths=["/World/Ball"])
    assert not stage.GetPrimAtPath("/World/Ball")


def test_bounds_of_prims_are_those_of_their_corners(each: Neighbours) -> None:
    stage = each["omni.usd"].get_context().get_stage()
    for name, place, turn, size in (("Left", (-3, 0, 1), 30, (2, 1, 0.5)), ("Right", (4, 1, 0), 0, (1, 1, 1))):
        cube = UsdGeom.Cube.Define(stage, f"/World/{name}")
        cube.CreateSizeAttr(1.0)
        common = UsdGeom.XformCommonAPI(cube)
        common.SetTranslate(place)
        common.SetRotate((0, 0, turn))
        common.SetScale(size)
    bounds = each["isaacsim.core.utils.bounds"]
    cache = bounds.create_bbox_cache()
    world = UsdGeom.XformCache().GetLocalToWorldTransform(stage.GetPrimAtPath("/World/Left"))
    unit = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
    corners = np.array([world.Transform(Gf.Vec3d(*corner)) for corner in unit])
    middle, axes, half = bounds.compute_obb(cache, "/World/Left")
    np.testing.assert_allclose(bounds.get_obb_corners(middle, axes, half), corners, atol=1e-6)
    aligned = bounds.compute_aabb(cache, prim_path="/World/Left")
    np.testing.assert_allclose(aligned, [*corners.min(0), *corners.max(0)], atol=1e-6)
    both = bounds.compute_combined_aabb(cache, prim_paths=["/World/Left", "/World/Right"])
    np.testing.assert_allclose(both, [*corners.min(0)[:2], -0.5, 4.5, 1.5, corners[:, 2].max()], atol=1e-6)
    if each.host.release == "6.0":
        later = each["isaacsim.core.experimental.utils.bounds"]
        prim = stage.GetPrimAtPath("/World/Left")
        np.testing.assert_array_equal(later.compute_aabb(prim, bbox_cache=cache, include_children=True), aligned)
        np.testing.assert_array_equal(later.compute_combined_aabb([prim, "/World/Right"]), both)
