"""`framepress job`: run, launch and merge the shards of a capture job."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from framepress.cli.datasets import tell
from framepress.cli.settings import listed
from framepress.cli.shell import as_json, emit, interruptible, note

__all__ = ["job"]

_JOB = click.argument("job_file", metavar="JOB.yaml", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_OUT = click.argument("out", metavar="OUT", type=click.Path(file_okay=False, path_type=Path))
_STAND_IN = click.option("--stand-in", is_flag=True, help="Use the stand-in even where an Isaac Sim is present.")


@click.group(short_help="A capture job in shards: one process or many, one machine or many.")
def job() -> None:
    """Capture what a YAML file describes, in shards that make one dataset.

    Shards lie in OUT/shards. Each is judged by what it wrote, not by an exit code; run again, it makes what is missing.
    """


@job.command(short_help="Make one shard, or the whole job.")
@_JOB
@_OUT
@click.option("--shard", metavar="I/N", help="Which, from 0. Default: as Kubernetes, Slurm or RANK say, else 0/1.")
@click.option("--shards", metavar="N", type=click.IntRange(1), help="How many there are, where that is not known.")
@_STAND_IN
@as_json
def run(job_file: Path, out: Path, shard: str | None, shards: int | None, stand_in: bool, as_json: bool) -> None:
    """Make the frames of one shard in this process.

    Isaac Sim has its own Python: there, `python.sh -m framepress.jobs JOB.yaml OUT --shard I/N` does the same.
    """
    from framepress.jobs.run import run_shard
    from framepress.jobs.shards import shard_asked
    from framepress.jobs.stopping import WAY_ON, terminable

    asked = shard_asked(shard, shards, os.environ)
    spec = {"job": str(job_file), "out": str(out), "shard": asked.index, "shards": asked.count, "stand_in": stand_in}
    printed = redirect_stdout(sys.stderr) if as_json else nullcontext()  # what a script prints is not our answer
    with interruptible(WAY_ON), terminable(), printed:
        done = run_shard(spec)
    first, stop = done["frames"]
    emit(done, f"shard {asked}: frames {first} to {stop - 1}, {done['made']} of them made now", as_json=as_json)


@job.command(short_help="Make all shards on this machine, side by side, and merge them.")
@_JOB
@_OUT
@click.option("--shards", metavar="N", type=click.IntRange(1), required=True, help="How many.")
@click.option(
    "--at-once", metavar="K", type=click.IntRange(1), help="Processes at any time.  [default: one per GPU, or N]"
)
@click.option("--per-gpu", is_flag=True, help="One process per GPU of CUDA_VISIBLE_DEVICES, or of this machine.")
@click.option("--gpus", metavar="ID,...", help="One process per GPU named here.")
@click.option(
    "--python", metavar="COMMAND", help="What runs Python, such as ~/isaacsim/python.sh.  [default: this one]"
)
@click.option("--no-merge", is_flag=True, help="Leave the shards as they are.")
@_STAND_IN
@as_json
def launch(
    job_file: Path,
    out: Path,
    shards: int,
    at_once: int | None,
    per_gpu: bool,
    gpus: str | None,
    python: str | None,
    no_merge: bool,
    stand_in: bool,
    as_json: bool,
) -> None:
    """Start a process for each shard that is not complete, and merge them into OUT/dataset."""
    from framepress.jobs.gather import merge_shards
    from framepress.jobs.launch import gpus_here
    from framepress.jobs.launch import launch as start
    from framepress.jobs.spec import read_job
    from framepress.jobs.stopping import WAY_ON, terminable

    started = time.monotonic()
    spec = read_job(job_file)
    chosen = listed(gpus, "--gpus") if gpus is not None else gpus_here() if per_gpu else []
    command = {} if python is None else {"python": _words(python)}

    def ended(shard: Any, code: int) -> None:
        note(str(shard) if shard.complete else f"{shard} ({_end(code)})")

    with interruptible(WAY_ON), terminable():
        found = start(spec, out, shards, at_once=at_once, gpus=chosen, stand_in=stand_in, on_end=ended, **command)
        if not no_merge:
            tell(merge_shards(spec, out, count=shards, existing="resume"), out / "dataset", started, as_json)
            return
    emit({"shards": [str(each.path) for each in found]}, f"{shards} shards are complete", as_json=as_json)


def _words(command: str) -> list[str]:
    try:
        words = [os.path.expanduser(part) for part in shlex.split(command)]
    except ValueError as error:  # a quotation that does not end
        raise click.BadParameter(f"{command!r}: {error}", param_hint="--python") from error
    if not words:
        raise click.BadParameter("names no command", param_hint="--python")
    return words


def _end(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


@job.command(short_help="One dataset of all shards.")
@_JOB
@_OUT
@click.argument("target", metavar="[DST]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--shards", metavar="N", type=click.IntRange(1), help="How many, if OUT holds several counts.")
@as_json
def merge(job_file: Path, out: Path, target: Path | None, shards: int | None, as_json: bool) -> None:
    """Put the shards of OUT into DST, by default OUT/dataset. A shard that is missing is named."""
    from framepress.jobs.gather import merge_shards
    from framepress.jobs.spec import read_job
    from framepress.jobs.stopping import WAY_ON, terminable

    started = time.monotonic()
    target = target or out / "dataset"
    with interruptible(WAY_ON), terminable():
        report = merge_shards(read_job(job_file), out, target, count=shards, existing="resume")
    tell(report, target, started, as_json)
