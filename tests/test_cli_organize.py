"""`framepress organize`: what it answers, and what it refuses."""

from __future__ import annotations

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
def run() -> Run:
    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["organize", *(str(argument) for argument in arguments)])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    return tmp_path / "set"


def test_a_tree_is_told_in_text_and_json(run: Run, dataset: Path, tmp_path: Path) -> None:
    text = run(dataset, tmp_path / "a", "--tree", "detection", "--by", "sequence").stdout
    assert "7; 7 new" in text
    assert "a 3, b 4" in text
    found = json.loads(run(dataset, tmp_path / "b", "--tree", "detection", "--to", "yolo,coco", "--json").stdout)
    assert found["source"] == {"path": str(dataset), "format": "native"}
    assert (found["frames"], found["added"], found["groups"]) == (7, 7, {"": 7})
    assert found["counts"]["yolo crowds"] == 1
    assert (tmp_path / "b/yolo/data.yaml").is_file()


def test_settings_reach_formats_and_trees(run: Run, dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path / "a", "--tree", "detection", "--set", "yolo.task=segment")
    assert json.loads((tmp_path / "a/organized.json").read_text())["options"]["formats"]["yolo"]["task"] == "segment"
    run(dataset, tmp_path / "b", "--tree", "depth", "--set", "depth.encoding=npy")
    assert list((tmp_path / "b/depth").rglob("*.npy"))


def test_copies_are_files_of_their_own(run: Run, dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path / "a", "--tree", "segmentation", "--copy")
    run(dataset, tmp_path / "b", "--tree", "segmentation")
    image = dataset / "rgb/a/0000.png"
    assert not (tmp_path / "a/images/a/0000.png").samefile(image)
    assert (tmp_path / "b/images/a/0000.png").samefile(image)


def test_classes_come_from_a_file(run: Run, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cone\ncar\n")
    asked = [dataset, tmp_path / "a", "--tree", "segmentation", "--labels", tmp_path / "classes.txt"]
    assert "is not in the label map" in run(*asked, code=2).stderr
    assert "objects not in the label map" in run(*asked, "--unlisted", "drop", "--existing", "resume").stdout
    assert (tmp_path / "a/classes.txt").read_text().splitlines() == ["background", "cone", "car"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--tree", "depth", "--to", "yolo"], 2, "--to is for --tree detection"),
        (["--tree", "detection", "--set", "coco.segmentation=none"], 2, "is none of yolo"),
        (["--tree", "depth", "--by", "weather"], 2, "cannot be grouped by 'weather'"),
        (["--tree", "maps"], 2, "maps"),
        ([], 2, "--tree"),
    ],
)
def test_a_wish_that_cannot_be_leaves_nothing(
    run: Run, dataset: Path, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    assert told in " ".join(run(dataset, tmp_path / "out", *arguments, code=code).stderr.split())
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_gone_on_with_only_where_asked(run: Run, dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path / "out", "--tree", "depth")
    assert "is not empty" in run(dataset, tmp_path / "out", "--tree", "depth", code=3).stderr
    assert "7; 0 new" in run(dataset, tmp_path / "out", "--tree", "depth", "--existing", "resume").stdout
    assert "beside it" in run(dataset, dataset / "out", "--tree", "depth", code=3).stderr
