"""Frame ids for images that come with file names alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from framepress.core import safe_name
from framepress.errors import InputError

__all__ = ["Split", "frame_ids"]


class Split(NamedTuple):
    """The images of a split, one row each."""

    name: str
    paths: Sequence[str]
    """Relative paths."""
    own: Sequence[str | None]
    """The frame ids that images have already; neighbours with the same one are views of one frame."""


def frame_ids(splits: Sequence[Split], where: str) -> list[list[str]]:
    """A frame id for each image of each split: its own, else the simplest of three forms that keeps all frames apart.

    The forms are the path without extension, that in a folder of the split's name, and with its extension too.

    Args:
        where: what to name in an error.

    Raises:
        InputError: two frames share an id in every form.
    """
    for with_split, with_extension in ((False, False), (True, False), (True, True)):
        ids = [
            [
                _frame_id(path, split.name if with_split else "", with_extension) if own is None else own
                for path, own in zip(split.paths, split.own, strict=True)
            ]
            for split in splits
        ]
        twice = _twice(ids, splits)
        if twice is None:
            return ids
    raise InputError(f"{where}: two images belong to the frame {twice}; read the splits one by one")


def _frame_id(path: str, split: str, with_extension: bool) -> str:
    stem = path if with_extension else str(PurePosixPath(path).with_suffix(""))
    return "/".join(safe_name(part) for part in (split, *stem.split("/")) if part)


def _twice(ids: list[list[str]], splits: Sequence[Split]) -> str | None:
    """An id that belongs to two frames."""
    seen: set[str] = set()
    for listed, split in zip(ids, splits, strict=True):
        before = ""
        for identifier, own in zip(listed, split.own, strict=True):
            if identifier != before or own is None:
                if identifier in seen:
                    return identifier
                seen.add(identifier)
            before = identifier
    return None
