"""Arrays on the device that grow, and arrays of the caller's that kernels write to."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array

__all__ = ["Rows", "Result", "upload"]


def upload(values: Array, dtype: Any, device: str) -> Any:
    """A Warp array of `values`, never empty: kernels may hold it without an element to read."""
    if not len(values):
        return wp.zeros(1, dtype=dtype, device=device)
    return wp.array(np.ascontiguousarray(values), dtype=dtype, device=device)


class Rows:
    """One long device array, filled from its start; `array` is another object after it had to grow."""

    def __init__(self, dtype: Any, device: str) -> None:
        self._dtype = dtype
        self._device = device
        self.array = wp.zeros(1, dtype=dtype, device=device)
        self.used = 0

    def reserve(self, count: int) -> None:
        """Make room for `count` more."""
        needed = self.used + count
        if needed > self.array.size:
            # Exactly what is needed at first, for most scenes do not grow; then by halves.
            grown = wp.empty(max(needed, self.used * 3 // 2), dtype=self._dtype, device=self._device)
            if self.used:
                wp.copy(grown, self.array, count=self.used)
            self.array = grown

    def add(self, values: Array) -> int:
        """Append `values`; returns the row of the first."""
        self.reserve(len(values))
        first = self.used
        self.used += len(values)
        self.write(first, values)
        return first

    def write(self, first: int, values: Array) -> None:
        """Put `values` in place of the rows from `first` on."""
        if not len(values):
            return
        if self._device == "cpu":
            self.array.numpy()[first : first + len(values)] = values
        else:
            wp.copy(self.array, upload(values, self._dtype, self._device), dest_offset=first, count=len(values))


class Result:
    """A new array of the caller's: on the CPU kernels write straight into it."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, device_dtype: Any, device: str) -> None:
        """Args: shape, dtype: of the NumPy array. device_dtype: of an element of the Warp array (H, W), as large as all
        that the NumPy array has of a pixel."""
        self._shape = shape
        self._dtype = dtype
        self._host: Array | None = None
        if device == "cpu":
            self._host = np.empty(shape, dtype)
            self.array = wp.array(self._host, dtype=device_dtype, device="cpu", copy=False)
        else:
            self.array = wp.empty(shape[:2], dtype=device_dtype, device=device)

    def host(self) -> Array:
        """The finished values."""
        if self._host is not None:
            return self._host
        values: Array = np.ascontiguousarray(self.array.numpy()).view(self._dtype).reshape(self._shape)
        return values
