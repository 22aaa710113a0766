"""What a comparison of two versions tells: every difference that was made, and no other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Frame, Objects
from framepress.dataset.writer import DatasetWriter
from framepress.versions.compare import FrameChange
from framepress.versions.difference import Difference
from framepress.versions.history import History
from frames import LABELS, mono, rig


def press(target: Path, frames: Iterable[Frame], formats: list[str]) -> None:
    with DatasetWriter(target, formats, labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)


def differing(tmp_path: Path, before: list[Frame], after: list[Frame], formats: list[str] | None = None) -> Difference:
    """Of two versions of one folder."""
    folder = tmp_path / "dataset"
    press(folder, before, formats or ["native"])
    history = History.init(folder, store=tmp_path / "store")
    history.commit("before")
    kept = (folder / ".framepress/versions/folder.json").read_bytes()
    shutil.rmtree(folder)
    press(folder, after, formats or ["native"])
    (folder / ".framepress/versions").mkdir()
    (folder / ".framepress/versions/folder.json").write_bytes(kept)
    history = History.open(folder)
    history.commit("after")
    return history.diff("1", "head")


def edited(frames: list[Frame], id: str, edit: Callable[[Objects], Objects]) -> list[Frame]:
    def one(frame: Frame) -> Frame:
        first, *others = frame.views
        return frame.replaced(views=(first.replaced(objects=edit(first.objects)), *others))

    return [one(frame) if frame.id == id else frame for frame in frames]


def column(name: str, row: int, value: object) -> Callable[[Objects], Objects]:
    """The objects with one cell changed."""

    def edit(objects: Objects) -> Objects:
        found = getattr(objects, name)
        values = found.copy() if isinstance(found, np.ndarray) else list(found)
        values[row] = value
        return replace(objects, **{name: values})

    return edit


def only(found: Difference) -> FrameChange:
    assert (found.added, found.removed) == ((), ())
    (change,) = found.changed
    return change


def test_equal_datasets_do_not_differ(tmp_path: Path) -> None:
    found = differing(tmp_path, mono(), mono())
    assert found.to_dict()["frames"] == {"added": [], "removed": [], "changed": []}
    assert (found.objects, found.classes, found.fields) == ({}, {}, {})


def test_frames_come_and_go_with_their_objects(tmp_path: Path) -> None:
    frames = mono()
    found = differing(tmp_path, frames[:5], frames[2:])
    assert found.removed == ("a/0000", "a/0001")
    assert found.added == ("b/0002", "b/0003")
    assert found.changed == ()
    gone = [label for frame in frames[:2] for view in frame.views for label in view.objects.labels]
    came = [label for frame in frames[5:] for view in frame.views for label in view.objects.labels]
    assert found.objects == {"added": len(came), "removed": len(gone)}
    assert {name: up for name, (up, _) in found.classes.items() if up} == {name: came.count(name) for name in {*came}}
    assert {name: down for name, (_, down) in found.classes.items() if down} == {
        name: gone.count(name) for name in {*gone}
    }


def test_a_box_that_moved_is_told_with_how_far(tmp_path: Path) -> None:
    frames = mono()
    x0, y0, x1, y1 = frames[0].views[0].objects.box[0].tolist()
    moved = edited(frames, "a/0000", column("box", 0, (x0, y0, x1 - 3, y1)))
    change = only(differing(tmp_path, frames, moved))
    (told,) = change.objects
    assert told.kinds == ("box",)
    assert told.moved_px == 3
    assert told.iou == pytest.approx((x1 - 3 - x0) / (x1 - x0))


def test_a_class_that_changed_is_told_in_both_directions(tmp_path: Path) -> None:
    frames = mono()
    objects = frames[0].views[0].objects
    row = objects.labels.index("car")
    codes = np.where(np.arange(len(objects)) == row, len(objects.classes), objects.label)
    other = edited(frames, "a/0000", lambda found: replace(found, classes=(*found.classes, "cone"), label=codes))
    found = differing(tmp_path, frames, other)
    (told,) = only(found).objects
    assert (told.kinds, told.label_before, told.label) == (("class",), "car", "cone")
    assert found.renamed == {("car", "cone"): 1}
    assert found.classes == {"car": (0, 1), "cone": (1, 0)}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("visibility", 0.125, "other"), ("box_full", (1.0, 2.0, 3.0, 4.0), "other"), ("crowd", True, "other")],
)
def test_what_is_neither_box_nor_mask_is_told_as_other(tmp_path: Path, name: str, value: object, kind: str) -> None:
    frames = mono()
    change = only(differing(tmp_path, frames, edited(frames, "b/0000", column(name, 0, value))))
    assert [told.kinds for told in change.objects] == [(kind,)]


def test_a_row_that_goes_is_one_object_less_and_the_others_are_as_they_were(tmp_path: Path) -> None:
    frames = mono()
    fewer = edited(frames, "b/0002", lambda found: found.take(np.arange(1, len(found))))
    found = differing(tmp_path, frames, fewer)
    gone = frames[5].views[0].objects
    (told,) = only(found).objects
    assert (told.kinds, told.label) == (("removed",), gone.labels[0])
    assert found.objects == {"removed": 1}


def test_rows_in_another_order_are_no_difference_of_objects(tmp_path: Path) -> None:
    frames = mono()
    turned = edited(frames, "b/0002", lambda found: found.take(np.arange(len(found))[::-1]))
    found = differing(tmp_path, frames, turned)
    assert found.objects == {}
    assert only(found).fields == ("other",)


def test_splits_meta_and_pictures_are_told_by_name(tmp_path: Path) -> None:
    frames = mono()
    first = frames[0].replaced(split="val", meta={**frames[0].meta, "seed": 99})
    view = frames[4].views[0]
    rgb = view.channels["rgb"].copy()
    rgb[0, 0] ^= 255
    repainted = frames[4].replaced(views=(view.replaced(channels=view.channels.replaced(rgb=rgb)),))
    found = differing(tmp_path, frames, [first, *frames[1:4], repainted, *frames[5:]])
    assert found.fields == {"meta": 1, "pictures": 1, "split": 1}
    assert found.splits == {("", "val"): 1}
    assert {change.id: change.fields for change in found.changed} == {
        "a/0000": ("split", "meta"),
        "b/0001": ("pictures",),
    }


def test_a_frame_of_two_cameras_names_the_one_that_changed(tmp_path: Path) -> None:
    frames = rig()
    views = frames[0].views
    second = next(number for number, view in enumerate(views) if number and len(view.objects))
    objects = views[second].objects
    changed = views[second].replaced(objects=replace(objects, visibility=np.full(len(objects), 0.0625)))
    after = frames[0].replaced(views=(*views[:second], changed, *views[second + 1 :]))
    change = only(differing(tmp_path, frames, [after, *frames[1:]]))
    assert {told.view for told in change.objects} == {views[second].name}
    assert len(change.objects) == len(objects)


def test_appended_frames_are_found_without_reading_what_both_have(tmp_path: Path) -> None:
    frames = mono()
    folder = tmp_path / "dataset"
    press(folder, frames[:4], ["native"])
    history = History.init(folder)
    history.commit("four")
    with DatasetWriter(folder, ["native"], labels=LABELS, existing="append") as writer:
        for frame in frames[4:]:
            writer.add(frame)
    history.commit("seven")
    one, two = (history.annotations(history.version(name)) for name in ("1", "2"))
    assert one.shared_with(two) == 1
    assert history.diff("1", "2").added == tuple(frame.id for frame in frames[4:])
    assert history.diff("2", "1").removed == tuple(frame.id for frame in frames[4:])


def test_a_coco_folder_of_others_is_compared_by_what_it_annotates(tmp_path: Path) -> None:
    """The witness is the annotation file itself, edited as text by the test."""
    made = tmp_path / "made"
    press(made, [frame for frame in mono() if frame.sequence == "a"], ["coco"])
    folder = tmp_path / "foreign"
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(".framepress"))
    for path in (folder / "annotations").glob("person*"):  # would have to be edited in step
        path.unlink()
    history = History.init(folder)
    history.commit("as it came")
    where = folder / "annotations/instances_default.json"
    document = json.loads(where.read_bytes())
    taken = document["annotations"].pop(0)
    box = document["annotations"][0]["bbox"]
    box[2] -= 1
    for number, annotation in enumerate(document["annotations"]):
        annotation["id"] = 1000 + number  # another tool drew new ids
    where.write_text(json.dumps(document))
    history.commit("edited")
    found = history.diff("1")
    assert found.objects["removed"] == 1
    assert found.objects["box"] == 1
    assert found.moved_px == (1.0,)
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert found.classes == {names[taken["category_id"]]: (0, 1)}


def test_a_long_comparison_tells_counts_of_what_it_does_not_list(tmp_path: Path) -> None:
    frames = mono()
    after = edited(frames, "b/0002", lambda found: replace(found, visibility=np.full(len(found), 0.0625)))
    found = differing(tmp_path, frames, after)
    count = len(frames[5].views[0].objects)
    (told,) = found.to_dict(most=2)["frames"]["changed"]
    assert len(told["objects"]) == 2
    assert told["not_told"] == count - 2
    assert found.objects == {"other": count}
