"""FramepressWriter through Replicator's calls: its dataset is complete in whichever order a script ends its run."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pxr import Usd, UsdGeom
from staging import camera, cube, opened, product, with_lens

from framepress.dataset.convert import convert
from framepress.dataset.opening import open_dataset
from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless import rep
from framepress.headless.payloads.shot import Quirks
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


def failing(folder: Path, **options: Any) -> Any:
    """A writer that knows no crate, which is what it is shown."""
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    writer = build_writer(rep)(output_dir=folder, formats="coco", channels="rgb", labels=["drum"], **options)
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    return writer


def totals(folder: Path) -> dict[str, int]:
    """Of all sessions in a dataset's ledger."""
    lines = map(json.loads, (folder / ".framepress/ledger.jsonl").read_text().splitlines())
    return dict(sum((Counter(line["totals"]) for line in lines if line["kind"] == "summary"), Counter()))


def test_a_frame_that_fails_stops_the_run_and_costs_no_other(tmp_path: Path) -> None:
    writer = failing(tmp_path / "out")
    host = hosts.current()
    rep.orchestrator.run(num_frames=400)
    rep.orchestrator.wait_until_complete()
    assert host.frame < 400  # stopped, some frames later
    seen = totals(tmp_path / "out")
    assert seen["asked"] == seen["refused"] == host.frame
    assert len(host.failures) == host.frame
    assert "class 'crate' is not in the label map (drum)" in str(host.failures[0])

    host.stage.GetPrimAtPath("/World/Cube").GetAttribute("semantics:labels:class").Set(["drum"])
    before = host.frame
    for _ in range(3):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert writer.report.frames == 3
    seen = totals(tmp_path / "out")
    assert (seen["asked"], seen["written"], seen["refused"]) == (before + 3, 3, before)


def test_a_run_that_counts_goes_on_and_tells_a_few_times(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = failing(tmp_path / "out", on_error="count")
    for _ in range(12):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not hosts.current().failures
    assert writer.report.frames == 0
    assert writer.report.run["refused"] == 12
    told = [record.message for record in caplog.records if record.name == "framepress.replicator"]
    assert sum("class 'crate'" in message for message in told) == 5
    assert "in the ledger" in told[-1]


def test_an_error_at_the_end_does_not_keep_other_writers_from_theirs(tmp_path: Path) -> None:
    """What a writer raises in `on_final_frame` may end the loop over all of them."""
    failed = failing(tmp_path / "failed", on_error="stop")
    fine = build_writer(rep)(output_dir=tmp_path / "fine", formats="coco", channels="rgb")
    fine.attach(product("/World/Camera", (32, 24), "Second"))
    rep.orchestrator.step()
    for writer in (failed, fine):
        writer.on_final_frame()
    rep.BackendDispatch.wait_until_done()
    assert hosts.current().failures
    assert fine.report.frames == 1


def test_a_target_that_is_taken_is_told_once_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    writer = attached(tmp_path / "out")
    for _ in range(4):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    (failure,) = hosts.current().failures
    assert "holds mine.txt and is not a dataset of ours" in str(failure)
    assert writer.report is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_only_scheduled_frames_are_written_where_no_trigger_is(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)), trigger=None)
    for number in range(6):
        if number % 2:
            writer.schedule_write()
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert images(tmp_path / "out") == 3


def test_several_writers_on_the_same_frames_keep_to_themselves(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    seen_by = product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24))
    made = build_writer(rep)
    writers = {name: made(output_dir=tmp_path / name, formats=name) for name in ("coco", "yolo", "kitti")}
    for writer in writers.values():
        writer.attach(seen_by)
    for _ in range(3):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    assert {name: writer.report.frames for name, writer in writers.items()} == dict.fromkeys(writers, 3)


def test_a_copy_that_is_attached_instead_writes_the_dataset(tmp_path: Path) -> None:
    """As Isaac Sim's own nodes do with the writers that they are given."""
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    seen_by = product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24))
    writer = copy.deepcopy(build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb"))
    writer.attach(seen_by)
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    assert images(tmp_path / "out") == 1


def test_the_end_may_be_told_as_often_as_a_host_likes(tmp_path: Path) -> None:
    writer = attached(tmp_path / "out")
    for steps in (0, 2, 0, 1):
        for _ in range(steps):
            rep.orchestrator.step()
        for _ in range(3):
            writer.on_final_frame()
    rep.BackendDispatch.wait_until_done()
    assert images(tmp_path / "out") == 3
    assert sum(line["kind"] == "summary" for line in ledger(tmp_path / "out")) == 2  # nothing new, no work


def ledger(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / ".framepress/ledger.jsonl").read_text().splitlines()]


def test_empty_first_frames_are_counted_and_cost_nothing(tmp_path: Path) -> None:
    host = opened(quirks=Quirks(empty_frames=2))
    cube(host.stage, "/World/Cube", "crate")
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    for _ in range(5):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    run = writer.report.run
    assert (run["asked"], run["written"], run["frames without an image"]) == (5, 3, 2)


def test_a_disk_backend_of_the_host_gets_the_dataset_into_its_folder(tmp_path: Path) -> None:
    host = opened(release="6.0")
    cube(host.stage, "/World/Cube", "crate")
    backend = rep.backends.get("DiskBackend")
    backend.initialize(output_dir=str(tmp_path / "out"))
    writer = build_writer(rep)(backend=backend, formats="coco", channels="rgb")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    assert images(tmp_path / "out") == 1
    assert not (tmp_path / "out/metadata.txt").exists()


def test_a_relative_folder_is_the_one_that_replicators_own_backend_takes(tmp_path: Path) -> None:
    host = opened(release="6.0")
    host.settings["/omni/replicator/backends/disk/root_dir"] = str(tmp_path)
    cube(host.stage, "/World/Cube", "crate")
    writer = build_writer(rep)(output_dir="runs/a", formats="coco", channels="rgb")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    theirs = rep.backends.get("DiskBackend")
    theirs.initialize(output_dir="runs/a")
    assert images(Path(theirs.output_dir)) == 1


def test_a_backend_of_the_scripts_own_gets_the_same_dataset(tmp_path: Path) -> None:
    class Bucket(rep.backends.BaseBackend):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.blobs: dict[str, bytes] = {}

        def write_blob(self, path: str, data: bytes) -> None:
            self.blobs[path] = data

        def read_blob(self, path: str) -> bytes:
            return self.blobs[path]

    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    seen_by, bucket = product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)), Bucket()
    for given in ({"backend": bucket}, {"output_dir": tmp_path / "out"}):
        build_writer(rep)(**given, formats="coco,kitti").attach(seen_by)
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    kept = {path: content for path, content in bucket.blobs.items() if "ledger" not in path}
    for path, content in kept.items():
        assert (tmp_path / "out" / path).read_bytes() == content
    assert "coco/annotations/instances_default.json" in kept


def test_the_ledger_tells_of_the_stage_the_seed_and_the_host(tmp_path: Path) -> None:
    stage = Usd.Stage.CreateNew(str(tmp_path / "scene.usda"))
    UsdGeom.SetStageUpAxis(stage, "Y")
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    cube(stage, "/World/Cube", "crate")
    stage.Save()
    opened(stage, seed=17)
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb")
    writer.attach(product(camera(stage, "/World/Camera", (0, 0, 500)), (32, 24)))
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    told = ledger(tmp_path / "out")[0]
    assert told["kind"] == "provenance"
    assert told["seed"] == 17
    assert told["host"] == {"name": "framepress stand-in"}
    digest = hashlib.sha256((tmp_path / "scene.usda").read_bytes()).hexdigest()
    assert told["stage"] == {
        "path": str(tmp_path / "scene.usda"),
        "sha256": digest,
        "edits_sha256": None,
        "up_axis": "Y",
        "metres_per_unit": 0.01,
    }


def test_classes_of_the_open_stage_are_spelled_as_there(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Cube", "BigCrate")
    cube(host.stage, "/World/Far", "Drum", at=(0, 900, 0))
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb", labels="scene")
    writer.attach(product(camera(host.stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    document = json.loads((tmp_path / "out/annotations/instances_default.json").read_text())
    assert [category["name"] for category in document["categories"]] == ["BigCrate", "Drum"]
    opened()
    with pytest.raises(OptionError, match="labels='scene': no stage is open, or none of its prims"):
        build_writer(rep)(output_dir=tmp_path / "two", labels="scene")


def upright(folder: Path, up: str, scale: tuple[float, float, float], eye: tuple[float, float, float]) -> Path:
    """A car on the ground of a stage."""
    stage = Usd.Stage.CreateNew(str(folder / "scene.usda"))
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    cube(stage, "/World/Car", "car", scale=scale)
    camera(stage, "/World/Camera", eye, up=(0, up == "Y", up == "Z"))
    stage.Save()
    return folder / "scene.usda"


@pytest.mark.parametrize(
    ("up", "scale", "eye"), [("Y", (4, 1, 2), (0, 0, 9)), ("Z", (4, 2, 1), (0, -9, 0))], ids=["y up", "z up"]
)
def test_upright_boxes_stand_on_the_ground_of_their_stage(
    tmp_path: Path, up: str, scale: tuple[float, float, float], eye: tuple[float, float, float]
) -> None:
    scene = upright(tmp_path, up, scale, eye)
    render(scene, tmp_path / "out", frames=1, size_wh=(96, 64), options={"formats": "kitti"})
    (line,) = next((tmp_path / "out").rglob("label_2/*.txt")).read_text().splitlines()
    assert [float(number) for number in line.split()[8:11]] == [1, 2, 4]  # height, width, length


@pytest.mark.parametrize("up", ["Y", "Z"])
def test_kitti_made_later_from_the_native_edition_is_kitti_made_at_once(tmp_path: Path, up: str) -> None:
    scale, eye = ((4, 1, 2), (3, 4, 9)) if up == "Y" else ((4, 2, 1), (3, -9, 4))
    scene = upright(tmp_path, up, scale, eye)
    for name in ("kitti", "native"):
        render(
            scene, tmp_path / name, frames=1, size_wh=(96, 64), options={"formats": name, "channels": "rgb,instance"}
        )
    convert(open_dataset(tmp_path / "native"), tmp_path / "later", ["kitti"])
    made, later = (
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file() and ".framepress/" not in path.as_posix()
        }
        for name in ("kitti", "later")
    )
    assert made == later
    (line,) = made["training/label_2/000000.txt"].decode().splitlines()
    assert [float(number) for number in line.split()[8:11]] == [1, 2, 4]


@pytest.mark.parametrize(
    ("model", "told"), [("opencvFisheye", "fisheyeOpenCV"), ("opencvPinhole", "pinholeOpenCV")], ids=["fisheye", "bent"]
)
def test_kitti_through_another_lens_says_that_it_is_the_lens_at_the_first_frame(
    tmp_path: Path, model: str, told: str
) -> None:
    host = opened()
    cube(host.stage, "/World/Cube", "crate")
    lens = {"fx": 30.0, "fy": 30.0, "cx": 16.0, "cy": 12.0, "k1": 0.1}
    with_lens(camera(host.stage, "/World/Camera", (0, -5, 0)), model, (32, 24), **lens)
    seen_by = product("/World/Camera", (32, 24))
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="kitti")
    writer.attach(seen_by)
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    (failure,) = host.failures
    assert f"frame 000000, Replicator: the lens of /World/Camera is {told}, and kitti needs" in str(failure)
    assert "calib=none" in str(failure)
    writer.detach()
    writer = build_writer(rep)(output_dir=tmp_path / "boxes", formats={"kitti": {"calib": "none"}})
    writer.attach(seen_by)
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert writer.report.frames == 1
