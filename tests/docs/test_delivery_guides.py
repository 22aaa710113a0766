"""docs/statistics.md and docs/organizing.md: every command and every line of Python runs, on a small dataset."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("statistics", "organizing")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with DatasetWriter("dataset", ["native", "coco", "yolo"], labels=LABELS) as writer:
        for frame in many(6):
            meta = {"scene": f"s{frame.index % 2}", "condition": ["rain"], "lights": {"sun": 0.5}}
            writer.add(frame.replaced(meta=meta, split="train" if frame.index % 3 else "val"))
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs_in_order(place: Path, page: str) -> None:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(lines) >= 5
    for line in lines:
        program, *arguments = shlex.split(line, comments=True)
        assert program == "framepress"
        result = CliRunner().invoke(main, arguments)
        expected = (0, 1) if arguments[0] == "validate" else (0,)
        assert result.exit_code in expected, f"{line}\n{result.output}"
    folders = re.findall(r"(?:--csv|--plots) (\w+)", "\n".join(lines))
    assert all(map(os.listdir, folders))


@pytest.mark.parametrize("page", PAGES)
def test_its_python_runs(place: Path, page: str) -> None:
    (code,) = blocks(page, "python")
    exec(compile(code, page, "exec"), {})
