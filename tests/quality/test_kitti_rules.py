"""Rules for KITTI on good data of many makers, on hand-computed boxes, and on files that are hostile."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from formats.pressing import press
from framepress.core import LabelMap
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError
from framepress.formats.kitti import Writer
from framepress.formats.kitti_text import parse_calibration, parse_labels
from framepress.quality.kitti.calibrations import parsed_calibration
from framepress.quality.kitti.look import look
from framepress.quality.kitti.projection import Solids, bounds
from frames import LABELS, imported, mono, rig
from quality.mutations.kitti_edits import drive, found, good

# The car of the specification's example: 640 x 480 px, focal length 640 px, P2 in the index convention.
P2 = "P2: 640 0 319.5 0 0 640 239.5 0 0 0 1 0"
CAR = "Car 0.00 0 -2.34 378.31 239.50 604.89 337.28 1.50 1.80 4.00 3.00 1.50 12.00 -2.09"
CUT = "Car 0.65 0 -2.59 546.96 239.50 639.00 337.28 1.50 1.80 4.00 6.50 1.50 12.00 -2.09"
NOT_KNOWN = "-1 -1 -1 -1000 -1000 -1000 -10"
EYE = "1 0 0 0 1 0 0 0 1"
WIDE = "1 0 0 0 0 1 0 0 0 0 1 0"
CALIB = (
    "".join(f"P{camera}: {P2[4:]}\n" for camera in range(4))
    + f"R0_rect: {EYE}\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\nTr_imu_to_velo: {WIDE}\n\n"
)


def dataset(root: Path, *lines: str, calib: str | None = CALIB) -> Path:
    """One image of 640 x 480 px with these lines."""
    for folder in ("image_2", "label_2", "calib"):
        (root / "training" / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (640, 480)).save(root / "training/image_2/000000.png")
    (root / "training/label_2/000000.txt").write_text("".join(f"{line}\n" for line in lines))
    if calib is not None:
        (root / "training/calib/000000.txt").write_text(calib)
    return root


def codes(root: Path) -> list[str]:
    return [code for code, _ in found(root)]


@pytest.mark.parametrize("tilt", ["project", "strict", "enclose", "level"])
@pytest.mark.parametrize(("box", "convention"), [("visible", "index"), ("full", "edge"), ("full", "index")])
@pytest.mark.parametrize("pitch_deg", [0, 25])
def test_what_we_write_has_no_finding(tilt: str, box: str, convention: str, pitch_deg: int, tmp_path: Path) -> None:
    frames = drive(4, pitch_deg=pitch_deg, sizes=((160, 90), (61, 127)))
    options = {"tilt": tilt, "box": box, "convention": convention, "velodyne": "depth"}
    press(Writer(**options), frames, LABELS.grown(["pallet", "crowd"]), tmp_path)
    assert found(tmp_path) == []


@pytest.mark.parametrize("tilt", ["project", "strict", "enclose", "level"])
@pytest.mark.parametrize("frames", [mono, rig], ids=lambda made: made.__name__)
def test_frames_with_holes_crowds_and_single_pixels_have_no_finding(frames: Any, tilt: str, tmp_path: Path) -> None:
    press(Writer(tilt=tilt, depth=True, velodyne="depth"), frames(), LABELS, tmp_path)
    assert found(tmp_path) == []


@pytest.mark.parametrize("tilt", ["project", "strict", "enclose", "level"])
def test_a_render_of_meshes_has_no_finding(tilt: str, capture: Path, tmp_path: Path) -> None:
    frames = list(open_dataset(capture).frames())
    names = dict.fromkeys(name for frame in frames for view in frame.views for name in view.objects.classes)
    press(Writer(tilt=tilt, velodyne="depth"), frames, LabelMap.of(names), tmp_path)
    assert found(tmp_path) == []


def test_a_recording_of_isaac_sim_has_no_finding(shared: Path, tmp_path: Path) -> None:
    frames = list(open_dataset(shared / "basicwriter-palletstability").frames())
    names = dict.fromkeys(name for frame in frames for view in frame.views for name in view.objects.classes)
    press(Writer(images="none"), frames, LabelMap.of(names), tmp_path)
    assert look(tmp_path).lines.solid.sum() > 1000
    assert found(tmp_path) == []


def test_labels_without_calibration_have_no_finding_where_that_was_asked_for(tmp_path: Path) -> None:
    press(Writer(calib="none"), imported(), LABELS, tmp_path / "flat")
    press(Writer(calib="none", images="none"), rig(), LABELS, tmp_path / "solid")
    assert found(tmp_path / "flat") == []
    assert found(tmp_path / "solid") == []


# What is odd in the sample of others, and why nothing is found: it is a way of saying "unknown", or allowed.
QUIRKS = {
    "-1 for all 3D fields": lambda row: row[7:14].tolist() == [-1] * 7,
    "alpha of -1 beside an unknown box": lambda row: row[2] == -1,
    "boxes of whole numbers inside 10 x 10 px": lambda row: (
        (row[3:7] == row[3:7].round()).all() and row[3:7].max() <= 9
    ),
    "truncated as 0.0 or 1.0": lambda row: row[0] in (0, 1),
}


def test_the_sample_of_datumaro_has_no_finding(shared: Path) -> None:
    """Its image names are not six digits, which is asked of `ImageSets` alone, and it has no calibration."""
    sample = shared / "formats-datumaro/kitti_dataset/kitti_detection"
    looked = look(sample)
    assert [name for name, holds in QUIRKS.items() if not all(map(holds, looked.lines.numbers))] == []
    assert looked.samples.stem == ["000030_10", "000030_11"]
    assert found(sample) == []


def test_the_car_of_the_specification_projects_to_its_box() -> None:
    solids = Solids(np.array([[1.5, 1.8, 4.0]]), np.array([[3.0, 1.5, 12.0]]), np.array([-2.094395]))
    projection = np.array(P2.split()[1:], float).reshape(1, 3, 4)
    assert bounds(solids.corners(), projection)[0] == pytest.approx([378.3139, 239.5, 604.8933, 337.2801], abs=1e-3)
    corners = solids.corners()[0]
    for expected in ((1.2206, 1.5, 13.2821), (4.7794, 1.5, 10.7179), (3.2206, 0, 9.8179)):
        assert np.abs(corners - expected).max(1).min() < 1e-4


@pytest.mark.parametrize(
    "line", [CAR, CUT, CAR + " 0.93", f"Car -1 3 -10 0 0 20 30 {NOT_KNOWN}", f"DontCare -1 -1 -10 5 5 9 9 {NOT_KNOWN}"]
)
def test_a_line_of_the_specification_has_no_finding(line: str, tmp_path: Path) -> None:
    assert found(dataset(tmp_path, line)) == []


@pytest.mark.parametrize("tilt", ["project", "level"])
def test_a_tilted_car_needs_a_record_that_counts_it(tilt: str, tmp_path: Path) -> None:
    """The car pitched by 20 degrees: its true outline leaves the upright box that `project` writes, not `enclose`."""
    axes = np.array([[0.813798, 0.469846, -0.342020], [-0.5, 0.866025, 0], [0.296198, 0.171010, 0.939693]])
    signs = np.stack(np.meshgrid((-1, 1), (-1, 1), (-1, 1)), -1).reshape(-1, 3)
    world = (signs * (2, 0.9, 0.75)) @ axes  # x ahead, y left, z up
    corners = np.stack((-world[:, 1], -world[:, 2], world[:, 0]), 1) + np.array((2.871742, 0.795231, 12.222149))
    pixels = corners[:, :2] / corners[:, 2:] * 640 + (319.5, 239.5)
    box = " ".join(f"{value:.2f}" for value in (*pixels.min(0), *pixels.max(0)))
    place = (2.871742, 12.222149)
    alpha = -2.094395 - np.arctan2(*place)
    projected = f"Car 0 0 {alpha:.4f} {box} 1.5 1.8 4 {place[0]} 1.545231 {place[1]} -2.094395"
    enclosed = f"Car 0 0 {alpha:.4f} {box} 2.7776 1.8 4.2718 {place[0]} 2.1840 {place[1]} -2.094395"
    assert codes(dataset(tmp_path / "enclose", enclosed)) == []
    root = dataset(tmp_path / "project", projected)
    assert codes(root) == ["KITTI-007"]
    about = '{"schema": "framepress.kitti", "version": 1, "classes": [], "sizes": {}, "splits": [], "counts": %s,'
    options = ' "options": {"convention": "index", "box": "visible", "tilt": "' + tilt + '"}}'
    (root / "framepress.json").write_text(about % '{"tilt_above_5_degrees": 1}' + options)
    assert codes(root) == []
    (root / "framepress.json").write_text(about % "{}" + options)
    assert codes(root) == ["KITTI-007"]


def test_a_car_beside_the_lens_is_cut_at_the_near_plane_before_it_is_projected(tmp_path: Path) -> None:
    """Two of its wheels are behind the camera; divided by their negative depth they would be mirrored to the right."""
    alpha = np.pi / 2 - np.arctan2(-1.6, 1.5)
    assert found(dataset(tmp_path, f"Car 0.8 0 {alpha:.4f} 0 258 191 479 1.5 1.8 4 -1.6 1.6 1.5 1.5708")) == []


def test_what_is_behind_the_camera_is_not_mirrored_to_the_other_side_of_the_picture(tmp_path: Path) -> None:
    alpha = np.pi / 2 - np.arctan2(-1.6, 1.5)
    root = dataset(tmp_path, f"Car 0.8 0 {alpha:.4f} 400 0 639 200 1.5 1.8 4 -1.6 1.6 1.5 1.5708")
    assert codes(root) == ["KITTI-007"]


def from_behind(z: float, width: str, length: str) -> str:
    """A car of 1.8 x 4 m ahead, seen from behind, with these dimensions written."""
    near, half = z - 2, 0.9
    box = (319.5 - 640 * half / near, 239.5, 319.5 + 640 * half / near, 239.5 + 640 * 1.5 / near)
    shown = " ".join(f"{value:.2f}" for value in box)
    return f"Car 0 0 -1.5708 {shown} 1.5 {width} {length} 0 1.5 {z} -1.5708"


def test_exchanged_sizes_that_contain_the_2d_boxes_are_told_of_the_class(tmp_path: Path) -> None:
    """From behind, the exchanged box is too wide, so that no single one contradicts its 2D box."""
    distances = (9, 11, 14, 18, 23, 31)
    assert codes(dataset(tmp_path / "good", *(from_behind(z, "1.8", "4.0") for z in distances))) == []
    root = dataset(tmp_path / "bad", *(from_behind(z, "4.0", "1.8") for z in distances))
    ((code, issue),) = found(root)
    assert (code, issue.line, issue.place) == ("KITTI-006", 1, "width")
    assert "6 Car" in issue.message
    assert codes(dataset(tmp_path / "few", *(from_behind(z, "4.0", "1.8") for z in distances[:4]))) == []


@pytest.mark.parametrize(("right", "expected"), [(638, ["KITTI-011"]), (639, [])])
def test_cut_objects_that_all_end_a_pixel_before_the_border_are_told(
    right: int, expected: list[str], tmp_path: Path
) -> None:
    lines = [f"Car 0.4 0 -10 {500 + row} {10 * row} {right} {10 * row + 8} {NOT_KNOWN}" for row in range(12)]
    assert codes(dataset(tmp_path, *lines)) == expected


@pytest.mark.parametrize("name", ["P2", "R0_rect", "Tr_velo_to_cam"])
def test_what_our_reader_refuses_of_a_calibration_is_found(name: str) -> None:
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        lines = CALIB.splitlines()
        row = next(row for row, line in enumerate(lines) if line.startswith(name))
        words = lines[row].split(" ")
        words[int(rng.integers(1, len(words)))] = str(rng.choice(["", "nan", "x", "1e999", "-1", "0", "0.5", "1 1"]))
        text = "\n".join([*lines[:row], " ".join(words), *lines[row + 1 :]])
        try:
            parse_calibration(text, "calib")
        except InputError:
            refused += 1
            assert parsed_calibration(text).faults
    assert refused > 50


def test_what_our_reader_refuses_of_a_label_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    marks = [*" \t\n\"'-.e_09xnN\x00\u00a0\u0661", "nan", "  ", "-1 ", "\r\n", "1e400"]
    refused = 0
    root = dataset(tmp_path)
    for _ in range(300):
        text = f"{CAR}\n{CUT}\n"
        for _ in range(int(rng.integers(1, 3))):
            at = int(rng.integers(0, len(text)))
            text = text[:at] + str(rng.choice(marks)) + text[at + int(rng.integers(0, 2)) :]
        (root / "training/label_2/000000.txt").write_bytes(text.encode())
        try:
            parse_labels(text, "label")
        except InputError:
            refused += 1
            assert found(root), text
    assert refused > 100


def test_the_columns_are_those_of_the_reader(tmp_path: Path) -> None:
    good(tmp_path)
    columns, index = look(tmp_path).columns(), Index.of(open_dataset(tmp_path))
    assert columns is not None
    assert columns.frames.texts("id") == list(index.frames.texts("id"))
    assert columns.frames["index"].tolist() == index.frames["index"].tolist()
    for table, names in (("views", ["width", "height"]), ("objects", ["truncation", "crowd", "box3d", "box"])):
        for name in names:  # views stand in another order: by camera first
            ours, read = (
                np.sort(np.asarray(found[name], float), axis=0)
                for found in (getattr(columns, table), getattr(index, table))
            )
            assert np.allclose(ours, read, atol=1e-3, equal_nan=True), name
    for name in ("distance", "yaw"):
        ours, read = np.sort(columns.objects[name]), np.sort(index.objects[name])
        assert np.allclose(ours, read, atol=1e-5, equal_nan=True)
    names = [columns.splits[code] for code in columns.frames["split"]]
    assert names == [index.splits[code] for code in index.frames["split"]]
    assert {columns.labels.names[code] for code in columns.objects["label"]} == {
        index.labels.names[code] for code in index.objects["label"]
    }


def test_an_image_tells_where_it_is_by_view_split_and_order(tmp_path: Path) -> None:
    good(tmp_path)
    images = {image.name: image for image in look(tmp_path).images()}
    image = images["side/training/image_2/000009.png"]
    assert (image.frame, image.view, image.split, image.order) == ("000009", "side", "val", 9)
    assert (image.width, image.height) == (96, 65)


def test_small_exact_exporters_that_shift_boxes_are_told_from_good_ones(tmp_path: Path) -> None:
    """Every full box half a pixel off is found over a dataset, although each by itself is within the tolerance."""
    frames = drive(12)
    labels = LABELS.grown(["pallet", "crowd"])
    press(Writer(box="full"), frames, labels, tmp_path / "good")
    assert found(tmp_path / "good") == []
    for path in (tmp_path / "good").glob("*/training/label_2/*.txt"):
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        for line in lines:
            line[4:8] = [f"{max(0, float(value) - 0.5)}" for value in line[4:8]]
        path.write_text("".join(" ".join(line) + "\n" for line in lines))
    assert codes(tmp_path / "good") == ["KITTI-011"]


# ---- hostile files ---------------------------------------------------------------------------------------------------


def test_a_folder_that_leads_out_of_the_dataset_is_not_read(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    secret = tmp_path / "secret"
    shutil.move(root / "training/calib", secret)
    os.symlink(secret, root / "training/calib")
    told = found(root)
    assert [(code, issue.file) for code, issue in told if code == "FILE-001"] == [("FILE-001", "training/calib")]
    assert look(root).calibrations == []


def test_a_training_folder_that_leads_out_of_the_dataset_is_no_dataset(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    shutil.move(root / "training", tmp_path / "training")
    os.symlink(tmp_path / "training", root / "training")
    with pytest.raises(InputError, match="leads out of the dataset"):
        look(root)


def test_pipes_folders_and_junk_in_place_of_files_are_told_one_by_one(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    for number in range(1, 6):
        for folder, suffix in (("image_2", "png"), ("label_2", "txt"), ("calib", "txt")):
            shutil.copy(root / f"training/{folder}/000000.{suffix}", root / f"training/{folder}/00000{number}.{suffix}")
    (root / "training/label_2/000001.txt").unlink()
    os.mkfifo(root / "training/label_2/000001.txt")
    (root / "training/label_2/000002.txt").unlink()
    (root / "training/label_2/000002.txt").mkdir()
    (root / "training/image_2/000003.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (root / "training/calib/000004.txt").write_bytes(np.random.default_rng(0).bytes(4000))
    (root / "training/label_2/000005.txt").write_bytes(b"\x00" * 5000)
    (root / "training/label_2" / os.fsdecode(b"bad\xff.txt")).write_text("")
    unread = {issue.file for code, issue in found(root) if code == "FILE-001"}
    assert unread == {
        "training/label_2/000001.txt",
        "training/label_2/000002.txt",
        "training/image_2/000003.png",
        "training/label_2/bad\\udcff.txt",
    }
    other = {(code, issue.file) for code, issue in found(root) if code != "FILE-001"}
    assert {("KITTI-001", "training/label_2/000005.txt"), ("KITTI-012", "training/calib/000004.txt")} <= other


def test_a_file_of_a_million_blank_lines_is_told_with_a_bounded_number_of_findings(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    (root / "training/label_2/000000.txt").write_text("\n" * 1_000_000)
    assert len(found(root)) == 1001


def test_huge_numbers_and_sizes_end_in_findings(tmp_path: Path) -> None:
    root = dataset(
        tmp_path, CAR.replace("12.00", "3e38").replace("1.50 1.80", "3e38 3e38"), CAR.replace("378.31", "-3e38")
    )
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x02\x00\x00\x00" + bytes(4)
    (root / "training/image_2/000000.png").write_bytes(header)
    assert {"KITTI-007", "KITTI-011"} <= set(codes(root))


def test_a_text_file_beyond_any_label_file_is_not_read(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    with (root / "training/label_2/000000.txt").open("ab") as stream:
        stream.truncate(1 << 40)  # a hole, which takes no space
    assert "FILE-001" in codes(root)
    with (root / "training/calib/000000.txt").open("ab") as stream:
        stream.truncate(1 << 40)
    assert [code for code, issue in found(root) if issue.file.startswith("training/calib")] == ["FILE-001"]


def test_links_beside_the_dataset_are_no_part_of_it_unless_a_camera_is_behind_them(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    os.symlink(tmp_path, root / "notes")
    os.symlink(root / "loop", root / "loop")
    assert found(root) == []
    dataset(tmp_path / "other", CAR)
    os.symlink(tmp_path / "other", root / "left")
    assert [(code, issue.file) for code, issue in found(root)] == [("FILE-001", "left")]
