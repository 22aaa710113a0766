"""KITTI as folders: what is written where, and what reading gives back or refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

import frames
from framepress.core import Boxes3D, Camera, Channels, Frame, LabelMap, Objects, View
from framepress.errors import InputError, OptionError
from framepress.formats.kitti import FORMAT
from things import camera_at

PLAIN = "-1 -1 -1 -1000 -1000 -1000 -10"
LINE = f"Car 0.25 0 -10 10 20 29 39 {PLAIN}"
SOLID = "Car 0.00 0 -1.57 10.5 20 29 39.25 1.50 1.80 4.00 3.00 1.65 12.00 -1.33"


class Folder:
    """The seam to the disk at its simplest."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        stream = BytesIO()
        yield stream
        self.put(path, stream.getvalue())


def press(root: Path, source: Iterable[Frame], labels: LabelMap = frames.LABELS, **options: Any) -> Path:
    writer, files = FORMAT.make_writer(options), Folder(root)
    rows = [(frame, json.loads(json.dumps(writer.add(frame, files)))) for frame in source]
    writer.finish(labels, lambda: iter(rows), files)
    return root


def foreign(root: Path, *label_files: str, size: tuple[int, int] = (64, 48), calib: str | None = None) -> Path:
    """A dataset as someone else would have written it."""
    for number, text in enumerate(label_files):
        Folder(root).put(f"training/label_2/{number:06d}.txt", text.encode())
        stream = BytesIO()
        Image.new("RGB", size, (number, 2, 3)).save(stream, "PNG")
        Folder(root).put(f"training/image_2/{number:06d}.png", stream.getvalue())
        if calib is not None:
            Folder(root).put(f"training/calib/{number:06d}.txt", calib.encode())
    return root


def pixels_of(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)


def listed(root: Path) -> list[str]:
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


# ------------------------------------------------------------------------------------ writing


def test_a_frame_has_an_image_a_label_and_a_calibration_even_without_objects(tmp_path: Path) -> None:
    press(tmp_path, frames.mono())
    stems = [f"{number:06d}" for number in range(7)]
    assert listed(tmp_path) == sorted(
        [f"training/image_2/{stem}.png" for stem in stems]
        + [f"training/{folder}/{stem}.txt" for folder in ("label_2", "calib") for stem in stems]
        + [f"ImageSets/{name}.txt" for name in ("train", "val", "trainval", "test")]
        + ["framepress.json"]
    )
    assert (tmp_path / "training/label_2/000001.txt").read_bytes() == b""


def test_several_cameras_have_a_tree_each(tmp_path: Path) -> None:
    press(tmp_path, frames.rig())
    assert (tmp_path / "front/training/label_2/000001.txt").read_text()
    assert (tmp_path / "side/training/label_2/000001.txt").read_text() == ""
    assert (tmp_path / "side/ImageSets/train.txt").read_text() == "000000\n000001\n000002\n"
    assert pixels_of(tmp_path / "side/training/image_2/000002.png").shape == (52, 80, 3)
    assert not (tmp_path / "training").exists()


def test_calibration_has_seven_lines_in_order_and_an_empty_one(tmp_path: Path) -> None:
    press(tmp_path, frames.mono()[:1])
    lines = (tmp_path / "training/calib/000000.txt").read_text().split("\n")
    assert [line.split(":")[0] for line in lines] == [
        *("P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"),
        *("", ""),
    ]
    values = {line.split(": ")[0]: np.array(line.split(": ")[1].split(" "), float) for line in lines[:7]}
    assert [len(row) for row in values.values()] == [12, 12, 12, 12, 9, 12, 12]
    assert values["P2"].tolist() == [80, 0, 47.5, 0, 0, 80, 31.5, 0, 0, 0, 1, 0]
    assert values["Tr_velo_to_cam"].reshape(3, 4) @ (5, 1, 2, 1) == pytest.approx((-1, -2, 5))  # forward left up
    assert "-0.0" not in "".join(lines)


def test_image_sets_follow_the_splits(tmp_path: Path) -> None:
    splits = ["train", "val", "test", "", "extra", "val", "train"]
    press(tmp_path, [frame.replaced(split=split) for frame, split in zip(frames.mono(), splits, strict=True)])
    sets = {file.stem: file.read_text().split() for file in (tmp_path / "ImageSets").iterdir()}
    assert sets == {
        "train": ["000000", "000003", "000006"],
        "val": ["000001", "000005"],
        "trainval": ["000000", "000001", "000003", "000005", "000006"],
        "test": ["000002"],
        "extra": ["000004"],
    }


def test_without_splits_all_frames_are_for_training(tmp_path: Path) -> None:
    press(tmp_path, frames.mono())
    sets = {file.stem: len(file.read_text().split()) for file in (tmp_path / "ImageSets").iterdir()}
    assert sets == {"train": 7, "trainval": 7, "val": 0, "test": 0}
    assert [frame.split for frame in FORMAT.read(tmp_path)] == [""] * 7


def test_depth_is_256_steps_a_metre(tmp_path: Path) -> None:
    camera = camera_at((5, 2), 4.0, (0, 0, 1))
    depth = np.array([[10, np.inf, 0.001, 255.99, 300], [0.5, 1, 2, 3, 4]], np.float32)
    view = View(camera, channels=Channels({"depth": depth}, (5, 2)))
    press(tmp_path, [Frame("a", 3, (view,))], images="none", depth=True)
    stored = pixels_of(tmp_path / "training/depth_2/000003.png")
    assert stored.tolist() == [[2560, 0, 1, 65533, 0], [128, 256, 512, 768, 1024]]
    counts = json.loads((tmp_path / "framepress.json").read_text())["counts"]
    assert (counts["depth_raised_to_1"], counts["depth_too_far"]) == (1, 1)


@pytest.mark.parametrize("tilt", ["project", "level"])
def test_lidar_points_project_to_the_pixels_that_they_came_from(tmp_path: Path, tilt: str) -> None:
    camera = camera_at((7, 4), 6.0, (0, 0, 2), yaw_deg=30, pitch_deg=25)
    depth = np.random.default_rng(0).uniform(1, 50, (4, 7)).astype(np.float32)
    depth[2, 3] = np.inf
    view = View(camera, channels=Channels({"depth": depth}, (7, 4)))
    press(tmp_path, [Frame("a", 0, (view,))], images="none", velodyne="depth", tilt=tilt)
    points = np.fromfile(tmp_path / "training/velodyne/000000.bin", "<f4").reshape(-1, 4)
    assert len(points) == 27
    assert (points[:, 3] == 0).all()
    rows = dict(line.split(": ") for line in (tmp_path / "training/calib/000000.txt").read_text().splitlines() if line)
    projection, placed = (np.array(rows[name].split(), float).reshape(3, 4) for name in ("P2", "Tr_velo_to_cam"))
    homogeneous = np.column_stack((points[:, :3], np.ones(27))) @ np.vstack((placed, (0, 0, 0, 1))).T
    pixels = homogeneous @ projection.T
    v, u = np.nonzero(np.isfinite(depth))
    assert np.allclose(pixels[:, :2] / pixels[:, 2:], np.column_stack((u, v)), atol=1e-4)  # index convention
    assert np.allclose(pixels[:, 2], depth[v, u], rtol=1e-5)
    if tilt == "level":  # heights above the camera are heights in the world
        near = np.where(np.isfinite(depth), depth, 1)
        assert np.allclose(points[:, 2], camera.unproject(near)[v, u][:, 2] - 2, atol=1e-4)


def test_a_point_cloud_is_moved_into_the_lidar_frame_and_back(tmp_path: Path) -> None:
    camera = camera_at((7, 4), 6.0, (1, 2, 3))  # looks along the world's y
    points = np.array([(1, 12, 3), (0, 7, 5)], np.float32)
    view = View(camera, channels=Channels({"points": points}, (7, 4)))
    press(tmp_path, [Frame("a", 0, (view,))], images="none", velodyne="points")
    stored = np.fromfile(tmp_path / "training/velodyne/000000.bin", "<f4").reshape(-1, 4)
    assert stored.tolist() == [[10, 0, 0, 0], [5, 1, 2, 0]]
    (frame,) = FORMAT.read(tmp_path)
    assert frame.view.camera.to_camera(frame.view.channels["points"]) == pytest.approx(camera.to_camera(points))


def test_an_index_beyond_six_digits_is_refused(tmp_path: Path) -> None:
    frame = frames.mono()[0].replaced(index=1_000_000)
    with pytest.raises(OptionError, match="six digits"):
        press(tmp_path, [frame])


def test_two_frames_with_one_index_are_refused(tmp_path: Path) -> None:
    frame = frames.mono()[0]
    with pytest.raises(InputError, match="both would be 000000"):
        press(tmp_path, [frame, frame.replaced(id="other")])


def test_what_was_asked_for_and_is_missing_is_named(tmp_path: Path) -> None:
    view = View(camera_at((7, 4), 6.0, (0, 0, 1)))
    with pytest.raises(InputError, match="depth nor a range"):
        press(tmp_path, [Frame("a", 0, (view,))], images="none", depth=True)
    assert FORMAT.make_writer({}).needs == {"rgb", "camera"}
    assert FORMAT.make_writer({"images": "none", "calib": "none"}).needs == set()


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (press(tmp_path / name, frames.rig(), depth=True, velodyne="depth") for name in "ab")
    assert listed(one) == listed(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in listed(one))


# ------------------------------------------------------------------------------------ reading


def corners_in_camera(view: View) -> np.ndarray:
    return view.camera.to_camera(view.objects.box3d.corners().reshape(-1, 3)).reshape(-1, 8, 3)


@pytest.mark.parametrize(
    "options",
    [{}, {"convention": "edge"}, {"tilt": "level"}, {"images": "none"}, {"forward": "x"}, {"images": "jpeg"}],
)
@pytest.mark.parametrize("scene", [frames.mono, frames.rig])
def test_what_is_carried_comes_back(tmp_path: Path, scene: Any, options: dict[str, str]) -> None:
    source = scene()
    press(tmp_path, source, **options)
    back = list(FORMAT.read(tmp_path))
    assert [frame.index for frame in back] == [frame.index for frame in source]
    for frame, expected in zip(back, source, strict=True):
        for view, wanted in zip(frame.views, expected.views, strict=True):
            assert view.camera.size_wh == wanted.camera.size_wh
            assert view.camera.K == pytest.approx(wanted.camera.K, abs=1e-9)
            if options.get("images", "png") == "png":
                assert (view.channels["rgb"] == wanted.channels["rgb"]).all()
            kept = wanted.objects.take(~np.isnan(wanted.objects.box[:, 0]))
            kept = kept.take(np.argsort(kept.crowd, kind="stable"))
            assert [name for name in view.objects.labels if name != "DontCare"] == [
                name for name, crowd in zip(kept.labels, kept.crowd, strict=True) if not crowd
            ]
            assert view.objects.crowd.tolist() == kept.crowd.tolist()
            assert view.objects.box.tolist() == kept.box.tolist()
            known = kept.box3d.known
            assert view.objects.box3d.known.tolist() == known.tolist()
            true = corners_in_camera(wanted.replaced(objects=kept))[known]
            for one, other in zip(corners_in_camera(view)[known], true, strict=True):
                if options.get("tilt") == "level" or view.name != "side":  # `side` looks down, the rest is level
                    assert np.linalg.norm(one[:, None] - other, axis=2).min(axis=0).max() < 1e-5
                else:
                    assert one.mean(axis=0) == pytest.approx(other.mean(axis=0), abs=1e-5)


def test_reading_and_writing_again_gives_the_same_labels(tmp_path: Path) -> None:
    press(tmp_path / "a", frames.mono(), forward="x")
    again = FORMAT.read_labels(tmp_path / "a")
    assert again.names == (*frames.LABELS.names, "DontCare")
    press(tmp_path / "b", FORMAT.read(tmp_path / "a"), again, forward="x")
    assert listed(tmp_path / "a") == listed(tmp_path / "b")
    for name in listed(tmp_path / "a"):
        if name != "framepress.json":  # it counts what the first writing left out
            assert (tmp_path / "a" / name).read_text("latin1") == (tmp_path / "b" / name).read_text("latin1"), name
    assert FORMAT.read_labels(tmp_path / "b") == again


def test_whole_boxes_come_back_to_the_border_also_where_only_the_visible_part_is_known(tmp_path: Path) -> None:
    whole = [[8, 8, 22.5, 21], [-5, 2, 70, 50], [np.nan] * 4]
    objects = Objects.build(["car"] * 3, box=[[10, 10, 20, 20], [0, 5, 60, 40], [3, 4, 9, 11]], box_full=whole)
    camera = Camera(60, 40, K=[[9, 0, 30], [0, 9, 20], [0, 0, 1]])
    root = press(tmp_path, [Frame("0", 0, (View(camera, objects=objects),))], images="none", box="full")
    label = (root / "training/label_2/000000.txt").read_text()
    assert [line.split()[4:8] for line in label.splitlines()] == [  # index convention: half a pixel less than edges
        ["7.5000", "7.5000", "22.0000", "20.5000"],
        ["0.0000", "1.5000", "59.0000", "39.0000"],
        ["2.5000", "3.5000", "8.5000", "10.5000"],
    ]
    (frame,) = FORMAT.read(root)
    assert frame.view.objects.box.tolist() == [[8, 8, 22.5, 21], [0, 2, 60, 40], [3, 4, 9, 11]]


def test_class_names_come_back_through_types(tmp_path: Path) -> None:
    labels = LabelMap.of(["fork lift", "a%20b", "größe 'x'"])
    objects = Objects.build(labels.names, box=np.tile((1.0, 1, 3, 3), (3, 1)))
    view = View(camera_at((7, 4), 6.0, (0, 0, 1)), objects=objects)
    press(tmp_path, [Frame("a", 0, (view,))], labels, images="none")
    (frame,) = FORMAT.read(tmp_path)
    assert frame.view.objects.labels == list(labels.names)
    assert FORMAT.read_labels(tmp_path) == labels


def test_a_foreign_label_is_read_as_the_development_kit_means_it(tmp_path: Path) -> None:
    dont_care = f"DontCare -1 -1 -10 0 0 63 5 {PLAIN}"
    foreign(tmp_path, f"{SOLID}\n{LINE} 0.75\n{dont_care}\n", "")
    first, second = FORMAT.read(tmp_path)
    objects = first.view.objects
    assert objects.labels == ["Car", "Car", "DontCare"]
    assert objects.box.tolist() == [[10.5, 20, 30, 40.25], [10, 20, 30, 40], [0, 0, 64, 6]]
    assert objects.crowd.tolist() == [False, False, True]
    assert objects.truncation[:2].tolist() == [0, 0.25]
    assert np.isnan(objects.truncation[2])
    assert objects.score[1] == 0.75
    assert objects.box3d.known.tolist() == [True, False, False]
    # The lidar's axes: 12 m ahead, 3 m to the right, the middle 0.9 m below the camera.
    assert objects.box3d.center[0] == pytest.approx((12, -3, -0.9))
    assert objects.box3d.size[0].tolist() == [4, 1.8, 1.5]
    assert objects.box3d.axes()[0] @ (0, 0, 1) == pytest.approx((0, 0, 1))
    assert objects.box3d.axes()[0] @ (1, 0, 0) == pytest.approx((np.sin(1.33), -np.cos(1.33), 0))
    assert (first.view.channels["rgb"][0, 0]).tolist() == [0, 2, 3]
    assert len(second.view.objects) == 0
    assert (first.id, first.index, second.index) == ("000000", 0, 1)
    assert FORMAT.read_labels(tmp_path).names == ("Car", "DontCare")


def test_a_calibration_of_two_cameras_places_the_second_beside_the_first(tmp_path: Path) -> None:
    """KITTI's own kind: P2 has an offset, the lidar its place, R0_rect a rotation."""
    calib = (
        "P0: 700 0 32 0 0 700 24 0 0 0 1 0\nP1: 700 0 32 -380 0 700 24 0 0 0 1 0\n"
        "P2: 700 0 32 42 0 700 24 0.7 0 0 1 0.002\nP3: 700 0 32 -340 0 700 24 2 0 0 1 0.003\n"
        "R0_rect: 0.8 0 0.6 0 1 0 -0.6 0 0.8\n"
        "Tr_velo_to_cam: 0 -1 0 0.1 0 0 -1 -0.08 1 0 0 -0.27\nTr_imu_to_velo: 1 0 0 0 0 1 0 0 0 0 1 0\n\n"
    )
    (frame,) = FORMAT.read(foreign(tmp_path, SOLID + "\n", calib=calib))
    camera, solid = frame.view.camera, frame.view.objects.box3d
    assert camera.K.tolist() == [[700, 0, 32.5], [0, 700, 24.5], [0, 0, 1]]
    middle = np.array((3, 1.65 - 0.75, 12, 1))
    projection = np.array([[700, 0, 32, 42], [0, 700, 24, 0.7], [0, 0, 1, 0.002]])
    u, v, w = projection @ middle
    assert camera.project(solid.center)[0] == pytest.approx((u / w + 0.5, v / w + 0.5))
    rectified = np.eye(4)
    rectified[:3, :3] = [[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]]
    placed = np.array([[0, -1, 0, 0.1], [0, 0, -1, -0.08], [1, 0, 0, -0.27], [0, 0, 0, 1]])
    assert rectified @ placed @ (*solid.center[0], 1) == pytest.approx(middle)  # the world is the lidar's frame


def test_image_sets_name_the_splits_but_not_those_of_testing(tmp_path: Path) -> None:
    foreign(tmp_path, "", "", "", "")
    for name, text in {"train": "000000\n", "val": "000001\n", "trainval": "000000\n000001\n000002\n"}.items():
        Folder(tmp_path).put(f"ImageSets/{name}.txt", text.encode())
    Folder(tmp_path).put("ImageSets/test.txt", b"000000\n")
    (tmp_path / "testing").mkdir()
    assert [frame.split for frame in FORMAT.read(tmp_path)] == ["train", "val", "trainval", ""]
    (tmp_path / "testing").rmdir()
    with pytest.raises(InputError, match=r"train\.txt:1: GEN-008: 000000 is in test too"):
        list(FORMAT.read(tmp_path))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (LINE.replace(" 20", "  20"), "KITTI-001"),
        (LINE.replace(" 20", "\t20"), "KITTI-001"),
        (LINE.rpartition(" ")[0], "KITTI-001"),
        (LINE + " 1 2", "KITTI-001"),
        (LINE.replace("10 20", "x 20"), "KITTI-001"),
        ("Fork " + LINE, "KITTI-00[14]"),
        ("\n" + LINE, "KITTI-002"),
        ("", "KITTI-002"),
        (LINE.replace(" 0 -10", " 0.0 -10"), "KITTI-003"),
        (LINE.replace("Car", '"Car"'), "KITTI-004"),
        (LINE.replace("0.25", "nan"), "GEN-004"),
        (SOLID.replace("12.00", "inf"), "GEN-004"),
        (SOLID.replace("1.80", "0"), "KITTI-006"),
        (LINE.replace("0.25", "1.5"), "KITTI-010"),
        (LINE.replace(" 0 -10", " 4 -10"), "KITTI-010"),
        (LINE.replace("10 20 29", "30 20 29"), "KITTI-011"),
        (LINE.replace("10 20 29", "10 20 66"), "KITTI-011"),
    ],
)
def test_a_broken_line_is_named_with_its_rule_file_and_line(tmp_path: Path, line: str, rule: str) -> None:
    foreign(tmp_path, f"{LINE}\n{line}\n")
    with pytest.raises(InputError, match=rf"label_2/000000\.txt:2: {rule}"):
        list(FORMAT.read(tmp_path))


def test_a_box_outside_the_image_can_be_cut_without_losing_it(tmp_path: Path) -> None:
    foreign(tmp_path, LINE.replace("10 20 29", "-5 20 29") + "\n")
    (frame,) = FORMAT.read(tmp_path, outside="clip")
    assert frame.view.objects.box.tolist() == [[0, 20, 30, 40]]
    assert frame.view.objects.box_full.tolist() == [[-5, 20, 30, 40]]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("P0: 1 0 0 0 0 1 0 0 0 0 1 0\n", "KITTI-012: no line `P2:`"),
        ("P2: 1 0 0 0 0 1 0 0 0 0 1\n", "KITTI-012: P2 needs 12 numbers, got 11"),
        ("P2: 1 0 0 0 0 1 0 0 0 0 1 nan\n", "KITTI-012: P2 has a number that is not finite"),
        ("P2: 0 0 0 0 0 0 0 0 0 0 0 0\n", "KITTI-012: P2 does not project"),
        ("P2: 1 0 0 0 0 1 0 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 -1\n", "KITTI-012: R0_rect is not a rotation"),
    ],
)
def test_a_broken_calibration_is_refused(tmp_path: Path, broken: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(FORMAT.read(foreign(tmp_path, LINE, calib=broken)))


def test_files_that_do_not_pair_are_refused(tmp_path: Path) -> None:
    foreign(tmp_path, LINE, LINE)
    (tmp_path / "training/label_2/000001.txt").unlink()
    with pytest.raises(InputError, match="KITTI-005: 000001 has no file in label_2"):
        list(FORMAT.read(tmp_path))
    (tmp_path / "training/image_2/000001.png").unlink()
    Folder(tmp_path).put("ImageSets/train.txt", b"000007\n")
    with pytest.raises(InputError, match=r"train\.txt:1: KITTI-017: '000007'"):
        list(FORMAT.read(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"x" * 17, "KITTI-013: 17 bytes"), (np.full(4, np.nan, "<f4").tobytes(), "KITTI-013: point 0 is not finite")],
)
def test_broken_lidar_points_are_refused_when_they_are_used(tmp_path: Path, content: bytes, message: str) -> None:
    foreign(tmp_path, LINE)
    Folder(tmp_path).put("training/velodyne/000000.bin", content)
    (frame,) = FORMAT.read(tmp_path)
    with pytest.raises(InputError, match=message):
        frame.view.channels["points"]


def test_a_truncated_image_fails_on_use_and_a_pointer_at_once(tmp_path: Path) -> None:
    foreign(tmp_path, LINE)
    image = tmp_path / "training/image_2/000000.png"
    content = image.read_bytes()
    image.write_bytes(content[:-30])
    (frame,) = FORMAT.read(tmp_path)
    with pytest.raises(InputError, match=r"000000\.png"):
        frame.view.channels["rgb"]
    image.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    with pytest.raises(InputError, match="git-lfs pointer"):
        list(FORMAT.read(tmp_path))


def test_depth_comes_back_with_nothing_where_nothing_was_hit(tmp_path: Path) -> None:
    press(tmp_path, frames.mono()[:1], depth=True)
    (frame,) = FORMAT.read(tmp_path)
    true = frames.mono()[0].view.channels["depth"]
    assert np.isinf(true).any()
    assert (np.isinf(frame.view.channels["depth"]) == np.isinf(true)).all()
    hit = np.isfinite(true)
    assert np.abs(frame.view.channels["depth"][hit] - true[hit]).max() <= 0.5 / 256


def test_a_newer_or_other_sidecar_is_refused(tmp_path: Path) -> None:
    press(tmp_path, frames.mono()[:1])
    file = tmp_path / "framepress.json"
    document = json.loads(file.read_text())
    for change, message in (
        ({"version": 2}, "version 2"),
        ({"schema": "x"}, "schema 'x'"),
        ({"options": 3}, "TypeError"),
    ):
        file.write_text(json.dumps(document | change))
        with pytest.raises(InputError, match=message):
            list(FORMAT.read(tmp_path))


def test_only_label_folders_look_like_kitti(tmp_path: Path) -> None:
    assert FORMAT.looks_like(press(tmp_path / "one", frames.mono()[:1]))
    assert FORMAT.looks_like(press(tmp_path / "two", frames.rig()))
    (tmp_path / "three/training/image_2").mkdir(parents=True)
    assert not FORMAT.looks_like(tmp_path / "three")
    assert not FORMAT.looks_like(tmp_path / "missing")


def test_a_sample_of_others_is_read_whole(shared: Path) -> None:
    """Datumaro's: stems with `_`, 3D fields all -1, truncation 1.0."""
    folder = shared / "formats-datumaro/kitti_dataset/kitti_detection"
    first, second = FORMAT.read(folder)
    assert (first.id, first.index, second.id, second.index) == ("000030_10", 0, "000030_11", 1)
    assert first.view.objects.labels == ["Truck", "Van"]
    assert first.view.objects.box.tolist() == [[0, 1, 3, 4], [0, 5, 2, 9]]
    assert second.view.objects.box.tolist() == [[0, 0, 3, 3], [4, 4, 7, 7], [6, 6, 8, 10]]
    assert not first.view.objects.box3d.known.any()
    assert first.view.objects.truncation.tolist() == [1, 0]
    assert first.view.channels["rgb"].shape == (10, 10, 3)
    assert FORMAT.read_labels(folder).names == ("Van", "Truck")


def test_unknown_boxes_stay_unknown_when_only_2d_was_there(tmp_path: Path) -> None:
    objects = Objects.build(["Car"], box=[(1, 1, 3, 3)], box3d=Boxes3D.unknown(1), attributes=[{"occluded": 1}])
    view = View(Camera(7, 4), objects=objects)
    press(tmp_path, [Frame("a", 0, (view,))], images="none", calib="none")
    (frame,) = FORMAT.read(tmp_path)
    assert frame.view.camera.K is None
    assert not frame.view.objects.box3d.known.any()
    assert frame.view.objects.row(0).attributes == {"occluded": 1}
