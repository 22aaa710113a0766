"""A whole frame at 1280 x 720 with 30 instances, one core: RGB, depth, ids, native + COCO + YOLO + KITTI,
beside a BasicWriter-like baseline (Pillow PNG level 6, npy), and what the writer's `write` costs the thread that
calls it.

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
from typing import Any

import numpy as np
from PIL import Image
from workload import CLASSES, HEIGHT, WIDTH, cpu_ms, depth, id_map, picture, table

FOCAL = 1108.5  # px
EDGES = ("x_min", "y_min", "x_max", "y_max")
SIDES = ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max")
FORMATS = {"native": {}, "coco": {}, "yolo": {}, "kitti": {}}


def payloads(count: int) -> list[dict[str, np.ndarray]]:
    maps = [id_map(30, 30_000 + number) for number in range(count)]
    return [{"ids": ids, "rgb": picture(ids, n), "depth": depth(ids, n)} for n, ids in enumerate(maps)]


def replicator_payload(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What Replicator hands to a writer for this frame: RGBA, depth, ids, 2D and 3D boxes, camera."""
    ids = np.unique(arrays["ids"])[1:].tolist()
    paths = [f"/World/thing_{number:03d}" for number in ids]
    labels = {str(code): {"class": name} for code, name in enumerate(CLASSES)}
    tight = np.zeros(len(ids), [("semanticId", "<u4"), *((name, "<i4") for name in EDGES), ("occlusionRatio", "<f4")])
    solid = np.zeros(
        len(ids),
        [
            ("semanticId", "<u4"),
            *((name, "<f4") for name in SIDES),
            ("transform", "<f4", (4, 4)),
            ("occlusionRatio", "<f4"),
        ],
    )
    for row, number in enumerate(ids):
        y, x = np.nonzero(arrays["ids"] == number)
        code = number % len(CLASSES)
        tight[row] = (code, x.min(), y.min(), x.max(), y.max(), 0.1)
        pose = np.eye(4)
        pose[3, :3] = (row % 6 - 3, row // 6 - 2, -6 - row % 5)
        solid[row] = (code, -0.4, -0.5, -0.3, 0.4, 0.5, 0.3, pose, 0.1)
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = 2 * FOCAL / WIDTH, 2 * FOCAL / HEIGHT
    projection[2, 3], projection[3, 2] = -1, 0.01
    camera = {
        "cameraModel": "pinhole",
        "cameraAperture": np.array([20.955, 15.2908], np.float32),
        "cameraApertureOffset": np.zeros(2, np.float32),
        "cameraFocalLength": FOCAL / WIDTH * 20.955,
        "cameraNearFar": np.array([0.01, 1e7], np.float32),
        "cameraProjection": projection.ravel(),
        "cameraViewTransform": np.eye(4).ravel(),
        "metersPerSceneUnit": 1.0,
        "renderProductResolution": np.array([WIDTH, HEIGHT], np.int32),
    }
    boxes = {"idToLabels": labels, "primPaths": paths, "bboxIds": np.array(ids, np.uint32)}
    mapping = {"0": "BACKGROUND", "1": "UNLABELLED"} | {str(n + 1): path for n, path in zip(ids, paths, strict=True)}
    product = {
        "camera": "/World/Camera",
        "resolution": (WIDTH, HEIGHT),
        "rgb": {"data": np.dstack((arrays["rgb"], np.full((HEIGHT, WIDTH, 1), 255, np.uint8)))},
        "distance_to_image_plane": {"data": arrays["depth"]},
        "instance_segmentation": {
            "data": np.where(arrays["ids"] > 0, arrays["ids"] + 1, 0).astype(np.uint32),
            "idToLabels": mapping,
            "idToSemantics": {key: {"class": CLASSES[(int(key) - 1) % 10]} for key in mapping if int(key) > 1},
        },
        "bounding_box_2d_tight": {"data": tight, **boxes},
        "bounding_box_2d_loose": {"data": tight.copy(), **boxes},
        "bounding_box_3d": {"data": solid, **boxes},
        "camera_params": camera,
    }
    return {"renderProducts": {"Replicator": product}, "reference_time": (0, 1), "trigger_outputs": {}}


def ours(arrays: list[dict[str, np.ndarray]], folder: Path) -> dict[str, float]:
    """Milliseconds a frame on one core, and of the caller's thread while the queue has room."""
    from framepress.replicator.options import Options
    from framepress.replicator.press import Press

    given = [replicator_payload(frame) for frame in arrays]
    options = Options.of(formats=FORMATS, channels="rgb,depth,instance", labels=CLASSES, workers=1)

    def run(name: str, frames: int) -> list[tuple[float, float]]:
        press = Press(folder / name, options)
        spent = []
        for number in range(frames):
            whole, caller = time.process_time(), time.thread_time()
            press.take(given[number % len(given)])
            caller = time.thread_time() - caller
            press._pool.drain()
            press._writer._pool.drain()
            spent.append((time.process_time() - whole, caller))
        press.finish()
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
