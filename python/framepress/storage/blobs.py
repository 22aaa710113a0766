"""`Output` over a store that only takes whole blobs by name and gives them back: S3 behind a Replicator backend.

Such a store cannot be listed, appended to or deleted from. So files are made in a local scratch folder, each is sent
when it becomes visible, and what grows (`.framepress/`) stays in scratch: the journal's segments are sent as they are
sealed, the ledger and what a run that failed has not sealed when the lock is let go. The intents log, which only serves
a crash of this process, is never sent.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from framepress.errors import InputError, OutputError
from framepress.storage.absence import is_absent
from framepress.storage.folder import FolderOutput
from framepress.storage.ledger import LEDGER
from framepress.storage.output import OWN, Appender, Lock, Staged
from framepress.storage.paths import checked
from framepress.storage.segments import JOURNAL
from framepress.storage.transaction import INTENTS

__all__ = ["BlobOutput", "BlobStore"]

_DESCRIPTION = f"{OWN}dataset.json"


class BlobStore(Protocol):
    """Both return when it is done, and raise where it cannot be; `absence` knows which errors say "not there"."""

    def write_blob(self, path: str, data: bytes) -> object: ...

    def read_blob(self, path: str) -> bytes: ...


class BlobOutput:
    """An `Output` that lives as long as the object: another process cannot go on with its dataset, for nothing there
    could keep two of them apart.

    Args:
        store: paths are relative to its root.
        name: what messages call it.
    """

    def __init__(self, store: BlobStore, name: str) -> None:
        self._store, self._name = store, name
        folder = tempfile.mkdtemp(prefix="framepress-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._scratch = FolderOutput(Path(folder))
        self._sizes: dict[str, int] = {}  # of what was sent and is visible, outside of `.framepress/`
        self._folders: set[str] = set()
        self._sending: set[str] = set()
        self._guard = threading.RLock()
        self._held = False

    def __repr__(self) -> str:
        return f"BlobOutput({self._name})"

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
        return self._scratch.stage(path, *content)

    def stage_file(self, path: str) -> tuple[Staged, BinaryIO]:
        return self._scratch.stage_file(path)

    def publish(self, staged: Sequence[Staged], *, replace: bool = False) -> None:
        own = [item for item in staged if item.path.startswith(OWN)]
        others = [item for item in staged if not item.path.startswith(OWN)]
        reserved: list[str] = []
        try:
            with self._guard:
                for item in others:
                    self._check_free(item.path, replace=replace)
                    self._sending.add(item.path)
                    reserved.append(item.path)
            for item in others:  # what a failure leaves here has no row in the journal, and is sent anew by a next try
                self._send(item.path, self._scratch.read(item.temp))
            with self._guard:
                for item in others:
                    self._sizes[item.path] = self._scratch.size(item.temp)
                    self._folders.update(_folders_of(item.path))
        finally:
            with self._guard:
                self._sending.difference_update(reserved)
            self.discard(others)
        self._scratch.publish(own, replace=replace)
        for item in own:
            if item.path != INTENTS:
                self._send(item.path, self._scratch.read(item.path))

    def _check_free(self, path: str, *, replace: bool) -> None:
        taken = path in self._folders or path in self._sending or (path in self._sizes and not replace)
        if taken:
            raise OutputError(
                f"{self._name}: {path} exists already and is not overwritten; choose another target or id"
            )
        for folder in _folders_of(path):
            if folder in self._sizes:
                raise OutputError(f"{self._name}: {path}: {folder} is a file where a folder is needed; move it away")

    def discard(self, staged: Sequence[Staged]) -> None:
        self._scratch.discard(staged)

    def append(self, path: str) -> Appender:
        return self._scratch.append(self._own(path, "appended to"))

    def read(self, path: str) -> bytes:
        if checked(path).startswith(OWN) and self._scratch.exists(path):
            return self._scratch.read(path)
        return self._fetch(path)

    def open(self, path: str) -> BinaryIO:
        if checked(path).startswith(OWN) and self._scratch.exists(path):
            return self._scratch.open(path)
        return io.BytesIO(self._fetch(path))

    def exists(self, path: str) -> bool:
        """Of what this object has written; of a dataset that was there before, its description alone can be seen."""
        if checked(path, error=OutputError).startswith(OWN):
            return self._scratch.exists(path) or (path == _DESCRIPTION and self._is_taken())
        return path in self._sizes or path in self._folders

    def size(self, path: str) -> int:
        if checked(path).startswith(OWN):
            return self._scratch.size(path)
        if path not in self._sizes:
            raise InputError(f"{self._name}: {path}: cannot be read: there is no such file")
        return self._sizes[path]

    def link(self, source: Path, path: str) -> None:
        try:
            with open(source, "rb") as stream, self.file(path) as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
        except OSError as error:
            raise InputError(f"{source}: cannot be read: {error.strerror or error}") from error

    def move(self, source: str, path: str) -> None:
        self._scratch.move(self._own(source, "moved"), self._own(path, "moved"))

    def remove(self, path: str) -> None:
        self._scratch.remove(path)

    def truncate(self, path: str, size: int) -> None:
        self._scratch.truncate(path, size)

    def list(self, prefix: str = "") -> Iterator[str]:
        if prefix and f"{checked(prefix)}/".startswith(OWN):
            yield from self._scratch.list(prefix)
            return
        folder = f"{prefix}/" if prefix else ""
        with self._guard:
            found = [path for path in self._sizes if path.startswith(folder)]
        yield from sorted(found, key=lambda path: path.split("/"))

    def sync(self) -> None:
        """What is sent is the store's to keep."""

    def sweep(self) -> int:
        return self._scratch.sweep()

    def lock(self) -> Lock:
        with self._guard:
            if self._held:
                raise OutputError(f"{self._name}: this process is writing this dataset already; wait for it")
            if not self._scratch.exists(_DESCRIPTION) and self._is_taken():
                raise OutputError(
                    f"{self._name}: holds a dataset of another run, which cannot be gone on with through a backend: it "
                    "has no lock, so that nothing tells whether that run still writes; choose another prefix, and "
                    "merge the two once they are in folders"
                )
            self._held = True
        return _Held(self)

    def _let_go(self) -> None:
        self._held = False
        growing = [path for path in self._scratch.list(JOURNAL.rstrip("/")) if path.endswith(".jsonl")]
        for path in (*growing, LEDGER):  # a run that ends in order has sealed its journal
            if self._scratch.exists(path):
                self._send(path, self._scratch.read(path))

    def _is_taken(self) -> bool:
        """Raises: OutputError: the store does not tell; what it holds could be overwritten."""
        try:
            found: object = self._store.read_blob(_DESCRIPTION)
        except Exception as error:  # each store has errors of its own
            if is_absent(error, _DESCRIPTION):
                return False
            raise self._untold(f"{type(error).__name__}: {error}") from error
        if isinstance(found, bytes | bytearray | memoryview):
            return True
        raise self._untold(f"read_blob gave {found!r}, and no error")

    def _untold(self, answer: str) -> OutputError:
        return OutputError(
            f"{self._name}: {_DESCRIPTION}: cannot be read ({answer}), so that a dataset which is there would be "
            "overwritten unseen; let the backend read and list what is below its prefix, or write to a disk and copy"
        )

    def _own(self, path: str, doing: str) -> str:
        if not checked(path, error=OutputError).startswith(OWN):
            raise OutputError(f"{self._name}: {path} cannot be {doing}: a backend only takes and gives whole files")
        return path

    def _send(self, path: str, content: bytes) -> None:
        try:
            self._store.write_blob(path, content)
        except Exception as error:  # each store has errors of its own
            raise OutputError(
                f"{self._name}: {path}: cannot be written: {type(error).__name__}: {error}; check the backend"
            ) from error

    def _fetch(self, path: str) -> bytes:
        try:
            return self._store.read_blob(path)
        except Exception as error:  # as in _send
            raise InputError(f"{self._name}: {path}: cannot be read: {type(error).__name__}: {error}") from error


def _folders_of(path: str) -> list[str]:
    return [path[:end] for end, char in enumerate(path) if char == "/"]


class _Held:
    def __init__(self, output: BlobOutput) -> None:
        self._output: BlobOutput | None = output

    def release(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output._let_go()
