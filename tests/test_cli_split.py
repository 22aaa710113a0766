"""`framepress split`: what it tells before it writes, and what it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

Run = Callable[..., Result]
CUT = "train=.5,val=.25,test=.25"


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
    """Twelve frames in the sequences s0, s1 and s2, of which each has one scene and one weather."""
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS) as writer:
        for number, frame in enumerate(many(12)):
            meta = {"scene": f"hall {number // 4 % 2}", "weather": ["rain", "sun"][number % 2]}
            writer.add(frame.replaced(sequence=f"s{number // 4}", meta=meta))
    return tmp_path / "set"


def splits_of(path: Path) -> dict[str, str]:
    return {frame.id: frame.split for frame in open_dataset(path).frames()}


def test_without_a_target_nothing_is_written_and_all_is_told(run: Run, dataset: Path) -> None:
    before = sorted(dataset.rglob("*"))
    text = run("split", dataset, CUT, "--group", "frame", "--stratify", "label").stdout
    for line in ("12", "train 6, val 3, test 3", "sequence: 3 of 3 in several splits, 12 frames",
                 "neighbours in time:", "equal images: none of 12 in several splits"):  # fmt: skip
        assert line in text
    assert sorted(dataset.rglob("*")) == before
    document = json.loads(run("split", dataset, CUT, "--group", "frame", "--stratify", "label", "--json").stdout)
    assert document["planned"]["splits"] == {"train": 6, "val": 3, "test": 3}
    assert document["balance"]["frames"]["held"] == {"train": 6, "val": 3, "test": 3}
    assert document["leaks"]["scene"]["shared"] == 2
    cars = document["balance"]["car"]["held"]
    assert sum(cars.values()) == sum(frame.view.objects.labels.count("car") for frame in many(12))
    assert "run" not in document


def test_what_is_told_is_what_is_written(run: Run, dataset: Path, tmp_path: Path) -> None:
    document = json.loads(run("split", dataset, tmp_path / "cut", CUT, "--group", "sequence,scene", "--json").stdout)
    assert document["planned"]["groups"] == 2
    assert {kind: leak["shared"] for kind, leak in document["leaks"].items()} == {
        "sequence": 0, "neighbours in time": 0, "scene": 0, "equal images": 0
    }  # fmt: skip
    planned = document["planned"]["splits"]
    assert document["splits"] == {name: count for name, count in planned.items() if count}
    found = list(splits_of(tmp_path / "cut").values())
    assert {name: found.count(name) for name in ("train", "val", "test")} == planned
    assert (tmp_path / "cut/coco/annotations").is_dir()


def test_the_arguments_may_come_in_any_order_and_resume(run: Run, dataset: Path, tmp_path: Path) -> None:
    run("split", dataset, CUT, tmp_path / "cut")
    run("split", dataset, CUT, tmp_path / "cut", code=3)
    again = json.loads(run("split", dataset, tmp_path / "cut", CUT, "--existing", "resume", "--json").stdout)
    assert again["run"]["skipped"] == 12


def test_numbers_lists_and_what_was_there(run: Run, dataset: Path, tmp_path: Path) -> None:
    by_count = ["--counts", "train=rest,val=2", "--group", "frame"]
    assert json.loads(run("split", dataset, *by_count, "--json").stdout)["planned"]["splits"] == {"train": 10, "val": 2}
    ids = [frame.id for frame in many(12)]
    (tmp_path / "val.txt").write_text("\n".join(ids[:3]))
    (tmp_path / "rest.txt").write_text("\n".join(f"images/default/{id}.png" for id in ids[3:8]))
    lists = ["--from-lists", tmp_path / "val.txt", "--from-lists", f"train={tmp_path / 'rest.txt'}"]
    run("split", dataset, tmp_path / "cut", *lists)
    assert splits_of(tmp_path / "cut") == dict.fromkeys(ids[:3], "val") | dict.fromkeys(ids[3:8], "train")
    kept = ["--keep-from", tmp_path / "cut", "--group", "frame"]
    document = json.loads(run("split", dataset, tmp_path / "next", CUT, *kept, "--json").stdout)
    assert document["planned"]["kept"] == 8
    after = splits_of(tmp_path / "next")
    assert {id: after[id] for id in ids[:8]} == splits_of(tmp_path / "cut")
    again = json.loads(run("split", tmp_path / "next", "test=1", "--keep", "--group", "frame", "--json").stdout)
    assert again["planned"]["kept"] == 12
    assert again["planned"]["splits"]["test"] == list(after.values()).count("test")


def test_other_formats_and_options(run: Run, dataset: Path, tmp_path: Path) -> None:
    run(
        "split", dataset, tmp_path / "cut", CUT, "--to", "yolo,kitti", "--set", "images=jpeg", "--group", "meta.weather"
    )
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {".framepress", "yolo", "kitti"}
    assert len(list((tmp_path / "cut/yolo/images").rglob("*.jpg"))) == 12


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "say how"),
        (["train=1", "--counts", "train=1"], 2, "one of them"),
        (["a", "b", "train=1"], 2, "one DST"),
        (["train=.5,val=.6"], 2, "add up to 1"),
        (["train=1", "--group", "weather"], 2, "meta.KEY"),
        (["train=1", "--group", "meta.wether"], 2, "meta has scene, weather"),
        (["train=1", "--stratify", "asset"], 2, "no frame says anything of asset"),
        (["--counts", "train=13"], 2, "13 frames were asked for"),
        (["train=1", "--keep", "--keep-from", "{set}"], 2, "not both"),
        (["train=1", "{set}/cut"], 3, "inside the dataset"),
        (["--from-lists", "{set}/none.txt"], 4, "none.txt"),
        (["--from-lists", "{set}/none.txt", "--group", "scene"], 2, "nothing for --group and --seed to decide"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    run: Run, dataset: Path, arguments: list[str], code: int, told: str
) -> None:
    before = sorted(dataset.rglob("*"))
    result = run("split", dataset, *(text.format(set=dataset) for text in arguments), code=code)
    assert told in " ".join(result.stderr.split())
    assert result.stdout == "" or "{set}/cut" in arguments
    assert sorted(dataset.rglob("*")) == before


def test_a_dataset_without_frames_is_told_as_such(run: Run, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS):
        pass
    text = run("split", tmp_path / "set", CUT, "--stratify", "label").stdout
    assert "train 0, val 0, test 0" in text
    assert "nothing in any split" in text


def test_of_many_classes_the_worst_are_shown_and_json_has_them_all(run: Run, tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(30)]
    with DatasetWriter(tmp_path / "set", ["native"]) as writer:
        for number, frame in enumerate(many(30)):
            objects = frame.view.objects.relabelled((names[number],), [0] * len(frame.view.objects.classes))
            writer.add(frame.replaced(views=(frame.view.replaced(objects=objects),)))
    text = run("split", tmp_path / "set", CUT, "--group", "frame").stdout
    document = json.loads(run("split", tmp_path / "set", CUT, "--group", "frame", "--json").stdout)
    assert len(document["balance"]) == 26
    assert "and 6 that are less far off" in text
    assert "in 1 group only" in text
