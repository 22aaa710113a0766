"""BasicWriter folders in each layout, read back as the frames that were recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.capture.accounts import Accounts
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError, OptionError
from framepress.formats import basic
from framepress.formats.basic_files import find


def frames_of(folder: Path, **options: object) -> tuple[list[Frame], dict[str, Accounts]]:
    accounts: dict[str, Accounts] = {}
    found = list(basic.read(folder, on_accounts=accounts.__setitem__, **options))  # type: ignore[arg-type]
    assert all(account.unaccounted == 0 for account in accounts.values())
    return found, accounts


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "metadata.txt")


def laid_out(capture: Path, folder: Path, place: str) -> Path:
    """The recording's files under other names: `place` is filled with camera, kind and file name."""
    for path in files(capture):
        camera, kind = path.relative_to(capture).parts[:2]
        target = folder / place.format(camera=camera, kind=kind, name=path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


def same(one: Frame, other: Frame, names: dict[str, str]) -> None:
    assert (one.id, one.index) == (other.id, other.index)
    assert sorted(view.name for view in other.views) == sorted(names[view.name] for view in one.views)
    for view in one.views:
        twin = next(found for found in other.views if found.name == names[view.name])
        assert view.objects.track == twin.objects.track
        for column in ("id", "box", "box_full", "visibility", "truncation"):
            np.testing.assert_array_equal(getattr(view.objects, column), getattr(twin.objects, column))
        assert set(view.channels) == set(twin.channels)
        for name in view.channels:
            np.testing.assert_array_equal(view.channels[name], twin.channels[name])


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("{kind}/{camera}_{name}", "{}"),
        ("Replicator/{camera}_Xform/{camera}/{kind}/{name}", "Replicator_{0}_Xform_{0}"),
        ("{camera}/{name}", "{}"),
    ],
)
def test_every_folder_layout_gives_the_same_frames(capture: Path, tmp_path: Path, place: str, name: str) -> None:
    nested = laid_out(capture, tmp_path, place)
    for one, other in zip(frames_of(capture)[0], frames_of(nested)[0], strict=True):
        same(one, other, {camera: name.format(camera) for camera in ("aisle", "overhead")})


def test_a_flat_folder_is_one_nameless_camera(capture: Path, tmp_path: Path) -> None:
    for path in files(capture / "aisle"):
        shutil.copy(path, tmp_path / path.name)
    frames, _ = frames_of(tmp_path)
    assert [(frame.id, frame.index, frame.view.name) for frame in frames] == [(f"{n:04d}", n, "") for n in range(6)]


def test_masks_boxes_and_depth_of_a_recording_agree(capture: Path) -> None:
    for frame in frames_of(capture)[0]:
        for view in frame.views:
            instance = view.channels["instance"]
            assert set(np.unique(instance).tolist()) - {0} == set(view.objects.id.tolist()) - {0}
            for thing in view.objects:
                if thing.label == "forklift":  # its box holds the driver's pixels as well
                    continue
                y, x = np.nonzero(instance == thing.id)
                assert [x.min(), y.min(), x.max() + 1, y.max() + 1] == thing.box.tolist()
            np.testing.assert_allclose(
                view.camera.depth_from_range(view.channels["range"]), view.channels["depth"], rtol=1e-5
            )


def test_visible_points_lie_in_the_3d_boxes(capture: Path) -> None:
    frame = frames_of(capture)[0][0]
    view = frame.views[0]
    depth = view.channels["depth"]
    world = view.camera.unproject(np.where(np.isfinite(depth), depth, 1))
    for row, thing in enumerate(view.objects):
        points = world[view.channels["instance"] == thing.id]
        boxes = view.objects.box3d
        local = (points - boxes.center[row]) @ boxes.axes()[row]
        assert (np.abs(local) <= boxes.size[row] / 2 + 0.01).all(), thing.track


def test_no_image_is_decoded_for_boxes(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an image was opened")

    monkeypatch.setattr(Image, "open", refuse)
    assert sum(len(view.objects) for frame in frames_of(capture)[0] for view in frame.views) > 100


def test_pictures_stay_the_files_that_they_were(capture: Path) -> None:
    view = frames_of(capture)[0][2].views[0]
    source = view.channels.encoded("rgb")
    assert source is not None
    assert source.media_type == "image/png"
    assert source.source == capture / "aisle/rgb/rgb_0002.png"
    np.testing.assert_array_equal(view.channels["rgb"], np.asarray(Image.open(source.source).convert("RGB")))


def test_gaps_and_odd_paddings_in_the_numbers_stay_visible(capture: Path, tmp_path: Path) -> None:
    for source, target in (("0001", "7"), ("0002", "00012"), ("0004", "100000")):
        for path in files(capture / "aisle"):
            if path.stem.endswith(source):
                shutil.copy(path, tmp_path / path.name.replace(source, target))
    assert [(frame.id, frame.index) for frame in frames_of(tmp_path)[0]] == [
        ("7", 7),
        ("00012", 12),
        ("100000", 100000),
    ]


def test_trigger_counts_make_sequences_whose_frames_stay_apart(capture: Path, tmp_path: Path) -> None:
    for run in ("1_", "2_"):
        for path in files(capture / "aisle"):
            if path.stem.endswith(("0000", "0001")):
                head, number = path.stem.rsplit("_", 1)
                shutil.copy(path, tmp_path / f"{head}_{run}{number}{path.suffix}")
    frames, _ = frames_of(tmp_path)
    assert [(frame.id, frame.sequence) for frame in frames] == [
        ("1/0000", "1"),
        ("1/0001", "1"),
        ("2/0000", "2"),
        ("2/0001", "2"),
    ]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]


def test_a_sequence_may_be_given(capture: Path) -> None:
    assert {frame.sequence for frame in frames_of(capture, sequence="run7")[0]} == {"run7"}


def test_the_file_order_of_the_disk_does_not_matter(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    walk = os.walk
    expected = frames_of(capture)[0]

    def backwards(top: Path, **options: object) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, names in walk(top, **options):
            folders.reverse()
            yield folder, folders, sorted(names, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    for one, other in zip(expected, frames_of(capture)[0], strict=True):
        assert [view.name for view in one.views] == [view.name for view in other.views]
        same(one, other, {"aisle": "aisle", "overhead": "overhead"})


def test_classes_come_from_all_labels_files_by_name(capture: Path) -> None:
    assert basic.read_labels(capture).names == ("box", "cone", "forklift", "pallet", "person")


def test_classes_are_spelled_as_in_the_label_map_given(capture: Path) -> None:
    frames, _ = frames_of(capture, labels=LabelMap.of(["Person", "FORKLIFT", "Box", "Cone", "Pallet"]))
    assert {name for frame in frames for view in frame.views for name in view.objects.classes} == {
        "Person",
        "FORKLIFT",
        "Box",
        "Cone",
        "Pallet",
    }


def test_a_policy_reaches_the_rows(capture: Path) -> None:
    tracks = {
        nested: {
            name for view in frames_of(capture, policy=Policy(nested=nested))[0][0].views for name in view.objects.track
        }
        for nested in ("object", "all")
    }
    assert tracks["all"] - tracks["object"] == {"/World/Forklift/Mast"}
    assert "/World/Forklift/Driver" in tracks["object"]


def test_two_different_label_maps_are_refused(capture: Path) -> None:
    one, other = LabelMap.of(["box"]), LabelMap.of(["cone"])
    with pytest.raises(OptionError, match="differ"):
        next(basic.read(capture, labels=one, policy=Policy(labels=other)))


def test_real_recordings_of_isaac_sim_look_like_one_and_datasets_do_not(shared: Path, tmp_path: Path) -> None:
    assert basic.looks_like(shared / "basicwriter-palletstability/_out_sdrec_mess")
    assert basic.looks_like(shared / "isaacsim-golden/benchmark_sdg")
    for other in (
        "formats-datumaro/coco_dataset/coco",
        "formats-datumaro/yolo_dataset",
        "isaacsim-golden/ros2_bbox_csv",
    ):
        assert not basic.looks_like(shared / other)
    assert not basic.looks_like(tmp_path)
    assert not basic.looks_like(tmp_path / "missing")


def test_the_nested_folders_of_a_real_benchmark_are_three_cameras(shared: Path) -> None:
    found = find(shared / "isaacsim-golden/benchmark_sdg")
    assert list(found.cameras) == [
        "OmniverseKit_Persp",
        "Replicator/cam_0_Xform/cam_0",
        "Replicator/cam_1_Xform/cam_1",
    ]


def test_a_colourised_depth_picture_is_no_rgb(shared: Path, tmp_path: Path) -> None:
    source = shared / "isaacsim-golden/_out_behaviors_sdg"
    for path in source.glob("distance_to_image_plane_*"):
        shutil.copy(path, tmp_path)
    frames, _ = frames_of(tmp_path)
    assert [list(frame.view.channels) for frame in frames] == [["depth"], ["depth"]]
    assert frames[0].view.channels["depth"].shape == (512, 512)
    assert frames[0].view.camera.size_wh == (512, 512)


def test_metadata_and_unknown_files_are_no_part_of_it(capture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(capture, folder)
    (folder / "notes.txt").write_text("x")
    (folder / "aisle/rgb/preview_0000.png").write_bytes(b"no image")
    (folder / "aisle/rgb/normals_0000.png").write_bytes(b"a colourised picture")
    assert len(frames_of(folder)[0]) == 6


def test_a_frame_without_objects_is_there(capture: Path) -> None:
    counts = [sum(len(view.objects) for view in frame.views) for frame in frames_of(capture)[0]]
    assert counts[3] == 0
    assert min(counts[:3]) > 0


def test_incomplete_frames_may_be_dropped_and_are_counted(capture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(capture, folder)
    (folder / "aisle/rgb/rgb_0002.png").unlink()
    for path in (folder / "overhead").rglob("*_0004.*"):
        path.unlink()
    frames, accounts = frames_of(folder, incomplete="drop")
    assert [frame.id for frame in frames] == ["0000", "0001", "0003", "0005"]
    assert accounts["0002"].counts == accounts["0004"].counts == {"frames dropped: incomplete": 1}
    with pytest.raises(InputError, match="frame 0002, camera aisle: rgb is missing, though other frames have it"):
        frames_of(folder)


def test_reading_twice_gives_the_same_accounts_in_the_same_order(capture: Path) -> None:
    one, other = (
        {name: (list(account.counts.items()), account.examples) for name, account in frames_of(capture)[1].items()}
        for _ in range(2)
    )
    assert json.dumps(one) == json.dumps(other)


def test_only_labels_of_the_asked_taxonomy_are_classes(capture: Path, tmp_path: Path) -> None:
    shutil.copytree(capture, tmp_path / "two")
    for path in (tmp_path / "two").rglob("*_labels_*.json"):
        labels = json.loads(path.read_text())
        twofold = {
            key: {**value, "shape": "Round"} if isinstance(value, dict) else value for key, value in labels.items()
        }
        path.write_text(json.dumps(twofold))
    assert open_dataset(tmp_path / "two").labels() == open_dataset(capture).labels()
    assert open_dataset(tmp_path / "two", policy=Policy(taxonomy="shape")).labels().names == ("Round",)
    assert open_dataset(tmp_path / "two", policy=Policy(comma="joined")).labels() == open_dataset(capture).labels()
