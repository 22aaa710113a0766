"""Where the images of a COCO file are, listed without following a link."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from framepress.quality.coco.table import Folder

__all__ = ["folder_of"]

_TRIED = 16


def folder_of(root: Path, places: Sequence[tuple[str, bool]], names: Sequence[str]) -> Folder | None:
    """The folder that `file_name` is relative to; None where there are no images.

    The place that most of the first names are in; where they are in none, the first that is there.

    Args:
        root: the dataset's folder.
        places: where they may be: path below the root, and whether it is for this dataset's images alone.
    """
    there = [(prefix, own) for prefix, own in places if (root / prefix).is_dir() and _inside(root, root / prefix)]
    if not there:
        return None
    hits = [sum(_is_file(root / prefix, name) for name in names[:_TRIED]) for prefix, _ in there]
    prefix, own = there[hits.index(max(hits))]
    if not own and not max(hits):
        return None
    files, astray = set(), set()
    for name, linked in _listed(root / prefix, ""):
        if linked and not (_inside(root, root / prefix / name) and (root / prefix / name).is_file()):
            astray.add(name)
        else:
            files.add(name)
    return Folder(root / prefix, prefix, frozenset(files), frozenset(astray), own)


def _inside(root: Path, path: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _is_file(folder: Path, name: str) -> bool:
    try:
        return bool(name) and not os.path.isabs(name) and os.path.isfile(folder / name)
    except (ValueError, OSError):  # a NUL in it, or too long
        return False


def _listed(folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    """Files below a folder, and whether each is a link."""
    waiting = [(str(folder), prefix)]
    while waiting:
        place, prefix = waiting.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue  # names of files in it are told as missing
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{prefix}{entry.name}/"))
            else:
                yield prefix + entry.name, entry.is_symlink()
