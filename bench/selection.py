"""What choosing from 1,000,000 frames and 20,000,000 objects costs once the index exists.

    python bench/selection.py [--frames N]

The index is synthetic: columns written straight to files of a temporary folder, those that expressions here read. Each
line: seconds of the wall clock and of all threads together, the least of three runs, and what was chosen; at the end
the peak resident memory, which counts the pages of mapped columns.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from framepress.core import LabelMap
from framepress.dataset.index import Index
from framepress.dataset.index_build import COLUMNS, HEADER, TEXTS, VERSION, VOCABULARIES
from framepress.dataset.select.choose import choose
from framepress.dataset.select.counts import counts_of
from framepress.dataset.select.parse import Expression
from framepress.dataset.select.plan import Plan

CLASSES = ("car", "bus", "person", "cone", "sign", "truck", "bicycle", "pallet", "shelf", "forklift")
OBJECTS_A_FRAME = 20
FILLED = {
    "frames": ("index", "first_view", "first_object", "objects", "views", "split"),
    "views": ("frame", "width", "height", "first_object", "objects"),
    "objects": ("frame", "view", "label", "area", "distance", "visibility"),
    "files": (),
}
EXPRESSIONS = (
    "label == 'car'",
    "label in ('car', 'bus') and visibility > 0.3 and area > 400 and distance < 20",
    "not (visibility < 0.3 or area < 400)",
    "split == 'train' and label == 'car' and area / (image_width * image_height) > 0.001",
    "count(label == 'car') >= 3 and any(label == 'person' and distance < 5)",
    "split == 'val'",
    "matches(frame, 's0004/*')",
)


def synthetic(folder: Path, frames: int) -> Index:
    """An index of so many frames, each of one view and 20 objects."""
    objects = frames * OBJECTS_A_FRAME
    rows = {"frames": frames, "views": frames, "objects": objects, "files": 0}
    words = {name: [""] for name in VOCABULARIES} | {"splits": ["train", "val", "test"], "sequences": ["a", "b"]}
    for table, columns in FILLED.items():
        for column in columns:
            dtype, shape, *_ = COLUMNS[table][column]
            with (folder / f"{table}.{column}").open("wb") as file:
                file.truncate(rows[table] * np.dtype(dtype).itemsize * int(np.prod(shape, dtype=int)))
    for name, texts in words.items():
        _texts(folder / name, texts)
    _texts(folder / "frames.id", [f"s{row // 1000:04d}/{row % 1000:06d}" for row in range(frames)])
    _texts(folder / "files.path", [])
    assert TEXTS == {"frames": ("id",), "views": (), "objects": (), "files": ("path",)}
    _fill(folder, rows)
    header = {
        "schema": "framepress.index",
        "version": VERSION,
        "rows": rows | {name: len(texts) for name, texts in words.items()},
        "columns": FILLED,
        "labels": LabelMap.of(CLASSES).to_dict(),
        "features": ["rgb", "box"],
        "outside": False,
        **{name: {"fields": {}, "left_out": {}} for name in ("meta", "attributes")},
        "bytes": {},
    }
    (folder / HEADER).write_text(json.dumps(header))
    return Index(folder, header)


def _fill(folder: Path, rows: dict[str, int]) -> None:
    """The columns that are read, a million rows at a time."""
    rng = np.random.default_rng(0)

    def put(table: str, column: str, values: np.ndarray, start: int) -> None:
        dtype, shape, *_ = COLUMNS[table][column]
        mapped = np.memmap(folder / f"{table}.{column}", dtype, "r+", shape=(rows[table], *shape))
        mapped[start : start + len(values)] = values

    for start in range(0, rows["frames"], 1 << 20):
        row = np.arange(start, min(start + (1 << 20), rows["frames"]))
        for table, column, values in (
            ("frames", "index", row),
            ("frames", "first_view", row),
            ("frames", "first_object", row * OBJECTS_A_FRAME),
            ("frames", "objects", np.full(len(row), OBJECTS_A_FRAME)),
            ("frames", "views", np.ones(len(row))),
            ("frames", "split", np.minimum(rng.integers(0, 10, len(row)) // 8, 2)),
            ("views", "frame", row),
            ("views", "width", np.full(len(row), 1280)),
            ("views", "height", np.full(len(row), 720)),
            ("views", "first_object", row * OBJECTS_A_FRAME),
            ("views", "objects", np.full(len(row), OBJECTS_A_FRAME)),
        ):
            put(table, column, values, start)
    for start in range(0, rows["objects"], 1 << 20):
        row = np.arange(start, min(start + (1 << 20), rows["objects"]))
        visibility = rng.random(len(row), np.float32)
        visibility[rng.random(len(row)) < 0.02] = np.nan
        put("objects", "frame", row // OBJECTS_A_FRAME, start)
        put("objects", "view", row // OBJECTS_A_FRAME, start)
        put("objects", "label", rng.integers(0, len(CLASSES), len(row)), start)
        put("objects", "area", rng.exponential(2000, len(row)).round(), start)
        put("objects", "distance", rng.exponential(25, len(row)), start)
        put("objects", "visibility", visibility, start)


def _texts(path: Path, texts: list[str]) -> None:
    contents = [text.encode() for text in texts]
    path.with_name(path.name + ".utf8").write_bytes(b"".join(contents))
    ends = np.cumsum([0, *map(len, contents)], dtype="<i8")
    path.with_name(path.name + ".ends").write_bytes(ends.tobytes())


def measured(work) -> tuple[float, float, object]:
    """Least seconds of three runs, of the clock and of all threads."""
    best, found = (float("inf"), float("inf")), None
    for _ in range(3):
        began, spent = time.perf_counter(), time.process_time()
        found = work()
        best = min(best, (time.perf_counter() - began, time.process_time() - spent))
    return *best, found


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--frames", type=int, default=1_000_000)
    frames = options.parse_args(arguments).frames
    with tempfile.TemporaryDirectory(prefix="framepress-bench-") as folder:
        index = synthetic(Path(folder), frames)
        print(f"{frames:,} frames, {index.objects.rows:,} objects")
        for text in EXPRESSIONS:
            wall, cpu, column = measured(lambda: Plan.of(Expression.parsed(text), index).column())  # noqa: B023
            print(f"expression {wall:6.2f} s {cpu:6.2f} s  {int(column.sum()):>10,}  {text}")
            wall, cpu, choice = measured(lambda: choose(index, text))  # noqa: B023
            print(f"selection  {wall:6.2f} s {cpu:6.2f} s")
            wall, cpu, counts = measured(lambda: counts_of(index, choice))  # noqa: B023
            print(f"counts     {wall:6.2f} s {cpu:6.2f} s  {counts.frames.kept:>10,} frames")

    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
