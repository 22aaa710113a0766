"""Numbers of a JSON document that are none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["not_finite"]


def not_finite(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Place (`objects[3].box`) and value of each NaN and infinity, in the document's order."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from not_finite(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for row, inner in enumerate(value):
            yield from not_finite(inner, f"{place}[{row}]")
