"""The end of a run: done once, by whichever thread comes first, on the host's own queue where it has one.

A large dataset takes its time to drain and to seal, and `on_final_frame` and `detach` are called in Kit's main thread.
Replicator's `wait_until_complete` waits, with the application alive, until its write queue has no job waiting or at
work; what is queued in `on_final_frame` is among them. So that the seal is a job there.

The queue is reached through `BackendDispatch`, which all releases export. A job's errors are only logged by it, and
what a queue has taken may never run in a process that is shut down fast: so whoever needs the end of the run (the next
frame, `report`, the end of the process) does it himself where the queue has not begun, and waits where it has.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["Queued", "Seal", "host_queue"]

Queued = Callable[[Callable[[], None]], bool]
"""Takes a job; False where it did not, and nothing will be done."""

_log = logging.getLogger("framepress.replicator")


class Seal:
    """Work that is done once.

    Attributes:
        ended: it has been done, or has failed.
        error: what it failed with.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.ended = False
        self.error: Exception | None = None

    def run(self) -> None:
        """Do it, or wait for the thread that does; nothing where it has ended.

        Raises:
            Exception: whatever the work raised, for all who came before it had ended. A Ctrl-C is no end of it.
        """
        if self.ended:
            return
        with self._lock:
            if not self.ended:
                try:
                    self._work()
                except Exception as error:
                    self.error = error
                self.ended = True
        if self.error is not None:
            raise self.error


def host_queue(rep: ModuleType, target: object, backend: Any) -> Queued:
    """How to put a job onto the queue of `rep`: through the backend that a writer was given, or one for its folder.

    Nothing is made before the first job: hosts make writers that they never use. A backend is kept by a function,
    which a deep copy of a writer shares: an S3 client cannot be copied.
    """

    def put(job: Callable[[], None]) -> bool:
        try:
            given = rep.BackendDispatch(output_dir=str(target)) if backend is None else backend
            given.schedule(job)
        # No such name, or a backend without a queue; or any error of another extension's backend: `BackendDispatch`
        # makes one of each class that takes this keyword. Nothing is lost by it, for the caller does the work.
        except Exception as error:
            _log.info("the host's queue does not take the end of a run, which is done at once: %r", error)
            return False
        return True

    return put
