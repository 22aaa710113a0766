"""Semantic filter predicates: which labelled prims an annotator knows.

    predicate   group ; group ...       any of them
    group       clause , clause ...     all of them
    clause      type : labels           `*` is every type
    labels      all | all ...           any of them
    all         label & !label ...      all of them; `!` = not there; `*` = any label

Blanks around names do not count, nor does case in labels, which reach payloads in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from framepress.errors import OptionError

__all__ = ["EVERYTHING", "Predicate", "predicate_of"]

EVERYTHING = "*:*"


@dataclass(frozen=True)
class _Clause:
    """`any_of` alternatives, each (wanted, label) pairs that must all hold."""

    kind: str
    any_of: tuple[tuple[tuple[bool, str], ...], ...]

    def passes(self, labels: Mapping[str, frozenset[str]]) -> bool:
        held = frozenset().union(*labels.values()) if self.kind == "*" else labels.get(self.kind, frozenset())
        return any(
            all((bool(held) if label == "*" else label in held) is wanted for wanted, label in every)
            for every in self.any_of
        )


@dataclass(frozen=True)
class Predicate:
    """`groups` of clauses: a prim passes if every clause of any group holds."""

    groups: tuple[tuple[_Clause, ...], ...]

    def passes(self, own: Mapping[str, Sequence[str]]) -> bool:
        """Whether a prim with these labels of its own, taxonomy -> labels, is known; never one without a label in a
        type that the predicate names."""
        labels = {kind: frozenset(text.casefold() for text in texts) for kind, texts in own.items() if texts}
        if not any(self.reports(kind) for kind in labels):
            return False
        return any(all(clause.passes(labels) for clause in group) for group in self.groups)

    def reports(self, kind: str) -> bool:
        """Whether labels of a type are told: those of the types that the predicate names."""
        return any(clause.kind in ("*", kind) for group in self.groups for clause in group)


@lru_cache(maxsize=256)
def predicate_of(text: str) -> Predicate:
    """The predicate that `text` says.

    Raises:
        OptionError: it is none, with the part that cannot be read.
    """
    return Predicate(
        tuple(tuple(_clause(part, text) for part in group.split(",")) for group in text.rstrip(" ;").split(";"))
    )


def _clause(part: str, text: str) -> _Clause:
    kind, colon, labels = part.partition(":")
    kind = kind.strip()
    if not colon or not kind:
        raise _unreadable(part, text, "it is no `type:labels`")
    if kind != "*" and any(sign in kind for sign in "*!&|"):
        raise _unreadable(part, text, f"{kind!r} is no type, and only `*` stands for all")
    every = tuple(tuple(_literal(label, part, text) for label in all_of.split("&")) for all_of in labels.split("|"))
    return _Clause(kind, every)


def _literal(label: str, part: str, text: str) -> tuple[bool, str]:
    label = label.strip()
    wanted = not label.startswith("!")
    label = label if wanted else label[1:].strip()
    if not label or label.startswith("!"):
        raise _unreadable(part, text, "a label is missing")
    if label != "*" and ("*" in label or "(" in label or ")" in label):
        raise _unreadable(part, text, f"{label!r}: `*` stands alone, and there are no brackets")
    return wanted, label.casefold()


def _unreadable(part: str, text: str, why: str) -> OptionError:
    return OptionError(
        f"semantic filter {text!r}: cannot read {part.strip()!r}: {why}; "
        "examples: 'class:*', 'class:car|truck', 'class:car&!toy', 'class:*; shape:*'"
    )
