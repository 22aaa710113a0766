"""How much disk a dataset takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "usage_of"]


@dataclass(frozen=True, slots=True)
class Usage:
    """`files` are names, `bytes` is content; a file with several names (hard links) counts its bytes once."""

    files: int
    bytes: int


def usage_of(path: Path | str) -> Usage:
    """Everything below a folder, our own records included, or one file. Links are counted, not followed.

    Raises:
        OSError: a folder cannot be listed.
    """
    files = size = 0
    seen: set[tuple[int, int]] = set()
    for found in _stats(Path(path)):
        files += 1
        if found.st_nlink > 1:
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
        size += found.st_size
    return Usage(files, size)


def _stats(path: Path) -> Iterator[os.stat_result]:
    if not path.is_dir():
        yield path.lstat()
        return
    folders = [str(path)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False)
