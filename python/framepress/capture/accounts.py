"""What became of every row that a capture delivered: nothing is left out without a name and a number."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Accounts"]

_EXAMPLES = 3


class Accounts:
    """Counters by name, each with its first few examples (prim paths, mostly), in the order in which they came up.

    `rows` are the rows of the annotator that the objects come from (2D boxes where there are any). Each ends as one of
    `objects`, in a counter `merged...` or in a counter `dropped: <reason>`; what does not, `unaccounted` tells.
    The other counters say what was found out on the way: `3d rows: ...`, `occlusion unknown`, and so on.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, name: str, count: int = 1, example: str = "") -> None:
        """Count something that was seen `count` times; 0 is not noted."""
        if not count:
            return
        self._counts[name] = self._counts.get(name, 0) + count
        if example and len(self._examples.setdefault(name, [])) < _EXAMPLES:
            self._examples[name].append(example)

    def update(self, other: Accounts) -> None:
        """Add another frame's numbers to these."""
        for name, count in other._counts.items():
            self.add(name, count)
            for example in other._examples.get(name, ()):
                if len(self._examples.setdefault(name, [])) < _EXAMPLES:
                    self._examples[name].append(example)

    @property
    def counts(self) -> Mapping[str, int]:
        return self._counts

    @property
    def examples(self) -> Mapping[str, list[str]]:
        return self._examples

    @property
    def unaccounted(self) -> int:
        """Rows that are neither an object, nor merged, nor dropped with a reason: 0, or this package has a bug."""
        fates = (count for name, count in self._counts.items() if name.startswith(("merged", "dropped: ")))
        return self._counts.get("rows", 0) - self._counts.get("objects", 0) - sum(fates)

    def __repr__(self) -> str:
        return f"Accounts({self._counts})"
