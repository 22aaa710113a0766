"""The one open session: stage, clock, render products, settings, and what went wrong. Scripts never see it.

Replicator's functions are module functions that act on whatever is open; here that is `current()`. Modules keep what
belongs to a session (their registries, their queue) with `Host.kept`, so that `reset` leaves nothing behind.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

from framepress.errors import FrameError, FramepressError, InputError, OptionError, require
from framepress.headless.buffers import Passes
from framepress.headless.payloads.shot import Quirks, Shot

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Graph
    from framepress.headless.rep.render_products import RenderProduct
    from framepress.headless.rep.runs import Orchestrator

__all__ = ["Failure", "Host", "Release", "RELEASES", "Studio", "current", "log", "reset"]

Release = Literal["4.5", "5.0", "5.1", "6.0"]
RELEASES: tuple[Release, ...] = get_args(Release)

log = logging.getLogger("framepress.headless")

T = TypeVar("T")
Place = tuple[str, type[BaseException], tuple[str, int] | None]


class Studio(Protocol):
    """Draws the open stage: one for a session, told of every frame, also of those of which nothing is wanted."""

    def capture(
        self, host: Host, products: Mapping[str, RenderProduct], wanted: Mapping[str, Passes]
    ) -> dict[str, Shot]:
        """Product path -> what its camera sees now, for every product in `wanted`."""


@dataclass(frozen=True)
class Failure:
    """Something of the script's that raised where Replicator goes on: the frame, or the file, is lost.

    Args:
        what: "MyWriter.write", "MyWriter.on_final_frame", or the queued function.
        frame: index of the frame that was made when it happened.
    """

    what: str
    frame: int
    error: BaseException

    def __str__(self) -> str:
        if isinstance(self.error, FrameError):  # which says which frame
            return f"{self.what}: {self.error}"
        return f"frame {self.frame}: {self.what}: {type(self.error).__name__}: {self.error}"

    @property
    def place(self) -> Place | None:
        """What it is and in which line, the same in all frames; None of an error of ours, which says it all."""
        error = self.error.__cause__ if isinstance(self.error, FrameError) else self.error
        if error is None or isinstance(error, FramepressError):
            return None
        calls = [(call.f_code.co_filename, line) for call, line in traceback.walk_tb(error.__traceback__)]
        return self.what, type(error), calls[-1] if calls else None


class Host:
    """A session of the stand-in.

    Args:
        release: whose Isaac Sim's behaviour is imitated, where releases differ.
        seed: of everything random that has no seed of its own.
        device, threads: of the renderer.
        quirks: oddities of the payloads, by default those of a healthy Isaac Sim.
        studio: draws; by default the renderer.

    Attributes:
        time_s: simulation time [s]; `playing`: whether it runs with the application's updates.
        frame: index of the frame that is made now, from 0.
        products: path -> render product that is not destroyed.
        settings: carb's, path -> value.
        semantic_filters: of `omni.syntheticdata`: "instance_mapping", "default" or a name of the script's -> predicate.
        findings: what was left out or stood in for, each sentence once, in order.
        failures: what raised in writers and in the write queue, in order.
    """

    def __init__(
        self,
        *,
        release: Release = "5.1",
        seed: int = 0,
        device: str = "cpu",
        threads: int | None = None,
        quirks: Quirks | None = None,
        studio: Studio | None = None,
    ) -> None:
        if release not in RELEASES:
            raise OptionError(f"release {release!r} is not imitated; choose one of {', '.join(RELEASES)}")
        self.release: Release = release
        self.seed = seed
        self.device, self.threads = device, threads
        self.quirks = quirks or Quirks()
        self.time_s = 0.0
        self.playing = False
        self.frame = 0
        self.products: dict[str, RenderProduct] = {}
        self.settings: dict[str, Any] = {}
        self.semantic_filters: dict[str, str] = {}
        self.failures: list[Failure] = []
        self._places: set[Place | None] = {None}  # of failures that were logged
        self._findings: dict[str, None] = {}
        self._kept: dict[Any, Any] = {}
        self._stage: Any = None
        self._closed = False
        self._studio = studio
        self._graph: Graph | None = None

    # ---- stage -------------------------------------------------------------------------------------------------------

    @property
    def stage(self) -> Any:
        """The open `Usd.Stage`, an empty one (z up, metres) if none was opened yet; None after `use_stage(None)`."""
        if self._stage is None and not self._closed:
            self._stage = _empty_stage()
        return self._stage

    def use_stage(self, stage: Any) -> None:
        """Make `stage` the open one, None = close. Runs, products and the recorded graph end with the former one."""
        self._orchestrator().leave_stage()
        for product in list(self.products.values()):
            product.destroy()
        self._stage, self._closed, self._graph = stage, stage is None, None
        self.playing = False
        self.time_s = 0.0 if stage is None else stage.GetStartTimeCode() / stage.GetTimeCodesPerSecond()

    @property
    def graph(self) -> Graph:
        """What the script has recorded on the open stage: triggers and what they randomise."""
        if self._graph is None:
            from framepress.headless.rep.graph import Graph

            self._graph = Graph()
        return self._graph

    @graph.setter
    def graph(self, graph: Graph) -> None:
        self._graph = graph

    def new_stage(self) -> None:
        """Open an empty stage: z up, metres, 60 time codes a second."""
        self.use_stage(_empty_stage())

    def open_stage(self, source: str | Path | Any) -> None:
        """Open a stage from a file, or one that is there.

        Raises:
            InputError: the file is missing or USD cannot read it.
        """
        if isinstance(source, str | Path):
            errors = require("pxr.Tf", extra="headless").ErrorException
            from framepress.headless.neighbours.stages import stage_of_file

            try:
                source = stage_of_file(str(source))
            except errors as error:
                reason = str(error.args[0].commentary).strip()  # the first one is the cause, the last "failed to open"
                raise InputError(f"{source}: USD cannot open it: {reason}") from error
        self.use_stage(source)

    @property
    def time(self) -> Any:
        """Simulation time as a `Usd.TimeCode` of the open stage."""
        code = self.time_s * self.stage.GetTimeCodesPerSecond()
        return require("pxr.Usd", extra="headless").TimeCode(round(code, 9))

    @property
    def reference_time(self) -> tuple[int, int]:
        """Simulation time [s] as (numerator, denominator)."""
        return Fraction(self.time_s).limit_denominator(1_000_000).as_integer_ratio()

    # ---- clock -------------------------------------------------------------------------------------------------------

    def advance(self, delta_s: float | None = None) -> None:
        """Let simulation time pass: `delta_s`, or one time code of the stage."""
        self.time_s += 1.0 / self.stage.GetTimeCodesPerSecond() if delta_s is None else delta_s

    def update(self) -> None:
        """One update of the application; the clock has been moved by whoever keeps the timeline."""
        self._orchestrator().update()

    def wait_until_complete(self) -> None:
        """End what runs, with every file written: `rep.orchestrator.wait_until_complete`."""
        self._orchestrator().wait_until_complete()

    def _orchestrator(self) -> Orchestrator:
        from framepress.headless.rep.runs import Orchestrator

        return self.kept(Orchestrator)

    # ---- frames ------------------------------------------------------------------------------------------------------

    def capture(self, wanted: Mapping[str, Passes]) -> dict[str, Shot]:
        """Draw the stage as it is now.

        Args:
            wanted: path of a product in `products` -> passes.

        Returns:
            product path -> what its camera sees.
        """
        if self._studio is None:
            self._studio = _renderer(self.device, self.threads)
        return self._studio.capture(self, self.products, wanted)

    # ---- what is kept and told ---------------------------------------------------------------------------------------

    def kept(self, make: Callable[[Host], T]) -> T:
        """The session's one `make(host)`, made when first asked for."""
        if make not in self._kept:
            self._kept[make] = make(self)
        found: T = self._kept[make]
        return found

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(self._findings)

    def find(self, *sentences: str) -> None:
        """Record what is left out or stood in for; each sentence is logged once a session."""
        for sentence in sentences:
            if sentence not in self._findings:
                self._findings[sentence] = None
                log.warning("%s", sentence)

    def fail(self, what: str, error: BaseException, frame: int | None = None) -> None:
        """Record an error that Replicator would swallow, by default of this frame, and log it in one line.

        Of errors that are not our own the first from each place has its traceback; with FRAMEPRESS_DEBUG=1 all have.
        """
        failure = Failure(what, self.frame if frame is None else frame, error)
        self.failures.append(failure)
        traced = failure.place not in self._places or os.environ.get("FRAMEPRESS_DEBUG")
        self._places.add(failure.place)
        log.error("%s", failure, exc_info=error if traced else None)


_current: Host | None = None


def current() -> Host:
    """The open session; a new one where there is none."""
    return _current or reset()


def reset(**options: Any) -> Host:
    """Forget the open session and begin another, with the arguments of `Host`."""
    global _current
    _current = Host(**options)
    return _current


def _empty_stage() -> Any:
    require("pxr.Usd", extra="headless")
    from framepress.headless.neighbours.stages import new_stage

    return new_stage()


def _renderer(device: str, threads: int | None) -> Studio:
    require("warp", extra="headless")
    from framepress.headless.studio import Renderings

    return Renderings(device, threads)
