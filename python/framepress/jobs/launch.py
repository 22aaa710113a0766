"""Several shards of a job side by side on this machine, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from framepress.errors import InputError, OptionError, OutputError
from framepress.jobs.gather import standing_of
from framepress.jobs.shards import Shard
from framepress.jobs.spec import JobSpec
from framepress.jobs.standing import Standing, standing

__all__ = ["gpus_here", "launch"]

Told = Callable[[Standing, int], None]
_POLL_S = 0.05


@dataclass
class _Run:
    shard: Shard
    slot: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]


def gpus_here() -> list[str]:
    """The GPUs of this machine, as CUDA_VISIBLE_DEVICES names them.

    Raises:
        OptionError: nvidia-smi is not here, or finds none.
    """
    try:
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise OptionError(f"one process per GPU: nvidia-smi does not tell the GPUs: {error}") from error
    found = asked.stdout.split()
    if not found:
        raise OptionError("one process per GPU: nvidia-smi finds no GPU")
    return found


def launch(
    job: JobSpec,
    out: Path,
    shards: int,
    *,
    at_once: int | None = None,
    gpus: Sequence[str] = (),
    python: Sequence[str] = (sys.executable,),
    stand_in: bool = False,
    on_end: Told | None = None,
) -> list[Standing]:
    """Run what is missing of a job's shards; each is judged by what it left, not by how its process ended.

    Args:
        at_once: how many processes there are at any time: by default one per GPU, else all.
        gpus: a process sees one of them (CUDA_VISIBLE_DEVICES).
        python: the command that runs Python: Isaac Sim's python.sh, for one.
        on_end: told of every shard that has ended, with the exit code of its process.

    Returns:
        All shards as they lie there then, in order.

    Raises:
        OptionError: numbers that cannot be.
        InputError: shards are not complete, all of them named; their logs are in `logs` of the job's folder.
        OutputError: Python cannot be started.
    """
    Shard(0, shards).frames(job.num_frames)
    slots = at_once or len(gpus) or shards
    if slots < 1:
        raise OptionError(f"{slots} processes at once: must be at least 1")
    waiting = [each.shard for each in standing_of(job, out, shards) if not each.complete]
    free, running = list(range(slots)), list[_Run]()
    try:
        while waiting or running:
            while waiting and free:
                slot = free.pop(0)
                gpu = gpus[slot % len(gpus)] if gpus else None
                running.append(_started(job, out, waiting.pop(0), slot, gpu, [*python], stand_in))
            time.sleep(_POLL_S)
            for run in [run for run in running if run.process.poll() is not None]:
                running.remove(run)
                run.log.close()
                free.append(run.slot)
                if on_end is not None:
                    on_end(standing(run.shard.folder(out), run.shard, job), run.process.returncode)
    finally:
        for run in running:  # interrupted: what they have written can be gone on with
            run.process.terminate()
            run.process.wait()
            run.log.close()
    found = standing_of(job, out, shards)
    lacking = [f"{each}; see {_log(out, each.shard)}" for each in found if not each.complete]
    if lacking:
        raise InputError(f"{out}: {'; '.join(lacking)}; run the same command again")
    return found


def _log(out: Path, shard: Shard) -> Path:
    return out / "logs" / f"{shard.folder(out).name}.log"


def _started(
    job: JobSpec, out: Path, shard: Shard, slot: int, gpu: str | None, python: list[str], stand_in: bool
) -> _Run:
    command = [*python, "-m", "framepress.jobs", job.where, str(out), "--shard", str(shard)]
    environ = dict(os.environ) if gpu is None else {**os.environ, "CUDA_VISIBLE_DEVICES": gpu}
    path = _log(out, shard)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = path.open("wb")
        process = subprocess.Popen(
            [*command, *(["--stand-in"] if stand_in else [])],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise OutputError(f"shard {shard}: cannot be started: {error}") from error
    return _Run(shard, slot, process, log)
