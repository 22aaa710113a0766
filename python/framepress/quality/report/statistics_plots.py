"""Statistics as drawings, by name: one each of what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framepress.quality.report.bars import bars, level_lines
from framepress.quality.report.charts import Drawing, histogram, rose
from framepress.quality.report.maps import box_size_map, heat_map, matrix

__all__ = ["common_size", "statistics_plots"]

_CLASSES, _TOGETHER = 40, 16
_ROUND = [10.0**power * factor for power in range(-2, 4) for factor in (1, 2, 5)]
_SHARES = (0, 0.25, 0.5, 0.75, 1)
_TURNS = (-180, -90, 0, 90, 180)
_SIZES = {"small": "small", "medium": "medium", "large": "large", "unknown": "not known"}
_HIDDEN = {"large": "largely hidden", "medium": "partly", "small": "visible", "unknown": "not known"}
_CUT = {"large": "cut off", "small": "whole", "unknown": "not known"}

HISTOGRAMS = (
    ("distance", "distance_m", "Distance of objects from the camera", "distance [m]", _ROUND, "log"),
    ("visibility", "visibility", "Visible share of objects", "visible share", _SHARES, "even"),
    ("truncation", "truncation", "Share of objects outside of the image", "share outside", _SHARES, "even"),
    ("aspect", "aspect", "Width over height of boxes", "width / height", (1 / 16, 1 / 4, 1, 4, 16), "log"),
    ("relative_size", "relative_size", "Size of objects in the image", "√(object area / image area)", _ROUND, "log"),
)
"""Name of the drawing, of the histogram, title, axis, labels, scale."""


def statistics_plots(document: Mapping[str, Any]) -> dict[str, Drawing]:
    """Name -> drawing."""
    found = {**_of_classes(document), **_of_objects(document), **_of_images(document)}
    seen = document["measured"]
    return {**found, **({} if seen is None else _of_pixels(seen))}


def _of_classes(document: Mapping[str, Any]) -> dict[str, Drawing]:
    ordered = sorted(document["classes"], key=lambda row: (-row["objects"], row["name"]))
    if not ordered:
        return {}
    shown, rest = ordered[:_CLASSES], ordered[_CLASSES:]
    note = f"and {len(rest):,} classes with {sum(row['objects'] for row in rest):,} objects" if rest else ""
    found = {"classes": bars("Objects of each class, by size", [_by_size(row) for row in shown], key=_SIZES, note=note)}
    if document["occlusion"]["unknown"] < sum(document["occlusion"].values()):
        rows = [
            (row["name"], _parts(row["occlusion"], ("largely", "partly", "visible", "unknown"), _HIDDEN))
            for row in shown
        ]
        found["occlusion"] = bars("How many are hidden, by class", rows, key=_HIDDEN, note=note, shares=True)
    if document["truncation"]["unknown"] < sum(document["truncation"].values()):
        rows = [(row["name"], _parts(row["truncation"], ("cut", "whole", "unknown"), _CUT)) for row in shown]
        found["cut_off"] = bars("Cut off by the image's border, by class", rows, key=_CUT, note=note, shares=True)
    return found


def _by_size(row: Mapping[str, Any]) -> tuple[str, dict[str, int]]:
    known = {name: row["area_px"][name] for name in ("small", "medium", "large")}
    return row["name"], {**known, "unknown": row["objects"] - sum(known.values())}


def _parts(counts: Mapping[str, int], names: Sequence[str], key: Mapping[str, str]) -> dict[str, int]:
    return {part: counts[name] for part, name in zip(key, names, strict=True)}


def _of_objects(document: Mapping[str, Any]) -> dict[str, Drawing]:
    shown, found = document["histograms"], dict[str, Drawing]()
    for name, key, title, across, labels, scale in HISTOGRAMS:
        if any(shown[key]["counts"]):
            found[name] = histogram(title, shown[key], labels=labels, scale=scale, across=across)
    if any(shown["yaw_deg"]["counts"]):
        found["yaw"] = rose("Yaw about the camera's vertical axis", shown["yaw_deg"])
    if any(map(any, document["box_sizes"]["counts"])):
        found["box_sizes"] = box_size_map("Box sizes", dict(document["box_sizes"]))
    if any(map(any, document["positions"]["counts"])):
        counts = document["positions"]["counts"]
        found["positions"] = heat_map("Box centres in the image", counts, common_size(document))
    return found


def _of_images(document: Mapping[str, Any]) -> dict[str, Drawing]:
    found: dict[str, Drawing] = {}
    crowded = document["histograms"]["objects_per_view"]
    if document["totals"]["views"]:
        labels = crowded["edges"][:: max(-(-len(crowded["edges"]) // 7), 1)]
        found["objects_per_image"] = histogram(
            "Objects in an image", crowded, labels=labels, across="objects", up="images"
        )
    splits = [(row["name"], {"bar": row["frames"]}) for row in document["splits"]]
    if any(name for name, _ in splits):
        found["splits"] = bars("Frames a split", splits, key={"bar": "frames"})
    names = document["cooccurrence"]["classes"][:_TOGETHER]
    together = [row[:_TOGETHER] for row in document["cooccurrence"]["views"][:_TOGETHER]]
    if len(names) > 1 and any(map(any, together)):
        found["cooccurrence"] = matrix("Classes seen together: images with both", names, together)
    return found


def _of_pixels(seen: Mapping[str, Any]) -> dict[str, Drawing]:
    found: dict[str, Drawing] = {}
    if (pixels := seen["pixels"]) is not None:
        told = (
            f"{name} {mean:.1f} ± {std:.1f}"
            for name, mean, std in zip(("red", "green", "blue"), pixels["mean_255"], pixels["std_255"], strict=True)
        )
        found["levels"] = level_lines(
            "Levels of colour", pixels["levels"], note=f"mean ± standard deviation: {', '.join(told)}"
        )
    for name, depth in seen["depth"].items():
        title = f"Depth of pixels ({name}); {depth['nothing_hit'] / max(depth['pixels'], 1):.1%} hit nothing"
        if any(depth["histogram"]["counts"]):
            found[name] = histogram(
                title, depth["histogram"], labels=_ROUND, scale="log", across=f"{name} [m]", up="pixels"
            )
    for name, title, labels in (
        ("azimuth", "From where objects are seen: azimuth", _TURNS),
        ("elevation", "From how high objects are seen", (-90, -45, 0, 45, 90)),
        ("roll", "How far objects are turned in the image", _TURNS),
    ):
        angles = seen["viewpoints"]["histograms"][f"{name}_deg"]
        if any(angles["counts"]):
            found[name] = histogram(title, angles, labels=labels, across=f"{name} [°]")
    return found


def common_size(document: Mapping[str, Any]) -> tuple[float, float]:
    """(width, height) of most views; 4 to 3 where that is not known or no picture's."""
    sizes = [(count, size) for view in document["views"] for size, count in view["sizes"].items()]
    width, height = (float(side) for side in max(sizes, default=(0, "0x0"))[1].split("x"))
    return (width, height) if width and height and 1 / 4 < width / height < 4 else (4.0, 3.0)
