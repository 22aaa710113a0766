"""COCO as its readers see it: pycocotools, faster-coco-eval, supervision, and the published vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pressing import Folder, contents, prepared, press

import frames as fixtures
from framepress.core import Boxes3D, Camera, Channels, Frame, Label, LabelMap, Objects, View
from framepress.errors import InputError, OptionError
from framepress.formats.coco import FORMAT, Writer
from framepress.formats.coco_json import category_ids
from judges import light
from things import camera_at, flat, view_of

CAR = LabelMap.of(["car"])


def instances(root: Path, split: str = "default") -> dict:
    return json.loads((root / "annotations" / f"instances_{split}.json").read_text())


def boxed(*boxes: tuple[float, float, float, float], size_wh: tuple[int, int] = (640, 480), **columns) -> Frame:
    """One frame of cars with these boxes and no pixels."""
    objects = Objects.build(["car"] * len(boxes), box=np.array(boxes), **columns)
    return Frame("only", 0, (View(Camera(*size_wh), objects=objects, channels=Channels({}, size_wh)),))


def painted(mask: np.ndarray) -> Frame:
    """One frame with one car, whose pixels are the mask."""
    size_wh = mask.shape[1], mask.shape[0]
    channels = Channels({"instance": mask.astype(np.uint32) * 9}, size_wh)
    return Frame("only", 0, (View(Camera(*size_wh), objects=Objects.build(["car"], id=[9]), channels=channels),))


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
@pytest.mark.parametrize("scorer", ["pycocotools", "faster-coco-eval"])
def test_the_truth_scored_against_itself_is_perfect(segmentation: str, scorer: str, tmp_path: Path) -> None:
    press(Writer(segmentation=segmentation), [*fixtures.mono(), *fixtures.rig()], fixtures.LABELS, tmp_path)
    path = tmp_path / "annotations" / "instances_default.json"
    for kind in ("bbox", "segm"):
        assert light.coco_self_score(path, kind, scorer) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
def test_every_mask_is_the_pixels_of_its_instance(segmentation: str, tmp_path: Path) -> None:
    frames = [*fixtures.mono(), *fixtures.rig()]
    press(Writer(segmentation=segmentation), frames, fixtures.LABELS, tmp_path)
    masks = light.coco_masks(tmp_path / "annotations" / "instances_default.json")
    views = [view for frame in frames for view in frame.views]
    document = instances(tmp_path)
    assert len(document["annotations"]) == sum((~np.isnan(view.objects.box[:, 0])).sum() for view in views)
    for annotation in document["annotations"]:
        pixels = views[annotation["image_id"] - 1].channels["instance"] == annotation["instance"]
        np.testing.assert_array_equal(masks[annotation["id"]], pixels)
        assert annotation["area"] == pixels.sum()


def test_polygons_are_used_wherever_a_polygon_can_hold_the_mask(tmp_path: Path) -> None:
    counts = press(Writer(segmentation="polygon"), fixtures.mono(), fixtures.LABELS, tmp_path)
    kinds = [type(a["segmentation"]) for a in instances(tmp_path)["annotations"] if not a["iscrowd"]]
    assert kinds.count(dict) == counts["masks_without_polygon"] == 1 + 16  # the car with holes, the row of sixteen
    assert kinds.count(list) == len(kinds) - 17


def test_supervision_reads_the_boxes_of_the_pixels(tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    path = tmp_path / "annotations" / "instances_default.json"
    read = light.supervision_coco(tmp_path / "images" / "default", path)
    assert sorted(read) == [f"{frame.id}.png" for frame in frames]
    for frame in frames:
        shown = frame.view.objects.take(~np.isnan(frame.view.objects.box[:, 0]))
        assert [seen.label for seen in read[f"{frame.id}.png"]] == shown.labels
        for seen, number in zip(read[f"{frame.id}.png"], shown.id, strict=True):
            np.testing.assert_array_equal(seen.mask, frame.view.channels["instance"] == number)


def test_the_published_rectangle_has_its_published_numbers(tmp_path: Path) -> None:
    """Pixels x 100..299, y 50..149 of 640x480: box 100 50 200 100, 20000 px, and the crack polygon; RLE by its ends."""
    mask = np.zeros((480, 640), bool)
    mask[50:150, 100:300] = True
    for segmentation in ("rle", "polygon"):
        press(Writer(images="none", segmentation=segmentation), [painted(mask)], CAR, tmp_path / segmentation)
    (rle,), (polygon,) = (instances(tmp_path / name)["annotations"] for name in ("rle", "polygon"))
    assert rle["bbox"] == polygon["bbox"] == [100, 50, 200, 100]
    assert rle["area"] == polygon["area"] == 20000
    assert rle["segmentation"]["size"] == [480, 640]
    assert rle["segmentation"]["counts"].startswith("bm^1T3l;00")
    assert rle["segmentation"]["counts"].endswith("00^Zo4")
    assert polygon["segmentation"] == [[100, 50, 300, 50, 300, 150, 100, 150]]


def test_one_pixel_is_one_pixel_wide(tmp_path: Path) -> None:
    mask = np.zeros((480, 640), bool)
    mask[240, 320] = True
    press(Writer(images="none"), [painted(mask)], CAR, tmp_path)
    (annotation,) = instances(tmp_path)["annotations"]
    assert (annotation["bbox"], annotation["area"]) == ([320, 240, 1, 1], 1)


def test_a_box_without_a_mask_has_its_own_area_and_an_empty_segmentation(tmp_path: Path) -> None:
    press(Writer(images="none"), [boxed((10.5, 20, 30, 40.25))], CAR, tmp_path)
    (annotation,) = instances(tmp_path)["annotations"]
    assert annotation["bbox"] == [10.5, 20, 19.5, 20.25]
    assert annotation["area"] == 19.5 * 20.25
    assert annotation["segmentation"] == []


def test_a_mask_that_comes_without_a_box_gets_the_box_of_its_pixels(tmp_path: Path) -> None:
    frame = fixtures.imported()[0]
    objects = frame.view.objects
    blind = objects.with_columns(box=np.full((len(objects), 4), np.nan))
    press(Writer(), [frame.replaced(views=(frame.view.replaced(objects=blind),))], fixtures.LABELS, tmp_path)
    boxes = [annotation["bbox"] for annotation in instances(tmp_path)["annotations"]]
    shown = objects.box[~np.isnan(objects.box[:, 0])]
    assert boxes == [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in shown.tolist()]


def test_polygons_without_a_mask_stay_as_they_are(tmp_path: Path) -> None:
    triangle = np.array([[10, 10], [40.5, 10], [10, 30]])
    frame = boxed((np.nan,) * 4, polygons=[[triangle]])
    press(Writer(images="none"), [frame], CAR, tmp_path)
    (annotation,) = instances(tmp_path)["annotations"]
    assert annotation["segmentation"] == [[10, 10, 40.5, 10, 10, 30]]
    assert annotation["bbox"] == [10, 10, 30.5, 20]
    assert annotation["area"] == 30.5 * 20 / 2


def test_polygons_beside_a_mask_are_counted_because_the_mask_replaces_them(tmp_path: Path) -> None:
    frame = fixtures.imported()[0]
    objects = frame.view.objects
    both = objects.with_columns(polygons=([np.array([[1.0, 1], [5, 1], [5, 5]])], *[None] * (len(objects) - 1)))
    frame = frame.replaced(views=(frame.view.replaced(objects=both),))
    assert press(Writer(), [frame], fixtures.LABELS, tmp_path)["polygons_replaced_by_mask"] == 1


# --------------------------------------------------------------------------------------------- ids, classes, images
def test_ids_begin_at_one_and_run_through_all_splits(tmp_path: Path) -> None:
    frames = [frame.replaced(split="train" if frame.index % 3 else "val") for frame in fixtures.mono()]
    press(Writer(), frames, fixtures.LABELS, tmp_path)
    documents = [instances(tmp_path, split) for split in ("train", "val")]
    for kind in ("images", "annotations"):
        ids = sorted(entry["id"] for document in documents for entry in document[kind])
        assert ids == list(range(1, len(ids) + 1))
    assert [image["frame"] for image in documents[1]["images"]] == ["a/0000", "b/0000", "b/0003"]
    assert {path.split("/")[1] for path in contents(tmp_path) if path.startswith("images/")} == {"train", "val"}


def test_every_class_is_listed_and_a_file_name_resolves_in_its_folder(tmp_path: Path) -> None:
    press(Writer(), [*fixtures.mono(), *fixtures.rig()], fixtures.LABELS, tmp_path)
    document = instances(tmp_path)
    assert [category["name"] for category in document["categories"]] == list(fixtures.LABELS.names)
    assert [category["id"] for category in document["categories"]] == [1, 2, 3, 4, 5]
    names = [image["file_name"] for image in document["images"]]
    assert len(set(names)) == len(names)
    for image in document["images"]:
        pixels = light.pixels_by_cv2(tmp_path / "images" / "default" / image["file_name"])
        assert pixels.shape == (image["height"], image["width"], 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, None), (1, 2, 3)),
        ((7, None, 3), (7, 2, 3)),
        ((2, None, None), (2, 4, 3)),
        ((3, 4, None), (3, 4, 5)),
        ((0, 1, -5), (4, 1, 3)),
    ],
    ids=[
        "none given",
        "some given",
        "a position that is taken",
        "a number above the count that is taken",
        "zero and less are no COCO ids",
    ],
)
def test_a_class_keeps_the_id_it_was_given(given: tuple[int | None, ...], expected: tuple[int, ...]) -> None:
    assert category_ids(LabelMap(tuple(Label(f"c{n}", id=number) for n, number in enumerate(given)))) == expected


def test_a_frame_without_objects_is_an_image_without_annotations(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    document = instances(tmp_path)
    bare = {image["id"] for image in document["images"]} - {a["image_id"] for a in document["annotations"]}
    assert {image["frame"] for image in document["images"] if image["id"] in bare} == {"a/0001", "b/0003"}


def test_hidden_objects_are_left_out_and_counted(tmp_path: Path) -> None:
    counts = press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    assert counts["objects_hidden"] == 1
    assert "/World/Hidden" not in (tmp_path / "annotations" / "instances_default.json").read_text()


def test_boxes_are_cut_at_the_image_and_counted(tmp_path: Path) -> None:
    frame = boxed((-5, 10, 20, 30), (600, 400, 700, 500), (650, 0, 700, 10), (1, 2, 3, 4))
    counts = press(Writer(images="none"), [frame], CAR, tmp_path)
    assert counts == {"objects": 3, "boxes_clipped": 2, "objects_hidden": 1}
    assert [a["bbox"] for a in instances(tmp_path)["annotations"]] == [
        [0, 10, 20, 20],
        [600, 400, 40, 80],
        [1, 2, 2, 2],
    ]


def test_a_crowd_is_plain_run_lengths_with_iscrowd(tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(Writer(segmentation="polygon"), frames, fixtures.LABELS, tmp_path)
    (crowd,) = [a for a in instances(tmp_path)["annotations"] if a["iscrowd"]]
    counts = crowd["segmentation"]["counts"]
    ones = np.repeat(np.arange(len(counts)) % 2, counts).reshape(96, 64).T
    np.testing.assert_array_equal(ones, frames[0].view.channels["instance"] == 2**24 + 9)


# ------------------------------------------------------------------------------------------------------ key points
def test_key_points_are_pixel_indices_in_a_file_of_their_own_under_the_same_ids(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    document = json.loads((tmp_path / "annotations" / "person_keypoints_default.json").read_text())
    (category,) = document["categories"]
    assert (category["id"], category["name"]) == (2, "person")
    assert category["keypoints"] == ["head", "left_hand", "right_hand"]
    assert category["skeleton"] == [[1, 2], [1, 3]]
    plain = {a["id"]: a for a in instances(tmp_path)["annotations"]}
    assert document["images"] == instances(tmp_path)["images"]
    assert all(a["category_id"] == 2 for a in document["annotations"])
    for annotation in document["annotations"]:
        kept = {name: value for name, value in annotation.items() if name not in ("keypoints", "num_keypoints")}
        assert kept == plain[annotation["id"]]
    marked = {a["track"]: (a["keypoints"], a["num_keypoints"]) for a in document["annotations"]}
    assert marked["/World/Person"] == ([20, 13.75, 2, 14.5, 29.5, 1, 0, 0, 0], 2)
    assert marked["/World/Behind"] == ([0] * 9, 0)


def test_there_is_no_key_point_file_without_key_points(tmp_path: Path) -> None:
    press(Writer(images="none"), [boxed((1, 1, 5, 5))], CAR, tmp_path)
    assert list(contents(tmp_path)) == ["annotations/instances_default.json"]


def test_points_of_a_class_that_does_not_name_them_are_numbered(tmp_path: Path) -> None:
    frame = boxed((1, 1, 50, 50), keypoints=[np.array([[3, 4, 2], [5, 6, 1.0]])])
    press(Writer(images="none"), [frame], CAR, tmp_path)
    (category,) = json.loads((tmp_path / "annotations" / "person_keypoints_default.json").read_text())["categories"]
    assert category["keypoints"] == ["point_1", "point_2"]


def test_more_points_than_the_class_names_are_refused_with_the_frame(tmp_path: Path) -> None:
    labels = LabelMap((Label("car", keypoints=("front",)),))
    frame = boxed((1, 1, 50, 50), keypoints=[np.array([[3, 4, 2], [5, 6, 1.0]])])
    with pytest.raises(InputError, match=r"frame only.*car: has 2 key points, its class has 1"):
        press(Writer(images="none"), [frame], labels, tmp_path)


# ------------------------------------------------------------------------------------------------- bytes and memory
def test_the_same_frames_give_the_same_bytes_and_finish_may_run_again(tmp_path: Path) -> None:
    for name in ("one", "other"):
        press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_no_number_is_nan_and_what_json_cannot_hold_names_its_frame(tmp_path: Path) -> None:
    press(Writer(), fixtures.mono(), fixtures.LABELS, tmp_path)
    text = (tmp_path / "annotations" / "instances_default.json").read_text()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(text, parse_constant=refuse)
    frame = boxed((1, 1, 2, 2)).replaced(meta={"wind": float("nan")})
    with pytest.raises(InputError, match=r"frame only.*JSON"):
        press(Writer(images="none"), [frame], CAR, tmp_path)


def test_a_dataset_without_frames_is_a_valid_file(tmp_path: Path) -> None:
    press(Writer(), [], fixtures.LABELS, tmp_path)
    document = instances(tmp_path)
    assert (document["images"], document["annotations"]) == ([], [])
    assert len(document["categories"]) == 5


def test_finish_holds_no_more_for_more_frames(tmp_path: Path) -> None:
    """Objects of 2,000 frames in memory would be several MB."""
    camera = camera_at((64, 48), 50, (0, 0, 1))
    frame = prepared(Frame("a", 0, (view_of(camera, [flat("car", 5, camera, [(3, 4, 20, 30)], depth_m=2)]),)), CAR)
    row = Writer(images="none").add(frame, Folder(tmp_path))

    class Nowhere(Folder):
        def file(self, path):
            return open("/dev/null", "wb")

    peaks = []
    for count in (200, 2000):
        tracemalloc.start()
        pairs = ((frame.replaced(id=f"f{index}", index=index), row) for index in range(count))
        Writer(images="none").finish(CAR, lambda pairs=pairs: pairs, Nowhere(tmp_path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 100_000


# --------------------------------------------------------------------------------------------------------- options
@pytest.mark.parametrize("option", [{"images": "bmp"}, {"segmentation": "mask"}, {"quality": 0}, {"quality": 101}])
def test_impossible_options_are_refused_by_name(option: dict) -> None:
    with pytest.raises(OptionError, match=next(iter(option))):
        Writer(**option)


def test_unknown_options_are_refused_with_those_there_are() -> None:
    with pytest.raises(OptionError, match=r"no option 'masks'.*segmentation"):
        FORMAT.make_writer({"masks": "rle"})


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_writing_imports_nothing_that_kit_lacks(name: str) -> None:
    heavy = "{'msgspec', 'yaml', 'click', 'numba', 'pycocotools', 'cv2'}"
    program = f"import sys; from framepress.formats import by_name; by_name({name!r}).make_writer({{}}); "
    found = subprocess.run(
        [sys.executable, "-c", program + f"print(sorted({heavy} & set(sys.modules)))"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"


def test_images_are_needed_unless_none_are_written(tmp_path: Path) -> None:
    assert Writer().needs == {"rgb"}
    assert Writer(images="none").needs == frozenset()
    with pytest.raises(InputError, match="frame only: no rgb"):
        press(Writer(), [boxed((1, 1, 2, 2))], CAR, tmp_path)


def test_jpeg_images_are_jpeg(tmp_path: Path) -> None:
    press(Writer(images="jpeg", quality=80), fixtures.mono()[:1], fixtures.LABELS, tmp_path)
    assert (tmp_path / "images/default/a/0000.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    assert instances(tmp_path)["images"][0]["file_name"] == "a/0000.jpg"


def test_unknown_3d_boxes_and_numbers_leave_no_field(tmp_path: Path) -> None:
    frame = boxed((1, 1, 2, 2), (3, 3, 4, 4), box3d=Boxes3D(
        np.array([[1, 2, 3], [np.nan] * 3]), np.array([[1, 1, 1], [np.nan] * 3]), np.array([[1, 0, 0, 0], [np.nan] * 4])
    ))  # fmt: skip
    press(Writer(images="none"), [frame], CAR, tmp_path)
    first, second = instances(tmp_path)["annotations"]
    assert first["box3d"] == {"center": [1, 2, 3], "size": [1, 1, 1], "rotation": [1, 0, 0, 0]}
    assert set(second) == {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"}
