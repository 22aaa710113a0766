"""Frames, objects, labels and channels as values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framepress.core import Boxes3D, Camera, Channels, EncodedImage, Frame, Label, LabelMap, Objects, View, safe_name
from framepress.core.features import features
from framepress.errors import InputError, LabelError
from frames import imported, mono, rig


def test_columns_that_nobody_gave_are_not_known() -> None:
    objects = Objects.build(["cone", "car", "cone"], box=[[0, 0, 1, 1]] * 3)
    assert objects.classes == ("cone", "car")
    assert objects.label.tolist() == [0, 1, 0]
    assert objects.known() == {"label", "box"}
    row = objects.row(1)
    assert (row.label, row.area, row.box3d, row.mask, row.attributes) == ("car", None, None, None, {})


def test_rows_are_taken_by_mask_or_by_number() -> None:
    objects = Objects.build(["a", "b", "c"], id=[7, 8, 9], track=["x", "y", "z"])
    assert objects.take(np.array([True, False, True])).track == ("x", "z")
    assert objects.take(np.array([2, 0])).id.tolist() == [9, 7]
    assert len(objects.take(np.zeros(3, bool))) == 0


def test_a_column_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="column box: expected shape"):
        Objects.build(["a"], box=[[0, 0, 1, 1]] * 2)
    with pytest.raises(InputError, match="column track has 2 rows"):
        Objects.build(["a"], track=["x", "y"])
    with pytest.raises(InputError, match="label codes"):
        Objects.build((), classes=("a",), label=[1])


def test_a_table_without_objects_takes_empty_lists() -> None:
    objects = Objects.build([], id=[], box=[], box_full=[], visibility=[], track=[])
    assert objects.box.shape == objects.box_full.shape == (0, 4)
    assert objects.known() == set()


def test_columns_cannot_be_written_to() -> None:
    objects = Objects.build(["a"], id=np.array([1]))
    with pytest.raises(ValueError, match="read-only"):
        objects.id[0] = 2


def test_corners_of_a_turned_box_are_where_trigonometry_puts_them() -> None:
    turn = np.deg2rad(30)
    box = Boxes3D([[12, -3, 0.75]], [[4, 1.8, 1.5]], [[np.cos(turn / 2), 0, 0, np.sin(turn / 2)]])
    assert np.allclose(box.axes()[0, :, 0], (0.8660254, 0.5, 0))
    corners = box.corners()[0]
    assert np.allclose(corners[0], (12 - 2 * 0.8660254 + 0.9 * 0.5, -3 - 2 * 0.5 - 0.9 * 0.8660254, 0))
    assert np.allclose(corners[7], (12 + 2 * 0.8660254 - 0.9 * 0.5, -3 + 2 * 0.5 + 0.9 * 0.8660254, 1.5))


def test_classes_that_differ_only_in_case_are_refused_by_name() -> None:
    with pytest.raises(LabelError, match="'Car' and 'car'"):
        LabelMap.of(["Car", "car"])
    with pytest.raises(LabelError, match="class id 3"):
        LabelMap((Label("a", id=3), Label("b", id=3)))
    with pytest.raises(LabelError, match="skeleton"):
        Label("person", keypoints=("head",), skeleton=((0, 1),))


@pytest.mark.parametrize("name", ["", " car", "a\nb", "car\x00", "a\x85b", "a\u2028b", "a\x7f", "a\ud800"])
def test_a_class_name_that_would_break_a_line_is_refused(name: str) -> None:
    with pytest.raises(LabelError):
        Label(name)


def test_labels_survive_json() -> None:
    labels = LabelMap((Label("person", 7, "animal", (1, 2, 3), ("head", "foot"), ((0, 1),)), Label("Cone")))
    assert LabelMap.from_dict(labels.to_dict()) == labels
    assert labels.to_dict()[1] == {"name": "Cone"}
    with pytest.raises(LabelError, match="class 1 of the label map"):
        LabelMap.from_dict(["a", {"nome": "b"}])


def test_safe_names_are_safe_and_differ_where_the_texts_do() -> None:
    texts = ["a.b", "a b", "a/b", "ä", "a_b", "a-b", "..", "", "C:\\x"]
    assert len({safe_name(text) for text in texts}) == len(texts)
    assert safe_name("rgb_0001") == "rgb_0001"
    assert safe_name("..") == "-2e-2e"
    assert safe_name("\udcff") == "-ff"  # how Python spells the byte 0xff of a file name that is no text


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "../a", "a.b", "a b", "ä", "a\\b", "x" * 201])
def test_a_frame_id_that_is_no_safe_path_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="frame id"):
        Frame(name, 0, (View(Camera(2, 2)),))


def test_a_frame_needs_views_of_different_names() -> None:
    with pytest.raises(InputError, match="views with different names"):
        Frame("a", 0, (View(Camera(2, 2)), View(Camera(2, 2))))
    with pytest.raises(InputError, match="views with different names"):
        Frame("a", 0, ())


def test_a_channel_is_loaded_once_and_checked_against_the_table() -> None:
    calls = []

    def load() -> np.ndarray:
        calls.append(1)
        return np.zeros((3, 5), np.float32)

    channels = Channels({"depth": load}, (5, 3))
    assert "depth" in channels
    assert channels.nbytes() == 0
    assert channels["depth"] is channels["depth"]
    assert (len(calls), channels.nbytes()) == (1, 60)
    with pytest.raises(InputError, match=r"shape \(3, 5\), expected \(5, 3\)"):
        Channels({"depth": load}, (3, 5))["depth"]
    with pytest.raises(InputError, match="dtype float64, expected float32"):
        Channels({"depth": np.zeros((3, 5))}, (5, 3))["depth"]
    with pytest.raises(InputError, match="unknown channel 'dept'"):
        Channels({"dept": load}, (3, 5))
    assert Channels({"instance": np.ones((3, 5), np.uint16)}, (5, 3))["instance"].dtype == np.uint32


def test_an_exchanged_channel_is_not_the_one_that_was_loaded_before() -> None:
    channels = Channels({"depth": np.zeros((3, 5), np.float32), "instance": np.ones((3, 5), np.uint32)}, (5, 3))
    assert channels["depth"].max() == 0
    exchanged = channels.replaced(depth=np.ones((3, 5), np.float32))
    assert exchanged["depth"].min() == 1
    assert exchanged["instance"] is channels["instance"]
    assert "depth" not in channels.replaced(depth=None)


def test_a_missing_image_file_is_named_when_it_is_read(tmp_path: Path) -> None:
    channels = Channels({"rgb": EncodedImage("image/png", tmp_path / "gone.png", lambda data, where: data)}, (5, 3))
    with pytest.raises(InputError, match=r"gone\.png: cannot be read: No such file"):
        channels["rgb"]


def test_an_image_file_that_is_too_large_to_be_one_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(InputError, match=r"huge\.png: has 1073741825 bytes, above the limit"):
        EncodedImage("image/png", tmp_path / "huge.png", lambda data, where: np.zeros((3, 5, 3), np.uint8)).read()


def test_features_are_named_without_loading_pixels() -> None:
    def never() -> np.ndarray:
        raise AssertionError("loaded")

    view = View(Camera(5, 3), channels=Channels({"rgb": never}, (5, 3)))
    assert features(Frame("a", 0, (view,), sequence="s")) == {"rgb", "sequence"}
    assert {"views", "pose", "camera", "instance", "box3d"} <= features(rig()[0])
    assert "camera" not in features(imported()[0])
    assert "keypoints" in set().union(*map(features, mono()))


def test_a_views_files_do_not_move_where_another_camera_is_missing_from_the_frame() -> None:
    left, right, only = (View(Camera(2, 2), name) for name in ("left", "right", ""))
    assert Frame("a/1", 0, (left, right)).stem(left) == Frame("a/1", 0, (left,)).stem(left) == "left/a/1"
    assert Frame("a/1", 0, (only,)).stem(only) == "a/1"
