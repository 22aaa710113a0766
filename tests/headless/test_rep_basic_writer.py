"""The stand-in's BasicWriter leaves Replicator's files, and the library reads them as the frames that they were."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stand_in_session import CAMERA, RELEASES, Recorder, opened, product

from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.errors import OptionError
from framepress.formats import basic
from framepress.headless import rep
from framepress.headless.rep.backends import DiskBackend

EVERYTHING = (
    "rgb bounding_box_2d_tight bounding_box_2d_loose semantic_segmentation instance_id_segmentation "
    "instance_segmentation distance_to_camera distance_to_image_plane bounding_box_3d occlusion normals motion_vectors "
    "camera_params pointcloud skeleton_data"
).split()

FILES = {
    "rgb": ["png"],
    "bounding_box_2d_tight": ["json", "json", "npy"],
    "bounding_box_2d_loose": ["json", "json", "npy"],
    "bounding_box_3d": ["json", "json", "npy"],
    "semantic_segmentation": ["json", "png"],
    "instance_id_segmentation": ["json", "png"],
    "instance_segmentation": ["json", "json", "png"],
    "distance_to_camera": ["npy", "png"],
    "distance_to_image_plane": ["npy", "png"],
    "occlusion": ["npy"],
    "motion_vectors": ["npy"],
    "normals": ["png"],
    "camera_params": ["json"],
    "skeleton_data": ["json"],
    "pointcloud": ["npy"] * 5,
}
"""As a test of Isaac Sim's recorder counts them, depth with its picture."""


def recorded(folder: Path, products: int, frames: int = 2, **options: Any) -> list[Path]:
    writer = rep.writers.get("BasicWriter")
    writer.initialize(output_dir=str(folder), **options)
    writer.attach([product(f"view{number}") for number in range(products)])
    for _ in range(frames):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", EVERYTHING)
def test_each_annotator_has_the_files_that_isaac_sim_counts(release: Any, kind: str, tmp_path: Path) -> None:
    host = opened(release)
    found = recorded(tmp_path, 1, colorize_depth=True, **{kind: True})
    assert not host.failures
    assert Path("metadata.txt") in found
    for number in ("0000", "0001"):
        names = [path.name for path in found if path.stem.endswith(f"_{number}")]
        assert sorted(name.rpartition(".")[2] for name in names) == FILES[kind]
        assert all(name.startswith(kind) for name in names)
    assert len(found) == 1 + 2 * len(FILES[kind])


def test_several_products_have_folders_of_their_own_or_a_common_one(tmp_path: Path) -> None:
    opened()
    found = recorded(tmp_path / "a", 2, frames=1, rgb=True, bounding_box_2d_tight=True)
    assert Path("view1/rgb/rgb_0000.png") in found
    assert Path("view0/bounding_box_2d_tight/bounding_box_2d_tight_labels_0000.json") in found
    opened()
    found = recorded(tmp_path / "b", 2, frames=1, rgb=True, use_common_output_dir=True, frame_padding=6)
    assert found[1:] == [Path("rgb/view0_rgb_000000.png"), Path("rgb/view1_rgb_000000.png")]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("products", [1, 2])
def test_the_folder_reads_back_as_the_frames_that_were_captured(release: Any, products: int, tmp_path: Path) -> None:
    opened(release)
    writer = rep.writers.get("BasicWriter")
    kinds = [kind for kind in EVERYTHING if kind not in ("skeleton_data", "occlusion", "pointcloud")]
    plain = {f"colorize_{kind}": False for kind in kinds if kind.endswith("_segmentation")}
    writer.initialize(output_dir=str(tmp_path), **dict.fromkeys(kinds, True), **plain)
    views = [product(f"view{number}") for number in range(products)]
    writer.attach(views)
    witness = Recorder(tuple(rep.annotators.get(a.source, init_params=a.init_params) for a in writer.annotators))
    witness.attach(views)
    for _ in range(2):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    policy = Policy(comma="joined")
    read = list(basic.read(tmp_path, policy=policy))
    assert [frame.id for frame in read] == ["0000", "0001"]
    for index, (frame, data) in enumerate(zip(read, witness.payloads, strict=True)):
        captured, _ = frame_from_payload(data, frame_id=frame.id, index=index, policy=policy)
        assert len(frame.views) == len(captured.views) == products
        for ours, theirs in zip(frame.views, captured.views, strict=True):
            assert ours.objects.labels == theirs.objects.labels
            assert len(ours.objects.labels) == 4
            np.testing.assert_array_equal(ours.objects.box, theirs.objects.box)
            for channel in ("rgb", "instance", "semantic", "depth", "range"):
                np.testing.assert_array_equal(ours.channels[channel], theirs.channels[channel], channel)


def test_ids_in_colours_are_rgba_pictures_keyed_by_them(tmp_path: Path) -> None:
    from PIL import Image

    opened()
    recorded(tmp_path, 1, frames=1, semantic_segmentation=True, instance_segmentation=True)
    for kind, table in (("semantic_segmentation", "labels"), ("instance_segmentation", "mapping")):
        with Image.open(tmp_path / f"{kind}_0000.png") as picture:
            colours = {str(colour) for _, colour in picture.getcolors()}
        assert colours == set(json.loads((tmp_path / f"{kind}_{table}_0000.json").read_text()))


def test_counts_of_time_triggers_stand_before_the_number(tmp_path: Path) -> None:
    opened()
    writer = rep.writers.get("BasicWriter")
    writer.initialize(output_dir=str(tmp_path), rgb=True)
    writer.attach(product())
    rep.trigger.on_time(interval=1, num=2)
    rep.orchestrator.run_until_complete()
    assert sorted(path.name for path in tmp_path.glob("rgb*")) == ["rgb_0_0000.png", "rgb_1_0001.png"]
    assert [frame.sequence for frame in basic.read(tmp_path)] == ["0", "1"]


def test_a_writer_that_is_initialised_again_states_itself_in_its_new_folder_and_writes_jpeg_if_asked(
    tmp_path: Path,
) -> None:
    opened()
    writer = rep.writers.get("BasicWriter")
    for name in ("a", "b"):
        writer.initialize(output_dir=str(tmp_path / name), rgb=True, image_output_format="jpg")
        writer.attach(product(name))
        rep.orchestrator.step()
        writer.detach()
    rep.orchestrator.wait_until_complete()
    for name in ("a", "b"):
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["metadata.txt", "rgb_0000.jpg"]


def test_its_filter_is_everybodys(tmp_path: Path) -> None:
    host = opened()
    writer = rep.writers.get("BasicWriter")
    writer.initialize(output_dir=str(tmp_path), rgb=True)
    assert host.semantic_filters == {"instance_mapping": "class:*"}
    writer.initialize(output_dir=str(tmp_path), semantic_types=["class", "shape"])
    assert host.semantic_filters == {"instance_mapping": "class:*; shape:*"}
    boxes = rep.annotators.get("bounding_box_2d_tight_fast").attach(rep.create.render_product(CAMERA, (24, 14)))
    for predicate, path in (("class:wheel", "/World/Car/Wheel"), ("shape:cube&!toy", "/World/Box")):
        writer.initialize(output_dir=str(tmp_path), semantic_filter_predicate=predicate)
        rep.orchestrator.step()
        assert path in boxes.get_data()["info"]["primPaths"]
        assert "/World/Car" not in boxes.get_data()["info"]["primPaths"]
    with pytest.raises(OptionError, match="exclude each other"):
        writer.initialize(output_dir=str(tmp_path), semantic_types=["class"], semantic_filter_predicate="class:*")


def test_it_takes_a_folder_a_backend_or_both(tmp_path: Path) -> None:
    opened()
    writer = rep.writers.get("BasicWriter")
    with pytest.raises(OptionError, match="give output_dir"):
        writer.initialize(rgb=True)
    writer.initialize(output_dir=str(tmp_path / "a"), backend=DiskBackend(str(tmp_path / "b")), rgb=True)
    writer.attach(product())
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    counts = Counter(path.parent.name for path in tmp_path.rglob("rgb_0000.png"))
    assert counts == {"a": 1, "b": 1}
