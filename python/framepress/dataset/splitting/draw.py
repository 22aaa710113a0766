"""Splits of groups by the hash of their names: by shares, or by numbers of frames.

Groups that are placed already (`kept` is not -1) stay where they are, whatever comes to stand beside them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.split import Split
from framepress.dataset.splitting.groups import Groups
from framepress.dataset.splitting.links import FRAME
from framepress.errors import OptionError

__all__ = ["REST", "SplitCounts", "by_count", "by_share", "ranks"]

REST = "rest"
_PART = re.compile(rf"([A-Za-z0-9_-]+)=([0-9]+|{REST})")


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Numbers of frames by split; None for one that takes all that is left. Without such a one, they are in no split.

    Raises:
        OptionError: no number, a negative one, a name given twice, or more than one rest.
    """

    parts: tuple[tuple[str, int | None], ...]
    seed: int = 0

    def __post_init__(self) -> None:
        names, numbers = [name for name, _ in self.parts], [number for _, number in self.parts]
        if not names or len(set(names)) != len(names):
            raise OptionError(f"counts {self.text!r}: name each split once")
        if numbers.count(None) > 1 or any(number is not None and number < 0 for number in numbers):
            raise OptionError(f"counts {self.text!r}: whole numbers from 0 on, and one {REST} at most")

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> SplitCounts:
        """From `train=rest,val=100,test=100`.

        Raises:
            OptionError: another form.
        """
        parts: list[tuple[str, int | None]] = []
        for part in text.split(","):
            found = _PART.fullmatch(part.strip())
            if found is None:
                raise OptionError(f"counts {text!r}: {part!r}: write it as train={REST},val=100,test=100")
            parts.append((found[1], None if found[2] == REST else int(found[2])))
        return cls(tuple(parts), seed)

    @property
    def text(self) -> str:
        return ",".join(f"{name}={REST if number is None else number}" for name, number in self.parts)


def by_share(groups: Groups, split: Split, kept: Array) -> Array:
    """int32 (groups,): where the hash of each name falls, as `Split.of_key`: no group moves another.

    Args:
        kept: int32 (groups,), a position in `split.parts`, or -1.
    """
    codes = {name: code for code, (name, _) in enumerate(split.parts)}
    drawn = kept.astype(np.int32)
    for group in np.flatnonzero(kept < 0).tolist():
        drawn[group] = codes[split.of_key(groups.names[group])]
    return drawn


def ranks(names: Sequence[str], seed: int) -> Array:
    """int64 (N,): the place of each name in the order of their hashes; equal for equal sets of names."""
    hashes = (hashlib.sha256(f"{seed}\n{name}".encode()).digest() for name in names)
    order = np.argsort(
        np.fromiter((int.from_bytes(digest[:8], "big") for digest in hashes), np.uint64, len(names)), kind="stable"
    )
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(len(order))
    return found


def by_count(groups: Groups, counts: SplitCounts, kept: Array) -> Array:
    """int32 (groups,), -1 = in no split: exact numbers of frames.

    Groups come in the order of their hashes; each is taken by the first split that still has room for all of it.

    Raises:
        OptionError: there are too few frames, a split has more than asked for already, or its number cannot be made of
            whole groups in this order.
    """
    sizes, taken = groups.sizes(), kept.astype(np.int32)
    order = np.argsort(ranks(groups.names, counts.seed))
    for code, (name, number) in enumerate(counts.parts):
        if number is not None:
            held = int(sizes[taken == code].sum())
            free = order[taken[order] < 0]
            chosen = _filled(sizes[free], _room(name, number, held))
            taken[free[chosen]] = code
            _check(groups, name, number, held + int(sizes[free[chosen]].sum()), held + int(sizes[free].sum()))
    for code, (_, number) in enumerate(counts.parts):
        if number is None:
            taken[taken < 0] = code
    return taken


def _room(name: str, number: int, held: int) -> int:
    if held > number:
        raise OptionError(f"split {name!r} holds {held} frames that keep their split, {number} were asked for")
    return number - held


def _filled(sizes: Array, room: int) -> Array:
    """Positions of the groups that are taken, in order, each if it fits what is left."""
    ends = np.cumsum(sizes)
    whole = int(np.searchsorted(ends, room, side="right"))  # up to here all fit
    left = room - (int(ends[whole - 1]) if whole else 0)
    chosen = list(range(whole))
    for place in range(whole, len(sizes)):
        if left == 0:
            break
        if sizes[place] <= left:
            chosen.append(place)
            left -= int(sizes[place])
    return np.array(chosen, np.int64)


def _check(groups: Groups, name: str, number: int, reached: int, most: int) -> None:
    if most < number:
        raise OptionError(f"split {name!r}: {number} frames were asked for, {most} are left for it")
    if reached < number:
        raise OptionError(
            f"split {name!r}: {number} frames cannot be made of whole groups by {' and '.join(groups.by)}, {reached} "
            f"can; ask for {reached}, give another seed, or group by {FRAME}"
        )
