"""How much of each class every group holds, and how far each split is from its share of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.splitting.groups import Groups
from framepress.dataset.splitting.links import known_links_of

__all__ = ["FRAMES", "LABEL", "Amounts", "Balance", "amounts_of", "balance_of"]

FRAMES = "frames"
LABEL = "label"
_SPAN = 1 << 20
_CELLS = 1 << 24


@dataclass(frozen=True, eq=False)
class Amounts:
    """A sparse table of groups and kinds, in the order of groups; no pair twice, every group has frames.

    Args:
        group, kind: int32 (N,).
        amount: int32 (N,), frames or objects, above 0.
        kinds: what is counted: `frames` first, then a class or a value of a field each.
    """

    group: Array
    kind: Array
    amount: Array
    kinds: tuple[str, ...]
    groups: int

    def by_split(self, codes: Array, splits: int) -> Array:
        """int64 (splits, kinds).

        Args:
            codes: int (groups,); what is not in 0 .. splits-1 is not counted.
        """
        code = codes[self.group].astype(np.int64)
        placed = (code >= 0) & (code < splits)
        cells = code[placed] * len(self.kinds) + self.kind[placed]
        held = np.bincount(cells, self.amount[placed], minlength=splits * len(self.kinds)).astype(np.int64)
        return np.reshape(held, (splits, len(self.kinds)))

    def totals(self) -> Array:
        """int64 (kinds,)"""
        found: Array = self.by_split(np.zeros(self.groups, np.int32), 1)[0]
        return found

    def only(self, chosen: Array) -> Amounts:
        """Without what the groups outside a bool (groups,) hold; they keep their numbers."""
        rows = chosen[self.group]
        return replace(self, group=self.group[rows], kind=self.kind[rows], amount=self.amount[rows])


@dataclass(frozen=True, slots=True)
class Balance:
    """One kind: how many of it are in each split, and how many should be.

    Args:
        ideal: the split's share of all that is in some split.
        groups: how many hold it. A kind of few groups cannot be dealt out exactly, one of a single group not at all.
    """

    kind: str
    held: tuple[int, ...]
    ideal: tuple[float, ...]
    groups: int

    @property
    def deviation(self) -> float:
        """The largest distance from the ideal, as a part of the ideal; 0 where there is nothing."""
        parts = [abs(held / ideal - 1) for held, ideal in zip(self.held, self.ideal, strict=True) if ideal > 0]
        return max(parts, default=0.0)

    def to_dict(self, splits: Sequence[str]) -> dict[str, Any]:
        return {
            "held": dict(zip(splits, self.held, strict=True)),
            "ideal": {name: round(ideal, 3) for name, ideal in zip(splits, self.ideal, strict=True)},
            "deviation": round(self.deviation, 6),
            "groups": self.groups,
        }


def balance_of(amounts: Amounts, codes: Array, shares: Sequence[float]) -> tuple[Balance, ...]:
    """What each split holds of each kind that some split holds, in the order of the kinds.

    Args:
        codes: int (groups,), a position in `shares`; other groups do not count.
        shares: what each split ought to have; they add up to 1.
    """
    amounts = amounts.only((codes >= 0) & (codes < len(shares)))
    held = amounts.by_split(codes, len(shares))
    groups = np.bincount(amounts.kind, minlength=len(amounts.kinds)).tolist()
    return tuple(
        Balance(
            kind,
            tuple(column.tolist()),
            tuple(share * int(column.sum()) for share in shares),
            groups[number],
        )
        for number, (kind, column) in enumerate(zip(amounts.kinds, held.T, strict=True))
        if groups[number]
    )


def amounts_of(index: Index, groups: Groups, by: Sequence[str] = (LABEL,)) -> Amounts:
    """Frames, and objects by class or frames by the value of a field, of each group.

    Args:
        by: `label`, or what frames can be grouped by, such as `scene` or `meta.KEY`.

    Raises:
        OptionError: a key is unknown, or no frame says anything of it.
    """
    kinds: list[str] = [FRAMES]
    parts = [(np.arange(len(groups)), np.zeros(len(groups), np.int32), groups.sizes())]
    for key in by:
        if key == LABEL:
            names: Sequence[str] = index.labels.names
            cells, amount = _objects(index, groups.of, max(len(names), 1))
        else:
            links = known_links_of(index, key)
            names = [f"{key}={name}" for name in links.names]
            cells, amount = _counted(groups.of[links.frame] * max(len(names), 1) + links.value)
        group, kind = np.divmod(cells, max(len(names), 1))
        parts.append((group, (kind + len(kinds)).astype(np.int32), amount))
        kinds += names
    group, kind, amount = (np.concatenate(column).astype(np.int32) for column in zip(*parts, strict=True))
    order = np.argsort(group, kind="stable")
    return Amounts(group[order], kind[order], amount[order], tuple(kinds), len(groups))


def _objects(index: Index, group_of: Array, classes: int) -> tuple[Array, Array]:
    """Cells (group * classes + class) in which there are objects, rising, and how many."""
    parts: list[tuple[Array, Array]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for start in range(0, index.objects.rows, _SPAN):
        group = group_of[index.objects["frame"][start : start + _SPAN]]
        first = int(group.min())
        cells = (group - first) * classes + index.objects["label"][start : start + _SPAN]
        if (int(group.max()) - first + 1) * classes <= _CELLS:  # a table is several times as fast as sorting
            table = np.bincount(cells)
            found = np.flatnonzero(table)
            parts.append((found + first * classes, table[found]))
        else:
            found, amount = _counted(cells)
            parts.append((found + first * classes, amount))
    cells, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    if (np.diff(cells) > 0).all():
        return cells, amount
    order = np.argsort(cells, kind="stable")
    cells, amount = cells[order], amount[order]
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    return cells[starts], np.add.reduceat(amount, starts)


def _counted(cells: Array) -> tuple[Array, Array]:
    found, amount = np.unique(cells, return_counts=True)
    return found, amount
