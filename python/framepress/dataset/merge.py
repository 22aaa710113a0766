"""Shards written by several processes become one dataset, the same whatever the order in which they are named."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from framepress.core import LabelMap
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.opening import open_dataset
from framepress.dataset.report import Report
from framepress.dataset.session import Session
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.segments import found, is_growing

__all__ = ["merge"]


@dataclass(frozen=True)
class _Shard:
    path: Path
    output: Output
    job: Job
    journal: Journal
    labels: LabelMap

    @classmethod
    def open(cls, path: Path) -> _Shard:
        output = FolderOutput(path)
        if not output.exists(JOB_PATH):
            raise InputError(f"{path}: holds no dataset of ours (no {JOB_PATH}); it cannot be merged")
        if is_growing(output, found(output, repair=False)):
            raise InputError(
                f"{path}: is being written, or was interrupted: resume its run, or run `framepress finish` to take the "
                "frames that it has"
            )
        job = Job.from_json(output.read(JOB_PATH), str(path))
        journal = Journal.open(output, repair=False)
        return cls(path, output, job, journal, journal_labels(job, journal))

    def records(self) -> Iterator[dict[str, Any]]:
        return (record for record in self.journal.records() if record["op"] in ("add", "replace"))

    def keys(self) -> Iterator[tuple[int, str]]:
        return (_key(record) for record in self.records())


def merge(sources: Sequence[Path | str], target: Path | str, *, existing: str = "error") -> Report:
    """One dataset with the frames of all `sources`.

    Files are hard-linked where jobs and classes are equal, and frames come in the order of (index, id) where every
    shard is in that order itself, else shard after shard by their first frame. Otherwise every frame is pressed again
    from the shard's best edition, under the classes of all shards together and with the splits that frames have.
    `existing` is that of `DatasetWriter`: an interrupted merge goes on with `resume`.

    Raises:
        InputError: a source is no dataset of ours or is not finished, two hold a frame of the same id, or a file is not
            what was recorded.
        OptionError: no source, or the sources were asked for different formats or splits.
    """
    if not sources:
        raise OptionError("nothing to merge: name at least one dataset")
    shards = sorted((_Shard.open(Path(source)) for source in sources), key=_first_key)
    _refuse_repeated(shards)
    job = shards[0].job
    for shard in shards[1:]:
        if (shard.job.formats, shard.job.split) != (job.formats, job.split):
            raise OptionError(
                f"{shard.path} and {shards[0].path} have other formats, options or splits: convert one first"
            )
    if all((_anonymous(shard.job), shard.labels) == (_anonymous(job), shards[0].labels) for shard in shards):
        return _linked(shards, target, existing)
    return _pressed(shards, target, existing)


def _anonymous(job: Job) -> Job:
    return replace(job, origin=None)


def _origin(shards: Sequence[_Shard]) -> dict[str, Any] | None:
    """The origin that all shards have, or that there were several."""
    origins = [shard.job.origin for shard in shards]
    distinct = [origin for number, origin in enumerate(origins) if origin not in origins[:number]]
    if len(distinct) > 1:
        return {"merged": distinct}
    return None if distinct[0] is None else dict(distinct[0])


def _refuse_repeated(shards: Sequence[_Shard]) -> None:
    """Before anything is written; what an existing target holds is found frame by frame."""
    holders: dict[str, Path] = {}
    for shard in shards:
        repeated = min(shard.journal.ids & holders.keys(), default=None)
        if repeated is not None:
            raise InputError(
                f"frame {repeated} is in {holders[repeated]} and in {shard.path}; each frame may be in one of them only"
            )
        holders |= dict.fromkeys(shard.journal.ids, shard.path)


def _linked(shards: Sequence[_Shard], target: Path | str, existing: str) -> Report:
    session = Session.start(target, replace(shards[0].job, origin=_origin(shards)), existing=existing)
    there = set(session.journal.ids) if existing == "resume" else set()
    try:
        for shard, record in _in_order(shards):
            session.ledger.count("asked")
            if (frame_id := record["frame"]["id"]) in there:
                there.remove(frame_id)  # a second frame of that id is an error, as it is in a merge of one go
                session.ledger.count("skipped")
                continue
            session.adopt(record, shard.path, shards[0].labels)
            session.ledger.count("written")
    except BaseException:
        session.abandon()
        raise
    return session.finish()


def _pressed(shards: Sequence[_Shard], target: Path | str, existing: str) -> Report:
    job = shards[0].job
    labels = shards[0].labels
    for shard in shards[1:]:
        labels = labels.grown(shard.labels.labels)
    streams = [open_dataset(shard.path).frames() for shard in shards]
    with DatasetWriter(
        target, job.formats, labels=labels, unlisted=job.unlisted, existing=existing, origin=_origin(shards)
    ) as writer:
        for frame in heapq.merge(*streams, key=lambda frame: (frame.index, frame.id)):
            writer.add(frame)
    return writer.close()


def _in_order(shards: Sequence[_Shard]) -> Iterator[tuple[_Shard, dict[str, Any]]]:
    """Records of all shards in the order that `merge` promises; `shards` are sorted by their first frame."""
    streams = [_stream(shard) for shard in shards]
    if all(_ascending(shard) for shard in shards):
        return heapq.merge(*streams, key=lambda pair: _key(pair[1]))
    return (pair for stream in streams for pair in stream)


def _stream(shard: _Shard) -> Iterator[tuple[_Shard, dict[str, Any]]]:
    return ((shard, record) for record in shard.records())


def _ascending(shard: _Shard) -> bool:
    return all(before <= after for before, after in pairwise(shard.keys()))


def _key(record: Mapping[str, Any]) -> tuple[int, str]:
    return record["frame"]["index"], record["frame"]["id"]


def _first_key(shard: _Shard) -> tuple[int, str]:
    return next(shard.keys(), (-1, str(shard.path)))
