"""In what state a dataset of ours is: finished, or waiting for more, and what its runs counted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.dataset.opening import Dataset
from framepress.errors import JournalError, OutputError
from framepress.storage.finishing import FINISHED
from framepress.storage.folder import FolderOutput
from framepress.storage.ledger import LEDGER
from framepress.storage.output import Output
from framepress.storage.segments import found, is_growing

__all__ = ["State", "check_outside", "root_of", "state_of"]

_MEANING = {
    "finished": "all files are there",
    "sealed": "all frames are recorded, the dataset-wide files may be older: run `framepress finish`",
    "open": "being written, or interrupted: resume the run, or run `framepress finish`",
}


@dataclass(frozen=True, slots=True)
class State:
    """`state` is finished, sealed or open; `ledger` sums the counters of all runs."""

    state: str
    segments: int
    ledger: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "meaning": _MEANING[self.state],
            "segments": self.segments,
            "ledger": dict(sorted(self.ledger.items())),
        }


def root_of(dataset: Dataset) -> Path | None:
    """The folder that holds the journal; None for a dataset that is not ours."""
    if dataset.job is None:
        return None
    return dataset.path.parent if dataset.job.prefix(dataset.format.name) else dataset.path


def check_outside(source: Dataset | Path, target: object, *, same: bool = False) -> None:
    """What a dataset is made of stays as it is.

    Args:
        source: a dataset, or its folder.
        target: where is written; one that is no path (an `Output`) is elsewhere.
        same: the source's own folder will do.

    Raises:
        OutputError: the target is inside the source.
    """
    if not isinstance(target, Path | str):
        return
    root = source if isinstance(source, Path) else root_of(source) or source.path
    root, goal = root.resolve(), Path(target).resolve()
    if goal.is_relative_to(root) and not (same and goal == root):
        raise OutputError(f"{target}: is inside the dataset {root}, which is to stay as it is; choose a folder outside")


def state_of(dataset: Dataset) -> State | None:
    """The state of a dataset of ours, None for any other. Looks, and changes nothing.

    Raises:
        JournalError: the journal or the ledger is damaged.
    """
    root = root_of(dataset)
    if root is None:
        return None
    output = FolderOutput(root)
    segments = found(output, repair=False)
    if is_growing(output, segments):
        name = "open"
    elif output.exists(FINISHED) and _age(root, FINISHED) >= max(_age(root, segment.path) for segment in segments):
        name = "finished"
    else:
        name = "sealed"
    return State(name, len(segments), _ledger_totals(output))


def _age(root: Path, path: str) -> int:
    return (root / path).stat().st_mtime_ns


def _ledger_totals(output: Output) -> dict[str, int]:
    totals: Counter[str] = Counter()
    if not output.exists(LEDGER):
        return totals
    with output.open(LEDGER) as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                continue  # a run was killed while it wrote this; the next began a line of its own
            try:
                if line["kind"] == "summary":
                    totals.update(line["totals"])
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise JournalError(f"{LEDGER}: line {number}: damaged: {error}; restore it from a copy") from error
    return totals
