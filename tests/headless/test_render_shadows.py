"""The sun's shadow lies where a ruler puts it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, moved, pinhole, scene_of, sheet, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from pictures import distant, dome, flat, picture

from framepress.headless.render.renderer import Renderer
from framepress.headless.render.shadows import SIDE, fitted
from framepress.headless.scene import Texture, TextureUse

FLOOR = flat(diffuse=(0.6, 0.6, 0.6))
SIZE = (320, 240)
SLANTED = np.array([-1.0, 0.5, 1.0])


def from_above(height=10.0, across=4.0, size_wh=SIZE):
    """A camera that sees so many units of the plane z = 0 across the image's width."""
    return camera_at((0, 0, height), (0, 0, 0), pinhole(size_wh, size_wh[0] * height / across), up=(0, 1, 0))


def places(size_wh=SIZE, across=4.0):
    """x and y on the plane z = 0 of every pixel's centre."""
    width, height = size_wh
    y, x = np.mgrid[:height, :width]
    scale = across / width
    return (x + 0.5 - width / 2) * scale, (height / 2 - y - 0.5) * scale


def apart(a, b):
    """How far two images of truth values differ, in pixels along their outline."""
    outline = (b ^ np.roll(b, 1, axis=1)).sum() + (b ^ np.roll(b, 1, axis=0)).sum()
    return (a ^ b).sum() / max(outline, 1)


def in_shadow_of(centre, size, towards):
    """Truth values on the plane z = 0: the ray to the sun meets the box (slab method)."""
    x, y = places()
    origin = np.stack([x, y, np.zeros_like(x)], axis=-1)
    low = (np.subtract(centre, np.divide(size, 2)) - origin) / towards
    high = (np.add(centre, np.divide(size, 2)) - origin) / towards
    near = np.minimum(low, high).max(axis=-1)
    far = np.maximum(low, high).min(axis=-1)
    return (far > near) & (far > 0)


@pytest.mark.parametrize("towards", [SLANTED, np.array([0.3, 0.9, 0.5]), np.array([1e-3, 2e-3, 1.0])])
def test_the_shadow_of_a_hovering_box_is_where_rays_to_the_sun_meet_it(towards):
    centre, size = (0.5, -0.3, 0.6), (0.7, 0.5, 0.2)
    parts = [Part(sheet(6, 6, 4)), Part(box(size), moved(centre))]
    scene = scene_of(parts, materials=(FLOOR,), lights=(distant(towards, shadow=True),))
    renderer = Renderer()
    image = picture(scene, from_above(), renderer=renderer)[..., 0]
    covered = picture(dataclasses.replace(scene, visible=np.array([True, False])), from_above(), renderer=renderer)
    # Not what the box itself hides, nor the margin of the image.
    x, y = places()
    view = (np.hypot(x, y) < 1.9) & (np.abs(x - 0.5) + np.abs(y + 0.3) > 0.75)
    shadow = image < 0.5 * covered[..., 0]
    want = in_shadow_of(centre, size, towards)
    if towards[2] < 0.9:
        assert (want & view).sum() > 500
    # Half a pixel on the average: a texel of the map is 4 mm, a pixel 12.5 mm.
    assert apart(shadow & view, want & view) < 0.5


def test_moved_objects_and_moved_suns_move_the_shadow():
    renderer = Renderer()
    floor, post = Part(sheet(6, 6)), sphere(0.2)
    centres = []
    for at, towards in (((0, 0, 1), SLANTED), ((-0.5, 0.4, 1), SLANTED), ((-0.5, 0.4, 1), SLANTED * (-1, -1, 1))):
        lights = (distant(towards, shadow=True),)
        parts = [floor, Part(post, moved(at))]
        image = picture(scene_of(parts, materials=(FLOOR,), lights=lights), from_above(), renderer=renderer)
        want = np.array(at)[:2] - towards[:2] / towards[2] * at[2]
        x, y = places()
        dark = (image[..., 0] < 80) & (np.hypot(x - want[0], y - want[1]) < 0.5)
        found = x[dark].mean(), y[dark].mean()
        assert math.dist(found, want) < 0.02
        centres.append(found)
    assert len(set(centres)) == 3


def test_what_casts_no_shadow():
    ball = Part(sphere(0.3), moved((0, 0, 1)))
    parts = [Part(sheet(6, 6)), ball]
    plain = scene_of(parts, materials=(FLOOR,), lights=(distant(SLANTED, shadow=True),))
    lone = scene_of(parts[:1], materials=(FLOOR,), lights=plain.lights)
    x, y = places()
    there = np.hypot(x - 1, y + 0.5) < 0.2
    assert picture(plain, from_above())[there].max() < 50
    lit = picture(lone, from_above())[there].min()
    hidden = dataclasses.replace(plain, visible=np.array([True, False]))
    unshadowed = dataclasses.replace(plain, lights=(distant(SLANTED, shadow=False),))
    for scene in (hidden, unshadowed):
        assert picture(scene, from_above())[there].min() == lit


def test_light_falls_through_the_holes_of_a_cut_out():
    pixels = np.full((1, 2, 4), 255, np.uint8)
    pixels[0, 0, 3] = 0
    use = TextureUse(0, channel="a", wrap="clamp")
    veil = flat(opacity_texture=use, opacity_threshold=0.5)
    parts = [Part(sheet(6, 6)), Part(sheet(1, 1), moved((0, 0, 1)), materials=(1,))]
    scene = scene_of(
        parts,
        materials=(FLOOR, veil),
        textures=(Texture("veil", pixels, False),),
        lights=(distant(SLANTED, shadow=True),),
    )
    image = picture(scene, from_above())[..., 0]
    x, y = places()
    # The sheet's shadow is moved by (1, -0.5); the left half of it is a hole, but for the filter's middle.
    solid = (np.abs(x - 1.25) < 0.1) & (np.abs(y + 0.5) < 0.4)
    hole = (np.abs(x - 0.75) < 0.1) & (np.abs(y + 0.5) < 0.4)
    assert image[solid].max() < 50
    assert image[hole].min() > 90


@pytest.mark.parametrize("degrees", [5, 30, 60, 75])
@pytest.mark.parametrize("turn", [0, 33])
def test_a_lit_plane_does_not_shade_itself(degrees, turn):
    z = np.array([math.sin(math.radians(degrees)), 0, math.cos(math.radians(degrees))])
    parts = [Part(sheet(6, 6, 3), moved(turn=(turn, 0, 20))), Part(box((0.1, 0.1, 0.1)), moved((9, 0, 0)))]
    scenes = [scene_of(parts, materials=(FLOOR,), lights=(distant(z, shadow=s),)) for s in (False, True)]
    images = [picture(scene, from_above()).astype(int) for scene in scenes]
    assert images[0].max() > 30
    assert np.abs(images[0] - images[1]).max() <= 1


def test_the_lit_side_of_a_ball_is_smooth():
    parts = [Part(sphere(1, 48)), Part(sheet(8, 8), moved((0, 0, -1.2)))]
    camera = camera_at((-3, 1.5, 3), lens=pinhole((160, 120), 120))
    scenes = [scene_of(parts, materials=(FLOOR,), lights=(distant(SLANTED, shadow=s),)) for s in (False, True)]
    renderer = Renderer()
    without, shaded = (picture(scene, camera, renderer=renderer).astype(int)[..., 0] for scene in scenes)
    y, x = np.mgrid[:120, :160]
    ball = np.hypot(x - 79.5, y - 59.5) < 20
    assert without[ball].min() > 60
    assert np.abs(without - shaded)[ball].max() <= 2


def test_both_sides_of_a_thin_wall_are_lit_or_dark_as_they_face():
    wall = Part(sheet(2, 2), moved((0, 0, 0.5), (0, 90, 0)))
    parts = [wall, Part(sheet(6, 6), moved((0, 0, -1)))]
    scene = scene_of(parts, materials=(FLOOR,), lights=(distant(np.array([-1, 0, 0.4]), shadow=True),))
    sunny = picture(scene, camera_at((-4, 0, 0.5), (0, 0, 0.5), pinhole((40, 30), 40)))[15, 20]
    dark = picture(scene, camera_at((4, 0, 0.5), (0, 0, 0.5), pinhole((40, 30), 40)))[15, 20]
    assert sunny.min() > 80
    assert dark.max() < 50


@pytest.mark.parametrize("width", [50, 5000, 3e6])
def test_a_plane_of_kilometres_does_not_blur_the_shadow_of_a_box(width):
    towards = SLANTED
    parts = [Part(box((0.7, 0.5, 0.2)), moved((0.5, -0.3, 0.6)))]
    lights = (distant(towards, shadow=True), dome((0.1, 0.1, 0.1)))
    near = scene_of([Part(sheet(6, 6)), *parts], materials=(FLOOR,), lights=lights)
    wide = scene_of([Part(sheet(width, width)), *parts], materials=(FLOOR,), lights=lights)
    images = [picture(scene, from_above()).astype(int) for scene in (near, wide)]
    assert (np.abs(images[0] - images[1]).max(axis=2) > 30).mean() < 0.004


def test_a_shell_around_the_world_does_not_shut_out_the_sun():
    parts = [Part(sheet(2, 2)), Part(sphere(500, 40))]
    scene = scene_of(parts, materials=(FLOOR,), lights=(distant(SLANTED, shadow=True),))
    assert picture(scene, from_above()).min() > 90


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_points_and_poses_that_are_nowhere_do_not_spoil_the_map(value):
    ball = Part(sphere(0.3), moved((0, 0, 1)))
    broken = box((0.2, 0.2, 0.2))
    broken = dataclasses.replace(broken, points=np.where(broken.points > 0.05, np.float32(value), broken.points))
    lost = moved((0, 0, 1))
    lost[3, 0] = value
    lights = (distant(SLANTED, shadow=True),)
    parts = [Part(sheet(6, 6)), ball, Part(sphere(0.1), moved((-1.5, 1, 0.1)))]
    clean = picture(scene_of(parts, materials=(FLOOR,), lights=lights), from_above())
    odd = [Part(broken, moved((-1.5, -1, 0.5))), Part(box(), lost)]
    found = picture(scene_of([*parts, *odd], materials=(FLOOR,), lights=lights), from_above())
    x, y = places()
    there = np.hypot(x - 1, y + 0.5) < 0.2
    assert np.abs(found[there].astype(int) - clean[there]).max() <= 1


def test_maps_hold_what_casts_and_leave_out_what_is_far_wider():
    def corners(centre, size):
        unit = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        return np.asarray(centre) + unit * size

    up = np.array([0.0, 0.0, 1.0])
    small = [corners((x, y, 1), 1.0) for x in (0, 5) for y in (0, 2)]
    matrix, texel, kept = fitted(np.array(small), up)
    assert kept.all()
    assert texel == pytest.approx(6 / SIDE, rel=0.01)
    seen = np.concatenate(small) @ matrix[:3, :3].T + matrix[:3, 3]
    assert (seen[:, :2] > 1).all()
    assert (seen[:, :2] < SIDE - 1).all()
    assert (seen[:, 2] > 0).all()
    _, with_ground, kept = fitted(np.array([*small, corners((0, 0, 0), (1000, 1000, 0))]), up)
    assert with_ground == texel
    assert kept.tolist() == [True] * 4 + [False]
    _, with_floor, kept = fitted(np.array([*small, corners((0, 0, 0), (12, 12, 0))]), up)
    assert with_floor == pytest.approx(12 / SIDE, rel=0.01)
    assert kept.all()
    _, with_parked, kept = fitted(np.array([*small, corners((0, 4000, 0), 1.0)]), up)
    assert with_parked == texel
    assert kept.tolist() == [True] * 4 + [False]
    _, with_nowhere, kept = fitted(np.array([*small, np.full((8, 3), np.nan)]), up)
    assert with_nowhere == texel
    assert kept.tolist() == [True] * 4 + [False]
    assert np.isfinite(fitted(np.zeros((0, 8, 3)), up)[0]).all()
