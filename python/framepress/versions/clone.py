"""A dataset from a remote, where none is yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framepress.errors import OutputError
from framepress.storage.output import refused
from framepress.versions.history import History
from framepress.versions.place import INSIDE
from framepress.versions.pull import Pulled

__all__ = ["clone"]


def clone(remote: Any, dataset: Path | str, **options: Any) -> Pulled:
    """Pull all versions into an absent or empty folder, which becomes the latest one; goes on with one that was
    interrupted.

    Args:
        options: those of `History.pull`, but `as_line`.

    Raises:
        OutputError: the folder holds something else, or the disk refused.
        InputError, OptionError: see `pull.pull`.
    """
    folder = Path(dataset)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stranger = next((path for path in sorted(folder.iterdir()) if path != folder / INSIDE.split("/")[0]), None)
    except OSError as error:
        raise refused(folder, "made", error) from error
    if stranger is not None:
        raise OutputError(f"{folder}: holds {stranger.name}; a dataset is pulled into a new or empty folder")
    history = History.init(folder)
    done = history.pull(remote, **options)
    history.checkout("head")
    return done
