"""Room for the bits of each entity's own coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.kernels.raster import Cover
from framepress.headless.render.views import Work

__all__ = ["Room", "no_room", "room"]

MOST_WORDS = (1 << 31) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Args: cover: `raster.Cover`. rows: int32, image rows of each entity's box."""

    cover: Any
    rows: Any


def room(boxes: Array, chunk_entity: Array, entities: int, work: Work, device: str) -> Room:
    """Bits for all pixels that an entity's chunks can cover.

    Args:
        boxes: int32 (C, 4) of chunks, half open, as `bounds.bounds` leaves them. chunk_entity: (C,), -1 = none.

    Raises:
        InputError: the entities' boxes together have more pixels than can be counted.
    """
    drawn = (boxes[:, 0] < boxes[:, 2]) & (chunk_entity >= 0)
    entity, box = chunk_entity[drawn], boxes[drawn]
    low = np.full((entities, 2), 1 << 30, np.int64)
    high = np.zeros((entities, 2), np.int64)
    np.minimum.at(low, entity, box[:, :2])
    np.maximum.at(high, entity, box[:, 2:])
    some = high[:, 0] > 0
    first = np.where(some, low[:, 0] >> 5, 0)
    words = np.where(some, ((high[:, 0] - 1) >> 5) - first + 1, 0)
    rows = np.where(some, high[:, 1] - low[:, 1], 0)
    ends = np.cumsum(words * rows)
    total = int(ends[-1]) if entities else 0
    if total > MOST_WORDS:
        raise InputError(
            f"{entities} entities fill {total * 32} pixels by their boxes: more than can be counted at once"
        )
    work.reserve_bits(total)
    places = np.stack([first, np.where(some, low[:, 1], 0), words, ends - words * rows], axis=1)
    cover = Cover()
    cover.places = upload(places.astype(np.int32), wp.vec4i, device)
    cover.bits = work.bits
    return Room(cover, upload(rows.astype(np.int32), wp.int32, device))


def no_room(entities: int, work: Work, device: str) -> Any:
    """A `raster.Cover` in which no entity has bits."""
    cover = Cover()
    cover.places = wp.zeros(max(entities, 1), dtype=wp.vec4i, device=device)
    cover.bits = work.bits
    return cover
