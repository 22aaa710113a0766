"""`Output` in a folder.

A file is written whole into `.framepress/tmp/` and then hard-linked to its name: the one call that every POSIX system
has which is atomic and refuses to overwrite. Windows' rename refuses too; where neither works (FAT, some network file
systems) the name is taken by an empty file first, which a crash leaves to `recover`.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from framepress.errors import InputError, OutputError
from framepress.storage.durable import sync_file, sync_tree
from framepress.storage.lock import FolderLock
from framepress.storage.output import OWN, TEMPORARY, Appender, Lock, Staged, refused
from framepress.storage.paths import checked

__all__ = ["FolderOutput"]

_PREFIX = "fp-"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_APPEND = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
# What `link` answers where the file system has no hard links, has too many of this file, or lies elsewhere.
_NO_LINK = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES}


class FolderOutput:
    """An `Output` below `root`, which is made with its parents if it is not there."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._root = os.path.abspath(root)
        self._folders = {""}
        self._names = itertools.count()
        self._session = secrets.token_hex(6)
        self._links = True
        try:
            os.makedirs(self._root, exist_ok=True)
        except OSError as error:
            raise refused(self._root, "made", error) from error

    def __repr__(self) -> str:
        return f"FolderOutput({self._root!r})"

    def put(self, path: str, content: bytes) -> None:
        self.publish([self.stage(path, content)])

    def replace(self, path: str, content: bytes) -> None:
        self.publish([self.stage(path, content)], replace=True)

    @contextmanager
    def file(self, path: str, *, replace: bool = False) -> Iterator[BinaryIO]:
        staged, stream = self.stage_file(path)
        try:
            with stream:
                yield stream
        except OSError as error:
            self.discard([staged])
            raise refused(self._name(path), "written", error) from error
        except BaseException:
            self.discard([staged])
            raise
        self.publish([staged], replace=replace)

    def stage(self, path: str, content: bytes) -> Staged:
        staged, descriptor = self._temp(path)
        try:
            try:
                _write_all(descriptor, content)
            finally:
                os.close(descriptor)
        except OSError as error:
            self.discard([staged])
            raise refused(self._name(path), "written", error) from error
        return staged

    def stage_file(self, path: str) -> tuple[Staged, BinaryIO]:
        staged, descriptor = self._temp(path)
        return staged, os.fdopen(descriptor, "wb")

    def _temp(self, path: str) -> tuple[Staged, int]:
        checked(path, error=OutputError)
        temp = f"{TEMPORARY}{_PREFIX}{self._session}-{next(self._names)}"
        name = self._writable(temp)
        try:
            return Staged(path, temp), os.open(name, _CREATE, 0o666)
        except OSError as error:
            raise refused(self._name(path), "written", error) from error

    def publish(self, staged: Sequence[Staged], *, replace: bool = False) -> None:
        published: list[str] = []
        try:
            for item in staged:
                target = self._writable(item.path)
                try:
                    if replace:
                        os.replace(self._name(item.temp), target)
                    else:
                        self._link(self._name(item.temp), target)
                except OSError as error:
                    raise refused(target, "published", error) from error
                published.append(target)
        except BaseException:
            if not replace:  # these names were free a moment ago, so what they hold is ours
                for target in published:
                    os.unlink(target)
            self.discard(staged)
            raise
        if not replace:
            self.discard(staged)

    def discard(self, staged: Sequence[Staged]) -> None:
        for temp in dict.fromkeys(item.temp for item in staged):
            with suppress(OSError):  # what stays is swept by the next writer
                os.unlink(self._name(temp))

    def append(self, path: str) -> Appender:
        target = self._writable(path)
        try:
            return _FileAppender(target, os.open(target, _APPEND, 0o666))
        except OSError as error:
            raise refused(target, "opened", error) from error

    def read(self, path: str) -> bytes:
        with self.open(path) as stream:
            try:
                return stream.read()
            except OSError as error:
                raise InputError(f"{self._name(path)}: cannot be read: {error.strerror or error}") from error

    def open(self, path: str) -> BinaryIO:
        try:
            return open(self._name(path), "rb")
        except OSError as error:
            raise InputError(f"{self._name(path)}: cannot be read: {error.strerror or error}") from error

    def exists(self, path: str) -> bool:
        return os.path.lexists(self._name(path))

    def size(self, path: str) -> int:
        try:
            return os.stat(self._name(path)).st_size
        except OSError as error:
            raise InputError(f"{self._name(path)}: cannot be read: {error.strerror or error}") from error

    def link(self, source: Path, path: str) -> None:
        target = self._writable(checked(path, error=OutputError))
        real = os.path.realpath(source)
        try:
            os.link(real, target)
            return
        except FileNotFoundError as error:
            raise InputError(f"{source}: cannot be read: {error.strerror}") from error
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise refused(target, "linked", error) from error
        try:
            stream = open(real, "rb")
        except OSError as error:
            raise InputError(f"{source}: cannot be read: {error.strerror or error}") from error
        with stream, self.file(path) as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)

    def move(self, source: str, path: str) -> None:
        target = self._writable(checked(path, error=OutputError))
        try:
            self._link(self._name(source), target)
            if os.path.lexists(self._name(source)):
                os.unlink(self._name(source))
        except OSError as error:
            raise refused(target, "moved", error) from error

    def remove(self, path: str) -> None:
        try:
            os.unlink(self._own(path, "removed"))
        except FileNotFoundError:
            return
        except OSError as error:
            raise refused(self._name(path), "removed", error) from error

    def truncate(self, path: str, size: int) -> None:
        try:
            os.truncate(self._own(path, "truncated"), size)
        except OSError as error:
            raise refused(self._name(path), "truncated", error) from error

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = f"{checked(prefix)}/" if prefix else ""
        for path in self._walk(folder):
            if folder or not path.startswith(OWN):
                yield path

    def _walk(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(f"{self._root}/{folder}") as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{self._root}/{folder}: cannot be listed: {error.strerror or error}") from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(f"{folder}{entry.name}/")
            else:
                yield f"{folder}{entry.name}"

    def sync(self) -> None:
        try:
            sync_tree(self._root)
        except OSError as error:
            raise refused(self._root, "made durable", error) from error

    def sweep(self) -> int:
        swept = 0
        for path in self.list(TEMPORARY.rstrip("/")):
            if path.startswith(TEMPORARY + _PREFIX):
                self.remove(path)
                swept += 1
        return swept

    def lock(self) -> Lock:
        return FolderLock(self._writable(f"{OWN}lock"))

    def _name(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _own(self, path: str, doing: str) -> str:
        if not checked(path, error=OutputError).startswith(OWN):
            raise OutputError(f"{self._name(path)}: is not {doing}: only files in {OWN} may be")
        return self._name(path)

    def _writable(self, path: str) -> str:
        """The file's name on disk, once its folders are there and none of them is a link."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._make(folder)
        return self._name(path)

    def _make(self, folder: str) -> None:
        made = ""
        for component in folder.split("/"):
            made = f"{made}/{component}" if made else component
            name = self._name(made)
            try:
                os.mkdir(name)
            except FileExistsError:
                mode = os.lstat(name).st_mode
                if not stat.S_ISDIR(mode):
                    what = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
                    raise OutputError(f"{name}: is {what} where a folder is needed; move it away") from None
            except OSError as error:
                raise refused(name, "made", error) from error
            self._folders.add(made)

    def _link(self, source: str, target: str) -> None:
        """Gives `source` the name `target`, atomically, never over something; `source` may be gone afterwards."""
        if self._links:
            try:
                os.link(source, target)
                return
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
        _take(source, target)


def _take(source: str, target: str) -> None:
    """Without hard links: the name is reserved by an empty file, which a copy of `source` then replaces."""
    os.close(os.open(target, _CREATE, 0o666))
    try:
        shutil.copyfile(source, f"{source}~")
        os.replace(f"{source}~", target)
    except BaseException:
        os.unlink(target)
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    """All of `content`; one call but where the system takes less (a full disk, more than 2 GB)."""
    written = os.write(descriptor, content)
    if written < len(content):
        rest = memoryview(content)[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


class _FileAppender:
    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def write(self, content: bytes) -> None:
        try:
            _write_all(self._descriptor, content)
        except OSError as error:
            with suppress(OSError):  # the first error says more
                os.ftruncate(self._descriptor, self.size)
            raise refused(self._name, "written", error) from error
        self.size += len(content)

    def sync(self) -> None:
        try:
            sync_file(self._descriptor)
        except OSError as error:
            raise refused(self._name, "made durable", error) from error

    def close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.close(descriptor)
            except OSError as error:  # network file systems report a failed write here
                raise refused(self._name, "closed", error) from error
