"""`Output` in a folder.

A file is written whole into `.framepress/tmp/` and then hard-linked to its name: the one call of POSIX and Windows that
is atomic and refuses to overwrite. Where the file system has no hard links (FAT, some network shares) the name is
taken by an empty file first, which a crash leaves for `recover`.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import shutil
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from framepress.core.files import open_file
from framepress.errors import InputError, OutputError
from framepress.storage.durable import sync_files, sync_tree
from framepress.storage.lock import FolderLock
from framepress.storage.output import OWN, TEMPORARY, Appender, Lock, Staged, refused
from framepress.storage.paths import checked, safe_join
from framepress.storage.streams import FileAppender, open_stream, write_all

__all__ = ["FolderOutput"]

_PREFIX = "fp-"
_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CREATE = _FLAGS | os.O_EXCL
_APPEND = _FLAGS | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
# What `link` answers where the file system has no hard links, has too many of this file, or lies elsewhere.
_NO_LINK = {
    errno.EPERM,
    errno.EACCES,
    errno.EXDEV,
    errno.EMLINK,
    errno.EINVAL,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
}


class FolderOutput:
    """An `Output` below `root`, which is made, with its parents, when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        self._root = str(self.root)
        self._folders: set[str] = set()  # known to be there and to be no links
        self._names = itertools.count()
        self._session = secrets.token_hex(6)  # a process id is not unique among containers
        self._unsynced: list[str] = []

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
        except BaseException:
            self.discard([staged])
            raise
        self.publish([staged], replace=replace)

    def stage(self, path: str, *content: bytes | memoryview) -> Staged:
        staged, descriptor = self._temp(path)
        try:
            try:
                for piece in content:
                    write_all(descriptor, piece)
            finally:
                os.close(descriptor)
        except OSError as error:
            self.discard([staged])
            raise refused(self._name(path), "written", error) from error
        return staged

    def stage_file(self, path: str) -> tuple[Staged, BinaryIO]:
        staged, descriptor = self._temp(path)
        return staged, open_stream(self._name(path), descriptor)

    def _temp(self, path: str) -> tuple[Staged, int]:
        checked(path, error=OutputError)
        temp = f"{TEMPORARY}{_PREFIX}{self._session}-{next(self._names)}"
        name = self._writable(temp)
        try:
            return Staged(path, temp), os.open(name, _CREATE, 0o666)
        except OSError as error:
            raise refused(self._name(path), "written", error) from error

    def publish(self, staged: Sequence[Staged], *, replace: bool = False) -> None:
        uses = Counter(item.temp for item in staged)
        published: list[str] = []
        try:
            for item in staged:
                uses[item.temp] -= 1
                target = self._writable(item.path)
                try:
                    if replace:
                        os.replace(self._name(item.temp), target)
                    else:
                        _link(self._name(item.temp), target, keep=uses[item.temp] > 0)
                except OSError as error:
                    raise refused(target, "published", error) from error
                published.append(target)
        except BaseException:
            for target in () if replace else published:  # these names were free a moment ago: what they hold is ours
                with suppress(OSError):
                    os.unlink(target)
            self.discard(staged)
            raise
        if not replace:
            self.discard(staged)
        if sys.platform == "win32":
            self._unsynced += published

    def discard(self, staged: Sequence[Staged]) -> None:
        for temp in dict.fromkeys(item.temp for item in staged):
            with suppress(OSError):  # what stays is swept by the next writer
                os.unlink(self._name(temp))

    def append(self, path: str) -> Appender:
        target = self._writable(checked(path, error=OutputError))
        try:
            return FileAppender(target, os.open(target, _APPEND, 0o666))
        except OSError as error:
            raise refused(target, "opened", error) from error

    def read(self, path: str) -> bytes:
        with self.open(path) as stream, _reading(stream.name):
            return stream.read()

    def open(self, path: str) -> BinaryIO:
        return open_file(safe_join(self.root, path))

    def exists(self, path: str) -> bool:
        return os.path.lexists(self._name(checked(path, error=OutputError)))

    def size(self, path: str) -> int:
        name = safe_join(self.root, path)
        with _reading(name):
            return os.stat(name).st_size

    def link(self, source: Path, path: str) -> None:
        target = self._writable(checked(path, error=OutputError))
        real = os.path.realpath(source)
        with open_file(Path(real)) as stream:
            try:
                os.link(real, target)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise refused(target, "linked", error) from error
                with self.file(path) as copy:
                    shutil.copyfileobj(stream, copy, 1 << 20)

    def move(self, source: str, path: str) -> None:
        name = safe_join(self.root, source, error=OutputError)
        target = self._writable(checked(path, error=OutputError))
        try:
            _link(str(name), target, keep=False)
            with suppress(FileNotFoundError):
                os.unlink(name)
        except OSError as error:
            raise refused(name, f"moved to {target}", error) from error

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
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise InputError(f"{self._root}/{folder}: cannot be listed: {error.strerror or error}") from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(f"{folder}{entry.name}/")
            else:
                yield f"{folder}{entry.name}"

    def sync(self) -> None:
        unsynced, self._unsynced = self._unsynced, []
        try:
            sync_files(unsynced)
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

    def _own(self, path: str, doing: str) -> Path:
        if not checked(path, error=OutputError).startswith(OWN):
            raise OutputError(f"{self._name(path)}: is not {doing}: only files in {OWN} may be")
        return safe_join(self.root, path, error=OutputError)

    def _writable(self, path: str) -> str:
        """The file's name on disk, once its folders are there and none of them is a link."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._make(folder)
        return self._name(path)

    def _make(self, folder: str) -> None:
        try:
            os.makedirs(self._root, exist_ok=True)
        except OSError as error:
            raise refused(self._root, "made", error) from error
        made = ""
        for component in folder.split("/") if folder else ():
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
        self._folders.add(folder)


@contextmanager
def _reading(name: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{os.fspath(name)}: cannot be read: {error.strerror or error}") from error


def _link(source: str, target: str, *, keep: bool) -> None:
    """Gives the file `source` the name `target`, whole at once, never over something.

    Args:
        keep: `source` must still be there afterwards.

    Raises:
        OSError: FileExistsError where something has the name.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _take(source, target, keep=keep)


def _take(source: str, target: str, *, keep: bool) -> None:
    """`_link` where there are no hard links: the name is reserved by an empty file, which `source` then replaces."""
    os.close(os.open(target, _CREATE, 0o666))
    try:
        if keep:
            source = shutil.copyfile(source, f"{source}-copy")
        os.replace(source, target)
    except BaseException:
        os.unlink(target)
        raise
