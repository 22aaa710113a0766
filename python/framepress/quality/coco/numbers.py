"""Columns of values that JSON may hold anything in: numbers where they are, words where they are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.coco.document import NOT_FINITE
from framepress.quality.coco.entries import UNSET, Oddities, shown
from framepress.quality.coco.table import NO_ID

__all__ = ["Ids", "decimals", "integers"]

_TEXTS = -(1 << 62)  # ids that are texts are counted down from here, so that they still refer to each other
_MOST = 1 << 62


class Ids:
    """Makes integers of the ids of one file, so that what refers to each other still does, whatever the type."""

    def __init__(self, odd: Oddities) -> None:
        self._odd = odd
        self._texts: dict[str, int] = {}

    def column(self, values: Sequence[Any], where: str, first: int, *, optional: bool = False) -> Array:
        """int64; `NO_ID` where there is none. What is no integer is noted.

        Args:
            first: row of the first value.
            optional: it may be missing or null.
        """
        if set(map(type, values)) <= {int}:
            try:
                return np.array(values, np.int64)
            except OverflowError:
                pass
        return np.array([self._one(value, where, first + row, optional) for row, value in enumerate(values)], np.int64)

    def _one(self, value: Any, where: str, row: int, optional: bool) -> int:
        if type(value) is int and -_MOST < value < _MOST:
            return value
        if value == NOT_FINITE or (optional and (value is UNSET or value is None)):
            return NO_ID
        if value is UNSET:
            self._odd.add(where, row, "is missing")
            return NO_ID
        self._odd.add(where, row, f"is {shown(value)}, not an integer that readers can hold")
        if isinstance(value, float) and value.is_integer() and abs(value) < _MOST:
            return int(value)
        if isinstance(value, str):
            plain = value.isascii() and value.isdecimal() and len(value) < 19
            return int(value) if plain else self._texts.setdefault(value, _TEXTS - len(self._texts))
        return int(value) if isinstance(value, bool) else NO_ID


def integers(values: Sequence[Any], where: str, first: int, odd: Oddities, *, least: int, blank: int) -> Array:
    """int64; `blank` where it is no integer of at least `least`, or missing, which is noted."""
    if set(map(type, values)) <= {int}:
        try:
            found = np.array(values, np.int64)
            if not found.size or found.min() >= least:
                return found
        except OverflowError:
            pass
    made = np.full(len(values), blank, np.int64)
    for row, value in enumerate(values):
        if type(value) is int and least <= value < _MOST:
            made[row] = value
        elif value is UNSET:
            odd.add(where, first + row, "is missing")
        elif value != NOT_FINITE:
            odd.add(where, first + row, f"is {shown(value)}")
    return made


def decimals(values: Sequence[Any], where: str, first: int, odd: Oddities) -> Array:
    """float64; NaN where it is no number, or missing, which is noted."""
    if set(map(type, values)) <= {int, float}:
        try:
            found = np.array(values, np.float64)
            found[found == NOT_FINITE] = math.nan
            return found
        except OverflowError:
            pass
    made = np.full(len(values), math.nan)
    for row, value in enumerate(values):
        if type(value) in (int, float) and abs(value) <= NOT_FINITE:
            made[row] = math.nan if value == NOT_FINITE else value
        else:
            odd.add(where, first + row, "is missing" if value is UNSET else f"is {shown(value)}")
    return made
