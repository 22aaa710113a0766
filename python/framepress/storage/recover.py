"""Reopening after a crash: what no journal row names is taken out of the dataset, and kept.

A frame's files are announced (`transaction.Intents`), published, and then named by the frame's row in the journal. A
crash in between leaves files of frames that the journal does not have; they are moved to `.framepress/orphans/`.
Nothing that was not announced is touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from framepress.storage.finishing import orphan
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.transaction import INTENTS

__all__ = ["Recovery", "recover"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What reopening found.

    Attributes:
        swept: temporaries deleted.
        orphans: files moved away, path -> where they are now.
    """

    swept: int
    orphans: dict[str, str]


def recover(output: Output, journal: Journal) -> Recovery:
    """Brings the files in line with the journal; call under the lock, after `Journal.open`, before `Intents`."""
    swept = output.sweep()
    intended = _intended(output)
    named: set[str] = set()
    for line in journal.lines():
        if line.id in intended:
            named.update(_files(line.record()))
    orphans: dict[str, str] = {}
    for paths in intended.values():
        for path in paths:
            if path not in named and path not in orphans and output.exists(path):
                orphans[path] = orphan(output, path)
    output.replace(INTENTS, b"")
    return Recovery(swept, orphans)


def _intended(output: Output) -> dict[str, list[str]]:
    """Frame -> paths that were announced and not withdrawn; a torn last line announced nothing yet."""
    intended: dict[str, list[str]] = {}
    if not output.exists(INTENTS):
        return intended
    with output.open(INTENTS) as stream:
        for raw in stream:
            if not raw.endswith(b"\n"):
                break
            line = json.loads(raw)
            if "withdrawn" in line:
                intended.pop(line["withdrawn"], None)
            else:
                intended[line["frame"]] = line["files"]
    return intended


def _files(record: dict[str, Any]) -> list[str]:
    return [path for edition in record.get("editions", {}).values() for path, _, _ in edition.get("files", ())]
