"""What a selection keeps of a dataset, counted before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.select.choose import Choice, per_frame
from framepress.dataset.select.terms import each_span

__all__ = ["Counts", "Kept", "counts_of"]


@dataclass(frozen=True, slots=True)
class Kept:
    """So many of so many."""

    kept: int
    of: int

    def to_dict(self) -> dict[str, int]:
        return {"kept": self.kept, "of": self.of}


@dataclass(frozen=True, slots=True)
class Counts:
    """What is kept.

    Args:
        negatives: frames without an object; `kept` are all in the selection, those that lost theirs included.
        asked: `frames`, `views` or `objects`: what the choice is of.
        unknown: how many of those cannot be said to be meant or not, for a value that is not known; not kept.
        classes: objects by class. splits, sequences: frames by name, "" = none.
    """

    frames: Kept
    views: Kept
    objects: Kept
    negatives: Kept
    asked: str
    unknown: int
    classes: dict[str, Kept]
    splits: dict[str, Kept]
    sequences: dict[str, Kept]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            **{name: getattr(self, name).to_dict() for name in ("frames", "views", "objects", "negatives")},
            "asked": self.asked,
            "unknown": self.unknown,
            **{
                name: {key: kept.to_dict() for key, kept in getattr(self, name).items()}
                for name in ("classes", "splits", "sequences")
            },
        }


def counts_of(index: Index, choice: Choice) -> Counts:
    """Everything that `Counts` tells."""
    frames, objects = choice.frames, choice.objects
    labels = np.asarray(index.objects["label"])
    classes = len(index.labels)
    each = each_span(
        lambda rows: (
            np.bincount(labels[rows][objects[rows]], minlength=classes),
            np.bincount(labels[rows], minlength=classes),
        ),
        index.objects.rows,
    )
    chosen, there = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for some, all_ in each:
        chosen += some
        there += all_
    had = np.asarray(index.frames["objects"])
    return Counts(
        frames=_kept(frames),
        views=_kept(choice.views),
        objects=_kept(objects),
        negatives=Kept(int((frames & (per_frame(index, objects) == 0)).sum()), int((had == 0).sum())),
        asked=f"{choice.level.name.lower()}s",
        unknown=choice.unknown,
        classes=_named(index.labels.names, chosen, there),
        splits=_by_frame(index, "split", index.splits, frames),
        sequences=_by_frame(index, "sequence", index.sequences, frames),
    )


def _kept(rows: Array) -> Kept:
    return Kept(int(np.count_nonzero(rows)), len(rows))


def _by_frame(index: Index, column: str, words: Any, frames: Array) -> dict[str, Kept]:
    codes = np.asarray(index.frames[column])
    return _named(words[:], np.bincount(codes[frames], minlength=len(words)), np.bincount(codes, minlength=len(words)))


def _named(names: Any, kept: Array, there: Array) -> dict[str, Kept]:
    return {name: Kept(*pair) for name, *pair in zip(names, kept.tolist(), there.tolist(), strict=True)}
