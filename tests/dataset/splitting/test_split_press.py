"""A planned split becomes a dataset: every frame in its split, pixels and boxes as they were."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import framepress
from framepress.core import Frame
from framepress.dataset.index import Index
from framepress.dataset.split import Split
from framepress.dataset.splitting.draw import SplitCounts
from framepress.dataset.splitting.leaks import image_links
from framepress.dataset.splitting.plan import plan_split
from framepress.dataset.splitting.press import split_dataset
from framepress.errors import InputError, OptionError, OutputError
from frames import LABELS, many, rig

THREE = Split.parse("train=.5,val=.25,test=.25")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def pressed(folder: Path, frames: list[Frame], formats: object = ("native", "coco")) -> framepress.Dataset:
    with framepress.DatasetWriter(folder, formats, labels=LABELS, origin={"job": 7}) as writer:
        for frame in frames:
            writer.add(frame)
    return framepress.open(folder)


def test_each_edition_holds_the_splits_and_nothing_else_has_changed(tmp_path: Path) -> None:
    options = {"native": {}, "coco": {"images": "jpeg", "quality": 71}}
    source = pressed(tmp_path / "set", list(many(12)), options)
    plan = plan_split(Index.of(source), THREE, group=["frame"], stratify=["label"])
    report = split_dataset(source, tmp_path / "cut", plan)
    assert dict(report.splits) == plan.sizes() == {"train": 6, "val": 3, "test": 3}
    cut = {frame.id: frame for frame in framepress.open(tmp_path / "cut").frames()}
    assert {id: frame.split for id, frame in cut.items()} == plan.by_id()
    for frame in many(12):
        found = cut[frame.id]
        np.testing.assert_array_equal(found.view.channels["depth"], frame.view.channels["depth"])
        np.testing.assert_array_equal(found.view.objects.box, frame.view.objects.box)
        old = tmp_path / "set/coco/images/default" / f"{frame.id}.jpg"
        assert (tmp_path / "cut/coco/images" / found.split / f"{frame.id}.jpg").read_bytes() == old.read_bytes()
    for split in ("train", "val", "test"):
        document = json.loads((tmp_path / f"cut/coco/annotations/instances_{split}.json").read_text())
        assert len(document["images"]) == plan.sizes()[split]
    job = json.loads((tmp_path / "cut/.framepress/dataset.json").read_text())
    assert job["formats"]["coco"] == {**options["coco"], "segmentation": job["formats"]["coco"]["segmentation"]}
    how = {"verb": "split", "shares": {"train": 0.5, "val": 0.25, "test": 0.25}, "seed": 0}
    how |= {"group": ["frame"], "stratify": ["label"]}
    assert job["origin"] == {"derived": how, "from": {"job": 7}}


def test_frames_in_no_split_are_left_out_and_counted(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", list(many(8)), ["yolo"])
    plan = plan_split(Index.of(source), SplitCounts.parse("train=3,val=2"), group=["frame"])
    report = split_dataset(source, tmp_path / "cut", plan)
    assert (report.frames, report.run["left out by a stage"]) == (5, 3)
    assert {path.parent.name for path in (tmp_path / "cut/images").rglob("*.png")} == {"train", "val"}


def test_a_plan_without_a_frame_writes_no_empty_dataset(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", list(many(2)))
    with pytest.raises(OptionError, match="no frame is in a split"):
        split_dataset(source, tmp_path / "cut", plan_split(source, {"val": []}))
    assert not (tmp_path / "cut").exists()


def test_a_grown_dataset_keeps_the_splits_of_the_one_cut_before(tmp_path: Path) -> None:
    frames = list(many(20))
    first = pressed(tmp_path / "set", frames[:12])
    split_dataset(first, tmp_path / "cut", plan_split(Index.of(first), THREE, group=["frame"], stratify=["label"]))
    before = framepress.open(tmp_path / "cut")
    grown = pressed(tmp_path / "grown", frames)
    plan = plan_split(grown, THREE, group=["frame"], stratify=["label"], kept=before)
    old = {frame.id: frame.split for frame in framepress.open(tmp_path / "cut").frames()}
    assert {id: plan.by_id()[id] for id in old} == old
    assert plan.sizes() == {"train": 10, "val": 5, "test": 5}
    assert plan.kept == 12


def test_a_foreign_dataset_is_cut_in_its_own_format_or_another(tmp_path: Path) -> None:
    pressed(tmp_path / "set", list(many(6)), ["coco"])
    foreign = framepress.open(tmp_path / "set/annotations/instances_default.json")
    plan = plan_split(Index.of(foreign), SplitCounts.parse("train=4,val=2"), group=["frame"])
    split_dataset(foreign, tmp_path / "coco", plan)
    split_dataset(foreign, tmp_path / "kitti", plan, ["kitti"])
    assert len(json.loads((tmp_path / "coco/annotations/instances_val.json").read_text())["images"]) == 2
    assert len((tmp_path / "kitti/training/../ImageSets/train.txt").resolve().read_text().split()) == 4


def test_a_native_dataset_is_cut_with_links_to_the_files_that_it_has(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", list(many(6)), ["native"])
    plan = plan_split(Index.of(source), SplitCounts.parse("train=4,val=1"), group=["frame"])
    split_dataset(source, tmp_path / "cut", plan)
    cut = list(framepress.open(tmp_path / "cut").frames())
    assert {frame.id: frame.split for frame in cut} == {id: split for id, split in plan.by_id().items() if split}
    for frame in cut:
        name = f"rgb/{frame.id}.png"
        assert (tmp_path / "cut" / name).stat().st_ino == (tmp_path / "set" / name).stat().st_ino


def test_images_of_several_cameras_that_are_frames_of_their_own_are_cut_as_such(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", rig(), ["yolo"])
    with pytest.raises(InputError, match=r"frame front/run/000\d: is not in the plan"):
        split_dataset(source, tmp_path / "wrong", plan_split(Index.of(source), THREE))
    plan = plan_split(source, THREE, group=["frame"])
    assert plan.index.frames.rows == 6
    assert image_links(plan.index, source) is None
    assert split_dataset(source, tmp_path / "cut", plan).frames == 6


def test_a_target_inside_the_source_or_around_it_is_refused(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", list(many(2)), ["coco"])
    plan = plan_split(Index.of(source), THREE)
    for target in (tmp_path / "set/cut", tmp_path / "set"):
        with pytest.raises(OutputError, match="inside the dataset"):
            split_dataset(source, target, plan)


def test_a_format_that_is_only_read_asks_for_another(capture: Path, tmp_path: Path) -> None:
    source = framepress.open(capture)
    plan = plan_split(Index.of(source), SplitCounts.parse("train=4,val=2"), group=["frame"])
    with pytest.raises(OptionError, match="basic is not written; name the formats"):
        split_dataset(source, tmp_path / "cut", plan)
    assert split_dataset(source, tmp_path / "cut", plan, ["coco"]).splits["val"] == 2
