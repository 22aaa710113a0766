"""Numbers that Isaac Sim itself stored after real renders, and a car worked out by hand."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from capture.replicator_payloads import boxed, camera_params, payload, rows_2d, rows_3d, transform, view_matrix
from framepress.capture.payload import frame_from_payload
from framepress.core import Frame, View

CUBE = ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))
UPPER_HALF = ((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5))  # what the floor leaves of a cube whose middle is at z = 0


def seen(size: tuple[int, int], params: dict, **annotators: dict) -> View:
    data = payload("renderProduct", {"rp": {"camera_params": params, **annotators}}, size)
    frame, accounts = frame_from_payload(data, frame_id="0000", index=0)
    assert isinstance(frame, Frame)
    assert accounts.unaccounted == 0
    return frame.view


def scaled(scale: tuple[float, float, float], at: tuple[float, float, float]) -> np.ndarray:
    return transform(np.diag(scale), at)


# Isaac Sim's ROS 2 bounding box tests, the same numbers in releases 4.1 to 6.0. Each row: scale, position, extents,
# and the stored inclusive x_min, y_min, x_max, y_max.
STORED = {
    "wide cube in front": ((1.55, 0.4, 1.0), (0, -4, 0.5), CUBE, (163, 52, 1116, 667)),
    "small cube behind, loose": ((0.55, 0.55, 0.55), (1.45, -1.9, 0.52), CUBE, (938, 275, 1139, 433)),
    "right cube on a floor": ((1.5, 1, 1), (2, 0, 0), UPPER_HALF, (853, 360, 1193, 460)),
    "left cube on a floor": ((1, 2, 1), (-1.5, 0, 0), UPPER_HALF, (197, 360, 481, 470)),
    "right cube": ((1.5, 1, 1), (2, 0, 0), CUBE, (853, 360, 1193, 561)),
    "left cube": ((1, 2, 1), (-1.5, 0, 0), CUBE, (197, 360, 481, 581)),
    "tall cube": ((1, 1, 3), (0, 1, 0), CUBE, (555, 189, 724, 700)),
}


def default_camera() -> dict:
    return camera_params(view_matrix((0, -6, 0.5), (0, 0, 0.5)), (1280, 720))


@pytest.mark.parametrize("case", STORED)
def test_projected_outlines_cover_exactly_the_stored_inclusive_pixels(case: str) -> None:
    scale, at, extents, stored = STORED[case]
    rows = rows_3d((*extents, scaled(scale, at)))
    view = seen((1280, 720), default_camera(), bounding_box_3d_fast=boxed(rows, ["cube"], ["/World/Cube"]))
    x0, y0, x1, y1 = view.objects.box_full[0]
    # A pixel belongs to an outline when its centre (i + 0.5) lies inside.
    covered = (math.ceil(x0 - 0.5), math.ceil(y0 - 0.5), math.ceil(x1 - 0.5) - 1, math.ceil(y1 - 0.5) - 1)
    assert covered == stored


@pytest.mark.parametrize("case", STORED)
def test_stored_maxima_are_inclusive(case: str) -> None:
    *_, stored = STORED[case]
    tight = boxed(rows_2d(stored), ["cube"], ["/World/Cube"])
    box = seen((1280, 720), default_camera(), bounding_box_2d_tight_fast=tight).objects.box[0]
    assert box.tolist() == [stored[0], stored[1], stored[2] + 1, stored[3] + 1]


def test_an_occluded_box_starts_on_the_edge_where_its_occluder_ends() -> None:
    rows = rows_2d((163, 52, 1116, 667), (1117, 275, 1139, 433))
    tight = boxed(rows, ["occluder", "occluded"], ["/World/A", "/World/B"])
    box = seen((1280, 720), default_camera(), bounding_box_2d_tight_fast=tight).objects.box
    assert box[0, 2] == box[1, 0] == 1117


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("golden_bbox_two_cubes_occlusion_1280x720_loose", ("wide cube in front", "small cube behind, loose")),
        ("golden_bbox_two_labeled_cubes_grid_env_1280x720", ("right cube on a floor", "left cube on a floor")),
    ],
)
def test_isaac_sims_own_files_hold_these_boxes(shared: Path, name: str, cases: tuple[str, ...]) -> None:
    with (shared / f"isaacsim-golden/ros2_bbox_csv/{name}.csv").open() as file:
        rows = [tuple(float(row[key]) for key in ("x0", "y0", "x1", "y1")) for row in csv.DictReader(file)]
    assert rows == [STORED[case][3] for case in cases]


# PoseWriter's golden files: 512 x 512, focal 24, aperture 20.955.
VIEWS = {
    "rp1": [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, -10, 1]],
    "rp2": [
        [0.70711, 0.57735, -0.40825, 0],
        [-0.70711, 0.57735, -0.40825, 0],
        [0, 0.57735, 0.8165, 0],
        [0, 0, -9.79796, 1],
    ],
}
POINTS = [
    ("rp1", (0, 0, 0), (0, 0, -10), (256, 256)),
    ("rp1", (-1, -1, 0), (-1, 1, -10), (197, 197)),
    ("rp1", (1, 1, 0), (1, -1, -10), (315, 315)),
    ("rp2", (0, 0, 0), (0, 0, -9.798), (256, 256)),
    ("rp2", (-1, -1, 0), (0, -1.1547, -8.9815), (256, 331)),
    ("rp2", (1, 1, 0), (0, 1.1547, -10.6145), (256, 192)),
]


def pose_writer_camera(product: str) -> dict:
    return camera_params(np.array(VIEWS[product]), (512, 512), focal=24.0, aperture=20.954999923706055)


@pytest.mark.parametrize(("product", "world", "opengl", "pixel"), POINTS)
def test_world_points_reach_the_golden_camera_points_and_pixels(
    product: str, world: tuple[float, ...], opengl: tuple[float, ...], pixel: tuple[int, int]
) -> None:
    camera = seen((512, 512), pose_writer_camera(product)).camera
    point = np.array([world], float)
    np.testing.assert_allclose(camera.to_camera(point)[0] * (1, -1, -1), opengl, atol=1e-3)
    np.testing.assert_allclose(camera.project(point)[0], pixel, atol=0.5)


def test_the_golden_intrinsics_come_out() -> None:
    K = seen((512, 512), pose_writer_camera("rp1")).camera.K
    np.testing.assert_allclose(K, [[586.39943, 0, 256], [0, 586.39943, 256], [0, 0, 1]], atol=1e-5)


@pytest.mark.parametrize("product", ["rp1", "rp2"])
def test_pose_writers_cuboids_are_our_3d_boxes(shared: Path, product: str) -> None:
    path = shared / f"isaacsim-golden/pose_writer/_out_test_pose_writer_pinhole/{product}/000000.json"
    document = json.loads(path.read_text())
    stored = document["camera_data"]
    params = camera_params(np.array(stored["camera_view_matrix"]), (512, 512), focal=stored["focal_length"])
    params["cameraProjection"] = np.array(stored["camera_projection_matrix"])
    objects = document["objects"]
    rows = rows_3d(*((*CUBE, np.array(entry["local_to_world_transform"])) for entry in objects))
    labels, paths = [entry["label"] for entry in objects], [entry["prim_path"] for entry in objects]
    view = seen((512, 512), params, bounding_box_3d_fast=boxed(rows, labels, paths))
    corners, boxes = view.objects.box3d.corners(), view.objects.box3d
    for row, entry in enumerate(objects):
        np.testing.assert_allclose(boxes.size[row], entry["size"], atol=1e-5)
        np.testing.assert_allclose(boxes.center[row], entry["location_world_frame"], atol=1e-6)
        world, pixels = (np.array(entry[f"cuboid_keypoints_{kind}"])[1:] for kind in ("world_frame", "projected"))
        nearest = np.linalg.norm(corners[row][:, None] - world[None], axis=2).argmin(1)
        assert sorted(nearest.tolist()) == list(range(8))
        np.testing.assert_allclose(corners[row], world[nearest], atol=1e-5)
        np.testing.assert_allclose(view.camera.project(corners[row]), pixels[nearest], atol=0.51)


# One car: 4.0 x 1.8 x 1.5 m, turned by 30 degrees, 12 m ahead and 3 m to the side of a camera 1.5 m above the ground
# that looks along +x of a Z-up stage; focal 36, aperture 36, 640 x 480 px.
CAR_VIEW = np.array([[0, 0, -1, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, -1.5, 0, 1]])
CAR_AXES = np.array([[0.866025, 0.5, 0], [-0.5, 0.866025, 0], [0, 0, 1]])
CAR = ((-2, -0.9, 0), (2, 0.9, 1.5), transform(CAR_AXES, (12, -3, 0)))
UNIT_CAR = (*CUBE, transform([[3.464102, 2, 0], [-0.9, 1.558846, 0], [0, 0, 1.5]], (12, -3, 0.75)))
PITCHED_AXES = [[0.813798, 0.469846, -0.342020], [-0.5, 0.866025, 0], [0.296198, 0.171010, 0.939693]]


def car_view(row: tuple, metres: float = 1.0) -> View:
    low, high, matrix = (np.array(part, float) for part in row)
    matrix[3, :3] /= metres
    view = CAR_VIEW.astype(float)
    view[3, :3] /= metres
    rows = rows_3d((low / metres, high / metres, matrix))
    params = camera_params(view, (640, 480), focal=36.0, aperture=36.0, metres=metres)
    return seen((640, 480), params, bounding_box_3d_fast=boxed(rows, ["car"], ["/World/Car"]))


def yaw(view: View) -> float:
    """KITTI's rotation_y of the box's first axis."""
    ahead = view.camera.camera_from_world[:3, :3] @ view.objects.box3d.axes()[0][:, 0]
    return math.atan2(-ahead[2], ahead[0])


@pytest.mark.parametrize(
    ("row", "metres"), [(CAR, 1.0), (UNIT_CAR, 1.0), (CAR, 0.01), (UNIT_CAR, 0.01)], ids=["m", "unit", "cm", "unit-cm"]
)
def test_the_worked_car_comes_out_however_its_stage_is_made(row: tuple, metres: float) -> None:
    view = car_view(row, metres)
    boxes, objects = view.objects.box3d, view.objects
    np.testing.assert_allclose(boxes.size[0], (4, 1.8, 1.5), atol=1e-5)
    center = view.camera.to_camera(boxes.center)
    np.testing.assert_allclose(center[0], (3, 0.75, 12), atol=1e-5)
    np.testing.assert_allclose(view.camera.project(boxes.center)[0], (480, 280), atol=1e-3)
    np.testing.assert_allclose(objects.box_full[0], (378.8139, 240.0, 605.3933, 337.7801), atol=1e-3)
    assert yaw(view) == pytest.approx(-2.094395, abs=1e-5)
    assert objects.truncation[0] == 0
    lower = {(1.2206, 1.5, 13.2821), (2.7794, 1.5, 14.1821), (4.7794, 1.5, 10.7179), (3.2206, 1.5, 9.8179)}
    corners = view.camera.to_camera(boxes.corners()[0])
    found = {tuple(corner) for corner in np.round(corners[corners[:, 1] > 0.75], 4).tolist()}
    for corner in lower:
        assert min(math.dist(corner, other) for other in found) < 2e-4


def test_the_worked_car_is_truncated_where_it_leaves_the_image() -> None:
    low, high, matrix = CAR
    matrix = matrix.copy()
    matrix[3, 1] = -6.5
    view = car_view((low, high, matrix))
    np.testing.assert_allclose(view.objects.box_full[0], (547.4626, 240.0, 814.3885, 337.7801), atol=1e-3)
    assert view.objects.truncation[0] == pytest.approx(0.6533, abs=1e-4)


def test_the_worked_car_keeps_its_yaw_when_it_is_pitched() -> None:
    view = car_view((*CAR[:2], transform(PITCHED_AXES, (12, -3, 0))))
    np.testing.assert_allclose(
        view.camera.to_camera(view.objects.box3d.center)[0], (2.871742, 0.795231, 12.222149), atol=1e-5
    )
    assert yaw(view) == pytest.approx(-2.094395, abs=1e-5)
    upwards = view.camera.camera_from_world[:3, :3] @ view.objects.box3d.axes()[0][:, 2]
    assert math.degrees(math.acos(-upwards[1])) == pytest.approx(20, abs=1e-3)
