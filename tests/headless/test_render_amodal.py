"""What each entity would cover alone, against Embree with that entity alone."""

from __future__ import annotations

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, soup, sphere
from rays_of_embree import cast

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer

BARREL = (-0.28, 0.07, 0.0008, -0.0011, -0.006, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
LENSES = {
    "pinhole": pinhole((320, 200), 220, near=1e-4),
    "barrel": lens_of("opencvPinhole", (320, 200), 260, BARREL, near=1e-4, max_theta=0.9),
    "fisheye": lens_of("opencvFisheye", (320, 200), 75, (0.01, -0.002, 0, 0), near=1e-4, max_theta=2.0),
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


@pytest.mark.parametrize("name", LENSES)
def test_counts_are_those_of_embree_with_one_entity_at_a_time(renderer, name):
    rng = np.random.default_rng(5)
    parts = [Part(soup(rng, 30, 0.3, 0.5), moved(rng.uniform(-2, 2, 3)), path=f"/Soup_{k // 3}") for k in range(9)]
    parts += [Part(sphere(0.5, 32), moved(rng.uniform(-2, 2, 3), scale=rng.uniform(0.3, 1, 3))) for _ in range(9)]
    parts += [Part(box((9, 9, 6))), Part(sheet(30, 30), moved((0, 0, -1))), Part(box(), moved((0.5, 0, 0)), label=None)]
    scene = scene_of(parts)
    camera = camera_at((0.5, -2.2, 0.4), lens=LENSES[name])
    renderer.begin_frame(scene)
    buffers = renderer.render(camera, Passes(amodal=True))
    wrong = 0
    for entity in range(len(scene.entities)):
        placement, _, _ = cast(scene, camera, entity)
        rows, columns = np.nonzero(placement >= 0)
        wrong += abs(int(buffers.amodal_count[entity]) - len(rows))
        if len(rows) and buffers.amodal_count[entity] == len(rows):
            assert buffers.amodal_box[entity].tolist() == [columns.min(), rows.min(), columns.max(), rows.max()]
        assert buffers.amodal_count[entity] >= buffers.visible_count[entity]
    assert buffers.amodal_count.sum() > 100_000
    assert wrong <= 1


def test_an_entity_that_overlaps_itself_is_counted_once(renderer):
    wall = sheet(2, 1)
    camera = camera_at((0, 0, 0), (0, 0, -1), up=(0, 1, 0))
    renderer.begin_frame(scene_of([Part(wall, moved((0, 0, -3)), path="/A")]))
    once = renderer.render(camera, Passes(amodal=True))
    renderer.begin_frame(scene_of([Part(wall, moved((0, 0, -3 - k / 100)), path="/A") for k in range(5)]))
    often = renderer.render(camera, Passes(amodal=True))
    assert often.amodal_count.tolist() == once.amodal_count.tolist()
    assert often.amodal_box.tolist() == once.amodal_box.tolist()


def test_a_hidden_entity_keeps_its_own_count_and_box(renderer):
    cube = Part(box(), moved((0, 4, 0)))
    camera = camera_at((0, -4, 0))
    renderer.begin_frame(scene_of([cube]))
    alone = renderer.render(camera, Passes(amodal=True))
    renderer.begin_frame(scene_of([cube, Part(box((8, 0.1, 8)))]))
    hidden = renderer.render(camera, Passes(amodal=True))
    assert hidden.visible_count[0] == 0
    assert hidden.visible_box[0, 2] < hidden.visible_box[0, 0]
    assert hidden.amodal_count[0] == alone.visible_count[0] > 0
    assert hidden.amodal_box[0].tolist() == alone.visible_box[0].tolist()


def test_what_is_out_of_the_frame_counts_nothing(renderer):
    behind, beside = Part(box(), moved((0, -9, 0))), Part(box(), moved((40, 0, 0)))
    part_of_it = Part(box((4, 4, 4)), moved((3.5, 2, 0)))
    renderer.begin_frame(scene_of([behind, beside, part_of_it]))
    buffers = renderer.render(camera_at((0, -4, 0)), Passes(amodal=True))
    assert buffers.amodal_count[:2].tolist() == [0, 0]
    assert (buffers.amodal_box[:2, 2] < buffers.amodal_box[:2, 0]).all()
    assert buffers.amodal_box[2, 2] == 159


def test_without_the_pass_there_are_no_counts(renderer):
    renderer.begin_frame(scene_of([Part(box())]))
    buffers = renderer.render(camera_at((0, -4, 0)), Passes())
    assert buffers.amodal_count is None
    assert buffers.amodal_box is None


def test_a_scene_without_entities_has_no_counts_to_give(renderer):
    renderer.begin_frame(scene_of([Part(box(), label=None)]))
    buffers = renderer.render(camera_at((0, -4, 0)), Passes(amodal=True))
    assert buffers.amodal_count.shape == buffers.visible_count.shape == (0,)
    assert buffers.amodal_box.shape == buffers.visible_box.shape == (0, 4)
    assert (buffers.placement == 0).any()
