"""Trees of masks and of depth hold what the frames hold, as Pillow, OpenCV and numpy read them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framepress.core import Camera, Channels, Frame, Label, LabelMap, Objects, View
from framepress.dataset.convert import convert
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.delivery.organize import organize
from framepress.delivery.painting import filled
from framepress.delivery.tree_masks import palette_of
from framepress.errors import InputError, LabelError, OptionError, OutputError
from frames import FRONT, LABELS, imported, many, mono, rig
from things import camera_at


def pressed(folder: Path, frames: list[Frame], formats: Any = ("native",), labels: LabelMap = LABELS) -> Path:
    with DatasetWriter(folder, formats, labels=labels) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(".framepress/")}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_masks_hold_the_class_and_instances_the_row_of_every_pixel(tmp_path: Path) -> None:
    frames = [frame.replaced(split=("train", "val")[frame.index % 2]) for frame in [*mono(), *rig()]]
    frames = [frame.replaced(index=place) for place, frame in enumerate(frames)]
    report = organize(open_dataset(pressed(tmp_path / "set", frames)), tmp_path / "out", "segmentation")
    assert (report.frames, report.added) == (10, 10)
    names = (tmp_path / "out/classes.txt").read_text().splitlines()
    assert names == ["background", *LABELS.names]
    told = {(row["file"], int(row["value"])): row for row in rows_of(tmp_path / "out/instances.csv")}
    for frame in frames:
        for view in frame.views:
            place = f"{frame.split}/{frame.stem(view)}.png"
            mask, instances = (pixels(tmp_path / "out" / kind / place) for kind in ("masks", "instances"))
            assert (pixels(tmp_path / "out/images" / place) == view.channels["rgb"]).all()
            shown = view.channels["instance"]
            for row, (number, label) in enumerate(zip(view.objects.id.tolist(), view.objects.labels, strict=True), 1):
                assert ((instances == row) == (shown == number)).all()
                assert {names[value] for value in np.unique(mask[shown == number])} <= {label}
                said = told[f"instances/{place}", row]
                assert (said["class"], said["id"], said["track"]) == (label, str(number), view.objects.track[row - 1])
                assert names[int(said["class_value"])] == label
            assert not instances[shown == 0].any()


def test_a_mask_is_a_palette_image_in_the_colours_of_the_classes(tmp_path: Path) -> None:
    organize(open_dataset(pressed(tmp_path / "set", mono()[:1])), tmp_path / "out", "segmentation")
    with (
        Image.open(tmp_path / "out/masks/a/0000.png") as mask,
        Image.open(tmp_path / "out/instances/a/0000.png") as ids,
    ):
        mask.load()
        assert (mask.mode, mask.size) == ("P", (96, 64))
        assert mask.getpalette()[3:6] == [200, 30, 30]  # car's own
        assert np.asarray(ids).dtype == np.uint16
    for row, colour in zip(rows_of(tmp_path / "out/palette.csv"), palette_of(LABELS), strict=True):
        assert tuple(int(row[name]) for name in ("red", "green", "blue")) == colour


def test_colours_that_no_class_has_are_those_of_pascal_voc() -> None:
    """The first ones of the development kit's `VOClabelcolormap`."""
    expected = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128), (0, 128, 128)]
    expected += [(128, 128, 128), (64, 0, 0), (192, 0, 0)]
    assert palette_of(LabelMap.of("abcdefghi")) == expected


def test_pixels_that_only_the_semantic_channel_knows_have_their_class(tmp_path: Path) -> None:
    """Such as a floor, which is no object; a class that is not in the list is background."""
    semantic = np.zeros((6, 9), np.uint32)
    semantic[4:], semantic[:2] = 7, 8
    channels = {"rgb": np.zeros((6, 9, 3), np.uint8), "semantic": semantic, "instance": np.zeros((6, 9), np.uint32)}
    view = View(Camera(9, 6), channels=Channels(channels, (9, 6)), names={7: "floor", 8: "sky"})
    labels = LabelMap((Label("car"), Label("Floor")))
    organize(
        open_dataset(pressed(tmp_path / "set", [Frame("a", 0, (view,))], labels=labels)),
        tmp_path / "out",
        "segmentation",
    )
    assert pixels(tmp_path / "out/masks/a.png").tolist() == [[0] * 9] * 4 + [[2] * 9] * 2


def test_masks_of_datasets_without_an_instance_channel_are_painted(tmp_path: Path) -> None:
    frames = imported()
    pressed(tmp_path / "set", frames, {"coco": {}})
    organize(open_dataset(tmp_path / "set", "coco"), tmp_path / "out", "segmentation")
    for frame, drawn in zip(frames, mono()[0:4:3], strict=True):  # whose instances became those masks
        found, instance = pixels(tmp_path / "out/instances" / f"{frame.id}.png"), drawn.view.channels["instance"]
        assert ((found > 0) == (instance > 0)).all()
        pairs = set(zip(found.ravel().tolist(), instance.ravel().tolist(), strict=True))
        assert len(pairs) == len(np.unique(instance)) > 3  # one number for each


def test_where_objects_overlap_the_smaller_one_shows(tmp_path: Path) -> None:
    big, small = (
        np.array([[x, 1], [x + w, 1], [x + w, 1 + h], [x, 1 + h]], float) for x, w, h in ((0, 8, 4), (2, 3, 2))
    )
    for order in ((big, small), (small, big)):
        objects = Objects.build(["a", "b"], polygons=[[ring] for ring in order])
        channels = Channels({"rgb": np.zeros((6, 9, 3), np.uint8)}, (9, 6))
        folder = tmp_path / str(order[0] is big)
        frame = Frame("f", 0, (View(Camera(9, 6), channels=channels, objects=objects),))
        organize(
            open_dataset(pressed(folder / "set", [frame], labels=LabelMap.of("ab"))), folder / "out", "segmentation"
        )
        value = 1 + [ring is small for ring in order].index(True)
        assert (pixels(folder / "out/instances/f.png")[1:3, 2:5] == value).all()
        assert np.count_nonzero(pixels(folder / "out/instances/f.png") == value) == 6


@pytest.mark.parametrize("seed", range(5))
def test_an_outline_fills_the_pixels_whose_centre_is_in_it(seed: int) -> None:
    """A point is in it where a ray to the right crosses it an odd number of times, pixel by pixel."""
    rng = np.random.default_rng(seed)
    ring = rng.uniform(-3, 18, (7, 2))
    found = filled([ring], 12, 15)
    for row in range(12):
        for column in range(15):
            x, y, inside = column + 0.5, row + 0.5, False
            for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                    inside = not inside
            assert found[row, column] == inside


def test_objects_that_are_boxes_only_have_no_masks(tmp_path: Path) -> None:
    pressed(tmp_path / "set", mono(), {"yolo": {}})
    with pytest.raises(InputError, match="boxes only"):
        organize(open_dataset(tmp_path / "set", "yolo"), tmp_path / "out", "segmentation")
    assert not (tmp_path / "out").exists()


def test_more_classes_than_eight_bits_hold_are_refused(tmp_path: Path) -> None:
    labels = LabelMap.of(["car", "person", "cone", "sign", *(f"c{number}" for number in range(252))])
    pressed(tmp_path / "set", mono(), labels=labels)
    with pytest.raises(OptionError, match="256 classes: masks of 8 bits hold 255"):
        organize(open_dataset(tmp_path / "set"), tmp_path / "out", "segmentation")


def test_classes_that_are_not_asked_for_stop_it_or_are_left_out_and_counted(tmp_path: Path) -> None:
    dataset = open_dataset(pressed(tmp_path / "set", mono()))
    labels = LabelMap.of(["sign", "car"])
    with pytest.raises(LabelError, match="not in the label map"):
        organize(dataset, tmp_path / "a", "segmentation", labels=labels)
    report = organize(dataset, tmp_path / "b", "segmentation", labels=labels, unlisted="drop")
    others = sum(label not in labels for frame in mono() for label in frame.view.objects.labels)
    assert report.counts["objects not in the label map"] == others > 0
    found = [pixels(path) for path in sorted((tmp_path / "b/masks").rglob("*.png"))]
    assert set(np.unique(np.concatenate([mask.ravel() for mask in found]))) == {0, 1, 2}


# ---------------------------------------------------------------------------------------------------------- depth
@pytest.mark.parametrize(("encoding", "scale"), [("millimetres", 1000), ("kitti", 256)])
def test_depth_is_the_frame_s_in_steps_as_opencv_reads_them(tmp_path: Path, encoding: str, scale: int) -> None:
    cv2 = pytest.importorskip("cv2")
    dataset = open_dataset(pressed(tmp_path / "set", mono()))
    organize(dataset, tmp_path / "out", "depth", options={"encoding": encoding})
    for frame in mono():
        stored = cv2.imread(str(tmp_path / f"out/depth/{frame.id}.png"), cv2.IMREAD_UNCHANGED)
        metres = frame.view.channels["depth"].astype(np.float64)
        assert stored.dtype == np.uint16
        assert ((stored == 0) == np.isinf(metres)).all()
        hit = stored > 0
        assert np.abs(stored[hit] / scale - metres[hit]).max() <= 0.5 / scale + 1e-9
        assert (cv2.imread(str(tmp_path / f"out/rgb/{frame.id}.png"))[:, :, ::-1] == frame.view.channels["rgb"]).all()


def test_depth_as_arrays_is_exact_and_links_the_source_s(tmp_path: Path) -> None:
    dataset = open_dataset(pressed(tmp_path / "set", mono()))
    organize(dataset, tmp_path / "linked", "depth", options={"encoding": "npy"})
    organize(dataset, tmp_path / "copied", "depth", options={"encoding": "npy"}, link=False)
    for frame in mono():
        name, source = f"depth/{frame.id}.npy", tmp_path / f"set/depth/{frame.id}.npy"
        np.testing.assert_array_equal(np.load(tmp_path / "copied" / name), frame.view.channels["depth"])
        assert (tmp_path / "linked" / name).samefile(source)
        assert not (tmp_path / "copied" / name).samefile(source)
    assert contents(tmp_path / "linked") == contents(tmp_path / "copied")


def test_depth_is_made_of_range_and_what_is_too_far_is_counted(tmp_path: Path) -> None:
    camera = camera_at((20, 10), 16.0, (0.0, 0.0, 1.0))
    ranges = np.full((10, 20), 70.0, np.float32)
    ranges[0], ranges[1] = np.inf, 5.0
    channels = Channels({"rgb": np.zeros((10, 20, 3), np.uint8), "range": ranges}, (20, 10))
    dataset = open_dataset(pressed(tmp_path / "set", [Frame("f", 0, (View(camera, channels=channels),))]))
    report = organize(dataset, tmp_path / "out", "depth")
    y, x = np.mgrid[:10, :20] + 0.5
    slant = np.sqrt(1 + ((x - camera.K[0, 2]) / camera.K[0, 0]) ** 2 + ((y - camera.K[1, 2]) / camera.K[1, 1]) ** 2)
    depth = ranges / slant
    stored = pixels(tmp_path / "out/depth/f.png")
    expected = np.where(depth * 1000 > 65535.5, 0, np.rint(np.where(np.isinf(depth), 0, depth) * 1000))
    assert np.abs(stored - expected).max() <= 1
    assert report.counts["depth pixels too far for 16 bits"] == np.count_nonzero(np.isfinite(depth) & (depth > 65.5355))


def test_lists_pair_colour_and_depth_by_time_with_the_camera_s_place(tmp_path: Path) -> None:
    frames = [frame.replaced(sequence="a") for frame in mono()]
    organize(open_dataset(pressed(tmp_path / "set", frames)), tmp_path / "out", "depth")
    lines = [line.split() for line in (tmp_path / "out/associations.txt").read_text().splitlines()[1:]]
    assert [(float(a), rgb, float(b), depth) for a, rgb, b, depth in lines] == [
        (
            pytest.approx(f.view.time_ns / 1e9, abs=1e-6),
            f"rgb/{f.id}.png",
            pytest.approx(f.view.time_ns / 1e9, abs=1e-6),
            f"depth/{f.id}.png",
        )
        for f in frames
    ]
    (intrinsics,) = (tmp_path / "out/intrinsics.txt").read_text().splitlines()[1:]
    assert intrinsics == "- 96 64 80 80 47.5 31.5 pinhole 7"
    rows = [line.split() for line in (tmp_path / "out/poses.txt").read_text().splitlines()[1:]]
    assert [len(row) for row in rows] == [8] * len(frames)  # readers of trajectories refuse a ninth column
    pose = [float(part) for part in rows[0][1:]]
    assert rigid(pose) == pytest.approx(FRONT.world_from_camera, abs=1e-8)


def rigid(numbers: list[float]) -> np.ndarray:
    """tx ty tz qx qy qz qw as a matrix, by turning the three axes with q v q*."""
    x, y, z, w = numbers[3:]
    pose = np.eye(4)
    for column, axis in enumerate(np.eye(3)):
        turn = np.array([x, y, z])
        pose[:3, column] = axis + 2 * np.cross(turn, np.cross(turn, axis) + w * axis)
    pose[:3, 3] = numbers[:3]
    return pose


@pytest.mark.parametrize("seed", range(8))
def test_any_pose_is_told_as_a_quaternion_of_it(seed: int) -> None:
    from framepress.delivery.tree_depth import _pose

    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    if seed < 4:  # half turns, where one part of the quaternion is 0
        turn = np.diag([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)][seed]).astype(float)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, rng.normal(size=3)
    found = _pose(Camera(4, 3, world_from_camera=matrix))
    assert rigid(found) == pytest.approx(matrix, abs=1e-9)
    assert np.linalg.norm(found[3:]) == pytest.approx(1)


def test_several_cameras_have_lists_of_their_own(tmp_path: Path) -> None:
    organize(open_dataset(pressed(tmp_path / "set", rig())), tmp_path / "out", "depth")
    for camera in ("front", "side"):
        lines = (tmp_path / f"out/lists/run/{camera}/associations.txt").read_text().splitlines()[1:]
        assert [line.split()[1] for line in lines] == [f"rgb/{camera}/run/{n:04d}.png" for n in range(3)]
    assert len((tmp_path / "out/intrinsics.txt").read_text().splitlines()) == 3


def test_frames_without_depth_are_refused_by_name(tmp_path: Path) -> None:
    pressed(tmp_path / "set", mono(), {"coco": {}})
    with pytest.raises(InputError, match="frame a/0000: no depth channel"):
        organize(open_dataset(tmp_path / "set", "coco"), tmp_path / "out", "depth")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------------------------- going on, bytes
@pytest.mark.parametrize("tree", ["segmentation", "depth"])
def test_frames_that_come_later_are_added_and_the_rest_is_not_touched(tmp_path: Path, tree: str) -> None:
    frames = list(many(9))
    organize(open_dataset(pressed(tmp_path / "some", frames[2:6])), tmp_path / "out", tree, workers=1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    everything = open_dataset(pressed(tmp_path / "all", frames))
    with pytest.raises(OutputError, match="is not empty"):
        organize(everything, tmp_path / "out", tree)
    report = organize(everything, tmp_path / "out", tree, existing="resume", workers=3)
    assert (report.frames, report.added) == (9, 5)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    organize(everything, tmp_path / "whole", tree, workers=2)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert organize(everything, tmp_path / "out", tree, existing="resume").added == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_lists_of_the_only_camera_go_when_another_one_comes(tmp_path: Path) -> None:
    first, second = (
        [frame.replaced(id=f"{name}/{frame.index}", sequence=name) for frame in many(3)] for name in ("a", "b")
    )
    second = [frame.replaced(index=frame.index + 3) for frame in second]
    organize(open_dataset(pressed(tmp_path / "one", first)), tmp_path / "out", "depth")
    assert (tmp_path / "out/associations.txt").exists()
    everything = open_dataset(pressed(tmp_path / "all", [*first, *second]))
    organize(everything, tmp_path / "out", "depth", existing="resume")
    organize(everything, tmp_path / "whole", "depth")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("tree", ["detection", "segmentation"])
def test_a_frame_of_several_groups_is_new_in_each(tmp_path: Path, tree: str) -> None:
    report = organize(open_dataset(pressed(tmp_path / "set", list(many(3)))), tmp_path / "out", tree, by="class")
    assert len(report.groups) > 1
    assert report.added == sum(report.groups.values())


def test_a_run_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    dataset = open_dataset(pressed(tmp_path / "set", mono()))
    organize(dataset, tmp_path / "whole", "segmentation")

    def stop(frames: int) -> None:
        if frames == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        organize(dataset, tmp_path / "out", "segmentation", workers=1, on_frame=stop)
    assert list((tmp_path / "out/masks").rglob("*.png"))
    organize(dataset, tmp_path / "out", "segmentation", existing="resume")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_file_that_is_there_with_other_content_is_never_overwritten(tmp_path: Path) -> None:
    dataset = open_dataset(pressed(tmp_path / "set", mono()))
    organize(dataset, tmp_path / "out", "depth")
    (tmp_path / "out/map.jsonl").unlink()
    victim = tmp_path / "out/depth/b/0001.png"
    victim.write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"b/0001\.png: is there with another content"):
        organize(dataset, tmp_path / "out", "depth", existing="resume")
    assert victim.read_bytes() == b"mine"


def test_two_frames_of_one_name_are_found(tmp_path: Path) -> None:
    """The camera `run` of the frame `0000`, and the frame `run/0000` of a camera without a name."""
    one = mono()[1].view
    frames = [Frame("0000", 0, (one.replaced(name="run"),)), Frame("run/0000", 1, (one,))]
    pressed(tmp_path / "a", frames[:1])
    pressed(tmp_path / "b", frames[1:])
    organize(open_dataset(tmp_path / "a"), tmp_path / "out", "segmentation")
    with pytest.raises(OutputError, match="is of the frames 0000 and run/0000"):
        organize(open_dataset(tmp_path / "b"), tmp_path / "out", "segmentation", existing="resume")


def test_the_numbers_of_classes_keep_their_meaning(tmp_path: Path) -> None:
    frames = mono()
    less, other = LabelMap(LABELS.labels[:4]), LabelMap(LABELS.labels[::-1])
    organize(open_dataset(pressed(tmp_path / "a", frames[:3], labels=less)), tmp_path / "out", "segmentation")
    with pytest.raises(OptionError, match="must begin so"):
        organize(
            open_dataset(pressed(tmp_path / "b", frames, labels=other)),
            tmp_path / "out",
            "segmentation",
            existing="resume",
        )
    organize(open_dataset(pressed(tmp_path / "c", frames)), tmp_path / "out", "segmentation", existing="resume")
    assert (tmp_path / "out/classes.txt").read_text().splitlines()[1:] == list(LABELS.names)


@pytest.mark.parametrize("tree", ["segmentation", "depth"])
def test_the_map_says_which_file_is_of_which_frame(tmp_path: Path, tree: str) -> None:
    frames = [frame.replaced(split="val") for frame in rig()]
    organize(open_dataset(pressed(tmp_path / "set", frames)), tmp_path / "out", tree)
    lines: list[Mapping[str, Any]] = [
        json.loads(line) for line in (tmp_path / "out/map.jsonl").read_text().splitlines()
    ]
    assert [(line["frame"], line["index"], line["split"]) for line in lines] == [(f.id, f.index, "val") for f in frames]
    images = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    assert {path for line in lines for path in line["files"]} == images
    assert all((tmp_path / "set" / path).is_file() for line in lines for path in line["sources"])


def test_pictures_are_links_of_the_source_s(tmp_path: Path) -> None:
    source = pressed(tmp_path / "set", mono())
    organize(open_dataset(source), tmp_path / "out", "segmentation")
    for frame in mono():
        assert (tmp_path / f"out/images/{frame.id}.png").samefile(source / f"rgb/{frame.id}.png")


def test_an_organised_folder_is_no_dataset_in_disguise(tmp_path: Path) -> None:
    """Nothing that reads datasets takes a tree for one of its own."""
    organize(open_dataset(pressed(tmp_path / "set", mono())), tmp_path / "out", "depth")
    with pytest.raises(InputError, match="no format that can be read"):
        open_dataset(tmp_path / "out")
    convert(open_dataset(tmp_path / "set"), tmp_path / "beside", ["yolo"], labels=LABELS)
