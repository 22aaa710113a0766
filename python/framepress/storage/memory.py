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
    """An `Output` that lives as long as the object."""

    def __init__(self) -> None:
        self._files: dict[str, bytes | bytearray] = {}
        self._folders: set[str] = set()
        self._staged: dict[str, bytes] = {}
        self._names = itertools.count()
        self._guard = threading.RLock()
        self._held = False

    @property
    def files(self) -> dict[str, bytes]:
        """A copy: path -> content, `.framepress/` included."""
        with self._guard:
            return {path: bytes(content) for path, content in sorted(self._files.items())}

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
        staged = self._temp(path)
        self._staged[staged.temp] = b"".join(content)
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
                        del self._files[path]
                raise
            finally:
                self.discard(staged)

    def _place(self, path: str, content: bytes | bytearray, *, replace: bool = False) -> None:
        if path in self._folders or (path in self._files and not replace):
            raise OutputError(f"{path}: exists already and is not overwritten; choose another target or frame id")
        folders = [path[:end] for end, char in enumerate(path) if char == "/"]
        for folder in folders:
            if folder in self._files:
                raise OutputError(f"{path}: {folder} is a file where a folder is needed; move it away")
        self._folders.update(folders)
        self._files[path] = content

    def discard(self, staged: Sequence[Staged]) -> None:
        for item in staged:
            self._staged.pop(item.temp, None)

    def append(self, path: str) -> Appender:
        with self._guard:
            if checked(path, error=OutputError) not in self._files:
                self._place(path, bytearray())
            elif isinstance(self._files[path], bytes):
                self._files[path] = bytearray(self._files[path])
            content = self._files[path]
        assert isinstance(content, bytearray)
        return _MemoryAppender(content)

    def read(self, path: str) -> bytes:
        try:
            return bytes(self._files[checked(path)])
        except KeyError:
            raise InputError(f"{path}: cannot be read: there is no such file") from None

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self.read(path))

    def exists(self, path: str) -> bool:
        return checked(path, error=OutputError) in self._files or path in self._folders

    def size(self, path: str) -> int:
        try:
            return len(self._files[checked(path)])
        except KeyError:
            raise InputError(f"{path}: cannot be read: there is no such file") from None

    def link(self, source: Path, path: str) -> None:
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"{source}: cannot be read: {error.strerror or error}") from error
        self.put(path, content)

    def move(self, source: str, path: str) -> None:
        with self._guard:
            if checked(source, error=OutputError) not in self._files:
                raise OutputError(f"{source}: cannot be moved: there is no such file")
            self._place(checked(path, error=OutputError), self._files[source])
            del self._files[source]

    def remove(self, path: str) -> None:
        with self._guard:
            self._files.pop(self._own(path, "removed"), None)

    def truncate(self, path: str, size: int) -> None:
        with self._guard:
            if self._own(path, "truncated") not in self._files:
                raise OutputError(f"{path}: cannot be truncated: there is no such file")
            self._files[path] = self._files[path][:size]

    def _own(self, path: str, doing: str) -> str:
        if not checked(path, error=OutputError).startswith(OWN):
            raise OutputError(f"{path}: is not {doing}: only files in {OWN} may be")
        return path

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = f"{checked(prefix)}/" if prefix else ""
        with self._guard:
            found = [path for path in self._files if path.startswith(folder) and (folder or not path.startswith(OWN))]
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
        self._output: MemoryOutput | None = output

    def release(self) -> None:
        if self._output is not None:
            self._output._held = False
            self._output = None


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
    def __init__(self, content: bytearray) -> None:
        self._content = content

    @property
    def size(self) -> int:
        return len(self._content)

    def write(self, content: bytes) -> None:
        self._content += content

    def sync(self) -> None:
        """Nothing outlives the process."""

    def close(self) -> None:
        """Nothing is held open."""
