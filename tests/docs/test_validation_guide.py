"""docs/validation.md: its commands, profile and CI files are such as the tools take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from framepress.quality.profile import PROFILES, profile
from framepress.quality.registry import by_code
from framepress.quality.rule import STAGES
from frames import LABELS, many

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "validation.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def commands() -> Iterator[str]:
    """Every `framepress ...` of the page: in its blocks, and in code in a line."""
    lines = [line for block in (*blocks("sh"), *blocks("yaml")) for line in block.splitlines()]
    for found in (*re.findall(r"`(framepress [a-z]+ [^`]+)`", PAGE), *lines):
        if "framepress " in found and "pip install" not in found:
            yield found[found.index("framepress ") :]


@pytest.mark.parametrize("line", list(commands()))
def test_every_command_is_one_that_the_command_line_takes(line: str, tmp_path: Path) -> None:
    name, *arguments = shlex.split(line, comments=True)[1:]
    command = main.commands[name]
    given = [str(tmp_path) if word in ("dataset", "data/set", "capture") else word for word in arguments]
    with click.Context(main) as parent:
        command.make_context(name, given, parent=parent)


def test_the_page_has_commands() -> None:
    assert len(list(commands())) >= 8


def test_its_profile_is_read_and_sets_what_it_says(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "ours.toml").write_text(text)
    found = profile(tmp_path / "ours.toml")
    chosen = {each.rule.code: each for each in found.chosen()}
    assert found.fail_on == "warning"
    assert "SET-007" not in chosen
    assert chosen["COCO-006"].severity == "warning"
    assert chosen["COCO-006"].thresholds["tolerance_px"] == 2.0 != by_code("COCO-006").thresholds["tolerance_px"]
    assert found.scores["floor"] == 0.8


def test_its_ci_files_are_yaml_whose_reports_are_those_that_the_command_writes() -> None:
    for text in blocks("yaml"):
        assert isinstance(yaml.safe_load(text), dict)
        written = set(re.findall(r"--(?:html|sarif|junit) (\S+)", text))
        assert written
        for name in written:
            assert text.count(name) > 1, f"{name} is written and not kept"


def test_it_tells_of_every_profile_stage_and_picture() -> None:
    for name in (*PROFILES, *STAGES):
        assert f"`{name}`" in PAGE
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", PAGE):
        assert (DOCS / picture).stat().st_size < 150_000


def test_its_python_is_run_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python")
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with DatasetWriter("dataset", ["coco"], labels=LABELS) as writer:
        for frame in many(3):
            writer.add(frame)
    made: dict[str, Any] = {}
    exec(compile(code, "validation.md", "exec"), made)
    assert made["told"]["passed"]
    assert made["page"].startswith(b"<!doctype html>")
