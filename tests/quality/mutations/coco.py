"""Ways to break a good COCO dataset, one at a time, and where each one must be found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from quality.mutations.coco_edits import (
    EMPTY_IMAGE,
    POINTS,
    TRAIN,
    VAL,
    Json,
    Mutation,
    added,
    at,
    drop,
    edited,
    everywhere,
    instead,
    is_crowd,
    is_runs,
    points,
    put,
    replaced,
    rewritten,
    runs,
    without_list,
)

__all__ = ["MUTATIONS"]


def twin_of(row: int, other: int) -> Callable[[Json], str]:
    def change(document: Json) -> str:
        document["annotations"][row]["id"] = document["annotations"][other]["id"]
        return f"annotations[{max(row, other)}].id"

    return change


def corners(box: list[float]) -> list[float]:
    return [box[0], box[1], box[0] + box[2], box[1] + box[3]]


def shorter(box: list[float]) -> list[float]:
    """As writers have it that take xmax - xmin for the width."""
    return [box[0], box[1], box[2] - 1, box[3] - 1]


def area_of_box(document: Json) -> str:
    annotation = document["annotations"][0]
    annotation["area"] = annotation["bbox"][2] * annotation["bbox"][3]
    return "annotations[0].area"


def renumbered(number: Callable[[int], int]) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        for category in document["categories"]:
            category["id"] = number(category["id"])
        for annotation in document["annotations"]:
            annotation["category_id"] = number(annotation["category_id"])

    return change


def called(old: str, new: str) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        for category in document["categories"]:
            category["name"] = new if category["name"] == old else category["name"]

    return change


def swapped_classes(document: Json) -> str:
    first, second = document["categories"][0], document["categories"][2]
    first["id"], second["id"] = second["id"], first["id"]
    other = {first["id"]: second["id"], second["id"]: first["id"]}
    for annotation in document["annotations"]:
        annotation["category_id"] = other.get(annotation["category_id"], annotation["category_id"])
    return "categories[0].id"


def without_class(document: Json) -> str:
    document["categories"] = [entry for entry in document["categories"] if entry["name"] != "never_seen"]
    return "categories"


def renamed(name: Callable[[str], str]) -> Callable[[Path], str]:
    """An image called otherwise by the file; the image itself is taken away, so that it does not lie there unlisted."""

    def apply(root: Path) -> str:
        document = json.loads((root / TRAIN).read_text())
        entry = document["images"][EMPTY_IMAGE]
        (root / "images/train" / entry["file_name"]).unlink()
        entry["file_name"] = name(entry["file_name"])
        (root / TRAIN).write_text(json.dumps(document))
        points = json.loads((root / POINTS).read_text())
        points["images"] = [image for image in points["images"] if image["id"] != entry["id"]]
        (root / POINTS).write_text(json.dumps(points))
        return f"images[{EMPTY_IMAGE}].file_name"

    return apply


def left_out(document: Json) -> str:
    del document["images"][EMPTY_IMAGE]
    return ""


def set_point(position: int, value: float) -> Callable[[Json], None]:
    def change(annotation: Json) -> None:
        annotation["keypoints"][position] = value

    return change


def unlabelled(annotation: Json) -> None:
    """A point without a label, yet with a place."""
    first = next(at for at in range(0, 9, 3) if annotation["keypoints"][at + 2] == 0)
    annotation["keypoints"][first] = 12


def link_to_another_dataset(path: Path) -> None:
    outside = path.parents[2] / f"{path.parents[1].name}_other"
    shutil.copytree(path.parent, outside)
    path.symlink_to(outside / Path(VAL).name)


def twice(text: bytes) -> bytes:
    """The list of annotations, with an empty one before it."""
    return b'{"annotations":[],' + text.lstrip()[1:]


def field_twice(root: Path) -> str:
    place = put("id", 987654321)(root)
    rewritten(lambda text: text.replace(b'"id": 987654321', b'"id": 987654320, "id": 987654321'))(root)
    return place


def endless(root: Path) -> str:
    """A number that is JSON, and more than a float holds."""
    place = put("area", 987654321.5)(root)
    rewritten(lambda text: text.replace(b"987654321.5", b"1e999"))(root)
    return place


_M = Mutation

IDS = [
    _M("an id that two annotations have", "COCO-001", edited(twin_of(2, 1))),
    _M("an id that annotations far apart have", "COCO-001", edited(twin_of(0, 4))),
    _M("an annotation with id 0", "COCO-002", put("id", 0)),
    _M("an id that is text", "COCO-003", put("id", str)),
    _M("an id that is any text", "COCO-003", put("id", "a1b2c3")),
    _M("an id with a point", "COCO-003", put("id", float)),
    _M("an id that is true", "COCO-003", at("annotations", 0, "id", True)),
    _M("an id of null", "COCO-003", put("id", lambda _: None)),
    _M("an id above 2^53", "COCO-003", put("id", 2**53 + 1)),
    _M("an id that no integer holds", "COCO-003", put("id", 10**30)),
    _M("an id that is a list", "COCO-003", put("id", [1, 2])),
    _M("an annotation without id", "COCO-003", drop("id")),
    _M("an image that is not there", "COCO-003", put("image_id", 777)),
    _M("an image_id of text", "COCO-003", put("image_id", str)),
    _M("a category that is not there", "COCO-003", put("category_id", 99)),
    _M("an annotation without category", "COCO-003", drop("category_id")),
    _M("an image whose id is text", "COCO-003", at("images", 0, "id", str)),
    _M("a category whose id is text", "COCO-003", at("categories", 4, "id", str)),
    _M("an id and another one", "COCO-024", field_twice),
    _M("an image twice", "COCO-022", edited(added("images", lambda d: d[0], "")), findings=2),
    _M("a file name twice", "COCO-022", edited(added("images", lambda d: {**d[0], "id": 999}, ".file_name"))),
    _M(
        "a category twice",
        "COCO-022",
        edited(added("categories", lambda d: {**d[4], "name": "n"}, ".id")),
        also=("COCO-023",),
    ),
]
FIELDS = [
    _M("no area", "COCO-004", drop("area")),
    _M("an area of null", "COCO-004", put("area", lambda _: None)),
    _M("an area of text", "COCO-004", put("area", str)),
    _M("an area below 0", "COCO-004", put("area", -3)),
    _M("no iscrowd", "COCO-004", drop("iscrowd")),
    _M("iscrowd 2", "COCO-011", put("iscrowd", 2)),
    _M("iscrowd of text", "COCO-011", put("iscrowd", "0")),
    _M("iscrowd true", "COCO-011", put("iscrowd", True, is_crowd)),
    _M(
        "a crowd by its attribute alone",
        "COCO-011",
        at("annotations", 1, "attributes", {"is_crowd": True}, place="iscrowd"),
    ),
    _M(
        "a class that is a crowd",
        "COCO-011",
        everywhere(called("sign", "DontCare"), "annotations[2].iscrowd"),
        findings=2,
    ),
    _M("no width", "COCO-012", at("images", 0, "width", None)),
    _M("a height of text", "COCO-012", at("images", 0, "height", str)),
    _M("a height of 0", "COCO-012", at("images", EMPTY_IMAGE, "height", 0)),
    _M("a width of 10^9", "COCO-012", at("images", EMPTY_IMAGE, "width", 10**9, place="")),
    _M("NaN in a box", "COCO-013", put("bbox", lambda box: [box[0], float("nan"), *box[2:]], place="")),
    _M("NaN for an area", "COCO-013", put("area", float("nan"), place="")),
    _M("Infinity in a polygon", "COCO-013", put("segmentation", lambda s: [[float("inf"), *s[0][1:]]], place="")),
    _M("-Infinity for an id", "COCO-013", put("id", float("-inf"), place="")),
    _M("NaN in what is said of an image", "COCO-013", at("images", 0, "time_ns", float("nan"), place="")),
    _M("a number above all floats", "COCO-013", endless),
    _M("a license that is not listed", "COCO-019", at("images", 0, "license", 0)),
    _M("a license of text", "COCO-019", at("images", 0, "license", "MIT")),
]
BOXES = [
    _M("a box as corners", "COCO-005", put("bbox", corners)),
    _M("a box as corners, by run lengths", "COCO-005", put("bbox", corners, is_runs)),
    _M("a box without width", "COCO-005", put("bbox", lambda box: [box[0], box[1], 0, box[3]])),
    _M("a box of negative height", "COCO-005", put("bbox", lambda box: [box[0], box[1], box[2], -box[3]])),
    _M("a box outside of the image", "COCO-005", put("bbox", lambda box: [box[0] + 90, *box[1:]])),
    _M("a box of three numbers", "COCO-005", put("bbox", lambda box: box[:3])),
    _M("a box of texts", "COCO-005", put("bbox", lambda box: list(map(str, box)))),
    _M("a box of null", "COCO-005", put("bbox", lambda _: None)),
    _M("no box", "COCO-005", drop("bbox")),
    _M("a box without its last pixels", "COCO-006", put("bbox", shorter)),
    _M("a box without its last pixels, by run lengths", "COCO-006", put("bbox", shorter, is_runs)),
    _M("a crowd's box without its last pixels", "COCO-006", put("bbox", shorter, is_crowd)),
    _M("a box one pixel to the right", "COCO-006", put("bbox", lambda box: [box[0] + 1, *box[1:]])),
    _M("a box without its last column", "COCO-006", put("bbox", lambda box: [*box[:2], box[2] - 1, box[3]])),
    _M(
        "a mask without a pixel",
        "COCO-006",
        put("segmentation", {"size": [64, 96], "counts": [64 * 96]}, is_crowd, "bbox"),
    ),
]
_SHAPE = "segmentation"
MASKS = [
    _M("a flat polygon", "COCO-007", put(_SHAPE, lambda shape: shape[0])),
    _M("an empty list", "COCO-007", put(_SHAPE, [])),
    _M("null", "COCO-007", put(_SHAPE, lambda _: None)),
    _M("no segmentation", "COCO-007", drop(_SHAPE)),
    _M("a polygon of texts", "COCO-007", put(_SHAPE, lambda shape: [list(map(str, shape[0]))])),
    _M("a text", "COCO-007", put(_SHAPE, "polygon")),
    _M("two corners", "COCO-008", put(_SHAPE, lambda shape: [shape[0][:4]], place="segmentation[0]")),
    _M("half a corner", "COCO-008", put(_SHAPE, lambda shape: [shape[0], shape[0][:-1]], place="segmentation[1]")),
    _M("an empty polygon", "COCO-008", put(_SHAPE, lambda shape: [*shape, []], place="segmentation[1]")),
    _M("height and width swapped", "COCO-009", runs("size", lambda size: size[::-1])),
    _M("another image's size", "COCO-009", runs("size", [64, 95])),
    _M("a size of 10^9 x 10^9", "COCO-009", runs("size", [10**9, 10**9])),
    _M("a size of 10^30", "COCO-009", runs("size", [10**30, 96])),
    _M("a size of one number", "COCO-009", runs("size", [64])),
    _M("a size of texts", "COCO-009", runs("size", ["64", "96"])),
    _M("no size", "COCO-009", runs("size", None)),
    _M("the last run missing", "COCO-009", runs("counts", lambda counts: counts[:-1], is_crowd)),
    _M("a run too long", "COCO-009", runs("counts", lambda counts: [counts[0] + 7, *counts[1:]], is_crowd)),
    _M("a negative run", "COCO-009", runs("counts", lambda counts: [-1, counts[0] + 1, *counts[1:]], is_crowd)),
    _M("runs of a larger image as text", "COCO-009", runs("counts", lambda text: text + "0")),
    _M("the print of bytes", "COCO-010", runs("counts", lambda text: str(text.encode()))),
    _M("text of another kind", "COCO-010", runs("counts", "~ no run lengths ~")),
    _M("text that is no ASCII", "COCO-010", runs("counts", "0Größe")),
    _M("text that ends in the midst of a number", "COCO-010", runs("counts", lambda text: text + "o")),
    _M("text of endless numbers", "COCO-010", runs("counts", "oooooooooooooooooooooo0")),
    _M("an empty text", "COCO-010", runs("counts", "")),
    _M("no counts", "COCO-010", runs("counts", None)),
    _M(
        "counts of null",
        "COCO-010",
        put(_SHAPE, lambda shape: shape | {"counts": None}, is_runs, "segmentation.counts"),
    ),
    _M("counts with points", "COCO-010", runs("counts", lambda counts: [count + 0.5 for count in counts], is_crowd)),
    _M("a run of 10^30", "COCO-010", runs("counts", lambda counts: [10**30, *counts], is_crowd)),
    _M("an empty list of counts", "COCO-010", runs("counts", [], is_crowd)),
    _M("the box's area", "COCO-015", edited(area_of_box)),
    _M("an area of 0", "COCO-015", put("area", 0, is_runs)),
    _M("a crowd's area by half", "COCO-015", put("area", lambda area: area / 2, is_crowd)),
]
CLASSES = [
    _M("categories from 0", "COCO-014", everywhere(renumbered(lambda number: number - 1), "categories"), findings=2),
    _M(
        "categories with a gap",
        "COCO-014",
        everywhere(renumbered(lambda number: number + (number > 3)), "categories"),
        findings=2,
    ),
    _M("a category without a name", "COCO-014", at("categories", 4, "name", None), also=("COCO-023",)),
    _M("a category with a blank name", "COCO-014", at("categories", 4, "name", " "), also=("COCO-023",)),
    _M("classes swapped in one split", "COCO-023", edited(swapped_classes, VAL), VAL, findings=2),
    _M("a class that one split does not list", "COCO-023", edited(without_class, VAL), VAL),
    _M("a skeleton from 0", "COCO-018", at("categories", 0, "skeleton", [[0, 1], [0, 2]], POINTS), POINTS),
    _M(
        "a skeleton of points that are not there",
        "COCO-018",
        at("categories", 0, "skeleton", [[1, 2], [1, 4]], POINTS),
        POINTS,
    ),
    _M("a skeleton of names", "COCO-018", at("categories", 0, "skeleton", [["head", "left_hand"]], POINTS), POINTS),
]
POINT_SETS = [
    _M("half a point", "COCO-017", points(lambda entry: entry["keypoints"].pop()), POINTS),
    _M("a point too few", "COCO-017", points(lambda entry: entry.update(keypoints=entry["keypoints"][:6])), POINTS),
    _M("a v of 5", "COCO-017", points(set_point(2, 5)), POINTS),
    _M("a place without a label", "COCO-017", points(unlabelled), POINTS),
    _M(
        "one labelled point too many",
        "COCO-017",
        points(lambda entry: entry.update(num_keypoints=3), "num_keypoints"),
        POINTS,
    ),
    _M("no count of points", "COCO-017", points(lambda entry: entry.pop("num_keypoints"), "num_keypoints"), POINTS),
    _M("a count of text", "COCO-017", points(lambda entry: entry.update(num_keypoints="2"), "num_keypoints"), POINTS),
    _M("no points", "COCO-017", points(lambda entry: entry.pop("keypoints")), POINTS),
    _M("points of texts", "COCO-017", points(lambda entry: entry.update(keypoints=["head"] * 3)), POINTS),
]
IMAGE_FILES = [
    _M("a file name above the folder", "COCO-016", renamed(lambda name: f"../{name}")),
    _M("a file name from the root", "COCO-016", renamed(lambda name: f"/etc/{name}")),
    _M("a file name with a drive", "COCO-016", renamed(lambda name: f"C:/{name}")),
    _M("a file name with backslashes", "COCO-016", renamed(lambda name: f"train\\{name}")),
    _M("a file name with a NUL", "COCO-016", renamed(lambda name: f"{name}\0")),
    _M("a file name as long as a book", "COCO-016", renamed(lambda name: "x" * 100_000)),
    _M("an empty file name", "COCO-016", renamed(lambda name: "")),
    _M("an image file that is not there", "COCO-016", renamed(lambda name: name)),
    _M("a file name that is a number", "COCO-016", at("images", EMPTY_IMAGE, "file_name", 7), also=("COCO-020",)),
    _M("an image without objects left out", "COCO-020", edited(left_out), "images/train/a/0001.png"),
]
DOCUMENTS = [
    _M("no list of annotations", "COCO-021", edited(without_list("annotations"))),
    _M("no list of images", "COCO-021", edited(without_list("images"))),
    _M("no list of categories", "COCO-021", edited(without_list("categories"))),
    _M("images by name", "COCO-021", edited(instead("images", {"1": {"id": 1}}))),
    _M("annotations of null", "COCO-021", edited(instead("annotations", None))),
    _M("a number among the annotations", "COCO-021", edited(added("annotations", 7))),
    _M("null among the images", "COCO-021", edited(added("images", None))),
    _M("a list among the categories", "COCO-021", edited(added("categories", [1, "car"]))),
    _M("a list there twice", "COCO-021", rewritten(twice)),
    _M("a bare list", "COCO-021", rewritten(lambda text: json.dumps(json.loads(text)["annotations"]).encode())),
    _M("a byte order mark", "COCO-021", rewritten(lambda text: b"\xef\xbb\xbf" + text)),
    _M("a file cut off", "FILE-001", rewritten(lambda text: text[: len(text) // 2])),
    _M("a comma too many", "FILE-001", rewritten(lambda text: text.replace(b"},\n", b"},,\n", 1))),
    _M("an empty file", "FILE-001", rewritten(lambda text: b"")),
    _M("bytes of any kind", "FILE-001", rewritten(lambda text: np.random.default_rng(1).bytes(5000))),
    _M(
        "a pointer of git-lfs",
        "FILE-001",
        rewritten(lambda text: b"version https://git-lfs.github.com/spec/v1\nsize 12345\n"),
    ),
    _M(
        "lists in lists in lists",
        "FILE-001",
        rewritten(lambda text: b'{"images":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ),
    _M("a folder in the file's place", "FILE-001", replaced(Path.mkdir)),
    _M("a pipe in the file's place", "FILE-001", replaced(os.mkfifo)),
    _M("a link out of the dataset", "FILE-001", replaced(link_to_another_dataset)),
    _M("a link to nowhere", "FILE-001", replaced(lambda path: path.symlink_to("nowhere.json"))),
]
MUTATIONS = [*IDS, *FIELDS, *BOXES, *MASKS, *CLASSES, *POINT_SETS, *IMAGE_FILES, *DOCUMENTS]
