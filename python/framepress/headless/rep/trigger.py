"""`rep.trigger`: when recorded calls act. Each returns an item whose `with` block records."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep.items import ReplicatorItem

if TYPE_CHECKING:
    from framepress.headless.host import Host
    from framepress.headless.rep.graph import Action

__all__ = ["Trigger", "on_condition", "on_custom_event", "on_frame", "on_time"]

SAME_TIME = 1e-9  # Of an interval: sums of frame times miss its multiples by rounding.


class Trigger(ReplicatorItem):
    """Decides at every evaluation whether it fires.

    Attributes:
        name: key in `trigger_outputs`.
        actions: what is done at each firing, in the order of the script.
        executions: firings so far; limit: the most there may be, 0 = any number.
        rt_subframes: asked of the renderer for the frames it fires in.
        by_event: fires when told, and so says nothing about when a run is over.
        next_time_s: simulation time at which it is due, where that is known beforehand.
    """

    by_event = False
    next_time_s: float | None = None

    def __init__(self, kind: str, name: str | None, limit: int, rt_subframes: int) -> None:
        super().__init__(kind, name)
        if limit < 0:
            raise OptionError(f"rep.trigger.{kind}: {limit} executions; give a count, or 0 for any number")
        graph = hosts.current().graph
        self.name = graph.unique(name or kind)
        self.actions: list[Action] = []
        self.executions = 0
        self.limit = int(limit)
        self.rt_subframes = max(1, int(rt_subframes))
        graph.triggers.append(self)

    @property
    def is_spent(self) -> bool:
        return 0 < self.limit <= self.executions

    def is_due(self, host: Host, events: set[str]) -> bool:
        """Whether it fires now; called once an evaluation."""
        return not self.is_spent and self._is_met(host, events)

    def _is_met(self, host: Host, events: set[str]) -> bool:
        raise NotImplementedError

    def restart(self) -> None:
        self.executions = 0


class _OnFrame(Trigger):
    def __init__(self, interval: int, limit: int, rt_subframes: int, name: str | None) -> None:
        if interval != int(interval) or interval < 1:
            raise OptionError(f"rep.trigger.on_frame: interval {interval!r}; give a number of frames, 1 = every frame")
        super().__init__("on_frame", name, limit, rt_subframes)
        self._interval = int(interval)
        self._frames = 0

    def _is_met(self, host: Host, events: set[str]) -> bool:
        self._frames += 1
        return (self._frames - 1) % self._interval == 0

    def restart(self) -> None:
        super().restart()
        self._frames = 0


class _OnTime(Trigger):
    def __init__(self, interval_s: float, limit: int, rt_subframes: int, name: str | None) -> None:
        if not (interval_s > 0 and math.isfinite(interval_s)):
            raise OptionError(f"rep.trigger.on_time: interval {interval_s!r}; give seconds above 0")
        super().__init__("on_time", name, limit, rt_subframes)
        self._interval_s = float(interval_s)
        self._start_s: float | None = None
        self._intervals = 0

    def _is_met(self, host: Host, events: set[str]) -> bool:
        if self._start_s is None or host.time_s < self._start_s:
            self._start_s, self._intervals = host.time_s, 0
        passed = math.floor((host.time_s - self._start_s) / self._interval_s + SAME_TIME)
        if passed < self._intervals:
            return False
        self._intervals = passed + 1
        return True

    @property
    def next_time_s(self) -> float | None:  # type: ignore[override]
        start = hosts.current().time_s if self._start_s is None else self._start_s
        return start + self._intervals * self._interval_s

    def restart(self) -> None:
        super().restart()
        self._start_s, self._intervals = None, 0


class _OnCustomEvent(Trigger):
    by_event = True

    def __init__(self, event_name: str, name: str | None) -> None:
        if not event_name or not isinstance(event_name, str):
            raise OptionError(f"rep.trigger.on_custom_event: {event_name!r} is no name of an event")
        super().__init__("on_custom_event", name, 0, 1)
        self.event_name = event_name

    def _is_met(self, host: Host, events: set[str]) -> bool:
        return self.event_name in events


class _OnCondition(Trigger):
    def __init__(self, condition: Callable[[], Any], limit: int, rt_subframes: int, name: str | None) -> None:
        if not callable(condition):
            raise OptionError(f"rep.trigger.on_condition: {condition!r} cannot be called; give a function -> bool")
        super().__init__("on_condition", name, limit, rt_subframes)
        self._condition = condition

    def _is_met(self, host: Host, events: set[str]) -> bool:
        return bool(self._condition())


def _limit(*counts: int) -> int:
    return min((count for count in counts if count), default=0)


def on_frame(
    num_frames: int = 0, interval: int = 1, rt_subframes: int = 1, max_execs: int = 0, name: str | None = None
) -> Trigger:
    """Fires at the first frame and at every `interval`-th after it, `max_execs` or (older) `num_frames` times.

    0 = any number of times.
    """
    return _OnFrame(interval, _limit(num_frames, max_execs), rt_subframes, name)


def on_time(
    interval: float,
    num: int = 0,
    rt_subframes: int = 1,
    enable_capture: bool = True,
    max_execs: int = 0,
    name: str | None = None,
    reset_physics: bool = True,
) -> Trigger:
    """Fires at the first frame and then whenever another `interval` seconds of simulation time have passed.

    Frames that span several intervals fire once. There is no physics to reset; `enable_capture=False` is noted as a
    finding, for all frames are captured here.
    """
    if not enable_capture:
        hosts.current().find("rep.trigger.on_time: enable_capture=False has no effect in the stand-in")
    return _OnTime(interval, _limit(num, max_execs), rt_subframes, name)


def on_custom_event(event_name: str, name: str | None = None) -> Trigger:
    """Fires at the evaluation that follows `rep.utils.send_og_event(event_name)`."""
    return _OnCustomEvent(event_name, name)


def on_condition(
    condition: Callable[[], Any], max_execs: int = 0, rt_subframes: int = 1, name: str | None = None
) -> Trigger:
    """Fires at every frame before which `condition()` is true."""
    return _OnCondition(condition, max_execs, rt_subframes, name)
