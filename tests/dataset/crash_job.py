"""A run to be killed: `python crash_job.py TARGET` says "go", then the index of each frame given, then "done"."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # tests/: the shared frames

from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.storage.memory import MemoryOutput
from frames import LABELS, many

FORMATS = {"native": {}, "coco": {}, "yolo": {"task": "segment"}, "kitti": {}}
FRAMES = 40


def press(target: Path, existing: str = "error", pause: float = 0) -> None:
    """`pause` [s] between frames spreads the run, so that kills at random times meet many different states."""
    frames = list(many(FRAMES))
    with DatasetWriter(MemoryOutput(), FORMATS) as rehearsal:  # loads the kernels, which may take longer than the run
        rehearsal.add(frames[0])
    print("go", flush=True)
    split = Split.parse("train=.5,val=.5")
    with DatasetWriter(target, FORMATS, labels=LABELS, split=split, workers=3, existing=existing) as writer:
        for frame in frames:
            writer.add(frame)
            time.sleep(pause)
            print(frame.index, flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    press(Path(sys.argv[1]), sys.argv[2], pause=0.01)
