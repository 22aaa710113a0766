"""KITTI's numbers: the published vectors, and the object development kit's own reading of each line.

`devkit_corners` and the projection through P2 are written from the development kit (computeBox3D.m,
projectToImage.m), not from the package.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Boxes3D, Camera, Channels, Distortion, Frame, Objects, View
from framepress.errors import InputError, OptionError
from framepress.formats import basic
from framepress.formats.kitti import FORMAT
from framepress.storage.memory import MemoryOutput
from things import rle_of

# Column vectors; OpenCV axes in a world with z up: 1.5 m high, looking along +x.
LOOKING_ALONG_X = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1.0]])
CAMERA = Camera(640, 480, np.array([[640, 0, 320], [0, 640, 240], [0, 0, 1.0]]), None, LOOKING_ALONG_X)
SIZE = (4.0, 1.8, 1.5)
YAW_30 = (np.cos(np.pi / 12), 0, 0, np.sin(np.pi / 12))


def objects_of(centers, sizes, rotations, labels=None, **columns) -> Objects:
    """Objects with 3D boxes, and a 2D box each that says nothing about them."""
    count = len(centers)
    columns = {"box": np.tile((10.0, 20.0, 30.0, 40.0), (count, 1)), "visibility": np.ones(count)} | columns
    solids = Boxes3D(np.array(centers), np.array(sizes), np.array(rotations))
    return Objects.build(labels or ["Car"] * count, box3d=solids, **columns)


def pressed(
    objects: Objects, camera: Camera = CAMERA, meta: dict[str, str] | None = None, **options
) -> tuple[list[list[str]], np.ndarray, dict[str, int]]:
    """Fields of each line, P2, and the counts of a frame written with these options."""
    out = MemoryOutput()
    frame = Frame("a", 7, (View(camera, objects=objects, channels=Channels({}, camera.size_wh)),), meta=meta or {})
    row = FORMAT.make_writer({"images": "none"} | options).add(frame, out)
    lines = out.read("training/label_2/000007.txt").decode().splitlines()
    projection = np.eye(3, 4)
    if options.get("calib") != "none":
        calib = dict(line.split(": ") for line in out.read("training/calib/000007.txt").decode().splitlines() if line)
        projection = np.array(calib["P2"].split(), float).reshape(3, 4)
    return [line.split(" ") for line in lines], projection, row["counts"]


def devkit_corners(fields: list[str]) -> np.ndarray:
    """(8, 3) in the label frame."""
    h, w, length, x, y, z, ry = map(float, fields[8:15])
    turn = np.array([[np.cos(ry), 0, np.sin(ry)], [0, 1, 0], [-np.sin(ry), 0, np.cos(ry)]])
    local = np.array(
        [
            [length / 2, length / 2, -length / 2, -length / 2] * 2,
            [0, 0, 0, 0, -h, -h, -h, -h],
            [w / 2, -w / 2, -w / 2, w / 2] * 2,
        ]
    )
    return (turn @ local).T + np.array((x, y, z))


def in_image(projection: np.ndarray, points: np.ndarray) -> np.ndarray:
    pixels = np.column_stack((points, np.ones(len(points)))) @ projection.T
    return pixels[:, :2] / pixels[:, 2:]


def same_points(one: np.ndarray, other: np.ndarray, atol: float) -> None:
    """Both sets hold the same points, in any order."""
    distance = np.linalg.norm(one[:, None] - other[None], axis=2)
    assert distance.min(axis=0).max() < atol
    assert distance.min(axis=1).max() < atol


def about(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    """Rotation matrix (3, 3), by Rodrigues."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def quaternion(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    return np.concatenate(([np.cos(angle / 2)], np.sin(angle / 2) * np.asarray(axis) / np.linalg.norm(axis)))


def posed(rotation: np.ndarray, at: tuple[float, float, float] = (0, 0, 1.5)) -> Camera:
    """`CAMERA`, turned in its own axes by `rotation`."""
    pose = np.eye(4)
    pose[:3, :3] = LOOKING_ALONG_X[:3, :3] @ rotation
    pose[:3, 3] = at
    return Camera(640, 480, CAMERA.K, None, pose)


def numbers(fields: list[str], digits: int) -> list[float]:
    return [round(float(field), digits) + 0.0 for field in fields[1:]]


# --------------------------------------------------------------------------------- vectors


@pytest.mark.parametrize(
    ("convention", "line"),
    [
        ("edge", "Car 0.00 0 -2.34 378.81 240.00 605.39 337.78 1.50 1.80 4.00 3.00 1.50 12.00 -2.09"),
        ("index", "Car 0.00 0 -2.34 378.31 239.50 604.89 337.28 1.50 1.80 4.00 3.00 1.50 12.00 -2.09"),
    ],
)
def test_an_upright_car_gives_the_published_line(convention: str, line: str) -> None:
    car = objects_of([(12, -3, 0.75)], [SIZE], [YAW_30])
    (fields,), projection, _ = pressed(car, box="full", forward="x", convention=convention)
    assert fields[0] == "Car"
    assert numbers(fields, 2) == numbers(line.split(), 2)
    assert [round(float(field), 6) for field in (fields[3], fields[14])] == [-2.339374, -2.094395]
    assert projection[0, 2] == (320.0 if convention == "edge" else 319.5)


def test_its_corners_are_the_published_ones() -> None:
    (fields,), _, _ = pressed(objects_of([(12, -3, 0.75)], [SIZE], [YAW_30]), forward="x")
    bottom = np.array([(1.2206, 1.5, 13.2821), (2.7794, 1.5, 14.1821), (4.7794, 1.5, 10.7179), (3.2206, 1.5, 9.8179)])
    same_points(devkit_corners(fields), np.concatenate((bottom, bottom * (1, 0, 1))), 1e-4)


def test_a_car_cut_by_the_image_gives_the_published_truncation() -> None:
    (fields,), _, _ = pressed(objects_of([(12, -6.5, 0.75)], [SIZE], [YAW_30]), box="full", forward="x")
    assert numbers(fields, 4)[:1] == [0.6533]
    assert numbers(fields, 6)[2] == -2.590818
    assert numbers(fields, 4)[3:7] == [546.9626, 239.5, 639.0, 337.2801]
    assert numbers(fields, 4)[10:13] == [6.5, 1.5, 12.0]


def tilted_car() -> Objects:
    """The car with its nose 20 degrees up, turned 30 degrees: its local origin at (12, -3, 0)."""
    axes = np.array([[0.813798, 0.469846, -0.342020], [-0.5, 0.866025, 0], [0.296198, 0.171010, 0.939693]])
    turn = about((0, 0, 1), np.pi / 6) @ about((0, 1, 0), np.radians(20))
    assert np.allclose(turn.T, axes, atol=1e-6)
    (yaw_w, _, _, yaw_z), (pitch_w, _, pitch_y, _) = YAW_30, quaternion((0, 1, 0), np.radians(20))
    product = (yaw_w * pitch_w, -yaw_z * pitch_y, yaw_w * pitch_y, yaw_z * pitch_w)  # yaw after pitch
    return objects_of([(12, -3, 0) + axes.T @ (0, 0, 0.75)], [SIZE], [product])


@pytest.mark.parametrize(
    ("policy", "hwl", "location_y"),
    [
        ("project", [1.5, 1.8, 4.0], 1.5452),
        ("enclose", [2.7776, 1.8, 4.2718], 2.184),
        ("level", [1.5, 1.8, 4.0], 1.5452),  # this camera is level already
        ("strict", [-1, -1, -1], -1000),
    ],
)
def test_a_tilted_car_follows_the_policy_asked_for(policy: str, hwl: list[float], location_y: float) -> None:
    (fields,), _, counts = pressed(tilted_car(), tilt=policy, forward="x")
    assert [round(float(field), 4) for field in fields[8:11]] == hwl
    assert round(float(fields[12]), 4) == location_y
    assert counts["tilt_above_5_degrees"] == 1
    if policy == "strict":
        assert " ".join(fields[8:]) == "-1 -1 -1 -1000 -1000 -1000 -10"
        assert fields[3] == "-10"
        assert counts["box3d_tilted"] == 1
    else:
        assert round(float(fields[14]), 6) == -2.094395
        assert [round(float(fields[k]), 4) for k in (11, 13)] == [2.8717, 12.2221]


# ------------------------------------------------------------------- agreement with the devkit


def random_scene(rng: np.random.Generator, count: int) -> Objects:
    """Upright boxes of any yaw in front of a camera that looks along x."""
    centers = rng.uniform((6, -5, 0), (40, 5, 3), (count, 3))
    rotations = [quaternion((0, 0, 1), angle) for angle in rng.uniform(-np.pi, np.pi, count)]
    return objects_of(centers, rng.uniform(0.2, 5, (count, 3)), rotations)


def in_camera(camera: Camera, objects: Objects, row: int) -> np.ndarray:
    """(8, 3): the box's corners from its quaternion (v + 2 q x (q x v + w v)) and the pose, label frame = camera."""
    solid = objects.box3d
    w, q = solid.rotation[row, 0], solid.rotation[row, 1:]
    local = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2 * solid.size[row]
    world = local + 2 * np.cross(q, np.cross(q, local) + w * local) + solid.center[row]
    pose = camera.world_from_camera
    return (world - pose[:3, 3]) @ pose[:3, :3]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("options", [{}, {"forward": "y"}, {"forward": "-x", "up": "z"}, {"tilt": "enclose"}])
def test_the_devkit_finds_the_corners_of_an_upright_box(seed: int, options: dict[str, str]) -> None:
    objects = random_scene(np.random.default_rng(seed), 40)
    lines, projection, counts = pressed(objects, box="full", **options)
    assert counts.get("tilt_above_5_degrees", 0) == 0
    for row, fields in enumerate(lines):
        corners = in_camera(CAMERA, objects, row)
        same_points(devkit_corners(fields), corners, 1e-5)
        pixels = in_image(projection, corners)
        bounds = np.clip(np.concatenate((pixels.min(0), pixels.max(0))), 0, (639, 479, 639, 479))
        assert np.allclose(np.array(fields[4:8], float), bounds, atol=1e-3)


def test_a_box_upside_down_is_level_all_the_same() -> None:
    turned = (0.0, np.cos(np.pi / 12), np.sin(np.pi / 12), 0.0)  # half a turn about a level axis
    lines, _, counts = pressed(objects_of([(12, -3, 0.75)], [SIZE], [turned]), forward="x", tilt="strict")
    assert "tilt_above_5_degrees" not in counts
    assert lines[0][8:11] == ["1.500000", "1.800000", "4.000000"]


@pytest.mark.parametrize("noise", [4e-16, -4e-16, 0.0])
def test_a_car_that_faces_left_does_so_whatever_the_last_bit_says(noise: float) -> None:
    left = (np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4) + noise)  # world y is the image's left
    lines, _, _ = pressed(objects_of([(12, 0, 0.75)], [SIZE], [left]), forward="x")
    assert lines[0][14] == "3.141592"


@pytest.mark.parametrize("seed", range(5))
def test_level_labels_project_exactly_however_the_camera_looks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    objects = random_scene(rng, 20)
    turn = about((1, 0, 0), rng.uniform(-0.6, 0.2)) @ about((0, 1, 0), 0.1) @ about((0, 0, 1), rng.uniform(-0.3, 0.3))
    camera = posed(turn, (0, 0, 4))
    lines, projection, counts = pressed(objects, camera, tilt="level")
    assert "tilt_above_5_degrees" not in counts
    shown = 0
    for row, fields in enumerate(lines):
        corners = in_camera(camera, objects, row)
        if fields[3] == "-10" or (corners[:, 2] < 0.5).any():
            continue
        shown += 1
        expected = camera.project_camera(corners) - 0.5  # index convention
        same_points(in_image(projection, devkit_corners(fields)), expected, 2e-2)
    assert shown > 10


@pytest.mark.parametrize("seed", range(5))
def test_an_enclosing_box_holds_the_tilted_one_and_touches_it_on_all_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    camera = posed(about((1, 0, 0), -0.4), (0, 0, 6))
    objects = random_scene(rng, 20)
    lines, _, counts = pressed(objects, camera, tilt="enclose")
    assert counts["tilt_above_5_degrees"] == 20
    for row, fields in enumerate(lines):
        if fields[3] == "-10":
            continue
        h, w, length, x, y, z, ry = map(float, fields[8:15])
        away = in_camera(camera, objects, row) - (x, y - h / 2, z)
        along = away @ (np.cos(ry), 0, -np.sin(ry))
        across = away @ (np.sin(ry), 0, np.cos(ry))
        for side, extent in ((along, length), (across, w), (away[:, 1], h)):
            assert np.allclose((side.min(), side.max()), (-extent / 2, extent / 2), atol=1e-5)


@pytest.mark.parametrize("policy", ["project", "enclose", "level"])
def test_alpha_agrees_and_angles_stay_in_range(policy: str) -> None:
    rng = np.random.default_rng(11)
    lines, _, _ = pressed(random_scene(rng, 60), posed(about((1, 0, 0), -0.2)), tilt=policy)
    known = [fields for fields in lines if fields[3] != "-10"]
    assert len(known) > 40
    for fields in known:
        alpha, x, z, ry = (float(fields[k]) for k in (3, 11, 13, 14))
        wanted = (ry - np.arctan2(x, z) + np.pi) % (2 * np.pi) - np.pi
        assert abs((alpha - wanted + np.pi) % (2 * np.pi) - np.pi) < 3e-6
        assert -np.pi <= alpha <= np.pi
        assert -np.pi <= ry <= np.pi
        assert z > 0


@pytest.mark.parametrize("noise", [0.0, 1e-13, -1e-13])
def test_rounding_noise_decides_neither_signs_nor_pi(noise: float) -> None:
    facing_left = quaternion((0, 0, 1), np.pi / 2 + noise)
    (fields,), _, _ = pressed(objects_of([(10, noise, 1.5 + noise)], [SIZE], [facing_left]), forward="x")
    assert fields[11:] == ["0.000000", "0.750000", "10.000000", "3.141592"]
    assert fields[3] == "3.141592"


def test_lengths_follow_the_configured_axis_and_the_class() -> None:
    objects = objects_of([(10, 0, 1)] * 2, [(2, 4, 1)] * 2, [(1, 0, 0, 0)] * 2, labels=["Car", "Tram"])
    (car, tram), _, counts = pressed(objects, forward="car=x,*=auto")
    assert [float(field) for field in car[8:11]] == [1, 4, 2]
    assert [float(field) for field in tram[8:11]] == [1, 2, 4]
    assert counts["forward_guessed"] == 1


def test_a_world_with_y_up_is_told_apart() -> None:
    """The same box and camera in a world turned so that y is up."""
    turn = about((1, 0, 0), -np.pi / 2)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn @ LOOKING_ALONG_X[:3, :3], turn @ LOOKING_ALONG_X[:3, 3]
    camera = Camera(640, 480, CAMERA.K, None, pose)
    # Sides along world x, y, z are 4, 1.5, 1.8; the longest lies level.
    objects = objects_of([turn @ (12, -3, 0.75)], [(4, 1.5, 1.8)], [(1, 0, 0, 0)])
    (fields,), _, counts = pressed(objects, camera, world_up="y")
    assert [float(field) for field in fields[8:11]] == [1.5, 1.8, 4]
    assert "tilt_above_5_degrees" not in counts
    (stated,), _, _ = pressed(objects, camera, meta={"world_up": "y"})
    assert stated == fields
    (overruled,), _, _ = pressed(objects, camera, meta={"world_up": "z"}, world_up="y")
    assert overruled == fields
    with pytest.raises(InputError, match="frame a: its meta says world_up='north'"):
        pressed(objects, camera, meta={"world_up": "north"})


def test_a_lens_that_p2_cannot_state_is_named_and_boxes_do_without_it() -> None:
    lens = Distortion("opencv", (0.1, 0.0, 0.0, 0.0))
    bent = Camera(640, 480, CAMERA.K, lens, LOOKING_ALONG_X)
    objects = Objects.build(["Car"], box=[(10.0, 20.0, 30.0, 40.0)], visibility=[1.0])
    with pytest.raises(InputError, match=r"a lens of the model opencv,.*calib=none"):
        pressed(objects, bent)
    (fields,), _, _ = pressed(objects, bent, calib="none")
    assert [float(field) for field in fields[4:8]] == [10, 20, 29, 39]


@pytest.mark.parametrize("name", ["_out_sdrec_adjacentClose", "_out_sdrec_fallRight", "_out_sdrec_mess"])
def test_what_isaac_sim_drew_lies_inside_the_labels_boxes(shared: Path, name: str) -> None:
    """Its 2D boxes come from pixels, its 3D boxes from the scene: in P2 they must agree."""
    (frame,) = basic.FORMAT.read(shared / "basicwriter-palletstability" / name)
    camera = frame.view.camera
    lines, projection, counts = pressed(frame.view.objects, camera, tilt="enclose")
    assert len(lines) + counts.get("hidden", 0) + counts.get("without_box", 0) == len(frame.view.objects)
    compared = 0
    for fields in lines:
        corners = devkit_corners(fields)
        if fields[3] == "-10" or (corners[:, 2] < camera.near).any():
            continue
        compared += 1
        pixels, box = in_image(projection, corners), np.array(fields[4:8], float)
        assert (pixels.min(axis=0) - 0.01 < box[:2]).all()
        assert (pixels.max(axis=0) + 0.01 > box[2:]).all()
    assert compared > 0.9 * len(lines)


# ------------------------------------------------------------------------------ other fields


@pytest.mark.parametrize(
    ("hidden", "level"),
    [(0, "0"), (0.05, "0"), (np.float32(0.05), "0"), (0.051, "1"), (0.5, "1"), (0.51, "2"), (1, "2"), (np.nan, "3")],
)
def test_occlusion_has_four_levels(hidden: float, level: str) -> None:
    objects = objects_of([(12, 0, 1)], [SIZE], [YAW_30], visibility=[1 - hidden])
    (fields,), _, _ = pressed(objects)
    assert fields[2] == level


@pytest.mark.parametrize(
    ("center", "size", "reason"),
    [
        ((-5, 0, 1), SIZE, "box3d_behind"),
        ((12, 0, 1), (4, 1.8, 0), "box3d_flat"),
        ((np.nan,) * 3, SIZE, "box3d_absent"),
    ],
)
def test_what_has_no_usable_3d_box_says_unknown(
    center: tuple[float, ...], size: tuple[float, ...], reason: str
) -> None:
    (fields,), _, counts = pressed(objects_of([center], [size], [YAW_30]))
    assert " ".join(fields[8:]) == "-1 -1 -1 -1000 -1000 -1000 -10"
    assert fields[3] == "-10"
    assert counts[reason] == 1


def test_a_nose_that_points_up_has_no_yaw() -> None:
    objects = objects_of([(12, 0, 1)], [SIZE], [quaternion((0, 1, 0), -1.4)])
    (fields,), _, counts = pressed(objects, forward="x")
    assert fields[14] == "-10"
    assert counts["box3d_steep"] == 1


def test_unknown_truncation_is_minus_one_not_zero() -> None:
    objects = Objects.build(["Car"], box=[(1, 2, 3, 4)], visibility=[1.0])
    (fields,), _, counts = pressed(objects)
    assert fields[1] == "-1"
    assert counts["truncation_unknown"] == 1


def test_crowds_are_dontcare_and_come_last() -> None:
    objects = objects_of(
        [(12, 0, 1)] * 3, [SIZE] * 3, [YAW_30] * 3, labels=["Car", "DontCare", "Van"], crowd=[True, False, False]
    )
    lines, _, counts = pressed(objects)
    assert [fields[0] for fields in lines] == ["Van", "DontCare", "DontCare"]
    assert " ".join(lines[1]) == ("DontCare -1 -1 -10 10.0000 20.0000 29.0000 39.0000 -1 -1 -1 -1000 -1000 -1000 -10")
    assert counts["dontcare"] == 2
    assert counts["forward_guessed"] == 1


def test_objects_without_a_visible_pixel_are_left_out_and_counted() -> None:
    box = np.array([(np.nan,) * 4, (10, 20, 30, 40), (np.nan,) * 4])
    objects = objects_of(
        [(12, 0, 1), (12, 0, 1), (np.nan,) * 3], [SIZE] * 3, [YAW_30] * 3, labels=["Car", "Van", "Tram"], box=box
    )
    lines, _, counts = pressed(objects)
    assert [fields[0] for fields in lines] == ["Van"]
    assert (counts["hidden"], counts["without_box"]) == (1, 1)


def test_a_mask_stands_for_a_box_that_is_not_there() -> None:
    mask = np.zeros((480, 640), bool)
    mask[50:150, 100:300] = True
    (fields,), _, _ = pressed(Objects.build(["Car"], mask=[rle_of(mask)]))
    assert numbers(fields, 4)[3:7] == [100, 50, 299, 149]


def test_visible_boxes_end_at_the_last_pixel() -> None:
    boxes = np.array([(0, 0, 640, 480), (100, 50, 300, 150), (320, 240, 321, 241.0)])
    objects = objects_of([(12, 0, 1)] * 3, [SIZE] * 3, [YAW_30] * 3, box=boxes)
    lines, _, counts = pressed(objects)
    assert [numbers(fields, 4)[3:7] for fields in lines] == [
        [0, 0, 639, 479],
        [100, 50, 299, 149],
        [320, 240, 320, 240],
    ]
    assert counts["one_pixel_wide_or_high"] == 1
    lines, _, _ = pressed(objects, convention="edge")
    assert [numbers(fields, 4)[3:7] for fields in lines] == boxes.tolist()


def test_class_names_become_types_without_blanks_and_stay_different() -> None:
    names = ["fork lift", "fork%20lift", "fork_lift", 'a"b', "it's", "Lkw größer"]
    objects = objects_of([(12, 0, 1)] * 6, [SIZE] * 6, [YAW_30] * 6, labels=names)
    lines, _, _ = pressed(objects)
    kinds = [fields[0] for fields in lines]
    assert kinds == ["fork%20lift", "fork%2520lift", "fork_lift", "a%22b", "it%27s", "Lkw%20größer"]
    assert Counter(map(len, lines)) == {15: 6}


def test_a_score_is_a_sixteenth_field() -> None:
    objects = objects_of([(12, 0, 1)] * 2, [SIZE] * 2, [YAW_30] * 2, score=[0.25, np.nan])
    (scored, plain), _, _ = pressed(objects)
    assert scored[15:] == ["0.250000"]
    assert len(plain) == 15


def test_a_camera_without_a_pose_keeps_the_2d_part() -> None:
    camera = Camera(640, 480, CAMERA.K)
    (fields,), _, counts = pressed(objects_of([(12, 0, 1)], [SIZE], [YAW_30]), camera)
    assert fields[4:8] == ["10.0000", "20.0000", "29.0000", "39.0000"]
    assert fields[14] == "-10"
    assert counts["box3d_without_pose"] == 1


@pytest.mark.parametrize(
    "options",
    [
        {"tilt": "flat"},
        {"box": "tight"},
        {"convention": "pixel"},
        {"forward": "w"},
        {"forward": "car=q"},
        {"up": "north"},
        {"world_up": "w"},
        {"up": "z", "forward": "car=-z"},
        {"images": "bmp"},
        {"colour": "red"},
    ],
)
def test_impossible_options_are_refused_with_the_possible_ones(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        FORMAT.make_writer(options)
