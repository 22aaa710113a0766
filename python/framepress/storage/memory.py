"""`Output` in memory: the peer of the folder, for tests, previews and targets that are sent elsewhere."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from framepress.errors import InputError, OutputError
from framepress.storage.output import OWN, TEMPORARY, Appender, Lock, Staged
from framepress.storage.paths import checked

__all__ = ["MemoryOutput"]


class MemoryOutput:
    """An `Output` whose files are `files`: path -> content."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._folders: set[str] = set()
        self._staged: dict[str, bytes] = {}
        self._names = itertools.count()
        self._guard = threading.RLock()
        self._held = False

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

    def stage(self, path: str, content: bytes) -> Staged:
        staged = self._temp(path)
        self._staged[staged.temp] = bytes(content)
        return staged

    def stage_file(self, path: str) -> tuple[Staged, BinaryIO]:
        staged = self._temp(path)
        return staged, _StagedStream(self._staged, staged.temp)

    def _temp(self, path: str) -> Staged:
        return Staged(checked(path, error=OutputError), f"{TEMPORARY}{next(self._names)}")

    def publish(self, staged: Sequence[Staged], *, replace: bool = False) -> None:
        with self._guard:
            published: list[str] = []
            try:
                for item in staged:
                    self._place(item.path, self._staged[item.temp], replace=replace)
                    published.append(item.path)
            except OutputError:
                if not replace:
                    for path in published:
                        del self.files[path]
                raise
            finally:
                self.discard(staged)

    def _place(self, path: str, content: bytes, *, replace: bool = False) -> None:
        if path in self._folders or (path in self.files and not replace):
            raise OutputError(f"{path}: exists already and is not overwritten; choose another target or frame id")
        folder = path.rpartition("/")[0]
        while folder and folder not in self._folders:
            if folder in self.files:
                raise OutputError(f"{path}: {folder} is a file where a folder is needed; move it away")
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]
        self.files[path] = content

    def discard(self, staged: Sequence[Staged]) -> None:
        for item in staged:
            self._staged.pop(item.temp, None)

    def append(self, path: str) -> Appender:
        with self._guard:
            if checked(path, error=OutputError) not in self.files:
                self._place(path, b"")
        return _MemoryAppender(self, path)

    def read(self, path: str) -> bytes:
        try:
            return self.files[path]
        except KeyError:
            raise InputError(f"{path}: cannot be read: No such file or directory") from None

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self.read(path))

    def exists(self, path: str) -> bool:
        return path in self.files or path in self._folders

    def size(self, path: str) -> int:
        return len(self.read(path))

    def link(self, source: Path, path: str) -> None:
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"{source}: cannot be read: {error.strerror or error}") from error
        self.put(path, content)

    def move(self, source: str, path: str) -> None:
        with self._guard:
            self._place(checked(path, error=OutputError), self.read(source))
            del self.files[source]

    def remove(self, path: str) -> None:
        with self._guard:
            self.files.pop(self._own(path, "removed"), None)

    def truncate(self, path: str, size: int) -> None:
        with self._guard:
            self.files[self._own(path, "truncated")] = self.read(path)[:size]

    def _own(self, path: str, doing: str) -> str:
        if not checked(path, error=OutputError).startswith(OWN):
            raise OutputError(f"{path}: is not {doing}: only files in {OWN} may be")
        return path

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = f"{checked(prefix)}/" if prefix else ""
        found = [path for path in list(self.files) if path.startswith(folder) and (folder or not path.startswith(OWN))]
        yield from sorted(found, key=lambda path: path.split("/"))

    def sync(self) -> None:
        """Nothing outlives the process."""

    def sweep(self) -> int:
        with self._guard:
            swept = len(self._staged)
            self._staged.clear()
            return swept

    def lock(self) -> Lock:
        with self._guard:
            if self._held:
                raise OutputError("this process is writing this dataset already; wait for it, or use another output")
            self._held = True
        return _MemoryLock(self)


class _MemoryLock:
    def __init__(self, output: MemoryOutput) -> None:
        self._output = output

    def release(self) -> None:
        self._output._held = False


class _StagedStream(io.BytesIO):
    def __init__(self, staged: dict[str, bytes], temp: str) -> None:
        super().__init__()
        self._staged = staged
        self._temp = temp

    def close(self) -> None:
        if not self.closed:
            self._staged[self._temp] = self.getvalue()
        super().close()


class _MemoryAppender:
    def __init__(self, output: MemoryOutput, path: str) -> None:
        self._output = output
        self._path = path

    @property
    def size(self) -> int:
        return len(self._output.files[self._path])

    def write(self, content: bytes) -> None:
        self._output.files[self._path] += content

    def sync(self) -> None:
        """Nothing outlives the process."""

    def close(self) -> None:
        """Nothing is held open."""
