"""A small job, and what it leaves."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from framepress.jobs import run_shard

SCRIPT = """
import omni.replicator.core as rep

cube = rep.create.cube(semantics=[("class", "crate")])
ball = rep.create.sphere(semantics=[("class", "ball")])
post = rep.create.cylinder(semantics=[("class", "post")], position=(0, 2, 0))
rep.create.light(light_type="dome")
uniform = rep.distribution.uniform

with rep.trigger.on_frame(interval=3):
    with cube:
        rep.modify.pose(position=uniform((-2, -1, -1), (2, 1, 1)))
with rep.trigger.on_frame():
    with ball:
        rep.modify.pose(position=uniform((-2, -1, -1), (2, 1, 1)))
with rep.trigger.on_frame(max_execs=7):
    with post:
        rep.modify.pose(rotation=uniform((0, 0, 0), (90, 90, 90)))

camera = rep.create.camera(position=(0, -9, 4), look_at=(0, 0, 0))
rep.create.render_product(camera, (64, 48), name="Front")


def randomize(frame_index, rng):
    with open(LOG, "a") as log:
        print(frame_index, rng.integers(1 << 30), file=log)
"""

JOB = """
# Half of the frames end in each split.
script: script.py
num_frames: {frames}
seed: 3
writer_config:
  formats: [native, coco]
  labels: [crate, ball, post]
  channels: rgb,depth,instance,flow
  split: train=.5,val=.5
"""


def written(folder: Path, frames: int = 40, script: str = SCRIPT, job: str = JOB) -> Path:
    """The job's file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(script.replace("LOG", repr(str(folder / "hook.txt"))))
    (folder / "job.yaml").write_text(job.format(frames=frames))
    return folder / "job.yaml"


def made(job: Path, out: Path, index: int = 0, count: int = 1) -> dict[str, Any]:
    return run_shard({"job": str(job), "out": str(out), "shard": index, "shards": count, "stand_in": True})


def tree(folder: Path) -> dict[str, str]:
    """Every file's hash; the ledger is the story of the runs, and differs between them."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl"
    }
