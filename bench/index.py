"""How fast a dataset's columns are made from its journal, and in how much memory: 20 objects a frame.

    python bench/index.py [--frames 50000] [--full]

--full adds the large one, 1,000,000 frames with boxes in 2D: 2 GB of disk, a few minutes.
Each measurement runs in a process of its own; the rate is of the time that it had on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import journal
from workload import CLASSES, table

LEAN = ("label", "box", "visibility")
KINDS = {"boxes, 2D and 3D": journal.COLUMNS, "and masks": (*journal.COLUMNS, "mask"), "boxes, 2D": LEAN}


def built(path: Path) -> dict[str, float]:
    from framepress.dataset.index import Index
    from framepress.dataset.opening import open_dataset

    dataset = open_dataset(path)
    wall, core = time.perf_counter(), time.process_time()
    index = Index.of(dataset, rebuild=True)
    wall, core = time.perf_counter() - wall, time.process_time() - core
    began = time.perf_counter()
    Index.of(dataset)
    return {
        "objects": index.objects.rows,
        "wall": wall,
        "core": core,
        "again": time.perf_counter() - began,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def coco(path: Path, images: int, boxes: int) -> None:
    """A COCO file that nobody of ours wrote."""
    document = {
        "images": [{"id": n, "file_name": f"{n:08d}.jpg", "width": 1280, "height": 720} for n in range(images)],
        "annotations": [
            {
                "id": n,
                "image_id": n // boxes,
                "category_id": n % len(CLASSES) + 1,
                "bbox": [n % 1000 + 0.25, n % 500, 40.5, 30 + n % 7],
                "area": 1200.5,
                "iscrowd": 0,
            }
            for n in range(images * boxes)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(CLASSES, 1)],
    }
    path.mkdir()
    (path / "annotations").mkdir()
    (path / "annotations/instances_default.json").write_text(json.dumps(document))


def measured(path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--build", str(path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ}).stdout
    return json.loads(told)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--build", type=Path)
    options = parser.parse_args(argv)
    if options.build:
        print(json.dumps(built(options.build)))
        return
    rows = []
    plan = [(kind, options.frames) for kind in list(KINDS)[:2]] + ([("boxes, 2D", 1_000_000)] if options.full else [])
    for kind, frames in plan:
        root = Path(tempfile.mkdtemp())
        os.environ["FRAMEPRESS_CACHE"] = str(root / "cache")
        try:
            size = journal.write(root / "set", frames, KINDS[kind])
            rows.append(_row(f"journal: {kind}", measured(root / "set"), size, root))
        finally:
            shutil.rmtree(root)
    root = Path(tempfile.mkdtemp())
    os.environ["FRAMEPRESS_CACHE"] = str(root / "cache")
    try:
        coco(root / "coco", 20_000, 10)
        size = (root / "coco/annotations/instances_default.json").stat().st_size
        rows.append(_row("a foreign COCO file", measured(root / "coco"), size, root))
    finally:
        shutil.rmtree(root)
    heads = ("index of", "objects", "source", "index", "objects/s, a core", "objects/s, wall", "peak", "opened again")
    print(table("Columns of a dataset", heads, rows))


def _row(name: str, found: dict[str, float], size: int, root: Path) -> tuple[str, ...]:
    index = sum(path.stat().st_size for path in (root / "cache").rglob("*") if path.is_file())
    count = found["objects"]
    return (
        name,
        f"{count:,}",
        f"{size / 1e6:,.0f} MB",
        f"{index / 1e6:,.0f} MB",
        f"{count / found['core']:,.0f}",
        f"{count / found['wall']:,.0f}",
        f"{found['mb']:,.0f} MB",
        f"{found['again'] * 1000:.0f} ms",
    )


if __name__ == "__main__":
    main()
