"""Exact polygons: from masks to rings, and from rings to what the formats can hold.

Rings come with the id map in one pass (`masks.mask_table(..., rings=True)`); here are the other ways in. Coordinates
are pixel corners (edge convention), so a polygon filled by the rule "a pixel belongs where its centre is inside" gives
the mask back bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from framepress.core.arrays import Array
from framepress.core.rle import Rle
from framepress.errors import InputError
from framepress.ops import backend, rle
from framepress.ops.rings import Rings

__all__ = ["CocoRings", "bridged_ring", "coco_rings", "pixel_centres", "rings_of_mask", "rings_of_rles"]

# Each ring searches all that was joined before: more than this many are joined by halves, so that a mask of noise with
# a hundred thousand specks does not take quadratic time.
MOST_AT_ONCE = 32


class CocoRings(NamedTuple):
    """COCO's polygon form of one mask."""

    segmentation: list[list[int]]
    """The outer rings, each flat: x, y, x, y, ..."""
    holds: bool
    """False where the mask has holes: the polygons would fill them, so write run lengths instead."""


def rings_of_mask(mask: Array) -> Rings:
    """The rings of one mask (H, W), bool or integer, whose nonzero pixels belong to the object; one row.

    Raises:
        InputError: not two axes, no pixels, neither bool nor integers.
    """
    if mask.ndim != 2 or not mask.size or mask.dtype.kind not in "biu":
        raise InputError(f"a mask is a (H, W) array of bool with at least one pixel, got {mask.dtype} {mask.shape}")
    one = np.ascontiguousarray(mask != 0).view(np.uint8)
    rings = backend.kernels().press(one, np.ones(1, np.uint32), True, True).rings
    assert rings is not None
    return rings if len(rings) else Rings.none(1)


def rings_of_rles(masks: Sequence[Rle]) -> Rings:
    """The rings of many masks, which may overlap and differ in size, a row each.

    Raises:
        InputError: runs that are negative or do not add up, or text that is none.
    """
    if not masks:
        return Rings.none(0)
    parts = [_cracks(row, mask) for row, mask in enumerate(masks)]
    row, y, x, below = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((x, y, row))
    return backend.kernels().rings_of_cracks(row[order], y[order], x[order], below[order], len(masks))


def _cracks(row: int, mask: Rle) -> tuple[Array, Array, Array, Array]:
    """Row, y, x and side of both ends of each piece of a run that lies in one column."""
    start, end = rle.runs(mask)
    left, right = start // mask.height, (end - 1) // mask.height
    pieces = right - left + 1
    last = np.cumsum(pieces) - 1
    x = np.repeat(left, pieces)
    x += np.arange(x.size) - np.repeat(last - pieces + 1, pieces)
    top, bottom = np.zeros(x.size, np.int64), np.full(x.size, mask.height)
    top[last - pieces + 1] = start - left * mask.height
    bottom[last] = end - right * mask.height
    below = np.repeat([True, False], x.size)
    return np.full(2 * x.size, row), np.concatenate((top, bottom)), np.concatenate((x, x)), below


def coco_rings(rings: Rings, row: int) -> CocoRings:
    """The mask as COCO polygons, which pycocotools fills to exactly the same pixels wherever `holds` is True."""
    return CocoRings([ring.reshape(-1).tolist() for ring in rings.outers(row)], not rings.holes(row))


def bridged_ring(
    outers: Sequence[Array], holes: Sequence[Array] = (), raster: Literal["edge", "fillpoly"] = "edge"
) -> Array:
    """All rings of one mask joined to ONE ring, (K, 2), by seams of zero width: there and back on the same line.

    Filled by the even-odd or the nonzero rule, or by pycocotools, it gives the same pixels as the rings one by one.

    Args:
        outers: (K, 2) int32 pixel corners each, as `Rings.outers` gives them; at least one.
        holes: likewise.
        raster: "edge" keeps the pixel corners (exact geometry, exact boxes). "fillpoly" gives the centres of the pixels
            along the rim instead, for readers that truncate to whole pixels and fill with OpenCV's `fillPoly`, which
            paints the rim too (Ultralytics): such a reader gets the same pixels, plus those that a seam between two
            parts runs over.

    Raises:
        InputError: no outer ring.
    """
    if not outers:
        raise InputError("a mask without an outer ring has no polygon")
    rings = [*outers, *holes]
    if raster == "fillpoly":
        rings = [pixel_centres(ring) for ring in rings]
    return _joined(rings)


def pixel_centres(ring: Array) -> Array:
    """`ring` moved by half a pixel into the mask: float64 centres of the mask's pixels along it, a corner each."""
    sides = np.sign(np.roll(ring, -1, axis=0) - ring)
    # The mask is on the right hand: with y down, right of (dx, dy) is (-dy, dx).
    inward = np.stack((-sides[:, 1], sides[:, 0]), axis=1)
    centres: Array = ring + (inward + np.roll(inward, 1, axis=0)) / 2
    return centres


def _joined(rings: Sequence[Array]) -> Array:
    """One ring through all of `rings`, each joined to what is there already."""
    if len(rings) > MOST_AT_ONCE:
        half = len(rings) // 2
        rings = [_joined(rings[:half]), _joined(rings[half:])]
    path = rings[0]
    for ring in rings[1:]:
        here, there = _seam(path, ring)
        path = np.concatenate((path[: here + 1], ring[there:], ring[: there + 1], path[here:]))
    return path


def _seam(path: Array, ring: Array) -> tuple[int, int]:
    """A short seam: indices of a corner of `path` and a corner of `ring` that are nearest to each other.

    From one ring to the other and back until no nearer corner turns up: the corners are mutually nearest, though two
    others might be nearer still. Equal distances go to the first corner.
    """
    there, shortest = 0, np.inf
    while True:
        here = int(np.argmin(np.square(path - ring[there]).sum(axis=1)))
        lengths = np.square(ring - path[here]).sum(axis=1)
        nearest = int(np.argmin(lengths))
        if lengths[nearest] >= shortest:
            return here, there
        there, shortest = nearest, lengths[nearest]
