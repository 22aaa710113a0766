"""Statistics for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framepress.cli.tables import aligned
from framepress.quality.report.places import noun, printable

__all__ = ["statistics_text"]

_CLASSES, _PAIRS, _WIDTH = 40, 5, 24

Table = list[Sequence[str]]


def statistics_text(document: Mapping[str, Any]) -> str:
    """Lines without an end; parts of which nothing is known are left out."""
    totals = document["totals"]
    counted = ", ".join(f"{totals[name]:,} {_noun(totals[name], name)}" for name in totals if totals[name])
    parts = [
        f"{document['dataset']}\n  {counted}",
        _classes(document),
        _splits(document),
        _objects(document),
        _together(document["cooccurrence"]),
        "" if document["measured"] is None else _measured(document["measured"]),
    ]
    return "\n\n".join(_printable(part) for part in parts if part)


def _printable(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _table(rows: Table, left: int = 1) -> str:
    """Columns below their heads; the first `left` ones are set to the left."""
    return aligned(rows, indent="  ", right=frozenset(range(left, len(rows[0]))))


def _noun(count: int, plural: str) -> str:
    return {"classes": "class"}.get(plural, noun(count, plural)) if count == 1 else plural


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def _classes(document: Mapping[str, Any]) -> str:
    """In the order of the list of classes, or the commonest ones where there are many."""
    rows = document["classes"]
    shown = rows if len(rows) <= _CLASSES else sorted(rows, key=lambda row: (-row["objects"], row["name"]))[:_CLASSES]
    if not shown:
        return ""
    most = max(max(row["objects"] for row in shown), 1)
    lines: Table = []
    for row in shown:
        area, hidden, objects = row["area_px"], row["occlusion"], row["objects"]
        known = objects - hidden["unknown"]
        lines.append(
            [
                row["name"],
                "#" * -(-row["objects"] * _WIDTH // most),
                *(f"{count:,}" for count in (objects, row["views"])),
                *(f"{area[name]:,}" for name in ("small", "medium", "large")),
                _share(hidden["partly"] + hidden["largely"], known),
                _share(row["truncation"]["cut"], objects - row["truncation"]["unknown"]),
                "-" if row["distance_m"] is None else f"{row['distance_m']:.1f}",
            ]
        )
    head = ["classes", "", "objects", "images", "small", "medium", "large", "hidden", "cut off", "distance m"]
    more = f"\n  and {len(rows) - len(shown):,} more" if len(shown) < len(rows) else ""
    return _table([head, *lines], left=2) + more


def _splits(document: Mapping[str, Any]) -> str:
    splits, frames = document["splits"], document["totals"]["frames"]
    if not any(row["name"] for row in splits):
        return ""
    rows = [
        [
            row["name"] or "(none)",
            *(f"{row[name]:,}" for name in ("frames", "views", "objects", "negatives", "classes")),
            _share(row["frames"], frames),
        ]
        for row in splits
    ]
    return _table([["splits", "frames", "images", "objects", "empty images", "classes", "share"], *rows])


_HISTOGRAMS = (
    ("objects an image", "objects_per_view"),
    ("size (root of the area's share)", "relative_size"),
    ("width / height", "aspect"),
    ("distance", "distance_m"),
    ("visible share", "visibility"),
    ("share outside the image", "truncation"),
    ("yaw", "yaw_deg"),
)


def _objects(document: Mapping[str, Any]) -> str:
    rows = [
        _line(name, document["histograms"][key])
        for name, key in _HISTOGRAMS
        if any(document["histograms"][key]["counts"])
    ]
    return _table([["objects", "least", "mean", "most", "not known"], *rows]) if rows else ""


def _line(name: str, found: Mapping[str, Any]) -> list[str]:
    unit = f" {found['unit']}" if found["unit"] else ""
    turns = found["unit"] == "deg" and found["edges"][-1] == 180  # a mean of directions says nothing
    values = (found["minimum"], None if turns else found["mean"], found["maximum"])
    return [name, *("-" if value is None else f"{value:,.4g}{unit}" for value in values), f"{found['unknown']:,}"]


def _together(found: Mapping[str, Any]) -> str:
    """The pairs of classes that are seen together most often."""
    names = found["classes"]
    pairs = [
        (row[j], names[i], names[j]) for i, row in enumerate(found["views"]) for j in range(i + 1, len(names)) if row[j]
    ]
    shown = sorted(pairs, key=lambda pair: (-pair[0], pair[1:]))[:_PAIRS]
    rows = [[f"{one} and {other}", f"{count:,}"] for count, one, other in shown]
    return _table([["together", "images"], *rows]) if rows else ""


def _measured(seen: Mapping[str, Any]) -> str:
    whole = seen["frames"] if seen["sampled"] is None else seen["sampled"]
    of = "" if seen["sampled"] is None else f" of {whole:,}"
    parts = [f"  measured in {seen['frames']:,}{of} {noun(whole, 'frames')}"]
    if (pixels := seen["pixels"]) is not None:
        rows = [
            [
                channel,
                *(f"{pixels[name][place]:.6f}" for name in ("mean", "std")),
                *(f"{pixels[name][place]:.3f}" for name in ("mean_255", "std_255")),
            ]
            for place, channel in enumerate(("red", "green", "blue"))
        ]
        parts.append(_table([["pixels", "mean", "std", "mean x 255", "std x 255"], *rows]))
    if seen["depth"]:
        rows = [
            [
                *_line(name, {**told["histogram"], "unknown": told["invalid"]}),
                _share(told["nothing_hit"], told["pixels"]),
            ]
            for name, told in seen["depth"].items()
        ]
        parts.append(_table([["depth", "least", "mean", "most", "invalid", "nothing hit"], *rows]))
    angles = seen["viewpoints"]["histograms"]
    if rows := [_line(name.removesuffix("_deg"), found) for name, found in angles.items() if any(found["counts"])]:
        parts.append(_table([["viewpoint", "least", "mean", "most", "not known"], *rows]))
    return "\n".join(parts)
