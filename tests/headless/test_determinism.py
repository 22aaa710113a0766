"""A randomised run, from the script to the files on the disk, is a function of its seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("warp", reason="rendering needs warp-lang")
pytest.importorskip("pxr", reason="stages need usd-core")

FRAMES = 10
SCRIPT = """
import glob
import omni.replicator.core as rep

uniform = rep.distribution.uniform
floor = rep.create.plane(scale=6, semantics=[("class", "floor")])
wall = rep.create.cube(position=(0, 3, 1), scale=(6, 0.1, 2))
things = [rep.create.cube(semantics=[("class", "box")], count=3), rep.create.torus(semantics=[("class", "ring")]),
          rep.create.sphere(semantics=[("class", "ball")], count=2), rep.create.cone(semantics=[("class", "cone")])]
sun = rep.create.light(light_type="distant", intensity=2, rotation=(-40, 20, 0))
bulb = rep.create.light(light_type="sphere", intensity=30, position=(0, 0, 3), scale=0.2)
rep.create.light(light_type="dome", intensity=0.5)
with rep.trigger.on_frame():
    for group in things:
        with group:
            rep.randomizer.scatter_2d(floor, offset=0.4)
            rep.modify.pose(rotation=uniform((0, 0, 0), (360, 360, 360)), scale=uniform(0.3, 0.7))
            rep.randomizer.texture(textures=sorted(glob.glob({textures!r})))
            rep.modify.visibility(rep.distribution.choice([True, True, True, False]))
    with rep.create.group([sun]):
        rep.modify.pose(rotation=uniform((-80, -30, 0), (-20, 30, 0)))
    with bulb:
        rep.modify.attribute("intensity", uniform(10.0, 90.0))
cameras = [rep.create.camera(position=(0, -7, 3), look_at=(0, 0, 0)), rep.create.camera(position=(5, -4, 4))]
with rep.trigger.on_frame(interval=2):
    with cameras[1]:
        rep.modify.pose(position=uniform((3, -5, 2), (6, -3, 5)), look_at=(0, 0, 0.5))
for number, camera in enumerate(cameras):
    rep.create.render_product(camera, (160, 96), name=f"camera{{number}}")
"""
RUN = """
import sys
from pathlib import Path
from framepress.replicator.rendering import render
script, target, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
options = dict(formats="native,coco,yolo,kitti", channels="rgb,depth,range,semantic,instance,normal,flow",
               workers=threads)
render(script, target, frames={frames}, threads=threads, seed=5, anywhere=True, options=options)
"""


def begun(folder: Path, name: str, threads: int) -> subprocess.Popen[str]:
    """A run in a process of its own, whose strings hash as in no other."""
    command = [sys.executable, "-c", RUN.format(frames=FRAMES), str(folder / "script.py"), str(folder / name)]
    return subprocess.Popen(
        [*command, str(threads)],
        env={**os.environ, "PYTHONHASHSEED": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def files(folder: Path) -> dict[str, bytes]:
    """All but the ledger, which counts what a run had to wait for."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.endswith("ledger.jsonl")}


def test_a_randomised_dataset_is_the_same_bytes_in_any_process_with_any_number_of_threads(tmp_path: Path) -> None:
    (tmp_path / "textures").mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = np.kron(rng.integers(0, 255, (8, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
        Image.fromarray(pixels).save(tmp_path / "textures" / f"{number}.png")
    (tmp_path / "script.py").write_text(SCRIPT.format(textures=str(tmp_path / "textures" / "*.png")))
    runs = {name: begun(tmp_path, name, threads) for name, threads in (("one", 1), ("two", 2), ("three", 3))}
    for run in runs.values():
        told, _ = run.communicate(timeout=120)
        assert run.returncode == 0, told
    one, two, three = (files(tmp_path / name) for name in runs)
    pictures = [data for name, data in one.items() if name.startswith("coco/") and name.endswith(".png")]
    assert len(pictures) == len(set(pictures)) == 2 * FRAMES
    for other in (two, three):
        assert other.keys() == one.keys()
        assert [name for name, data in one.items() if other[name] != data] == []
