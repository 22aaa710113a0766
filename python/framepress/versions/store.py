"""A store: a folder with contents, refs and tags; by default `.framepress/versions/store/` of the dataset itself.

store.json   {"schema": "framepress.store", "version": 1, "hash": "sha256"}
objects/     contents, each in a file (`objects.Objects`)
packs/       contents, many in a file (`packs`)
refs/ tags/  `refs.Refs`
pruned/      versions that gave their contents up (`prune`)
leases/      who uses the store now (`leases`)
tmp/         what is not whole yet
trash/       what no version needs, for a while (`gc`)
"""

from __future__ import annotations

import json
from pathlib import Path

from framepress.errors import InputError, OutputError
from framepress.storage.output import refused
from framepress.versions.cells import FolderCells
from framepress.versions.commits import Commit
from framepress.versions.leases import Leases
from framepress.versions.objects import Objects
from framepress.versions.refs import Refs

__all__ = ["DOCUMENT", "MARK", "Store"]

MARK = "store.json"
DOCUMENT = {"schema": "framepress.store", "version": 1, "hash": "sha256"}
_FOLDERS = ("objects", "packs", "refs", "tags", "pruned", "leases", "tmp", "trash")


class Store:
    """Made by `create` or `open`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = Objects(root)
        self.cells = FolderCells(root)
        self.refs = Refs(self.cells)
        self.leases = Leases(root)

    @classmethod
    def create(cls, root: Path) -> Store:
        """A new store in an empty or absent folder; the one that is there already, as it is.

        Raises:
            OutputError: the folder holds something else, or cannot be written.
        """
        if (root / MARK).exists():
            return cls.open(root)
        try:
            root.mkdir(parents=True, exist_ok=True)
            stranger = next(root.iterdir(), None)
        except OSError as error:
            raise refused(root, "made", error) from error
        if stranger is not None and stranger.name != "tmp":
            raise OutputError(f"{root}: holds {stranger.name} and is no store; choose an empty or new folder")
        FolderCells(root).create(MARK, (json.dumps(DOCUMENT) + "\n").encode())
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Store:
        """Raises:
        InputError: no store is there, or one of a newer kind.
        """
        where = root / MARK
        try:
            found = json.loads(where.read_bytes())
        except FileNotFoundError as error:
            raise InputError(f"{root}: no versions are kept there; begin with `framepress version init`") from error
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{where}: cannot be read: {error}") from error
        if found != DOCUMENT:
            raise InputError(f"{where}: is {found!r:.200}, this framepress reads {DOCUMENT!r}; update it")
        for name in _FOLDERS:
            if (root / name).is_symlink():  # what is cleared up here would be cleared up there
                raise InputError(f"{root / name}: is a symbolic link, which a store has none of; move the whole store")
        return cls(root)

    def commit(self, id: str) -> Commit:
        """Raises:
        InputError: it is missing or damaged.
        """
        return Commit.from_json(self.objects.read(id), f"commit {id[:12]}")
