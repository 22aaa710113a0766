"""An open dataset: its lock, journal, intents and ledger, from opening to sealing. Nothing here knows of threads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from framepress.core import Frame, LabelMap
from framepress.dataset.finish import finish_editions, journal_labels, totals_of
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.report import Report
from framepress.errors import InputError, OptionError, OutputError
from framepress.formats import Row
from framepress.storage.finishing import orphan
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import JOURNAL, Journal, encoded
from framepress.storage.ledger import Ledger
from framepress.storage.output import Lock, Output
from framepress.storage.recover import recover
from framepress.storage.transaction import FrameTransaction, Intents, check_free

__all__ = ["Session", "check_target"]


class Session:
    """Made by `start` (to write) or `reopen` (to finish again); ends with `finish` or `abandon`."""

    def __init__(self, name: str, output: Output, job: Job, lock: Lock) -> None:
        self.name, self.output, self.job = name, output, job
        self._lock = lock
        self._trim: Callable[[], None] = lambda: None  # before recovery has read the intents, none may be forgotten
        new = next(output.list(JOURNAL.rstrip("/")), None) is None
        self.journal = (Journal.create if new else Journal.open)(output, on_seal=lambda path: self._trim())
        recovery = recover(output, self.journal)
        self.intents = Intents(output)
        self._trim = self.intents.trim  # what they announce is durable once the journal's segment is sealed
        self.ledger = Ledger(output)
        if recovery.orphans:
            self.ledger.count("orphans", len(recovery.orphans))
            self.ledger.event("orphans", files=recovery.orphans)
        if recovery.lost:
            self.ledger.count("lost in a power cut", len(recovery.lost))
            self.ledger.event("lost in a power cut", frames=list(recovery.lost))
        self.labels = journal_labels(job, self.journal)
        self._totals = totals_of(job, self.journal, self.labels)

    @classmethod
    def start(cls, target: Path | str | Output, job: Job, *, existing: str) -> Session:
        """A new dataset, or one to go on with (`existing` append or resume).

        Raises:
            OutputError: the target holds something and `existing` is error, or holds what is not ours.
            OptionError: the dataset that is there has another job, with the first difference.
        """
        output, name = _output(target)
        ours = check_target(target, existing)
        with _locked(output) as lock:
            if ours:
                found = Job.from_json(output.read(JOB_PATH), name)
                _check_same(job, found, name)
                job = found  # equal, but for the order of its formats, which is that of the journal's rows
            else:
                output.put(JOB_PATH, job.to_json())
            return cls(name, output, job, lock)

    @classmethod
    def reopen(cls, target: Path | str | Output) -> Session:
        """An existing dataset under its own job.

        Raises:
            OutputError: there is none.
        """
        output, name = _output(target)
        if not output.exists(JOB_PATH):
            raise OutputError(f"{name}: holds no dataset of ours (no {JOB_PATH}); nothing to finish")
        with _locked(output) as lock:
            return cls(name, output, Job.from_json(output.read(JOB_PATH), name), lock)

    def commit(
        self,
        frame: Frame,
        record: Mapping[str, Any],
        channels: Sequence[str],
        labels: LabelMap,
        rows: Mapping[str, Row],
        files: FrameTransaction,
    ) -> None:
        """Make one frame's files visible, then write its journal line. One thread at a time, in frame order.

        Args:
            channels: those that the frame had.
            labels: the classes as they were when the frame's were settled.

        Raises:
            InputError: the record is not JSON; nothing of the frame is visible.
            OutputError: a file of that name exists, or the disk refused.
        """
        editions = {
            name: {"row": row, "files": [list(entry) for entry in files.entries(self.job.prefix(name))]}
            for name, row in rows.items()
        }
        line = {"op": "add", "frame": record, "channels": channels, "editions": editions}
        try:
            raw = encoded(line)  # what the journal cannot hold must not become visible
        except InputError:
            files.discard()
            raise
        published = files.publish()
        try:
            if len(labels) > len(self.labels):
                self._record_classes(labels)
            self.journal.append(line, raw)
        except OutputError:
            if frame.id not in self.journal.ids:
                self._take_back(frame.id, [entry.path for entries in published.values() for entry in entries])
            raise
        self.intents.settle(frame.id)
        self._totals.add(frame, channels, rows)

    def adopt(self, record: Mapping[str, Any], source: Path, labels: LabelMap) -> None:
        """Take over a frame from another dataset's journal, with hard links to its files.

        Raises:
            InputError: a file there is not what its journal recorded.
            OutputError: a file of that name exists.
        """
        frame_id = record["frame"]["id"]
        if frame_id in self.journal.ids:
            raise InputError(f"{source}: frame {frame_id}: the dataset has a frame of that id already")
        entries = [entry for edition in record["editions"].values() for entry in edition["files"]]
        for path, size, sha256 in entries:
            _check_file(source / path, size, sha256)
        paths = [path for path, _, _ in entries]
        try:
            check_free(self.output, paths)
        except OutputError as error:
            raise OutputError(f"{source}: frame {frame_id}: {error}") from error
        self.intents.announce(frame_id, paths)
        for path, _, _ in entries:
            self.output.link(source / path, path)
        if len(labels) > len(self.labels):
            self._record_classes(labels)
        self.journal.append({**record, "op": "add"})
        self.intents.settle(frame_id)
        rows = {name: edition["row"] for name, edition in record["editions"].items()}
        self._totals.add_record(record["frame"], record["channels"], rows)

    def finish(self) -> Report:
        """Seal the journal, write the dataset-wide files of every edition, and close."""
        try:
            self.journal.close()
            finish_editions(self.output, self.job, self.journal)
            self.output.sync()
            splits = [] if self.job.split is None else [name for name, _ in self.job.split.parts]
            return self._totals.report(self.name, self.labels.names, splits, self.ledger.totals())
        except Exception as error:
            with suppress(OSError, OutputError):  # a disk that takes nothing does not hide why
                self.ledger.event("unfinished", reason=f"{type(error).__name__}: {error}")
            raise
        finally:
            self._close()

    def abandon(self) -> None:
        """Leave the dataset as it is, to be resumed; the journal's last segment stays open."""
        try:
            self.journal.close(seal=False)
        finally:
            self._close()

    def _take_back(self, frame_id: str, paths: Sequence[str]) -> None:
        """Files that are visible and got no row go where recovery would put them, as the run may go on."""
        with suppress(OutputError):  # what stays is announced, and recovery's
            for path in paths:
                orphan(self.output, path)
            self.intents.withdraw(frame_id)

    def _record_classes(self, labels: LabelMap) -> None:
        added = LabelMap(labels.labels[len(self.labels) :])
        self.journal.append({"op": "labels", "labels": added.to_dict()})
        self.labels = labels

    def _close(self) -> None:
        with ExitStack() as stack:  # whatever a full disk refuses, the rest is let go of
            stack.callback(self._lock.release)
            stack.callback(self.ledger.close)
            self.intents.close()


def check_target(target: Path | str | Output, existing: str) -> bool:
    """Whether a dataset of ours is there, to go on with.

    Raises:
        OutputError: the target holds something and `existing` is error, or holds what is not ours.
    """
    output, name = _output(target)
    ours = output.exists(JOB_PATH)
    if existing == "error" and ours:
        raise OutputError(
            f"{name}: holds a dataset already; choose another target, or pass existing=resume to go on with an "
            "interrupted run, existing=append to add to it"
        )
    stranger = None if ours else next(iter(output.list()), None)
    if stranger is not None:
        raise OutputError(f"{name}: holds {stranger} and is not a dataset of ours; choose an empty or new folder")
    return ours


def _output(target: Path | str | Output) -> tuple[Output, str]:
    """The output, and what messages call it."""
    if isinstance(target, Path | str):
        return FolderOutput(Path(target)), str(target)
    return target, repr(target)


def _check_file(path: Path, size: int, sha256: str) -> None:
    try:
        with path.open("rb") as stream:
            found = hashlib.sha256()
            while block := stream.read(1 << 20):
                found.update(block)
    except OSError as error:
        raise InputError(f"{path}: is in the journal but cannot be read: {error.strerror or error}") from error
    if found.hexdigest() != sha256:
        raise InputError(f"{path}: its content is not what the journal recorded ({size} bytes); write the shard again")


@contextmanager
def _locked(output: Output) -> Iterator[Lock]:
    """The target's lock, let go only where the block fails."""
    lock = output.lock()
    try:
        yield lock
    except BaseException:
        lock.release()
        raise


def _check_same(asked: Job, found: Job, where: str) -> None:
    if asked == found:
        return
    for field in fields(Job):
        before, now = getattr(found, field.name), getattr(asked, field.name)
        if before != now:
            before, now = _differing(before, now)
            raise OptionError(
                f"{where}: was made with another {field.name}: {_brief(before)}, now {_brief(now)}; "
                "use the same, or a new target"
            )


def _differing(before: Any, now: Any) -> tuple[Any, Any]:
    """Of two mappings, the entries that are not in both; of those that differ and are mappings, theirs."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return before, now
    here, there = dict(before), dict(now)
    for key in before.keys() & now.keys():
        if before[key] == now[key]:
            del here[key], there[key]
        else:
            here[key], there[key] = _differing(before[key], now[key])
    return here, there


def _brief(value: Any) -> str:
    """A part of a job in a message: classes by their names, encoders and options as they are."""
    if isinstance(value, LabelMap):
        return f"{len(value)} classes ({', '.join(value.names[:8])}{', …' if len(value) > 8 else ''})"
    return "none" if value is None or value == {} else repr(value)
