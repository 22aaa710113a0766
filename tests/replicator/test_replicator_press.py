"""Payloads taken in the host's thread become the dataset that the same frames give when they are written at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from framepress.capture.payload import frame_from_payload
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, InputError
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from replicator.payloads_by_hand import Host


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl"
    }


def options(**more: Any) -> Options:
    return Options.of(formats={"coco": {}, "kitti": {}}, labels=["box"], **more)


def test_a_host_that_uses_its_arrays_again_changes_nothing(tmp_path: Path) -> None:
    host = Host()
    press = Press(tmp_path / "taken", options())
    for number in range(30):
        assert press.take(host.payload(number))
    report = press.finish()
    with DatasetWriter(tmp_path / "written", {"coco": {}, "kitti": {}}, labels=options().labels) as writer:
        for number in range(30):
            frame, _ = frame_from_payload(host.payload(number), frame_id=f"{number:06d}", index=number)
            assert frame is not None
            writer.add(frame)
    assert report is not None
    assert report.frames == 30
    assert files(tmp_path / "taken") == files(tmp_path / "written")


def test_stopping_twice_writes_once_and_starting_again_appends(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options())
    press.take(host.payload(0))
    first = press.finish()
    assert press.finish() is first
    press.take(host.payload(1))
    last = press.finish()
    assert last is not None
    assert last.frames == 2


def test_a_writer_that_never_saw_a_frame_leaves_nothing(tmp_path: Path) -> None:
    press = Press(tmp_path / "set", options())
    assert press.finish() is None
    assert not (tmp_path / "set").exists()
    assert copy.deepcopy(press).target == press.target


def test_a_frame_that_cannot_be_read_stops_the_run_and_loses_nothing_before_it(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options())
    press.take(host.payload(0))
    press.take(host.payload(1, label="unheard_of"))
    with pytest.raises(FrameError, match=r"frame 000001: .*unheard_of") as caught:
        run_on(press, host)
    assert caught.value.exit_code == 2
    resumed = Press(tmp_path / "set", options(existing="resume"))
    for number in range(3):
        resumed.take(host.payload(number))
    report = resumed.finish()
    assert report is not None
    assert report.frames == 3


def run_on(press: Press, host: Host) -> None:
    """The error is told by one of these calls: which one depends on how far the threads are."""
    for number in range(2, 5):
        press.take(host.payload(number))
    press.finish()


def test_frames_that_cannot_be_read_are_counted_where_the_run_goes_on(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options(on_error="count"))
    for payload in (host.payload(0), host.torn(), host.payload(2, label="unheard_of")):
        press.take(payload)
    press.take(host.payload(3))
    report = press.finish()
    assert report is not None
    assert report.frames == 2
    assert report.run["asked"] == 4
    assert report.run["failed"] + report.run.get("refused", 0) == 2


def test_what_is_no_payload_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no render product"):
        Press(tmp_path / "set", options()).take({"reference_time": (0, 1)})
