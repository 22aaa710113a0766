"""Exact bounds of entities in their own spaces: of the points themselves, not of boxes that were turned.

Only what can touch the result is looked at point by point: a subtree's leaves are first bounded by the corners of their
geometries' boxes, and a leaf whose corners do not reach beyond an exact bound that is already known cannot change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.scene import Geometry
from framepress.headless.usd.nodes import Nodes
from framepress.headless.usd.poses import Poses, product

__all__ = ["EntityBounds"]

_LINEAR = np.array([[1.0] * 4] * 3 + [[0.0] * 4])


class _Extent:
    """A geometry's points, those that no triangle uses left out, and their box."""

    def __init__(self, geometry: Geometry, before: _Extent | None) -> None:
        self.geometry = geometry
        same = before is not None and before.geometry.triangles is geometry.triangles
        self.used: Array | None = before.used if before is not None and same else _used(geometry)
        self.points = geometry.points if self.used is None else geometry.points[self.used]
        self.box = np.stack([self.points.min(axis=0), self.points.max(axis=0)]).astype(np.float64)

    def under(self, matrix: Array) -> Array:
        """float64 (2, 3): bounds of the points after a matrix (4, 4)."""
        # Where axes stay axes, the box's ends are those of the points.
        straight = (np.count_nonzero(matrix[:3, :3], axis=0) <= 1).all()
        moved = _moved(self.box if straight else self.points, matrix)
        return np.stack([moved.min(axis=0), moved.max(axis=0)])


def _used(geometry: Geometry) -> Array | None:
    """The points that a triangle uses; None = all."""
    used = np.zeros(len(geometry.points), dtype=bool)
    used[geometry.triangles.ravel()] = True
    return None if used.all() else np.flatnonzero(used)


def _moved(points: Array, matrix: Array) -> Array:
    x, y, z = points[..., 0, None], points[..., 1, None], points[..., 2, None]
    rows = [matrix[..., None, k, :3] for k in range(4)]
    return np.asarray(x * rows[0] + y * rows[1] + z * rows[2] + rows[3])


class _Step(NamedTuple):
    """From one generation of matrices to the next: `rows` of all so far, multiplied up from `frames`."""

    rows: Array
    frames: Array


class EntityBounds:
    """`Scene.entity_bounds`, kept up to date: only entities in which something moved, changed or hid are looked at."""

    def __init__(self, nodes: Nodes, poses: Poses) -> None:
        self._nodes = nodes
        self._poses = poses
        entity, leaf, row = self._plan()
        order = np.argsort(entity, kind="stable")
        self._entity, self._leaf, self._row = entity[order], leaf[order], row[order]
        self._edges = np.searchsorted(self._entity, np.arange(len(nodes.entities) + 1))
        self._geometry = np.array([p.geometry for p in nodes.placements], dtype=np.int64)[self._leaf]
        self._extents: list[_Extent] = []
        self._boxes = np.empty((0, 2, 3))
        self._matrices = np.full((len(order), 4, 4), np.nan)
        self._visible = np.zeros(len(order), dtype=bool)
        self._bounds = np.full((len(nodes.entities), 2, 3), np.nan)

    def _plan(self) -> tuple[Array, Array, Array]:
        """Every entity and leaf of its subtree, with the row of the matrix from the one to the other.

        A leaf is first in the space of the nearest frame above it, then in that of the next one, and so on: generations
        of matrices, each made of the one before. Entities of one frame share a matrix.
        """
        nodes, poses = self._nodes, self._poses
        parents = np.array([*(entity.parent for entity in nodes.entities), -1], dtype=np.int64)
        frame_of_entity = np.append(nodes.frame, -1)
        leaf = np.flatnonzero(nodes.entity_of[nodes.leaf] >= 0)
        node = nodes.leaf[leaf]
        entity, frame, torn = nodes.entity_of[node], poses.frame_of[node], poses.torn[node]
        self._first = node
        self._steps: list[_Step] = []
        self._torn: list[_Step] = []  # matrices that have to be made by way of the world: their leaves' nodes
        self._torn_nodes: list[Array] = []
        pairs: list[tuple[Array, Array, Array]] = [(np.empty(0, np.int64),) * 3]
        before = 0
        while len(leaf):
            rows = before + np.arange(len(leaf))
            if torn.any():
                self._torn.append(_Step(rows[torn], frame[torn]))
                self._torn_nodes.append(nodes.leaf[leaf[torn]])
            here = frame_of_entity[entity] == frame
            while here.any():
                pairs.append((entity[here], leaf[here], rows[here]))
                entity = np.where(here, parents[entity], entity)
                here = here & (entity >= 0) & (frame_of_entity[entity] == frame)
            on = entity >= 0
            step = _Step(rows[on], frame[on])
            above = nodes.parent[step.frames]
            self._steps.append(step)
            before += len(leaf)
            leaf, entity, frame = leaf[on], entity[on], poses.frame_of[above]
            torn = torn[on] | poses.torn[above] | poses.detached[step.frames]
        entity, leaf, rows = (np.concatenate(column) for column in zip(*pairs, strict=True))
        return entity, leaf, rows

    def _pair_matrices(self) -> Array:
        """float64 (pairs, 4, 4): leaf to the entity's frame."""
        poses = self._poses
        with np.errstate(invalid="ignore", over="ignore"):
            matrices = poses.within[self._first]
            for step in self._steps:
                matrices = np.concatenate([matrices, product(matrices[step.rows], poses.to_frame_above(step.frames))])
            for step, nodes in zip(self._torn, self._torn_nodes, strict=True):
                matrices[step.rows] = product(poses.world[nodes], np.linalg.inv(poses.world[step.frames]))
        return np.asarray(matrices[self._row])

    def update(self, geometries: Sequence[Geometry], visible: Array) -> Array:
        """float64 (E, 2, 3), the same object if nothing changed. `visible`: bool (L,)."""
        changed = self._extend(geometries)[self._geometry]
        matrices, shown = self._pair_matrices(), visible[self._leaf]
        changed |= (matrices != self._matrices).any(axis=(1, 2)) | (shown != self._visible)
        self._matrices, self._visible = matrices, shown
        if changed.any():
            self._bounds = self._bounds.copy()
            due = np.zeros(len(self._bounds), dtype=bool)
            due[self._entity[changed]] = True
            self._measure(due, np.flatnonzero(shown & due[self._entity]))
            self._bounds.flags.writeable = False
        return self._bounds

    def _extend(self, geometries: Sequence[Geometry]) -> Array:
        """Brings the extents up to date; bool (geometries,) which are others than before."""
        changed = np.zeros(len(geometries), dtype=bool)
        for k, geometry in enumerate(geometries):
            before = self._extents[k] if k < len(self._extents) else None
            if before is None:
                self._extents.append(_Extent(geometry, None))
            elif before.geometry is not geometry:
                self._extents[k] = _Extent(geometry, before)
            changed[k] = before is None or before.geometry is not geometry
        if changed.any():
            self._boxes = np.stack([extent.box for extent in self._extents])
        return changed

    def _measure(self, due: Array, pairs: Array) -> None:
        """Sets the bounds of the entities that are `due`, whose visible leaves are in `pairs`."""
        self._bounds[due] = np.nan
        boxes, matrices = self._boxes[self._geometry[pairs]], self._matrices[pairs]
        middle, half = boxes.mean(axis=1), (boxes[:, 1] - boxes[:, 0]) / 2
        middle = _moved(middle[:, None], matrices)[:, 0]
        half = _moved(half[:, None], np.abs(matrices) * _LINEAR)[:, 0]
        # Minima of both sides; the slack is more than any rounding on the way.
        reach = np.concatenate([middle - half, -middle - half], axis=1)
        reach -= 1e-9 * np.concatenate([np.abs(middle) + half] * 2, axis=1)
        edges = np.searchsorted(self._entity[pairs], np.arange(len(due) + 1))
        count = np.diff(edges)
        straight = (np.count_nonzero(matrices[:, :3, :3], axis=1) <= 1).all(axis=1)
        lone = edges[:-1][count == 1]
        lone = lone[straight[lone]]
        ends = _moved(boxes[lone], matrices[lone])
        self._bounds[self._entity[pairs[lone]]] = np.stack([ends.min(axis=1), ends.max(axis=1)], axis=1)
        left = count > 0
        left[self._entity[pairs[lone]]] = False
        for entity in np.flatnonzero(left):
            span = slice(edges[entity], edges[entity + 1])
            self._bounds[entity] = self._bound(pairs[span], reach[span])

    def _bound(self, pairs: Array, reach: Array) -> Array:
        """The bounds (2, 3) of some leaves of one entity. `reach`: (n, 6), what each can reach at the most."""
        best = np.full(6, np.inf)
        unknown = np.ones(len(pairs), dtype=bool)
        for side in range(6):
            while True:
                open_ = np.flatnonzero(unknown & (reach[:, side] < best[side]))
                if not len(open_):
                    break
                k = open_[reach[open_, side].argmin()]
                low, high = self._extents[self._geometry[pairs[k]]].under(self._matrices[pairs[k]])
                best = np.minimum(best, np.concatenate([low, -high]))
                unknown[k] = False
        return np.stack([best[:3], -best[3:]])
