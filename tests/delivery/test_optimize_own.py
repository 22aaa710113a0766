"""Datasets of ours made smaller: journal, editions and dataset-wide files agree, and nothing else has changed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from trees import contents, put

from framepress.dataset.opening import open_dataset
from framepress.dataset.split import Split
from framepress.dataset.state import state_of
from framepress.dataset.writer import DatasetWriter
from framepress.delivery.optimize import optimize
from framepress.errors import InputError, OptionError, OutputError
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from frames import LABELS, many

EDITIONS: dict[str, dict[str, Any]] = {"native": {}, "coco": {}, "yolo": {}, "kitti": {"images": "keep", "depth": True}}
SPLIT = Split((("train", 0.6), ("val", 0.4)), 1)


def pressed(folder: Path, count: int = 6, editions: dict[str, dict[str, Any]] = EDITIONS, **options: Any) -> Path:
    with DatasetWriter(folder, editions, labels=LABELS, split=SPLIT, **options) as writer:
        for frame in many(count, size_wh=(96, 64)):
            writer.add(frame.replaced(sequence=f"s{frame.index}"))
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pressed(tmp_path_factory.mktemp("own") / "set")


def records(root: Path) -> Iterator[dict[str, Any]]:
    return (record for record in Journal.open(FolderOutput(root), repair=False).records() if "editions" in record)


def check_journal(root: Path) -> None:
    """Every digest is that of its file, and every file of an edition is in the journal or dataset-wide."""
    told = {}
    for record in records(root):
        for edition in record["editions"].values():
            for path, size, sha256 in edition["files"]:
                content = (root / path).read_bytes()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256), path
                told[path] = sha256
    wide = json.loads((root / ".framepress/finished.json").read_text())
    assert {path for path in contents(root) if not path.startswith(".framepress/")} == {*told, *wide}


def test_without_options_every_channel_is_bit_for_bit_what_it_was(source: Path, tmp_path: Path) -> None:
    before = contents(source)
    found = optimize(source, tmp_path / "new")
    assert contents(source) == before
    assert (found.loss, found.renamed, found.target) == (None, 0, tmp_path / "new")
    assert found.after < found.before
    check_journal(tmp_path / "new")
    for edition in EDITIONS:
        pairs = zip(
            open_dataset(source, edition).frames(), open_dataset(tmp_path / "new", edition).frames(), strict=True
        )
        for one, other in pairs:
            assert one.id == other.id
            for view, again in zip(one.views, other.views, strict=True):
                assert set(view.channels) == set(again.channels)
                assert all(np.array_equal(view.channels[name], again.channels[name]) for name in view.channels)
    for path, content in contents(tmp_path / "new").items():
        if path.endswith(".png"):
            one, other = (cv2.imdecode(np.frombuffer(data, np.uint8), -1) for data in (before[path], content))
            assert np.array_equal(one, other)
            assert len(content) <= len(before[path])
        elif not path.startswith(".framepress/") and "native/" not in path:
            assert content == before[path], path
    assert [record["frame"] for record in records(source)] == [record["frame"] for record in records(tmp_path / "new")]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_as_jpeg_every_edition_names_the_new_pictures_and_labels_lose_nothing(source: Path, tmp_path: Path) -> None:
    root = tmp_path / "new"
    found = optimize(source, root, images="jpeg", quality=85, depth="tiff")
    assert found.loss is not None
    assert found.loss.pictures == 6
    assert 20 < found.loss.psnr_db_least <= found.loss.psnr_db_mean < 60
    check_journal(root)
    assert not list(root.glob("*/images/**/*.png"))
    assert not list(root.glob("**/rgb/**/*.png"))
    for one, other in zip(open_dataset(source).frames(), open_dataset(root).frames(), strict=True):
        for name, values in one.view.channels.items():
            again = other.view.channels[name]
            if name == "rgb":
                assert 0 < np.abs(values.astype(int) - again).max() <= found.loss.max_error
            else:
                assert np.array_equal(values, again), name
    assert validate(root, profile("default")).passed
    options = json.loads((root / ".framepress/dataset.json").read_text())["formats"]
    assert options["native"] == {"images": "jpeg", "quality": 85, "depth": "tiff", "channels": "all"}
    assert options["kitti"]["depth"] is True
    native = json.loads((root / "native/dataset.json").read_text())
    assert native["channels"]["rgb"]["encoders"] == ["jpeg"]
    assert native["channels"]["depth"]["encoders"] == ["tiff"]
    state = state_of(open_dataset(root))
    assert state is not None
    assert state.state == "finished"


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_pycocotools_finds_the_same_objects_on_the_new_pictures(source: Path, tmp_path: Path) -> None:
    optimize(source, tmp_path / "new", images="jpeg")
    for split in ("train", "val"):
        one, other = (COCO(root / f"coco/annotations/instances_{split}.json") for root in (source, tmp_path / "new"))
        assert one.anns == other.anns
        assert len(one.imgs) == len(other.imgs) > 0
        for number, image in other.imgs.items():
            path = tmp_path / "new/coco/images" / split / image["file_name"]
            with Image.open(path) as opened:
                assert opened.format == "JPEG"
                assert opened.size == (image["width"], image["height"])
            assert Path(one.imgs[number]["file_name"]).with_suffix(".jpg").as_posix() == image["file_name"]
            for annotation in other.imgToAnns[number]:
                assert np.array_equal(other.annToMask(annotation), one.annToMask(annotation))


def test_the_same_bytes_from_one_thread_and_from_eight(source: Path, tmp_path: Path) -> None:
    for workers in (1, 8):
        optimize(source, tmp_path / str(workers), images="jpeg", workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "8")


def test_one_picture_of_several_editions_is_still_one_file(source: Path, tmp_path: Path) -> None:
    optimize(source, tmp_path / "new", images="jpeg", quality=95)
    (path,) = list((tmp_path / "new/native").rglob("0001.jpg"))
    assert path.stat().st_size >= 4096
    assert path.stat().st_nlink == 4  # native, coco, yolo, kitti


def test_the_dataset_can_be_added_to_afterwards(source: Path, tmp_path: Path) -> None:
    root = tmp_path / "new"
    optimize(source, root, images="jpeg", quality=85)
    formats = json.loads((root / ".framepress/dataset.json").read_text())["formats"]
    with DatasetWriter(root, formats, labels=LABELS, split=SPLIT, existing="append") as writer:
        for frame in many(2, size_wh=(96, 64), first=6):
            writer.add(frame)
    assert len(list(open_dataset(root).frames())) == 8
    assert not list((root / "coco/images").rglob("*.png"))
    check_journal(root)


def test_what_lies_beside_the_dataset_comes_along(tmp_path: Path) -> None:
    root = pressed(tmp_path / "set", editions={"coco": {}})
    put(root, "README.md", b"of mine")
    put(root, ".framepress/versions/folder.json", b"{}")
    put(root, ".framepress/versions/store/objects/ab/cd", bytes(100_000))
    optimize(root, tmp_path / "new")
    assert (tmp_path / "new/README.md").read_bytes() == b"of mine"
    assert (tmp_path / "new/.framepress/versions/folder.json").stat().st_nlink == 1
    assert (tmp_path / "new/.framepress/versions/store/objects/ab/cd").stat().st_nlink == 2


def test_a_damaged_or_unfinished_dataset_is_refused_and_nothing_is_left(source: Path, tmp_path: Path) -> None:
    root = pressed(tmp_path / "set", editions={"coco": {}})
    path = next((root / "images").rglob("*.png"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="is not what the journal recorded"):
        optimize(root, tmp_path / "new")
    writer = DatasetWriter(tmp_path / "open", ["coco"], labels=LABELS)
    writer.add(next(many(1)))
    writer.abandon()
    with pytest.raises(InputError, match="was interrupted"):
        optimize(tmp_path / "open", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["open", "set"]


def test_what_cannot_be_had_is_refused_with_the_reason(source: Path, tmp_path: Path) -> None:
    for options, told in (
        ({"depth": "png16"}, "depth is never lossy"),
        ({"depth": "exr"}, "must be one of"),
        ({"images": "webp"}, "hold PNG and JPEG"),
        ({"images": "jpeg", "lossless": True}, "loses something"),
    ):
        with pytest.raises(OptionError, match=told):
            optimize(source, tmp_path / "new", **options)
    with pytest.raises(OptionError, match="lies in the dataset itself"):
        optimize(source, source / "new")
    put(tmp_path, "there/mine", b"")
    with pytest.raises(OutputError, match="exists already"):
        optimize(source, tmp_path / "there")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_where_nothing_is_saved_nothing_is_written(source: Path, tmp_path: Path) -> None:
    optimize(source, tmp_path / "once")
    found = optimize(tmp_path / "once", tmp_path / "twice")
    assert found.target is None
    assert found.before == found.after
    assert sum(found.stays.values()) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["once"]


KILLED = """
import sys, time
from framepress.delivery import optimize, optimize_own
real = optimize_own.optimized
def slow(*arguments, **options):
    time.sleep(0.01)
    return real(*arguments, **options)
optimize_own.optimized = slow
print("begun", flush=True)
optimize.optimize(sys.argv[1], sys.argv[2], images="jpeg", level=1)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_leaves_no_visible_copy_and_is_no_hindrance(source: Path, tmp_path: Path, seed: int) -> None:
    before = contents(source)
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(tmp_path / "new")], stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()
    time.sleep(float(np.random.default_rng(seed).uniform(0.05, 0.5)))
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert contents(source) == before
    if not (tmp_path / "new").exists():
        optimize(source, tmp_path / "new", images="jpeg", level=1)
    check_journal(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
