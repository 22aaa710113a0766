"""The part of a scene that moves: placements and entities with their matrices, visibility and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from pxr import Sdf

from framepress.core.arrays import Array
from framepress.headless.scene import Geometry, Placement, Skeleton
from framepress.headless.usd.bounds import EntityBounds
from framepress.headless.usd.forest import Forest
from framepress.headless.usd.nodes import Drawn, Nodes
from framepress.headless.usd.poses import Poses
from framepress.headless.usd.prims import first_of

__all__ = ["Table"]


class Table:
    """Args, beside those of `Scene`: drawn: what the placements show, each once. findings: what is not shown."""

    def __init__(self, forest: Forest, nodes: Nodes) -> None:
        self.forest = forest
        self.nodes = nodes
        self.drawn: tuple[Drawn, ...] = tuple({id(drawn): drawn for drawn in nodes.drawn}.values())
        self.placements = nodes.placements
        self.findings: tuple[str, ...] = ()
        self._poses = Poses(nodes, forest.local)
        self._bounds = EntityBounds(nodes, self._poses)
        self._skeletons: tuple[tuple[Skeleton, ...], tuple[Skeleton, ...]] = (), ()
        self._take_poses()

    def move(self, rows: Iterable[int]) -> None:
        """Works out what stands on rows of `forest.local` that changed."""
        changed = np.zeros(len(self.forest.local.shown), dtype=bool)
        changed[list(rows)] = True
        if self._poses.update(changed):
            self._take_poses()

    def _take_poses(self) -> None:
        nodes, poses = self.nodes, self._poses
        matrices = poses.world[nodes.leaf]
        lost = ~np.isfinite(matrices).all(axis=(1, 2))
        self.findings = ()
        if lost.any():
            matrices[lost] = np.eye(4)
            paths = [self.placements[k].path for k in np.flatnonzero(lost)]
            self.findings = (f"{first_of(paths)}: not drawn, its transform is not finite",)
        self.matrices = _read_only(matrices)
        self.visible = _read_only(poses.shown[nodes.leaf] & ~lost)
        self.entity_matrices = _read_only(poses.world[nodes.frame])

    def rebind(self) -> None:
        """Takes over the materials of `drawn`, where they are others than the placements'."""
        pairs = list(zip(self.placements, self.nodes.drawn, strict=True))
        if any(placement.materials != drawn.materials for placement, drawn in pairs):
            self.placements = tuple(
                placement
                if placement.materials == drawn.materials
                else Placement(placement.path, placement.geometry, drawn.materials, placement.entity)
                for placement, drawn in pairs
            )

    def measured(self, geometries: Sequence[Geometry]) -> Array:
        """`Scene.entity_bounds`."""
        return self._bounds.update(geometries, self.visible)

    def labelled(self, skeletons: tuple[Skeleton, ...]) -> tuple[Skeleton, ...]:
        """The skeletons with their entities; the same tuple again for the same skeletons."""
        before, known = self._skeletons
        if len(before) != len(skeletons) or any(new is not old for new, old in zip(skeletons, before, strict=True)):
            rows = {entity.path: row for row, entity in enumerate(self.nodes.entities)}
            known = tuple(replace(skeleton, entity=_nearest(skeleton.path, rows)) for skeleton in skeletons)
            self._skeletons = skeletons, known
        return known


def _nearest(path: str, rows: dict[str, int]) -> int:
    """The row of the nearest path in `rows` at or above; -1 = none."""
    prefixes = reversed(Sdf.Path(path).GetPrefixes())
    return next((rows[str(prefix)] for prefix in prefixes if str(prefix) in rows), -1)


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array
