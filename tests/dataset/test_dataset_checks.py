"""Checks of frames while they are written: called with pixels, told in order, counted, kept in bounds, or the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plain_format import tree

from framepress.core import Frame
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, OptionError
from frames import many

PLAIN = {"plain": {"images": "png"}}


@dataclass(frozen=True)
class Wrong:
    frame: str
    code: str = "XYZ-001"
    severity: str = "error"

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "severity": self.severity, "frame": self.frame, "message": f"{self.frame} is odd"}


class Recorded:
    """Finds something wrong in every frame whose index is in `odd`; the fast ones overtake the slow ones."""

    def __init__(self, odd: Iterable[int], severity: str = "error") -> None:
        self.odd, self.severity = frozenset(odd), severity
        self.told: list[str] = []

    def __call__(self, frame: Frame) -> Callable[[], list[Wrong]]:
        assert frame.views[0].channels["rgb"].any()  # its pixels are there
        time.sleep(0.01 * (frame.index % 3 == 0))
        id, odd = frame.id, frame.index in self.odd

        def tell() -> list[Wrong]:
            self.told.append(id)
            return [Wrong(id, severity=self.severity)] if odd else []

        return tell


def written(folder: Path, count: int, **options: Any) -> DatasetWriter:
    with DatasetWriter(folder, PLAIN, **options) as writer:
        for frame in many(count):
            writer.add(frame)
    return writer


def ledger(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / ".framepress/ledger.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 4])
def test_checks_are_told_in_the_order_of_the_frames(tmp_path: Path, workers: int) -> None:
    check = Recorded(())
    written(tmp_path / "set", 12, checks=[check], workers=workers)
    assert check.told == [frame.id for frame in many(12)]


def test_what_is_found_is_counted_and_changes_no_byte(tmp_path: Path) -> None:
    report = written(tmp_path / "checked", 6, checks=[Recorded({1, 4}), Recorded({4}, "warning")]).close()
    written(tmp_path / "plain", 6)
    assert report.findings == {"XYZ-001": 3}
    assert report.run["findings"] == 3
    assert report.run["written"] == 6
    assert tree(tmp_path / "checked") == tree(tmp_path / "plain")
    events = [event for event in ledger(tmp_path / "checked") if event["kind"] == "finding"]
    ids = [frame.id for frame in many(6)]
    assert [event["frame"] for event in events] == [ids[1], ids[4], ids[4]]
    assert events[0]["code"] == "XYZ-001"
    assert events[0]["message"] == f"{ids[1]} is odd"


def test_the_ledger_holds_the_first_hundred_and_counts_all(tmp_path: Path) -> None:
    report = written(tmp_path / "set", 130, checks=[Recorded(range(130))]).close()
    assert report.findings == {"XYZ-001": 130}
    assert sum(event["kind"] == "finding" for event in ledger(tmp_path / "set")) == 100


@pytest.mark.parametrize("on_error", ["raise", "count"])
def test_a_run_that_is_to_stop_writes_neither_the_frame_nor_one_after_it(tmp_path: Path, on_error: str) -> None:
    ids = [frame.id for frame in many(8)]
    options: dict[str, Any] = {"checks": [Recorded({3, 5})], "on_finding": "stop", "on_error": on_error, "workers": 2}
    with pytest.raises(FrameError, match=f"{ids[3]}.*XYZ-001.*on_finding=count"):
        written(tmp_path / "set", 8, **options)
    assert not [path for path in (tmp_path / "set").rglob("*.tmp*") if path.is_file()]
    resumed = DatasetWriter(tmp_path / "set", PLAIN, existing="resume")
    assert set(resumed.ids) == set(ids[:3])
    for frame in many(8):
        resumed.add(frame)
    assert resumed.close().frames == 8
    written(tmp_path / "whole", 8)
    assert tree(tmp_path / "set") == tree(tmp_path / "whole")


def test_what_is_no_error_stops_nothing(tmp_path: Path) -> None:
    report = written(tmp_path / "set", 4, checks=[Recorded({1}, "warning")], on_finding="stop").close()
    assert report.frames == 4
    assert report.findings == {"XYZ-001": 1}


def test_another_answer_to_findings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="on_finding='drop': must be one of count, stop"):
        DatasetWriter(tmp_path / "set", PLAIN, on_finding="drop")
