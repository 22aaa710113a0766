"""Frames, one by one or in runs: time passes, triggers fire, everything attached is drawn and written."""

from __future__ import annotations

import math
import operator
import weakref
from collections.abc import Callable
from enum import IntEnum

from framepress.headless import host as hosts
from framepress.headless.rep.attached import Attached
from framepress.headless.rep.errors import OrchestratorError
from framepress.headless.rep.io_queue import wait_until_done

__all__ = ["CAPTURE_ON_PLAY", "Orchestrator", "Status", "StatusCallback"]

CAPTURE_ON_PLAY = "/omni/replicator/captureOnPlay"


class Status(IntEnum):
    STOPPED = 0
    STARTED = 1
    STARTING = 2
    LOADING = 3
    STOPPING = 4
    PAUSED = 5
    INITIALIZING = 6
    STEPPING = 7
    STEPPED = 8


class StatusCallback:
    """Hears of every new status for as long as it is held."""

    def __init__(self, callback: Callable[[Status], object]) -> None:
        self.callback = callback


class Orchestrator:
    """The session's: at work (STARTED, PAUSED), stepped by hand (STEPPED), or not (STOPPED)."""

    def __init__(self, host: hosts.Host) -> None:
        self.status = Status.STOPPED
        self._host = host
        self._attached = host.kept(Attached)
        self._callbacks: list[weakref.ref[StatusCallback]] = []
        self._frames_left: int | None = None
        self._by_play = False

    # ---- by hand -----------------------------------------------------------------------------------------------------

    def step(
        self,
        rt_subframes: int = -1,
        pause_timeline: bool = True,
        delta_time: float | None = None,
        wait_for_render: bool = True,
    ) -> None:
        """One frame: time passes, triggers fire, everything attached is drawn and written.

        Args:
            rt_subframes: frames that a real renderer draws of one state; here each is the same picture, so one is.
            pause_timeline: whether the timeline is left paused.
            delta_time: seconds that pass before it; None = one time code of the stage, 0 = none.
            wait_for_render: accepted: the frame is always this one.

        Raises:
            OrchestratorError: `delta_time` is negative or not finite.
            FramepressError: the stage cannot be drawn, or a trigger cannot do what was recorded.
        """
        operator.index(rt_subframes)
        if delta_time is not None and not 0 <= delta_time < math.inf:
            raise OrchestratorError(f"step: delta_time={delta_time} s; time passes forwards, or (0) not at all")
        running = self.status in (Status.STARTED, Status.PAUSED)
        former = self.status
        if former == Status.STOPPED:
            self._start()
        self._become(Status.STEPPING)
        self._host.advance(delta_time)
        self._frame()
        if pause_timeline:
            self._host.playing = False
        self._become(former if running else Status.STEPPED)

    def skip(self, delta_time: float | None = None, *, drawn: bool = False) -> None:
        """As `step`, of a frame that no writer gets: time passes and triggers fire, so that what follows is what it
        would be after a step. `drawn`: all the same, so that motion vectors of the next frame are against this one.
        """
        if self.status == Status.STOPPED:
            self._start()
        self._host.advance(delta_time)
        self._host.graph.step(self._host)
        if drawn:
            self._attached.capture(self._attached.nodes)
        self._host.frame += 1
        self._become(Status.STEPPED)

    def preview(self) -> None:
        """Draw a frame that no writer gets; nothing fires and no time passes."""
        self._attached.capture(self._attached.nodes)

    # ---- runs --------------------------------------------------------------------------------------------------------

    def run(self, num_frames: int | None = None, start_timeline: bool = False) -> None:
        """Begin a run; a frame of it is made at each update of the application, and by `wait_until_complete`.

        Args:
            num_frames: its length; None = until all triggers have fired as often as they may.
            start_timeline: whether time passes.

        Raises:
            OrchestratorError: no frames.
        """
        if num_frames is not None and operator.index(num_frames) < 1:
            raise OrchestratorError(f"run: num_frames={num_frames}; a run has at least one frame")
        self.stop()
        self._start()
        self._frames_left = num_frames
        self._host.playing = self._host.playing or start_timeline
        self._become(Status.STARTED)

    def wait_until_complete(self) -> None:
        """`complete`, and wait until everything is written. Raises: OrchestratorError: as that."""
        self.complete()
        wait_until_done()

    def complete(self) -> None:
        """Make the rest of a run, and stop.

        Raises:
            OrchestratorError: the run would never end.
        """
        if self.status == Status.PAUSED:
            self.resume()
        while self.status == Status.STARTED and not self._by_play:
            if self._frames_left is None and not self._ends():
                raise OrchestratorError(
                    "the run has no end: give num_frames to run() or run_until_complete(), or to the triggers"
                )
            self._run_frame(ticked=False)
        self.stop()

    def stop(self) -> None:
        """End a run or a row of steps: `on_final_frame` once for each writer's each product."""
        if self.status == Status.STOPPED:
            return
        self._become(Status.STOPPING)
        for node in list(self._attached.nodes):
            for _ in node.products:
                node.writer._finish()
        self._frames_left, self._by_play = None, False
        self._become(Status.STOPPED)

    def pause(self) -> None:
        if self.status == Status.STARTED:
            self._become(Status.PAUSED)

    def resume(self) -> None:
        if self.status == Status.PAUSED:
            self._become(Status.STARTED)

    # ---- the application ---------------------------------------------------------------------------------------------

    def update(self) -> None:
        """An update of the application: a frame of the run, or of Play where that is captured; else just drawn."""
        on_play = self._host.playing and bool(self._host.settings.get(CAPTURE_ON_PLAY, True))
        if self._by_play and not self._host.playing:
            self.stop()
        if self.status == Status.STOPPED and on_play and self._attached.nodes:
            self._start()
            self._by_play = True
            self._become(Status.STARTED)
        if self.status == Status.STARTED:
            self._run_frame(ticked=True)
            return
        if on_play and self.status == Status.STEPPED and self._attached.nodes:
            self._frame()
            return
        self._host.graph.pump(self._host)
        self._attached.capture(())

    def leave_stage(self) -> None:
        """The stage is about to be closed."""
        self.stop()
        self._attached.clear()

    def register_callback(self, callback: Callable[[Status], object]) -> StatusCallback:
        held = StatusCallback(callback)
        self._callbacks.append(weakref.ref(held))
        return held

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._host.graph.restart()
        self._become(Status.STARTING)

    def _become(self, status: Status) -> None:
        self.status = status
        for reference in list(self._callbacks):
            held = reference()
            if held is None:
                self._callbacks.remove(reference)
            else:
                held.callback(status)

    def _ends(self) -> bool:
        """Whether the triggers will have fired as often as they may, some day."""
        counting = [trigger for trigger in self._host.graph.triggers if not trigger.by_event]
        return bool(counting) and all(trigger.limit for trigger in counting)

    def _run_frame(self, *, ticked: bool) -> None:
        """A frame of a run; `ticked`: the clock has been moved already, if the timeline plays."""
        due_s = self._next_time_s()
        if due_s is not None:
            self._host.time_s = max(self._host.time_s, due_s)
        elif self._host.playing and not ticked:
            self._host.advance()
        self._frame()
        if self._frames_left is not None:
            self._frames_left -= 1
        ended = self._host.graph.exhausted if self._frames_left is None else self._frames_left == 0
        if ended and not self._by_play:
            self.stop()

    def _next_time_s(self) -> float | None:
        """When the next trigger is due, where time alone drives the run."""
        graph = self._host.graph
        waiting = [trigger for trigger in graph.triggers if not (trigger.is_spent or trigger.by_event)]
        if self._by_play or any(trigger.next_time_s is None for trigger in waiting):
            return None
        return graph.next_time_s()

    def _frame(self) -> None:
        """Let triggers fire, draw, write."""
        step = self._host.graph.step(self._host)
        due = [node for node in self._attached.nodes if node.is_due(step)]
        self._attached.capture(due)
        drawn = [node for node in due if self._attached.is_drawn(node)]
        for node, data in [(node, self._attached.payload(node, step)) for node in drawn]:
            node.writer._receive(data)
        self._host.frame += 1
