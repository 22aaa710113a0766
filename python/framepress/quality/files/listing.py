"""What lies in an edition's folder, links not followed, and the dataset of ours that it belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framepress.core.files import read_file
from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import InputError

__all__ = ["FILE", "FOLDER", "LINK", "OTHER", "Home", "Listed", "home_of", "listed"]

FILE, FOLDER, LINK, OTHER = "file", "folder", "link", "other"


@dataclass(frozen=True, slots=True)
class Listed:
    """`name` is relative, with forward slashes; `size` [bytes] of a file, else 0; OTHER is a pipe, socket or device."""

    name: str
    kind: str
    size: int = 0


def listed(root: Path) -> Iterator[Listed]:
    """All that is below a folder, in order of name; hidden folders, ours among them, are passed over.

    A folder that cannot be listed is an entry of the kind OTHER: nothing is known of what is in it.
    """
    waiting = [(os.fspath(root), "")]
    while waiting:
        place, prefix = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield Listed(prefix.rstrip("/"), OTHER)
            continue
        deeper = []
        for entry in found:
            name = prefix + entry.name
            if entry.is_symlink():
                yield Listed(name, LINK)
            elif entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    deeper.append((entry.path, f"{name}/"))
                    yield Listed(name, FOLDER)
            elif entry.is_file(follow_symlinks=False):
                yield Listed(name, FILE, _size(entry))
            else:
                yield Listed(name, OTHER)
        waiting += reversed(deeper)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:  # gone since it was listed
        return 0


@dataclass(frozen=True)
class Home:
    """The dataset of ours that an edition is of: its folder, what it was asked to be, and the edition's name."""

    root: Path
    job: Job
    edition: str

    @property
    def prefix(self) -> str:
        return self.job.prefix(self.edition)

    @property
    def first(self) -> bool:
        """Whether this is the edition that speaks for the whole dataset."""
        return self.edition == next(iter(self.job.formats))


def home_of(root: Path) -> Home | None:
    """The dataset of an edition's folder; None for a foreign one, and where its description cannot be read."""
    for folder in (root, root.parent):
        try:
            job = Job.from_json(read_file(folder / JOB_PATH), str(folder))
        except InputError:
            continue
        for name in job.formats:
            if folder / job.prefix(name) == root:
                return Home(folder, job, name)
    return None
