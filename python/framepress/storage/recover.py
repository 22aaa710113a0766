"""Reopening after a crash: what no journal row names is taken out of the dataset, and kept.

A frame's files are announced (`transaction.Intents`), published, and then named by the frame's row in the journal. A
crash in between leaves files of frames that the journal does not have; they are moved to `.framepress/orphans/`.
A power cut may also have taken the content of files whose rows were written but not yet flushed: frames of the growing
segment whose files are missing or have another size are removed, to be made again. Nothing else is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from framepress.errors import InputError, JournalError
from framepress.storage.finishing import orphan
from framepress.storage.journal import Journal, Record
from framepress.storage.output import Output
from framepress.storage.paths import checked
from framepress.storage.transaction import INTENTS

__all__ = ["Recovery", "recover"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What reopening found.

    Attributes:
        swept: temporaries deleted.
        orphans: files moved away: path -> where they are now.
        lost: ids of frames that were removed from the journal because their files are not whole.
    """

    swept: int
    orphans: dict[str, str]
    lost: tuple[str, ...]


def recover(output: Output, journal: Journal) -> Recovery:
    """Brings files and journal in line; call under the lock, after `Journal.open`, before `Intents`.

    Raises:
        JournalError: the intents log is damaged elsewhere than in its last line.
        OutputError: the disk refused; call it again once that is settled.
    """
    swept = output.sweep()
    intended = _intended(output)
    lost = [record for record in journal.growing_records() if not _is_whole(output, record)]
    for record in lost:
        journal.append({"op": "remove", "frame": {"id": record["frame"]["id"]}})
        intended[record["frame"]["id"]] = [path for path, _ in _files(record)]
    named: set[str] = set()
    for line in journal.lines():
        if line.id in intended and line.id in journal.ids:
            named.update(path for path, _ in _files(line.record()))
    orphans: dict[str, str] = {}
    for paths in intended.values():
        for path in paths:
            if path not in named and path not in orphans and output.exists(path):
                orphans[path] = orphan(output, path)
    if output.exists(INTENTS) and output.size(INTENTS):  # a torn line alone, too: the next one must not join it
        journal.sync()
        output.replace(INTENTS, b"")
    return Recovery(swept, orphans, tuple(record["frame"]["id"] for record in lost))


def _intended(output: Output) -> dict[str, list[str]]:
    """Frame -> paths that were announced and not withdrawn; a torn last line announced nothing yet."""
    intended: dict[str, list[str]] = {}
    if not output.exists(INTENTS):
        return intended
    with output.open(INTENTS) as stream:
        for number, raw in enumerate(stream, 1):
            if not raw.endswith(b"\n"):
                break
            try:
                line = json.loads(raw)
                if "withdrawn" in line:
                    intended.pop(line["withdrawn"], None)
                else:
                    intended[line["frame"]] = [checked(path) for path in line["files"]]
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise JournalError(f"{INTENTS}: line {number}: damaged: {error}; restore it from a copy") from error
    return intended


def _is_whole(output: Output, record: Record) -> bool:
    try:
        return all(output.size(path) == size for path, size in _files(record))
    except InputError:
        return False


def _files(record: Record) -> Iterator[tuple[str, int]]:
    for edition in record.get("editions", {}).values():
        rows: list[list[Any]] = edition.get("files", [])
        for path, size, _ in rows:
            yield path, size
