"""One capture in every shape in which Replicator may deliver it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capture.replicator_payloads import boxed, camera_params, legacy, payload, rows_2d, rows_3d, transform, view_matrix
from framepress.capture.accounts import Accounts
from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap
from framepress.errors import InputError, LabelError

SIZE = (20, 12)
WIDTH, HEIGHT = SIZE
LAYOUTS = ("legacy", "renderProduct", "annotator")


def rasters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        "rgb": rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8),
        "distance_to_image_plane": rng.uniform(1, 9, (HEIGHT, WIDTH)).astype(np.float32),
        "distance_to_camera": rng.uniform(1, 9, (HEIGHT, WIDTH)).astype(np.float32),
        "normals": rng.normal(size=(HEIGHT, WIDTH, 4)).astype(np.float32),
        "motion_vectors": rng.normal(size=(HEIGHT, WIDTH, 4)).astype(np.float32),
    }


def values(*, fast: bool = True, **others: Any) -> dict[str, Any]:
    """Two boxes and their masks: a cone at columns 2..5 and a box at columns 8..11, rows 3..6."""
    key, suffix = (int, "_fast") if fast else (str, "")
    tight = boxed(
        rows_2d((2, 3, 5, 6), (8, 3, 11, 6), occlusion=[0.25, -1]), ["cone", "box"], ["/W/A", "/W/B"], key=key
    )
    # Other row order, other ids: only the path joins them.
    loose = boxed(rows_2d((8, 3, 13, 6), (2, 3, 6, 6)), ["box", "cone"], ["/W/B", "/W/A"], first=4, key=key)
    ids = np.zeros((HEIGHT, WIDTH), np.uint32)
    ids[3:7, 2:6], ids[3:7, 8:12], ids[0, 0] = 70_000, 3, 1
    instance = {
        "data": ids,
        "idToLabels": {key(0): "BACKGROUND", key(1): "UNLABELLED", key(70_000): "/W/A", key(3): "/W/B"},
        "idToSemantics": {
            key(0): {"class": "BACKGROUND"},
            key(1): {"class": "UNLABELLED"},
            key(70_000): {"class": "cone"},
            key(3): {"class": "box"},
        },
    }
    semantic = np.zeros((HEIGHT, WIDTH), np.uint32)
    semantic[3:7, 2:6], semantic[3:7, 8:12] = 2, 3
    names = {"0": "BACKGROUND", "1": "UNLABELLED", "2": "cone", "3": "box"}
    return {
        "camera_params": camera_params(view_matrix((0, -6, 0.5), (0, 0, 0.5)), SIZE),
        f"bounding_box_2d_tight{suffix}": tight,
        f"bounding_box_2d_loose{suffix}": loose,
        f"instance_segmentation{suffix}": instance,
        "semantic_segmentation": {"data": semantic, "idToLabels": {k: {"class": v} for k, v in names.items()}},
        **{name: {"data": array} for name, array in rasters().items()},
        **others,
    }


def framed(data: dict, **options: Any) -> tuple[Frame, Accounts]:
    frame, accounts = frame_from_payload(data, frame_id="0007", index=7, **options)
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame, accounts


def check(frame: Frame, names: list[str]) -> None:
    # The only camera needs no name, so that its files need no folder.
    assert [view.name for view in frame.views] == (names if len(names) > 1 else [""])
    assert (frame.id, frame.index, frame.time_ns) == ("0007", 7, 7 * 1_000_000_000 // 60)
    for view in frame.views:
        objects = view.objects
        assert objects.labels == ["cone", "box"]
        assert objects.track == ("/W/A", "/W/B")
        assert objects.box.tolist() == [[2, 3, 6, 7], [8, 3, 12, 7]]
        assert objects.box_full.tolist() == [[2, 3, 7, 7], [8, 3, 14, 7]]
        assert objects.id.tolist() == [70_000, 3]
        assert objects.visibility[0] == 0.75
        assert np.isnan(objects.visibility[1])
        assert dict(view.names) == {2: "cone", 3: "box"}
        for thing in objects:
            y, x = np.nonzero(view.channels["instance"] == thing.id)
            assert [x.min(), y.min(), x.max() + 1, y.max() + 1] == thing.box.tolist()
        delivered = rasters()
        np.testing.assert_array_equal(view.channels["rgb"], delivered["rgb"][..., :3])
        np.testing.assert_array_equal(view.channels["depth"], delivered["distance_to_image_plane"])
        np.testing.assert_array_equal(view.channels["range"], delivered["distance_to_camera"])
        np.testing.assert_array_equal(view.channels["normal"], delivered["normals"][..., :3])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("products", [["rp1"], ["rp1", "rp2"], ["Replicator", "Replicator_01", "a-b"]])
@pytest.mark.parametrize("fast", [True, False])
def test_every_layout_gives_the_same_views(layout: str, products: list[str], fast: bool) -> None:
    data = payload(layout, {name: values(fast=fast) for name in products}, SIZE)
    check(framed(data)[0], products)


def test_a_product_name_that_ends_in_another_one_keeps_its_own_annotators() -> None:
    products = {"left": values(), "far-left": values()}
    products["left"]["rgb"] = {"data": np.zeros((HEIGHT, WIDTH, 4), np.uint8)}
    frame, _ = framed(payload("legacy", products, SIZE))
    assert [bool(view.channels["rgb"].any()) for view in frame.views] == [True, False]


@pytest.mark.parametrize("layout", ["renderProduct", "annotator"])
def test_values_with_an_info_dict_are_read_like_flat_ones(layout: str) -> None:
    nested = {name: legacy(value) for name, value in values().items()}
    check(framed(payload(layout, {"rp": nested}, SIZE))[0], ["rp"])


def test_a_payload_of_another_kind_is_refused_with_its_keys() -> None:
    with pytest.raises(InputError, match=r"frame 0: no render product in the payload .*trigger_outputs"):
        frame_from_payload({"trigger_outputs": {}, "reference_time": (0, 1)}, frame_id="0", index=0)


def test_both_forms_of_one_annotator_are_refused() -> None:
    both = values() | {"bounding_box_2d_tight": values()["bounding_box_2d_tight_fast"]}
    with pytest.raises(InputError, match="both bounding_box_2d_tight and bounding_box_2d_tight_fast"):
        framed(payload("renderProduct", {"rp": both}, SIZE))


def test_buffers_are_copied_so_that_the_host_may_reuse_them() -> None:
    given = values()
    frame, _ = framed(payload("renderProduct", {"rp": given}, SIZE))
    for value in given.values():
        if isinstance(value.get("data"), np.ndarray):
            value["data"][...] = 0
    check(frame, ["rp"])


def test_what_waits_for_conversion_tells_the_memory_it_holds() -> None:
    frame, _ = framed(payload("renderProduct", {"rp": values()}, SIZE))
    source = frame.view.channels._sources["flow"]
    assert source.nbytes == HEIGHT * WIDTH * 4 * 4  # type: ignore[union-attr]


def test_flow_points_right_and_down() -> None:
    motion = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    motion[..., 0], motion[..., 1] = 3, 2  # 3 px to the left, 2 px up
    frame, _ = framed(payload("renderProduct", {"rp": values(motion_vectors={"data": motion})}, SIZE))
    assert frame.view.channels["flow"][5, 5].tolist() == [-3, -2]


@pytest.mark.parametrize("size", [(20, 1), (1, 12), (1, 1)])
def test_axes_of_length_one_that_were_squeezed_away_come_back(size: tuple[int, int]) -> None:
    width, height = size
    given = {
        "rgb": {"data": np.full((height, width, 4), 9, np.uint8).squeeze()},
        "distance_to_image_plane": {"data": np.full((height, width), 2, np.float32).squeeze()},
        "semantic_segmentation": {
            "data": np.zeros((height, width), np.uint32).squeeze(),
            "idToLabels": {"0": {"class": "BACKGROUND"}},
        },
    }
    channels = framed(payload("renderProduct", {"rp": given}, size))[0].view.channels
    assert channels["rgb"].shape == (height, width, 3)
    assert channels["depth"].shape == channels["semantic"].shape == (height, width)


def test_a_first_frame_without_pixels_is_no_frame_but_counted() -> None:
    given = values(rgb={"data": np.empty(0, np.uint8)})
    frame, accounts = frame_from_payload(payload("renderProduct", {"rp": given}, SIZE), frame_id="0", index=0)
    assert frame is None
    assert accounts.counts == {"views without an image": 1, "frames without an image": 1}


def test_a_product_that_did_not_render_is_left_out_and_counted() -> None:
    late = values(distance_to_camera={"data": np.empty((0,), np.float32)})
    frame, accounts = framed(payload("renderProduct", {"a": values(), "b": late}, SIZE))
    assert [view.name for view in frame.views] == ["a"]
    assert accounts.examples["views without an image"] == ["frame 0007, b: distance_to_camera is empty"]


def test_a_frame_without_objects_is_a_frame() -> None:
    empty = {"data": rows_2d(), "idToLabels": {}, "primPaths": [], "bboxIds": []}
    frame, _ = framed(payload("renderProduct", {"rp": {"rgb": values()["rgb"], "bounding_box_2d_tight": empty}}, SIZE))
    assert len(frame.view.objects) == 0


@pytest.mark.parametrize("size", [(4, 1), (8, 1), (1, 4)])
def test_colours_of_an_image_one_pixel_high_or_wide_are_no_tiles(size: tuple[int, int]) -> None:
    width, height = size
    colours = {"(0, 0, 0, 0)": "BACKGROUND", "(9, 8, 7, 255)": "/W/A"}
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[-1, -1] = (9, 8, 7, 255)
    tight = boxed(rows_2d((width - 1, height - 1, width - 1, height - 1)), ["cone"], ["/W/A"])
    given = {
        "bounding_box_2d_tight": tight,
        "instance_segmentation": {"data": pixels.squeeze(), "idToLabels": colours},
    }
    view = framed(payload("renderProduct", {"rp": given}, size))[0].view
    assert view.channels["instance"].ravel().tolist() == [0] * (width * height - 1) + [view.objects.id[0]]


@pytest.mark.parametrize("tiles", [(2, 1), (2, 3)])
def test_a_tiled_product_is_refused(tiles: tuple[int, int]) -> None:
    columns, rows = tiles
    mosaic = {"data": np.zeros((HEIGHT * rows, WIDTH * columns, 4), np.uint8)}
    with pytest.raises(InputError, match=f"frame 0, rp: a tiled render product .{columns}x{rows}.*render product"):
        frame_from_payload(payload("renderProduct", {"rp": {"rgb": mosaic}}, SIZE), frame_id="0", index=0)


def test_an_image_of_another_size_is_refused_with_both_sizes() -> None:
    wrong = {"data": np.zeros((HEIGHT + 1, WIDTH, 4), np.uint8)}
    with pytest.raises(InputError, match=r"\(13, 20, 4\) does not fit the resolution 20 x 12"):
        framed(payload("renderProduct", {"rp": {"rgb": wrong}}, SIZE))


def test_centimetres_become_metres_in_distances_and_points_and_are_counted() -> None:
    given = values(
        camera_params=camera_params(view_matrix((0, -600, 50), (0, 0, 50)), SIZE, metres=0.01),
        pointcloud={"data": np.array([[100, 200, 300]], np.float32), "pointInstance": np.zeros(1, np.uint8)},
    )
    frame, accounts = framed(payload("renderProduct", {"rp": given}, SIZE))
    view = frame.view
    np.testing.assert_allclose(view.channels["depth"], rasters()["distance_to_image_plane"] * 0.01, rtol=1e-6)
    np.testing.assert_allclose(view.channels["points"], [[1, 2, 3]], rtol=1e-6)
    np.testing.assert_allclose(view.camera.world_from_camera[:3, 3], (0, -6, 0.5), atol=1e-12)
    assert accounts.counts["distances scaled by metersPerSceneUnit, unverified"] == 2


def test_3d_rows_alone_become_the_objects_in_view() -> None:
    unit = ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))
    rows = rows_3d(
        (*unit, transform(at=(0, 0, 0.5))), (*unit, transform(at=(90, 0, 0.5))), (*unit, transform(at=(0, -9, 0)))
    )
    given = {
        "camera_params": values()["camera_params"],
        "bounding_box_3d_fast": boxed(rows, ["box"] * 3, ["/W/Seen", "/W/Beside", "/W/Behind"]),
    }
    frame, accounts = framed(payload("renderProduct", {"rp": given}, SIZE))
    assert frame.view.objects.track == ("/W/Seen",)
    assert np.isnan(frame.view.objects.box).all()  # what is visible of it, nobody said
    assert accounts.counts["dropped: not in view"] == 2


def test_an_instance_map_alone_gives_objects_with_measured_boxes() -> None:
    given = {"instance_segmentation": values(fast=False)["instance_segmentation"]}
    objects = framed(payload("renderProduct", {"rp": given}, SIZE))[0].view.objects
    assert sorted(zip(objects.labels, objects.box.tolist(), objects.id.tolist(), strict=True)) == [
        ("box", [8, 3, 12, 7], 3),
        ("cone", [2, 3, 6, 7], 70_000),
    ]


def test_without_prim_paths_boxes_are_joined_by_their_ids_and_have_no_track() -> None:
    given = values()
    for name, ids in (("bounding_box_2d_tight_fast", [5, 9]), ("bounding_box_2d_loose_fast", [9, 5])):
        given[name] = {**given[name], "bboxIds": np.array(ids, np.uint32), "primPaths": None}
    del given["bounding_box_2d_loose_fast"]["primPaths"]  # missing, or None: both stand for none
    objects = framed(payload("renderProduct", {"rp": given}, SIZE))[0].view.objects
    assert objects.track == ("", "")
    assert objects.box_full.tolist() == [[2, 3, 7, 7], [8, 3, 14, 7]]


def test_a_long_simulation_keeps_its_nanoseconds() -> None:
    seconds, rest = 9_007_199, 333_333_333  # more digits than a float64 has
    data = payload("legacy", {"rp": values()}, SIZE, reference_time=(seconds * 10**9 + rest, 10**9))
    assert framed(data)[0].time_ns == seconds * 10**9 + rest


def test_an_annotator_that_is_not_known_is_counted() -> None:
    _, accounts = framed(payload("renderProduct", {"rp": values(HdrColor={"data": np.zeros(3)})}, SIZE))
    assert accounts.examples["annotators not read"] == ["HdrColor"]


def test_classes_are_spelled_as_in_the_label_map() -> None:
    policy = Policy(labels=LabelMap.of(["Cone", "Box"]))
    view = framed(payload("renderProduct", {"rp": values()}, SIZE), policy=policy)[0].view
    assert view.objects.labels == ["Cone", "Box"]
    assert dict(view.names) == {2: "Cone", 3: "Box"}


def test_rows_of_another_taxonomy_are_dropped_by_name() -> None:
    frame, accounts = framed(payload("renderProduct", {"rp": values()}, SIZE), policy=Policy(taxonomy="shape"))
    assert len(frame.view.objects) == 0
    assert accounts.counts["dropped: no label of type shape"] == 2


def test_several_labels_that_nothing_tells_apart_name_the_prim_and_the_way_out() -> None:
    tight = boxed(rows_2d((2, 3, 5, 6)), ["rack,rack_shelf"], ["/W/Shelf"])
    data = payload("renderProduct", {"rp": values(bounding_box_2d_tight_fast=tight)}, SIZE)
    with pytest.raises(LabelError, match=r"frame 0007, rp: /W/Shelf: has several labels .rack, rack_shelf.*class list"):
        framed(data)
