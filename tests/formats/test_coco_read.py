"""Reading COCO: what we wrote, what others wrote, and what is broken."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pressing import contents, prepared, press

import frames as fixtures
from framepress.core import Frame, LabelMap
from framepress.core.record import to_record
from framepress.errors import FramepressError, InputError, OptionError
from framepress.formats.coco import FORMAT, Writer, looks_like, read, read_labels


def carried(frame: Frame) -> dict[str, Any]:
    """The record of a frame without what COCO does not keep: signals, semantic names, and objects that do not show."""
    views = tuple(
        view.replaced(names={}, objects=view.objects.take(~np.isnan(view.objects.box[:, 0]))) for view in frame.views
    )
    return json.loads(json.dumps(to_record(frame.replaced(signals={}, views=views))))


@pytest.mark.parametrize("fixture", ["mono", "rig", "imported"])
def test_what_was_written_is_read_back_to_the_last_bit(fixture: str, tmp_path: Path) -> None:
    frames = [prepared(frame, fixtures.LABELS) for frame in getattr(fixtures, fixture)()]
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    found = list(read(tmp_path))
    assert len(found) == len(frames)
    for frame, back in zip(frames, found, strict=True):
        assert carried(back) == carried(frame)
        for view, read_view in zip(frame.views, back.views, strict=True):
            np.testing.assert_array_equal(read_view.channels["rgb"], view.channels["rgb"])


def test_splits_come_back_from_the_names_of_the_files(tmp_path: Path) -> None:
    frames = [frame.replaced(split="train" if frame.index % 3 else "val") for frame in fixtures.mono()]
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    assert {frame.id: frame.split for frame in read(tmp_path)} == {frame.id: frame.split for frame in frames}


def test_classes_come_back_with_points_colour_and_the_ids_of_the_file(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    found = read_labels(tmp_path)
    assert [label.id for label in found.labels] == [1, 2, 3, 4, 5]
    assert found.names == fixtures.LABELS.names
    assert (found.labels[0].colour, found.labels[0].supercategory) == ((200, 30, 30), "vehicle")
    assert (found.labels[1].keypoints, found.labels[1].skeleton) == (
        fixtures.LABELS.labels[1].keypoints,
        fixtures.LABELS.labels[1].skeleton,
    )


def test_pressing_what_was_read_gives_the_same_files(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path / "one")
    labels = read_labels(tmp_path / "one")
    press(Writer(), list(read(tmp_path / "one")), labels, tmp_path / "two")
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_no_image_is_opened_before_its_pixels_are_asked_for(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    for path in (tmp_path / "images").rglob("*.png"):
        path.write_bytes(b"")
    first = next(read(tmp_path))
    assert len(first.view.objects) == 5
    with pytest.raises(InputError, match=r"a/0000\.png.*empty"):
        first.view.channels["rgb"]


def test_a_missing_image_is_named_when_its_pixels_are_asked_for(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    (tmp_path / "images/default/b/0000.png").unlink()
    frame = list(read(tmp_path))[3]
    with pytest.raises(InputError, match=r"b/0000\.png: cannot be read"):
        frame.view.channels["rgb"]


def test_a_set_without_images_has_no_pixels(tmp_path: Path) -> None:
    press(Writer(images="none"), fixtures.mono(), fixtures.LABELS, tmp_path)
    assert "rgb" not in next(read(tmp_path)).view.channels


# ------------------------------------------------------------------------------------------------ sets made by others
def document(**changes: Any) -> dict[str, Any]:
    """A small sound file: one image 64 x 48 with one box of class 7."""
    return {
        "images": [{"id": 5, "file_name": "a.png", "width": 64, "height": 48}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 7, "bbox": [1, 2, 10, 20], "area": 200, "iscrowd": 0}],
        "categories": [{"id": 7, "name": "car"}],
    } | changes


def stored(root: Path, content: Any, name: str = "annotations/instances_train.json") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def image(path: Path, size_wh: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_wh, (10, 20, 30)).save(path)


@pytest.mark.parametrize("folder", ["images/train", "images", "train", "."])
def test_images_are_found_in_any_of_the_usual_folders(folder: str, tmp_path: Path) -> None:
    path = stored(tmp_path, document())
    image(tmp_path / folder / "a.png")
    for start in (tmp_path, path):
        (frame,) = read(start)
        assert frame.view.channels["rgb"].shape == (48, 64, 3)
        assert (frame.id, frame.split, frame.view.objects.source_id) == ("a", "train", (1,))


def test_images_may_be_in_a_folder_that_is_named(tmp_path: Path) -> None:
    path = stored(tmp_path / "labels", document(), "some.json")
    image(tmp_path / "elsewhere" / "a.png")
    (frame,) = read(path, images=str(tmp_path / "elsewhere"))
    assert frame.view.channels["rgb"].shape == (48, 64, 3)


def test_a_folder_for_each_split_with_its_own_file_is_read(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        stored(tmp_path, document(), f"{split}/_annotations.coco.json")
        image(tmp_path / split / "a.png")
    assert looks_like(tmp_path)
    assert [(frame.id, frame.split) for frame in read(tmp_path)] == [("train/a", "train"), ("valid/a", "valid")]


def test_equal_file_names_in_two_splits_become_different_frames(tmp_path: Path) -> None:
    for split in ("train", "val"):
        stored(tmp_path, document(), f"annotations/instances_{split}.json")
    assert [frame.id for frame in read(tmp_path)] == ["train/a", "val/a"]
    assert [frame.index for frame in read(tmp_path)] == [0, 1]


def test_file_names_that_differ_in_their_extension_only_become_different_frames(tmp_path: Path) -> None:
    two = [{"id": n, "file_name": f"x/a b.{end}", "width": 64, "height": 48} for n, end in ((5, "png"), (6, "jpg"))]
    stored(tmp_path, document(images=two))
    assert [frame.id for frame in read(tmp_path)] == ["train/x/a-20b-2epng", "train/x/a-20b-2ejpg"]


def test_annotations_in_any_order_come_to_their_image_in_the_order_of_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    images = [{"id": int(n), "file_name": f"{n}.png", "width": 64, "height": 48} for n in rng.permutation(40)]
    annotations = [
        {"id": n + 1, "image_id": int(rng.integers(40)), "category_id": 7, "bbox": [n / 10, 0, 1, 1]}
        for n in range(300)
    ]
    stored(tmp_path, document(images=images, annotations=annotations))
    found = list(read(tmp_path))
    assert [frame.id for frame in found] == [str(entry["id"]) for entry in images]
    for frame, entry in zip(found, images, strict=True):
        own = [a["id"] for a in annotations if a["image_id"] == entry["id"]]
        assert list(frame.view.objects.source_id) == own


def test_unknown_fields_of_an_annotation_survive_as_attributes(tmp_path: Path) -> None:
    (annotation,) = document()["annotations"]
    annotation |= {"occluded": True, "track_id": 4, "attributes": {"colour": "red"}, "score": 0.5}
    stored(tmp_path, document(annotations=[annotation]))
    (frame,) = read(tmp_path)
    assert frame.view.objects.attributes == ({"occluded": True, "track_id": 4, "colour": "red"},)
    assert frame.view.objects.score.tolist() == [0.5]


def test_what_others_say_of_an_image_survives_as_meta(tmp_path: Path) -> None:
    (image,) = document()["images"]
    stored(tmp_path, document(images=[image | {"license": 3, "coco_url": "https://example.org/a", "flickr_url": ""}]))
    (frame,) = read(tmp_path)
    assert frame.meta == {"license": 3, "coco_url": "https://example.org/a"}


def test_boxes_that_leave_the_image_can_be_cut_and_keep_their_whole(tmp_path: Path) -> None:
    boxes = [[-10, 0, 30, 30], [60, 40, 8, 8.5], [70, 0, 5, 5], [5, 5, 0, 3], [60, 0, 4.7, 4]]
    annotations = [{"id": n, "image_id": 5, "category_id": 7, "bbox": box} for n, box in enumerate(boxes, 1)]
    stored(tmp_path, document(annotations=annotations))
    (frame,) = read(tmp_path, boxes="clip")
    objects = frame.view.objects
    nothing = [np.nan] * 4
    np.testing.assert_array_equal(objects.box, [[0, 0, 20, 30], [60, 40, 64, 48], nothing, nothing, [60, 0, 64, 4]])
    np.testing.assert_array_equal(
        objects.box_full, [[-10, 0, 20, 30], [60, 40, 68, 48.5], [70, 0, 75, 5], nothing, [60, 0, 64.7, 4]]
    )


def test_a_box_that_rounding_moved_out_by_less_than_a_pixel_is_cut_without_asking(tmp_path: Path) -> None:
    (annotation,) = document()["annotations"]
    stored(tmp_path, document(annotations=[annotation | {"bbox": [-0.4, 1, 64.9, 47.2]}]))
    (frame,) = read(tmp_path)
    assert frame.view.objects.box.tolist() == [[0, 1, 64, 48]]


def test_a_skeleton_that_counts_from_zero_is_understood(tmp_path: Path) -> None:
    for first, edges in ((0, [[0, 1], [1, 2]]), (1, [[1, 2], [2, 3]])):
        category = {"id": 7, "name": "car", "keypoints": ["a", "b", "c"], "skeleton": edges}
        stored(tmp_path / str(first), document(categories=[category]))
        assert read_labels(tmp_path / str(first)).labels[0].skeleton == ((0, 1), (1, 2))


def test_samples_made_by_datumaro_are_read(shared: Path) -> None:
    root = shared / "formats-datumaro" / "coco_dataset"
    train, val = read(root / "coco")
    assert [label.id for label in read_labels(root / "coco").labels] == [1, 2, 4]
    assert (train.id, train.split, val.id, val.split) == ("a", "train", "b", "val")
    assert train.view.channels["rgb"].shape == (5, 10, 3)
    assert val.view.objects.labels == ["a", "b"]
    assert val.view.objects.crowd.tolist() == [False, True]
    assert val.view.objects.attributes[0] == {"x": 1, "y": "hello"}
    assert val.view.objects.polygons[0] is not None
    assert val.view.objects.polygons[0][0].tolist() == [[0, 0], [1, 0], [1, 2], [0, 2]]
    mask = val.view.objects.mask[1]
    assert mask is not None
    assert (mask.height, mask.width, val.view.objects.area[1]) == (10, 5, 20)
    (pointed,) = read(root / "coco_person_keypoints" / "annotations" / "person_keypoints_train.json")
    assert pointed.view.objects.keypoints[0].tolist() == [[0, 0, 0], [0.5, 2.5, 1], [4.5, 1.5, 2]]


# ------------------------------------------------------------------------------------------------------ broken files
def changed(**fields: Any) -> Callable[[], dict[str, Any]]:
    """The sound file with fields of its annotation changed; None removes one."""

    def make() -> dict[str, Any]:
        (annotation,) = document()["annotations"]
        return document(annotations=[{k: v for k, v in (annotation | fields).items() if v is not None}])

    return make


def rle(counts: Any, size: Any = (48, 64)) -> dict[str, Any]:
    return {"segmentation": {"size": list(size), "counts": counts}}


BROKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "no JSON": (lambda: "images: []", "no JSON"),
    "an empty file": (lambda: "", "no JSON"),
    "a list": (lambda: "[]", "no JSON object"),
    "cut off": (lambda: json.dumps(document())[:-90], "ends inside"),
    "a git-lfs pointer": (lambda: "version https://git-lfs.github.com/spec/v1\nsize 12\n", "git-lfs pointer"),
    "no categories": (lambda: {k: v for k, v in document().items() if k != "categories"}, "categories"),
    "a key twice": (lambda: json.dumps(document())[:-1] + ', "images": []}', "'images' is there twice"),
    "a text among the images": (lambda: document(images=["a.png"]), "images"),
    "a number among the annotations": (
        lambda: document(annotations=[*document()["annotations"], 3]),
        "annotations holds 3 among",
    ),
    "an image id twice": (lambda: document(images=document()["images"] * 2), "id 5 is there more than once"),
    "an annotation id twice": (
        lambda: document(annotations=document()["annotations"] * 2),
        "annotations: id 1 is there more than once",
    ),
    "a category id twice": (
        lambda: document(categories=[{"id": 7, "name": "a"}, {"id": 7, "name": "b"}]),
        "categories: id 7 is there more than once",
    ),
    "an id that is a text": (changed(id="1"), r"annotations\[0\].*int"),
    "an image id that is a text": (changed(image_id="5"), r"annotations\[0\].*int"),
    "an unknown image": (changed(image_id=6), "image_id 6 is not among the images"),
    "an unknown category": (changed(category_id=1), "category_id 1 is not among the categories"),
    "no box": (changed(bbox=None), "annotation 1: bbox is None"),
    "three numbers as a box": (changed(bbox=[1, 2, 3]), "annotation 1: bbox"),
    "a text in a box": (changed(bbox=[1, 2, 3, "4"]), "bbox is '4'"),
    "NaN in a box": (lambda: json.dumps(document()).replace("[1, 2,", "[NaN, 2,"), r"annotations\[0\]: holds NaN"),
    "infinity as an area": (
        lambda: json.dumps(document()).replace('"area": 200', '"area": -Infinity'),
        r"annotations\[0\]: holds Infinity",
    ),
    "NaN outside of the lists": (lambda: '{"info": NaN}', "NaN"),
    "a number beyond float64": (lambda: json.dumps(document()).replace("[1, 2,", "[1e999, 2,"), r"annotations\[0\]"),
    "an integer beyond float64": (changed(bbox=[1, 2, 10**400, 4]), r"annotations?\b.*1"),
    "a box without width": (changed(bbox=[1, 2, 0, 5]), r"annotation 1: bbox .* no size.*boxes=clip"),
    "a negative height": (changed(bbox=[1, 2, 5, -5]), "no size"),
    "a box outside": (changed(bbox=[1, 2, 100, 5]), r"leaves the image of 64 x 48 px.*boxes=clip"),
    "a negative area": (changed(area=-1), "area is -1"),
    "a crowd of 2": (changed(iscrowd=2), "iscrowd is 2"),
    "an RLE that is too short": (changed(**rle([5, 2])), "annotation 1: segmentation: .*7"),
    "an RLE text that is too short": (changed(**rle("52")), "annotation 1: segmentation"),
    "an RLE with swapped size": (changed(**rle([48 * 64], (64, 48))), "swapped"),
    "an RLE of printed bytes": (changed(**rle("b'52'")), "annotation 1: segmentation"),
    "an RLE with a negative run": (changed(**rle([48 * 64 + 3, -3])), "annotation 1: segmentation"),
    "an RLE without counts": (changed(segmentation={"size": [48, 64]}), "annotation 1: segmentation"),
    "a flat polygon": (changed(segmentation=[1, 2, 3, 4, 5, 6]), "neither a list of polygons"),
    "a polygon of four numbers": (changed(segmentation=[[1, 2, 3, 4]]), r"segmentation\[0\].*at least 6 numbers.* 4"),
    "a polygon of seven numbers": (changed(segmentation=[[1, 2, 3, 4, 5, 6, 7]]), "has 7"),
    "a text in a polygon": (changed(segmentation=[[1, 2, 3, 4, 5, "6"]]), "'6'"),
    "two numbers a point": (changed(keypoints=[1, 2, 2, 3]), "x, y, v for each point"),
    "a visibility of 3": (changed(keypoints=[1, 2, 3]), "v must be 0, 1 or 2"),
    "fewer points than the class names": (
        lambda: changed(keypoints=[1, 2, 2])() | {"categories": [{"id": 7, "name": "car", "keypoints": ["a", "b"]}]},
        "holds 1 points, category 'car' names 2",
    ),
    "a skeleton beyond the points": (
        lambda: document(categories=[{"id": 7, "name": "car", "keypoints": ["a"], "skeleton": [[1, 2]]}]),
        "category 7.*skeleton",
    ),
    "classes that differ in case": (
        lambda: document(categories=[{"id": 7, "name": "Car"}, {"id": 8, "name": "car"}]),
        "differ at most in case",
    ),
    "a class without a name": (lambda: document(categories=[{"id": 7}]), "text `name`"),
    "an image without a size": (lambda: document(images=[{"id": 5, "file_name": "a.png"}]), "image 5: width None"),
    "an image of no size": (
        lambda: document(images=[{"id": 5, "file_name": "a.png", "width": 0, "height": 4}], annotations=[]),
        "image 5: .*size 0 x 4",
    ),
    "an image without a name": (
        lambda: document(images=[{"id": 5, "width": 64, "height": 48}]),
        r"images\[0\].*file_name",
    ),
    "a file name twice": (
        lambda: document(images=[document()["images"][0], document()["images"][0] | {"id": 6}]),
        "file_name 'a.png' is there more than once",
    ),
    **{
        f"a file name like {name!r}": (
            lambda name=name: document(images=[{"id": 5, "file_name": name, "width": 64, "height": 48}]),
            r"images\[0\]: file_name: .*",
        )
        for name in ("/etc/passwd", "../a.png", "x/../../a.png", "", "C:/a.png", "x\\a.png", "a\0.png")
    },
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_refused_by_file_place_and_value(fault: str, tmp_path: Path) -> None:
    make, message = BROKEN[fault]
    path = stored(tmp_path, make())
    with pytest.raises(InputError, match=message) as caught:
        list(read(tmp_path))
    assert str(path) in str(caught.value)


def test_a_link_that_leads_out_of_the_images_is_refused(tmp_path: Path) -> None:
    image(tmp_path / "secret.png")
    stored(tmp_path / "set", document())
    (tmp_path / "set/images/train").mkdir(parents=True)
    os.symlink(tmp_path / "secret.png", tmp_path / "set/images/train/a.png")
    with pytest.raises(InputError, match=r"a\.png.*symbolic link"):
        list(read(tmp_path / "set"))


def test_an_image_of_another_size_than_stated_is_refused_with_its_path(tmp_path: Path) -> None:
    stored(tmp_path, document())
    image(tmp_path / "images/train/a.png", (48, 64))
    (frame,) = read(tmp_path)
    with pytest.raises(InputError, match=r"a\.png: channel rgb has shape"):
        frame.view.channels["rgb"]


def test_one_class_with_two_ids_is_refused(tmp_path: Path) -> None:
    stored(tmp_path, document())
    other = document(categories=[{"id": 8, "name": "car"}], annotations=[])
    stored(tmp_path, other, "annotations/instances_val.json")
    for reader in (read_labels, lambda path: list(read(path))):
        with pytest.raises(InputError, match="'car' has id 8, elsewhere it has 7"):
            reader(tmp_path)


def test_key_points_of_an_annotation_that_is_not_there_are_refused(tmp_path: Path) -> None:
    stored(tmp_path, document())
    stored(tmp_path, changed(id=9, keypoints=[1, 2, 2])(), "annotations/person_keypoints_train.json")
    with pytest.raises(InputError, match="annotation 9 of image 5 is not in"):
        list(read(tmp_path))


def test_a_folder_without_coco_files_is_refused_with_a_way_out(tmp_path: Path) -> None:
    assert not looks_like(tmp_path)
    with pytest.raises(InputError, match="pass the JSON file itself"):
        list(read(tmp_path))
    with pytest.raises(InputError):
        read_labels(tmp_path)


def test_an_impossible_option_is_refused(tmp_path: Path) -> None:
    stored(tmp_path, document())
    with pytest.raises(OptionError, match="boxes='cut'"):
        list(read(tmp_path, boxes="cut"))


def test_random_damage_is_an_error_of_ours_or_none(tmp_path: Path) -> None:
    """Bytes of a sound file are overwritten at random: no other exception may come out."""
    press(Writer(images="none"), fixtures.mono()[:4], fixtures.LABELS, tmp_path)
    path = tmp_path / "annotations" / "instances_default.json"
    (tmp_path / "annotations" / "person_keypoints_default.json").unlink()
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    outcomes = set()
    for _ in range(300):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.choice(list(b'0"[]{},:xa-\\\xff\n'))
        path.write_bytes(damaged)
        try:
            outcomes.add(type(list(read(tmp_path))))
        except FramepressError as error:
            outcomes.add(type(error))
    assert outcomes == {list, InputError}


def test_recognised_by_its_files_not_by_its_name(tmp_path: Path) -> None:
    path = stored(tmp_path, document(), "anything.json")
    assert looks_like(path)
    assert not looks_like(tmp_path)
    assert not looks_like(stored(tmp_path, {"names": []}, "other.json"))
    assert not looks_like(tmp_path / "missing.json")
    assert FORMAT.looks_like is looks_like
    assert read_labels(path) == LabelMap((*read_labels(path).labels,))
