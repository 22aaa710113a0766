"""Reading YOLO: what we wrote, what others wrote, and what is broken."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pressing import press

import frames as fixtures
from framepress.errors import InputError
from framepress.formats.yolo import Writer, looks_like, read, read_labels
from framepress.formats.yolo_names import file_stem, frame_id

YAML = "train: images/train\nval: images/val\nnames: [car, cone]\n"


def image(path: Path, size_wh: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_wh, (10, 20, 30)).save(path)


def small(root: Path, rows: str = "0 0.5 0.5 0.25 0.25\n", yaml: str = YAML) -> Path:
    """One image in train, one without a label file in val."""
    root.mkdir(exist_ok=True, parents=True)
    (root / "data.yaml").write_text(yaml)
    image(root / "images/train/a.png")
    image(root / "images/val/b.jpg", (30, 70))
    (root / "labels/train").mkdir(parents=True)
    (root / "labels/train/a.txt").write_text(rows)
    return root


@pytest.mark.parametrize("task", ["detect", "segment"])
@pytest.mark.parametrize("fixture", ["mono", "rig", "imported"])
def test_boxes_classes_and_pixels_come_back_whole(fixture: str, task: str, tmp_path: Path) -> None:
    frames = getattr(fixtures, fixture)()
    press(Writer(task=task), frames, fixtures.LABELS, tmp_path)
    found = {frame.id: frame for frame in read(tmp_path)}
    assert sorted(found) == sorted(frame.stem(view) for frame in frames for view in frame.views)
    for frame in frames:
        for view in frame.views:
            back = found[frame.stem(view)].view
            kept = view.objects.take(~np.isnan(view.objects.box[:, 0]) & ~view.objects.crowd)
            assert back.objects.labels == kept.labels
            np.testing.assert_array_equal(back.objects.box, kept.box)
            np.testing.assert_array_equal(back.channels["rgb"], view.channels["rgb"])


@pytest.mark.parametrize(
    "splits", [("train", "val"), ("train", "val", "test"), ("val",), ("train", "night"), ("all", "train"), ("",)]
)
def test_splits_come_back(splits: tuple[str, ...], tmp_path: Path) -> None:
    frames = [frame.replaced(split=splits[frame.index % len(splits)]) for frame in fixtures.mono()]
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    found = {frame.id: frame.split for frame in read(tmp_path)}
    assert found.keys() == {frame.id for frame in frames}
    if len(splits) > 1:
        assert found == {frame.id: frame.split for frame in frames}
    else:
        assert set(found.values()) == {""}


def test_what_is_no_quarter_of_a_pixel_stays_what_it_is(tmp_path: Path) -> None:
    # Of 64 x 48 px: the first box is whole pixels in six decimals, the second an exact 0.26 and 0.26 px off them.
    rows = "0 0.328125 0.354167 0.156250 0.125000\n1 0.5040625 0.505416666 0.2500000 0.2500000\n"
    box = next(iter(read(small(tmp_path, rows)))).view.objects.box
    assert box[0].tolist() == [16, 14, 26, 20]
    np.testing.assert_allclose(box[1], (24.26, 18.26, 40.26, 30.26), atol=1e-6)


NAMES = st.lists(st.text("ab_-/", min_size=1, max_size=5), min_size=1, max_size=4).map("".join)
IDS = st.one_of(NAMES, st.sampled_from(["a-5fb", "a-2d5f", "a_/b", "a/_b", "a___b", "images/a", "-2d"])).filter(
    lambda name: all(name.split("/"))
)


@settings(max_examples=500, deadline=None)
@given(st.lists(IDS, min_size=2, max_size=2, unique=True))
def test_any_frame_has_a_file_name_of_its_own_that_leads_back_to_it(names: list[str]) -> None:
    stems = [file_stem(name) for name in names]
    assert [frame_id(stem) for stem in stems] == names
    assert len(set(stems)) == 2
    assert not any("/" in stem for stem in stems)


def test_a_file_name_of_another_kind_stays_as_it_is() -> None:
    for stem in ("plain", "img_0001", "__init", "a____b", "x-5fy", "end__"):
        assert frame_id(stem) == stem


def test_names_that_look_like_ours_in_two_splits_become_different_frames(tmp_path: Path) -> None:
    small(tmp_path)
    for split in ("train", "val"):
        image(tmp_path / "images" / split / "x__0.png")
    assert [frame.id for frame in read(tmp_path)] == ["train/a", "train/x/0", "val/b", "val/x/0"]


def test_classes_come_back_in_their_order(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    assert read_labels(tmp_path).names == fixtures.LABELS.names


def test_no_image_is_decoded_for_its_boxes(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono()[:1], fixtures.LABELS, tmp_path)
    path = tmp_path / "images/train/a__0000.png"
    path.write_bytes(path.read_bytes()[:200])
    (frame,) = read(tmp_path)
    assert frame.view.camera.size_wh == (96, 64)
    assert len(frame.view.objects) == 4
    with pytest.raises(InputError, match=r"0000\.png"):
        frame.view.channels["rgb"]


# ------------------------------------------------------------------------------------------------- sets made by others
def test_an_image_without_a_label_file_has_no_objects(tmp_path: Path) -> None:
    first, second = read(small(tmp_path))
    assert (first.id, first.split, first.view.objects.box.tolist()) == ("a", "train", [[24, 18, 40, 30]])
    assert (second.id, second.split, len(second.view.objects)) == ("b", "val", 0)
    assert second.view.camera.size_wh == (30, 70)


@pytest.mark.parametrize(
    "name", ["yolov8_detection", "yolov8_detection_with_list_of_imgs", "yolov8_detection_with_subset_txt"]
)
def test_detection_samples_made_by_datumaro_are_read(name: str, shared: Path) -> None:
    (frame,) = read(shared / "formats-datumaro" / "yolo_dataset" / name)
    assert (frame.id, frame.split) == ("1", "train")
    assert frame.view.camera.size_wh == (15, 10)
    assert frame.view.objects.labels == ["label_2", "label_4"]
    np.testing.assert_allclose(frame.view.objects.box, [[0, 2, 4, 4], [3, 3, 5, 6]], atol=1e-12)


def test_polygon_and_pose_samples_made_by_datumaro_are_read(shared: Path) -> None:
    root = shared / "formats-datumaro" / "yolo_dataset"
    (frame,) = read(root / "yolov8_segmentation")
    triangle = frame.view.objects.polygons[0]
    assert triangle is not None
    np.testing.assert_allclose(triangle[0], [[1.5, 1], [6, 1], [6, 5]], atol=1e-12)
    np.testing.assert_allclose(frame.view.objects.box[0], [1.5, 1, 6, 5])
    (frame,) = read(root / "yolov8_oriented_boxes")  # one corner lies outside, as far as Ultralytics tolerates it
    corners = frame.view.objects.polygons[1]
    assert corners is not None
    np.testing.assert_allclose(corners[0][3], [0.442265 * 15, -0.009808 * 10])
    assert frame.view.objects.box[1, 1] == 0
    (frame,) = read(root / "yolov8_pose")
    np.testing.assert_allclose(frame.view.objects.keypoints[0], [[1.5, 2, 2], [4.5, 4, 2], [7.5, 6, 2]])


def test_a_split_with_its_own_images_and_labels_is_read_as_exported_by_roboflow(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        image(tmp_path / split / "images" / "a.jpg")
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels" / "a.txt").write_text("1 0.5 0.5 1 1\n")
    (tmp_path / "data.yaml").write_text("train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['a', 'b']\n")
    assert [(frame.id, frame.split) for frame in read(tmp_path)] == [("train/a", "train"), ("val/a", "val")]
    assert [len(frame.view.objects) for frame in read(tmp_path)] == [1, 1]


def test_a_pose_without_visibility_takes_the_corner_for_not_labelled(tmp_path: Path) -> None:
    small(tmp_path, "0 .5 .5 .5 .5 0 0 .25 .5\n", YAML + "kpt_shape: [2, 2]\n")
    frame = next(read(tmp_path))
    assert frame.view.objects.keypoints[0].tolist() == [[0, 0, 0], [16, 24, 2]]


@pytest.mark.parametrize(
    ("points", "message"),
    [("nan 0 .25 .5", "nan is outside"), ("3 0 .25 .5", "3.0 is outside"), ("0 0 .2", "8 numbers")],
)
def test_broken_key_points_are_refused(points: str, message: str, tmp_path: Path) -> None:
    small(tmp_path, f"0 .5 .5 .5 .5 {points}\n", YAML + "kpt_shape: [2, 2]\n")
    with pytest.raises(InputError, match=rf"a\.txt:1: .*{message}"):
        list(read(tmp_path))


def test_a_visibility_that_there_is_not_is_refused(tmp_path: Path) -> None:
    small(tmp_path, "0 .5 .5 .5 .5 .1 .1 3\n", YAML + "kpt_shape: [1, 3]\n")
    with pytest.raises(InputError, match="visibility must be 0, 1 or 2"):
        list(read(tmp_path))


def test_a_path_of_another_machine_is_not_followed(tmp_path: Path) -> None:
    small(tmp_path / "set", yaml=YAML + "path: /datasets/of/somebody\n")
    assert len(list(read(tmp_path / "set"))) == 2


@pytest.mark.parametrize(
    "extra",
    [
        "roboflow: {workspace: me}",
        "colours: [1, 2]",
        "licence: CC BY 4.0",
        "author: ~",
        "task: detect",
        "notes: data.yaml",
    ],
)
def test_a_key_of_an_exporter_is_no_split(extra: str, tmp_path: Path) -> None:
    small(tmp_path, yaml=f"{YAML}{extra}\n")
    assert [frame.split for frame in read(tmp_path)] == ["train", "val"]


@pytest.mark.parametrize("path", ["a\\0b", "\\ud800"])
def test_a_path_that_no_folder_can_have_is_not_followed(path: str, tmp_path: Path) -> None:
    small(tmp_path, yaml=f'{YAML}path: "{path}"\n')
    assert len(list(read(tmp_path))) == 2


def test_a_list_that_names_the_folder_itself_is_refused(tmp_path: Path) -> None:
    small(tmp_path, yaml=YAML.replace("images/train", "train.txt"))
    (tmp_path / "train.txt").write_text("./images/train/a.png\n.\n")
    with pytest.raises(InputError, match=r"train\.txt:2: '\.' is the folder"):
        list(read(tmp_path))


def test_one_folder_for_train_and_val_is_read_once(tmp_path: Path) -> None:
    small(tmp_path, yaml="train: images/train\nval: images/train\nnames: {0: car, 1: cone}\n")
    assert [frame.split for frame in read(tmp_path)] == [""]


def test_a_jpeg_with_a_long_preamble_has_its_size(tmp_path: Path) -> None:
    small(tmp_path)
    Image.new("RGB", (40, 50)).save(tmp_path / "images/val/b.jpg", icc_profile=bytes(150_000))
    assert [frame.view.camera.size_wh for frame in read(tmp_path)] == [(64, 48), (40, 50)]


# ---------------------------------------------------------------------------------------------------------- broken sets
ROWS = {
    "four numbers": ("0 0.5 0.5 0.25", ":1: 4 numbers, expected 5"),
    "a confidence": ("0 0.5 0.5 0.25 0.25 0.9", ":1: 6 numbers"),
    "two points": ("0 .1 .1 .2 .2\n0 .1 .1 .2 .2 .3 .3 .4", ":2: 8 numbers"),
    "a word": ("0 0.5 x 0.25 0.25", ":1: .*'x'"),
    "a class that is a word": ("car 0.5 0.5 0.25 0.25", ":1: .*'car'"),
    "a class beyond the names": ("\n2 0.5 0.5 0.25 0.25", ":2: class 2 is not one of the 2"),
    "a negative class": ("-1 0.5 0.5 0.25 0.25", "class -1"),
    "a class between two": ("0.5 0.5 0.5 0.25 0.25", "class 0.5"),
    "NaN": ("0 nan 0.5 0.25 0.25", "nan is outside of 0..1"),
    "infinity": ("0 0.5 inf 0.25 0.25", "inf is outside"),
    "pixels": ("0 100 50 20 20", "100.0 is outside"),
    "no width": ("0 0.5 0.5 0 0.25", "has no size"),
    "a negative height": ("0 0.5 0.5 0.25 -0.009", "has no size"),
    "a polygon without an inside": ("0 .1 .1 .1 .2 .1 .3", ":1: the object has no size"),
    "a box outside": ("0 -0.009 0.5 0.001 0.25", ":1: the object has no size inside the image"),
    "boxes beside polygons": ("0 .5 .5 .2 .2\n0 .1 .1 .2 .2 .1 .3", ":2: boxes and polygons in one file"),
}


@pytest.mark.parametrize("fault", ROWS)
def test_a_broken_row_is_refused_by_file_and_line(fault: str, tmp_path: Path) -> None:
    rows, message = ROWS[fault]
    small(tmp_path, rows)
    with pytest.raises(InputError, match=message) as caught:
        list(read(tmp_path))
    assert str(tmp_path / "labels/train/a.txt") in str(caught.value)


DOCUMENTS = {
    "no YAML": ("names: [a\n", "is no YAML"),
    "binary": ("\x00\x01", "is no YAML"),
    "a list": ("- a\n", "no `names`"),
    "no names": ("train: images/train\n", "no `names`"),
    "names that YAML read as truth": ("train: images/train\nnames: [yes, no]\n", "True is no text; put it in quotes"),
    "names with a gap": ("train: images/train\nnames: {0: a, 2: b}\n", r"numbers \[0, 2\]"),
    "names from one": ("train: images/train\nnames: {1: a, 2: b}\n", "must count from 0"),
    "names that are a text": ("train: images/train\nnames: car\n", "names is 'car'"),
    "names that differ in case": ("train: images/train\nnames: [car, Car]\n", "differ at most in case"),
    "another count": ("train: images/train\nnc: 3\nnames: [a, b]\n", "nc is 3, names lists 2"),
    "no split": ("names: [a, b]\n", "none of the splits"),
    "a split that is not there": ("train: images/nowhere\nnames: [a, b]\n", "train: images/nowhere is neither"),
    "a split that is a number": ("train: 3\nnames: [a, b]\n", "3 is no path"),
    "a split outside": ("train: ../../etc\nnames: [a, b]\n", "points outside"),
    "a split elsewhere": ("train: /etc\nnames: [a, b]\n", "/etc is outside of the dataset's folder"),
    "an image in two splits": (
        "train: images\nval: images/val\nnames: [a, b]\n",
        r"images/val/b\.jpg is in train and in val",
    ),
    "a key-point shape of one number": (YAML + "kpt_shape: [17]\n", r"kpt_shape is \[17\]"),
}


@pytest.mark.parametrize("fault", DOCUMENTS)
def test_a_broken_data_file_is_refused_by_name_and_value(fault: str, tmp_path: Path) -> None:
    text, message = DOCUMENTS[fault]
    small(tmp_path, yaml=text)
    with pytest.raises(InputError, match=message) as caught:
        list(read(tmp_path))
    assert str(tmp_path / "data.yaml") in str(caught.value)


def test_a_list_of_images_may_not_lead_outside(tmp_path: Path) -> None:
    small(tmp_path, yaml=YAML.replace("images/train", "list.txt"))
    (tmp_path / "list.txt").write_text("images/train/a.png\n../../../etc/passwd.png\n")
    with pytest.raises(InputError, match=r"list\.txt:2: .*outside"):
        list(read(tmp_path))


def test_a_link_that_leads_out_of_the_set_is_refused(tmp_path: Path) -> None:
    image(tmp_path / "secret.png")
    small(tmp_path / "set")
    os.symlink(tmp_path / "secret.png", tmp_path / "set/images/train/c.png")
    with pytest.raises(InputError, match=r"c\.png.*symbolic link"):
        list(read(tmp_path / "set"))


def test_a_set_of_which_no_image_finds_its_labels_is_laid_out_wrongly(tmp_path: Path) -> None:
    small(tmp_path)
    (tmp_path / "labels").rename(tmp_path / "annotations")
    with pytest.raises(InputError, match=r"none of the 2 images has a label file.*labels/train/a\.txt"):
        list(read(tmp_path))


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    small(tmp_path)
    (tmp_path / "images/val/b.jpg").write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 12\n")
    with pytest.raises(InputError, match=r"b\.jpg: .*git-lfs"):
        list(read(tmp_path))


def test_label_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    small(tmp_path)
    (tmp_path / "labels/train/a.txt").write_bytes(b"\xff\xfe0 0.5")
    with pytest.raises(InputError, match=r"a\.txt: cannot be read"):
        list(read(tmp_path))


def test_recognised_by_its_data_file(tmp_path: Path) -> None:
    assert not looks_like(tmp_path)
    small(tmp_path)
    assert looks_like(tmp_path)
    assert looks_like(tmp_path / "data.yaml")
    assert not looks_like(tmp_path / "images/train/a.png")
    (tmp_path / "other.yaml").write_text("a: 1\n")
    assert not looks_like(tmp_path / "other.yaml")
    with pytest.raises(InputError, match=r"has no data\.yaml"):
        read_labels(tmp_path / "images")
