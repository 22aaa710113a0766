"""A new dataset from one that is there: frames linked where they stay what they are, else pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from framepress.core import Frame, LabelMap
from framepress.core.record import from_record, to_record
from framepress.dataset.convert import Stage, convert
from framepress.dataset.finish import journal_labels
from framepress.dataset.index import Index
from framepress.dataset.job import Job
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.select.stages import Sieve
from framepress.dataset.session import Session
from framepress.dataset.split import Split
from framepress.dataset.state import check_outside, root_of
from framepress.errors import OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.images import encoder_backends
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.segments import Line

__all__ = ["as_read", "derived", "formats_of", "linked", "origin_of", "through"]

_WHOLE = "native"
"""The edition that keeps everything: the journal's frames are then those that are read, and pixels alone its files."""

Formats = Mapping[str, Mapping[str, Any]] | Sequence[str]


def as_read(source: Dataset) -> Dataset:
    """The dataset to be indexed where the index shall have the frames that are read.

    Without a native edition, the journal of a dataset of ours knows more than any edition gives back: it is then taken
    as what its best edition says.
    """
    return source if source.job is None or source.format.name == _WHOLE else replace(source, job=None)


def derived(
    source: Dataset,
    target: Path | str | Output,
    formats: Formats | None,
    *,
    stages: Sequence[Stage],
    labels: LabelMap,
    how: Mapping[str, Any],
    same_frames: bool,
    same_pixels: bool,
    split: Split | None = None,
    workers: int | None = None,
    existing: str = "error",
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Press the frames of `source`, gone through `stages`, into `target`; or link them, with the same result.

    Args:
        formats: None for those of the source.
        labels: the classes afterwards.
        how: what was done, for the new dataset's origin.
        same_frames: stages leave out frames and change nothing in others.
        same_pixels: stages change no channel, and leave out no view of a frame.
        others: as for `convert`.

    Raises:
        OptionError: `formats` is None and the source's format cannot be written.
        OutputError: the target is inside the source.
    """
    check_outside(source, target)
    asked = Job.named(formats_of(source) if formats is None else formats)
    origin = {"derived": dict(how), "from": origin_of(source)}
    pixels_alone = same_pixels and list(asked) == [_WHOLE]
    if split is None and (pixels_alone or (same_frames and labels == source.labels())) and _may_link(source, asked):
        job = Job(asked, labels, None, "error", encoder_backends(), origin)
        return linked(source, target, job, stages, existing=existing, on_frame=on_frame)
    return convert(
        source,
        target,
        asked,
        labels=labels,
        split=split,
        workers=workers,
        existing=existing,
        stages=stages,
        origin=origin,
        on_frame=on_frame,
    )


def formats_of(source: Dataset) -> Mapping[str, Mapping[str, Any]]:
    """Those that the source has, to be written again: a dataset of others in its own format, as what it is there.

    Raises:
        OptionError: its format is not written.
    """
    if source.job is not None:
        return source.job.formats
    if source.format.writer is None:
        raise OptionError(f"{source.path}: format {source.format.name} is not written; name the formats to write")
    held = Index.of(source).summary()
    return {source.format.name: source.format.as_found(held["features"], held["frames"])}


def origin_of(source: Dataset) -> dict[str, Any]:
    """What a dataset says that it was made of, else its format.

    No path: where a dataset lies is nothing that it is made of.
    """
    made = None if source.job is None else source.job.origin
    return {"format": source.format.name} if made is None else dict(made)


def through(stages: Sequence[Stage], frame: Frame) -> Frame | None:
    """The frame after all stages; None where one leaves it out."""
    found: Frame | None = frame
    for stage in stages:
        if found is not None:
            found = stage(found)
    return found


def _may_link(source: Dataset, formats: Mapping[str, Any]) -> bool:
    """Whether the files of a frame of `source` are those that pressing it again would write.

    Those of the native edition hold pixels alone; those of others hold objects and class numbers as well.
    """
    job = source.job
    return (
        job is not None
        and source.format.name == _WHOLE
        and list(job.formats.items()) == list(formats.items())
        and dict(job.encoders) == encoder_backends()
    )


def linked(
    source: Dataset,
    target: Path | str | Output,
    job: Job,
    stages: Sequence[Stage],
    *,
    existing: str = "error",
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """The frames of a dataset of ours, gone through `stages`, with hard links to its files.

    Raises:
        InputError: a file is not what the source's journal recorded.
        others: as for `convert`.
    """
    root = root_of(source)
    assert root is not None
    assert source.job is not None
    journal = Journal.open(FolderOutput(root), repair=False)
    labels = journal_labels(source.job, journal) if job.labels is None else job.labels
    session = Session.start(target, job, existing=existing)
    relink = _Relinking(stages)
    there = set(session.journal.ids) if existing == "resume" else set()
    try:
        lines = (line for line in journal.valid_lines() if line.op in ("add", "replace"))
        for number, line in enumerate(lines, start=1):
            kept = relink(line)
            if kept is None:
                session.ledger.count("left out by a stage")
            else:
                session.ledger.count("asked")
                if line.id in there:
                    session.ledger.count("skipped")
                else:
                    session.adopt(kept, root, labels)
                    session.ledger.count("written")
            if on_frame is not None:
                on_frame(number)
    except BaseException:
        session.abandon()
        raise
    return session.finish()


class _Relinking:
    """Journal records gone through stages: what pressing the frame again would have the journal record."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        first = stages[0] if stages else None
        self._sieve = first if isinstance(first, Sieve) else None
        self._stages = stages

    def __call__(self, line: Line) -> Mapping[str, Any] | None:
        """None where a stage leaves the frame out."""
        standing = None if self._sieve is None else self._sieve.standing(line.id)
        if standing is False:
            return None
        record = line.record()
        stages = self._stages if standing is None else self._stages[1:]
        if not stages:
            return record
        before = from_record(record["frame"])
        found = through(stages, before)
        if found is None or found is before:
            return None if found is None else record
        return {**record, "frame": to_record(found)}
