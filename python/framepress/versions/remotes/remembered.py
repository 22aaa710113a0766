"""The remote that a dataset was last shared with, which need not be said again: `.framepress/versions/remote.json`.

{"schema": "framepress.remote", "version": 1, "remote": folder or URL}; options and credentials are never in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from framepress.errors import InputError, OptionError
from framepress.versions.place import write_whole

__all__ = ["recalled", "remember"]

_FILE = "remote.json"
_DOCUMENT = {"schema": "framepress.remote", "version": 1}


def remember(own: Path, remote: Any) -> None:
    """Keep a folder, absolute, or a URL without credentials; what is neither is not kept.

    Args:
        own: `.framepress/versions/` of the dataset.

    Raises:
        OutputError: the disk refused.
    """
    if isinstance(remote, str) and "://" in remote:
        parts = urlsplit(remote)
        if parts.username or parts.password or parts.query:
            return
        told = remote
    elif isinstance(remote, str | Path):
        told = str(Path(remote).expanduser().resolve())
    else:
        return
    content = (json.dumps({**_DOCUMENT, "remote": told}, ensure_ascii=False, indent=1) + "\n").encode()
    path = own / _FILE
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)


def recalled(own: Path) -> str:
    """Raises:
    OptionError: none is remembered.
    InputError: the file is damaged.
    """
    path = own / _FILE
    try:
        found = json.loads(path.read_bytes())
        if {key: found.get(key) for key in _DOCUMENT} != _DOCUMENT or not isinstance(found["remote"], str):
            raise ValueError("it is not what this framepress writes")
    except FileNotFoundError as error:
        raise OptionError("no remote was said, and none is remembered: say a folder or a URL") from error
    except (OSError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {error}; delete it and say the remote") from error
    remote: str = found["remote"]
    return remote
