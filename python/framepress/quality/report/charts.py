"""Histograms as SVG, 340 units wide, so that a narrow screen shows them at their size; colours are the page's.

Each takes plain numbers and gives a `Drawing`, with a description for those who do not see it and its numbers as a
table; `figure` makes it part of a page, `svg_file.svg_file` a file of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framepress.quality.report.markup import coordinate, escaped, folded, table, tag

__all__ = ["TOP", "WIDTH", "Drawing", "figure", "histogram", "plain", "rose", "short", "word"]

WIDTH, TOP = 340.0, 8.0
_LEFT, _RIGHT, _HEIGHT = 40.0, 8.0, 150.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """SVG without its frame.

    Args:
        told: the drawing in words.
        content: elements in a box of `size_wh`.
        numbers: as a table of HTML.
        note: to be read below.
        across, up: what the axes are, where the title does not say it; for a file of its own.
    """

    title: str
    told: str
    size_wh: tuple[float, float]
    content: str
    numbers: str
    note: str = ""
    across: str = ""
    up: str = ""


def figure(drawing: Drawing) -> str:
    """A `<figure>` of a page."""
    box = f"0 0 {coordinate(drawing.size_wh[0])} {coordinate(drawing.size_wh[1])}"
    drawn = tag("svg", drawing.content, viewBox=box, role="img", aria_label=f"{drawing.title}: {drawing.told}")
    under = tag("p", escaped(drawing.note), class_="note") if drawing.note else ""
    parts = tag("figcaption", escaped(drawing.title)) + drawn + under + folded("Numbers", drawing.numbers)
    return tag("figure", parts, class_="card chart")


def word(x: float, y: float, text: str, anchor: str = "middle", **attributes: object) -> str:
    """Text in a drawing, on a line at y."""
    return tag("text", escaped(text), x=x, y=y, text_anchor=anchor, **attributes)


def plain(value: float) -> str:
    """A number as people write it: `0.25`, `12`, `1,500`."""
    if value == round(value) and abs(value) < 1e12:
        return f"{round(value):,}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def short(count: float) -> str:
    """For an axis: `1.5k`."""
    for power, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= power:
            return f"{count / power:.4g}{sign}"
    return f"{count:g}"


def histogram(
    title: str,
    found: dict[str, Any],
    *,
    labels: Sequence[float],
    scale: str = "even",
    across: str = "",
    up: str = "objects",
) -> Drawing:
    """Upright bars.

    Args:
        found: a histogram of the statistics.
        labels: values to write below the axis.
        scale: "even", or "log" where edges rise by about one ratio.
    """
    edges, counts, unit = found["edges"], found["counts"], _unit(found["unit"])
    first, last = _shown(counts, scale)
    at = math.log if scale == "log" else float
    low, high = at(edges[first]), at(edges[last])
    ticks = _ticks(max(counts))

    def x(value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (at(value) - low) / (high - low)

    def y(count: float) -> float:
        return TOP + _HEIGHT * (1 - count / ticks[-1])

    drawing = ""
    for tick in ticks:
        drawing += tag("path", class_="grid", d=f"M{_LEFT:g} {coordinate(y(tick))}H{WIDTH - _RIGHT:g}")
        drawing += word(_LEFT - 5, y(tick) + 4, short(tick), "end")
    for i in range(first, last):
        if counts[i]:
            left, right = x(edges[i]), x(edges[i + 1])
            told = tag("title", f"{plain(edges[i])} to {plain(edges[i + 1])}{unit}: {counts[i]:,}")
            place = {"x": left, "y": y(counts[i]), "width": max(right - left - 0.7, 0.5)}
            drawing += tag("rect", told, class_="bar", **place, height=TOP + _HEIGHT - y(counts[i]))
    for value in labels:
        if edges[first] <= value <= edges[last]:
            drawing += word(x(value), TOP + _HEIGHT + 16, plain(value))
    turns = edges[-1] - edges[0] == 360  # a mean of directions says nothing
    said = ("" if turns else f"mean {_near(found['mean'])}{unit}", _not_known(found))
    note = "; ".join(part for part in said if part)
    known = sum(counts) + found["below"] + found["above"]
    told = f"{known:,} values from {_near(found['minimum'])} to {_near(found['maximum'])}{unit}{note and ', '}{note}"
    return Drawing(title, told, (WIDTH, TOP + _HEIGHT + 24), drawing, _numbers(found), note, across, up)


def _not_known(found: dict[str, Any]) -> str:
    return f"{found['unknown']:,} not known" if found["unknown"] else ""


def _numbers(found: dict[str, Any]) -> str:
    edges, counts = found["edges"], found["counts"]
    rows = [("", plain(edges[0]), found["below"])] if found["below"] else []
    rows += [(plain(edges[i]), plain(edges[i + 1]), count) for i, count in enumerate(counts) if count]
    rows += [(plain(edges[-1]), "", found["above"])] if found["above"] else []
    return table((f"from{_unit(found['unit'])}", "to", "count"), rows)


def _shown(counts: Sequence[int], scale: str) -> tuple[int, int]:
    """First bin and end of those to draw: of a log scale only where something is, with a bin of room."""
    filled = [place for place, count in enumerate(counts) if count]
    if scale != "log" or not filled:
        return 0, len(counts)
    return max(filled[0] - 1, 0), min(filled[-1] + 2, len(counts))


def _ticks(most: float) -> list[float]:
    """Three to six round numbers, from 0 to not much above `most`."""
    power = 10.0 ** math.floor(math.log10(max(most, 1)))
    steps = (power * factor for factor in (0.2, 0.25, 0.5, 1.0, 2.0))
    step = next(step for step in steps if step >= 1 and step == round(step) and most / step <= 5)
    return [step * place for place in range(max(math.ceil(most / step), 1) + 1)]


def _near(value: float | None) -> str:
    return "?" if value is None else plain(float(f"{value:.3g}"))


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def rose(title: str, found: dict[str, Any]) -> Drawing:
    """Directions: wedges whose areas are the counts, 0 degrees to the right, anticlockwise."""
    edges, counts, radius = found["edges"], found["counts"], 84.0
    most = max(*counts, 1)
    x, y = WIDTH / 2, TOP + radius + 14
    drawing = "".join(tag("circle", class_="grid", cx=x, cy=y, r=radius * math.sqrt(part)) for part in (0.5, 1))
    for i, count in enumerate(counts):
        if count:
            reach = radius * math.sqrt(count / most)
            start, end = (_around(x, y, reach, edge) for edge in edges[i : i + 2])
            arc = f"A{coordinate(reach)} {coordinate(reach)} 0 0 0 {end}"
            told = tag("title", f"{edges[i]:g} to {edges[i + 1]:g}°: {count:,}")
            drawing += tag("path", told, class_="bar", d=f"M{x:g} {y:g}L{start}{arc}z")
    drawing += word(x + radius + 6, y + 4, "0°", "start") + word(x, y - radius - 5, "90°")
    drawing += word(x - radius - 6, y + 4, "180°", "end") + word(x, y + radius + 14, "-90°")
    filled = sum(count > 0 for count in counts)
    told = f"{filled} of {len(counts)} directions occur"
    rows = [(f"{edges[i]:g}", f"{edges[i + 1]:g}", count) for i, count in enumerate(counts) if count]
    numbers = table(("from °", "to °", "objects"), rows)
    return Drawing(title, told, (WIDTH, y + radius + 20), drawing, numbers, told)


def _around(x: float, y: float, reach: float, degrees: float) -> str:
    angle = math.radians(degrees)
    return f"{coordinate(x + reach * math.cos(angle))} {coordinate(y - reach * math.sin(angle))}"
