"""A tolerant look at `dataset.json` and the shards of records of a native edition."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.formats.native_read import DATASET
from framepress.quality.files.listing import FILE, LINK, listed
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.quality.native.record import decoded
from framepress.quality.native.table import Lines, NativeLook, Shard
from framepress.storage.images_header import refuse_pointer
from framepress.storage.paths import safe_join

__all__ = ["look"]

_LONGEST = 1 << 26
"""Bytes of `dataset.json`, and of one line: a frame of 100,000 objects has half of that."""


def look(path: Path) -> NativeLook:
    """Take in a native edition.

    Raises:
        InputError: there is no `dataset.json`, or it is no JSON object.
    """
    root = Path(path)
    document, faults, not_finite = _document(root)
    unread: list[Issue] = []
    lines = Lines()
    shards = [_shard(root, number, said, lines, unread) for number, said in enumerate(_stated(document))]
    lines.odd.not_finite[:0] = not_finite
    unread += lines.odd.unread
    found = NativeLook(root, unread, document, faults, shards, lines, [], *lines.gathered(_names(document)))
    found.pictures = list(_pictures(found))
    return found


def _document(root: Path) -> tuple[dict[str, Any], list[Issue], list[Issue]]:
    """The document, names that are there twice, and numbers that are none."""
    faults: list[Issue] = []
    not_finite: list[Issue] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs)
        faults.extend(
            Issue(message=f"the name {key!r} is there {count} times in one object", file=DATASET, place=key)
            for key, count in counts.items()
            if count > 1
        )
        return dict(pairs)

    def unknown(text: str) -> float | None:
        value = float(text)
        if math.isfinite(value):
            return value
        not_finite.append(Issue(message=f"{text[:40]} stands for a number", file=DATASET))
        return None

    try:
        with open_file(safe_join(root, DATASET)) as stream:
            content = stream.read(_LONGEST + 1)
    except OSError as error:
        raise InputError(f"{DATASET}: cannot be read: {error.strerror or error}") from error
    if len(content) > _LONGEST:
        raise InputError(f"{DATASET}: has more than {_LONGEST} bytes; restore the file")
    refuse_pointer(content, DATASET)
    try:
        document = json.loads(content, object_pairs_hook=once, parse_constant=unknown, parse_float=unknown)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{DATASET}: is no JSON: {reason}; restore the file") from error
    if not isinstance(document, dict):
        raise InputError(f"{DATASET}: holds a {type(document).__name__}, expected an object; restore the file")
    return document, faults, not_finite


def _names(document: dict[str, Any]) -> list[str]:
    listed_classes = document.get("classes")
    rows = listed_classes if isinstance(listed_classes, list) else []
    names = [row.get("name") if isinstance(row, dict) else row for row in rows]
    return [name for name in names if isinstance(name, str)]


def _stated(document: dict[str, Any]) -> list[Any]:
    shards = document.get("shards")
    return shards if isinstance(shards, list) else []


def _shard(root: Path, number: int, said: Any, lines: Lines, unread: list[Issue]) -> Shard:
    """Takes in the records of a shard."""
    place = f"shards[{number}]"
    kinds = {"path": str, "frames": int, "bytes": int}
    if not isinstance(said, dict) or any(type(said.get(name)) is not kind for name, kind in kinds.items()):
        return Shard("", 0, 0, -1, f"{place} is {str(said)[:80]}, no object of {', '.join(kinds)}")
    name = said["path"]
    try:
        with open_file(safe_join(root, name)) as stream:
            count = 0
            while line := stream.readline(_LONGEST):
                count += 1
                if not line.endswith(b"\n"):
                    unread.append(Issue(message=f"the line is cut after {len(line)} bytes", file=name, line=count))
                    break
                record = decoded(line, name, count, lines.odd)
                if record is not None:
                    lines.add(record, number, name, count)
    except (InputError, OSError) as error:
        return Shard(name, said["frames"], said["bytes"], -1, str(error).partition(";")[0].replace(f"{root}/", ""))
    return Shard(name, said["frames"], said["bytes"], count)


def _pictures(look: NativeLook) -> Iterator[ImageFile]:
    """Colour images that are there, once each, in the dataset's order."""
    kinds = {found.name: found.kind for found in listed(look.root)}
    table = look.table
    order: Counter[tuple[int, int]] = Counter()
    seen: set[str] = set()
    for file in look.lines.files:
        if file.channel != "rgb" or file.said.path in seen or not _is_inside(look.root, file.said.path, kinds):
            continue
        seen.add(file.said.path)
        frame, name = int(table.views["frame"][file.view]), int(table.views["name"][file.view])
        sequence = int(table.frames["sequence"][frame])
        yield ImageFile(
            path=look.root / file.said.path,
            name=file.said.path,
            width=int(table.views["width"][file.view]),
            height=int(table.views["height"][file.view]),
            frame=file.frame,
            view=table.view_names[name],
            split=table.splits[int(table.frames["split"][frame])],
            sequence=table.sequences[sequence],
            order=order[sequence, name],
        )
        order[sequence, name] += 1


def _is_inside(root: Path, name: str, kinds: dict[str, str]) -> bool:
    if kinds.get(name) == LINK:
        try:
            return safe_join(root, name).is_file()
        except InputError:
            return False
    return kinds.get(name) == FILE
