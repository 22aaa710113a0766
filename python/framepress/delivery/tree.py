"""What a tree of files for one task is: which files a frame becomes, and which all frames share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from framepress.core import Frame, LabelMap, View
from framepress.formats.base import image_file

__all__ = ["Leaf", "Leaves", "Tree", "ViewRow", "image_leaf", "place_of", "where"]

ViewRow = dict[str, Any]
"""JSON-able: what the shared files need to know of one image."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file; content that is `SourceBytes` may be linked."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Leaves:
    """A frame's files, a row for each of its views, and what could not be kept as it is, counted."""

    files: Sequence[Leaf]
    views: Sequence[ViewRow]
    counts: Mapping[str, int] = field(default_factory=dict)


class Tree(Protocol):
    def leaves(self, frame: Frame) -> Leaves:
        """In any thread, in any order.

        Raises:
            InputError: the frame lacks what the tree is of.
        """

    def shared(self, labels: LabelMap, rows: Sequence[tuple[Mapping[str, Any], ViewRow]]) -> dict[str, bytes | None]:
        """Path -> content of the files that all frames share; None for one that fewer frames had and these have not.

        Args:
            rows: what the map says of a frame, and one of its views; in the order of the map.
        """


def place_of(frame: Frame, view: View) -> str:
    """Below the folder of a kind: the split's folder if there is one, then the camera's, then the frame's id."""
    return f"{frame.split}/{frame.stem(view)}" if frame.split else frame.stem(view)


def image_leaf(folder: str, frame: Frame, view: View) -> Leaf:
    """The view's picture as it is, or as PNG.

    Raises:
        InputError: it has none.
    """
    extension, content = image_file(view, "keep", where=where(frame, view))
    return Leaf(f"{folder}/{place_of(frame, view)}{extension}", content)


def where(frame: Frame, view: View) -> str:
    return f"frame {frame.id}, view {view.name!r}" if view.name else f"frame {frame.id}"
