"""Counts of named things as lying bars, and levels of colour as lines; see `charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from framepress.quality.report.charts import TOP, WIDTH, Drawing, short, word
from framepress.quality.report.markup import coordinate, escaped, shorter, table, tag

__all__ = ["bars", "level_lines"]

_LEFT, _RIGHT, _BAR, _ROW, _KEY = 104.0, 48.0, 12.0, 18.0, 20.0
_CHANNELS = ("red", "green", "blue")


def bars(
    title: str,
    rows: Sequence[tuple[str, Mapping[str, int]]],
    *,
    key: Mapping[str, str],
    note: str = "",
    shares: bool = False,
) -> Drawing:
    """One bar a row, of parts that follow each other; behind it the row's sum.

    Args:
        rows: name, and the counts of its parts; at least one row.
        key: part -> what it means; its name is the class of its colour. No key is drawn where there is one part.
        shares: every bar is as long as the others.
    """
    sums = [sum(parts.values()) for _, parts in rows]
    most = max(*sums, 1)
    drawing, y = "", TOP
    if len(key) > 1:
        drawing += _key(key)
        y += _KEY
    for (name, parts), total in zip(rows, sums, strict=True):
        x = _LEFT
        drawing += word(_LEFT - 6, y + _BAR - 2, shorter(name or "none", 16), "end", class_="name")
        for part, count in parts.items():
            if count:
                width = (WIDTH - _LEFT - _RIGHT) * count / (total if shares else most)
                told = tag("title", f"{escaped(name or 'none')}: {escaped(key[part])} {count:,}")
                drawing += tag("rect", told, class_=part, x=x, y=y, width=max(width, 0.5), height=_BAR)
                x += width
        drawing += word(x + 5, y + _BAR - 2, short(total) if total >= 100_000 else f"{total:,}", "start")
        y += _ROW
    numbers = table(("", *key.values()), [(name, *(parts[part] for part in key)) for name, parts in rows])
    told = f"{sum(sums):,} in {len(rows)} rows"
    return Drawing(title, told, (WIDTH, y), drawing, numbers, note)


def _key(key: Mapping[str, str]) -> str:
    drawing, x = "", 0.0
    for part, meaning in key.items():
        drawing += tag("rect", class_=part, x=x, y=TOP - 6, width=9, height=9)
        drawing += word(x + 13, TOP + 2, meaning, "start")
        x += 13 + 7 * len(meaning) + 12
    return drawing


def level_lines(title: str, levels: Sequence[Sequence[int]], *, note: str) -> Drawing:
    """How many pixels have each of 256 levels: a line for red, green and blue each.

    Args:
        levels: 3 x 256 counts.
    """
    left, height = 34.0, 150.0
    width = WIDTH - left - 8
    pixels = max(sum(levels[0]), 1)
    most = max(max(map(max, levels)) / pixels, 1e-9)
    drawing = ""
    for part in (0.0, 0.5, 1.0):
        y = coordinate(TOP + height * (1 - part))
        drawing += tag("path", class_="grid", d=f"M{left:g} {y}H{WIDTH - 8:g}")
        drawing += word(left - 5, TOP + height * (1 - part) + 4, f"{100 * most * part:.2g}", "end")
    for level in (0, 64, 128, 192, 255):
        drawing += word(left + width * level / 255, TOP + height + 16, str(level))
    for name, counts in zip(_CHANNELS, levels, strict=True):
        points = (
            f"{coordinate(left + width * level / 255)} {coordinate(TOP + height * (1 - count / pixels / most))}"
            for level, count in enumerate(counts)
        )
        drawing += tag("path", tag("title", name), class_=name, d="M" + "L".join(points))
    numbers = table(
        ("level", *_CHANNELS), [(str(level), *counts) for level, counts in enumerate(zip(*levels, strict=True))]
    )
    told = f"{pixels:,} pixels; {note}"
    across, up = "level, 0 to 255", "share of the pixels [%]"
    return Drawing(title, told, (WIDTH, TOP + height + 24), drawing, numbers, note, across, up)
