"""Into which groups a frame falls, and what their folders are called."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from framepress.core import Frame, safe_name
from framepress.errors import OptionError

__all__ = ["KEYS", "Folders", "Grouping", "grouping"]

Grouping = Callable[[Frame], tuple[str, ...]]
"""The groups of a frame, each once; "" stands for those of which the frame says nothing."""

KEYS = ("scene", "class", "condition", "split", "sequence", "meta.KEY")
_NONE = "none"


def grouping(by: str) -> Grouping:
    """What `--by` names.

    `class` puts a frame into the group of each class that it has an object of; a list in `meta`, as `condition` may be
    one, into the group of each entry; a mapping into one group for each `key=value`.

    Raises:
        OptionError: it names nothing that frames can be grouped by.
    """
    if by.startswith("meta.") and by != "meta.":
        path = by.removeprefix("meta.").split(".")
        return lambda frame: _groups(_inside(frame.meta, path))
    if by not in _FIXED:
        raise OptionError(f"frames cannot be grouped by {by!r}; choose one of {', '.join(KEYS)}")
    return _FIXED[by]


def _classes(frame: Frame) -> tuple[str, ...]:
    return tuple(sorted({label for view in frame.views for label in view.objects.labels})) or ("",)


def _condition(frame: Frame) -> tuple[str, ...]:
    return _groups(frame.meta.get("condition", frame.meta.get("conditions")))


_FIXED: dict[str, Grouping] = {
    "scene": lambda frame: _groups(frame.meta.get("scene")),
    "class": _classes,
    "condition": _condition,
    "split": lambda frame: (frame.split,),
    "sequence": lambda frame: (frame.sequence,),
}


def _inside(found: Any, path: Iterable[str]) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _groups(value: Any) -> tuple[str, ...]:
    if value is None or value == [] or value == {}:
        return ("",)
    if isinstance(value, Mapping):
        return tuple(sorted({f"{key}={_text(held)}" for key, held in value.items()}))
    if isinstance(value, list | tuple):
        return tuple(sorted({_text(held) for held in value}))
    return (_text(value),)


def _text(value: Any) -> str:
    """Numbers and flags as JSON writes them: `true`, `0.5`."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


class Folders:
    """The folder of each group, found as groups are met.

    Args:
        groups: folder -> group, of those that there are already.
    """

    def __init__(self, groups: Mapping[str, str]) -> None:
        self.groups = dict(groups)
        self._taken = {folder.casefold(): folder for folder in groups}

    def of(self, group: str) -> str:
        """Raises:
        OptionError: another group has that folder, on some system.
        """
        folder = safe_name(group) if group else _NONE
        taken = self._taken.setdefault(folder.casefold(), folder)
        if self.groups.setdefault(taken, group) != group:
            other = self.groups[taken]
            raise OptionError(f"the groups {other!r} and {group!r} would share the folder {taken!r}; rename one")
        return taken
