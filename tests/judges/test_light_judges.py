"""The light judges pass what is right and fail what is wrong; every dataset here is written out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from judges.light import (
    coco_masks,
    coco_self_score,
    pixels_by_cv2,
    pixels_by_tifffile,
    supervision_coco,
    supervision_yolo,
)

SCORERS = ("pycocotools", "faster-coco-eval")
SIZE_WH = (640, 480)


def annotation(number: int, box: list[float], **changes: Any) -> dict[str, Any]:
    x, y, w, h = box
    said = {"id": number, "image_id": 1, "category_id": 1, "bbox": box, "area": w * h, "iscrowd": 0}
    return {**said, "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]], **changes}


def coco_file(folder: Path, annotations: list[dict[str, Any]]) -> Path:
    """A COCO folder of one black image, 640 x 480, and two classes."""
    (folder / "images").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "images" / "000001.png"), np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8))
    document = {
        "info": {},
        "licenses": [],
        "images": [{"id": 1, "file_name": "000001.png", "width": SIZE_WH[0], "height": SIZE_WH[1]}],
        "categories": [{"id": 1, "name": "car", "supercategory": ""}, {"id": 2, "name": "box", "supercategory": ""}],
        "annotations": annotations,
    }
    path = folder / "instances.json"
    path.write_text(json.dumps(document))
    return path


RIGHT = [annotation(1, [100, 50, 200, 100]), annotation(2, [320, 240, 1, 1]), annotation(3, [400, 300, 64, 32])]


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_a_sound_file_scores_one_against_itself(tmp_path, scorer, iou_type):
    assert coco_self_score(coco_file(tmp_path, RIGHT), iou_type, scorer) == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_crowded_image_counts_in_full(tmp_path, scorer):
    crowded = [annotation(1 + i, [5 * (i % 100), 5 * (i // 100), 4, 4]) for i in range(150)]
    assert coco_self_score(coco_file(tmp_path, crowded), "bbox", scorer) == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param([RIGHT[0], RIGHT[1], annotation(1, [400, 300, 64, 32])], id="two annotations share an id"),
        pytest.param([RIGHT[0], annotation(2, [320, 240, 0, 1]), RIGHT[2]], id="a box has no width"),
    ],
)
def test_a_file_that_loses_an_object_scores_less(tmp_path, scorer, spoilt):
    assert coco_self_score(coco_file(tmp_path, spoilt), "bbox", scorer) < 0.999


def test_an_annotation_with_id_zero_is_lost_and_said_to_be(tmp_path):
    spoilt = coco_file(tmp_path, [annotation(0, [100, 50, 200, 100]), *RIGHT[1:]])
    assert coco_self_score(spoilt, "bbox", "pycocotools") < 0.999
    with pytest.warns(UserWarning, match="annotation id 0"):
        assert coco_self_score(spoilt, "bbox", "faster-coco-eval") < 0.999


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_file_without_objects_has_no_score(tmp_path, scorer):
    assert coco_self_score(coco_file(tmp_path, []), "bbox", scorer) == -1


def test_pycocotools_fills_a_polygon_on_pixel_edges_exactly(tmp_path):
    masks = coco_masks(coco_file(tmp_path, RIGHT))
    assert {number: int(mask.sum()) for number, mask in masks.items()} == {1: 20000, 2: 1, 3: 2048}
    assert masks[1][50:150, 100:300].all()


@pytest.mark.parametrize("counts", ["521100102", [5, 2, 1, 3, 1, 3, 2, 3, 4]], ids=["text", "list"])
def test_run_lengths_are_column_major(tmp_path, counts):
    path = coco_file(tmp_path, [annotation(1, [1, 0, 4, 4], segmentation={"size": [4, 6], "counts": counts})])
    document = json.loads(path.read_text())
    document["images"][0].update(width=6, height=4)
    path.write_text(json.dumps(document))
    rows = ["".join("01"[pixel] for pixel in row) for row in coco_masks(path)[1].astype(int)]
    assert rows == ["001100", "011110", "011110", "000010"]


@pytest.mark.parametrize("counts", ["52110010", [5, 2, 1, 3, 1, 3, 2, 3], "521100106"])
def test_runs_that_do_not_cover_the_image_are_not_decoded(tmp_path, counts):
    path = coco_file(tmp_path, [annotation(7, [1, 0, 4, 4], segmentation={"size": [4, 6], "counts": counts})])
    with pytest.raises(ValueError, match="annotation 7: RLE covers"):
        coco_masks(path)


def test_supervision_reads_coco_boxes_classes_and_run_lengths(tmp_path):
    # one column of 100 zeros and ones: rows 50..149 of columns 100..299
    runs = [100 * 480 + 50] + [100, 380] * 199 + [100, 330 + 340 * 480]
    whole = annotation(1, [100, 50, 200, 100], category_id=2, segmentation={"size": [480, 640], "counts": runs})
    (seen,) = supervision_coco(tmp_path / "images", coco_file(tmp_path, [whole]))["000001.png"]
    assert (seen.label, seen.box_xyxy) == ("box", (100, 50, 300, 150))
    assert seen.mask.sum() == 20000
    assert seen.mask[50:150, 100:300].all()


def yolo_folder(root: Path, rows: str) -> tuple[Path, Path, Path]:
    """images, labels and data.yaml of one black image, 640 x 480."""
    for kind in ("images", "labels"):
        (root / kind).mkdir()
    cv2.imwrite(str(root / "images" / "000001.png"), np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8))
    (root / "labels" / "000001.txt").write_text(rows)
    (root / "data.yaml").write_text('train: images\nval: images\nnc: 2\nnames:\n  0: "car"\n  1: "box"\n')
    return root / "images", root / "labels", root / "data.yaml"


def test_supervision_reads_yolo_boxes_and_classes(tmp_path):
    folder = yolo_folder(tmp_path, "1 0.31250000 0.20833333 0.31250000 0.20833333\n")
    (seen,) = supervision_yolo(*folder)["000001.png"]
    assert seen.label == "box"
    assert seen.box_xyxy == pytest.approx((100, 50, 300, 150), abs=1e-4)


def test_supervision_fills_a_yolo_polygon_with_its_border(tmp_path):
    folder = yolo_folder(tmp_path, "0 0.15625 0.10416667 0.46875 0.10416667 0.46875 0.31250000 0.15625 0.31250000\n")
    (seen,) = supervision_yolo(*folder, with_masks=True)["000001.png"]
    assert seen.mask.sum() == 201 * 101


def test_supervision_sees_an_image_without_objects(tmp_path):
    assert supervision_yolo(*yolo_folder(tmp_path, "")) == {"000001.png": []}


@pytest.mark.parametrize("channels", [3, 4])
def test_cv2_answers_with_red_first(tmp_path, channels):
    pixels = np.arange(3 * 5 * channels, dtype=np.uint8).reshape(3, 5, channels)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels_by_cv2(tmp_path / "a.png"), pixels)


def test_cv2_keeps_sixteen_bits_and_refuses_what_is_no_image(tmp_path):
    pixels = np.array([[0, 1, 65535], [256, 40000, 255]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    np.testing.assert_array_equal(pixels_by_cv2(tmp_path / "a.png"), pixels)
    (tmp_path / "b.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ValueError, match=r"b\.png: cv2 cannot read"):
        pixels_by_cv2(tmp_path / "b.png")


def test_tifffile_keeps_floats_and_infinity(tmp_path):
    pixels = np.array([[0.1, np.inf, 3.0], [1e-7, 2.5, 1e30]], np.float32)
    tifffile.imwrite(tmp_path / "a.tiff", pixels)
    np.testing.assert_array_equal(pixels_by_tifffile(tmp_path / "a.tiff"), pixels)
