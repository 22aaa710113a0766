"""`pointcloud`: what the pixels' centres hit, float32 (N, 3), world, scene units; colours, normals and ids beside it.

Ids are those of `semantic_segmentation` and `instance_segmentation` in one byte each: they wrap at 256.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.payloads.segmentation import instance_ids, semantic_ids
from framepress.headless.payloads.shot import Ask, Value
from framepress.headless.scene import Lens
from framepress.headless.usd.lenses import rays

__all__ = ["pointcloud"]

_BLOCK = 32
"""Pixels whose points follow one another, as a GPU's warp writes them: so it is in captures of Isaac Sim."""


def pointcloud(ask: Ask) -> Value:
    """Points of labelled prims; with `includeUnlabelled` of all.

    They come in blocks of 32 pixels; inside one the order is the image's, that of the blocks is shuffled (in Isaac Sim
    at random, here the same way in each frame): no reader may take the n-th point for the n-th pixel.
    """
    buffers, camera = ask.shot.buffers, ask.shot.camera
    order = _shuffled(buffers.placement.size)
    slot = np.take(ask.labelled.slot, buffers.placement.reshape(-1)[order], mode="wrap")
    wanted = slot > (0 if ask.params.get("includeUnlabelled", False) else 1)
    pixels, seen = order[wanted], slot[wanted]
    distance = buffers.distance.reshape(-1)[pixels].astype(np.float64)
    pose = np.linalg.inv(camera.view)
    points = (_directions(camera.lens)[pixels] * distance[:, None]) @ pose[:3, :3] + pose[3, :3]
    return Value(
        points.astype(np.float32),
        {
            "pointNormals": ask.buffer("normals").reshape(-1, 4)[pixels].reshape(-1),
            "pointRgb": ask.buffer("rgba").reshape(-1, 4)[pixels].reshape(-1),
            "pointSemantic": semantic_ids(ask)[seen].astype(np.uint8),
            "pointInstance": instance_ids(ask)[seen].astype(np.uint8),
        },
    )


@lru_cache(maxsize=2)
def _shuffled(count: int) -> Array:
    """int64 (count,): the pixels in the order of their points."""
    # Knuth's multiplicative hash puts the blocks into an order without a pattern.
    rank = np.arange(1, -(-count // _BLOCK) + 1, dtype=np.uint32) * np.uint32(2654435769)
    return np.argsort(np.repeat(rank, _BLOCK)[:count], kind="stable")


@lru_cache(maxsize=2)
def _directions(lens: Lens) -> Array:
    """float64 (H * W, 3), unit, in the camera's own axes (x right, y up, looking along -z)."""
    return rays(lens).reshape(-1, 3) * (1, -1, -1)
