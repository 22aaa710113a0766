"""The objects of one view as a table of arrays, one row an object.

| column     | array                | unit, meaning                                              | not known |
|------------|----------------------|------------------------------------------------------------|-----------|
| id         | int64 (N,)           | value in the instance channel                              | 0         |
| label      | int32 (N,)           | position in `classes`                                      | -         |
| track      | N texts              | prim path; the same object through a sequence              | ""        |
| box        | float64 (N, 4)       | px, visible part, edges x0 y0 x1 y1, inside the image      | NaN       |
| box_full   | float64 (N, 4)       | px, whole object, edges; may leave the image               | NaN       |
| box3d      | `Boxes3D`            | m, world                                                   | NaN       |
| area       | float64 (N,)         | px of the visible mask                                     | NaN       |
| visibility | float64 (N,)         | 0..1, visible part of what is inside the image             | NaN       |
| truncation | float64 (N,)         | 0..1, part outside the image                               | NaN       |
| crowd      | bool (N,)            | a region of many objects, not one                          | False     |
| score      | float64 (N,)         | confidence, for predictions                                | NaN       |
| source_id  | N ints or texts      | id in the source                                           | None      |
| mask       | N `Rle`              | visible pixels                                             | None      |
| polygons   | N lists of (P, 2)    | px, rings                                                  | None      |
| keypoints  | N (K, 3)             | px, px, and 0 not labelled, 1 hidden, 2 visible            | None      |
| points     | N (P, 2)             | px                                                         | None      |
| polylines  | N lists of (P, 2)    | px                                                         | None      |
| attributes | N dicts              | JSON-able                                                  | {}        |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from framepress.core.arrays import Array, frozen
from framepress.core.rle import Rle
from framepress.errors import InputError

__all__ = ["Boxes3D", "Instance", "Objects"]


@dataclass(frozen=True, eq=False)
class Boxes3D:
    """Oriented boxes in the world.

    Args:
        center: float64 (N, 3) [m], the geometric centre.
        size: float64 (N, 3) [m], full extents along the box's own x, y, z.
        rotation: float64 (N, 4), unit quaternion w x y z that turns box axes into world axes.
    """

    center: Array
    size: Array
    rotation: Array

    def __post_init__(self) -> None:
        count = len(self.center)
        for name, width in (("center", 3), ("size", 3), ("rotation", 4)):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64, (count, width)))

    @classmethod
    def unknown(cls, count: int) -> Boxes3D:
        return cls(*(np.full((count, width), np.nan) for width in (3, 3, 4)))

    def __len__(self) -> int:
        return len(self.center)

    @property
    def known(self) -> Array:
        """bool (N,)"""
        return np.asarray(np.isfinite(self.center).all(1))

    def take(self, rows: Array) -> Boxes3D:
        return Boxes3D(self.center[rows], self.size[rows], self.rotation[rows])

    def axes(self) -> Array:
        """float64 (N, 3, 3), world from box: the columns are the box's own axes in the world."""
        w, x, y, z = self.rotation.T
        return np.moveaxis(
            np.array(
                [
                    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
                ]
            ),
            2,
            0,
        )

    def corners(self) -> Array:
        """float64 (N, 8, 3) [m], world; bit 0, 1, 2 of the corner number is the high side of x, y, z."""
        signs = np.array([[corner >> axis & 1 for axis in range(3)] for corner in range(8)]) - 0.5
        local = signs[None] * self.size[:, None]
        return np.asarray(self.center[:, None] + np.einsum("nij,nkj->nki", self.axes(), local))


@dataclass(frozen=True, eq=False)
class Instance:
    """One row of `Objects`; a field is None where the table's value is not known."""

    id: int
    label: str
    track: str
    box: Array | None
    box_full: Array | None
    box3d: Boxes3D | None
    area: float | None
    visibility: float | None
    truncation: float | None
    crowd: bool
    score: float | None
    source_id: int | str | None
    mask: Rle | None
    polygons: list[Array] | None
    keypoints: Array | None
    points: Array | None
    polylines: list[Array] | None
    attributes: dict[str, Any]


_ARRAYS: dict[str, tuple[str, tuple[int, ...], Any]] = {
    "id": ("int64", (), 0),
    "label": ("int32", (), 0),
    "box": ("float64", (4,), np.nan),
    "box_full": ("float64", (4,), np.nan),
    "area": ("float64", (), np.nan),
    "visibility": ("float64", (), np.nan),
    "truncation": ("float64", (), np.nan),
    "crowd": ("bool", (), False),
    "score": ("float64", (), np.nan),
}
_RAGGED: dict[str, Any] = {
    "track": "",
    "source_id": None,
    "mask": None,
    "polygons": None,
    "keypoints": None,
    "points": None,
    "polylines": None,
    "attributes": None,
}


@dataclass(frozen=True, eq=False)
class Objects:
    """The table. Make one with `Objects.build`; change one with `with_columns`, `take` or `relabelled`.

    Raises:
        InputError: a column's length or shape disagrees, or a label is outside `classes`.
    """

    classes: tuple[str, ...]
    id: Array
    label: Array
    track: tuple[str, ...]
    box: Array
    box_full: Array
    box3d: Boxes3D
    area: Array
    visibility: Array
    truncation: Array
    crowd: Array
    score: Array
    source_id: tuple[int | str | None, ...]
    mask: tuple[Rle | None, ...]
    polygons: tuple[list[Array] | None, ...]
    keypoints: tuple[Array | None, ...]
    points: tuple[Array | None, ...]
    polylines: tuple[list[Array] | None, ...]
    attributes: tuple[dict[str, Any] | None, ...]

    def __post_init__(self) -> None:
        count = len(self.label)
        for name, (dtype, shape, _) in _ARRAYS.items():
            try:
                object.__setattr__(self, name, frozen(getattr(self, name), dtype, (count, *shape)))
            except ValueError as error:
                raise InputError(f"objects: column {name}: {error}") from error
        for name in _RAGGED:
            if len(getattr(self, name)) != count:
                raise InputError(f"objects: column {name} has {len(getattr(self, name))} rows, the table has {count}")
        if len(self.box3d) != count:
            raise InputError(f"objects: column box3d has {len(self.box3d)} rows, the table has {count}")
        if count and not (0 <= self.label.min() and self.label.max() < len(self.classes)):
            raise InputError(
                f"objects: label codes {self.label.min()}..{self.label.max()} for {len(self.classes)} classes"
            )

    @classmethod
    def build(cls, labels: Sequence[str], **columns: Any) -> Objects:
        """A table from class names and whichever columns are known; classes are numbered as first seen.

        Args:
            labels: N class names.
            columns: any other column, as arrays or sequences of N rows; `classes` and `label` may stand for `labels`.
        """
        if "classes" not in columns:
            order = dict.fromkeys(labels)
            codes = {name: code for code, name in enumerate(order)}
            columns = {**columns, "classes": tuple(order), "label": [codes[name] for name in labels]}
        count = len(columns["label"])
        for name, (dtype, shape, blank) in _ARRAYS.items():
            if columns.get(name) is None or (count == 0 and len(columns[name]) == 0):  # an empty list has no width
                columns[name] = np.full((count, *shape), blank, dtype)
        for name, blank in _RAGGED.items():
            rows = columns.get(name)
            columns[name] = (blank,) * count if rows is None else tuple(rows)
        if columns.get("box3d") is None:
            columns["box3d"] = Boxes3D.unknown(count)
        return cls(**columns)

    @classmethod
    def empty(cls) -> Objects:
        return cls.build(())

    def __len__(self) -> int:
        return len(self.label)

    def __iter__(self) -> Iterator[Instance]:
        return (self.row(row) for row in range(len(self)))

    @property
    def labels(self) -> list[str]:
        """N class names."""
        return [self.classes[code] for code in self.label.tolist()]

    def row(self, row: int) -> Instance:
        def number(column: Array) -> float | None:
            return None if np.isnan(column[row]) else float(column[row])

        return Instance(
            id=int(self.id[row]),
            label=self.classes[self.label[row]],
            track=self.track[row],
            box=None if np.isnan(self.box[row, 0]) else self.box[row],
            box_full=None if np.isnan(self.box_full[row, 0]) else self.box_full[row],
            box3d=self.box3d.take(np.array([row])) if self.box3d.known[row] else None,
            area=number(self.area),
            visibility=number(self.visibility),
            truncation=number(self.truncation),
            crowd=bool(self.crowd[row]),
            score=number(self.score),
            source_id=self.source_id[row],
            mask=self.mask[row],
            polygons=self.polygons[row],
            keypoints=self.keypoints[row],
            points=self.points[row],
            polylines=self.polylines[row],
            attributes=self.attributes[row] or {},
        )

    def take(self, rows: Array) -> Objects:
        """The rows that a bool (N,) or integer (M,) array names, in that order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _ARRAYS}
        for name in _RAGGED:
            column = getattr(self, name)
            columns[name] = tuple(column[row] for row in rows.tolist())
        return Objects(classes=self.classes, box3d=self.box3d.take(rows), **columns)

    def with_columns(self, **columns: Any) -> Objects:
        """A copy with whole columns exchanged."""
        return replace(self, **columns)

    def relabelled(self, classes: tuple[str, ...], codes: Array) -> Objects:
        """The same objects under other classes; `codes` int (len(self.classes),) maps old codes to new ones."""
        label = np.asarray(codes, np.int32)[self.label] if len(self) else self.label
        return replace(self, classes=classes, label=label)

    def known(self) -> frozenset[str]:
        """Names of the columns that hold anything."""
        return self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        if not len(self):
            return frozenset()
        found = {"label"}
        for name, (_, _, blank) in _ARRAYS.items():
            column = getattr(self, name)
            if name != "label" and (~np.isnan(column) if blank is np.nan else column != blank).any():
                found.add(name)
        for name, blank in _RAGGED.items():
            if any(row is not blank and not (isinstance(row, str) and row == "") for row in getattr(self, name)):
                found.add(name)
        if self.box3d.known.any():
            found.add("box3d")
        return frozenset(found)
