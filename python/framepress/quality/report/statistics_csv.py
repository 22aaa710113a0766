"""Statistics as CSV (RFC 4180), one tidy file a table: a row an observation, a column a variable.

classes.csv        class, objects, share, views, tracks, small, medium, large, mean_area_px, visible, partly_hidden,
                   largely_hidden, cut_off, mean_visibility, mean_distance_m
class_splits.csv   class, split, objects
splits.csv         split, frames, views, objects, negatives, classes
image_sizes.csv    view, width, height, views
histograms.csv     histogram, unit, from, to, count          "" before the first and behind the last edge
positions.csv      column, row, objects                      of 16 x 16 cells, from the top left
box_sizes.csv      width_from_px, height_from_px, boxes      in half octaves; cells without a box left out
cooccurrence.csv   class, other, views
pixels.csv         split, channel, pixels, mean, std, mean_255, std_255          split "": the whole dataset
levels.csv         channel, level, pixels
depth.csv          channel, pixels, nothing_hit, invalid, minimum_m, maximum_m, mean_m
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from framepress.quality.report.csv_table import csv_table

__all__ = ["statistics_csv"]

_CHANNELS = ("red", "green", "blue")
_NUMBERS = ("mean", "std", "mean_255", "std_255")

Rows = Iterable[Sequence[object]]


def statistics_csv(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Name of a file -> its content, UTF-8; what was not measured has none. None is an empty cell."""
    tables = {
        "classes": _table(_CLASS_COLUMNS, map(_class, document["classes"])),
        "class_splits": _table("class split objects", _class_splits(document)),
        "splits": _table(
            "split frames views objects negatives classes", (list(row.values()) for row in document["splits"])
        ),
        "image_sizes": _table("view width height views", _sizes(document)),
        "histograms": _table("histogram unit from to count", _histograms(document)),
        "positions": _table("column row objects", _cells(document["positions"]["counts"])),
        "box_sizes": _table("width_from_px height_from_px boxes", _box_sizes(document["box_sizes"])),
        "cooccurrence": _table("class other views", _pairs(document["cooccurrence"])),
    }
    seen = document["measured"]
    if seen is not None and seen["pixels"] is not None:
        tables["pixels"] = _table("split channel pixels mean std mean_255 std_255", _pixels(seen["pixels"]))
        tables["levels"] = _table("channel level pixels", _levels(seen["pixels"]["levels"]))
    if seen is not None and seen["depth"]:
        tables["depth"] = _table("channel pixels nothing_hit invalid minimum_m maximum_m mean_m", _depth(seen["depth"]))
    return {f"{name}.csv": content for name, content in tables.items()}


def _table(columns: str, rows: Rows) -> bytes:
    return csv_table(columns.split(), rows)


_CLASS_COLUMNS = (
    "class objects share views tracks small medium large mean_area_px visible partly_hidden largely_hidden cut_off "
    "mean_visibility mean_distance_m"
)


def _class(row: Mapping[str, Any]) -> list[object]:
    area, hidden = row["area_px"], row["occlusion"]
    return [
        *(row[name] for name in ("name", "objects", "share", "views", "tracks")),
        *(area[name] for name in ("small", "medium", "large", "mean")),
        *(hidden[name] for name in ("visible", "partly", "largely")),
        row["truncation"]["cut"],
        row["visibility"],
        row["distance_m"],
    ]


def _class_splits(document: Mapping[str, Any]) -> Rows:
    return ((row["name"], split, count) for row in document["classes"] for split, count in row["splits"].items())


def _sizes(document: Mapping[str, Any]) -> Rows:
    return ((view["name"], *size.split("x"), n) for view in document["views"] for size, n in view["sizes"].items())


def _histograms(document: Mapping[str, Any]) -> Iterator[list[object]]:
    found = dict(document["histograms"])
    if (seen := document["measured"]) is not None:
        found.update({f"{name}_m": depth["histogram"] for name, depth in seen["depth"].items()})
        found.update({f"viewpoint_{name}": each for name, each in seen["viewpoints"]["histograms"].items()})
    for name, histogram in found.items():
        edges, unit = histogram["edges"], histogram["unit"]
        yield [name, unit, "", edges[0], histogram["below"]]
        for i, count in enumerate(histogram["counts"]):
            yield [name, unit, edges[i], edges[i + 1], count]
        yield [name, unit, edges[-1], "", histogram["above"]]


def _cells(counts: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    return ((x, y, count) for y, line in enumerate(counts) for x, count in enumerate(line))


def _box_sizes(found: Mapping[str, Any]) -> Rows:
    edges = found["edges_px"]
    return ((edges[x], edges[y], count) for x, y, count in _cells(found["counts"]) if count)


def _pairs(found: Mapping[str, Any]) -> Rows:
    names = found["classes"]
    return (
        (name, other, n)
        for name, row in zip(names, found["views"], strict=True)
        for other, n in zip(names, row, strict=True)
    )


def _pixels(found: Mapping[str, Any]) -> Iterator[list[object]]:
    splits = {name: told for name, told in found["splits"].items() if name}
    for split, told in {"": found, **splits}.items():
        for place, channel in enumerate(_CHANNELS):
            yield [split, channel, told["pixels"], *(told[name][place] for name in _NUMBERS)]


def _levels(levels: Sequence[Sequence[int]]) -> Rows:
    return (
        (channel, level, count)
        for channel, counts in zip(_CHANNELS, levels, strict=True)
        for level, count in enumerate(counts)
    )


def _depth(found: Mapping[str, Any]) -> Iterator[list[object]]:
    for name, told in found.items():
        of_values = told["histogram"]
        extremes = (of_values[key] for key in ("minimum", "maximum", "mean"))
        yield [name, told["pixels"], told["nothing_hit"], told["invalid"], *extremes]
