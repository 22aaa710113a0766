"""What lies where a file should be, in every format that is read: pipes, dead links, JSON and YAML made to hurt."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError
from frames import LABELS, mono

# Format -> files of frame 0, and of the dataset, as glob patterns.
FILES = {
    "native": ("dataset.json", "frames/*.jsonl", "rgb/**/*0000.png"),
    "coco": ("annotations/instances_default.json", "images/**/*0000.png"),
    "yolo": ("data.yaml", "labels/**/*0000.txt", "images/**/*0000.png"),
    "kitti": ("framepress.json", *(f"training/{folder}/000000.*" for folder in ("label_2", "image_2", "calib"))),
}
CASES = [(name, pattern) for name, patterns in FILES.items() for pattern in patterns]
DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"


@pytest.fixture(scope="session")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Format -> a dataset of it."""
    folders = {name: tmp_path_factory.mktemp(name) / "set" for name in FILES}
    for name, folder in folders.items():
        with DatasetWriter(folder, [name], labels=LABELS, workers=1) as writer:
            for frame in mono()[:2]:
                writer.add(frame)
    return folders


@pytest.fixture
def copy_of(pressed: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: shutil.copytree(pressed[name], tmp_path / name)


def read_all(name: str, folder: Path) -> None:
    dataset = open_dataset(folder, name)
    dataset.labels()
    for frame in dataset.frames():
        for view in frame.views:
            for channel in view.channels:
                view.channels[channel]


@pytest.mark.parametrize(("name", "pattern"), CASES)
@pytest.mark.parametrize("instead", ["pipe", "dead link", "deep nesting"])
def test_what_is_no_such_file_is_named_and_not_waited_for(
    name: str, pattern: str, instead: str, copy_of: Callable[[str], Path]
) -> None:
    folder = copy_of(name)
    file = sorted(folder.glob(pattern))[0]
    file.unlink()
    if instead == "pipe":
        os.mkfifo(file)
    elif instead == "dead link":
        file.symlink_to(folder / "nowhere")
    else:
        file.write_bytes(DEEP)
    with pytest.raises(InputError, match=file.name):
        read_all(name, folder)


@pytest.mark.parametrize("instead", ["pipe", "deep nesting"])
@pytest.mark.parametrize("kind", ["camera_params", "bounding_box_2d_tight_labels", "rgb", "bounding_box_2d_tight"])
def test_a_recording_with_such_files_as_well(kind: str, instead: str, capture: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(capture, tmp_path / "capture")
    file = sorted(folder.rglob(f"{kind}_0002.*"))[0]
    file.unlink()
    if instead == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(DEEP)
    with pytest.raises(InputError, match=file.name):
        read_all("basic", folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cameraViewTransform", ["a"] * 16),
        ("metersPerSceneUnit", "a"),
        ("cameraNearFar", [1]),
        ("cameraAperture", []),
        ("renderProductResolution", [float("inf"), 90]),
    ],
)
def test_camera_parameters_of_another_kind_are_named(field: str, value: object, capture: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(capture, tmp_path / "capture")
    file = sorted(folder.rglob("camera_params_0002.json"))[0]
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    with pytest.raises(InputError, match=file.name):
        read_all("basic", folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: *b\n", "has an alias, *a"),
        ("names: [" + "[" * 5_000 + "]" * 5_000 + "]\n", "nested 21 deep"),
        ("train: images\nnames: [car, null]\n", "names: None is no text"),
        ("train: images\nnames: [car]\nkpt_shape: [100000000, 3]\n", "kpt_shape"),
        ("train: " + 300 * "a" + "\nnames: [car]\n", "a component of 300 bytes"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n", "git lfs pull"),
    ],
)
def test_a_data_file_made_to_hurt_is_refused_at_once(text: str, told: str, copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("yolo")
    (folder / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=told.replace("*", r"\*")):
        read_all("yolo", folder)


def test_a_list_of_coco_nested_too_deeply_is_named(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("coco")
    file = folder / "annotations/instances_default.json"
    file.write_bytes(file.read_bytes().replace(b'"area":', b'"zz":' + DEEP.strip() + b',"area":', 1))
    with pytest.raises(InputError, match=r"annotations\[0\]"):
        read_all("coco", folder)


@pytest.mark.parametrize("number", ["0 0 32 0 0 700 18 0 0 0 1 0", "-700 0 32 0 0 700 18 0 0 0 1 0"])
def test_a_kitti_projection_without_a_focal_length_is_refused(number: str, copy_of: Callable[[str], Path]) -> None:
    file = copy_of("kitti") / "training/calib/000000.txt"
    lines = [f"P2: {number}" if line.startswith("P2") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="KITTI-012: P2 does not project"):
        read_all("kitti", file.parents[2])


def test_a_byte_order_mark_is_no_part_of_a_kitti_class(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("kitti")
    (folder / "framepress.json").unlink()
    file = folder / "training/label_2/000000.txt"
    names = open_dataset(folder, "kitti").labels().names
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert open_dataset(folder, "kitti").labels().names == names


@pytest.mark.parametrize("name", ["basic", "yolo"])
def test_a_folder_that_cannot_be_listed_is_not_passed_over(
    name: str, capture: Path, copy_of: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(capture, tmp_path / "capture") if name == "basic" else copy_of(name)
    closed = folder / ("aisle/rgb" if name == "basic" else "images/train/closed")
    closed.mkdir(exist_ok=True)
    real = os.scandir

    def scandir(path: Any) -> Any:  # permissions do not stop root, who may run this
        if os.path.samefile(path, closed):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InputError, match=f"{closed}: cannot be listed: Permission denied"):
        read_all(name, folder)


def changed_record(folder: Path, change: Callable[[dict], None]) -> None:
    """The first frame of a native dataset, with the shard's size in `dataset.json` kept right."""
    shard = folder / "frames/000000.jsonl"
    first, *others = shard.read_text().splitlines()
    record = json.loads(first)
    change(record)
    shard.write_text("\n".join([json.dumps(record), *others]) + "\n")
    document = json.loads((folder / "dataset.json").read_text())
    document["shards"][0]["bytes"] = shard.stat().st_size
    (folder / "dataset.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda record: record.update(id=["a"]), "id"),
        (lambda record: record.update(index=1.5), "index is 1.5"),
        (lambda record: record.update(time_ns="x"), "time_ns is 'x'"),
        (lambda record: record.update(text=[]), r"text is \[\]"),
        (lambda record: record.update(meta=[1]), r"meta is \[1\]"),
        (lambda record: record["views"][0]["camera"].update(far="x"), "far are .* 'x'"),
        (lambda record: record["views"][0]["camera"].update(near=-1), "near"),
        (lambda record: record["views"][0]["objects"]["id"].__setitem__(0, 1 << 80), "not a frame record"),
        (lambda record: record["views"][0]["objects"]["mask"].__setitem__(0, [64, 96, "11"]), "add up to"),
        (lambda record: record["views"][0]["objects"]["mask"].__setitem__(0, ["x", 96, "11"]), "size"),
    ],
)
def test_a_record_of_other_types_or_with_false_runs_is_refused(
    change: Callable[[dict], None], told: str, copy_of: Callable[[str], Path]
) -> None:
    folder = copy_of("native")
    changed_record(folder, change)
    with pytest.raises(InputError, match=told):
        read_all("native", folder)


def test_a_picture_of_native_is_checked_where_it_is_passed_on_as_well(
    copy_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_of("native")
    file = sorted(folder.glob("rgb/**/*0000.png"))[0]
    pixels = np.zeros((64, 96, 3), np.uint8)
    from framepress.storage import png

    content = png.encode(pixels)
    file.write_bytes(content + b"\0" * (file.stat().st_size - len(content)))  # whole, but another picture
    source = next(iter(open_dataset(folder).frames())).view.channels.encoded("rgb")
    assert source is not None
    with pytest.raises(InputError, match="checksum"):
        source.read()
