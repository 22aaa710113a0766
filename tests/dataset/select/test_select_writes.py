"""What is chosen is what is written: which frames and objects, their pixels, their classes, and where it came from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Camera, Frame, LabelMap, Objects, View
from framepress.dataset.convert import convert
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.prepare import with_masks
from framepress.dataset.select import derive
from framepress.dataset.select.places import slice
from framepress.dataset.select.relabel import ClassMapping, relabel
from framepress.dataset.select.selection import select
from framepress.dataset.select.stages import erased
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from frames import FRONT, LABELS, many, mono, rig
from things import flat, rle_of, view_of

ALL = ("native", "coco", "yolo", "kitti")
PIXELS = [int((frame.view.channels["instance"] == thing.id).sum()) for frame in mono() for thing in frame.view.objects]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def pressed(folder: Path, frames: Sequence[Frame], formats: Sequence[str] = ("native",), **options: Any) -> Path:
    with DatasetWriter(folder, formats, labels=LABELS, **options) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Everything but the ledger, which counts runs."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl"
    }


def frames_of(folder: Path) -> dict[str, Frame]:
    return {frame.id: frame for frame in open_dataset(folder).frames()}


def worn(frame: Frame) -> list[tuple[str, str, str]]:
    """The objects of a frame, told by what no format changes."""
    return sorted((view.name, thing.track, thing.label) for view in frame.views for thing in view.objects)


def test_objects_that_are_not_chosen_lose_their_row_and_all_else_stays(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", [*mono(), *rig()])
    select(source, "label == 'car' and area > 50").write(tmp_path / "b")
    after = frames_of(tmp_path / "b")
    before = frames_of(source)
    for id, frame in before.items():
        left = [
            (view.name, thing.track, thing.label)
            for view in with_masks(frame).views
            for thing in view.objects
            if thing.label == "car" and thing.area is not None and thing.area > 50
        ]
        assert (id in after) == bool(left)
        if id not in after:
            continue
        assert worn(after[id]) == sorted(left)
        for view, same in zip(frame.views, after[id].views, strict=True):
            assert dict(view.names) == dict(same.names)
            for channel in view.channels:
                np.testing.assert_array_equal(view.channels[channel], same.channels[channel])
        for name in ("index", "sequence", "time_ns", "split", "signals", "task", "text", "meta"):
            assert getattr(after[id], name) == getattr(frame, name)


@pytest.mark.parametrize("erase", [False, True])
def test_masks_of_kept_objects_are_exact_in_every_edition(tmp_path: Path, erase: bool) -> None:
    source = pressed(tmp_path / "a", mono())
    select(source, "label in ('car', 'cone')").write(tmp_path / "b", ["native", "coco"], erase=erase)
    truth = {
        (frame.id, thing.track): rle_of(frame.view.channels["instance"] == thing.id)
        for frame in mono()
        for thing in frame.view.objects
    }
    checked = 0
    for edition in ("native", "coco"):
        for frame in open_dataset(tmp_path / "b", edition).frames():
            for thing in frame.view.objects:
                if thing.mask is not None:
                    assert thing.mask.counts == truth[frame.id, thing.track].counts
                    checked += 1
    assert checked > 40


def test_erasing_takes_dropped_objects_out_of_the_maps_and_leaves_the_rest(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    select(source, "label != 'car'", negatives="keep").write(tmp_path / "b", erase=True)
    before, after = frames_of(source), frames_of(tmp_path / "b")
    erased = 0
    for id, frame in before.items():
        view, left = frame.view, after[id].view
        gone = np.isin(view.channels["instance"], [thing.id for thing in view.objects if thing.label == "car"])
        erased += int(gone.sum())
        for name in ("instance", "semantic"):
            np.testing.assert_array_equal(left.channels[name], np.where(gone, 0, view.channels[name]))
        np.testing.assert_array_equal(left.channels["rgb"], view.channels["rgb"])
    assert erased > 100


def test_erasing_leaves_the_parts_of_what_is_kept(tmp_path: Path) -> None:
    """A wheel is inside its car's box: a car with holes in its place would not be what its box says."""
    things = [
        flat("car", 1, FRONT, [(10, 10, 40, 30)], depth_m=9, track="/World/Car"),
        flat("cone", 2, FRONT, [(20, 25, 25, 30)], depth_m=8, track="/World/Car/Wheel"),
        flat("cone", 3, FRONT, [(60, 25, 65, 30)], depth_m=8, track="/World/Carpet"),
    ]
    source = pressed(tmp_path / "a", [Frame("a", 0, (view_of(FRONT, things, seed=0),))])
    select(source, "label == 'car'").write(tmp_path / "b", erase=True)
    assert np.unique(frames_of(tmp_path / "b")["a"].view.channels["instance"]).tolist() == [0, 1, 2]


def test_an_id_that_something_kept_has_too_is_not_erased() -> None:
    view = mono()[0].view
    ids = view.objects.id.copy()
    ids[1] = ids[0]
    left = erased(view.replaced(objects=view.objects.with_columns(id=ids)), np.arange(len(ids)) == 0)
    shown = set(np.unique(view.channels["instance"]).tolist()) - set(ids[2:].tolist())
    assert set(np.unique(left.channels["instance"]).tolist()) == shown
    assert int(ids[0]) in shown


def test_where_pixels_are_not_known_the_box_is_measured(tmp_path: Path) -> None:
    box = [[0, 0, 5, 4], [0, 0, 5, 5], [np.nan] * 4]
    objects = Objects.build(["car"] * 3, box=box, area=[np.nan, np.nan, np.nan])
    view = View(Camera(8, 6), objects=objects)
    source = pressed(tmp_path / "a", [Frame("a", 0, (view,))])
    assert select(source, "True", min_area=21).choice.objects.tolist() == [False, True, True]
    assert select(source, "True", min_area=20).choice.objects.all()


@pytest.mark.parametrize(
    ("negatives", "kept"),
    [
        ("drop", ["a/0000", "a/0002", "b/0000"]),
        ("original", ["a/0000", "a/0001", "a/0002", "b/0000", "b/0003"]),
        ("keep", ["a/0000", "a/0001", "a/0002", "b/0000", "b/0001", "b/0002", "b/0003"]),
    ],
)
def test_frames_without_a_chosen_object_go_or_stay_as_asked(tmp_path: Path, negatives: str, kept: list[str]) -> None:
    source = pressed(tmp_path / "a", mono())
    selection = select(source, "label == 'car'", negatives=negatives)
    assert selection.counts.frames.kept == len(kept)
    assert selection.counts.negatives.kept == len(kept) - 3
    selection.write(tmp_path / "b")
    assert list(frames_of(tmp_path / "b")) == kept


def test_whole_frames_keep_all_that_is_in_them(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    select(source, "label == 'sign'", whole_frames=True).write(tmp_path / "b")
    after, before = frames_of(tmp_path / "b"), frames_of(source)
    assert list(after) == ["a/0000", "b/0001"]
    assert all(worn(after[id]) == worn(before[id]) for id in after)


def test_an_expression_about_views_chooses_views(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", [*mono()[:2], *rig()])
    select(source, "view == 'side'").write(tmp_path / "b")
    assert {id: [view.name for view in frame.views] for id, frame in frames_of(tmp_path / "b").items()} == {
        f"run/{number:04d}": ["side"] for number in range(3)
    }
    whole = select(source, "view == 'side'", whole_frames=True)
    assert whole.counts.views.kept == 6
    assert whole.whole


@pytest.mark.parametrize(
    ("negatives", "left"), [("drop", ["side"]), ("original", ["side"]), ("keep", ["front", "side"])]
)
def test_objects_of_one_camera_bring_no_images_of_the_others(tmp_path: Path, negatives: str, left: list[str]) -> None:
    source = pressed(tmp_path / "a", rig())
    label = next(thing.label for frame in rig() for thing in frame.views[1].objects)
    selection = select(source, f"view == 'side' and label == '{label}'", negatives=negatives)
    selection.write(tmp_path / "b")
    chosen = {id: frame for id, frame in frames_of(tmp_path / "b").items() if worn(frame)}
    assert chosen
    assert all([view.name for view in frame.views] == left for frame in chosen.values())
    assert {view for frame in chosen.values() for view, *_ in worn(frame)} == {"side"}
    both = select(source, f"label == '{label}'")
    assert both.counts.views.kept == 2 * both.counts.frames.kept


def test_an_expression_about_frames_keeps_those_without_objects(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    assert select(source, "objects == 0").counts.frames.kept == 2
    assert select(source, "sequence == 'b'").counts.frames.kept == 4


def test_tiny_objects_go_and_only_they(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    boxes = [thing for frame in mono() for thing in frame.view.objects]
    sides = [None if thing.box is None else min(thing.box[2:] - thing.box[:2]) for thing in boxes]
    found = select(source, "True", min_side=3)
    assert found.counts.objects.kept == sum(side is None or side >= 3 for side in sides) < len(sides)
    assert found.counts.frames.kept == 7
    found = select(source, "label == 'cone'", min_side=3)
    cones = [side for side, thing in zip(sides, boxes, strict=True) if thing.label == "cone"]
    assert found.counts.objects.kept == sum(side >= 3 for side in cones)
    found = select(source, "True", min_area=70)
    assert found.counts.objects.kept == sum(count >= 70 for count in PIXELS)


def test_a_frame_that_loses_all_to_its_size_is_a_negative(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    everything = {"a/0000", "a/0001", "a/0002", "b/0000", "b/0001", "b/0002", "b/0003"}
    for negatives, kept in (("keep", everything), ("drop", {"a/0001", "b/0001", "b/0003"})):
        selection = select(source, "True", min_area=3000, negatives=negatives)
        ids = selection.index.frames.texts("id")
        assert {ids[row] for row in np.flatnonzero(selection.choice.frames).tolist()} == kept


def test_counts_are_told_before_anything_is_written(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", [frame.replaced(split="train" if frame.index % 2 else "val") for frame in mono()])
    found = select(source, "visibility > 0.5")
    things = [(frame, thing) for frame in mono() for thing in frame.view.objects]
    chosen = [(frame, thing) for frame, thing in things if thing.visibility is not None and thing.visibility > 0.5]
    assert found.counts.objects.to_dict() == {"kept": len(chosen), "of": len(things)}
    assert found.counts.unknown == sum(thing.visibility is None for _, thing in things) > 0
    for name, kept in found.counts.classes.items():
        assert kept.kept == sum(thing.label == name for _, thing in chosen)
        assert kept.of == sum(thing.label == name for _, thing in things)
    frames = {frame.id: frame.index for frame, _ in chosen}
    assert found.counts.splits["train"].to_dict() == {"kept": sum(n % 2 for n in frames.values()), "of": 3}
    assert found.counts.sequences["a"].to_dict() == {"kept": sum(id.startswith("a/") for id in frames), "of": 3}
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["a"]


def test_classes_without_a_chosen_object_are_not_listed_unless_asked(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    chosen = select(source, "label in ('sign', 'person')")
    chosen.write(tmp_path / "b")
    chosen.write(tmp_path / "c", keep_classes=True)
    assert open_dataset(tmp_path / "b").labels() == LabelMap((LABELS.labels[1], LABELS.labels[3]))
    assert open_dataset(tmp_path / "c").labels() == LABELS
    select(source, "label == 'never_seen'", negatives="keep").write(tmp_path / "d", ["yolo"])
    assert open_dataset(tmp_path / "d").labels().names == LABELS.names  # a list of none would serve nobody


def test_a_mapping_may_name_any_class_of_the_dataset(tmp_path: Path) -> None:
    """Those that the expression leaves without objects too: one mapping serves many selections."""
    source = pressed(tmp_path / "a", mono())
    mapping = ClassMapping.parsed("cone=,sign=thing,person=thing")
    for name, every, names in (("b", False, ("thing",)), ("c", True, ("car", "thing", "never_seen"))):
        report = select(source, "label == 'sign'").write(tmp_path / name, mapping=mapping, keep_classes=every)
        assert open_dataset(tmp_path / name).labels().names == names
        assert {name: count for name, count in report.classes.items() if count} == {"thing": 2}


WAYS: dict[str, tuple[Sequence[str], Callable[[Path, Path], object]]] = {
    "a slice": (ALL, lambda a, b: slice(a, frames=(1, 6, 2)).write(b)),
    "whole frames": (ALL, lambda a, b: select(a, "label == 'cone'", whole_frames=True).write(b)),
    "frames": (ALL, lambda a, b: select(a, "sequence == 'a'").write(b)),
    "objects, native": (("native",), lambda a, b: select(a, "area > 60").write(b)),
    "objects and classes, native": (
        ("native",),
        lambda a, b: select(a, "area > 60").write(b, mapping=ClassMapping((("cone", "sign"), ("person", "")))),
    ),
    "classes, native": (("native",), lambda a, b: relabel(a, b, {"sign": "car", "cone": "Pylon", "never_seen": ""})),
}


@pytest.mark.parametrize("name", WAYS)
def test_linking_gives_the_bytes_of_pressing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    formats, write = WAYS[name]
    source = pressed(tmp_path / "a", mono(), formats)
    write(source, tmp_path / "linked")
    first = next(path for path in (tmp_path / "linked").rglob("*.png") if ".framepress" not in path.parts)
    assert first.stat().st_nlink > 1
    assert os.path.samefile(first, source / first.relative_to(tmp_path / "linked"))
    monkeypatch.setattr(derive, "_may_link", lambda *_: False)
    monkeypatch.setattr(Dataset, "frames", lambda self: iter(mono()))  # native sorts the keys of `meta`
    write(source, tmp_path / "pressed")
    assert contents(tmp_path / "linked") == contents(tmp_path / "pressed")
    assert len(frames_of(tmp_path / "linked")) > 1


def test_whole_frames_are_those_that_the_first_run_would_have_written_alone(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono(), ALL)
    slice(source, frames=(2, None, None)).write(tmp_path / "b")
    origin = open_dataset(tmp_path / "b").job.origin
    assert contents(tmp_path / "b") == contents(pressed(tmp_path / "c", mono()[2:], ALL, origin=origin))


@pytest.mark.parametrize("formats", [("native", "coco"), ("coco", "native", "yolo"), ("coco",)])
def test_other_formats_classes_or_objects_are_pressed(tmp_path: Path, formats: Sequence[str]) -> None:
    source = pressed(tmp_path / "a", mono(), ("native", "coco", "yolo"))
    select(source, "area > 60").write(tmp_path / "b", formats)
    large = sum(count > 60 for count in PIXELS)
    for edition in formats:
        read = list(open_dataset(tmp_path / "b", edition).frames())
        assert sum(len(frame.view.objects) for frame in read) == large - (edition == "yolo")  # which has no crowds


def test_files_that_another_encoder_made_are_not_linked(tmp_path: Path) -> None:
    """A dataset says which encoders made its bytes: with theirs among them, it would not be so."""
    source = pressed(tmp_path / "a", mono())
    job = source / ".framepress/dataset.json"
    job.write_text(re.sub(r'"ids": "\w+"', '"ids": "another"', job.read_text()))
    slice(source, frames=(0, 3, None)).write(tmp_path / "b")
    images = list((tmp_path / "b/instance").rglob("*.png"))
    assert len(images) == 3
    assert not any(os.path.samefile(image, source / image.relative_to(tmp_path / "b")) for image in images)


EXPRESSIONS = ("distance < 8", "not crowd and width > 10")


@pytest.fixture(scope="module")
def rendered(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "a"
    convert(open_dataset(capture), folder, ALL)
    return folder


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_validation_finds_nothing_new_in_what_was_chosen(rendered: Path, tmp_path: Path, expression: str) -> None:
    known = {finding.code for finding in validate(rendered, profile("strict")).findings}
    for erase in (False, True):
        select(rendered, expression, negatives="keep").write(tmp_path / f"b{erase}", erase=erase)
        found = validate(tmp_path / f"b{erase}", profile("strict"))
        assert {finding.code for finding in found.findings} <= known | {"TRU-006"}  # pixels of dropped objects: a note
        assert found.checked["objects"] > 20


def test_where_it_came_from_is_told_without_a_path(tmp_path: Path) -> None:
    source = pressed(tmp_path / "somewhere", mono(), ("native",), origin={"scene": "yard"})
    select(source, " area > 60 ", min_side=2).write(tmp_path / "b", mapping=ClassMapping((("cone", "Pylon"),)))
    slice(tmp_path / "b", sequences=["a"]).write(tmp_path / "c")
    job = open_dataset(tmp_path / "c").job
    assert job is not None
    selected = {
        "derived": {
            "verb": "select",
            "expression": " area > 60 ",
            "negatives": "drop",
            "min_side": 2,
            "classes": {"cone": "Pylon"},
        },
        "from": {"scene": "yard"},
    }
    assert job.origin == {"derived": {"verb": "slice", "sequences": ["a"]}, "from": selected}
    for path in (tmp_path / "c").rglob("*"):
        assert not path.is_file() or b"somewhere" not in path.read_bytes()


def test_a_dataset_that_changed_after_it_was_counted_is_refused(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    selection = select(source, "label == 'car'")
    pressed(source, [frame.replaced(id=f"c/{frame.index}", index=90 + frame.index) for frame in mono()],
            existing="append")  # fmt: skip
    with pytest.raises(InputError, match="frame c/0: is not what was there when the dataset was indexed"):
        selection.write(tmp_path / "b")


def test_nothing_chosen_is_nothing_written(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    with pytest.raises(OptionError, match="holds no frame"):
        select(source, "label == 'never_seen'").write(tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("formats", [("native",), ("native", "coco")])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: Sequence[str]
) -> None:
    source = pressed(tmp_path / "a", list(many(20)), formats)
    selection = select(source, "label == 'car'", negatives="original")
    selection.write(tmp_path / "whole")

    def stop(done: int) -> None:
        if done == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        selection.write(tmp_path / "b", on_frame=stop)
    report = select(source, "label == 'car'", negatives="original").write(tmp_path / "b", existing="resume")
    assert report.run["skipped"] > 0
    assert contents(tmp_path / "b") == contents(tmp_path / "whole")


def test_without_a_native_edition_what_the_best_edition_says_is_asked_and_kept(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono(), ("yolo",))
    with pytest.raises(OptionError, match="distance is not known of any object here"):
        select(source, "distance < 10")
    found = select(source, "label == 'car' and width > 10")
    found.write(tmp_path / "b")
    job = open_dataset(tmp_path / "b").job
    assert list(job.formats) == ["yolo"]
    written = [thing for frame in open_dataset(tmp_path / "b").frames() for thing in frame.view.objects]
    assert len(written) == found.counts.objects.kept == 4
    assert {thing.label for thing in written} == {"car"}


def test_every_test_here_would_see_an_object_too_many(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    select(source, "area > 60").write(tmp_path / "b")
    select(source, "area > 59").write(tmp_path / "c")
    assert contents(tmp_path / "b").keys() == contents(tmp_path / "c").keys()
    assert contents(tmp_path / "b") != contents(tmp_path / "c")
