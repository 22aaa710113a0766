"""Rules for KITTI on good data of many makers, and on boxes computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
from quality.kitti_car import CALIB, CAR, CUT, NOT_KNOWN, P2, codes, dataset
from quality.mutations.kitti_edits import drive, found, good


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
