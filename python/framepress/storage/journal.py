"""The journal: `.framepress/journal/NNNNNN.jsonl`, what the dataset holds, frame by frame.

The first line of a segment is {"schema": "framepress.journal", "version": 1, "segment": N}, every other line one
record: {"op": "add" | "replace" | "remove", "frame": {"id", ...}, "editions": {name: {"files": [[path, size, sha256],
...], ...}}}, or one with another "op", which is passed on. A segment of about 64 MB is sealed: compressed to
`NNNNNN.jsonl.gz` and never changed again. Only the last one grows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from framepress.errors import InputError, OutputError
from framepress.storage.output import Appender, Output
from framepress.storage.segments import (
    JOURNAL,
    SCHEMA,
    Line,
    SealedFile,
    Segment,
    check_length,
    found,
    header,
    lines,
    seal,
)

__all__ = ["JOURNAL", "SCHEMA", "Journal", "Record", "encoded"]

Record = dict[str, Any]
_KEYED = ("add", "replace", "remove")
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Journal:
    """Appends and streams frame records. One thread appends; `records` may run beside it, up to what was there before.

    Attributes:
        ids: frames that the dataset holds now.
    """

    def __init__(
        self,
        output: Output,
        segments: list[Segment],
        *,
        segment_bytes: int,
        sync_seconds: float | None,
        on_seal: Callable[[str], None] | None,
    ) -> None:
        self.ids: set[str] = set()
        self._output = output
        self._sealed = segments
        self._file: Appender | None = None
        self._number = 0
        # Frames with more than one record: id -> the last one's (segment, line).
        self._changed: dict[str, tuple[int, int]] = {}
        self._lines = 0
        self._segment_bytes = segment_bytes
        self._sync_seconds = sync_seconds
        self._synced = time.monotonic()
        self._on_seal = on_seal

    @classmethod
    def create(
        cls,
        output: Output,
        *,
        segment_bytes: int = 64_000_000,
        sync_seconds: float | None = 30.0,
        on_seal: Callable[[str], None] | None = None,
    ) -> Journal:
        """An empty journal.

        Args:
            segment_bytes: raw bytes at which a segment is sealed.
            sync_seconds: longest time between two flushes to the disk while records come; None leaves it to `seal`.
            on_seal: called with the path of each segment once it is sealed and durable.

        Raises:
            OutputError: there is a journal already.
        """
        if next(output.list(JOURNAL.rstrip("/")), None) is not None:
            raise OutputError(f"{JOURNAL}: there is a journal already; open the dataset with append or resume")
        journal = cls(output, [], segment_bytes=segment_bytes, sync_seconds=sync_seconds, on_seal=on_seal)
        journal._start()
        return journal

    @classmethod
    def open(
        cls,
        output: Output,
        *,
        segment_bytes: int = 64_000_000,
        sync_seconds: float | None = 30.0,
        on_seal: Callable[[str], None] | None = None,
        repair: bool = True,
    ) -> Journal:
        """The journal of a dataset; the other arguments are those of `create`.

        Args:
            repair: cut a torn last line and clear up after an interrupted seal; False leaves the disk as it is and
                passes over them, for reading beside a writer or from a read-only place.

        Raises:
            JournalError: damage anywhere else, with segment and line.
        """
        segments = found(output, repair=repair)
        journal = cls(output, segments, segment_bytes=segment_bytes, sync_seconds=sync_seconds, on_seal=on_seal)
        journal._lines = 1  # of the last segment, which may have no more than its header
        for line in journal.lines():
            journal._note(line.op, line.id, (line.segment.number, line.number))
            if line.segment.number == segments[-1].number:
                journal._lines = line.number
        journal._number = segments[-1].number + 1
        if repair and not segments[-1].sealed:
            journal._number = segments.pop().number
            journal._file = output.append(journal._growing.path)
        return journal

    @property
    def _growing(self) -> Segment:
        return Segment(self._number, sealed=False, end=self._file.size if self._file else None)

    def _start(self) -> None:
        self._file = self._output.append(self._growing.path)
        self._file.write(header(self._number))
        self._lines = 1

    def _note(self, op: str, id: str, place: tuple[int, int]) -> None:
        if op not in _KEYED:
            return
        if op != "add" or id in self.ids or id in self._changed:
            self._changed[id] = place
        if op == "remove":
            self.ids.discard(id)
        else:
            self.ids.add(id)

    def append(self, record: Record, raw: bytes | None = None) -> None:
        """One record at the end.

        Args:
            raw: `encoded(record)`, where the caller has it already.

        Raises:
            InputError: the record is not JSON (NaN, an array), or too long, with the frame.
            OutputError: `add` of a frame that is there, `replace` or `remove` of one that is not; or the disk refused.
        """
        op = record["op"]
        id = record["frame"]["id"] if op in _KEYED else ""
        if op in _KEYED and (op == "add") == (id in self.ids):
            raise OutputError(f"frame {id}: {op}: the dataset {'already has' if op == 'add' else 'has no'} such frame")
        raw = encoded(record) if raw is None else raw
        check_length(raw, id)
        if self._file is not None and self._lines > 1 and self._file.size + len(raw) > self._segment_bytes:
            self.seal()
        if self._file is None:
            self._start()
        assert self._file is not None
        self._file.write(raw)
        self._lines += 1
        self._note(op, id, (self._number, self._lines))
        if self._sync_seconds is not None and time.monotonic() - self._synced >= self._sync_seconds:
            self.sync()

    def lines(self) -> Iterator[Line]:
        """Every record as it was written, unparsed, those that are no longer valid included."""
        return self._lines_of(self._segments())

    def _segments(self) -> list[Segment]:
        return [*self._sealed, *([self._growing] if self._file else [])]

    def _lines_of(self, segments: list[Segment]) -> Iterator[Line]:
        for segment in segments:
            yield from lines(self._output, segment)

    def _valid(self, line: Line) -> bool:
        """Whether it is its frame's last record; false for `remove`."""
        place = (line.segment.number, line.number)
        return bool(line.id) and line.op != "remove" and self._changed.get(line.id, place) == place

    def records(self) -> Iterator[Record]:
        """What `valid_lines` holds, parsed."""
        return (line.record() for line in self.valid_lines())

    def valid_lines(self) -> Iterator[Line]:
        """The dataset's records: each frame once, with its last record, at the place of its first; others as they came.

        Raises:
            JournalError: damage, with segment and line.
        """
        segments, changed = self._segments(), dict(self._changed)
        last: dict[str, Line] = {}
        if changed:
            for line in self._lines_of(segments):
                if line.id in changed and self._valid(line):
                    last[line.id] = line
        for line in self._lines_of(segments):
            if line.id not in changed:
                yield line
            elif line.id in last:
                yield last.pop(line.id)

    def growing_records(self) -> Iterator[Record]:
        """The valid records of the segment that is not sealed: those whose files a power cut may have taken."""
        if self._file is not None:
            for line in lines(self._output, self._growing):
                if self._valid(line):
                    yield line.record()

    def sync(self) -> None:
        """Returns once every record so far, and every file published before, would survive a power cut."""
        self._output.sync()
        if self._file is not None:
            self._file.sync()
        self._synced = time.monotonic()

    def seal(self) -> None:
        """Ends the growing segment, if it has records; the next record starts another.

        Raises:
            OutputError: the disk refused; the segment grows on.
        """
        if self._file is None or self._lines < 2:
            return
        self.sync()
        growing = self._growing
        self._sealed.append(seal(self._output, growing))
        file, self._file = self._file, None
        self._number += 1
        file.close()
        self._output.remove(growing.path)
        if self._on_seal is not None:
            self._on_seal(self._sealed[-1].path)

    def close(self, *, seal: bool = True) -> None:
        """Lets go; a second call does nothing. Where the disk refuses to seal, the segment stays as it is.

        Args:
            seal: False leaves the segment growing, for a run that will be resumed: its segments are then those of a
                run that was not interrupted.
        """
        try:
            if seal:
                self.seal()
        finally:
            if self._file is not None:
                file, self._file = self._file, None
                file.close()

    def compact(self) -> None:
        """Writes the journal anew, without what was replaced or removed; all of it is sealed then.

        Raises:
            OutputError: the disk refused; the journal is as it was.
        """
        self.seal()
        first = self._number
        made = self._compacted(first)
        self._output.publish([file.staged for file in reversed(made[1:])])
        self._output.sync()
        self._output.publish([made[0].staged])  # from here on it is the journal: see `segments`
        self._output.sync()
        old, self._sealed = self._segments(), [file.segment for file in made]
        if self._file is not None:
            self._file.close()
            self._file = None
        self._number = first + len(made)
        self._changed.clear()
        for segment in old:
            self._output.remove(segment.path)
        for segment in self._sealed:
            if self._on_seal is not None:
                self._on_seal(segment.path)

    def _compacted(self, first: int) -> list[SealedFile]:
        """The valid records in segments that are not visible yet; at least one, numbered from `first`."""
        made = [SealedFile(self._output, first)]
        try:
            made[0].write(header(first, first))
            for record in self.records():
                raw = encoded({**record, "op": "add"} if record["op"] in _KEYED else record)
                if made[-1].size + len(raw) > self._segment_bytes:
                    made[-1].close()
                    made.append(SealedFile(self._output, first + len(made)))
                    made[-1].write(header(made[-1].segment.number, first))
                made[-1].write(raw)
            made[-1].close()
        except BaseException:
            for file in made:
                file.drop()
            raise
        return made


def encoded(record: Record) -> bytes:
    """The line of a record.

    Raises:
        InputError: it is not JSON (NaN, an array), with the frame.
    """
    try:
        return _ENCODE(record).encode() + b"\n"
    except (ValueError, TypeError) as error:
        id = record["frame"]["id"] if record["op"] in _KEYED else record["op"]
        raise InputError(f"frame {id}: its record is not JSON: {error}; check the frame's meta") from error
