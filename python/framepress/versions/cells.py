"""Small files in a folder that are made once and survive a power cut when they are there."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from framepress.errors import InputError
from framepress.storage.durable import sync_file
from framepress.storage.output import refused
from framepress.versions.claim import claim

__all__ = ["FolderCells", "sync_folder"]


class FolderCells:
    """`refs.Cells` below `root`; temporaries are in `root/tmp`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, path: str, content: bytes) -> bool:
        """Raises:
        OutputError: the disk refused.
        """
        target = self._root / path
        temp = self._root / "tmp" / f"cell-{secrets.token_hex(8)}"
        try:
            fresh = not target.parent.exists()
            target.parent.mkdir(parents=True, exist_ok=True)
            temp.parent.mkdir(parents=True, exist_ok=True)
            with temp.open("xb") as stream:
                stream.write(content)
                stream.flush()
                sync_file(stream.fileno())
            if not claim(temp, target):
                return False
            for folder in (target.parent, *(target.parents[1:] if fresh else ())):
                sync_folder(folder)
                if folder == self._root:
                    break
        except OSError as error:
            raise refused(target, "written", error) from error
        return True

    def get(self, path: str) -> bytes:
        """Raises:
        InputError: it is not there, or cannot be read.
        """
        where = self._root / path
        try:
            if not stat.S_ISREG(where.lstat().st_mode):
                raise InputError(f"{where}: is no regular file; delete it, or restore it from a copy")
            return where.read_bytes()
        except OSError as error:
            raise InputError(f"{self._root / path}: cannot be read: {error.strerror or error}") from error

    def names(self, prefix: str) -> Iterator[str]:
        for folder, _, files in os.walk(self._root / prefix):
            below = Path(folder).relative_to(self._root).as_posix()
            yield from (f"{below}/{name}" for name in files)


def sync_folder(folder: Path) -> None:
    """Returns once the names in a folder would survive a power cut; Windows does that by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
