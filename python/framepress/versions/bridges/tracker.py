"""What keeps the big files of a bridge, beside git, which keeps everything else and the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from framepress.versions.bridges.layout import Part
from framepress.versions.bridges.tools import Tool
from framepress.versions.manifest import Row

__all__ = ["Changes", "Staged", "Tracker"]

Changes = Mapping[str, tuple[Row | None, Row | None]]
"""Path -> the file before and after, None where it is not there. A row's sha256 is "" where it is not known, and its
size is 0 then."""


class Staged(NamedTuple):
    """What the next commit holds: files, their size [bytes]; how many were read for their hash; contents that the tool
    did not have. The last two are 0 where the tool does not say."""

    files: int
    size: int
    read: int
    added: int


class Tracker(Protocol):
    """One tool. All paths are below the dataset, all commits are git's."""

    tools: Sequence[Tool]
    checked_with: str
    swept_with: str

    def init(self) -> None:
        """Once or again."""

    def stage(self, workers: int | None) -> Staged:
        """Git's index holds the folder as it is now; the big files are where the tool keeps them."""

    def rows(self, commit: str) -> list[Row]: ...
    def holds(self, commit: str) -> Callable[[str], bool]:
        """Whether a path is of a commit that the folder is equal to; asks for no content, which may be gone."""

    def between(self, before: str, after: str) -> Changes: ...
    def changed(self) -> Changes:
        """Of the folder, since the latest commit."""

    def parts(self, commit: str, scratch: Path) -> Iterable[Part]:
        """What `lay_out` takes."""

    def restore(self, commit: str) -> None:
        """The folder's files become those of a commit; the branch stays where it is."""

    def push(self, remote: str) -> str:
        """The name of git's remote; of the tool's own where git has none."""

    def pull(self, remote: str) -> str: ...
