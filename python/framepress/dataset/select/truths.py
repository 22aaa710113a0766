"""Truths from terms: comparisons, words out of a set, what is known, and truths joined.

Each takes `positive`: False asks where the opposite certainly holds, which of a value that is not known is nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.select.terms import At, Field, Lines, Numbers, Truth, Words

__all__ = ["COMPARISONS", "OPPOSITES", "compared", "joined", "known", "of_lines", "one_of", "spelled", "worded"]

Operator = Callable[[Array, Array], Array]


def _differ(one: Array, other: Array) -> Array:
    """`!=` of numbers that are known."""
    return np.asarray((one < other) | (one > other))


COMPARISONS: dict[str, Operator] = {
    "==": np.equal,
    "!=": _differ,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def compared(sign: str, one: Numbers, other: Numbers) -> Truth:
    """Two terms of one level, or one of them constant."""
    compare, left, right = COMPARISONS[sign], one, other
    return Truth(max(one.level, other.level), lambda rows: compare(_value(left, rows), _value(right, rows)))


def _value(term: Numbers, rows: slice) -> Array:
    """A constant as a bare float, which leaves 32-bit columns as they are."""
    return term.at(rows) if term.value is None else term.value  # type: ignore[return-value]


def one_of(numbers: Numbers, values: Sequence[float], positive: bool) -> Truth:
    """Whether a number is among `values`."""

    def at(rows: slice) -> Array:
        column = numbers.at(rows)
        found = np.isin(column, np.array(values, column.dtype))  # rounded as constants are elsewhere
        return found if positive else ~found & ~np.isnan(column)

    return Truth(numbers.level, at)


def spelled(words: Words, wanted: Collection[str]) -> dict[str, int]:
    """Code of each wanted text that there is."""
    fold = str.casefold if words.folded else str
    keys = {fold(text): text for text in wanted}
    found = {}
    for code, word in enumerate(words.words):
        if (text := keys.get(fold(word))) is not None and (word or words.blank):
            found[text] = code
            if len(found) == len(keys):
                break
    return found


def worded(words: Words, codes: Collection[int], positive: bool) -> Truth:
    """Whether a word is among those with these codes."""
    table = np.zeros(len(words.words) + 1, bool)  # the last is that of code -1: not known, so neither
    table[:-1] = not positive
    table[list(codes)] = positive
    if not (positive or words.blank):
        table[:-1][[word == "" for word in words.words]] = False
    return Truth(words.level, _looked_up(table, words.at))


def _looked_up(table: Array, at: At) -> At:
    chosen = np.flatnonzero(table)
    if len(chosen) == 1:  # a comparison takes a third of the time
        only = int(chosen[0])
        return lambda rows: at(rows) == only
    return lambda rows: table[at(rows)]


def of_lines(lines: Lines, accept: Callable[[str], bool]) -> Array:
    """bool, one a line."""
    return np.fromiter(map(accept, lines.texts), bool, len(lines.texts))


def known(term: Numbers | Words | Lines | Field, positive: bool) -> Truth:
    """Whether there is a value."""
    if isinstance(term, Lines):
        return Truth(term.level, lambda rows: np.full(rows.stop - rows.start, positive))
    if isinstance(term, Numbers):
        numbers = term.at
        return Truth(term.level, lambda rows: np.isnan(numbers(rows)) != positive)
    if isinstance(term, Words):
        there = worded(term, (), False)
        return there if positive else Truth(term.level, lambda rows: ~there.at(rows))
    parts = [known(part, positive) for part in (term.numbers, term.words) if part is not None]
    return joined(parts, np.logical_or if positive else np.logical_and)


def joined(parts: Sequence[Truth], join: np.ufunc) -> Truth:
    """All (`logical_and`) or any (`logical_or`) of truths of one level; spans that are settled are not looked at on."""
    if len(parts) == 1:
        return parts[0]
    settled: Callable[[Array], bool] = (lambda found: not found.any()) if join is np.logical_and else np.all

    def at(rows: slice) -> Array:
        found = parts[0].at(rows)
        for part in parts[1:]:
            if settled(found):
                break
            found = join(found, part.at(rows))
        return found

    return Truth(max(part.level for part in parts), at)
