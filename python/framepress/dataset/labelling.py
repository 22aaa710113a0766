"""Frames bring class names; a dataset has one ordered list of classes. Settled in frame order, before any thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framepress.core import Frame, LabelMap, Objects
from framepress.errors import LabelError

__all__ = ["Labelling"]


class Labelling:
    """The dataset's classes, and the recoding of a frame's objects to them.

    Args:
        labels: the classes so far.
        grow: append classes that are not listed; otherwise `unlisted` says what happens to their objects.
        unlisted: `error` or `drop`.
    """

    def __init__(self, labels: LabelMap, *, grow: bool, unlisted: str = "error") -> None:
        self.labels = labels
        self._grow = grow
        self._unlisted = unlisted

    def expect(self, labels: LabelMap) -> None:
        """List classes before a frame brings them; nothing where the list is fixed."""
        if self._grow:
            self.labels = self.labels.grown(labels.labels)

    def settle(self, frame: Frame) -> tuple[Frame, int]:
        """The frame under the dataset's classes, and how many of its objects were dropped.

        Raises:
            LabelError: a class is not listed, and the map may not grow.
        """
        if self._grow:
            used = [name for view in frame.views for name in _used_classes(view.objects)]
            self.labels = self.labels.grown(used)
        dropped = 0
        views = []
        for view in frame.views:
            objects, lost = self._recoded(view.objects, frame.id)
            dropped += lost
            views.append(view.replaced(objects=objects))
        return frame.replaced(views=tuple(views)), dropped

    def _recoded(self, objects: Objects, frame_id: str) -> tuple[Objects, int]:
        codes = np.array(
            [-1 if (code := self.labels.find(name)) is None else code for name in objects.classes], np.int32
        )
        if not len(objects):
            return objects.relabelled(self.labels.names, codes), 0
        listed = codes[objects.label] >= 0
        if not listed.all():
            if self._unlisted == "error":
                unknown = objects.classes[objects.label[~listed][0]]
                raise LabelError(
                    f"frame {frame_id}: class {unknown!r} is not in the label map ({_shown(self.labels.names)}); "
                    "add it to the map, or pass unlisted=drop to leave such objects out"
                )
            objects = objects.take(listed)
        return objects.relabelled(self.labels.names, codes), int((~listed).sum())


def _used_classes(objects: Objects) -> list[str]:
    """Class names in the order in which the rows use them."""
    codes, first = np.unique(objects.label, return_index=True)
    return [objects.classes[code] for code in codes[np.argsort(first)].tolist()]


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
