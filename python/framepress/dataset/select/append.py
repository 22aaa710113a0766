"""Frames added to a dataset that is there, under its own job; and an export brought up to date with its source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from framepress.core import Frame, safe_name
from framepress.dataset.convert import Stage
from framepress.dataset.index import Index
from framepress.dataset.job import Job
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.report import Report
from framepress.dataset.select.derive import as_read, linked, origin_of, through
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.select.stages import changed_since
from framepress.dataset.state import root_of
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, LabelError, OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["append", "update"]

SOURCE = "{source}"
"""In a prefix: the name of the source's folder."""


def append(
    sources: Sequence[Dataset | Path | str],
    target: Path | str,
    *,
    prefix: str = "",
    mapping: ClassMapping | None = None,
    workers: int | None = None,
    existing: str = "append",
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Press the frames of `sources` into `target`, with its formats, options, classes and splits.

    Everything that can be known before is checked before anything is written.

    Args:
        prefix: put before frame ids and sequences, as `<prefix>/<id>`; {source} in it stands for the name of a
            source's folder. Frames are then numbered on from the target's last. "" leaves ids and numbers as they are.
        mapping: gives classes of the sources other names first.
        existing: `append`; or `resume` an interrupted one: frames that are there already are passed over.

    Raises:
        InputError: the target is no dataset of ours, or a frame's id is taken, there or by another source.
        LabelError: a source has a class that the target's fixed list has not.
        OptionError: no source, or a prefix that no id may have.
    """
    if existing not in ("append", "resume"):
        raise OptionError(f"existing={existing!r}: must be append or resume")
    if not sources:
        raise OptionError("nothing to append: name at least one dataset")
    there, job, held = _held(target)
    opened = [open_dataset(source) if isinstance(source, Path | str) else source for source in sources]
    incoming = [_Incoming.of(source, prefix, mapping) for source in opened]
    _refuse_taken(incoming, held if existing == "append" else frozenset(), str(target))
    for source in incoming:
        source.refuse_classes(job, str(target))
    number = _first_free(there, incoming) if prefix else 0
    done = 0
    with _writer(target, job, existing, workers) as writer:
        for source in incoming:
            writer.event("appended", frames=source.index.frames.rows, origin=origin_of(source.dataset))
            for frame in source.frames(number):
                writer.add(frame)
                done += 1
                if on_frame is not None:
                    on_frame(done)
            number += source.numbers
    return writer.close()


def update(
    source: Dataset | Path | str,
    exported: Path | str,
    target: Path | str,
    changed: Collection[str],
    *,
    stages: Sequence[Stage] = (),
    workers: int | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """An earlier export of `source` as it would be now: what is new or `changed` is pressed, the rest is linked.

    The export stays as it is; `target` becomes a dataset of the same job, without the frames that the source no longer
    has, and with those that were pressed last.

    Args:
        exported: a dataset of ours, made from `source` before.
        changed: ids of frames that are not what they were then, as a comparison of two versions tells them.
        stages: those that the export was made with.
        others: as for `convert`.

    Raises:
        InputError: `exported` is no dataset of ours, or is not what its journal recorded.
        OptionError: `exported` is a selection or the like, and no stages are given.
        OutputError: the target is there already.
    """
    dataset = open_dataset(source) if isinstance(source, Path | str) else source
    old, job, held = _held(exported)
    made = (job.origin or {}).get("derived")
    if made is not None and not stages:
        raise OptionError(
            f"{exported}: was made by {made.get('verb')}, and all other frames would count as new: "
            f"{made.get('verb')} again, or give the stages that it was made with"
        )
    now = Index.of(as_read(dataset)).frames.texts("id")
    kept = held.intersection(now) - set(changed)
    report = linked(old, target, job, [changed_since(kept)], on_frame=on_frame)
    if len(kept) == len(now):
        return report
    done = len(kept)
    with _writer(target, job, "append", workers) as writer:
        for frame in dataset.frames():
            staged = None if frame.id in kept else through(stages, frame)
            if staged is not None:
                writer.add(staged)
                done += 1
            if on_frame is not None:
                on_frame(done)
    return writer.close()


def _held(path: Path | str) -> tuple[Dataset, Job, frozenset[str]]:
    """A dataset of ours, its job, and the ids of its frames."""
    dataset = open_dataset(path)
    root = root_of(dataset)
    if dataset.job is None or root is None:
        raise InputError(f"{path}: is no dataset of ours: nothing can be added to it; convert it first")
    return dataset, dataset.job, frozenset(Journal.open(FolderOutput(root), repair=False).ids)


def _writer(target: Path | str, job: Job, existing: str, workers: int | None) -> DatasetWriter:
    return DatasetWriter(
        target,
        job.formats,
        labels=job.labels,
        unlisted=job.unlisted,
        split=job.split,
        workers=workers,
        existing=existing,
        origin=job.origin,
    )


@dataclass(frozen=True)
class _Incoming:
    """A source on its way into a dataset; `prefix` ends in / where there is one."""

    dataset: Dataset
    index: Index
    prefix: str
    mapping: ClassMapping | None

    @classmethod
    def of(cls, dataset: Dataset, prefix: str, mapping: ClassMapping | None) -> _Incoming:
        named = prefix.replace(SOURCE, safe_name(_folder(dataset).resolve().stem)).strip("/")
        return cls(dataset, Index.of(as_read(dataset)), f"{named}/" if named else "", mapping)

    @property
    def ids(self) -> Iterator[str]:
        return (self.prefix + id for id in self.index.frames.texts("id"))

    @property
    def numbers(self) -> int:
        """How many frame numbers it needs."""
        return 1 + int(max(self.index.frames["index"], default=-1))

    def frames(self, first: int) -> Iterator[Frame]:
        """Args:
        first: its frames' numbers are counted on from here, where they get a prefix.
        """
        stage = None if self.mapping is None else self.mapping.stage(self.index.labels)
        for frame in self.dataset.frames():
            if self.prefix:
                frame = frame.replaced(
                    id=self.prefix + frame.id,
                    sequence=self.prefix + frame.sequence if frame.sequence else "",
                    index=first + frame.index,
                )
            yield frame if stage is None else stage(frame)

    def refuse_classes(self, job: Job, target: str) -> None:
        """Raises LabelError where objects have a class that a fixed list has not, and may not be left out."""
        if job.labels is None or job.unlisted == "drop":
            return
        names = self.index.labels.names
        after = names if self.mapping is None else self.mapping.new_names(self.index.labels)
        for (old, count), new in zip(self.index.counts().items(), after, strict=True):
            if count and new and job.labels.find(new) is None:
                raise LabelError(
                    f"{_folder(self.dataset)}: {count} objects are of class {new!r}, which is not among the classes of "
                    f"{target} ({', '.join(job.labels.names[:8])}); give it another name with the mapping "
                    f"{old}=…, leave it out with {old}=, or merge the datasets into a new one"
                )


def _refuse_taken(incoming: Sequence[_Incoming], held: Collection[str], target: str) -> None:
    holders: dict[str, str] = dict.fromkeys(held, target)
    for source in incoming:
        for id in source.ids:
            if id in holders:
                raise InputError(
                    f"frame {id} of {_folder(source.dataset)} is in {holders[id]} already; give the new ones a prefix"
                )
            holders[id] = str(_folder(source.dataset))


def _folder(dataset: Dataset) -> Path:
    """What the user calls it: where several editions are, the folder of all."""
    return root_of(dataset) or dataset.path


def _first_free(there: Dataset, incoming: Sequence[_Incoming]) -> int:
    """The number after the last of the frames that were there before, also where some of the new ones are by now."""
    new = {id for source in incoming for id in source.ids}
    frames = Index.of(there).frames
    numbers = zip(frames.texts("id"), frames["index"].tolist(), strict=True)
    return 1 + max((number for id, number in numbers if id not in new), default=-1)
