"""One run of the writer: Replicator's payloads in, a dataset out; opened by the first frame, sealed at every stop.

The host's thread copies a payload and goes on. A second thread turns payloads into frames, in order, and hands them to
the dataset's writer, whose own threads press them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.hold import held, nbytes
from framepress.capture.layout import Product, products_of, time_ns
from framepress.capture.payload import frame_from_products, with_names
from framepress.core import Frame
from framepress.dataset.pool import OrderedPool
from framepress.dataset.report import Report
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, FramepressError, InputError, JournalError, LabelError
from framepress.replicator.options import Options
from framepress.storage.output import Output

__all__ = ["Press"]

_WAITING_BYTES = 256 << 20
_Read = tuple[Frame | None, Accounts] | None


@dataclass(frozen=True)
class _Held:
    """A payload of our own."""

    number: int
    products: list[Product]
    time_ns: int | None


class Press:
    """Frames are numbered in the order in which they are taken, from `options.first_frame` on.

    Nothing is opened or locked before the first frame: hosts copy writers, and make ones that they never use.

    Args:
        target: the dataset's folder, or an `Output`.
    """

    def __init__(self, target: Path | str | Output, options: Options) -> None:
        self.target = target
        self.options = options
        self.accounts = Accounts()
        self.report: Report | None = None
        self._taken = options.first_frame
        self._buffers = Buffers()
        self._writer: DatasetWriter | None = None
        self._pool: OrderedPool[_Held, _Read] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Press:
        return Press(self.target, self.options)  # locks and open files are not copied: a copy is a run of its own

    def take(self, payload: Mapping[str, Any]) -> bool:
        """One `write(data)` call; its arrays may change afterwards. False: there was no room, and the frame is dropped.

        Raises:
            FrameError: an earlier frame could not be read or written; this one was not taken.
            InputError: this is no payload.
            FramepressError: as `DatasetWriter`, at the first frame.
        """
        pool = self._running()
        self._raise_failure()
        number = self._taken
        self._taken += 1  # also of a frame that fails: its number stays its own
        key = f"{number:06d}"
        products = held(products_of(payload, f"frame {key}"), self._buffers)
        size = nbytes(products)
        if self.options.writing.get("on_full") == "drop" and not pool.has_room(size):
            self._opened().drop(key)
            return False
        if pool.put(key, _Held(number, products, time_ns(payload)), size):
            self._opened().count("throttled")
        return True

    def finish(self) -> Report | None:
        """Everything onto the disk, and the dataset-wide files; does nothing where nothing is new.

        Raises:
            FrameError: a frame could not be read or written; what was committed is intact and can be resumed.
        """
        if self._pool is not None and self._writer is not None:
            pool, writer = self._pool, self._writer
            pool.close()
            self._pool = self._writer = None
            if pool.failure is not None:
                writer.abandon()
                raise _failed(pool.failure)
            self.report = writer.close()
        return self.report

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
                policy=self.options.policy,
                copy=False,
                time_ns=taken.time_ns,
            )
        except FramepressError as error:
            if not self._opened().fail(key, error):
                raise
            return None
        return frame and with_names(frame, taken.products), accounts

    def _add(self, read: _Read) -> None:
        if read is None:
            return
        frame, accounts = read
        self.accounts.update(accounts)
        writer = self._opened()
        for name, count in accounts.counts.items():
            writer.count(name, count)
        if frame is not None:
            writer.add(frame)

    def _accept(self, key: str, error: BaseException) -> bool:
        """Of an error of the dataset's writer, which has counted it: whether to go on without that frame."""
        goes_on = self.options.writing.get("on_error") == "count" and isinstance(error, LabelError | InputError)
        return goes_on and not isinstance(error, JournalError)

    def _raise_failure(self) -> None:
        if self._pool is not None and self._pool.failure is not None:
            raise _failed(self._pool.failure)

    def _opened(self) -> DatasetWriter:
        if self._writer is None:
            writing = dict(self.options.writing)
            if self.report is not None:  # stopped, and started again
                writing["existing"] = "append"
            options = self.options
            self._writer = DatasetWriter(
                self.target,
                options.formats,
                labels=options.labels,
                unlisted=options.unlisted,
                split=options.split,
                **writing,
            )
        return self._writer


def _failed(failure: tuple[str, BaseException]) -> FrameError:
    key, error = failure
    return error if isinstance(error, FrameError) else FrameError(key, error)
