"""A remote from what a caller says, and whether several may push to it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.remotes.filesystem import FilesystemRemote
from framepress.versions.remotes.folder import FolderRemote
from framepress.versions.remotes.object_store import ObjectStoreRemote
from framepress.versions.remotes.remote import Remote
from framepress.versions.store import DOCUMENT, MARK

__all__ = ["is_store", "make_store", "open_remote", "probe"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LIMIT = 1 << 16


def open_remote(remote: Any, options: Mapping[str, str] | None = None) -> Remote:
    """What is said, as a remote; nothing is read or written yet.

    Args:
        remote: a folder; a URL that obstore knows (s3://bucket/prefix, gs://, az://); an fsspec file system
            with a path in it, as a pair; a store of obstore; or a `Remote` itself.
        options: for a URL only: those of obstore, such as endpoint, region, allow_http, access_key_id and
            secret_access_key. What is not given is taken from the environment.

    Raises:
        OptionError: it is none of these, or an option is unknown.
        ImportError: obstore is needed and not there.
    """
    if isinstance(remote, str) and remote.startswith("memory://"):
        raise OptionError(f"{remote}: is gone with this process; hand in a MemoryStore of obstore, or say a folder")
    if isinstance(remote, str) and _URL.match(remote) and not remote.startswith("file://"):
        return ObjectStoreRemote.at(remote, options or {})
    if options:
        raise OptionError(f"{remote!r}: takes no options; they are those of a URL such as s3://bucket/prefix")
    if isinstance(remote, str | Path):
        return FolderRemote(Path(str(remote).removeprefix("file://")).expanduser().resolve())
    if isinstance(remote, tuple) and len(remote) == 2 and hasattr(remote[0], "cat_file"):
        return _of_filesystem(*remote)
    if type(remote).__module__.partition(".")[0] == "obstore":
        return ObjectStoreRemote(remote, f"{type(remote).__name__}")
    if all(
        hasattr(remote, name) for name in ("get", "get_range", "stream", "put", "create", "list", "adding", "where")
    ):
        found: Remote = remote
        return found
    raise OptionError(f"remote {remote!r}: must be a folder, a URL (s3://bucket/prefix), or (fsspec file system, path)")


def _of_filesystem(filesystem: Any, path: str) -> Remote:
    protocols = (filesystem.protocol,) if isinstance(filesystem.protocol, str) else filesystem.protocol
    if "file" in protocols:
        return FolderRemote(Path(str(filesystem._strip_protocol(path))))  # the system itself can do more
    return FilesystemRemote(filesystem, path)


def probe(remote: Remote) -> None:
    """See that of two who make one name the second is refused: what keeps racing pushes apart.

    Raises:
        OutputError: it is not, or nothing can be written there.
    """
    reason = remote.sharing_refused
    if not reason:
        name = f"tmp/probe-{secrets.token_hex(8)}"
        try:
            first, second = remote.create(name, b"first"), remote.create(name, b"second")
        finally:
            remote.delete(name)
        if first and not second:
            return
        reason = "it let two make one and the same file"
    raise OutputError(
        f"{remote.where}: {reason}, so of two who push at once one would be lost: nothing was pushed; use a folder or "
        "another server, or say that nobody else pushes there (exclusive)"
    )


def is_store(remote: Remote) -> bool:
    """False where the place is empty or absent.

    Raises:
        OutputError: it holds something else.
        InputError: it is a store of a newer kind, or cannot be read.
    """
    content = remote.get(MARK, _LIMIT)
    if content is None:
        stranger = next((entry.path for entry in remote.list("") if not entry.path.startswith("tmp/")), None)
        content = None if stranger is None else remote.get(MARK, _LIMIT)  # another push may have made it meanwhile
        if stranger is not None and content is None:
            raise OutputError(f"{remote.where}: holds {stranger} and is no store; choose an empty or new place")
    if content is None:
        return False
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{remote.where}/{MARK}: cannot be read: {error}") from error
    if found != DOCUMENT:
        raise InputError(f"{remote.where}/{MARK}: is {found!r:.200}, this framepress reads {DOCUMENT!r}; update it")
    return True


def make_store(remote: Remote) -> None:
    """Mark an empty place as a store.

    Raises:
        OutputError: the remote refused.
    """
    remote.create(MARK, (json.dumps(DOCUMENT) + "\n").encode())
