"""The end of a run is a job of the host's; nothing is lost where its queue is slow, drops the job, or is missing."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from framepress.errors import FrameError, OutputError
from framepress.headless import host as hosts
from framepress.headless import rep as stand_in
from framepress.replicator.press import Press
from framepress.replicator.seal import Seal
from framepress.replicator.writer import build_writer
from replicator.payloads_by_hand import Host


class Writer:
    """As far as a writer uses its base."""

    def detach(self) -> None:
        """Nothing is attached here."""


class Annotators:
    @staticmethod
    def get_annotator(name: str, init_params: dict[str, Any] | None = None) -> tuple[str, dict[str, Any] | None]:
        return name, init_params


class Queue:
    """`BackendDispatch`, with jobs that wait until `run`."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []
        self.folders: list[str] = []

    def BackendDispatch(self, output_dir: str) -> Queue:
        self.folders.append(output_dir)
        return self

    def schedule(self, fn: Callable[[], None]) -> None:
        self.jobs.append(fn)

    def run(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


def host_with(**names: Any) -> Any:
    module = ModuleType("omni.replicator.core")
    module.__dict__.update(Writer=Writer, AnnotatorRegistry=Annotators, **names)
    return module


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def rep(queue: Queue) -> Any:
    return host_with(BackendDispatch=queue.BackendDispatch)


def fed(rep: Any, folder: Path, frames: int = 2, **options: Any) -> Any:
    writer = build_writer(rep)(output_dir=folder, formats="coco", channels="rgb", **options)
    for number in range(frames):
        writer.write(Host().payload(number))
    return writer


def images(folder: Path) -> int | None:
    """Of the dataset-wide file, which is the last to be written; None where it is not there yet."""
    path = folder / "annotations/instances_default.json"
    return len(json.loads(path.read_text())["images"]) if path.exists() else None


@pytest.mark.parametrize("end", ["on_final_frame", "detach"])
def test_the_end_is_one_job_however_often_it_is_told(tmp_path: Path, rep: Any, queue: Queue, end: str) -> None:
    writer = fed(rep, tmp_path / "out")
    for _ in range(3):
        getattr(writer, end)()
    assert images(tmp_path / "out") is None
    assert len(queue.jobs) == 1
    assert queue.folders == [str(tmp_path / "out")]
    queue.run()
    assert images(tmp_path / "out") == 2
    writer.on_final_frame()
    writer.detach()
    assert not queue.jobs  # nothing is new


def test_a_writer_without_a_frame_queues_nothing(tmp_path: Path, rep: Any, queue: Queue) -> None:
    fed(rep, tmp_path / "out", frames=0).on_final_frame()
    assert not queue.folders
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("by", [lambda writer: writer.report, lambda writer: writer.seal()], ids=["report", "seal"])
def test_who_needs_the_end_does_not_wait_for_a_queue_that_has_not_begun(
    tmp_path: Path, rep: Any, queue: Queue, by: Callable[[Any], object]
) -> None:
    writer = fed(rep, tmp_path / "out")
    writer.on_final_frame()
    by(writer)
    assert images(tmp_path / "out") == 2
    first = writer.report
    queue.run()  # late, and with nothing left to do
    assert writer.report is first


def test_a_frame_after_a_stop_waits_for_the_seal_and_appends(tmp_path: Path, rep: Any, queue: Queue) -> None:
    writer = fed(rep, tmp_path / "out")
    writer.on_final_frame()
    writer.write(Host().payload(2))
    assert images(tmp_path / "out") == 2
    queue.run()  # of the run before: it must not end this one
    writer.write(Host().payload(3))
    assert images(tmp_path / "out") == 2
    writer.on_final_frame()
    queue.run()
    assert images(tmp_path / "out") == writer.report.frames == 4


def test_a_writer_that_is_initialised_again_has_completed_the_dataset_before(
    tmp_path: Path, rep: Any, queue: Queue
) -> None:
    writer = fed(rep, tmp_path / "one")
    writer.on_final_frame()
    writer.__init__(output_dir=tmp_path / "two", formats="coco")
    assert images(tmp_path / "one") == 2
    queue.run()
    assert not (tmp_path / "two").exists()


def test_a_copy_of_a_stopped_writer_is_a_run_of_its_own(tmp_path: Path, rep: Any, queue: Queue) -> None:
    writer = fed(rep, tmp_path / "out")
    writer.on_final_frame()
    twin = copy.deepcopy(writer)
    assert twin.report is None
    twin.on_final_frame()
    assert len(queue.jobs) == 1
    queue.run()
    assert writer.report.frames == 2


class Refusing(Queue):
    def BackendDispatch(self, output_dir: str) -> Queue:
        raise ValueError("no backend")


@pytest.mark.parametrize(
    "names", [{}, {"BackendDispatch": Refusing().BackendDispatch}], ids=["no such name", "which refuses"]
)
def test_without_a_queue_the_end_is_done_at_once(
    tmp_path: Path, names: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "framepress.replicator")
    writer = fed(host_with(**names), tmp_path / "out")
    writer.on_final_frame()
    assert images(tmp_path / "out") == 2
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_backend_that_the_writer_was_given_queues_the_end_itself(tmp_path: Path, rep: Any, queue: Queue) -> None:
    class Bucket(Queue):
        blobs: dict[str, bytes] = {}  # noqa: RUF012 - one for this test

        def write_blob(self, path: str, data: bytes) -> None:
            self.blobs[path] = data

        def read_blob(self, path: str) -> bytes:
            if path not in self.blobs:
                raise FileNotFoundError(path)
            return self.blobs[path]

        def __deepcopy__(self, memo: object) -> Bucket:
            raise AssertionError("an S3 client cannot be copied")

    bucket = Bucket()
    writer = build_writer(rep)(backend=bucket, formats="coco", channels="rgb")
    copy.deepcopy(writer)
    writer.write(Host().payload(0))
    writer.on_final_frame()
    assert (len(queue.jobs), len(bucket.jobs)) == (0, 1)
    assert "annotations/instances_default.json" not in bucket.blobs
    bucket.run()
    assert "annotations/instances_default.json" in bucket.blobs


def ledger(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / ".framepress/ledger.jsonl").read_text().splitlines()]


def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dataset-wide files cannot be written."""

    def finish(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("framepress.dataset.session.finish_editions", finish)


def test_an_error_while_sealing_is_logged_and_in_the_ledger_and_raised_to_who_asks_for_the_report(
    tmp_path: Path, rep: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing(monkeypatch)
    writer = fed(rep, tmp_path / "out")
    writer.on_final_frame()
    assert not caplog.records
    queue.run()
    assert [record.message for record in caplog.records] == ["FramepressWriter.on_final_frame: the disk is full"]
    for _ in range(2):
        with pytest.raises(OutputError, match="the disk is full"):
            _ = writer.report
    writer.detach()
    assert len(caplog.records) == 1  # told once
    (told,) = [line for line in ledger(tmp_path / "out") if line["kind"] == "unfinished"]
    assert told["reason"] == "OutputError: the disk is full"


def test_an_error_of_a_seal_costs_the_next_run_no_frame(
    tmp_path: Path, rep: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        failing(patched)
        writer = fed(rep, tmp_path / "out", on_error="count")
        writer.on_final_frame()
        writer.write(Host().payload(2))  # before the queue came to it
    queue.run()
    assert [record.message for record in caplog.records] == ["FramepressWriter.write: the disk is full"]
    writer.on_final_frame()
    queue.run()
    assert images(tmp_path / "out") == writer.report.frames == 3


def test_with_on_error_raise_the_queue_is_given_the_error_and_so_is_the_next_frame(
    tmp_path: Path, rep: Any, queue: Queue
) -> None:
    writer = fed(rep, tmp_path / "out", frames=1, labels=["box"], on_error="raise")
    writer.write(Host().payload(1, label="unheard_of"))
    writer.on_final_frame()
    with pytest.raises(FrameError, match=r"frame 000001: .*unheard_of"):
        queue.run()
    with pytest.raises(FrameError, match=r"frame 000001: .*unheard_of"):
        writer.write(Host().payload(2))
    assert ledger(tmp_path / "out")[-1]["totals"]["refused"] == 1


def test_many_threads_that_need_the_end_do_it_once() -> None:
    done, together = [], threading.Barrier(8)

    def work() -> None:
        done.append(threading.get_ident())
        time.sleep(0.02)  # the others are here by then

    seal = Seal(work)

    def run() -> None:
        together.wait()
        seal.run()
        assert seal.ended

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1


def test_a_ctrl_c_is_not_the_end() -> None:
    tries = []

    def work() -> None:
        tries.append(None)
        if len(tries) == 1:
            raise KeyboardInterrupt

    seal = Seal(work)
    with pytest.raises(KeyboardInterrupt):
        seal.run()
    seal.run()
    seal.run()
    assert len(tries) == 2


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, a seal that has begun goes no further."""
    gate, close = threading.Event(), Press._close

    def slow(press: Press) -> None:
        assert gate.wait(30)
        close(press)

    monkeypatch.setattr(Press, "_close", slow)
    return gate


def test_the_host_goes_on_while_the_dataset_is_sealed_and_its_wait_covers_that(
    tmp_path: Path, gate: threading.Event
) -> None:
    hosts.reset()
    writer = fed(stand_in, tmp_path / "out")
    writer.on_final_frame()  # returns
    writer.detach()
    assert not stand_in.BackendDispatch.is_done_writing()
    assert images(tmp_path / "out") is None
    threading.Timer(0.05, gate.set).start()
    stand_in.orchestrator.wait_until_complete()
    assert images(tmp_path / "out") == 2
    assert not hosts.current().failures


def test_an_editor_is_alive_while_it_waits(tmp_path: Path, gate: threading.Event) -> None:
    hosts.reset()
    writer = fed(stand_in, tmp_path / "out")
    writer.on_final_frame()

    async def window() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()  # only a loop that goes on comes here

    async def session() -> None:
        await asyncio.gather(stand_in.orchestrator.wait_until_complete_async(), window())

    asyncio.run(session())
    assert images(tmp_path / "out") == 2


LEFT_ALONE = """
import sys
from replicator.test_replicator_seal import Queue, fed, host_with
queue = Queue()
writer = fed(host_with(BackendDispatch=queue.BackendDispatch), sys.argv[1], frames=3)
writer.on_final_frame()
assert len(queue.jobs) == 1
"""


def test_what_a_queue_never_did_is_done_when_the_process_ends(tmp_path: Path) -> None:
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tests.parent / 'python'}{os.pathsep}{tests}"}
    subprocess.run([sys.executable, "-c", LEFT_ALONE, str(tmp_path / "out")], check=True, env=environment)
    assert images(tmp_path / "out") == 3
