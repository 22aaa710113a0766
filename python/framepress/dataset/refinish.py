"""The dataset-wide files of an existing dataset, made again from its journal: after an interruption, for one."""

from __future__ import annotations

from pathlib import Path

from framepress.dataset.report import Report
from framepress.dataset.session import Session
from framepress.storage.output import Output

__all__ = ["finish"]


def finish(target: Path | str | Output) -> Report:
    """Seal the journal and write every edition's dataset-wide files; equal journals give equal bytes.

    What an interrupted run left half done is cleared up first, exactly as resuming it would.

    Raises:
        OutputError: the target holds no dataset of ours, is being written, or refuses.
        JournalError: its journal is damaged.
    """
    return Session.reopen(target).finish()
