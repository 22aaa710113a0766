"""Collects what rules find: counts all of it, keeps the first of each rule. Memory does not grow with a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from framepress.quality.issue import Finding, Issue

__all__ = ["Findings", "KEPT"]

KEPT = 1000
"""Findings of one code that are kept; further ones are counted."""


@dataclass
class Findings:
    """In the order of rules and files, whatever the order of threads: whoever adds does so in order."""

    kept_per_code: int = KEPT
    counts: Counter[str] = field(default_factory=Counter)
    severities: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, list[Finding]] = field(default_factory=dict)

    def add(self, code: str, severity: str, issues: Iterable[Issue], edition: str = "") -> None:
        for issue in issues:
            self.counts[code] += 1
            self.severities[code] = severity
            kept = self._kept.setdefault(code, [])
            if len(kept) < self.kept_per_code:
                kept.append(Finding(code, severity, issue, edition))

    def of(self, code: str) -> list[Finding]:
        return list(self._kept.get(code, ()))

    def total(self, severity: str) -> int:
        """How many of this severity, kept or not."""
        return sum(count for code, count in self.counts.items() if self.severities[code] == severity)

    def __iter__(self) -> Iterator[Finding]:
        """The kept ones, by code."""
        for code in sorted(self._kept):
            yield from self._kept[code]

    def __len__(self) -> int:
        return sum(self.counts.values())
