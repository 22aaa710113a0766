"""Files that were changed in place although they are the store's own (hard links), and read-only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from framepress.errors import InputError
from framepress.versions.manifest import Row
from framepress.versions.reach import Reach
from framepress.versions.store import Store

__all__ = ["check_not_written_into"]


def check_not_written_into(dataset: Path, changed: Iterable[Row], store: Store) -> None:
    """Args:
        changed: files whose content is not the one that the latest version has.

    Raises:
        InputError: one of them is a content of the store, which is damaged by that; with the versions that need it.
    """
    if not (store.root / "objects").is_dir():
        return
    several = [(row, status) for row in changed if (status := os.stat(f"{dataset}/{row.path}")).st_nlink > 1]
    if not several:
        return
    device = os.stat(store.root / "objects").st_dev
    contents = {entry.inode(): store.objects.id_of(entry) for entry in store.objects.loose()}
    for row, status in several:
        id = contents.get(status.st_ino, row.sha256)
        if status.st_dev == device and id != row.sha256:
            needing = Reach.of(store).needing([id])[id]
            needed = ", ".join(f"{use.path} of {use.version}" for use in needing[:4]) or "no version"
            raise InputError(
                f"{dataset}/{row.path}: was changed in place, and is one file with content {id[:12]} of the store, "
                f"which is damaged now; needed by {needed}. Nothing was committed. Put the former content back into "
                f"the file (from a copy, or a remote); or give the file one of its own (cp '{row.path}' new; mv -f "
                f"new '{row.path}'), commit, and let `framepress version verify` tell what is lost"
            )
