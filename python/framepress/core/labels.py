"""The ordered list of classes of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any
from unicodedata import category

from framepress.errors import LabelError

__all__ = ["Label", "LabelMap"]

_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories of what ends a line for some reader of class lists, or is in no encoding: halves of a pair."""


@dataclass(frozen=True, slots=True)
class Label:
    """One class.

    `id` is the number that a format with numbers of its own (COCO) shall use; None takes the format's rule.
    `keypoints` are names in order, `skeleton` pairs of 0-based positions in it, `colour` is (r, g, b) 0..255.
    """

    name: str
    id: int | None = None
    supercategory: str = ""
    colour: tuple[int, int, int] | None = None
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or any(category(char) in _NO_TEXT for char in self.name):
            raise LabelError(
                f"class name {self.name!r}: must be text without control characters, line breaks or outer blanks"
            )
        if any(not 0 <= end < len(self.keypoints) for pair in self.skeleton for end in pair):
            raise LabelError(
                f"class {self.name!r}: skeleton {self.skeleton} points outside its {len(self.keypoints)} key points"
            )


@dataclass(frozen=True)
class LabelMap:
    """Classes in order; the position is the code that `Objects.label` holds.

    Names are compared without case, because Replicator delivers labels in lower case; output carries the spelling
    given here.

    Raises:
        LabelError: two names equal without case, or two equal ids.
    """

    labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for label in self.labels:
            key = label.name.casefold()
            if key in seen:
                raise LabelError(
                    f"classes {seen[key]!r} and {label.name!r} differ at most in case; "
                    "Replicator delivers labels in lower case, so they cannot be told apart: rename one"
                )
            seen[key] = label.name
        ids = [label.id for label in self.labels if label.id is not None]
        repeated = {number for number in ids if ids.count(number) > 1} if len(set(ids)) != len(ids) else set()
        if repeated:
            raise LabelError(f"class id {min(repeated)} is given to more than one class")

    @classmethod
    def of(cls, names: Iterable[str]) -> LabelMap:
        return cls(tuple(Label(name) for name in names))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {label.name.casefold(): code for code, label in enumerate(self.labels)}

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._codes

    def find(self, name: str) -> int | None:
        """The code of a class, compared without case; None where there is none."""
        return self._codes.get(name.casefold())

    def code(self, name: str) -> int:
        """Like `find`.

        Raises:
            LabelError: the class is not in the map.
        """
        code = self.find(name)
        if code is None:
            shown = ", ".join(self.names[:5]) + (", …" if len(self) > 5 else "")
            raise LabelError(
                f"class {name!r} is not in the label map ({shown}); add it to the map, or let the map grow"
            )
        return code

    def grown(self, labels: Iterable[Label | str]) -> LabelMap:
        """This map with the classes that it lacks appended in the order given; the same object where it lacks none."""
        new: dict[str, Label] = {}
        for label in labels:
            label = Label(label) if isinstance(label, str) else label
            if label.name not in self:
                new.setdefault(label.name.casefold(), label)
        return LabelMap((*self.labels, *new.values())) if new else self

    def without_keypoints(self) -> LabelMap:
        """The same classes, none of which names key points."""
        return LabelMap(tuple(replace(label, keypoints=(), skeleton=()) for label in self.labels))

    def to_dict(self) -> list[dict[str, Any]]:
        """JSON-able; defaults left out."""
        blank = asdict(Label("blank"))
        return [
            {key: value for key, value in asdict(label).items() if key == "name" or value != blank[key]}
            for label in self.labels
        ]

    @classmethod
    def from_dict(cls, rows: Iterable[Mapping[str, Any] | str]) -> LabelMap:
        """The inverse of `to_dict`; a bare text stands for a class with that name.

        Raises:
            LabelError: a row is no class, with its position.
        """
        labels = []
        for position, row in enumerate(rows):
            if isinstance(row, str):
                labels.append(Label(row))
                continue
            try:
                fields = dict(row)
                if fields.get("colour") is not None:
                    red, green, blue = (int(part) for part in fields["colour"])
                    fields["colour"] = (red, green, blue)
                fields["keypoints"] = tuple(fields.get("keypoints", ()))
                fields["skeleton"] = tuple((int(a), int(b)) for a, b in fields.get("skeleton", ()))
                labels.append(Label(**fields))
            except (TypeError, ValueError) as error:
                raise LabelError(f"class {position} of the label map: {row!r}: {error}") from error
        return cls(tuple(labels))
