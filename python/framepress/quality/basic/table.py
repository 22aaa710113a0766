"""A BasicWriter recording as columns, however wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.formats.basic_files import Capture, Number
from framepress.quality.columns import MemoryColumns
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile

__all__ = ["BOXES", "DISTANCES", "ID_MAPS", "BasicLook", "Boxes", "IdMap", "Shot", "seen_by"]

BOXES = ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d")
DISTANCES = ("distance_to_image_plane", "distance_to_camera")
ID_MAPS = {
    "semantic_segmentation": "semantic_segmentation_labels",
    "instance_segmentation": "instance_segmentation_mapping",
    "instance_id_segmentation": "instance_id_segmentation_mapping",
}
"""Annotator -> the kind of file that says what its pixels mean."""


@dataclass(frozen=True, slots=True)
class IdMap:
    """What the pixels of a segmentation may be: `known` uint32, ascending; `unlabelled` those that mean nothing."""

    known: Array
    unlabelled: Array
    coloured: bool


@dataclass(eq=False, slots=True)
class Shot:
    """One camera in one frame: `size` is (width, height) [px], (0, 0) where nothing states it; `params` as recorded."""

    frame: str
    view: str
    camera: str
    number: Number
    files: Mapping[str, str]
    size: tuple[int, int] = (0, 0)
    params: Mapping[str, Any] | None = None
    maps: dict[str, IdMap] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Boxes:
    """Rows of one box annotator, of all shots one after the other.

    Args:
        shot, row: int32; row counts in the file.
        semantic: int64; label: int32 code in `BasicLook.labels`, -1 for an id without an entry, -2 without any map.
        path: int32 code in `BasicLook.paths`, -1 for none.
        box: int64 (N, 4) x_min y_min x_max y_max, inclusive [px]; of 3D rows none.
        extents, transform: float64 (N, 6), (N, 4, 4), of 3D rows.
        occlusion: float32, NaN also where rows have no such field, in which case `occluded` is False.
        read: which shots have a file of rows that could be read, with its number of rows.
    """

    shot: Array
    row: Array
    semantic: Array
    label: Array
    path: Array
    box: Array
    extents: Array
    transform: Array
    occlusion: Array
    occluded: Array
    read: dict[int, int]

    def __len__(self) -> int:
        return len(self.shot)


@dataclass(eq=False)
class BasicLook:
    """What `basic.look.look` gives.

    Args:
        shots: by number, then camera.
        boxes: of each annotator in `BOXES`, empty where it was not recorded.
        labels: texts of label maps, 0 is ""; paths: prim paths.
        doubled: files for a place that is taken.
        not_finite: numbers in JSON that are none.
        wrong_rows, wrong_maps: rows that are no rows, or do not fit their prim paths; maps that are none.
        wrong_cameras: `camera_params` that contradict themselves.
        pictures_of_distances: name -> number in it, as text.
        measured: what `measured.measured` has decoded, by the frames that were asked for.
    """

    root: Path
    unread: list[Issue]
    capture: Capture
    shots: list[Shot]
    boxes: dict[str, Boxes]
    labels: Sequence[str]
    paths: Sequence[str]
    doubled: list[Issue]
    not_finite: list[Issue]
    wrong_rows: list[Issue]
    wrong_maps: list[Issue]
    wrong_cameras: list[Issue]
    pictures_of_distances: dict[str, str]
    pictures: list[ImageFile] = field(default_factory=list)
    table: MemoryColumns | None = None
    measured: dict[frozenset[str] | None, Any] = field(default_factory=dict)

    def images(self) -> Sequence[ImageFile]:
        return self.pictures

    def columns(self) -> MemoryColumns | None:
        return self.table

    def classes(self) -> tuple[str, Sequence[str]]:
        """Every label of every map: a recording has no list of its own."""
        parts = {part.strip() for text in self.labels for part in text.split(",")}
        return "", sorted(part for part in parts if part)

    def of_shot(self, shot: int, message: str, kind: str = "", place: str = "") -> Issue:
        found = self.shots[shot]
        file = found.files.get(kind, "")
        return Issue(message=message, file=file, place=place, frame=found.frame, view=found.view)

    def of_row(self, kind: str, row: int, message: str, place: str = "") -> Issue:
        """An issue of a row of a box annotator."""
        boxes = self.boxes[kind]
        shot, path = int(boxes.shot[row]), int(boxes.path[row])
        found = self.shots[shot]
        edges: tuple[float, float, float, float] | None = None
        if kind != "bounding_box_3d":
            x0, y0, x1, y1 = boxes.box[row].tolist()
            edges = (x0, y0, x1 + 1, y1 + 1)
        return Issue(
            message=message,
            file=found.files.get(kind, ""),
            place=f"[{boxes.row[row]}]{place and '.' + place}",
            frame=found.frame,
            view=found.view,
            image=found.files.get("rgb", ""),
            object=int(boxes.row[row]),
            prim=self.paths[path] if path >= 0 else "",
            box=edges,
        )


def seen_by(camera: str) -> str:
    """For messages: a recording in a flat folder has a camera without a name."""
    return f" of camera {camera!r}" if camera else ""


def empty_boxes() -> Boxes:
    whole = np.empty(0, np.int32)
    return Boxes(
        whole,
        whole,
        np.empty(0, np.int64),
        whole,
        whole,
        np.empty((0, 4), np.int64),
        np.empty((0, 6)),
        np.empty((0, 4, 4)),
        np.empty(0, np.float32),
        np.empty(0, bool),
        {},
    )
