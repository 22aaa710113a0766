"""Payloads in the three layouts, and read back as frames: what was drawn is what is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framepress.capture.accounts import Accounts
from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap, View
from framepress.headless.payloads import Quirks, Shot, Value, value
from framepress.headless.payloads.layouts import LAYOUTS, ProductValues, flat, legacy, payload
from headless.fake_shot import (
    ENTITIES,
    FX,
    HEIGHT,
    WIDTH,
    box_of,
    buffers,
    camera,
    nearest,
    placed,
    scene,
    shot,
    skeleton,
    visible,
    whole,
)

SIDE, ARRAY = Value(None, {"a": 1}), np.arange(3)
NAMES = (
    "rgb",
    "distance_to_camera",
    "distance_to_image_plane",
    "normals",
    "motion_vectors",
    "semantic_segmentation",
    "instance_segmentation{}",
    "bounding_box_2d_tight{}",
    "bounding_box_2d_loose{}",
    "bounding_box_3d{}",
    "camera_params",
    "pointcloud",
)


def test_values_are_flat_or_in_legacy_form() -> None:
    both = Value(ARRAY, {"idToLabels": {}})
    assert flat(Value(ARRAY)) == {"data": ARRAY}
    assert flat(both) == {"data": ARRAY, "idToLabels": {}}
    assert legacy(Value(ARRAY)) is ARRAY
    assert legacy(both) == {"data": ARRAY, "info": {"idToLabels": {}}}
    assert flat(SIDE) == legacy(SIDE) == {"a": 1}


def products(*names: str) -> dict[str, ProductValues]:
    return {
        name: ProductValues(f"/World/{name}", (WIDTH, HEIGHT), {"rgb": Value(ARRAY), "camera_params": SIDE})
        for name in names
    }


def test_one_product_in_the_legacy_layout_has_bare_keys_and_several_have_dashes() -> None:
    fixed = {"swhFrameNumber", "reference_time", "distribution_outputs", "trigger_outputs"}
    one, two = payload("legacy", products("rp")), payload("legacy", products("rp", "rp_01"))
    assert set(one) == fixed | {"rp_rp", "rgb", "camera_params"}
    assert one["rp_rp"] == {"camera": "/World/rp", "resolution": (WIDTH, HEIGHT)}
    assert one["rgb"] is ARRAY
    assert set(two) == fixed | {
        "rp_rp",
        "rp_rp_01",
        "rgb-rp",
        "rgb-rp_01",
        "camera_params-rp",
        "camera_params-rp_01",
    }


def test_the_other_layouts_nest_by_product_or_by_annotator() -> None:
    made = products("a", "b")
    by_product = payload("renderProduct", made)["renderProducts"]
    assert list(by_product) == ["a", "b"]
    assert by_product["b"] == {
        "camera": "/World/b",
        "resolution": (WIDTH, HEIGHT),
        "rgb": {"data": ARRAY},
        "camera_params": {"a": 1},
    }
    by_annotator = payload("annotator", made)["annotators"]
    assert by_annotator == {
        "camera": {"a": "/World/a", "b": "/World/b"},
        "resolution": {"a": (WIDTH, HEIGHT), "b": (WIDTH, HEIGHT)},
        "rgb": {"a": {"data": ARRAY}, "b": {"data": ARRAY}},
        "camera_params": {"a": {"a": 1}, "b": {"a": 1}},
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_always_there_depends_on_the_release_only(layout: str) -> None:
    outputs = {"on_time": 3}
    for release, more in (("4.5", set()), ("5.1", set()), ("6.0", {"named_outputs"})):
        data = payload(layout, products("a"), release=release, reference_time=(7, 60), trigger_outputs=outputs)
        fixed = {"swhFrameNumber", "reference_time", "distribution_outputs", "trigger_outputs", *more}
        assert fixed <= set(data)
        assert ("named_outputs" in data) is bool(more)
        assert (data["swhFrameNumber"], data["reference_time"], data["trigger_outputs"]) == (0, (7, 60), outputs)


def test_case_of_the_layout_does_not_count_and_another_one_is_a_value_error() -> None:
    assert "renderProducts" in payload("RENDERPRODUCT", products("a"))
    with pytest.raises(ValueError, match=r"'nested' is none of legacy, renderProduct, annotator"):
        payload("nested", products("a"))


def captured(taken: Shot, fast: str, **params: Any) -> dict[str, Value]:
    found = {}
    for name in (text.format(fast) for text in NAMES):
        own = params if "segmentation" in name else {}
        found[name] = value(name, taken, own, quirks=Quirks(redraw=3 if fast else None))
    return found


def read(data: dict[str, Any]) -> tuple[Frame, Accounts]:
    policy = Policy(labels=LabelMap.of(["wheel", "crate", "car", "toy"]))
    frame, accounts = frame_from_payload(data, frame_id="0003", index=3, policy=policy)
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame, accounts


LEAVES = {
    "/World/Car": ("/World/Car/Body", "/World/Car/Wheel/Mesh"),
    "/World/Car/Wheel": ("/World/Car/Wheel/Mesh",),
    "/World/Box": ("/World/Box/Mesh",),
    "/World/Other": ("/World/Other/Mesh",),
}
OWN = {**LEAVES, "/World/Car": ("/World/Car/Body",)}


def check(view: View) -> None:
    objects = view.objects
    assert objects.track == tuple(LEAVES)
    assert objects.labels == ["car", "wheel", "crate", "crate"]
    for row, (path, leaves) in enumerate(LEAVES.items()):
        x0, y0, x1, y1 = box_of(visible(*leaves))
        assert objects.box[row].tolist() == [x0, y0, x1 + 1, y1 + 1]
        np.testing.assert_array_equal(view.channels["instance"] == objects.id[row], visible(*OWN[path]))
    x0, y0, x1, y1 = box_of(whole("/World/Box/Mesh"))
    assert objects.box_full[2].tolist() == [x0, y0, x1 + 1, y1 + 1]
    assert np.isnan(objects.visibility[0])
    assert objects.visibility[1] == 1
    seen, covered = visible("/World/Other/Mesh").sum(), whole("/World/Other/Mesh").sum()
    assert objects.visibility[3] == pytest.approx(seen / covered)
    _check_channels(view)
    _check_geometry(view)


def _check_channels(view: View) -> None:
    leaf, depth = nearest()
    drawn = buffers()
    assert drawn.rgba is not None
    assert drawn.normals is not None
    assert drawn.motion is not None
    np.testing.assert_array_equal(view.channels["depth"], depth)
    np.testing.assert_array_equal(view.channels["range"], drawn.distance)
    np.testing.assert_array_equal(view.channels["rgb"], drawn.rgba[..., :3])
    np.testing.assert_array_equal(view.channels["normal"], drawn.normals[..., :3])
    np.testing.assert_array_equal(view.channels["flow"], -drawn.motion[..., :2])
    semantic = view.channels["semantic"]
    by_name = {name: semantic == number for number, name in view.names.items()}
    np.testing.assert_array_equal(by_name["car"], visible("/World/Car/Body"))
    np.testing.assert_array_equal(by_name["wheel"], visible("/World/Car/Wheel/Mesh"))
    np.testing.assert_array_equal(by_name["crate"], visible("/World/Box/Mesh", "/World/Other/Mesh"))
    np.testing.assert_array_equal(semantic == 0, leaf < 0)
    assert len(view.channels["points"]) == ((leaf >= 0) & ~visible("/World/Floor")).sum()


def _check_geometry(view: View) -> None:
    pose = view.camera.world_from_camera
    np.testing.assert_allclose(pose, [[1, 0, 0, 1], [0, 0, 1, -6], [0, -1, 0, 2], [0, 0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(view.camera.K, [[FX, 0, WIDTH / 2], [0, FX, HEIGHT / 2], [0, 0, 1]], atol=1e-9)
    # Where depth and camera say a pixel is, the point cloud has a point.
    world = view.camera.unproject(view.channels["depth"])[visible("/World/Box/Mesh")]
    cloud = view.channels["points"].astype(np.float64)
    distance = np.linalg.norm(world[:, None] - cloud[None], axis=-1).min(axis=1)
    assert distance.max() < 1e-5
    boxes = view.objects.box3d
    assert boxes is not None
    for row, entity in enumerate((0, 1, 2, 5)):
        matrix = placed(entity)
        np.testing.assert_allclose(boxes.size[row], (2, 0.5, 0.5), rtol=1e-6)  # extents 1, 0.5, 1 times the scale
        np.testing.assert_allclose(boxes.center[row], np.array([0, 0, 0.5, 1]) @ matrix[:, :3], rtol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fast", ["", "_fast"])
@pytest.mark.parametrize("colorize", [False, True])
def test_a_payload_read_back_is_what_was_drawn(layout: str, fast: str, colorize: bool) -> None:
    values = captured(shot(), fast, colorize=colorize)
    one = ProductValues("/World/Camera", (WIDTH, HEIGHT), values)
    frame, accounts = read(payload(layout, {"Replicator": one}, reference_time=(7, 60)))
    check(frame.view)
    assert frame.time_ns == 7 * 10**9 // 60
    assert not [name for name in accounts.counts if "disagree" in name]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_products_keep_their_own(layout: str) -> None:
    values = captured(shot(), "_fast")
    left, right = (ProductValues(f"/World/{name}", (WIDTH, HEIGHT), values) for name in ("Left", "Right"))
    frame, _ = read(payload(layout, {"Replicator": left, "Replicator_01": right}))
    assert [view.name for view in frame.views] == ["Replicator", "Replicator_01"]
    for view in frame.views:
        check(view)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_first_frame_is_read_as_not_rendered(layout: str) -> None:
    values = {name: value(name, shot(), quirks=Quirks(empty_frames=1)) for name in ("rgb", "bounding_box_2d_tight")}
    data = payload(layout, {"rp": ProductValues("/World/Camera", (WIDTH, HEIGHT), values)})
    frame, accounts = frame_from_payload(data, frame_id="0", index=0)
    assert frame is None
    assert accounts.counts["frames without an image"] == 1


def test_an_image_of_one_row_survives_its_lost_axis() -> None:
    whole_frame = buffers()
    names = ("placement", "entity", "depth", "distance", "rgba", "normals", "motion")
    row = replace(whole_frame, **{name: getattr(whole_frame, name)[5:6] for name in names})
    taken = shot(buffers=row, camera=camera(height=1, cy=0.5))
    values = {name: value(name, taken) for name in ("rgb", "distance_to_image_plane", "instance_segmentation")}
    values["camera_params"] = value("camera_params", taken)
    frame, _ = read(payload("legacy", {"rp": ProductValues("/World/Camera", (WIDTH, 1), values)}))
    np.testing.assert_array_equal(frame.view.channels["depth"], whole_frame.depth[5:6])


def test_centimetres_become_metres() -> None:
    taken = shot(scene=scene(meters_per_unit=0.01))
    values = captured(taken, "_fast")
    frame, _ = read(payload("renderProduct", {"rp": ProductValues("/World/Camera", (WIDTH, HEIGHT), values)}))
    pose = frame.view.camera.world_from_camera
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], (0.01, -0.06, 0.02))
    np.testing.assert_allclose(frame.view.channels["depth"], nearest()[1] * 0.01, rtol=1e-6)
    assert len(frame.view.objects) == len(ENTITIES) - 2


def test_joints_become_key_points_of_the_object_that_they_move() -> None:
    """The first is in the open, the second behind the box, the third outside the image."""
    pixels = [(4.5, 3.5), (15.5, 5.5), (WIDTH + 3, 3.5)]
    joints = [(1 + (u - WIDTH / 2) / FX * 7, 1, 2 - (v - HEIGHT / 2) / FX * 7) for u, v in pixels]
    moved = replace(skeleton(*joints, root="/World/Car"), entity=0)
    taken = shot(scene=scene(skeletons=(moved,)))
    values = captured(taken, "_fast") | {"skeleton_data": value("skeleton_data", taken)}
    frame, accounts = read(payload("annotator", {"rp": ProductValues("/World/Camera", (WIDTH, HEIGHT), values)}))
    assert accounts.counts["skeletons: joined"] == 1
    np.testing.assert_allclose(frame.view.objects.keypoints[0], [[4.5, 3.5, 2], [15.5, 5.5, 1], [0, 0, 0]], atol=1e-5)
