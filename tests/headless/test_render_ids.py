"""Ids, boxes and counts, against cubes whose outlines are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer
from framepress.headless.scene import Material, Texture, TextureUse
from framepress.headless.usd import lenses

CAMERA = camera_at((0, -6, 0.5), (0, 0, 0.5), pinhole((1280, 720), 18.14756 * 1280 / 20.955))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(threads=2)


def drawn(renderer, scene, camera, **passes):
    renderer.begin_frame(scene)
    return renderer.render(camera, Passes(**passes))


def cube(at, scale, **kwargs):
    return Part(box(), moved(at, scale=scale), **kwargs)


@pytest.mark.parametrize(
    ("at", "scale", "expected"),
    [
        ((0, -4, 0.5), (1.55, 0.4, 1), (163, 52, 1116, 667)),
        ((1.45, -1.9, 0.52), 0.55, (938, 275, 1139, 433)),
        ((2, 0, 0), (1.5, 1, 1), (853, 360, 1193, 561)),
        ((-1.5, 0, 0), (1, 2, 1), (197, 360, 481, 581)),
        ((0, 1, 0), (1, 1, 3), (555, 189, 724, 700)),
    ],
)
def test_a_cube_covers_the_box_that_isaac_sim_stored_for_it(renderer, at, scale, expected):
    buffers = drawn(renderer, scene_of([cube(at, scale)]), CAMERA, amodal=True)
    assert tuple(buffers.visible_box[0]) == expected
    assert tuple(buffers.amodal_box[0]) == expected
    rows, columns = np.nonzero(buffers.entity == 0)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == expected


def test_a_floor_hides_what_is_below_it_as_isaac_sim_stored_it(renderer):
    floor = Part(sheet(100, 100), label=None)
    scene = scene_of([cube((2, 0, 0), (1.5, 1, 1)), cube((-1.5, 0, 0), (1, 2, 1)), floor])
    buffers = drawn(renderer, scene, CAMERA, amodal=True)
    assert buffers.visible_box.tolist() == [[853, 360, 1193, 460], [197, 360, 481, 470]]
    assert buffers.amodal_box.tolist() == [[853, 360, 1193, 561], [197, 360, 481, 581]]


def test_a_cube_half_hidden_by_another_has_a_smaller_visible_box(renderer):
    scene = scene_of([cube((0, -4, 0.5), (1.55, 0.4, 1)), cube((1.45, -1.9, 0.52), 0.55)])
    buffers = drawn(renderer, scene, CAMERA, amodal=True)
    assert buffers.visible_box[1].tolist() == [1117, 275, 1139, 433]
    assert buffers.amodal_box[1].tolist() == [938, 275, 1139, 433]


def test_counts_and_boxes_are_those_of_the_id_image(renderer):
    rng = np.random.default_rng(3)
    parts = [
        Part(sphere(0.4, 12), moved(rng.uniform(-2, 2, 3)), label=None if k % 7 == 0 else "ball", path=f"/B{k // 2}")
        for k in range(60)
    ]
    scene = scene_of(parts)
    buffers = drawn(renderer, scene, camera_at((0, -5, 1), lens=pinhole((213, 117), 150)), amodal=True)
    owners = np.array([placement.entity for placement in scene.placements])
    assert np.array_equal(buffers.entity, np.where(buffers.placement < 0, -1, owners[buffers.placement]))
    for entity in range(len(scene.entities)):
        rows, columns = np.nonzero(buffers.entity == entity)
        assert buffers.visible_count[entity] == len(rows)
        if len(rows):
            assert buffers.visible_box[entity].tolist() == [columns.min(), rows.min(), columns.max(), rows.max()]
        else:
            assert buffers.visible_box[entity][2] < buffers.visible_box[entity][0]
        assert buffers.amodal_count[entity] >= buffers.visible_count[entity]


def test_nothing_hit_is_minus_one_and_infinitely_far(renderer):
    buffers = drawn(renderer, scene_of([cube((0, 0, 0.5), 1)]), CAMERA)
    nothing = buffers.placement < 0
    assert nothing.any()
    assert (buffers.entity[nothing] == -1).all()
    assert np.isposinf(buffers.depth[nothing]).all()
    assert np.isposinf(buffers.distance[nothing]).all()
    assert np.isfinite(buffers.depth[~nothing]).all()


def test_the_next_frame_does_not_touch_arrays_of_the_last(renderer):
    scene = scene_of([cube((0, 0, 0.5), 1)])
    buffers = drawn(renderer, scene, CAMERA, normals=True, motion=True, amodal=True)
    names = [name for name in buffers.__slots__ if getattr(buffers, name) is not None]
    before = {name: getattr(buffers, name).copy() for name in names}
    drawn(renderer, scene_of([cube((1, 0, 1), 2)]), CAMERA, normals=True, motion=True, amodal=True)
    for name in names:
        assert np.array_equal(before[name], getattr(buffers, name)), name


@pytest.mark.parametrize("model", ["pinhole", "opencvFisheye"])
def test_a_cut_out_shows_what_is_behind_its_holes(renderer, model):
    """Opacity is the alpha between texels' centres, row 0 at the top; below the threshold nothing is there."""
    alpha = np.array([[0, 255, 255, 0], [255, 255, 0, 255], [255, 0, 255, 255]], np.uint8)
    pixels = np.full((3, 4, 4), 255, np.uint8)
    pixels[..., 3] = alpha
    leaf = Material("/Leaf", opacity_texture=TextureUse(0, "a", wrap="clamp"), opacity_threshold=0.5)
    scene = scene_of(
        [Part(sheet(4, 3), moved((0, 0, -4)), materials=(1,)), Part(sheet(40, 40), moved((0, 0, -6)))],
        materials=(Material("/Plain"), leaf),
        textures=(Texture("/holes.png", pixels, False),),
    )
    lens = lens_of(model, (200, 150), 120, () if model == "pinhole" else (0.0, 0.0, 0.0, 0.0))
    camera = camera_at((0, 0, 0), (0, 0, -1), lens, up=(0, 1, 0))
    buffers = drawn(renderer, scene, camera, amodal=True)
    rays = lenses.rays(lens)
    across, up = rays[..., 0] / rays[..., 2] * 4, -rays[..., 1] / rays[..., 2] * 4
    # In texels, whose centres are at whole numbers; beyond the outermost the edge goes on.
    x, y = np.clip(across + 2 - 0.5, 0, 3), np.clip(1.5 - up - 0.5, 0, 2)
    left, top = np.minimum(x.astype(int), 2), np.minimum(y.astype(int), 1)
    fx, fy = x - left, y - top
    opacity = (alpha[top, left] * (1 - fx) + alpha[top, left + 1] * fx) * (1 - fy)
    opacity += (alpha[top + 1, left] * (1 - fx) + alpha[top + 1, left + 1] * fx) * fy
    on_sheet = (np.abs(across) < 2) & (np.abs(up) < 1.5)
    sure = (
        (np.abs(opacity / 255 - 0.5) > 1e-3) & (np.abs(np.abs(across) - 2) > 1e-4) & (np.abs(np.abs(up) - 1.5) > 1e-4)
    )
    solid = on_sheet & (opacity > 127.5)
    assert np.array_equal(buffers.placement[sure] == 0, solid[sure])
    assert sure.mean() > 0.99
    assert 0.2 < solid[on_sheet].mean() < 0.8
    assert (buffers.placement[~solid & sure] == 1).all()
    assert buffers.amodal_count[0] == (buffers.placement == 0).sum()
    assert buffers.amodal_count[1] == buffers.placement.size


def test_what_is_not_visible_is_not_drawn_and_comes_back(renderer):
    scene = scene_of([cube((0, 0, 0.5), 1), cube((1.5, 0, 0.5), 1)])
    first = drawn(renderer, scene, CAMERA, amodal=True)
    hidden = dataclasses.replace(scene, visible=np.array([False, True]))
    second = drawn(renderer, hidden, CAMERA, amodal=True)
    assert first.visible_count[0] > 0
    assert second.visible_count[0] == second.amodal_count[0] == 0
    assert second.visible_count[1] == first.visible_count[1]
    third = drawn(renderer, scene, CAMERA, amodal=True)
    assert np.array_equal(third.placement, first.placement)
