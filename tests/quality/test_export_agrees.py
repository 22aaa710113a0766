"""An edition that is not what the journal says is found out, whatever wrote it; one that is has no finding."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framepress.dataset.writer import DatasetWriter
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from frames import LABELS, mono, rig

Json = dict[str, Any]
EDITIONS = ("native", "coco", "yolo", "kitti")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "set"
    with DatasetWriter(root, EDITIONS, labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    return root


def found(root: Path) -> list[tuple[str, str, str]]:
    """Code, edition's name as the message has it, and message."""
    result = validate(root, profile("default").narrowed(select=("EXP",)))
    return [(finding.code, finding.issue.frame, finding.issue.message) for finding in result.findings]


def rewritten(root: Path, name: str, content: bytes) -> None:
    """In place of a file, which editions may share."""
    (root / name).unlink()
    (root / name).write_bytes(content)


def line_lost(root: Path) -> None:
    label = next(path for path in sorted(root.glob("yolo/labels/*/*.txt")) if path.stat().st_size)
    lines = label.read_bytes().splitlines(keepends=True)
    rewritten(root, label.relative_to(root).as_posix(), b"".join(lines[1:]))


def image_lost(root: Path) -> None:
    os.unlink(next(iter(sorted(root.glob("yolo/images/*/*")))))


def of_coco(change: Callable[[Json], None]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        file = next(iter(sorted(root.glob("coco/annotations/instances_*.json")))).relative_to(root).as_posix()
        document = json.loads((root / file).read_bytes())
        change(document)
        rewritten(root, file, json.dumps(document).encode())

    return apply


def one_pixel_short(document: Json) -> None:
    document["annotations"][0]["bbox"][2] -= 1


def another_class(document: Json) -> None:
    entry = document["annotations"][0]
    entry["category_id"] = next(c["id"] for c in document["categories"] if c["id"] != entry["category_id"])


def doubled(document: Json) -> None:
    first, second = (a for a in document["annotations"] if a["category_id"] == 1 and a["image_id"] == 1)
    second["bbox"], second["segmentation"] = first["bbox"], first["segmentation"]


def made_up(document: Json) -> None:
    document["annotations"].append({**document["annotations"][0], "id": 10_000})


def hole_filled(document: Json) -> None:
    import pycocotools.mask

    entry = next(a for a in document["annotations"] if "0x2" not in a and a["bbox"] == [4, 36, 26, 20])
    solid = np.zeros((64, 96), np.uint8)
    solid[36:56, 4:30] = 1
    counts = pycocotools.mask.encode(np.asfortranarray(solid))["counts"].decode()
    entry["segmentation"] = {"size": [64, 96], "counts": counts}


def kitti_moved(root: Path) -> None:
    file = next(path for path in sorted(root.glob("kitti/training/label_2/*.txt")) if path.stat().st_size)
    fields = file.read_text().split(" ")
    fields[4] = str(float(fields[4]) + 0.5)
    rewritten(root, file.relative_to(root).as_posix(), " ".join(fields).encode())


def pixel_flipped(root: Path) -> None:
    picture = next(iter(sorted(root.glob("kitti/training/image_2/*.png"))))
    pixels = np.array(Image.open(picture))
    pixels[5, 7] ^= 255
    picture.unlink()
    Image.fromarray(pixels).save(picture)


MUTATIONS = [
    (
        "a row of a YOLO file is lost",
        line_lost,
        "EXP-002",
        "29 objects in the journal, 2 of them left out as the format itself counts, and 26 in yolo",
    ),
    ("an image of YOLO is lost", image_lost, "EXP-001", "in the journal and not in yolo"),
    ("a COCO box is one pixel short", of_coco(one_pixel_short), "EXP-003", "(more) within 1e-06 px"),
    ("a COCO object has another class", of_coco(another_class), "EXP-003", "and the journal none"),
    ("a COCO object is another one's double", of_coco(doubled), "EXP-003", "and the journal none"),
    ("a COCO object is made up", of_coco(made_up), "EXP-002 EXP-003", "in coco"),
    ("a hole is lost", of_coco(hole_filled), "EXP-004", "the mask of a 'car'"),
    ("a KITTI box has moved", kitti_moved, "EXP-003", "(more) within 0.01 px"),
    ("a pixel of an image has changed", pixel_flipped, "EXP-004", "1 pixels of the image differ"),
]


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("kitti", {"box": "full"}),
        ("kitti", {"convention": "edge"}),
        ("kitti", {"tilt": "enclose"}),
        ("yolo", {"task": "segment"}),
        ("yolo", {"task": "segment", "raster": "fillpoly"}),
        ("coco", {"segmentation": "polygon", "images": "jpeg"}),
        ("coco", {"segmentation": "none", "images": "none"}),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(map(str, value.values())),
)
@pytest.mark.parametrize("frames", [mono, rig])
def test_so_does_one_with_other_options(frames: Any, format: str, options: dict[str, str], tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", {"native": {}, format: options}, labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    assert found(tmp_path / "set") == []


def test_where_full_boxes_are_written_a_class_is_still_compared(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", {"native": {}, "kitti": {"box": "full"}}, labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    label = next(path for path in sorted(tmp_path.glob("set/kitti/training/label_2/*.txt")) if path.stat().st_size)
    label.write_text(label.read_text().replace("car ", "cone ", 1))
    assert [code for code, _, _ in found(tmp_path / "set")] == ["EXP-003"]


@pytest.mark.parametrize("frames", [mono, rig])
def test_every_edition_of_ours_agrees_with_the_journal(frames: Any, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", EDITIONS, labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    assert found(tmp_path / "set") == []


@pytest.mark.parametrize(
    ("change", "code", "message"), [row[1:] for row in MUTATIONS], ids=[row[0] for row in MUTATIONS]
)
def test_what_an_edition_lost_moved_or_made_up_is_found(
    change: Callable[[Path], None], code: str, message: str, sound: Path, tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    change(root)
    told = found(root)
    assert [told_code for told_code, _, _ in told] == code.split(), told
    assert message in told[0][2]
