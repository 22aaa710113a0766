"""Statistics agree with counts by plain loops over the objects."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.core import LabelMap
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.quality.columns import MemoryColumns
from framepress.quality.images.pictures import Pictures, pictures
from framepress.quality.index import counting
from framepress.quality.look import ImageFile
from framepress.quality.scores.histogram import Histogram
from framepress.quality.scores.statistics import statistics
from frames import LABELS, mono, rig

SIZES = [(100, 60), (64, 48), (0, 0)]


def random_columns(seed: int) -> MemoryColumns:
    """Two cameras, three splits with one empty, unknown sizes, boxes and areas; rows in no order."""
    rng = np.random.default_rng(seed)
    frames, count = 30, 400
    views = 2 * frames
    size = np.array(SIZES)[rng.integers(0, 3, views)]
    view = rng.integers(0, views - 3, count)
    low = rng.uniform(-5, 60, (count, 2))
    box = np.hstack((low, low + rng.uniform(-1, 40, (count, 2))))
    box[rng.integers(0, count, 20)] = np.nan
    area = np.where(rng.random(count) < 0.5, rng.choice([1023.0, 1024.0, 9215.0, 9216.0, 3.0], count), np.nan)
    return MemoryColumns(
        LabelMap.of("abcd"),
        [f"f{row}" for row in range(frames)],
        {"split": rng.integers(0, 2, frames), "sequence": rng.integers(0, 3, frames)},
        {"frame": np.arange(views) // 2, "name": np.arange(views) % 2, "width": size[:, 0], "height": size[:, 1]},
        {
            "frame": view // 2,
            "view": view,
            "label": rng.integers(-1, 3, count),
            "track": rng.integers(-1, 9, count),
            "box": box,
            "area": area,
            "visibility": np.where(rng.random(count) < 0.2, np.nan, rng.choice([1, 0.96, 0.95, 0.94, 0.5, 0.2], count)),
            "truncation": np.where(rng.random(count) < 0.3, np.nan, rng.choice([0, 0.009, 0.01, 0.6], count)),
            "distance": rng.choice([np.nan, 0.05, 0.1, 7.5, 1000, 2000], count),
            "yaw": rng.uniform(-np.pi, np.pi, count),
        },
        splits=["train", "val", "test"],
        sequences=["", "x", "y"],
        view_names=["front", "side"],
        tracks=[f"t{number}" for number in range(9)],
    )


@pytest.fixture(params=[7, 1 << 20])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_SPAN", request.param)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("seed", range(3))
def test_classes_splits_and_views_are_counted_object_by_object(seed: int) -> None:
    columns = random_columns(seed)
    found = statistics(columns, None)
    objects = columns.objects
    label, view, track = (objects[name].tolist() for name in ("label", "view", "track"))
    split = [int(columns.frames["split"][frame]) for frame in objects["frame"]]
    for code, row in enumerate(found["classes"]):
        own = [at for at, given in enumerate(label) if given == code]
        assert row["objects"] == len(own)
        assert row["views"] == len({view[at] for at in own})
        assert row["tracks"] == len({track[at] for at in own} - {-1})
        assert row["splits"] == {name: sum(split[at] == k for at in own) for k, name in enumerate(columns.splits)}
    named = sum(given >= 0 for given in label)
    assert [row["share"] for row in found["classes"]] == [row["objects"] / named for row in found["classes"]]
    for code, row in enumerate(found["splits"]):
        frames = set(np.flatnonzero(columns.frames["split"] == code).tolist())
        own_views = [at for at, frame in enumerate(columns.views["frame"].tolist()) if frame in frames]
        assert (row["frames"], row["views"]) == (len(frames), len(own_views))
        assert row["objects"] == sum(each == code for each in split)
        assert row["negatives"] == len(set(own_views) - set(view))
        assert row["classes"] == len({given for given, each in zip(label, split, strict=True) if each == code} - {-1})
    for code, row in enumerate(found["views"]):
        own = columns.views["name"] == code
        sizes = zip(columns.views["width"][own].tolist(), columns.views["height"][own].tolist(), strict=True)
        assert row["sizes"] == Counter(f"{width}x{height}" for width, height in sizes)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("seed", range(3))
def test_sizes_places_and_pairs_are_counted_object_by_object(seed: int) -> None:
    columns = random_columns(seed)
    found = statistics(columns, None)
    objects = columns.objects
    buckets: Counter[str] = Counter()
    cells: Counter[tuple[int, int]] = Counter()
    for row in range(objects.rows):
        x0, y0, x1, y1 = objects["box"][row].tolist()
        area = float(objects["area"][row])
        area = (x1 - x0) * (y1 - y0) if math.isnan(area) else area
        name = "unknown" if math.isnan(area) else "small" if area < 1024 else "medium" if area < 9216 else "large"
        buckets[name] += int(objects["label"][row] >= 0)
        width, height = (int(columns.views[name][objects["view"][row]]) for name in ("width", "height"))
        if width and 0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height:
            cells[int((y0 + y1) / 2 / height * 16), int((x0 + x1) / 2 / width * 16)] += 1
    assert found["sizes"] == {name: buckets[name] for name in ("small", "medium", "large", "unknown")}
    assert found["positions"]["counts"] == [[cells[row, column] for column in range(16)] for row in range(16)]
    assert found["positions"]["unknown"] == objects.rows - sum(cells.values())
    shown = [set(objects["label"][objects["view"] == view].tolist()) for view in range(columns.views.rows)]
    codes = [columns.labels.code(name) for name in found["cooccurrence"]["classes"]]
    assert found["cooccurrence"]["views"] == [[sum({a, b} <= held for held in shown) for b in codes] for a in codes]
    per_view = Counter(objects["view"].tolist())
    crowded = found["histograms"]["objects_per_view"]
    assert crowded["counts"][0] == sum(per_view[view] == 0 for view in range(columns.views.rows))
    assert crowded["maximum"] == max(per_view.values())
    assert sum(crowded["counts"]) == columns.views.rows


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("seed", range(3))
def test_what_hides_objects_and_cuts_them_off_is_counted_class_by_class(seed: int) -> None:
    columns = random_columns(seed)
    found = statistics(columns, None)
    objects = columns.objects
    sums: Counter[str] = Counter()
    for code, row in enumerate(found["classes"]):
        hidden: Counter[str] = Counter()
        cut: Counter[str] = Counter()
        own = np.flatnonzero(objects["label"] == code).tolist()
        for at in own:
            seen, outside = (round(float(objects[name][at]), 4) for name in ("visibility", "truncation"))
            level = (
                "unknown" if math.isnan(seen) else "visible" if seen >= 0.95 else "partly" if seen >= 0.5 else "largely"
            )
            hidden[level] += 1
            cut["unknown" if math.isnan(outside) else "cut" if outside >= 0.01 else "whole"] += 1
        assert row["occlusion"] == {name: hidden[name] for name in ("visible", "partly", "largely", "unknown")}
        assert row["truncation"] == {name: cut[name] for name in ("whole", "cut", "unknown")}
        for name, column in (("visibility", "visibility"), ("distance_m", "distance")):
            known = [value for value in objects[column][own].tolist() if math.isfinite(value)]
            assert row[name] == (pytest.approx(sum(known) / len(known)) if known else None)
        sums += hidden
    assert found["occlusion"] == {name: sums[name] for name in ("visible", "partly", "largely", "unknown")}
    assert sum(found["truncation"].values()) == sum(sums.values())


def test_sizes_are_those_of_pycocotools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", {"coco": {"segmentation": "none"}}, labels=LABELS) as writer:
        for frame in [*mono(), *rig()]:
            writer.add(frame)
    shutil.rmtree(tmp_path / "set/.framepress")  # whose journal knows objects that COCO does not list
    found = statistics(Index.of(open_dataset(tmp_path / "set")), None)
    judge = coco.COCO(str(tmp_path / "set/annotations/instances_default.json"))
    for name, span in (("small", (0, 32**2)), ("medium", (32**2, 96**2)), ("large", (96**2, 1e10))):
        assert found["sizes"][name] == len(judge.getAnnIds(areaRng=span)), name
        for row, category in zip(found["classes"], judge.loadCats(judge.getCatIds()), strict=True):
            assert row["area_px"][name] == len(judge.getAnnIds(catIds=[category["id"]], areaRng=span))
    assert found["sizes"]["small"] > 0 < found["sizes"]["medium"]


def test_each_object_is_in_one_bin_of_each_histogram() -> None:
    columns = random_columns(0)
    found = statistics(columns, None)["histograms"]
    for name, histogram in found.items():
        total = sum(histogram["counts"]) + histogram["below"] + histogram["above"] + histogram["unknown"]
        assert total == (columns.views.rows if name == "objects_per_view" else columns.objects.rows), name
        assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    known = columns.objects["distance"][np.isfinite(columns.objects["distance"])].tolist()
    assert found["distance_m"]["below"] == sum(value < 0.1 - 1e-6 for value in known)
    assert found["distance_m"]["above"] == sum(value > 1000 for value in known)
    assert found["distance_m"]["mean"] == pytest.approx(sum(known) / len(known))
    assert found["truncation"]["unknown"] == np.isnan(columns.objects["truncation"]).sum()


def test_a_histogram_is_the_same_however_its_values_come() -> None:
    values = np.random.default_rng(0).normal(0, 2, 500)
    values[::50] = np.nan
    whole, parts = Histogram(np.linspace(-3, 3, 13), "m"), Histogram(np.linspace(-3, 3, 13), "m")
    whole.add(values)
    for part in np.array_split(values, 17):
        parts.add(part)
    one, other = whole.to_dict(), parts.to_dict()
    assert one.pop("mean") == pytest.approx(other.pop("mean"))
    assert one == other


@pytest.mark.parametrize(
    "columns", [random_columns(1), MemoryColumns(LabelMap(), [], {}, {"frame": []}, {"frame": []})]
)
def test_statistics_are_plain_json(columns: MemoryColumns) -> None:
    found = statistics(columns, Pictures.of([]))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_brightness_and_contrast_are_those_of_the_pictures(tmp_path: Path) -> None:
    files = []
    for number, (low, high) in enumerate([(0, 0), (255, 255), (100, 120), (0, 255)]):
        levels = np.full((40, 60), low, np.uint8)
        levels[:, 30:] = high
        Image.fromarray(levels).save(tmp_path / f"{number}.png")
        files.append(ImageFile(tmp_path / f"{number}.png", f"{number}.png"))
    files.append(ImageFile(tmp_path / "none.png", "none.png"))
    found = statistics(random_columns(0), Pictures.of(pictures(files, workers=1)))["pictures"]
    mean, contrast = (found["histograms"][name] for name in ("mean_level", "contrast_level"))
    assert (found["files"], found["measured"]) == (5, 4)
    assert (mean["minimum"], mean["maximum"], mean["mean"]) == (0, 255, pytest.approx((0 + 255 + 110 + 127.5) / 4))
    assert contrast["mean"] == pytest.approx((10 + 127.5) / 4)
    assert sum(mean["counts"]) == sum(contrast["counts"]) == 4


def test_a_dataset_of_ours_has_the_numbers_of_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    frames = [*mono(), *rig()]
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    found = statistics(Index.of(open_dataset(tmp_path / "set")), None)
    views = [view for frame in frames for view in frame.views]
    assert found["totals"]["frames"] == 10
    assert found["totals"]["views"] == 13
    assert found["totals"]["objects"] == sum(len(view.objects) for view in views)
    assert found["totals"]["sequences"] == 3
    counts = Counter(label for view in views for label in view.objects.labels)
    assert {row["name"]: row["objects"] for row in found["classes"]} == {name: counts[name] for name in LABELS.names}
    boxes3d = sum(int(view.objects.box3d.known.sum()) for view in views)
    assert sum(found["histograms"]["yaw_deg"]["counts"]) == boxes3d
