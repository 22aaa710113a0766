"""An edition of a dataset of ours, read back, beside the journal's own columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framepress import formats
from framepress.core import Frame, View
from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.job import Job
from framepress.dataset.opening import Dataset
from framepress.formats import Format
from framepress.quality.sample import sampled
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["Export", "Pair", "export_of"]

_Key = Callable[[str, int, str], str]


@dataclass(frozen=True)
class Pair:
    """A view before writing and after reading back."""

    key: str
    frame: Frame
    given: View
    held: View


@dataclass(frozen=True, eq=False)
class Export:
    """Args:
    given: the columns of the journal.
    held: those of the edition as its reader has them.
    given_views, held_views: view rows with one key in both, side by side.
    missing, unknown: keys of views that only the one, only the other has.
    box_within: how far a box may be off [px]; None where another one than the visible one was written.
    left_out: objects that the edition says it did not keep, over all frames.
    """

    edition: Format
    given: Index
    held: Index
    given_views: Array
    held_views: Array
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    box_within: float | None
    left_out: int
    carries: frozenset[str]
    _given_frames: Dataset
    _held_frames: Dataset

    def pairs(self, count: int) -> Iterator[Pair]:
        """Some views with their channels, by the smallest SHA-256 of their frame's id; in the journal's order."""
        chosen = sampled(self.given.frames.texts("id"), count)
        key = self.edition.key
        given: dict[str, tuple[Frame, View]] = {}
        for frame in self._given_frames.frames():
            if frame.id in chosen:
                given.update({key(frame.id, frame.index, view.name): (frame, view) for view in frame.views})
        for frame in self._held_frames.frames():
            for view in frame.views:
                name = key(frame.id, frame.index, view.name)
                if name in given:
                    yield Pair(name, given[name][0], given[name][1], view)


def export_of(root: Path, job: Job, source: Dataset, given: Index, name: str) -> Export:
    """Read an edition back; no pixel is decoded.

    Args:
        source: the edition that keeps most, for its pixels.

    Raises:
        InputError: the edition cannot be read.
    """
    edition = formats.by_name(name)
    read_back = Dataset(root / job.prefix(name), edition)  # without the journal's help
    held = Index.of(read_back)
    given_keys, held_keys = _keys(given, edition.key), _keys(held, edition.key)
    rows = {key: row for row, key in enumerate(held_keys)}
    both = [(row, rows[key]) for row, key in enumerate(given_keys) if key in rows]
    pairs = np.array(both, np.int64).reshape(-1, 2)
    known = set(given_keys)
    return Export(
        edition=edition,
        given=given,
        held=held,
        given_views=pairs[:, 0],
        held_views=pairs[:, 1],
        missing=tuple(key for key in given_keys if key not in rows),
        unknown=tuple(key for key in held_keys if key not in known),
        box_within=edition.box_within(job.formats[name]),
        left_out=_left_out(root, name, edition.left_out),
        carries=job.editions()[name][1].carries,
        _given_frames=source,
        _held_frames=read_back,
    )


def _keys(index: Index, key: _Key) -> list[str]:
    ids = index.frames.texts("id")
    frames, names = index.views["frame"].tolist(), index.views["name"].tolist()
    numbers = index.frames["index"]
    return [
        key(ids[frame], int(numbers[frame]), index.view_names[name]) for frame, name in zip(frames, names, strict=True)
    ]


def _left_out(root: Path, name: str, counted: tuple[str, ...]) -> int:
    counts: Counter[str] = Counter()
    for record in Journal.open(FolderOutput(root), repair=False).records():
        if record["op"] in ("add", "replace"):
            counts.update(record["editions"][name]["row"].get("counts", {}))
    return sum(counts[what] for what in counted)
