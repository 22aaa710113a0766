"""The kernels' lenses against float64, and bounds that must hold every pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_scenes import Part, camera_at, geometry, lens_of, scene_of

pytest.importorskip("warp", reason="rendering needs warp-lang")

import warp as wp

from framepress.errors import OptionError
from framepress.headless.buffers import Passes
from framepress.headless.render import modules
from framepress.headless.render.cameras import optics
from framepress.headless.render.kernels.lens import on_screen, ray
from framepress.headless.render.kernels.structs import Cam
from framepress.headless.render.renderer import Renderer
from framepress.headless.usd import lenses

BARREL = (-0.28, 0.07, 0.0008, -0.0011, -0.006, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
PRISM = (0.11, -0.04, 0.004, -0.006, 0.01, 0.09, -0.03, 0.004, 0.003, -0.002, -0.004, 0.001)
LENSES = {
    "pinhole": lens_of("pinhole", (320, 200), 210, centre=(150, 110)),
    "barrel": lens_of("opencvPinhole", (320, 200), 260, BARREL, max_theta=lenses.limit_pinhole(BARREL)),
    "prism": lens_of("opencvPinhole", (320, 200), 230, PRISM, max_theta=lenses.limit_pinhole(PRISM), centre=(170, 90)),
    "fisheye": lens_of("opencvFisheye", (320, 200), 80, (0.012, -0.004, 0.002, -0.001), max_theta=1.8),
    "fisheye of 300 degrees": lens_of("opencvFisheye", (320, 200), 60, (0.0, 0.0, 0.0, 0.0), max_theta=2.6),
}


@wp.kernel
def look(
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    points: wp.array(dtype=wp.vec3),
    pixels: wp.array(dtype=wp.vec3),
    directions: wp.array2d(dtype=wp.vec3),
):
    i = wp.tid()
    pixels[i] = on_screen(cam, points[i])
    directions[i // cam.width, i % cam.width] = ray(cam, rays, i % cam.width, i // cam.width)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


@pytest.mark.parametrize("name", LENSES)
def test_kernels_project_and_look_as_float64_does(renderer, name):
    lens = LENSES[name]
    optic = optics(lens, "cpu")
    rng = np.random.default_rng(0)
    count = lens.width * lens.height
    points = rng.normal(size=(count, 3)).astype(np.float32)
    pixels = wp.zeros(count, dtype=wp.vec3, device="cpu")
    directions = wp.zeros((lens.height, lens.width), dtype=wp.vec3, device="cpu")
    given = wp.array(points, dtype=wp.vec3, device="cpu")
    wp.launch(look, count, [optic.cam, optic.rays, given, pixels, directions], device="cpu")
    want = lenses.project(lens, points)
    found = pixels.numpy()
    inside = np.isfinite(want).all(1) & (want >= 0).all(1) & (want <= (lens.width, lens.height)).all(1)
    inside &= points[:, 2] > 0.01 if lens.model != "opencvFisheye" else True
    assert inside.sum() > 1000
    assert (found[inside, 2] == 1).all()
    assert np.abs(found[inside, :2] - want[inside]).max() < 2e-3
    units = lenses.rays(lens)
    rays = directions.numpy()
    seen = np.isfinite(units).all(axis=-1)
    assert (rays[~seen] == 0).all()
    rays = rays[seen] / np.linalg.norm(rays[seen], axis=-1, keepdims=True)
    assert np.abs(rays - units[seen]).max() < 5e-7


@pytest.mark.parametrize("name", LENSES)
def test_no_triangle_of_any_size_loses_a_pixel_to_its_bounds(renderer, name):
    """Each triangle alone, from smaller than a pixel to around the camera, against float64 at every pixel."""
    lens = LENSES[name]
    rng = np.random.default_rng(7)
    units = lenses.rays(lens)
    seen = np.isfinite(units).all(axis=-1)
    rays = np.where(seen[..., None], units, 0.0)
    camera = camera_at((0, 0, 0), (0, 0, -1), lens, up=(0, 1, 0))
    lost, covered, drawn = 0, 0, 0
    for _ in range(120):
        size = 10 ** rng.uniform(-2.5, 1)
        row, column = rng.integers(lens.height), rng.integers(lens.width)
        middle = rays[row, column] if seen[row, column] else rng.normal(size=3)
        corners = middle * rng.uniform(1, 4) + rng.normal(size=(3, 3)) * size
        corners = corners.astype(np.float32).astype(np.float64)
        planes = np.cross(corners[[1, 2, 0]], corners[[2, 0, 1]])
        volume = np.linalg.det(corners)
        margins = rays @ (planes * np.sign(volume)).T / np.linalg.norm(planes, axis=1)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        with np.errstate(divide="ignore"):
            reach = volume / (rays @ normal)
        depth = reach if lens.model == "opencvFisheye" else reach * units[..., 2]
        sure = (margins > 1e-5).all(axis=-1) & seen & (depth > lens.near * 1.001)
        never = (margins < -1e-5).any(axis=-1) | ~seen
        renderer.begin_frame(scene_of([Part(geometry(corners * (1, -1, -1), np.arange(3)))]))
        buffers = renderer.render(camera, Passes(amodal=True))
        hit = buffers.placement == 0
        lost += int((sure & ~hit).sum())
        covered += int((never & hit).sum())
        drawn += int(hit.sum())
        assert buffers.amodal_count[0] == hit.sum()
    assert drawn > 50_000
    assert lost == 0
    assert covered == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size_wh": (0, 90)}, "0 x 90"),
        ({"size_wh": (1 << 20, 1 << 20)}, "pixels"),
        ({"focal": 0.0}, "fx 0.0"),
        ({"focal": math.nan}, "nan"),
        ({"near": 0.0}, "near 0.0"),
        ({"near": 2.0, "far": 1.0}, "far 1.0"),
        ({"model": "opencvFisheye", "coefficients": (0.0, 0.0, 0.0, 0.0), "max_theta": 0.0}, "no pixel"),
    ],
)
def test_a_lens_through_which_nothing_can_be_seen_is_named(renderer, changes, words):
    renderer.begin_frame(scene_of([Part(geometry(np.eye(3), np.arange(3)))]))
    with pytest.raises(OptionError, match=words):
        renderer.render(camera_at((0, -3, 0), lens=lens_of(**changes)), Passes())


def test_there_is_no_such_device():
    with pytest.raises(OptionError, match="abacus"):
        modules.device_name("abacus")


def test_a_far_plane_at_infinity_is_none(renderer):
    renderer.begin_frame(scene_of([Part(geometry(np.eye(3) * 10, np.arange(3)))]))
    buffers = renderer.render(camera_at((0, -30, 0), lens=lens_of(far=math.inf)), Passes())
    assert (buffers.placement == 0).any()
