"""The index of a dataset of ours, from its journal: read once, and only as far as it is new."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np

from framepress import __version__
from framepress.core import LabelMap
from framepress.core.features import features
from framepress.core.record import from_record
from framepress.dataset.finish import journal_labels
from framepress.dataset.index_block import BLOCK_FRAMES, Block, File, Gathered
from framepress.dataset.index_build import Builder, read_header
from framepress.dataset.index_files import TextFile
from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import InputError, JournalError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.segments import Line, Segment, found, lines

__all__ = ["build_from_journal"]

_BLOCK_BYTES = 1 << 24


def build_from_journal(
    root: Path, job: Job, folder: Path, older: Sequence[Path], on_frames: Callable[[int], None]
) -> None:
    """See `index_source.build`."""
    output = FolderOutput(root)
    segments = found(output, repair=False)
    for before in older:
        try:
            header = _goes_on(before, root, segments)
            if header is not None:
                for name in header["bytes"]:
                    copyfile(before / name, folder / name)
                _from_unchanged_journal(root, segments, job, folder, header, on_frames)
                return
        except (_Changed, FileNotFoundError):  # the latter: another builder has put it away
            _empty(folder)
    try:
        _from_unchanged_journal(root, segments, job, folder, None, on_frames)
    except _Changed:
        _empty(folder)
        _from_changed_journal(output, job, folder, on_frames)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _goes_on(before: Path, root: Path, segments: Sequence[Segment]) -> Mapping[str, Any] | None:
    """The header of an older index, if it holds the first of these segments as they are now."""
    header = read_header(before)
    if header is None or header["framepress"] != __version__ or header["source"] is None:
        return None
    seen = header["source"]["signs"]
    return header if 1 < len(seen) <= len(segments) + 1 and seen == _signs(root, segments[: len(seen) - 1]) else None


def _signs(root: Path, segments: Sequence[Segment]) -> list[list[Any]] | None:
    """What tells whether the job and sealed segments are the same; None where one is not sealed, and grows."""
    if not all(segment.sealed for segment in segments):
        return None
    paths = [JOB_PATH, *(segment.path for segment in segments)]
    return [[path, (state := os.stat(root / path)).st_size, state.st_mtime_ns] for path in paths]


class _Changed(Exception):
    """Frames of the journal were replaced or removed, or a class was used before it was there."""


def _from_unchanged_journal(
    root: Path,
    segments: Sequence[Segment],
    job: Job,
    folder: Path,
    before: Mapping[str, Any] | None,
    on_frames: Callable[[int], None],
) -> None:
    """Reading the journal once will do where no later record changes an earlier one: half the work.

    Args:
        before: the header of an index that the folder holds, which this one goes on.

    Raises:
        _Changed: a record changes an earlier one.
    """
    signs = _signs(root, segments)
    if before is None:
        records = _Records(Builder(folder, job.labels or LabelMap(), on_frames=on_frames))
        marks, done = array("q"), 0
    else:
        builder = Builder(folder, LabelMap.from_dict(before["labels"]), before, on_frames)
        records = _Records(builder, before["source"]["grew"])
        marks, done = array("q", map(hash, TextFile(folder / "frames.id"))), len(before["source"]["signs"]) - 1
    for segment in segments[done:]:
        for line in lines(FolderOutput(root), segment):
            if line.op == "add":
                marks.append(hash(line.id))
                records.add(line)
            elif line.op == "labels" and job.labels is None:
                records.add_labels(LabelMap.from_dict(line.record()["labels"]))
            elif line.op in ("replace", "remove"):
                raise _Changed
    records.flush()
    if len(np.unique(marks)) < len(marks):
        raise _Changed
    records.builder.close(None if signs is None else {"signs": signs, "grew": records.grew})


def _from_changed_journal(output: FolderOutput, job: Job, folder: Path, on_frames: Callable[[int], None]) -> None:
    journal = Journal.open(output, repair=False)
    records = _Records(Builder(folder, journal_labels(job, journal), on_frames=on_frames))
    for line in journal.valid_lines():
        if line.op in ("add", "replace"):
            records.add(line)
    records.flush()
    records.builder.close()


class _Records:
    """Lines of the journal on their way to the builder.

    Attributes:
        grew: a frame brought a class that was not there.
    """

    def __init__(self, builder: Builder, grew: bool = False) -> None:
        self.grew = grew
        self.builder = builder
        self._lines: list[Line] = []
        self._bytes = 0
        self._fast = _fast_reader()

    def add(self, line: Line) -> None:
        self._lines.append(line)
        self._bytes += len(line.raw)
        if len(self._lines) >= BLOCK_FRAMES or self._bytes >= _BLOCK_BYTES:
            self.flush()

    def add_labels(self, labels: LabelMap) -> None:
        """Raises:
        _Changed: frames before brought classes, which come behind these.
        """
        self.flush()
        if self.grew:
            raise _Changed
        self.builder.labels = self.builder.labels.grown(labels.labels)

    def flush(self) -> None:
        if self._lines:
            before = self.builder.labels
            self.builder.add(self._fast([line.raw for line in self._lines]) or _judged(self._lines))
            self.grew = self.grew or self.builder.labels is not before
            self._lines, self._bytes = [], 0


def _fast_reader() -> Callable[[Sequence[bytes]], Block | None]:
    """Lines to a block, or None where they need a closer look; that is always so without msgspec, as inside Kit."""
    try:
        from framepress.dataset.index_lines import block_of_lines
    except ImportError:
        return lambda lines: None
    return block_of_lines


def _judged(lines: Sequence[Line]) -> Block:
    """A block of frames that are made one by one, so that what is wrong with one is told.

    Raises:
        JournalError: a record is damaged, with its frame.
    """
    gathered = Gathered()
    for line in lines:
        record = line.record()
        try:
            frame = from_record(record["frame"])
            files = [_file(name, row) for name, edition in record["editions"].items() for row in edition["files"]]
            gathered.add(frame, features(frame) | frozenset(record["channels"]), files)
        except (InputError, AttributeError, KeyError, TypeError) as error:
            raise JournalError(
                f"{line.segment.path}: line {line.number}: frame {line.id!r}: damaged: {error}; "
                "restore the file from a copy"
            ) from error
    return gathered.block()


def _file(edition: str, row: Any) -> File:
    if [type(value) for value in row] != [str, int, str]:
        raise TypeError(f"{row!r} is no path, size and digest")
    return File(edition, row[0], row[1])
