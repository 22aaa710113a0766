"""Small id maps for the kernels' tests: random ones, and the shapes at which kernels break."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

IDS = np.array([0, 1, 2, 7, 255, 256, 65_535, 65_536, 2**24 - 1, 2**24 + 1, 3_000_000_019, 2**32 - 1], np.uint32)

EDGE_CASES = {
    "one pixel of an instance": np.array([[5]], np.uint32),
    "one pixel of background": np.array([[0]], np.uint32),
    "nothing but background": np.zeros((4, 7), np.uint32),
    "one instance over the full frame": np.full((5, 3), 2**32 - 1, np.uint32),
    "one row": np.array([[0, 3, 3, 0, 9, 3]], np.uint32),
    "one column": np.array([[0], [3], [3], [0], [9], [3]], np.uint32),
    "runs that wrap from a column to the next": np.array([[0, 4, 4], [0, 4, 0], [4, 4, 0], [4, 4, 4]], np.uint32),
    "a column that is full between two that are not": np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]], np.uint32),
    "the last pixel alone": np.array([[0, 0, 0], [0, 0, 2**24 + 1]], np.uint32),
    "a pixel in each corner": np.array([[6, 0, 0, 6], [0, 0, 0, 0], [6, 0, 0, 6]], np.uint32),
    "parts that touch at corners": np.array([[1, 0, 1, 2], [0, 1, 2, 1], [1, 2, 1, 0]], np.uint32),
    "a hole that meets the outside at a corner": np.array([[1, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1]], np.uint32),
    "an island in a hole": np.pad(np.pad(np.pad(np.ones((1, 2), np.uint32), 1), 1, constant_values=1), 1),
    "ids equal in their low 16 bits": np.array([[1, 65_537, 131_073], [65_537, 1, 1]], np.uint32),
    "ids equal in their high 16 bits": np.array([[65_537, 65_538], [65_538, 65_537], [65_537, 65_537]], np.uint32),
}


def random_maps(count: int, seed: int) -> Iterator[np.ndarray]:
    """`count` uint32 maps up to 45 pixels a side: noise, coarse noise, and overlapping rectangles."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        height, width = rng.integers(1, 46, 2)
        ids = rng.choice(IDS, rng.integers(1, 7), replace=False)
        kind = number % 3
        if kind == 0:
            yield rng.choice(ids, (height, width))
        elif kind == 1:
            coarse = rng.choice(ids, (height // 4 + 1, width // 4 + 1))
            yield np.ascontiguousarray(np.kron(coarse, np.ones((4, 4), np.uint32))[:height, :width])
        else:
            id_map = np.zeros((height, width), np.uint32)
            for value in rng.choice(ids, 8):
                y0, y1 = np.sort(rng.integers(0, height + 1, 2))
                x0, x1 = np.sort(rng.integers(0, width + 1, 2))
                id_map[y0:y1, x0:x1] = value
            yield id_map
