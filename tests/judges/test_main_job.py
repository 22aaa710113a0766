"""The main job, judged: recordings of Isaac Sim's BasicWriter go in, and every reader finds what is in the raw files.

What must be found is read here with numpy and json alone, straight from the recording.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from framepress.dataset.convert import convert
from framepress.dataset.opening import open_dataset
from judges.heavy import judged, mask_of
from judges.light import coco_masks, coco_self_score, supervision_coco, supervision_yolo

CAPTURES = ("mess", "fallRight", "adjacentClose")


@dataclass(frozen=True)
class Pressed:
    """A capture of one frame, and the dataset made of it."""

    root: Path
    boxes: Counter[tuple[str, float, float, float, float]]
    """(class, x0, y0, x1, y1) with edges, from the raw arrays."""


@pytest.fixture(scope="module", params=CAPTURES)
def pallet(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Pressed:
    source = shared / "basicwriter-palletstability" / f"_out_sdrec_{request.param}"
    target = tmp_path_factory.mktemp(request.param) / "dataset"
    report = convert(open_dataset(source), target, ["coco", "yolo", "kitti"])
    rows = np.load(source / "bounding_box_2d_tight_0000.npy")
    names = json.loads((source / "bounding_box_2d_tight_labels_0000.json").read_text())
    boxes = Counter(
        (
            names[str(row["semanticId"])]["class"],
            float(row["x_min"]),
            float(row["y_min"]),
            float(row["x_max"]) + 1,
            float(row["y_max"]) + 1,
        )
        for row in rows
    )
    assert report.objects == len(rows), "a row of the capture is neither written nor accounted for"
    return Pressed(target, boxes)


def test_coco_holds_every_row_with_all_its_pixels(pallet: Pressed) -> None:
    (path,) = (pallet.root / "coco/annotations").glob("instances_*.json")
    document = json.loads(path.read_text())
    names = {category["id"]: category["name"] for category in document["categories"]}
    found = Counter(
        (
            names[row["category_id"]],
            row["bbox"][0],
            row["bbox"][1],
            row["bbox"][0] + row["bbox"][2],
            row["bbox"][1] + row["bbox"][3],
        )
        for row in document["annotations"]
    )
    assert found == pallet.boxes
    for scorer in ("pycocotools", "faster-coco-eval"):
        assert coco_self_score(path, "bbox", scorer) == pytest.approx(1.0, abs=1e-12)
    images = pallet.root / "coco/images" / path.stem.removeprefix("instances_")
    (seen,) = supervision_coco(images, path, with_masks=False).values()
    assert Counter((thing.label, *map(float, thing.box_xyxy)) for thing in seen) == pallet.boxes


def test_supervision_reads_the_yolo_edition(pallet: Pressed) -> None:
    folder = pallet.root / "yolo"
    (seen,) = supervision_yolo(folder / "images/train", folder / "labels/train", folder / "data.yaml").values()
    assert close((thing.label, *thing.box_xyxy) for thing in seen) == close(pallet.boxes.elements())


@pytest.mark.judge
def test_ultralytics_finds_no_corrupt_image_and_every_box(pallet: Pressed) -> None:
    said = judged("ultralytics", pallet.root / "yolo", "detect")
    split = said["splits"]["train"]
    assert (split["corrupt"], split["missing"], split["empty"], split["found"]) == (0, 0, 0, 1)
    (image,) = split["images"]
    width, height = image["size_wh"]
    boxes = np.array(image["boxes_cxcywh"]) * (width, height, width, height)
    edges = np.hstack((boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2))
    names = [said["names"][str(int(code))] for code in image["classes"]]
    # A second box of the same class and pixels is one row to this reader; it says so, and so must the raw rows.
    repeated = sum(pallet.boxes.values()) - len(pallet.boxes)
    assert len(names) == sum(pallet.boxes.values()) - repeated
    assert close((name, *edge) for name, edge in zip(names, edges.tolist(), strict=True)) == close(pallet.boxes)


@pytest.mark.judge
@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_datumaro_reads_every_box(pallet: Pressed, format: str) -> None:
    said = judged("datumaro", pallet.root / format, format)
    (item,) = said["items"]
    found = [(row["label"], row["box_xywh"]) for row in item["annotations"] if row["box_xywh"] is not None]
    edges = [(name, x, y, x + w, y + h) for name, (x, y, w, h) in found]
    assert close(edges) == close(pallet.boxes.elements())


@pytest.mark.judge
def test_torchvision_reads_every_kitti_line(pallet: Pressed) -> None:
    said = judged("torchvision_kitti", pallet.root / "kitti")
    (image,) = said["images"]
    assert image["refused"] is None
    assert len(image["objects"]) == sum(pallet.boxes.values())
    inclusive = Counter(tuple(map(float, (x0, y0, x1 - 1, y1 - 1))) for _, x0, y0, x1, y1 in pallet.boxes.elements())
    assert Counter(tuple(map(float, row["bbox"])) for row in image["objects"]) == inclusive


@pytest.mark.judge
def test_the_nuscenes_devkit_reads_every_known_3d_box(pallet: Pressed) -> None:
    said = judged("nuscenes_kitti", pallet.root / "kitti")
    (image,) = said["images"]
    assert image["refused"] is None
    assert len(image["objects"]) > 0.9 * sum(pallet.boxes.values())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own recording, in all formats; segments for YOLO, twice."""
    from make_capture import write_capture

    root = tmp_path_factory.mktemp("demo")
    write_capture(root / "capture", frames=6, size=(480, 270), seed=0, samples=1)
    source = open_dataset(root / "capture")
    convert(source, root / "coco", ["coco"])
    convert(source, root / "edge", {"yolo": {"task": "segment"}})
    convert(source, root / "fillpoly", {"yolo": {"task": "segment", "raster": "fillpoly"}})
    return root


@pytest.mark.judge
@pytest.mark.parametrize("raster", ["edge", "fillpoly"])
def test_ultralytics_segments_are_the_masks(demo: Path, raster: str) -> None:
    """IoU of what Ultralytics draws from our segments with the masks that pycocotools decodes from our COCO file."""
    (path,) = (demo / "coco/annotations").glob("instances_*.json")
    document = json.loads(path.read_text())
    masks = coco_masks(path)
    names = {category["id"]: category["name"] for category in document["categories"]}
    files = {image["id"]: image["file_name"] for image in document["images"]}
    truth: dict[tuple[str, str], list[np.ndarray]] = {}
    for row in document["annotations"]:
        truth.setdefault((files[row["image_id"]], names[row["category_id"]]), []).append(masks[row["id"]])
    said = judged("ultralytics", demo / raster, "segment")
    split = said["splits"]["train"]
    assert (split["corrupt"], split["missing"]) == (0, 0)
    assert len(split["images"]) == len(files)
    scores, crossing = [], []
    for image in split["images"]:
        name = Path(image["path"]).name.replace("__", "/")  # the YOLO edition has no folders
        drawn_runs = image.get("drawn_runs", [])  # absent from an image without objects
        for code, runs, segment in zip(image["classes"], drawn_runs, image["segments"], strict=True):
            drawn = mask_of(runs, tuple(image["size_wh"]))
            candidates = truth[name, said["names"][str(int(code))]]
            scores.append(max(iou(drawn, mask) for mask in candidates))
            pixels = np.array(segment) * image["size_wh"]
            crossing.append(max(iou(even_odd(pixels, mask.shape), mask) for mask in candidates))
    assert len(scores) == len(document["annotations"])
    median, low = np.percentile(scores, (50, 5))
    if raster == "fillpoly":
        assert median == 1.0
    else:
        # cv2.fillPoly adds a row and a column to an outline on edges; by the pixel-centre rule it is exact.
        assert np.percentile(crossing, (50, 5)).tolist() == [1.0, 1.0]
    print(f"{raster}: Ultralytics' raster median {median:.4f}, p5 {low:.4f} over {len(scores)} segments")


def close(rows) -> list[tuple]:
    """Rows in order, numbers to a hundredth of a pixel: what Datumaro keeps."""
    return sorted((name, *(round(float(value), 2) + 0.0 for value in numbers)) for name, *numbers in rows)


def iou(one: np.ndarray, two: np.ndarray) -> float:
    return float((one & two).sum() / (one | two).sum())


def even_odd(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool (H, W): pixels whose centre an odd number of edges separates from the left, row by row."""
    height, width = shape
    inside = np.zeros((height, width + 1), bool)
    start, end = np.round(ring, 4), np.round(np.roll(ring, -1, 0), 4)
    for (x0, y0), (x1, y1) in zip(start, end, strict=True):
        if y0 == y1:
            continue
        low, high = sorted((y0, y1))
        rows = np.arange(max(0, int(np.ceil(low - 0.5))), min(height, int(np.ceil(high - 0.5))))
        at = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        inside[rows, np.clip(np.ceil(at - 0.5), 0, width).astype(int)] ^= True
    return np.logical_xor.accumulate(inside, 1)[:, :width]
