"""Frames in, one dataset out: several editions, one journal, crash-safe, in the order in which frames were given."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from framepress.core import Channels, Frame, LabelMap
from framepress.core.features import features
from framepress.core.record import to_record
from framepress.dataset.checks import Check, Tell, note
from framepress.dataset.job import Job
from framepress.dataset.labelling import Labelling
from framepress.dataset.pool import OrderedPool
from framepress.dataset.prepare import with_masks
from framepress.dataset.report import Report
from framepress.dataset.session import Session
from framepress.dataset.split import Split
from framepress.errors import FindingsError, FrameError, FramepressError, InputError, LabelError, OptionError
from framepress.formats import Row
from framepress.storage.images import encoder_backends
from framepress.storage.output import Output
from framepress.storage.transaction import FrameTransaction

__all__ = ["CHOICES", "DatasetWriter"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "on_full": ("wait", "drop"),
    "existing": ("error", "append", "resume"),
    "on_error": ("raise", "count"),
    "on_finding": ("count", "stop"),
}

_QUEUE_BYTES = 512 << 20


@dataclass(frozen=True)
class _Settled:
    """A frame whose split and classes are settled, on its way to a worker."""

    frame: Frame
    labels: LabelMap


@dataclass(frozen=True)
class _Pressed:
    """A frame whose files are staged: all that is left to do is small and done in order."""

    frame: Frame
    record: dict[str, Any]
    channels: list[str]
    labels: LabelMap
    rows: dict[str, Row]
    files: FrameTransaction
    tells: list[Tell]


class DatasetWriter:
    """Presses every frame into all editions at once.

    Use it as a context manager: a block that ends normally finishes the dataset; one that raises leaves it as it is,
    to be continued with `existing="resume"`.

    Args:
        target: a folder, or an `Output`. Absent or empty, unless `existing` says otherwise.
        formats: names, or name -> options. One format fills the folder itself, several get a folder each.
        labels: the classes. None: they grow in the order in which frames bring them.
        unlisted: what to do with an object whose class is not in `labels`: `error`, or `drop` (counted).
        split: None keeps the split that a frame brings.
        workers: threads; None for one a core, at most 4.
        queue_bytes: pixels that may wait for a thread.
        on_full: `wait` when the queue is full (counted as throttled), or `drop` the frame (counted as dropped).
        existing: `error`; `append` to a dataset of the same job; or `resume` one: frames it has are skipped.
        on_error: `raise` at the next call when a frame fails, nothing after it being written; or `count` and go on.
        origin: what makes the frames, JSON-able: stated in the dataset, which takes frames of no other origin later.
        on_failure: told of each frame that fails, once it is in the ledger; called in the thread where it happened.
        checks: what looks at frames as they are written, see `dataset.checks`.
        on_finding: `count` what checks find; or `stop`: a frame with an error is not written, nor is one after it.
        gate: given the folder of the finished dataset, raises FindingsError where it does not hold what is required.

    Raises:
        OptionError: an option is impossible, or the existing dataset has another job.
        OutputError: the target cannot be written or is not ours.
        JournalError: the existing dataset is damaged.
    """

    def __init__(
        self,
        target: Path | str | Output,
        formats: Mapping[str, Mapping[str, Any]] | Sequence[str],
        *,
        labels: LabelMap | None = None,
        unlisted: str = "error",
        split: Split | None = None,
        workers: int | None = None,
        queue_bytes: int = _QUEUE_BYTES,
        on_full: str = "wait",
        existing: str = "error",
        on_error: str = "raise",
        origin: Mapping[str, Any] | None = None,
        on_failure: Callable[[str, BaseException], None] | None = None,
        checks: Sequence[Check] = (),
        on_finding: str = "count",
        gate: Callable[[Path], None] | None = None,
    ) -> None:
        for name, value in (
            ("on_full", on_full),
            ("existing", existing),
            ("on_error", on_error),
            ("on_finding", on_finding),
        ):
            if value not in CHOICES[name]:
                raise OptionError(f"{name}={value!r}: must be one of {', '.join(CHOICES[name])}")
        if workers is not None and workers < 1:
            raise OptionError(f"workers={workers}: must be at least 1, or None for one a core up to 4")
        self._on_full, self._existing, self._on_error = on_full, existing, on_error
        self._on_failure = on_failure
        self._checks, self._on_finding = tuple(checks), on_finding
        if gate is not None and not isinstance(target, Path | str):
            raise OptionError("a gate reads the finished dataset: the target must be a folder")
        self._gate = None if gate is None else partial(gate, Path(str(target)))
        self._split = split
        job = Job(Job.named(formats), labels, split, unlisted, encoder_backends(), origin)
        job.editions()  # an impossible option is told before anything is touched
        self._session = Session.start(target, job, existing=existing)
        self._editions = self._session.job.editions()
        self._labelling = Labelling(self._session.labels, grow=labels is None, unlisted=unlisted)
        self._given: set[str] = set()  # taken, and neither in the journal nor failed
        self._found = set(self._session.journal.ids) if existing == "resume" else set()
        self._ended = False
        self._report: Report | None = None
        self._pool: OrderedPool[_Settled, _Pressed] = OrderedPool(
            self._press,
            self._commit,
            lambda pressed: pressed.files.discard(),
            self._accept_failure,
            workers=workers or min(4, os.cpu_count() or 1),
            limit_bytes=queue_bytes,
        )

    @property
    def labels(self) -> LabelMap:
        """The classes so far."""
        return self._labelling.labels

    @property
    def ids(self) -> Collection[str]:
        """Of the frames that the dataset holds now."""
        return self._session.journal.ids

    def expect(self, labels: LabelMap) -> None:
        """Classes that frames may bring, listed from the next frame on whether or not they do; nothing where the
        classes are fixed.

        A class that is listed already stays as it is.
        """
        self._labelling.expect(labels)

    def add(self, frame: Frame) -> bool:
        """Take a frame; its arrays must not change afterwards. False where it was not taken: dropped, or there already.

        Raises:
            FrameError: an earlier frame failed in a worker; this one was not taken.
            LabelError: a class is not in the label map; this frame was not taken.
            InputError: a frame of that id was given before.
        """
        self._raise_failure()
        if self._ended:
            raise OptionError(f"frame {frame.id}: the writer is closed; open the dataset with existing=append")
        ledger = self._session.ledger
        ledger.count("asked")
        if frame.id in self._found:
            self._found.remove(frame.id)  # a second frame of that id is an error, as it is in a run of one go
            ledger.count("skipped")
            return False
        if frame.id in self._given or frame.id in self._session.journal.ids:  # asked in the order of its way
            ledger.count("refused")
            raise InputError(f"frame {frame.id}: the dataset has a frame of that id already; ids must be unique")
        size = frame.nbytes()
        if self._on_full == "drop" and not self._pool.has_room(size):
            self._drop(frame.id)
            return False
        if self._split is not None:
            frame = frame.replaced(split=self._split.of(frame))
        try:
            frame, unlisted = self._labelling.settle(frame)
        except LabelError:
            ledger.count("refused")
            raise
        if unlisted:
            ledger.count("objects not in the label map", unlisted)
        self._given.add(frame.id)
        if self._pool.put(frame.id, _Settled(frame, self._labelling.labels), size):
            ledger.count("throttled")
        return True

    def count(self, name: str, n: int = 1) -> None:
        """Add to a counter of the ledger: what a reader merged or dropped before the frame came here."""
        self._session.ledger.count(name, n)

    def event(self, kind: str, **fields: Any) -> None:
        """A line of the ledger: what is to be known of a run and is not part of its dataset."""
        self._session.ledger.event(kind, **fields)

    def drop(self, frame_id: str) -> None:
        """Account for a frame that never became one, because there was no room for it."""
        self._session.ledger.count("asked")
        self._drop(frame_id)

    def fail(self, frame_id: str, error: BaseException) -> bool:
        """Account for a frame that could not be read; whether to go on without it, as `on_error` says."""
        self._session.ledger.count("asked")
        return self._accept_failure(frame_id, error)

    def _drop(self, frame_id: str) -> None:
        self._session.ledger.count("dropped")
        self._session.ledger.event("dropped", frame=frame_id, reason="queue full")

    def close(self) -> Report:
        """Wait for all frames, seal the journal, write the dataset-wide files; may be called again.

        Raises:
            FrameError: a frame failed; what was committed is intact and can be resumed.
            OptionError: the writer was abandoned, or closed in vain, before.
            OutputError: the target refused, or holds a file of a dataset-wide one's name; no frame is lost.
            FindingsError: of the gate; the dataset is complete, and is told of once.
        """
        if self._report is None:
            if self._ended:
                self._raise_failure()
                raise OptionError(
                    f"{self._session.name}: the writer has ended without finishing the dataset; go on with "
                    "existing=resume, or run `framepress finish`"
                )
            self._end()
            if self._pool.failure is not None:
                try:
                    self._session.abandon()
                finally:
                    self._raise_failure()
            self._report = self._session.finish()
            if self._gate is not None:
                self._gate()
        return self._report

    def abandon(self) -> None:
        """Write what was taken and stop without the dataset-wide files; `existing="resume"` goes on from here."""
        if not self._ended:
            self._end()
            self._session.abandon()

    def _end(self) -> None:
        self._pool.close()
        self._ended = True
        if self._given:  # they came after one that failed
            self._session.ledger.count("not written", len(self._given))

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None and not self._ended:
            self.close()
        else:
            self.abandon()

    def _press(self, settled: _Settled) -> _Pressed:
        frame = with_masks(settled.frame)
        files = FrameTransaction(self._session.output, self._session.intents, frame.id)
        rows = {}
        try:
            tells = [check(frame) for check in self._checks]
            held = features(frame)
            for name, (_, writer) in self._editions.items():
                missing = sorted(writer.needs - held)
                if missing:
                    raise InputError(
                        f"format {name} needs {', '.join(missing)}, which the frame does not have; "
                        f"write other formats, or {name} with options that do without"
                    )
                rows[name] = writer.add(frame, files.files(self._session.job.prefix(name)))
        except BaseException:
            files.discard()
            raise
        files.forget()
        channels = sorted({name for view in frame.views for name in view.channels})
        blank = Channels({}, (1, 1))  # the pixels are on their way to the disk: let go of them
        bare = frame.replaced(views=tuple(view.replaced(channels=blank) for view in frame.views))
        return _Pressed(bare, to_record(frame), channels, settled.labels, rows, files, tells)

    def _commit(self, pressed: _Pressed) -> None:
        try:
            for tell in pressed.tells:
                note(tell(), self._session.ledger, stop=self._on_finding == "stop")
        except BaseException:
            pressed.files.discard()
            raise
        self._session.commit(
            pressed.frame, pressed.record, pressed.channels, pressed.labels, pressed.rows, pressed.files
        )
        self._given.discard(pressed.frame.id)  # the journal has it now
        self._session.ledger.count("written")

    def _accept_failure(self, frame_id: str, error: BaseException) -> bool:
        self._given.discard(frame_id)
        self._session.ledger.count("failed")
        self._session.ledger.event("failed", frame=frame_id, reason=f"{type(error).__name__}: {error}")
        if self._on_failure is not None:
            self._on_failure(frame_id, error)
        if isinstance(error, FindingsError):
            return False
        return self._on_error == "count" and isinstance(error, FramepressError | OSError | ValueError)

    def _raise_failure(self) -> None:
        if self._pool.failure is not None:
            frame_id, error = self._pool.failure
            raise FrameError(frame_id, error) from error
