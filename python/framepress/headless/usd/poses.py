"""Where the nodes are: transforms and visibility read prim by prim, multiplied out level by level.

Products are written out term by term: the bits are then the same for one node or a thousand at a time, and on every
machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.headless.usd.nodes import Nodes

__all__ = ["Locals", "Poses", "product"]


def product(a: Array, b: Array) -> Array:
    """float64 (n, 4, 4): a @ b, matrix by matrix."""
    total = a[:, :, 0, None] * b[:, None, 0, :]
    for k in range(1, 4):
        total += a[:, :, k, None] * b[:, None, k, :]
    return np.asarray(total)


@dataclass(slots=True)
class Locals:
    """What each row of the nodes says by itself: R rows, one a prim and one a point.

    Args:
        matrix: float64 (R, 4, 4), to the parent, row vectors; shown: bool (R,); resets: bool (R,), whether the
            transform is relative to the world and not to the parent.
        varying: rows of prims whose transform or visibility has time samples.
    """

    row_of: dict[Sdf.Path, int] = field(default_factory=dict)
    matrix: Array = field(default_factory=lambda: np.empty((0, 4, 4)))
    shown: Array = field(default_factory=lambda: np.empty(0, dtype=bool))
    resets: Array = field(default_factory=lambda: np.empty(0, dtype=bool))
    varying: set[int] = field(default_factory=set)
    _prims: list[tuple[Any, Any]] = field(default_factory=list)  # Xformable and visibility attribute, None = neither
    _unsure: set[int] = field(default_factory=set)

    def add(self, prim: Usd.Prim, key: Sdf.Path) -> None:
        """A row for a prim, unless it has one. All prims come before all points."""
        if key in self.row_of:
            return
        self.row_of[key] = len(self._prims)
        xformable = UsdGeom.Xformable(prim)
        imageable = UsdGeom.Imageable(prim)
        self._prims.append((xformable or None, imageable.GetVisibilityAttr() if imageable else None))

    def set_points(self, counts: list[int]) -> list[int]:
        """Rows for the points of instancers, in place of all that there were; the first row of each."""
        firsts = (len(self._prims) + np.cumsum([0, *counts])).tolist()
        size = firsts.pop()
        matrix = np.broadcast_to(np.eye(4), (size, 4, 4)).copy()
        shown, resets = np.ones(size, dtype=bool), np.zeros(size, dtype=bool)
        known = min(len(self._prims), len(self.shown))
        matrix[:known], shown[:known], resets[:known] = self.matrix[:known], self.shown[:known], self.resets[:known]
        self.matrix, self.shown, self.resets = matrix, shown, resets
        return [int(first) for first in firsts]

    def read_all(self, time: Usd.TimeCode) -> None:
        """Reads every prim's row; `set_points` has made room for them."""
        self.read(range(len(self._prims)), time)
        self.find_varying()

    def read(self, rows: Any, time: Usd.TimeCode) -> bool:
        """Reads rows of prims anew; whether one of them started or ceased to reset the stack."""
        restacked = False
        for row in rows:
            xformable, visibility = self._prims[row]
            if xformable is not None:
                self.matrix[row] = xformable.GetLocalTransformation(time)
                resets = xformable.GetResetXformStack()
                restacked |= resets != self.resets[row]
                self.resets[row] = resets
            if visibility is not None:
                self.shown[row] = visibility.Get(time) != UsdGeom.Tokens.invisible
        self._unsure.update(rows)
        return restacked

    def find_varying(self) -> None:
        """Looks again for time samples where something was edited; due before another time is read."""
        for row in self._unsure:
            xformable, visibility = self._prims[row]
            moves = xformable is not None and xformable.TransformMightBeTimeVarying()
            if moves or (visibility is not None and visibility.ValueMightBeTimeVarying()):
                self.varying.add(row)
            else:
                self.varying.discard(row)
        self._unsure.clear()

    def place(self, row: int, matrices: Array, shown: Array) -> None:
        """Sets the rows of an instancer's points."""
        self.matrix[row : row + len(matrices)] = matrices
        self.shown[row : row + len(shown)] = shown


class Poses:
    """Every node in the world and in the space of the frame it is measured in.

    Args of the arrays (one more row than nodes, the last being the world's):
        world: float64 (N + 1, 4, 4), to world. shown: bool (N + 1,), with all above.
        within: float64 (N + 1, 4, 4), to the nearest frame at or above, `frame_of` (N + 1,), -1 = none above.
        torn: bool (N + 1,), whether a transform in between is not relative to its parent: `within` means nothing.
        detached: bool (N + 1,), whether the node's own transform is so.
    """

    def __init__(self, nodes: Nodes, local: Locals) -> None:
        self._nodes = nodes
        self._local = local
        count = len(nodes.parent)
        self.world = np.broadcast_to(np.eye(4), (count + 1, 4, 4)).copy()
        self.within = self.world.copy()
        self.shown = np.ones(count + 1, dtype=bool)
        self.is_frame = np.zeros(count + 1, dtype=bool)
        self.is_frame[nodes.frame] = True
        self._base = np.where(local.resets[nodes.row], nodes.base, nodes.parent)
        self.detached = np.append(self._base != nodes.parent, False)
        self.torn = self.detached & ~self.is_frame
        self.frame_of = np.append(np.where(self.is_frame[:-1], np.arange(count), -1), -1)
        for level in nodes.levels[1:]:
            parent, inner = nodes.parent[level], ~self.is_frame[level]
            self.torn[level] |= inner & self.torn[parent]
            self.frame_of[level] = np.where(inner, self.frame_of[parent], level)
        self.update(np.ones(len(local.shown), dtype=bool))

    def update(self, rows: Array) -> bool:
        """Works out what stands on rows that changed, bool (R,); whether anything does."""
        nodes, local = self._nodes, self._local
        moved = np.append(rows[nodes.row], False)
        if not moved.any():
            return False
        # A scene may hold what is not finite, or grows beyond all bounds on the way: it is found in the result.
        with np.errstate(invalid="ignore", over="ignore"):
            for level in nodes.levels:
                parent, base = nodes.parent[level], self._base[level]
                due = moved[level] | moved[parent] | moved[base]
                if not due.any():
                    continue
                level, parent, base = level[due], parent[due], base[due]
                moved[level] = True
                row = nodes.row[level]
                matrix = local.matrix[row]
                self.world[level] = product(matrix, self.world[base])
                self.within[level] = product(matrix, self.within[parent])
                self.within[level[self.is_frame[level]]] = np.eye(4)
                self.shown[level] = local.shown[row] & self.shown[parent]
        return True

    def to_frame_above(self, frames: Array) -> Array:
        """float64 (n, 4, 4): from these frames to the next ones above them."""
        return product(self._local.matrix[self._nodes.row[frames]], self.within[self._nodes.parent[frames]])
