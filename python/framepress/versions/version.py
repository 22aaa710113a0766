"""A version as people see it, and what is told of a folder and of a commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from framepress.versions.commits import Commit
from framepress.versions.manifest import FileChange

__all__ = ["Committed", "Status", "Version"]


@dataclass(frozen=True)
class Version:
    """One version of a line.

    Args:
        id: sha256 of the commit.
        number: in its line, from 1 on.
        time: ISO 8601, as the committer told; "" for not told.
        tags: its names.
        pruned: whether its files were given up.
    """

    id: str
    number: int
    commit: Commit
    time: str
    tags: tuple[str, ...]
    pruned: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "id": f"sha256:{self.id}",
            "number": self.number,
            "message": self.commit.message,
            "author": self.commit.author,
            "time": self.time,
            "tags": list(self.tags),
            "pruned": self.pruned,
            "files": self.commit.files,
            "size": self.commit.size,
            "parents": [f"sha256:{parent}" for parent in self.commit.parents],
            "provenance": dict(self.commit.provenance),
        }


@dataclass(frozen=True)
class Committed:
    """What `commit` did.

    Args:
        new: False where nothing had changed: `version` is the one that is there.
        read: files that had to be read to know their hash.
        added: contents that the store did not have.
    """

    version: Version
    new: bool
    read: int
    added: int


@dataclass(frozen=True)
class Status:
    """Where a folder stands.

    Args:
        base: the version that it was last equal to; None before the first.
        head: the line's latest; None where there is none.
        changes: of files since `base`.
        unfinished: sha256 of the version that a checkout into the folder was to lay out, and did not end.
    """

    base: Version | None
    head: Version | None
    changes: tuple[FileChange, ...]
    unfinished: str | None = None
