"""The writer in a host that is not the stand-in: one that logs what is raised to it, and has nobody else to tell."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from framepress.errors import OptionError
from framepress.replicator.writer import build_writer
from replicator.payloads_by_hand import Host


class Writer:
    """As far as a writer uses its base."""

    def initialize(self, **options: Any) -> None:
        self.__init__(**options)  # type: ignore[misc]

    def detach(self) -> None:
        """Nothing is attached here."""


class Annotators:
    @staticmethod
    def get_annotator(name: str, init_params: dict[str, Any] | None = None) -> tuple[str, dict[str, Any] | None]:
        return name, init_params


class Orchestrator:
    def __init__(self) -> None:
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def rep() -> ModuleType:
    module = ModuleType("omni.replicator.core")
    module.__dict__.update(Writer=Writer, AnnotatorRegistry=Annotators, orchestrator=Orchestrator())
    return module


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    caplog.clear()
    return messages


def test_a_run_that_fails_as_the_one_before_says_so_again(
    tmp_path: Path, rep: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """In an editor one extension serves run after run."""
    (tmp_path / "mine.txt").write_text("mine")
    writer = build_writer(rep)(output_dir=tmp_path, formats="coco")
    for run in range(1, 4):
        writer.initialize(output_dir=tmp_path, formats="coco")
        for number in range(3):
            writer.write(Host().payload(number))
        writer.on_final_frame()
        (message,) = told(caplog)
        assert "holds mine.txt and is not a dataset of ours" in message
        assert rep.orchestrator.stopped == 3 * run


def test_many_errors_of_one_run_do_not_silence_the_next(
    tmp_path: Path, rep: Any, caplog: pytest.LogCaptureFixture
) -> None:
    made = build_writer(rep)
    for run in ("one", "two"):
        writer = made(output_dir=tmp_path / run, formats="coco", labels=["drum"])
        for number in range(9):
            writer.write(Host().payload(number, label=run))
        writer.on_final_frame()
        messages = told(caplog)
        assert sum(f"class '{run}' is not in the label map" in message for message in messages) == 5
        assert "in the ledger" in messages[-1]


def test_a_writer_that_was_never_initialised_says_what_to_call(rep: Any) -> None:
    made = build_writer(rep)
    writer = made.__new__(made)  # WriterRegistry.get without init_params
    with pytest.raises(OptionError, match=r"FramepressWriter: call initialize\(output_dir=...\) before attach"):
        writer.write(Host().payload(0))
    writer.on_final_frame()
    writer.detach()
    assert writer.report is None


@pytest.mark.parametrize("lost", ["bounding_box_2d_tight", "bounding_box_3d", "instance_segmentation"])
def test_a_payload_without_what_was_asked_for_is_no_image_without_objects(tmp_path: Path, rep: Any, lost: str) -> None:
    """As after `initialize` of a writer that stays attached: Replicator goes on with the annotators of before."""
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb", on_error="count")
    assert lost in {name.removesuffix("_fast") for name, _ in writer.annotators}
    for number, torn in enumerate([False, True, False]):
        payload = Host().payload(number)
        if torn:
            del payload["renderProducts"]["Replicator"][lost]
        writer.write(payload)
    writer.on_final_frame()
    assert writer.report.frames == 2
    lines = [json.loads(line) for line in (tmp_path / "out/.framepress/ledger.jsonl").read_text().splitlines()]
    (failed,) = [line for line in lines if line["kind"] == "failed"]
    assert failed["frame"] == "000001"
    assert f"Replicator: the payload lacks {lost}" in failed["reason"]


def test_a_camera_that_is_left_alone_keeps_the_name_that_it_had_among_others(tmp_path: Path, rep: Any) -> None:
    """Attached again to one product of two: its images go on where they were."""
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb")
    for number, names in enumerate([("Left", "Right"), ("Left",)]):
        payload = Host().payload(number)
        payload["renderProducts"] = {name: payload["renderProducts"]["Replicator"] for name in names}
        writer.write(payload)
        writer.on_final_frame()
    document = json.loads((tmp_path / "out/annotations/instances_default.json").read_text())
    assert [entry["file_name"] for entry in document["images"]] == [
        "Left/000000.png",
        "Right/000000.png",
        "Left/000001.png",
    ]


def test_a_time_that_is_none_costs_its_frame_alone(tmp_path: Path, rep: Any) -> None:
    writer = build_writer(rep)(output_dir=tmp_path / "out", formats="coco", channels="rgb", on_error="count")
    for number in range(3):
        payload = Host().payload(number)
        if number == 1:
            payload["reference_time"] = ("now", 24)
        writer.write(payload)
    writer.on_final_frame()
    assert (writer.report.run["asked"], writer.report.run["failed"], writer.report.frames) == (3, 1, 2)
