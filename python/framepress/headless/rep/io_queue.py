"""Replicator's write queue: four threads, no order among jobs, no bound but a pause of 0.1 s once it is full.

What a job raises is logged and counted (`Host.failures`); whoever queued it hears nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from framepress.headless import host as hosts

__all__ = ["WriteQueue", "is_done_writing", "set_max_queue_size", "wait_until_done"]

_THREADS = "/omni/replicator/backend/writeThreads"
_SIZE = "/omni/replicator/backend/queueSize"
_PAUSE_S = 0.1


class WriteQueue:
    """One for all backends of a session."""

    def __init__(self, host: hosts.Host) -> None:
        self._host = host
        self._pool = ThreadPoolExecutor(int(host.settings.get(_THREADS) or 4), "framepress-write")
        self._changed = threading.Condition()
        self._unfinished = 0
        self.size = int(host.settings.get(_SIZE) or 1000)

    def put(self, job: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Queue a call. Arrays among its arguments are not copied: leave them alone afterwards."""
        if self._unfinished >= self.size:
            time.sleep(_PAUSE_S)
        with self._changed:
            self._unfinished += 1
        self._pool.submit(self._run, job, args, kwargs, self._host.frame)

    def is_done(self) -> bool:
        return self._unfinished == 0

    def wait(self) -> None:
        """Until every job, those that jobs have queued among them, has ended."""
        with self._changed:
            self._changed.wait_for(self.is_done)

    def _run(self, job: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], frame: int) -> None:
        try:
            job(*args, **kwargs)
        except Exception as error:
            named = getattr(job, "__qualname__", repr(job))
            path = kwargs.get("path", args[0] if args and isinstance(args[0], str) else None)
            self._host.fail(f"{named}({path!r})" if path else named, error, frame)
        finally:
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()


def is_done_writing() -> bool:
    return hosts.current().kept(WriteQueue).is_done()


def wait_until_done() -> None:
    hosts.current().kept(WriteQueue).wait()


def set_max_queue_size(size: int) -> None:
    hosts.current().kept(WriteQueue).size = int(size)
