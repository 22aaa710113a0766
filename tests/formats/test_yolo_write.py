"""YOLO as its readers see it: the published vectors, supervision, pycocotools' and OpenCV's rasters, a YAML parser."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from pressing import contents, press
from pycocotools import mask as coco_mask

import frames as fixtures
from framepress.core import Camera, Channels, Frame, LabelMap, Objects, View
from framepress.errors import InputError, OptionError
from framepress.formats.yolo import Writer
from judges import light
from things import camera_at, flat, view_of

CAR = LabelMap.of(["car"])


def boxed(*boxes: tuple[float, float, float, float], size_wh: tuple[int, int] = (640, 480), **columns) -> Frame:
    """One frame of cars with these boxes and no pixels."""
    objects = Objects.build(["car"] * len(boxes), box=np.array(boxes), **columns)
    return Frame("only", 0, (View(Camera(*size_wh), objects=objects, channels=Channels({}, size_wh)),))


def lines(root: Path, path: str = "train/only") -> list[str]:
    return (root / "labels" / f"{path}.txt").read_text().splitlines()


def ring(line: str, size_wh: tuple[int, int]) -> np.ndarray:
    """(K, 2) pixels."""
    return np.array(line.split(" ")[1:], float).reshape(-1, 2) * size_wh


def as_pycocotools_fills(points: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    (runs,) = coco_mask.frPyObjects([points.ravel().tolist()], size_wh[1], size_wh[0])
    return coco_mask.decode(runs).astype(bool)


def as_ultralytics_fills(points: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """Cut to whole pixels, then OpenCV, which paints the border as well."""
    canvas = np.zeros(size_wh[::-1], np.uint8)
    cv2.fillPoly(canvas, [points.astype(np.float32).astype(np.int32)], 1)
    return canvas.astype(bool)


# ------------------------------------------------------------------------------------------------------------ numbers
def test_the_published_boxes_have_their_published_lines(tmp_path: Path) -> None:
    press(Writer(images="none"), [boxed((100, 50, 300, 150), (320, 240, 321, 241))], CAR, tmp_path)
    assert lines(tmp_path) == [
        "0 0.31250000 0.20833333 0.31250000 0.20833333",
        "0 0.50078125 0.50104167 0.00156250 0.00208333",
    ]


def test_boxes_between_pixels_have_eight_decimals_too(tmp_path: Path) -> None:
    press(Writer(images="none"), [boxed((1.3, 2.7, 101.1, 60.25), size_wh=(300, 70))], CAR, tmp_path)
    x0, y0, x1, y1 = 1.3, 2.7, 101.1, 60.25
    expected = ((x0 + x1) / 600, (y0 + y1) / 140, (x1 - x0) / 300, (y1 - y0) / 70)
    assert lines(tmp_path) == ["0 " + " ".join(f"{value:.8f}" for value in expected)]


def test_supervision_reads_the_boxes_of_the_pixels(tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    read = light.supervision_yolo(tmp_path / "images/train", tmp_path / "labels/train", tmp_path / "data.yaml")
    assert sorted(read) == [f"{frame.id.replace('/', '__')}.png" for frame in frames]
    for frame in frames:
        objects = frame.view.objects
        kept = objects.take(~np.isnan(objects.box[:, 0]) & ~objects.crowd)
        seen = read[f"{frame.id.replace('/', '__')}.png"]
        assert [one.label for one in seen] == kept.labels
        for one, box in zip(seen, kept.box, strict=True):
            np.testing.assert_allclose(one.box_xyxy, box, atol=1e-4)


@pytest.mark.parametrize("size_wh", [(96, 64), (3840, 2160), (7, 5)])
def test_eight_decimals_bring_every_whole_pixel_back(size_wh: tuple[int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    low = np.stack([rng.integers(0, side, 50) for side in size_wh], 1)
    high = np.stack([rng.integers(low[:, axis] + 1, size_wh[axis] + 1) for axis in (0, 1)], 1)
    boxes = np.unique(np.hstack((low, high)), axis=0)
    press(Writer(images="none"), [boxed(*boxes.tolist(), size_wh=size_wh)], CAR, tmp_path)
    read = np.array([line.split(" ")[1:] for line in lines(tmp_path)], float)
    center, size = read[:, :2] * size_wh, read[:, 2:] * size_wh
    np.testing.assert_allclose(np.hstack((center - size / 2, center + size / 2)), boxes, atol=1e-4)


# ----------------------------------------------------------------------------------------------------------- polygons
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools under numpy 2
def test_a_polygon_on_edges_holds_every_pixel_of_the_mask_with_its_holes_and_parts(tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(Writer(task="segment"), frames, fixtures.LABELS, tmp_path)
    checked = 0
    for frame in frames:
        objects = frame.view.objects
        kept = objects.take(~np.isnan(objects.box[:, 0]) & ~objects.crowd)
        for line, number, label in zip(
            lines(tmp_path, f"train/{frame.id.replace('/', '__')}"), kept.id, kept.label, strict=True
        ):
            points = ring(line, (96, 64))
            pixels = frame.view.channels["instance"] == number
            np.testing.assert_array_equal(as_pycocotools_fills(points, (96, 64)), pixels)
            assert (points.min(0) >= 0).all()
            assert (points <= (96, 64)).all()
            assert int(line.split(" ")[0]) == fixtures.LABELS.code(kept.classes[label])
            checked += 1
    assert checked == 27


def test_the_published_rectangle_as_ultralytics_fills_it(tmp_path: Path) -> None:
    camera = camera_at((640, 480), 500, (0, 0, 1))
    frame = Frame("only", 0, (view_of(camera, [flat("car", 3, camera, [(100, 50, 300, 150)], depth_m=2)]),))
    filled = {}
    for raster in ("edge", "fillpoly"):
        press(Writer(task="segment", raster=raster), [frame], CAR, tmp_path / raster)
        (line,) = lines(tmp_path / raster)
        filled[raster] = int(as_ultralytics_fills(ring(line, (640, 480)), (640, 480)).sum())
    assert filled == {"edge": 20301, "fillpoly": 20000}


def test_fillpoly_fills_the_very_pixels_of_masks_in_one_part(tmp_path: Path) -> None:
    camera = camera_at((160, 90), 100, (0, 0, 1))
    rng = np.random.default_rng(5)
    things = []
    for number in range(12):
        x, y = int(rng.integers(0, 120)), int(rng.integers(0, 60))
        step = [(x, y, x + 20, y + 8), (x + 4, y + 3, x + 11, y + 25)]
        things.append(flat("car", number + 1, camera, step, depth_m=20 - number))
    frame = Frame("only", 0, (view_of(camera, things),))
    press(Writer(task="segment", raster="fillpoly"), [frame], CAR, tmp_path)
    ids = [number for number in range(1, 13) if (frame.view.channels["instance"] == number).any()]
    exact = 0
    for line, number in zip(lines(tmp_path), ids, strict=True):
        pixels = frame.view.channels["instance"] == number
        parts = cv2.connectedComponents(pixels.astype(np.uint8), connectivity=4)[0] - 1
        filled = as_ultralytics_fills(ring(line, (160, 90)), (160, 90))
        assert (filled | pixels).sum() == filled.sum()
        if parts == 1:
            np.testing.assert_array_equal(filled, pixels)
            exact += 1
    assert exact >= 6


@pytest.mark.parametrize("mask_xyxy", [(30, 20, 31, 21), (30, 20, 31, 40), (0, 0, 50, 1)])
def test_what_is_one_pixel_thin_is_filled_exactly_and_has_a_size(mask_xyxy: tuple[int, ...], tmp_path: Path) -> None:
    camera = camera_at((96, 64), 80, (0, 0, 1))
    frame = Frame("only", 0, (view_of(camera, [flat("car", 3, camera, [mask_xyxy], depth_m=2)]),))
    press(Writer(task="segment", raster="fillpoly"), [frame], CAR, tmp_path)
    points = ring(lines(tmp_path)[0], (96, 64))
    np.testing.assert_array_equal(as_ultralytics_fills(points, (96, 64)), frame.view.channels["instance"] == 3)
    x0, y0, x1, y1 = mask_xyxy
    inside = (x0 + 0.25, y0 + 0.25, x1 - 0.25, y1 - 0.25)
    np.testing.assert_allclose((*points.min(0), *points.max(0)), inside, atol=1e-5)


def test_fillpoly_keeps_holes_open(tmp_path: Path) -> None:
    camera = camera_at((96, 64), 80, (0, 0, 1))
    things = [
        flat("car", 3, camera, [(4, 6, 30, 40)], depth_m=2, holes=[(8, 10, 9, 11), (12, 20, 25, 30)]),
        flat("car", 4, camera, [(50, 6, 90, 60)], depth_m=2, holes=[(52, 8, 88, 50)]),
    ]
    frame = Frame("only", 0, (view_of(camera, things),))
    press(Writer(task="segment", raster="fillpoly"), [frame], CAR, tmp_path)
    for line, number in zip(lines(tmp_path), (3, 4), strict=True):
        filled = as_ultralytics_fills(ring(line, (96, 64)), (96, 64))
        np.testing.assert_array_equal(filled, frame.view.channels["instance"] == number)


def test_polygons_without_a_mask_are_joined_and_cut_at_the_image(tmp_path: Path) -> None:
    left, right = np.array([[-5.0, 10], [20, 10], [20, 30.5]]), np.array([[40.0, 10], [60, 10], [60, 30]])
    press(Writer(task="segment", images="none"), [boxed((0, 10, 60, 30.5), polygons=[[left, right]])], CAR, tmp_path)
    (line,) = lines(tmp_path)
    points = ring(line, (640, 480))
    corners = {tuple(corner) for corner in np.round(points, 4).tolist()}
    assert corners == {(0, 10), (20, 10), (20, 30.5), (40, 10), (60, 10), (60, 30)}


def test_an_object_without_a_mask_is_left_out_of_segment_and_counted(tmp_path: Path) -> None:
    counts = press(Writer(task="segment", images="none"), [boxed((1, 2, 30, 40))], CAR, tmp_path)
    assert counts == {"objects_without_mask": 1}
    assert lines(tmp_path) == []


# ----------------------------------------------------------------------------------------------- what is left out
def test_crowds_hidden_and_repeated_objects_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = boxed(
        (1, 2, 30, 40), (1, 2, 30, 40), (5, 5, 9, 9), (np.nan,) * 4, (700, 10, 720, 20), crowd=[0, 0, 1, 0, 0]
    )
    counts = press(Writer(images="none"), [frame], CAR, tmp_path)
    assert counts == {"objects": 1, "duplicate_rows": 1, "crowds": 1, "objects_hidden": 2}
    assert len(lines(tmp_path)) == 1


def test_boxes_are_cut_at_the_image_and_too_thin_ones_are_hidden(tmp_path: Path) -> None:
    frame = boxed((-10, -10, 20, 30), (600, 400, 700, 500), (5, 5, 5 + 1e-6, 9))
    counts = press(Writer(images="none"), [frame], CAR, tmp_path)
    assert counts == {"objects": 2, "boxes_clipped": 2, "objects_hidden": 1}
    for line in lines(tmp_path):
        x, y, width, height = (float(token) for token in line.split(" ")[1:])
        assert -1e-8 <= x - width / 2 <= x + width / 2 <= 1 + 1e-8  # what eight decimals may add
        assert -1e-8 <= y - height / 2 <= y + height / 2 <= 1 + 1e-8


def test_a_frame_without_objects_has_an_empty_label_file(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    assert (tmp_path / "labels/train/a__0001.txt").read_bytes() == b""
    assert (tmp_path / "images/train/a__0001.png").is_file()


def test_images_that_ultralytics_would_refuse_are_counted(tmp_path: Path) -> None:
    counts = press(Writer(images="none"), [boxed((1, 1, 3, 3), size_wh=(64, 9))], CAR, tmp_path)
    assert counts == {"objects": 1, "images_below_10_px": 1}


# --------------------------------------------------------------------------------------------------------------- files
def test_every_image_has_its_label_where_readers_look(tmp_path: Path) -> None:
    """The last `/images/` of the path becomes `/labels/`, even for frames and splits that are called `images`."""
    frames = [
        frame.replaced(id=f"{name}/{frame.index}", split=split)
        for frame, name, split in zip(
            fixtures.mono(),
            ("images", "images-", "images/images", "labels", "x-images", "images0", "a/images/b"),
            ("images", "train", "images", "val", "train", "", "labels"),
            strict=True,
        )
    ]
    press(Writer(), [*frames, *fixtures.rig()], fixtures.LABELS, tmp_path)
    images = list((tmp_path / "images").rglob("*.png"))
    expected = set()
    for image in images:
        head, _, tail = image.as_posix().rpartition("/images/")
        expected.add(Path(f"{head}/labels/{tail}").with_suffix(".txt"))
    assert set((tmp_path / "labels").rglob("*.txt")) == expected
    assert len(images) == 7 + 6


def splits_of(root: Path) -> dict[str, str]:
    return {
        key: value
        for key, value in yaml.safe_load((root / "data.yaml").read_text()).items()
        if key not in ("nc", "names")
    }


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ([""], {"train": "train", "val": "train"}),
        (["train", "val"], {"train": "train", "val": "val"}),
        (["train", "val", "test"], {"train": "train", "val": "val", "test": "test"}),
        (["val"], {"train": "val", "val": "val"}),
        (["train", "test"], {"train": "train", "val": "train", "test": "test"}),
        (["train", "night", "1e3"], {"train": "train", "val": "train", "night": "night", "1e3": "1e3"}),
        ([], {"train": "train", "val": "train"}),
    ],
)
def test_train_and_val_are_always_named(splits: list[str], expected: dict[str, str], tmp_path: Path) -> None:
    frames = [boxed((1, 1, 2, 2)).replaced(id=f"f{n}", split=split) for n, split in enumerate(splits)]
    press(Writer(images="none"), frames, CAR, tmp_path)
    assert splits_of(tmp_path) == {key: f"images/{name}" for key, name in expected.items()}


def test_a_split_that_data_yaml_has_another_meaning_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"frame only: data\.yaml has a key 'names' already"):
        press(Writer(images="none"), [boxed((1, 1, 2, 2)).replaced(split="names")], CAR, tmp_path)


def test_any_class_name_survives_yaml_and_numbers_run_from_zero(tmp_path: Path) -> None:
    names = [
        "yes",
        "no",
        "1e3",
        "null",
        "~",
        "a: b",
        "#x",
        'say "hi"',
        "back\\slash",
        "Straße",
        "車",
        "\U0001f697",
        "- a",
        "\x85\u2028",
    ]
    names = [name.strip() for name in names if name.strip()]
    press(Writer(images="none"), [], LabelMap.of(names), tmp_path)
    document = yaml.safe_load((tmp_path / "data.yaml").read_text())
    assert document["names"] == dict(enumerate(names))
    assert document["nc"] == len(names)
    assert "path" not in document
    assert (tmp_path / "classes.txt").read_text("utf-8") == "".join(f"{name}\n" for name in names)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        press(Writer(task="segment"), fixtures.mono(), fixtures.LABELS, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.mark.parametrize("option", [{"task": "pose"}, {"images": "bmp"}, {"raster": "centre"}, {"quality": 0}])
def test_impossible_options_are_refused_by_name(option: dict) -> None:
    with pytest.raises(OptionError, match=next(iter(option))):
        Writer(**option)


def test_images_are_needed_unless_none_are_written(tmp_path: Path) -> None:
    assert Writer().needs == {"rgb"}
    assert Writer(images="none").needs == frozenset()
    with pytest.raises(InputError, match="frame only: no rgb"):
        press(Writer(), [boxed((1, 1, 2, 2))], CAR, tmp_path)
