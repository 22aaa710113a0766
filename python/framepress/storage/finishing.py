"""The files that `finish` makes: one set for the whole dataset, made again each time, never over the user's own.

`.framepress/finished.json`, {path: [size, sha256]}, names them before they become visible, and only those may be
replaced; one that was edited since is moved to `.framepress/orphans/` first. They are in no intents log: a frame's
files are in nobody's way once they are moved off, while `finish` simply runs again and replaces its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from framepress.errors import JournalError, OutputError
from framepress.storage.output import ORPHANS, OWN, Content, Output, Staged
from framepress.storage.paths import checked
from framepress.storage.streams import FileEntry, hashed_file

__all__ = ["FINISHED", "FinishFiles", "finished", "orphan"]

FINISHED = f"{OWN}finished.json"


class FinishFiles:
    """`framepress.formats.base.Files` for one edition's `finish`; nothing is visible before `publish`.

    Args:
        prefix: the edition's folder, "" or "coco/".
    """

    def __init__(self, output: Output, prefix: str) -> None:
        self._output = output
        self._prefix = prefix
        self._staged: dict[str, Staged] = {}
        self._entries: dict[str, FileEntry] = {}

    def put(self, path: str, content: Content) -> str:
        full = self._free(path)
        whole = content if isinstance(content, bytes) else b"".join(content)
        self._staged[full] = self._output.stage(full, whole)
        self._entries[full] = FileEntry(full, len(whole), hashlib.sha256(whole).hexdigest())
        return self._entries[full].sha256

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        full = self._free(path)
        with hashed_file(self._output, full) as stream:
            yield cast(BinaryIO, stream)
        self._staged[full] = stream.staged
        self._entries[full] = stream.entry

    def publish(self) -> list[FileEntry]:
        """Makes the files visible, in the order in which they were put; those that are there already stay untouched.

        What an earlier `finish` of this edition made and this one did not goes to `.framepress/orphans/`.

        Raises:
            OutputError: a file of that name exists which `finish` did not make (nothing is changed then), or the
                disk refused (`finish` may run again).
        """
        made = finished(self._output)
        before = {path: row for path, row in made.items() if path.startswith(self._prefix)}
        after = {path: [entry.size, entry.sha256] for path, entry in self._entries.items()}
        others = {path: row for path, row in made.items() if path not in before}
        try:
            for path in self._staged:
                if path not in before and self._output.exists(path):
                    raise OutputError(f"{path}: exists already and was not made by finish; move it away, finish again")
            _record(self._output, {**others, **before, **after})
            for path in before:
                if path not in after and self._output.exists(path):
                    orphan(self._output, path)
            for path, staged in self._staged.items():
                self._place(path, staged, before.get(path), after[path])
        finally:
            self.discard()
        _record(self._output, {**others, **after})
        return list(self._entries.values())

    def _place(self, path: str, staged: Staged, before: list[Any] | None, after: list[Any]) -> None:
        there = _row(self._output, path) if self._output.exists(path) else None
        if there == after:
            return
        if there is not None and there != before:
            orphan(self._output, path)
        self._output.publish([staged], replace=True)

    def discard(self) -> None:
        """Drops what was written and not published."""
        self._output.discard(list(self._staged.values()))
        self._staged.clear()

    def _free(self, path: str) -> str:
        full = checked(self._prefix + path, error=OutputError)
        if full in self._entries:
            raise OutputError(f"{full} is written twice by finish; each file needs a name of its own")
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
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise JournalError(f"{FINISHED}: damaged: {error}; move it and the files that finish made away") from error


def orphan(output: Output, path: str) -> str:
    """Moves a file to `.framepress/orphans/`, with a number where the name is taken there; where it is now."""
    target = ORPHANS + path
    number = 1
    while output.exists(target):
        number += 1
        target = f"{ORPHANS}{path}~{number}"
    output.move(path, target)
    return target


def _record(output: Output, rows: dict[str, list[Any]]) -> None:
    if rows != finished(output):
        output.replace(FINISHED, json.dumps(dict(sorted(rows.items())), ensure_ascii=False, indent=0).encode() + b"\n")


def _row(output: Output, path: str) -> list[Any]:
    digest = hashlib.sha256()
    with output.open(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return [output.size(path), digest.hexdigest()]
