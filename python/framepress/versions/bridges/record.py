"""A version that git keeps, and what of it git has no place for: one line of JSON at the end of the commit's message.

Framepress: {"files":20000,"provenance":{...},"size":1000000000}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framepress.versions.commits import Commit
from framepress.versions.history import Version

__all__ = ["GitVersion", "message_with", "version_from"]

_KEY = "Framepress: "


@dataclass(frozen=True)
class GitVersion(Version):
    """A version whose `id`, parents and manifest (the tree) are git's object names.

    `commit.files` and `commit.size` are 0, and its provenance is empty, where git alone made it.
    """

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "id": self.id, "parents": list(self.commit.parents)}


def message_with(message: str, files: int, size: int, provenance: Mapping[str, Any]) -> str:
    """The message for git."""
    record = json.dumps(
        {"files": files, "size": size, "provenance": dict(provenance)},
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return f"{message.strip()}\n\n{_KEY}{record}\n"


def version_from(fields: tuple[str, str, str, str, str, str], number: int, tags: tuple[str, ...]) -> GitVersion:
    """Of commit, tree, parents, author, time and message, as `git log` prints them."""
    id, tree, parents, author, time, body = fields
    message, files, size, provenance = _parted(body)
    commit = Commit(tree, tuple(parents.split()), message, author, files, size, provenance)
    return GitVersion(id, number, commit, time, tags)


def _parted(body: str) -> tuple[str, int, int, dict[str, Any]]:
    message, _, last = body.rstrip("\n").rpartition("\n")
    if last.startswith(_KEY):
        try:
            record = json.loads(last.removeprefix(_KEY))
            return message.strip(), int(record["files"]), int(record["size"]), dict(record["provenance"])
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # a person wrote it: it is part of the message
    return body.strip(), 0, 0, {}
