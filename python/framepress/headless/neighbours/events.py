"""Carbonite's two kinds of events: streams with types, and the dispatcher with names. All are delivered at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Dispatcher", "Event", "EventStream", "NamedEvent", "Subscription"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a stream delivers: an integer type and a payload."""

    type: int
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """What the dispatcher delivers."""

    event_name: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.payload.get(key, default)


class Subscription:
    """Lives as long as it is held, or until told to end: as in Kit, what nobody keeps hears nothing."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end: Callable[[], None] | None = end

    def unsubscribe(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()

    reset = unsubscribe
    __del__ = unsubscribe


class _Listeners:
    """Functions by the order that they asked for, then by when they came."""

    def __init__(self) -> None:
        self._count = 0
        self._functions: dict[tuple[int, int], Callable[[Any], Any]] = {}

    def add(self, function: Callable[[Any], Any], order: int) -> Subscription:
        self._count += 1
        key = (order, self._count)
        self._functions[key] = function
        return Subscription(lambda: self._functions.pop(key, None) and None)

    def deliver(self, event: Any) -> None:
        for key in sorted(self._functions):
            if (function := self._functions.get(key)) is not None:  # an earlier one may have ended it
                function(event)


class EventStream:
    """`carb.events.IEventStream`, as far as scripts subscribe to it."""

    def __init__(self) -> None:
        self._listeners = _Listeners()

    def create_subscription_to_pop(self, fn: Callable[[Event], Any], order: int = 0, name: str = "") -> Subscription:
        return self._listeners.add(fn, order)

    def create_subscription_to_pop_by_type(
        self, event_type: int, fn: Callable[[Event], Any], order: int = 0, name: str = ""
    ) -> Subscription:
        wanted = int(event_type)
        return self._listeners.add(lambda event: fn(event) if event.type == wanted else None, order)

    # What is pushed is popped in the same moment here.
    create_subscription_to_push = create_subscription_to_pop
    create_subscription_to_push_by_type = create_subscription_to_pop_by_type

    def push(self, event_type: int = 0, sender: int = 0, payload: Mapping[str, Any] | None = None) -> None:
        self._listeners.deliver(Event(int(event_type), dict(payload or {})))

    dispatch = push

    def pump(self) -> None:
        """Nothing waits."""


class Dispatcher:
    """`carb.eventdispatcher.IEventDispatcher`."""

    def __init__(self) -> None:
        self._listeners: dict[str, _Listeners] = {}

    def observe_event(
        self, *, event_name: str, on_event: Callable[[NamedEvent], Any], observer_name: str = "", order: int = 0
    ) -> Subscription:
        return self._listeners.setdefault(event_name, _Listeners()).add(on_event, order)

    def dispatch_event(self, event_name: str, payload: Mapping[str, Any] | None = None) -> None:
        if (listeners := self._listeners.get(event_name)) is not None:
            listeners.deliver(NamedEvent(event_name, dict(payload or {})))
