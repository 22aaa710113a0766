"""Items through a thread pool and out again in the order they came, with a queue bounded in bytes.

One lock guards the counters; the work itself runs outside it. Results are handed on by whichever thread completes the
next one in line, so no thread waits for another to do its bookkeeping.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["OrderedPool"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# Finished results that wait for a slower one before them are small, yet must not pile up without end.
_IN_FLIGHT_PER_WORKER = 64


class OrderedPool(Generic[Item, Result]):
    """`work` in any order in threads, then `commit` one at a time in the order of `put`.

    Args:
        work: item -> result; its errors and those of `commit` go to `accept`.
        commit: takes each result, in order.
        discard: takes a result that will not be committed, because an earlier item failed.
        accept: (key, error) -> True to go on without that item. At the first False, or error of its own, nothing
            later is worked or committed, and `failure` holds that key and error.
        workers: number of threads.
        limit_bytes: how much may wait in the queue; one item always fits into an empty one, however large.
    """

    def __init__(
        self,
        work: Callable[[Item], Result],
        commit: Callable[[Result], None],
        discard: Callable[[Result], None],
        accept: Callable[[str, BaseException], bool],
        *,
        workers: int,
        limit_bytes: int,
    ) -> None:
        self._work, self._commit, self._discard, self._accept = work, commit, discard, accept
        self._limit_bytes = limit_bytes
        self._limit_items = workers * _IN_FLIGHT_PER_WORKER
        self._changed = threading.Condition()
        self._settling = threading.Lock()
        self._queue: deque[tuple[int, str, Item, int]] = deque()
        self._done: dict[int, tuple[str, Result | None, BaseException | None]] = {}
        self._given = 0
        self._settled = 0
        self._held_bytes = 0
        self._closing = False
        self.failure: tuple[str, BaseException] | None = None
        self._threads = [
            threading.Thread(target=self._run, name=f"framepress-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def has_room(self, size: int) -> bool:
        """Whether an item of `size` bytes would not have to wait now."""
        with self._changed:
            return self._fits(size)

    def put(self, key: str, item: Item, size: int) -> bool:
        """Queue an item, waiting for room; True where it had to wait."""
        with self._changed:
            waits = not self._fits(size)
            while not self._fits(size) and self.failure is None:
                self._changed.wait()
            self._queue.append((self._given, key, item, size))
            self._given += 1
            self._held_bytes += size
            self._changed.notify_all()
            return waits

    def drain(self) -> None:
        """Wait until everything given is committed, discarded or failed."""
        with self._changed:
            while self._settled < self._given:
                self._changed.wait()

    def close(self) -> None:
        """`drain`, then end the threads; may be called again."""
        self.drain()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _fits(self, size: int) -> bool:
        in_flight = self._given - self._settled
        return in_flight == 0 or (self._held_bytes + size <= self._limit_bytes and in_flight < self._limit_items)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                number, key, item, size = self._queue.popleft()
                doomed = self.failure is not None
            result: Result | None = None
            error: BaseException | None = None
            if not doomed:
                try:
                    result = self._work(item)
                except BaseException as caught:  # whatever ended it must reach the caller, not die with the thread
                    error = caught
            del item  # its pixels must not live on while the thread waits for the next one
            _let_go(error)
            with self._changed:
                self._held_bytes -= size
                self._done[number] = (key, result, error)
                self._changed.notify_all()
            del result, error
            self._settle_ready()

    def _settle_ready(self) -> None:
        """Settle what is next in line. Nobody waits for the lock: its holder looks again after letting it go."""
        while self._next_is_done() and self._settling.acquire(blocking=False):
            try:
                while self._next_is_done():
                    with self._changed:
                        key, result, error = self._done.pop(self._settled)
                    self._settle(key, result, error)
                    with self._changed:
                        self._settled += 1
                        self._changed.notify_all()
            finally:
                self._settling.release()

    def _next_is_done(self) -> bool:
        with self._changed:
            return self._settled in self._done

    def _settle(self, key: str, result: Result | None, error: BaseException | None) -> None:
        """In order, errors too: everything before a failed item is committed, nothing after it."""
        try:
            if result is not None and self.failure is None:
                self._commit(result)
            elif result is not None:
                self._discard(result)
        except BaseException as caught:  # as in _run
            _let_go(caught)
            error = caught
        if error is not None and self.failure is None:
            try:
                accepted = self._accept(key, error)
            except BaseException as caught:
                caught.__cause__ = error
                accepted, error = False, caught
            if not accepted:
                with self._changed:
                    self.failure = (key, error)
                    self._changed.notify_all()


def _let_go(error: BaseException | None) -> None:
    """Clear the variables that an error's traceback keeps, an item's pixels among them; files and lines stay."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
