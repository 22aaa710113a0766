"""Each heavy judge understands a sound folder as its specification means it, and says what is wrong with a broken one.

Every dataset here is written out by hand: the judges are tested against the formats, not against the package.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from judges.heavy import judged, mask_of

pytestmark = pytest.mark.judge

WIDTH, HEIGHT = 640, 480

# One upright car 12 m ahead and 3 m to the right, turned by -120 degrees: fx = fy = 640, cx = 320, cy = 240.
CAR = "Car 0.00 0 -2.339374 378.81 240.00 605.39 337.78 1.50 1.80 4.00 3.00 1.50 12.00 -2.094395\n"
DONT_CARE = "DontCare -1 -1 -10 0.00 0.00 9.00 9.00 -1 -1 -1 -1000 -1000 -1000 -10\n"
CALIB = (
    "".join(f"P{i}: 640 0 320 0 0 640 240 0 0 0 1 0\n" for i in range(4))
    + "R0_rect: 1 0 0 0 1 0 0 0 1\n"
    + "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\n"
    + "Tr_imu_to_velo: 1 0 0 0 0 1 0 0 0 0 1 0\n\n"
)
# Pixels x 100..299, y 50..149 as a box, as a polygon on the pixels' edges and as one through their centres.
BOX = "1 0.31250000 0.20833333 0.31250000 0.20833333\n"
EDGES = "1 0.15625000 0.10416667 0.46875000 0.10416667 0.46875000 0.31250000 0.15625000 0.31250000\n"
CENTRES = "1 0.15703125 0.10520833 0.46796875 0.10520833 0.46796875 0.31145833 0.15703125 0.31145833\n"


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), (10, 20, 30)).save(path)


def kitti(root: Path, labels: dict[str, str | None], calib: str = CALIB) -> Path:
    """One image, calibration and two lidar points for each stem; a label of None is a missing file."""
    training = root / "training"
    for folder in ("label_2", "calib", "velodyne"):
        (training / folder).mkdir(parents=True)
    for stem, label in labels.items():
        image(training / "image_2" / f"{stem}.png")
        (training / "calib" / f"{stem}.txt").write_text(calib)
        np.float32([[12.27, -3, -0.83, 0], [10.27, 0, -0.08, 1]]).tofile(training / "velodyne" / f"{stem}.bin")
        if label is not None:
            (training / "label_2" / f"{stem}.txt").write_text(label)
    return root


BROKEN_KITTI = {
    "000001": (CAR.replace(" 0 ", " 0.0 ", 1), "ValueError: invalid literal for int"),
    "000002": (CAR + "\n", "IndexError"),
    "000003": (None, "FileNotFoundError"),
    "000004": (CAR.replace(" 0 ", "  0 ", 1), "ValueError: invalid literal for int"),
    "000005": (CAR.replace("Car", "My car"), "ValueError: could not convert string to float: 'car'"),
}


def test_torchvision_reads_a_kitti_label_as_written(tmp_path):
    read = judged("torchvision_kitti", kitti(tmp_path, {"000007": CAR + DONT_CARE, "000008": ""}))
    assert read["refused"] is None
    first, second = read["images"]
    assert (first["file"], first["refused"], first["size_wh"], first["mode"]) == ("000007.png", None, [640, 480], "RGB")
    assert first["objects"][0] == {
        "type": "Car",
        "truncated": 0.0,
        "occluded": 0,
        "alpha": -2.339374,
        "bbox": [378.81, 240.0, 605.39, 337.78],
        "dimensions": [1.5, 1.8, 4.0],
        "location": [3.0, 1.5, 12.0],
        "rotation_y": -2.094395,
    }
    assert first["objects"][1]["type"] == "DontCare"
    assert (second["file"], second["objects"]) == ("000008.png", [])


def test_torchvision_refuses_each_broken_kitti_label(tmp_path):
    read = judged("torchvision_kitti", kitti(tmp_path, {stem: label for stem, (label, _) in BROKEN_KITTI.items()}))
    for said, (_, complaint) in zip(read["images"], BROKEN_KITTI.values(), strict=True):
        assert complaint in said["refused"], said["file"]


def test_nuscenes_places_the_car_and_projects_it_onto_its_2d_box(tmp_path):
    read = judged("nuscenes_kitti", kitti(tmp_path, {"000007": CAR + DONT_CARE}))
    (said,) = read["images"]
    assert (said["token"], said["refused"]) == ("training_000007", None)
    (car,) = said["objects"]  # DontCare is left out
    assert car["center"] == pytest.approx([3, 12.27, -0.83], abs=1e-4)
    assert car["wlh"] == pytest.approx([1.8, 4.0, 1.5])
    assert math.degrees(car["yaw"]) == pytest.approx(120, abs=1e-4)
    assert car["location"] == pytest.approx([3, 1.5, 12], abs=1e-4)
    assert car["projected"] == pytest.approx([378.8139, 240.0, 605.3933, 337.7801], abs=1e-3)
    assert car["box_2d"] == pytest.approx(car["projected"], abs=0.01)


def test_nuscenes_projects_lidar_points(tmp_path):
    (said,) = judged("nuscenes_kitti", kitti(tmp_path, {"000007": CAR}))["images"]
    assert said["points"]["count"] == 2
    assert np.allclose(said["points"]["uv_depth"], [[480, 280, 12], [320, 240, 10]], atol=1e-3)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param("1.50 4.00 1.80 3.00 1.50 12.00 -2.094395\n", id="width and length are swapped"),
        pytest.param("1.50 1.80 4.00 3.00 0.75 12.00 -2.094395\n", id="location is the centre"),
        pytest.param("1.50 1.80 4.00 3.00 1.50 12.00 2.094395\n", id="yaw turns the other way"),
    ],
)
def test_nuscenes_projection_leaves_the_2d_box_when_the_3d_box_is_wrong(tmp_path, spoilt):
    label = CAR.replace("1.50 1.80 4.00 3.00 1.50 12.00 -2.094395\n", spoilt)
    assert label != CAR
    (said,) = judged("nuscenes_kitti", kitti(tmp_path, {"000007": label}))["images"]
    (car,) = said["objects"]
    assert np.abs(np.subtract(car["projected"], car["box_2d"])).max() > 5


def test_nuscenes_refuses_broken_labels(tmp_path):
    broken = {stem: label for stem, (label, _) in BROKEN_KITTI.items() if stem != "000001"}  # reads occluded as float
    read = judged("nuscenes_kitti", kitti(tmp_path, broken))
    assert all(said["refused"] for said in read["images"])


@pytest.mark.parametrize(
    "calib",
    [
        pytest.param(CALIB.replace("R0_rect: 1 0 0", "R0_rect: 1 0.01 0"), id="R0_rect is no rotation"),
        pytest.param(CALIB.split("\n", 1)[1], id="a line is missing"),
    ],
)
def test_nuscenes_refuses_a_broken_calibration(tmp_path, calib):
    (said,) = judged("nuscenes_kitti", kitti(tmp_path, {"000007": CAR}, calib))["images"]
    assert "Matrix must be orthogonal" in said["refused"]


def test_datumaro_reads_kitti_boxes_and_flags(tmp_path):
    hidden = CAR.replace("Car 0.00 0", "Van 0.25 2")
    read = judged("datumaro", kitti(tmp_path, {"000007": CAR + hidden, "000008": ""}), "kitti")
    assert read["labels"] == ["Car", "Van"]
    first, second = read["items"]
    assert (first["path"], first["decoded_wh"]) == ("training/image_2/000007.png", [WIDTH, HEIGHT])
    assert second["annotations"] == []
    assert [shape["label"] for shape in first["annotations"]] == ["Car", "Van"]
    assert first["annotations"][0]["box_xywh"] == pytest.approx([378.81, 240, 226.58, 97.78], abs=1e-3)
    assert first["annotations"][1]["attributes"] == {"truncated": True, "occluded": True}


def test_datumaro_refuses_kitti_occlusion_with_a_decimal_point(tmp_path):
    read = judged("datumaro", kitti(tmp_path, {"000001": CAR.replace(" 0 ", " 0.0 ", 1)}), "kitti")
    assert "invalid literal for int() with base 10: '0.0'" in read["refused"]


DATA_YAML = 'train: images/train\nval: images/train\nnc: 2\nnames:\n  0: "car"\n  1: "box"\n'


def yolo(root: Path, labels: dict[str, str | None], data_yaml: str = DATA_YAML) -> Path:
    """One image for each stem; a label of None is a missing file."""
    (root / "labels" / "train").mkdir(parents=True)
    for stem, rows in labels.items():
        image(root / "images" / "train" / f"{stem}.png")
        if rows is not None:
            (root / "labels" / "train" / f"{stem}.txt").write_text(rows)
    (root / "data.yaml").write_text(data_yaml)
    return root


def counts(split: dict[str, Any]) -> dict[str, int]:
    return {name: split[name] for name in ("found", "missing", "empty", "corrupt", "total")}


def test_ultralytics_counts_and_holds_boxes(tmp_path):
    root = yolo(tmp_path, {"a": BOX, "b": "", "c": None})
    read = judged("ultralytics", root, "detect")
    assert (read["refused"], read["names"]) == (None, {"0": "car", "1": "box"})
    assert set(read["splits"]) == {"train", "val"}
    for split in read["splits"].values():
        assert (split["refused"], split["messages"]) == (None, [])
        assert counts(split) == {"found": 2, "missing": 1, "empty": 1, "corrupt": 0, "total": 3}
    first = read["splits"]["train"]["images"][0]
    assert (first["path"], first["size_wh"], first["classes"]) == ("images/train/a.png", [WIDTH, HEIGHT], [1])
    assert first["boxes_cxcywh"][0] == pytest.approx([0.3125, 0.20833333, 0.3125, 0.20833333], abs=1e-7)
    assert not list(root.rglob("*.cache")), "the judge must work on a copy"


def test_ultralytics_drops_an_image_for_each_broken_row(tmp_path):
    broken = {
        "a": (BOX.strip() + " 0.9\n", "6 columns detected"),
        "b": (BOX + EDGES, "mix segment and detection rows"),
        "c": ("2" + BOX[1:], "Label class 2 exceeds dataset class count 2"),
        "d": (BOX.replace("0.31250000", "1.02000000", 1), "non-normalized or out of bounds"),
        "e": ("0.5" + BOX[1:], "non-integer class"),
    }
    root = yolo(tmp_path, {"ok": BOX, **{stem: rows for stem, (rows, _) in broken.items()}})
    split = judged("ultralytics", root, "detect")["splits"]["train"]
    assert counts(split) == {"found": 6, "missing": 0, "empty": 0, "corrupt": 5, "total": 6}
    for message, (stem, (_, complaint)) in zip(split["messages"], broken.items(), strict=True):
        assert f"images/train/{stem}.png" in message
        assert complaint in message


def test_ultralytics_removes_duplicate_rows_and_says_so(tmp_path):
    split = judged("ultralytics", yolo(tmp_path, {"a": BOX + BOX}), "detect")["splits"]["train"]
    assert len(split["images"][0]["classes"]) == 1
    assert "1 duplicate labels removed" in split["messages"][0]


def test_ultralytics_rasterises_polygons_with_their_border(tmp_path):
    root = yolo(tmp_path, {"a": EDGES, "b": CENTRES, "c": ""})
    split = judged("ultralytics", root, "segment")["splits"]["train"]
    assert counts(split) == {"found": 3, "missing": 0, "empty": 1, "corrupt": 0, "total": 3}
    edges, centres, _ = split["images"]
    assert edges["boxes_cxcywh"][0] == pytest.approx([0.3125, 0.20833333, 0.3125, 0.20833333], abs=1e-7)
    assert edges["segments"][0][2] == pytest.approx([0.46875, 0.3125])
    for raster in ("drawn_runs", "trained_runs"):
        assert mask_of(edges[raster][0], (WIDTH, HEIGHT)).sum() == 201 * 101
        exact = mask_of(centres[raster][0], (WIDTH, HEIGHT))
        assert exact.sum() == 20000
        assert exact[50:150, 100:300].all()


def test_ultralytics_refuses_a_box_among_polygons(tmp_path):
    split = judged("ultralytics", yolo(tmp_path, {"a": EDGES, "b": BOX}), "segment")["splits"]["train"]
    assert "equal numbers of boxes and segments" in split["refused"]


def test_ultralytics_refuses_a_data_yaml_without_val(tmp_path):
    read = judged("ultralytics", yolo(tmp_path, {"a": BOX}, "train: images/train\nnames: [car, box]\n"), "detect")
    assert "'val:' key missing" in read["refused"]


def test_ultralytics_reads_unquoted_yes_and_no_as_truth_values(tmp_path):
    bare = "train: images/train\nval: images/train\nnames: [yes, no]\n"
    assert judged("ultralytics", yolo(tmp_path, {"a": BOX}, bare), "detect")["names"] == {"0": "True", "1": "False"}


def test_datumaro_reads_yolo_boxes_and_loses_images_with_polygons(tmp_path):
    read = judged("datumaro", yolo(tmp_path, {"a": BOX, "b": "", "c": EDGES}), "yolo")
    assert (read["refused"], read["labels"]) == (None, ["car", "box"])
    assert [item["id"] for item in read["items"]] == ["a", "b"]
    (shape,) = read["items"][0]["annotations"]
    assert (shape["type"], shape["label"], shape["box_xywh"]) == ("bbox", "box", [100, 50, 200, 100])


ANNOTATION = {
    "id": 1,
    "image_id": 1,
    "category_id": 2,
    "bbox": [100, 50, 200, 100],
    "area": 20000,
    "iscrowd": 0,
    "segmentation": [[100, 50, 300, 50, 300, 150, 100, 150]],
}
RUNS = [100 * HEIGHT + 50, *[100, 380] * 199, 100, 330 + 340 * HEIGHT]


def coco(root: Path, task: str, *annotations: dict[str, Any], file_name: str = "000001.png", **category: Any) -> Path:
    image(root / "images" / "train" / "000001.png")
    document = {
        "info": {},
        "licenses": [],
        "images": [{"id": 1, "file_name": file_name, "width": WIDTH, "height": HEIGHT}],
        "categories": [
            {"id": number, "name": name, "supercategory": "", **category} for number, name in ((1, "car"), (2, "box"))
        ],
        "annotations": list(annotations),
    }
    (root / "annotations").mkdir()
    (root / "annotations" / f"{task}_train.json").write_text(json.dumps(document))
    return root


def test_datumaro_reads_coco_polygons_and_run_lengths(tmp_path):
    rle = {"size": [HEIGHT, WIDTH], "counts": RUNS}
    crowd = {**ANNOTATION, "id": 2, "category_id": 1, "iscrowd": 1, "segmentation": rle}
    read = judged("datumaro", coco(tmp_path, "instances", ANNOTATION, crowd), "coco")
    assert (read["refused"], read["skipped"], read["labels"]) == (None, [], ["car", "box"])
    (item,) = read["items"]
    assert (item["subset"], item["path"]) == ("train", "images/train/000001.png")
    assert (item["size_wh"], item["decoded_wh"]) == ([WIDTH, HEIGHT], [WIDTH, HEIGHT])
    shapes = {(shape["id"], shape["type"]): shape for shape in item["annotations"]}
    assert set(shapes) == {(1, "polygon"), (1, "bbox"), (2, "mask"), (2, "bbox")}
    assert (shapes[1, "polygon"]["area"], shapes[1, "polygon"]["points"]) == (20000, ANNOTATION["segmentation"][0])
    assert shapes[1, "bbox"]["box_xywh"] == [100, 50, 200, 100]
    assert (shapes[2, "mask"]["label"], shapes[2, "mask"]["mask_runs"]) == ("car", RUNS)
    assert [shapes[i, "bbox"]["attributes"]["is_crowd"] for i in (1, 2)] == [False, True]


def test_datumaro_reads_coco_key_points(tmp_path):
    points = {**ANNOTATION, "keypoints": [0, 0, 0, 120, 60, 1, 299, 149, 2], "num_keypoints": 2}
    named = {"keypoints": ["head", "hand", "foot"], "skeleton": [[1, 2], [2, 3]]}
    (item,) = judged("datumaro", coco(tmp_path, "person_keypoints", points, **named), "coco")["items"]
    (shape,) = (shape for shape in item["annotations"] if shape["type"] == "points")
    assert shape["points"] == [0, 0, 120, 60, 299, 149]
    assert shape["visibility"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param({"category_id": 9}, "Undeclared label '9'", id="a class that is not listed"),
        pytest.param({"bbox": [100, 50, 200]}, "Bbox has wrong value count 3", id="a box of three numbers"),
        pytest.param(
            {"segmentation": [[1, 2, 3, 4]]}, "Polygon has invalid value count 4", id="a polygon of two points"
        ),
        pytest.param(
            {"segmentation": {"size": [WIDTH, HEIGHT], "counts": RUNS}}, "does not match image size", id="width first"
        ),
    ],
)
def test_datumaro_refuses_a_broken_coco_annotation(tmp_path, changes, complaint):
    read = judged("datumaro", coco(tmp_path, "instances", {**ANNOTATION, **changes}), "coco")
    assert complaint in read["refused"]


def test_datumaro_refuses_a_coco_file_name_that_leaves_the_folder(tmp_path):
    read = judged("datumaro", coco(tmp_path, "instances", ANNOTATION, file_name="../000001.png"), "coco")
    assert "not allowed to reference the parent directory" in read["refused"]


def test_datumaro_says_that_it_skipped_an_annotation_of_no_image(tmp_path):
    read = judged("datumaro", coco(tmp_path, "instances", {**ANNOTATION, "image_id": 5}), "coco")
    assert read["items"][0]["annotations"] == []
    assert read["skipped"] == ["Unknown image id '5'"]
