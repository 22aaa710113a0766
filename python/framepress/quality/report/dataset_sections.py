"""What the dataset consists of: classes, sizes, places, distances, directions; splits; what became of every frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from framepress.quality.report.charts import figure, histogram, rose
from framepress.quality.report.maps import box_size_map, heat_map, matrix
from framepress.quality.report.markup import escaped, folded, prose, table, tag
from framepress.quality.report.places import times
from framepress.quality.report.statistics_plots import common_size

__all__ = ["dataset_sections"]

_CLASSES, _LISTED, _SPLITS, _TOGETHER = 20, 200, 50, 16
_SHARES = (0, 0.25, 0.5, 0.75, 1)
_ROUND = [10.0**power * factor for power in range(-2, 4) for factor in (1, 2, 5)]
_HISTOGRAMS = (
    ("distance_m", "Distance from the camera [m]", _ROUND, "log"),
    ("visibility", "Visible share of an object", _SHARES, "even"),
    ("truncation", "Share of an object outside the image", _SHARES, "even"),
    ("aspect", "Width over height", (1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16), "log"),
)
_FATES = ("asked", "written", "dropped", "throttled", "failed")


def dataset_sections(document: Mapping[str, Any]) -> str:
    """Nothing where nothing is known of it."""
    found = document["statistics"]
    if found is None:
        return ""
    drawn = [_classes(found), _charts(found, document["box_sizes"])]
    parts = [tag("h2", "The dataset"), *drawn, _splits(document, found), _ledger(document["ledger"])]
    return tag("section", "".join(parts), id="dataset")


def _bars(head: Sequence[str], rows: Iterable[tuple[str, str, Sequence[object]]]) -> str:
    """A table whose bars are its numbers.

    Args:
        head: of the name, of the bar (for those who do not see it), and of the numbers.
        rows: name, the bar's parts, numbers.
    """
    name, bar, *others = (escaped(text) for text in head)
    columns = [name, tag("span", bar, class_="hidden"), *others]
    top = tag("tr", "".join(tag("th", column, scope="col") for column in columns))
    body = "".join(
        tag(
            "tr",
            tag("th", escaped(name, most=60), scope="row")
            + tag("td", parts, class_="bar")
            + "".join(
                tag("td", f"{number:,}" if isinstance(number, int) else str(number), class_="n") for number in numbers
            ),
        )
        for name, parts, numbers in rows
    )
    return tag("div", tag("table", tag("thead", top) + tag("tbody", body), class_="bars"), class_="scroll")


def _part(kind: str, share: float) -> str:
    return tag("i", "", class_=kind, style=f"width:{100 * share:.2f}%")


def _classes(found: Mapping[str, Any]) -> str:
    """The commonest class first."""
    ordered = sorted(found["classes"], key=lambda row: (-row["objects"], row["name"]))
    if not ordered:
        return ""
    most = max(ordered[0]["objects"], 1)
    rows = [
        (row["name"], _class_bar(row, most), (row["objects"], f"{row['share']:.1%}", row["views"]))
        for row in ordered[:_CLASSES]
    ]
    parts = tag("h3", "Classes") + _size_key(found["sizes"])
    parts += _bars(("class", "objects by size", "objects", "share", "images"), rows)
    if rest := [(row["name"], row["objects"], row["views"]) for row in ordered[_CLASSES:]]:
        parts += folded(f"{len(rest):,} more classes", table(("class", "objects", "images"), rest[:_LISTED]))
    return tag("div", parts, class_="card classes")


def _class_bar(row: Mapping[str, Any], most: int) -> str:
    known = [(name, row["area_px"][name]) for name in ("small", "medium", "large")]
    parts = [*known, ("unknown", row["objects"] - sum(count for _, count in known))]
    return "".join(_part(name, count / most) for name, count in parts if count)


def _size_key(sizes: Mapping[str, int]) -> str:
    told = {"small": "below 32² px", "medium": "", "large": "from 96² px", "unknown": ""}
    items = [
        tag("li", f"{tag('i', '', class_=name)}{name} {told[name]} {tag('b', f'{count:,}')}")
        for name, count in sizes.items()
        if count or name != "unknown"
    ]
    return tag("ul", "".join(items), class_="key")


def _charts(found: Mapping[str, Any], box_sizes: Mapping[str, Any]) -> str:
    """Those of which anything is known."""
    shown, drawn = found["histograms"], []
    if found["totals"]["views"]:
        crowded = shown["objects_per_view"]
        drawn.append(histogram("Objects per image", crowded, labels=_some(crowded["edges"])))
    if any(map(any, box_sizes["counts"])):
        drawn.append(box_size_map("Box sizes", dict(box_sizes)))
    if any(map(any, found["positions"]["counts"])):
        drawn.append(heat_map("Box centres in the image", found["positions"]["counts"], common_size(found)))
    for name, title, labels, scale in _HISTOGRAMS:
        if any(shown[name]["counts"]):
            drawn.append(histogram(title, shown[name], labels=labels, scale=scale))
    if any(shown["yaw_deg"]["counts"]):
        drawn.append(rose("How far objects are turned", shown["yaw_deg"]))
    names = found["cooccurrence"]["classes"][:_TOGETHER]
    together = [row[:_TOGETHER] for row in found["cooccurrence"]["views"][:_TOGETHER]]
    if len(names) > 1 and any(map(any, together)):
        drawn.append(matrix("Classes seen together", names, together))
    return tag("div", "".join(map(figure, drawn)), class_="grid")


def _some(edges: Sequence[float]) -> Sequence[float]:
    """About six of them."""
    return edges[:: max(-(-len(edges) // 7), 1)]


def _splits(document: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    splits = found["splits"][:_SPLITS]
    if not any(split["name"] for split in splits):
        return ""
    total = max(sum(split["frames"] for split in found["splits"]), 1)
    rows = []
    for split in splits:
        share = split["frames"] / total
        numbers = (split["frames"], f"{share:.1%}", split["objects"], split["negatives"], split["classes"])
        rows.append((split["name"] or "none", _part("one", share), numbers))
    table = _bars(("split", "share of the frames", "frames", "share", "objects", "empty images", "classes"), rows)
    leaks = [rule for rule in document["rules"] if rule["code"].startswith("SPL-") and rule["ran"]]
    holds = tag("ul", "".join(map(_holds, leaks)), class_="holds")
    return tag("div", tag("h3", "Splits and leaks") + table + holds, class_="card")


def _holds(rule: Mapping[str, Any]) -> str:
    told = f"found {times(rule['count'])}" if rule["count"] else "holds"
    parts = tag("code", rule["code"]) + tag("span", prose(rule["sentence"])) + tag("b", told)
    return tag("li", parts, class_=rule["severity"] if rule["count"] else "good")


def _ledger(ledger: Mapping[str, int] | None) -> str:
    """What became of the frames that were asked for; then all that the runs counted."""
    if not ledger:
        return ""
    boxes = "".join(
        tag("li", tag("b", f"{ledger.get(name, 0):,}") + name, class_=name if ledger.get(name) else "none")
        for name in _FATES
    )
    parts = tag("h3", "What became of every frame") + tag("ul", boxes, class_="fates")
    parts += folded("All that the runs counted", table(("", "count"), list(ledger.items())[:_LISTED]))
    return tag("div", parts, class_="card")
