"""A run to be killed: `python crash_job.py TARGET` says "go" when it begins to write, "done" when it has finished."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # tests/: the shared frames

from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

FORMATS = {"native": {}, "coco": {}, "yolo": {"task": "segment"}, "kitti": {}}
FRAMES = 40


def press(target: Path, existing: str = "error", pause: float = 0) -> None:
    """`pause` [s] between frames spreads the run, so that kills at random times meet many different states."""
    frames = list(many(FRAMES))
    print("go", flush=True)
    split = Split.parse("train=.5,val=.5")
    with DatasetWriter(target, FORMATS, labels=LABELS, split=split, workers=3, existing=existing) as writer:
        for frame in frames:
            writer.add(frame)
            time.sleep(pause)
    print("done", flush=True)


if __name__ == "__main__":
    press(Path(sys.argv[1]), sys.argv[2], pause=0.01)
