"""What a frame says does not depend on what else is asked, on the picture's size, or on the stage's unit and axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Usd, UsdGeom

from framepress.capture.payload import frame_from_payload
from framepress.core import Frame
from framepress.headless import rep
from headless.staging import camera, cube, opened, placed, product, seen
from headless.true_frames import NOW
from headless.true_scenes import crowd, multiplied
from headless.witness_of_solids import Eye, cast, solids_of

ANNOTATORS = {
    "rgb": {},
    "distance_to_camera": {},
    "distance_to_image_plane": {},
    "normals": {},
    "motion_vectors": {},
    "semantic_segmentation": {"colorize": True},
    "instance_segmentation": {"colorize": False},
    "instance_segmentation_fast": {},
    "instance_id_segmentation": {},
    "bounding_box_2d_tight": {},
    "bounding_box_2d_loose": {},
    "bounding_box_3d": {},
    "bounding_box_3d_360": {},
    "occlusion": {},
    "camera_params": {},
    "pointcloud": {"includeUnlabelled": True},
    "primPaths": {},
}


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return bool(a == b)


def built(seed: int = 0) -> Usd.Stage:
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    crowd(stage, np.random.default_rng(seed))
    camera(stage, "/World/Camera", (0.5, -4, 1), (0, 0, 0))
    camera(stage, "/World/Other", (-3, -3, 2), (0, 0, 0), focal=12)
    return stage


def test_an_annotator_says_alone_what_it_says_among_others() -> None:
    stage = built()
    opened(stage)
    together = seen(product("/World/Camera", (160, 90)), *ANNOTATORS, params=ANNOTATORS)
    for name in ANNOTATORS:
        opened(stage)
        alone = seen(product("/World/Camera", (160, 90)), name, params=ANNOTATORS)
        assert same(alone[name], together[name]), name


def test_render_products_do_not_disturb_each_other() -> None:
    stage = built()
    views = [("/World/Camera", (160, 90)), ("/World/Other", (160, 90)), ("/World/Camera", (64, 48))]
    apart = []
    for path, size in views:
        opened(stage)
        apart.append(seen(product(path, size), *ANNOTATORS, params=ANNOTATORS))
    opened(stage)
    products = [product(path, size) for path, size in views]
    attached = [
        {
            name: rep.AnnotatorRegistry.get_annotator(name, init_params=params).attach(one)
            for name, params in ANNOTATORS.items()
        }
        for one in products
    ]
    rep.orchestrator.step()
    for alone, together in zip(apart, attached, strict=True):
        for name, annotator in together.items():
            value = annotator.get_data()
            data = value["data"] if isinstance(value, dict) and "data" in value else value
            expected = alone[name] if name in ("camera_params", "primPaths") else alone[name]["data"]
            assert same(data, expected), name


@pytest.mark.parametrize("size", [(2, 2), (31, 5), (33, 65), (7, 90), (257, 3), (200, 121)])
def test_any_size_of_picture_shows_what_its_rays_meet(size: tuple[int, int]) -> None:
    stage = built(3)
    opened(stage)
    frame = seen(product("/World/Camera", size), "instance_segmentation_fast", "bounding_box_2d_tight_fast")
    prim = UsdGeom.Camera.Get(stage, "/World/Camera")
    focal = prim.GetFocalLengthAttr().Get() * size[0] / prim.GetHorizontalApertureAttr().Get()
    world = np.array(prim.ComputeLocalToWorldTransform(NOW))
    K = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    eye = Eye(np.linalg.inv(world) @ np.diag([1.0, -1.0, -1.0, 1.0]), K, "pinhole", (), size)
    solids = solids_of(stage, NOW)
    which, _ = cast(solids, eye)
    plain = {"/World/Plain": "UNLABELLED"}
    expected = np.array([*(plain.get(s.path, s.path) for s in solids), "BACKGROUND"], object)[which]
    instances = frame["instance_segmentation_fast"]
    names = np.vectorize(instances["idToLabels"].get, otypes=[object])(instances["data"])
    assert names.shape == size[::-1]
    assert (names == expected).all()
    tight = frame["bounding_box_2d_tight_fast"]
    assert sorted(tight["primPaths"]) == sorted(set(expected.ravel()) - {"BACKGROUND", "UNLABELLED"})


def under_a_root(*, scale: float = 1.0, up: str = "Z", metres: float = 1.0) -> Usd.Stage:
    """The same world in another unit, or lying on its side: all of it below one prim that makes up for that."""
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, metres)
    placed(UsdGeom.Xform.Define(stage, "/World"), turn=(-90 if up == "Y" else 0, 0, 0), scale=scale)
    rng = np.random.default_rng(1)
    multiplied(stage, rng)
    cube(stage, "/World/Floor", "floor", at=(0, 0, -2), scale=(12, 12, 0.1))
    for k in range(3):
        cube(stage, f"/World/Car_{k}", "car", at=rng.uniform(-2, 2, 3), turn=rng.uniform(0, 360, 3))
    eye = camera(stage, "/World/Camera", (0.5, -4, 1), (0, 0, 0))
    eye.GetClippingRangeAttr().Set(Gf.Vec2f(0.01 * scale, 1e6 * scale))
    return stage


class Listener(rep.Writer):  # type: ignore[misc]
    def __init__(self) -> None:
        self.data_structure = "renderProduct"
        self.annotators = [
            "rgb",
            "distance_to_image_plane",
            "camera_params",
            "instance_segmentation_fast",
            "bounding_box_2d_tight",
            "bounding_box_2d_loose",
            "bounding_box_3d",
        ]
        self.payload: dict[str, Any] = {}

    def write(self, data: dict[str, Any]) -> None:
        self.payload = data


def frame_of(stage: Usd.Stage) -> Frame:
    opened(stage)
    listener = Listener()
    listener.attach(product("/World/Camera", (160, 90)))
    rep.orchestrator.step()
    frame, _ = frame_from_payload(listener.payload, frame_id="0", index=0)
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    "other", [{"scale": 100.0, "metres": 0.01}, {"up": "Y"}, {"scale": 39.37, "metres": 0.0254, "up": "Y"}], ids=str
)
def test_a_world_in_another_unit_or_on_its_side_is_the_same_frame_in_metres(other: dict[str, Any]) -> None:
    plain, turned = frame_of(under_a_root()).view, frame_of(under_a_root(**other)).view
    metres = other.get("scale", 1.0) * other.get("metres", 1.0)
    assert plain.objects.track == turned.objects.track
    assert len(plain.objects) > 6
    rtol = 2e-5
    np.testing.assert_allclose(turned.channels["depth"], plain.channels["depth"] * metres, rtol=rtol)
    differing = (plain.channels["instance"] != turned.channels["instance"]).sum()
    assert differing <= 1  # an edge within float32's last bits of a pixel's centre
    np.testing.assert_allclose(turned.objects.box, plain.objects.box, atol=1)
    np.testing.assert_allclose(turned.objects.box3d.size, plain.objects.box3d.size * metres, rtol=rtol)
    np.testing.assert_allclose(turned.objects.visibility, plain.objects.visibility, atol=1e-3)
    for view in (plain, turned):
        centres = view.camera.project(view.objects.box3d.center)
        inside = (centres >= 0).all(axis=1) & (centres <= (160, 90)).all(axis=1)
        assert inside.sum() > 3
    np.testing.assert_allclose(
        turned.camera.to_camera(turned.objects.box3d.center),
        plain.camera.to_camera(plain.objects.box3d.center) * metres,
        atol=2e-5 * metres,
    )
