"""Work in threads, results in the order of the work, and never more in flight than a few a thread."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order", "threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2
"""Items for each thread that are begun before a result is waited for: one at work, one done or next."""


def threads(workers: int | None) -> int:
    """As asked for; else one a core, at most eight."""
    return workers or min(os.cpu_count() or 1, 8)


def in_order(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """`work(item)` for each item, in their order; `items` is drawn from as results are taken.

    Raises:
        Whatever `work` raises, at the place of its item; what was not begun is not done then.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="framepress-in-order") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
