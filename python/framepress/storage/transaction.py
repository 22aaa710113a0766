"""The files of one frame: written by a worker, visible together or not at all, each announced before it is visible.

`.framepress/intents.jsonl` has a line for every frame whose files were about to be published,
{"frame": id, "files": [path, ...]}, and {"withdrawn": id} where they were not. What a crash leaves between publication
and the journal's row is so known to be ours (`recover`).
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from framepress.errors import OutputError
from framepress.storage.output import OWN, Output, Staged
from framepress.storage.paths import checked

__all__ = ["INTENTS", "FileEntry", "FrameTransaction", "Intents"]

INTENTS = f"{OWN}intents.jsonl"
# Below one block of the file system a link saves nothing, and two label files that are one file are a trap: an editor
# that writes in place would change both.
_SHARED_FROM = 4096


class FileEntry(NamedTuple):
    """A published file: path relative to the dataset, bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


class Intents:
    """The log of files about to be published; thread-safe."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._file = output.append(INTENTS)
        self._pending: dict[str, bytes] = {}
        self._guard = threading.Lock()

    def announce(self, frame_id: str, paths: list[str]) -> None:
        """Call before the files become visible."""
        line = _line({"frame": frame_id, "files": paths})
        with self._guard:
            self._file.write(line)
            self._pending[frame_id] = line

    def withdraw(self, frame_id: str) -> None:
        """The frame's files did not become visible: what has their names is not ours."""
        with self._guard:
            self._file.write(_line({"withdrawn": frame_id}))
            self._pending.pop(frame_id, None)

    def settle(self, frame_id: str) -> None:
        """The frame's row is in the journal."""
        with self._guard:
            self._pending.pop(frame_id, None)

    def trim(self) -> None:
        """Forgets settled frames; call after the journal is durable (`Journal.seal`, `Journal.sync`)."""
        with self._guard:
            self._file.close()
            self._output.replace(INTENTS, b"".join(self._pending.values()))
            self._file = self._output.append(INTENTS)

    def close(self) -> None:
        with self._guard:
            self._file.close()


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class FrameTransaction:
    """One frame's files in all editions; used by one thread, beside others with the same `intents`.

    Equal content in several editions (an image) is written once and hard-linked.
    """

    def __init__(self, output: Output, intents: Intents, frame_id: str) -> None:
        self._output = output
        self._intents = intents
        self._frame_id = frame_id
        self._staged: dict[str, Staged] = {}
        self._entries: dict[str, list[FileEntry]] = {}
        # id -> (the object itself, so that its id stays taken; its entry)
        self._same: dict[int, tuple[bytes, FileEntry]] = {}
        self._equal: dict[tuple[int, str], str] = {}

    def files(self, prefix: str) -> EditionFiles:
        """Where one edition writes this frame; `prefix` is its folder, "" or "coco/"."""
        self._entries.setdefault(prefix, [])
        return EditionFiles(self, prefix)

    def publish(self) -> dict[str, list[FileEntry]]:
        """Makes all files visible; prefix -> its files in the order in which they were put.

        Raises:
            OutputError: a file of that name exists, or the disk refused; then none of this frame's files is visible.
        """
        paths = list(self._staged)
        for path in paths:
            if self._output.exists(path):
                self.discard()
                raise OutputError(
                    f"frame {self._frame_id}: {path} exists already and is not overwritten: another frame or view has "
                    "the same name, or the file is not of this dataset; rename the frame, or move the file away"
                )
        self._intents.announce(self._frame_id, paths)
        try:
            self._output.publish(list(self._staged.values()))
        except OutputError as error:
            self._intents.withdraw(self._frame_id)
            raise OutputError(f"frame {self._frame_id}: {error}") from error
        self._same.clear()
        return self._entries

    def discard(self) -> None:
        """Drops what was written."""
        self._output.discard(list(self._staged.values()))
        self._staged.clear()
        self._same.clear()

    def _put(self, prefix: str, path: str, content: bytes) -> None:
        full = self._free(prefix + path)
        known = self._same.get(id(content))
        entry = known[1] if known else FileEntry(full, len(content), hashlib.sha256(content).hexdigest())
        twin = self._equal.get((entry.size, entry.sha256)) if entry.size >= _SHARED_FROM else None
        self._staged[full] = self._staged[twin].at(full) if twin else self._output.stage(full, content)
        self._same[id(content)] = (content, entry)
        self._add(prefix, entry._replace(path=full))

    @contextmanager
    def _file(self, prefix: str, path: str) -> Iterator[BinaryIO]:
        full = self._free(prefix + path)
        staged, raw = self._output.stage_file(full)
        stream = HashingStream(raw)
        try:
            with raw:
                yield stream
        except BaseException:
            self._output.discard([staged])
            raise
        self._staged[full] = staged
        self._add(prefix, FileEntry(full, stream.size, stream.sha256()))

    def _add(self, prefix: str, entry: FileEntry) -> None:
        self._equal.setdefault((entry.size, entry.sha256), entry.path)
        self._entries[prefix].append(entry)

    def _free(self, path: str) -> str:
        if checked(path, error=OutputError) in self._staged:
            raise OutputError(
                f"frame {self._frame_id}: {path} is written twice; each view and edition needs its own name"
            )
        return path


class EditionFiles:
    """`framepress.formats.base.Files` for one edition of one frame."""

    def __init__(self, transaction: FrameTransaction, prefix: str) -> None:
        self._transaction = transaction
        self._prefix = prefix

    def put(self, path: str, content: bytes) -> None:
        self._transaction._put(self._prefix, path, content)

    def file(self, path: str) -> Any:
        return self._transaction._file(self._prefix, path)


class HashingStream(io.BufferedIOBase):
    """Passes on what is written and hashes it; hence it cannot seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._stream.write(content)
        self._hash.update(content)
        self.size += memoryview(content).nbytes
        return memoryview(content).nbytes

    def sha256(self) -> str:
        return self._hash.hexdigest()
