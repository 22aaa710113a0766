"""A new folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from framepress.errors import OutputError
from framepress.storage.durable import sync_tree
from framepress.storage.lock import FolderLock
from framepress.storage.output import refused

__all__ = ["link_or_copy", "new_folder"]


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` that takes its name, durable, where the block ends well, and vanishes where it does not.

    A block that removes it leaves nothing. What a killed run left is swept by the next one for the same target.

    Raises:
        OutputError: the target exists, another process makes it, or the disk refused.
    """
    target = Path(os.path.abspath(target))
    if os.path.lexists(target):
        raise OutputError(f"{target}: exists already and is not overwritten; name another folder")
    made = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(str(target.with_name(f".{target.name}.lock")))
        try:
            shutil.rmtree(made, ignore_errors=True)  # of a run that was killed: nobody else has the lock
            made.mkdir()
            yield made
            if made.exists():
                sync_tree(str(made))
                os.rename(made, target)
        finally:
            shutil.rmtree(made, ignore_errors=True)
            lock.release()
    except OSError as error:
        raise refused(target, "written", error) from error


def link_or_copy(source: Path, target: Path) -> None:
    """The same file under another name, its folders made; a copy where the disk has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(source, target)
