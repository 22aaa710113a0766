"""A dataset that goes through a Replicator backend is, file for file, the one that a folder gets."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framepress.dataset.opening import open_dataset
from framepress.dataset.refinish import finish
from framepress.errors import FrameError, OptionError, OutputError
from framepress.replicator.backends import folder_of, output_of
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from framepress.storage.blobs import BlobOutput
from replicator.payloads_by_hand import Host

OF_A_RUN = {".framepress/ledger.jsonl", ".framepress/intents.jsonl", ".framepress/lock"}


class Bucket:
    """What S3Backend is to a writer: whole blobs by name."""

    def __init__(self, refuses: str = "") -> None:
        self.blobs: dict[str, bytes] = {}
        self.refuses = refuses

    def write_blob(self, path: str, data: bytes) -> None:
        if self.refuses and self.refuses in path:
            raise ConnectionError("the bucket is gone")
        self.blobs[path] = bytes(data)

    def read_blob(self, path: str) -> bytes:
        return self.blobs[path]

    def saved(self, folder: Path) -> Path:
        for path, content in self.blobs.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder


def options(**more: Any) -> Options:
    return Options.of(formats=["coco", "kitti", "native"], labels=["box"], channels="rgb,instance", **more)


def pressed(target: Any, numbers: range = range(5), **more: Any) -> Press:
    host, press = Host(), Press(target, options(**more))
    for number in numbers:
        press.take(host.payload(number))
    press.finish()
    return press


def files(folder: Path) -> dict[str, bytes]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {path: content for path, content in found.items() if path not in OF_A_RUN}


def test_it_holds_the_files_of_the_folder_to_the_byte(tmp_path: Path) -> None:
    bucket = Bucket()
    pressed(output_of(bucket))
    pressed(tmp_path / "folder")
    saved = bucket.saved(tmp_path / "saved")
    assert files(saved) == files(tmp_path / "folder")
    assert (saved / ".framepress/ledger.jsonl").read_bytes()
    assert not (saved / ".framepress/intents.jsonl").exists()


def test_it_is_read_back_as_the_same_frames(tmp_path: Path) -> None:
    bucket = Bucket()
    pressed(output_of(bucket))
    pressed(tmp_path / "folder")
    for there, here in zip(
        open_dataset(bucket.saved(tmp_path / "saved")).frames(), open_dataset(tmp_path / "folder").frames(), strict=True
    ):
        assert there.id == here.id
        assert there.view.objects.box.tolist() == here.view.objects.box.tolist()
        assert (there.view.channels["rgb"] == here.view.channels["rgb"]).all()


def test_stopped_and_started_again_it_goes_on(tmp_path: Path) -> None:
    bucket, host = Bucket(), Host()
    press = Press(output_of(bucket), options())
    for number in range(2):
        press.take(host.payload(number))
    press.finish()
    for number in range(2, 5):
        press.take(host.payload(number))
    report = press.finish()
    assert report is not None
    assert report.frames == 5
    pressed(tmp_path / "folder")
    ours, theirs = files(bucket.saved(tmp_path / "saved")), files(tmp_path / "folder")
    journal = ".framepress/journal/"
    assert {p: c for p, c in ours.items() if not p.startswith(journal)} == {
        p: c for p, c in theirs.items() if not p.startswith(journal)
    }


def test_a_bucket_that_holds_a_dataset_is_not_written_into() -> None:
    bucket = Bucket()
    pressed(output_of(bucket))
    before = dict(bucket.blobs)
    said = {
        "error": "holds a dataset already",
        "append": "it has no lock, so that",
        "resume": "it has no lock, so that",
    }
    for existing, reason in said.items():
        with pytest.raises(OutputError, match=reason):
            pressed(output_of(bucket), existing=existing)
    assert bucket.blobs == before


def test_a_blob_that_cannot_be_written_costs_its_frame_and_is_told() -> None:
    bucket = Bucket(refuses="000002")
    press = pressed(output_of(bucket), on_error="count")
    assert press.report is not None
    assert press.report.frames == 4
    assert press.report.run["failed"] == 1
    (failure,) = press.failures
    assert "frame 000002" in str(failure)
    assert "ConnectionError: the bucket is gone" in str(failure)


def test_what_a_run_that_failed_had_written_can_be_gone_on_with_in_a_folder(tmp_path: Path) -> None:
    bucket, host = Bucket(), Host()
    press = Press(output_of(bucket), options())
    for number in range(3):
        press.take(host.payload(number))
    press.take(host.payload(3, label="unheard_of"))
    with pytest.raises(FrameError):
        press.finish()
    saved = bucket.saved(tmp_path / "saved")
    assert finish(saved).frames == 3
    pressed(saved, existing="resume")
    pressed(tmp_path / "folder")
    labels = "coco/annotations/instances_default.json"
    assert (saved / labels).read_bytes() == (tmp_path / "folder" / labels).read_bytes()


def test_nothing_stays_behind_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    output = output_of(Bucket())
    assert isinstance(output, BlobOutput)
    pressed(output)
    assert not [path for path in tmp_path.rglob("*.png")]  # sent, not kept
    del output
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_relative_folder_is_where_a_disk_backend_puts_it_and_an_absolute_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default and the setting are those of omni.replicator.core's `DiskBackend`."""
    settings: dict[str, str] = {}
    carb = SimpleNamespace(get_settings=lambda: settings)
    monkeypatch.setitem(sys.modules, "carb.settings", carb)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert folder_of("runs/a") == tmp_path / "home/omni.replicator_out/runs/a"
    assert folder_of("~/a") == tmp_path / "home/a"
    settings["/omni/replicator/backends/disk/root_dir"] = str(tmp_path / "root")
    assert folder_of(Path("runs/a")) == tmp_path / "root/runs/a"
    assert folder_of(str(tmp_path / "b")) == tmp_path / "b"


@pytest.mark.parametrize("output_dir", ["", "omniverse://server/out", "s3://bucket/out"])
def test_what_is_no_folder_of_this_machine_is_refused(output_dir: str) -> None:
    with pytest.raises(OptionError, match="is no folder of this machine"):
        folder_of(output_dir)


def test_what_is_no_backend_is_refused() -> None:
    with pytest.raises(OptionError, match="str is no backend"):
        output_of("a folder's name")


class BackendDispatch:
    """As Replicator's: whatever it is given goes to a queue that keeps no order."""

    def __init__(self, *backends: Any) -> None:
        self._backends = list(backends)

    def write_blob(self, path: str, data: bytes) -> None:
        raise AssertionError("it queues")

    read_blob = write_blob  # type: ignore[assignment]


def test_a_dispatcher_is_not_written_through_but_the_backend_behind_it() -> None:
    bucket = Bucket()
    pressed(output_of(BackendDispatch(bucket)))
    assert "kitti/training/label_2/000004.txt" in bucket.blobs
    with pytest.raises(OptionError, match="stands for 2 backends"):
        output_of(BackendDispatch(bucket, bucket))
