"""What other readers make of broken sets: they drop images, fail, or read something else, while a rule names why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from judges.heavy import judged
from judges.light import supervision_yolo
from quality.mutations.yolo import NAMES, SPLITS, found, image, put

GOOD = "0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.5 0.5\n"
TRIANGLE = "0 0.1 0.1 0.4 0.1 0.4 0.3\n"

# Label file, our code, and how Ultralytics' scan words why it ignores the image.
DROPPED = {
    "four_words": ("0 0.5 0.5 0.5\n", "YOLO-001", "labels require 5 columns"),
    "uneven": (GOOD + "0 0.5 0.5 0.5\n", "YOLO-001", "inhomogeneous shape"),
    "commas": ("0,0.5,0.5,0.5,0.5\n", "YOLO-001", "could not convert string to float"),
    "mixed": (GOOD + TRIANGLE, "YOLO-002", "labels mix segment and detection rows"),
    "class_2": (GOOD + "2 0.5 0.5 0.5 0.5\n", "YOLO-003", "Label class 2 exceeds dataset class count 2"),
    "class_half": ("0.5 0.5 0.5 0.5 0.5\n", "YOLO-003", "non-integer class labels"),
    "class_name": ("cart 0.5 0.5 0.5 0.5\n", "YOLO-003", "could not convert string to float"),
    "pixels": ("0 48 32 20 10\n", "YOLO-004", "non-normalized or out of bounds coordinates"),
    "negative": ("0 -0.2 0.5 0.5 0.5\n", "YOLO-004", "negative label values"),
    "nan": ("0 nan 0.5 0.5 0.5\n", "YOLO-004", "ignoring corrupt image/label"),
    "utf16": ("0 0.5 0.5 0.5 0.5\n".encode("utf-16"), "FILE-001", "codec can't decode"),
    "confidence": ("0 0.5 0.5 0.5 0.5 0.875\n", "YOLO-014", "labels require 5 columns, 6 columns detected"),
}
# Label file, our code, and the boxes that Ultralytics trains on without a word.
TRAINED = {
    "no_width": ("0 0.5 0.5 0 0.5\n", "YOLO-004", [[0.5, 0.5, 0.0, 0.5]]),
    "beyond": ("0 0.9 0.5 0.5 0.5\n", "YOLO-005", [[0.9, 0.5, 0.5, 0.5]]),
}


def written(root: Path, labels: dict[str, str | bytes], yaml: str = SPLITS + NAMES) -> Path:
    """An image and a label file for each in train; three good ones in each split."""
    put("data.yaml", yaml)(root)
    for split in ("train", "val"):
        for number in range(3):
            image(f"images/{split}/good_{split}_{number}.png")(root)
            put(f"labels/{split}/good_{split}_{number}.txt", GOOD)(root)
    for name, rows in labels.items():
        image(f"images/train/{name}.png")(root)
        put(f"labels/train/{name}.txt", rows)(root)
    return root


def codes(root: Path) -> dict[str, set[str]]:
    """Stem of a label file -> codes."""
    told: dict[str, set[str]] = {}
    for code, issue in found(root):
        told.setdefault(Path(issue.file).stem, set()).add(code)
    return told


def scanned(root: Path, task: str) -> dict[str, Any]:
    return judged("ultralytics", root, task)


@pytest.mark.judge
def test_images_that_ultralytics_drops_have_a_finding_that_says_why(tmp_path: Path) -> None:
    broken = {**DROPPED, **TRAINED, "twice": (GOOD + GOOD[:18], "YOLO-010", "1 duplicate labels removed")}
    root = written(tmp_path, {name: rows for name, (rows, *_) in broken.items()})
    train = scanned(root, "detect")["splits"]["train"]
    said = {Path(line.split(": ")[1]).stem: line for line in train["messages"]}
    assert train["corrupt"] == len(DROPPED)
    for name, (_, _, words) in broken.items():
        if name in TRAINED:
            assert name not in said
            (kept,) = [one for one in train["images"] if Path(one["path"]).stem == name]
            assert kept["boxes_cxcywh"] == [pytest.approx(box) for box in words]
        else:
            assert words in said[name], name
    assert codes(root) == {name: {code} for name, (_, code, _) in broken.items()}


@pytest.mark.judge
def test_two_points_are_a_box_to_ultralytics(tmp_path: Path) -> None:
    points = {"points": "0 0.7 0.7 0.9 0.9\n"}
    shapes = {f"shape_{number}": TRIANGLE for number in range(9)}
    root = written(tmp_path, {**points, **shapes}, "train: images/train\nval: images/train\n" + NAMES)
    for good in (*(root / "labels").rglob("good_*"), *(root / "images").rglob("good_*")):
        good.unlink()
    assert codes(root) == {"points": {"YOLO-006"}}
    train = scanned(root, "detect")["splits"]["train"]
    (read,) = [one for one in train["images"] if "points" in one["path"]]
    assert read["boxes_cxcywh"] == [pytest.approx([0.7, 0.7, 0.9, 0.9])]
    assert train["messages"] == []


@pytest.mark.judge
def test_one_image_of_boxes_stops_ultralytics_from_training_on_polygons(tmp_path: Path) -> None:
    root = written(tmp_path, {f"shape_{number}": TRIANGLE for number in range(9)})
    assert "requires equal numbers of boxes and segments" in scanned(root, "segment")["splits"]["train"]["refused"]
    assert codes(root) == {f"good_{split}_{number}": {"YOLO-013"} for split in ("train", "val") for number in range(3)}


@pytest.mark.judge
def test_images_whose_labels_lie_elsewhere_are_backgrounds_to_ultralytics(tmp_path: Path) -> None:
    root = written(tmp_path, {})
    (root / "labels/train").rename(root / "labels/training")
    train = scanned(root, "detect")["splits"]["train"]
    assert (train["missing"], train["corrupt"], train["messages"]) == (3, 0, [])
    assert codes(root) == {"good_train_0": {"YOLO-008"}}


@pytest.mark.judge
@pytest.mark.parametrize(
    ("shape", "rows", "words"),
    [
        ("[2, 3]", "0 0.5 0.5 0.5 0.5 0.3 0.3 2\n", "labels require 11 columns"),
        ("[1, 4]", "0 0.5 0.5 0.5 0.5 0.3 0.3 2\n", "'kpt_shape' in data.yaml missing or incorrect"),
    ],
)
def test_poses_that_are_not_as_declared_are_none_to_ultralytics(
    shape: str, rows: str, words: str, tmp_path: Path
) -> None:
    root = written(tmp_path, {}, f"train: images/train\nval: images/train\n{NAMES}kpt_shape: {shape}\n")
    for file in (root / "labels").rglob("*.txt"):
        file.write_text(rows)
    assert words in scanned(root, "pose")["splits"]["train"]["refused"]
    assert codes(root)["data"] == {"YOLO-012"}


@pytest.mark.judge
@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("train: images/train\n" + NAMES, "SyntaxError"),
        ("train: images/train\nval: images/none\n" + NAMES, "FileNotFoundError"),
        (SPLITS + "names: {0: person, 2: cart}\n", "KeyError"),
        (SPLITS + "nc: 3\n" + NAMES, "SyntaxError"),
    ],
)
def test_a_data_yaml_that_ultralytics_refuses_has_a_finding(yaml: str, words: str, tmp_path: Path) -> None:
    root = written(tmp_path, {}, yaml)
    assert words in scanned(root, "detect")["refused"]
    assert codes(root)["data"] == {"YOLO-007"}


@pytest.mark.judge
def test_a_name_without_quotes_is_another_name_to_ultralytics(tmp_path: Path) -> None:
    root = written(tmp_path, {}, SPLITS + "names: [yes, no]\n")
    assert scanned(root, "detect")["names"] == {"0": "True", "1": "False"}
    assert codes(root) == {"data": {"YOLO-007"}}


# -------------------------------------------------------------------------------------------------------- supervision
@pytest.mark.parametrize("name", ["four_words", "commas", "class_half", "class_name", "nan"])
def test_supervision_fails_where_a_rule_names_why(name: str, tmp_path: Path) -> None:
    rows, code, _ = DROPPED[name]
    root = written(tmp_path, {name: rows})
    with pytest.raises(ValueError, match=f"labels/train/{name}.txt"):
        supervision_yolo(root / "images/train", root / "labels/train", root / "data.yaml")
    assert codes(root) == {name: {code}}


@pytest.mark.parametrize(
    ("rows", "code", "box"),
    [
        ("0 0.5 0.5 0.5 0.5 0.875\n", "YOLO-014", (24, 16, 72, 48)),  # the number is ignored
        ("0 48 32 20 10\n", "YOLO-004", (3648, 1728, 5568, 2368)),  # pixels become pixels again
        ("0 0.9 0.5 0.5 0.5\n", "YOLO-005", (62.4, 16, 110.4, 48)),
        ("0 0.5 0.5 0 0.5\n", "YOLO-004", (48, 16, 48, 48)),
    ],
)
def test_supervision_reads_something_else_where_a_rule_names_why(
    rows: str, code: str, box: tuple[float, ...], tmp_path: Path
) -> None:
    root = written(tmp_path, {"odd": rows})
    (seen,) = supervision_yolo(root / "images/train", root / "labels/train", root / "data.yaml")["odd.png"]
    assert seen.box_xyxy == pytest.approx(box, abs=1e-3)
    assert codes(root) == {"odd": {code}}
