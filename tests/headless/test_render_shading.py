"""Pictures have the light that a reckoning by hand gives them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, soup, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from pictures import coded, distant, dome, flat, linear, picture, shown, sun_below, turned

from framepress.headless.render.lights import INDIRECT, default_lights, exposure
from framepress.headless.render.renderer import Renderer
from framepress.headless.scene import Light, Material, Texture, TextureUse

ABOVE = camera_at((0, 0, 1), (0, 0, 0), pinhole((64, 32), 32), up=(0, 1, 0))


def model(n, v, way, base, roughness, metallic=0.0):
    """Radiance for one unit of irradiance from `way`: Lambert, GGX, Smith's k = alpha / 2, Schlick; half vectors."""
    h = (v + way) / np.linalg.norm(v + way)
    n_v, n_l, n_h, v_h = n @ v, n @ way, n @ h, v @ h
    alpha = max(roughness**2, 0.002)
    d = alpha**2 / (math.pi * (n_h**2 * (alpha**2 - 1) + 1) ** 2)
    k = alpha / 2
    g = 1 / ((n_v * (1 - k) + k) * (n_l * (1 - k) + k))
    f0 = 0.04 * (1 - metallic) + np.asarray(base) * metallic
    f = f0 + (1 - f0) * (1 - v_h) ** 5
    return ((1 - f) * np.asarray(base) * (1 - metallic) / math.pi + f * d * g / 4) * n_l


def in_even_light(n, v, base, roughness, metallic=0.0):
    """Radiance in light of radiance 1 from everywhere: what is not mirrored is scattered (the mirrored share as
    Karis fits it, Physically Based Shading on Mobile, 2014)."""
    n_v = n @ v
    x, y = 1 - roughness, 0.0425 - 0.0275 * roughness
    a = min(x * x, 2 ** (-9.28 * n_v)) * x + y
    f0 = 0.04 * (1 - metallic) + np.asarray(base) * metallic
    mirrored = f0 * (1.04 - 0.572 * roughness - 1.04 * a) + (0.022 * roughness - 0.04 + 1.04 * a)
    return np.asarray(base) * (1 - metallic) * (1 - mirrored) + mirrored


@pytest.mark.parametrize("roughness", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("metallic", [0.0, 1.0])
@pytest.mark.parametrize("degrees", [10, 45, 80])
def test_a_sheet_under_a_distant_light_sends_what_the_model_says(roughness, metallic, degrees):
    way = np.array([math.sin(math.radians(degrees)), 0, math.cos(math.radians(degrees))])
    base = (0.5, 0.3, 0.2)
    material = Material("/M", diffuse=base, roughness=roughness, metallic=metallic)
    scene = scene_of([Part(sheet(2, 1))], materials=(material,), lights=(distant(way, (1.5, 1.5, 1.5)),))
    image = picture(scene, ABOVE)
    # Half of the light: suns come in slanted, in the reckoning of the whole.
    scale = exposure(1.5 * 0.5)
    n = np.array([0, 0, 1.0])
    for x, y in ((32, 16), (5, 4), (60, 30)):
        at = np.array([(x + 0.5 - 32) / 32, (16 - y - 0.5) / 32, 0])
        v = np.array([0, 0, 1]) - at
        v = v / np.linalg.norm(v)
        want = model(n, v, way, base, roughness, metallic) * 1.5 * scale
        want += in_even_light(n, v, base, roughness, metallic) * INDIRECT * 1.5 * 0.5 / math.pi * scale
        assert np.abs(image[y, x] - shown(want)).max() <= 1


@pytest.mark.parametrize(
    ("kind", "size", "irradiance"),
    [
        # Of radiance 1, seen from a distance of 3 on the axis.
        ("sphere", (0.5, 0), math.pi * 0.5**2 / 3**2),
        ("disk", (0.5, 0), math.pi * 0.5**2 / (0.5**2 + 3**2)),
        ("rect", (0.2, 0.1), 0.2 * 0.1 / 3**2),
        ("cylinder", (0.01, 0.2), 2 * 0.01 * 0.2 / 3**2),
    ],
)
def test_a_lamp_gives_what_its_size_and_distance_say(kind, size, irradiance):
    color = 2 / irradiance
    lamp = Light("/Lamp", kind, (color,) * 3, moved((0, 0, 3)), size)
    scene = scene_of([Part(sheet(2, 1))], materials=(flat(diffuse=(0.6, 0.6, 0.6)),), lights=(lamp,))
    camera = camera_at((0, -1, 1), (0, 0, 0), pinhole((63, 31), 300))
    found = picture(scene, camera)[15, 31]
    n, v = np.array([0, 0, 1.0]), np.array([0, -1, 1]) / math.sqrt(2)
    want = model(n, v, n, (0.6,) * 3, 1.0) * 2 + in_even_light(n, v, (0.6,) * 3, 1.0) * INDIRECT / math.pi
    want *= exposure(2 * 0.5)
    assert np.abs(found - shown(want)).max() <= 2


@pytest.mark.parametrize("kind", ["rect", "disk"])
def test_panels_shine_along_their_local_minus_z_alone(kind):
    materials = (flat(diffuse=(0.6, 0.6, 0.6)),)
    for turn, lit in ((0, True), (180, False)):
        lamp = Light("/Lamp", kind, (9, 9, 9), moved((0, 0, 2), (turn, 0, 0)), (1.0, 1.0))
        image = picture(scene_of([Part(sheet(2, 1))], materials=materials, lights=(lamp,)), ABOVE)
        assert (image.min() > 90) if lit else (image.max() < 50)


def test_a_cylinder_lies_along_x_and_sends_nothing_along_it():
    materials = (flat(diffuse=(0.6, 0.6, 0.6)),)
    found = []
    for turn in ((0, 0, 90), (0, 90, 0)):
        lamp = Light("/Lamp", "cylinder", (30, 30, 30), moved((0, 0, 2), turn), (0.02, 0.5))
        camera = camera_at((0, 0, 1), (0, 0, 0), pinhole((31, 31), 3000), up=(0, 1, 0))
        found.append(picture(scene_of([Part(sheet(2, 1))], materials=materials, lights=(lamp,)), camera)[15, 15, 0])
    assert found[0] > 90
    assert found[1] < 50


def test_white_under_an_even_sky_cannot_be_told_from_it():
    """What arrives from everywhere leaves to everywhere, whatever is mirrored: the furnace test."""
    materials = tuple(Material("/M", diffuse=(1, 1, 1), roughness=r) for r in (0.1, 0.5, 1.0))
    parts = [Part(sphere(0.4, 40), moved((x - 1, 0, 0)), materials=(x,)) for x in range(3)]
    scene = scene_of(parts, materials=materials, lights=(dome((0.3, 0.2, 0.25)),))
    image = picture(scene, camera_at((0, -3, 0), lens=pinhole((96, 48), 60)))
    want = coded(np.array([0.3, 0.2, 0.25]) * exposure(math.pi * (0.2126 * 0.3 + 0.7152 * 0.2 + 0.0722 * 0.25)))
    assert np.abs(image - want).max() <= 1


@pytest.mark.parametrize(("emitted", "left"), [(0.79, 0.79), (1.0, 0.9), (2.0, 1 - 0.04 / 1.4), (50.0, 1.0)])
def test_light_beyond_the_shoulder_is_pressed_below_white(emitted, left):
    materials = (flat(emissive=(emitted,) * 3),)
    image = picture(scene_of([Part(sheet(2, 1))], materials=materials, lights=(sun_below(),)), ABOVE)
    assert np.abs(image - coded(np.array(left))).max() <= 1


def test_the_tone_curve_keeps_the_order_of_brightness():
    steps = np.linspace(0.5, 6, 40)
    materials = tuple(flat(emissive=(float(x), 0.5 * float(x), 0.0)) for x in steps)
    parts = [Part(sheet(0.05, 1), moved((x * 0.05 - 0.975, 0, 0)), materials=(x,)) for x in range(40)]
    image = picture(scene_of(parts, materials=materials, lights=(sun_below(),)), ABOVE)
    assert (np.diff(image[16].astype(int), axis=0) >= 0).all()


def test_without_a_dome_nothing_is_black():
    scene = scene_of([Part(sheet(0.1, 0.1))], lights=(sun_below(),))
    assert (picture(scene, ABOVE)[:, :10] == 0).all()


def sky_texture():
    """A latitude-longitude image: eight columns of blocks and a top and a bottom row, each of one colour."""
    rng = np.random.default_rng(21)
    blocks = rng.integers(30, 200, (4, 8, 3))
    blocks[0], blocks[3] = (200, 40, 40), (40, 40, 190)
    pixels = blocks.repeat(32, axis=0).repeat(32, axis=1).astype(np.uint8)
    return blocks, Texture("sky", np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]), True)


@pytest.mark.parametrize("up_axis", ["Y", "Z"])
@pytest.mark.parametrize("turn", [0, 90])
def test_a_sky_lies_as_usd_says(up_axis, turn):
    """With y up the middle of the image is at +z and a quarter to its left +x; with z up at -y and +x."""
    blocks, texture = sky_texture()
    up = np.array([0, 1, 0]) if up_axis == "Y" else np.array([0, 0, 1])
    middle = np.array([0, 0, 1]) if up_axis == "Y" else np.array([0, -1, 0])
    matrix = moved(turn=(0, turn, 0) if up_axis == "Y" else (0, 0, turn))
    scene = scene_of(
        [Part(sheet(1e-3, 1e-3), moved((71, 33, 52)))],
        textures=(texture,),
        lights=(dome((0.5, 0.5, 0.5), 0, matrix),),
        up_axis=up_axis,
    )
    mean = linear(texture.pixels[..., :3]).mean(axis=1)
    rows = np.linspace(np.pi / 2, -np.pi / 2, 129)
    weights = (np.sin(rows[:-1]) - np.sin(rows[1:])) / 2
    lux = math.pi * 0.5 * float((weights @ mean) @ [0.2126, 0.7152, 0.0722])
    renderer = Renderer()
    for column in range(8):
        longitude = math.pi - (column + 0.5) * math.pi / 4
        side = np.array([1, 0, 0])
        local = (middle * math.cos(longitude) + side * math.sin(longitude)) * math.cos(0.3) + up * math.sin(0.3)
        way = np.append(local, 0) @ matrix
        camera = camera_at((0, 0, 0), way[:3], pinhole((9, 5), 60), up=up)
        want = linear(blocks[1, column]) * 0.5 * exposure(lux)
        assert np.abs(picture(scene, camera, renderer=renderer)[2, 4] - shown(want)).max() <= 2
    for way, row in ((up, 0), (-up, 3)):
        camera = camera_at((0, 0, 0), way, pinhole((9, 5), 60), up=middle)
        want = linear(blocks[row, 0]) * 0.5 * exposure(lux)
        assert np.abs(picture(scene, camera, renderer=renderer)[2, 4] - shown(want)).max() <= 2


def test_a_mirror_shows_the_sky_where_it_is():
    _, texture = sky_texture()
    mirror = Material("/Mirror", diffuse=(1, 1, 1), roughness=0.0, metallic=1.0)
    lights = (dome((0.5, 0.5, 0.5), 0),)
    scene = scene_of([Part(sheet(9, 9))], materials=(mirror,), textures=(texture,), lights=lights)
    seen = picture(scene, camera_at((0, -1, 1), (0, 0, 0), pinhole((48, 32), 30)))
    # From below the sheet, upside down, is what the mirror shows.
    empty = scene_of([Part(sheet(1e-3, 1e-3), moved((0, 0, 50)))], textures=(texture,), lights=lights)
    straight = picture(empty, camera_at((0, -1, -1), (0, 0, 0), pinhole((48, 32), 30)))[::-1]
    apart = np.abs(seen.astype(int) - straight).max(axis=2)
    # The joints of the sky's blocks are a little softer in its filtered map.
    assert np.median(apart) <= 3
    assert (apart > 12).mean() < 0.12


def test_a_sky_that_brightens_upwards_lights_a_floor_more_than_a_ceiling():
    """Radiance 0.4 + 0.3 cos: irradiance over pi is 0.4 + 0.2 up and 0.4 - 0.2 down."""
    rows = np.cos((np.arange(128) + 0.5) / 128 * np.pi)
    code = np.rint((0.4 + 0.3 * rows) * 255).astype(np.uint8)
    pixels = np.repeat(code[:, None, None], 256, axis=1).repeat(4, axis=2)
    pixels[..., 3] = 255
    lights = (dome((1, 1, 1), 0),)
    material = flat(diffuse=(0.5, 0.5, 0.5))
    for eye, want in (((0, 0, 1), 0.6), ((0, 0, -1), 0.2)):
        textures = (Texture("sky", pixels, False),)
        scene = scene_of([Part(sheet(2, 1))], materials=(material,), textures=textures, lights=lights)
        image = picture(scene, camera_at(eye, (0, 0, 0), pinhole((64, 32), 32), up=(0, 1, 0)))
        light = linear(image[16, 32, 0]) / exposure(0.4 * math.pi)
        # What it mirrors comes on top: f0 is 0.04.
        assert light == pytest.approx(0.5 * want, rel=0.12)


def test_a_stage_without_lights_is_not_black():
    parts = [Part(sheet(4, 4)), Part(sphere(0.5), moved((0, 0, 0.5)))]
    scene = scene_of(parts)
    camera = camera_at((0, -4, 2), lens=pinhole((80, 50), 60))
    image = picture(scene, camera)
    assert 60 < image[25].mean() < 220
    lit = dataclasses.replace(scene, lights=default_lights(scene))
    assert np.array_equal(image, picture(lit, camera))


def test_within_a_convention_more_light_is_brighter_and_pictures_of_both_are_alike():
    codes = {}
    for scale in (0.5, 1.0, 2.0, 500, 1000.0, 2000.0):
        lights = (dome((scale,) * 3), distant(np.array([0, 0.3, 1.0]), (3 * scale,) * 3))
        scene = scene_of([Part(sheet(2, 1))], materials=(flat(diffuse=(0.18,) * 3),), lights=lights)
        codes[scale] = picture(scene, ABOVE)[16, 32, 0]
    assert codes[0.5] + 5 < codes[1.0] < codes[2.0] - 5
    assert codes[500] + 5 < codes[1000.0] < codes[2000.0] - 5
    assert all(90 < code < 200 for code in codes.values())


def test_exposure_never_makes_a_brighter_scene_darker():
    lux = np.geomspace(1e-4, 1e7, 500)
    white = np.array([exposure(float(x)) * x for x in lux])
    assert (np.diff(white) > -1e-9).all()


def test_a_scene_far_from_the_origin_looks_the_same():
    lamp = Light("/Lamp", "sphere", (40, 30, 20), moved((0.5, -0.5, 1.5)), (0.1, 0))
    images = []
    for far in ((0, 0, 0), (40000, -70000, 2000)):
        parts = [Part(sheet(4, 4), moved(far)), Part(sphere(0.4), moved(np.add(far, (0, 0, 0.4))))]
        light = dataclasses.replace(lamp, matrix=moved(np.add(far, (0.5, -0.5, 1.5))))
        lights = (light, distant(np.array([1, 0.4, 1]), shadow=True), dome((0.3, 0.3, 0.4)))
        camera = camera_at(np.add(far, (0, -3, 1.5)), far, pinhole((80, 50), 60))
        images.append(picture(scene_of(parts, lights=lights), camera).astype(int))
    apart = np.abs(images[0] - images[1]).max(axis=2)
    assert (apart > 2).mean() < 0.002


def test_lights_of_colour_zero_and_surfaces_edge_on_do_no_harm():
    parts = [Part(sheet(2, 2), moved(turn=(90, 0, 0))), Part(box(), moved((0, 3, 0), scale=(1, 0, 1)))]
    lights = (
        distant(np.array([0, 0, 1]), (0, 0, 0)),
        Light("/Point", "sphere", (5, 5, 5), moved((0, 0, 1)), (0.0, 0.0)),
        Light("/Line", "cylinder", (5, 5, 5), moved((0, 0, 1)), (0.0, 0.0)),
        dome((0.1, 0.1, 0.1)),
    )
    image = picture(scene_of(parts, lights=lights), camera_at((0, -2, 0), lens=pinhole((40, 30), 30)), samples=8)
    assert image.min() > 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -5.0])
def test_no_number_of_a_scene_stops_a_picture(value):
    """Nor does it spoil the other half of the image."""
    shape = sheet(1, 1)
    odd = dataclasses.replace(
        shape,
        uvs=np.full_like(shape.uvs, value),
        normals=np.full((2, 3, 3), value, np.float32),
    )
    materials = (
        Material("/Odd", (value,) * 3, TextureUse(0), (value,) * 3, None, value, TextureUse(0, "g"), value),
        Material("/Bad", (value,) * 3, None, (value,) * 3, None, value, None, value),
        flat(diffuse=(0.5,) * 3),
    )
    parts = [
        Part(odd, moved((-0.75, 0, 0), scale=(0.5, 1, 1))),
        Part(shape, moved((-0.25, 0, 0), scale=(0.5, 1, 1)), materials=(1,)),
        Part(shape, moved((0.5, 0, 0)), materials=(2,)),
    ]
    _, texture = sky_texture()
    lights = (dome((0.5, 0.5, 0.5), 0), distant(np.array([0.2, 0.1, 1]), shadow=True))
    scene = scene_of(parts, materials=materials, textures=(texture,), lights=lights)
    found = picture(scene, ABOVE, samples=8)
    plain = picture(dataclasses.replace(scene, materials=(materials[2],) * 3), ABOVE, samples=8)
    assert np.array_equal(found[:, 34:], plain[:, 34:])


LENSES = (
    pinhole((131, 77), 90),
    lens_of("opencvPinhole", (90, 60), 70, (-0.28, 0.07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), max_theta=0.9),
    lens_of("opencvFisheye", (97, 61), 30, (0.01, -0.002, 0, 0), max_theta=2.2),
)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.model)
def test_one_two_and_three_threads_make_the_same_picture(lens):
    rng = np.random.default_rng(4)
    _, texture = sky_texture()
    parts = [Part(soup(rng, 200, 0.3, 1.5)), Part(sheet(9, 9), moved((0, 0, -1.2)))]
    parts += [Part(sphere(0.3, 20), moved(rng.uniform(-1.5, 1.5, 3)), materials=(k % 3,)) for k in range(12)]
    materials = tuple(Material("/M", tuple(rng.uniform(0, 1, 3)), roughness=0.2 + 0.3 * k) for k in range(3))
    lights = (dome((0.4, 0.4, 0.4), 0, turned(30)), distant(np.array([1, 0.5, 1]), (2, 2, 2), shadow=True))
    lights += tuple(Light("/L", "sphere", (3, 2, 1), moved(rng.uniform(-2, 2, 3)), (0.2, 0)) for _ in range(3))
    scene = scene_of(parts, materials=materials, textures=(texture,), lights=lights)
    camera = camera_at((0.2, -4, 0.6), lens=lens)
    images = [picture(scene, camera, 8, threads) for threads in (1, 2, 3)]
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[0], images[2])


def test_the_caller_keeps_its_picture_when_the_next_is_drawn():
    renderer = Renderer()
    bright, dark = (scene_of([Part(sheet(2, 1))], materials=(flat(emissive=(e,) * 3),)) for e in (0.5, 0.1))
    first = picture(bright, ABOVE, renderer=renderer)
    before = first.copy()
    second = picture(dark, ABOVE, renderer=renderer)
    assert np.array_equal(first, before)
    assert not np.array_equal(first, second)
