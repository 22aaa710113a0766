"""Several shards of a job side by side on this machine, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
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
_GRACE_S = 20.0  # to seal what is written, once told to end; schedulers give 30 s
_LAST_LINES = 50
_NO_GPU = ("-1", "NoDevFiles")  # the latter is Slurm's


@dataclass
class _Run:
    shard: Shard
    slot: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]


def gpus_here() -> list[str]:
    """The GPUs that this process may use: those of CUDA_VISIBLE_DEVICES, which schedulers set, else all that are here.

    Raises:
        OptionError: there is none, or nvidia-smi is not here to tell.
    """
    share = os.environ.get("CUDA_VISIBLE_DEVICES")
    if share is not None:
        named = [name.strip() for name in share.split(",") if name.strip()]
        if not named or named[0] in _NO_GPU:
            raise OptionError(f"one process per GPU: CUDA_VISIBLE_DEVICES={share!r} leaves none")
        return named
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
        _end(running)
    found = standing_of(job, out, shards)
    lacking = [f"{each}{_reason(out, each.shard)}; see {_log(out, each.shard)}" for each in found if not each.complete]
    if lacking:
        raise InputError(f"{out}: {'; '.join(lacking)}; run the same command again")
    return found


def _end(running: Sequence[_Run]) -> None:
    """Interrupted: what they have written can be gone on with. All processes below ours: python.sh starts another."""
    until = time.monotonic() + _GRACE_S
    for run in running:
        _signal(run, signal.SIGTERM)
    for run in running:
        while _signal(run, 0) and time.monotonic() < until:
            time.sleep(_POLL_S)
        _signal(run, signal.SIGKILL)
        run.process.wait()
        run.log.close()


def _signal(run: _Run, number: int) -> bool:
    """Whether there still was a process to take it."""
    run.process.poll()  # one that has ended is there until it is asked for
    try:
        os.killpg(run.process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _reason(out: Path, shard: Shard) -> str:
    """What a shard's process told last, where that is an error of ours."""
    path = _log(out, shard)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    for line in reversed(lines[-_LAST_LINES:]):  # a host that is closed may say more
        if line.startswith('{"error": '):
            return f": {json.loads(line)['error']['message']}"
    return ""


def _log(out: Path, shard: Shard) -> Path:
    return out / "logs" / f"{shard.folder(out).name}.log"


def _started(
    job: JobSpec, out: Path, shard: Shard, slot: int, gpu: str | None, python: list[str], stand_in: bool
) -> _Run:
    places = [str(Path(job.where).absolute()), str(out.absolute())]  # python.sh may change the working folder
    command = [*python, "-m", "framepress.jobs", *places, "--shard", str(shard)]
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
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    except OSError as error:
        raise OutputError(f"shard {shard}: cannot be started: {error}") from error
    return _Run(shard, slot, process, log)
