"""Splits that hold their share of every class: groups are dealt out by their rarest classes, then exchanged.

The aim is the sum over splits and kinds of ((held - ideal) / ideal)^2. The start deals the groups, sorted by what is
rarest in them, to the splits along a sequence of low discrepancy, so that like groups go to all splits in proportion:
rare classes first, as in iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011), but for all groups at once.
Then, in pools of groups, the move or exchange of two that brings the sum down most is made, again and again. What stays
far off cannot be reached: it weighs less in the passes that follow, so that the rest comes nearer.

Every sum is made in one stated order, without BLAS: equal inputs give equal splits on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.splitting.balance import Amounts
from framepress.dataset.splitting.draw import ranks
from framepress.dataset.splitting.groups import Groups

__all__ = ["stratified"]

_POOL = 480
_ROUNDS = 24
_STARTS = 2
_PASSES = 4
_KICKS = 300
"""Attempts to leave a local optimum by exchanging two pairs by chance, where all groups are in one pool."""
_FEW_KICKS = 40
_GOAL = 0.002
"""A deviation of a thousandth or two of the ideal is as good as none: large datasets stop there."""
_GOLDEN = 0.6180339887498949
_SPAN = 1 << 21


def stratified(groups: Groups, amounts: Amounts, shares: Sequence[float], kept: Array, seed: int = 0) -> Array:
    """int32 (groups,): a split each, such that every split has about its share of every kind.

    Args:
        shares: of the splits, adding up to 1.
        kept: int32 (groups,), where a group is placed already, or -1; one in a split beyond `shares` does not count.
    """
    free = np.flatnonzero(kept < 0)
    if not len(free):
        return kept.astype(np.int32)
    amounts = amounts.only(kept < len(shares))
    aim = _Aim(amounts, np.asarray(shares, np.float64))
    order = _by_rarity(amounts, free, ranks(groups.names, seed))
    best = (np.inf, kept)
    for start in range(_STARTS if len(free) <= _POOL else 1):
        codes = _dealt(aim, order, kept, (start + 0.5) / _STARTS)
        for _ in range(_PASSES):
            _improve(aim, codes, free, order)
            distance = aim.distance(codes)
            if distance < best[0]:
                best = distance, codes.copy()
            if aim.worst(codes) <= _GOAL:
                break
            aim.weigh(codes)
        aim.weigh(None)
    return best[1]


class _Aim:
    """What is asked for: `ideal`, and the `weight` of being off it squared, float64 (splits, kinds)."""

    def __init__(self, amounts: Amounts, shares: Array) -> None:
        self.amounts, self.shares = amounts, shares
        self.ideal = shares[:, None] * amounts.totals()
        count = np.maximum(np.bincount(amounts.kind, minlength=len(amounts.kinds)), 1)
        piece = np.maximum(amounts.totals() / count, 1)  # what comes in such pieces cannot be dealt out more finely
        self.scale = np.maximum(self.ideal, piece)
        self.share = np.ones(len(amounts.kinds))
        self.share[0] = len(amounts.kinds)  # frames weigh as much as all classes together
        self.weigh(None)

    def weigh(self, codes: Array | None) -> None:
        """All alike, or by how far off each is with these codes: squares then act as plain distances."""
        off = 1.0 if codes is None else np.maximum(np.abs(self.excess(codes)) / self.scale, _GOAL)
        self.weight = self.share / (self.scale**2 * off)

    def excess(self, codes: Array) -> Array:
        """float64 (splits, kinds): held less ideal."""
        found: Array = self.amounts.by_split(codes, len(self.shares)) - self.ideal
        return found

    def distance(self, codes: Array) -> float:
        return float(sum((np.abs(self.excess(codes)) / self.scale * self.share).ravel().tolist()))

    def worst(self, codes: Array) -> float:
        return float((np.abs(self.excess(codes)) / self.scale).max())


def _by_rarity(amounts: Amounts, free: Array, rank: Array) -> Array:
    """The free groups, those of one rarest kind side by side, by how much they have of it; then by the next rarest."""
    count = len(amounts.kinds)
    rarity = np.empty(count, np.int64)
    rarity[np.lexsort((np.arange(count), amounts.totals()))] = np.arange(count)
    by_rarity = np.lexsort((rarity[amounts.kind], amounts.group))
    group = amounts.group[by_rarity]
    starts, ends = np.searchsorted(group, free), np.searchsorted(group, free, side="right")
    keys: list[Array] = [rank[free]]
    for place in (2, 1, 0):  # of its kinds, the rarest is the first key to sort by
        row = by_rarity[np.minimum(starts + place, ends - 1)]
        there = starts + place < ends
        keys += [np.where(there, amounts.amount[row], 0), np.where(there, rarity[amounts.kind[row]], count)]
    order: Array = free[np.lexsort(keys)]
    return order


def _dealt(aim: _Aim, order: Array, kept: Array, offset: float) -> Array:
    """The groups of `order` to the splits, in proportion to the frames that each lacks."""
    codes = kept.astype(np.int32)
    lacking = np.maximum(-aim.excess(codes)[:, 0], 0)
    total = float(sum(lacking.tolist()))
    shares = lacking / total if total > 0 else aim.shares
    places = (np.arange(len(order)) * _GOLDEN + offset) % 1.0
    ends = np.cumsum(shares)
    codes[order] = np.minimum(np.searchsorted(ends, places, side="right"), len(shares) - 1)
    return codes


def _improve(aim: _Aim, codes: Array, free: Array, order: Array) -> None:
    """Exchange groups until no pool has anything to gain; changes `codes`."""
    whole = len(free) <= _POOL
    for number in range(1 if whole else _ROUNDS):
        if not whole and aim.worst(codes) <= _GOAL:
            return
        pool = free if whole else _pool(aim, codes, free, order, number)
        if not _exchange(aim, codes, pool, min(_KICKS, 6 * len(pool)) if whole else _FEW_KICKS):
            return


def _pool(aim: _Aim, codes: Array, free: Array, order: Array, number: int) -> Array:
    """Of each split, the groups that gain most by a move, and as many others, of all kinds, that change each round."""
    gain = _gains(aim, codes)[free]
    each = _POOL // (2 * len(aim.shares))
    chosen = []
    for split in range(len(aim.shares)):
        rows = np.flatnonzero(codes[free] == split)
        chosen.append(free[rows[np.argsort(gain[rows], kind="stable")[:each]]])
        there = order[codes[order] == split]
        step = max(len(there) // each, 1)
        chosen.append(there[number * 7919 % step :: step][:each])
    return np.unique(np.concatenate(chosen))


def _gains(aim: _Aim, codes: Array) -> Array:
    """float64 (groups,): how the distance changes by the best move of each group alone; below 0 is better."""
    amounts, excess, weight = aim.amounts, aim.excess(codes), aim.weight
    splits, count = len(aim.shares), amounts.groups
    moved = np.zeros((splits, count))
    left = np.zeros(count)
    for start in range(0, len(amounts.group), _SPAN):
        part = slice(start, start + _SPAN)
        group, kind, amount = amounts.group[part], amounts.kind[part], amounts.amount[part].astype(np.float64)
        own = codes[group]
        first = int(group[0])
        rows = group - first
        end = first + int(rows[-1]) + 1
        term = np.where(own < 0, 0, amount * (amount - 2 * excess[own, kind]) * weight[own, kind])
        left[first:end] += np.bincount(rows, term)
        for split in range(splits):
            moved[split, first:end] += np.bincount(
                rows, amount * (amount + 2 * excess[split, kind]) * weight[split, kind]
            )
    moved[np.clip(codes, 0, splits - 1), np.arange(count)] = np.inf
    best: Array = left + moved.min(0)
    return best


def _exchange(aim: _Aim, codes: Array, pool: Array, kicks: int) -> int:
    """Bring the distance down within the pool, as far as it goes; how many groups were moved. Changes `codes`."""
    found = _Pool(aim, codes, pool)
    found.descend()
    chance = Random(len(pool))
    for _ in range(kicks):
        before, distance = found.state(), found.distance
        for _ in range(2):
            found.kick(chance)
        found.descend()
        if found.distance > distance - found.least:
            found.restore(before)
    moved = int((codes[pool] != found.own).sum())
    codes[pool] = found.own
    return moved


class _Pool:
    """Some groups, the splits that they are in, and what it would change to move one or exchange two.

    Args:
        own: int32 (groups,), the split of each.
        distance: the sum of weighted squares, less what it was at first.
    """

    def __init__(self, aim: _Aim, codes: Array, pool: Array) -> None:
        table = _table(aim.amounts, pool)
        used = np.flatnonzero(table.any(0))
        table, excess, weight = table[:, used], aim.excess(codes)[:, used], aim.weight[:, used]
        splits, count = len(aim.shares), len(pool)
        self.own = codes[pool].copy()
        self.distance = 0.0
        self._products = np.zeros((splits, count, count))  # of two groups, summed over kinds with a split's weights
        self._slopes = np.zeros((splits, count))  # of a group and a split's excess
        for kind in range(len(used)):
            column = table[:, kind]
            product = column[:, None] * column
            for split in range(splits):
                self._products[split] += product * weight[split, kind]
                self._slopes[split] += column * (excess[split, kind] * weight[split, kind])
        self._squares = self._products[:, np.arange(count), np.arange(count)]
        self.least = 1e-9 * max(1.0, float(np.abs(self._squares).max(initial=0.0)))

    def state(self) -> tuple[float, Array, Array]:
        return self.distance, self.own.copy(), self._slopes.copy()

    def restore(self, state: tuple[float, Array, Array]) -> None:
        self.distance, self.own, self._slopes = state

    def descend(self) -> None:
        """Make the best move or exchange until none helps."""
        while True:
            change, one, other, there = self._best()
            if change > -self.least:
                return
            self._make(change, one, other, there)

    def kick(self, chance: Random) -> None:
        """Exchange two groups by chance."""
        one, other = int(chance.random() * len(self.own)), int(chance.random() * len(self.own))
        here, there = int(self.own[one]), int(self.own[other])
        if here != there:
            products = self._products[here, one, other] + self._products[there, one, other]
            change = self._moved(one, here, there) + self._moved(other, there, here) - 2 * products
            self._make(float(change), one, other, there)

    def _moved(self, rows: Any, here: int, there: int) -> Any:
        """How the distance changes if a group, or each of several alone, moves."""
        left = self._squares[here, rows] - 2 * self._slopes[here, rows]
        return left + self._squares[there, rows] + 2 * self._slopes[there, rows]

    def _make(self, change: float, one: int, other: int, there: int) -> None:
        """Args:
        other: what comes in its place, -1 for nothing.
        """
        here = int(self.own[one])
        step = self._products[:, one] - (self._products[:, other] if other >= 0 else 0)
        self._slopes[here] -= step[here]
        self._slopes[there] += step[there]
        self.own[one] = there
        if other >= 0:
            self.own[other] = here
        self.distance += change

    def _best(self) -> tuple[float, int, int, int]:
        """What `_make` takes: the change, the group that moves, the one that comes in its place, and where to."""
        best = (0.0, -1, -1, -1)
        rows = [np.flatnonzero(self.own == split) for split in range(len(self._products))]
        for a, b in combinations(range(len(rows)), 2):
            to_b, to_a = self._moved(rows[a], a, b), self._moved(rows[b], b, a)
            for change, group, there in ((to_b, rows[a], b), (to_a, rows[b], a)):
                if len(change) and change.min() < best[0]:
                    place = int(change.argmin())
                    best = float(change[place]), int(group[place]), -1, there
            if len(to_b) and len(to_a):
                both = np.ix_(rows[a], rows[b])
                change = to_b[:, None] + to_a - 2 * (self._products[a][both] + self._products[b][both])
                place = int(change.argmin())
                if change.flat[place] < best[0]:
                    one, other = divmod(place, len(to_a))
                    best = float(change.flat[place]), int(rows[a][one]), int(rows[b][other]), b
        return best


def _table(amounts: Amounts, pool: Array) -> Array:
    """float64 (pool, kinds); `pool` rises."""
    starts = np.searchsorted(amounts.group, pool)
    ends = np.searchsorted(amounts.group, pool, side="right")
    table = np.zeros((len(pool), len(amounts.kinds)))
    for row, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        table[row, amounts.kind[start:end]] = amounts.amount[start:end]
    return table
