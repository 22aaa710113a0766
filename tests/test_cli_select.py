"""`framepress select`, `relabel`, `slice` and `append`: from the demo's recording to what was chosen of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, mono

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FRAMEPRESS_DEBUG", raising=False)

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def pressed(folder: Path, formats: str = "native,coco", begin: int = 0, end: int = 7) -> Path:
    with DatasetWriter(folder, formats.split(","), labels=LABELS) as writer:
        for frame in mono()[begin:end]:
            writer.add(frame)
    return folder


def labels_in(folder: Path) -> set[str]:
    return {name for frame in open_dataset(folder).frames() for view in frame.views for name in view.objects.labels}


def test_a_recording_is_converted_counted_chosen_from_and_validated(run: Run, capture: Path, tmp_path: Path) -> None:
    demo, chosen = tmp_path / "demo", tmp_path / "chosen"
    run("convert", capture, demo, "--to", "native,coco,yolo", "--split", "train=.5,val=.5")
    expression = "label in ('person', 'pallet') and visibility > 0.3 and area > 20 and distance < 20"
    counted = json.loads(run("select", demo, expression, "--json").stdout)["selection"]
    assert not chosen.exists()
    document = json.loads(run("select", demo, expression, chosen, "--json").stdout)
    assert document["selection"] == counted
    assert document["expression"] == expression
    assert document["objects"] == counted["objects"]["kept"] > 10
    assert document["frames"] == counted["frames"]["kept"]
    assert document["classes"] == {name: kept["kept"] for name, kept in counted["classes"].items() if kept["kept"]}
    assert sorted(path.name for path in chosen.iterdir()) == [".framepress", "coco", "native", "yolo"]
    for frame in open_dataset(chosen).frames():
        for view in frame.views:
            for thing in view.objects:
                pixels = int(np.count_nonzero(view.channels["instance"] == thing.id))
                assert pixels == thing.area > 20
                assert thing.visibility > np.float32(0.3)
                assert np.linalg.norm(view.camera.to_camera(thing.box3d.center)) < 20
    written = sum(len(file.read_text().splitlines()) for file in (chosen / "yolo/labels").rglob("*.txt"))
    assert written == document["objects"]
    run("validate", chosen, "--profile", "default")
    assert json.loads(run("info", chosen, "--json").stdout)["origin"]["derived"]["expression"] == expression


def test_the_counts_are_told_as_text_and_then_the_report(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a")
    expression = "visibility > 0.95 and label == 'car'"  # /World/Car_1 is behind a sign
    result = run("select", source, expression)
    lines = [line.split(None, 1) for line in result.stdout.splitlines()]
    assert lines[0] == [f"{source}:", expression]
    told = dict(lines[1:])
    assert told["frames"] == "3 of 7"
    assert told["objects"] == "3 of 29"
    assert told["classes"].startswith("car 3 of 4, person 0 of 4, cone 0 of 19")
    assert told["sequences"] == "a 2 of 3, b 1 of 4"
    assert "not known" not in result.stdout
    assert "not known  1 objects" in run("select", source, "visibility > 0.5").stdout
    both = run("select", source, expression, tmp_path / "b").stdout
    assert both.startswith(result.stdout)
    assert "3 frames, 3 views, 3 objects" in both


@pytest.mark.parametrize(
    ("options", "frames", "labels"),
    [
        ([], 3, {"car"}),
        (["--negatives", "original"], 5, {"car"}),
        (["--negatives", "keep"], 7, {"car"}),
        (["--frames-only"], 3, {"car", "cone", "person", "sign"}),
        (["--map", "car=vehicle"], 3, {"vehicle"}),
        (["--drop-tiny", "20"], 1, {"car"}),
        (["--min-area", "300"], 2, {"car"}),
    ],
)
def test_options_decide_what_becomes_of_the_rest(
    run: Run, tmp_path: Path, options: list[str], frames: int, labels: set[str]
) -> None:
    source = pressed(tmp_path / "a")
    document = json.loads(run("select", source, "label == 'car'", tmp_path / "b", *options, "--json").stdout)
    assert document["frames"] == frames
    assert labels_in(tmp_path / "b") == labels


def test_classes_are_kept_and_pixels_erased_where_asked(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a")
    run("select", source, "label == 'sign'", tmp_path / "b", "--keep-classes", "--erase", "--to", "native")
    assert open_dataset(tmp_path / "b").labels() == LABELS
    shown = {
        int(n) for frame in open_dataset(tmp_path / "b").frames() for n in np.unique(frame.view.channels["instance"])
    }
    assert shown == {0, 1, 3}


def test_formats_options_and_splits_are_those_of_the_source_or_as_asked(run: Run, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", {"native": {"depth": "tiff"}, "coco": {"segmentation": "none"}}) as writer:
        for frame in mono():
            writer.add(frame)
    run("select", tmp_path / "a", "label == 'car'", tmp_path / "b")
    job = open_dataset(tmp_path / "b").job
    assert (job.formats["native"]["depth"], job.formats["coco"]["segmentation"]) == ("tiff", "none")
    run("select", tmp_path / "a", "label == 'car'", tmp_path / "c", "--set", "depth=npy", "--split", "train=.5,val=.5")
    job = open_dataset(tmp_path / "c").job
    assert (job.formats["native"]["depth"], job.formats["coco"]["segmentation"]) == ("npy", "none")
    assert {frame.split for frame in open_dataset(tmp_path / "c").frames()} <= {"train", "val"}
    run("slice", tmp_path / "a", tmp_path / "d", "--frames", ":3", "--to", "yolo", "--set", "yolo.images=jpeg")
    assert len(list((tmp_path / "d").rglob("*.jpg"))) == 3


def test_the_reader_of_the_source_takes_its_options(run: Run, capture: Path, tmp_path: Path) -> None:
    asked = ["select", capture, "sequence == '0123' and label == 'person'", "--set", "from.sequence=0123"]
    counted = json.loads(run(*asked, "--json").stdout)["selection"]
    assert counted["sequences"] == {"0123": {"kept": counted["frames"]["kept"], "of": 6}}
    assert "name the formats to write" in run(*asked, tmp_path / "b", code=2).stderr
    run(*asked, tmp_path / "b", "--to", "coco", "--set", "coco.images=jpeg")
    assert labels_in(tmp_path / "b") == {"person"}
    assert "no such option" in run(*asked, "--set", "from.sequenec=1", code=2).stderr


def test_names_do_not_move_the_cursor(run: Run, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["native"]) as writer:
        writer.add(mono()[0].replaced(sequence="a\x1b[2Jb"))
    assert "\x1b" not in run("select", tmp_path / "a", "True").stdout


def test_slices_are_links_to_the_source(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a")
    for name, options, ids in (
        ("b", ["--frames", "1:6:2"], ["a/0001", "b/0000", "b/0002"]),
        ("c", ["--time", "0.06:0.14"], ["a/0002", "b/0000", "b/0001"]),
        ("d", ["--sequences", "b", "--frames", ":4"], ["b/0000"]),
    ):
        run("slice", source, tmp_path / name, *options)
        assert [frame.id for frame in open_dataset(tmp_path / name).frames()] == ids
        image = next((tmp_path / name / "coco").rglob("*.png"))
        assert os.path.samefile(image, source / image.relative_to(tmp_path / name))


def test_classes_are_mapped_by_text_and_by_file(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a")
    (tmp_path / "map.json").write_text('{"person": "car", "cone": null}')
    for name, mapping in (("b", "person=car,cone="), ("c", tmp_path / "map.json")):
        run("relabel", source, tmp_path / name, "--map", mapping)
        assert labels_in(tmp_path / name) == {"car", "sign"}
        assert open_dataset(tmp_path / name).labels().names == ("car", "sign", "never_seen")


def test_frames_are_appended_once(run: Run, tmp_path: Path) -> None:
    target, more = pressed(tmp_path / "a", end=3), pressed(tmp_path / "b", begin=3)
    assert json.loads(run("append", more, target, "--json").stdout)["frames"] == 7
    assert "is in" in run("append", more, target, code=4).stderr
    assert json.loads(run("append", more, target, "--resume", "--json").stdout)["run"]["skipped"] == 4
    assert json.loads(run("append", more, target, "--prefix", "{source}", "--json").stdout)["frames"] == 11


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["select", "{set}", "label == 'kar'"], 2, "did you mean 'car'?"),
        (["select", "{set}", "label == "], 2, "column 9"),
        (["select", "{set}", "label == 'car'", "{set}"], 3, "is inside the dataset"),
        (["select", "{set}", "label == 'car'", "{tmp}/x", "--to", "basic"], 2, "basic"),
        (["select", "{set}", "label == 'car'", "{tmp}/x", "--set", "depht=npy"], 2, "no such option"),
        (["select", "{set}", "label == 'car'", "{tmp}/x", "--map", "kar=car"], 2, "did you mean 'car'?"),
        (["select", "{set}", "label == 'never_seen'", "{tmp}/x"], 2, "holds no frame"),
        (["select", "{tmp}/none", "label == 'car'"], 2, "does not exist"),
        (["relabel", "{set}", "{tmp}/x"], 2, "--map"),
        (["relabel", "{set}", "{tmp}/x", "--map", "car"], 2, "write it as old=new"),
        (["slice", "{set}", "{tmp}/x"], 2, "name the frames"),
        (["slice", "{set}", "{tmp}/x", "--frames", "3"], 2, "write first:end"),
        (["slice", "{set}", "{tmp}/x", "--sequences", "zz"], 2, "no sequence 'zz'"),
        (["append", "{set}", "{tmp}"], 4, "looks like no format"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    names = {"set": str(pressed(tmp_path / "set")), "tmp": str(tmp_path)}
    given = [argument.format(**names) for argument in arguments]
    plain = run(*given, code=code)
    assert told in " ".join(plain.stderr.split())
    assert "Traceback" not in plain.stderr
    error: dict[str, Any] = json.loads(run(*given, "--json", code=code).stdout)
    assert list(error) == ["error"]
    assert not (tmp_path / "x").exists()
