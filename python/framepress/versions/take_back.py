"""A dataset's own folder becomes what it was in a version, all of it, though the process may be killed on the way.

What is meant is written down first: `.framepress/versions/taking_back.json`, {"to": commit, "from": commit or null,
"force": bool}. Each file is replaced whole. While that file is there the folder is between two versions: nothing is
committed, and the next checkout goes on to wherever it is asked to go.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framepress.errors import InputError, OutputError
from framepress.storage.durable import sync_tree
from framepress.storage.output import refused
from framepress.versions.cells import sync_folder
from framepress.versions.laying import Laying
from framepress.versions.manifest import Row
from framepress.versions.objects import Objects
from framepress.versions.place import Place, write_whole
from framepress.versions.working import Working

__all__ = ["Intent", "check_whole", "intent_of", "take_back"]

_FILE = "taking_back.json"
_TOLD = 8


@dataclass(frozen=True)
class Intent:
    """Where a folder is going.

    Args:
        to, before: commits; `before` None for none.
        force: what no version had was meant to go.
    """

    to: str
    before: str | None
    force: bool


def intent_of(place: Place) -> Intent | None:
    """None where the folder is whole.

    Raises:
        InputError: the file is damaged.
    """
    where = place.own / _FILE
    try:
        found = json.loads(where.read_bytes())
        before = found["from"]
        return Intent(str(found["to"]), None if before is None else str(before), bool(found["force"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{where}: cannot be read: {error}; check out a version with force") from error


def check_whole(place: Place) -> None:
    """Raises:
    InputError: a checkout into the folder did not end.
    """
    intent = intent_of(place)
    if intent is not None:
        told = shlex.quote(str(place.dataset))
        back = "" if intent.before is None else f", or `framepress version checkout {told} base` to go back"
        raise InputError(
            f"{place.dataset}: a checkout of {intent.to[:12]} into it did not end; run `framepress version checkout "
            f"{told} {intent.to[:12]}` to end it{back}"
        )


def take_back(
    place: Place,
    to: tuple[str, list[Row]],
    known: Mapping[str, set[str]],
    working: Working,
    objects: Objects,
    *,
    force: bool,
    intent: Intent | None,
) -> Place:
    """Make the folder equal to a version; where it stands then.

    Args:
        to: the commit, and its files.
        known: path -> sha256 of what versions have there: what may go without being lost.
        working: what the folder holds.
        intent: of a checkout that did not end.

    Raises:
        OutputError: the folder has changes that no version has, or the disk refused; after the latter, do it again.
        InputError: the store lacks a content; nothing was changed.
    """
    commit, rows = to
    wanted = {row.path: row for row in rows}
    if not force:
        _check_kept(place, wanted, known, working)
    _check_links(place, wanted, working)
    write = [row for row in rows if row.path not in working.files or working.files[row.path].sha256 != row.sha256]
    missing = set(objects.missing({row.sha256 for row in write}))
    if missing:
        lost = next(row for row in write if row.sha256 in missing)
        raise InputError(f"{lost.path}: its content {lost.sha256[:12]} is not in the store; nothing was changed")
    before = place.base if intent is None else intent.before
    document = {"to": commit, "from": before, "force": force}
    write_whole(place.own / _FILE, (json.dumps(document) + "\n").encode())
    try:
        sync_folder(place.own)
        _remove(place.dataset, (path for path in working.files if path not in wanted))
        Laying(objects, str(place.dataset)).replace(write, str(place.own))
        sync_tree(str(place.dataset))
        moved = place.at(commit)
        os.unlink(place.own / _FILE)
    except OSError as error:
        raise refused(place.dataset, "taken back; it is between two versions", error) from error
    return moved


def _check_kept(place: Place, wanted: Mapping[str, Row], known: Mapping[str, set[str]], working: Working) -> None:
    lost = [
        path
        for path, seen in working.files.items()
        if seen.sha256 not in known.get(path, ()) and not (path in wanted and wanted[path].sha256 == seen.sha256)
    ]
    if lost:
        more = f" and {len(lost) - _TOLD} more" if len(lost) > _TOLD else ""
        raise OutputError(
            f"{place.dataset}: has changes that no version has: {', '.join(lost[:_TOLD])}{more}; commit them, check "
            "out into a new folder, or lose them (--force)"
        )


def _check_links(place: Place, wanted: Mapping[str, Row], working: Working) -> None:
    for path in sorted(working.links):
        if path not in wanted or wanted[path].sha256 != working.files[path].sha256:
            raise OutputError(
                f"{place.dataset}/{path}: is a symbolic link, which is not replaced; put the file itself there, or "
                "check out into a new folder"
            )


def _remove(dataset: Path, paths: Iterable[str]) -> None:
    """Files, and the folders that are empty without them."""
    folders: set[str] = set()
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(dataset / path)
        folders.update(path[:at] for at, char in enumerate(path) if char == "/")
    for folder in sorted(folders, key=len, reverse=True):
        with suppress(OSError):  # something else is in it, which is not ours
            os.rmdir(dataset / folder)
