"""Payloads taken in the host's thread become the dataset that the same frames give when they are written at once."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.capture.payload import frame_from_payload
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, FramepressError, InputError
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from framepress.storage.folder import FolderOutput
from framepress.storage.output import Staged
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
    try:
        for number in range(2, 5):
            press.take(host.payload(number))
    finally:
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


FATES = ("written", "skipped", "dropped", "failed", "refused", "not written", "frames without an image")


def run_of(folder: Path) -> list[dict[str, int]]:
    """The totals of each session in the ledger."""
    lines = map(json.loads, (folder / ".framepress/ledger.jsonl").read_text().splitlines())
    return [line["totals"] for line in lines if line["kind"] == "summary"]


@pytest.mark.parametrize("on_error", ["raise", "count", "stop"])
def test_every_payload_that_was_offered_is_accounted_for(tmp_path: Path, on_error: str) -> None:
    host, press = Host(), Press(tmp_path / "set", options(on_error=on_error, workers=2))
    offered = [
        host.empty,
        lambda: host.payload(0),
        lambda: host.payload(1, label="unheard_of"),
        host.torn,
        dict,
        *(lambda n=n: host.payload(n) for n in range(20)),
    ]
    errors: list[FramepressError] = []
    for payload in offered:
        try:
            press.take(payload())
        except FramepressError as error:
            errors.append(error)
    try:
        press.finish()
    except FrameError as error:
        errors.append(error)
    (totals,) = run_of(tmp_path / "set")
    assert totals["asked"] == len(offered) == sum(totals.get(name, 0) for name in FATES)
    assert totals["frames without an image"] == 1
    if on_error == "raise":
        assert errors
        assert totals["written"] == 1
    else:
        assert not errors
        assert totals["written"] == 21
        assert totals["failed"] + totals["refused"] == 3
        assert sorted(str(error).partition(":")[0] for error in press.failures) == [
            "frame 000002",
            "frame 000003, Replicator",
            "frame 000004",
        ]


def test_what_a_full_queue_drops_is_accounted_for(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options(on_full="drop", queue_bytes=1, workers=1))
    taken = [press.take(host.payload(number)) for number in range(60)]
    report = press.finish()
    assert report is not None
    assert report.run["asked"] == 60
    assert report.run.get("written", 0) + report.run.get("dropped", 0) == 60
    assert report.run["written"] >= 1
    assert taken.count(False) <= report.run.get("dropped", 0)


def test_a_second_run_that_appends_numbers_its_frames_behind_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        host, press = Host(), Press(tmp_path / "set", options(existing="append"))
        for number in range(3):
            press.take(host.payload(number))
        report = press.finish()
    assert report is not None
    assert report.frames == 6
    labels = sorted(path.stem for path in (tmp_path / "set/kitti/training/label_2").iterdir())
    assert labels == [f"{number:06d}" for number in range(6)]


LEFT_ALONE = """
import sys
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from framepress.storage.folder import FolderOutput
from framepress.storage.output import Staged
from replicator.payloads_by_hand import Host
host, press = Host(), Press(sys.argv[1], Options.of(formats=["coco", "kitti"], labels=["box"]))
for number in range(7):
    press.take(host.payload(number))
"""


def test_a_script_that_just_ends_loses_nothing(tmp_path: Path) -> None:
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tests.parent / 'python'}{os.pathsep}{tests}"}
    command = [sys.executable, "-c", LEFT_ALONE, str(tmp_path / "alone")]
    subprocess.run(command, check=True, env=environment)
    host, press = Host(), Press(tmp_path / "ended", options())
    for number in range(7):
        press.take(host.payload(number))
    press.finish()
    assert files(tmp_path / "alone") == files(tmp_path / "ended")


def test_where_a_run_comes_from_is_in_the_ledger_and_in_no_other_file(tmp_path: Path) -> None:
    host = Host()
    for name, seed in (("one", 1), ("two", 2)):
        press = Press(tmp_path / name, options(provenance={"seed": seed, "stage": {"path": name}}))
        press.take(host.payload(0))
        press.finish()
    assert files(tmp_path / "one") == files(tmp_path / "two")
    first = json.loads((tmp_path / "two/.framepress/ledger.jsonl").read_text().splitlines()[0])
    assert first == {"kind": "provenance", "seed": 2, "stage": {"path": "two"}}


def test_objects_with_too_little_to_see_are_left_out_and_counted(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options(min_pixels=8, min_visibility=0.5))
    shown = [(1, 0.0), (2, 0.0), (3, 0.0), (3, 0.5), (3, 0.6), (3, -1.0)]  # columns of four pixels, share hidden
    for number, (width, hidden) in enumerate(shown):
        press.take(host.payload(number, width=width, occlusion=hidden))
    report = press.finish()
    assert report is not None
    assert report.frames == 6
    document = json.loads((tmp_path / "set/coco/annotations/instances_default.json").read_text())
    assert sorted(entry["area"] for entry in document["annotations"]) == [8, 12, 12, 12]
    assert report.run["sieved: fewer than 8 pixels"] == 1
    assert report.run["sieved: visibility below 0.5"] == 1
    assert report.run["visibility unknown: kept"] == 1


class SlowDisk(FolderOutput):
    """Takes its time over every file."""

    def stage(self, path: str, *content: bytes | memoryview) -> Staged:
        time.sleep(0.01)
        return super().stage(path, *content)


def large(number: int) -> dict[str, Any]:
    """Of 640 x 480 pixels, 2.5 MB."""
    payload = Host().payload(number)
    product = payload["renderProducts"]["Replicator"]
    product["resolution"] = (640, 480)
    product["rgb"] = {"data": np.full((480, 640, 4), number, np.uint8)}
    ids = np.zeros((480, 640), np.uint32)
    ids[4:8, number : number + 3] = 2
    product["bounding_box_2d_tight"]["data"]["x_min"] = number
    product["bounding_box_2d_tight"]["data"]["x_max"] = number + 2
    product["instance_segmentation"]["data"] = ids
    product["camera_params"]["renderProductResolution"] = np.array([640, 480], np.int32)
    return payload


@pytest.mark.parametrize("on_full", ["wait", "drop"])
def test_a_slow_disk_holds_the_run_up_or_drops_frames_and_memory_stays_bounded(tmp_path: Path, on_full: str) -> None:
    queue = 6_000_000
    press = Press(SlowDisk(tmp_path / "set"), options(on_full=on_full, queue_bytes=queue, workers=1))
    tracemalloc.start()
    try:
        for number in range(40):
            press.take(large(number))
        report = press.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report is not None
    run = report.run
    assert run["asked"] == 40
    if on_full == "wait":
        assert run["written"] == 40
        assert run["throttled"] > 0
    else:
        assert run["written"] + run["dropped"] == 40
        assert run["dropped"] > 0
    # Two queues and their copies in the pool of buffers, a frame in each thread: 40 frames are 100 MB.
    assert peak < 5 * queue, peak


def test_a_mistake_that_no_payload_can_make_is_raised_and_still_counted(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options(on_error="count"))
    press.take(host.payload(0))
    with pytest.raises(TypeError):
        press.take(None)  # type: ignore[arg-type]
    press.take(host.payload(2))
    report = press.finish()
    assert report is not None
    assert (report.run["asked"], report.run["written"], report.run["failed"]) == (3, 2, 1)


def test_an_error_that_is_raised_for_every_frame_keeps_none_of_them(tmp_path: Path) -> None:
    host, press = Host(), Press(tmp_path / "set", options())
    press.take(host.payload(0, label="unheard_of"))
    with pytest.raises(FrameError):
        press.finish()
    raised = []
    for number in range(3):
        with pytest.raises(FrameError, match="unheard_of") as caught:
            press.take(host.payload(number))
        raised.append(caught.value)
    assert len({id(error) for error in raised}) == 3
