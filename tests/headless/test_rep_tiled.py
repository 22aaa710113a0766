"""`create.render_product_tiled`, and what FramepressWriter makes of it: the frames that its cameras take alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pxr import Gf, UsdGeom
from staging import camera, cube, opened, product, seen, sphere, with_lens

import framepress
from framepress.capture.accounts import Accounts
from framepress.capture.layout import Annotation, Product
from framepress.capture.tiles import Tiling
from framepress.core import View
from framepress.errors import FrameError, InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless import rep
from framepress.headless.payloads.shot import Quirks
from framepress.replicator.stage import rendered_stage
from framepress.replicator.tile_cameras import OpenStage, params_of
from framepress.replicator.writer import build_writer

SIZE = (40, 24)
EYES = [(0, -5, 1), (4, -4, 2), (-5, 0.5, 0.5), (0.1, 0, 7), (-3, -4, 0)]
NATIVE = {"native": {"channels": "rgb,depth,range,semantic,instance,normal"}}
CHANNELS = ("rgb", "depth", "range", "semantic", "instance", "normal")


def staged(cameras: int, metres: float = 1.0) -> list[str]:
    """Three things and cameras around them; not each camera sees each thing whole."""
    host = opened()
    UsdGeom.SetStageMetersPerUnit(host.stage, metres)
    cube(host.stage, "/World/Crate", "crate", at=(0, 0, 0))
    cube(host.stage, "/World/Other", "crate", at=(1.4, 0.3, 0.2), turn=(0, 0, 30))
    sphere(host.stage, "/World/Ball", "ball", at=(-1.6, 0.4, 0), scale=0.5)
    paths = [f"/World/Rig_{number}/Camera" for number in range(cameras)]
    for path, eye in zip(paths, EYES, strict=False):
        camera(host.stage, path, eye).CreateVerticalApertureAttr(20.955 * SIZE[1] / SIZE[0])
    return paths


def tiled(paths: list[str], **more: Any) -> Any:
    return rep.create.render_product_tiled(cameras=paths, tile_resolution=SIZE, **more)


def written(folder: Path, products: Any, frames: int = 1, formats: Any = NATIVE, **options: Any) -> Any:
    writer = build_writer(rep)(
        output_dir=folder, formats=formats, channels=",".join(CHANNELS), on_error="raise", **options
    )
    writer.attach(products)
    for _ in range(frames):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    writer.detach()
    for failure in hosts.current().failures:
        raise failure.error
    return writer.report


def views(folder: Path) -> dict[str, View]:
    (frame,) = framepress.open(folder).frames()
    return {view.name: view for view in frame.views}


def agree(tile: View, alone: View) -> None:
    for name in CHANNELS:
        np.testing.assert_array_equal(tile.channels[name], alone.channels[name], err_msg=name)
    order = [tile.objects.track.index(track) for track in alone.objects.track]
    assert len(order) == len(tile.objects)
    assert [tile.objects.labels[row] for row in order] == alone.objects.labels
    np.testing.assert_array_equal(tile.objects.box[order], alone.objects.box)
    np.testing.assert_array_equal(tile.objects.id[order], alone.objects.id)
    np.testing.assert_array_equal(tile.objects.area[order], alone.objects.area)
    for name in ("center", "size", "rotation"):
        np.testing.assert_allclose(getattr(tile.objects.box3d, name)[order], getattr(alone.objects.box3d, name))
    assert np.isnan(tile.objects.visibility).all()
    np.testing.assert_allclose(tile.camera.K, alone.camera.K, rtol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(tile.camera.world_from_camera, alone.camera.world_from_camera, atol=1e-9)  # type: ignore[arg-type]
    assert (tile.camera.near, tile.camera.far) == pytest.approx((alone.camera.near, alone.camera.far))


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize(("cameras", "metres"), [(2, 1.0), (3, 0.01), (5, 1.0)])
def test_tiles_are_the_frames_of_their_cameras(tmp_path: Path, cameras: int, metres: float, stated: bool) -> None:
    paths = staged(cameras, metres)
    mosaic = tiled(paths, name="Mosaic")
    singles = [product(path, SIZE, f"Rig_{number}_Camera") for number, path in enumerate(paths)]
    tiles = {"Mosaic": {"size": list(SIZE), "cameras": paths}} if stated else None
    written(tmp_path / "alone", singles)
    report = written(tmp_path / "tiled", mosaic, tiles=tiles)
    assert not [name for name in report.run if name.startswith("tile")]
    found, alone = views(tmp_path / "tiled"), views(tmp_path / "alone")
    assert list(found) == [f"Rig_{number}_Camera" for number in range(cameras)]
    assert sum(len(view.objects) for view in found.values()) > cameras
    for name, view in found.items():
        agree(view, alone[name])


def test_cameras_that_move_between_frames_are_where_they_were(tmp_path: Path) -> None:
    paths = staged(2)
    stage = hosts.current().stage
    moving = UsdGeom.Xformable(stage.GetPrimAtPath("/World/Rig_1")) or UsdGeom.Xform.Define(stage, "/World/Rig_1")
    move = UsdGeom.Xformable(moving).AddTranslateOp()
    move.Set(Gf.Vec3d(0, 0, 0), 0)
    move.Set(Gf.Vec3d(6, 0, 0), 60)
    written(tmp_path / "tiled", tiled(paths), frames=3)
    frames = list(framepress.open(tmp_path / "tiled").frames())
    steps = np.diff([frame.views[1].camera.world_from_camera[0, 3] for frame in frames])  # type: ignore[index]
    np.testing.assert_allclose(steps, 0.1)
    assert len({frame.views[0].camera.world_from_camera.tobytes() for frame in frames}) == 1  # type: ignore[union-attr]


def test_empty_frames_before_the_first_picture_are_counted(tmp_path: Path) -> None:
    paths = staged(2)
    hosts.current().quirks = Quirks(empty_frames=1)
    report = written(tmp_path / "tiled", tiled(paths), frames=2)
    assert (report.frames, report.views) == (1, 2)
    assert report.run["frames without an image"] == 1


def test_a_tile_through_another_lens_has_no_pinhole(tmp_path: Path) -> None:
    paths = staged(2)
    bent = UsdGeom.Camera(hosts.current().stage.GetPrimAtPath(paths[1]))
    with_lens(bent, "opencvPinhole", SIZE, fx=30, fy=30, cx=20, cy=12, k1=0.1)
    written(tmp_path / "tiled", tiled(paths))
    first, second = views(tmp_path / "tiled").values()
    assert first.camera.K is not None
    assert second.camera.K is None
    assert second.camera.world_from_camera is not None


def test_cameras_that_the_renderer_has_elsewhere_give_no_3d_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = staged(3)
    mosaic, other = tiled(paths, name="Mosaic"), staged_elsewhere(paths)
    monkeypatch.setattr("framepress.replicator.writer.rendered_stage", lambda: other)
    tiles = {"Mosaic": {"size": SIZE, "cameras": paths}}
    report = written(tmp_path / "tiled", mosaic, tiles=tiles)
    assert report.run["tiled products whose cameras are elsewhere than on the stage: no K, no pose"] == 1
    for view in views(tmp_path / "tiled").values():
        assert view.camera.K is None
        assert view.camera.world_from_camera is None
    assert len(view.objects)
    with pytest.raises(FrameError, match=r"Rig_0_Camera: .*/World/Rig_0/Camera.*kitti needs"):
        written(tmp_path / "kitti", mosaic, tiles=tiles, formats={"kitti": {}})


@pytest.mark.parametrize("view", [np.zeros(16), np.full(16, np.nan), np.eye(3)])
def test_a_view_that_is_none_bears_no_witness_for_the_stage(view: Any) -> None:
    paths = staged(2)
    tiling, accounts = Tiling(SIZE, tuple(paths)), Accounts()
    known = Product("Mosaic", tiling.mosaic_wh, {"camera_params": Annotation(None, {"cameraViewTransform": view})})
    assert params_of(tiling, rendered_stage(), known, accounts, "frame 0") == [None, None]
    assert "tiled products whose cameras are elsewhere than on the stage: no K, no pose" in accounts.counts
    unknown = Product("Mosaic", tiling.mosaic_wh, {})
    assert None not in params_of(tiling, rendered_stage(), unknown, accounts, "frame 0")


def staged_elsewhere(paths: list[str]) -> OpenStage:
    """The same prims as USD would have them if a renderer took their poses from somewhere else."""
    from pxr import Usd

    stage = Usd.Stage.CreateInMemory()
    for path in paths:
        camera(stage, path, (9, 9, 9))
    return OpenStage(stage, Usd.TimeCode.Default())


def test_boxes_alone_are_refused_unless_the_product_is_named(tmp_path: Path) -> None:
    paths = staged(2)
    mosaic = tiled(paths, name="Mosaic")
    with pytest.raises(InputError, match="bounding_box_2d_tight of a tiled render product"):
        written(tmp_path / "one", mosaic, formats="yolo")
    hosts.current().failures.clear()
    tiles = {"Mosaic": {"size": SIZE, "cameras": paths}}
    assert written(tmp_path / "two", mosaic, formats="yolo", tiles=tiles).views == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda paths: {"size": SIZE, "cameras": paths[::-1]}, "but the product's prim has /World/Rig_0/Camera, "),
        (lambda paths: {"size": SIZE, "cameras": paths[:2]}, "but the product's prim has"),
        (
            lambda paths: {"size": SIZE[::-1], "cameras": paths},
            "3 cameras are 2 x 2 tiles of 24 x 40 px, together 48 x 80",
        ),
    ],
)
def test_tiles_that_are_others_than_the_products_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    paths = staged(3)
    with pytest.raises(InputError, match=message):
        written(tmp_path / "out", tiled(paths, name="Mosaic"), tiles={"Mosaic": change(paths)})


def test_the_product_is_what_replicator_makes_of_its_cameras() -> None:
    paths = staged(5)
    mosaic = tiled(paths)
    assert mosaic.resolution == (3 * SIZE[0], 2 * SIZE[1])
    prim = hosts.current().stage.GetPrimAtPath(mosaic.path)
    assert [str(path) for path in prim.GetRelationship("camera").GetTargets()] == paths
    assert tiled(paths) is mosaic
    assert tiled(paths, force_new=True) is not mosaic
    found = seen(mosaic, "distance_to_camera", "bounding_box_2d_tight", "instance_segmentation_fast")
    picture = found["distance_to_camera"]["data"]
    assert picture.shape == (2 * SIZE[1], 3 * SIZE[0])
    assert np.isinf(picture[SIZE[1] :, 2 * SIZE[0] :]).all()
    ids, entries = found["instance_segmentation_fast"]["data"], found["instance_segmentation_fast"]["idToLabels"]
    rows = found["bounding_box_2d_tight"]
    assert len(rows["data"]) == 3
    for row, path in zip(rows["data"], rows["primPaths"], strict=True):
        y, x = np.nonzero(ids == next(number for number, entry in entries.items() if entry == path))
        assert [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")] == [x.min(), y.min(), x.max(), y.max()]


@pytest.mark.parametrize("name", ["pointcloud", "skeleton_data"])
def test_what_a_mosaic_delivers_of_one_camera_is_not_imitated(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} of a tiled render product"):
        rep.annotators.get(name).attach(tiled(staged(2)))


def test_no_camera_makes_no_mosaic() -> None:
    staged(1)
    with pytest.raises(OptionError, match="cameras is empty"):
        tiled([])
