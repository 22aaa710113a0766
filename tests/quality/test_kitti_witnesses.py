"""What other readers make of broken KITTI datasets: they fail, or read something false, while a rule names why.

One folder holds a frame for each defect, so that each reader is asked once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from judges.heavy import judged
from quality.mutations.kitti_edits import found

pytestmark = pytest.mark.judge

# The car of the specification's example and its picture of 640 x 480 px; P2 in the index convention.
BOX = "378.3139 239.5000 604.8933 337.2801"
CAR = f"Car 0.00 0 -2.339374 {BOX} 1.50 1.80 4.00 3.00 1.50 12.00 -2.094395\n"
ACROSS = "Car 0.00 0 -0.244979 369.1124 239.5000 607.7883 325.9865 1.50 1.80 4.00 3.00 1.50 12.00 0.00\n"
INDEX = "640 0 319.5 0 0 640 239.5 0 0 0 1 0"
KEYS = ("P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo")
VALUES = (*(INDEX,) * 4, "1 0 0 0 1 0 0 0 1", "0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27", "1 0 0 0 0 1 0 0 0 0 1 0")
CALIB = "".join(f"{key}: {value}\n" for key, value in zip(KEYS, VALUES, strict=True)) + "\n"
POINTS = np.float32([[12.27, -3, -0.83, 0], [11.5, -2.6, -0.9, 0], [10.27, 0, -0.08, 1]])

Text = Callable[[str], str]
# stem -> code, what was done to the label
LABELS: dict[str, tuple[str, Text]] = {
    "000001": ("KITTI-001", lambda text: text.replace(" ", "\t", 1)),
    "000002": ("KITTI-001", lambda text: text.replace(" ", "  ", 1)),
    "000003": ("KITTI-001", lambda text: text.rpartition(" ")[0] + "\n"),
    "000004": ("KITTI-001", lambda text: "0 3 " + text),
    "000005": ("KITTI-001", lambda text: text.replace(" 12.00 ", " nan ")),
    "000006": ("KITTI-001", lambda text: text.replace(" 12.00 ", " 1_2 ")),
    "000007": ("KITTI-002", lambda text: text + "\n"),
    "000008": ("KITTI-003", lambda text: text.replace(" 0 ", " 0.0 ")),
    "000009": ("KITTI-004", lambda text: text.replace("Car", "My car")),
    "000010": ("KITTI-004", lambda text: text.replace("Car", '"Car') + text),
    "000011": ("KITTI-006", lambda text: ACROSS.replace("1.80 4.00", "4.00 1.80")),
    "000012": ("KITTI-007", lambda text: text.replace("1.50 12.00", "0.75 12.00")),
    "000013": ("KITTI-009", lambda text: text.replace("-2.094395", "-120.0")),
    "000014": ("KITTI-006", lambda text: text.replace("1.50 1.80 4.00 3.00 1.50 12.00", "0 0 0 0 0 0")),
}
# stem -> code, what was done to the calibration
CALIBRATIONS: dict[str, tuple[str, Text]] = {
    "000020": ("KITTI-012", lambda text: "".join(sorted(text.splitlines(True), reverse=True))),
    "000021": ("KITTI-012", lambda text: text.split("\n", 1)[1]),
    "000022": ("KITTI-012", lambda text: text.replace("R0_rect: 1 0 0", "R0_rect: 1 0.01 0")),
    "000023": ("KITTI-007", lambda text: text.replace("P2: 640", "P2: 320")),
    "000024": (
        "KITTI-014",
        lambda text: text.replace("0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27", "0 0 1 0 -1 0 0 -0.08 0 -1 0 -0.27"),
    ),
}
# stem -> code, what was done to the points
CLOUDS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "000030": ("KITTI-013", lambda content: content[:-4]),
    "000031": ("KITTI-013", lambda content: np.float32([np.nan]).tobytes() + content[4:]),
}
WITHOUT = "000040"  # has no label file
TORCHVISION_REFUSES = {
    "000001": "invalid literal for int",
    "000002": "could not convert string to float: ''",
    "000003": "IndexError",
    "000004": "invalid literal for int",
    "000007": "IndexError",
    "000008": "invalid literal for int() with base 10: '0.0'",
    "000009": "could not convert string to float: 'car'",
    "000010": "IndexError",
    WITHOUT: "FileNotFoundError",
}
NUSCENES_REFUSES = {
    **dict.fromkeys(("000002", "000004", "000009"), "could not convert string to float"),
    **dict.fromkeys(("000001", "000003", "000007"), "IndexError"),
    "000030": "cannot reshape",
    **dict.fromkeys(("000020", "000021", "000022"), "Matrix must be orthogonal"),
    WITHOUT: "FileNotFoundError",
}


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kitti")
    for folder in ("image_2", "label_2", "calib", "velodyne"):
        (root / "training" / folder).mkdir(parents=True)
    for stem in ("000000", *LABELS, *CALIBRATIONS, *CLOUDS, WITHOUT):
        Image.new("RGB", (640, 480)).save(root / f"training/image_2/{stem}.png")
        changes: dict[str, Any] = {**LABELS, **CALIBRATIONS, **CLOUDS}
        change = changes[stem][1] if stem in changes else lambda content: content
        if stem != WITHOUT:
            (root / f"training/label_2/{stem}.txt").write_text(change(CAR) if stem in LABELS else CAR)
        (root / f"training/calib/{stem}.txt").write_text(change(CALIB) if stem in CALIBRATIONS else CALIB)
        cloud = POINTS.tobytes()
        (root / f"training/velodyne/{stem}.bin").write_bytes(change(cloud) if stem in CLOUDS else cloud)
    return root


@pytest.fixture(scope="module")
def told(spoilt: Path) -> dict[str, set[str]]:
    """Frame -> codes."""
    by_frame: dict[str, set[str]] = {}
    for code, issue in found(spoilt):
        by_frame.setdefault(issue.frame, set()).add(code)
    return by_frame


def test_each_defect_is_named_and_the_good_frame_has_none(told: dict[str, set[str]]) -> None:
    expected = {stem: code for table in (LABELS, CALIBRATIONS, CLOUDS) for stem, (code, _) in table.items()}
    expected[WITHOUT] = "KITTI-005"
    assert set(told) == set(expected)
    assert {stem: code for stem, code in expected.items() if code not in told[stem]} == {}


def test_torchvision_fails_or_reads_something_false(spoilt: Path, told: dict[str, set[str]]) -> None:
    read = {said["file"][:-4]: said for said in judged("torchvision_kitti", spoilt)["images"]}
    assert (read["000000"]["refused"], read["000000"]["objects"][0]["location"]) == (None, [3.0, 1.5, 12.0])
    for stem, complaint in TORCHVISION_REFUSES.items():
        assert complaint in (read[stem]["refused"] or ""), stem
        assert told[stem], stem
    assert read["000006"]["objects"][0]["location"][2] == 12.0  # of 1_2, which no other language reads
    assert read["000005"]["refused"] is None
    assert read["000005"]["objects"][0]["location"][2] not in (12.0, 0.0)  # nan, without a word
    assert read["000014"]["objects"][0]["dimensions"] == [0, 0, 0]


def test_the_nuscenes_devkit_fails(spoilt: Path, told: dict[str, set[str]]) -> None:
    read = {said["token"].rpartition("_")[2]: said for said in judged("nuscenes_kitti", spoilt)["images"]}
    for stem, complaint in NUSCENES_REFUSES.items():
        assert read[stem]["refused"], stem
        assert complaint in read[stem]["refused"], stem
        assert told[stem], stem


def test_the_nuscenes_devkit_places_boxes_elsewhere(spoilt: Path, told: dict[str, set[str]]) -> None:
    read = {said["token"].rpartition("_")[2]: said for said in judged("nuscenes_kitti", spoilt)["images"]}

    def gap(stem: str) -> float:
        (car,) = read[stem]["objects"]
        return float(np.abs(np.subtract(car["projected"], car["box_2d"])).max())

    assert gap("000000") < 0.01
    for stem in ("000011", "000012", "000013", "000023"):
        assert gap(stem) > 5, stem
        assert told[stem], stem
    center = read["000000"]["objects"][0]["center"]
    assert (
        np.abs(np.subtract(read["000024"]["objects"][0]["center"], center)).max() > 5
    )  # in a world that is on its side
    assert told["000024"] == {"KITTI-014"}
