"""Which frames and objects findings are about: each counted once, however many findings it has."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.issue import Issue

__all__ = ["Affected", "united"]

_FIRST = 1 << 16


class Affected:
    """Of the findings of one code. 16 bytes for each frame and object, names are not kept.

    A frame is told by its name, where an issue has none by the image, else by the file. An object is told by its id
    or prim path in that frame; an issue that names neither counts as one object, of the place that it names.
    """

    def __init__(self) -> None:
        self._objects, self._frames = _Keys(), _Keys()

    def add(self, issue: Issue) -> None:
        frame = issue.frame or issue.image or issue.file
        if frame:
            self._frames.add(frame)
        if frame and (issue.object is not None or issue.prim):
            self._objects.add(f"{frame}\0{issue.view}\0{issue.object}\0{issue.prim if issue.object is None else ''}")
        elif frame:
            self._objects.add(f"{frame}\0{issue.view}\0{issue.file}\0{issue.line}\0{issue.place}")

    @property
    def objects(self) -> Array:
        """uint64, sorted: a number for each object."""
        return self._objects.distinct()

    @property
    def frames(self) -> Array:
        """uint64, sorted: a number for each frame."""
        return self._frames.distinct()


class _Keys:
    def __init__(self) -> None:
        self._held = array("Q")
        self._limit = _FIRST

    def add(self, text: str) -> None:
        self._held.append(int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little"))
        if len(self._held) >= self._limit:
            self._held = array("Q", self.distinct().tobytes())
            self._limit = max(2 * len(self._held), _FIRST)

    def distinct(self) -> Array:
        return np.unique(np.frombuffer(self._held, np.uint64)) if self._held else np.empty(0, np.uint64)


def united(parts: Iterable[Array]) -> int:
    """How many different numbers there are in all."""
    held = list(parts)
    return int(np.unique(np.concatenate(held)).size) if held else 0
