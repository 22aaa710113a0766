"""How far a run is: frames, rate, time left. One live line on a terminal, else a plain line now and then; on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TextIO, TypeVar

from framepress.errors import FramepressError

__all__ = ["Progress", "ToldProgress", "counted_aside", "duration"]

_Same = TypeVar("_Same", bound="Progress")

LIVE_SECONDS = 0.1
PLAIN_SECONDS = 10.0
WINDOW_SECONDS = 20.0
"""The rate is that of the last so many seconds: a resumed run passes over what is there at another speed."""


def duration(seconds: float) -> str:
    """`0.4 s`, `14 s`, `3:07`, `2:03:07`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Call it with the number of things done so far; a context manager that leaves the terminal's line clean.

    Args:
        total: asked for at each showing; None while it is not known.
        noun: what is counted.
        last: what is done when all are.
        stream: where to show; live if it is a terminal.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        total: Callable[[], int | None] = lambda: None,
        *,
        noun: str = "frames",
        last: str = "writing the last files",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._total = total
        self._noun, self._last = noun, last
        self.live = self._stream.isatty()
        self._width = 0
        self._started = self._shown = clock()
        self._marks: deque[tuple[float, int]] = deque([(self._started, 0)])

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._started

    def __call__(self, done: int) -> None:
        now = self._clock()
        if now - self._shown >= (LIVE_SECONDS if self.live else PLAIN_SECONDS):
            self._shown = now
            self._show(self.line(done, now))

    def line(self, done: int, now: float) -> str:
        """What to show at this moment."""
        self._marks.append((now, done))
        while now - self._marks[1][0] > WINDOW_SECONDS:
            self._marks.popleft()
        since, before = self._marks[0]
        rate = (done - before) / (now - since) if now > since else 0.0
        total = self._total()
        if total is None or total < done:
            return f"{done:,} {self._noun}, {rate:,.1f} {self._noun}/s"
        line = f"{done:,} of {total:,} {self._noun} ({done / max(total, 1):.0%}), {rate:,.1f} {self._noun}/s"
        if done == total:
            return f"{line}, {self._last}"
        return f"{line}, {duration((total - done) / rate)} left" if rate else line

    def _show(self, line: str) -> None:
        if self.live:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def __enter__(self: _Same) -> _Same:
        return self

    def __exit__(self, *_: Any) -> None:
        if self.live and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


class ToldProgress(Progress):
    """For work that tells with each step how much there is: call it with things done, and of how many."""

    def __init__(self, noun: str, last: str) -> None:
        self._told = 0
        super().__init__(lambda: self._told or None, noun=noun, last=last)

    def __call__(self, done: int, total: int = 0) -> None:
        self._told = total
        super().__call__(done)


def counted_aside(items: Callable[[], Iterable[Any]]) -> Callable[[], int | None]:
    """Count a stream in a thread of its own, at half speed so that the work goes first; None until the end is reached.

    A stream that breaks is never counted to its end: whoever reads it for its content reports why.
    """
    found: list[int] = []

    def count() -> None:
        number = 0
        began = time.thread_time()
        with suppress(FramepressError, OSError, ValueError):
            for _ in items():
                number += 1
                spent = time.thread_time() - began
                if spent > 0.02:
                    time.sleep(spent)
                    began = time.thread_time()
            found.append(number)

    threading.Thread(target=count, daemon=True, name="framepress-count").start()
    return lambda: found[0] if found else None
