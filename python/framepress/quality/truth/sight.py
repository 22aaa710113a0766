"""What the pixels of one view show of its objects, measured once and shared by all rules that ask.

Whole: ids, bounds and areas of all masks, which the dataset's writer needs anyway. By samples: whatever else a pixel
holds; the same pixels each time, a lattice over the image, and of small objects more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any, Generic, TypeVar

import numpy as np

from framepress.core import Frame, View
from framepress.core.arrays import Array
from framepress.dataset.prepare import shown
from framepress.ops.masks import MaskTable
from framepress.quality.issue import Issue

__all__ = ["Kept", "Samples", "Sight", "lattice", "lattice_step", "of_views", "plain", "sights", "united"]

_LATTICE = 5_000  # pixels of a view that are looked at
_PER_OBJECT = 32
_FEW = 8  # an object with fewer lattice points is looked at pixel by pixel
_WINDOW = 1 << 14  # pixels of a box that is searched for them
_HUGE = 1e7
_UNKNOWN = np.full(4, np.nan)


@dataclass(frozen=True, eq=False)
class Samples:
    """Pixels of objects, sorted by object: `row` of the table, `u` column, `v` row of the image; each intp (S,)."""

    row: Array
    u: Array
    v: Array

    def share(self, flags: Array, count: int) -> tuple[Array, Array]:
        """(how many samples each of `count` objects has, the share of them that is flagged, 0 where it has none)."""
        number = np.bincount(self.row, minlength=count)
        flagged = np.bincount(self.row[flags], minlength=count)
        return number, flagged / np.maximum(number, 1)

    def take(self, keep: Array) -> Samples:
        return Samples(self.row[keep], self.u[keep], self.v[keep])


T = TypeVar("T")


class Kept(Generic[T]):
    """A value of a `Sight`, made once for a view's channels, objects and camera.

    Kept with the channels and not in the sight, which holds the view: a cycle would keep pixels until a collection.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make

    def __get__(self, sight: Sight, owner: type) -> T:
        view = sight.view
        key = ("truth", self._make.__name__, view.objects, view.camera)  # a view may be given others
        return view.channels.derived(key, lambda: self._made(sight))

    def _made(self, sight: Sight) -> T:
        with np.errstate(all="ignore"):  # what comes of numbers that are none is no finding of these rules
            return self._make(sight)


class Sight:
    """One view with an instance channel, or without one: then there is no table and no sample."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.objects = view.objects

    @property
    def table(self) -> MaskTable | None:
        """The masks that the instance channel shows."""
        return shown(self.view) if "instance" in self.view.channels else None

    @Kept
    def box(self) -> Array:
        """float64 (N, 4): the visible boxes; NaN where a side cannot be meant, of which other rules tell."""
        return plain(self.objects.box)

    @Kept
    def box_full(self) -> Array:
        """float64 (N, 4), likewise."""
        return plain(self.objects.box_full)

    @Kept
    def at(self) -> Array:
        """intp (N,): the row of `table` of each object, -1 where no pixel has its id."""
        if self.table is None or not len(self.table):
            return np.full(len(self.objects), -1)
        ids, wanted = self.table.ids, self.objects.id
        place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
        return np.asarray(np.where((ids[place] == wanted) & (wanted > 0), place, -1))

    @Kept
    def orphans(self) -> Array:
        """bool (M,): ids of the table that no object has."""
        assert self.table is not None
        return np.asarray(self.rows < 0)

    @Kept
    def rows(self) -> Array:
        """intp (M,): the object of each row of the table, -1 for none."""
        assert self.table is not None
        found = np.full(len(self.table), -1)
        found[self.at[self.at >= 0]] = np.flatnonzero(self.at >= 0)
        return found

    @Kept
    def places(self) -> Array:
        """intp (S,): at each point of the lattice 1 + the row of the table, 0 where no instance is."""
        assert self.table is not None
        values = lattice(self.view, "instance")
        found = np.zeros(len(values), np.intp)
        hit = np.flatnonzero(values)
        found[hit] = 1 + np.searchsorted(self.table.ids, values[hit])
        return found

    @Kept
    def own(self) -> Array:
        """float64 (N, 4): the bounds of each object's pixels, NaN where it has none."""
        found = np.full((len(self.objects), 4), np.nan)
        if self.table is not None:
            found[self.at >= 0] = self.table.box[self.at[self.at >= 0]]
        return found

    @Kept
    def pixels(self) -> Array:
        """int64 (N,): how many pixels have each object's id."""
        found = np.zeros(len(self.objects), np.int64)
        if self.table is not None:
            found[self.at >= 0] = self.table.area[self.at[self.at >= 0]]
        return found

    @Kept
    def families(self) -> Mapping[int, list[int]]:
        """Row -> rows of the objects below it, by prim path; only those that have some."""
        row_of = {track: row for row, track in enumerate(self.objects.track) if track}
        below: dict[int, list[int]] = {}
        for track, row in row_of.items():
            for above in _above(track):
                if above in row_of:
                    below.setdefault(row_of[above], []).append(row)
        return below

    @Kept
    def bounds(self) -> Array:
        """float64 (N, 4): the bounds of each object's pixels and of those below it, as Replicator's tight boxes."""
        own = self.own
        found = np.array(own)
        for row, below in self.families.items():
            found[row] = united(own[[row, *below]])
        return found

    @Kept
    def samples(self) -> Samples:
        """At most some thirty pixels an object, spread over it."""
        table = self.table
        if table is None or not len(table):
            return Samples(*(np.zeros((3, 0), np.intp)))
        width = self.view.camera.width
        step = lattice_step(*self.view.camera.size_wh)
        hit = np.flatnonzero(self.places)
        row = self.rows[self.places[hit] - 1]
        index, row = hit[row >= 0] * step, row[row >= 0]
        if step > 1:
            index, row = self._with_small(index, row)
        # Keys of 16 bits are sorted by radix.
        order = np.argsort(row.astype(np.uint16) if len(self.objects) < 1 << 16 else row, kind="stable")
        index, row = index[order], row[order]
        number = np.bincount(row, minlength=len(self.objects))
        place = np.arange(len(row)) - (np.cumsum(number) - number)[row]
        keep = place % np.maximum(-(-number // _PER_OBJECT), 1)[row] == 0
        return Samples(row[keep], index[keep] % width, index[keep] // width)

    def _with_small(self, index: Array, row: Array) -> tuple[Array, Array]:
        """The samples, with those of small objects exchanged for all of their pixels."""
        number = np.bincount(row, minlength=len(self.objects))
        ids, width = self.view.channels["instance"], self.view.camera.width
        more = [(index, row)]
        few = (number < _FEW) & (self.pixels > number)
        for small in np.flatnonzero(few).tolist():
            x0, y0, x1, y1 = self.own[small].astype(int).tolist()
            if (x1 - x0) * (y1 - y0) <= _WINDOW:
                v, u = np.nonzero(ids[y0:y1, x0:x1] == self.objects.id[small])
                more.append(((v + y0) * width + u + x0, np.full(len(v), small)))
        kept = np.ones(len(number), bool)
        kept[[rows[0] for _, rows in more[1:]]] = False
        keep = kept[row]
        more[0] = (index[keep], row[keep])
        return np.concatenate([part[0] for part in more]), np.concatenate([part[1] for part in more])

    def issue(self, frame: Frame, row: int, message: str, place: str = "") -> Issue:
        """An issue of one object, with its box in the picture."""
        objects = self.objects
        box = self.own[row] if np.isnan(self.box[row, 0]) else self.box[row]
        number = int(objects.id[row])
        return Issue(
            message=message,
            frame=frame.id,
            view=self.view.name,
            object=number if number else row,
            prim=objects.track[row],
            place=place,
            box=tuple(box.tolist()) if np.isfinite(box).all() else None,
        )

    def told(self, frame: Frame, message: str, place: str = "") -> Issue:
        """An issue of the view."""
        return Issue(message=message, frame=frame.id, view=self.view.name, place=place)


def sights(frame: Frame) -> Iterator[Sight]:
    """Of each view."""
    return map(Sight, frame.views)


def of_views(frame: Frame, *channels: str) -> Iterator[Sight]:
    """Of the views that have those channels and some object."""
    return (
        sight for sight in sights(frame) if len(sight.objects) and all(name in sight.view.channels for name in channels)
    )


def plain(table: Array) -> Array:
    """A table (N, C) of pixels or metres, with NaN for rows that have a number beyond ten million."""
    return np.asarray(np.where((np.abs(table) < _HUGE).all(axis=1, keepdims=True), table, np.nan))


def united(boxes: Array) -> Array:
    """float64 (4,): the bounds of boxes (N, 4), NaN for none; NaN where all are."""
    if not np.isfinite(boxes).any():
        return _UNKNOWN
    return np.concatenate([np.nanmin(boxes[:, :2], axis=0), np.nanmax(boxes[:, 2:], axis=0)])


def lattice(view: View, name: str, thin: int = 1) -> Array:
    """Some of a channel's pixels, (S,) or (S, C), the same ones each time: all of a small image.

    Args:
        thin: of a large image only every nth of them, where few will do.
    """
    array = view.channels[name]
    step = lattice_step(*view.camera.size_wh)
    return array.reshape(-1, *array.shape[2:])[:: step * thin if step > 1 else 1]


def lattice_step(width: int, height: int) -> int:
    """How far apart the looked-at pixels are in row-major order: never in columns or near them."""
    step = max(1, width * height // _LATTICE)
    while step > 1 < width and (gcd(width, step) != 1 or (step > 4 and not 1 < width % step < step - 1)):
        step += 1
    return step


def _above(path: str) -> Iterator[str]:
    """The paths above a prim, nearest first."""
    end = path.rfind("/")
    while end > 0:
        path = path[:end]
        yield path
        end = path.rfind("/")
