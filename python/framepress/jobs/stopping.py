"""SIGTERM, with which a scheduler announces the end, as an interruption that a run can answer."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["WAY_ON", "terminable"]

WAY_ON = "what was written is safe; the same command goes on"


@contextmanager
def terminable() -> Iterator[None]:
    """In the block SIGTERM is what Ctrl-C is; a second one is not heard, so that what is written can be sealed.

    Nothing changes outside the main thread, where signals are not heard, nor where the host hears them itself.

    Raises:
        KeyboardInterrupt: the process was told to end.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
