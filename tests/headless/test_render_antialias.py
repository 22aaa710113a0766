"""Edges in pictures are averaged; ids know nothing of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, soup, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from pictures import distant, dome, flat, linear, sun_below

from framepress.errors import OptionError
from framepress.headless.buffers import Passes
from framepress.headless.render.antialias import offsets
from framepress.headless.render.renderer import Renderer
from framepress.headless.scene import Lens, Material, Texture, TextureUse

FINER = 4
LENSES = (
    pinhole((120, 80), 90),
    lens_of("opencvPinhole", (120, 80), 90, (-0.2, 0.05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), max_theta=0.9),
    lens_of("opencvFisheye", (120, 80), 45, (0.01, -0.002, 0, 0), max_theta=1.5),
)


def busy_scene():
    rng = np.random.default_rng(8)
    materials = tuple(Material("/M", tuple(rng.uniform(0.05, 0.9, 3)), roughness=0.9) for _ in range(6))
    shapes = [sphere(0.35, 20), box((0.5, 0.3, 0.6)), soup(rng, 4, 0.2, 0.3)]
    parts = [Part(sheet(12, 12, 4), moved((0, 0, -1)), materials=(0,))]
    parts += [
        Part(shapes[k % 3], moved(rng.uniform(-1.6, 1.6, 3), rng.uniform(0, 360, 3)), materials=(k % 6,))
        for k in range(30)
    ]
    lights = (dome((0.5, 0.5, 0.5)), distant(np.array([0.5, -1, 1.0])))
    return scene_of(parts, materials=materials, lights=lights)


def finer(lens: Lens) -> Lens:
    values = {name: getattr(lens, name) * FINER for name in ("width", "height", "fx", "fy", "cx", "cy")}
    return dataclasses.replace(lens, **values)


def blocks(image):
    height, width = image.shape[0] // FINER, image.shape[1] // FINER
    return image.reshape(height, FINER, width, FINER, -1)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.model)
def test_errors_at_silhouettes_fall_by_half_against_sixteen_samples(lens):
    renderer = Renderer()
    renderer.begin_frame(busy_scene())
    camera = camera_at((0, -4, 0.8), lens=lens)
    truth = renderer.render(dataclasses.replace(camera, lens=finer(lens)), Passes(rgb=True, samples=1))
    ids = blocks(truth.placement)
    edge = (ids.min(axis=(1, 3)) != ids.max(axis=(1, 3)))[..., 0]
    assert edge.mean() > 0.05
    want = blocks(linear(truth.rgba[..., :3])).mean(axis=(1, 3))
    errors = {}
    for samples in (1, 4, 8, 16):
        image = linear(renderer.render(camera, Passes(rgb=True, samples=samples)).rgba[..., :3])
        errors[samples] = np.sqrt(np.square(image - want)[edge].mean())
    assert errors[4] < 0.6 * errors[1]
    assert errors[8] < 0.45 * errors[1]
    assert errors[16] < 0.4 * errors[1]


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.model)
def test_ids_and_depths_are_the_same_with_and_without(lens):
    renderer = Renderer()
    renderer.begin_frame(busy_scene())
    camera = camera_at((0, -4, 0.8), lens=lens)
    without, plain, averaged = (
        renderer.render(camera, passes)
        for passes in (Passes(amodal=True), Passes(True, samples=1, amodal=True), Passes(True, samples=8, amodal=True))
    )
    for name in ("placement", "entity", "depth", "distance", "visible_count", "amodal_count", "amodal_box"):
        for other in (plain, averaged):
            assert np.array_equal(getattr(without, name), getattr(other, name)), name


def test_pixels_within_a_surface_keep_their_bytes():
    parts = [Part(sheet(1, 1, 3), moved(turn=(20, 30, 40)))]
    scene = scene_of(parts, materials=(flat(diffuse=(0.5, 0.4, 0.3)),), lights=(distant(np.array([0, 0, 1])),))
    renderer = Renderer()
    renderer.begin_frame(scene)
    camera = camera_at((0, 0, 2), lens=pinhole((90, 60), 70), up=(0, 1, 0))
    one, eight = (renderer.render(camera, Passes(rgb=True, samples=n)) for n in (1, 8))
    shown = one.placement >= 0
    padded = np.pad(shown, 1, mode="edge")
    near = np.stack([padded[1 + j : 61 + j, 1 + i : 91 + i] for i in (-1, 0, 1) for j in (-1, 0, 1)])
    inner = near.all(axis=0) | ~near.any(axis=0)
    assert np.array_equal(one.rgba[inner], eight.rgba[inner])
    assert not np.array_equal(one.rgba, eight.rgba)


def test_half_a_pixel_covered_is_half_the_light():
    """A sheet whose edge runs through the middle of a column, and another that ends a quarter into a row."""
    scene = scene_of(
        [Part(sheet(8, 8), moved((4, 0, 0))), Part(sheet(60, 60), moved((0, 0, -1)), materials=(1,))],
        materials=(flat(emissive=(0.6, 0.6, 0.6)), flat()),
        lights=(sun_below(),),
    )
    renderer = Renderer()
    renderer.begin_frame(scene)
    camera = camera_at((0.05, 0, 10), (0.05, 0, 0), pinhole((41, 21), 100), up=(0, 1, 0))
    image = linear(renderer.render(camera, Passes(rgb=True, samples=8)).rgba[10, :, 0])
    # The edge is at u = 20.5 - 0.5: that of column 20 starts there, so that no pixel is cut.
    assert image[19] == 0
    assert image[20] == pytest.approx(0.6, abs=0.01)
    camera = camera_at((0, 0, 10), (0, 0, 0), pinhole((41, 21), 100), up=(0, 1, 0))
    image = linear(renderer.render(camera, Passes(rgb=True, samples=8)).rgba[10, :, 0])
    assert image[19] == 0
    assert image[20] == pytest.approx(0.3, abs=0.01)
    assert image[21] == pytest.approx(0.6, abs=0.01)


def test_creases_of_one_box_are_averaged_too():
    scene = scene_of(
        [Part(box())], materials=(flat(diffuse=(0.8, 0.8, 0.8)),), lights=(distant(np.array([1, -0.2, 0.3])),)
    )
    renderer = Renderer()
    renderer.begin_frame(scene)
    camera = camera_at((2, -2.3, 1.1), lens=pinhole((100, 80), 100), up=(0.2, 0, 1))
    image = renderer.render(camera, Passes(rgb=True, samples=8)).rgba[..., 0]
    # Across the upright edge between a bright and a dark face most rows have a value between the two.
    between = 0
    for row in image[32:52].astype(int):
        dark, bright = row[38], row[62]
        assert bright > dark + 40
        between += int(((row > dark + 12) & (row < bright - 12)).any())
    assert between > 10


def test_edges_of_holes_are_averaged():
    y, x = np.mgrid[:64, :64]
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[np.hypot(x - 31.5, y - 31.5) < 20, 3] = 0
    material = flat(emissive=(0.7,) * 3, opacity_texture=TextureUse(0, channel="a"), opacity_threshold=0.5)
    textures = (Texture("ring", pixels, False),)
    scene = scene_of(
        [Part(sheet(1, 1))], materials=(material,), textures=textures, lights=(distant(np.array([0, 0, -1])),)
    )
    renderer = Renderer()
    renderer.begin_frame(scene)
    camera = camera_at((0, 0, 1), lens=pinhole((60, 40), 40), up=(0, 1, 0))
    codes = [len(np.unique(renderer.render(camera, Passes(rgb=True, samples=n)).rgba[..., 0])) for n in (1, 8)]
    assert codes[0] == 2
    assert codes[1] > 4


def test_an_image_without_edges_and_one_without_anything_are_drawn():
    renderer = Renderer()
    camera = camera_at((0, 0, 1), lens=pinhole((33, 5), 40), up=(0, 1, 0))
    for scene in (scene_of([Part(sheet(9, 9))]), scene_of([Part(sheet(9, 9), moved((0, 0, 5)))]), scene_of([])):
        renderer.begin_frame(scene)
        one, eight = (renderer.render(camera, Passes(rgb=True, samples=n)).rgba for n in (1, 8))
        assert np.array_equal(one, eight)


@pytest.mark.parametrize("samples", [4, 8, 16])
def test_every_row_and_column_of_a_pixel_has_one_place(samples):
    cells = np.floor((offsets(samples) + 0.5) * samples)
    assert sorted(cells[:, 0]) == sorted(cells[:, 1]) == list(range(samples))


def test_a_number_of_places_that_has_no_pattern_is_refused():
    renderer = Renderer()
    renderer.begin_frame(busy_scene())
    with pytest.raises(OptionError, match="5 samples"):
        renderer.render(camera_at((0, -4, 0.8)), Passes(rgb=True, samples=5))
