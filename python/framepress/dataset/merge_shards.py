"""Datasets of ours that were made in one way become one by links: their journals' records, one after the other."""

from __future__ import annotations

import hashlib
import heapq
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from framepress.core import LabelMap
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.session import Session
from framepress.dataset.state import root_of
from framepress.errors import InputError, OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.output import Output
from framepress.storage.segments import found, is_growing

__all__ = ["TAKEN_ONCE", "linked", "merged_origin", "refuse_growing", "shards_of"]

# How our own lines begin: index and id are known without parsing masks and boxes.
_KEYED = re.compile(rb'\{"op":"add","frame":\{"id":"([A-Za-z0-9_/-]+)","index":(\d+)[,}]')
TAKEN_ONCE = "equal frames taken once"
"""The name of their counter."""


@dataclass(frozen=True)
class Shard:
    path: Path
    output: Output
    job: Job
    journal: Journal
    labels: LabelMap

    @classmethod
    def open(cls, path: Path) -> Shard:
        refuse_growing(path)
        output = FolderOutput(path)
        job = Job.from_json(output.read(JOB_PATH), str(path))
        journal = Journal.open(output, repair=False)
        return cls(path, output, job, journal, journal_labels(job, journal))

    def records(self) -> Iterator[dict[str, Any]]:
        return (record for record in self.journal.records() if record["op"] in ("add", "replace"))

    def keys(self) -> Iterator[tuple[int, str]]:
        """Index and id of each frame, in order; unparsed where no frame was replaced or removed."""
        plain = True
        for line in self.journal.lines():
            plain = plain and line.op not in ("replace", "remove")
        if not plain:
            yield from map(_key, self.records())
            return
        for line in self.journal.lines():
            if line.op == "add":
                keyed = _KEYED.match(line.raw)
                yield (int(keyed[2]), line.id) if keyed else _key(line.record())


def refuse_growing(path: Path) -> None:
    """Raises InputError for a dataset of ours that is not finished."""
    output = FolderOutput(path)
    if is_growing(output, found(output, repair=False)):
        raise InputError(
            f"{path}: is being written, or was interrupted: resume its run, or run `framepress finish` to take the "
            "frames that it has"
        )


def shards_of(
    sources: Sequence[Path | str | Dataset], formats: Mapping[str, Mapping[str, Any]] | None
) -> list[Shard] | None:
    """The sources by their first frames, if they are ours and equally made, so that files can be linked; else None.

    Args:
        formats: what to write, with all options; None for what all of them have.

    Raises:
        InputError: one is not finished.
        OptionError: all are ours and have different formats, and none are named.
    """
    places = [_place(source) for source in sources]
    if not all(place is not None for place in places):
        return None
    shards = [Shard.open(place) for place in places if place is not None]
    first = shards[0]
    if formats is not None and any(shard.job.formats != formats for shard in shards):
        return None
    for shard in shards[1:]:
        if shard.job.formats != first.job.formats:
            raise OptionError(f"{shard.path} and {first.path} have other formats or options: name the formats to write")
    equal = all((_anonymous(shard.job), shard.labels) == (_anonymous(first.job), first.labels) for shard in shards)
    return sorted(shards, key=_first_key) if equal else None


def _place(source: Path | str | Dataset) -> Path | None:
    root = root_of(source) if isinstance(source, Dataset) else Path(source)
    return root if root is not None and (root / JOB_PATH).exists() else None


def _anonymous(job: Job) -> Job:
    return replace(job, origin=None)


def merged_origin(origins: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """The origin that all have, or that there were several."""
    distinct = [origin for number, origin in enumerate(origins) if origin not in origins[:number]]
    if len(distinct) > 1:
        return {"merged": distinct}
    return None if distinct[0] is None else dict(distinct[0])


def linked(
    shards: Sequence[Shard],
    target: Path | str,
    existing: str,
    *,
    skip_equal: bool = False,
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Args:
        skip_equal: take frames once that are in several shards and equal, in their record and their files' digests.

    Raises:
        InputError: a frame is in two shards, and not equal or not to be skipped; or a file is not what was recorded.
    """
    repeated = _repeated(shards, skip_equal=skip_equal)
    job = replace(shards[0].job, origin=merged_origin([shard.job.origin for shard in shards]))
    session = Session.start(target, job, existing=existing)
    there = set(session.journal.ids) if existing == "resume" else set()
    taken: set[str] = set()
    try:
        for number, (shard, record) in enumerate(_in_order(shards), start=1):
            frame_id = record["frame"]["id"]
            if frame_id in taken:
                session.ledger.count(TAKEN_ONCE)
                continue
            if frame_id in repeated:
                taken.add(frame_id)
            session.ledger.count("asked")
            if frame_id in there:
                there.remove(frame_id)  # a second frame of that id is an error, as it is in a merge of one go
                session.ledger.count("skipped")
            else:
                session.adopt(record, shard.path, shards[0].labels)
                session.ledger.count("written")
            if on_frame is not None:
                on_frame(number)
    except BaseException:
        session.abandon()
        raise
    return session.finish()


def _repeated(shards: Sequence[Shard], *, skip_equal: bool) -> Collection[str]:
    """Ids that are in several shards; before anything is written. What a target holds already is found frame by frame.

    Raises:
        InputError: there are some, and they differ or must not be.
    """
    holders: dict[str, Path] = {}
    repeated: set[str] = set()
    for shard in shards:
        both = shard.journal.ids & holders.keys()
        if both and not skip_equal:
            first = min(both)
            raise InputError(
                f"frame {first} is in {holders[first]} and in {shard.path}; each frame may be in one of them only: let "
                "frames be renamed (collisions=rename), or taken once where they are equal (collisions=skip-equal)"
            )
        repeated |= both
        holders |= dict.fromkeys(shard.journal.ids, shard.path)
    known: dict[str, tuple[str, Path]] = {}
    for shard in shards if repeated else ():
        for record in shard.records():
            if (id := record["frame"]["id"]) in repeated:
                digest = hashlib.sha256(json.dumps([record[key] for key in ("frame", "editions")]).encode()).hexdigest()
                before, holder = known.setdefault(id, (digest, shard.path))
                if before != digest:
                    raise InputError(
                        f"frame {id} is another one in {holder} than in {shard.path}: let frames be renamed "
                        "(collisions=rename), or leave one of them out"
                    )
    return repeated


def _in_order(shards: Sequence[Shard]) -> Iterator[tuple[Shard, dict[str, Any]]]:
    """Records of all shards in the order that `merge` promises; `shards` are sorted by their first frame."""
    streams = [_stream(shard) for shard in shards]
    if all(_ascending(shard) for shard in shards):
        return heapq.merge(*streams, key=lambda pair: _key(pair[1]))
    return (pair for stream in streams for pair in stream)


def _stream(shard: Shard) -> Iterator[tuple[Shard, dict[str, Any]]]:
    return ((shard, record) for record in shard.records())


def _ascending(shard: Shard) -> bool:
    return all(before <= after for before, after in pairwise(shard.keys()))


def _key(record: Mapping[str, Any]) -> tuple[int, str]:
    return record["frame"]["index"], record["frame"]["id"]


def _first_key(shard: Shard) -> tuple[int, str]:
    return next(shard.keys(), (-1, str(shard.path)))
