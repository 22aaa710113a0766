"""Any readable dataset to any writable ones, streaming."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.core import LabelMap
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.storage.output import Output

__all__ = ["convert"]


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
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Press every frame of `source` into `formats`.

    Args:
        labels: the classes; None takes the source's own list.
        on_frame: called with the number of frames handed over so far.
        others: as for `DatasetWriter`.

    Raises:
        FramepressError: the source is damaged, or the target cannot be written; what was written stays resumable.
    """
    fixed = source.labels() if labels is None else labels
    with DatasetWriter(
        target, formats, labels=fixed, unlisted=unlisted, split=split, workers=workers, existing=existing
    ) as writer:
        for number, frame in enumerate(source.frames(), start=1):
            writer.add(frame)
            if on_frame is not None:
                on_frame(number)
    return writer.close()
