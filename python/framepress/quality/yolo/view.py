"""All that a look at a YOLO set has found, for rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import MemoryColumns
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.quality.yolo.document import Document
from framepress.quality.yolo.gathered import frames_of, gathered, size_wh
from framepress.quality.yolo.layout import Layout
from framepress.quality.yolo.table import Rows
from framepress.quality.yolo.tasks import BOX, POLYGON, POSE, Tasks

__all__ = ["YoloLook"]


@dataclass(frozen=True, eq=False)
class YoloLook:
    """Args: times: int64 [ns], when each of `layout.labels` was changed."""

    root: Path
    unread: Sequence[Issue]
    said: Document
    layout: Layout
    rows: Rows
    times: Array
    tasks: Tasks

    @cached_property
    def frames(self) -> list[list[str]]:
        """The frame of each image of each split."""
        return frames_of(self.layout)

    @cached_property
    def image_of(self) -> Array:
        """int64: of each label file the first image that it belongs to, in the order of the splits."""
        label_of = np.array(self.layout.label_of, np.int64)
        found = np.full(len(self.layout.labels), -1, np.int64)
        images = np.flatnonzero(label_of >= 0)[::-1]
        found[label_of[images]] = images
        return found

    @cached_property
    def begin_of_file(self) -> Array:
        """int64: the first row of each label file, and behind the last one the number of rows."""
        return np.searchsorted(self.rows.file, np.arange(len(self.layout.labels) + 1, dtype=np.int32))

    @cached_property
    def _named(self) -> tuple[list[str], list[str]]:
        return self.layout.images, [frame for listed in self.frames for frame in listed]

    def images(self) -> Sequence[ImageFile]:
        found: list[ImageFile] = []
        for (split, listed), frames in zip(self.layout.splits.items(), self.frames, strict=True):
            for image, frame in zip(listed, frames, strict=True):
                path = self.root / image
                found.append(ImageFile(path, image, frame=frame, split=split, order=len(found)))
        return found

    @cached_property
    def _columns(self) -> MemoryColumns | None:
        return gathered(self.layout, self.frames, self.said, self.rows, self.tasks)

    def columns(self) -> MemoryColumns | None:
        """Boxes in pixels, of images whose header could be read; None where there are no images or no names."""
        return self._columns

    def of_file(self, file: int, message: str, line: int | None = None, place: str = "") -> Issue:
        """An issue in a label file."""
        images, frames = self._named
        image = int(self.image_of[file])
        return Issue(
            message=message,
            file=self.layout.labels[file],
            line=line,
            place=place,
            frame=frames[image],
            image=images[image],
        )

    def of_row(self, row: int, message: str, at: int | None = None) -> Issue:
        """An issue in one row, whose line is the object's name; `at`: the place of the word, the class being 0."""
        place, line = "" if at is None else self.field(row, at), int(self.rows.line[row])
        issue = self.of_file(int(self.rows.file[row]), message, line, place)
        return replace(issue, object=line, box=self._box(row, issue.image))

    def _box(self, row: int, image: str) -> tuple[float, float, float, float] | None:
        """In pixels, of a row that is on the image and has a size; None for others."""
        a, b, c, d = self.rows.shape[row].tolist()
        if self.tasks.kind[row] in (BOX, POSE):
            a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
        elif self.tasks.kind[row] != POLYGON:
            return None
        if not (-1 <= a < c <= 2 and -1 <= b < d <= 2):
            return None
        if self._size_of[0] != image:
            self._size_of[:] = [image, size_wh(self.root / image)]
        width, height = self._size_of[1]
        return (a * width, b * height, c * width, d * height) if width else None

    @cached_property
    def _size_of(self) -> list[Any]:
        """The image asked for last, and its size: rows come file by file."""
        return ["", (0, 0)]

    def field(self, row: int, at: int) -> str:
        """What a word of a row is called."""
        kind = self.tasks.kind[row]
        if at == 0:
            return "class"
        if kind in (BOX, POSE) and at < 5:
            return ("cx", "cy", "width", "height")[at - 1]
        if kind == POSE and self.tasks.keypoints:
            point, part = divmod(at - 5, self.tasks.keypoints[1])
            return f"key point {point} {'xyv'[part]}"
        return f"{'yx'[at % 2]}{(at + 1) // 2}"
