"""The files of one frame: written by a worker, visible together or not at all, each announced before it is visible.

`.framepress/intents.jsonl` has a line for every frame whose files were about to be published,
{"frame": id, "files": [path, ...]}, and {"withdrawn": id} where they were not. What a crash leaves between publication
and the journal's row is so known to be ours (`recover`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, BinaryIO, cast

from framepress.errors import OutputError
from framepress.storage.output import OWN, Content, Output, Staged
from framepress.storage.paths import checked
from framepress.storage.streams import FileEntry, hashed_file

__all__ = ["INTENTS", "EditionFiles", "FileEntry", "FrameTransaction", "Intents", "check_free"]

INTENTS = f"{OWN}intents.jsonl"
# Below one block of the file system a link saves nothing, and two label files that are one file are a trap: an editor
# that writes in place would change both.
_SHARED_FROM = 4096


class Intents:
    """The log of files about to be published; thread-safe. On reopening a dataset `recover` comes first."""

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
            self._pending.pop(frame_id, None)
            with suppress(OutputError):  # on a full disk, where the error that led here says it already
                self._file.write(_line({"withdrawn": frame_id}))

    def settle(self, frame_id: str) -> None:
        """The frame's row is in the journal."""
        with self._guard:
            self._pending.pop(frame_id, None)

    def trim(self) -> None:
        """Forgets settled frames; call when the journal is durable: after `Journal.seal` or as its `on_seal`."""
        with self._guard:
            self._file.close()
            try:
                self._output.replace(INTENTS, b"".join(self._pending.values()))
            finally:
                self._file = self._output.append(INTENTS)

    def close(self) -> None:
        with self._guard:
            self._file.close()


def check_free(output: Output, paths: Iterable[str]) -> None:
    """Call before a frame's files are announced: a crash must not make files of others look like ours.

    Raises:
        OutputError: a path is taken.
    """
    for path in paths:
        if output.exists(path):
            raise OutputError(
                f"{path} exists already and is not overwritten: another frame or view has the same name, or the "
                "file does not belong to this dataset; rename the frame, or move the file away"
            )


def _entry(path: str, pieces: Iterable[bytes | memoryview]) -> FileEntry:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return FileEntry(path, size, digest.hexdigest())


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class FrameTransaction:
    """One frame's files in all editions; used by one thread, beside others with the same `intents`.

    Equal content in several editions (an image) is written once and hard-linked. As a context manager it discards
    what was not published.
    """

    def __init__(self, output: Output, intents: Intents, frame_id: str) -> None:
        self._output = output
        self._intents = intents
        self._frame_id = frame_id
        self._staged: dict[str, Staged] = {}
        self._entries: dict[str, list[FileEntry]] = {}
        # id -> (the object, held so that no other gets its id; its entry)
        self._same: dict[int, tuple[bytes, FileEntry]] = {}
        self._equal: dict[tuple[int, str], Staged] = {}

    def __enter__(self) -> FrameTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def files(self, prefix: str) -> EditionFiles:
        """Where one edition writes this frame; `prefix` is its folder, "" or "coco/"."""
        self._entries.setdefault(prefix, [])
        return EditionFiles(self, prefix)

    def entries(self, prefix: str) -> list[FileEntry]:
        """What one edition has written, in the order in which it was put."""
        return self._entries[prefix]

    def publish(self) -> dict[str, list[FileEntry]]:
        """Makes all files visible; prefix -> its files in the order in which they were put.

        Raises:
            OutputError: a file of that name exists, or the disk refused; then none of this frame's files is visible.
        """
        try:
            check_free(self._output, self._staged)
            self._intents.announce(self._frame_id, list(self._staged))
            try:
                self._output.publish(list(self._staged.values()))
            except OutputError:
                self._intents.withdraw(self._frame_id)
                raise
        except OutputError as error:
            self.discard()
            raise OutputError(f"frame {self._frame_id}: {error}") from error
        self._staged.clear()
        self.forget()
        return self._entries

    def discard(self) -> None:
        """Drops what was written and not published."""
        self._output.discard(list(self._staged.values()))
        self._staged.clear()
        self.forget()

    def forget(self) -> None:
        """Lets go of the contents by which it finds equal ones: for a frame that has all its files, and waits."""
        self._same.clear()
        self._equal.clear()

    def _put(self, prefix: str, path: str, content: Content) -> str:
        full = self._free(prefix + path)
        seen = self._same.get(id(content))
        pieces = (content,) if isinstance(content, bytes) else content
        entry = seen[1] if seen else _entry(full, pieces)
        twin = self._equal.get((entry.size, entry.sha256))
        self._staged[full] = staged = twin.at(full) if twin else self._output.stage(full, *pieces)
        self._entries[prefix].append(entry._replace(path=full))
        if entry.size >= _SHARED_FROM and type(content) is bytes:
            self._same[id(content)] = (content, entry)
            self._equal[entry.size, entry.sha256] = staged
        return entry.sha256

    @contextmanager
    def _file(self, prefix: str, path: str) -> Iterator[BinaryIO]:
        full = self._free(prefix + path)
        with hashed_file(self._output, full) as stream:
            yield cast(BinaryIO, stream)
        self._staged[full] = stream.staged
        self._entries[prefix].append(stream.entry)

    def _free(self, path: str) -> str:
        if checked(path, error=OutputError) in self._staged:
            raise OutputError(f"frame {self._frame_id}: {path} is written twice; each view needs a name of its own")
        return path


class EditionFiles:
    """`framepress.formats.base.Files` for one edition of one frame."""

    def __init__(self, transaction: FrameTransaction, prefix: str) -> None:
        self._transaction = transaction
        self._prefix = prefix

    def put(self, path: str, content: Content) -> str:
        return self._transaction._put(self._prefix, path, content)

    def file(self, path: str) -> AbstractContextManager[BinaryIO]:
        return self._transaction._file(self._prefix, path)
