"""Which tool keeps a dataset's versions: `.framepress/bridge.json`, which is part of them, so that clones know it, too.

{"schema": "framepress.bridge", "version": 1, "kind": "git-lfs"}
"""

from __future__ import annotations

import json
from pathlib import Path

from framepress.errors import InputError
from framepress.storage.output import OWN
from framepress.versions.place import write_whole

__all__ = ["KINDS", "remember", "remembered"]

KINDS = ("dvc", "git-lfs")
"""What --to may be."""

_FILE = f"{OWN}bridge.json"
_SCHEMA = {"schema": "framepress.bridge", "version": 1}


def remember(dataset: Path, kind: str) -> None:
    """Raises:
    OutputError: the disk refused.
    """
    write_whole(dataset / _FILE, (json.dumps({**_SCHEMA, "kind": kind}) + "\n").encode())


def remembered(dataset: Path) -> str | None:
    """None where no tool keeps versions of the folder.

    Raises:
        InputError: the file is damaged.
    """
    where = dataset / _FILE
    try:
        found = json.loads(where.read_bytes())
        if {key: found.get(key) for key in _SCHEMA} != _SCHEMA or found["kind"] not in KINDS:
            raise ValueError(f"{found!r}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{where}: is not what this framepress reads: {error}") from error
    return str(found["kind"])
