"""camera_params against the key list of Replicator's contract and numbers that Isaac Sim stored."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.errors import InputError, OptionError
from framepress.headless.payloads import value
from framepress.headless.scene import Lens, SceneCamera
from headless.fake_shot import APERTURE, FOCAL, HEIGHT, WIDTH, camera, scene, shot

KEYS: dict[str, Any] = {
    "cameraFocalLength": float,
    "cameraAperture": (np.float32, (2,)),
    "cameraApertureOffset": (np.float32, (2,)),
    "cameraFocusDistance": float,
    "cameraFStop": float,
    "cameraModel": str,
    "cameraNearFar": (np.float32, (2,)),
    "cameraProjection": (np.float64, (16,)),
    "cameraViewTransform": (np.float64, (16,)),
    "metersPerSceneUnit": float,
    "renderProductResolution": (np.int32, (2,)),
    "cameraFisheyeNominalWidth": int,
    "cameraFisheyeNominalHeight": int,
    "cameraFisheyeOpticalCentre": (np.float32, (2,)),
    "cameraFisheyeMaxFOV": float,
    "cameraFisheyePolynomial": (np.float32, (5,)),
    "cameraFisheyeLensP": (np.float32, (0,)),
    "cameraFisheyeLensS": (np.float32, (0,)),
}
OPENCV = {"cameraOpenCVFx": float, "cameraOpenCVFy": float}


@pytest.mark.parametrize(("release", "more"), [("4.5", {}), ("5.0", {}), ("5.1", OPENCV), ("6.0", OPENCV)])
def test_keys_and_types_are_those_of_the_release(release: str, more: dict[str, Any]) -> None:
    made = value("camera_params", shot(), release=release)
    assert made.data is None
    found = {
        key: (entry.dtype.type, entry.shape) if isinstance(entry, np.ndarray) else type(entry)
        for key, entry in made.info.items()
    }
    six = {"cameraFisheyePolynomial": (np.float32, (6,))} if release == "6.0" else {}
    assert found == {**KEYS, **more, **six}


def test_a_release_that_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match=r"release '7\.0' is not known; choose one of 4\.5, 5\.0, 5\.1, 6\.0"):
        value("camera_params", shot(), release="7.0")
    assert "cameraOpenCVFx" in value("camera_params", shot(), release="6.0.1").info


def test_the_view_takes_row_vectors_to_a_camera_that_looks_along_minus_z() -> None:
    info = value("camera_params", shot()).info
    view = info["cameraViewTransform"].reshape(4, 4)
    # The camera is at (1, -6, 2) and looks along +y: five ahead, two to the right, one up.
    np.testing.assert_allclose(np.array([3, -1, 3, 1]) @ view, (2, 1, -5, 1))
    assert info["renderProductResolution"].tolist() == [WIDTH, HEIGHT]
    np.testing.assert_allclose(info["cameraAperture"], (APERTURE, 15.25))


def test_the_projection_puts_a_point_on_its_pixel_and_reverses_depth() -> None:
    lens = camera(cx=11.0, cy=8.5).lens
    P = value("camera_params", shot(camera=camera(cx=11.0, cy=8.5))).info["cameraProjection"].reshape(4, 4)
    for x, y, forward in ((0, 0, 3), (1.5, -0.5, 4)):
        clip = np.array([x, y, -forward, 1]) @ P
        ndc = clip[:3] / clip[3]
        u, v = (ndc[0] + 1) * WIDTH / 2, (1 - ndc[1]) * HEIGHT / 2
        np.testing.assert_allclose((u, v), (lens.fx * x / forward + lens.cx, lens.cy - lens.fy * y / forward))
    for forward, depth in ((lens.near, 1), (lens.far, 0)):
        clip = np.array([0, 0, -forward, 1]) @ P
        np.testing.assert_allclose(clip[2] / clip[3], depth, atol=1e-12)


def test_units_pass_through_single_precision() -> None:
    info = value("camera_params", shot(scene=scene(meters_per_unit=0.01))).info
    assert info["metersPerSceneUnit"] == 0.009999999776482582


def distorted(model: Any, coefficients: tuple[float, ...]) -> SceneCamera:
    lens = Lens(model, WIDTH, HEIGHT, 15.5, 16.5, 11.0, 7.5, coefficients, 0.1, 100.0, 1.2)
    return replace(camera(), lens=lens)


def test_an_opencv_lens_tells_centre_and_focal_lengths_but_not_in_its_projection() -> None:
    made = shot(camera=distorted("opencvPinhole", (0.1,) + (0.0,) * 11))
    info = value("camera_params", made).info
    assert info["cameraModel"] == "pinholeOpenCV"
    assert info["cameraFisheyeOpticalCentre"].tolist() == [11.0, 7.5]
    assert (info["cameraOpenCVFx"], info["cameraOpenCVFy"]) == (15.5, 16.5)
    assert (info["cameraFisheyeNominalWidth"], info["cameraFisheyeNominalHeight"]) == (WIDTH, HEIGHT)
    assert info["cameraProjection"].reshape(4, 4)[0, 0] == pytest.approx(2 * FOCAL / APERTURE)
    assert "cameraOpenCVFx" not in value("camera_params", made, release="5.0").info


def test_a_fisheye_tells_its_field_of_view_in_degrees() -> None:
    info = value("camera_params", shot(camera=distorted("opencvFisheye", (0.0,) * 4))).info
    assert info["cameraModel"] == "fisheyeOpenCV"
    assert info["cameraFisheyeMaxFOV"] == pytest.approx(math.degrees(2.4))


def test_a_camera_without_its_attributes_is_refused() -> None:
    with pytest.raises(InputError, match=r"camera /World/Camera: focalLength, .*fStop not given"):
        value("camera_params", shot(camera=replace(camera(), attributes={})))


GOLDEN = Path(__file__).parents[3] / "shared/data/isaacsim-golden/pose_writer"
golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="Isaac Sim's golden poses are not beside this checkout")


@golden
@pytest.mark.parametrize(
    ("folder", "near", "far"), [("pinhole", 1.0, 1e6), ("pinholeOpenCV", 0.1, 100.0)], ids=["pinhole", "opencv"]
)
def test_the_projection_is_the_one_that_isaac_sim_stored(folder: str, near: float, far: float) -> None:
    path = GOLDEN / f"_out_test_pose_writer_{folder}" / "rp1" / "000000.json"
    stored = json.loads(path.read_text())["camera_data"]
    (width, height), (across, down) = stored["resolution"], stored["aperture"]
    attributes = {**camera().attributes, "focalLength": stored["focal_length"]}
    attributes |= {"horizontalAperture": across, "verticalAperture": down}
    f = stored["intrinsics"]["fx"]
    lens = Lens("pinhole", width, height, f, f, width / 2, height / 2, (), near, far)
    if folder == "pinholeOpenCV":
        lens = replace(lens, model="opencvPinhole", fx=500.0, fy=510.0, coefficients=(0.1,) + (0.0,) * 11)
    view = np.array(stored["camera_view_matrix"])
    info = value("camera_params", shot(camera=SceneCamera("/World/Camera", lens, view, attributes))).info
    np.testing.assert_allclose(info["cameraProjection"].reshape(4, 4), stored["camera_projection_matrix"], atol=1.1e-5)
    np.testing.assert_array_equal(info["cameraViewTransform"].reshape(4, 4), view)
    assert info["cameraAperture"].tolist() == [across, down]


@golden
def test_key_points_land_where_isaac_sim_drew_them() -> None:
    for product in ("rp1", "rp2"):
        document = json.loads((GOLDEN / "_out_test_pose_writer_pinhole" / product / "000000.json").read_text())
        stored = document["camera_data"]
        (width, height), f = stored["resolution"], stored["intrinsics"]["fx"]
        lens = Lens("pinhole", width, height, f, f, width / 2, height / 2, (), 1.0, 1e6)
        made = shot(camera=SceneCamera("/C", lens, np.array(stored["camera_view_matrix"]), camera().attributes))
        info = value("camera_params", made).info
        through = info["cameraViewTransform"].reshape(4, 4) @ info["cameraProjection"].reshape(4, 4)
        for thing in document["objects"]:
            world = np.array(thing["cuboid_keypoints_world_frame"])
            clip = np.concatenate([world, np.ones((len(world), 1))], axis=1) @ through
            ndc = clip[:, :2] / clip[:, 3:]
            pixels = (ndc * (1, -1) + 1) * (width / 2, height / 2)
            assert np.abs(pixels - np.array(thing["cuboid_keypoints_projected"])).max() < 0.51
