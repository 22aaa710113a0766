"""Errors in a host that must not be raised to: they are told, and the run is stopped where that was asked for.

What a writer raises in `write` costs Replicator that frame, and what it raises in `on_final_frame` may cost the writers
after it their end. So a frame is taken first; whatever failed before it is then told: to the log in Isaac Sim, in the
stand-in to the session's list of failures, by which its commands end with an error.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from weakref import WeakKeyDictionary

from framepress.errors import FrameError, FramepressError
from framepress.replicator.press import Press

__all__ = ["Errors"]

_log = logging.getLogger("framepress.replicator")
_TOLD_EACH = 5


@dataclass
class _Told:
    """Of one run: how many, and the last."""

    count: int = 0
    last: str = ""


class Errors:
    """Of the writers of one `omni.replicator.core`, run after run; a run's end may be in another thread."""

    def __init__(self, rep: ModuleType) -> None:
        self._rep = rep
        self._telling = threading.Lock()
        self._told: WeakKeyDictionary[Press, _Told] = WeakKeyDictionary()

    @contextmanager
    def of(self, press: Press, what: str, *, at_end: bool = False) -> Iterator[None]:
        """A call of the host's: its errors, and those of frames that were given up since the last call, are told.

        Args:
            at_end: the run is over: there is nothing to stop.

        Raises:
            FramepressError: with `on_error="raise"`, what the call raises.
        """
        if not press.options.goes_on:
            yield
            return
        with self._telling:
            told = self._told.setdefault(press, _Told())
        stops = press.options.on_error == "stop"
        over = False
        try:
            yield
        except FramepressError as error:
            stops = over = True  # nothing more can be written, so that there is nothing to go on with
            if str(error) != told.last:  # it comes again with every frame
                press.failures.append(error)
        with self._telling:
            failed = over or bool(press.failures)
            while press.failures:
                self._tell(told, what, press.failures.popleft(), stops=stops)
        if failed and stops and not at_end:
            stop = getattr(getattr(self._rep, "orchestrator", None), "stop", None)
            if stop is not None:
                stop()

    def _tell(self, told: _Told, what: str, error: FramepressError, *, stops: bool) -> None:
        told.last = str(error)
        host = sys.modules.get("framepress.headless.host") if self._is_stand_in else None
        if host is not None and stops:
            frame = int(error.frame_id) if isinstance(error, FrameError) and error.frame_id.isdecimal() else None
            host.current().fail(what, error, frame)
            return
        told.count += 1
        if told.count <= _TOLD_EACH:
            _log.error("%s: %s", what, error)
        if told.count == _TOLD_EACH:
            _log.error("%s: further errors are in the ledger of the dataset only", what)

    @property
    def _is_stand_in(self) -> bool:
        return str(self._rep.Writer.__module__).startswith("framepress.headless.")
