"""Rules for files as files: they are there, they are files, they hold something, and they are the dataset's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from framepress.core.files import read_file
from framepress.errors import InputError
from framepress.quality.files.listing import FILE as PLAIN
from framepress.quality.files.listing import FOLDER, LINK, OTHER, home_of, listed
from framepress.quality.issue import ERROR, Issue
from framepress.quality.look import Look
from framepress.quality.rule import FILE, rule
from framepress.storage.images_header import refuse_pointer

__all__ = ["files_hold_what_they_are", "nothing_leads_out"]

_MAY_BE_EMPTY = (".txt", ".csv", ".log", ".lock", ".gitkeep", ".md", ".py")
_FILE_NAMES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".npy", ".npz", ".json", ".jsonl", ".txt", ".yaml", ".yml")
_POINTER_BYTES = range(100, 201)
"""A git-lfs pointer is three lines: its version, a sha256, a size (git-lfs specification, version 1)."""


@rule(
    "FILE-003",
    FILE,
    ERROR,
    stage="integrity",
    breaks="a copy, an archive or an upload of the folder lacks the file, or holds one that is not the dataset's",
    remedy="put the file itself into the dataset",
)
def nothing_leads_out(look: Look) -> Iterator[Issue]:
    """Every name in the dataset is a file or a folder of its own: no link leads out or nowhere, no pipe, no device."""
    home = home_of(look.root)
    inside = os.path.realpath(look.root if home is None else home.root)
    for found in listed(look.root):
        if found.kind == LINK:
            target = os.path.realpath(look.root / found.name)
            if not Path(target).is_relative_to(inside):
                yield Issue(message=f"{found.name!r} is a link that leads out of the dataset", file=found.name)
            elif not os.path.exists(target):
                yield Issue(message=f"{found.name!r} is a link that leads nowhere", file=found.name)
        elif found.kind == OTHER:
            message = f"{found.name!r} is no file, or a folder that cannot be listed"
            yield Issue(message=message, file=found.name)
        elif found.kind == FOLDER and found.name.lower().endswith(_FILE_NAMES):
            yield Issue(message=f"{found.name!r} is a folder, though its name is a file's", file=found.name)


@rule(
    "FILE-004",
    FILE,
    ERROR,
    stage="integrity",
    breaks="every reader",
    remedy="run `git lfs pull` for pointers; copy or write again what is empty",
)
def files_hold_what_they_are(look: Look) -> Iterator[Issue]:
    """Files hold their content: none is empty, none is a git-lfs pointer to what was never fetched.

    Label lists may be empty: that is how YOLO and KITTI write an image without objects.
    """
    told = {issue.file for issue in look.unread}
    for found in listed(look.root):
        if found.kind != PLAIN or found.name in told:
            continue
        if found.size == 0 and not found.name.lower().endswith(_MAY_BE_EMPTY):
            yield Issue(message=f"{found.name!r} is empty", file=found.name)
        elif found.size in _POINTER_BYTES and (message := _pointer(look.root, found.name)):
            yield Issue(message=message, file=found.name)


def _pointer(root: Path, name: str) -> str:
    try:
        refuse_pointer(read_file(root / name), name)
    except InputError as error:
        return str(error).partition(";")[0].removeprefix(f"{name}: ")
    return ""
