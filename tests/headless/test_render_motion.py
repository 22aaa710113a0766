"""Motion vectors against points that NumPy moves and projects."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer
from framepress.headless.usd import lenses

MOTION = Passes(motion=True)
BARREL = (-0.28, 0.07, 0.0008, -0.0011, -0.006, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
LENSES = {
    "pinhole": pinhole((120, 70), 100),
    "barrel": lens_of("opencvPinhole", (120, 70), 100, BARREL, max_theta=0.9),
    "fisheye": lens_of("opencvFisheye", (120, 70), 40, (0.01, -0.002, 0, 0), max_theta=2.0),
}


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


def expected(buffers, camera, scene, former_camera, former_scene):
    """The former pixel of what each pixel shows, less the pixel's centre; NaN where nothing is hit."""
    height, width = buffers.placement.shape
    rays = lenses.rays(camera.lens) * (1, -1, -1)
    world = np.linalg.inv(camera.view)
    distance = np.where(np.isfinite(buffers.distance), buffers.distance, np.nan)
    points = (rays * distance[..., None]) @ world[:3, :3] + world[3, :3]
    leaf = np.maximum(buffers.placement, 0)
    step = np.linalg.inv(scene.matrices)[leaf] @ former_scene.matrices[leaf]
    then = np.einsum("hwi,hwij->hwj", np.concatenate([points, np.ones((height, width, 1))], axis=-1), step)
    seen = then @ former_camera.view
    pixels = lenses.project(former_camera.lens, (seen[..., :3] * (1, -1, -1)).reshape(-1, 3)).reshape(height, width, 2)
    centres = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), axis=-1)
    return pixels - centres


@pytest.mark.parametrize("name", LENSES)
def test_motion_is_where_the_point_was_less_where_it_is(renderer, name):
    rng = np.random.default_rng(1)
    parts = [Part(sphere(0.5, 24), moved(rng.uniform(-1.5, 1.5, 3), rng.uniform(0, 360, 3))) for _ in range(8)]
    before = scene_of([*parts, Part(box((8, 8, 8)))])
    step = np.array([moved(rng.uniform(-0.2, 0.2, 3), rng.uniform(-9, 9, 3)) for _ in before.placements])
    after = dataclasses.replace(before, matrices=before.matrices @ step)
    first = camera_at((0, -3.2, 0.3), lens=LENSES[name])
    second = camera_at((0.3, -3.1, 0.4), (0.1, 0, 0), LENSES[name])
    renderer.begin_frame(before)
    renderer.render(first, MOTION)
    renderer.begin_frame(after)
    buffers = renderer.render(second, MOTION)
    want = expected(buffers, second, after, first, before)
    known = np.isfinite(want).all(axis=-1)
    assert known.mean() > 0.8
    assert np.abs(buffers.motion[known][:, :2] - want[known]).max() < 0.02
    assert (buffers.motion[..., 2:] == 0).all()


def test_what_moves_left_has_positive_motion(renderer):
    camera = camera_at((0, -4, 0))
    renderer.begin_frame(scene_of([Part(box(), moved((0.2, 0, 0)))]))
    renderer.render(camera, MOTION)
    renderer.begin_frame(scene_of([Part(box(), moved((0, 0, 0.1)))]))
    motion = renderer.render(camera, MOTION).motion
    middle = motion[45, 80]
    assert middle[0] > 1
    assert middle[1] > 1


def test_a_still_scene_has_no_motion_at_all(renderer):
    rng = np.random.default_rng(1)
    scene = scene_of([Part(sphere(0.5), moved(rng.uniform(-1, 1, 3), rng.uniform(0, 360, 3))) for _ in range(9)])
    for name, lens in LENSES.items():
        camera = camera_at((0, -3, 0), lens=lens, path=f"/{lens.model}")
        for _ in range(2):
            renderer.begin_frame(scene)
            assert (renderer.render(camera, MOTION).motion == 0).all(), name


def test_the_first_frame_has_no_motion(renderer):
    renderer.begin_frame(scene_of([Part(box())]))
    assert (renderer.render(camera_at((0, -4, 0)), MOTION).motion == 0).all()


def test_a_new_object_has_only_the_motion_of_the_camera(renderer):
    first, second = camera_at((0, -4, 0), (0, 0, 0)), camera_at((0.1, -4, 0), (0.1, 0, 0))
    wall = Part(sheet(20, 20), moved((0, 3, 0), (90, 0, 0)), path="/Wall")
    renderer.begin_frame(scene_of([wall]))
    renderer.render(first, MOTION)
    scene = scene_of([Part(box(), path="/New"), wall])
    renderer.begin_frame(scene)
    buffers = renderer.render(second, MOTION)
    want = expected(buffers, second, scene, first, scene)
    known = np.isfinite(want).all(axis=-1)
    assert set(np.unique(buffers.placement[known])) == {0, 1}
    assert np.abs(buffers.motion[known][:, :2] - want[known]).max() < 0.01


def test_leaves_are_followed_by_path_when_their_rows_change(renderer):
    camera = camera_at((0, -4, 0))
    wall = Part(sheet(20, 20), moved((0, 3, 0), (90, 0, 0)), path="/Wall")
    cube = Part(box(), moved((0.3, 0, 0)), path="/Cube")
    scene = scene_of([wall, cube])
    renderer.begin_frame(scene)
    renderer.render(camera, MOTION)
    swapped = scene_of([Part(box(), path="/Cube"), wall])
    names = {"/Cube": "/Cube/Leaf", "/Wall": "/Wall/Leaf"}
    placements = tuple(
        dataclasses.replace(placement, path=names[swapped.entities[placement.entity].path])
        for placement in swapped.placements
    )
    renamed = tuple(
        dataclasses.replace(placement, path=names[scene.entities[placement.entity].path])
        for placement in scene.placements
    )
    renderer.begin_frame(dataclasses.replace(scene, placements=renamed))
    renderer.render(camera, MOTION)
    renderer.begin_frame(dataclasses.replace(swapped, placements=placements))
    buffers = renderer.render(camera, MOTION)
    # The near face is at 3.5: 0.3 units to the right are 0.3 / 3.5 * 140 px.
    assert np.abs(buffers.motion[45, 80, 0] - 0.3 / 3.5 * 140) < 1e-3
    assert (buffers.motion[buffers.placement == 1] == 0).all()


def test_a_skin_that_changes_its_points_moves(renderer):
    still, camera = sheet(4, 4, 6), camera_at((0, -4, 0))
    skins = {
        shift: dataclasses.replace(still, points=(still.points + np.array((shift, 0, 0))).astype(np.float32))
        for shift in (0.0, 0.1, 0.25)
    }
    before = 0.0
    for shift in (0.0, 0.1, 0.25, 0.25, 0.0):
        skin = Part(skins[shift], moved(turn=(90, 0, 0)))
        renderer.begin_frame(scene_of([skin, Part(box((0.1, 0.1, 0.1)), moved((0, -1, 0)))]))
        motion = renderer.render(camera, MOTION).motion
        assert np.abs(motion[45, 110, 0] - (before - shift) / 4 * 140) < 2e-3, (before, shift)
        before = shift


def test_two_cameras_each_remember_their_own_view(renderer):
    scene = scene_of([Part(box((8, 8, 8)))])
    views = [(camera_at((0, -2, 0), path="/Left"), camera_at((1, -2, 0), path="/Right")) for _ in range(2)]
    for left, right in views:
        renderer.begin_frame(scene)
        for camera in (left, right):
            assert (renderer.render(camera, MOTION).motion == 0).all()


def test_near_the_former_camera_and_behind_it_nothing_is_made_up(renderer):
    scene = scene_of([Part(box((8, 8, 8)))])
    renderer.begin_frame(scene)
    renderer.render(camera_at((0, 0, 0), (0, 1, 0)), MOTION)
    renderer.begin_frame(scene)
    buffers = renderer.render(camera_at((0, 0, 0), (0, -1, 0)), MOTION)
    assert (buffers.motion == 0).all()
