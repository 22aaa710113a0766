"""What a dataset's journal says of its files: path -> size, sha256, and until when that may be believed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from framepress.errors import InputError
from framepress.storage.finishing import FINISHED, finished
from framepress.storage.folder import FolderOutput
from framepress.storage.segments import JOURNAL, Segment, found, lines

__all__ = ["journalled"]

_SHA256 = re.compile("[0-9a-f]{64}")


class _Edition(msgspec.Struct):
    files: list[tuple[str, int, str]]


class _Line(msgspec.Struct):
    """The part of a record that names files; boxes and masks are passed over without being parsed."""

    editions: dict[str, _Edition]


def journalled(dataset: Path) -> dict[str, tuple[int, str, int]]:
    """Path -> (size [bytes], sha256, modification time [ns] of the segment or list that says so); empty for a dataset
    that is not ours, or whose journal cannot be read (its files are then read themselves).
    """
    output = FolderOutput(dataset)
    if not (dataset / JOURNAL).is_dir():
        return {}
    told: dict[str, tuple[int, str, int]] = {}
    decode = msgspec.json.Decoder(_Line).decode
    try:
        for segment in found(output, repair=False):
            sealed_ns = _written_ns(dataset, segment)
            for line in lines(output, segment):
                if line.op in ("add", "replace"):
                    for edition in decode(line.raw).editions.values():
                        for path, size, sha256 in edition.files:
                            told[path] = (size, sha256, sealed_ns)
        if output.exists(FINISHED):
            made_ns = (dataset / FINISHED).stat().st_mtime_ns
            told.update((path, (size, sha256, made_ns)) for path, (size, sha256) in finished(output).items())
    except (InputError, msgspec.MsgspecError, OSError, ValueError):
        return {}
    return {path: entry for path, entry in told.items() if _SHA256.fullmatch(entry[1])}


def _written_ns(dataset: Path, segment: Segment) -> Any:
    return (dataset / segment.path).stat().st_mtime_ns
