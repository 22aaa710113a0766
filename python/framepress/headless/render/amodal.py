"""Room for the bits of each entity's own coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.errors import InputError
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.kernels.raster import Cover
from framepress.headless.render.placements import Placements
from framepress.headless.render.views import Work

__all__ = ["Room", "no_room", "room"]

MOST_WORDS = (1 << 31) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Args: cover: `raster.Cover`. rows: int32, image rows of each entity's box."""

    cover: Any
    rows: Any


def room(work: Work, placements: Placements, entities: int, device: str) -> Room:
    """Bits for all pixels that the chunks of an entity, bounded in `work.boxes`, can cover.

    Raises:
        InputError: the entities' boxes together have more pixels than can be counted.
    """
    boxes = work.boxes.numpy()[: placements.chunks]
    drawn = np.flatnonzero((boxes[:, 0] < boxes[:, 2]) & (placements.chunk_entity >= 0))
    entity, box = placements.chunk_entity[drawn], boxes[drawn].astype(np.int64)
    order = np.argsort(entity, kind="stable")
    some, starts = np.unique(entity[order], return_index=True)
    corners = np.zeros((entities, 4), np.int64)
    if len(some):
        corners[some, :2] = np.minimum.reduceat(box[order, :2], starts, axis=0)
        corners[some, 2:] = np.maximum.reduceat(box[order, 2:], starts, axis=0)
    first = corners[:, 0] >> 5
    words = ((corners[:, 2] + 31) >> 5) - first
    rows = corners[:, 3] - corners[:, 1]
    ends = np.cumsum(words * rows)
    total = int(ends[-1]) if entities else 0
    if total > MOST_WORDS:
        pixels = work.keys.shape[0] * work.keys.shape[1]
        raise InputError(
            f"the boxes of {len(some)} entities have {total * 32} pixels, in an image of {pixels}: "
            "too many to count what each covers; use fewer labelled prims or a smaller image"
        )
    work.reserve_bits(total)
    places = np.stack([first, corners[:, 1], words, ends - words * rows], axis=1)
    cover = Cover()
    cover.places = upload(places.astype(np.int32), wp.vec4i, device)
    cover.bits = work.bits
    return Room(cover, upload(rows.astype(np.int32), wp.int32, device))


def no_room(work: Work, entities: int, device: str) -> Any:
    """A `raster.Cover` in which no entity has bits."""
    cover = Cover()
    cover.places = wp.zeros(max(entities, 1), dtype=wp.vec4i, device=device)
    cover.bits = work.bits
    return cover
