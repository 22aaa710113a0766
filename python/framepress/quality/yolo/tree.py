"""The files below a folder, listed when they are asked for; no link that leads out of it is followed."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

__all__ = ["ASTRAY", "FILE", "FOLDER", "Tree"]

FILE, FOLDER, ASTRAY = "file", "folder", "astray"
"""astray: a link that leads out of the dataset or nowhere, a link to a folder, a pipe or device."""


class Tree:
    """Paths are relative to `root`, with forward slashes; `unlisted` has the folders that may not be listed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.unlisted: dict[str, str] = {}
        self._inside = os.path.realpath(root)
        self._listed: dict[str, dict[str, str]] = {}

    def entries(self, folder: str) -> dict[str, str]:
        """Name -> kind, by name; empty where it is no folder, or behind a link."""
        if folder not in self._listed:
            self._listed[folder] = self._list(folder) if not folder or self.kind(folder) == FOLDER else {}
        return self._listed[folder]

    def kind(self, path: str) -> str | None:
        """None where nothing is."""
        if path in ("", "."):
            return FOLDER
        parent, _, name = path.rpartition("/")
        return self.entries(parent).get(name)

    def files(self, folder: str) -> list[str]:
        """All that is below and no folder, sorted by path."""
        found: list[str] = []
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            for name, kind in self.entries(place).items():
                path = f"{place}/{name}" if place else name
                (waiting if kind == FOLDER else found).append(path)
        return sorted(found)

    def folders_named(self, name: str) -> list[str]:
        """All folders with this name, sorted; none inside of another."""
        found: list[str] = []
        waiting = [""]
        while waiting:
            place = waiting.pop()
            for entry, kind in self.entries(place).items():
                if kind == FOLDER:
                    (found if entry == name else waiting).append(f"{place}/{entry}" if place else entry)
        return sorted(found)

    def _list(self, folder: str) -> dict[str, str]:
        try:
            with os.scandir(self.root / PurePosixPath(folder)) as entries:
                return {entry.name: self._kind(entry) for entry in sorted(entries, key=lambda entry: entry.name)}
        except (OSError, ValueError) as error:
            self.unlisted[folder] = str(getattr(error, "strerror", None) or error)
            return {}

    def _kind(self, entry: os.DirEntry[str]) -> str:
        if entry.is_dir(follow_symlinks=False):
            return FOLDER
        if entry.is_file(follow_symlinks=False):
            return FILE
        target = os.path.realpath(entry.path)
        return FILE if os.path.isfile(target) and target.startswith(self._inside + os.sep) else ASTRAY
