"""A tolerant look at an edition's files: all that they say, however wrong, as columns that rules can compare.

A reader of `formats/` refuses what is broken; a look takes it in, so that each thing that is wrong gets its own code.
It opens nothing outside the folder, follows no link that leads out of it, and holds only numbers of each object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

from framepress.quality.columns import Columns
from framepress.quality.issue import Issue

__all__ = ["Bare", "ImageFile", "Look", "WithClasses", "look_of"]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image that a dataset names or holds.

    Args:
        path: where it is; inside of the dataset, or it is not here (`Look.unread` tells).
        name: relative to the dataset, with forward slashes.
        width, height: as stated [px], 0 where nothing is.
        frame, view, split, sequence: as the dataset names them.
        order: of the frame in its sequence.
        edition: the format whose files it is among; a look leaves it open.
    """

    path: Path
    name: str
    width: int = 0
    height: int = 0
    frame: str = ""
    view: str = ""
    split: str = ""
    sequence: str = ""
    order: int = 0
    edition: str = ""


class Look(Protocol):
    """Args: root: the edition's folder or file; unread: what could not be taken in, one issue each."""

    root: Path
    unread: Sequence[Issue]

    def images(self) -> Sequence[ImageFile]:
        """Every image once, in the dataset's order."""

    def columns(self) -> Columns | None:
        """None where too little could be read."""


@dataclass(slots=True)
class Bare:
    """In the place of a look at what could not be taken in: for rules that look at any folder's files."""

    root: Path
    unread: Sequence[Issue] = ()

    def images(self) -> Sequence[ImageFile]:
        return ()

    def columns(self) -> Columns | None:
        return None


@runtime_checkable
class WithClasses(Protocol):
    """A look at a format that stores a list of classes and has no codes of its own for it."""

    def classes(self) -> tuple[str, Sequence[str]]:
        """The file that they are in, and the names as stored, in order."""


_LOOKS = {name: f"framepress.quality.{name}.look" for name in ("coco", "yolo", "kitti", "native", "basic")}


def look_of(format: str) -> Callable[[Path], Look] | None:
    """What takes in the files of a format, from the folder that it is in; None where rules of frames alone know it.

    It raises InputError where nothing of it can be read at all.
    """
    module = _LOOKS.get(format)
    if module is None:
        return None
    found: Callable[[Path], Look] = import_module(module).look
    return found
