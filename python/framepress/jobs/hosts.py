"""Where a job runs: inside an application that is there already, in one that is started for it, or in the stand-in."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from framepress.errors import FrameError, FramepressError, OptionError, require
from framepress.jobs.spec import JobSpec
from framepress.replicator.host_version import isaac_sim_version

__all__ = ["Place", "close", "delta_before", "in_editor", "isaac_sim_here", "opened"]

PRODUCER = "Isaac Sim"
_STANDALONE = "ISAAC_LAUNCHED_FROM_TERMINAL"  # of builtins; False in a script that started the application itself


class Place(Protocol):
    """What differs between Isaac Sim and the stand-in."""

    @property
    def kind(self) -> str: ...

    @property
    def origin(self) -> dict[str, Any]:
        """What the frames depend on beside the job."""

    def seed_of(self, job: JobSpec, first: int) -> int:
        """The global seed with which a run that begins at frame `first` begins."""

    def pass_over(self, frames: range, job: JobSpec, before: Callable[[int], None]) -> None:
        """Be where a run is that has made `frames`; `before` is called with each of them that is gone through."""

    def check(self) -> None:
        """Raise what went wrong and would be swallowed."""

    def findings(self) -> tuple[str, ...]:
        """What was left out or stood in for."""


@dataclass(frozen=True)
class IsaacSim:
    """Its own randomisers cannot be told to begin in the middle: a shard has a seed of its own instead."""

    kind: str
    origin: dict[str, Any]

    def seed_of(self, job: JobSpec, first: int) -> int:
        return job.seed + first

    def pass_over(self, frames: range, job: JobSpec, before: Callable[[int], None]) -> None:
        if not frames:
            return
        import omni.timeline

        timeline = omni.timeline.get_timeline_interface()
        time_code_s = 1.0 / timeline.get_time_codes_per_seconds()
        deltas = (delta_before(job, number) for number in frames)
        passed_s = sum(time_code_s if delta is None else delta for delta in deltas)
        timeline.set_current_time(timeline.get_current_time() + passed_s)

    def check(self) -> None:
        """Errors of a writer are in the log; the shard is judged by what lies on the disk."""

    def findings(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class StandIn:
    """Streams of random numbers hang on (seed, node, frame): frames before the first are gone through, not drawn."""

    kind: str
    origin: dict[str, Any]

    def seed_of(self, job: JobSpec, first: int) -> int:
        return job.seed

    def pass_over(self, frames: range, job: JobSpec, before: Callable[[int], None]) -> None:
        from framepress.headless.host import current
        from framepress.headless.rep.runs import Orchestrator

        orchestrator = current().kept(Orchestrator)
        for number in frames:
            before(number)
            orchestrator.skip(delta_before(job, number), drawn=number == frames[-1])

    def check(self) -> None:
        from framepress.headless.host import current

        for failure in current().failures[:1]:
            if isinstance(failure.error, FramepressError):
                raise failure.error
            raise FrameError(f"{failure.frame}, {failure.what}", failure.error)

    def findings(self) -> tuple[str, ...]:
        from framepress.headless.host import current

        return current().findings


def delta_before(job: JobSpec, number: int) -> float | None:
    """Seconds that pass before a frame: a scene without a script begins with its first time code."""
    return 0.0 if number == 0 and job.script is None else job.delta_time


def isaac_sim_here() -> bool:
    """Whether an Isaac Sim is there to be started, or runs already; the stand-in is none."""
    if os.environ.get("ISAAC_PATH") or os.environ.get("CARB_APP_PATH"):
        return True
    return "isaacsim" not in sys.modules and importlib.util.find_spec("isaacsim") is not None


def _running() -> bool:
    return "omni.kit.app" in sys.modules


def _stood_in() -> bool:
    return type(sys.modules.get("omni.kit.app")).__name__ == "StandInModule"


def in_editor() -> bool:
    """Whether the application runs us, by `--exec` for one, and must not be blocked."""
    return _running() and bool(getattr(builtins, _STANDALONE, True))


@contextmanager
def opened(job: JobSpec, *, stand_in: bool) -> Iterator[Place]:
    """The application of this process; the stand-in ends with the block, an Isaac Sim with `close`.

    Args:
        stand_in: even where there is an Isaac Sim.

    Raises:
        OptionError: the stand-in was asked for inside an Isaac Sim.
        ImportError: what the stand-in needs is not installed.
    """
    if _running():
        if stand_in and not _stood_in():
            raise OptionError("an Isaac Sim runs in this process; start the stand-in in one of its own")
        yield _place(job)
    elif isaac_sim_here() and not stand_in:
        _start(job)  # and left running: to close it is to end the process
        yield _place(job)
    else:
        require("pxr.Usd", extra="headless")
        require("warp", extra="headless")
        from framepress.headless.stand_in import forgotten, installed

        asked = dict(job.stand_in or {})
        with forgotten(), installed(asked.pop("release", "5.1"), job.seed, stand_in=True, **asked):
            _start(job)
            yield _place(job)


_started: list[Any] = []  # the one application that this process has started


def _start(job: JobSpec) -> None:
    from isaacsim import SimulationApp

    config = {"headless": True, **(job.launch_config or {})}
    experience = config.pop("experience", "")
    _started[:] = [SimulationApp(config, experience) if experience else SimulationApp(config)]


def close() -> None:
    """End the application that was started here, where there is one: Isaac Sim's may take the process with it."""
    if _started and not _stood_in():
        _started.pop().close()


def _place(job: JobSpec) -> Place:
    if _stood_in():
        from framepress.headless.host import current
        from framepress.headless.rep.writer import PRODUCER as STAND_IN

        host = current()
        device = host.device.partition(":")[0]
        return StandIn("stand-in", {"producer": STAND_IN, "release": host.release, "device": device})
    return IsaacSim("isaac-sim", {"producer": PRODUCER, "release": isaac_sim_version()})
