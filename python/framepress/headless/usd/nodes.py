"""The whole stage as one flat table of nodes, an instancer's points multiplied out.

A node is a prim at one place: a prim of the stage is one node, a prim of a prototype one for each point, below a node
that stands for the point itself. Whatever moves or hides is looked up by `row`, which copies share; so one prim's edit
is one row, however often it is drawn. Nodes come parents first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from pxr import Sdf, Usd

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.scene import Entity, Placement
from framepress.headless.usd.geometries import Shape
from framepress.headless.usd.prims import Branch
from framepress.headless.usd.semantics import Labels, inherited_labels

__all__ = ["Drawn", "Instancer", "Nodes", "flatten"]


@dataclass(slots=True)
class Drawn:
    """A leaf prim of a branch, shared by all its copies.

    Args:
        materials: rows of the scene's materials, one for each of the shape's slots.
        uvs_by: row of the material that says which uvs the shape has; -1 = it has its own in any case.
    """

    prim: Usd.Prim
    shape: Shape
    materials: tuple[int, ...]
    uvs_by: int


@dataclass(slots=True)
class Instancer:
    """Args: prototypes: int64 (n,), which of `branches`, -1 = none. row: that of its first point."""

    prototypes: Array
    row: int
    branches: list[Branch | None]


@dataclass(slots=True)
class Nodes:
    """N nodes, L leaves, E entities.

    Args:
        parent: int64 (N,), -1 = none. row: int64 (N,).
        base: int64 (N,), the point that a transform which resets the stack is still relative to; -1 = the world.
        levels: nodes by depth.
        leaf: int64 (L,), the node of a placement; drawn: what it shows.
        entity_of: int64 (N,), the nearest entity at or above a node; -1 = none.
        frame: int64 (E,), the node in whose space an entity is measured: its own, or for what an instancer draws many
            times over the outermost instancer's.
    """

    parent: Array
    row: Array
    base: Array
    levels: list[Array]
    leaf: Array
    drawn: tuple[Drawn, ...]
    placements: tuple[Placement, ...]
    entity_of: Array
    entities: tuple[Entity, ...]
    frame: Array


_MOST_NODES = 20_000_000  # some 10 GB


class _Leaf(NamedTuple):
    node: int
    path: str
    drawn: Drawn


class _Tag(NamedTuple):
    """A labelled node. `merged`: its path without the number of a point; `own`: the prim's. `silent`: its points stand
    in its stead, and only its labels count."""

    node: int
    path: str
    merged: str
    own: str
    labels: Labels
    silent: bool = False


@dataclass(slots=True)
class _Block:
    """A branch multiplied out, with paths and nodes counted from its root."""

    size: int
    parent: list[Array] = field(default_factory=list)
    row: list[Array] = field(default_factory=list)
    prim: list[Array] = field(default_factory=list)  # which nodes are the same prim, drawn more than once
    point: list[Array] = field(default_factory=list)  # nearest point at or above, -1 = none
    prims: int = 0
    leaves: list[_Leaf] = field(default_factory=list)
    tags: list[_Tag] = field(default_factory=list)

    def joined(self) -> tuple[Array, Array, Array, Array]:
        parts = (self.parent, self.row, self.prim, self.point)
        joined = [np.concatenate(p) if p else np.empty(0, dtype=np.int64) for p in parts]
        self.parent, self.row, self.prim, self.point = ([part] for part in joined)
        return joined[0], joined[1], joined[2], joined[3]


def flatten(
    stage: Branch,
    rows: Mapping[Sdf.Path, int],
    drawn: Callable[[Branch, int], Drawn | None],
    instancers: Mapping[Sdf.Path, Instancer],
    entity_per_point: bool,
) -> Nodes:
    """Args: rows: by a prim's key. drawn: of a prim of a branch; None = nothing. instancers: by a prim's key."""
    blocks = _Blocks(rows, drawn, instancers, entity_per_point)
    block = blocks.of(stage)
    parent, row, prim, point = block.joined()
    levels = _levels(parent)
    outer = np.full(len(parent), -1, dtype=np.int64)
    if not entity_per_point:
        for level in levels[1:]:
            # Under the outermost instancer a point has a parent that is under none.
            own = parent[level]
            outer[level] = np.where(outer[own] >= 0, outer[own], np.where(point[level] >= 0, own, -1))
    entities, entity_of, frame = _entities(block.tags, parent, prim, outer, levels)
    leaf = np.array([found.node for found in block.leaves], dtype=np.int64)
    placements = tuple(
        Placement(path, shown.shape.row, shown.materials, entity)
        for (_, path, shown), entity in zip(block.leaves, entity_of[leaf].tolist(), strict=True)
    )
    shown = tuple(found.drawn for found in block.leaves)
    return Nodes(parent, row, point, levels, leaf, shown, placements, entity_of, entities, frame)


class _Blocks:
    """Branches multiplied out, each once."""

    def __init__(
        self,
        rows: Mapping[Sdf.Path, int],
        drawn: Callable[[Branch, int], Drawn | None],
        instancers: Mapping[Sdf.Path, Instancer],
        entity_per_point: bool,
    ) -> None:
        self._rows = rows
        self._drawn = drawn
        self._instancers = instancers
        self._entity_per_point = entity_per_point
        self._done: dict[Sdf.Path, _Block] = {}

    def of(self, branch: Branch) -> _Block:
        if branch.root not in self._done:
            self._done[branch.root] = self._multiplied(branch)
        return self._done[branch.root]

    def _multiplied(self, branch: Branch) -> _Block:
        size = len(branch.prims)
        block = _Block(size, prims=size)
        block.parent.append(np.array(branch.parents, dtype=np.int64))
        block.row.append(np.array([self._rows[key] for key in branch.keys], dtype=np.int64))
        block.prim.append(np.arange(size))
        block.point.append(np.full(size, -1, dtype=np.int64))
        start = 0 if branch.root.IsAbsoluteRootPath() else len(str(branch.root))
        tags: dict[int, _Tag] = {}
        for node, (path, labels) in enumerate(zip(branch.paths, branch.labels, strict=True)):
            if labels is not None:
                tags[node] = _Tag(node, str(path)[start:], str(path)[start:], str(path), labels)
            drawn = self._drawn(branch, node) if branch.drawn[node] else None
            if drawn is not None:
                block.leaves.append(_Leaf(node, str(path)[start:], drawn))
        for node, key in enumerate(branch.keys):
            if branch.kinds[node] == "instancer" and branch.drawn[node] and key in self._instancers:
                tag = tags.get(node)
                self._multiply(block, self._instancers[key], node, str(branch.paths[node])[start:], tag)
                if tag is not None and self._entity_per_point:
                    tags[node] = tag._replace(silent=True)
        block.tags = sorted([*tags.values(), *block.tags], key=lambda tag: tag.node)
        return block

    def _multiply(self, block: _Block, instancer: Instancer, node: int, path: str, tag: _Tag | None) -> None:
        for k, branch in enumerate(instancer.branches):
            points = np.flatnonzero(instancer.prototypes == k)
            if branch is None or not len(points):
                continue
            copied = self.of(branch)
            stem = f"{path}/{branch.root.name}"
            first = self._stamp(block, copied, node, instancer.row + points, path)
            hands_down = self._entity_per_point and tag is not None and not any(t.node == 0 for t in copied.tags)
            for copy, point in enumerate(points.tolist()):
                at = first + copy * copied.size
                own = f"{stem}_{point}"
                if hands_down and tag is not None:
                    block.tags.append(_Tag(first - len(points) + copy, own, stem, own, tag.labels))
                block.leaves += [_Leaf(at + leaf.node, own + leaf.path, leaf.drawn) for leaf in copied.leaves]
                block.tags += [
                    _Tag(at + t.node, own + t.path, stem + t.merged, t.own, t.labels, t.silent) for t in copied.tags
                ]

    def _stamp(self, block: _Block, copied: _Block, node: int, rows: Array, path: str) -> int:
        """Adds the points and a copy of the prototype for each; the node of the first copy's root.

        Raises:
            InputError: there would be more nodes than memory is likely to hold.
        """
        parent, row, prim, point = copied.joined()
        n = len(rows)
        if block.size + n * (1 + copied.size) > _MOST_NODES:
            raise InputError(
                f"{path}: its {n} points of {copied.size} prims make the stage larger than {_MOST_NODES:,} prims; "
                "deactivate it, or instancers inside of its prototypes"
            )
        points = block.size + np.arange(n)
        first = block.size + n
        at = first + np.arange(n)[:, None] * copied.size
        block.parent += [np.full(n, node), np.where(parent < 0, points[:, None], parent + at).ravel()]
        block.row += [rows, np.tile(row, n)]
        block.prim += [np.full(n, block.prims), np.tile(block.prims + 1 + prim, n)]
        block.point += [points, np.where(point < 0, points[:, None], point + at).ravel()]
        block.size += n * (1 + copied.size)
        block.prims += 1 + copied.prims
        return first


def _levels(parent: Array) -> list[Array]:
    """Nodes by depth: those without parent, their children, and so on."""
    depth = np.zeros(len(parent), dtype=np.int64)
    above = parent.copy()
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parent[above], -1)
    order = np.argsort(depth, kind="stable")
    return np.split(order, np.cumsum(np.bincount(depth))[:-1]) if len(depth) else []


def _entities(
    tags: list[_Tag], parent: Array, prim: Array, outer: Array, levels: list[Array]
) -> tuple[tuple[Entity, ...], Array, Array]:
    """The entities, each node's, each entity's frame. A prim's copies are one entity, unless points have their own."""
    tag_of = np.full(len(parent), -1, dtype=np.int64)
    tag_of[np.array([tag.node for tag in tags], dtype=np.int64)] = np.arange(len(tags))
    for level in levels[1:]:
        tag_of[level] = np.where(tag_of[level] >= 0, tag_of[level], tag_of[parent[level]])
    above = [int(tag_of[parent[tag.node]]) if parent[tag.node] >= 0 else -1 for tag in tags]

    entity_of_tag: list[int] = []
    entity_of_prim: dict[int, int] = {}
    firsts: list[int] = []
    for k, tag in enumerate(tags):
        known = entity_of_prim.get(int(prim[tag.node]), -1) if outer[tag.node] >= 0 else -1
        if tag.silent:
            known = entity_of_tag[above[k]] if above[k] >= 0 else -1
        elif known < 0:
            known = entity_of_prim[int(prim[tag.node])] = len(firsts)
            firsts.append(k)
        entity_of_tag.append(known)
    parents = [entity_of_tag[above[k]] if above[k] >= 0 else -1 for k in firsts]
    with_children = set(parents)

    used: set[str] = set()
    inherited: dict[tuple[int, int], Labels] = {}
    entities = []
    for row, k in enumerate(firsts):
        tag = tags[k]
        path = tag.path
        if outer[tag.node] >= 0:
            path = tag.own if tag.own not in used else tag.merged
        used.add(path)
        # Points of one instancer share their labels and ancestors; so they share what they inherit.
        key = id(tag.labels), above[k]
        if key not in inherited:
            chain, at = [], above[k]
            while at >= 0:
                chain.append(tags[at].labels)
                at = above[at]
            inherited[key] = inherited_labels(tag.labels, chain)
        entities.append(Entity(path, tag.labels, inherited[key], parents[row], row in with_children))

    nodes = np.array([tags[k].node for k in firsts], dtype=np.int64)
    entity_of = np.append(np.array(entity_of_tag, dtype=np.int64), -1)[tag_of]
    return tuple(entities), entity_of, np.where(outer[nodes] >= 0, outer[nodes], nodes)
