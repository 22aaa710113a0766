"""What the pixels of one picture say: brightness, sharpness, and a print of it to find its twins by.

All of it is measured on one small grey copy (ITU-R BT.601 luma, its longer side about 640 pixels, each pixel the mean
of a square), so that a threshold means the same at every size.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image

from framepress.core.arrays import Array

__all__ = ["BLACK", "Measures", "THUMBNAIL", "WHITE", "measured"]

BLACK, WHITE = 8, 248
"""Grey levels: at or below is black, at or above is white."""
THUMBNAIL = 16
"""Cells a side."""

_SIDE = 640
_TILE = 16
_CONTRAST = 6.0  # standard deviation of a tile's levels: below it noise is most of what there is
_TILES = 4  # fewer with contrast say nothing
_LEVELS = np.arange(256, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Measures:
    """Levels are of grey, 0 to 255.

    Args:
        mean, std: of the levels.
        black, white: share of pixels, 0 to 1.
        sharpness: see `sharpness_of`; NaN where there is too little contrast to say.
        tail, tail_level: share of the rows, counted from the last one up, that are all of one level which is rare above
            them; and that level.
        difference_hash: 64 bits, see `difference_hash_of`.
        digest: 16 bytes; equal where the small grey copies are.
        thumbnail: mean levels of `THUMBNAIL` x `THUMBNAIL` cells, one byte each, row by row.
    """

    mean: float
    std: float
    black: float
    white: float
    sharpness: float
    tail: float
    tail_level: int
    difference_hash: int
    digest: bytes
    thumbnail: bytes


def measured(grey: Image.Image) -> Measures:
    """Measure a picture of mode L."""
    factor = max(1, round(max(grey.size) / _SIDE))
    small = grey.reduce((min(factor, grey.width), min(factor, grey.height)))
    levels = np.asarray(small)
    counts = np.array(small.histogram(), dtype=np.float64) / levels.size
    mean = float(counts @ _LEVELS)
    tail, tail_level = _tail(levels)
    return Measures(
        mean=mean,
        std=float(np.sqrt(counts @ (_LEVELS - mean) ** 2)),
        black=float(counts[: BLACK + 1].sum()),
        white=float(counts[WHITE:].sum()),
        sharpness=sharpness_of(levels),
        tail=tail,
        tail_level=tail_level,
        difference_hash=difference_hash_of(small),
        digest=sha256(b"%dx%d " % grey.size + levels.tobytes()).digest()[:16],
        thumbnail=small.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX).tobytes(),
    )


def sharpness_of(levels: Array) -> float:
    """How sharp the sharpest tenth of a picture is: 0 is a ramp, about 1 a clean edge, 20 white noise.

    The energy of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000; the
    modification of Subbarao et al. 1993 sums its square) over the variance of the levels, tile by tile: contrast
    cancels out. Tiles without contrast say nothing, and the upper decile is taken, because a plain background, a dark
    corner or depth of field leave most of a sharp picture without detail.

    Args:
        levels: uint8 (H, W).
    """
    rows, columns = (levels.shape[0] - 2) // _TILE, (levels.shape[1] - 2) // _TILE
    if rows * columns < _TILES:
        return float("nan")
    wide = levels[: rows * _TILE + 2, : columns * _TILE + 2].astype(np.int16)
    laplacian = 4 * wide[1:-1, 1:-1]
    for neighbour in (wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]):
        laplacian -= neighbour
    centre = wide[1:-1, 1:-1].astype(np.float32)
    variance = _of_tiles(centre * centre) - _of_tiles(centre) ** 2
    contrast = variance >= _CONTRAST**2
    if np.count_nonzero(contrast) < _TILES:
        return float("nan")
    energy = _of_tiles(laplacian.astype(np.float32) ** 2)
    return float(np.quantile(energy[contrast] / variance[contrast], 0.9))


def _of_tiles(values: Array) -> Array:
    """The mean of each tile; float32, contiguous, whole tiles."""
    rows, columns = values.shape[0] // _TILE, values.shape[1] // _TILE
    across = values.reshape(-1, _TILE) @ np.full(_TILE, 1 / _TILE**2, np.float32)  # faster than a sum of 16
    sums: Array = across.reshape(rows, _TILE, columns).sum(axis=1)
    return sums


def difference_hash_of(picture: Image.Image) -> int:
    """Which of neighbouring cells is brighter, 8 rows of 8 neighbours (dHash; N. Krawetz, "Kind of Like That", 2013).

    Brighter means by two levels at least: a plain background hashes to zeros, whatever noise is on it.
    """
    cells = np.asarray(picture.resize((9, 8), Image.Resampling.BOX)).astype(np.int16)
    return int.from_bytes(np.packbits(cells[:, :-1] - cells[:, 1:] >= 2).tobytes(), "big")


def _tail(levels: Array) -> tuple[float, int]:
    """Of a plain floor too little is in the way of the row `_TILE` above: that is no cut, which ends all at once."""
    level = int(levels[-1, 0])
    other = np.flatnonzero((levels != level).any(axis=1))
    last = int(other[-1]) if other.size else -1
    if last >= 0 and np.mean(levels[max(0, last - _TILE)] == level) > 0.1:
        return 0.0, level
    return (len(levels) - 1 - last) / len(levels), level
