"""`framepress card`: what it answers, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def pressed(folder: Path, first: int, count: int, existing: str = "error") -> Path:
    with DatasetWriter(folder, ["native", "yolo"], labels=LABELS, existing=existing) as writer:
        for frame in many(count, first=first):
            writer.add(frame)
    return folder


def test_a_card_is_written_checked_and_written_again(run: Run, tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", 0, 5)
    assert "is not there" in run("card", folder, "--check", code=4).stderr
    found = json.loads(run("card", folder, "--license", "mit", "--name", "Mine", "--json").stdout)
    assert found["card"] == str(folder / "README.md")
    assert found["changed"] is True
    assert json.loads((folder / "dataset_info.json").read_text())["facts_sha256"] == found["facts_sha256"]
    assert run("card", folder, "--check").stdout == "the card agrees with the data\n"
    assert "as it was" in run("card", folder).stdout
    pressed(folder, 5, 3, existing="append")
    told = json.loads(run("card", folder, "--check", "--json", code=1).stdout)
    assert told["agrees"] is False
    assert "dataset_info.json: frames is 5 there, 8 in the data" in told["differences"]
    assert "frames is 5 there" in run("card", folder, "--check", code=1).stdout
    run("card", folder)
    run("card", folder, "--check")
    assert "license: mit" in (folder / "README.md").read_text()


def test_a_report_s_verdict_is_told(run: Run, tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", 0, 5)
    report = tmp_path / "report.json"
    CliRunner().invoke(main, ["validate", str(folder), "--profile", "fast", "--json-file", str(report)])
    run("card", folder, "--report", report)
    assert "`framepress validate --profile fast`" in (folder / "README.md").read_text()
    report.write_text("no json")
    assert "no JSON" in run("card", folder, "--report", report, code=4).stderr


def test_what_cannot_be_together_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", 0, 2)
    assert "--check writes nothing" in run("card", folder, "--check", "--license", "mit", code=2).stderr
    run("card", folder, "--out", tmp_path / "cards/README.md")
    assert not (folder / "README.md").exists()
    run("card", folder, "--out", tmp_path / "cards/README.md", "--check")
