"""When triggers fire: tables of frames and times."""

from __future__ import annotations

import pytest
from recorded import frame, prims, session

from framepress.errors import OptionError
from framepress.headless import rep


def frames_that_fire(trigger: str, frames: int, delta_s: float = 0.0, **arguments: object) -> list[int]:
    host = session()
    with getattr(rep.trigger, trigger)(**arguments):
        pass
    return [index for index in range(frames) if frame(host, delta_s).fired]


@pytest.mark.parametrize(
    ("arguments", "fired"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"interval": 3}, [0, 3, 6, 9]),
        ({"num_frames": 2}, [0, 1]),
        ({"max_execs": 2, "interval": 4}, [0, 4]),
        ({"num_frames": 5, "max_execs": 3}, [0, 1, 2]),
        ({"interval": 100}, [0]),
    ],
)
def test_on_frame_fires_at_the_first_frame_and_every_interval_after(
    arguments: dict[str, object], fired: list[int]
) -> None:
    assert frames_that_fire("on_frame", 10, **arguments) == fired


@pytest.mark.parametrize(
    ("fps", "interval", "fired"),
    [
        (60, 0.1, [0, 6, 12, 18, 24]),
        (30, 0.1, [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]),
        (25, 0.1, [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28]),  # 2.5 frames: at the first frame that is not before
        (10, 0.05, list(range(30))),  # two intervals a frame: once a frame
        (24, 10.0, [0]),
    ],
)
def test_on_time_fires_whenever_its_interval_has_passed(fps: int, interval: float, fired: list[int]) -> None:
    assert frames_that_fire("on_time", 30, 1 / fps, interval=interval) == fired


def test_on_time_counts_its_firings_not_its_frames() -> None:
    assert frames_that_fire("on_time", 30, 1 / 60, interval=0.1, num=2) == [0, 6]


def test_time_that_stands_still_lets_on_time_fire_once() -> None:
    assert frames_that_fire("on_time", 10, 0.0, interval=0.1) == [0]


def test_the_next_time_is_told_so_that_nothing_need_be_rendered_before() -> None:
    host = session()
    rep.trigger.on_time(interval=0.5)
    rep.trigger.on_time(interval=0.2)
    assert host.graph.next_time_s() == 0.0
    frame(host, 0.1)
    assert host.graph.next_time_s() == pytest.approx(0.2)
    host.time_s = 0.41
    frame(host)
    assert host.graph.next_time_s() == pytest.approx(0.5)


def test_a_custom_event_fires_at_the_next_evaluation_once_however_often_it_was_sent() -> None:
    host = session()
    with rep.trigger.on_custom_event(event_name="shuffle"):
        cube = rep.create.cube()
        with cube:
            rep.modify.pose(position_x=rep.distribution.sequence([1.0, 2.0, 3.0]))
    assert not frame(host).fired
    rep.utils.send_og_event(event_name="shuffle")
    rep.utils.send_og_event("shuffle")
    assert prims(cube)[0].GetAttribute("xformOp:translate").Get()[0] == 0
    assert len(frame(host).fired) == 1
    assert prims(cube)[0].GetAttribute("xformOp:translate").Get()[0] == 1
    assert not frame(host).fired
    rep.utils.send_og_event("another")
    assert not frame(host).fired
    rep.utils.send_og_event("shuffle")
    host.graph.pump(host)
    assert prims(cube)[0].GetAttribute("xformOp:translate").Get()[0] == 2


def test_an_update_between_frames_fires_events_alone() -> None:
    host = session()
    rep.trigger.on_frame()
    assert not host.graph.pump(host).fired
    assert len(frame(host).fired) == 1


def test_a_condition_is_asked_before_every_frame() -> None:
    host = session()
    answers = iter([False, True, True, False])
    rep.trigger.on_condition(lambda: next(answers))
    assert [bool(frame(host).fired) for _ in range(4)] == [False, True, True, False]


def test_outputs_count_firings_by_name() -> None:
    host = session()
    rep.trigger.on_frame(interval=2)
    rep.trigger.on_time(interval=10.0)
    rep.trigger.on_frame(name="camera")
    rep.trigger.on_frame(interval=2)
    rep.trigger.on_custom_event("never")
    outputs = [frame(host, 0.1).trigger_outputs for _ in range(3)]
    assert outputs[0] == {"on_frame": 0, "on_time": 0, "camera": 0, "on_frame_01": 0}
    assert outputs[2] == {"on_frame": 1, "on_time": 0, "camera": 2, "on_frame_01": 1}


def test_all_is_over_when_every_limited_trigger_has_fired_as_often_as_it_may() -> None:
    host = session()
    assert not frame(host).exhausted
    rep.trigger.on_frame(num_frames=2)
    rep.trigger.on_frame(max_execs=1)
    rep.trigger.on_custom_event("whenever")
    assert [frame(host).exhausted for _ in range(3)] == [False, True, True]
    rep.trigger.on_frame()
    assert not frame(host).exhausted


def test_a_restarted_graph_counts_from_the_beginning() -> None:
    host = session()
    rep.trigger.on_frame(num_frames=1, interval=5)
    assert [bool(frame(host).fired) for _ in range(2)] == [True, False]
    host.graph.restart()
    assert frame(host).fired


def test_an_event_that_is_sent_before_the_first_frame_is_heard_in_it() -> None:
    host = session()
    rep.trigger.on_custom_event("go")
    rep.utils.send_og_event("go")
    host.graph.restart()
    assert [bool(frame(host).fired) for _ in range(2)] == [True, False]


def test_a_fired_trigger_says_how_many_subframes_it_wants() -> None:
    host = session()
    rep.trigger.on_frame(interval=2, rt_subframes=16)
    rep.trigger.on_frame(rt_subframes=4)
    assert [frame(host).rt_subframes for _ in range(3)] == [16, 4, 16]


@pytest.mark.parametrize(
    ("trigger", "arguments"),
    [
        ("on_frame", {"interval": 0}),
        ("on_frame", {"interval": 1.5}),
        ("on_frame", {"num_frames": -1}),
        ("on_time", {"interval": 0.0}),
        ("on_time", {"interval": float("nan")}),
        ("on_custom_event", {"event_name": ""}),
        ("on_condition", {"condition": True}),
    ],
)
def test_a_trigger_that_could_never_mean_anything_is_refused(trigger: str, arguments: dict[str, object]) -> None:
    session()
    with pytest.raises(OptionError, match=rf"rep\.trigger\.{trigger}"):
        getattr(rep.trigger, trigger)(**arguments)
