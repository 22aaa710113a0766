"""Copies of pixel buffers without new memory for each frame.

A fresh array of some megabytes costs more in page faults than in copying. Frames die in another thread, in any order;
a buffer is free again when nothing but the pool refers to it, and a view of an array keeps the array alive. Rows are
small, of another size in each frame, and come from memory that the process has: a pool of them would only grow.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Buffers"]


class Buffers:
    """A pool; `copy` may be called from any thread.

    Args:
        idle_bytes: above this, buffers that nobody uses are given back.
        least_bytes: arrays below this are not pooled.
    """

    def __init__(self, idle_bytes: int = 64 << 20, least_bytes: int = 64 << 10) -> None:
        self._idle_bytes, self._least_bytes = idle_bytes, least_bytes
        self._buffers: list[Array] = []
        self._lock = threading.Lock()

    def copy(self, array: Array) -> Array:
        """A C-ordered copy that is valid for as long as it, or a view of it, is referred to."""
        copy = self.empty(array.shape, array.dtype)
        np.copyto(copy, array)
        return copy

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """As `np.empty`, valid for as long as it, or a view of it, is referred to."""
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes < self._least_bytes:
            return np.empty(shape, dtype)
        return self._free(nbytes)[:nbytes].view(dtype).reshape(shape)

    def _free(self, nbytes: int) -> Array:
        """A uint8 buffer of this size that nobody uses."""
        with self._lock:
            idle = 0
            kept = []
            found = None
            for buffer in self._buffers:
                # References when idle: the list, the loop's name, and (before Python 3.14) getrefcount's argument.
                if sys.getrefcount(buffer) <= 3:
                    if found is None and buffer.nbytes == nbytes:
                        found = buffer
                    elif (idle := idle + buffer.nbytes) > self._idle_bytes:
                        continue
                kept.append(buffer)
            if found is None:
                found = np.empty(nbytes, np.uint8)
                kept.append(found)
            self._buffers = kept
            return found
