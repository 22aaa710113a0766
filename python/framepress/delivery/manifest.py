"""The digests of a dataset's files, and whether they still hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framepress.core.files import open_file
from framepress.core.in_order import in_order
from framepress.delivery.manifest_files import Found, Listing, files_below
from framepress.delivery.manifest_text import Entry
from framepress.errors import InputError, OptionError

__all__ = ["Difference", "Manifest", "compare", "manifest_of"]

_BLOCK = 1 << 20
_WORKERS = 2  # one waits for the disk while the other adds up
_TOGETHER = 1 << 22  # bytes of small files that are one thread's work
_Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Manifest:
    """Args:
    entries: ordered by the bytes of their paths.
    passed_over: path -> why it is not listed.
    read: files whose content was read; the others' digests are the journal's.
    """

    entries: Sequence[Entry]
    passed_over: Mapping[str, str]
    read: int


@dataclass(frozen=True)
class Difference:
    """Args:
    missing, extra: paths that are only in the manifest, only in the dataset.
    changed: path -> how it differs.
    files: those that were compared.
    """

    missing: Sequence[str]
    changed: Mapping[str, str]
    extra: Sequence[str]
    files: int

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.extra)


def manifest_of(
    root: Path | str,
    *,
    history: bool = False,
    leave_out: Sequence[Path] = (),
    workers: int = _WORKERS,
    on_progress: _Progress | None = None,
) -> Manifest:
    """Every file of a dataset with its size and sha256.

    A digest is the journal's where the file has the size that is recorded and was neither written, linked nor renamed
    since the journal's segment was sealed; else the file is read.

    Args:
        history: the store of versions inside the dataset too.
        leave_out: files that are not the dataset's, such as the manifest itself.
        on_progress: told how many files of how many are read.

    Raises:
        InputError: a file cannot be read, or changed meanwhile.
    """
    from framepress.versions.journalled import journalled  # needs msgspec

    root = _folder(root)
    listing = files_below(root, history=history)
    files = _without(listing, leave_out)
    recorded = journalled(root)
    known = {file.path: recorded[file.path][1] for file in files if _trusted(file, recorded.get(file.path))}
    unread = [file for file in files if file.path not in known]
    known.update(_digests(root, unread, workers, on_progress))
    entries = [Entry(file.path, file.size, known[file.path]) for file in files]
    return Manifest(entries, listing.passed_over, len(unread))


def compare(
    root: Path | str,
    entries: Sequence[Entry],
    *,
    history: bool = False,
    leave_out: Sequence[Path] = (),
    workers: int = _WORKERS,
    on_progress: _Progress | None = None,
) -> Difference:
    """What became of the files of a manifest. Every file that has its size is read, whatever a journal says of it.

    Raises:
        InputError: a file cannot be read, or changes meanwhile.
    """
    root = _folder(root)
    there = {file.path: file for file in _without(files_below(root, history=history), leave_out)}
    wanted = {entry.path: entry for entry in entries}
    changed = {}
    unread = []
    for path, entry in wanted.items():
        if path in there and entry.size not in (None, there[path].size):
            changed[path] = f"has {there[path].size} bytes, had {entry.size}"
        elif path in there:
            unread.append(there[path])
    for path, sha256 in _digests(root, unread, workers, on_progress).items():
        if sha256 != wanted[path].sha256:
            changed[path] = f"sha256 {sha256}, was {wanted[path].sha256}"
    missing = [path for path in wanted if path not in there]
    extra = [path for path in there if path not in wanted]
    return Difference(_sorted(missing), {path: changed[path] for path in _sorted(changed)}, extra, len(unread))


def _folder(root: Path | str) -> Path:
    root = Path(root)
    if not root.is_dir():
        raise OptionError(f"{root}: is no folder; a manifest is of a dataset's folder")
    return root


def _sorted(paths: Sequence[str] | Mapping[str, str]) -> list[str]:
    return sorted(paths, key=os.fsencode)


def _without(listing: Listing, leave_out: Sequence[Path]) -> list[Found]:
    root = os.path.realpath(listing.root)
    names = {os.path.relpath(os.path.realpath(path), root) for path in leave_out}
    return [file for file in listing.files if file.path not in names]


def _trusted(file: Found, recorded: tuple[int, str, int] | None) -> bool:
    if recorded is None or file.link:
        return False
    size, _, sealed_ns = recorded
    # A copy of a dataset keeps its times of modification, and may be damaged: the time of change is that of copying.
    return size == file.size and max(file.mtime_ns, file.changed_ns) < sealed_ns


def _digests(root: Path, files: Sequence[Found], workers: int, on_progress: _Progress | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for pairs in in_order(lambda batch: [(file.path, _digest(root, file)) for file in batch], _batches(files), workers):
        found.update(pairs)
        if on_progress is not None:
            on_progress(len(found), len(files))
    return found


def _batches(files: Sequence[Found]) -> list[list[Found]]:
    batches: list[list[Found]] = []
    room = 0
    for file in files:
        if room <= 0:
            batches.append([])
            room = _TOGETHER
        batches[-1].append(file)
        room -= file.size + 4096
    return batches


def _digest(root: Path, file: Found) -> str:
    digest = hashlib.sha256()
    size = 0
    path = root / file.path
    with open_file(path) as stream:
        try:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
            after = os.fstat(stream.fileno())
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if (size, after.st_mtime_ns) != (file.size, file.mtime_ns):
        raise InputError(f"{path}: changed while it was read; try again once nothing writes to the dataset")
    return digest.hexdigest()
