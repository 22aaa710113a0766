"""Two versions with 1,000,000 objects each (50,000 frames), compared: 1 % of the frames changed, and all of them.

    python bench/differences.py [--frames 50000]

Nothing is shared between the two journals, which is the worst case: what was only appended to is not read again.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import journal

_BOX = re.compile(rb'"box":\[\[([0-9]+)')
CASES = [(every, masks) for masks in (False, True) for every in (100, 1)]


def edited(line: bytes, number: int, every: int) -> bytes:
    """The first box of every so manieth frame begins a pixel further left."""
    if number % every:
        return line
    return _BOX.sub(lambda found: b'"box":[[%d' % (int(found[1]) - 1), line, count=1)


def made(folder: Path, frames: int, every: int, masks: bool) -> Path:
    """A dataset in which every so manieth frame is edited; 0 for none."""
    lines = journal.lines
    if every:
        journal.lines = lambda *args, **kwargs: (
            edited(line, number, every) for number, line in enumerate(lines(*args, **kwargs))
        )
    try:
        journal.write(folder, frames, (*journal.COLUMNS, "mask") if masks else journal.COLUMNS)
    finally:
        journal.lines = lines
    return folder


def measure(frames: int, every: int, masks: bool) -> dict[str, float]:
    from framepress.versions.history import History

    root = Path(tempfile.mkdtemp())
    try:
        made(root / "one", frames, 0, masks)
        History.init(root / "one", store=root / "store").commit("one")
        made(root / "two", frames, every, masks)
        history = History.init(root / "two", made_from=root / "one")
        history.commit("two")
        started, cpu = time.perf_counter(), time.process_time()
        found = history.diff("1", "2")
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        assert found.objects == {"box": len(found.changed)} == {"box": -(-frames // every)}
        return {
            "changed frames": len(found.changed),
            "seconds": round(seconds, 2),
            "cpu seconds": round(cpu_seconds, 2),
            "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        }
    finally:
        shutil.rmtree(root)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--case", type=json.loads, help="[every, masks], in this process")
    given = parser.parse_args(arguments)
    if given.case:
        print(json.dumps(measure(given.frames, *given.case)))
        return
    for every, masks in CASES:  # each in a process of its own, whose peak memory the system tells
        command = [sys.executable, __file__, "--frames", str(given.frames), "--case", json.dumps([every, masks])]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"{given.frames * journal.OBJECTS:,} objects{' with masks' if masks else ''}: {run.stdout.strip()}")


if __name__ == "__main__":
    main()
