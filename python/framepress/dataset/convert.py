"""Any readable dataset to any writable ones, streaming."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

from framepress.core import Frame, LabelMap
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.split import Split
from framepress.dataset.state import check_outside
from framepress.dataset.writer import DatasetWriter
from framepress.storage.output import Output

__all__ = ["SOURCE", "Stage", "convert"]

Stage = Callable[[Frame], Frame | None]
"""What changes a frame on its way, or leaves it out (None); a pure function."""

SOURCE = "source "
"""Begins the names of the counters that a reader kept: what became of the source's rows."""


def convert(
    source: Dataset,
    target: Path | str | Output,
    formats: Mapping[str, Mapping[str, Any]] | Sequence[str],
    *,
    labels: LabelMap | None = None,
    unlisted: str = "error",
    split: Split | None = None,
    workers: int | None = None,
    existing: str = "error",
    stages: Sequence[Stage] = (),
    origin: Mapping[str, Any] | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Press every frame of `source` into `formats`.

    Args:
        labels: the classes; None takes the source's own list.
        stages: what each frame goes through first, one after the other; a frame that one turns into None is left out,
            and counted in the ledger as "left out by a stage".
        on_frame: called with the number of frames handed over so far.
        others: as for `DatasetWriter`.

    Raises:
        OutputError: the target is inside the source.
        FramepressError: the source is damaged, or the target cannot be written; what was written stays resumable.
    """
    check_outside(source, target)
    fixed = source.labels() if labels is None else labels
    with DatasetWriter(
        target,
        formats,
        labels=fixed,
        unlisted=unlisted,
        split=split,
        workers=workers,
        existing=existing,
        origin=origin,
    ) as writer:
        accounts: dict[str, Mapping[str, int]] = {}
        for number, frame in enumerate(_accounting(source, accounts).frames(), start=1):
            staged = _through(stages, frame)
            if staged is None:
                writer.count("left out by a stage")
            if staged is None or not writer.add(staged):
                accounts.pop(frame.id, None)
            _count(writer, accounts)
            if on_frame is not None:
                on_frame(number)
        _count(writer, accounts)
    return writer.close()


def _through(stages: Sequence[Stage], frame: Frame) -> Frame | None:
    found: Frame | None = frame
    for stage in stages:
        if found is None:
            break
        found = stage(found)
    return found


def _accounting(source: Dataset, accounts: dict[str, Mapping[str, int]]) -> Dataset:
    """The source with a reader that notes, frame by frame, what became of its rows, if it is one that can."""
    read = source.format.read
    if read is None or "on_accounts" not in signature(read).parameters or "on_accounts" in source.options:
        return source

    def note(frame_id: str, found: Any) -> None:
        accounts[frame_id] = dict(found.counts)

    return replace(source, options={**source.options, "on_accounts": note})


def _count(writer: DatasetWriter, accounts: dict[str, Mapping[str, int]]) -> None:
    """Into the ledger; those of frames that the reader itself left out as well."""
    for counts in accounts.values():
        for name, count in counts.items():
            writer.count(SOURCE + name, count)
    accounts.clear()
