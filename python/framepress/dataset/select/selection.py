"""Which frames, views and objects of a dataset: chosen by an expression or by place, counted, then written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core import LabelMap
from framepress.dataset.index import Index
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.report import Report
from framepress.dataset.select.choose import Choice, choose
from framepress.dataset.select.counts import Counts, counts_of
from framepress.dataset.select.derive import as_read, derived
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.select.stages import Chosen, erased
from framepress.dataset.split import Split
from framepress.errors import OptionError
from framepress.storage.output import Output

__all__ = ["Selection", "select"]


@dataclass(frozen=True, eq=False)
class Selection:
    """Made by `select` and `slice`; nothing is written before `write`.

    Args:
        index: of the frames that are read from `dataset`.
        how: JSON-able, what a dataset that is written from it says of its origin.
    """

    dataset: Dataset
    index: Index
    choice: Choice
    how: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """Frames that are read to write it: all of the dataset's."""
        return self.index.frames.rows

    @cached_property
    def counts(self) -> Counts:
        """What it keeps, by class, split and sequence."""
        return counts_of(self.index, self.choice)

    @cached_property
    def whole(self) -> bool:
        """Whether every frame that is kept is kept with all its views and objects."""
        had = int(self.index.frames["objects"][self.choice.frames].sum())
        return self._all_views and int(np.count_nonzero(self.choice.objects)) == had

    @property
    def _all_views(self) -> bool:
        """Whether every frame that is kept is kept with all its views."""
        had = int(self.index.frames["views"][self.choice.frames].sum())
        return int(np.count_nonzero(self.choice.views)) == had

    def labels(self, mapping: ClassMapping | None = None, *, every: bool = False) -> LabelMap:
        """The classes of which an object is chosen, in the dataset's order; all where none is, or frames are whole.

        Args:
            mapping: gives them other names.
            every: those without a chosen object too.

        Raises:
            LabelError: the mapping names a class that the dataset does not have, or leaves none.
        """
        before = self.index.labels
        after = before if mapping is None else mapping.labels(before)
        if self.whole or every:
            return after
        names = before.names if mapping is None else mapping.new_names(before)
        kept = {new for new, count in zip(names, self.counts.classes.values(), strict=True) if count.kept}
        return LabelMap(tuple(label for label in after.labels if label.name in kept)) if kept else after

    def write(
        self,
        target: Path | str | Output,
        formats: Mapping[str, Mapping[str, Any]] | Sequence[str] | None = None,
        *,
        mapping: ClassMapping | None = None,
        keep_classes: bool = False,
        erase: bool = False,
        split: Split | None = None,
        workers: int | None = None,
        existing: str = "error",
        on_frame: Callable[[int], None] | None = None,
    ) -> Report:
        """Press what was chosen into a new dataset.

        Objects that are not chosen lose their row; their pixels stay what they were, in the picture as in the maps of
        instances and classes, where their ids are then those of no object. Frames that are kept whole are linked, not
        pressed, where the target has the source's formats.

        Args:
            formats: None for those of the source.
            mapping: gives classes other names afterwards; frames that lose all objects to it stay.
            keep_classes: list all the dataset's classes, those without a chosen object too: class numbers stay.
            erase: set the pixels of dropped objects to background in the maps of instances and classes.
            others: as for `convert`.

        Raises:
            OptionError: nothing is chosen, or the source's format cannot be written.
            InputError: the dataset has changed since it was indexed.
        """
        if not self.choice.frames.any():
            raise OptionError("the selection holds no frame: there is nothing to write")
        labels = self.labels(mapping, every=keep_classes)
        stages: list[Any] = [Chosen(self.index, self.choice, erased if erase else None)]
        how = dict(self.how)
        if mapping is not None:
            stages.append(mapping.stage(self.index.labels))
            how["classes"] = mapping.to_dict()
        if erase:
            how["erase"] = True
        return derived(
            self.dataset,
            target,
            formats,
            stages=stages,
            labels=labels,
            how=how,
            same_frames=self.whole and mapping is None,
            same_pixels=self._all_views and not erase,
            split=split,
            workers=workers,
            existing=existing,
            on_frame=on_frame,
        )


def select(
    source: Dataset | Path | str,
    expression: str,
    *,
    negatives: str = "drop",
    whole_frames: bool = False,
    min_side: float = 0.0,
    min_area: float = 0.0,
) -> Selection:
    """Choose by an expression, such as `label in ('car', 'bus') and visibility > 0.3 and distance < 20`.

    One that asks for objects chooses objects; one that asks for views or frames alone chooses those, with all that is
    in them. What is not known is neither above nor below, equal nor different: it is not chosen, and counted.

    Args:
        negatives: frames in which no object is chosen: `drop` them, `keep` them without objects, or keep those only
            that had no object before (`original`). Of frames that were chosen as such, only those that lost all
            objects to `min_side` or `min_area` are meant. Where an expression for objects names views, those of a
            kept frame in which none is chosen go as well, but for `keep`.
        whole_frames: keep a frame in which an object or view is chosen as it is, with all of them.
        min_side: leave out objects whose visible box is narrower or lower [px]; those without a box stay.
        min_area: leave out objects of fewer visible pixels; of a smaller box, where the pixels are not known.

    Raises:
        OptionError: the expression is none, or asks for what the dataset does not have; with the place.
        LabelError: it names a class that the dataset does not have.
    """
    dataset = open_dataset(source) if isinstance(source, Path | str) else source
    index = Index.of(as_read(dataset))
    choice = choose(
        index, expression, negatives=negatives, whole_frames=whole_frames, min_side=min_side, min_area=min_area
    )
    how: dict[str, Any] = {"verb": "select", "expression": expression, "negatives": negatives}
    how |= {"whole_frames": True} if whole_frames else {}
    how |= {name: value for name, value in (("min_side", min_side), ("min_area", min_area)) if value}
    return Selection(dataset, index, choice, how)
