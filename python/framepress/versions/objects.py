"""Contents under their sha256, in a folder: `objects/ab/cdef...`, read-only, each whole or not there at all.

A content is written to `tmp/` and then linked to its name, or the file of a dataset itself is given that name (hard
link), or cloned (reflink). Nothing is flushed to the disk one by one: `sync` does it for all that was added before.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from framepress.errors import InputError
from framepress.storage.durable import sync_tree
from framepress.storage.output import refused

__all__ = ["Objects"]

_READ_ONLY = 0o444
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


class Objects:
    """The contents of the store at `root`. Safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects, self._temporary = str(root / "objects"), str(root / "tmp")
        self._folders: set[str] = set()
        self._names = itertools.count()
        self._session = secrets.token_hex(6)

    def path(self, id: str) -> Path:
        """Where a loose content is, or would be."""
        return Path(self._name(id))

    def has(self, id: str) -> bool:
        return os.path.exists(self._name(id))

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those that are not here, in the order given."""
        return [id for id in ids if not self.has(id)]

    def read(self, id: str) -> bytes:
        """The content, checked.

        Raises:
            InputError: it is missing, or not what its name says.
        """
        try:
            content = self.path(id).read_bytes()
        except OSError as error:
            raise InputError(f"{self.path(id)}: cannot be read: {error.strerror or error}") from error
        if hashlib.sha256(content).hexdigest() != id:
            raise InputError(f"{self.path(id)}: is damaged: its content has another sha256")
        return content

    def size(self, id: str) -> int:
        return self.path(id).stat().st_size

    def add(self, content: bytes) -> str:
        """Its sha256.

        Raises:
            OutputError: the disk refused.
        """
        id = hashlib.sha256(content).hexdigest()
        if not self.has(id):
            temp = self._temp()
            try:
                descriptor = os.open(temp, _CREATE, _READ_ONLY)
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                self._publish(temp, id)
            except OSError as error:
                with suppress(OSError):
                    os.unlink(temp)
                raise refused(self._name(id), "written", error) from error
        return id

    def adopt(self, file: str, id: str) -> None:
        """Give a dataset's file its place here, as a second name of it; it is read-only from then on.

        Args:
            id: sha256 of what it holds, which is known.

        Raises:
            OSError: it cannot be linked; the file is as it was.
        """
        os.chmod(file, _READ_ONLY)
        with suppress(FileExistsError):
            os.link(file, self._made(id))

    def _publish(self, temp: str, id: str) -> None:
        try:
            os.link(temp, self._made(id))
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                raise
            os.replace(temp, self._made(id))
            return
        os.unlink(temp)

    def sync(self) -> None:
        """Returns once all that was added would survive a power cut."""
        sync_tree(str(self.root))

    def _name(self, id: str) -> str:
        return f"{self._objects}/{id[:2]}/{id[2:]}"

    def _made(self, id: str) -> str:
        folder = f"{self._objects}/{id[:2]}"
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        return self._name(id)

    def _temp(self) -> str:
        if self._temporary not in self._folders:
            os.makedirs(self._temporary, exist_ok=True)
            self._folders.add(self._temporary)
        return f"{self._temporary}/{self._session}-{next(self._names)}"
