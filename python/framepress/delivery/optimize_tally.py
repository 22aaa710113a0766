"""What an optimisation came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from framepress.delivery.optimize_images import Outcome

__all__ = ["Loss", "Optimized", "Saving", "Tally"]


@dataclass(frozen=True)
class Saving:
    """Of the files of one kind: how many there are and how many are new, and their bytes."""

    files: int
    changed: int
    before: int
    after: int

    @property
    def ratio(self) -> float:
        """Bytes now to bytes before."""
        return self.after / self.before if self.before else 1.0


@dataclass(frozen=True)
class Loss:
    """What pictures lost: peak signal-to-noise ratios [dB], and the largest error of an 8-bit value.

    `worst` is the file with the least ratio, as it is called now.
    """

    pictures: int
    psnr_db_least: float
    psnr_db_mean: float
    max_error: int
    worst: str


@dataclass(frozen=True)
class Optimized:
    """Args:
    target: the new folder; None where nothing could be saved, and nothing was written.
    kinds: kind of file -> what was saved; "pictures (png)", "labels (png)", "depth (npy)", "other files".
    stays: why files stayed as they are -> how many.
    left_behind: what stood beside pixels and has no place in the new format -> in how many files.
    renamed: files whose extension changed.
    loss: None where nothing was lost.
    """

    target: Path | None
    kinds: Mapping[str, Saving]
    stays: Mapping[str, int]
    left_behind: Mapping[str, int]
    renamed: int
    loss: Loss | None

    @property
    def before(self) -> int:
        return sum(saving.before for saving in self.kinds.values())

    @property
    def after(self) -> int:
        return sum(saving.after for saving in self.kinds.values())


@dataclass
class Tally:
    """Adds up; one thread at a time."""

    changed: int = 0
    renamed: int = 0
    _kinds: dict[str, list[int]] = field(default_factory=dict)
    _stays: Counter[str] = field(default_factory=Counter)
    _left_behind: Counter[str] = field(default_factory=Counter)
    _losses: list[tuple[float, int, str]] = field(default_factory=list)

    def add(self, kind: str, before: int, outcome: Outcome | None, name: str, *, renamed: bool = False) -> None:
        """One file.

        Args:
            outcome: None for one that nobody asked to be made smaller.
            name: as it is called now.
        """
        content = None if outcome is None else outcome.content
        sums = self._kinds.setdefault(kind, [0, 0, 0, 0])
        for place, value in enumerate((1, content is not None, before, before if content is None else len(content))):
            sums[place] += value
        if outcome is None:
            return
        if content is None:
            self._stays[outcome.reason] += 1
            return
        self.changed += 1
        self.renamed += renamed
        self._left_behind.update(outcome.left_behind)
        if outcome.psnr_db is not None and outcome.max_error is not None:
            self._losses.append((outcome.psnr_db, outcome.max_error, name))

    def result(self, target: Path | None) -> Optimized:
        losses = self._losses
        loss = Loss(
            pictures=len(losses),
            psnr_db_least=min(losses)[0],
            psnr_db_mean=sum(psnr for psnr, _, _ in losses) / len(losses),
            max_error=max(error for _, error, _ in losses),
            worst=min(losses)[2],
        ) if losses else None  # fmt: skip
        kinds = {kind: Saving(*sums) for kind, sums in sorted(self._kinds.items())}
        return Optimized(
            target,
            kinds,
            dict(sorted(self._stays.items())),
            dict(sorted(self._left_behind.items())),
            self.renamed,
            loss,
        )
