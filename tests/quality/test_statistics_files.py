"""Statistics as CSV and SVG: the files say what the document says, and are what spreadsheets and browsers take."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from framepress.core import LabelMap
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.quality.report.bars import bars, level_lines
from framepress.quality.report.statistics_csv import statistics_csv
from framepress.quality.report.statistics_document import dataset_statistics
from framepress.quality.report.statistics_plots import statistics_plots
from framepress.quality.report.svg_file import svg_file
from frames import LABELS, mono, rig

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("statistics")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRAMEPRESS_CACHE", str(folder / "cache"))
        with DatasetWriter(folder / "set", ["native"], labels=LABELS) as writer:
            for number, frame in enumerate([*mono(), *rig()]):
                writer.add(frame.replaced(split=("train", "val")[number % 2]))
        return dataset_statistics(open_dataset(folder / "set"), pixels=True)


def tables(document: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    files = statistics_csv(document)
    return {name: list(csv.DictReader(io.StringIO(content.decode(), newline=""))) for name, content in files.items()}


def test_each_table_has_a_row_an_observation(document: dict[str, Any]) -> None:
    found, totals = tables(document), document["totals"]
    assert [row["class"] for row in found["classes.csv"]] == list(LABELS.names)
    assert sum(int(row["objects"]) for row in found["classes.csv"]) == totals["objects"]
    assert sum(int(row["objects"]) for row in found["class_splits.csv"]) == totals["objects"]
    assert sum(int(row["frames"]) for row in found["splits.csv"]) == totals["frames"]
    assert sum(int(row["views"]) for row in found["image_sizes.csv"]) == totals["views"]
    assert {(row["width"], row["height"]) for row in found["image_sizes.csv"]} == {("96", "64"), ("80", "52")}
    assert len(found["cooccurrence.csv"]) == len(LABELS) ** 2
    assert sum(int(row["pixels"]) for row in found["levels.csv"] if row["channel"] == "green") == sum(
        int(row["views"]) * int(row["width"]) * int(row["height"]) for row in found["image_sizes.csv"]
    )
    for name in ("distance_m", "visibility", "objects_per_view"):
        rows = [row for row in found["histograms.csv"] if row["histogram"] == name]
        told = document["histograms"][name]
        assert [int(row["count"]) for row in rows] == [told["below"], *told["counts"], told["above"]]
        assert (rows[0]["from"], rows[-1]["to"]) == ("", "")


def test_pixels_are_told_for_the_whole_and_for_each_split(document: dict[str, Any]) -> None:
    rows = tables(document)["pixels.csv"]
    assert [(row["split"], row["channel"]) for row in rows] == [
        (split, channel) for split in ("", "train", "val") for channel in ("red", "green", "blue")
    ]
    assert [float(row["mean"]) for row in rows[:3]] == document["measured"]["pixels"]["mean"]
    (depth,) = tables(document)["depth.csv"]
    assert float(depth["mean_m"]) == document["measured"]["depth"]["depth"]["histogram"]["mean"]


def test_what_was_not_measured_has_no_table(document: dict[str, Any]) -> None:
    bare = {**document, "measured": None}
    assert set(statistics_csv(document)) - set(statistics_csv(bare)) == {"pixels.csv", "levels.csv", "depth.csv"}
    assert {"levels", "depth", "azimuth"} <= set(statistics_plots(document)) - set(statistics_plots(bare))


def test_a_class_that_looks_like_a_formula_is_text(document: dict[str, Any]) -> None:
    hostile = {**document, "classes": [{**document["classes"][0], "name": "=1+1"}]}
    assert tables(hostile)["classes.csv"][0]["class"] == "'=1+1"


def test_every_drawing_is_an_svg_file_with_a_title_axes_and_both_colour_schemes(document: dict[str, Any]) -> None:
    drawings = statistics_plots(document)
    assert {"classes", "distance", "box_sizes", "yaw", "splits", "cooccurrence", "occlusion"} <= set(drawings)
    for name, drawing in drawings.items():
        content = svg_file(drawing)
        root = ElementTree.fromstring(content)
        assert root.tag == f"{SVG}svg", name
        assert root.findtext(f"{SVG}title") == drawing.title
        texts = [element.text for element in root.iter(f"{SVG}text")]
        assert drawing.title in texts
        assert not drawing.across or drawing.across in texts
        assert not drawing.up or drawing.up in texts
        assert b"prefers-color-scheme: dark" in content
        assert b"var(" not in content
        assert b"href" not in content
        assert content == svg_file(drawing)
    assert drawings["distance"].across == "distance [m]"


def test_every_word_of_a_drawing_is_inside_of_it(document: dict[str, Any]) -> None:
    """By an upper bound of the width of its font's signs."""
    for name, drawing in statistics_plots(document).items():
        root = ElementTree.fromstring(svg_file(drawing))
        width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
        for element in (child for child in root if child.tag == f"{SVG}text"):
            size = 7.9 if element.get("class") == "title" else 5.9
            length = size * len(element.text or "")
            x, y = float(element.attrib["x"]), float(element.attrib["y"])
            start = x - length / 2 if element.get("text-anchor") == "middle" else x
            assert 0 <= start <= start + length <= width, (name, element.text)
            assert 0 < y < height


def test_bars_are_as_long_as_their_counts() -> None:
    rows = [("a", {"small": 6, "large": 2}), ("b", {"small": 0, "large": 4}), ("c", {"small": 0, "large": 0})]
    root = ElementTree.fromstring(svg_file(bars("t", rows, key={"small": "low", "large": "high"})))
    found = [each for each in root.iter(f"{SVG}rect") if each.get("height") == "12"]
    assert [each.get("class") for each in found] == ["small", "large", "large"]
    widths = [float(each.attrib["width"]) for each in found]
    assert widths[0] / widths[1] == pytest.approx(3, rel=1e-3)
    assert widths[2] / widths[1] == pytest.approx(2, rel=1e-3)
    assert float(found[1].attrib["x"]) == pytest.approx(float(found[0].attrib["x"]) + widths[0], abs=0.02)


def test_shares_fill_the_row() -> None:
    rows = [("a", {"small": 6, "large": 2}), ("b", {"small": 0, "large": 4})]
    key = {"small": "low", "large": "high"}
    root = ElementTree.fromstring(svg_file(bars("t", rows, key=key, shares=True)))
    widths = [float(each.attrib["width"]) for each in root.iter(f"{SVG}rect") if each.get("height") == "12"]
    assert widths[0] + widths[1] == pytest.approx(widths[2], abs=0.02)


def test_lines_of_levels_rise_with_their_counts() -> None:
    levels = [[1] * 256, [0] * 128 + [2] * 128, [256] + [0] * 255]
    root = ElementTree.fromstring(svg_file(level_lines("t", levels, note="")))
    lines = {each.get("class"): each.attrib["d"] for each in root.iter(f"{SVG}path")}
    heights = {
        name: [float(point.split()[1]) for point in lines[name][1:].split("L")] for name in ("red", "green", "blue")
    }
    bottom = heights["blue"][1]
    assert (bottom - heights["green"][200]) == pytest.approx(2 * (bottom - heights["red"][5]), abs=0.05)
    assert heights["green"][5] == bottom
    assert heights["blue"][0] == 8


def test_names_of_classes_are_text_in_a_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["native"], labels=LabelMap.of(["<b>&", "a\u202eb"])) as writer:
        writer.add(mono()[1])
    for drawing in statistics_plots(dataset_statistics(open_dataset(tmp_path / "set"))).values():
        ElementTree.fromstring(svg_file(drawing))
