"""The text of an expression as a syntax tree, refused in bounded time where it is none; never run by Python.

Python's own parser reads it, so that precedence, quotes and comparison chains are those that people know; what may
stand in the tree is decided by `plan`.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from framepress.errors import LabelError, OptionError

__all__ = ["DEEPEST", "LONGEST", "Expression", "near"]

LONGEST = 10_000
"""Characters."""
DEEPEST = 50
"""Levels of the tree: a text that a person wrote has fewer than ten."""
_SHOWN = 40
_MEANT = {"=": "== to compare", "&": "and", "|": "or", "!": "not"}
_LISTED = 60


@dataclass(frozen=True)
class Expression:
    """A text and its tree. Make one with `parsed`."""

    text: str
    root: ast.expr

    @classmethod
    def parsed(cls, text: str) -> Expression:
        """Raises:
        OptionError: longer than `LONGEST`, deeper than `DEEPEST`, or no expression; with the column.
        """
        if len(text) > LONGEST:
            raise OptionError(f"the expression has {len(text):,} characters, at most {LONGEST:,} are read")
        text = " ".join(text.splitlines()).strip()
        if not text:
            raise OptionError("the expression is empty; write a condition such as: label == 'car' and area > 400")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in texts that Python does not know
                root = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise OptionError(_unread(text, error)) from None
        except (ValueError, MemoryError, RecursionError) as error:
            raise OptionError(f"the expression cannot be read: {error or 'it is nested too deeply'}") from None
        expression = cls(text, root)
        expression._refuse_depth()
        return expression

    def names(self, column: str) -> bool:
        """Whether it asks for this column anywhere."""
        return any(isinstance(node, ast.Name) and node.id == column for node in ast.walk(self.root))

    def _refuse_depth(self) -> None:
        level: list[ast.AST] = [self.root]
        for _ in range(DEEPEST):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                return
        raise OptionError(f"the expression is nested more than {DEEPEST} deep; write it flatter")

    def refuse(self, node: ast.AST, why: str, kind: type[OptionError] = OptionError) -> NoReturn:
        """Raises:
        OptionError: `why`, pointing at the node.
        """
        raise kind(_pointed(self.text, self.column(node), why))

    def refuse_label(self, node: ast.AST, why: str) -> NoReturn:
        """The same for a class that is not there.

        Raises:
            LabelError
        """
        self.refuse(node, why, LabelError)

    def column(self, node: ast.AST) -> int:
        """Where a node begins, in characters from 0 on; Python counts in bytes of UTF-8."""
        return len(self.text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))

    def source(self, node: ast.expr) -> str:
        """The node as it was written, cut where it is long."""
        written = self.text.encode()[node.col_offset : node.end_col_offset].decode(errors="replace")
        return written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"


def near(name: str, known: list[str], what: str) -> str:
    """`; did you mean 'car'?`, or the names that there are where none is like it."""
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    close = get_close_matches(name.casefold()[:200], list(folded), n=3, cutoff=0.6)
    if close:
        return f"; did you mean {' or '.join(repr(folded[candidate]) for candidate in close)}?"
    shown = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    return f"; {what}: {shown}" if known else f"; {what}: none"


def _unread(text: str, error: SyntaxError) -> str:
    """Python's complaint; it gives no column where the text ends too early."""
    if not error.offset:
        return _pointed(text, len(text), f"is no expression: {error.msg}")
    column = error.offset - 1
    meant = _MEANT.get(text[column : column + 1])
    return _pointed(text, column, f"is no expression: {error.msg}" + (f"; write {meant}" if meant else ""))


def _pointed(text: str, column: int, why: str) -> str:
    """The message, and below it the part of the text around `column` with a caret."""
    first = max(column - _SHOWN, 0)
    part = "".join(char if char.isprintable() else " " for char in text[first : column + _SHOWN])
    begun, ended = "…" if first else "", "…" if column + _SHOWN < len(text) else ""
    return f"expression, column {column + 1}: {why}\n  {begun}{part}{ended}\n  {' ' * (column - first + len(begun))}^"
