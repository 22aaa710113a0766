"""Stages of a conversion (`dataset.convert.Stage`) that leave out frames, views and objects."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn, Protocol, runtime_checkable

import numpy as np

from framepress.capture.semantics import ancestors
from framepress.core import Frame, View
from framepress.core.arrays import Array
from framepress.dataset.convert import Stage
from framepress.dataset.index import Index
from framepress.dataset.select.choose import Choice
from framepress.errors import InputError

__all__ = ["Chosen", "Sieve", "changed_since", "erased"]


@runtime_checkable
class Sieve(Protocol):
    """A stage that knows many frames by their id: where it stands first, those need not be made from their record."""

    def standing(self, frame_id: str) -> bool | None:
        """False: leaves the next frame out. True: leaves it as it is. None: must be given the frame itself."""

    def __call__(self, frame: Frame) -> Frame | None: ...


class Chosen:
    """Leaves of each frame what is chosen. For one pass: frames come in the index's order, all of them.

    Args:
        dropping: makes a view without the rows that are False; None takes just the rows.

    Raises:
        InputError: on a frame that is not the one which the index has in this place.
    """

    def __init__(
        self,
        index: Index,
        choice: Choice,
        dropping: Callable[[View, Array], View] | None = None,
    ) -> None:
        self._frames, self._views, self._objects = choice.frames, choice.views, choice.objects
        self._ids = index.frames.texts("id")
        columns = ("first_view", "views", "first_object", "objects")
        self._first_view, self._view_count, self._first_object, self._object_count = (
            np.asarray(index.frames[name]) for name in columns
        )
        self._first, self._count = (np.asarray(index.views[name]) for name in columns[2:])
        self._dropping = dropping or _without_rows
        self._row = 0

    def standing(self, frame_id: str) -> bool | None:
        """See `Sieve`; a frame that is known is passed over."""
        row = self._checked(frame_id)
        verdict: bool | None = False
        if self._frames[row]:
            views = slice(int(self._first_view[row]), int(self._first_view[row] + self._view_count[row]))
            first = int(self._first_object[row])
            objects = self._objects[first : first + int(self._object_count[row])]
            verdict = True if self._views[views].all() and objects.all() else None
        self._row += verdict is not None
        return verdict

    def __call__(self, frame: Frame) -> Frame | None:
        row = self._checked(frame.id)
        self._row += 1
        if self._view_count[row] != len(frame.views):
            self._refuse(frame.id)
        if not self._frames[row]:
            return None
        first = int(self._first_view[row])
        views = [self._view(frame, view, first + place) for place, view in enumerate(frame.views)]
        left = tuple(view for view in views if view is not None)
        same = len(left) == len(frame.views) and all(a is b for a, b in zip(left, frame.views, strict=True))
        return frame if same else frame.replaced(views=left)

    def _checked(self, frame_id: str) -> int:
        """The row of the frame whose turn it is."""
        if self._row >= len(self._ids) or self._ids[self._row] != frame_id:
            self._refuse(frame_id)
        return self._row

    def _view(self, frame: Frame, view: View, row: int) -> View | None:
        if not self._views[row]:
            return None
        if self._count[row] != len(view.objects):
            self._refuse(frame.id)
        first = int(self._first[row])
        chosen = self._objects[first : first + len(view.objects)]
        return view if chosen.all() else self._dropping(view, chosen)

    def _refuse(self, frame_id: str) -> NoReturn:
        raise InputError(f"frame {frame_id}: is not what was there when the dataset was indexed; select again")


def _without_rows(view: View, chosen: Array) -> View:
    return view.replaced(objects=view.objects.take(chosen))


def erased(view: View, chosen: Array) -> View:
    """The view without some rows, and without their pixels in the maps of instances and classes.

    The pixels of parts stay: of prims below a chosen one, whose box holds theirs. So do those of an id that a chosen
    object has as well.
    """
    ids, tracks = view.objects.id, view.objects.track
    whole = {tracks[row] for row in np.flatnonzero(chosen).tolist()} - {""}
    alone = np.array([whole.isdisjoint(ancestors(track)) for track in tracks], bool)
    gone = np.setdiff1d(ids[~chosen & alone & (ids > 0)], ids[chosen])
    kept, channels = _without_rows(view, chosen), view.channels
    if "instance" not in channels or not len(gone):
        return kept

    def blanked(name: str) -> Callable[[], Array]:
        return lambda: np.where(np.isin(channels["instance"], gone), 0, channels[name]).astype(np.uint32)

    return kept.replaced(
        channels=channels.replaced(**{name: blanked(name) for name in ("instance", "semantic") if name in channels})
    )


@dataclass(frozen=True)
class _OfIds:
    ids: frozenset[str]

    def standing(self, frame_id: str) -> bool | None:
        return frame_id in self.ids

    def __call__(self, frame: Frame) -> Frame | None:
        return frame if frame.id in self.ids else None


def changed_since(ids: Collection[str]) -> Stage:
    """A stage that lets through the frames of these ids: those that are new or changed since a version, for one."""
    return _OfIds(frozenset(ids))
