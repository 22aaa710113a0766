"""The files of the journal: growing segments, sealed segments, and what a crash may leave of them.

A compacted journal goes on with the next free numbers; its segments' first lines hold {"first": K}, the number of the
first of them, which becomes visible last. Where segment K is there, it and what follows are the journal and anything
below is left over; where it is not, the compaction did not come to its end and the journal is what lies below.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO, NamedTuple, cast

from framepress.errors import InputError, JournalError, OutputError
from framepress.storage.images_backend import coder_module
from framepress.storage.output import OWN, Output, Staged

__all__ = [
    "JOURNAL",
    "SCHEMA",
    "Line",
    "Segment",
    "SealedFile",
    "check_length",
    "found",
    "header",
    "is_growing",
    "lines",
    "seal",
]

JOURNAL = f"{OWN}journal/"
SCHEMA = "framepress.journal"
VERSION = 1
LEVEL = 1  # records are mostly digits and masks: level 6 is 6 % smaller and takes three times as long
LONGEST = 1 << 28
"""Bytes of a line at most: a frame's record has some thousand, with the masks of a crowd some million."""

_NAME = re.compile(re.escape(JOURNAL) + r"(\d{6,})\.jsonl(\.gz)?")
# How our own lines begin. Found here, a line's frame is known without parsing masks and boxes.
_KEYED = re.compile(rb'\{"op":"(add|replace|remove)","frame":\{"id":"([A-Za-z0-9_/-]+)"[,}]')


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal; `end` is how many of its raw bytes count, None for all."""

    number: int
    sealed: bool
    end: int | None = None

    @property
    def path(self) -> str:
        return f"{JOURNAL}{self.number:06}.jsonl" + (".gz" if self.sealed else "")


class Line(NamedTuple):
    """A record that is not parsed yet; `id` is "" where `op` is none of add, replace, remove. Numbers start at 1."""

    segment: Segment
    number: int
    op: str
    id: str
    raw: bytes

    def record(self) -> dict[str, Any]:
        return _parsed(self.raw, self.segment, self.number)


def header(number: int, first: int | None = None) -> bytes:
    """The first line of a segment."""
    fields = {"schema": SCHEMA, "version": VERSION, "segment": number}
    return _dumps(fields if first is None else {**fields, "first": first})


def _dumps(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def lines(output: Output, segment: Segment) -> Iterator[Line]:
    """The records of a segment, in order.

    Raises:
        JournalError: damage, with segment and line.
    """
    number = 0
    for number, raw in enumerate(_raw_lines(output, segment), 1):
        if not raw.endswith(b"\n"):
            raise _damaged(segment, number, "it breaks off")
        if number == 1:
            _check_header(raw, segment)
            continue
        keyed = _KEYED.match(raw)
        if keyed:
            yield Line(segment, number, keyed[1].decode(), keyed[2].decode(), raw)
        else:
            yield _odd_line(segment, number, raw)
    if number == 0 and segment.end != 0:
        raise _damaged(segment, 1, "the segment is empty")


def _odd_line(segment: Segment, number: int, raw: bytes) -> Line:
    record = _parsed(raw, segment, number)
    op = record.get("op")
    if not isinstance(op, str):
        raise _damaged(segment, number, f"not a record: {raw[:80]!r}")
    if op not in ("add", "replace", "remove"):
        return Line(segment, number, op, "", raw)
    frame = record.get("frame")
    if not isinstance(frame, dict) or not isinstance(frame.get("id"), str):
        raise _damaged(segment, number, f"{op} without a frame id")
    return Line(segment, number, op, frame["id"], raw)


def _raw_lines(output: Output, segment: Segment) -> Generator[bytes, None, None]:
    left = segment.end
    try:
        with _opened(output, segment) as stream:
            for raw in _bounded(stream, segment):
                if left is not None:
                    if len(raw) > left:
                        return
                    left -= len(raw)
                yield raw
    except (OSError, EOFError, zlib.error, coder_module().error) as error:
        raise JournalError(f"{segment.path}: damaged: {error}; restore it from a copy") from error


def check_length(raw: bytes, id: str) -> None:
    """A line that could not be read back must not be written.

    Raises:
        InputError: it is too long, with the frame.
    """
    if len(raw) >= LONGEST:
        raise InputError(f"frame {id}: its record has {len(raw)} bytes, the journal keeps {LONGEST - 1} at most")


def _bounded(stream: BinaryIO, segment: Segment) -> Iterator[bytes]:
    """Line after line: what has no end of a line for as long as this is no journal, and may be any size unpacked."""
    while raw := stream.readline(LONGEST):
        if len(raw) == LONGEST:
            raise JournalError(f"{segment.path}: damaged: a line of {LONGEST} bytes; restore it from a copy")
        yield raw


@contextmanager
def _opened(output: Output, segment: Segment) -> Iterator[BinaryIO]:
    if not segment.sealed:
        try:
            stream = output.open(segment.path)
        except InputError:
            segment = Segment(segment.number, sealed=True)  # a writer sealed it since we looked
            if not output.exists(segment.path):
                raise
        else:
            with stream:
                yield stream
            return
    with output.open(segment.path) as below, _unzipper()[0](fileobj=below, mode="rb") as unzipped:
        yield cast(BinaryIO, unzipped)


@cache
def _unzipper() -> tuple[type[gzip.GzipFile], type[Exception]]:
    """What reads gzip, and its error: Intel ISA-L where it is installed (extra `fast`), in a third of the time."""
    try:
        return import_module("isal.igzip").IGzipFile, import_module("isal.igzip_lib").IsalError
    except ImportError:
        return gzip.GzipFile, zlib.error


def _check_header(raw: bytes, segment: Segment) -> dict[str, Any]:
    fields = _parsed(raw, segment, 1)
    if fields.get("schema") != SCHEMA or fields.get("segment") != segment.number:
        raise _damaged(segment, 1, f"it is not the header of segment {segment.number}: {raw[:80]!r}")
    if fields.get("version") != VERSION:
        raise JournalError(
            f"{segment.path}: version {fields.get('version')!r}, this framepress reads {VERSION}; update it"
        )
    return fields


def _parsed(raw: bytes, segment: Segment, number: int) -> dict[str, Any]:
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(segment, number, f"not JSON: {error}") from error
    if not isinstance(record, dict):
        raise _damaged(segment, number, f"not a record: {raw[:80]!r}")
    return record


def _damaged(segment: Segment, number: int, what: str) -> JournalError:
    return JournalError(f"{segment.path}: line {number}: damaged: {what}; restore the file from a copy")


class SealedFile:
    """A sealed segment in the making: deterministic gzip, not visible before it is published."""

    def __init__(self, output: Output, number: int) -> None:
        self.segment = Segment(number, sealed=True)
        self.staged: Staged
        self.staged, self._stream = output.stage_file(self.segment.path)
        self._output = output
        self._zip = gzip.GzipFile("", "wb", LEVEL, self._stream, mtime=0)
        self.size = 0

    def write(self, content: bytes) -> None:
        self._zip.write(content)
        self.size += len(content)

    def close(self) -> None:
        self._zip.close()
        self._stream.close()

    def drop(self) -> None:
        with suppress(OutputError):  # a full disk refuses the end as well
            self._zip.close()
        with suppress(OutputError):
            self._stream.close()
        self._output.discard([self.staged])


def seal(output: Output, segment: Segment) -> Segment:
    """The sealed form of a segment that grew, durable; the caller removes the other."""
    sealed = SealedFile(output, segment.number)
    try:
        with output.open(segment.path) as stream:
            while block := stream.read(1 << 20):
                sealed.write(block)
        sealed.close()
    except BaseException:
        sealed.drop()
        raise
    output.publish([sealed.staged], replace=True)  # one from an attempt that failed half-way may be there
    output.sync()
    return Segment(segment.number, sealed=True)


def found(output: Output, *, repair: bool) -> list[Segment]:
    """The segments of the journal, in order, all sealed but possibly the last.

    With `repair`, what an interrupted append, seal or compaction left is cleared up; else it is passed over.

    Raises:
        JournalError: there is none, one is missing, or the damage is none that a crash leaves.
    """
    forms: dict[int, set[bool]] = {}
    for path in output.list(JOURNAL.rstrip("/")):
        match = _NAME.fullmatch(path)
        if match:
            forms.setdefault(int(match[1]), set()).add(bool(match[2]))
    segments = [_one_form(output, number, forms[number], repair) for number in sorted(forms)]
    segments = _after_compaction(output, segments, repair)
    if not segments:
        raise JournalError(f"{JOURNAL}: no journal is there; the folder is no dataset of framepress")
    first = _first(output, segments[0])
    for number, segment in enumerate(segments, segments[0].number if first == segments[0].number else 0):
        if segment.number != number:
            raise JournalError(f"{JOURNAL}: segment {number:06} is missing; restore it from a copy")
        if not segment.sealed and segment is not segments[-1]:
            raise JournalError(f"{segment.path}: is not sealed, though later ones are there; restore it from a copy")
    if not segments[-1].sealed:
        segments[-1] = _whole_lines(output, segments[-1], repair)
    return segments


def is_growing(output: Output, segments: Sequence[Segment]) -> bool:
    """Whether there are records that are not sealed: of a run that goes on, or was interrupted.

    Args:
        segments: as `found` gives them.
    """
    last = segments[-1]
    return not last.sealed and next(lines(output, last), None) is not None


def _one_form(output: Output, number: int, forms: set[bool], repair: bool) -> Segment:
    if len(forms) == 1:
        return Segment(number, sealed=forms.pop())
    sealed, growing = Segment(number, sealed=True), Segment(number, sealed=False)
    whole = _whole_lines(output, growing, repair=False).end or 0
    try:
        # Sealing may have failed after the sealed form was published, and the other have grown on.
        complete = sum(map(len, _raw_lines(output, sealed))) >= whole
    except JournalError:
        complete = False
    kept, dropped = (sealed, growing) if complete else (growing, sealed)
    if repair:
        output.remove(dropped.path)
    return kept


def _after_compaction(output: Output, segments: list[Segment], repair: bool) -> list[Segment]:
    firsts = {segment.number: _first(output, segment) for segment in segments}
    start = max((number for number, first in firsts.items() if number == first), default=0)
    kept = [s for s in segments if s.number >= start and firsts[s.number] in (None, start)]
    if repair:
        for segment in segments:
            if segment not in kept:
                output.remove(segment.path)
    return kept


def _first(output: Output, segment: Segment) -> int | None:
    """The segment's `first`; None where it has none, or its first line is torn (judged later)."""
    with closing(_raw_lines(output, segment)) as stream:
        raw = next(stream, b"")
    if not raw.endswith(b"\n"):
        return None
    first = _check_header(raw, segment).get("first")
    return first if isinstance(first, int) else None


def _whole_lines(output: Output, segment: Segment, repair: bool) -> Segment:
    """The growing segment without a torn last line."""
    end = last = 0
    raw = b""
    with output.open(segment.path) as stream:
        for raw in _bounded(stream, segment):
            last = end
            end += len(raw)
    if raw and not (raw.endswith(b"\n") and _is_record(raw)):
        end = last
    if repair:
        if output.size(segment.path) > end:
            output.truncate(segment.path, end)
        if end == 0:
            file = output.append(segment.path)
            file.write(header(segment.number))
            file.close()
            end = file.size
    return Segment(segment.number, sealed=False, end=end)


def _is_record(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False
