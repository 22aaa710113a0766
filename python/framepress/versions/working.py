"""What a dataset folder holds now: its files with their sha256, reading as few of them as can be.

A hash is known without reading from what was seen before (same size, modification time and inode), or from the
dataset's journal (same size, and not modified since the journal's segment was sealed). A file whose modification time
is as young as the moment of reading is read again the next time: it may change once more within the clock's tick.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from framepress.errors import InputError
from framepress.storage.output import OWN
from framepress.storage.paths import checked
from framepress.versions.journalled import journalled
from framepress.versions.manifest import Row
from framepress.versions.place import INSIDE, write_whole

__all__ = ["Seen", "Working", "look", "sha256_of"]

_OUTSIDE = {".git", ".dvc", ".hg", ".svn"}
"""Folders at the dataset's root that belong to other tools."""
_KEPT = (f"{OWN}journal/", f"{OWN}dataset.json", f"{OWN}finished.json", f"{OWN}ledger.jsonl")
"""What of our own records is part of a version; the rest is of the moment."""
_FILE = "seen.msgpack"
_VERSION = 1
_TICK_NS = 20_000_000
_COARSE_NS = 2_000_000_000  # FAT, and some network file systems
_BLOCK = 1 << 20


class Seen(NamedTuple):
    """A file as the system describes it; `sha256` "" = not known, or not to be trusted next time."""

    size: int
    mtime_ns: int
    inode: int
    sha256: str


@dataclass(frozen=True)
class Working:
    """The files of a folder, by path, sorted.

    Args:
        links: those that are symbolic links: their content counts, they themselves are never touched.
        read: how many were read to know their hash.
    """

    files: Mapping[str, Seen]
    links: frozenset[str]
    read: int

    def rows(self) -> list[Row]:
        return [Row(path, seen.sha256, seen.size) for path, seen in self.files.items()]


def look(dataset: Path, *, workers: int | None = None) -> Working:
    """The files of a folder with their hashes.

    Raises:
        InputError: a file cannot be read or changed meanwhile, or a name cannot be kept.
    """
    links: set[str] = set()
    found = dict(sorted(_scan(str(dataset), links).items()))
    own = dataset / INSIDE
    before = _recalled(own / _FILE)
    now_ns = _now_ns(own)
    known: dict[str, Seen] = {}
    unknown: list[str] = []
    recorded: Mapping[str, tuple[int, str, int]] | None = None
    for path, seen in found.items():
        old = before.get(path)
        if old is not None and old[:3] == seen[:3] and old.sha256:
            known[path] = old
            continue
        if recorded is None:
            recorded = journalled(dataset)
        size, sha256, sealed_ns = recorded.get(path, (-1, "", 0))
        if size == seen.size and seen.mtime_ns <= sealed_ns and path not in links:
            known[path] = seen._replace(sha256=sha256)
        else:
            unknown.append(path)
    hashed = _hashed(str(dataset), unknown, found, workers or min(os.cpu_count() or 1, 8))
    files = {path: known.get(path) or hashed[path] for path in found}
    if hashed or files.keys() != before.keys() or any(before.get(path) != seen for path, seen in known.items()):
        _remember(own / _FILE, files, hashed.keys(), now_ns)
    return Working(files, frozenset(links), len(hashed))


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
            while block := os.read(descriptor, _BLOCK):
                digest.update(block)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{path}: changed while it was read; commit once nothing writes to the dataset")
    return digest.hexdigest(), after


def _scan(root: str, links: set[str]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    folders = [""]
    while folders:
        prefix = folders.pop()
        try:
            with os.scandir(f"{root}/{prefix}") as entries:
                for entry in entries:
                    path = prefix + entry.name
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        if _is_kept(f"{path}/"):
                            folders.append(f"{path}/")
                        continue
                    if not _is_kept(path):
                        continue
                    if stat.S_ISLNK(status.st_mode):
                        status = _behind_link(entry)
                        links.add(path)
                    found[checked(path)] = Seen(status.st_size, status.st_mtime_ns, status.st_ino, "")
        except OSError as error:
            raise InputError(f"{root}/{prefix}: cannot be listed: {error.strerror or error}") from error
    return found


def _behind_link(entry: os.DirEntry[str]) -> os.stat_result:
    status = entry.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{entry.path}: is a symbolic link to a folder; put the folder itself there")
    return status


def _is_kept(path: str) -> bool:
    """Whether a file, or anything in a folder (with a slash behind), may be part of a version."""
    if not path.startswith("."):
        return True
    if path.startswith(OWN):
        return path == OWN or path.startswith(_KEPT)
    return path.rstrip("/") not in _OUTSIDE


def _hashed(root: str, paths: Sequence[str], found: Mapping[str, Seen], workers: int) -> dict[str, Seen]:
    def one(path: str) -> Seen:
        sha256, status = sha256_of(f"{root}/{path}")
        if (status.st_size, status.st_mtime_ns, status.st_ino) != found[path][:3]:
            raise InputError(f"{root}/{path}: changed while it was read; commit once nothing writes to the dataset")
        return found[path]._replace(sha256=sha256)

    if len(paths) < 16 or workers == 1:
        return {path: one(path) for path in paths}
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(paths, pool.map(one, paths, chunksize=64), strict=True))


def _now_ns(own: Path) -> int:
    """The file system's own clock, which need not be this machine's; 0 (trust nothing) where it cannot be asked."""
    probe = own / "clock"
    try:
        probe.touch()
        return probe.stat().st_mtime_ns
    except OSError:
        return 0


def _recalled(path: Path) -> dict[str, Seen]:
    try:
        version, files = msgspec.msgpack.decode(path.read_bytes(), type=tuple[int, dict[str, Seen]])
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return {}  # it saves reading, and nothing else
    return files if version == _VERSION else {}


def _remember(path: Path, files: Mapping[str, Seen], fresh: Sequence[str] | object, now_ns: int) -> None:
    """All of them; the hashes of those that are too young are left out."""
    coarse = all(seen.mtime_ns % 1_000_000_000 == 0 for seen in files.values())
    oldest = now_ns - (_COARSE_NS if coarse else _TICK_NS)
    kept = {path: seen if seen.mtime_ns < oldest else seen._replace(sha256="") for path, seen in files.items()}
    write_whole(path, msgspec.msgpack.encode((_VERSION, kept)))
