"""A remote in a folder: another disk, a network mount, a stick."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from framepress.errors import InputError
from framepress.storage.durable import sync_file, sync_tree
from framepress.storage.output import refused
from framepress.versions.cells import FolderCells
from framepress.versions.leases import EXPIRY_S, Leases
from framepress.versions.remotes.remote import Entry

__all__ = ["FolderRemote"]

_BLOCK = 1 << 20


class FolderRemote:
    """`remote.Remote` below `root`, which need not be there before the first `put`."""

    sharing_refused = ""

    def __init__(self, root: Path) -> None:
        self.where = str(root)
        self._root = root
        self._cells = FolderCells(root)
        self._token = "put"

    def get(self, path: str, limit: int) -> bytes | None:
        try:
            with self._opened(path) as stream:
                content = stream.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unreadable(path, error) from error
        if len(content) > limit:
            raise InputError(f"{self.where}/{path}: has more than {limit} bytes; it is none of ours")
        return content

    def get_range(self, path: str, offset: int, length: int) -> bytes:
        try:
            with self._opened(path) as stream:
                stream.seek(offset)
                content = stream.read(length)
        except OSError as error:
            raise self._unreadable(path, error) from error
        if len(content) != length:
            raise InputError(f"{self.where}/{path}: is cut off: ends at {offset + len(content)}, before what is in it")
        return content

    def stream(self, path: str) -> Iterator[bytes]:
        try:
            with self._opened(path) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except OSError as error:
            raise self._unreadable(path, error) from error

    def _opened(self, path: str) -> BinaryIO:
        where = self._root / path
        if not stat.S_ISREG(os.stat(where).st_mode):  # a pipe would keep us waiting for ever
            raise InputError(f"{where}: is no regular file; delete it, or restore it from a copy")
        return where.open("rb")

    def put(self, path: str, source: bytes | memoryview | Path) -> None:
        target = self._root / path
        temp = self._root / "tmp" / f"{self._token}-{secrets.token_hex(8)}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temp.parent.mkdir(parents=True, exist_ok=True)
            with temp.open("xb") as stream:
                if isinstance(source, Path):
                    with source.open("rb") as original:
                        shutil.copyfileobj(original, stream, _BLOCK)
                else:
                    stream.write(source)
                stream.flush()
                sync_file(stream.fileno())
            os.chmod(temp, 0o444)
            os.replace(temp, target)
        except OSError as error:
            with suppress(OSError):
                temp.unlink()
            raise refused(target, "written", error) from error

    def create(self, path: str, content: bytes) -> bool:
        return self._cells.create(path, content)

    def list(self, prefix: str) -> Iterator[Entry]:
        """Raises:
        InputError: a folder cannot be listed.
        """

        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                raise self._unreadable(prefix, error) from error

        for folder, _, files in os.walk(self._root / prefix, onerror=fail):
            below = Path(folder).relative_to(self._root).as_posix()
            for name in files:
                with suppress(FileNotFoundError):
                    size = os.lstat(f"{folder}/{name}").st_size
                    yield Entry(name if below == "." else f"{below}/{name}", size)

    @contextmanager
    def adding(self) -> Iterator[Callable[[], None]]:
        """By a lease, as in any store; what a killed push left in `tmp/` goes when the next one comes."""
        with Leases(self._root).hold("push") as lease:
            self._token = lease.token
            self._sweep(lease.path)

            def check() -> None:
                lease.check()
                sync_tree(self.where)  # the names too

            yield check

    def _sweep(self, fresh: Path) -> None:
        """Refs, probes and looks at the clock have no lease, and are there for a moment only.

        Args:
            fresh: a file whose time is now, by the clock of the file system.
        """
        now_s = fresh.stat().st_mtime
        for pattern in ("cell-*", "probe-*", "*-clock"):
            for path in (self._root / "tmp").glob(pattern):
                with suppress(OSError):
                    if now_s - path.stat().st_mtime > EXPIRY_S:
                        path.unlink()

    def delete(self, path: str) -> None:
        with suppress(OSError):
            (self._root / path).unlink()

    def _unreadable(self, path: str, error: OSError) -> InputError:
        return InputError(f"{self.where}/{path}: cannot be read: {error.strerror or error}")
