"""Objects too small or too hidden to be learned from are left out of a frame, each counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.core import Frame, View
from framepress.core.arrays import Array
from framepress.dataset.prepare import with_masks
from framepress.errors import InputError, OptionError

__all__ = ["Sieve"]


@dataclass(frozen=True)
class Sieve:
    """Frame -> frame.

    Args:
        min_pixels: an object with fewer visible pixels is left out; so is, from 1 on, one that shows none.
        min_visibility: an object of which a smaller share is visible is left out, 0..1; where the share is not known,
            the object stays, and is counted.

    What is left out of the objects stays in the pixels: the instance channel still shows its id.

    Raises:
        OptionError: a bound that is none.
    """

    min_pixels: int = 0
    min_visibility: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.min_pixels, bool) or not isinstance(self.min_pixels, int) or self.min_pixels < 0:
            raise OptionError(f"min_pixels={self.min_pixels!r}: must be a whole number of at least 0")
        if not 0 <= self.min_visibility <= 1:
            raise OptionError(f"min_visibility={self.min_visibility!r}: must be a share from 0 to 1")

    @property
    def needs(self) -> frozenset[str]:
        """Features that frames must have."""
        return frozenset({"instance"}) if self.min_pixels else frozenset()

    def sifted(self, frame: Frame, accounts: Accounts) -> Frame:
        """The frame without those objects.

        Raises:
            InputError: pixels are to be counted and a view has no instance channel.
        """
        if not self.min_pixels and not self.min_visibility:
            return frame
        if self.min_pixels:
            frame = with_masks(frame)  # the dataset's writer finds them made
        return frame.replaced(views=tuple(self._sifted(view, frame.id, accounts) for view in frame.views))

    def _sifted(self, view: View, frame_id: str, accounts: Accounts) -> View:
        objects = view.objects
        small = np.zeros(len(objects), bool)
        if self.min_pixels and len(objects):
            if "instance" not in view.channels:
                raise InputError(
                    f"frame {frame_id}: min_pixels needs the instance channel, which view {view.name!r} lacks"
                )
            small = ~(objects.area >= self.min_pixels)
        unknown = np.isnan(objects.visibility)
        hidden = ~unknown & (objects.visibility < self.min_visibility) & ~small
        self._count(f"sieved: fewer than {self.min_pixels} pixels", small, objects.track, accounts)
        self._count(f"sieved: visibility below {self.min_visibility:g}", hidden, objects.track, accounts)
        if self.min_visibility:
            self._count("visibility unknown: kept", unknown & ~small, objects.track, accounts)
        kept = ~(small | hidden)
        return view if kept.all() else view.replaced(objects=objects.take(kept))

    @staticmethod
    def _count(name: str, rows: Array, tracks: tuple[str, ...], accounts: Accounts) -> None:
        for row in np.flatnonzero(rows).tolist():
            accounts.add(name, example=tracks[row])
