"""Scenes that Isaac Sim itself rendered, drawn by the stand-in: its frames hold the numbers that are stored.

The boxes are of Isaac Sim's ROS 2 bounding box tests (releases 4.1 to 6.0), the vectors, pixels and visibilities of its
PoseWriter test (6.0.1).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, UsdGeom

from headless.staging import camera, cube, labelled, opened, product, seen, with_lens

SIZE = (1280, 720)
AMONG = ("tight", "loose")

# Scene: its floor at z = 0 or none, and its cubes: path -> (position, scale, label).
SCENES: dict[str, tuple[bool, dict[str, Any]]] = {
    "one before another": (
        False,
        {
            "/World/Front": ((0, -4, 0.5), (1.55, 0.4, 1), "front"),
            "/World/Behind": ((1.45, -1.9, 0.52), (0.55, 0.55, 0.55), "behind"),
        },
    ),
    "two": (
        False,
        {"/World/Right": ((2, 0, 0), (1.5, 1, 1), "right"), "/World/Left": ((-1.5, 0, 0), (1, 2, 1), "left")},
    ),
    "tall": (False, {"/World/Tall": ((0, 1, 0), (1, 1, 3), "tall")}),
}
SCENES["two on a floor"] = (True, SCENES["two"][1])

# Scene, annotator, path, and the stored inclusive x_min, y_min, x_max, y_max.
STORED = [
    ("one before another", "loose", "/World/Front", (163, 52, 1116, 667)),
    ("one before another", "tight", "/World/Front", (163, 52, 1116, 667)),
    ("one before another", "loose", "/World/Behind", (938, 275, 1139, 433)),
    ("one before another", "tight", "/World/Behind", (1117, 275, 1139, 433)),
    ("two on a floor", "tight", "/World/Right", (853, 360, 1193, 460)),
    ("two on a floor", "tight", "/World/Left", (197, 360, 481, 470)),
    ("two", "tight", "/World/Right", (853, 360, 1193, 561)),
    ("two", "tight", "/World/Left", (197, 360, 481, 581)),
    ("tall", "tight", "/World/Tall", (555, 189, 724, 700)),
]


def drawn(scene: str) -> dict[str, dict[str, Any]]:
    """tight, loose -> path -> row of the frame that the stand-in makes of a scene."""
    floor, cubes = SCENES[scene]
    stage = opened().stage
    for path, (at, scale, label) in cubes.items():
        cube(stage, path, label, at=at, scale=scale)
    if floor:
        plane = UsdGeom.Plane.Define(stage, "/World/Floor")
        plane.CreateWidthAttr(100)
        plane.CreateLengthAttr(100)
    eye = camera(stage, "/World/Camera", (0, -6, 0.5), (0, 0, 0.5))
    names = [f"bounding_box_2d_{kind}_fast" for kind in AMONG]
    frame = seen(product(eye, SIZE), *names)
    return {
        kind: dict(zip(frame[name]["primPaths"], frame[name]["data"], strict=True))
        for kind, name in zip(AMONG, names, strict=True)
    }


@pytest.mark.parametrize(("scene", "kind", "path", "stored"), STORED)
def test_a_drawn_cube_has_the_stored_box(scene: str, kind: str, path: str, stored: tuple[int, ...]) -> None:
    row = drawn(scene)[kind][path]
    assert tuple(int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")) == stored


def test_the_boxes_are_those_of_isaac_sims_own_files(shared: Path) -> None:
    files = shared / "isaacsim-golden/ros2_bbox_csv"
    for stem, scene, kind in [
        ("two_cubes_occlusion_1280x720_tight", "one before another", "tight"),
        ("two_cubes_occlusion_1280x720_loose", "one before another", "loose"),
        ("two_labeled_cubes_grid_env_1280x720", "two on a floor", "tight"),
    ]:
        lines = (files / f"golden_bbox_{stem}.csv").read_text().splitlines()[1:]
        rows = drawn(scene)[kind]
        found = [[row[name] for name in ("x_min", "y_min", "x_max", "y_max")] for row in rows.values()]
        assert found == [[float(number) for number in line.split(",")[1:]] for line in lines]


# The PoseWriter's scene: three cubes of edge 1, two cameras, 512 x 512 px, focal 24, aperture 20.955.
CUBES = {
    "/World/Cube1": ("cube", np.eye(4)),
    "/World/Cube2": (
        "cube_rotated",
        [[0.70710677, 0.70710677, 0, 0], [-0.70710677, 0.70710677, 0, 0], [0, 0, 1, 0], [-1, -1, 0, 1]],
    ),
    "/World/Cube3": (
        "cube_scaled",
        [
            [0.6339274048805237, 0, -1.3594616651535034, 0],
            [0.43771305680274963, 0.129409521818161, 0.20410895347595215, 0],
            [0.23456971347332, -0.9659258127212524, 0.10938165336847305, 0],
            [1, 1, 0, 1],
        ],
    ),
}
VIEWS = {
    "rp1": [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, -10, 1]],
    "rp2": [
        [0.70711, 0.57735, -0.40825, 0],
        [-0.70711, 0.57735, -0.40825, 0],
        [0, 0.57735, 0.8165, 0],
        [0, 0, -9.79796, 1],
    ],
}
EYES = {"rp1": (0, 0, 10), "rp2": (-4, -4, 8)}
PROJECTION = [[2.29062, 0, 0, 0], [0, 2.29062, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
POINTS = [
    ("rp1", (0, 0, 0), (0, 0, -10), (256, 256)),
    ("rp1", (-1, -1, 0), (-1, 1, -10), (197, 197)),
    ("rp1", (1, 1, 0), (1, -1, -10), (315, 315)),
    ("rp2", (0, 0, 0), (0, 0, -9.798), (256, 256)),
    ("rp2", (-1, -1, 0), (0, -1.1547, -8.9815), (256, 331)),
    ("rp2", (1, 1, 0), (0, 1.1547, -10.6145), (256, 192)),
]
# What the renderer saw of each cube, 1 - occlusionRatio, to three places.
VISIBLE = {
    ("pinhole", "rp1"): (1.0, 1.0, 1.0),
    ("pinhole", "rp2"): (0.906, 1.0, 0.927),
    ("pinholeOpenCV", "rp1"): (1.0, 1.0, 1.0),
    ("pinholeOpenCV", "rp2"): (0.913, 1.0, 0.928),
}


def pose_writer_frame(name: str, model: str = "pinhole") -> dict[str, Any]:
    stage = opened().stage
    for path, (label, matrix) in CUBES.items():
        prim = UsdGeom.Cube.Define(stage, path)
        prim.CreateSizeAttr(1.0)
        prim.AddTransformOp().Set(Gf.Matrix4d(np.array(matrix, float).tolist()))
        labelled(prim, label)
    up = (-1, 0, 0) if name == "rp1" else (0, 0, 1)  # the one that looks straight down has its top towards -x
    eye = camera(stage, f"/World/{name}", EYES[name], focal=24.0, near=1.0, up=up)
    if model == "pinholeOpenCV":  # the focal length that the stored key points were projected with
        with_lens(eye, "opencvPinhole", (512, 512), fx=400, fy=400, cx=256, cy=256)
    return seen(product(eye, (512, 512), name), "camera_params", "bounding_box_3d_fast", "bounding_box_2d_tight_fast")


@pytest.mark.parametrize("name", VIEWS)
def test_the_pose_writers_cameras_have_the_stored_matrices(name: str) -> None:
    params = pose_writer_frame(name)["camera_params"]
    np.testing.assert_allclose(params["cameraViewTransform"].reshape(4, 4), VIEWS[name], atol=4e-5)
    np.testing.assert_allclose(params["cameraProjection"].reshape(4, 4), PROJECTION, atol=5e-6)
    np.testing.assert_allclose(params["cameraAperture"], (20.955, 15.2908), rtol=1e-6)
    assert params["cameraFocalLength"] == 24.0
    assert params["renderProductResolution"].tolist() == [512, 512]


@pytest.mark.parametrize(("name", "world", "seen_at", "pixel"), POINTS)
def test_world_points_have_the_stored_places_and_pixels(
    name: str, world: tuple[float, ...], seen_at: tuple[float, ...], pixel: tuple[int, int]
) -> None:
    params = pose_writer_frame(name)["camera_params"]
    view, projection = (params[key].reshape(4, 4) for key in ("cameraViewTransform", "cameraProjection"))
    point = np.array([*world, 1.0]) @ view
    np.testing.assert_allclose(point[:3], seen_at, atol=1e-4)
    assert pixels_of(point[None], projection).round()[0].tolist() == list(pixel)


def pixels_of(points: Any, projection: Any) -> Any:
    """Points (N, 4) of the camera's space, as the contract projects them, px of a picture of 512 x 512."""
    clip = points @ projection
    ndc = clip[:, :2] / clip[:, 3:]
    return np.stack([(ndc[:, 0] + 1) * 256, (1 - ndc[:, 1]) * 256], axis=1)


@pytest.mark.parametrize("name", VIEWS)
def test_3d_boxes_have_the_stored_54_key_points(shared: Path, name: str) -> None:
    stored = json.loads(
        (shared / f"isaacsim-golden/pose_writer/_out_test_pose_writer_pinhole/{name}/000000.json").read_text()
    )
    frame = pose_writer_frame(name)
    view, projection = (
        frame["camera_params"][key].reshape(4, 4) for key in ("cameraViewTransform", "cameraProjection")
    )
    boxes = frame["bounding_box_3d_fast"]
    assert boxes["primPaths"] == [entry["prim_path"] for entry in stored["objects"]]
    for row, entry in zip(boxes["data"], stored["objects"], strict=True):
        low, high = ([row[f"{axis}_{end}"] for axis in "xyz"] for end in ("min", "max"))
        # LDB, LDF, LUB, LUF, RDB, ...: x changes slowest, z fastest.
        corners = [[x[0], y[1], z[2]] for x in (low, high) for y in (low, high) for z in (low, high)]
        local = np.array([np.mean([low, high], axis=0), *corners])
        world = np.c_[local, np.ones(9)] @ row["transform"].astype(float)
        np.testing.assert_allclose(row["transform"], entry["local_to_world_transform"], atol=1e-6)
        np.testing.assert_allclose(world[:, :3], entry["cuboid_keypoints_world_frame"], atol=1e-6)
        pixels = pixels_of(world @ view, projection)
        assert np.abs(pixels - entry["cuboid_keypoints_projected"]).max() <= 0.5 + 1e-3
        assert boxes["idToLabels"][int(row["semanticId"])] == {"class": entry["label"]}


@pytest.mark.parametrize(("model", "name"), VISIBLE)
def test_occlusion_is_what_isaac_sim_counted(model: str, name: str) -> None:
    frame = pose_writer_frame(name, model)
    for annotator in ("bounding_box_3d_fast", "bounding_box_2d_tight_fast"):
        assert frame[annotator]["primPaths"] == list(CUBES)
        visible = 1 - frame[annotator]["data"]["occlusionRatio"].astype(float)
        assert visible.round(3).tolist() == list(VISIBLE[model, name])


def test_the_visibilities_are_those_of_isaac_sims_own_files(shared: Path) -> None:
    for (model, name), visible in VISIBLE.items():
        path = shared / f"isaacsim-golden/pose_writer/_out_test_pose_writer_{model}/{name}/000000.json"
        stored = json.loads(path.read_text())["objects"]
        assert [entry["prim_path"] for entry in stored] == list(CUBES)
        assert tuple(entry["visibility"] for entry in stored) == visible
