"""Scenes that are broken, empty or extreme: an error that names the part, or nothing drawn of it; never a crash."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, geometry, lens_of, moved, pinhole, scene_of, sheet, soup, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.errors import InputError
from framepress.headless.buffers import Passes
from framepress.headless.render import device_arrays
from framepress.headless.render.renderer import Renderer

ALL = Passes(normals=True, motion=True, amodal=True)
CAMERA = camera_at((0, -4, 0))
FISHEYE = lens_of("opencvFisheye", (160, 90), 50, (0.01, -0.002, 0, 0), max_theta=2.2)
LENSES = {"pinhole": pinhole(), "fisheye": FISHEYE}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(threads=2)


def drawn(renderer, scene, camera=CAMERA):
    renderer.begin_frame(scene)
    return renderer.render(camera, ALL)


def finite(buffers):
    hit = buffers.placement >= 0
    assert np.isfinite(buffers.depth[hit]).all()
    assert np.isfinite(buffers.normals).all()
    assert np.isfinite(buffers.motion).all()


@pytest.mark.parametrize("name", LENSES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_triangles_of_points_that_are_nowhere_are_left_out_alone(renderer, name, bad):
    shape = sheet(3, 3, 8)
    points = shape.points.copy()
    points[40, 1] = bad
    camera = camera_at((0, -4, 0), lens=LENSES[name])
    pose = moved(turn=(90, 0, 0))
    whole = drawn(renderer, scene_of([Part(shape, pose)]), camera)
    torn = drawn(renderer, scene_of([Part(dataclasses.replace(shape, points=points), pose)]), camera)
    finite(torn)
    assert 0 < torn.amodal_count[0] < whole.amodal_count[0]
    if bad != 3e38:
        without = shape.triangles[~(shape.triangles == 40).any(axis=1)]
        kept = drawn(renderer, scene_of([Part(geometry(shape.points, without), pose)]), camera)
        assert np.array_equal(kept.placement, torn.placement)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_hides_its_leaf_alone(renderer, bad):
    scene = scene_of([Part(box()), Part(box(), moved((1.2, 0, 0)))])
    matrices = scene.matrices.copy()
    matrices[0, 3, 2] = bad
    buffers = drawn(renderer, dataclasses.replace(scene, matrices=matrices))
    finite(buffers)
    assert buffers.amodal_count[0] == 0 < buffers.amodal_count[1]


@pytest.mark.parametrize("scale", [0.0, (1, 0, 1), (1, 1, 0), 1e-30, 1e12, 1e37, (1e6, 1e-6, 1), (-1, 1, 1)])
@pytest.mark.parametrize("name", LENSES)
def test_any_scale_is_drawn_or_too_thin_to_be_seen(renderer, scale, name):
    scene = scene_of([Part(sphere(1, 12), moved(scale=scale)), Part(box(), moved((1.2, 0, 0)))])
    buffers = drawn(renderer, scene, camera_at((0, -4, 0), lens=LENSES[name]))
    finite(buffers)
    assert buffers.amodal_count[1] > 0


def test_triangles_without_area_are_not_seen(renderer):
    points = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 0)])
    shape = geometry(points, [(0, 1, 2), (0, 0, 0), (0, 3, 1), (1, 1, 2)])
    assert (drawn(renderer, scene_of([Part(shape)])).placement == -1).all()


@pytest.mark.parametrize(
    "scene",
    [
        scene_of([]),
        scene_of([Part(geometry(np.zeros((0, 3)), np.zeros((0, 3))))]),
        scene_of([Part(geometry(np.zeros((5, 3)), np.zeros((0, 3))))]),
        scene_of([Part(box(), moved((0, -40, 0)))]),
    ],
    ids=["no leaf", "no point", "no triangle", "behind"],
)
def test_nothing_to_see_is_an_empty_image(renderer, scene):
    buffers = drawn(renderer, scene)
    assert (buffers.placement == -1).all()
    assert np.isposinf(buffers.depth).all()
    assert buffers.visible_count.sum() == 0


@pytest.mark.parametrize("name", LENSES)
def test_from_within_a_mesh_its_inside_is_seen(renderer, name):
    buffers = drawn(renderer, scene_of([Part(sphere(1, 40))]), camera_at((0.1, 0.2, 0), (3, 1, 0), LENSES[name]))
    seen = buffers.amodal_count[0] == buffers.visible_count[0] == (buffers.placement == 0).sum()
    assert seen
    assert (buffers.placement == 0).mean() > 0.9
    assert (buffers.distance[buffers.placement == 0] < 1.3).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (7, 9), (33, 31), (8, 8)])
@pytest.mark.parametrize("model", ["pinhole", "opencvFisheye"])
def test_images_of_any_size(renderer, size, model):
    coefficients = () if model == "pinhole" else (0.0, 0.0, 0.0, 0.0)
    camera = camera_at((0, -4, 0), lens=lens_of(model, size, 20, coefficients))
    buffers = drawn(renderer, scene_of([Part(box((20, 1, 20)))]), camera)
    assert (buffers.placement == 0).all()
    assert buffers.placement.shape == (size[1], size[0])
    assert buffers.visible_box[0].tolist() == buffers.amodal_box[0].tolist() == [0, 0, size[0] - 1, size[1] - 1]
    assert buffers.visible_count[0] == buffers.amodal_count[0] == size[0] * size[1]


def broken(scene, **changes):
    return dataclasses.replace(scene, **changes)


CUBE = box()
SCENE = scene_of([Part(CUBE, path="/World/Cube")])
LEAF = SCENE.placements[0]


def with_geometry(**changes):
    return broken(SCENE, geometries=(dataclasses.replace(CUBE, **changes),))


def with_leaf(**changes):
    return broken(SCENE, placements=(dataclasses.replace(LEAF, **changes),))


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (
            with_geometry(triangles=np.array([(0, 1, 8)], np.int32), uvs=None, subsets=np.zeros(1, np.int32)),
            r"\[0, 1, 8\].*8 points",
        ),
        (with_geometry(triangles=np.array([(0, -1, 2)], np.int32), uvs=None, subsets=np.zeros(1, np.int32)), "-1"),
        (with_geometry(points=CUBE.points.astype(np.float64)), "float64"),
        (with_geometry(points=CUBE.points[:, :2]), r"\(8, 2\)"),
        (with_geometry(normals=np.zeros((3, 3), np.float32)), "normals"),
        (with_geometry(uvs=np.zeros((12, 3, 3), np.float32)), "uvs"),
        (with_geometry(subsets=np.full(12, -3, np.int32)), "subset -3"),
        (with_geometry(subsets=np.full(12, 1, np.int32)), "/World/Cube/Leaf_0: 1 materials for 2 subsets"),
        (with_leaf(geometry=1), "/World/Cube/Leaf_0: geometry 1"),
        (with_leaf(materials=(4,)), "/World/Cube/Leaf_0: materials"),
        (with_leaf(entity=7), "/World/Cube/Leaf_0: entity 7"),
        (broken(SCENE, matrices=np.eye(4)), "matrices"),
        (broken(SCENE, visible=np.ones(3, bool)), "visibilities"),
    ],
)
def test_a_scene_that_contradicts_itself_is_refused_and_the_next_is_drawn(scene, words):
    renderer = Renderer(threads=1)
    renderer.begin_frame(SCENE)
    with pytest.raises(InputError, match=words):
        renderer.begin_frame(scene)
    with pytest.raises(InputError, match="no scene"):
        renderer.render(CAMERA, Passes())
    fresh = Renderer(threads=1)
    for again in (SCENE, scene_of([Part(sphere()), Part(CUBE, moved((1, 0, 0)))])):
        for each in (renderer, fresh):
            each.begin_frame(again)
        assert np.array_equal(renderer.render(CAMERA, ALL).placement, fresh.render(CAMERA, ALL).placement)


def test_without_a_scene_or_a_view_there_is_nothing_to_draw(renderer):
    with pytest.raises(InputError, match="/World/Camera: there is no scene"):
        Renderer(threads=1).render(CAMERA, Passes())
    renderer.begin_frame(SCENE)
    with pytest.raises(InputError, match="/World/Camera: not the matrix of a view"):
        renderer.render(dataclasses.replace(CAMERA, view=np.full((4, 4), np.nan)), Passes())


def test_what_is_the_same_object_is_not_uploaded_again(monkeypatch):
    rng = np.random.default_rng(0)
    shapes = [soup(rng, 50) for _ in range(4)]
    first = scene_of([Part(shape, moved(rng.uniform(-1, 1, 3))) for shape in shapes])
    renderer = Renderer(threads=1)
    renderer.begin_frame(first)
    written = []
    write = device_arrays.Rows.write
    monkeypatch.setattr(
        device_arrays.Rows,
        "write",
        lambda rows, first, values: (written.append(len(values)), write(rows, first, values)),
    )
    turned = dataclasses.replace(
        first, matrices=first.matrices @ moved((0.1, 0, 0)), visible=np.array([1, 0, 1, 1], bool)
    )
    renderer.begin_frame(turned)
    renderer.begin_frame(scene_of([Part(shape, moved(rng.uniform(-1, 1, 3))) for shape in reversed(shapes)]))
    assert written == []
    renderer.begin_frame(scene_of([Part(shape) for shape in (*shapes, soup(rng, 7))]))
    assert max(written) == 21


def test_geometries_may_come_and_go_for_ever(monkeypatch):
    """Each frame has its own mesh beside one that stays: what is drawn is right, and the device does not fill up."""
    from framepress.headless.render import geometries

    monkeypatch.setattr(geometries, "SPARE_TRIANGLES", 500)
    rng = np.random.default_rng(1)
    renderer, stays = Renderer(threads=1), sphere(0.7, 20)
    most = 0
    for frame in range(30):
        new = soup(rng, int(rng.integers(20, 200)), 0.3, 1.0)
        parts = [Part(stays), Part(new, moved((0.4, 0, 0)))]
        scene = scene_of(parts if frame % 2 else parts[::-1])
        fresh = Renderer(threads=1)
        assert np.array_equal(drawn(renderer, scene).placement, drawn(fresh, scene).placement), frame
        most = max(most, renderer._geo.triangles.size)
    assert most < 4000


def test_a_mesh_of_a_million_triangles_is_drawn(renderer):
    shape = sheet(6, 6, 708)
    buffers = drawn(renderer, scene_of([Part(shape, moved(turn=(90, 0, 0)))]))
    assert len(shape.triangles) > 1_000_000
    assert (buffers.placement == 0).all()
    assert np.allclose(buffers.depth, 4, rtol=1e-5)
