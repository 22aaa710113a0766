"""One run of the writer: Replicator's payloads in, a dataset out; opened by the first frame, sealed at every stop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.payload import frame_from_payload
from framepress.dataset.report import Report
from framepress.dataset.writer import DatasetWriter
from framepress.replicator.options import Options
from framepress.storage.output import Output

__all__ = ["Press"]


class Press:
    """Frames are numbered in the order in which they are taken.

    Nothing is opened or locked before the first frame: hosts copy writers, and make ones that they never use.

    Args:
        target: the dataset's folder, or an `Output`.
    """

    def __init__(self, target: Path | str | Output, options: Options) -> None:
        self.target = target
        self.options = options
        self.accounts = Accounts()
        self.report: Report | None = None
        self._taken = 0
        self._buffers = Buffers()
        self._writer: DatasetWriter | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Press:
        return Press(self.target, self.options)  # locks and open files are not copied: a copy is a run of its own

    def take(self, payload: Mapping[str, Any]) -> bool:
        """One `write(data)` call; its arrays may change afterwards. False: no image in it, or no room.

        Raises:
            FramepressError: the payload contradicts itself, or an earlier frame could not be written.
        """
        number = self._taken
        self._taken += 1  # also of a frame that fails: its number stays its own
        frame, accounts = frame_from_payload(
            payload,
            frame_id=f"{number:06d}",
            index=number,
            sequence=self.options.sequence,
            policy=self.options.policy,
            copy=self._buffers,
        )
        self.accounts.update(accounts)
        writer = self._open()
        for name, count in accounts.counts.items():
            writer.count(name, count)
        return frame is not None and writer.add(frame)

    def finish(self) -> Report | None:
        """Everything onto the disk, and the dataset-wide files; does nothing where nothing is new."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            self.report = writer.close()
        return self.report

    def _open(self) -> DatasetWriter:
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
