"""Where an index comes from: the journal of a dataset of ours, the reader of any other."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core import Frame, LabelMap
from framepress.core.features import features
from framepress.core.record import from_record
from framepress.dataset.finish import journal_labels
from framepress.dataset.index_block import BLOCK_FRAMES, Block, File, Gathered
from framepress.dataset.index_build import Builder
from framepress.dataset.job import Job
from framepress.dataset.opening import Dataset
from framepress.dataset.state import root_of
from framepress.errors import InputError, JournalError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.segments import Line, found, lines

__all__ = ["build"]

_BLOCK_BYTES = 1 << 24


def build(dataset: Dataset, folder: Path) -> None:
    """Write the index of a dataset into an empty folder.

    Raises:
        InputError: the dataset is damaged.
        OSError: the folder cannot be written.
    """
    root = root_of(dataset)
    if root is None:
        _from_frames(dataset, folder)
        return
    assert dataset.job is not None
    output = FolderOutput(root)
    try:
        _from_unchanged_journal(output, dataset.job, folder)
    except _Changed:
        for path in folder.iterdir():
            path.unlink()
        _from_journal(output, dataset.job, folder)


def _from_frames(dataset: Dataset, folder: Path) -> None:
    builder = Builder(folder, LabelMap() if dataset.format.read_labels is None else dataset.labels())
    gathered = Gathered()
    for frame in dataset.frames():
        gathered.add(frame, features(frame), _files_of(frame, dataset))
        if gathered.full:
            builder.add(gathered.block())
            gathered = Gathered()
    if len(gathered):
        builder.add(gathered.block())
    builder.close()


def _files_of(frame: Frame, dataset: Dataset) -> list[File]:
    """The files that a foreign frame's pixels come from."""
    files = []
    for view in frame.views:
        for channel in view.channels:
            image = view.channels.encoded(channel)
            if image is None or not isinstance(image.source, Path):
                continue
            source = image.source
            size = source.stat().st_size if source.is_file() else -1
            base = dataset.path if dataset.path.is_dir() else dataset.path.parent
            path = source.relative_to(base) if source.is_relative_to(base) else source
            files.append(File(dataset.format.name, path.as_posix(), size))
    return files


class _Changed(Exception):
    """Frames of the journal were replaced or removed, or a class was used before it was there."""


def _from_unchanged_journal(output: FolderOutput, job: Job, folder: Path) -> None:
    """Reading the journal once will do where no later record changes an earlier one: half the work.

    Raises:
        _Changed: one does.
    """
    builder = Builder(folder, LabelMap() if job.labels is None else job.labels)
    records = _Records(builder)
    marks = array("q")
    for segment in found(output, repair=False):
        for line in lines(output, segment):
            if line.op == "add":
                marks.append(hash(line.id))
                records.add(line)
            elif line.op == "labels" and job.labels is None:
                _add_labels(builder, records, line)
            elif line.op in ("replace", "remove"):
                raise _Changed
    records.flush()
    if len(np.unique(marks)) < len(marks):
        raise _Changed
    builder.close()


def _from_journal(output: FolderOutput, job: Job, folder: Path) -> None:
    journal = Journal.open(output, repair=False)
    records = _Records(builder := Builder(folder, journal_labels(job, journal)))
    for line in journal.valid_lines():
        if line.op in ("add", "replace"):
            records.add(line)
    records.flush()
    builder.close()


def _add_labels(builder: Builder, records: _Records, line: Line) -> None:
    records.flush()
    if records.grew:
        raise _Changed
    builder.labels = builder.labels.grown(LabelMap.from_dict(line.record()["labels"]).labels)


class _Records:
    """Lines of the journal on their way to the builder.

    Attributes:
        grew: a frame brought a class that was not there.
    """

    def __init__(self, builder: Builder) -> None:
        self.grew = False
        self._builder = builder
        self._lines: list[Line] = []
        self._bytes = 0
        self._fast = _fast_reader()

    def add(self, line: Line) -> None:
        self._lines.append(line)
        self._bytes += len(line.raw)
        if len(self._lines) >= BLOCK_FRAMES or self._bytes >= _BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            before = self._builder.labels
            self._builder.add(self._fast([line.raw for line in self._lines]) or _judged(self._lines))
            self.grew = self.grew or self._builder.labels is not before
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
