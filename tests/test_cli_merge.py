"""`framepress merge`: sources of several formats, and what may stand in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.core import Label, LabelMap
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def pressed(folder: Path, first: int, count: int, formats: str, labels: LabelMap = LABELS) -> Path:
    with DatasetWriter(folder, formats.split(","), labels=labels) as writer:
        for frame in many(count, first=first):
            writer.add(frame)
    return folder


def cars_seen(first: int) -> int:
    objects = [frame.view.objects for frame in many(5, first=first)]
    return sum((np.array(each.labels) == "car")[each.area > 0].sum() for each in objects if len(each))


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """Frames 0..4 as COCO, 3..7 as YOLO."""
    return pressed(tmp_path / "day", 0, 5, "coco"), pressed(tmp_path / "night", 3, 5, "yolo")


def test_sources_of_two_formats_become_one_under_their_names(
    run: Run, sources: tuple[Path, Path], tmp_path: Path
) -> None:
    result = run("merge", *sources, tmp_path / "out", "--to", "coco,yolo", "--collisions", "rename", "--index",
                 "sequential", "--names", "d,n", "--map", "n:car=van", "--map", "cone=", "--json")  # fmt: skip
    document = json.loads(result.stdout)
    assert document["frames"] == 10
    assert "cone" not in document["classes"]
    assert (document["classes"]["car"], document["classes"]["van"]) == (cars_seen(0), cars_seen(3))
    ids = sorted(frame.id for frame in open_dataset(tmp_path / "out/coco", "coco").frames())
    assert [id.split("/")[0] for id in ids] == ["d"] * 5 + ["n"] * 5
    assert len(list((tmp_path / "out/yolo/labels").rglob("*.txt"))) == 10


def test_a_list_of_classes_and_new_splits(run: Run, sources: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("person\ncar\n")
    run("merge", *sources, tmp_path / "none", "--to", "coco", "--collisions", "rename", "--labels",
        tmp_path / "classes.txt", code=2)  # fmt: skip
    document = json.loads(
        run("merge", *sources, tmp_path / "out", "--to", "coco", "--collisions", "rename", "--labels",
            tmp_path / "classes.txt", "--unlisted", "drop", "--split", "a=.5,b=.5", "--json").stdout
    )  # fmt: skip
    assert list(document["classes"]) == ["person", "car"]
    assert document["run"]["objects not in the label map"] == 1
    assert sum(document["splits"][name] for name in ("a", "b")) == 10


def test_equal_frames_are_taken_once_and_an_interrupted_merge_is_gone_on_with(run: Run, tmp_path: Path) -> None:
    a, b = pressed(tmp_path / "a", 0, 5, "native"), pressed(tmp_path / "b", 3, 5, "native")
    run("merge", a, tmp_path / "out")
    result = run("merge", a, b, tmp_path / "out", "--collisions", "skip-equal", "--existing", "resume", "--json")
    document = json.loads(result.stdout)
    assert document["frames"] == 8
    assert document["run"] == {"asked": 8, "equal frames taken once": 2, "skipped": 5, "written": 3}


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 2, "name the formats to write"),
        (["--to", "coco"], 4, "collisions=rename"),
        (["--to", "coco", "--collisions", "skip-equal"], 4, "is another one in"),
        (["--to", "kitti", "--collisions", "rename"], 2, "index=sequential"),
        (["--set", "images=jpeg"], 2, "--set needs --to"),
        (["--to", "coco", "--collisions", "rename", "--names", "a"], 2, "1 names for 2 sources"),
        (["--to", "coco", "--map", "dusk:car=van"], 2, "the sources are day, night"),
        (["--to", "coco", "--map", "car=a", "--map", "car=b"], 2, "make them one"),
        (["--to", "coco", "--map", "bus=van"], 2, "no source has a class 'bus'"),
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_is_written(
    run: Run, sources: tuple[Path, Path], tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    result = run("merge", *sources, tmp_path / "out", *options, code=code)
    assert told in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_what_two_sources_say_of_a_class_is_told_with_both(run: Run, tmp_path: Path) -> None:
    labels = [
        LabelMap((Label("car", supercategory=name), Label("person"), Label("cone"))) for name in ("toy", "vehicle")
    ]
    sources = [pressed(tmp_path / f"s{n}", 5 * n, 5, "native", labels[n]) for n in range(2)]
    result = run("merge", *sources, tmp_path / "out", code=2)
    for part in ("'toy' in", "s0 and 'vehicle' in", "s1"):
        assert part in " ".join(result.stderr.split())
