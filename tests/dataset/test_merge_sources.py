"""Datasets of any format become one: classes by name, ids unique, nothing lost or mixed up without a word."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Frame, Label, LabelMap
from framepress.dataset.convert import convert
from framepress.dataset.job import JOB_PATH
from framepress.dataset.merge import Merging, merge
from framepress.dataset.merge_labels import united_labels
from framepress.dataset.opening import open_dataset
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, LabelError, OptionError, OutputError
from frames import LABELS, many

RENAME = Merging(collisions="rename")
SKIP = Merging(collisions="skip-equal")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def pressed(folder: Path, frames: list[Frame], formats: object = ("native",), labels: LabelMap | None = LABELS) -> Path:
    with DatasetWriter(folder, formats, labels=labels) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def foreign(folder: Path, frames: list[Frame], format: str, labels: LabelMap | None = LABELS) -> Path:
    """A dataset without our journal."""
    pressed(folder, frames, [format], labels)
    for path in sorted((folder / ".framepress").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / ".framepress").rmdir()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("ledger.jsonl", "lock")
    }


def frames_in(folder: Path) -> dict[str, Frame]:
    return {frame.id: frame for frame in open_dataset(folder).frames()}


def relabelled(frame: Frame, names: dict[str, str]) -> Frame:
    objects = frame.view.objects
    classes = tuple(names.get(name, name) for name in objects.classes)
    return frame.replaced(views=(frame.view.replaced(objects=objects.relabelled(classes, range(len(classes)))),))


def test_foreign_sources_of_two_formats_become_one_whatever_their_order(tmp_path: Path) -> None:
    frames = list(many(12))
    sources = [foreign(tmp_path / "c", frames[:5], "coco"), foreign(tmp_path / "y", frames[5:9], "yolo"),
               pressed(tmp_path / "n", frames[9:], ["native", "coco"])]  # fmt: skip
    trees = []
    for attempt in range(3):
        random.Random(attempt).shuffle(sources)
        report = merge(sources, tmp_path / f"out{attempt}", ["coco"], Merging(index="sequential"))
        trees.append(files(tmp_path / f"out{attempt}"))
    assert trees[0] == trees[1] == trees[2]
    assert report.frames == 12
    found = frames_in(tmp_path / "out0")
    assert sorted(frame.index for frame in found.values()) == list(range(12))
    pixels = {frame.view.channels["rgb"].tobytes(): frame for frame in frames}
    for frame in found.values():
        before = pixels.pop(frame.view.channels["rgb"].tobytes())
        seen = ~np.isnan(before.view.objects.box[:, 0])
        assert sorted(frame.view.objects.labels) == sorted(np.array(before.view.objects.labels)[seen].tolist())
    assert not pixels


def test_classes_are_one_by_name_whatever_their_case_order_and_number(tmp_path: Path) -> None:
    frames = list(many(6))
    one = pressed(
        tmp_path / "one", frames[:3], labels=LabelMap((Label("car", 3), Label("person", 9), Label("cone", 1)))
    )
    turned = [relabelled(frame, {"car": "Car", "person": "PERSON"}) for frame in frames[3:]]
    two = pressed(tmp_path / "two", turned, labels=LabelMap((Label("cone", 2), Label("PERSON", 9), Label("Car", 1))))
    report = merge([two, one], tmp_path / "out", ["coco"])
    assert list(report.classes) == ["car", "person", "cone"]
    assert report.run["classes that lost their ids"] == 3
    document = json.loads((tmp_path / "out/annotations/instances_default.json").read_text())
    assert [(row["id"], row["name"]) for row in document["categories"]] == [(1, "car"), (2, "person"), (3, "cone")]
    found = frames_in(tmp_path / "out")
    for frame in frames:
        seen = ~np.isnan(frame.view.objects.box[:, 0])
        assert found[frame.id].view.objects.labels == np.array(frame.view.objects.labels)[seen].tolist()


def test_numbers_that_agree_stay_and_what_one_list_lacks_the_other_gives() -> None:
    one = LabelMap((Label("car", 3, "vehicle"), Label("person", keypoints=("head",))))
    two = LabelMap((Label("Person", 7, "human", colour=(1, 2, 3)), Label("CAR", 3), Label("bus", 4)))
    united = united_labels([("a", one), ("b", two)])
    assert not united.renumbered
    assert united.labels.labels == (
        Label("car", 3, "vehicle"), Label("person", 7, "human", (1, 2, 3), ("head",)), Label("bus", 4)
    )  # fmt: skip
    clash = united_labels([("a", one), ("b", LabelMap((Label("bus", 3),)))])
    assert clash.renumbered
    assert [label.id for label in clash.labels.labels] == [None, None, None]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (Label("Car", supercategory="toy"), "class 'car' has the supercategory 'vehicle' in a and 'toy' in c"),
        (Label("PERSON", keypoints=("foot",)), "class 'person' has the key points .*head.* in b and .*foot.* in c"),
    ],
)
def test_what_two_lists_say_differently_of_a_class_is_refused_with_both(other: Label, told: str) -> None:
    lists = [("a", LabelMap((Label("car", supercategory="vehicle"),))),
             ("b", LabelMap((Label("person", keypoints=("head",)),))), ("c", LabelMap((other,)))]  # fmt: skip
    with pytest.raises(LabelError, match=told):
        united_labels(lists)


def test_classes_get_other_names_by_source_and_in_all(tmp_path: Path) -> None:
    frames = list(many(6))
    a, b = pressed(tmp_path / "a", frames[:3]), pressed(tmp_path / "b", frames[3:])
    mappings = {"": ClassMapping.parsed("cone=,car=vehicle"), "b": ClassMapping.parsed("car=truck")}
    report = merge([a, b], tmp_path / "out", how=Merging(mappings=mappings))
    cars = [sum(frame.view.objects.labels.count("car") for frame in part) for part in (frames[:3], frames[3:])]
    assert (report.classes["vehicle"], report.classes["truck"]) == tuple(cars)
    assert "cone" not in report.classes
    for bad, told in (({"c": ClassMapping.parsed("car=x")}, "the sources are a, b"),
                      ({"": ClassMapping.parsed("bus=x")}, "no source has a class 'bus'")):  # fmt: skip
        with pytest.raises((OptionError, LabelError), match=told):
            merge([a, b], tmp_path / "bad", how=Merging(mappings=bad))
    assert not (tmp_path / "bad").exists()


def test_frames_that_collide_are_an_error_with_both_ways_out(tmp_path: Path) -> None:
    frames = list(many(3))
    sources = [pressed(tmp_path / "a", frames), foreign(tmp_path / "b", frames[2:], "coco")]
    with pytest.raises(InputError, match=f"frame {frames[2].id} is in .*collisions=rename.*collisions=skip-equal"):
        merge(sources, tmp_path / "out", ["coco"])
    assert not (tmp_path / "out").exists()


def test_renamed_frames_stand_below_their_source_with_sequences_of_their_own(tmp_path: Path) -> None:
    frames = list(many(4))
    a, b = foreign(tmp_path / "a", frames, "coco"), foreign(tmp_path / "b", frames[1:], "coco")
    for order in ([a, b], [b, a]):
        target = tmp_path / f"out-{order[0].name}"
        merge(order, target, ["native"], Merging(collisions="rename", names=[f"set_{path.name}" for path in order]))
    assert files(tmp_path / "out-a") == files(tmp_path / "out-b")
    found = frames_in(tmp_path / "out-a")
    assert sorted(found) == [f"set_a/{frame.id}" for frame in frames] + [f"set_b/{frame.id}" for frame in frames[1:]]
    assert {frame.sequence for frame in found.values()} == {"set_a/s0000", "set_b/s0000"}
    assert {frame.meta["source"] for frame in found.values()} == {"set_a", "set_b"}


def test_sources_without_names_go_by_their_folders_numbered_in_their_order(tmp_path: Path) -> None:
    frames = list(many(2))
    one, two = pressed(tmp_path / "x/set", frames), pressed(tmp_path / "y/set", frames[:1])
    merge([one, two], tmp_path / "out", how=RENAME)
    assert sorted(frames_in(tmp_path / "out")) == [f"set-2/{frames[0].id}", *(f"set/{frame.id}" for frame in frames)]
    for names in (["a"], ["a", "a"], ["a", "b c"], ["a", ""]):
        with pytest.raises(OptionError, match="name"):
            merge([one, two], tmp_path / "bad", how=Merging(collisions="rename", names=names))


@pytest.mark.parametrize("linked", [True, False])
def test_equal_frames_are_taken_once_and_counted(tmp_path: Path, linked: bool) -> None:
    frames = list(many(8))
    a = pressed(tmp_path / "a", frames[:6], ["native", "coco"])
    b = pressed(tmp_path / "b", frames[4:], ["native", "coco"] if linked else ["native"])
    for order in ([a, b], [b, a]):
        target = tmp_path / f"out{order[0].name}"
        report = merge(order, target, ["native", "coco"], SKIP)
        assert (report.frames, report.run["equal frames taken once"]) == (8, 2)
        inode = (target / f"native/rgb/{frames[0].id}.png").stat().st_ino
        assert (inode == (a / f"native/rgb/{frames[0].id}.png").stat().st_ino) == linked
    assert (
        files(tmp_path / "outa")
        == files(tmp_path / "outb")
        == files(pressed(tmp_path / "whole", frames, ["native", "coco"]))
    )


@pytest.mark.parametrize("what", ["pixels", "boxes", "split"])
@pytest.mark.parametrize("formats", [None, ["coco"]])
def test_frames_of_one_id_that_differ_are_refused_before_anything_is_written(
    tmp_path: Path, what: str, formats: list[str] | None
) -> None:
    frames = list(many(3))
    view = frames[1].view
    if what == "pixels":
        changed = frames[1].replaced(views=(view.replaced(channels=frames[2].view.channels),))
    elif what == "boxes":
        changed = frames[1].replaced(views=(view.replaced(objects=view.objects.take(np.arange(1))),))
    else:
        changed = frames[1].replaced(split="val")
    a, b = pressed(tmp_path / "a", frames), pressed(tmp_path / "b", [changed])
    with pytest.raises(InputError, match=f"frame {frames[1].id} is another one in"):
        merge([a, b], tmp_path / "out", formats, SKIP)
    assert not (tmp_path / "out").exists()


def test_numbers_are_no_difference_where_frames_are_numbered_anew(tmp_path: Path) -> None:
    frames = list(many(5))
    sources = [foreign(tmp_path / "a", frames[:4], "yolo"), foreign(tmp_path / "b", frames[3:], "yolo")]
    with pytest.raises(InputError, match="they differ in index;"):
        merge(sources, tmp_path / "out", ["native"], SKIP)
    report = merge(sources, tmp_path / "out", ["native"], Merging(collisions="skip-equal", index="sequential"))
    assert sorted(frame.index for frame in frames_in(tmp_path / "out").values()) == [0, 1, 2, 3, 4]
    assert report.run["equal frames taken once"] == 1


def test_a_list_of_classes_settles_what_the_sources_say_differently(tmp_path: Path) -> None:
    frames = list(many(4))
    said = [LabelMap((Label("car", supercategory=name), Label("person"), Label("cone"))) for name in ("toy", "vehicle")]
    sources = [pressed(tmp_path / f"s{n}", frames[2 * n : 2 * n + 2], labels=said[n]) for n in range(2)]
    with pytest.raises(LabelError, match=r"'toy' in .*s0 and 'vehicle' in .*s1"):
        merge(sources, tmp_path / "out", ["coco"])
    merge(sources, tmp_path / "out", ["coco"], Merging(labels=said[1]))
    document = json.loads((tmp_path / "out/annotations/instances_default.json").read_text())
    assert document["categories"][0]["supercategory"] == "vehicle"


def test_formats_that_number_their_files_ask_for_other_numbers(tmp_path: Path) -> None:
    frames = list(many(4))
    moved = [frame.replaced(id=f"late/{frame.id}") for frame in frames[2:]]
    sources = [pressed(tmp_path / "a", frames), pressed(tmp_path / "b", moved)]
    with pytest.raises(OptionError, match=r"both have the index 2, and kitti .*index=sequential"):
        merge(sources, tmp_path / "out", ["kitti"])
    merge(sources, tmp_path / "out", ["kitti"], Merging(index="sequential"))
    assert len(list((tmp_path / "out/training/image_2").iterdir())) == 6
    assert merge(sources, tmp_path / "coco", ["coco"]).frames == 6


def test_splits_stay_or_are_drawn_anew(tmp_path: Path) -> None:
    frames = [frame.replaced(split="val" if frame.index < 3 else "train") for frame in many(8)]
    sources = [pressed(tmp_path / "a", frames[:4]), pressed(tmp_path / "b", frames[4:], ["native", "coco"])]
    assert dict(merge(sources, tmp_path / "kept", ["native"]).splits) == {"train": 5, "val": 3}
    drawn = merge(sources, tmp_path / "drawn", ["native"], Merging(split=Split.parse("fit=.5,hold=.5")))
    assert dict(drawn.splits) in ({"fit": 8, "hold": 0}, {"fit": 0, "hold": 8})  # one sequence


def test_sequences_of_one_name_are_told_of(tmp_path: Path) -> None:
    frames = list(many(4))
    sources = [pressed(tmp_path / "a", frames[:2]), pressed(tmp_path / "b", frames[2:], ["native", "coco"])]
    assert merge(sources, tmp_path / "out", ["native"]).run["sequences in several sources"] == 1


def test_a_merge_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    frames = list(many(8))
    sources = [foreign(tmp_path / "a", frames[:4], "coco"), foreign(tmp_path / "b", frames[4:], "yolo")]

    def stop(done: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge(sources, tmp_path / "out", ["native"], RENAME, on_frame=stop)
    report = merge(sources, tmp_path / "out", ["native"], RENAME, existing="resume")
    assert (report.frames, report.run["skipped"], report.run["written"]) == (8, 5, 3)
    merge(sources, tmp_path / "whole", ["native"], RENAME)
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_source_that_is_not_finished_and_a_target_inside_one_are_refused(tmp_path: Path) -> None:
    frames = list(many(3))
    writer = DatasetWriter(tmp_path / "a", ["native"], labels=LABELS)
    writer.add(frames[0])
    writer.abandon()
    done = pressed(tmp_path / "b", frames[1:])
    for how in (None, RENAME):
        with pytest.raises(InputError, match="a: is being written, or was interrupted"):
            merge([tmp_path / "a", done], tmp_path / "out", ["coco"], how)
    with pytest.raises(OutputError, match="is inside"):
        merge([done], done / "out", ["coco"])
    with pytest.raises(OptionError, match="collisions='ask'"):
        Merging(collisions="ask")


def test_the_origin_says_what_was_merged(tmp_path: Path) -> None:
    frames = list(many(4))
    a = foreign(tmp_path / "a", frames[:2], "coco")
    convert(
        open_dataset(a), tmp_path / "b", ["native"], origin={"job": 1}, stages=[lambda f: f.replaced(id=f"b/{f.id}")]
    )
    merge([a, tmp_path / "b"], tmp_path / "out", ["native"])
    assert json.loads((tmp_path / "out" / JOB_PATH).read_text())["origin"] == {
        "merged": [{"job": 1}, {"format": "coco"}]
    }


def test_real_exports_of_others_are_merged_and_counted_by_pycocotools(shared: Path, tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    root = shared / "formats-datumaro"
    coco, yolo, kitti = (
        root / name for name in ("coco_dataset/coco_instances", "yolo_dataset/yolov8_detection", "kitti_dataset")
    )
    documents = [json.loads(path.read_text()) for path in sorted((coco / "annotations").glob("instances_*.json"))]
    labels = [*(yolo / "labels").rglob("*.txt"), *kitti.rglob("label_2/*.txt")]
    lines = [line for path in labels for line in path.read_text().splitlines() if line.strip()]
    objects = sum(len(document["annotations"]) for document in documents) + len(lines)
    images = sum(len(document["images"]) for document in documents) + len(labels)

    report = merge([coco, yolo, kitti], tmp_path / "out", ["coco"], Merging(collisions="rename", index="sequential"))
    judged = [COCO(str(path)) for path in sorted((tmp_path / "out/annotations").glob("instances_*.json"))]
    assert sum(len(each.imgs) for each in judged) == report.frames == images
    assert sum(len(each.anns) for each in judged) == objects
    names = {row["name"] for each in judged for row in each.loadCats(each.getCatIds())}
    assert {"Van", "Truck", "label_0"} | {row["name"] for row in documents[0]["categories"]} <= names
