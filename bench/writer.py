"""What `FramepressWriter.write` costs the thread that calls it, Kit's main thread: at 1280 x 720 with 30 instances,
RGB, depth and ids, pressed into native + COCO + YOLO + KITTI.

    python bench/writer.py [--frames N] [--pause SECONDS]

CPU milliseconds of the calling thread: what it waits for room in the queue is not in them, and told apart (wall).
"copies" is what copying the three images alone costs the same thread at the same time, into memory that is there
already: the least that can be done while the host uses its buffers again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from frame import FORMATS, payloads, replicator_payload
from workload import CLASSES

from framepress.replicator.options import Options
from framepress.replicator.press import Press

IMAGES = ("rgb", "distance_to_image_plane", "instance_segmentation")


def spent_ms(given: list[dict[str, Any]], folder: Path, frames: int, workers: int, pause_s: float) -> Any:
    """float64 (frames, 3): CPU of the calling thread and wall time of each `take`, CPU of copies alone [ms]."""
    images = [
        [value["data"] for name, value in payload["renderProducts"]["Replicator"].items() if name in IMAGES]
        for payload in given
    ]
    room = [np.zeros_like(image) for image in images[0]]
    press = Press(folder, Options.of(formats=FORMATS, channels="rgb,depth,instance", labels=CLASSES, workers=workers))
    spent = np.empty((frames, 3))
    for number in range(frames):
        cpu, wall = time.thread_time(), time.perf_counter()
        press.take(given[number % len(given)])
        spent[number, :2] = time.thread_time() - cpu, time.perf_counter() - wall
        time.sleep(pause_s / 2)
        cpu = time.thread_time()
        for to, image in zip(room, images[(number + len(given) // 2) % len(given)], strict=True):  # long out of caches
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
    print("workers   CPU median    p99   wall median    p99   copies median   [ms]")
    with tempfile.TemporaryDirectory() as folder:
        spent_ms(given, Path(folder, "warm"), 8, 1, 0.0)
        for workers in (1, 4):
            found = spent_ms(given, Path(folder, str(workers)), arguments.frames, workers, arguments.pause)
            (cpu, wall, copies), (cpu_99, wall_99, _) = np.median(found, axis=0), np.percentile(found, 99, axis=0)
            print(f"{workers:7}{cpu:13.2f}{cpu_99:7.2f}{wall:14.2f}{wall_99:7.2f}{copies:16.2f}")


if __name__ == "__main__":
    main()
