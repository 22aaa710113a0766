"""Collects what rules find: counts all of it, keeps the first of each rule.

Memory does not grow with a dataset but for two numbers of each frame and object that something was found on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from framepress.quality.affected import Affected
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
    _affected: dict[tuple[str, str], Affected] = field(default_factory=dict)

    def add(self, code: str, severity: str, issues: Iterable[Issue], edition: str = "") -> None:
        for issue in issues:
            self.counts[code] += 1
            self.severities[code] = severity
            self._affected.setdefault((code, edition), Affected()).add(issue)
            kept = self._kept.setdefault(code, [])
            if len(kept) < self.kept_per_code:
                kept.append(Finding(code, severity, issue, edition))

    def of(self, code: str) -> list[Finding]:
        return list(self._kept.get(code, ()))

    def total(self, severity: str) -> int:
        """How many of this severity, kept or not."""
        return sum(count for code, count in self.counts.items() if self.severities[code] == severity)

    def affected(self, code: str) -> dict[str, Affected]:
        """Edition -> the frames and objects that findings of a code are about."""
        return {edition: found for (of, edition), found in self._affected.items() if of == code}

    def __iter__(self) -> Iterator[Finding]:
        """The kept ones, by code."""
        for code in sorted(self._kept):
            yield from self._kept[code]

    def __len__(self) -> int:
        return sum(self.counts.values())
