"""Time and peak memory of merging shards of one job by links: 20 objects a frame with boxes in 2D, no images.

    python bench/merging.py [--frames 40000] [--full]

--full merges 1,000,000 frames: 1 GB of disk, a quarter of an hour. Each measurement runs in a process of its own, whose
peak resident memory the system reports; `core` is the time that it had on one core.
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
from workload import CLASSES, table

LEAN = ("label", "box")
SHARDS = 4
_FILES = re.compile(rb'"files":\[\[.*?\]\],"row":\{\}')
_NONE = b'"files":[],"row":{"files":{}}'


def shards(root: Path, frames: int) -> list[Path]:
    """The frames dealt out one by one, as jobs deal them out."""
    from framepress.core import LabelMap
    from framepress.dataset.job import JOB_PATH, Job
    from framepress.storage.folder import FolderOutput
    from framepress.storage.images import encoder_backends
    from framepress.storage.segments import SealedFile, header

    paths = [root / f"shard{number}" for number in range(SHARDS)]
    outputs = [FolderOutput(path) for path in paths]
    job = Job(Job.named({"native": {"images": "none"}}), LabelMap.of(CLASSES), None, "error", encoder_backends())
    segments = []
    for output in outputs:
        output.put(JOB_PATH, job.to_json())
        segments.append(SealedFile(output, 0))
        segments[-1].write(header(0))
    for number, line in enumerate(journal.lines(frames, LEAN)):
        place = number % SHARDS
        if segments[place].size + len(line) > journal.SEGMENT_BYTES:
            segments[place].close()
            outputs[place].publish([segments[place].staged])
            segments[place] = SealedFile(outputs[place], segments[place].segment.number + 1)
            segments[place].write(header(segments[place].segment.number))
        segments[place].write(_FILES.sub(_NONE, line))
    for output, segment in zip(outputs, segments, strict=True):
        segment.close()
        output.publish([segment.staged])
    return paths


def merged(sources: list[Path], target: Path) -> dict[str, float]:
    from framepress.dataset.merge import merge

    wall, core = time.perf_counter(), time.process_time()
    report = merge(sources, target)
    return {
        "frames": report.frames,
        "wall": time.perf_counter() - wall,
        "core": time.process_time() - core,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40_000)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--merge", type=Path)
    options = parser.parse_args(argv)
    if options.merge is not None:
        sources = sorted(options.merge.glob("shard*"))
        print(json.dumps(merged(sources, options.merge / "merged")))
        return
    rows = []
    for frames in (options.frames // 4, options.frames, *((1_000_000,) if options.full else ())):
        root = Path(tempfile.mkdtemp())
        shards(root, frames)
        command = [sys.executable, __file__, "--merge", str(root)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        shutil.rmtree(root)
        rate = found["frames"] / found["core"]
        rows.append((f"{frames:,}", f"{found['wall']:.1f} s", f"{rate:,.0f} frames/s", f"{found['mb']:.0f} MB"))
    print(table(f"Merge of {SHARDS} shards by links", ("frames", "wall", "of one core", "peak memory"), rows))


if __name__ == "__main__":
    main()
