"""The files that `finish` makes: one set for the whole dataset, made again each time, never over the user's own.

`.framepress/finished.json`, {path: [size, sha256]}, names them before they become visible. Only those may be replaced;
one whose content is neither is taken for edited by hand and moved to `.framepress/orphans/` first. Frames announce
theirs in the intents log instead: a crash there leaves files that nobody will write again, here `finish` just runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from framepress.errors import JournalError, OutputError
from framepress.storage.output import ORPHANS, OWN, Output, Staged
from framepress.storage.paths import checked
from framepress.storage.transaction import FileEntry, HashingStream

__all__ = ["FINISHED", "FinishFiles", "finished", "orphan"]

FINISHED = f"{OWN}finished.json"


class FinishFiles:
    """`framepress.formats.base.Files` for one edition's `finish`; nothing is visible before `publish`."""

    def __init__(self, output: Output, prefix: str) -> None:
        self._output = output
        self._prefix = prefix
        self._staged: dict[str, tuple[Staged, FileEntry]] = {}

    def put(self, path: str, content: bytes) -> None:
        full = self._free(path)
        entry = FileEntry(full, len(content), hashlib.sha256(content).hexdigest())
        self._staged[full] = (self._output.stage(full, content), entry)

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        full = self._free(path)
        staged, raw = self._output.stage_file(full)
        stream = HashingStream(raw)
        try:
            with raw:
                yield stream
        except BaseException:
            self._output.discard([staged])
            raise
        self._staged[full] = (staged, FileEntry(full, stream.size, stream.sha256()))

    def publish(self) -> list[FileEntry]:
        """Makes the files visible; those that an earlier `finish` of this edition made and this one did not go to
        `.framepress/orphans/`.

        Raises:
            OutputError: a file of that name exists which `finish` did not make; nothing is replaced then.
        """
        before = finished(self._output)
        for path in self._staged:
            if path not in before and self._output.exists(path):
                self.discard()
                raise OutputError(f"{path}: exists already and was not made by finish; move it away and finish again")
        kept = {path: row for path, row in before.items() if not path.startswith(self._prefix)}
        after = kept | {path: [entry.size, entry.sha256] for path, (_, entry) in self._staged.items()}
        self._record(before | after)
        for path, row in before.items():
            if self._output.exists(path) and path not in kept:
                if path not in self._staged or _row(self._output, path) not in (row, after[path]):
                    orphan(self._output, path)
        for staged, _ in self._staged.values():
            self._output.publish([staged], replace=True)
        self._record(after)
        return [entry for _, entry in self._staged.values()]

    def discard(self) -> None:
        """Drops what was written."""
        self._output.discard([staged for staged, _ in self._staged.values()])
        self._staged.clear()

    def _record(self, rows: dict[str, list[Any]]) -> None:
        content = json.dumps(dict(sorted(rows.items())), ensure_ascii=False, indent=0)
        self._output.replace(FINISHED, content.encode() + b"\n")

    def _free(self, path: str) -> str:
        full = checked(self._prefix + path, error=OutputError)
        if full in self._staged:
            raise OutputError(f"{full} is written twice by finish; each file needs its own name")
        return full


def finished(output: Output) -> dict[str, list[Any]]:
    """What `finish` has made: path -> [size, sha256].

    Raises:
        JournalError: the list is damaged.
    """
    if not output.exists(FINISHED):
        return {}
    try:
        rows: dict[str, list[Any]] = json.loads(output.read(FINISHED))
        return {checked(path): [int(size), str(sha256)] for path, (size, sha256) in rows.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise JournalError(
            f"{FINISHED}: damaged: {error}; move away the files that finish made, and this one"
        ) from error


def orphan(output: Output, path: str) -> str:
    """Moves a file to `.framepress/orphans/`, with a number where the name is taken there; where it went."""
    target = ORPHANS + path
    number = 1
    while output.exists(target):
        number += 1
        target = f"{ORPHANS}{path}~{number}"
    output.move(path, target)
    return target


def _row(output: Output, path: str) -> list[Any]:
    digest = hashlib.sha256()
    with output.open(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return [output.size(path), digest.hexdigest()]
