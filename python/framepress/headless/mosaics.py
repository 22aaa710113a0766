"""What a tiled render product's cameras see, as the buffers of one picture: tiles by rows, in the order of the cameras.

Cells of the last row that have no camera show nothing. What is counted or bounded for an entity is so over the whole
picture: an entity that two cameras see has one box around both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.buffers import Buffers

__all__ = ["grid_of", "mosaic_buffers"]


def grid_of(cameras: int) -> tuple[int, int]:
    """(columns, rows): as many columns as make the grid a square, and no empty row.

    Source: `create.render_product_tiled` of omni.replicator.core 1.13.
    """
    columns = math.isqrt(cameras - 1) + 1
    return columns, -(-cameras // columns)


def mosaic_buffers(tiles: Sequence[Buffers]) -> Buffers:
    """Args: tiles: of one size, with the same passes."""
    whole = _Mosaic(len(tiles), tiles[0].placement.shape[::-1])
    return Buffers(
        placement=whole.image([tile.placement for tile in tiles], -1),
        entity=whole.image([tile.entity for tile in tiles], -1),
        depth=whole.image([tile.depth for tile in tiles], np.inf),
        distance=whole.image([tile.distance for tile in tiles], np.inf),
        rgba=_if_drawn([tile.rgba for tile in tiles], whole.image),
        normals=_if_drawn([tile.normals for tile in tiles], whole.image),
        motion=_if_drawn([tile.motion for tile in tiles], whole.image),
        visible_count=_sum([tile.visible_count for tile in tiles]),
        visible_box=whole.united([tile.visible_box for tile in tiles]),
        amodal_count=_if_drawn([tile.amodal_count for tile in tiles], _sum),
        amodal_box=_if_drawn([tile.amodal_box for tile in tiles], whole.united),
    )


def _if_drawn(arrays: Sequence[Array | None], join: Callable[[Sequence[Array]], Array]) -> Array | None:
    drawn = [array for array in arrays if array is not None]
    return join(drawn) if drawn else None


def _sum(counts: Sequence[Array]) -> Array:
    return np.asarray(np.sum(counts, axis=0))


@dataclass(frozen=True)
class _Mosaic:
    cameras: int
    tile_wh: tuple[int, ...]

    @property
    def _origins(self) -> list[tuple[int, int]]:
        """x, y of each tile's first pixel."""
        (columns, _), (width, height) = grid_of(self.cameras), self.tile_wh
        return [(number % columns * width, number // columns * height) for number in range(self.cameras)]

    def image(self, tiles: Sequence[Array], nothing: float = 0) -> Array:
        (columns, rows), (width, height) = grid_of(self.cameras), self.tile_wh
        whole = np.full((rows * height, columns * width, *tiles[0].shape[2:]), nothing, tiles[0].dtype)
        for tile, (x, y) in zip(tiles, self._origins, strict=True):
            whole[y : y + height, x : x + width] = tile
        return whole

    def united(self, boxes: Sequence[Array]) -> Array:
        """Inclusive boxes (E, 4) of each tile, as one box an entity of the whole; x_max < x_min where it is in none."""
        absent = np.array([box[:, 2] < box[:, 0] for box in boxes])[..., None]
        moved = np.array([box + np.tile(origin, 2) for box, origin in zip(boxes, self._origins, strict=True)])
        limit = np.iinfo(np.int32)
        low = np.where(absent, limit.max, moved[..., :2]).min(axis=0)
        high = np.where(absent, limit.min, moved[..., 2:]).max(axis=0)
        united = np.concatenate([low, high], axis=1)
        return np.where(absent.all(axis=0), (0, 0, -1, -1), united).astype(np.int32)
