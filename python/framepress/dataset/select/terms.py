"""What an expression is made of once it is checked: numbers, words and truths, one a row of frames, views or objects.

A truth says where it certainly holds, and nothing of where it does not: `not` is resolved while the expression is
checked, down to the comparisons, whose opposites are true of known values only. That is three-valued logic (Kleene's,
SQL's) at the price of two-valued.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from framepress.core.arrays import Array

__all__ = ["SPAN", "Field", "Level", "Lines", "Numbers", "Term", "Truth", "Words", "each_span", "filled"]

SPAN = 1 << 16
"""Rows at a time: what a few columns of them take stays in a core's own cache."""

At = Callable[[slice], Array]


class Level(IntEnum):
    """Of which table a term has one value a row; `CONSTANT` has the same value everywhere."""

    CONSTANT = 0
    FRAME = 1
    VIEW = 2
    OBJECT = 3


@dataclass(frozen=True, slots=True)
class Numbers:
    """Floats; NaN = not known. `value` is that of a constant."""

    level: Level
    at: At
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Codes into `words`; -1 = not known.

    Args:
        noun: what one of them is, in messages.
        blank: whether "" is a word; else it is not known.
        folded: compared without case, as classes are.
    """

    level: Level
    at: At
    words: Sequence[str]
    noun: str
    blank: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts that are all different, so that there is no list of them to look in first."""

    level: Level
    texts: Sequence[str]
    noun: str


@dataclass(frozen=True, slots=True)
class Field:
    """A column that may hold numbers in some rows and words in others; `boolean`: its numbers are truths, 0 and 1."""

    numbers: Numbers | None
    words: Words | None
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """bool: where it certainly holds."""

    level: Level
    at: At


Term = Numbers | Words | Lines | Field | Truth


def each_span(work: Callable[[slice], Any], rows: int) -> list[Any]:
    """The results of `work` for spans of all rows, in order; several at once, for numpy lets go of the interpreter."""
    spans = [slice(start, min(start + SPAN, rows)) for start in range(0, rows, SPAN)]

    def quiet(span: slice) -> Any:
        with np.errstate(all="ignore"):  # what is not known goes through as NaN
            return work(span)

    if len(spans) < 4:
        return [quiet(span) for span in spans]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(quiet, spans))


def filled(at: At, rows: int, dtype: type[np.generic]) -> Array:
    """A whole column."""
    column = np.empty(rows, dtype)

    def fill(span: slice) -> None:
        column[span] = at(span)

    each_span(fill, rows)
    return column
