"""Tiled products among others in a payload, through the writer's run and without a stage."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import framepress
from framepress.errors import FrameError
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from replicator.payloads_by_hand import HEIGHT, WIDTH, Host

CAMERAS = ["/World/Left/Camera", "/World/Right/Camera", "/World/Top/Camera"]
TILES = {"Mosaic": {"size": [WIDTH, HEIGHT], "cameras": CAMERAS}}


def payload(hosts: list[Host], number: int) -> dict[str, Any]:
    """Three frames as one mosaic of 2 x 2 tiles, beside a product of the first camera alone."""
    payloads = [host.payload(number + 5 * place)["renderProducts"]["Replicator"] for place, host in enumerate(hosts)]
    canvas = {
        "rgb": np.zeros((2 * HEIGHT, 2 * WIDTH, 4), np.uint8),
        "instance_segmentation": np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint32),
    }
    for place, one in enumerate(payloads):
        y, x = place // 2 * HEIGHT, place % 2 * WIDTH
        for name, whole in canvas.items():
            whole[y : y + HEIGHT, x : x + WIDTH] = one[name]["data"]
    mosaic = {
        **payloads[0],
        "camera": CAMERAS[0],
        "resolution": (2 * WIDTH, 2 * HEIGHT),
        **{name: {**payloads[0][name], "data": whole} for name, whole in canvas.items()},
        "camera_params": {**payloads[0]["camera_params"], "renderProductResolution": np.array([2 * WIDTH, 2 * HEIGHT])},
    }
    return {"renderProducts": {"Mosaic": mosaic, "Left_Camera": payloads[0]}, "reference_time": (number, 24)}


def options(**more: Any) -> Options:
    formats = {"native": {"channels": "rgb,instance"}}
    return Options.of(**{"formats": formats, "labels": ["box"], "tiles": TILES, **more})


def test_tiles_are_views_beside_the_others_also_when_the_host_uses_its_arrays_again(tmp_path: Path) -> None:
    press = Press(tmp_path / "set", options())
    hosts = [Host(), Host(), Host()]
    expected = [copy.deepcopy(payload(hosts, number)["renderProducts"]) for number in range(3)]
    for number in range(3):
        taken = payload(hosts, number)
        assert press.take(taken)
        for product in taken["renderProducts"].values():
            product["rgb"]["data"][...] = 0
            product["instance_segmentation"]["data"][...] = 0
    report = press.finish()
    assert report is not None
    assert report.run["tiles whose camera is not known: no K, no pose"] == 9
    for frame, products in zip(framepress.open(tmp_path / "set").frames(), expected, strict=True):
        views = {view.name: view for view in frame.views}
        # A tile has its product's name in front where another product has that name.
        assert set(views) == {"Left_Camera", "Mosaic_Left_Camera", "Mosaic_Right_Camera", "Mosaic_Top_Camera"}
        for place, name in enumerate(("Left", "Right", "Top")):
            view = views[f"Mosaic_{name}_Camera"]
            y, x = place // 2 * HEIGHT, place % 2 * WIDTH
            window = (slice(y, y + HEIGHT), slice(x, x + WIDTH))
            np.testing.assert_array_equal(view.channels["rgb"], products["Mosaic"]["rgb"]["data"][window][..., :3])
            ids = products["Mosaic"]["instance_segmentation"]["data"][window]
            y, x = np.nonzero(ids)
            assert view.objects.box.tolist() == [[x.min(), y.min(), x.max() + 1, y.max() + 1]]
            assert view.camera.K is None
        assert views["Left_Camera"].camera.K is not None


def test_a_format_that_needs_a_camera_refuses_tiles_of_which_none_is_known(tmp_path: Path) -> None:
    press = Press(tmp_path / "set", options(formats="kitti"))
    press.take(payload([Host(), Host(), Host()], 0))
    with pytest.raises(FrameError, match=r"Mosaic_Left_Camera: .*/World/Left/Camera.*kitti needs"):
        press.finish()


def test_a_copy_of_a_run_splits_tiles_too(tmp_path: Path) -> None:
    press = copy.deepcopy(Press(tmp_path / "set", options()))
    press.take(payload([Host(), Host(), Host()], 0))
    report = press.finish()
    assert report is not None
    assert report.views == 4
