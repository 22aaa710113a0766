"""An open dataset, seen alone: what reopening does before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_format import tree

from framepress.dataset.opening import open_dataset
from framepress.dataset.refinish import finish
from framepress.dataset.state import state_of
from framepress.dataset.writer import DatasetWriter
from framepress.storage.journal import Journal
from frames import many


def test_a_segment_that_is_sealed_while_a_power_cut_is_cleared_up_keeps_the_intents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = DatasetWriter(tmp_path / "a", ["plain"])
    for frame in many(4):
        writer.add(frame)
    writer.abandon()
    labels = sorted((tmp_path / "a/all").rglob("*.txt"))
    labels[1].write_bytes(b"half of")
    monkeypatch.setitem(Journal.open.__func__.__kwdefaults__, "segment_bytes", 100)
    assert finish(tmp_path / "a").frames == 3
    assert (tmp_path / f"a/.framepress/orphans/{labels[1].relative_to(tmp_path / 'a')}").read_bytes() == b"half of"


def test_temporaries_of_a_run_that_ended_before_its_journal_began_are_swept(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / ".framepress/tmp").mkdir(parents=True)
    (tmp_path / "a/.framepress/tmp/fp-0123-7").write_bytes(b"half of a file")
    for name in ("a", "b"):
        with DatasetWriter(tmp_path / name, ["plain"]) as writer:
            writer.add(next(many(1)))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert not any((tmp_path / "a/.framepress/tmp").iterdir())


def test_a_dataset_without_frames_is_finished_all_the_same(tmp_path: Path) -> None:
    DatasetWriter(tmp_path / "a", ["native"]).close()
    state = state_of(open_dataset(tmp_path / "a"))
    assert state is not None
    assert state.state == "finished"


def test_a_line_that_a_killed_run_left_in_the_ledger_is_passed_over(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["native"]) as writer:
        writer.add(next(many(1)))
    with (tmp_path / "a/.framepress/ledger.jsonl").open("a") as ledger:
        ledger.write('{"kind":"fai')
    for _ in range(2):  # as it was left, and with the next run's lines behind it
        state = state_of(open_dataset(tmp_path / "a"))
        assert state is not None
        assert state.ledger == {"asked": 1, "written": 1}
        finish(tmp_path / "a")
