"""The page: nothing active, nothing from outside, names as text, pictures that show the object; true charts."""

from __future__ import annotations

import base64
import io
import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from report_samples import MARKUP, columns, hostile, validation

from framepress.core import LabelMap
from framepress.quality.columns import MemoryColumns
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.quality.profile import Chosen
from framepress.quality.registry import all_rules, by_code
from framepress.quality.report.box_sizes import box_sizes
from framepress.quality.report.charts import figure, histogram, rose
from framepress.quality.report.document import document
from framepress.quality.report.html import html
from framepress.quality.report.maps import box_size_map, heat_map
from framepress.quality.report.style import STYLE
from framepress.quality.report.thumbnails import BUDGET, MOST, PER_RULE, thumbnails
from framepress.quality.validate import Edition, Validation

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Every element with its attributes, and all text; elements must close in order."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.words.append(data)


def page(found: Validation) -> bytes:
    return html(found, document(found))


class PictureLook:
    """A look at pictures that lie in a folder."""

    def __init__(self, root: Path, names: list[str]) -> None:
        self.root, self.unread, self.names = root, (), names

    def images(self) -> list[ImageFile]:
        return [ImageFile(self.root / name, name, 320, 180, frame=name[:4]) for name in self.names]

    def columns(self) -> None:
        return None


@pytest.fixture
def pictured(tmp_path: Path) -> Validation:
    """Grey pictures of 320 x 180 with one red object at 200 60 240 90; ten findings of each of three rules."""
    names = [f"{number:04d}.png" for number in range(10)]
    for name in names:
        pixels = np.full((180, 320, 3), 90, np.uint8)
        pixels[60:90, 200:240] = (230, 20, 20)
        Image.fromarray(pixels).save(tmp_path / name)
    found = Validation(tmp_path, validation().profile, (Edition("coco", tmp_path, PictureLook(tmp_path, names)),))
    found.columns = columns()
    issues = [Issue(message="off", file="a.json", image=name, box=(200, 60, 240, 90)) for name in names]
    for code in ("COCO-001", "COCO-005", "FILE-001"):
        found.take(Chosen(by_code(code), "error", {}), issues)
    return found


@pytest.mark.parametrize("make", [validation, hostile])
def test_the_page_has_nothing_active_and_nothing_from_outside(make: Any) -> None:
    content = page(make())
    assert b"<script" not in content
    found = Page(content)
    for tag, attributes in found.elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "base", "form", "foreignobject"}
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            if name in {"href", "src", "xlink:href", "srcset", "action", "data"}:
                assert (value or "").startswith(("data:image/", "#")), value
    style = content.decode().split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [meta["content"] for tag, meta in found.elements if meta.get("http-equiv") == "Content-Security-Policy"]
    assert (policy or "").startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_names_are_shown_as_text() -> None:
    words = "".join(Page(page(hostile())).words)
    assert words.count(MARKUP) >= 4  # of classes, splits and findings
    assert "\u202e" not in words
    assert "\x1b" not in words


def test_the_same_validation_gives_the_same_bytes(pictured: Validation) -> None:
    assert page(pictured) == page(pictured)


def test_the_page_tells_the_verdict_the_counts_and_every_rule() -> None:
    words = Page(page(validation())).words
    assert words.count("FAIL") == 1
    text = " ".join(words)
    for word in ("errors were found", "COCO-005", "FILE-002", "labels/a b#.txt:1", "annotations[3].bbox"):
        assert word in text
    assert "and 2 more; the JSON document lists 12" in text


def test_pictures_decode_and_show_the_object_in_its_box(pictured: Validation) -> None:
    found = Page(page(pictured))
    uris = [attributes for tag, attributes in found.elements if tag == "image"]
    boxes = [attributes for tag, attributes in found.elements if tag == "rect" and attributes.get("class") == "over"]
    assert len(uris) == len(boxes) == 3 * PER_RULE
    for image, box in zip(uris, boxes, strict=True):
        head, content = str(image["href"]).split(",")
        assert head == "data:image/webp;base64"
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(content, validate=True))).convert("RGB")).astype(int)
        assert shown.shape[:2] == (int(str(image["height"])), int(str(image["width"])))
        x, y, width, height = (float(str(box[name])) for name in ("x", "y", "width", "height"))
        assert width / height == pytest.approx(40 / 30, rel=0.02)
        red = shown[..., 0] - shown[..., 1] > 100
        rows, across = np.nonzero(red)
        assert [across.min(), rows.min(), across.max() + 1, rows.max() + 1] == pytest.approx(
            [x, y, x + width, y + height], abs=2
        )


def test_pictures_are_few_and_small_however_many_findings_there_are(pictured: Validation, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (180, 320, 3), np.uint8)).save(tmp_path / "0000.png")  # hard to compress
    findings = [[{"code": "A", "image": "0000.png", "message": ""} for _ in range(99)] for _ in range(60)]
    made = thumbnails(pictured, findings)
    assert 4 < len(made) < MOST
    assert sum(len(thumbnail.uri) for thumbnail in made.values()) * 3 / 4 <= BUDGET
    assert {id(rule[0]) for rule in findings[: len(made)]} == set(made)  # the first of each rule, the worst rule first


def test_what_cannot_be_shown_costs_only_its_picture(pictured: Validation, tmp_path: Path) -> None:
    (tmp_path / "0000.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    (tmp_path / "0001.png").unlink()
    (tmp_path / "0002.png").unlink()
    (tmp_path / "0002.png").mkdir()
    nowhere = (float("nan"), 0.0, float("inf"), 1e300)
    findings = [[{"code": "A", "image": f"{number:04d}.png", "message": ""}] for number in range(4)]
    findings += [[{"code": "A", "image": name, "message": ""}] for name in ("../../etc/passwd", "/etc/passwd")]
    findings += [[{"code": "A", "image": "0004.png", "message": "", "box": nowhere}]]
    assert set(thumbnails(pictured, findings)) == {id(findings[3][0]), id(findings[6][0])}


def test_a_page_of_a_large_dataset_stays_small() -> None:
    names = tuple(f"class {number:04d} with a name that is long" for number in range(1200))
    found = validation()
    found.columns = columns(names, frames=10_000)
    places = {"file": "annotations/" + "f" * 60, "place": "annotations[123456].segmentation[12]", "frame": "f" * 40}
    for rule in all_rules()[:40]:
        issues = [Issue(message="m" * 150, **places, object=number) for number in range(1000)]
        found.take(Chosen(rule, "error", {}), issues)
    assert len(page(found)) + BUDGET * 4 / 3 <= 300_000


def test_a_dataset_of_which_nothing_is_known_has_a_page() -> None:
    found = Validation(Path("set"), validation().profile, ())
    assert "PASS" in Page(page(found)).words
    found.columns = columns((), frames=0)
    Page(page(found))


# -- charts


def elements(drawn: str, tag: str, kind: str) -> list[dict[str, str]]:
    found = [dict(attributes) for name, attributes in Page(drawn.encode()).elements if name == tag]
    return [{name: str(value) for name, value in each.items()} for each in found if each.get("class") == kind]


def told(counts: list[int], edges: list[float]) -> dict[str, Any]:
    beside = {"unit": "m", "below": 0, "above": 0, "unknown": 0, "minimum": edges[0], "maximum": edges[-1], "mean": 1.0}
    return {"counts": counts, "edges": edges, **beside}


@pytest.mark.parametrize("scale", ["even", "log"])
def test_bars_are_as_high_as_their_counts(scale: str) -> None:
    counts = [0, 7, 3, 0, 1, 0]
    drawn = figure(histogram("t", told(counts, [1.0, 2, 4, 8, 16, 32, 64]), labels=(1, 8, 64), scale=scale))
    heights = [float(bar["height"]) for bar in elements(drawn, "rect", "bar")]
    assert np.divide(heights, heights[0]) == pytest.approx([1, 3 / 7, 1 / 7], abs=1e-3)
    assert re.findall(r'<td class="n">(\d+)</td>', drawn) == ["7", "3", "1"]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 9, 11, 99, 101, 4567, 10**6, 123_456_789])
def test_axes_have_few_round_numbers_that_reach_the_highest_bar(most: int) -> None:
    drawn = figure(histogram("t", told([most], [0.0, 1.0]), labels=()))
    (bar,) = elements(drawn, "rect", "bar")
    lines = sorted({float(line["d"].split()[1].split("H")[0]) for line in elements(drawn, "path", "grid")})
    assert 2 <= len(lines) <= 7
    assert lines[0] <= float(bar["y"]) + 0.01


def test_wedges_have_the_areas_of_their_counts() -> None:
    drawn = figure(rose("t", told([4, 1, 0, 4], [-180.0, -90, 0, 90, 180])))
    reach = [float(re.findall(r"A([\d.]+)", wedge["d"])[0]) for wedge in elements(drawn, "path", "bar")]
    assert np.square(reach) / reach[0] ** 2 == pytest.approx([1, 0.25, 1], abs=1e-3)


def test_cells_of_a_map_are_where_their_counts_are() -> None:
    counts = [[0, 9, 9, 0], [0, 0, 0, 1], [4, 0, 0, 0]]
    drawn = figure(heat_map("t", counts, (4, 3)))
    painted = {}
    for level in range(1, 9):
        for path in elements(drawn, "path", f"h{level}"):
            for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path["d"]):
                painted.update({(int(y), int(x) + step): level for step in range(int(length))})
    assert painted.keys() == {(0, 1), (0, 2), (1, 3), (2, 0)}
    assert painted[0, 1] == painted[0, 2] == 8 > painted[2, 0] > painted[1, 3] >= 1


def test_box_sizes_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(3)
    sides = np.concatenate([2 ** rng.uniform(-1, 13, (500, 2)), [[1, 1], [4096, 4096], [32, 96], [np.nan, 3]]])
    first = rng.uniform(0, 100, (len(sides), 2)).round()
    zeros = np.zeros(len(sides), int)
    objects = {"frame": zeros, "view": zeros, "label": zeros, "box": np.hstack([first, first + sides.round()])}
    size = {"frame": np.zeros(1, int), "width": np.array([9]), "height": np.array([9])}
    found = box_sizes(MemoryColumns(LabelMap.of(["a"]), ["0"], {}, size, objects))
    edges = [2 ** (step / 2) for step in range(25)]
    expected = np.zeros((24, 24), int)
    for width, height in sides.round():
        if 1 <= width <= 4096 and 1 <= height <= 4096:
            column, row = (min(sum(side >= edge for edge in edges) - 1, 23) for side in (width, height))
            expected[row, column] += 1
    assert found["edges_px"] == pytest.approx(edges)
    assert found["counts"] == expected.tolist()
    assert found["outside"] == len(sides) - expected.sum() > 0


def test_the_lines_of_coco_s_sizes_are_lines_of_one_area() -> None:
    counts = np.zeros((24, 24), int)
    counts[2, 2] = counts[19, 19] = 5  # 2 to 1024 px
    found = {"edges_px": [2 ** (step / 2) for step in range(25)], "counts": counts.tolist(), "outside": 0}
    drawn = figure(box_size_map("t", found))
    (ground,) = elements(drawn, "rect", "ground")
    left, top, side = (float(ground[name]) for name in ("x", "y", "width"))
    lines = elements(drawn, "path", "limit")
    assert len(lines) == 2
    for line, length in zip(lines, (32, 96), strict=True):
        numbers = [float(number) for number in re.findall(r"[\d.]+", line["d"])]
        for x, y in (numbers[:2], numbers[2:]):
            width = 2 ** (1 + 9 * (x - left) / side)
            height = 2 ** (1 + 9 * (top + side - y) / side)
            assert math.sqrt(width * height) == pytest.approx(length, rel=0.01)


# -- colours


def palettes() -> list[dict[str, str]]:
    """The variables of the light page, and of the dark one."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    return [dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})", part)) for part in (light, dark)]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_texts_and_bars_stand_out_from_what_is_behind_them(palette: dict[str, str]) -> None:
    texts = [(name, ground) for name in ("ink", "soft") for ground in ("paper", "card", "wash")]
    texts += [(name, f"{name}-wash") for name in ("error", "warning", "note", "good")]
    texts += [(name, "card") for name in ("error", "warning", "note", "good")]
    for text, ground in texts:
        assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for name in ("bar", "small", "medium", "large"):
        assert contrast(palette[name], palette["card"]) >= 3, name


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_more_is_a_step_of_lightness_not_of_hue_alone(palette: dict[str, str]) -> None:
    for steps in ([palette[f"h{level}"] for level in range(1, 9)], [palette[n] for n in ("small", "medium", "large")]):
        levels = [luminance(colour) for colour in (palette["ground"], *steps)]
        assert levels == sorted(levels) or levels == sorted(levels, reverse=True)
        assert min(contrast(*pair) for pair in pairwise(steps)) > 1.15
