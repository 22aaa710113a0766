"""FramepressWriter through Replicator's calls: its dataset is complete in whichever order a script ends its run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pxr import Usd, UsdGeom
from staging import camera, cube, opened, product

from framepress.headless import rep
from framepress.replicator.rendering import render
from framepress.replicator.writer import build_writer


def attached(folder: Path) -> Any:
    """A writer that sees a labelled cube."""
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    writer = build_writer(rep)(output_dir=folder, formats="coco", channels="rgb")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    return writer


def test_a_product_that_is_switched_off_is_left_out_of_labels_without_images(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    products = [product(camera(host.stage, f"/World/{name}", (0, -5, 0)), (32, 24), name) for name in ("Front", "Back")]
    options = {"coco": {"images": "none", "segmentation": "none"}}
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats=options)
    writer.attach(products)
    products[1].hydra_texture.set_updates_enabled(False)
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    assert writer.report.views == 1
    assert writer.report.run["views without an image"] == 1


def images(folder: Path) -> int:
    return len(json.loads((folder / "annotations" / "instances_default.json").read_text())["images"])


@pytest.mark.parametrize(
    "end",
    [lambda writer: writer.detach(), lambda writer: rep.WriterRegistry.detach_all()],
    ids=["by itself", "by the registry"],
)
def test_a_writer_that_is_detached_before_the_run_ends_leaves_a_complete_dataset(
    tmp_path: Path, end: Callable[[Any], object]
) -> None:
    writer = attached(tmp_path / "out")
    for _ in range(2):
        rep.orchestrator.step()
    end(writer)
    assert writer.report.frames == 2
    assert images(tmp_path / "out") == 2
    rep.orchestrator.wait_until_complete()
    assert writer.report.frames == 2


def test_a_writer_that_is_attached_again_goes_on_with_its_dataset(tmp_path: Path) -> None:
    writer = attached(tmp_path / "out")
    rep.orchestrator.step()
    writer.detach()
    writer.attach(product("/World/Camera", (32, 24)))
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert images(tmp_path / "out") == 2


def test_a_writer_that_is_initialised_again_leaves_the_former_dataset_complete(tmp_path: Path) -> None:
    writer = attached(tmp_path / "one")
    rep.orchestrator.step()
    writer.initialize(output_dir=tmp_path / "two", formats="coco", channels="rgb")
    for _ in range(2):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert [images(tmp_path / name) for name in ("one", "two")] == [1, 2]


def test_a_writer_whose_constructor_has_not_run_is_detached_without_an_error() -> None:
    opened()
    rep.WriterRegistry.register(build_writer(rep))
    rep.WriterRegistry.get("FramepressWriter").detach()


@pytest.mark.parametrize(
    ("up", "scale", "eye"), [("Y", (4, 1, 2), (0, 0, 9)), ("Z", (4, 2, 1), (0, -9, 0))], ids=["y up", "z up"]
)
def test_upright_boxes_stand_on_the_ground_of_their_stage(
    tmp_path: Path, up: str, scale: tuple[float, float, float], eye: tuple[float, float, float]
) -> None:
    stage = Usd.Stage.CreateNew(str(tmp_path / "scene.usda"))
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    cube(stage, "/World/Car", "car", scale=scale)
    camera(stage, "/World/Camera", eye, up=(0, up == "Y", up == "Z"))
    stage.Save()
    render(tmp_path / "scene.usda", tmp_path / "out", frames=1, size_wh=(96, 64), options={"formats": "kitti"})
    (line,) = next((tmp_path / "out").rglob("label_2/*.txt")).read_text().splitlines()
    assert [float(number) for number in line.split()[8:11]] == [1, 2, 4]  # height, width, length
