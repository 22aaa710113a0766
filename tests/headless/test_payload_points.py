"""Point clouds against the drawn depths and Isaac Sim's own points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framepress.headless.buffers import Buffers
from framepress.headless.payloads import Shot, value
from framepress.headless.scene import Lens, Placement, SceneCamera
from framepress.headless.usd.lenses import project
from headless.fake_shot import ENTITIES, HEIGHT, WIDTH, buffers, camera, nearest, rays, scene, shot, visible


def numbered(size_wh: tuple[int, int]) -> np.ndarray:
    """An image whose four bytes a pixel are its number."""
    width, height = size_wh
    return np.arange(width * height, dtype="<u4").view(np.uint8).reshape(height, width, 4)


def in_raster_order(made_from: Shot, **params: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixel numbers, ascending, and their points."""
    made = value("pointcloud", made_from, params)
    assert made.data is not None
    pixels = np.ascontiguousarray(made.info["pointRgb"]).view("<u4")
    order = np.argsort(pixels)
    return pixels[order], made.data[order]


def test_shapes_and_types_are_as_replicator_has_them() -> None:
    made = value("pointcloud", shot())
    assert made.data is not None
    labelled = nearest()[0] >= 0
    labelled &= ~visible("/World/Floor")
    count = int(labelled.sum())
    assert (made.data.dtype, made.data.shape) == (np.float32, (count, 3))
    assert {key: (entry.dtype.type, entry.shape) for key, entry in made.info.items()} == {
        "pointNormals": (np.float32, (count * 4,)),
        "pointRgb": (np.uint8, (count * 4,)),
        "pointSemantic": (np.uint8, (count,)),
        "pointInstance": (np.uint8, (count,)),
    }


def test_points_are_where_the_rays_end_in_the_world() -> None:
    made = shot(buffers=buffers(rgba=numbered((WIDTH, HEIGHT))))
    pixels, points = in_raster_order(made, includeUnlabelled=True)
    leaf, depth = nearest()
    np.testing.assert_array_equal(pixels, np.flatnonzero(leaf >= 0))
    ahead = (rays() * np.where(leaf >= 0, depth, 0)[..., None]).reshape(-1, 3)[pixels]
    # The camera is at (1, -6, 2): its right is x, its forward y, its down -z.
    world = ahead[:, [0, 2, 1]] * (1, 1, -1) + (1, -6, 2)
    np.testing.assert_allclose(points, world, atol=2e-6)


def test_unlabelled_points_are_there_only_if_asked_for() -> None:
    made = shot(buffers=buffers(rgba=numbered((WIDTH, HEIGHT))))
    floor = np.flatnonzero(visible("/World/Floor"))
    assert not np.isin(floor, in_raster_order(made)[0]).any()
    assert np.isin(floor, in_raster_order(made, includeUnlabelled=True)[0]).all()


def test_ids_are_those_of_the_segmentations() -> None:
    made = shot(buffers=buffers(rgba=numbered((WIDTH, HEIGHT))))
    cloud = value("pointcloud", made, {"includeUnlabelled": True})
    pixels = np.ascontiguousarray(cloud.info["pointRgb"]).view("<u4")
    for key, name in (("pointSemantic", "semantic_segmentation"), ("pointInstance", "instance_segmentation_fast")):
        ids = value(name, made).data
        assert ids is not None
        np.testing.assert_array_equal(cloud.info[key], ids.reshape(-1)[pixels])
    normals = cloud.info["pointNormals"].reshape(-1, 4)
    assert made.buffers.normals is not None
    np.testing.assert_array_equal(normals, made.buffers.normals.reshape(-1, 4)[pixels])


def test_ids_wrap_at_256() -> None:
    """300 prims, one pixel each: the last ids are 300 and 301."""
    width, height, count = 30, 10, 300
    many = tuple(replace(ENTITIES[2], path=f"/World/E{n}", own={"class": (f"c{n}",)}) for n in range(count))
    crowd = scene(entities=many, placements=tuple(Placement(f"{one.path}/m", 0, (0,), n) for n, one in enumerate(many)))
    leaf = np.arange(count, dtype=np.int32).reshape(height, width)
    one = np.ones((height, width), np.float32)
    made = Buffers(
        leaf,
        leaf,
        one,
        one,
        numbered((width, height)),
        np.zeros((height, width, 4), np.float32),
        None,
        np.ones(count, np.int64),
        np.zeros((count, 4), np.int32),
        None,
        None,
    )
    lens = replace(camera().lens, width=width, height=height, cx=15.0, cy=5.0)
    cloud = value("pointcloud", Shot(crowd, replace(camera(), lens=lens), made))
    pixels = np.ascontiguousarray(cloud.info["pointRgb"]).view("<u4")
    np.testing.assert_array_equal(cloud.info["pointInstance"], ((pixels + 2) % 256).astype(np.uint8))
    assert cloud.info["pointSemantic"].max() == 255


def test_points_are_shuffled_in_blocks_of_32_pixels() -> None:
    every = np.zeros((HEIGHT, WIDTH), np.int32)
    made = buffers(rgba=numbered((WIDTH, HEIGHT)), placement=every, distance=np.ones((HEIGHT, WIDTH), np.float32))
    cloud = value("pointcloud", shot(buffers=made))
    pixels = np.ascontiguousarray(cloud.info["pointRgb"]).view("<u4").astype(np.int64)
    breaks = np.flatnonzero(np.diff(pixels) != 1) + 1
    assert pixels[0] != 0
    assert len(breaks) >= 5
    assert {int(pixels[place]) % 32 for place in breaks} == {0}
    np.testing.assert_array_equal(np.sort(pixels), np.arange(WIDTH * HEIGHT))


def test_through_a_fisheye_points_project_back_onto_their_pixels() -> None:
    lens = Lens("opencvFisheye", WIDTH, HEIGHT, 9, 9, 12, 7, (0.02, -0.003, 0.0, 0.0), 0.01, 1000, 2.2)
    made = shot(camera=replace(camera(), lens=lens), buffers=buffers(rgba=numbered((WIDTH, HEIGHT))))
    pixels, points = in_raster_order(made, includeUnlabelled=True)
    view = camera().view
    ahead = (points.astype(np.float64) @ view[:3, :3] + view[3, :3]) * (1, -1, -1)
    centres = np.stack((pixels % WIDTH + 0.5, pixels // WIDTH + 0.5), axis=-1)
    np.testing.assert_allclose(project(lens, ahead), centres, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ahead, axis=1), made.buffers.distance.reshape(-1)[pixels], rtol=1e-6)


def test_no_labelled_pixel_gives_an_empty_cloud() -> None:
    made = value("pointcloud", shot(), {"semanticFilter": "class:bus"})
    assert made.data is not None
    assert made.data.shape == (0, 3)
    assert made.info["pointRgb"].shape == (0,)


GOLDEN = Path(__file__).parents[3] / "shared/data/isaacsim-golden/camera_pointcloud"
golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="Isaac Sim's golden point clouds are not beside this checkout")


@golden
@pytest.mark.parametrize(("width", "height"), [(4, 4), (64, 64), (67, 137)])
def test_points_are_those_that_isaac_sim_stored(width: int, height: int) -> None:
    """Its camera hangs at (0, 0, 10) and looks down; focal length over aperture is 2.386 (from its own rays)."""

    def stored(name: str) -> np.ndarray:
        return np.load(GOLDEN / f"pointcloud_data_{name}_res_{width}_{height}.npy").astype(np.float64)

    ahead = stored("camera_from_depth")  # in the order of pixels, OpenCV's axes
    fx = width * 2.3860641
    lens = Lens("pinhole", width, height, fx, fx, width / 2, height / 2, (), 0.01, 1e6)
    half, root = 0.5, np.sqrt(0.75)
    pose = np.array([[half, -root, 0, 0], [root, half, 0, 0], [0, 0, 1, 0], [0, 0, 10, 1]])
    leaf, nothing = np.zeros((height, width), np.int32), np.zeros((height, width, 4), np.float32)
    depth = ahead[:, 2].reshape(height, width).astype(np.float32)
    distance = np.linalg.norm(ahead, axis=1).reshape(height, width).astype(np.float32)
    made = Buffers(
        leaf, leaf, depth, distance, numbered((width, height)), nothing, None, np.ones(6, np.int64), leaf, None, None
    )
    view = SceneCamera("/World/Camera", lens, np.linalg.inv(pose), camera().attributes)
    _, points = in_raster_order(Shot(scene(), view, made))
    np.testing.assert_allclose(points, stored("world_from_depth"), atol=4e-6)


@golden
def test_isaac_sim_shuffles_in_blocks_of_32_pixels_too() -> None:
    world, raster = (
        np.load(GOLDEN / f"pointcloud_data_{name}_res_64_64.npy") for name in ("world_frame", "world_from_depth")
    )
    number_of = {tuple(point): number for number, point in enumerate(np.round(raster, 3).tolist())}
    pixels = np.array([number_of.get(tuple(point), -1) for point in np.round(world, 3).tolist()])
    known = (pixels[1:] >= 0) & (pixels[:-1] >= 0)
    breaks = np.flatnonzero((np.diff(pixels) != 1) & known) + 1
    assert pixels[0] != 0
    assert len(breaks) > 50
    assert set((breaks % 32).tolist()) == {0}
