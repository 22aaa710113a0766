"""One list of classes from several, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from framepress.core import Label, LabelMap
from framepress.errors import LabelError

__all__ = ["UnitedLabels", "united_labels"]

_MUST_AGREE: tuple[tuple[str, Callable[[Label], Any]], ...] = (
    ("supercategory", lambda label: label.supercategory),
    ("key points", lambda label: (label.keypoints, label.skeleton) if label.keypoints else ""),
)


@dataclass(frozen=True)
class UnitedLabels:
    """`renumbered`: the ids that classes were given did not agree, so that none has one now."""

    labels: LabelMap
    renumbered: bool


def united_labels(lists: Sequence[tuple[str, LabelMap]]) -> UnitedLabels:
    """The classes of all lists, those of the first one first; names are compared without case.

    Spelling and colour are those of the first list that has them. A class without a supercategory or key points takes
    those of another list. Ids stay where all that are given agree: no class has two, no two classes share one. Else
    every class loses its id, for beside names, numbers mean nothing.

    Args:
        lists: what messages call it, and the classes.

    Raises:
        LabelError: supercategories or key points of one class disagree, with both lists.
    """
    known: dict[str, Label] = {}
    source: dict[tuple[str, str], str] = {}
    ids: dict[str, set[int]] = {}
    for name, labels in lists:
        for label in labels.labels:
            key = label.name.casefold()
            ids.setdefault(key, set()).update({label.id} - {None})  # type: ignore[arg-type]  # None is taken out
            known[key] = _united(known.get(key, label), label, source, name)
    given = [number for numbers in ids.values() for number in numbers]
    agree = all(len(numbers) < 2 for numbers in ids.values()) and len(set(given)) == len(given)
    numbered = [replace(label, id=next(iter(ids[key]), None) if agree else None) for key, label in known.items()]
    return UnitedLabels(LabelMap(tuple(numbered)), renumbered=not agree)


def _united(before: Label, label: Label, source: dict[tuple[str, str], str], name: str) -> Label:
    """Args:
    source: (class, field) -> the list that said it, filled here.
    """
    key = label.name.casefold()
    for field, said in _MUST_AGREE:
        if not said(label):
            continue
        if said(before) and said(before) != said(label):
            raise LabelError(
                f"class {before.name!r} has the {field} {said(before)!r} in {source[key, field]} and "
                f"{said(label)!r} in {name}; give the classes in a file (labels), or one of them another name (a class "
                "mapping)"
            )
        source.setdefault((key, field), name)
    points = before if before.keypoints else label
    return replace(
        before,
        supercategory=before.supercategory or label.supercategory,
        colour=label.colour if before.colour is None else before.colour,
        keypoints=points.keypoints,
        skeleton=points.skeleton,
    )
