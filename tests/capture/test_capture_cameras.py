"""camera_params: intrinsics, pose, lenses and units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capture.replicator_payloads import camera_params, view_matrix
from framepress.capture.accounts import Accounts
from framepress.capture.cameras import camera_of, intrinsics_from_aperture, intrinsics_from_projection
from framepress.core import Camera
from framepress.errors import InputError

SIZE = (640, 480)
VIEW = view_matrix((3, -4, 2), (0, 0, 1))


def made(view: np.ndarray = VIEW, size: tuple[int, int] = SIZE, **others: Any) -> tuple[Camera, Accounts]:
    accounts = Accounts()
    return camera_of(camera_params(view, size, **others), size, accounts, "camera_params"), accounts


def test_pixels_are_those_of_opengls_own_chain() -> None:
    rng = np.random.default_rng(0)
    params = camera_params(VIEW, SIZE)
    params["cameraProjection"] = params["cameraProjection"].reshape(4, 4).copy()
    params["cameraProjection"][2, :2] = 0.3, -0.2  # a principal point off the middle
    camera = camera_of(params, SIZE, Accounts(), "")
    world = rng.uniform(-1, 1, (50, 3)) + np.array([0, 2, 0.5])
    clip = np.c_[world, np.ones(50)] @ VIEW @ params["cameraProjection"]
    expected = np.c_[(clip[:, 0] / clip[:, 3] + 1) * 320, (1 - clip[:, 1] / clip[:, 3]) * 240]
    np.testing.assert_allclose(camera.project(world), expected, atol=1e-9)


def test_the_camera_is_where_it_was_put_and_looks_where_it_was_pointed() -> None:
    camera, _ = made()
    pose = camera.world_from_camera
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], (3, -4, 2), atol=1e-12)
    np.testing.assert_allclose(pose[:3, 2], np.array((-3, 4, -1)) / np.sqrt(26), atol=1e-12)  # z forward
    assert pose[2, 1] < -0.9  # y down
    np.testing.assert_allclose(pose[2, 0], 0, atol=1e-12)  # x level


def test_the_ground_camera_has_the_textbook_quaternion() -> None:
    # At (0, 0, 1.5) along world +x, Z up: optical to world is w x y z = (-0.5, 0.5, -0.5, 0.5) or its negative.
    pose = made(view_matrix((0, 0, 1.5), (1, 0, 1.5)))[0].world_from_camera
    assert pose is not None
    np.testing.assert_allclose(pose[:3, :3], [[0, 0, 1], [-1, 0, 0], [0, -1, 0]], atol=1e-12)


def test_the_vertical_aperture_plays_no_part() -> None:
    K = made(size=(1280, 720))[0].K
    assert K is not None
    assert K[0, 0] == pytest.approx(1108.5125, abs=1e-3)
    assert K[1, 1] == pytest.approx(K[0, 0], abs=1e-9)
    assert (K[0, 2], K[1, 2]) == (640, 360)


def test_aperture_offsets_shift_the_principal_point_as_usd_does() -> None:
    params = {"cameraAperture": (36.0, 27.0), "cameraFocalLength": 36.0, "cameraApertureOffset": (3.6, 1.35)}
    K = intrinsics_from_aperture(params, SIZE)
    assert K.tolist() == [[640, 0, 256], [0, 640, 264], [0, 0, 1]]


def test_a_projection_that_differs_from_the_aperture_is_taken_and_counted() -> None:
    params = camera_params(VIEW, SIZE)
    params["cameraApertureOffset"] = np.array([0.5, 0], np.float32)
    accounts = Accounts()
    K = camera_of(params, SIZE, accounts, "here").K
    assert K is not None
    assert K[0, 2] == 320
    (example,) = accounts.examples["camera: projection and aperture disagree, projection taken"]
    assert example == "here: 15.271 px"


def test_agreeing_sources_are_not_counted() -> None:
    assert made()[1].counts == {}


def test_a_scaled_camera_keeps_its_place_and_rays() -> None:
    camera, accounts = made(np.linalg.inv(np.diag([0.01, 0.01, 0.01, 1]) @ np.linalg.inv(VIEW)))
    np.testing.assert_allclose(camera.world_from_camera, made()[0].world_from_camera, atol=1e-12)
    assert accounts.counts == {"camera: pose has a scale, removed": 1}


@pytest.mark.parametrize(
    "axes", [np.diag([2.0, 1, 1]), np.diag([-1.0, 1, 1]), np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1]])]
)
def test_a_camera_that_is_stretched_sheared_or_mirrored_is_refused(axes: np.ndarray) -> None:
    pose = np.eye(4)
    pose[:3, :3] = axes
    with pytest.raises(InputError, match=r"camera_params: cameraViewTransform stretches, shears or mirrors.*scale"):
        made(np.linalg.inv(pose @ np.linalg.inv(VIEW)))


def test_a_centimetre_stage_is_exactly_a_hundredth() -> None:
    view = view_matrix((300, -400, 200), (0, 0, 100))
    camera, _ = made(view, metres=0.01)
    np.testing.assert_allclose(camera.world_from_camera, made()[0].world_from_camera, atol=1e-14)
    assert camera.near == pytest.approx(0.01)


@pytest.mark.parametrize("model", ["pinholeOpenCV", "fisheyeKannalaBrandt", "omniDirectionalStereo"])
def test_a_lens_whose_coefficients_are_not_sent_has_no_intrinsics(model: str) -> None:
    camera, accounts = made(cameraModel=model, cameraOpenCVFx=500.0)
    assert camera.K is None
    assert camera.distortion is None
    assert camera.world_from_camera is not None
    assert accounts.counts == {"camera: lens is no pinhole, K not derived": 1}
    with pytest.raises(InputError, match="intrinsics are not known"):
        camera.pinhole()


def test_a_polynomial_fisheye_keeps_its_parameters_and_is_no_pinhole() -> None:
    camera, _ = made(
        cameraModel="fisheyePolynomial",
        cameraFisheyePolynomial=np.array([0, 0.002, 0, 1e-9, 0], np.float32),
        cameraFisheyeNominalWidth=1936,
        cameraFisheyeNominalHeight=1216,
        cameraFisheyeOpticalCentre=np.array([970.94, 600.37], np.float32),
    )
    assert camera.K is None
    assert camera.distortion is not None
    assert camera.distortion.model == "ftheta"
    np.testing.assert_allclose(
        camera.distortion.coefficients, [1936, 1216, 970.94, 600.37, 0, 0.002, 0, 1e-9, 0], rtol=1e-6
    )


def test_an_orthographic_camera_has_no_intrinsics() -> None:
    camera, accounts = made(cameraProjection=np.diag([0.1, 0.1, -0.1, 1.0]).ravel())
    assert camera.K is None
    assert accounts.counts == {"camera: orthographic, K not derived": 1}


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"cameraProjection": camera_params(VIEW, SIZE)["cameraProjection"].reshape(4, 4).T}, "transposed"),
        ({"cameraProjection": np.zeros(15)}, "16 finite numbers"),
        ({"cameraViewTransform": np.full(16, np.nan)}, "cameraViewTransform must be 16 finite numbers"),
        ({"cameraViewTransform": np.zeros(16)}, "cannot be inverted"),
        ({"metersPerSceneUnit": 0.0}, "metersPerSceneUnit 0.0"),
        ({"metersPerSceneUnit": float("nan")}, "metersPerSceneUnit nan"),
        ({"cameraNearFar": (float("nan"), 5)}, "cameraNearFar"),
        ({"renderProductResolution": (480, 640)}, "belong to another camera"),
    ],
)
def test_parameters_of_no_camera_are_refused(others: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"camera_params: .*{message}"):
        made(**others)


def test_a_projection_with_an_infinite_far_plane_gives_the_same_intrinsics() -> None:
    near_far = np.array([[2, 0, 0, 0], [0, 3, 0, 0], [0.1, 0.2, -1.002, -1], [0, 0, -0.02, 0.0]])
    reversed_z = np.array([[2, 0, 0, 0], [0, 3, 0, 0], [0.1, 0.2, 0, -1], [0, 0, 1, 0.0]])
    first, second = (intrinsics_from_projection(matrix, SIZE) for matrix in (near_far, reversed_z))
    assert first.tolist() == second.tolist() == [[640, 0, 288], [0, 720, 288], [0, 0, 1]]
