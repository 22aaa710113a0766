"""Array types and the small conversions that every value shares."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "frozen"]

Array: TypeAlias = npt.NDArray[Any]


def frozen(values: Any, dtype: Any, shape: tuple[int, ...]) -> Array:
    """`values` as a read-only array of `dtype` and `shape` (-1 = any length).

    Raises:
        ValueError: the shape differs, with both shapes.
    """
    array = np.asarray(values, dtype=dtype)
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"expected shape {shape}, got {array.shape}")
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
