"""Datasets of any size without images: the journal is written straight into its sealed segments.

Every number is drawn with all its digits from pools that are larger than what a compressor looks back on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from workload import CLASSES, HEIGHT, WIDTH, id_map

OBJECTS = 20
COLUMNS = ("label", "box", "area", "visibility", "box3d")
SEGMENT_BYTES = 64_000_000
_POOL = 1009


def write(folder: Path, frames: int, columns: Sequence[str] = COLUMNS, *, objects: int = OBJECTS) -> int:
    """A native dataset of `frames` frames with `objects` objects each; returns the journal's raw bytes.

    `columns` are of the objects, beside their ids and tracks; `mask` makes it three times as large.
    """
    from framepress.core import LabelMap
    from framepress.dataset.job import JOB_PATH, Job
    from framepress.storage.folder import FolderOutput
    from framepress.storage.segments import SealedFile, header

    folder.mkdir(parents=True)
    output = FolderOutput(folder)
    job = Job(Job.named(["native"]), LabelMap.of(CLASSES), None, "error", {})
    output.put(JOB_PATH, job.to_json())
    written, segment = 0, SealedFile(output, 0)
    segment.write(header(0))
    for line in chain(lines(frames, columns, objects=objects), [b""]):
        if not line or segment.size + len(line) > SEGMENT_BYTES:
            segment.close()
            output.publish([segment.staged])
            written += segment.size
            if not line:
                return written
            segment = SealedFile(output, segment.segment.number + 1)
            segment.write(header(segment.segment.number))
        segment.write(line)
    return written


def lines(frames: int, columns: Sequence[str] = COLUMNS, *, objects: int = OBJECTS) -> Iterator[bytes]:
    """The records' lines: sequences of a hundred frames, a camera that moves, objects with boxes in 2D and 3D."""
    rng = np.random.default_rng(0)
    cells = _cells(rng, columns)
    whole = {name: pool + pool for name, pool in cells.items()}
    starts = rng.integers(0, _POOL, (frames, len(cells)))
    poses = rng.uniform((-20, -20, 0), (20, 20, 3), (frames, 3)).tolist()
    classes = json.dumps(CLASSES)
    ids = ",".join(map(str, range(1, objects + 1)))
    for number in range(frames):
        scene = number // 100
        track = ",".join(f'"/World/scene_{scene % 50}/thing_{place:03d}"' for place in range(objects))
        table = "".join(
            f',"{name}":[{",".join(whole[name][start : start + objects])}]'
            for name, start in zip(cells, starts[number].tolist(), strict=True)
        )
        x, y, z = poses[number]
        yield (
            f'{{"op":"add","frame":{{"id":"s{scene:05d}/{number:07d}","index":{number},"views":[{{"name":"",'
            f'"width":{WIDTH},"height":{HEIGHT},"camera":{{"K":[[1108.5,0.0,640.0],[0.0,1108.5,360.0],[0.0,0.0,1.0]],'
            f'"world_from_camera":[[1.0,0.0,0.0,{x!r}],[0.0,0.0,1.0,{y!r}],[0.0,-1.0,0.0,{z!r}],[0.0,0.0,0.0,1.0]],'
            f'"near":0.05,"far":null}},"classes":{classes},'
            f'"objects":{{"id":[{ids}],"track":[{track}]{table}}}}}],"sequence":"s{scene:05d}","split":"train",'
            f'"time_ns":{number * 33_333_333},"meta":{{"scene":"warehouse_{scene % 50}","seed":{scene},'
            f'"weather":{{"rain":{number % 7 / 7},"sky":"{("clear", "dim", "dark")[scene % 3]}"}}}}}},'
            f'"channels":["rgb"],"editions":{{"native":{{"files":[["rgb/s{scene:05d}/{number:07d}.png",'
            f'{90000 + number},"{number:064x}"]],"row":{{}}}}}}}}\n'
        ).encode()


def _cells(rng: np.random.Generator, columns: Sequence[str]) -> dict[str, list[str]]:
    """Column -> texts of single cells."""
    low = rng.integers(0, (WIDTH - 200, HEIGHT - 200), (_POOL, 2))
    box = np.hstack((low, low + rng.integers(2, 200, (_POOL, 2)))).astype(float)
    size = box[:, 2:] - box[:, :2]
    turn = rng.uniform(-np.pi, np.pi, _POOL) / 2
    blank = np.zeros(_POOL)
    box3d = np.column_stack(
        (
            rng.uniform((-15, -15, 0), (15, 15, 3), (_POOL, 3)),
            rng.uniform(0.2, 4, (_POOL, 3)),
            np.cos(turn),
            blank,
            blank,
            np.sin(turn),
        )
    )
    cells = {
        "label": rng.integers(0, len(CLASSES), _POOL),
        "box": box,
        "area": np.floor(size.prod(1) * rng.uniform(0.4, 0.9, _POOL)),
        "visibility": rng.uniform(0, 1, _POOL),
        "box3d": box3d,
    }
    texts = {
        name: [json.dumps(cell, separators=(",", ":")) for cell in column.tolist()] for name, column in cells.items()
    }
    if "mask" in columns:
        from framepress.ops.masks import mask_table

        tables = [mask_table(id_map(30, seed)) for seed in range(8)]
        found = _texts([HEIGHT, WIDTH, text] for table in tables for text in table.counts)
        texts["mask"] = [found[place] for place in rng.integers(0, len(found), _POOL)]
    return {name: texts[name] for name in columns}


def _texts(cells: Iterable[Any]) -> list[str]:
    return [json.dumps(cell, separators=(",", ":")) for cell in cells]
