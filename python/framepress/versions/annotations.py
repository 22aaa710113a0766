"""What the frames of a version hold, frame by frame and unparsed: from its journal, or, where the dataset is not ours,
through the reader of its format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from framepress.core import LabelMap
from framepress.core.files import read_file
from framepress.core.record import to_record
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.segments import Segment, found, lines
from framepress.versions.add import is_shared
from framepress.versions.stored import StoredFiles
from framepress.versions.working import look

__all__ = ["Annotations", "FrameLine", "Line", "NoFormatError", "annotations_in", "annotations_of", "laid_out"]


class NoFormatError(InputError):
    """No format reads the files of a version, or several do: they can be compared as files only."""


class _Edition(msgspec.Struct):
    files: list[tuple[str, int, str]] = []


class FrameLine(msgspec.Struct):
    """A journal line, as far as a comparison reads it."""

    frame: msgspec.Raw
    editions: dict[str, _Edition] = {}

    def pictures(self, editions: Collection[str]) -> list[str]:
        """sha256 of the media files of some editions, sorted."""
        return sorted(
            sha256
            for name, edition in self.editions.items()
            if name in editions
            for path, _, sha256 in edition.files
            if is_shared(path)
        )


class Line(NamedTuple):
    """A journal line as it was written."""

    op: str
    id: str
    raw: bytes


class _Part(NamedTuple):
    """Lines that are read together; equal keys, equal lines."""

    key: str
    lines: Callable[[], Iterator[Line]]


@dataclass(frozen=True)
class Annotations:
    """Made by `annotations_of`.

    Args:
        labels: the classes of the version.
        formats: its editions, or the one format of a dataset that is not ours.
    """

    labels: LabelMap
    formats: tuple[str, ...]
    parts: tuple[_Part, ...]

    def lines(self, parts: slice = slice(None)) -> Iterator[Line]:
        """Every line, in order; a frame's last one is valid."""
        return (line for part in self.parts[parts] for line in part.lines())

    def picked(self, ids: Collection[str]) -> dict[str, bytes]:
        """Frame id -> its valid line, of those frames that are there."""
        held: dict[str, bytes] = {}
        for op, id, raw in self.lines() if ids else ():
            if id in ids:
                held[id] = raw
                if op == "remove":
                    del held[id]
        return held

    def shared_with(self, other: Annotations) -> int:
        """How many parts at the beginning are the same ones."""
        count = 0
        for mine, theirs in zip(self.parts, other.parts, strict=False):
            if mine.key != theirs.key:
                break
            count += 1
        return count


def annotations_of(files: StoredFiles, folder: Callable[[], AbstractContextManager[Path]]) -> Annotations:
    """What the frames of a version hold.

    Args:
        folder: where all files of the version lie while the context lasts; entered where the dataset is not ours and
            its format's reader must see files.

    Raises:
        NoFormatError: no format reads the version.
        InputError: it is damaged.
    """
    if not files.exists(JOB_PATH):
        with folder() as where:
            return _foreign(where)
    output = cast(Output, files)
    job = Job.from_json(files.read(JOB_PATH), "the version")
    labels = job.labels
    if labels is None:
        labels = journal_labels(job, Journal.open(output, repair=False))
    parts = tuple(_segment(output, files, segment) for segment in found(output, repair=False))
    return Annotations(labels, tuple(job.formats), parts)


def annotations_in(folder: Path) -> Annotations:
    """What the frames of a folder hold as it is now.

    Raises:
        NoFormatError: no format reads it.
        InputError: it is damaged.
    """
    files = StoredFiles(look(folder).rows(), lambda row: read_file(folder / row.path))
    return annotations_of(files, lambda: nullcontext(folder))


@contextmanager
def laid_out(scratch: Path, lay_out: Callable[[Path], None]) -> Iterator[Path]:
    """A folder with all files of a version, for as long as it is needed.

    Args:
        lay_out: makes the folder, as cheaply as can be.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="read-", dir=scratch))
    try:
        lay_out(folder / "version")
        yield folder / "version"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _segment(output: Output, files: StoredFiles, segment: Segment) -> _Part:
    def read() -> Iterator[Line]:
        return (Line(line.op, line.id, line.raw) for line in lines(output, segment) if line.id)

    return _Part(files.rows[segment.path].sha256, read)


def _foreign(folder: Path) -> Annotations:
    """All records at once, in memory as text: such a dataset is read in one go anyway."""
    try:
        dataset = open_dataset(folder)
    except InputError as error:
        raise NoFormatError(str(error).replace(str(folder), "the version")) from error
    try:
        labels = dataset.labels()
        records = [(frame.id, _line(frame.id, to_record(frame))) for frame in dataset.frames()]
    except InputError as error:
        raise InputError(str(error).replace(str(folder), "the version")) from error
    key = hashlib.sha256(b"".join(raw for _, raw in records)).hexdigest()
    return Annotations(labels, (dataset.format.name,), (_Part(key, lambda: _added(records)),))


def _line(id: str, record: object) -> bytes:
    try:
        return json.dumps({"op": "add", "frame": record}, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise InputError(f"frame {id}: its record is not JSON: {error}") from error


def _added(records: Sequence[tuple[str, bytes]]) -> Iterator[Line]:
    return (Line("add", id, raw) for id, raw in records)
