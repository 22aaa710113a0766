"""Contents on their way into a store: staged, made durable all at once, then named.

A content has its name only after it is on the disk, so that none is ever believed to be there that a power cut emptied.
One flush for thousands of files costs milliseconds; one flush each costs seconds.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from framepress.errors import InputError
from framepress.storage.durable import sync_file, sync_files, sync_tree
from framepress.storage.output import refused
from framepress.versions.packs import PackWriter
from framepress.versions.sharing import COPY_ERRORS, Way, clone, copy

if TYPE_CHECKING:
    from framepress.versions.objects import Objects

__all__ = ["Batch", "Identity"]

Identity = tuple[int, int, int]
"""Size [bytes], modification time [ns] and inode of a file, which is another file or content where they differ."""

_READ_ONLY = 0o444
# So few are flushed by themselves, which takes no longer, and need not wait for what a simulation writes meanwhile.
_FEW = 64
_AT_ONCE = 8
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


class Batch:
    """Made by `Objects.batch`; a context that closes what ended well and drops what did not. Safe to use from threads.

    Attributes:
        added: how many contents the store did not have.
    """

    def __init__(self, objects: Objects, token: str) -> None:
        self.added = 0
        self._objects = objects
        self._token = token
        self._lock = threading.Lock()
        self._number = 0
        self._temps: dict[str, str] = {}  # id -> staged file
        self._files: dict[str, tuple[str, Identity]] = {}  # id -> file that gets a second name
        self._named: set[str] = set()
        self._pack: tuple[str, BinaryIO, PackWriter] | None = None

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._close()
        except OSError as failed:
            raise refused(self._objects.root, "written", failed) from failed
        finally:
            self._drop()

    def add(self, content: bytes, *, packed: bool = True) -> str:
        """Its sha256.

        Args:
            packed: with others in one file, which is right for what is small and read as a whole; else by itself.

        Raises:
            OutputError: the disk refused.
        """
        id = hashlib.sha256(content).hexdigest()
        with self._lock:
            if self._has(id):
                return id
            self.added += 1
            try:
                if packed:
                    self._packing().add(content)
                else:
                    with os.fdopen(os.open(temp := self._temp(), _CREATE, _READ_ONLY), "wb") as stream:
                        self._temps[id] = temp
                        stream.write(content)
                        _written(stream)
            except OSError as error:
                raise refused(self._objects.path(id), "written", error) from error
        return id

    def add_stream(self, stream: BinaryIO, id: str) -> None:
        """A content by itself that need not fit into memory, checked.

        Raises:
            InputError: it is another content than `id` says.
            OutputError: the disk refused.
        """
        with self._lock:
            if self._has(id):
                return
            self._temps[id] = temp = self._temp()
            self.added += 1
        digest = hashlib.sha256()
        try:
            with os.fdopen(os.open(temp, _CREATE, _READ_ONLY), "wb") as target:
                while block := stream.read(1 << 20):
                    digest.update(block)
                    target.write(block)
                _written(target)
        except OSError as error:
            raise refused(self._objects.path(id), "written", error) from error
        if digest.hexdigest() != id:
            with self._lock:
                del self._temps[id]
            os.unlink(temp)
            raise InputError(f"content {id[:12]}: what came has sha256 {digest.hexdigest()[:12]}; get it again")

    def add_file(self, file: str, id: str, seen: Identity, way: Way) -> None:
        """A file whose sha256 is known and that the store lacks, shared with it.

        Args:
            seen: what it was when it had that sha256.
            way: as `sharing.way_between` found it; where it fails for this file, a copy is made.

        Raises:
            InputError: the file has changed since, or cannot be read.
            OutputError: the disk refused.
        """
        with self._lock:
            if id in self._temps or id in self._files:
                return
            self.added += 1
            if way == "link":
                self._files[id] = file, seen
                return
            try:
                self._temps[id] = self._cloned(file, way)
                _unchanged(file, seen)
            except OSError as error:
                raise refused(file, "added to the store", error) from error

    def _has(self, id: str) -> bool:
        packed = self._pack is not None and id in self._pack[2]
        return packed or id in self._temps or id in self._files or self._objects.has(id)

    def _cloned(self, file: str, way: Way) -> str:
        temp = self._temp()
        if way == "clone":
            try:
                clone(file, temp)
                os.chmod(temp, _READ_ONLY)
                return temp
            except OSError as error:
                if error.errno not in COPY_ERRORS:
                    raise
        copy(file, temp)
        if sys.platform == "win32":
            sync_files([temp])
        os.chmod(temp, _READ_ONLY)
        return temp

    def _packing(self) -> PackWriter:
        if self._pack is None:
            name = self._temp()
            stream = open(name, "xb", buffering=1 << 20)  # closed by _close or _drop
            self._pack = name, stream, PackWriter(stream)
        return self._pack[2]

    def _temp(self) -> str:
        folder = f"{self._objects.root}/tmp"
        if not self._number:
            os.makedirs(folder, exist_ok=True)
        self._number += 1
        return f"{folder}/{self._token}-{self._number}"

    def _close(self) -> None:
        name = None
        if self._pack is not None:
            _, stream, writer = self._pack
            name = writer.finish()
            stream.flush()
            sync_file(stream.fileno())
            stream.close()
        if self._temps or self._files:
            self._sync_contents()
            self._name_contents()
        if self._pack is not None and name is not None:
            self._objects.packs.publish(self._pack[0], name)
        if self.added:
            root = str(self._objects.root)
            self._flush([root, f"{root}/objects", f"{root}/packs", *self._named])

    def _sync_contents(self) -> None:
        self._flush([*self._temps.values(), *(file for file, _ in self._files.values())])

    def _flush(self, names: Sequence[str]) -> None:
        """Files or folders to the disk: a few by themselves, many with all that this file system has to write."""
        if sys.platform == "win32":
            return  # files were flushed when they were written, and names keep by themselves
        if len(names) > _FEW:
            sync_tree(str(self._objects.root))
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(_sync, names):
                pass

    def _name_contents(self) -> None:
        self._named = {os.path.dirname(self._objects.name(id)) for id in (*self._temps, *self._files)}
        for folder in self._named:
            os.makedirs(folder, exist_ok=True)
        for id, temp in self._temps.items():
            os.replace(temp, self._objects.name(id))
        for id, (file, seen) in self._files.items():
            self._link(file, id, seen)

    def _link(self, file: str, id: str, seen: Identity) -> None:
        name = self._objects.name(id)
        try:
            os.link(file, name)
        except FileExistsError:
            if self._objects.is_loose(id):
                return  # another was first, with the same content
            raise InputError(f"{name}: is there and is no content of a store; delete it, and commit again") from None
        except OSError as error:
            if error.errno not in COPY_ERRORS:
                raise
            temp = self._cloned(file, "copy")
            with open(temp, "rb") as stream:
                sync_file(stream.fileno())
            os.replace(temp, name)
        try:
            status = _unchanged(file, seen)
        except InputError:
            os.unlink(name)
            raise
        if status.st_mode & 0o222:
            os.chmod(name, _READ_ONLY)

    def _drop(self) -> None:
        if self._pack is not None:
            with suppress(OSError):  # what it still holds may not fit on the disk
                self._pack[1].close()
        for temp in (*self._temps.values(), *([self._pack[0]] if self._pack else [])):
            with suppress(OSError):
                os.unlink(temp)


def _written(stream: BinaryIO) -> None:
    """Where nothing flushes many files at once, each is flushed."""
    if sys.platform == "win32":
        stream.flush()
        sync_file(stream.fileno())


def _sync(name: str) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def _unchanged(file: str, seen: Identity) -> os.stat_result:
    found = os.stat(file)
    if (found.st_size, found.st_mtime_ns, found.st_ino) != seen:
        raise InputError(f"{file}: changed while it was committed; commit once nothing writes to the dataset")
    return found
