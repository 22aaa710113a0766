"""What each of the writer's options may be: a run that is set up wrongly is told so at once, not at its first frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.capture.policy import Policy
from framepress.core import LabelMap
from framepress.dataset.split import Split
from framepress.dataset.writer import CHOICES
from framepress.errors import OptionError

__all__ = ["ON_ERROR", "check_kinds"]

ON_ERROR = ("raise", "count", "stop")
_AXES = ("x", "y", "z", "-x", "-y", "-z")

_Kind = tuple[Callable[[Any], bool], str]


def _is_whole(value: Any, least: int | None = None) -> bool:
    return type(value) is int and (least is None or value >= least)


def _is_list(value: Any, *kinds: type) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, kinds) for one in value)


def _is_formats(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(options, Mapping) for options in value.values())
    return isinstance(value, str) or (_is_list(value, str) and bool(value))


def _one_of(*choices: str) -> _Kind:
    return (lambda value: isinstance(value, str) and value in choices), f"one of {', '.join(choices)}"


def _a(kinds: type | tuple[type, ...], words: str) -> _Kind:
    return (lambda value: isinstance(value, kinds)), words


_NONE = type(None)
_NAMES: _Kind = (
    (lambda value: value is None or isinstance(value, str) or _is_list(value, str)),
    "a text or a list of them",
)
_LABELS = "the path of a label file, or a list of names or of {name, ...}"

_KINDS: Mapping[str, _Kind] = {
    "formats": (_is_formats, "a text such as 'coco,yolo', a list of names, or format -> its options; at least one"),
    "labels": (
        lambda value: isinstance(value, _NONE | LabelMap | str | Path) or _is_list(value, str, Mapping),
        _LABELS,
    ),
    "unlisted": _one_of("error", "drop"),
    "channels": _NAMES,
    "keypoints": ((lambda value: value is None or isinstance(value, bool)), "true or false, or left out"),
    "split": _a((_NONE, str, Split), "a text such as 'train=.8,val=.2'"),
    "seed": (_is_whole, "a whole number"),
    "policy": _a((_NONE, Policy, Mapping), "a mapping, see capture.policy"),
    "semantic_types": _NAMES,
    "semantic_filter": _a((_NONE, str), "a text such as 'class:*'"),
    "min_visibility": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "a share from 0 to 1",
    ),
    "sequence": _a(str, "a text"),
    "first_frame": (lambda value: _is_whole(value, 0), "a whole number of at least 0"),
    "world_up": _one_of(*_AXES),
    "on_error": _one_of(*ON_ERROR),
    "provenance": _a((_NONE, Mapping), "plain JSON: a mapping"),
    "origin": _a((_NONE, Mapping), "plain JSON: a mapping"),
    "checks": _one_of("truth", "none"),
    "require": (lambda value: value is None or isinstance(value, str), "a profile's name or file, or left out"),
    "check_every": (lambda value: _is_whole(value, 1), "a whole number of at least 1"),
    "workers": (lambda value: value is None or _is_whole(value, 1), "a whole number of at least 1, or left out"),
    "queue_bytes": (lambda value: _is_whole(value, 0), "a whole number of bytes"),
    "on_full": _one_of(*CHOICES["on_full"]),
    "existing": _one_of(*CHOICES["existing"]),
    "on_finding": _one_of(*CHOICES["on_finding"]),
}


def check_kinds(**given: Any) -> None:
    """Those of the options whose kind nothing else checks before a frame comes.

    Raises:
        OptionError: with the name, the value and what it may be.
    """
    for name, value in given.items():
        fits, words = _KINDS[name]
        if not fits(value):
            raise OptionError(f"{name}={value!r}: must be {words}")
