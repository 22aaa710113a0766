"""Labelled prims inside labelled prims: which rows are one object.

A prim and a labelled prim below it each have a row. With different classes both are objects: the driver in a forklift
is kept. With one class they are a family, and its outermost prim is one of two things:

* an **object** whose parts are labelled too (a forklift, its mast, its wheels): one object under the outermost path;
  box, mask ids and rows of the parts are merged into it;
* a **group** (a crowd of persons): its own row is dropped and each child stands for itself, looked at in the same way.

`object`, the default, tells them apart by the 3D boxes. The outermost prim is an object if it has geometry of its own,
that is, its box sticks out of the union of its children's boxes, or if the children's boxes touch one another in one
connected piece. Without 3D rows it is taken for an object, and counted as `merged unverified`. Hidden prims take part,
since 3D rows cover them: the answer does not depend on what the camera sees. Limit: a crowd in which everybody touches
is one piece; give such a class `innermost`.

`outermost` merges each family, `innermost` drops every row that has another of its class below it, `all` keeps all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.boxes3d import corners_world, extents
from framepress.capture.policy import Policy
from framepress.capture.rows import Rows
from framepress.capture.semantics import ancestors
from framepress.core.arrays import Array

__all__ = ["Geometry", "has_own_geometry", "in_one_piece", "owners"]

_STICKS_OUT = 0.01
"""Part of the outermost box's side that may be float noise and rounding of the children's boxes."""


@dataclass(frozen=True)
class Geometry:
    """3D rows by path, all of one view's, hidden ones too. `scale` is metres per scene unit."""

    rows: Rows | None
    scale: float

    def rows_of(self, paths: Sequence[str]) -> Array | None:
        """Row numbers; None where a path has no row."""
        if self.rows is None:
            return None
        found = [self.rows.row_of.get(path) for path in paths]
        return None if None in found else np.array(found, np.intp)


def owners(
    paths: Sequence[str],
    class_of: Mapping[str, str],
    geometry: Geometry,
    policy: Policy,
    accounts: Accounts,
) -> dict[str, str | None]:
    """Path -> path of the object it belongs to: its own, a prim above it, or None for a group's row.

    Args:
        paths: prim paths of the rows that become objects.
        class_of: path -> class of every labelled prim with a row of any kind, these among them.
    """
    owner: dict[str, str | None] = {path: path for path in class_of}
    children: dict[str, list[str]] = {}
    for path, parent in _parents(class_of).items():
        children.setdefault(parent, []).append(path)
    settle = {"object": _settle_object, "outermost": _settle_outermost, "innermost": _settle_innermost}
    shown = frozenset(paths)
    for root in children:
        choice = policy.nested_for(class_of[root])
        if choice != "all" and _nearest(root, class_of) is None:
            settle[choice](_Family(root, children, geometry, policy.touching_m, shown), owner, accounts)
    return owner


@dataclass(frozen=True)
class _Family:
    root: str
    children: Mapping[str, list[str]]  # path -> nearest prims of its class below it
    geometry: Geometry
    touching_m: float
    shown: frozenset[str]  # paths that have a row

    def below(self, path: str) -> list[str]:
        """Every prim of the family below one of its prims."""
        found: list[str] = []
        for child in self.children.get(path, ()):
            found += [child, *self.below(child)]
        return found


_Settle = Callable[[_Family, "dict[str, str | None]", Accounts], None]


def _settle_outermost(family: _Family, owner: dict[str, str | None], accounts: Accounts) -> None:
    _merge(family, family.root, owner, accounts, "merged")


def _settle_innermost(family: _Family, owner: dict[str, str | None], accounts: Accounts) -> None:
    for path in (family.root, *family.below(family.root)):
        if any(child in family.shown for child in family.below(path)):
            _drop_group(family, path, owner, accounts)


def _settle_object(family: _Family, owner: dict[str, str | None], accounts: Accounts) -> None:
    waiting = [family.root]
    while waiting:
        path = waiting.pop()
        children = family.children.get(path, [])
        if not children:
            continue
        verdict = _is_object(path, children, family)
        if verdict is False:
            _drop_group(family, path, owner, accounts)
            waiting += reversed(children)
        else:
            _merge(family, path, owner, accounts, "merged" if verdict else "merged unverified")


def _merge(family: _Family, root: str, owner: dict[str, str | None], accounts: Accounts, counter: str) -> None:
    members = [root, *family.below(root)]
    for path in members:
        owner[path] = root
    shown = [path for path in members if path in family.shown]
    accounts.add(counter, max(len(shown) - 1, 0), example=root)


def _drop_group(family: _Family, path: str, owner: dict[str, str | None], accounts: Accounts) -> None:
    owner[path] = None
    accounts.add("dropped: group", int(path in family.shown), example=path)


def _is_object(path: str, children: Sequence[str], family: _Family) -> bool | None:
    """None: not known, for want of 3D rows."""
    rows = family.geometry.rows_of([path, *children])
    if rows is None or family.geometry.rows is None:
        return None
    records = family.geometry.rows.records
    corners = corners_world(records[rows[1:]], family.geometry.scale)
    if has_own_geometry(records[rows[0]], corners, family.geometry.scale):
        return True
    return in_one_piece(corners.min(1), corners.max(1), family.touching_m)


def has_own_geometry(record: Array, children: Array, scale: float) -> bool:
    """Whether a prim's 3D row sticks out of the union of its children's boxes, seen along the prim's own axes.

    Args:
        record: the prim's row, a scalar of the structured dtype.
        children: (N, 8, 3) [m, world] corners.
    """
    low, high = (side[0] for side in extents(record.reshape(1)))
    transform = np.asarray(record["transform"], np.float64).reshape(4, 4)
    local = (children / scale - transform[3, :3]) @ np.linalg.inv(transform[:3, :3])
    tolerance = _STICKS_OUT * (high - low)
    covered_low, covered_high = local.min((0, 1)), local.max((0, 1))
    return bool((low < covered_low - tolerance).any() or (high > covered_high + tolerance).any())


def in_one_piece(low: Array, high: Array, margin: float) -> bool:
    """Whether axis-aligned boxes (N, 3) [m], each grown by half the margin, hang together."""
    apart = (low[:, None] > high[None] + margin).any(2)
    near = ~(apart | apart.T)
    reached = np.arange(len(low)) == 0
    while (wider := near[reached].any(0)).sum() > reached.sum():
        reached = wider
    return bool(reached.all())


def _nearest(path: str, class_of: Mapping[str, str]) -> str | None:
    """The nearest prim above with a row and the same class."""
    own = class_of[path]
    return next((parent for parent in ancestors(path) if class_of.get(parent) == own), None)


def _parents(class_of: Mapping[str, str]) -> dict[str, str]:
    """Path -> nearest prim of its class above it, for those that have one."""
    return {path: parent for path in class_of if (parent := _nearest(path, class_of)) is not None}
