"""A frame: one instant, seen by one or more cameras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from framepress.core.camera import Camera
from framepress.core.channels import Channels
from framepress.core.objects import Objects
from framepress.errors import InputError

__all__ = ["Frame", "Signal", "View", "safe_name"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ID = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_ID_LIMIT = 200
_TEXT, _WHOLE, _TIME, _TABLE = (str,), (int,), (int, type(None)), (Mapping,)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "sequence", "split", "task", "text"), _TEXT),
    "index": _WHOLE,
    "time_ns": _TIME,
    "meta": _TABLE,
}
_EXPECTED = {_TEXT: "a text", _WHOLE: "a whole number", _TIME: "a whole number of nanoseconds", _TABLE: "a mapping"}


def safe_name(text: str) -> str:
    """Any text as one path component of A-Z a-z 0-9 _ -; other characters become `-` and two hex digits a byte.

    A byte of a file name that is no UTF-8 counts as itself.

    Readers split file names at the first dot and at blanks (torchvision, WebDataset, VOC lists), so none may pass.
    """
    return "".join(
        char if _NAME.fullmatch(char) else "".join(f"-{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
        for char in text
    )


@dataclass(frozen=True, slots=True)
class Signal:
    """A robot's state or action, sampled at its own time [ns, simulation clock]."""

    time_ns: int
    values: tuple[float, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class View:
    """What one camera saw.

    `name` is a path component, unique in the frame; "" is the camera of a recording that has only one.
    `names` maps a semantic id of this view's semantic channel to its class.
    """

    camera: Camera
    name: str = ""
    channels: Channels = field(default_factory=lambda: Channels({}, (1, 1)))
    objects: Objects = field(default_factory=Objects.empty)
    names: Mapping[int, str] = field(default_factory=dict)
    time_ns: int | None = None

    def __post_init__(self) -> None:
        if self.name and not _NAME.fullmatch(self.name):
            raise InputError(f"view name {self.name!r}: only A-Z a-z 0-9 _ - are allowed; use safe_name()")

    def replaced(self, **fields: Any) -> View:
        return replace(self, **fields)


@dataclass(frozen=True, eq=False)
class Frame:
    """One instant.

    Args:
        id: stable name, a relative path of A-Z a-z 0-9 _ - components; file names come from it.
        index: non-negative; numeric file stems come from it, no format counts frames itself.
        views: one or more, names unique.
        sequence: frames of one recording share it; splits keep a sequence together.
        time_ns: simulation clock [ns].
        split: "" where the dataset has no splits; set by `DatasetWriter`.
        signals: name -> `Signal`.
        meta: scene, seed, conditions, project, annotator, review status; JSON-able.

    Raises:
        InputError: a name that is not safe, a negative index, a field of another type, no view, or two views with one
            name.
    """

    id: str
    index: int
    views: tuple[View, ...]
    sequence: str = ""
    time_ns: int | None = None
    split: str = ""
    signals: Mapping[str, Signal] = field(default_factory=dict)
    task: str = ""
    text: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise InputError(f"frame {self.id!r}: {name} is {value!r}; expected {_EXPECTED[kinds]}")
        if not _ID.fullmatch(self.id) or len(self.id) > _ID_LIMIT:
            raise InputError(
                f"frame id {self.id!r}: must be a relative path of A-Z a-z 0-9 _ - of at most {_ID_LIMIT} characters; "
                "use safe_name() on each component"
            )
        if self.split and not _NAME.fullmatch(self.split):
            raise InputError(f"frame {self.id}: split {self.split!r}: only A-Z a-z 0-9 _ - are allowed")
        if self.index < 0:
            raise InputError(f"frame {self.id}: index {self.index} is negative")
        names = [view.name for view in self.views]
        if not names or len(set(names)) != len(names):
            raise InputError(f"frame {self.id}: needs views with different names, got {names}")

    @property
    def view(self) -> View:
        """The only view.

        Raises:
            InputError: there are several.
        """
        if len(self.views) != 1:
            raise InputError(f"frame {self.id}: has {len(self.views)} views, one was expected")
        return self.views[0]

    def stem(self, view: View) -> str:
        """Relative path without extension, unique over frames and cameras: one folder for each camera with a name.

        Of the view alone: that a camera is missing from one frame moves none of the others' files.
        """
        return f"{view.name}/{self.id}" if view.name else self.id

    def replaced(self, **fields: Any) -> Frame:
        return replace(self, **fields)

    def nbytes(self) -> int:
        """Bytes of channels held in memory now."""
        return sum(view.channels.nbytes() for view in self.views)
