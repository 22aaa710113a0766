"""KITTI's other readers on what we wrote: the nuScenes devkit for 3D, torchvision for the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framepress.core import Frame, LabelMap
from framepress.formats.kitti import FORMAT
from framepress.storage.folder import FolderOutput
from judges.heavy import judged
from things import camera_at, cuboid, view_of

pytestmark = pytest.mark.judge

SIZE = (320, 200)


def scene(pitch_deg: float) -> list[Frame]:
    """Frames of level boxes of any yaw, seen from 3 m above the ground; the first frame is empty."""
    rng = np.random.default_rng(3)
    camera = camera_at(SIZE, 250.0, (1.0, -2.0, 3.0), yaw_deg=35, pitch_deg=pitch_deg)
    ahead = camera.world_from_camera[:2, 2] / np.linalg.norm(camera.world_from_camera[:2, 2])
    frames = []
    for index in range(6):
        things = []
        for k in range(4 if index else 0):
            at = np.array((1.0, -2.0)) + ahead * rng.uniform(9, 16) + rng.uniform(-2, 2, 2)
            size = rng.uniform((1.5, 0.5, 0.5), (3, 1.4, 2))
            label = ("Car", "Van", "Tram")[k % 3]
            things.append(cuboid(label, k + 1, camera, (*at, size[2] / 2), size, rng.uniform(-180, 180), track=f"/{k}"))
        frames.append(Frame(f"f{index}", index, (view_of(camera, things, seed=index),)))
    return frames


def press(root: Path, frames: list[Frame], **options: str) -> list[dict[str, int]]:
    writer, files = FORMAT.make_writer({"forward": "x", "velodyne": "depth", **options}), FolderOutput(root)
    rows = [(frame, writer.add(frame, files)) for frame in frames]
    writer.finish(LabelMap.of(["Car", "Van", "Tram"]), lambda: iter(rows), files)
    return [row["counts"] for _, row in rows]


@pytest.mark.parametrize(("tilt", "pitch_deg"), [("project", 0), ("level", 0), ("level", 22), ("level", -8)])
def test_the_nuscenes_devkit_finds_centre_size_yaw_and_projection(tmp_path: Path, tilt: str, pitch_deg: float) -> None:
    source = scene(pitch_deg)
    press(tmp_path / "kitti", source, tilt=tilt)
    said = judged("nuscenes_kitti", tmp_path / "kitti")
    assert said["refused"] is None
    assert len(said["images"]) == len(source)
    for image, frame in zip(sorted(said["images"], key=lambda image: image["token"]), source, strict=True):
        assert image["refused"] is None
        kept = frame.view.objects.take(~np.isnan(frame.view.objects.box[:, 0]))
        assert [row["name"] for row in image["objects"]] == kept.labels
        pose = frame.view.camera.world_from_camera
        heading = np.arctan2(pose[1, 2], pose[0, 2])
        for row, said_of in enumerate(image["objects"]):
            # The devkit's lidar frame: x right, y forward, z up; ours is level and at the camera.
            away = kept.box3d.center[row] - pose[:3, 3]
            turn = np.pi / 2 - heading
            flat = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ away[:2]
            assert said_of["center"] == pytest.approx((*flat, away[2]), abs=2e-5)
            length, width, height = kept.box3d.size[row]
            assert said_of["wlh"] == pytest.approx((width, length, height), abs=1e-6)
            yaw = 2 * np.arctan2(kept.box3d.rotation[row, 3], kept.box3d.rotation[row, 0]) + turn
            assert np.exp(1j * said_of["yaw"]) == pytest.approx(np.exp(1j * yaw), abs=2e-6)
            pixels = frame.view.camera.project(kept.box3d.take(np.array([row])).corners()[0]) - 0.5
            bounds = np.clip(np.concatenate((pixels.min(0), pixels.max(0))), 0, (*SIZE, *SIZE))
            assert said_of["projected"] == pytest.approx(bounds, abs=2e-3)
        uv_depth = np.array(image["points"]["uv_depth"])
        assert image["points"]["count"] == np.isfinite(frame.view.channels["depth"]).sum()
        if not pitch_deg:  # the devkit's depth is along its own levelled axis
            u, v = np.rint(uv_depth[:, :2]).astype(int).T
            assert uv_depth[:, :2] == pytest.approx(np.column_stack((u, v)), abs=1e-3)
            assert uv_depth[:, 2] == pytest.approx(frame.view.channels["depth"][v, u], rel=1e-5)


def test_torchvision_reads_every_field_of_every_line(tmp_path: Path) -> None:
    source = scene(15)
    press(tmp_path / "kitti", source, tilt="project")
    said = judged("torchvision_kitti", tmp_path / "kitti")
    assert said["refused"] is None
    assert [image["file"] for image in said["images"]] == [f"{index:06d}.png" for index in range(len(source))]
    for image, frame in zip(said["images"], source, strict=True):
        assert (image["refused"], image["size_wh"], image["mode"]) == (None, list(SIZE), "RGB")
        kept = frame.view.objects.take(~np.isnan(frame.view.objects.box[:, 0]))
        assert [row["type"] for row in image["objects"]] == kept.labels
        for row, said_of in enumerate(image["objects"]):
            assert said_of["bbox"] == pytest.approx(kept.box[row] - (0, 0, 1, 1))
            assert said_of["truncated"] == pytest.approx(kept.truncation[row], abs=1e-6)
            length, width, height = kept.box3d.size[row]
            assert said_of["dimensions"] == pytest.approx((height, width, length), abs=1e-6)
            middle = frame.view.camera.to_camera(kept.box3d.center[row])
            assert said_of["location"] == pytest.approx(middle + np.array((0, height / 2, 0)), abs=1e-6)
