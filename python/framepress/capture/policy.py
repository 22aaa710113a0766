"""The choices that a payload leaves open, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from framepress.capture.probed import Probed
from framepress.core import LabelMap
from framepress.errors import OptionError

__all__ = ["COMMA", "NESTED", "Policy"]

COMMA = ("refuse", "first", "joined")
NESTED = ("object", "outermost", "innermost", "all")


@dataclass(frozen=True)
class Policy:
    """How rows become objects.

    Args:
        labels: the user's classes. Of several labels on one prim the first in this list is the class, spelled as here:
            the first of its own, else of those that it inherits; the rest is counted. A class that is not listed stays
            as delivered (Replicator lower-cases it): whether that is an error is settled where the dataset is written.
        taxonomy: the semantic type whose labels are classes.
        comma: a prim with several labels, none of them listed, takes the one that its labelled ancestors do not have,
            which is its own; where that leaves several: `refuse`, take the alphabetically `first`, or keep them
            `joined` by commas as one class. They come in alphabetical order, so that their position says nothing.
        nested: rows of one class whose prims are inside one another (see `capture.nested`): `object`, `outermost`,
            `innermost`, `all`.
        nested_by_class: class -> another choice for that class.
        probe: the file of `framepress.replicator.probe`, run on the host that the payloads come from; "" = none.
        touching_m: children of one prim closer than this [m] belong together (`nested="object"`).
        points: where `labels` is None, the classes that name key points: the others have none then.

    Raises:
        OptionError: a choice that does not exist.
        InputError: the probe's file.
    """

    labels: LabelMap | None = None
    taxonomy: str = "class"
    comma: str = "refuse"
    nested: str = "object"
    nested_by_class: Mapping[str, str] = field(default_factory=dict)
    touching_m: float = 0.02
    probe: str = ""
    points: LabelMap | None = None

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("comma", self.comma, COMMA),
            ("nested", self.nested, NESTED),
            *((f"nested_by_class[{key!r}]", value, NESTED) for key, value in self.nested_by_class.items()),
        ):
            if value not in choices:
                raise OptionError(f"{name}={value!r}: must be one of {', '.join(choices)}")
        if not self.touching_m >= 0:
            raise OptionError(f"touching_m={self.touching_m}: must be a length [m] of at least 0")
        folded = {name.casefold(): choice for name, choice in self.nested_by_class.items()}
        object.__setattr__(self, "nested_by_class", folded)
        _ = self.probed  # a file that cannot be read is told now

    @cached_property
    def probed(self) -> Probed:
        return Probed.read(self.probe) if self.probe else Probed()

    def nested_for(self, label: str) -> str:
        return self.nested_by_class.get(label.casefold(), self.nested) if self.nested_by_class else self.nested
