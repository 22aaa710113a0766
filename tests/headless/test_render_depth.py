"""Ids and distances of random scenes against Embree, and depths of planes against arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, soup, sphere
from rays_of_embree import cast

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer
from framepress.headless.usd import lenses

BARREL = (-0.28, 0.07, 0.0008, -0.0011, -0.006, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
PRISM = (0.11, -0.04, 0.004, -0.006, 0.01, 0.09, -0.03, 0.004, 0.003, -0.002, -0.004, 0.001)
BENT = (0.012, -0.004, 0.002, -0.001)
LENSES = {
    "pinhole": ("pinhole", ()),
    "barrel": ("opencvPinhole", BARREL),
    "rational, tangential, prism": ("opencvPinhole", PRISM),
    "fisheye": ("opencvFisheye", BENT),
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def crowded(rng):
    """Far smaller than a pixel to far larger than the image, seen from within: a room, a floor, loose triangles."""
    parts = [Part(soup(rng, 400, 0.1, 2.0)), Part(soup(rng, 40, 1.5, 2.5)), Part(sheet(40, 40), moved((0, 0, -1.5)))]
    for shape in (sphere(1, 40), box()):
        parts += [
            Part(shape, moved(rng.uniform(-2.5, 2.5, 3), rng.uniform(0, 360, 3), rng.uniform(0.1, 0.8, 3)))
            for _ in range(10)
        ]
    return scene_of([*parts, Part(box((12, 12, 12)))])


def some_lens(name, rng, size=(320, 200)):
    model, coefficients = LENSES[name]
    focal = size[0] * rng.uniform(0.45, 1.3)
    limit = np.pi / 2
    if model == "opencvFisheye":
        focal = size[0] / np.radians(rng.uniform(100, 250))
        limit = lenses.limit_fisheye(coefficients)
    elif model == "opencvPinhole":
        limit = lenses.limit_pinhole(coefficients)
    centre = (size[0] / 2 + rng.uniform(-20, 20), size[1] / 2 + rng.uniform(-20, 20))
    return lens_of(model, size, focal, coefficients, near=1e-4, max_theta=limit, centre=centre)


def test_ids_and_distances_are_those_that_embree_finds(renderer):
    """20 cameras, 5 of each lens, 1.28 million pixels: at most one of them shows another object."""
    others, depths, pixels = 0, 0, 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        scene = crowded(rng)
        for name in LENSES:
            camera = camera_at(rng.uniform(-3, 3, 3), rng.uniform(-2, 2, 3), some_lens(name, rng))
            renderer.begin_frame(scene)
            buffers = renderer.render(camera, Passes())
            placement, distance, seen = cast(scene, camera)
            assert (buffers.placement[~seen] == -1).all()
            same = (buffers.placement == placement) & seen
            both = same & (placement >= 0)
            pixels += int(seen.sum())
            others += int((seen & ~same).sum())
            depths += int((np.abs(buffers.distance[both] / distance[both] - 1) > 1e-4).sum())
    assert pixels > 1_000_000
    assert others + depths <= 1


@pytest.mark.parametrize("name", LENSES)
def test_depth_is_the_distance_times_the_cosine_to_the_axis(renderer, name):
    rng = np.random.default_rng(8)
    camera = camera_at((0.3, -1, 0.2), lens=some_lens(name, rng))
    renderer.begin_frame(crowded(rng))
    buffers = renderer.render(camera, Passes())
    hit = buffers.placement >= 0
    cosine = lenses.rays(camera.lens)[..., 2]
    assert np.allclose(buffers.depth[hit], (buffers.distance * cosine)[hit], rtol=3e-6, atol=1e-6)


def test_a_wall_across_the_axis_has_one_depth(renderer):
    renderer.begin_frame(scene_of([Part(sheet(50, 50), moved((0, 0, -7.25)))]))
    lens = pinhole((320, 200), 300)
    buffers = renderer.render(camera_at((0, 0, 0), (0, 0, -1), lens, up=(0, 1, 0)), Passes())
    assert np.allclose(buffers.depth, 7.25, rtol=1e-6)
    x, y = (np.arange(320) + 0.5 - 160) / 300, (np.arange(200) + 0.5 - 100) / 300
    assert np.allclose(buffers.distance, 7.25 * np.sqrt(1 + x**2 + y[:, None] ** 2), rtol=1e-6)


def test_a_floor_of_a_kilometre_has_the_depth_of_its_plane(renderer):
    renderer.begin_frame(scene_of([Part(sheet(2000, 2000), moved((0, 900, 0)))]))
    lens = pinhole((321, 201), 300)
    buffers = renderer.render(camera_at((0, 0, 1.5), (0, 1, 1.5), lens), Passes())
    below = (np.arange(201) + 0.5 - 100.5) / 300
    rows = 1.5 / below[104:]
    assert np.allclose(buffers.depth[104:], rows[:, None], rtol=1e-4)


def test_a_scene_far_from_its_origin_is_as_exact_as_one_near_it(renderer):
    rng = np.random.default_rng(2)
    near = crowded(rng)
    eye, away = np.array((1.0, -2.0, 0.5)), np.array((3.0e6, -4.0e6, 1.0e6))
    renderer.begin_frame(near)
    first = renderer.render(camera_at(eye, lens=pinhole((320, 200), 250)), Passes())
    matrices = near.matrices.copy()
    matrices[:, 3, :3] += away
    renderer.begin_frame(dataclasses.replace(near, matrices=matrices))
    second = renderer.render(camera_at(eye + away, away, pinhole((320, 200), 250)), Passes())
    same = first.placement == second.placement
    assert (~same).sum() <= 1
    both = same & (first.placement >= 0)
    assert np.allclose(first.depth[both], second.depth[both], rtol=1e-4)


def test_points_modelled_far_from_their_prim_keep_their_detail(renderer):
    rng = np.random.default_rng(4)
    shape = sphere(1, 48)
    far = np.array((4096.0, -8192.0, 2048.0))
    baked = dataclasses.replace(shape, points=(shape.points + far.astype(np.float32)).astype(np.float32))
    camera = camera_at((0, -3, 0.4), lens=pinhole((320, 200), 250))
    turn = moved(turn=rng.uniform(0, 360, 3))
    renderer.begin_frame(scene_of([Part(baked, moved(-far) @ turn)]))
    buffers = renderer.render(camera, Passes())
    placement, distance, _ = cast(scene_of([Part(baked, moved(-far) @ turn)]), camera)
    assert ((placement >= 0) != (buffers.placement >= 0)).sum() <= 1
    both = (placement >= 0) & (buffers.placement >= 0)
    assert np.allclose(buffers.distance[both], distance[both], rtol=3e-5)


@pytest.mark.parametrize("model", ["pinhole", "opencvPinhole", "opencvFisheye"])
def test_near_and_far_end_exactly_at_a_depth(renderer, model):
    coefficients = {"pinhole": (), "opencvPinhole": BARREL, "opencvFisheye": BENT}[model]
    limit = lenses.limit_pinhole(BARREL) if model == "opencvPinhole" else np.pi / 2
    lens = lens_of(model, (64, 40), 60, coefficients, 2.0, 5.0, limit)
    camera = camera_at((0, 0, 0), (0, 0, -1), lens, up=(0, 1, 0))
    floor = Part(sheet(60, 60), moved((0, 0, -3), (65, 0, 0)))
    renderer.begin_frame(scene_of([floor]))
    cut = renderer.render(camera, Passes(amodal=True))
    whole = lens_of(model, (64, 40), 60, coefficients, 1e-3, 1e9, limit)
    all_of_it = renderer.render(camera_at((0, 0, 0), (0, 0, -1), whole, up=(0, 1, 0)), Passes())
    reach = all_of_it.distance if model == "opencvFisheye" else all_of_it.depth
    within = (reach >= 2.0) & (reach <= 5.0)
    assert np.array_equal(cut.placement >= 0, within)
    assert 0 < within.sum() < within.size
    assert cut.amodal_count[0] == cut.visible_count[0] == within.sum()


def test_what_lies_before_near_does_not_hide_what_is_behind(renderer):
    scene = scene_of([Part(sheet(1, 1), moved((0, 0, -0.5))), Part(sheet(20, 20), moved((0, 0, -4)))])
    renderer.begin_frame(scene)
    buffers = renderer.render(camera_at((0, 0, 0), (0, 0, -1), pinhole(near=1.0), up=(0, 1, 0)), Passes(amodal=True))
    assert (buffers.placement == 1).all()
    assert buffers.visible_count.tolist() == buffers.amodal_count.tolist() == [0, 160 * 90]


def test_normals_face_the_camera_and_stand_on_the_surface(renderer):
    scene = scene_of([Part(sphere(1, 64), moved((0.2, 0, 0), (20, 30, 40), (1, 0.5, 0.8)))])
    camera = camera_at((0, -4, 1), lens=pinhole((320, 200), 280))
    renderer.begin_frame(scene)
    buffers = renderer.render(camera, Passes(normals=True))
    hit = buffers.placement >= 0
    rays = lenses.rays(camera.lens) * (1, -1, -1)
    world = np.linalg.inv(camera.view)
    points = (rays * buffers.distance[..., None])[hit] @ world[:3, :3] + world[3, :3]
    local = points @ np.linalg.inv(scene.matrices[0])[:3, :3] + np.linalg.inv(scene.matrices[0])[3, :3]
    expected = local @ np.linalg.inv(scene.matrices[0])[:3, :3].T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = buffers.normals[hit]
    assert (found[:, 3] == 0).all()
    assert np.allclose(np.linalg.norm(found[:, :3], axis=1), 1, atol=1e-5)
    assert np.degrees(np.arccos(np.clip((found[:, :3] * expected).sum(1), -1, 1))).max() < 1.5
    assert (buffers.normals[~hit] == 0).all()


def test_facets_have_their_own_normal_on_the_side_that_is_seen(renderer):
    for height, expected in ((1.0, (0, 0, 1)), (-1.0, (0, 0, -1))):
        renderer.begin_frame(scene_of([Part(sheet(30, 30), moved(turn=(0, 0, 30)))]))
        buffers = renderer.render(camera_at((0, -1, height)), Passes(normals=True))
        hit = buffers.placement >= 0
        assert hit.any()
        assert np.allclose(buffers.normals[hit][:, :3], expected, atol=1e-6)
