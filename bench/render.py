"""The stand-in renderer at 1280 x 720: what a frame costs, from ids alone to a dataset in three formats.

    python bench/render.py [--scene FILE.usd] [--threads 1,2] [--repeat N] [--frames N] [--only TABLE,...]

Every placement of the scene moves in every frame. Wall and CPU milliseconds are the least of the repeats, so that other
work on the machine counts as little as can be; whole runs (dataset, first frame) are medians. The scene is the one of
`stage.py`, or any that has its paths: /World/Objects/*, /World/Instances/*, /World/Lights/*, /World/Cameras/Main, Fish.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from stage import fisheye, write_stage
from workload import HEIGHT, WIDTH, table

SIZE = (WIDTH, HEIGHT)
MAIN, FISH = "/World/Cameras/Main", "/World/Cameras/Fish"
FORMATS = "coco,yolo,kitti"
WARM_UP = 3  # frames


@dataclass(frozen=True)
class Cost:
    """Milliseconds."""

    wall: float
    cpu: float

    def row(self, name: str) -> tuple[str, ...]:
        return name, f"{self.wall:.1f}", f"{1e3 / self.wall:.1f}", f"{self.cpu:.1f}"


def least(call: Callable[[], object], repeat: int) -> Cost:
    """The least of so many calls, after one that is not counted."""
    call()
    wall, cpu = [], []
    for _ in range(repeat):
        begin, spent = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - spent)
    return Cost(min(wall) * 1e3, min(cpu) * 1e3)


def opened(path: Path) -> tuple[Any, dict[str, Any]]:
    """The scene, and its two cameras."""
    from pxr import Usd

    from framepress.headless.usd.cameras import scene_camera
    from framepress.headless.usd.reader import StageReader

    stage = Usd.Stage.Open(str(path))
    stage.SetEditTarget(stage.GetSessionLayer())
    fisheye(stage.GetPrimAtPath(FISH), *SIZE)
    time_code = Usd.TimeCode(stage.GetStartTimeCode())
    scene = StageReader(stage).read(time_code)
    return scene, {camera: scene_camera(stage, camera, SIZE, time_code) for camera in (MAIN, FISH)}


def drawing(path: Path, threads: Sequence[int], repeat: int) -> Iterator[str]:
    from framepress.headless.buffers import Passes
    from framepress.headless.render.renderer import Renderer

    scene, cameras = opened(path)
    triangles = sum(len(scene.geometries[placement.geometry].triangles) for placement in scene.placements)
    labels = Passes(normals=True, amodal=True)
    cases = (
        ("ids, both distances, normals", MAIN, Passes(normals=True)),
        ("  + amodal counts and boxes, occlusion", MAIN, labels),
        ("  + motion", MAIN, replace(labels, motion=True)),
        ("RGB with shadow, 1 sample, all labels", MAIN, replace(labels, rgb=True, samples=1)),
        ("RGB with shadow, 8 samples, all labels", MAIN, replace(labels, rgb=True)),
        ("fisheye: all labels", FISH, labels),
        ("fisheye: RGB, 8 samples, all labels", FISH, replace(labels, rgb=True)),
    )
    rng = np.random.default_rng(0)
    for count in threads:
        renderer = Renderer(threads=count)

        def frame(camera: str, passes: Any, renderer: Any = renderer) -> None:
            matrices = scene.matrices.copy()
            matrices[:, 3, :3] += rng.normal(0, 1e-3, (len(matrices), 3))
            renderer.begin_frame(replace(scene, matrices=matrices))
            renderer.render(cameras[camera], passes)

        rows = [
            least(lambda camera=camera, passes=passes: frame(camera, passes), repeat).row(name)
            for name, camera, passes in cases
        ]
        title = f"Drawing {len(scene.placements)} placements, {triangles:,} triangles, {WIDTH} x {HEIGHT}, "
        yield table(f"{title}{count} thread{'s' * (count > 1)}", ("", "wall ms", "fps", "CPU ms"), rows)


def peer(path: Path, repeat: int) -> Iterator[str]:
    """Embree, by its Python binding, finds ids and distances for the same rays; it uses one thread."""
    if find_spec("embreex") is None:
        yield "Embree is not measured: embreex is not installed\n"
        return
    from embreex import mesh_construction, rtcore_scene

    from framepress.headless.buffers import Passes
    from framepress.headless.render.renderer import Renderer
    from framepress.headless.usd.lenses import rays

    scene, cameras = opened(path)
    camera = cameras[MAIN]
    view = camera.view @ np.diag([1.0, -1.0, -1.0, 1.0])
    directions = rays(camera.lens).reshape(-1, 3).astype(np.float32)
    origins = np.zeros_like(directions)

    def built() -> Any:
        world = rtcore_scene.EmbreeScene()
        for placement, matrix in zip(scene.placements, scene.matrices @ view, strict=True):
            geometry = scene.geometries[placement.geometry]
            points = (geometry.points @ matrix[:3, :3] + matrix[3, :3]).astype(np.float32)
            mesh_construction.TriangleMesh(world, points, geometry.triangles)
        world.run(origins[:1], directions[:1], output=1)  # builds
        return world

    world = built()
    renderer = Renderer(threads=1)

    def ours() -> None:
        renderer.begin_frame(replace(scene, matrices=scene.matrices.copy()))
        renderer.render(camera, Passes())

    rows = [
        least(lambda: world.run(origins, directions, output=1), repeat).row("Embree, scene at rest"),
        least(lambda: built().run(origins, directions, output=1), repeat).row("Embree, everything moved"),
        least(ours, repeat).row("framepress, everything moved"),
    ]
    yield table("Ids and distances, one thread, cut-outs aside", ("", "wall ms", "fps", "CPU ms"), rows)


class Watch:
    """Adds up what calls cost the thread that makes them."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}

    @contextmanager
    def on(self, *calls: tuple[str, Any, str]) -> Iterator[None]:
        """Args: calls: (name of the stage, owner, attribute)."""
        originals = [(owner, name, getattr(owner, name)) for _, owner, name in calls]
        for (stage, _, _), (owner, name, original) in zip(calls, originals, strict=True):
            setattr(owner, name, self._timed(stage, original))
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)

    def _timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return call(*arguments, **options)
            finally:
                before = self.seconds.get(stage, (0.0, 0.0))
                self.seconds[stage] = (
                    before[0] + time.perf_counter() - wall,
                    before[1] + time.thread_time() - cpu,
                )

        return timed

    def rows(self, frames: int) -> list[tuple[str, ...]]:
        return [
            (name, f"{wall / frames * 1e3:.1f}", "", f"{cpu / frames * 1e3:.1f}")
            for name, (wall, cpu) in self.seconds.items()
        ]


def randomised(rep: Any, scene: Path) -> None:
    """170 poses, textures of ten things, three lights and the camera, drawn anew for every frame."""
    uniform = rep.distribution.uniform
    things = rep.get.prims(path_pattern="^/World/(Objects|Instances)/[^/]+$")
    painted = rep.get.prims(path_pattern="^/World/Objects/[^/]+_00[0-9]$")
    bulbs = rep.get.prims(path_pattern="^/World/Lights/Bulb[0-9]$")
    sun, camera = (rep.get.prims(path_pattern=f"^{path}$") for path in ("/World/Lights/Sun", MAIN))
    with rep.trigger.on_frame():
        with things:
            rep.modify.pose(position=uniform((-8, -8, 0.4), (8, 8, 1.6)), rotation=uniform((0, 0, 0), (360, 360, 360)))
        with painted:
            rep.randomizer.texture(textures=sorted(map(str, scene.parent.glob("*/t*.png"))))
        with bulbs:
            rep.modify.attribute("inputs:intensity", uniform(80.0, 240.0))
            rep.modify.attribute("inputs:color", uniform((0.4, 0.4, 0.4), (1, 1, 1)))
        with sun:
            rep.modify.pose(rotation=uniform((-60, -40, 0), (-20, 40, 0)))
        with camera:
            rep.modify.pose(position=uniform((-5, -12, 2.5), (5, -10, 5)), look_at=(0, 0, 0.6))


def dataset(path: Path, threads: Sequence[int], frames: int) -> Iterator[str]:
    """A script's scene, randomised by its triggers, through Replicator's interface into three formats."""
    for count in threads:
        watch, run = Watch(), Run()
        with tempfile.TemporaryDirectory() as folder:
            run.make(path, folder, count, frames, watch)
        rows = watch.rows(frames)
        cpu = run.cpu / frames * 1e3
        rows.append(Cost(statistics.median(run.wall) * 1e3, cpu).row(f"a frame, median of {frames}"))
        rows.append(Cost((sum(run.wall) + run.drained) / frames * 1e3, cpu).row("a frame, with the end of the run"))
        title = f"Randomised, drawn with 8 samples, into {FORMATS}, {count} thread{'s' * (count > 1)}"
        yield table(f"{title}; CPU of a part: of the calling thread", ("", "wall ms", "fps", "CPU ms"), rows)
        quarter = frames // 4
        first, last = (
            statistics.median(part) for part in (run.memory[quarter : 2 * quarter + 1], run.memory[-quarter - 1 :])
        )
        yield f"memory: {first / 1e6:.0f} MB in the second quarter of the run, {last / 1e6:.0f} MB in the last\n"


class Run:
    """Seconds: `wall` of each step, `drained` until all was written, `cpu` of all threads. Bytes after each step."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.memory: list[int] = []
        self.drained = self.cpu = 0.0

    def make(self, path: Path, folder: str, threads: int, frames: int, watch: Watch) -> None:
        import psutil

        from framepress.headless import stand_in
        from framepress.replicator.writer import build_writer

        process = psutil.Process()
        with stand_in.installed(seed=7, threads=threads, stand_in=True) as host:
            host.open_stage(path)
            rep = sys.modules["omni.replicator.core"]
            randomised(rep, path)
            writer = build_writer(rep)(output_dir=f"{folder}/dataset", formats=FORMATS, workers=threads)
            writer.attach([rep.create.render_product(MAIN, SIZE)])
            for _ in range(WARM_UP):
                rep.orchestrator.step()
            spent = time.process_time()
            with watch.on(*stages()):
                for _ in range(frames):
                    begin = time.perf_counter()
                    rep.orchestrator.step()
                    self.wall.append(time.perf_counter() - begin)
                    self.memory.append(process.memory_info().rss)
            begin = time.perf_counter()
            rep.orchestrator.wait_until_complete()
            self.drained = time.perf_counter() - begin
            self.cpu = time.process_time() - spent
            if host.failures:
                raise SystemExit(str(host.failures[0]))


def stages() -> tuple[tuple[str, Any, str], ...]:
    from framepress.headless.render.renderer import Renderer
    from framepress.headless.rep.attached import Attached
    from framepress.headless.rep.graph import Graph
    from framepress.headless.usd.reader import StageReader
    from framepress.replicator.press import Press

    return (
        ("edit the stage", Graph, "step"),
        ("read the stage", StageReader, "read"),
        ("draw: scene to device", Renderer, "begin_frame"),
        ("draw: render", Renderer, "render"),
        ("payloads", Attached, "payload"),
        ("write()", Press, "take"),
    )


FIRST_FRAME = """
import sys, time
from framepress.headless import stand_in
with stand_in.installed(stand_in=True) as host:
    host.open_stage({scene!r})
    import omni.replicator.core as rep
    product = rep.create.render_product({camera!r}, {size})
    annotators = [rep.AnnotatorRegistry.get_annotator(name).attach(product) for name in {names}]
    rep.orchestrator.step()
    assert annotators[0].get_data().shape[:2] == {size}[::-1]
    print(time.time())
"""
LABELS = (
    "distance_to_camera",
    "distance_to_image_plane",
    "normals",
    "semantic_segmentation",
    "instance_segmentation",
    "bounding_box_2d_tight",
    "bounding_box_2d_loose",
    "bounding_box_3d",
    "occlusion",
    "camera_params",
)


def first_frame(path: Path, repeat: int) -> Iterator[str]:
    """From the start of the process: Python, imports, the stage with its textures, kernels, one frame."""

    def seconds(names: tuple[str, ...], cache: str) -> float:
        code = FIRST_FRAME.format(scene=str(path), camera=MAIN, size=SIZE, names=names)
        variables = {**os.environ, "WARP_CACHE_PATH": cache}
        begin = time.time()
        command = [sys.executable, "-c", code]
        made = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, text=True)
        return float(made.stdout.split()[-1]) - begin

    rows = []
    for name, names in (("all labels", LABELS), ("RGB, 8 samples, all labels", (*LABELS, "rgb"))):
        cold, warm = [], []
        for _ in range(repeat):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(seconds(names, cache))
                warm += [seconds(names, cache) for _ in range(2)]
        rows += [(f"{name}, kernels compiled", f"{statistics.median(cold):.2f}", f"{min(cold):.2f}")]
        rows += [(f"{name}, kernels cached", f"{statistics.median(warm):.2f}", f"{min(warm):.2f}")]
    yield table("First frame, from the start of the process", ("", "median s", "least s"), rows)


TABLES = ("drawing", "peer", "dataset", "first")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", type=Path, help="by default the one of stage.py, made anew")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeat", type=int, default=8)
    parser.add_argument("--frames", type=int, default=24, help="of the dataset")
    parser.add_argument("--only", default=",".join(TABLES), help="some of " + ",".join(TABLES))
    options = parser.parse_args(argv)
    threads = [int(count) for count in options.threads.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        scene = options.scene.absolute() if options.scene else write_stage(Path(folder))
        tables = {
            "drawing": lambda: drawing(scene, threads, options.repeat),
            "peer": lambda: peer(scene, options.repeat),
            "dataset": lambda: dataset(scene, threads, options.frames),
            "first": lambda: first_frame(scene, max(options.repeat // 4, 1)),
        }
        for name in options.only.split(","):
            for text in tables[name]():
                print(text, flush=True)


if __name__ == "__main__":
    main()
