"""The shards of a job as one dataset."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framepress.dataset.merge import merge
from framepress.dataset.report import Report
from framepress.errors import InputError, OptionError
from framepress.jobs.shards import Shard, folders_of
from framepress.jobs.spec import JobSpec
from framepress.jobs.standing import Standing, standing

__all__ = ["merge_shards", "standing_of"]


def standing_of(job: JobSpec, out: Path, count: int | None = None) -> list[Standing]:
    """All shards of a job as they lie in its folder.

    Args:
        count: how many there are; None = as the folders say.

    Raises:
        InputError: there is no folder of a shard, or a shard is of another edition of the job.
        OptionError: there are folders of several counts, and `count` is not given.
    """
    counts = sorted({shard.count for shard in folders_of(out)})
    if count is None:
        if not counts:
            raise InputError(
                f"{out}: holds no shards; run `framepress job run {shlex.join([job.where, str(out)])}` first"
            )
        if len(counts) > 1:
            raise OptionError(f"{out}: holds shards of {' and of '.join(map(str, counts))}; say which with --shards N")
        count = counts[0]
    shards = (Shard(index, count) for index in range(count))
    return [standing(shard.folder(out), shard, job) for shard in shards]


def merge_shards(
    job: JobSpec, out: Path, target: Path | None = None, *, count: int | None = None, existing: str = "error"
) -> Report:
    """One dataset of a job's shards, the same bytes for any number of them (but for `.framepress/ledger.jsonl`).

    Args:
        target: by default `dataset` in the job's folder.

    Raises:
        InputError: shards are missing, not complete, or of another job; all of them named, with the way out.
        OptionError, OutputError: see `standing_of` and `dataset.merge`.
    """
    found = standing_of(job, out, count)
    lacking = [str(each) for each in found if not each.complete]
    if lacking:
        raise InputError(f"{out}: {'; '.join(lacking)}; run `{_run(job, out)} --shard INDEX/{len(found)}` for each")
    for each in found:
        _refuse_other(each, found[0].origin)
    return merge([each.path for each in found], target or out / "dataset", existing=existing)


def _run(job: JobSpec, out: Path) -> str:
    return f"framepress job run {shlex.join([job.where, str(out)])}"


def _refuse_other(found: Standing, origin: Mapping[str, Any]) -> None:
    made = dict(found.origin or {})
    if made != origin:
        differing = next(key for key in {**made, **origin} if made.get(key) != origin.get(key))
        raise InputError(
            f"{found.path}: {differing} is {made.get(differing)!r}, but {origin.get(differing)!r} in the first shard; "
            "make all shards in the same way"
        )
