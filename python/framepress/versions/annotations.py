"""What the frames of a version hold, frame by frame and unparsed: from its journal, or, where the dataset is not ours,
through the reader of its format.

Two versions are compared by digests of their records first; only frames that differ are looked at again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from framepress.core import LabelMap
from framepress.core.record import to_record
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError, JournalError
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.segments import Segment, found, lines
from framepress.versions.add import is_shared
from framepress.versions.stored import StoredFiles

__all__ = ["Annotations", "Digest", "Digests", "FrameLine", "annotations_of"]


class Digest(NamedTuple):
    """Of a frame: its record, and the pictures of its editions, each b"" where there is nothing."""

    record: bytes
    pictures: bytes


class Digests(NamedTuple):
    """Frame id -> digest, None where it was removed; and the frames that were replaced or removed."""

    of: dict[str, Digest | None]
    amended: set[str]


class _Edition(msgspec.Struct):
    files: list[tuple[str, int, str]] = []


class FrameLine(msgspec.Struct):
    """A journal line, as far as a comparison reads it."""

    frame: msgspec.Raw
    editions: dict[str, _Edition] = {}


class _Part(NamedTuple):
    """Lines that are read together; equal keys, equal lines."""

    key: str
    lines: Callable[[], Iterator[tuple[str, str, bytes]]]  # op, frame id, line


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

    def digests(self, editions: Collection[str], parts: slice = slice(None)) -> Digests:
        """Args:
        editions: whose pictures count.
        parts: which parts are read; frames that others name are not in it.
        """
        found: dict[str, Digest | None] = {}
        amended: set[str] = set()
        decode = msgspec.json.Decoder(FrameLine).decode
        for part in self.parts[parts]:
            for op, id, raw in part.lines():
                found[id] = None if op == "remove" else _digest(_decoded(decode, raw, id), editions)
                if op != "add":
                    amended.add(id)
        return Digests(found, amended)

    def picked(self, ids: Collection[str], amended: Collection[str]) -> Iterator[tuple[str, msgspec.Raw]]:
        """Id and record of some frames, each once, as it is valid.

        Args:
            amended: frames that may have several lines; these come last.
        """
        held: dict[str, bytes] = {}
        decode = msgspec.json.Decoder(FrameLine).decode
        for part in self.parts if ids else ():
            for op, id, raw in part.lines():
                if id not in ids:
                    continue
                if id not in amended:
                    yield id, _decoded(decode, raw, id).frame
                elif op == "remove":
                    held.pop(id, None)
                else:
                    held[id] = raw
        for id, raw in held.items():
            yield id, _decoded(decode, raw, id).frame

    def shared_with(self, other: Annotations) -> int:
        """How many parts at the beginning are the same ones."""
        count = 0
        for mine, theirs in zip(self.parts, other.parts, strict=False):
            if mine.key != theirs.key:
                break
            count += 1
        return count


def _decoded(decode: Callable[[bytes], FrameLine], raw: bytes, id: str) -> FrameLine:
    try:
        return decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise JournalError(f"frame {id}: its record cannot be read: {error}") from error


def _digest(line: FrameLine, editions: Collection[str]) -> Digest:
    pictures = sorted(
        sha256
        for name, edition in line.editions.items()
        if name in editions
        for path, _, sha256 in edition.files
        if is_shared(path)
    )
    return Digest(
        hashlib.blake2b(line.frame, digest_size=16).digest(),
        hashlib.blake2b("".join(pictures).encode(), digest_size=16).digest() if pictures else b"",
    )


def annotations_of(files: StoredFiles, lay_out: Callable[[Path], None], scratch: Path) -> Annotations:
    """What the frames of a version hold.

    Args:
        lay_out: puts all files of the version into a folder that does not exist yet, as cheaply as can be; called
            where the dataset is not ours and its format's reader must see files.
        scratch: a folder for it.

    Raises:
        InputError: no format reads the version, or it is damaged.
    """
    if not files.exists(JOB_PATH):
        return _foreign(files, lay_out, scratch)
    output = cast(Output, files)
    job = Job.from_json(files.read(JOB_PATH), "the version")
    labels = job.labels
    if labels is None:
        labels = journal_labels(job, Journal.open(output, repair=False))
    parts = tuple(_segment(output, files, segment) for segment in found(output, repair=False))
    return Annotations(labels, tuple(job.formats), parts)


def _segment(output: Output, files: StoredFiles, segment: Segment) -> _Part:
    def read() -> Iterator[tuple[str, str, bytes]]:
        return ((line.op, line.id, line.raw) for line in lines(output, segment) if line.id)

    return _Part(files.rows[segment.path].sha256, read)


def _foreign(files: StoredFiles, lay_out: Callable[[Path], None], scratch: Path) -> Annotations:
    """All records at once, in memory as text: such a dataset is read in one go anyway."""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="read-", dir=scratch))
    try:
        lay_out(folder / "files")
        try:
            dataset = open_dataset(folder / "files")
            labels = dataset.labels()
            records = [(frame.id, _line(frame.id, to_record(frame))) for frame in dataset.frames()]
        except InputError as error:
            raise InputError(str(error).replace(f"{folder / 'files'}", "the version")) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    key = hashlib.sha256(b"".join(raw for _, raw in records)).hexdigest()
    return Annotations(labels, (dataset.format.name,), (_Part(key, lambda: _added(records)),))


def _line(id: str, record: object) -> bytes:
    try:
        return json.dumps({"op": "add", "frame": record}, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise InputError(f"frame {id}: its record is not JSON: {error}") from error


def _added(records: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, str, bytes]]:
    return (("add", id, raw) for id, raw in records)
