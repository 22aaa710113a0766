"""What a COCO file says, as columns: a row an image, an annotation, a category. Needs numpy alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile

__all__ = [
    "ABSENT",
    "Annotations",
    "COUNTS",
    "Categories",
    "CocoFile",
    "CocoLook",
    "EMPTY",
    "Folder",
    "Images",
    "NO_ID",
    "POLYGONS",
    "Shapes",
    "TEXT",
    "Told",
]

NO_ID = np.iinfo(np.int64).min
"""In place of an id that is missing or none."""

ABSENT, EMPTY, POLYGONS, TEXT, COUNTS = range(5)
"""Kinds of segmentation: missing, null or of no known form; an empty list; polygons; run lengths as text, as a list."""

Told = Sequence[tuple[int, str]]
"""Rows, and what is wrong with a field there, in words that follow the field's name."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Segmentations, a row an annotation; see `shapes`.

    Args:
        kind: int8.
        verdict: int8, of `runs`, for run lengths.
        size_hw, total: int64: what run lengths state, and what they add up to [px].
        area: float64 [px]: pixels of run lengths, the rings' areas added up; NaN where it cannot be told.
        area_least: likewise, where polygons overlap, or one is a hole in another.
        border: float64 [px]: how long the polygons' outline is; 0 for run lengths, and along the sides of pixels.
        box: float64 (N, 4): x0 y0 x1 y1 [px, edges]; NaN where it cannot be told, or nothing shows.
        painted: float64 (N, 4): bounds of what pycocotools paints of polygons, where their box is not `box`; else NaN.
        bad_ring, bad_length: int32: the first polygon that has no even count of at least 6 numbers (-1: all have),
            and its count.
    """

    kind: Array
    verdict: Array
    size_hw: Array
    total: Array
    area: Array
    area_least: Array
    border: Array
    box: Array
    painted: Array
    bad_ring: Array
    bad_length: Array


@dataclass(frozen=True, eq=False)
class Images:
    """Args: id: int64 or `NO_ID`; width, height: int64, 0 where none is said; license: int64 or `NO_ID`."""

    id: Array
    width: Array
    height: Array
    license: Array
    names: Sequence[str]
    """`file_name`, "" where it is none."""
    frame: Sequence[str]
    """Our own frame id, "" in a file of others."""
    view: Sequence[str]
    sequence: Sequence[str]
    scene: Sequence[str]
    seed: Sequence[str]
    index: Array
    time_ns: Array


@dataclass(frozen=True, eq=False)
class Annotations:
    """Args: id, image_id, category_id: int64 or `NO_ID`; image, category: int64 rows of the tables, -1 for none."""

    id: Array
    image_id: Array
    category_id: Array
    image: Array
    category: Array
    bbox: Array
    """float64 (N, 4): x y w h [px, edges], NaN where it is none."""
    area: Array
    """float64, NaN where it is none."""
    crowd: Array
    """int8: iscrowd, -1 where it is none."""
    shapes: Shapes
    points: Array
    """int32: how many numbers `keypoints` has, -1 where there are none."""
    labelled: Array
    """int32: of how many points v is above 0."""
    num_keypoints: Array
    """int64 or `NO_ID`."""
    visibility: Array
    truncation: Array
    track: Array
    """int32: in `CocoFile.tracks`, -1 for none."""


@dataclass(frozen=True, eq=False)
class Categories:
    """Args: id: int64 or `NO_ID`; name: "" where there is none; points: how many key points are named."""

    id: Array
    name: Sequence[str]
    points: Array
    skeleton: Sequence[Sequence[tuple[int, int]] | None]
    """None where it is not a list of pairs of integers."""


@dataclass(frozen=True, eq=False)
class Folder:
    """Where the images of a file are.

    Args:
        prefix: of a file's path relative to the dataset, "" or with a slash at the end.
        files: paths below it.
        astray: links below it that lead out of the dataset, or nowhere.
        own: whether nothing but images of this dataset has a reason to be there.
    """

    path: Path
    prefix: str
    files: frozenset[str]
    astray: frozenset[str]
    own: bool


@dataclass(frozen=True, eq=False)
class CocoFile:
    """One file.

    Args:
        name: relative to the dataset.
        odd: `annotations.bbox` -> rows whose field is missing or does not fit; `annotations` for whole entries.
        wrong_points: rows, and what is wrong with one of their key points.
        faults, not_finite: see `document`.
        licenses: ids.
        tracks: as annotations count in.
    """

    name: str
    task: str
    split: str
    images: Images
    annotations: Annotations
    categories: Categories
    licenses: frozenset[int]
    folder: Folder | None
    odd: Mapping[str, Told] = field(default_factory=dict)
    wrong_points: Told = ()
    faults: Sequence[Issue] = ()
    not_finite: Sequence[Issue] = ()
    tracks: Sequence[str] = ()

    def told(self, where: str) -> Iterator[tuple[int, str]]:
        """What is wrong with a field, but for entries that are none at all."""
        broken = {row for row, _ in self.odd.get(where.partition(".")[0], ())}
        yield from (found for found in self.odd.get(where, ()) if found[0] not in broken)

    def issue(self, row: int, message: str, place: str = "") -> Issue:
        """Of an annotation; `place` is a field of it."""
        found = self.annotations
        image = int(found.image[row])
        number = int(found.id[row])
        box = tuple(found.bbox[row].tolist()) if np.isfinite(found.bbox[row]).all() else None
        return Issue(
            message=message,
            file=self.name,
            place=f"annotations[{row}].{place}" if place else f"annotations[{row}]",
            frame=self.images.frame[image] if image >= 0 else "",
            view=self.images.view[image] if image >= 0 else "",
            image=self.image_name(image),
            object=row if number == NO_ID else number,
            box=None if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3]),
        )

    def of_image(self, row: int, message: str, place: str = "") -> Issue:
        """Of an image; `place` is a field of it."""
        return Issue(
            message=message,
            file=self.name,
            place=f"images[{row}].{place}" if place else f"images[{row}]",
            frame=self.images.frame[row],
            view=self.images.view[row],
            image=self.image_name(row),
        )

    def of_category(self, row: int, message: str, field: str) -> Issue:
        return Issue(message=message, file=self.name, place=f"categories[{row}].{field}")

    def image_name(self, row: int) -> str:
        """The image's file relative to the dataset, "" where there is none."""
        if row < 0 or self.folder is None or self.images.names[row] not in self.folder.files:
            return ""
        return self.folder.prefix + self.images.names[row]


@dataclass(frozen=True, eq=False)
class CocoLook:
    """All COCO files of a dataset, in the order of splits; a `look.Look`."""

    root: Path
    files: Sequence[CocoFile]
    unread: Sequence[Issue]
    listed: Sequence[ImageFile]
    gathered: Columns | None

    def images(self) -> Sequence[ImageFile]:
        return self.listed

    def columns(self) -> Columns | None:
        return self.gathered
