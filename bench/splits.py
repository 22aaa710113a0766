"""What planning splits of 1,000,000 frames and 20,000,000 objects costs once the index exists, and how even they are.

    python bench/splits.py [--frames N]

The columns are made up and in memory: sequences of a hundred frames, of which each has a mixture of classes of its own.
Each plan is made in a process of its own: seconds of the clock and of all threads, peak resident memory (and before the
plan, with the columns alone), and the class that is farthest off its share. Leaks are counted without the digests of
images.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
from workload import CLASSES, table

from framepress.core import LabelMap

OBJECTS = 20
LENGTH = 100
SHARES = "train=.8,val=.1,test=.1"
PLANS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "shares by sequence": (("sequence",), ()),
    "shares by frame": (("frame",), ()),
    "balanced, by sequence": (("sequence",), ("label",)),
    "balanced, by frame": (("frame",), ("label",)),
    "numbers by frame": (("frame",), ()),
}


class Columns(dict):
    """A table in memory."""

    def __init__(self, rows: int, columns: dict[str, np.ndarray], ids: list[str] | None = None) -> None:
        super().__init__(columns)
        self.rows, self.ids = rows, ids

    def texts(self, column: str) -> list[str]:
        return self.ids


def synthetic(frames: int) -> SimpleNamespace:
    """What a plan reads of an index: sequences with mixtures of classes of their own."""
    rng, classes = np.random.default_rng(1), len(CLASSES)
    usual = 1 / np.arange(1, classes + 1) ** 1.3
    label = np.empty(frames * OBJECTS, np.int32)
    for start in range(0, len(label), LENGTH * OBJECTS):
        part = label[start : start + LENGTH * OBJECTS]
        part[:] = rng.choice(classes, len(part), p=rng.dirichlet(20 * usual / usual.sum()))
    row, none = np.arange(frames), np.zeros(frames, np.int32)
    columns = {"sequence": (row // LENGTH).astype(np.int32), "scene": none, "seed": none, "split": none}
    return SimpleNamespace(
        frames=Columns(frames, {**columns, "index": row, "time_ns": row}, [f"{number:07d}" for number in row]),
        objects=Columns(len(label), {"frame": np.repeat(row, OBJECTS), "label": label}),
        labels=LabelMap.of(CLASSES),
        sequences=[f"s{number:06d}" for number in range(-(-frames // LENGTH))],
        scenes=[""],
        seeds=[""],
        splits=[""],
        meta={},
        attributes={},
    )


def planned(frames: int, name: str) -> dict[str, float | str]:
    from framepress.dataset.split import Split
    from framepress.dataset.splitting.draw import SplitCounts
    from framepress.dataset.splitting.leaks import leaks
    from framepress.dataset.splitting.plan import plan_split

    index = synthetic(frames)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    group, stratify = PLANS[name]
    tenth = index.frames.rows // 10
    counted = SplitCounts.parse(f"train=rest,val={tenth},test={tenth}")
    wall, core = time.perf_counter(), time.process_time()
    plan = plan_split(
        index, counted if name.startswith("numbers") else Split.parse(SHARES), group=group, stratify=stratify
    )
    wall, core = time.perf_counter() - wall, time.process_time() - core
    began = time.process_time()
    worst = max(plan.balance(), key=lambda part: part.deviation)
    told = time.process_time() - began
    began = time.process_time()
    shared = leaks(index, plan.codes, plan.names)[0].shared
    return {
        "wall": wall,
        "core": core,
        "balance": told,
        "leaks": time.process_time() - began,
        "shared": shared,
        "worst": f"{worst.deviation:.3%}",
        "columns": before,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--plan")
    options = parser.parse_args(argv)
    if options.plan:
        print(json.dumps(planned(options.frames, options.plan)))
        return
    rows = []
    for name in PLANS:
        command = [sys.executable, __file__, "--frames", str(options.frames), "--plan", name]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        seconds = [f"{found[key]:.1f} s" for key in ("wall", "core", "balance", "leaks")]
        memory = f"{found['mb']:.0f} ({found['columns']:.0f}) MB"
        rows.append((name, *seconds, memory, found["worst"], f"{found['shared']:,}"))
    heads = ("plan", "wall", "of one core", "balance", "leaks", "peak (columns)", "worst class", "torn sequences")
    print(table(f"Splits of {options.frames:,} frames, {OBJECTS} objects each", heads, rows))


if __name__ == "__main__":
    main()
