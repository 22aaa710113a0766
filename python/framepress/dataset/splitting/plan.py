"""A split of a dataset, made over the columns of its index before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from framepress.core import safe_name
from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.opening import Dataset
from framepress.dataset.select.derive import as_read
from framepress.dataset.split import Split
from framepress.dataset.splitting.balance import LABEL, Balance, amounts_of, balance_of
from framepress.dataset.splitting.draw import SplitCounts, by_count, by_share
from framepress.dataset.splitting.groups import Groups, groups_of
from framepress.dataset.splitting.lists import by_lists
from framepress.dataset.splitting.stratify import stratified
from framepress.errors import InputError, OptionError

__all__ = ["Method", "SplitPlan", "kept_from", "plan_split"]

Lists: TypeAlias = Mapping[str, Sequence[str]]
Method: TypeAlias = "Split | SplitCounts | Lists | Callable[[Index], Iterable[str]]"
"""Shares; numbers of frames; split -> entries as `lists.read_list` gives them; or a function of the index that says a
name for each frame, "" for none."""


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """Which split each frame of an index goes to.

    Args:
        names: the splits, those that were asked for first.
        codes: int32 (frames,), a position in `names`, -1 for a frame in no split.
        shares: what was asked for by shares, else what came out.
        groups: what was kept together; None where lists or a function decided.
        kept: frames that kept the split that they had.
        how: what was asked for, JSON-able.
    """

    index: Index
    names: tuple[str, ...]
    codes: Array
    shares: tuple[float, ...]
    groups: Groups | None
    kept: int
    how: Mapping[str, Any]

    def sizes(self) -> dict[str, int]:
        """Frames by split; "" for those in none, where there are any."""
        sizes = np.bincount(self.codes + 1, minlength=len(self.names) + 1).tolist()
        return dict(zip(self.names, sizes[1:], strict=True)) | ({"": sizes[0]} if sizes[0] else {})

    def by_id(self) -> dict[str, str]:
        """Frame id -> split, "" for none.

        Raises:
            InputError: two frames have one id.
        """
        found: dict[str, str] = {}
        names = (*self.names, "")
        for id, code in zip(self.index.frames.texts("id"), self.codes.tolist(), strict=True):
            if id in found:
                raise InputError(f"frame {id}: the dataset has two frames of that id; they cannot be told apart")
            found[id] = names[code]
        return found

    def balance(self, by: Sequence[str] = (LABEL,)) -> tuple[Balance, ...]:
        """What each split holds of frames and of each class, or of other kinds (see `balance.amounts_of`)."""
        groups = groups_of(self.index, ("frame",)) if self.groups is None else self.groups
        firsts = np.unique(groups.of, return_index=True)[1]
        return balance_of(amounts_of(self.index, groups, by), self.codes[firsts], self.shares)


def plan_split(
    source: Dataset | Index,
    method: Method,
    *,
    group: Sequence[str] = ("sequence",),
    stratify: Sequence[str] = (),
    kept: Dataset | Sequence[str] | None = None,
) -> SplitPlan:
    """Say which split each frame of a dataset goes to; nothing is written, and equal inputs give equal plans.

    Adding frames never moves one that was there: by shares as long as they are grouped by one key that parts them
    (sequence, scene, seed, a field of `meta`, or none); in every other case where `kept` says what was there.

    Args:
        method: shares, numbers, lists or a function. Lists and functions name frames, and keep no groups.
        group: keys of what must not be parted (see `groups.groups_of`); frames that one or the other links are one
            group.
        stratify: `label`, `scene`, `meta.KEY`, ...: what every split shall have its share of.
        kept: the dataset whose splits frames shall keep, by their ids: this one, or the last that was made of it; or a
            name a frame, "" for none.

    Raises:
        OptionError: a method or key is impossible, or the numbers cannot be reached.
        InputError: a list's entry is not found or found twice, or is to be kept in another split; or a group has
            frames in two of the splits that are kept.
    """
    index = index_of(source) if isinstance(source, Dataset) else source
    names, shares = _asked(method)
    if stratify and not isinstance(method, Split):
        raise OptionError("only a split by shares can be stratified: write it as train=.8,val=.1,test=.1")
    if isinstance(kept, Dataset):
        kept = kept_from(index, index_of(kept))
    fixed, names = _fixed(index, names, kept)
    groups: Groups | None = None
    if isinstance(method, Split | SplitCounts):
        groups = groups_of(index, group)
        held = _held(groups, fixed, names)
        if isinstance(method, SplitCounts):
            of_groups = by_count(groups, method, held)
        elif stratify:
            of_groups = stratified(groups, amounts_of(index, groups, stratify), shares, held, method.seed)
        else:
            of_groups = by_share(groups, method, held)
        codes = of_groups[groups.of]
    else:
        said, names = _said(index, method, names)
        if isinstance(method, Mapping):
            _refuse_moves(index, fixed, said, names)
        codes = np.where(fixed >= 0, fixed, said).astype(np.int32)
    for name in names:
        if safe_name(name) != name:
            raise OptionError(f"split {name!r}: only A-Z a-z 0-9 _ - are allowed; a list is named as NAME=FILE")
    how = {**_told(method), **({} if groups is None else {"group": list(group)})}
    how |= {"stratify": list(stratify)} if stratify else {}
    return SplitPlan(index, names, codes, _shares(shares, codes, names), groups, int((fixed >= 0).sum()), how)


def index_of(dataset: Dataset) -> Index:
    """The index with the frames that `dataset.frames` gives."""
    return Index.of(as_read(dataset))


def kept_from(index: Index, before: Index) -> list[str]:
    """The split that each frame of `index` has, by its id, in another dataset: the last split that was made of it."""
    splits = before.splits
    known = {
        id: splits[code]
        for id, code in zip(before.frames.texts("id"), before.frames["split"].tolist(), strict=True)
        if splits[code]
    }
    return [known.get(id, "") for id in index.frames.texts("id")]


def _asked(method: Method) -> tuple[tuple[str, ...], tuple[float, ...]]:
    if isinstance(method, Split):
        return tuple(name for name, _ in method.parts), tuple(share for _, share in method.parts)
    if isinstance(method, SplitCounts):
        return tuple(name for name, _ in method.parts), ()
    return (tuple(method) if isinstance(method, Mapping) else ()), ()


def _told(method: Method) -> dict[str, Any]:
    if isinstance(method, Split):
        return {"shares": dict(method.parts), "seed": method.seed}
    if isinstance(method, SplitCounts):
        return {"counts": method.text, "seed": method.seed}
    return {"lists": sorted(method)} if isinstance(method, Mapping) else {"function": method.__name__}


def _shares(asked: tuple[float, ...], codes: Array, names: Sequence[str]) -> tuple[float, ...]:
    if asked:
        return asked
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    return tuple((sizes / max(int(sizes.sum()), 1)).tolist())


def _fixed(index: Index, names: tuple[str, ...], kept: Sequence[str] | None) -> tuple[Array, tuple[str, ...]]:
    """int32 (frames,), a position in the names, or -1; and the names with those that only frames bring."""
    if kept is None:
        return np.full(index.frames.rows, -1, np.int32), names
    if len(kept) != index.frames.rows:
        raise OptionError(f"kept has {len(kept)} names, the dataset {index.frames.rows} frames")
    names = tuple(dict.fromkeys((*names, *sorted({name for name in kept if name}))))
    codes = {name: code for code, name in enumerate(names)} | {"": -1}
    return np.fromiter((codes[name] for name in kept), np.int32, len(kept)), names


def _held(groups: Groups, fixed: Array, names: Sequence[str]) -> Array:
    """int32 (groups,): the split that its frames keep, or -1.

    Raises:
        InputError: they keep different ones.
    """
    rows = np.flatnonzero(fixed >= 0)
    held = np.full(len(groups), -1, np.int32)
    held[groups.of[rows]] = fixed[rows]
    torn = rows[held[groups.of[rows]] != fixed[rows]]
    if len(torn):
        group = int(groups.of[torn[0]])
        one, other = names[fixed[torn[0]]], names[held[group]]
        raise InputError(
            f"{groups.names[group]!r}: its frames are in {one!r} and {other!r}, and shall be kept there and be kept "
            f"together (by {' and '.join(groups.by)}), which cannot be: draw anew, or group otherwise"
        )
    return held


def _refuse_moves(index: Index, fixed: Array, said: Array, names: Sequence[str]) -> None:
    """
    Raises:
        InputError: a list puts a frame into another split than the one that it keeps.
    """
    moved = np.flatnonzero((fixed >= 0) & (said >= 0) & (fixed != said))
    if len(moved):
        row = int(moved[0])
        raise InputError(
            f"frame {index.frames.texts('id')[row]}: a list puts it into {names[said[row]]!r}, and it shall keep "
            f"{names[fixed[row]]!r}, as {len(moved)} frame(s) in all: take them off the list, or keep no splits"
        )


def _said(
    index: Index, method: Lists | Callable[[Index], Iterable[str]], names: tuple[str, ...]
) -> tuple[Array, tuple[str, ...]]:
    if isinstance(method, Mapping):
        return by_lists(index, method), names
    said = list(method(index))
    if len(said) != index.frames.rows or not all(isinstance(name, str) for name in said):
        raise OptionError(
            f"the function said {len(said)} names for {index.frames.rows} frames; it must say a text for each"
        )
    names = tuple(dict.fromkeys((*names, *(name for name in said if name))))
    codes = {name: code for code, name in enumerate(names)} | {"": -1}
    return np.fromiter((codes[name] for name in said), np.int32, len(said)), names
