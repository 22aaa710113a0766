"""The graph that a script records: which triggers there are, what each of them does, which samples came out.

Inside `with rep.trigger...:` a call is recorded and acts whenever the trigger fires; outside it acts once, at once.
Everything random has a stream of its own, PCG64 seeded from (global seed, node, frame, how often in this frame), so
that neither order nor threads nor processes matter: the node is known by its name or, without one, by its place in the
script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from framepress.errors import OptionError

if TYPE_CHECKING:
    from framepress.headless.host import Host
    from framepress.headless.rep.distribution import Distribution
    from framepress.headless.rep.items import ReplicatorItem
    from framepress.headless.rep.trigger import Trigger

__all__ = ["Action", "Firing", "Graph", "Step", "Stream", "opened"]


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a node's random numbers come from.

    Args:
        node: its name, or its place in the script.
        seed: the node's own; None = the session's. Nodes with equal seeds of their own draw equal numbers.
    """

    node: str | int
    seed: int | None = None

    def generator(self, global_seed: int, frame: int, turn: int) -> np.random.Generator:
        """Numbers for the `turn`-th evaluation within a frame; a function of the arguments alone."""
        if self.seed is not None:
            source = f"own {self.seed}"
        else:
            source = f"global {global_seed} {type(self.node).__name__} {self.node}"
        words = np.frombuffer(hashlib.sha256(f"{source} {frame} {turn}".encode()).digest(), "<u4")
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(word) for word in words])))


class Firing:
    """One evaluation of the graph: what all that acts in it shares.

    A distribution is drawn once in it, however many ask: who asks for more samples gets the same first ones.
    """

    def __init__(self, graph: Graph, host: Host) -> None:
        self.graph, self.host = graph, host
        self.stage: Any = opened(host)
        self._generators: dict[Stream, Callable[[], np.random.Generator]] = {}
        self._samples: dict[Distribution, list[Any]] = {}

    def generator(self, stream: Stream) -> np.random.Generator:
        """A fresh generator of a node's stream: the same numbers again for all of this firing."""
        if stream not in self._generators:
            seed, frame = self.host.seed, self.host.frame
            turn = self.graph.turn(stream, frame)
            self._generators[stream] = lambda: stream.generator(seed, frame, turn)
        return self._generators[stream]()

    def samples(self, distribution: Distribution, count: int) -> list[Any]:
        """At least one sample of a distribution, `count` of them if more are wanted: floats, tuples, or its items."""
        drawn = self._samples.get(distribution, [])
        if len(drawn) < count or not drawn:
            drawn = distribution.draw(max(count, distribution.num_samples), self)
            self._samples[distribution] = drawn
            if distribution.output_name is not None:
                self.graph.distribution_outputs[distribution.output_name] = _told(drawn)
        return drawn[:count]


Action = Callable[[Firing], None]


def _told(samples: list[Any]) -> Any:
    """Samples as payloads hold them: numbers as float64 (N,) or (N, K), anything else as the list."""
    numbers = all(isinstance(each, float | int) for sample in samples for each in _entries(sample))
    return (
        np.asarray(samples, np.float64) if numbers and len({len(_entries(each)) for each in samples}) == 1 else samples
    )


def _entries(sample: Any) -> tuple[Any, ...]:
    return sample if isinstance(sample, tuple) else (sample,)


def opened(host: Host) -> Any:
    """The open `Usd.Stage`.

    Raises:
        OptionError: none is open.
    """
    if host.stage is None:
        raise OptionError("no stage is open; open one, or make a new one, before using Replicator")
    return host.stage


@dataclass(frozen=True, slots=True)
class Step:
    """What one evaluation left.

    Args:
        fired: triggers that fired, in the order of the script.
        trigger_outputs: trigger name -> index of its latest firing, from 0; those that never fired are absent.
        distribution_outputs: distribution name -> its latest samples, numbers as float64 (N,) or (N, K); unnamed
            ones are absent.
        rt_subframes: the most that a fired trigger asks for, at least 1.
        exhausted: every trigger that counts frames or seconds, or asks a condition, has fired as often as it may;
            False where there is none, or one without a limit.
    """

    fired: tuple[Trigger, ...]
    trigger_outputs: dict[str, int]
    distribution_outputs: dict[str, Any]
    rt_subframes: int
    exhausted: bool


class Graph:
    """What was recorded on one stage.

    Attributes:
        triggers: in the order of the script.
        contexts: the `with` blocks that are open now, outermost first.
        distribution_outputs: name -> latest samples.
    """

    def __init__(self) -> None:
        self.triggers: list[Trigger] = []
        self.contexts: list[ReplicatorItem] = []
        self.distribution_outputs: dict[str, Any] = {}
        self._nodes = 0
        self._names: dict[str, int] = {}
        self._events: set[str] = set()
        self._turns: dict[Stream, tuple[int, int]] = {}

    # ---- recording ---------------------------------------------------------------------------------------------------

    def stream(self, name: str | None = None, seed: int | None = None) -> Stream:
        """The stream of a new node. A negative seed is none, as in Replicator."""
        self._nodes += 1
        return Stream(self._nodes if name is None else name, None if seed is None or seed < 0 else int(seed))

    def unique(self, name: str) -> str:
        """`name`, or with "_01", "_02", ... where it was given before."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else f"{name}_{count:02d}"

    def trigger(self) -> Trigger | None:
        """The innermost trigger whose block is open; None = calls act at once."""
        from framepress.headless.rep.trigger import Trigger

        return next((item for item in reversed(self.contexts) if isinstance(item, Trigger)), None)

    def record(self, action: Action, host: Host) -> None:
        """Keep an action for the trigger whose block is open, or act now."""
        trigger = self.trigger()
        if trigger is None:
            action(self.now(host))
        else:
            trigger.actions.append(action)

    def now(self, host: Host) -> Firing:
        """An evaluation outside of any trigger."""
        return Firing(self, host)

    # ---- evaluation --------------------------------------------------------------------------------------------------

    def turn(self, stream: Stream, frame: int) -> int:
        """How often a node was evaluated in this frame before; counts this evaluation."""
        last, turns = self._turns.get(stream, (frame, -1))
        turn = turns + 1 if last == frame else 0
        self._turns[stream] = frame, turn
        return turn

    def send_event(self, name: str) -> None:
        """Let the triggers of a custom event fire at the next evaluation, once however often it was sent."""
        self._events.add(name)

    def step(self, host: Host) -> Step:
        """Evaluate for a frame: let every trigger fire that is due now, in the order of the script.

        Raises:
            FramepressError: an action cannot do what was recorded.
        """
        return self._evaluate(host, [trigger for trigger in self.triggers if trigger.is_due(host, self._events)])

    def pump(self, host: Host) -> Step:
        """Evaluate between frames, as an update of the application does: only custom events that were sent fire."""
        events = [trigger for trigger in self.triggers if trigger.by_event and trigger.is_due(host, self._events)]
        return self._evaluate(host, events)

    def _evaluate(self, host: Host, due: list[Trigger]) -> Step:
        self._events.clear()
        firing = Firing(self, host)
        for trigger in due:
            trigger.executions += 1
            for action in tuple(trigger.actions):
                action(firing)
        return Step(
            tuple(due),
            {trigger.name: trigger.executions - 1 for trigger in self.triggers if trigger.executions},
            dict(self.distribution_outputs),
            max((trigger.rt_subframes for trigger in due), default=1),
            self.exhausted,
        )

    @property
    def exhausted(self) -> bool:
        """As `Step.exhausted`."""
        counting = [trigger for trigger in self.triggers if not trigger.by_event]
        return bool(counting) and all(trigger.is_spent for trigger in counting)

    def next_time_s(self) -> float | None:
        """Simulation time at which the next `on_time` trigger is due; None = no such trigger is left."""
        times = [trigger.next_time_s for trigger in self.triggers if not trigger.is_spent]
        return min((time for time in times if time is not None), default=None)

    def restart(self) -> None:
        """Let all triggers count from the beginning, as when the orchestrator starts anew. Events stay: scripts send
        them before the first frame.
        """
        for trigger in self.triggers:
            trigger.restart()
