"""The columns of a YOLO set, as rules for whole datasets compare them: pixels, by the size in each image's header."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from framepress.core import Label, LabelMap
from framepress.core.arrays import Array
from framepress.errors import InputError, LabelError
from framepress.formats.yolo_names import ids_of
from framepress.quality.columns import MemoryColumns
from framepress.quality.yolo.document import Document
from framepress.quality.yolo.layout import Layout
from framepress.quality.yolo.table import Rows
from framepress.quality.yolo.tasks import BOX, POLYGON, POSE, Tasks
from framepress.storage.images import probe

__all__ = ["frames_of", "gathered", "size_wh"]

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_HEAD = 1 << 20  # bytes: a JPEG may have a long preamble
_MOST_CLASSES = 100_000
_ORDINARY = re.compile(r"[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*")


def frames_of(layout: Layout) -> list[list[str]]:
    """The id of each image's frame, as `yolo.read` names them; the path itself where two would be the same."""
    try:
        return ids_of(layout.splits, "")
    except InputError:
        return [list(listed) for listed in layout.splits.values()]


def gathered(
    layout: Layout, frames: Sequence[Sequence[str]], said: Document, rows: Rows, tasks: Tasks
) -> MemoryColumns | None:
    """A frame and a view an image, an object a row whose class and numbers can be told; None without images or names.

    Rows of a label file that two images share are objects of the first.
    """
    images = layout.images
    labels, codes = _labels(said)
    if not images or labels is None:
        return None
    sizes = np.array([size_wh(layout.tree.root / image) for image in images], np.int64)
    label_of = np.array(layout.label_of, np.int64)
    image_of = np.full(len(layout.labels), -1, np.int64)
    having = np.flatnonzero(label_of >= 0)[::-1]
    image_of[label_of[having]] = having
    split = np.repeat(np.arange(len(layout.splits)), [len(listed) for listed in layout.splits.values()])
    return MemoryColumns(
        labels,
        list(chain.from_iterable(frames)),
        {"index": np.arange(len(images)), "split": split},
        {"frame": np.arange(len(images)), "width": sizes[:, 0], "height": sizes[:, 1]},
        _objects(rows, tasks, codes, image_of, sizes),
        splits=list(layout.splits),
    )


def _objects(rows: Rows, tasks: Tasks, codes: Array, image_of: Array, sizes: Array) -> dict[str, Array]:
    whole = (rows.label >= 0) & (rows.label < codes.size) & (rows.label % 1 == 0)
    known = np.isin(tasks.kind, (BOX, POLYGON, POSE)) & np.isfinite(rows.shape).all(1) & whole
    kept = np.flatnonzero(known)
    kept = kept[codes[rows.label[kept].astype(np.int64)] >= 0]
    image = image_of[rows.file[kept]]
    size = np.where(sizes[image] > 0, sizes[image], np.nan)
    shape = rows.shape[kept]
    centred = tasks.kind[kept] != POLYGON
    low = np.where(centred[:, None], shape[:, :2] - shape[:, 2:] / 2, shape[:, :2])
    high = np.where(centred[:, None], shape[:, :2] + shape[:, 2:] / 2, shape[:, 2:])
    return {
        "frame": image,
        "view": image,
        "id": np.arange(1, kept.size + 1),
        "label": codes[rows.label[kept].astype(np.int64)],
        "box": np.clip(np.concatenate((low * size, high * size), 1), 0, np.concatenate((size, size), 1)),
        "area": rows.area[kept] * size.prod(1),
        "mask": ~centred,
    }


def _labels(said: Document) -> tuple[LabelMap | None, Array]:
    """The classes, and the code of each number in the label files, -1 where its name cannot be one."""
    names = said.names
    if names is None and said.nc is not None and 0 < said.nc <= _MOST_CLASSES:
        names = {number: f"class_{number}" for number in range(said.nc)}
    if not names or max(names) > _MOST_CLASSES:
        return None, np.zeros(0, np.int64)
    codes = np.full(max(max(names) + 1, 0), -1, np.int64)
    kept: dict[str, int] = {}
    found: list[Label] = []
    for number, name in sorted(names.items()):
        key = name.strip().casefold()
        try:
            if key not in kept:
                found.append(Label(name.strip()))
                kept[key] = len(kept)
        except LabelError:
            continue  # the rule for data.yaml tells of a name that cannot be one
        if number >= 0:
            codes[number] = kept[key]
    return LabelMap(tuple(found)), codes


def size_wh(path: Path) -> tuple[int, int]:
    """Width and height of an image [px] by its header; 0, 0 where it has none that is known."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            head = os.read(handle, 32)
            if head.startswith(_PNG):
                width, height = struct.unpack(">II", head[16:24])
                return (width, height) if max(width, height) < 1 << 31 else (0, 0)
            head += os.read(handle, _HEAD)
        finally:
            os.close(handle)
        header = probe(head, path.name)
    except (OSError, InputError, struct.error):
        return 0, 0
    return header.width, header.height
