"""A remote in a file system that the caller brings: any of fsspec's, with his own credentials in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OutputError
from framepress.versions.remotes.remote import Entry

__all__ = ["FilesystemRemote"]

_BLOCK = 8 << 20


class FilesystemRemote:
    """`remote.Remote` below `root` of an fsspec file system.

    Its errors are its own: what is no OSError or ValueError of it passes through as it is.
    """

    sharing_refused = "fsspec has no call that makes a file only where none is"

    def __init__(self, filesystem: Any, root: str) -> None:
        self._fs = filesystem
        self._root = str(filesystem._strip_protocol(root)).rstrip("/")
        protocol = filesystem.protocol if isinstance(filesystem.protocol, str) else filesystem.protocol[0]
        self.where = f"{protocol}://{self._root.lstrip('/')}"
        self._folders: set[str] = set()

    def get(self, path: str, limit: int) -> bytes | None:
        name = self._name(path)
        try:
            size = int(self._fs.info(name)["size"])
            if size > limit:
                raise InputError(f"{self.where}/{path}: has {size} bytes, more than {limit}; it is none of ours")
            return bytes(self._fs.cat_file(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise self._unreadable(path, error) from error

    def get_range(self, path: str, offset: int, length: int) -> bytes:
        try:
            content = bytes(self._fs.cat_file(self._name(path), start=offset, end=offset + length))
        except (OSError, ValueError) as error:
            raise self._unreadable(path, error) from error
        if len(content) != length:
            raise InputError(f"{self.where}/{path}: {length} bytes from {offset} on were asked, {len(content)} came")
        return content

    def stream(self, path: str) -> Iterator[bytes]:
        try:
            with self._fs.open(self._name(path), "rb", block_size=_BLOCK) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except (OSError, ValueError) as error:
            raise self._unreadable(path, error) from error

    def put(self, path: str, source: bytes | memoryview | Path) -> None:
        name = self._name(path)
        try:
            self._make_folder(name.rpartition("/")[0])
            if isinstance(source, Path):
                self._fs.put_file(str(source), name)
            else:
                self._fs.pipe_file(name, bytes(source))
        except (OSError, ValueError) as error:
            raise OutputError(
                f"{self.where}/{path}: cannot be written: {error}; what was done so far is kept; run it again"
            ) from error

    def create(self, path: str, content: bytes) -> bool:
        """Only for one who pushes alone: between the look and the put another may come."""
        if self._fs.exists(self._name(path)):
            return False
        self.put(path, content)
        return True

    def list(self, prefix: str) -> Iterator[Entry]:
        self._fs.invalidate_cache()
        below = f"{self._root}/".lstrip("/")
        try:
            found = self._fs.find(self._name(prefix) if prefix else self._root, detail=True)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise self._unreadable(prefix, error) from error
        for name, status in found.items():
            path = str(name).lstrip("/").removeprefix(below)
            yield Entry(path, int(status.get("size") or 0))

    def adding(self) -> AbstractContextManager[Callable[[], None]]:
        return nullcontext(lambda: None)  # nothing here takes anything away

    def delete(self, path: str) -> None:
        with suppress(OSError, ValueError):
            self._fs.rm_file(self._name(path))

    def _name(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_folder(self, folder: str) -> None:
        if folder not in self._folders:
            self._fs.makedirs(folder, exist_ok=True)
            self._folders.add(folder)

    def _unreadable(self, path: str, error: Exception) -> InputError:
        return InputError(f"{self.where}/{path}: cannot be read: {error}")
