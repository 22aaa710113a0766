"""Distorted lenses against OpenCV, and rays as the inverse of projection."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framepress.headless.scene import Lens
from framepress.headless.usd.lenses import limit_fisheye, limit_pinhole, project, rays

PINHOLES = {
    "barrel": (-0.3, 0.09, 0.0, 0.0, -0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "pincushion": (0.2, 0.05, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "tangential": (-0.28, 0.07, 1e-3, -2e-3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "rational": (1.2, 0.4, 5e-4, 3e-4, 0.02, 1.5, 0.7, 0.06, 0.0, 0.0, 0.0, 0.0),
    "prism": (-0.1, 0.02, 1e-3, 5e-4, 0.0, 0.02, 0.0, 0.0, 1e-3, -2e-4, -1.5e-3, 3e-4),
}
FISHEYES = {
    "equidistant": (0.0, 0.0, 0.0, 0.0),
    "mild": (0.05, -0.01, 0.002, -0.0005),
    "strong": (-0.12, 0.02, -0.004, 0.0003),
}


def pinhole(name: str, width: int = 192, height: int = 108) -> Lens:
    coefficients = PINHOLES[name]
    limit = limit_pinhole(coefficients)
    return Lens("opencvPinhole", width, height, 100.0, 104.0, 93.5, 56.25, coefficients, max_theta=limit)


def fisheye(name: str, width: int = 192, height: int = 160) -> Lens:
    limit = limit_fisheye(FISHEYES[name])
    return Lens("opencvFisheye", width, height, 55.0, 56.0, 95.0, 82.0, FISHEYES[name], max_theta=limit)


def matrix(lens: Lens) -> np.ndarray:
    return np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1]])


def directions(rng: np.random.Generator, count: int, max_theta: float) -> np.ndarray:
    theta, phi = rng.uniform(0, max_theta, count), rng.uniform(0, 2 * np.pi, count)
    unit = np.stack((np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), axis=1)
    return unit * rng.uniform(0.1, 9, (count, 1))


@pytest.mark.parametrize("name", PINHOLES)
def test_opencv_pinhole_projects_as_opencv(name: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs opencv as a witness")
    lens = pinhole(name)
    points = directions(np.random.default_rng(1), 2000, min(lens.max_theta, 1.2) * 0.999)
    expected, _ = cv2.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), matrix(lens), np.array(lens.coefficients)
    )
    np.testing.assert_allclose(project(lens, points), expected[:, 0], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", FISHEYES)
def test_opencv_fisheye_projects_as_opencv(name: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs opencv as a witness")
    lens = fisheye(name)
    points = directions(np.random.default_rng(2), 2000, min(lens.max_theta, 1.5) * 0.999)
    d = np.array(lens.coefficients)
    expected, _ = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), matrix(lens), d)
    np.testing.assert_allclose(project(lens, points), expected[:, 0], rtol=1e-12, atol=1e-9)


def test_rays_of_a_mild_lens_are_opencvs_undistorted_points() -> None:
    cv2 = pytest.importorskip("cv2", reason="needs opencv as a witness")
    lens = pinhole("tangential", 96, 54)
    u, v = np.meshgrid(np.arange(96) + 0.5, np.arange(54) + 0.5)
    pixels = np.stack((u, v), axis=-1).reshape(-1, 1, 2)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    d = np.array(lens.coefficients)
    undistorted = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)  # OpenCV 4 has it under the first name
    ideal = undistorted(pixels, matrix(lens), d, R=None, P=None, criteria=criteria)[:, 0]
    found = rays(lens).reshape(-1, 3)
    np.testing.assert_allclose(found[:, :2] / found[:, 2:], ideal, atol=1e-9)


@pytest.mark.parametrize("lens", [*map(pinhole, PINHOLES), *map(fisheye, FISHEYES)], ids=[*PINHOLES, *FISHEYES])
def test_projecting_the_rays_gives_the_pixel_centres_again(lens: Lens) -> None:
    found = rays(lens)
    seen = np.isfinite(found).all(axis=-1)
    assert seen.mean() > 0.5
    assert (np.isnan(found).all(axis=-1) == ~seen).all()
    np.testing.assert_allclose(np.linalg.norm(found[seen], axis=-1), 1, atol=1e-15)
    u, v = np.meshgrid(np.arange(lens.width) + 0.5, np.arange(lens.height) + 0.5)
    # Where the lens folds its slope is 0, and a pixel says little about the angle: stay a hair away.
    inner = seen & (np.arccos(np.clip(found[..., 2], -1, 1)) < lens.max_theta * (1 - 1e-6))
    np.testing.assert_allclose(project(lens, found[inner]), np.stack((u, v), axis=-1)[inner], atol=1e-9)


@pytest.mark.parametrize("lens", [*map(pinhole, PINHOLES), *map(fisheye, FISHEYES)], ids=[*PINHOLES, *FISHEYES])
def test_every_pixel_that_some_direction_falls_on_has_its_ray(lens: Lens) -> None:
    aimed = directions(np.random.default_rng(3), 20000, min(lens.max_theta, 3.1) * 0.9999)
    pixels = project(lens, aimed)
    assert np.isfinite(pixels).all()
    inside = ((pixels >= 0) & (pixels < (lens.width, lens.height))).all(axis=1)
    one = Lens(lens.model, 1, 1, lens.fx, lens.fy, 0, 0, lens.coefficients, max_theta=lens.max_theta)
    unit = aimed / np.linalg.norm(aimed, axis=1, keepdims=True)
    for direction, (u, v) in list(zip(unit[inside], pixels[inside], strict=True))[:300]:
        shifted = Lens(
            one.model,
            1,
            1,
            lens.fx,
            lens.fy,
            lens.cx - u + 0.5,
            lens.cy - v + 0.5,
            one.coefficients,
            max_theta=one.max_theta,
        )
        # Near the limit a small error of the pixel is a large one of the angle.
        np.testing.assert_allclose(rays(shifted)[0, 0], direction, atol=1e-7)


@pytest.mark.parametrize("lens", [*map(pinhole, PINHOLES), *map(fisheye, FISHEYES)], ids=[*PINHOLES, *FISHEYES])
def test_directions_turn_back_only_beyond_the_limit(lens: Lens) -> None:
    top = min(lens.max_theta, 1.55 if lens.model == "opencvPinhole" else math.pi)
    theta = np.linspace(0, top, 2000)[:-1]
    for phi in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        line = np.stack((np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), axis=1)
        away = np.linalg.norm((project(lens, line) - (lens.cx, lens.cy)) / (lens.fx, lens.fy), axis=1)
        assert (np.diff(away) > 0).all()
    if lens.max_theta < math.pi:
        beyond = [math.sin(lens.max_theta + 1e-9), 0, math.cos(lens.max_theta + 1e-9)]
        assert np.isnan(project(lens, np.array([beyond]))).all()


@pytest.mark.parametrize("name", ["barrel", "strong"])
def test_the_limit_lies_where_the_slope_is_zero(name: str) -> None:
    if name == "strong":
        k = FISHEYES[name]
        theta = np.linspace(0, math.pi, 400_001)
        radius = theta * (1 + sum(c * theta ** (2 * i + 2) for i, c in enumerate(k)))
        limit = limit_fisheye(k)
    else:
        k1, k2, _, _, k3 = PINHOLES[name][:5]
        theta = np.linspace(0, 1.57, 400_001)
        r = np.tan(theta)
        radius = r * (1 + k1 * r**2 + k2 * r**4 + k3 * r**6)
        limit = limit_pinhole(PINHOLES[name])
    turns = np.flatnonzero(np.diff(radius) <= 0)
    expected = theta[turns[0]] if len(turns) else theta[-1]
    assert limit == pytest.approx(expected, abs=1e-4)


def test_an_ideal_pinhole_sees_what_is_before_it() -> None:
    lens = Lens("pinhole", 7, 5, 10.0, 12.0, 3.5, 2.5)
    pixels = project(lens, np.array([[0.1, -0.2, 1], [0, 0, -1], [1, 0, 0], [0, 0, 0], [np.nan, 0, 1]]))
    np.testing.assert_allclose(pixels[0], (4.5, 0.1))
    assert np.isnan(pixels[1:]).all()
    np.testing.assert_array_equal(rays(lens)[2, 3], (0, 0, 1))
    np.testing.assert_allclose(rays(lens)[0, 0] / rays(lens)[0, 0, 2], (-0.3, -2 / 12, 1))


def test_a_fisheye_sees_behind_itself() -> None:
    lens = fisheye("equidistant")
    theta = math.radians(110)
    found = project(lens, np.array([[math.sin(theta), 0, math.cos(theta)]]))
    np.testing.assert_allclose(found, [[95 + 55 * theta, 82]])


def test_a_pole_of_the_rational_model_ends_the_field_of_view() -> None:
    coefficients = (0.0, 0.0, 0.0, 0.0, 0.0, -0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert limit_pinhole(coefficients) == pytest.approx(math.atan(2))
