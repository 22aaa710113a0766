"""A whole frame at 1280 x 720 with 30 instances, one core: RGB, depth, ids, native + COCO + YOLO + KITTI,
beside a BasicWriter-like baseline (Pillow PNG level 6, npy), and what `add` costs the caller.

    python bench/frame.py [--frames N]

CPU milliseconds, of all threads together: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from workload import CLASSES, HEIGHT, WIDTH, cpu_ms, depth, id_map, picture, table

K = np.array([[1108.5, 0, WIDTH / 2], [0, 1108.5, HEIGHT / 2], [0, 0, 1]])
FORMATS = {"native": {}, "coco": {}, "yolo": {}, "kitti": {}}


def payloads(count: int) -> list[dict[str, np.ndarray]]:
    maps = [id_map(30, 30_000 + number) for number in range(count)]
    return [{"ids": ids, "rgb": picture(ids, n), "depth": depth(ids, n)} for n, ids in enumerate(maps)]


def frame_of(arrays: dict[str, np.ndarray], number: int):
    """What an adapter in the host does on the caller's thread: copy the host's buffers, build the table."""
    from framepress.core import Boxes3D, Camera, Channels, Frame, Objects, View

    ids = np.arange(1, 31)
    rng = np.random.default_rng(number)
    objects = Objects.build(
        [CLASSES[number % len(CLASSES)] for number in ids],
        id=ids,
        track=[f"/World/thing_{number:03d}" for number in ids],
        box3d=Boxes3D(
            rng.uniform((-5, -2, 4), (5, 2, 20), (30, 3)), rng.uniform(0.5, 2, (30, 3)), [[1.0, 0, 0, 0]] * 30
        ),
        visibility=rng.uniform(0, 1, 30),
    )
    channels = Channels(
        {"rgb": arrays["rgb"].copy(), "depth": arrays["depth"].copy(), "instance": arrays["ids"].copy()},
        (WIDTH, HEIGHT),
    )
    camera = Camera(WIDTH, HEIGHT, K, world_from_camera=np.eye(4))
    return Frame(f"{number:06d}", number, (View(camera, channels=channels, objects=objects),))


def ours(arrays: list[dict[str, np.ndarray]], folder: Path) -> dict[str, float]:
    """Milliseconds a frame on one core, and of the caller's thread while the queue has room."""
    from framepress.core import LabelMap
    from framepress.dataset.writer import DatasetWriter

    def run(name: str, frames: int) -> list[tuple[float, float]]:
        writer = DatasetWriter(folder / name, FORMATS, labels=LabelMap.of(CLASSES), workers=1)
        spent = []
        for number in range(frames):
            whole, caller = time.process_time(), time.thread_time()
            writer.add(frame_of(arrays[number % len(arrays)], number))
            caller = time.thread_time() - caller
            writer._pool.drain()
            spent.append((time.process_time() - whole, caller))
        writer.close()
        return spent

    run("warm", len(arrays))
    spent = run("measured", 8 * len(arrays))
    return {
        "frame": statistics.median(all_ for all_, _ in spent) * 1e3,
        "caller": statistics.median(c for _, c in spent) * 1e3,
    }


def baseline(arrays: list[dict[str, np.ndarray]], folder: Path) -> float:
    """What BasicWriter does with the same frame: RGBA PNG at Pillow's own level, npy, ids as RGBA, boxes, json."""
    folder.mkdir(parents=True)

    def press(number: int) -> None:
        frame = arrays[number % len(arrays)]
        rgba = np.dstack((frame["rgb"], np.full((HEIGHT, WIDTH, 1), 255, np.uint8)))
        Image.fromarray(rgba).save(folder / f"rgb_{number:04d}.png")
        np.save(folder / f"distance_to_image_plane_{number:04d}.npy", frame["depth"])
        colours = frame["ids"].view(np.uint8).reshape(HEIGHT, WIDTH, 4)
        Image.fromarray(colours).save(folder / f"instance_segmentation_{number:04d}.png")
        rows = []
        for value in np.unique(frame["ids"])[1:].tolist():
            y, x = np.nonzero(frame["ids"] == value)
            rows.append((value, x.min(), y.min(), x.max(), y.max()))
        np.save(folder / f"bounding_box_2d_tight_{number:04d}.npy", np.array(rows))
        (folder / f"labels_{number:04d}.json").write_text(
            json.dumps({str(row[0]): CLASSES[row[0] % 10] for row in rows})
        )

    press(0)
    spent = []
    for number in range(len(arrays)):
        begin = time.process_time()
        press(number)
        spent.append(time.process_time() - begin)
    return statistics.median(spent) * 1e3


def yardstick(arrays: list[dict[str, np.ndarray]]) -> float:
    """pycocotools, mask by mask, for the run lengths alone: how fast this machine is."""
    from pycocotools import mask

    def encode(frame: dict[str, np.ndarray]) -> None:
        for value in np.unique(frame["ids"])[1:].tolist():
            mask.encode(np.asfortranarray(frame["ids"] == value))

    return cpu_ms(encode, arrays)


def png_ratio(arrays: list[dict[str, np.ndarray]]) -> float:
    """Our PNG's size over Pillow's at level 6, RGB alone."""
    from framepress.storage.images import ENCODERS

    sizes = [0, 0]
    for frame in arrays:
        stream = io.BytesIO()
        Image.fromarray(frame["rgb"]).save(stream, "PNG", compress_level=6)
        sizes[0] += len(ENCODERS["png"].encode(frame["rgb"]))
        sizes[1] += len(stream.getvalue())
    return sizes[0] / sizes[1]


def measure(frames: int) -> dict[str, float]:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    arrays = payloads(frames)
    root = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=root) as name:
        result = ours(arrays, Path(name))
        shutil.rmtree(name, ignore_errors=True)
        result["baseline"] = baseline(arrays, Path(name) / "basic")
    return result | {"png": png_ratio(arrays), "yardstick": yardstick(arrays)}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if options.json:
        print(json.dumps(measure(options.frames)))
        return
    rows = []
    for name, backend in (("numpy, Pillow, standard library", "numpy"), ("with framepress[fast]", "")):
        variables = {**os.environ, "FRAMEPRESS_BACKEND": backend}
        if not backend:
            del variables["FRAMEPRESS_BACKEND"]
        command = [sys.executable, __file__, "--json", "--frames", str(options.frames)]
        found = json.loads(subprocess.run(command, env=variables, check=True, capture_output=True).stdout)
        ratio = found["baseline"] / found["frame"]
        numbers = (f"{found[key]:.1f}" for key in ("frame", "caller", "baseline"))
        rows.append((name, *numbers, f"{ratio:.1f}x", f"{found['png']:.2f}x", f"{found['yardstick']:.0f}"))
    header = ("write path", "ms a frame", "caller ms", "BasicWriter-like", "faster", "PNG size", "pycocotools RLE ms")
    print(table("Whole frame, 1280 x 720, 30 instances, one core: native + COCO + YOLO + KITTI", header, rows))


if __name__ == "__main__":
    main()
