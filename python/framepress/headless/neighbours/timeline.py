"""`omni.timeline`: the simulation clock that scripts play, stop and set. Changes take effect at once."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Protocol

from framepress.headless.neighbours.events import Dispatcher, EventStream

__all__ = ["GLOBAL_EVENTS", "Clock", "Timeline", "TimelineEventType"]


class TimelineEventType(IntEnum):
    PLAY = 0
    PAUSE = 1
    STOP = 2
    CURRENT_TIME_CHANGED = 3
    CURRENT_TIME_TICKED = 4
    LOOP_MODE_CHANGED = 5
    START_TIME_CHANGED = 6
    END_TIME_CHANGED = 7
    TIME_CODE_PER_SECOND_CHANGED = 8
    AUTO_UPDATE_CHANGED = 9


GLOBAL_EVENTS = {
    "GLOBAL_EVENT_PLAY": TimelineEventType.PLAY,
    "GLOBAL_EVENT_PAUSE": TimelineEventType.PAUSE,
    "GLOBAL_EVENT_STOP": TimelineEventType.STOP,
    "GLOBAL_EVENT_CURRENT_TIME_TICKED": TimelineEventType.CURRENT_TIME_TICKED,
}
_GLOBAL_NAMES = {kind: f"omni.timeline.{name}" for name, kind in GLOBAL_EVENTS.items()}


class Clock(Protocol):
    """Where the simulation time is kept, for rendering and for scripts alike, and the open `Usd.Stage` (or None)."""

    time_s: float
    playing: bool

    @property
    def stage(self) -> Any: ...


class Timeline:
    """`omni.timeline.ITimeline`."""

    def __init__(self, clock: Clock, dispatcher: Dispatcher) -> None:
        self._clock, self._dispatcher = clock, dispatcher
        self._stream = EventStream()
        self._looping = True
        self._auto_update = True
        self.rest()

    def rest(self) -> None:
        """Another stage is open, or none: nothing plays, and start, end and rate are that stage's."""
        stage = self._clock.stage
        self._stopped, self._rate = True, 60.0 if stage is None else float(stage.GetTimeCodesPerSecond())
        span = (0.0, 100.0)
        if stage is not None and stage.HasAuthoredTimeCodeRange():
            span = (stage.GetStartTimeCode(), stage.GetEndTimeCode())
        self._start_s, self._end_s = (code / self._rate for code in span)

    def play(self, start_timecode: float = 0, end_timecode: float = 0, looping: bool = True) -> None:
        if end_timecode > start_timecode:
            self._start_s, self._end_s = (
                code / self.get_time_codes_per_second() for code in (start_timecode, end_timecode)
            )
        if not self._clock.playing:
            self._clock.playing, self._stopped = True, False
            self._tell(TimelineEventType.PLAY)

    def pause(self) -> None:
        if self._clock.playing:
            self._clock.playing = False
            self._tell(TimelineEventType.PAUSE)

    def stop(self) -> None:
        if not self._stopped:
            self._clock.playing, self._stopped = False, True
            self._clock.time_s = self._start_s
            self._tell(TimelineEventType.STOP)

    def is_playing(self) -> bool:
        return self._clock.playing

    def is_stopped(self) -> bool:
        return self._stopped and not self._clock.playing

    def get_current_time(self) -> float:
        return self._clock.time_s

    def set_current_time(self, time_in_seconds: float) -> None:
        self._clock.time_s = float(time_in_seconds)
        self._tell(TimelineEventType.CURRENT_TIME_CHANGED)

    def forward_one_frame(self) -> None:
        self.set_current_time(self._clock.time_s + 1.0 / self._rate)

    def rewind_one_frame(self) -> None:
        self.set_current_time(max(self._clock.time_s - 1.0 / self._rate, self._start_s))

    def tick(self) -> None:
        """One update of the application: time passes while the timeline plays."""
        if not self._clock.playing or not self._auto_update:
            return
        time_s = self._clock.time_s + 1.0 / self._rate
        if time_s > self._end_s > self._start_s:
            if not self._looping:
                self.stop()
                return
            time_s = self._start_s
        self._clock.time_s = time_s
        self._tell(TimelineEventType.CURRENT_TIME_TICKED)

    def get_start_time(self) -> float:
        return self._start_s

    def set_start_time(self, start_time: float) -> None:
        self._start_s = float(start_time)
        self._tell(TimelineEventType.START_TIME_CHANGED)

    def get_end_time(self) -> float:
        return self._end_s

    def set_end_time(self, end_time: float) -> None:
        self._end_s = float(end_time)
        self._tell(TimelineEventType.END_TIME_CHANGED)

    def get_time_codes_per_second(self) -> float:
        return self._rate

    def set_time_codes_per_second(self, time_codes_per_second: float) -> None:
        self._rate = float(time_codes_per_second)
        self._tell(TimelineEventType.TIME_CODE_PER_SECOND_CHANGED)

    get_time_codes_per_seconds = get_time_codes_per_second
    # The stand-in draws as fast as it can, a frame a time code: a frame rate to hold has no meaning here.
    get_target_framerate = get_time_codes_per_second

    def set_target_framerate(self, target_framerate: float) -> None:
        """Accepted: no clock on the wall is followed."""

    def set_ticks_per_frame(self, ticks_per_frame: int) -> None:
        """Accepted: a frame is one tick."""

    def set_play_every_frame(self, play_every_frame: bool) -> None:
        """Accepted: every frame is played."""

    def set_fast_mode(self, fast_mode: bool) -> None:
        """Accepted: see `set_target_framerate`."""

    def is_looping(self) -> bool:
        return self._looping

    def set_looping(self, looping: bool) -> None:
        self._looping = bool(looping)
        self._tell(TimelineEventType.LOOP_MODE_CHANGED)

    def is_auto_updating(self) -> bool:
        return self._auto_update

    def set_auto_update(self, auto_update: bool) -> None:
        self._auto_update = bool(auto_update)
        self._tell(TimelineEventType.AUTO_UPDATE_CHANGED)

    def commit(self) -> None:
        """Nothing waits."""

    commit_silently = commit

    def get_timeline_event_stream(self) -> EventStream:
        return self._stream

    def _tell(self, kind: TimelineEventType) -> None:
        payload = {"currentTime": self._clock.time_s}
        self._stream.push(int(kind), payload=payload)
        if kind in _GLOBAL_NAMES:
            self._dispatcher.dispatch_event(_GLOBAL_NAMES[kind], payload)
