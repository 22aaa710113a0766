"""What a run did: counted for every edition, so that nothing is lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from framepress.core import Frame
from framepress.core.features import features, record_features
from framepress.dataset.checks import FOUND
from framepress.formats import Row

__all__ = ["EditionReport", "Report", "Totals"]


@dataclass(frozen=True, slots=True)
class EditionReport:
    """`counts` are the format's own sums; `lost` counts the frames that held a feature which the format cannot."""

    format: str
    counts: Mapping[str, int]
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The dataset as it stands, and in `run` what this run asked for, wrote, skipped, dropped and failed."""

    target: str
    frames: int
    views: int
    objects: int
    classes: Mapping[str, int]
    splits: Mapping[str, int]
    editions: tuple[EditionReport, ...]
    run: Mapping[str, int]

    @property
    def findings(self) -> dict[str, int]:
        """Code -> how often this run's checks found it."""
        return {name.removeprefix(FOUND): count for name, count in self.run.items() if name.startswith(FOUND)}

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; counts sorted by name, classes and splits in their order."""
        return {
            "target": self.target,
            "frames": self.frames,
            "views": self.views,
            "objects": self.objects,
            "classes": dict(self.classes),
            "splits": dict(self.splits),
            "editions": {
                edition.format: {
                    "counts": dict(sorted(edition.counts.items())),
                    "lost": dict(sorted(edition.lost.items())),
                }
                for edition in self.editions
            },
            "run": dict(sorted(self.run.items())),
        }


@dataclass(slots=True)
class Totals:
    """Running sums over committed frames; the same whether summed while writing or from the journal.

    `carries` says of each edition which features survive in it.
    """

    carries: Mapping[str, frozenset[str]]
    frames: int = 0
    views: int = 0
    objects: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    lost: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, frame: Frame, channels: Iterable[str], rows: Mapping[str, Row]) -> None:
        """Count one frame; `channels` are those it had when it was written (a record has none)."""
        self.views += len(frame.views)
        for view in frame.views:
            self.objects += len(view.objects)
            self.classes.update(view.objects.labels)
        self._add(frame.split, features(frame) | set(channels), rows)

    def add_record(self, record: Mapping[str, Any], channels: Iterable[str], rows: Mapping[str, Row]) -> None:
        """The same of a frame's record, without making the frame."""
        self.views += len(record["views"])
        for view in record["views"]:
            labels = view["objects"]["label"] if "objects" in view else ()
            self.objects += len(labels)
            self.classes.update([view["classes"][label] for label in labels])
        self._add(record.get("split", ""), record_features(record) | set(channels), rows)

    def _add(self, split: str, held: frozenset[str], rows: Mapping[str, Row]) -> None:
        self.frames += 1
        self.splits[split] += 1
        for name, row in rows.items():
            self.counts.setdefault(name, Counter()).update(row.get("counts", {}))
            self.lost.setdefault(name, Counter()).update(held - self.carries[name])

    def report(self, target: str, classes: Iterable[str], splits: Iterable[str], run: Mapping[str, int]) -> Report:
        """The sums as they stand; classes and splits that were asked for appear even where they stayed empty."""
        return Report(
            target=target,
            frames=self.frames,
            views=self.views,
            objects=self.objects,
            classes={name: self.classes[name] for name in classes},
            splits=dict.fromkeys(splits, 0) | dict(self.splits),
            editions=tuple(
                EditionReport(name, self.counts.get(name, Counter()), self.lost.get(name, Counter()))
                for name in self.carries
            ),
            run=dict(run),
        )
