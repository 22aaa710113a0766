"""What an expression may see: the columns of one index by name, brought to one level; and what it has used of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn, TypeVar

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.select import truths
from framepress.dataset.select.parse import Expression, near
from framepress.dataset.select.tables import NAMES, TABLES, field_of, gathered, rows_of, term_of
from framepress.dataset.select.terms import Field, Level, Lines, Numbers, Term, Truth, Words, each_span, filled

__all__ = ["Scope", "constant", "kind_of"]

_Raised = TypeVar("_Raised", Numbers, Truth)
_EXACT = 2**53
_WORDS_SEARCHED = 10_000
_SHOWN = 80


class Scope:
    """Of one expression over one index.

    Attributes:
        prepare: computations over whole tables that must be done, in this order, before any term is asked.
    """

    def __init__(self, expression: Expression, index: Index) -> None:
        self.prepare: list[Callable[[], None]] = []
        self.expression, self.index = expression, index
        self._used: list[tuple[str, ast.expr, Term]] = []
        self._asked: set[str] = set()

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raises OptionError, pointing at the node."""
        self.expression.refuse(node, why)

    def source(self, node: ast.expr) -> str:
        return self.expression.source(node)

    # -- columns by name

    def name(self, node: ast.Name) -> Term:
        """The column of a name."""
        if node.id not in NAMES:
            hint = f"; write {node.id}.name or {node.id}['name']" if node.id in TABLES else ""
            known = [*NAMES, *(f"{table}.…" for table in TABLES)]
            self.refuse(node, f"{node.id!r} is no column{hint or near(node.id, known, 'there are')}")
        return self._noted(node.id, node, term_of(self.index, node.id))

    def field(self, node: ast.Attribute | ast.Subscript) -> Term:
        """`meta.weather`, `attributes['paint colour']`, `meta.lights.sun`."""
        keys: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute | ast.Subscript):
            key = at.attr if isinstance(at, ast.Attribute) else getattr(at.slice, "value", None)
            if not isinstance(key, str):
                self.refuse(at, "write a name in quotes between the brackets, such as meta['light level']")
            keys.insert(0, key)
            at = at.value
        if not (isinstance(at, ast.Name) and at.id in TABLES):
            self.refuse(node, f"only {' and '.join(TABLES)} have fields")
        fields, key = getattr(self.index, at.id), ".".join(keys)
        if key not in fields:
            whose = "object" if at.id == "attributes" else "frame"
            self.refuse(node, f"no {whose} has {at.id}[{key!r}]{near(key, list(fields), 'there are')}")
        return self._noted(f"{at.id}.{key}", node, field_of(self.index, at.id, key))

    def _noted(self, name: str, node: ast.expr, term: Term) -> Term:
        self._used.append((name, node, term))
        return term

    def asked(self, read: Callable[[], Term | str | bool]) -> Term | str | bool:
        """What `read` gives; that the columns which it uses are not known anywhere is no mistake then."""
        before = len(self._used)
        term = read()
        self._asked |= {name for name, _, _ in self._used[before:]}
        return term

    def refuse_unknown(self) -> None:
        """A column without any value selects nothing, whatever is asked of it: most likely another one is meant.

        Raises:
            OptionError
        """
        for name, node, term in self._used:
            if name not in self._asked and not self._is_known(term):
                level = _level(term)
                what = {Level.FRAME: "frame", Level.VIEW: "view", Level.OBJECT: "object"}[level]
                if rows_of(self.index, level):
                    self.refuse(node, f"{name} is not known of any {what} here, so nothing can be selected by it")

    def _is_known(self, term: Term) -> bool:
        if isinstance(term, Truth | Lines):
            return True
        truth, rows = truths.known(term, True), rows_of(self.index, _level(term))
        step = 1 << 18
        with np.errstate(all="ignore"):
            return any(truth.at(slice(at, min(at + step, rows))).any() for at in range(0, rows, step))

    # -- constants and words

    def constant(self, node: ast.Constant) -> Numbers | str | bool:
        """A text, a truth, or a number that float64 holds exactly."""
        value = node.value
        if isinstance(value, str | bool):
            return value
        if isinstance(value, int | float):
            if isinstance(value, int) and abs(value) > _EXACT:
                self.refuse(node, "whole numbers beyond 2**53 cannot be compared exactly")
            return constant(float(value))
        if value is None:
            self.refuse(node, "None is not compared: write known(…), or … is None")
        self.refuse(node, f"{self.source(node)} has no meaning in an expression")

    def words_of(self, node: ast.expr, term: Term) -> Words:
        found = term.words if isinstance(term, Field) else term
        if not isinstance(found, Words):
            self.refuse(node, f"{self.source(node)} is {kind_of(term)}, which no text can be compared with")
        return found

    def no_word(self, node: ast.expr, words: Words, text: str) -> NoReturn:
        """A value that the dataset has nowhere: most likely a slip, and it would select nothing.

        Raises:
            LabelError: of classes.
            OptionError: of anything else.
        """
        known = [word for word in words.words[:_WORDS_SEARCHED] if word]
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        why = f"there is no {words.noun} {shown!r}{near(text, known, 'there are')}"
        (self.expression.refuse_label if words.noun == "class" else self.refuse)(node, why)

    # -- levels

    def raised(self, term: _Raised, level: Level) -> _Raised:
        """A term of frames or views with one value a row of `level`."""
        if level == term.level:
            return term
        if term.level == Level.CONSTANT:
            return replace(term, level=level)
        place, at = gathered(self.index, term.level, level), term.at
        whole = np.empty(rows_of(self.index, term.level), bool if isinstance(term, Truth) else np.float64)

        def fill() -> None:
            whole[:] = filled(at, len(whole), whole.dtype.type)

        self.prepare.append(fill)
        return replace(term, level=level, at=lambda rows: whole[place[rows]])

    def joined(self, parts: Sequence[Truth], join: np.ufunc) -> Truth:
        """Those of frames are joined first, then those of views: there are fewer of them."""
        together: list[Truth] = []
        for level in Level:
            here = [part for part in parts if part.level == level]
            if here:
                together = [truths.joined([*(self.raised(part, level) for part in together), *here], join)]
        return together[0]

    def counted(self, truth: Truth) -> Numbers:
        """Of how many of a frame's objects it holds."""
        held = self.raised(truth, Level.OBJECT)
        frame_of = np.asarray(self.index.objects["frame"])
        totals = np.zeros(self.index.frames.rows)

        def count(rows: slice) -> tuple[int, Array]:
            frames = frame_of[rows]
            first = int(frames[0])
            return first, np.bincount(frames[held.at(rows)] - first, minlength=1)

        def fill() -> None:
            for first, counts in each_span(count, self.index.objects.rows):
                totals[first : first + len(counts)] += counts

        self.prepare.append(fill)
        return Numbers(Level.FRAME, totals.__getitem__)


def constant(value: float) -> Numbers:
    """A number that is the same everywhere."""
    return Numbers(Level.CONSTANT, lambda rows: np.full(rows.stop - rows.start, value), value)


def kind_of(term: Term | str | bool) -> str:
    """What a term is, in messages."""
    if isinstance(term, Field):
        return "a number" if term.words is None else "a text" if term.numbers is None else "a number or a text"
    return _KINDS[type(term)]


_KINDS: dict[type, str] = {
    Numbers: "a number",
    **dict.fromkeys((Words, Lines, str), "a text"),
    **dict.fromkeys((Truth, bool), "true or false"),
}


def _level(term: Term) -> Level:
    if isinstance(term, Field):
        return next(part.level for part in (term.numbers, term.words) if part is not None)
    return term.level
