"""One shard of a job, in whichever host there is."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from framepress.errors import InputError, OptionError
from framepress.jobs.hosts import Place, delta_before, in_editor, opened
from framepress.jobs.shards import Shard
from framepress.jobs.spec import JobSpec, read_job
from framepress.jobs.stage import attached_writer, open_scene, products_of, randomiser, run_script
from framepress.jobs.standing import Standing, standing
from framepress.replicator.capture_on_play import capture_on_play_off
from framepress.replicator.options import Options
from framepress.replicator.sources import digest_of_files
from framepress.replicator.stage import open_stage

__all__ = ["run_shard", "run_shard_async"]

_SPEC = ("job", "out", "shard", "shards", "stand_in")


class Call(NamedTuple):
    """A call to the orchestrator that takes its time: a script waits in it, an editor goes on meanwhile."""

    name: str
    arguments: Mapping[str, Any]


Calls = Generator[Call, None, None]


@dataclass(frozen=True)
class _Work:
    job: JobSpec
    out: Path
    shard: Shard
    stand_in: bool

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> _Work:
        unknown = next((key for key in spec if key not in _SPEC), None)
        if unknown is not None or not {"job", "out"} <= set(spec):
            raise OptionError(f"a shard's spec has the keys {', '.join(_SPEC)}, job and out at least; got {dict(spec)}")
        job = read_job(spec["job"])
        shard = Shard(spec.get("shard", 0), spec.get("shards", 1))
        shard.frames(job.num_frames)
        if shard.count > 1 and job.writer_config.get("labels") is None:
            raise OptionError(
                f"{job.where}: writer_config: labels is missing; shards need one list of classes, "
                "so that a class has the same number in all of them"
            )
        return cls(job, Path(spec["out"]).absolute(), shard, bool(spec.get("stand_in", False)))

    def standing(self) -> Standing:
        return standing(self.shard.folder(self.out), self.shard, self.job)


def run_shard(spec: dict[str, Any]) -> dict[str, Any]:
    """Make the frames of one shard, or what is missing of them; where it is complete, nothing.

    Frame k is the same whichever shard makes it, in the stand-in: what a shard holds depends on the job alone. A shard
    that was killed is gone on with.

    Args:
        spec: plain JSON: `job` (a YAML file), `out` (the job's folder), `shard` and `shards` (0 of 1), `stand_in`
            (even where there is an Isaac Sim).

    Returns:
        Plain JSON: shard, shards, frames ([start, stop)), path, host, made (frames made now), findings.

    Raises:
        OptionError: the job or the spec; called inside an editor, where `run_shard_async` does it.
        InputError: the scene or the script; or a shard that is not complete in the end, whatever the host reported.
        FrameError: a frame could not be captured or written.
    """
    work = _Work.of(spec)
    found = work.standing()
    if found.complete:
        return _result(work, found, "", (), 0)
    if in_editor():
        raise OptionError("run_shard would block the editor; use run_shard_async")
    with opened(work.job, stand_in=work.stand_in) as place:
        import omni.replicator.core as rep

        with closing(_calls(work, found, place, rep)) as calls:
            for call in calls:
                getattr(rep.orchestrator, call.name)(**call.arguments)
        return _judged(work, found, place)


async def run_shard_async(spec: dict[str, Any]) -> dict[str, Any]:
    """As `run_shard`, in an application that runs already and must not be blocked (`--exec`, an extension)."""
    work = _Work.of(spec)
    found = work.standing()
    if found.complete:
        return _result(work, found, "", (), 0)
    if "omni.kit.app" not in sys.modules:
        raise OptionError("no application runs here; use run_shard, which starts one")
    with opened(work.job, stand_in=work.stand_in) as place:
        import omni.replicator.core as rep

        with closing(_calls(work, found, place, rep)) as calls:
            for call in calls:
                await getattr(rep.orchestrator, f"{call.name}_async")(**call.arguments)
        return _judged(work, found, place)


def _calls(work: _Work, found: Standing, place: Place, rep: Any) -> Calls:
    """All of a shard's capture, one orchestrator call after the other; ends with the writer detached and sealed."""
    job, frames = work.job, range(found.first_missing, found.frames.stop)
    with ExitStack() as undo:
        undo.enter_context(capture_on_play_off(rep))
        rep.set_global_seed(place.seed_of(job, frames.start))
        open_scene(job)
        names, made = run_script(job, rep)
        before = randomiser(job, names, rep)
        products = products_of(job, rep, made)
        for product in products:
            undo.callback(product.destroy)
        origin = {**place.origin, "job": job.name, "sha256": job.sha256, "seed": job.seed, **_files(job)}
        writer = attached_writer(
            job, rep, products, found.path, first_frame=frames.start, origin=origin, existing="resume"
        )
        undo.callback(writer.seal)  # a host that ends after an error does not wait for its queue
        undo.callback(writer.detach)
        yield Call("preview", {})  # the first frame of a fresh product may come empty
        place.pass_over(range(frames.start), job, before)
        for number in frames:
            before(number)
            yield Call("step", {"rt_subframes": job.rt_subframes, "delta_time": delta_before(job, number)})
            place.check()
        yield Call("wait_until_complete", {})  # before anything is closed: a host that ends does not wait for files
        place.check()


def _files(job: JobSpec) -> dict[str, str]:
    """Digests of what the job and its script refer to, which may be another in the next shard's process."""
    stage = open_stage()
    probe = Options.of(policy=job.writer_config.get("policy")).policy.probe
    found = {
        "files": "" if stage is None else digest_of_files(stage),
        "probe": hashlib.sha256(Path(probe).read_bytes()).hexdigest() if probe else "",
    }
    return {name: digest for name, digest in found.items() if digest}


def _judged(work: _Work, before: Standing, place: Place) -> dict[str, Any]:
    after = work.standing()
    if not after.complete:
        raise InputError(
            f"{after.path}: {after}; see its .framepress/ledger.jsonl and the host's log, and run it again"
        )
    return _result(work, after, place.kind, place.findings(), len(after.written) - len(before.written))


def _result(work: _Work, found: Standing, host: str, findings: tuple[str, ...], made: int) -> dict[str, Any]:
    return {
        "shard": work.shard.index,
        "shards": work.shard.count,
        "frames": [found.frames.start, found.frames.stop],
        "path": str(found.path),
        "host": host,
        "made": made,
        "findings": list(findings),
    }
