"""Work in pieces on a few threads."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["Bands"]

PIECES = 6
"""Pieces a thread: rows differ in cost, and a thread that is done early takes another piece."""


class Bands:
    """Ranges of rows or items, handed out to threads on the CPU; in one piece on CUDA.

    Warp runs a launch on the CPU in the thread that asks for it, and gives the interpreter away meanwhile. No two
    pieces write to the same byte, so that bytes do not depend on the number of threads.
    """

    def __init__(self, device: str, threads: int | None) -> None:
        self.serial = device != "cpu"
        self.threads = 1 if self.serial else max(threads or _cores(), 1)
        self._pool = ThreadPoolExecutor(self.threads, "framepress-render") if self.threads > 1 else None

    def edges(self, total: int, align: int = 1, pieces: int = PIECES) -> list[tuple[int, int]]:
        """Half-open ranges that make up `total`, each a multiple of `align` long but for the last."""
        if self.threads == 1:
            return [(0, total)] if total else []
        units = -(-total // align)
        count = min(self.threads * pieces, units)
        ends = [min(units * i // count * align, total) for i in range(count + 1)] if count else [0]
        return list(itertools.pairwise(ends))

    def run(self, work: Callable[[int, int], None], ranges: list[tuple[int, int]]) -> None:
        """`work(first, end)` of each range; an error of any is raised once all have ended."""
        if self._pool is None:
            for first, end in ranges:
                work(first, end)
            return
        jobs = [self._pool.submit(work, first, end) for first, end in ranges]
        errors = [job.exception() for job in jobs]
        for error in errors:
            if error is not None:
                raise error


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
