"""Counts in cells as SVG, see `charts`; a colour is a step of the square root of the count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from framepress.quality.report.charts import TOP, WIDTH, Drawing, short, word
from framepress.quality.report.markup import coordinate, shorter, table, tag

__all__ = ["box_size_map", "heat_map", "matrix"]

Counts = Sequence[Sequence[int]]
_LEVELS = 8
_LISTED = 20


def _cells(counts: Counts, x: float, y: float, width: float, height: float) -> str:
    """One path of unit squares a level; neighbours in a row are one rectangle."""
    most = max(map(max, counts))
    paths = [""] * (_LEVELS + 1)
    for row, line in enumerate(counts):
        column = 0
        for level, same in groupby(_level(count, most) for count in line):
            length = len(list(same))
            paths[level] += f"M{column} {row}h{length}v1h-{length}z"
            column += length
    drawn = "".join(tag("path", class_=f"h{level}", d=path) for level, path in enumerate(paths) if level and path)
    move = f"translate({coordinate(x)} {coordinate(y)})"
    scale = f"scale({width / len(counts[0]):.4f} {height / len(counts):.4f})"
    ground = tag("rect", class_="ground", x=x, y=y, width=width, height=height)
    return ground + tag("g", drawn, class_="cells", transform=f"{move} {scale}")


def _level(count: int, most: int) -> int:
    return 0 if not count else min(int(math.sqrt(count / most) * _LEVELS) + 1, _LEVELS)


def _key(middle: float, y: float, counts: Counts) -> str:
    """What the colours mean."""
    step, most = 14.0, max(map(max, counts))
    x = middle - step * _LEVELS / 2
    steps = "".join(
        tag("rect", class_=f"h{level + 1}", x=x + step * level, y=y, width=step, height=8) for level in range(_LEVELS)
    )
    return word(x - 5, y + 8, "1", "end") + steps + word(x + step * _LEVELS + 5, y + 8, short(most), "start")


def heat_map(title: str, counts: Counts, size_wh: tuple[float, float]) -> Drawing:
    """Counts in cells of an image, rows from the top.

    Args:
        size_wh: of the image, for its shape.
    """
    height = min((WIDTH - 16) * size_wh[1] / size_wh[0], 240.0)
    width = height * size_wh[0] / size_wh[1]
    drawing = _cells(counts, (WIDTH - width) / 2, TOP, width, height) + _key(WIDTH / 2, TOP + height + 10, counts)
    rows, total = len(counts), max(sum(map(sum, counts)), 1)
    thirds = [sum(map(sum, counts[rows * i // 3 : rows * (i + 1) // 3])) / total for i in range(3)]
    told = f"upper third {thirds[0]:.0%}, middle {thirds[1]:.0%}, lower {thirds[2]:.0%}"
    numbers = table(("", *map(str, range(1, len(counts[0]) + 1))), [(str(y + 1), *row) for y, row in enumerate(counts)])
    return Drawing(title, told, (WIDTH, TOP + height + 24), drawing, numbers, told)


def box_size_map(title: str, found: dict[str, Any]) -> Drawing:
    """Widths across, heights upwards, both in octaves, with the lines where COCO's small ends and its large begins."""
    edges, counts = found["edges_px"], found["counts"]
    filled = [i for i in range(len(counts)) if any(counts[i]) or any(row[i] for row in counts)]
    first, end = min(filled) // 2 * 2, -(-(max(filled) + 1) // 2) * 2  # whole octaves
    part = [row[first:end] for row in counts[first:end]]
    side = 236.0
    x, cell = (WIDTH - side) / 2 + 8, side / len(part)
    drawing = _cells(part[::-1], x, TOP, side, side)
    for length in (32, 96):
        drawing += _area_line(length, 2 * (2 * math.log2(length) - first), len(part), x, cell)
    for i in range(0, len(part) + 1, 2):
        told = _side(edges[first + i])
        drawing += word(x + i * cell, TOP + side + 14, told) + word(x - 5, TOP + side - i * cell + 4, told, "end")
    drawing += word(x + side / 2, TOP + side + 29, "width [px]")
    drawing += word(0, 0, "height [px]", transform=f"translate({coordinate(x - 36)} {TOP + side / 2:g}) rotate(-90)")
    cells = [(count, row, column) for row, line in enumerate(counts) for column, count in enumerate(line) if count]
    listed = sorted(cells, key=lambda cell: (-cell[0], cell[1:]))[:_LISTED]
    rows = [(_span(edges, column), _span(edges, row), count) for count, row, column in listed]
    note = f"most are {rows[0][0]} px wide and {rows[0][1]} px high"
    told = f"{sum(map(sum, counts)):,} boxes, {note}"
    numbers = table(("width [px]", "height [px]", "boxes"), rows)
    return Drawing(title, told, (WIDTH, TOP + side + 34), drawing, numbers, note)


def _area_line(length: int, total: float, cells: int, x: float, cell: float) -> str:
    """All sizes of one area: in octaves a straight line, on which column and row sum up to `total` cells."""
    if not 0 < total < 2 * cells:
        return ""
    low, high = max(total - cells, 0), min(total, cells)
    from_x, from_y = x + low * cell, TOP + (cells - (total - low)) * cell
    to_x, to_y = x + high * cell, TOP + (cells - (total - high)) * cell
    path = f"M{coordinate(from_x)} {coordinate(from_y)}L{coordinate(to_x)} {coordinate(to_y)}"
    return tag("path", class_="limit", d=path) + word(from_x + 12, from_y + 9, f"{length}²", "start", class_="limit")


def _side(pixels: float) -> str:
    return f"{pixels / 1024:g}k" if pixels >= 1024 else f"{pixels:.0f}"


def _span(edges: Sequence[float], place: int) -> str:
    return f"{edges[place]:.0f} to {edges[place + 1]:.0f}"


def matrix(title: str, names: Sequence[str], counts: Counts) -> Drawing:
    """Which classes are seen together: views with both."""
    left = 96.0
    cell = min((WIDTH - left - 8) / len(names), 40.0)
    side, size = cell * len(names), min(cell, 11.0)
    drawing = _cells(counts, left, TOP, side, side)
    for i, name in enumerate(names):
        middle, told = (i + 0.5) * cell + size / 3, shorter(name, 16)
        turned = f"translate({coordinate(left + middle)} {coordinate(TOP + side + 6)}) rotate(-90)"
        style = f"font-size:{coordinate(size)}px"
        drawing += word(left - 5, TOP + middle, told, "end", style=style)
        drawing += word(0, 0, told, "end", style=style, transform=turned)
    drawing += _key(left + side / 2, TOP + side + 104, counts)
    most = max(map(max, counts))
    told = f"{len(names)} classes, at most {most:,} images with two of them"
    numbers = table(("", *names), [(name, *row) for name, row in zip(names, counts, strict=True)])
    return Drawing(title, told, (WIDTH, TOP + side + 116), drawing, numbers, "images with both")
