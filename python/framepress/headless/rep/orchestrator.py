"""`rep.orchestrator`: the session's orchestrator as functions; see `runs`."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable

from framepress.headless import host as hosts
from framepress.headless.rep.errors import OrchestratorError
from framepress.headless.rep.io_queue import is_done_writing
from framepress.headless.rep.runs import CAPTURE_ON_PLAY, Orchestrator, Status, StatusCallback

__all__ = [
    "Orchestrator",
    "OrchestratorError",
    "Status",
    "StatusCallback",
    "get_is_paused",
    "get_is_started",
    "get_is_stopped",
    "get_sim_times_to_write",
    "get_status",
    "pause",
    "preview",
    "preview_async",
    "register_status_callback",
    "resume",
    "run",
    "run_async",
    "run_until_complete",
    "run_until_complete_async",
    "set_capture_on_play",
    "set_minimum_next_rt_subframes",
    "set_next_rt_subframes",
    "step",
    "step_async",
    "stop",
    "stop_async",
    "wait_until_complete",
    "wait_until_complete_async",
]

_POLL_S = 0.001


def _orchestrator() -> Orchestrator:
    return hosts.current().kept(Orchestrator)


def _frozen_app(call: str) -> None:
    if getattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", False):
        raise OrchestratorError(f"{call} would block the application; use {call}_async, or a standalone script")


def step(
    rt_subframes: int = -1, pause_timeline: bool = True, delta_time: float | None = None, wait_for_render: bool = True
) -> None:
    """See `Orchestrator.step`. Raises: OrchestratorError: not in a standalone script, too."""
    _frozen_app("step")
    _orchestrator().step(rt_subframes, pause_timeline, delta_time, wait_for_render)


async def step_async(
    rt_subframes: int = -1, pause_timeline: bool = True, delta_time: float | None = None, wait_for_render: bool = True
) -> None:
    """See `Orchestrator.step`; others get their turn after it."""
    _orchestrator().step(rt_subframes, pause_timeline, delta_time, wait_for_render)
    await asyncio.sleep(0)


def preview() -> None:
    """See `Orchestrator.preview`."""
    _orchestrator().preview()


async def preview_async() -> None:
    """See `Orchestrator.preview`."""
    _orchestrator().preview()
    await asyncio.sleep(0)


def run(num_frames: int | None = None, start_timeline: bool = False) -> None:
    """See `Orchestrator.run`."""
    _orchestrator().run(num_frames, start_timeline)


async def run_async(num_frames: int | None = None, start_timeline: bool = False) -> None:
    """See `Orchestrator.run`."""
    _orchestrator().run(num_frames, start_timeline)
    await asyncio.sleep(0)


def run_until_complete(num_frames: int | None = None, start_timeline: bool = False) -> None:
    """`run`, then `wait_until_complete`."""
    run(num_frames, start_timeline)
    wait_until_complete()


async def run_until_complete_async(num_frames: int | None = None, start_timeline: bool = False) -> None:
    """`run`, then `wait_until_complete`."""
    run(num_frames, start_timeline)
    await wait_until_complete_async()


def wait_until_complete() -> None:
    """See `Orchestrator.wait_until_complete`."""
    _orchestrator().wait_until_complete()


async def wait_until_complete_async() -> None:
    """See `Orchestrator.wait_until_complete`; others get their turn while the queue is written."""
    _orchestrator().complete()
    await asyncio.sleep(0)
    while not is_done_writing():
        await asyncio.sleep(_POLL_S)


def stop() -> None:
    """See `Orchestrator.stop`."""
    _orchestrator().stop()


async def stop_async() -> None:
    """See `Orchestrator.stop`."""
    _orchestrator().stop()
    await asyncio.sleep(0)


def pause() -> None:
    _orchestrator().pause()


def resume() -> None:
    _orchestrator().resume()


def get_status() -> Status:
    return _orchestrator().status


def get_is_started() -> bool:
    return get_status() == Status.STARTED


def get_is_paused() -> bool:
    return get_status() == Status.PAUSED


def get_is_stopped() -> bool:
    return get_status() == Status.STOPPED


def register_status_callback(callback: Callable[[Status], object]) -> StatusCallback:
    """Call `callback` with every new status, for as long as what this returns is held."""
    return _orchestrator().register_callback(callback)


def set_capture_on_play(value: bool) -> None:
    """Whether every frame is captured while the timeline plays; it is so by default."""
    hosts.current().settings[CAPTURE_ON_PLAY] = bool(value)


def set_next_rt_subframes(rt_subframes: int) -> None:
    """Accepted: several drawings of one state are the same picture here."""


def set_minimum_next_rt_subframes(rt_subframes: int) -> None:
    """Accepted: see `set_next_rt_subframes`."""


def get_sim_times_to_write() -> set[float]:
    """Simulation times [s] at which a frame is due that is known beforehand."""
    due_s = hosts.current().graph.next_time_s()
    return set() if due_s is None else {due_s}
