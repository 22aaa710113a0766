"""What an organised folder says of itself: `organized.json` how it was made, `map.jsonl` which file is of which frame.

organized.json: {"schema": "framepress.organized", "version": 1, "tree", "by", "options", "classes": [names],
                 "groups": {folder: group} | null, "origin": what made the frames, as the source says | null}
map.jsonl, one in each group's folder, a line a frame, sorted by index and id: {"frame": id, "index", and where they
          are known "sequence", "split", "files": [path, ...], "sources": [path, ...], "views": [...]}
Files are relative to the map's folder; sources are the image files that they are of, relative to what was organised.
"views" is what the lists of a tree are made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.core.files import open_file, read_file
from framepress.dataset.job import JOB_PATH
from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.output import Output

__all__ = ["MAP", "ORGANIZED", "Organized", "check_target", "read_map", "write_map"]

ORGANIZED, MAP = "organized.json", "map.jsonl"
_SCHEMA = {"schema": "framepress.organized", "version": 1}

Line = dict[str, Any]


@dataclass(frozen=True)
class Organized:
    """How a folder was organised.

    Args:
        groups: folder -> group, None where it is not by groups.
        origin: what made the frames of the last run's source; a dataset that grows may have another one each time.
    """

    tree: str
    by: str | None
    options: Mapping[str, Any]
    classes: tuple[str, ...]
    groups: Mapping[str, str] | None = None
    origin: Mapping[str, Any] | None = None

    def to_json(self) -> bytes:
        document = {
            **_SCHEMA,
            "tree": self.tree,
            "by": self.by,
            "options": dict(self.options),
            "classes": list(self.classes),
            "groups": None if self.groups is None else dict(sorted(self.groups.items())),
            "origin": None if self.origin is None else dict(self.origin),
        }
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read(cls, folder: Path) -> Organized | None:
        """None where there is none.

        Raises:
            InputError: it cannot be understood.
        """
        file = folder / ORGANIZED
        if not file.exists():
            return None
        try:
            found = json.loads(read_file(file))
            if {key: found.get(key) for key in _SCHEMA} != _SCHEMA:
                raise ValueError(f"schema {found.get('schema')!r} version {found.get('version')!r} is not {_SCHEMA}")
            how = (found["tree"], found["by"], found["options"], tuple(found["classes"]))
            return cls(*how, groups=found["groups"], origin=found["origin"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file}: cannot be understood: {error}; restore it from a copy") from error


def check_target(folder: Path, asked: Organized, existing: str) -> Organized | None:
    """What is there already, to go on with; None in a new folder, and in a dataset whose making was interrupted.

    Raises:
        OutputError: the folder holds something and `existing` is error, or holds what was not organised.
        OptionError: it was organised in another way.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return None
    if existing == "error":
        raise OutputError(
            f"{folder}: is not empty; choose a new folder, or pass existing=resume to add the frames that it lacks"
        )
    found = Organized.read(folder)
    if found is None and (folder / JOB_PATH).exists():
        return None  # of which the dataset's own description is to be equal
    if found is None:
        raise OutputError(f"{folder}: was not made by organising a dataset (no {ORGANIZED}); choose a new folder")
    for name in ("tree", "by", "options"):
        before, now = getattr(found, name), getattr(asked, name)
        if before != now:
            raise OptionError(
                f"{folder}: was organised with {name} {before!r}, now {now!r}; use the same, or a new folder"
            )
    if asked.classes[: len(found.classes)] != found.classes:
        raise OptionError(
            f"{folder}: its classes are {', '.join(found.classes)}; those of the source must begin so, that numbers "
            "keep their meaning: give them in that order with --labels, or choose a new folder"
        )
    return found


def read_map(folder: Path) -> dict[str, Line]:
    """Frame id -> its line; empty where there is no map.

    Raises:
        InputError: a line cannot be understood.
    """
    file = folder / MAP
    if not file.exists():
        return {}
    found: dict[str, Line] = {}
    with open_file(file) as stream:
        for number, raw in enumerate(stream, 1):
            try:
                line = json.loads(raw)
                found[line["frame"]] = line
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{file}:{number}: cannot be understood: {error}; restore it from a copy") from error
    return found


def write_map(output: Output, lines: Iterable[Line], prefix: str = "") -> None:
    """In the order of index and id, whole or not at all; `prefix` is the folder, with its slash."""
    with output.file(prefix + MAP, replace=True) as stream:
        for line in sorted(lines, key=lambda line: (line["index"], line["frame"])):
            stream.write(_text(line))


def _text(line: Line) -> bytes:
    return (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode(errors="surrogateescape")
