"""Textures: which way up, wrap modes, transforms, colour spaces, mip levels, holes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, camera_at, moved, pinhole, scene_of, sheet

pytest.importorskip("warp", reason="rendering needs warp-lang")

from pictures import coded, flat, linear, picture, poster, sun_below

from framepress.errors import InputError
from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer
from framepress.headless.scene import Texture, TextureUse

RED, GREEN, BLUE, WHITE = (180, 0, 0), (0, 170, 0), (0, 0, 160), (150, 150, 150)


def texture_of(rows, srgb=True, alpha=255):
    """Args: rows: lists of colours, the first at the top."""
    pixels = np.array(rows, np.uint8).reshape(len(rows), len(rows[0]), 3)
    return Texture("made", np.dstack([pixels, np.full(pixels.shape[:2], alpha, np.uint8)]), srgb)


QUARTERS = texture_of([[RED] * 4 + [GREEN] * 4] * 4 + [[BLUE] * 4 + [WHITE] * 4] * 4)


def middles(image):
    """The colours amid the image's quarters, row by row."""
    height, width = image.shape[:2]
    return [tuple(image[y, x].tolist()) for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]


def test_the_first_row_is_at_the_top_and_codes_come_through_unchanged():
    for found, want in zip(middles(poster(QUARTERS)), (RED, GREEN, BLUE, WHITE), strict=True):
        assert np.abs(np.subtract(found, want)).max() <= 1


@pytest.mark.parametrize("code", [1, 7, 20, 60, 128, 200, 229])
def test_every_code_up_to_the_shoulder_of_the_tone_curve_is_shown_as_it_is(code):
    image = poster(texture_of([[(code, code, code)]]))
    assert np.abs(image.astype(int) - code).max() <= 1


def test_a_linear_texture_is_not_decoded():
    image = poster(texture_of([[(64, 128, 192)]], srgb=False))
    assert np.abs(image - coded(np.array([64, 128, 192]) / 255)).max() <= 1


@pytest.mark.parametrize(
    ("wrap", "want"),
    [
        # u runs from -1 to 2 over the width: three periods of a red and a green half.
        ("repeat", "RGRGRG"),
        ("mirror", "GRRGGR"),
        ("clamp", "RRRGGG"),
        ("black", "..RG.."),
    ],
)
def test_wrap_modes(wrap, want):
    use = TextureUse(0, scale=(3.0, 1.0), offset=(-1.0, 0.0), wrap=wrap)
    texture = texture_of([[RED] * 8 + [GREEN] * 8])
    image = poster(texture, use, (96, 48))
    shown = {RED: "R", GREEN: "G", (0, 0, 0): "."}
    found = [image[24, 8 + 16 * i] for i in range(6)]
    names = [min(shown, key=lambda color: np.abs(np.subtract(color, pixel.astype(int))).sum()) for pixel in found]
    assert "".join(shown[name] for name in names) == want


def test_scale_comes_before_rotation_and_rotation_before_the_offset():
    """UsdTransform2d; a quarter turn, counter-clockwise: uv' = (-2 v, u) + (0.5, 0) for a scale of (1, 2)."""
    rng = np.random.default_rng(3)
    texture = texture_of(rng.integers(20, 200, (4, 8, 3)).tolist())
    use = TextureUse(0, scale=(1.0, 2.0), offset=(0.5, 0.0), degrees=90.0)
    image = poster(texture, use, (160, 80)).astype(int)
    for u, v in ((0.12, 0.1), (0.9, 0.3), (0.4, 0.77)):
        x, y = int(u * 160), int((1 - v) * 80)
        u, v = (x + 0.5) / 160, 1 - (y + 0.5) / 80
        at = (-2 * v + 0.5) % 1, u % 1
        column, row = at[0] * 8 - 0.5, (1 - at[1]) * 4 - 0.5
        i, j = int(np.floor(column)), int(np.floor(row))
        near = linear(texture.pixels[..., :3])[np.ix_([j % 4, (j + 1) % 4], [i % 8, (i + 1) % 8])]
        across = np.array([1 - (column - i), column - i])
        down = np.array([1 - (row - j), row - j])
        want = np.einsum("ijc,i,j->c", near, down, across)
        assert np.abs(image[y, x] - coded(want)).max() <= 1


@pytest.mark.parametrize("size_wh", [(64, 64), (60, 44), (33, 7)])
def test_far_away_a_pattern_becomes_its_mean_light(size_wh):
    rng = np.random.default_rng(5)
    width, height = size_wh
    texture = texture_of(rng.integers(0, 256, (height, width, 3)).tolist())
    # Nearly the coarsest level: a period of the texture is 2 x 2 pixels wide.
    image = poster(texture, TextureUse(0, scale=(32.0, 16.0)), (64, 32))
    want = linear(texture.pixels[..., :3]).mean(axis=(0, 1))
    assert np.abs(linear(image).mean(axis=(0, 1)) - want).max() < 0.02
    # The seeds of noise are gone: no pixel of the level is far from the mean.
    assert np.abs(image - coded(want)).max() < 40


def test_what_lies_under_holes_does_not_bleed_into_coarser_levels():
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[::2, :, :] = (200, 200, 200, 255)
    image = poster(Texture("bars", pixels, True), TextureUse(0, scale=(4.0, 4.0)), (32, 16))
    assert np.abs(image.astype(int) - 200).max() <= 2


def test_holes_follow_the_channel_and_the_threshold_of_opacity():
    pixels = np.full((1, 2, 4), 255, np.uint8)
    pixels[0, 0, 1] = 100
    texture = Texture("veil", pixels, False)
    scene = scene_of([Part(sheet(2, 1))], textures=(texture,), lights=(sun_below(),))
    camera = camera_at((0, 0, 1), (0, 0, 0), pinhole((64, 32), 32), up=(0, 1, 0))
    for threshold, hole in ((0.0, False), (0.3, False), (0.5, True)):
        use = TextureUse(0, channel="g", wrap="clamp")
        material = flat(opacity_texture=use, opacity_threshold=threshold)
        renderer = Renderer()
        renderer.begin_frame(dataclasses.replace(scene, materials=(material,)))
        shown = renderer.render(camera, Passes()).placement
        assert (shown[:, 40:] == 0).all()
        assert (shown[:, :10] == (-1 if hole else 0)).all()


def test_each_subset_has_its_own_material():
    shape = sheet(2, 1)
    shape = dataclasses.replace(shape, subsets=np.array([0, 1], np.int32))
    materials = (flat(emissive=(0.5, 0, 0)), flat(emissive=(0, 0.4, 0)))
    scene = scene_of([Part(shape, materials=(1, 0))], materials=materials, lights=(sun_below(),))
    image = picture(scene, camera_at((0, 0, 1), (0, 0, 0), pinhole((64, 32), 32), up=(0, 1, 0)))
    # Triangle 0 lies below the diagonal, and the first of the placement's materials is the green one.
    assert image[28, 50, 1] > 100 > image[28, 50, 0]
    assert image[4, 10, 0] > 100 > image[4, 10, 1]


def test_textures_of_one_surface_do_not_meddle():
    """Roughness and metal from two channels of one texture, colour from another: as the same values without."""
    parts = [Part(sheet(2, 1))]
    camera = camera_at((0, -0.4, 0.9), (0, 0, 0), pinhole((40, 20), 20), up=(0, 1, 0))
    values = Texture("values", np.full((1, 1, 4), (0, 102, 51, 255), np.uint8), False)
    color = texture_of([[(90, 120, 150)]])
    textured = flat(
        diffuse_texture=TextureUse(1),
        roughness_texture=TextureUse(0, channel="g"),
        metallic_texture=TextureUse(0, channel="b"),
    )
    plain = flat(diffuse=tuple(linear(np.array([90, 120, 150]))), roughness=0.4, metallic=0.2)
    scenes = [scene_of(parts, materials=(m,), textures=(values, color)) for m in (textured, plain)]
    images = [picture(scene, camera) for scene in scenes]
    assert images[1].max() > 60
    assert np.abs(images[0].astype(int) - images[1]).max() <= 1


def test_only_new_textures_are_uploaded_and_old_ones_stay_what_they_are():
    renderer = Renderer()
    rng = np.random.default_rng(9)
    pool = [texture_of([[tuple(rng.integers(0, 220, 3).tolist())] * (3 + 5 * i)] * 9) for i in range(6)]
    materials = tuple(flat(emissive_texture=TextureUse(i)) for i in range(2))
    parts = [Part(sheet(1, 1), moved((side, 0, 0)), materials=(row,)) for row, side in enumerate((-0.5, 0.5))]
    camera = camera_at((0, 0, 1), (0, 0, 0), pinhole((64, 32), 32), up=(0, 1, 0))
    for _ in range(12):
        left, right = rng.choice(6, 2)
        textures = pool[left], pool[right]
        scene = scene_of(parts, materials=materials, textures=textures, lights=(sun_below(),))
        image = picture(scene, camera, renderer=renderer).astype(int)
        assert np.abs(image[16, 10] - textures[0].pixels[0, 0, :3]).max() <= 1
        assert np.abs(image[16, 50] - textures[1].pixels[0, 0, :3]).max() <= 1


@pytest.mark.parametrize("pixels", [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 4)), np.zeros((0, 2, 4), np.uint8)])
def test_pixels_of_another_kind_are_refused_with_their_path(pixels):
    scene = scene_of([Part(sheet())], textures=(Texture("odd.png", pixels, True),))
    with pytest.raises(InputError, match="odd"):
        Renderer().begin_frame(scene)
