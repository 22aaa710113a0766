"""The rule for names that an object has twice, which takes reading every entry with Python's own parser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from framepress.errors import InputError
from framepress.quality.coco.table import CocoFile, CocoLook
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["names_are_there_once"]


@rule(
    "COCO-024",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    decodes=True,
    breaks="most readers keep the last value, some the first, strict ones refuse the file",
    remedy="write each field of an entry once",
)
def names_are_there_once(coco: CocoLook, frames: frozenset[str] | None) -> Iterator[Issue]:
    """No entry has a field twice (RFC 8259, section 4: "the names within an object SHOULD be unique").

    All entries are looked at, whatever frames were asked for: a file is one document.
    """
    for file in coco.files:
        yield from _of_file(coco, file)


def _of_file(coco: CocoLook, file: CocoFile) -> Iterator[Issue]:
    from framepress.quality.coco.document import document  # it needs msgspec, which hosts of our writers may not have

    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.append(next(name for name, count in counts.items() if count > 1))

    decoder = json.JSONDecoder(object_pairs_hook=unique)
    try:
        lists = document(coco.root / file.name, file.name).lists
    except InputError:
        return  # it was there a moment ago
    for key, entries in lists.items():
        for row, text in enumerate(entries):
            twice.clear()
            try:
                decoder.decode(bytes(text).decode())
            except (ValueError, RecursionError):
                continue  # COCO-021 tells
            for name in twice:
                place = f"{key}[{row}].{name}"
                yield Issue(message=f"the field {name!r} is there more than once", file=file.name, place=place)
