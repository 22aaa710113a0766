"""Which object of one record is which of another: for each view, those that are equal first, then by what names them.

Ids are believed as far as equal objects bear equal ones: many tools number objects anew whenever they write them, and
then an id says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["NAMES", "Columns", "Rows", "iou", "paired"]

NAMES = ("track", "id", "source_id")
"""Columns that say which object it is, not what it is; the strongest first."""
_OVERLAP = 0.5
_BLANKS = {"crowd": b"false", "id": b"0", "track": b'""'}
"""What a cell is in a column that a record leaves out, as nothing in it is known; null in all others."""
_VALUES = msgspec.json.Decoder(list[Any]).decode
_RAWS = msgspec.json.Decoder(list[msgspec.Raw]).decode

Columns = Mapping[str, msgspec.Raw]
Pair = tuple[int, int]


class Rows:
    """The objects of one view; columns are parsed when they are asked for.

    Args:
        labels: the class of each.
        columns: the others, as they were written.
    """

    def __init__(self, labels: Sequence[str], columns: Columns) -> None:
        self.labels = labels
        self.columns = {*columns}
        self._columns = columns
        self._values: dict[str, list[Any]] = {}
        self._raws: dict[str, list[bytes]] = {}

    def text(self, name: str) -> bytes:
        return bytes(self._columns.get(name, b""))

    def values(self, name: str) -> list[Any]:
        if name not in self._values:
            column = self._columns.get(name)
            values = [None] * len(self.labels) if column is None else _VALUES(column)
            self._values[name] = self._checked(name, values)
        return self._values[name]

    def raws(self, name: str) -> list[bytes]:
        if name not in self._raws:
            column = self._columns.get(name)
            blank = _BLANKS.get(name, b"null")
            raws = [blank] * len(self.labels) if column is None else [bytes(raw) for raw in _RAWS(column)]
            self._raws[name] = self._checked(name, raws)
        return self._raws[name]

    def _checked(self, name: str, values: list[Any]) -> list[Any]:
        if len(values) != len(self.labels):
            raise ValueError(f"column {name} has {len(values)} rows, not {len(self.labels)}")
        return values

    def box(self, row: int) -> list[float] | None:
        found: list[float] | None = self.values("box")[row]
        return found

    def name(self, row: int) -> str:
        return str(self.values("track")[row] or self.values("id")[row] or f"#{row}")

    def whole(self, names: Sequence[str], rows: Collection[int]) -> dict[int, tuple[Any, ...]]:
        """Row -> its class, and its cells of some columns."""
        columns = [self.raws(name) for name in names]
        return {row: (self.labels[row], *(column[row] for column in columns)) for row in rows}


def paired(before: Rows, after: Rows, rows: Collection[int] | None, differing: Collection[str]) -> list[Pair]:
    """Pairs of rows, each row once at most.

    Args:
        rows: of both, that are to be paired; the others are equal, row by row, names included. None for all.
        differing: columns that are not the same text in both.
    """
    old, new = (sorted(range(len(side.labels)) if rows is None else rows) for side in (before, after))
    search = _Search(before, after, set(old), set(new))
    equal = len(before.labels) - len(old)
    # Nothing but a cell that differs can make rows of two records unequal: mostly it is seen there that none are equal.
    if {*before.whole(sorted(differing), old).values()} & {*after.whole(sorted(differing), new).values()}:
        search.by_value()
    if search.trusted("track", equal):
        search.by_name("track", lambda one, other: True)
    ids = [name for name in ("id", "source_id") if search.trusted(name, equal)]
    for name in ids:
        search.by_name(name, search.overlapping)
    search.by_overlap()
    for name in ids:
        search.by_name(name, search.of_one_track)
    return search.pairs


class _Search:
    """Pairs of rows that were found, and the rows that have none yet."""

    def __init__(self, before: Rows, after: Rows, old: set[int], new: set[int]) -> None:
        self.pairs: list[Pair] = []
        self._before, self._after, self._old, self._new = before, after, old, new

    def _take(self, one: int, other: int) -> None:
        self._old.remove(one)
        self._new.remove(other)
        self.pairs.append((one, other))

    def by_value(self) -> None:
        """Objects that are equal, those with equal names before others; of several, the first with the first."""
        columns = sorted((self._before.columns | self._after.columns) - {*NAMES, "label"})
        for names in ([*columns, *NAMES], columns):
            places: dict[tuple[Any, ...], list[int]] = {}
            for row, key in self._after.whole(names, sorted(self._new, reverse=True)).items():
                places.setdefault(key, []).append(row)
            for row, key in self._before.whole(names, sorted(self._old)).items():
                if places.get(key):
                    self._take(row, places[key].pop())

    def trusted(self, name: str, equal: int) -> bool:
        """Whether equal objects bear equal names, or nothing tells."""
        mine, theirs = self._before.values(name), self._after.values(name)
        told = sum(1 if (mine[one] or None) == (theirs[other] or None) else -1 for one, other in self.pairs)
        return equal + told >= 0

    def of_one_track(self, one: int, other: int) -> bool:
        mine, theirs = self._before.values("track")[one], self._after.values("track")[other]
        return not mine or not theirs or bool(mine == theirs)

    def overlapping(self, one: int, other: int) -> bool:
        """Or of an unknown box."""
        mine, theirs = self._before.box(one), self._after.box(other)
        return self.of_one_track(one, other) and (not mine or not theirs or iou(mine, theirs) >= _OVERLAP)

    def by_name(self, name: str, fits: Callable[[int, int], bool]) -> None:
        """Rows with one name that no other row of their side has; nothing (None, 0, "") is no name."""
        places: list[dict[Any, list[int]]] = [{}, {}]
        for place, side, rows in zip(places, (self._before, self._after), (self._old, self._new), strict=True):
            values = side.values(name)
            for row in sorted(rows):
                if values[row]:
                    place.setdefault(values[row], []).append(row)
        for key, mine in places[0].items():
            theirs = places[1].get(key, [])
            if len(mine) == 1 and len(theirs) == 1 and fits(mine[0], theirs[0]):
                self._take(mine[0], theirs[0])

    def by_overlap(self) -> None:
        """Boxes with an IoU of 0.5 and more, the largest first."""
        found = []
        for one in sorted(self._old):
            mine = self._before.box(one)
            for other in sorted(self._new) if mine else ():
                theirs = self._after.box(other)
                overlap = iou(mine, theirs) if mine and theirs else 0.0
                if overlap >= _OVERLAP:
                    found.append((-overlap, self._before.labels[one] != self._after.labels[other], one, other))
        for _, _, one, other in sorted(found):
            if one in self._old and other in self._new:
                self._take(one, other)


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Of two boxes (x0, y0, x1, y1) in pixels."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 and math.isfinite(union) else 0.0
