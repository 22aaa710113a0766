"""Rules for COCO on good data of many makers, and where one file alone does not tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from formats.pressing import press
from framepress.formats.coco import Writer
from framepress.quality.coco import rules
from framepress.quality.coco.look import look
from frames import LABELS, imported, mono, rig
from quality.mutations.coco_edits import found, good

Json = dict[str, Any]


def dataset(root: Path, annotations: list[Json], images: list[Json] | None = None, split: str = "default") -> Path:
    """A file of annotations of one image of 200 x 100 px and one class; what an annotation lacks is filled in."""
    whole = [
        {"id": row + 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": []} | annotation
        for row, annotation in enumerate(annotations)
    ]
    document = {
        "images": images or [{"id": 1, "file_name": "0.png", "width": 200, "height": 100}],
        "annotations": whole,
        "categories": [{"id": 1, "name": "box"}],
    }
    path = root / f"annotations/instances_{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return root


@pytest.mark.parametrize("segmentation", ["rle", "polygon", "none"])
@pytest.mark.parametrize("frames", [mono, rig, imported], ids=lambda made: made.__name__)
def test_what_we_write_has_no_finding(frames: Any, segmentation: str, tmp_path: Path) -> None:
    press(Writer(segmentation=segmentation), frames(), LABELS, tmp_path)
    assert found(tmp_path) == []


def test_an_empty_dataset_of_ours_has_no_finding(tmp_path: Path) -> None:
    press(Writer(), [], LABELS, tmp_path)
    assert found(tmp_path) == []


# In the samples of others; each is what its file says.
SHORT = "bbox is [0, 0, 1, 9], the mask's is [0, 0, 2, 10]: the + 1 of xmax - xmin + 1 is missing"
GAP = "category ids are 1 to 4, without 3"
SKELETON = "skeleton joins [0, 1], points are 1 to 3: it counts from 0"
SAMPLES = {
    "formats-datumaro/coco_dataset/coco_instances": [
        # The crowd's mask is two columns of ten rows, area 20; its box is written as maximum - minimum.
        ("COCO-006", "annotations/instances_val.json", "annotations[1].bbox", SHORT),
        ("COCO-014", "annotations/instances_train.json", "categories", GAP),
        ("COCO-014", "annotations/instances_val.json", "categories", GAP),
    ],
    "formats-datumaro/coco_dataset/coco_person_keypoints": [
        ("COCO-006", "annotations/person_keypoints_val.json", "annotations[1].bbox", SHORT),
        ("COCO-018", "annotations/person_keypoints_train.json", "categories[0].skeleton", SKELETON),
        ("COCO-018", "annotations/person_keypoints_val.json", "categories[0].skeleton", SKELETON),
    ],
    "formats-datumaro/coco_dataset/coco": [
        ("COCO-006", "annotations/instances_val.json", "annotations[1].bbox", SHORT),
        ("COCO-006", "annotations/person_keypoints_val.json", "annotations[1].bbox", SHORT),
        ("COCO-014", "annotations/instances_train.json", "categories", GAP),
        ("COCO-014", "annotations/instances_val.json", "categories", GAP),
    ],
    "formats-labelstudio/test_import_coco/coco_import_input.json": [
        ("COCO-002", "coco_import_input.json", "annotations[0].id", "the annotation has id 0"),
        # Polygons on pixel indices: one row and one column less than the inclusive box beside them.
        (
            "COCO-006",
            "coco_import_input.json",
            "annotations[0].bbox",
            "bbox is [3651, 872, 113, 114], the mask's is [3651, 872, 112, 113]",
        ),
        # Its polygon is of another object.
        (
            "COCO-006",
            "coco_import_input.json",
            "annotations[1].bbox",
            "bbox is [5040, 1686, 89, 89], the mask's is [4787, 1362, 341, 412]",
        ),
        ("COCO-011", "coco_import_input.json", "annotations[0].iscrowd", 'iscrowd is "false", neither 0 nor 1'),
        ("COCO-011", "coco_import_input.json", "annotations[1].iscrowd", 'iscrowd is "false", neither 0 nor 1'),
    ],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_wrong_in_samples_of_others_is_known(name: str, shared: Path) -> None:
    if not (shared / name).exists():
        pytest.skip(f"no sample at {shared / name}")
    assert found(shared / name) == SAMPLES[name]


def drawn(rng: np.random.Generator) -> list[float]:
    """A polygon as a hand draws it: fractions of a pixel, inside of 200 x 100 px."""
    count = int(rng.integers(3, 20))
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = rng.uniform(3, 45) * rng.uniform(0.5, 1, count)
    x = np.clip(rng.uniform(30, 170) + radius * np.cos(angle), 0, 200)
    y = np.clip(rng.uniform(20, 80) + radius * np.sin(angle), 0, 100)
    flat: list[float] = np.stack((x, y), 1).round(2).ravel().tolist()
    return flat


@pytest.mark.parametrize(
    ("below", "box", "told"),
    [
        ("/World/Car/Wheels/Wheel_0", [2, 2, 14, 8], False),
        ("/World/Car/Wheels/Wheel_0", [4, 2, 12, 8], True),  # does not even hold its own mask
        ("/World/Cart/Wheel_0", [2, 2, 14, 8], True),
        ("/World/Car", [2, 2, 14, 8], True),
    ],
)
def test_the_box_of_a_prim_may_reach_over_labelled_prims_below_it(
    below: str, box: list[int], told: bool, tmp_path: Path
) -> None:
    def note(id: int, track: str, bbox: list[int], x0: int, x1: int) -> dict[str, Any]:
        ring = [x0, 2, x1, 2, x1, 10, x0, 10]
        shape = {"id": id, "image_id": 1, "category_id": 1, "iscrowd": 0, "track": track}
        return {**shape, "bbox": bbox, "area": 8 * (x1 - x0), "segmentation": [ring]}

    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 30, "height": 20}],
        "categories": [{"id": 1, "name": "part"}],
        "annotations": [note(1, "/World/Car", box, 2, 10), note(2, below, [10, 2, 6, 8], 10, 16)],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_train.json").write_text(json.dumps(document))
    places = [place for code, _, place, _ in found(tmp_path) if code == "COCO-006"]
    assert places == (["annotations[0].bbox"] if told else [])


def test_drawn_polygons_pass_with_either_custom_of_area_and_box(tmp_path: Path) -> None:
    """Corners and the raster of pycocotools differ by part of the border; both are in use."""
    rng = np.random.default_rng(5)
    annotations = []
    for _ in range(300):
        flat = drawn(rng)
        runs = coco_mask.frPyObjects([flat], 100, 200)
        if coco_mask.area(runs)[0] == 0:
            continue
        xy = np.array(flat).reshape(-1, 2)
        x, y = xy.T
        corners = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
        low, high = xy.min(0), xy.max(0)
        shape = {"segmentation": [flat]}
        annotations.append({**shape, "area": int(coco_mask.area(runs)[0]), "bbox": coco_mask.toBbox(runs)[0].tolist()})
        annotations.append({**shape, "area": corners, "bbox": [*low.tolist(), *(high - low).round(2).tolist()]})
    assert len(annotations) > 500
    assert found(dataset(tmp_path, annotations)) == []


def test_each_drawn_polygon_whose_box_lost_a_pixel_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    annotations = []
    for _ in range(100):
        flat = drawn(rng)
        xy = np.array(flat).reshape(-1, 2)
        x, y = xy.T
        width, height = (xy.max(0) - xy.min(0)).tolist()
        if min(width, height) > 2:
            area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
            box = [*xy.min(0).tolist(), width - 1, height - 1]
            annotations.append({"segmentation": [flat], "area": area, "bbox": box})
    places = [place for code, _, place, _ in found(dataset(tmp_path, annotations)) if code == "COCO-006"]
    assert places == [f"annotations[{row}].bbox" for row in range(len(annotations))]


def test_rings_that_are_holes_or_overlap_pass_with_their_true_area(tmp_path: Path) -> None:
    outer, hole = [10, 10, 50, 10, 50, 50, 10, 50], [20, 20, 20, 40, 40, 40, 40, 20]
    overlapping = [[10, 10, 30, 10, 30, 30, 10, 30], [20, 10, 40, 10, 40, 30, 20, 30]]
    annotations: list[Json] = [
        {"segmentation": [outer, hole], "area": 1600 - 400, "bbox": [10, 10, 40, 40]},
        {"segmentation": overlapping, "area": 600, "bbox": [10, 10, 30, 20]},
    ]
    assert found(dataset(tmp_path, annotations)) == []
    annotations[0]["area"] = 1600 - 2 * 400 - 20
    annotations[1]["area"] = 820
    assert [code for code, *_ in found(dataset(tmp_path, annotations))] == ["COCO-015", "COCO-015"]


def boxes(lost: int) -> list[Json]:
    """Objects without masks, every fourth cut off by the image's right border; widths lose so many pixels."""
    made = []
    for row in range(48):
        x = 200 - 9 - row % 7 if row % 4 == 0 else 3 * row
        width = (200 - x if row % 4 == 0 else 20) - lost
        made.append({"bbox": [x, row, width, 15 - lost], "area": width * (15 - lost)})
    return made


def test_without_masks_the_borders_tell_that_boxes_lost_their_last_pixel(tmp_path: Path) -> None:
    """As the CocoWriter that omni.replicator.core ships writes them: x_max - x_min, and segmentation []."""
    assert found(dataset(tmp_path, boxes(0))) == []
    [(code, file, place, message)] = found(dataset(tmp_path, boxes(1)))
    assert (code, file, place) == ("COCO-006", "annotations/instances_default.json", "annotations")
    assert message.startswith("12 boxes end one pixel before the right or lower border")
    at_the_border = {"bbox": [150, 20, 50, 30], "area": 1500}
    assert found(dataset(tmp_path, [*boxes(1), at_the_border])) == []


def test_boxes_alone_need_no_segmentation(tmp_path: Path) -> None:
    assert found(dataset(tmp_path, [{"bbox": [1, 2, 3, 4], "area": 12, "segmentation": None} for _ in range(3)])) == []


def test_a_text_that_speaks_of_nan_is_no_number(tmp_path: Path) -> None:
    note = 'quoted \\" [NaN, Infinity] , NaN ,'
    annotation = {"bbox": [1, 2, 3, 4], "area": 12, "note": note}
    root = dataset(tmp_path, [annotation])
    assert found(root) == []
    root = dataset(tmp_path, [annotation, annotation | {"area": float("nan")}])
    assert [(code, place) for code, _, place, _ in found(root)] == [("COCO-013", "annotations[1]")]


def test_the_line_of_a_number_that_is_none_is_told(tmp_path: Path) -> None:
    good(tmp_path)  # our own files have a line an entry
    path = tmp_path / "annotations/instances_train.json"
    text = path.read_text().splitlines()
    row = next(row for row, line in enumerate(text) if '"iscrowd":1' in line)
    text[row] = text[row].replace('"iscrowd":1', '"iscrowd":NaN')
    path.write_text("\n".join(text))
    [issue] = rules.numbers_are_finite(look(tmp_path))
    assert (issue.line, issue.message) == (row + 1, "NaN stands for a number")


def test_a_file_that_is_cut_off_is_told_with_its_length(tmp_path: Path) -> None:
    path = dataset(tmp_path, [{"bbox": [1, 2, 3, 4], "area": 12}]) / "annotations/instances_default.json"
    path.write_bytes(path.read_bytes()[:-40])
    [issue] = look(tmp_path).unread
    assert f"{path.stat().st_size} bytes" in issue.message


def test_a_broken_line_is_told_with_its_number(tmp_path: Path) -> None:
    good(tmp_path)
    path = tmp_path / "annotations/instances_train.json"
    lines = path.read_text().splitlines()
    lines[4] = lines[4].replace(":", ";", 1)
    path.write_text("\n".join(lines))
    [issue] = look(tmp_path).unread
    assert "line 5:" in issue.message


def test_an_image_of_two_splits_is_one_frame_in_both(tmp_path: Path) -> None:
    """So that rules for splits see the leak; images of one name in two folders are two."""
    images = [{"id": 1, "file_name": "0.png", "width": 200, "height": 100}]
    for split in ("train", "val"):
        dataset(tmp_path, [{"bbox": [1, 2, 3, 4], "area": 12}], images, split)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/0.png").write_bytes(b"")
    columns = look(tmp_path).columns()
    assert columns is not None
    first, second = columns.frames.texts("id")
    assert first == second
    assert list(columns.frames["split"]) == [0, 1]
    (tmp_path / "images/0.png").unlink()
    for split in ("train", "val"):
        (tmp_path / "images" / split).mkdir()
        (tmp_path / "images" / split / "0.png").write_bytes(b"")
    columns = look(tmp_path).columns()
    assert columns is not None
    assert sorted(columns.frames.texts("id")) == ["train/0", "val/0"]


def test_a_link_out_of_the_dataset_is_no_image_of_it(tmp_path: Path) -> None:
    root = tmp_path / "set"
    good(root)
    image = root / "images/train/a/0001.png"
    names = [each.name for each in look(root).images()]
    assert "images/train/a/0001.png" in names
    image.rename(tmp_path / "outside.png")
    image.symlink_to(tmp_path / "outside.png")
    assert [each.name for each in look(root).images()] == [name for name in names if name != "images/train/a/0001.png"]


def test_images_are_there_once_although_key_points_name_them_again(tmp_path: Path) -> None:
    good(tmp_path)
    images = look(tmp_path).images()
    assert len(images) == len({image.path for image in images}) == len(mono())
    assert {(image.width, image.height) for image in images} == {(96, 64)}
    assert [image.order for image in images if image.sequence == "a"] == [0, 1, 2]


def test_columns_say_what_the_file_says(tmp_path: Path) -> None:
    good(tmp_path)
    columns = look(tmp_path).columns()
    assert columns is not None
    told = []
    for split in ("train", "val"):
        document = json.loads((tmp_path / f"annotations/instances_{split}.json").read_text())
        frames = {image["id"]: image["frame"] for image in document["images"]}
        names = {category["id"]: category["name"] for category in document["categories"]}
        for entry in document["annotations"]:
            x, y, width, height = entry["bbox"]
            box = [x, y, x + width, y + height]
            told.append((frames[entry["image_id"]], names[entry["category_id"]], box, entry["area"], entry["iscrowd"]))
    objects, ids = columns.objects, columns.frames.texts("id")
    seen = [
        (
            ids[objects["frame"][row]],
            columns.labels.names[objects["label"][row]],
            objects["box"][row].tolist(),
            objects["area"][row],
            objects["crowd"][row],
        )
        for row in range(objects.rows)
    ]
    assert seen == told
    assert list(columns.frames["time_ns"][:2]) == [0, 33_333_333]


def test_an_odd_entry_does_not_keep_its_neighbours_from_being_looked_at(tmp_path: Path) -> None:
    """One entry that fits no type sends its whole block the slow way; all others must come to the same."""
    rng = np.random.default_rng(3)
    rows = [
        {"bbox": [int(x), 5, 10, 10], "area": 100, "segmentation": [[int(x), 5, int(x) + 10, 5, int(x) + 10, 15]]}
        for x in rng.integers(0, 180, 3000)
    ]
    for row in rows:
        row["area"] = 50
    rows[1500]["bbox"] = "none"
    rows[2999]["bbox"] = [0, 0, 0, 0]
    told = found(dataset(tmp_path, rows))
    assert [(code, place) for code, _, place, _ in told] == [
        ("COCO-005", "annotations[1500].bbox"),
        ("COCO-005", "annotations[2999].bbox"),
    ]


def test_twenty_thousand_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    """Each once: a count of lines that began anew for each of them would not come to an end here."""
    path = dataset(tmp_path, [{"bbox": [1, 2, 3, 4], "area": 12}]) / "annotations/instances_default.json"
    text = path.read_text().replace('"area": 12', '"area": 12, "note": [' + "NaN,\n" * 20_000 + "1]")
    path.write_text(text)
    assert len(found(tmp_path)) == 20_000


def test_a_roboflow_export_has_its_images_beside_its_file(tmp_path: Path) -> None:
    good(tmp_path / "good")
    root = tmp_path / "export"
    shutil.copytree(tmp_path / "good/images/train/a", root / "train/a")
    shutil.copy(tmp_path / "good/annotations/instances_train.json", root / "train/_annotations.coco.json")
    assert found(root) == []
    assert [image.name for image in look(root).images()] == [f"train/a/{row:04d}.png" for row in range(3)]
    (root / "train/a/0001.png").unlink()
    [(code, _, place, _)] = found(root)
    assert (code, place) == ("COCO-016", "images[1].file_name")
