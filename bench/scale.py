"""Peak memory and time of writing, finishing and converting as datasets grow: 20 objects a frame, no images.

    python bench/scale.py [--frames 10000,100000]

Each step runs in a process of its own, whose peak resident memory the system reports.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from workload import CLASSES, table

OBJECTS = 20
NONE = {"images": "none"}
STEPS = ("write", "finish", "native to coco+yolo+kitti", "coco to yolo")


def frames(count: int) -> Iterator:
    from framepress.core import Boxes3D, Camera, Frame, Objects, Rle, View
    from framepress.ops.rle import encode

    mask = np.zeros((720, 1280), bool)
    mask[100:160, 200:290] = True
    found = encode(mask)
    rle = found if isinstance(found, Rle) else Rle(720, 1280, found)
    rng = np.random.default_rng(0)
    K = [[1108.5, 0, 640], [0, 1108.5, 360], [0, 0, 1]]
    camera = Camera(1280, 720, K, world_from_camera=np.eye(4))
    tracks = [f"/World/thing_{number:03d}" for number in range(OBJECTS)]
    ids = np.arange(1, OBJECTS + 1)
    for number in range(count):
        low = rng.integers(0, (1000, 500), (OBJECTS, 2))
        objects = Objects.build(
            [CLASSES[code] for code in rng.integers(0, len(CLASSES), OBJECTS)],
            id=ids,
            track=tracks,
            box=np.hstack((low, low + rng.integers(1, 200, (OBJECTS, 2)))),
            area=np.full(OBJECTS, 5400.0),
            visibility=np.round(rng.uniform(0, 1, OBJECTS), 3),
            box3d=Boxes3D(
                rng.uniform((-5, -2, 4), (5, 2, 20), (OBJECTS, 3)), np.ones((OBJECTS, 3)), [[1.0, 0, 0, 0]] * OBJECTS
            ),
            mask=[rle] * OBJECTS,
        )
        yield Frame(
            f"s{number // 100:05d}/{number:06d}",
            number,
            (View(camera, objects=objects),),
            sequence=f"s{number // 100:05d}",
        )


def step(name: str, root: Path, count: int) -> dict[str, float]:
    from framepress.core import LabelMap
    from framepress.core.record import to_record
    from framepress.dataset.convert import convert
    from framepress.dataset.opening import open_dataset
    from framepress.dataset.session import Session
    from framepress.dataset.writer import DatasetWriter

    found: dict[str, float] = {}
    if name == "write":
        writer = DatasetWriter(root / "first", {"native": NONE, "coco": NONE}, labels=LabelMap.of(CLASSES))
        for frame in frames(count):
            writer.add(frame)
        writer.abandon()
        record = json.dumps(to_record(next(frames(1))), separators=(",", ":"))
        found["bytes"] = len(record) / OBJECTS
    elif name == "finish":
        Session.reopen(root / "first").finish()
        journal = root / "first/.framepress/journal"
        found["bytes"] = sum(path.stat().st_size for path in journal.iterdir()) / count / OBJECTS
    elif name == "coco to yolo":
        convert(open_dataset(root / "first", "coco"), root / "yolo", {"yolo": NONE})
    else:
        convert(open_dataset(root / "first", "native"), root / "second", {"coco": NONE, "yolo": NONE, "kitti": NONE})
    return found


def measured(name: str, root: Path, count: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--step", name, "--root", str(root), "--frames", str(count)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", default="10000,100000")
    parser.add_argument("--step")
    parser.add_argument("--root", type=Path)
    options = parser.parse_args(argv)
    if options.step:
        begin = time.perf_counter()
        found = step(options.step, options.root, int(options.frames))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found | {"seconds": time.perf_counter() - begin, "mb": peak}))
        return
    counts = [int(part) for part in options.frames.split(",")]
    results: dict[int, dict[str, dict[str, float]]] = {}
    for count in counts:
        root = Path(tempfile.mkdtemp())
        results[count] = {name: measured(name, root, count) for name in STEPS}
        shutil.rmtree(root)
    rows = [
        (name, *(f"{results[count][name]['mb']:.0f} MB {results[count][name]['seconds']:.0f} s" for count in counts))
        for name in STEPS
    ]
    for label, name in (("journal an object, growing", "write"), ("journal an object, sealed", "finish")):
        rows.append((label, *(f"{results[count][name]['bytes']:.0f} B" for count in counts)))
    print(
        table(
            "Peak memory and time, 20 objects a frame, no images",
            ("step", *(f"{count:,} frames" for count in counts)),
            rows,
        )
    )


if __name__ == "__main__":
    main()
