"""The truth rules while a dataset is written: which frames, with which neighbours, and that nothing is lost by them."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Frame
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, InputError, OptionError
from framepress.quality.profile import profile
from framepress.quality.truth.writing import TruthCheck
from framepress.quality.validate import validate
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from quality.good_frames import recording
from quality.mutations.truth import MUTATIONS, with_channels, with_objects
from replicator.payloads_by_hand import Host

NATIVE = {"native": {"channels": "rgb,depth,range,semantic,instance"}}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    return list(recording(tmp_path_factory.mktemp("recording"), 3, (160, 90)))


def found(check: TruthCheck, frames: list[Frame]) -> list[tuple[str, str]]:
    return [(finding.issue.frame, finding.code) for frame in frames for finding in check(frame)()]


def broken(name: str, frames: list[Frame]) -> list[Frame]:
    return next(mutation for mutation in MUTATIONS if mutation.name == name).change(frames)


def renumbered(frames: list[Frame], first: int) -> list[Frame]:
    return [frame.replaced(index=first + place) for place, frame in enumerate(frames)]


def test_every_nth_frame_is_checked_and_which_depends_on_its_index_alone(good: list[Frame]) -> None:
    frames = broken("a box one pixel short in x", good)  # the one with index 1
    assert found(TruthCheck(1), frames) == [("0001", "TRU-001")]
    assert found(TruthCheck(2), frames) == []
    assert found(TruthCheck(2), renumbered(frames, 3)) == [("0001", "TRU-001")]
    assert found(TruthCheck(2), renumbered(frames, 3)[1:]) == [("0001", "TRU-001")]


def test_a_frame_is_compared_with_the_one_before_it_also_where_that_is_not_checked(good: list[Frame]) -> None:
    frames = renumbered(broken("a stale picture", good), 9)  # the second is number 10
    assert ("0001", "TRU-103") in found(TruthCheck(10), frames)
    assert found(TruthCheck(10), frames[1:]) == []
    apart = [frame.replaced(sequence=frame.id) for frame in frames]
    assert found(TruthCheck(10), apart) == []


def test_nothing_is_found_while_true_frames_are_written_and_when_they_are_read(
    good: list[Frame], tmp_path: Path
) -> None:
    with DatasetWriter(tmp_path / "set", NATIVE, checks=[TruthCheck(1)], on_finding="stop") as writer:
        for frame in good:
            writer.add(frame)
    assert writer.close().findings == {}
    validation = validate(tmp_path / "set", profile("default").narrowed(select=("TRU",)))
    assert validation.findings.counts == {}


@pytest.mark.parametrize("workers", [1, 4])
def test_what_is_broken_is_found_while_it_is_written_and_when_it_is_read(
    good: list[Frame], tmp_path: Path, workers: int
) -> None:
    frames = broken("boxes of the frame before", good)
    with DatasetWriter(tmp_path / "set", NATIVE, checks=[TruthCheck(1)], workers=workers) as writer:
        for frame in frames:
            writer.add(frame)
    written = writer.close().findings
    assert written["TRU-101"] == 1
    validation = validate(tmp_path / "set", profile("default").narrowed(select=("TRU",)))
    assert dict(validation.findings.counts) == written
    events = [json.loads(line) for line in (tmp_path / "set/.framepress/ledger.jsonl").read_text().splitlines()]
    told = next(event for event in events if event.get("code") == "TRU-101")
    assert (told["frame"], told["view"], told["severity"]) == ("0001", "aisle", "error")


def test_a_channel_that_cannot_be_read_is_told_and_the_frame_is_written(good: list[Frame], tmp_path: Path) -> None:
    def unreadable() -> np.ndarray:
        raise InputError("normals_0000.npy: cut short")

    view = with_channels(good[0].views[0], normal=unreadable)
    with DatasetWriter(tmp_path / "set", {"coco": {}}, checks=[TruthCheck(1)]) as writer:
        writer.add(good[0].replaced(views=(view,)))
    report = writer.close()
    assert report.frames == 1
    assert report.findings == {"FILE-002": 1}


def test_a_check_keeps_no_pixels_of_a_frame(good: list[Frame]) -> None:
    check = TruthCheck(1)
    view = good[0].views[0]
    depth = view.channels["depth"].copy()
    gone = weakref.ref(depth)
    frame = good[0].replaced(views=(with_channels(view, depth=depth),))
    gc.disable()
    try:
        check(frame)()
        del frame, depth, view
        assert gone() is None
    finally:
        gc.enable()


def test_objects_left_out_on_purpose_are_not_told_of(good: list[Frame]) -> None:
    view = good[0].views[0]
    kept = view.replaced(objects=view.objects.take(np.arange(len(view.objects)) % 2 == 0))
    assert found(TruthCheck(1), [good[0].replaced(views=(kept,))]) == []


def test_a_rate_below_one_is_refused() -> None:
    with pytest.raises(OptionError, match="check_every=0"):
        TruthCheck(0)


# ---- Replicator's writer ---------------------------------------------------------------------------------------------


def run(folder: Path, count: int, payload: Any, **options: Any) -> Press:
    given = {"formats": ["coco"], "labels": ["box"], **options}
    press = Press(folder, Options.of(**given))
    host = Host()
    for number in range(count):
        press.take(payload(host, number))
    press.finish()
    return press


def short(host: Host, number: int) -> dict[str, Any]:
    payload = host.payload(number)
    host.rows["x_max"] -= 1
    return payload


def test_the_writer_checks_every_tenth_frame_by_default(tmp_path: Path) -> None:
    report = run(tmp_path / "good", 25, Host.payload).report
    assert report is not None
    assert report.findings == {}
    report = run(tmp_path / "short", 25, short).report
    assert report is not None
    assert report.findings["TRU-001"] == 3
    assert report.run["written"] == 25


def test_the_writer_checks_as_often_as_asked_or_never(tmp_path: Path) -> None:
    report = run(tmp_path / "each", 5, short, check_every=1).report
    assert report is not None
    assert report.findings["TRU-001"] == 5
    report = run(tmp_path / "none", 5, short, checks="none").report
    assert report is not None
    assert report.findings == {}


def test_the_writer_can_stop_at_a_finding(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="TRU-001"):
        run(tmp_path / "set", 5, short, check_every=2, on_finding="stop")


@pytest.mark.parametrize("wrong", [{"checks": "all"}, {"check_every": 0}, {"on_finding": "drop"}])
def test_options_that_cannot_be_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Options.of(**wrong)


def test_boxes_that_the_writer_fills_in_are_true_by_themselves(good: list[Frame]) -> None:
    """No box: nothing to compare."""
    view = good[0].views[0]
    bare = with_objects(view, box=np.full((len(view.objects), 4), np.nan))
    assert found(TruthCheck(1), [good[0].replaced(views=(bare,))]) == []
