"""A remote's refs and tags, read all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from framepress.errors import InputError
from framepress.versions.remotes.remote import Entry, Remote

__all__ = ["RemoteCells", "bounded"]

_PATH = re.compile(
    r"refs/[A-Za-z0-9][A-Za-z0-9._-]{0,99}/[0-9]{8,12}|tags/[A-Za-z0-9][A-Za-z0-9._-]{0,99}|pruned/[0-9a-f]{64}"
)
_LIMIT = 1 << 20  # bytes of a ref; its note may be long
_AT_MOST = 1_000_000  # refs
_AT_ONCE = 16


class RemoteCells:
    """`refs.Cells` of a remote. What was listed is kept for `get`: refs are never changed."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._known: dict[str, bytes] = {}

    def create(self, path: str, content: bytes) -> bool:
        """Raises:
        OutputError: the remote refused.
        """
        return self._remote.create(path, content)

    def get(self, path: str) -> bytes:
        """Raises:
        InputError: it is not there, or cannot be read.
        """
        if path not in self._known:
            self._known[path] = self._fetched(path)
        return self._known[path]

    def names(self, prefix: str) -> Iterator[str]:
        """Raises:
        InputError: something that is no ref is among them, or there is no end of them.
        """
        paths = sorted(entry.path for entry in bounded(self._remote, prefix, _AT_MOST))
        for path in paths:
            if not _PATH.fullmatch(path):
                raise InputError(f"{self._remote.where}/{path!r:.200}: is no ref of ours; take it away there")
        unknown = [path for path in paths if path not in self._known]
        if unknown:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                self._known.update(zip(unknown, pool.map(self._fetched, unknown), strict=True))
        return iter(paths)

    def _fetched(self, path: str) -> bytes:
        content = self._remote.get(path, _LIMIT)
        if content is None:
            raise InputError(f"{self._remote.where}/{path}: is gone; restore it from a copy")
        return content


def bounded(remote: Remote, prefix: str, at_most: int) -> Iterator[Entry]:
    """What a remote lists below a folder.

    Raises:
        InputError: there is no end of it.
    """
    for count, entry in enumerate(remote.list(prefix)):
        if count >= at_most:
            raise InputError(f"{remote.where}/{prefix}: lists more than {at_most:,} files; it is no store of ours")
        yield entry
