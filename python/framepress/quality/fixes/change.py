"""A file that a fix writes anew, or takes away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Change"]


@dataclass(frozen=True)
class Change:
    """Args:
    name: relative to the dataset.
    content: the whole file; None: it is left out.
    fixed: code -> how many places.
    """

    name: str
    content: bytes | None
    fixed: Counter[str] = field(default_factory=Counter)
