"""Masks of a frame: ours beside the usual ways, on the same id maps, as CPU milliseconds and as ratios.

    python bench/masks.py [--size 1280x720] [--counts 5,30,150] [--rounds 15]

Each round runs every method once on one map, so that a busy machine slows all of them; the median over the rounds is
shown. What a method yields is said beside it, because not all of them yield the same. Peers that are not installed are
left out and named.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from workload import id_map as made

from framepress.ops import backend, masks

Method = Callable[[np.ndarray], object]


def ours(name: str, rings: bool) -> Method:
    def press(id_map: np.ndarray) -> object:
        os.environ[backend.VARIABLE] = name
        return masks.mask_table(id_map, rings=rings)

    return press


def pycocotools_each(id_map: np.ndarray) -> object:
    from pycocotools import mask as api

    encoded = [api.encode(np.asfortranarray(id_map == value)) for value in _instances(id_map)]
    return [(mask, api.toBbox(mask), api.area(mask)) for mask in encoded]


def rlemasklib_map(id_map: np.ndarray) -> object:
    import rlemasklib

    found = rlemasklib.RLEMask.from_label_map(id_map.astype(np.uint8))  # it takes no more than 255 instances
    return [(mask.to_dict(), mask.bbox(), mask.area()) for mask in found.values()]


def opencv_each(id_map: np.ndarray) -> object:
    import cv2

    found = []
    for value in _instances(id_map):
        mask = (id_map == value).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        found.append((contours, cv2.boundingRect(mask), cv2.countNonZero(mask)))
    return found


def opencv_crops(id_map: np.ndarray) -> object:
    import cv2
    from scipy import ndimage

    signed = id_map.astype(np.int32)
    found = []
    for value, window in enumerate(ndimage.find_objects(signed), start=1):
        if window is None:
            continue
        mask = (signed[window] == value).astype(np.uint8)
        corner = (window[1].start, window[0].start)
        contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=corner)
        found.append((contours, window, cv2.countNonZero(mask)))
    return found


def _instances(id_map: np.ndarray) -> np.ndarray:
    values = np.unique(id_map)
    return values[values != 0]


METHODS: list[tuple[str, str, tuple[str, ...], Method]] = [
    ("framepress, numba", "box area rle polygons", ("numba",), ours("numba", rings=True)),
    ("framepress, numpy", "box area rle polygons", (), ours("numpy", rings=True)),
    ("framepress, numba", "box area rle", ("numba",), ours("numba", rings=False)),
    ("framepress, numpy", "box area rle", (), ours("numpy", rings=False)),
    ("pycocotools, mask by mask", "box area rle", ("pycocotools",), pycocotools_each),
    ("rlemasklib from_label_map", "box area rle", ("rlemasklib",), rlemasklib_map),
    ("OpenCV contours, full masks", "box area contours (inexact)", ("cv2",), opencv_each),
    ("OpenCV contours, scipy crops", "box area contours (inexact)", ("cv2", "scipy"), opencv_crops),
]


def measure(counts: list[int], rounds: int, size: tuple[int, int]) -> list[tuple[str, str, list[float]]]:
    """(method, what it yields, median CPU milliseconds for each of `counts`) of every method that can run here."""
    methods = [method for method in METHODS if all(find_spec(module) for module in method[2])]
    medians: list[list[float]] = [[] for _ in methods]
    for instances in counts:
        id_maps = [made(instances, 1000 * instances + number, *size) for number in range(4)]
        times: list[list[float]] = [[] for _ in methods]
        for number in range(-1, rounds):  # round -1 warms up
            for row, (_, _, _, run) in enumerate(methods):
                begin = time.process_time_ns()
                run(id_maps[number % len(id_maps)])
                if number >= 0:
                    times[row].append((time.process_time_ns() - begin) / 1e6)
        for row, taken in enumerate(times):
            medians[row].append(statistics.median(taken))
    return [(name, yields, found) for (name, yields, _, _), found in zip(methods, medians, strict=True)]


def table(rows: list[tuple[str, str, list[float]]], counts: list[int]) -> str:
    """The rows as text: milliseconds, and how many times the first row's they are."""
    lines = [f"{'ms a frame (times the first row)':58}" + "".join(f"{f'{count} instances':>19}" for count in counts)]
    for name, yields, found in rows:
        figures = "".join(f"{ms:10.2f} ({ms / first:5.1f})" for ms, first in zip(found, rows[0][2], strict=True))
        lines.append(f"{name:29} {yields:28}" + figures.replace(" (", "  (").rjust(19 * len(counts)))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1280x720", help="width x height")
    parser.add_argument("--counts", default="5,30,150", help="instances a frame")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(argv)
    width, height = map(int, options.size.split("x"))
    counts = [int(count) for count in options.counts.split(",")]
    rows = measure(counts, options.rounds, (width, height))
    print(f"Masks of a frame, {options.size}, one core")
    print(table(rows, counts))
    absent = sorted({module for method in METHODS for module in method[2] if not find_spec(module)})
    if absent:
        print(f"not installed, left out: {', '.join(absent)}")
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
