"""The labelled prims of a scene as one filter leaves them: who owns a pixel, and what the prim is called.

A prim that does not pass does not exist: its pixels are those of the nearest labelled prim above that does, else
nobody's. Whether it passes, its own labels decide; what it is called, those that it inherits too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.payloads.predicate import Predicate
from framepress.headless.scene import Entity, Placement, Scene

__all__ = ["Joined", "Labelled", "labelled"]

Joined = Literal["sorted", "own_first", "own_last"]
Labels = Mapping[str, str]

_NOTHING = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Labelled:
    """K prims that pass, of E labelled ones; D different sets of labels; N placements.

    Args:
        rows: int64 (K,), their rows in `Scene.entities`, ascending.
        paths: K prim paths.
        kinds: D label sets, taxonomy -> labels joined by commas.
        kind: int64 (K,), which of `kinds` a prim has.
        owner: int64 (E,), 0..K-1, the prim at or above an entity that passes; -1 = none does.
        slot: int64 (N + 1,), what a placement shows: 2 + k = prim k, 1 = no labelled prim; 0 for row -1, nothing hit.
        parent: int64 (E,), row of the nearest labelled ancestor, passing or not; -1 = none.
        levels: rows of entities that have a parent, the deepest level first.
        has_children: bool (K,), whether labelled prims are below, passing or not.
    """

    rows: Array
    paths: tuple[str, ...]
    kinds: tuple[Labels, ...]
    kind: Array
    owner: Array
    slot: Array
    parent: Array
    levels: tuple[Array, ...]
    has_children: Array

    def __len__(self) -> int:
        return len(self.rows)

    def summed(self, counts: Array) -> Array:
        """int64 (K,): a count of each entity's own pixels (E,), summed over those that a prim owns."""
        owned = self.owner >= 0
        return np.bincount(self.owner[owned], counts[owned], len(self)).astype(np.int64)

    def spans(self, boxes: Array) -> Array:
        """int64 (K, 4): inclusive boxes (E, 4) of own pixels, joined over all that is below; x_max < x_min = none."""
        low, high = boxes[:, :2].astype(np.int64), boxes[:, 2:].astype(np.int64)
        nothing = high[:, 0] < low[:, 0]
        low[nothing], high[nothing] = _NOTHING, -1
        for rows in self.levels:
            np.minimum.at(low, self.parent[rows], low[rows])
            np.maximum.at(high, self.parent[rows], high[rows])
        return np.concatenate([low, high], axis=1)[self.rows]


def labelled(scene: Scene, filters: tuple[Predicate, ...], joined: Joined) -> Labelled:
    """The prims that pass every filter.

    Answers are kept for as long as entities and placements are the same objects, as they are while only poses change.
    """
    memory = _latest[0]
    if memory.entities is not scene.entities or memory.placements is not scene.placements:
        memory = _latest[0] = _Memory(scene.entities, scene.placements, {})
    found = memory.answers.get((filters, joined))
    if found is None:
        found = memory.answers[filters, joined] = _labelled(scene.entities, scene.placements, filters, joined)
    return found


@dataclass(frozen=True, eq=False)
class _Memory:
    entities: tuple[Entity, ...]
    placements: tuple[Placement, ...]
    answers: dict[tuple[tuple[Predicate, ...], Joined], Labelled]


_latest = [_Memory((), (), {})]


def _labelled(
    entities: tuple[Entity, ...], placements: tuple[Placement, ...], filters: tuple[Predicate, ...], joined: Joined
) -> Labelled:
    parent = np.fromiter((entity.parent for entity in entities), np.int64, len(entities))
    levels = _levels(parent)
    passing = [row for row, entity in enumerate(entities) if all(one.passes(entity.own) for one in filters)]
    rows = np.array(passing, np.int64)
    owner = np.full(len(entities), -1, np.int64)
    owner[rows] = np.arange(len(rows))
    for below in reversed(levels):  # from the top: whoever is above is settled
        fallen = below[owner[below] < 0]
        owner[fallen] = owner[parent[fallen]]
    kinds: dict[tuple[tuple[str, str], ...], int] = {}
    kind = [kinds.setdefault(_labels(entities[row], filters, joined), len(kinds)) for row in passing]
    entity_of = np.fromiter((placement.entity for placement in placements), np.int64, len(placements))
    # One entry more for "unlabelled", which is where row -1 points.
    slot = np.append(owner, -1)[entity_of] + 2
    return Labelled(
        rows,
        tuple(entities[row].path for row in passing),
        tuple(dict(labels) for labels in kinds),
        np.array(kind, np.int64),
        owner,
        np.append(np.maximum(slot, 1), 0),
        parent,
        levels,
        np.array([entities[row].has_children for row in passing], bool),
    )


def _levels(parent: Array) -> tuple[Array, ...]:
    depth = np.zeros(len(parent), np.int64)
    above = parent
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parent[above], -1)
    return tuple(np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)), 0, -1))


def _labels(entity: Entity, filters: tuple[Predicate, ...], joined: Joined) -> tuple[tuple[str, str], ...]:
    found = {}
    for kind in (*entity.own, *(kind for kind in entity.inherited if kind not in entity.own)):
        if all(one.reports(kind) for one in filters):
            own, inherited = _lowered(entity.own.get(kind, ())), _lowered(entity.inherited.get(kind, ()))
            if joined == "own_last":
                own, inherited = list(reversed(inherited)), own
            texts = dict.fromkeys([*own, *inherited])
            found[kind] = ",".join(sorted(texts) if joined == "sorted" else texts)
    # In order of type, so that the same labels are the same set whichever was authored first.
    return tuple(sorted((kind, text) for kind, text in found.items() if text))


def _lowered(texts: Iterable[str]) -> list[str]:
    return [text.lower() for text in texts if text]
