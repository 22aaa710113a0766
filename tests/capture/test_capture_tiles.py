"""Mosaics put together here from frames of single cameras come apart into those frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capture.replicator_payloads import boxed, camera_params, payload, rows_2d, rows_3d, transform, view_matrix
from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.hold import held, nbytes
from framepress.capture.layout import Product, products_of
from framepress.capture.payload import frame_from_products
from framepress.capture.tiles import Tiling, split
from framepress.core import View
from framepress.errors import InputError

SIZE = WIDTH, HEIGHT = 14, 9
PATHS = {2: "/W/A", 3: "/W/B", 7: "/W/C"}
NAMES = {0: "BACKGROUND", 1: "UNLABELLED", **PATHS}
CLASSES = {"/W/A": "cone", "/W/B": "box", "/W/C": "cone"}
GRIDS = {1: (1, 1), 2: (2, 1), 3: (2, 2), 4: (2, 2), 5: (3, 2), 7: (3, 3), 10: (4, 3)}
"""As Replicator's own tests have them: 6 and 7 cameras in rows of 3, 10 in rows of 4."""


def rasters(camera: int) -> dict[str, np.ndarray]:
    """One camera's pictures; the objects that it sees change from camera to camera."""
    rng = np.random.default_rng(camera)
    ids = rng.choice([0, 1], (HEIGHT, WIDTH)).astype(np.uint32)
    for number in rng.permutation([2, 3, 7])[: 1 + camera % 3]:
        x, y = rng.integers(0, WIDTH - 3), rng.integers(0, HEIGHT - 3)
        ids[y : y + 3, x : x + 3] = number
    return {
        "rgb": rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8),
        "distance_to_image_plane": rng.random((HEIGHT, WIDTH), np.float32),
        "distance_to_camera": rng.random((HEIGHT, WIDTH), np.float32),
        "normals": rng.random((HEIGHT, WIDTH, 4), np.float32),
        "motion_vectors": rng.random((HEIGHT, WIDTH, 4), np.float32),
        "semantic_segmentation": np.where(ids > 1, 2 + ids % 2, ids).astype(np.uint32),
        "instance_segmentation_fast": ids,
    }


def tables() -> dict[str, dict[str, Any]]:
    classes = {number: {"class": CLASSES.get(path, path)} for number, path in NAMES.items()}
    semantic = {str(number): {"class": name} for number, name in enumerate(("BACKGROUND", "UNLABELLED", "cone", "box"))}
    return {
        "instance_segmentation_fast": {"idToLabels": NAMES, "idToSemantics": classes},
        "semantic_segmentation": {"idToLabels": semantic},
    }


def values(pictures: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: {"data": array, **tables().get(name, {})} for name, array in pictures.items()}


def mosaic(cameras: int) -> dict[str, np.ndarray]:
    """Their pictures by rows; cells of no camera are 0."""
    columns, rows = GRIDS[cameras]
    whole = {}
    for name, first in rasters(0).items():
        canvas = np.zeros((rows * HEIGHT, columns * WIDTH, *first.shape[2:]), first.dtype)
        for camera in range(cameras):
            y, x = camera // columns * HEIGHT, camera % columns * WIDTH
            canvas[y : y + HEIGHT, x : x + WIDTH] = rasters(camera)[name]
        whole[name] = canvas
    return whole


def product_of(given: dict[str, Any], size: tuple[int, int]) -> Product:
    (product,) = products_of(payload("renderProduct", {"rp": given}, size), "frame 0")
    return product


def tiling(cameras: int) -> Tiling:
    return Tiling(SIZE, tuple(f"/W/Cam_{number}" for number in range(cameras)))


def views(products: list[Product]) -> tuple[list[View], Accounts]:
    frame, accounts = frame_from_products(products, frame_id="0", index=0)
    assert frame is not None
    assert accounts.unaccounted == 0
    return list(frame.views), accounts


def apart(given: dict[str, Any], cameras: int, params: list[Any] | None = None, **more: Any) -> list[Product]:
    names = [f"Cam_{number}" for number in range(cameras)]
    whole = product_of(given, more.pop("size", tiling(cameras).mosaic_wh))
    return split(
        whole,
        more.get("tiling", tiling(cameras)),
        names,
        params or [None] * cameras,
        more.get("accounts", Accounts()),
        "f",
    )


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("cameras", GRIDS)
def test_a_mosaic_comes_apart_into_the_frames_of_its_cameras(cameras: int, copied: bool) -> None:
    products = apart(values(mosaic(cameras)), cameras)
    if copied:
        products = held(products, Buffers())
    found, _ = views(products)
    assert [view.name for view in found] == [f"Cam_{number}" for number in range(cameras)]
    for number, view in enumerate(found):
        pictures = rasters(number)
        (alone,), _ = views([product_of(values(pictures), SIZE)])
        assert view.camera.size_wh == SIZE
        assert set(view.channels) == set(alone.channels)
        for name in alone.channels:
            np.testing.assert_array_equal(view.channels[name], alone.channels[name], err_msg=name)
        np.testing.assert_array_equal(view.channels["rgb"], pictures["rgb"][..., :3])
        np.testing.assert_array_equal(view.channels["depth"], pictures["distance_to_image_plane"])
        assert dict(view.names) == dict(alone.names)
        ids = pictures["instance_segmentation_fast"]
        assert set(view.objects.track) == {PATHS[number] for number in np.unique(ids).tolist() if number in PATHS}
        for thing in view.objects:
            rows, columns = np.nonzero(ids == {path: number for number, path in PATHS.items()}[thing.track])
            assert thing.box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert thing.label == CLASSES[thing.track]
            np.testing.assert_array_equal(view.channels["instance"] == thing.id, ids == thing.id)
        assert np.isnan(view.objects.visibility).all()
        assert np.isnan(view.objects.box_full).all()


def test_rows_of_the_mosaic_say_nothing_of_a_tile_but_boxes_in_the_world_stay() -> None:
    solid = rows_3d(*(((-1, -1, -1), (1, 1, 1), transform(at=(0, number, 0))) for number in range(3)))
    given = values(mosaic(3)) | {
        "bounding_box_2d_tight": boxed(rows_2d((0, 0, 2 * WIDTH - 1, HEIGHT)), ["cone"], ["/W/A"]),
        "bounding_box_2d_loose": boxed(rows_2d((0, 0, 2 * WIDTH - 1, HEIGHT)), ["cone"], ["/W/A"]),
        "bounding_box_3d": boxed(solid, ["cone", "box", "cone"], list(PATHS.values())),
    }
    params = camera_params(view_matrix((9, 1, 0), (0, 1, 0)), SIZE)
    given["camera_params"] = camera_params(view_matrix((9, 1, 0), (0, 1, 0)), tiling(3).mosaic_wh)
    found, accounts = views(apart(given, 3, [params, None, params]))
    plain, _ = views(apart(values(mosaic(3)), 3))
    for number, (view, alone) in enumerate(zip(found, plain, strict=True)):
        np.testing.assert_array_equal(view.objects.box, alone.objects.box)
        assert view.objects.track == alone.objects.track
        assert view.objects.box3d.center[:, 1].tolist() == [list(CLASSES).index(path) for path in view.objects.track]
        assert np.isnan(view.objects.visibility).all()
        known = number != 1
        assert (view.camera.K is not None) is (view.camera.world_from_camera is not None) is known
        assert np.isnan(view.objects.box_full).all() is not known
        assert np.isnan(view.objects.truncation).all() is not known
    assert accounts.counts["tiles whose camera is not known: no K, no pose"] == 1


def test_distances_of_a_tile_without_a_camera_are_metres_too() -> None:
    params = camera_params(view_matrix((9, 1, 0), (0, 1, 0)), tiling(2).mosaic_wh, metres=0.01)
    found, _ = views(apart(values(mosaic(2)) | {"camera_params": params}, 2))
    for number, view in enumerate(found):
        assert view.camera.K is None
        expected = rasters(number)["distance_to_image_plane"] * 0.01
        np.testing.assert_allclose(view.channels["depth"], expected, rtol=1e-6)


def test_what_cannot_be_split_is_left_out_and_counted() -> None:
    accounts = Accounts()
    points = {"data": np.zeros((5, 3), np.float32)}
    found, _ = views(apart(values(mosaic(2)) | {"pointcloud": points}, 2, accounts=accounts))
    assert "points" not in found[0].channels
    assert accounts.counts["annotators of a whole mosaic, which cannot be split"] == 1


@pytest.mark.parametrize(
    ("size", "cameras", "tile"),
    [((28, 9), 3, SIZE), ((28, 18), 2, SIZE), ((42, 18), 4, SIZE), ((28, 18), 4, (9, 14)), ((28, 18), 4, (7, 9))],
)
def test_a_mosaic_of_another_size_is_refused(size: tuple[int, int], cameras: int, tile: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"f: {cameras} cameras are .*product has {size[0]} x {size[1]}"):
        apart({"rgb": {"data": np.zeros((*size[::-1], 4), np.uint8)}}, cameras, size=size,
              tiling=Tiling(tile, tiling(cameras).cameras))  # fmt: skip


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH, 4), (2 * HEIGHT, WIDTH, 4), (2 * WIDTH, HEIGHT, 4)])
def test_a_picture_that_is_not_as_large_as_the_mosaic_is_refused(shape: tuple[int, ...]) -> None:
    torn = {"data": np.zeros(shape, np.uint8)}
    with pytest.raises(InputError, match=r"rgb: shape .* no mosaic of 28 x 9"):
        apart({"rgb": torn}, 2)


def test_boxes_without_an_instance_map_are_refused_with_the_way_out() -> None:
    tight = boxed(rows_2d((0, 0, 3, 3)), ["cone"], ["/W/A"])
    with pytest.raises(InputError, match=r"f: bounding_box_2d_tight .*capture instance_segmentation.*`tiles`"):
        apart({"rgb": {"data": mosaic(2)["rgb"]}, "bounding_box_2d_tight": tight}, 2)


NOTHING: dict[str, Any] = {"data": np.empty((0,), np.uint8)}


@pytest.mark.parametrize(
    "given",
    [
        values(mosaic(3)) | {"rgb": NOTHING},
        values(mosaic(3)) | {"camera_params": {}},
        {"rgb": NOTHING, "instance_segmentation_fast": NOTHING, "bounding_box_2d_tight": NOTHING, "camera_params": {}},
    ],
)
def test_a_mosaic_that_was_not_rendered_is_so_many_views_without_an_image(given: dict[str, Any]) -> None:
    frame, accounts = frame_from_products(apart(given, 3), frame_id="0", index=0)
    assert frame is None
    assert accounts.counts["views without an image"] == 3


def test_the_size_of_a_tile_follows_from_the_mosaic() -> None:
    for cameras, (columns, rows) in GRIDS.items():
        assert Tiling.of_mosaic((columns * WIDTH, rows * HEIGHT), tiling(cameras).cameras, "f") == tiling(cameras)
    with pytest.raises(InputError, match="f: a tiled render product of 5 cameras, 3 x 2 tiles, whose size 28 x 18"):
        Tiling.of_mosaic((28, 18), tiling(5).cameras, "f")


def test_what_tiles_share_is_copied_once_and_each_pixel_once() -> None:
    whole = mosaic(4)
    solid = rows_3d(((-1, -1, -1), (1, 1, 1), transform()))
    given = values(whole) | {"bounding_box_3d": boxed(solid, ["cone"], ["/W/A"])}
    kept = held(apart(given, 4), Buffers())
    assert len({id(product.annotations["bounding_box_3d"]) for product in kept}) == 1
    assert len({id(product.annotations["instance_segmentation"].side) for product in kept}) == 1
    delivered = sum(array.nbytes for array in whole.values()) + solid.nbytes
    assert delivered - whole["rgb"].nbytes // 4 <= nbytes(kept) <= delivered
    for array in whole.values():
        array[...] = 0
    assert [view.channels["rgb"].any() for view in views(kept)[0]] == [True] * 4
