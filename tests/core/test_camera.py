"""The camera against numbers worked out by hand and against its own inverse."""

from __future__ import annotations

import numpy as np
import pytest

from framepress.core import Camera, Distortion
from framepress.errors import InputError

K = np.array([[640.0, 0, 320], [0, 640, 240], [0, 0, 1]])


def test_a_point_on_the_axis_lands_on_the_principal_point() -> None:
    camera = Camera(640, 480, K, world_from_camera=np.eye(4))
    assert camera.project(np.array([[0, 0, 7.0], [3.0, 0.75, 12]])).tolist() == [[320, 240], [480, 280]]


def test_points_behind_the_camera_are_not_mirrored_into_the_image() -> None:
    camera = Camera(640, 480, K, world_from_camera=np.eye(4))
    assert np.isnan(camera.project(np.array([[0, 0, -7.0], [1, 1, 0]]))).all()


def test_depth_unprojects_to_the_points_that_project_back_to_pixel_centres() -> None:
    turn = np.array([[0, 0, 1, 5.0], [-1, 0, 0, -2], [0, -1, 0, 1], [0, 0, 0, 1]])
    camera = Camera(9, 5, [[20, 0, 4.5], [0, 20, 2.5], [0, 0, 1]], world_from_camera=turn)
    depth = np.random.default_rng(1).uniform(1, 9, (5, 9))
    missed = depth.copy()
    missed[2, 4] = np.inf
    assert np.isfinite(camera.unproject(missed)).all(-1).sum() == 5 * 9 - 1
    pixels = camera.project(camera.unproject(depth).reshape(-1, 3)).reshape(5, 9, 2)
    assert np.allclose(pixels[..., 0], np.arange(9) + 0.5)
    assert np.allclose(pixels[..., 1], (np.arange(5) + 0.5)[:, None])


def test_range_becomes_depth() -> None:
    camera = Camera(640, 480, K)
    distance = np.full((480, 640), np.inf, np.float32)
    distance[100, 520] = 10.703530
    depth = camera.depth_from_range(distance)
    assert depth[100, 520] == pytest.approx(10, abs=1e-6)
    assert np.isinf(depth).sum() == 640 * 480 - 1


def test_a_distorted_or_unknown_lens_is_no_pinhole() -> None:
    with pytest.raises(InputError, match="intrinsics are not known"):
        Camera(4, 3).rays()
    with pytest.raises(InputError, match="opencv lens"):
        Camera(4, 3, K, Distortion("opencv", (0.1,))).pinhole()
    with pytest.raises(InputError, match="pose is not known"):
        Camera(4, 3, K).project(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"width": 0}, "size 0 x 3"),
        ({"K": np.full((3, 3), np.nan)}, "not finite"),
        ({"world_from_camera": np.diag([2.0, 1, 1, 1])}, "not a rigid"),
        ({"world_from_camera": np.diag([-1.0, 1, 1, 1])}, "not a rigid"),
        ({"world_from_camera": np.eye(4) + np.eye(4, k=-3)}, "not a rigid"),
    ],
)
def test_an_impossible_camera_is_refused(fields: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Camera(**{"width": 4, "height": 3, **fields})
