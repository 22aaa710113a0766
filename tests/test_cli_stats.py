"""`framepress stats`: its answers, its files, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, mono

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame.replaced(split="train"))
    return tmp_path / "set"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_text_tells_classes_splits_objects_and_pairs(run: Run, dataset: Path) -> None:
    found = run("stats", dataset).stdout
    for word in ("7 frames", "29 objects", "never_seen", "train", "hidden", "cut off", "together", "car and sign"):
        assert word in found, word
    assert "pixels" not in found


def test_json_is_one_document_and_pixels_are_asked_for(run: Run, dataset: Path) -> None:
    bare = json.loads(run("stats", dataset, "--json").stdout)
    assert (bare["schema"], bare["dataset"], bare["format"]) == ("framepress.statistics", str(dataset), "native")
    assert bare["measured"] is None
    full = json.loads(run("stats", dataset, "--json", "--pixels", "--workers", 2).stdout)
    assert full["measured"]["pixels"]["pixels"] == 7 * 96 * 64
    assert {**full, "measured": None} == bare
    assert "measured in 3 of 7 frames" in run("stats", dataset, "--pixels", "--sample", 3).stdout


def test_one_edition_is_read_where_it_is_named(run: Run, dataset: Path) -> None:
    assert json.loads(run("stats", dataset, "--from", "coco", "--json").stdout)["format"] == "coco"


def test_files_are_written_beside_the_answer_and_the_dataset_is_left_alone(
    run: Run, dataset: Path, tmp_path: Path
) -> None:
    before = contents(dataset)
    run("stats", dataset, "--pixels", "--csv", tmp_path / "a/csv", "--plots", tmp_path / "plots", "--json")
    assert contents(dataset) == before
    with open(tmp_path / "a/csv/classes.csv", newline="") as stream:
        assert [row["class"] for row in csv.DictReader(stream)] == list(LABELS.names)
    assert {"classes.svg", "levels.svg", "depth.svg"} <= {path.name for path in (tmp_path / "plots").iterdir()}
    run("stats", dataset, "--pixels", "--csv", tmp_path / "b", "--plots", tmp_path / "c")
    for first, second in (("a/csv", "b"), ("plots", "c")):
        files = [{name: held[0] for name, held in contents(tmp_path / folder).items()} for folder in (first, second)]
        assert files[0] == files[1]


def test_folders_that_hold_something_are_refused_before_anything_is_read(
    run: Run, dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    assert "is not empty" in run("stats", dataset, "--csv", tmp_path / "full", code=3).stderr
    assert "is in the dataset" in run("stats", dataset, "--plots", dataset / "plots", code=3).stderr
    assert (
        "give each its own" in run("stats", dataset, "--plots", tmp_path / "x", "--csv", tmp_path / "x", code=2).stderr
    )
    assert "--pixels" in run("stats", dataset, "--sample", 3, code=2).stderr
    assert "--workers is for" in run("stats", dataset, "--workers", 2, code=2).stderr  # not silently ignored
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("sample", "counts"),
    [
        ("coco_dataset/coco", {"a": 1, "b": 2, "c": 0}),
        ("kitti_dataset/kitti_detection", {"Van": 4, "Truck": 1}),
        ("yolo_dataset/yolov8_detection", {f"label_{n}": int(n in (2, 4)) for n in range(10)}),
    ],
)
def test_datasets_of_others_are_counted_like_ours(run: Run, shared: Path, sample: str, counts: dict[str, int]) -> None:
    """Counts by hand, from the annotation files."""
    found = json.loads(run("stats", shared / "formats-datumaro" / sample, "--pixels", "--json").stdout)
    assert {row["name"]: row["objects"] for row in found["classes"]} == counts
    assert found["measured"]["pixels"]["mean_255"] == pytest.approx([1, 1, 1])  # these samples are almost black
