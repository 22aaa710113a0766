"""Which frames are whose, and who says so."""

from __future__ import annotations

import pytest

from framepress.errors import OptionError
from framepress.jobs.shards import Shard, shard_asked


@pytest.mark.parametrize(("count", "total"), [(1, 1), (1, 40), (4, 40), (7, 40), (8, 1000), (40, 40), (3, 1000003)])
def test_shards_cover_every_frame_once_and_differ_by_one_at_most(count: int, total: int) -> None:
    ranges = [Shard(index, count).frames(total) for index in range(count)]
    assert [frames.start for frames in ranges[1:]] == [frames.stop for frames in ranges[:-1]]
    assert (ranges[0].start, ranges[-1].stop) == (0, total)
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def slurm(task: int, first: int, last: int, count: int) -> dict[str, str]:
    """What `sbatch --array` puts into a task's environment."""
    values = {"ID": task, "MIN": first, "MAX": last, "STEP": 1, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("flag", "count", "environ", "expected"),
    [
        (None, None, {}, Shard(0, 1)),
        ("3/8", None, {}, Shard(3, 8)),
        ("3", 8, {}, Shard(3, 8)),
        ("3/8", 8, {"RANK": "1", "WORLD_SIZE": "2"}, Shard(3, 8)),
        (None, 8, {"JOB_COMPLETION_INDEX": "5"}, Shard(5, 8)),
        (None, None, {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "4"}, Shard(2, 4)),
        (None, None, slurm(2, first=0, last=3, count=4), Shard(2, 4)),
        (None, 8, slurm(5, first=3, last=5, count=2), Shard(5, 8)),
        (None, None, {"RANK": "1", "WORLD_SIZE": "2"}, Shard(1, 2)),
        (None, 2, {"RANK": "1"}, Shard(1, 2)),
        (None, 4, {"JOB_COMPLETION_INDEX": "1", "RANK": "1"}, Shard(1, 4)),
    ],
)
def test_a_shard_is_said_by_a_flag_or_by_what_started_the_process(
    flag: str | None, count: int | None, environ: dict[str, str], expected: Shard
) -> None:
    assert shard_asked(flag, count, environ) == expected


@pytest.mark.parametrize(
    ("flag", "count", "environ", "said"),
    [
        ("8/8", None, {}, "shards count from 0 to 7"),
        ("one", None, {}, "write it as INDEX/COUNT"),
        ("1", None, {}, "of how many"),
        ("1/4", 8, {}, "of 4 shards, but --shards says 8"),
        (None, 8, {}, "which of them is this"),
        (None, None, {"JOB_COMPLETION_INDEX": "5"}, "of how many"),
        (
            None,
            None,
            slurm(3, first=3, last=3, count=1),
            "array from 3 to 3 with 1 tasks is not one of all.*--shards N",
        ),
        (None, None, slurm(1, first=1, last=8, count=8), "from 1 to 8 with 8 tasks"),
        (None, None, slurm(0, first=0, last=7, count=3), "from 0 to 7 with 3 tasks"),
        (None, 8, slurm(8, first=1, last=8, count=8), "shards count from 0 to 7"),
        (None, 4, {"JOB_COMPLETION_INDEX": "x"}, "JOB_COMPLETION_INDEX='x'"),
        (None, 4, {"JOB_COMPLETION_INDEX": "1", "RANK": "2"}, "JOB_COMPLETION_INDEX says 1/4, RANK says 2/4"),
    ],
)
def test_a_shard_that_is_not_clear_is_refused(
    flag: str | None, count: int | None, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        shard_asked(flag, count, environ)


def test_a_shard_without_frames_is_refused() -> None:
    with pytest.raises(OptionError, match="5 shards of 4 frames"):
        Shard(0, 5).frames(4)
