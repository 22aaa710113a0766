"""One run of the writer: Replicator's payloads in, a dataset out; opened by the first frame, sealed at every stop.

The host's thread copies a payload and goes on. A second thread turns payloads into frames, in order, and hands them to
the dataset's writer, whose own threads press them; the end of a run may be left to yet another (`end`). Every payload
that is offered is in the ledger:

    asked = written + skipped + dropped + failed + refused + not written + frames without an image
"""

from __future__ import annotations

import atexit
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.hold import held, nbytes
from framepress.capture.layout import Product, time_ns
from framepress.capture.payload import frame_from_products, with_names
from framepress.core import Frame, LabelMap
from framepress.dataset.pool import OrderedPool
from framepress.dataset.report import Report
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, FramepressError, InputError, JournalError, LabelError
from framepress.quality.truth.writing import TruthCheck
from framepress.replicator.delivered import delivered
from framepress.replicator.expected import with_points
from framepress.replicator.lenses import check_lenses
from framepress.replicator.options import Options
from framepress.replicator.seal import Seal
from framepress.replicator.tile_cameras import OpenStage
from framepress.replicator.tiles import Tiles
from framepress.storage.output import Output

__all__ = ["Press"]

_WAITING_BYTES = 256 << 20
_UNTOLD = 100  # where nobody tells, the ledger has them all
_Failure = tuple[str, BaseException]
_Read = tuple[Frame | None, Accounts] | None

_log = logging.getLogger("framepress.replicator")


@dataclass(frozen=True)
class _Held:
    """A payload of our own."""

    number: int
    products: list[Product]
    time_ns: int | None
    accounts: Accounts


class Press:
    """Frames are numbered in the order in which they are taken, from `options.first_frame` on; behind those that are
    there already, where a dataset is appended to.

    Nothing is opened or locked before the first frame: hosts copy writers, and make ones that they never use. What a
    process leaves without `finish` is finished when it ends, unless it is killed.

    Args:
        target: the dataset's folder, or an `Output`.
        opened: the stage that is open in the host, for cameras of tiled render products.
        expected: the classes that come first where `options` gives none; asked for at the dataset's first frame.

    Attributes:
        accounts: what became of all rows so far.
        report: of the last run that was sealed.
        failures: the first frames that were given up and not yet told of; whoever tells takes them out.
    """

    def __init__(
        self,
        target: Path | str | Output,
        options: Options,
        opened: Callable[[], OpenStage | None] = lambda: None,
        expected: Callable[[Options], LabelMap | None] = lambda _: None,
    ) -> None:
        self.target = target
        self.options = options
        self._tiles = Tiles(options.tiles, opened)
        self.accounts = Accounts()
        self.report: Report | None = None
        self.failures: deque[FramepressError] = deque()
        self._taken = options.first_frame
        self._queued = 0  # of them, those that the ledger has not heard of from the host's thread
        self._handed = 0  # of those, the ones that it has heard of since: counted by the second thread
        self._begun = False
        self._several = False  # products at once, in any frame so far
        self._ended: _Failure | None = None
        self._seal: Seal | None = None  # of the run that was stopped last, where no frame came since
        self._expected = expected
        self._policy = options.policy
        self._buffers = Buffers()
        self._writer: DatasetWriter | None = None
        self._pool: OrderedPool[_Held, _Read] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Press:
        # Locks and open files are not copied: a copy is a run of its own.
        return Press(self.target, self.options, self._tiles.opened, self._expected)

    def take(self, payload: Mapping[str, Any]) -> bool:
        """One `write(data)` call; its arrays may change afterwards. False: it is left out, and counted so.

        Raises:
            FrameError: an earlier frame ended the run; this one is counted as not written.
            InputError: this is no payload; it is counted as failed, and raised only where that ends the run.
            FramepressError: as `DatasetWriter`, at the first frame; as `finish`, of the run before.
        """
        self._reopen()
        if self._ended is not None:
            raise _failed(self._ended)
        pool = self._running()
        number = self._taken
        self._taken += 1  # also of a frame that fails: its number stays its own
        if pool.failure is not None:
            self._queued += 1
            raise _failed(pool.failure)
        key = f"{number:06d}"
        try:
            accounts = Accounts()
            products = self._tiles.apart(
                delivered(payload, self.options.annotators, f"frame {key}"), accounts, f"frame {key}"
            )
            products = held(products, self._buffers)
            now_ns = time_ns(payload)
        except Exception as error:  # counted whatever it is; a bug is raised
            if not self._opened().fail(key, error):
                raise
            return False
        size = nbytes(products)
        if self.options.writing.get("on_full") == "drop" and not pool.has_room(size):
            self._opened().drop(key)
            return False
        self._queued += 1
        if pool.put(key, _Held(number, products, now_ns, accounts), size):
            self._opened().count("throttled")
        return True

    def end(self) -> Seal | None:
        """The run is over: what any thread is to do about it; None where nothing is new, or it was told before.

        Until it is done its errors are not known; a frame, `finish`, `sealed` and the end of the process see to it.
        """
        if self._seal is not None or self._pool is None:
            return None
        self._seal = Seal(self._close)
        return self._seal

    def finish(self) -> Report | None:
        """Everything onto the disk, and the dataset-wide files; does nothing where nothing is new.

        Raises:
            FrameError: a frame could not be read or written; what was committed is intact and can be resumed.
            FramepressError: the dataset-wide files cannot be written.
        """
        self.end()
        if self._seal is not None:
            self._seal.run()
        return self.report

    def sealed(self) -> Report | None:
        """The report of the last run that was stopped; waits for its seal.

        Raises:
            FramepressError: as `finish`, however often it is asked for.
        """
        if self._seal is not None:
            self._seal.run()
            if self._seal.error is not None:
                raise self._seal.error
        return self.report

    def _reopen(self) -> None:
        """A frame after a stop: the dataset can be appended to once it is sealed."""
        if self._seal is None:
            return
        try:
            self._seal.run()
        except FramepressError as error:  # of the former run: this frame is taken, and it is told after that
            if not self.options.goes_on:
                raise
            if self._ended is None:
                self.failures.append(error)
        finally:
            if self._seal.ended:
                self._seal = None

    def _close(self) -> None:
        if self._pool is None or self._writer is None:
            return  # a Ctrl-C came into it
        pool, writer = self._pool, self._writer
        pool.close()  # its thread writes to the ledger until then
        self._pool = self._writer = None
        try:
            lost = self._queued - self._handed  # they came after the one that ended the run
            self._queued = self._handed = 0
            if lost:
                writer.count("asked", lost)
                writer.count("not written", lost)
            if pool.failure is not None:
                self._ended = pool.failure
                writer.abandon()
                raise _failed(self._ended)
            try:
                self.report = writer.close()
            except FrameError as error:
                self._ended = error.frame_id, error
                raise
        finally:
            atexit.unregister(self._finish_at_exit)

    def _finish_at_exit(self) -> None:
        """The last resort: nobody told that the run has ended, and there is nobody left to raise to."""
        try:
            self.finish()
        except FramepressError as error:
            _log.error("%s: could not be finished: %s", self.target, error)

    def _running(self) -> OrderedPool[_Held, _Read]:
        if self._pool is None:
            self._opened()
            self._pool = OrderedPool(
                self._read,
                self._add,
                lambda _: None,
                self._accept,
                workers=1,
                limit_bytes=min(_WAITING_BYTES, self.options.writing.get("queue_bytes", _WAITING_BYTES)),
            )
        return self._pool

    def _read(self, taken: _Held) -> _Read:
        """None: it cannot be read, and was counted."""
        key = f"{taken.number:06d}"
        try:
            frame, accounts = frame_from_products(
                taken.products,
                frame_id=key,
                index=taken.number,
                sequence=self.options.sequence,
                policy=self._policy,
                copy=False,
                time_ns=taken.time_ns,
                meta=self.options.meta,
            )
            accounts.update(taken.accounts)
            if frame is not None:
                check_lenses(frame, taken.products, self.options.of_pinholes)
                self._several |= len(taken.products) > 1
                if not self._several:  # a camera that had a name among others keeps it
                    frame = with_names(frame, taken.products)
                frame = self.options.sieve.sifted(frame, accounts)
        except Exception as error:  # as in `take`
            self._handed += 1
            if not self._opened().fail(key, error):
                raise
            return None
        return frame, accounts

    def _add(self, read: _Read) -> None:
        if read is None:
            return
        frame, accounts = read
        self.accounts.update(accounts)
        writer = self._opened()
        for name, count in accounts.counts.items():
            writer.count(name, count)
        self._handed += 1
        if frame is None:
            writer.count("asked")
            return
        try:
            writer.add(frame)
        except FrameError:  # of an earlier one: this one has not been asked for
            self._handed -= 1
            raise

    def _accept(self, key: str, error: BaseException) -> bool:
        """Of an error of the dataset's writer, which has counted it: whether to go on without that frame."""
        goes_on = self.options.goes_on and isinstance(error, LabelError | InputError)
        if goes_on and not isinstance(error, JournalError):
            self._note(key, error)
            return True
        return False

    def _opened(self) -> DatasetWriter:
        if self._writer is None:
            writing = dict(self.options.writing)
            if self._begun:  # stopped, and started again
                writing["existing"] = "append"
            options = self.options
            self._writer = DatasetWriter(
                self.target,
                options.formats,
                labels=options.labels,
                unlisted=options.unlisted,
                split=options.split,
                on_error="count" if options.goes_on else "raise",
                on_failure=self._note,
                checks=[TruthCheck(options.check_every)] if options.check_every else (),
                **writing,
            )
            self._begun = True
            # A dataset that is gone on with has listed them: by now the stage may differ, and bytes must not.
            classes = None if self._writer.ids else self._expected(options)
            if classes is not None:
                self._writer.expect(classes)
            self._policy = with_points(options, self._writer.labels)
            atexit.register(self._finish_at_exit)
            if writing.get("existing") == "append":
                self._taken = max(self._taken, _next_number(self._writer))
            if options.provenance:
                self._writer.event("provenance", **options.provenance)
        return self._writer

    def _note(self, frame_id: str, error: BaseException) -> None:
        if len(self.failures) < _UNTOLD:
            self.failures.append(_failed((frame_id, error)))


def _next_number(writer: DatasetWriter) -> int:
    """Behind every frame of ours that the dataset has."""
    return 1 + max((int(frame_id) for frame_id in writer.ids if frame_id.isdecimal()), default=-1)


def _failed(failure: _Failure) -> FrameError:
    """A new error each time: one that is raised again and again keeps the frames of every stack that it passed."""
    key, error = failure
    if isinstance(error, FrameError) and error.__cause__ is not None:
        return FrameError(error.frame_id, error.__cause__)
    return FrameError(key, error)
