"""The orchestrator behaves as Replicator's: frames by hand and in runs, their clock, their ends and their errors."""

from __future__ import annotations

import asyncio
import builtins
import math
from pathlib import Path
from typing import Any

import pytest
from stand_in_session import RELEASES, Recorder, opened, product

from framepress.errors import OptionError
from framepress.headless import rep
from framepress.headless.rep.errors import OrchestratorError
from framepress.headless.rep.orchestrator import Status


def attached(*products: Any, **options: Any) -> Recorder:
    writer = Recorder(**options)
    writer.attach(list(products) or [product()])
    return writer


def times(writer: Recorder) -> list[tuple[int, int]]:
    return [data["reference_time"] for data in writer.payloads]


def test_status_has_replicators_numbers() -> None:
    names = "STOPPED STARTED STARTING LOADING STOPPING PAUSED INITIALIZING STEPPING STEPPED".split()
    assert [status.name for status in sorted(Status)] == names


def test_step_is_for_standalone_scripts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    writer = attached()
    monkeypatch.setattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", True, raising=False)
    with pytest.raises(OrchestratorError, match="step_async"):
        rep.orchestrator.step()
    asyncio.run(rep.orchestrator.step_async())
    monkeypatch.setattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", False)
    rep.orchestrator.step()
    assert len(writer.payloads) == 2


def test_time_passes_by_the_stages_step_by_delta_time_or_not_at_all() -> None:
    host = opened()
    host.stage.SetTimeCodesPerSecond(24)
    writer = attached()
    for delta_time in (None, None, 0.5, 0.0, 0.0):
        rep.orchestrator.step(rt_subframes=4, delta_time=delta_time, wait_for_render=False)
    assert times(writer) == [(1, 24), (1, 12), (7, 12), (7, 12), (7, 12)]
    assert host.time.GetValue() == pytest.approx(14)
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(OrchestratorError, match="forwards"):
            rep.orchestrator.step(delta_time=wrong)


def test_the_clock_begins_where_the_stage_does() -> None:
    from pxr import Usd, UsdGeom

    host = opened()
    stage = Usd.Stage.CreateInMemory()
    stage.SetTimeCodesPerSecond(30)
    stage.SetStartTimeCode(15)
    UsdGeom.Camera.Define(stage, "/World/Camera")
    host.use_stage(stage)
    assert (host.time_s, host.time.GetValue()) == (0.5, 15)


def test_pause_timeline_pauses_and_else_leaves_it() -> None:
    host = opened()
    for pause, left in ((False, True), (True, False)):
        host.playing = True
        rep.orchestrator.step(pause_timeline=pause)
        assert host.playing is left


@pytest.mark.parametrize("release", RELEASES)
def test_the_final_frame_is_told_once_a_product_at_every_stop(release: Any) -> None:
    opened(release)
    writer = attached(product(), product())
    rep.orchestrator.wait_until_complete()
    assert writer.final == 0, "nothing has run"
    for stops in (1, 2):
        rep.orchestrator.step()
        rep.orchestrator.step()
        rep.orchestrator.wait_until_complete()
        rep.orchestrator.stop()
        assert writer.final == 2 * stops


def test_what_the_final_frame_schedules_is_written_before_waiting_ends(tmp_path: Path) -> None:
    opened()

    class Late(Recorder):
        def on_final_frame(self) -> None:
            self.backend.schedule(rep.functional.write_json, path="index.json", data=len(self.payloads))

    writer = Late(backend=rep.BackendDispatch(output_dir=str(tmp_path)))
    writer.attach(product())
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert (tmp_path / "index.json").read_text() == "1"


def test_an_error_in_write_loses_that_frame_alone_and_is_counted() -> None:
    host = opened("6.0")
    writer = attached(fails=(1, 2))
    for _ in range(4):
        rep.orchestrator.step()
    assert times(writer) == [(1, 60), (1, 15)]
    assert writer.num_written == 2
    assert [str(failure) for failure in host.failures] == [
        f"frame {frame}: Recorder.write: KeyError: 'not there'" for frame in (1, 2)
    ]


def test_an_error_in_on_final_frame_is_counted_too() -> None:
    host = opened()

    class Rude(Recorder):
        def on_final_frame(self) -> None:
            raise OSError("gone")

    Rude().attach(product())
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert [failure.what for failure in host.failures] == ["Rude.on_final_frame"]
    assert rep.orchestrator.get_is_stopped()


def test_an_annotator_that_cannot_be_made_is_raised_where_the_frame_was_asked_for() -> None:
    opened()
    boxes = rep.annotators.get("bounding_box_2d_tight", init_params={"semanticFilter": "no predicate"})
    attached(annotators=(boxes,))
    with pytest.raises(OptionError, match="no predicate"):
        rep.orchestrator.step()


def test_callbacks_hear_every_status_while_they_are_held() -> None:
    opened()
    heard: list[Status] = []
    held = rep.orchestrator.register_status_callback(heard.append)
    rep.orchestrator.step()
    assert rep.orchestrator.get_status() == Status.STEPPED
    rep.orchestrator.stop()
    whole = [Status.STARTING, Status.STEPPING, Status.STEPPED, Status.STOPPING, Status.STOPPED]
    assert heard == whole
    del held
    rep.orchestrator.step()
    assert heard == whole


def test_a_run_has_its_number_of_frames_or_ends_with_its_triggers() -> None:
    opened()
    writer = attached()
    rep.orchestrator.run_until_complete(num_frames=3)
    assert (len(writer.payloads), writer.final) == (3, 1)
    with rep.trigger.on_frame(num_frames=4, interval=2):
        pass
    rep.orchestrator.run_until_complete()
    assert (len(writer.payloads), writer.final) == (3 + 7, 2)
    asyncio.run(rep.orchestrator.run_until_complete_async())
    assert len(writer.payloads) == 3 + 7 + 7, "triggers count anew"
    for wrong in (0, -1):
        with pytest.raises(OrchestratorError, match="at least one"):
            rep.orchestrator.run(num_frames=wrong)


def test_a_run_without_an_end_is_refused_when_it_is_waited_for() -> None:
    opened()
    writer = attached()
    rep.trigger.on_frame()
    rep.orchestrator.run()
    with pytest.raises(OrchestratorError, match="has no end"):
        rep.orchestrator.wait_until_complete()
    rep.orchestrator.stop()
    rep.orchestrator.wait_until_complete()
    assert writer.final == 1


def test_a_run_is_carried_on_by_updates_of_the_application() -> None:
    host = opened()
    writer = attached()
    rep.orchestrator.run(num_frames=3)
    updates = 0
    while rep.orchestrator.get_is_started():
        host.update()
        updates += 1
        if updates == 1:
            rep.orchestrator.pause()
            host.update()
            assert rep.orchestrator.get_is_paused()
            rep.orchestrator.resume()
    assert (updates, len(writer.payloads), writer.final) == (3, 3, 1)


@pytest.mark.parametrize("start_timeline", [True, False])
def test_time_passes_in_a_run_if_the_timeline_is_started(start_timeline: bool) -> None:
    opened()
    writer = attached()
    rep.orchestrator.run_until_complete(num_frames=2, start_timeline=start_timeline)
    assert times(writer) == ([(1, 60), (1, 30)] if start_timeline else [(0, 1), (0, 1)])


def test_where_only_time_triggers_a_run_goes_from_one_time_to_the_next() -> None:
    opened()
    writer = attached()
    rep.trigger.on_time(interval=1.5, num=3)
    rep.orchestrator.run_until_complete()
    assert times(writer) == [(0, 1), (3, 2), (3, 1)]
    assert [data["trigger_outputs"] for data in writer.payloads] == [{"on_time": n} for n in range(3)]


def test_play_is_captured_by_default_and_not_if_switched_off() -> None:
    host = opened()
    writer = attached()
    host.update()
    assert writer.payloads == []
    host.playing = True
    for _ in range(2):
        host.advance()  # as the timeline does
        host.update()
    assert times(writer) == [(1, 60), (1, 30)]
    host.playing = False
    host.update()
    assert (len(writer.payloads), writer.final) == (2, 1)
    rep.orchestrator.set_capture_on_play(False)
    host.playing = True
    host.update()
    assert len(writer.payloads) == 2


def test_an_update_shows_annotators_the_stage_without_making_a_frame() -> None:
    host = opened()
    writer, annotator = attached(), rep.annotators.get("rgb").attach(product())
    host.update()
    assert annotator.get_data().size
    assert (host.frame, writer.payloads) == (0, [])


def test_a_preview_is_drawn_and_not_written() -> None:
    host = opened()
    eye = product()
    writer, annotator = attached(eye), rep.annotators.get("rgb").attach(eye)
    rep.orchestrator.preview()
    asyncio.run(rep.orchestrator.preview_async())
    assert annotator.get_data().size
    assert (writer.payloads, host.time_s, host.frame) == ([], 0.0, 0)


def test_async_steps_take_turns_with_other_tasks() -> None:
    opened()
    writer, turns = attached(), []

    async def steps(name: str) -> None:
        for _ in range(2):
            turns.append(name)
            await rep.orchestrator.step_async()

    async def both() -> None:
        await asyncio.gather(steps("a"), steps("b"))
        await rep.orchestrator.wait_until_complete_async()

    asyncio.run(both())
    assert turns == ["a", "b", "a", "b"]
    assert (len(writer.payloads), writer.final) == (4, 1)


def test_another_stage_ends_the_run_and_everything_that_hangs_on_the_first() -> None:
    host = opened()
    eye = product()
    writer, annotator = attached(eye), rep.annotators.get("rgb").attach(eye)
    rep.trigger.on_frame(num_frames=5)
    rep.orchestrator.step()
    host.new_stage()
    assert writer.final == 1
    assert not annotator.is_attached
    assert host.products == {}
    assert host.graph.triggers == []
    rep.orchestrator.step()
    assert len(writer.payloads) == 1


def test_a_writer_of_which_no_product_is_drawn_gets_nothing_and_else_empty_arrays() -> None:
    opened()
    one, two = product("one"), product("two")
    writer = attached(one, two, annotators=("rgb", "camera_params", "bounding_box_2d_tight"))
    two.hydra_texture.set_updates_enabled(False)
    rep.orchestrator.step()
    one.hydra_texture.set_updates_enabled(False)
    rep.orchestrator.step()
    (data,) = writer.payloads
    shown = {name: values["rgb"]["data"].shape for name, values in data["renderProducts"].items()}
    assert shown["two"] == (0,)
    assert len(shown["one"]) == 3
    drawn, off = (data["renderProducts"][name] for name in ("one", "two"))
    assert off["camera_params"] == {}
    assert set(off["bounding_box_2d_tight"]) == set(drawn["bounding_box_2d_tight"])
    assert len(off["bounding_box_2d_tight"]["data"]) == 0


def test_the_first_frames_are_empty_on_request() -> None:
    from framepress.headless.payloads import Quirks

    opened(quirks=Quirks(empty_frames=1))
    writer = attached()
    for _ in range(2):
        rep.orchestrator.step()
    sizes = [next(iter(data["renderProducts"].values()))["rgb"]["data"].size for data in writer.payloads]
    assert sizes[0] == 0 < sizes[1]


def test_frames_that_nobody_writes_are_told_to_the_renderer_where_motion_counts() -> None:
    host = opened()
    attached(annotators=("motion_vectors",)).get_node().trigger = None
    rep.orchestrator.step()
    assert host._studio.asked == [{}]
