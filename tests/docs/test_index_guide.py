"""docs/index.md: its commands and its code run, and it names every column that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.core import Frame
from framepress.dataset.index_build import COLUMNS, TEXTS, VOCABULARIES
from framepress.dataset.index_fields import LONGEST_TEXT, MOST_KEYS
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

PAGE = (Path(__file__).parents[2] / "docs/index.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def described(frame: Frame) -> Frame:
    objects = frame.view.objects
    coloured = objects.with_columns(attributes=tuple({"colour": "red"} for _ in objects))
    return frame.replaced(views=(frame.view.replaced(objects=coloured),), meta={"weather": {"rain": 0.5}})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with DatasetWriter("dataset", ["native"], labels=LABELS) as writer:
        for frame in many(9):
            writer.add(described(frame))
    return tmp_path


def test_every_command_runs(here: Path) -> None:
    pytest.importorskip("pyarrow")
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 3
    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    assert (here / "tables/objects.parquet").is_file()


def test_the_code_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    assert capsys.readouterr().out
    assert set(names["weather"].numbers.tolist()) == {0.5}  # type: ignore[attr-defined]
    assert list(names["colour"].texts) == ["red"]  # type: ignore[attr-defined]


def test_every_column_is_named_and_no_other() -> None:
    for table, columns in COLUMNS.items():
        (row,) = re.findall(rf"^\| `{table}` \| (.*) \|$", PAGE, re.M)
        assert set(re.findall(r"`(\w+)`", row)) == {*columns, *TEXTS[table]}
    assert all(f"`{name}`" in PAGE or f"index.{name}" in PAGE for name in VOCABULARIES)
    assert f"more than {LONGEST_TEXT:,} characters" in PAGE
    assert f"the first {MOST_KEYS} of" in PAGE
