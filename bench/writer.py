"""What `FramepressWriter.write` costs the thread that calls it, Kit's main thread: at 1280 x 720 with 30 instances,
RGB, depth and ids, pressed into native + COCO + YOLO + KITTI.

    python bench/writer.py [--frames N] [--pause SECONDS]

CPU milliseconds of the calling thread: what it waits for room in the queue is not in them, and told apart (wall).
"copies" is what copying the three images alone costs the same thread at the same time, into memory that is there
already: the least that can be done while the host uses its buffers again.

"fresh": the payload is made by the same thread just before, as Replicator does it (arrays copied from the renderer's,
tables built); "cold": it was made seconds ago, and nothing of it is in a cache.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from frame import FORMATS, payloads, replicator_payload
from workload import CLASSES

from framepress.replicator.options import Options
from framepress.replicator.press import Press

IMAGES = ("rgb", "distance_to_image_plane", "instance_segmentation")


def made(payload: dict[str, Any], fresh: bool) -> dict[str, Any]:
    return copy.deepcopy(payload) if fresh else payload


def images(payload: dict[str, Any]) -> list[np.ndarray]:
    return [payload["renderProducts"]["Replicator"][name]["data"] for name in IMAGES]


def spent_ms(
    given: list[dict[str, Any]], folder: Path, frames: int, workers: int, pause_s: float, fresh: bool = False
) -> Any:
    """float64 (frames, 3): CPU of the calling thread and wall time of each `take`, CPU of copies alone [ms]."""
    room = [np.zeros_like(image) for image in images(given[0])]
    press = Press(folder, Options.of(formats=FORMATS, channels="rgb,depth,instance", labels=CLASSES, workers=workers))
    spent = np.empty((frames, 3))
    for number in range(frames):
        payload = made(given[number % len(given)], fresh)
        cpu, wall = time.thread_time(), time.perf_counter()
        press.take(payload)
        spent[number, :2] = time.thread_time() - cpu, time.perf_counter() - wall
        time.sleep(pause_s / 2)
        payload = made(given[(number + len(given) // 2) % len(given)], fresh)
        cpu = time.thread_time()
        for to, image in zip(room, images(payload), strict=True):
            np.copyto(to, image)
        spent[number, 2] = time.thread_time() - cpu
        time.sleep(pause_s / 2)
    press.finish()
    return spent * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.1, help="between frames, as a renderer takes it [s]")
    arguments = parser.parse_args()
    given = [replicator_payload(arrays) for arrays in payloads(8)]
    print("workers  payload   CPU median    p99   wall median    p99   copies median   [ms]")
    with tempfile.TemporaryDirectory() as folder:
        spent_ms(given, Path(folder, "warm"), 8, 1, 0.0)
        for workers, fresh in product((1, 4), (True, False)):
            name = "fresh" if fresh else "cold"
            found = spent_ms(
                given, Path(folder, f"{workers} {name}"), arguments.frames, workers, arguments.pause, fresh
            )
            (cpu, wall, copies), (cpu_99, wall_99, _) = np.median(found, axis=0), np.percentile(found, 99, axis=0)
            print(f"{workers:7}{name:>9}{cpu:13.2f}{cpu_99:7.2f}{wall:14.2f}{wall_99:7.2f}{copies:16.2f}")


if __name__ == "__main__":
    main()
