"""Where indexes are kept, and while what they count: `<cache>/index/<dataset's path, digested>/<fingerprint>/`.

<cache> is FRAMEPRESS_CACHE, else XDG_CACHE_HOME/framepress, else ~/.cache/framepress. An index is made in a folder of
its own and then renamed, so that two builders do not meet; the fingerprint is its name, so that a changed dataset never
finds an old one. Anything in there may be deleted at any time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from framepress import __version__
from framepress.dataset.job import JOB_PATH
from framepress.dataset.opening import Dataset
from framepress.dataset.state import root_of
from framepress.errors import OutputError
from framepress.storage.segments import JOURNAL

__all__ = ["Place", "cache_folder", "fingerprint"]

_Opened = TypeVar("_Opened")
_BUILDING = "building-"
_ABANDONED_SECONDS = 86400.0


def cache_folder() -> Path:
    """Where this package keeps what it can make again."""
    own = os.environ.get("FRAMEPRESS_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared and os.path.isabs(shared) else Path.home() / ".cache") / "framepress"


def fingerprint(dataset: Dataset) -> str:
    """A text that changes when the dataset does.

    Of a dataset of ours: name, size and modification time of the journal's segments. Of another: the same and the inode
    of every file, and how it is read.
    """
    root = root_of(dataset)
    digest = hashlib.sha256(f"{__version__}\n".encode())
    if root is None:
        reader = [dataset.format.name, sorted(dataset.options.items())]
        digest.update(json.dumps(reader, default=str).encode())
        start = dataset.path if dataset.path.is_dir() else dataset.path.parent
        for path, found in _walk(start):
            digest.update(
                f"\n{path}\0{found.st_size} {found.st_mtime_ns} {found.st_ino}".encode(errors="surrogateescape")
            )
    else:
        for segment in sorted([root / JOB_PATH, *(root / JOURNAL).glob("*.jsonl*")]):
            found = segment.stat()
            digest.update(f"\n{segment.name}\0{found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _walk(start: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below a folder by its relative path, in order; links to folders are followed once."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(start, followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            try:
                yield os.path.relpath(path, start), os.stat(path)
            except OSError:  # a link that leads nowhere, or to itself
                yield os.path.relpath(path, start), os.lstat(path)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index of a dataset in its present state is, or will be."""

    folder: Path

    @classmethod
    def of(cls, dataset: Dataset) -> Place:
        where = str((root_of(dataset) or dataset.path).resolve())
        digest = hashlib.sha256(where.encode(errors="surrogateescape")).hexdigest()[:32]
        return cls(cache_folder() / "index" / digest / fingerprint(dataset))

    def made(self, build: Callable[[Path], None], opened: Callable[[Path], _Opened]) -> _Opened:
        """Build into a new folder, put it in place of what is there, and drop the dataset's older indexes.

        Args:
            opened: maps what was built; called before it is put in place, for another builder may retire it the moment
                after. A mapped file stays readable wherever its folder goes.

        Raises:
            OutputError: the cache cannot be written.
        """
        home = self.folder.parent
        try:
            home.mkdir(parents=True, exist_ok=True)
            building = Path(mkdtemp(prefix=_BUILDING, dir=home))
        except OSError as error:
            raise OutputError(
                f"{home}: the index cannot be kept there: {error.strerror or error}; "
                "set FRAMEPRESS_CACHE to another folder"
            ) from error
        try:
            build(building)
            made = opened(building)
            self._publish(building)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        for other in home.iterdir():
            if other != self.folder and not _in_use(other):
                shutil.rmtree(other, ignore_errors=True)
        return made

    def others(self) -> list[Path]:
        """Where indexes of the dataset in other states are."""
        home = self.folder.parent
        found = sorted(home.iterdir()) if home.is_dir() else []
        return [path for path in found if path != self.folder and not path.name.startswith(_BUILDING)]

    def _publish(self, built: Path) -> None:
        if self.folder.exists():
            retired = Path(mkdtemp(prefix=_BUILDING, dir=built.parent))
            with suppress(FileNotFoundError):  # another builder retired it
                os.replace(self.folder, retired)
            shutil.rmtree(retired, ignore_errors=True)
        try:
            os.rename(built, self.folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise  # else another builder was first, with the same index


def _in_use(folder: Path) -> bool:
    """Another builder's folder, unless it was left behind."""
    if not folder.name.startswith(_BUILDING):
        return False
    try:
        return time.time() - folder.stat().st_mtime < _ABANDONED_SECONDS
    except OSError:
        return False
