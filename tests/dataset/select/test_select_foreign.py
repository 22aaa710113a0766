"""Datasets that others made, chosen from and read back by others' readers, or line by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framepress.dataset.opening import open_dataset
from framepress.dataset.select.selection import select
from framepress.errors import OptionError


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_coco_keeps_the_masks_and_numbers_of_what_is_chosen(shared: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("pycocotools.coco", reason="read back with pycocotools")
    source = shared / "formats-datumaro/coco_dataset/coco_instances"
    report = select(source, "label == 'b'").write(tmp_path / "b")
    assert report.classes == {"b": 2}
    chosen = []
    for folder in (source, tmp_path / "b"):
        found = {}
        for file in sorted(folder.glob("annotations/instances_*.json")):
            coco = reader.COCO(str(file))
            (category,) = coco.getCatIds(catNms=["b"])
            for annotation in coco.loadAnns(coco.getAnnIds(catIds=[category])):
                image = coco.imgs[annotation["image_id"]]
                key = (file.name, Path(image["file_name"]).stem, category, tuple(annotation["bbox"]))
                found[key] = coco.annToMask(annotation) if annotation.get("segmentation") else None
        chosen.append(found)
        assert found
    assert chosen[0].keys() == chosen[1].keys()
    assert any(mask is not None for mask in chosen[0].values())
    for key, mask in chosen[0].items():
        np.testing.assert_array_equal(chosen[1][key], mask)


def test_yolo_keeps_the_lines_of_what_is_chosen(shared: Path, tmp_path: Path) -> None:
    source = shared / "formats-datumaro/yolo_dataset/yolov8_detection"
    (lines,) = (file.read_text().splitlines() for file in sorted(source.glob("labels/train/*.txt")))
    select(source, "label == 'label_4'").write(tmp_path / "kept", keep_classes=True)
    select(source, "label == 'label_4'").write(tmp_path / "narrow")
    number = open_dataset(source).labels().code("label_4")
    expected = [[float(part) for part in line.split()] for line in lines if line.split()[0] == str(number)]
    for folder, first in (("kept", number), ("narrow", 0)):
        (file,) = (tmp_path / folder).glob("labels/train/*.txt")
        written = [[float(part) for part in line.split()] for line in file.read_text().splitlines()]
        np.testing.assert_allclose(written, [[first, *rest] for _, *rest in expected], atol=1e-5)


def test_kitti_keeps_the_lines_of_what_is_chosen(shared: Path, tmp_path: Path) -> None:
    source = shared / "formats-datumaro/kitti_dataset/kitti_detection"
    lines = [line.split() for file in sorted(source.glob("training/label_2/*.txt")) for line in
             file.read_text().splitlines()]  # fmt: skip
    wide = [line for line in lines if line[0] == "Van" and float(line[7]) - float(line[5]) >= 3]
    assert 0 < len(wide) < len(lines)
    selection = select(source, "label == 'Van' and height >= 4")  # maxima are inclusive there
    assert selection.counts.objects.to_dict() == {"kept": len(wide), "of": len(lines)}
    selection.write(tmp_path / "b", ["coco"])
    boxes = sorted(tuple(thing.box.tolist()) for frame in open_dataset(tmp_path / "b").frames()
                   for thing in frame.view.objects)  # fmt: skip
    inclusive = [tuple(map(float, line[4:8])) for line in wide]
    assert boxes == sorted((x0, y0, x1 + 1, y1 + 1) for x0, y0, x1, y1 in inclusive)


def test_what_others_made_stays_what_it_is_where_no_format_is_named(shared: Path, tmp_path: Path) -> None:
    outlined = shared / "formats-datumaro/yolo_dataset/yolov8_segmentation"
    select(outlined, "True").write(tmp_path / "outlines")
    (before,), (after,) = (sorted(folder.glob("labels/train/*.txt")) for folder in (outlined, tmp_path / "outlines"))
    for one, other in zip(before.read_text().splitlines(), after.read_text().splitlines(), strict=True):
        label, *points = map(float, one.split())
        written, *ring = map(float, other.split())
        assert written == label
        assert {*zip(*[iter(np.round(ring, 5))] * 2, strict=True)} == {*zip(*[iter(points)] * 2, strict=True)}
    bare = shared / "formats-datumaro/kitti_dataset/kitti_detection"  # no calib
    select(bare, "label == 'Truck'").write(tmp_path / "trucks")
    (line,) = (tmp_path / "trucks/training/label_2/000000.txt").read_text().splitlines()
    assert [line.split()[0], *map(float, line.split()[4:8])] == ["Truck", 0, 1, 2, 3]
    assert not (tmp_path / "trucks/training/calib").exists()


def test_a_recording_of_isaac_sim_is_chosen_from_by_what_it_says(shared: Path, tmp_path: Path) -> None:
    source = shared / "basicwriter-palletstability/_out_sdrec_mess"
    everything = select(source, "True").counts
    found = select(source, "known(distance) and visibility > 0.5")
    assert 0 < found.counts.objects.kept < everything.objects.of
    report = found.write(tmp_path / "b", ["native", "coco"])
    assert report.objects == found.counts.objects.kept
    nearest = min(thing.visibility for frame in open_dataset(tmp_path / "b").frames() for view in frame.views
                  for thing in view.objects)  # fmt: skip
    assert nearest > 0.5
    with pytest.raises(OptionError, match="format basic is not written"):
        found.write(tmp_path / "c")
