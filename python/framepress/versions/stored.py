"""The files of a version, read where they are: enough of an `Output` for journal, job and ledger."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from framepress.errors import InputError
from framepress.versions.manifest import Row

__all__ = ["StoredFiles"]


class StoredFiles:
    """Read-only.

    Args:
        rows: the files of the version.
        content: of a row.
    """

    def __init__(self, rows: Iterable[Row], content: Callable[[Row], bytes]) -> None:
        self.rows = {row.path: row for row in rows}
        self._content = content

    def read(self, path: str) -> bytes:
        """Raises:
        InputError: the version has no such file, or the store has lost it.
        """
        if path not in self.rows:
            raise InputError(f"{path}: the version has no such file")
        return self._content(self.rows[path])

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self.read(path))

    def exists(self, path: str) -> bool:
        return path in self.rows

    def size(self, path: str) -> int:
        return self.rows[path].size

    def list(self, prefix: str = "") -> Iterator[str]:
        return (path for path in self.rows if not prefix or path.startswith(f"{prefix}/"))
