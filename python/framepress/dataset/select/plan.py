"""An expression against an index: every name, class and kind checked, then evaluated over columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate

import numpy as np

from framepress.core import CHANNELS
from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.select import truths
from framepress.dataset.select.parse import Expression, near
from framepress.dataset.select.scope import Scope, constant, kind_of
from framepress.dataset.select.tables import rows_of, term_of
from framepress.dataset.select.terms import Field, Level, Lines, Numbers, Term, Truth, Words, filled

__all__ = ["FUNCTIONS", "Plan"]

_Operand = Term | str | bool

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_SUMS: dict[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: lambda one, other: np.where(np.equal(other, 0), np.nan, np.divide(one, other)),
    ast.Mod: np.mod,  # of 0 it is NaN: not known
}


@dataclass(frozen=True)
class Plan:
    """Where an expression holds. `level` says of what: of frames where it asks for nothing of views or objects."""

    level: Level
    _index: Index
    _truth: Truth
    _prepare: tuple[Callable[[], None], ...]

    @classmethod
    def of(cls, expression: Expression, index: Index, *, negated: bool = False) -> Plan:
        """Args:
        negated: the opposite: where the expression certainly does not hold.

        Raises:
            OptionError: a name, field, value or feature that the dataset does not have, or that is of another kind.
            LabelError: a class that it does not have.
        """
        scope = Scope(expression, index)
        truth = _Checker(scope).truth(expression.root, not negated)
        scope.refuse_unknown()
        if truth.level == Level.CONSTANT:
            truth = replace(truth, level=Level.FRAME)
        return cls(truth.level, index, truth, tuple(scope.prepare))

    def column(self) -> Array:
        """bool, one a row of the level's table."""
        for prepare in self._prepare:
            prepare()
        return filled(self._truth.at, rows_of(self._index, self.level), np.bool_)


class _Checker:
    """Walks the tree of one expression, once."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    # -- truths

    def truth(self, node: ast.expr, positive: bool) -> Truth:
        """Where a condition certainly holds, or certainly does not."""
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(part, positive) for part in node.values]
            return self._scope.joined(
                parts, np.logical_and if isinstance(node.op, ast.And) == positive else np.logical_or
            )
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.truth(node.operand, not positive)
        if isinstance(node, ast.Compare):
            ends = [node.left, *node.comparators]
            parts = [
                self._compared(node, op, left, right, positive)
                for op, left, right in zip(node.ops, ends, node.comparators, strict=False)
            ]
            return self._scope.joined(parts, np.logical_and if positive else np.logical_or)
        if isinstance(node, ast.Call):
            return self._called(node, positive)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            same = node.value == positive
            return Truth(Level.CONSTANT, lambda rows: np.full(rows.stop - rows.start, same))
        return self._flag(node, self._operand(node), positive)

    def _flag(self, node: ast.expr, term: _Operand, positive: bool) -> Truth:
        if isinstance(term, Truth):
            at = term.at
            return term if positive else replace(term, at=lambda rows: ~at(rows))
        if isinstance(term, Field) and term.boolean and term.numbers is not None:
            return truths.one_of(term.numbers, [float(positive)], True)
        self._scope.refuse(
            node, f"{self._scope.source(node)} is {kind_of(term)}, no condition: compare it with something"
        )

    # -- comparisons

    def _compared(self, node: ast.expr, op: ast.cmpop, left: ast.expr, right: ast.expr, positive: bool) -> Truth:
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                self._scope.refuse(right, "only `is None` and `is not None` can be asked; else write == or !=")
            return self._known(left, positive == isinstance(op, ast.IsNot))
        if isinstance(op, ast.In | ast.NotIn):
            return self._among(left, right, positive == isinstance(op, ast.In))
        if _is_truth(left):
            left, right = right, left
        sign = _SIGNS[type(op)] if positive else truths.OPPOSITES[_SIGNS[type(op)]]
        if _is_truth(right) and isinstance(right, ast.Constant):
            if _is_truth(left) or sign not in ("==", "!="):
                self._scope.refuse(node, "only == and != ask whether a condition is True or False")
            return self.truth(left, (sign == "==") == right.value)
        return self._compared_values(node, sign, left, right)

    def _compared_values(self, node: ast.expr, sign: str, left: ast.expr, right: ast.expr) -> Truth:
        one, other = self._operand(left), self._operand(right)
        if isinstance(one, str):
            left, right, one, other = right, left, other, one
        if isinstance(one, str) or (_is_constant(one) and _is_constant(other)):
            self._scope.refuse(node, f"{self._scope.source(node)} compares two constants")
        if isinstance(other, str):
            if sign not in ("==", "!="):
                self._scope.refuse(right, f"{other!r} can be compared with == and != only")
            assert not isinstance(one, bool)
            return self._worded(left, one, [(right, other)], sign == "==")
        numbers = self._number_of(left, one), self._number_of(right, other)
        level = max(term.level for term in numbers)
        first, second = (self._scope.raised(term, level) for term in numbers)
        found = truths.compared(sign, first, second)
        return self._or_other_kind(found, one, other) if sign == "!=" else found

    def _or_other_kind(self, found: Truth, *operands: _Operand) -> Truth:
        """A field's text is no number: where it is asked to be another one, it is."""
        words = [term.words for term in operands if isinstance(term, Field) and term.words is not None]
        return self._scope.joined([found, *(truths.known(term, True) for term in words)], np.logical_or)

    def _among(self, left: ast.expr, right: ast.expr, positive: bool) -> Truth:
        members = right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]
        subject = self._operand(left)
        if isinstance(subject, str | bool):
            self._scope.refuse(left, "the left side of `in` must be a column")
        values = [(member, self._operand(member)) for member in members]
        if not values:
            self._scope.refuse(right, "the list is empty")
        texts = [(member, value) for member, value in values if isinstance(value, str)]
        numbers = [value.value for _, value in values if isinstance(value, Numbers) and value.value is not None]
        if len(texts) == len(values):
            return self._worded(left, subject, texts, positive)
        if len(numbers) == len(values) and None not in numbers:
            found = truths.one_of(self._number_of(left, subject), numbers, positive)
            return found if positive else self._or_other_kind(found, subject)
        self._scope.refuse(
            right, "the right side of `in` must be a list of texts, or of numbers, such as ('car', 'bus')"
        )

    def _worded(self, node: ast.expr, term: Term, texts: Sequence[tuple[ast.expr, str]], positive: bool) -> Truth:
        """Whether a text is one of `texts`, each of which the dataset has somewhere."""
        if isinstance(term, Lines):
            wanted = {text for _, text in texts}
            column = truths.of_lines(term, wanted.__contains__)
            there = {term.texts[row] for row in np.flatnonzero(column).tolist()}
            for place, text in texts:
                if text not in there:
                    self._scope.refuse(place, f"there is no {term.noun} {text!r}")
            return Truth(term.level, (column if positive else ~column).__getitem__)
        words = self._scope.words_of(node, term)
        codes = truths.spelled(words, [text for _, text in texts])
        for place, text in texts:
            if text not in codes:
                self._scope.no_word(place, words, text)
        return self._one_of_words(term, words, list(codes.values()), positive)

    def _one_of_words(self, term: Term, words: Words, codes: Sequence[int], positive: bool) -> Truth:
        """A field's number is no text: where it is asked to be another one, it is."""
        found = truths.worded(words, codes, positive)
        if not positive and isinstance(term, Field) and term.numbers is not None:
            return self._scope.joined([found, truths.known(term.numbers, True)], np.logical_or)
        return found

    # -- numbers

    def _number(self, node: ast.expr) -> Numbers:
        return self._number_of(node, self._operand(node))

    def _number_of(self, node: ast.expr, term: _Operand) -> Numbers:
        found = term.numbers if isinstance(term, Field) else term
        if not isinstance(found, Numbers):
            self._scope.refuse(node, f"{self._scope.source(node)} is {kind_of(term)}, where a number is needed")
        return found

    def _sum(self, work: Callable[..., Array], *terms: Numbers) -> Numbers:
        """A function of numbers, raised to one level; constants stay bare, so that 32 bits stay 32."""
        level = max(term.level for term in terms)
        if level == Level.CONSTANT:
            with np.errstate(all="ignore"):
                return constant(float(work(*(np.float64(term.value or 0.0) for term in terms))))
        raised = [term if term.value is not None else self._scope.raised(term, level) for term in terms]
        return Numbers(
            level, lambda rows: work(*(term.at(rows) if term.value is None else term.value for term in raised))
        )

    # -- what stands on either side

    def _operand(self, node: ast.expr) -> _Operand:
        if isinstance(node, ast.Constant):
            return self._scope.constant(node)
        if isinstance(node, ast.Name):
            return self._scope.name(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._scope.field(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            number = self._number(node.operand)
            return self._sum(np.negative, number) if isinstance(node.op, ast.USub) else number
        if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
            return self._sum(_SUMS[type(node.op)], self._number(node.left), self._number(node.right))
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name == "count":
                return self._scope.counted(self.truth(self._arguments(node, 1, 1)[0], True))
            if name in _NUMERIC:
                least, most, work = _NUMERIC[name]
                return self._sum(work, *map(self._number, self._arguments(node, least, most)))
            return self._called(node, True)
        if isinstance(node, ast.BoolOp | ast.Compare | ast.UnaryOp):
            return self.truth(node, True)
        self._scope.refuse(node, f"{self._scope.source(node)} has no meaning in an expression")

    # -- functions

    def _arguments(self, node: ast.Call, least: int, most: int) -> list[ast.expr]:
        if node.keywords or not least <= len(node.args) <= most or any(isinstance(a, ast.Starred) for a in node.args):
            count = str(least) if least == most else f"at least {least}"
            self._scope.refuse(node, f"{self._scope.source(node.func)} takes {count} argument(s)")
        return node.args

    def _called(self, node: ast.Call, positive: bool) -> Truth:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("any", "all"):
            return self._quantified(self._arguments(node, 1, 1)[0], name == "any", positive)
        if name == "known":
            return self._known(self._arguments(node, 1, 1)[0], positive)
        if name in ("matches", "startswith"):
            return self._matched(node, name, positive)
        if name == "has":
            return self._has(self._arguments(node, 1, 1)[0], positive)
        if name == "count" or name in _NUMERIC:
            self._scope.refuse(node, f"{self._scope.source(node)} is a number, no condition: compare it with something")
        told = self._scope.source(node.func)
        self._scope.refuse(node, f"{told!r} is no function{near(name, list(FUNCTIONS), 'there are')}")

    def _quantified(self, condition: ast.expr, some: bool, positive: bool) -> Truth:
        """Whether it holds of any or all of a frame's objects; of none, `all` holds."""
        counts = self._scope.counted(self.truth(condition, positive))
        if some == positive:
            return truths.compared(">", counts, constant(0.0))
        return truths.compared("==", counts, self._number_of(condition, term_of(self._scope.index, "objects")))

    def _known(self, node: ast.expr, positive: bool) -> Truth:
        term = self._scope.asked(lambda: self._operand(node))
        if isinstance(term, str | bool | Truth) or _is_constant(term):
            self._scope.refuse(node, f"{self._scope.source(node)} is no column: only columns may be unknown")
        return truths.known(term, positive)

    def _matched(self, node: ast.Call, name: str, positive: bool) -> Truth:
        subject, pattern = self._arguments(node, 2, 2)
        term, text = self._operand(subject), self._operand(pattern)
        if not isinstance(text, str):
            self._scope.refuse(pattern, f"{name} needs a text in quotes here")
        if isinstance(term, str | bool):
            self._scope.refuse(subject, f"{name} needs a column here")
        folded = isinstance(term, Words) and term.folded
        form = translate(text) if name == "matches" else re.escape(text)
        fits = re.compile(form, re.IGNORECASE if folded else 0).match
        if isinstance(term, Lines):
            column = truths.of_lines(term, lambda line: fits(line) is not None)
            return Truth(term.level, (column if positive else ~column).__getitem__)
        words = self._scope.words_of(subject, term)
        codes = [code for code, word in enumerate(words.words) if fits(word) and (word or words.blank)]
        if not codes:
            self._scope.no_word(pattern, words, text)
        return self._one_of_words(term, words, codes, positive)

    def _has(self, node: ast.expr, positive: bool) -> Truth:
        name, features = self._operand(node), self._scope.index.features
        if not isinstance(name, str):
            self._scope.refuse(node, "has needs a feature in quotes, such as has('depth')")
        if name not in features and name not in CHANNELS:
            self._scope.refuse(node, f"no frame has {name!r}{near(name, sorted(features), 'there are')}")
        bits = np.asarray(self._scope.index.frames["features"])
        mask = np.uint64(1 << features.index(name) if name in features else 0)
        return Truth(Level.FRAME, lambda rows: ((bits[rows] & mask) != 0) == positive)


_NUMERIC: dict[str, tuple[int, int, Callable[..., Array]]] = {
    "abs": (1, 1, np.abs),
    "min": (2, 9, lambda *values: _folded(np.minimum, values)),
    "max": (2, 9, lambda *values: _folded(np.maximum, values)),
}


FUNCTIONS = ("any", "all", "count", "known", "matches", "startswith", "has", *_NUMERIC)


def _is_truth(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _is_constant(term: _Operand) -> bool:
    return isinstance(term, Numbers) and term.value is not None


def _folded(work: np.ufunc, values: Sequence[Array]) -> Array:
    found = values[0]
    for value in values[1:]:
        found = work(found, value)
    return found
