"""What a dataset folder holds now: its files with their sha256, reading as few of them as can be.

A hash is known without reading from what was seen before (same size, modification time and inode), or from the
dataset's journal (same size, and neither modified nor put there since the journal's segment was sealed). A file whose
modification time is as young as the moment of reading is read again the next time: it may change once more within the
clock's tick.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from framepress.errors import InputError
from framepress.storage.output import OWN
from framepress.storage.paths import checked
from framepress.versions.commits import Commit
from framepress.versions.journalled import journalled
from framepress.versions.manifest import Row
from framepress.versions.place import INSIDE, Place
from framepress.versions.seen import FileStat, SeenFolder, SeenTable

__all__ = ["Seen", "Working", "belongs", "look", "settle", "sha256_of"]

_OUTSIDE = {".git", ".dvc", ".hg", ".svn"}
"""Folders that belong to other tools."""
_KEPT = (f"{OWN}journal/", f"{OWN}dataset.json", f"{OWN}finished.json", f"{OWN}ledger.jsonl")
"""What of our own records is part of a version; the rest is of the moment."""
_BLOCK = 1 << 20
_HASHED_AT_ONCE = 64


class Seen(NamedTuple):
    """A file as the system describes it, with the sha256 that it has so."""

    size: int
    mtime_ns: int
    inode: int
    sha256: str


@dataclass(frozen=True)
class Working:
    """The files of a folder.

    Args:
        folders: by prefix ("", "images/"), their files as the system describes them, with their sha256.
        links: those that are symbolic links: their content counts, they themselves are never touched.
        read: how many were read to know their hash.
        manifest: sha256 of the manifest that lists them, where that is known.
        table: where they are remembered.
    """

    folders: Mapping[str, SeenFolder]
    links: frozenset[str]
    read: int
    manifest: str | None
    table: SeenTable

    def rows(self) -> list[Row]:
        """Sorted by path."""
        return self._rows

    @cached_property
    def _rows(self) -> list[Row]:
        return sorted(
            [
                Row(prefix + name, sha256, size)
                for prefix, folder in self.folders.items()
                for (name, size, _, _), sha256 in zip(folder.files, folder.sha256, strict=True)
            ]
        )

    def some(self, paths: Collection[str]) -> dict[str, Seen]:
        """Of `files` those that are asked for."""
        return {
            path: Seen(*file[1:], sha256)
            for prefix, folder in self.folders.items()
            for file, sha256 in zip(folder.files, folder.sha256, strict=True)
            if (path := prefix + file[0]) in paths
        }

    @cached_property
    def files(self) -> Mapping[str, Seen]:
        """By path, sorted."""
        return dict(
            sorted(
                (prefix + file[0], Seen(*file[1:], sha256))
                for prefix, folder in self.folders.items()
                for file, sha256 in zip(folder.files, folder.sha256, strict=True)
            )
        )


def look(dataset: Path, *, workers: int | None = None) -> Working:
    """The files of a folder with their hashes.

    Raises:
        InputError: a file cannot be read or changed meanwhile, or a name cannot be kept.
    """
    links: set[str] = set()
    table = SeenTable.of(dataset / INSIDE)
    found = _scan(str(dataset), links)
    folders: dict[str, SeenFolder] = {}
    unknown: list[tuple[str, int]] = []
    recorded: Mapping[str, tuple[int, str, int]] | None = None
    for prefix, files in found.items():
        known = table.unchanged(prefix, files)
        if known is None:
            recorded = journalled(dataset) if recorded is None else recorded
            known = SeenFolder(files, _known(str(dataset), prefix, files, table, recorded, links))
            unknown.extend((prefix, at) for at, sha256 in enumerate(known.sha256) if not sha256)
        folders[prefix] = known
    if recorded is None and found.keys() == table.prefixes:
        return Working(folders, frozenset(links), 0, table.manifest, table)
    _read(str(dataset), folders, unknown, workers or min(os.cpu_count() or 1, 8))
    table.remember(folders)
    return Working(folders, frozenset(links), len(unknown), None, table)


def settle(place: Place, rows: Sequence[Row], commit: Commit) -> None:
    """A folder that was just laid out, and that nobody else knows of yet, learns where it stands, and what is in it.

    Raises:
        OutputError: the disk refused.
    """
    place.write()
    told = {row.path: row.sha256 for row in rows}
    table = SeenTable.of(place.own)
    found = _scan(str(place.dataset), set())
    folders = {prefix: SeenFolder(files, [told[prefix + file[0]] for file in files]) for prefix, files in found.items()}
    table.remember(folders, commit.manifest)


def _untouched_since(path: str, time_ns: int) -> bool:
    """Whether a file is older here: one that was copied over it brings its modification time along, but not this."""
    try:
        return os.stat(path).st_ctime_ns <= time_ns
    except OSError:
        return False


def _known(
    root: str,
    prefix: str,
    files: Sequence[FileStat],
    table: SeenTable,
    recorded: Mapping[str, tuple[int, str, int]],
    links: set[str],
) -> list[str]:
    """The sha256 of each file, "" where it has to be read."""
    before = table.before(prefix)
    known = []
    for name, size, mtime_ns, inode in files:
        sha256 = before.get((name, size, mtime_ns, inode), "")
        if not sha256:
            path = checked(prefix + name)
            told_size, told, sealed_ns = recorded.get(path, (-1, "", 0))
            if told_size == size and mtime_ns <= sealed_ns and path not in links:
                sha256 = told if _untouched_since(f"{root}/{path}", sealed_ns) else ""
        known.append(sha256)
    return known


def sha256_of(path: str) -> tuple[str, os.stat_result]:
    """Of a file that does not change meanwhile, and what it was when it was read.

    Raises:
        InputError: it cannot be read, is no file, or changed.
    """
    digest = hashlib.sha256()
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise InputError(f"{path}: is no regular file; take it out of the dataset")
            block_size = min(before.st_size + 1, _BLOCK)
            while block := os.read(descriptor, block_size):
                digest.update(block)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{path}: changed while it was read; commit once nothing writes to the dataset")
    return digest.hexdigest(), after


def belongs(path: str) -> bool:
    """Whether a file, or anything in a folder (with a slash behind), may be part of a version."""
    if not path.startswith(".") and "/." not in path:
        return True
    plain = path.casefold()  # on some file systems .GIT is .git
    if plain.startswith(OWN):
        return path == OWN or path.startswith(_KEPT)
    return _OUTSIDE.isdisjoint(plain.split("/"))


def _scan(root: str, links: set[str]) -> dict[str, list[FileStat]]:
    """Prefix -> the files of that folder, in the system's order, which stays while nothing comes or goes."""
    found: dict[str, list[FileStat]] = {}
    folders = [""]
    while folders:
        prefix = folders.pop()
        files: list[FileStat] = []
        others: list[os.DirEntry[str]] = []
        try:
            with os.scandir(f"{root}/{prefix}") as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mode & 0o170000 == stat.S_IFREG:
                        files.append((entry.name, status.st_size, status.st_mtime_ns, status.st_ino))
                    else:
                        others.append(entry)
            for entry in others:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if belongs(f"{path}/"):
                        folders.append(f"{path}/")
                elif belongs(path):
                    files.append(_odd(entry, path, links))
        except OSError as error:
            raise InputError(f"{root}/{prefix}: cannot be listed: {error.strerror or error}") from error
        if prefix.startswith(".") or any(file[0].startswith(".") for file in files):
            files = [file for file in files if belongs(prefix + file[0])]
        if files:
            found[prefix] = files
    return found


def _odd(entry: os.DirEntry[str], path: str, links: set[str]) -> FileStat:
    """What is no plain file: a symbolic link counts as what it leads to."""
    status = entry.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{entry.path}: is a symbolic link to a folder; put the folder itself there")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{entry.path}: is no regular file; take it out of the dataset")
    links.add(path)
    return entry.name, status.st_size, status.st_mtime_ns, status.st_ino


def _read(root: str, folders: Mapping[str, SeenFolder], wanted: Sequence[tuple[str, int]], workers: int) -> None:
    """Fills in the hashes that are not known."""

    def some(part: Sequence[tuple[str, int]]) -> None:
        for prefix, at in part:
            name, *seen = folders[prefix].files[at]
            path = f"{root}/{prefix}{name}"
            sha256, status = sha256_of(path)
            if [status.st_size, status.st_mtime_ns, status.st_ino] != seen:
                raise InputError(f"{path}: changed while it was read; commit once nothing writes to the dataset")
            folders[prefix].sha256[at] = sha256

    parts = [wanted[at : at + _HASHED_AT_ONCE] for at in range(0, len(wanted), _HASHED_AT_ONCE)]
    if len(parts) < 2 or workers == 1:
        some(wanted)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(some, parts):
            pass
