"""Several datasets become one, the same whatever the order in which they are named.

Shards of one job, and whatever else is equally made, are linked; anything else is pressed from what its best edition
gives back, under the classes of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.core import LabelMap
from framepress.dataset.job import Job
from framepress.dataset.merge_labels import UnitedLabels, united_labels
from framepress.dataset.merge_shards import TAKEN_ONCE, linked, merged_origin, refuse_growing, shards_of
from framepress.dataset.merge_sources import (
    Incoming,
    colliding,
    frames_of_all,
    incoming,
    refuse_different,
    refuse_numbers,
)
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.report import Report
from framepress.dataset.select.derive import formats_of, origin_of
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.split import Split
from framepress.dataset.state import check_outside, root_of
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError

__all__ = ["COLLISIONS", "INDEXES", "Merging", "merge"]

COLLISIONS = ("error", "rename", "skip-equal")
INDEXES = ("keep", "sequential")
SHARED = "sequences in several sources"
RENUMBERED = "classes that lost their ids"


@dataclass(frozen=True)
class Merging:
    """How datasets become one.

    Args:
        collisions: frames of one id in several sources: `error`; `rename` puts the source's name before the ids and
            sequences of all frames, and into `meta.source` where that is free; `skip-equal` takes frames once that are
            equal (records, splits and decoded pixels; numbers where they are kept), and is an error for others.
        names: of the sources, in their order; None for the names of their folders, numbered where several have one.
        index: `keep`, or `sequential`: frames are numbered from 0, source after source.
        mappings: name of a source, or "" for every one that has such classes -> other names for them.
        labels: the classes; None unites those of the sources by name.
        unlisted: `error` or `drop` for objects whose class is not in `labels`.
        split: draws splits anew; None keeps what frames have.
    """

    collisions: str = "error"
    names: Sequence[str] | None = None
    index: str = "keep"
    mappings: Mapping[str, ClassMapping] | None = None
    labels: LabelMap | None = None
    unlisted: str = "error"
    split: Split | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("collisions", self.collisions, COLLISIONS), ("index", self.index, INDEXES)):
            if value not in known:
                raise OptionError(f"{name}={value!r}: must be one of {', '.join(known)}")

    @property
    def leaves_frames(self) -> bool:
        """Whether every frame stays what it is, so that its files can be linked."""
        changes = self.mappings or self.labels is not None or self.split is not None
        return not changes and self.index == "keep" and self.collisions != "rename"


def merge(
    sources: Sequence[Path | str | Dataset],
    target: Path | str,
    formats: Mapping[str, Mapping[str, Any]] | Sequence[str] | None = None,
    how: Merging | None = None,
    *,
    existing: str = "error",
    workers: int | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """One dataset with the frames of all `sources`, of any readable format.

    Files are hard-linked where all are ours, jobs and classes are equal and `how` changes no frame; frames then come in
    the order of (index, id) where every source is in that order itself, else source after source by their first frame.
    Otherwise every frame is pressed, in the same order. Everything that can be known before is checked before anything
    is written.

    Scenes, seeds and, where frames are not renamed, sequences of one name count as one.

    Args:
        formats: None for those of the sources, which must then be equal.
        existing: that of `DatasetWriter`: an interrupted merge goes on with `resume`.

    Raises:
        InputError: a source cannot be read or is not finished, two hold a frame of the same id, equal frames are not
            equal, or a file is not what was recorded.
        LabelError: classes cannot be united.
        OptionError: no source, an impossible option, or the sources have different formats and none are named.
        OutputError: the target is there, or inside a source.
    """
    how = Merging() if how is None else how
    if not sources:
        raise OptionError("nothing to merge: name at least one dataset")
    asked = None if formats is None else Job.named(formats)
    for source in sources:
        check_outside(Path(source) if isinstance(source, str) else source, target, same=True)
    if how.leaves_frames and (shards := shards_of(sources, asked)) is not None:
        return linked(shards, target, existing, skip_equal=how.collisions == "skip-equal", on_frame=on_frame)
    opened = [open_dataset(source) if isinstance(source, Path | str) else source for source in sources]
    for place in filter(None, map(root_of, opened)):
        refuse_growing(place)
    found = incoming(opened, names=how.names, renamed=how.collisions == "rename", mappings=how.mappings or {})
    wanted = _formats(opened) if asked is None else asked
    return _pressed(found, target, wanted, how, existing=existing, workers=workers, on_frame=on_frame)


def _formats(sources: Sequence[Dataset]) -> Mapping[str, Mapping[str, Any]]:
    first = formats_of(sources[0])
    for source in sources[1:]:
        if formats_of(source) != first:
            raise OptionError(
                f"{source.path} and {sources[0].path} have other formats or options: name the formats to write"
            )
    return first


def _pressed(
    sources: Sequence[Incoming],
    target: Path | str,
    formats: Mapping[str, Mapping[str, Any]],
    how: Merging,
    *,
    existing: str,
    workers: int | None,
    on_frame: Callable[[int], None] | None,
) -> Report:
    if how.labels is None:
        united = united_labels([(source.told, source.labels) for source in sources])
    else:
        united = UnitedLabels(how.labels, renumbered=False)
    collisions = colliding(sources)
    if collisions and how.collisions != "skip-equal":
        id = min(collisions)
        one, other = (source.told for source in collisions[id][:2])
        raise InputError(
            f"frame {id} is in {one} and in {other}; each frame may be in one of them only: let frames be renamed "
            "(collisions=rename), or taken once where they are equal (collisions=skip-equal)"
        )
    if how.index == "keep":
        refuse_numbers(sources, formats, collisions.keys())
    if collisions:
        refuse_different(sources, collisions.keys(), numbers=how.index == "keep")
    with DatasetWriter(
        target,
        formats,
        labels=united.labels,
        unlisted=how.unlisted,
        split=how.split,
        workers=workers,
        existing=existing,
        origin=_origin(sources),
    ) as writer:
        for name, count in (
            (TAKEN_ONCE, sum(len(holders) - 1 for holders in collisions.values())),
            (SHARED, _shared_sequences(sources)),
            (RENUMBERED, len(united.labels) if united.renumbered else 0),
        ):
            if count:
                writer.count(name, count)
        for number, frame in enumerate(frames_of_all(sources, collisions, sequential=how.index == "sequential"), 1):
            writer.add(frame)
            if on_frame is not None:
                on_frame(number)
    return writer.close()


def _shared_sequences(sources: Sequence[Incoming]) -> int:
    """Sequences of one name in several sources: they become one, whether they were or not."""
    if any(source.renamed for source in sources):
        return 0
    counts = Counter(name for source in sources for name in source.index.sequences if name)
    return sum(count > 1 for count in counts.values())


def _origin(sources: Sequence[Incoming]) -> dict[str, Any] | None:
    """The origin that all have, or that there were several."""
    return merged_origin(
        [source.dataset.job.origin if source.dataset.job else origin_of(source.dataset) for source in sources]
    )
