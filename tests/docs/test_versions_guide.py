"""docs/versions.md: its commands, run one after the other in an empty place, answer what the page says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

PAGE = (Path(__file__).parents[2] / "docs" / "versions.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def steps() -> list[tuple[str, str]]:
    """Command and what it is said to answer, in the order of the page."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, answer = part.partition("\n")
            found.append((command, answer))
    return found


def fits(said: str, answered: str) -> bool:
    """`…` stands for anything, blanks for any number of them."""

    def plain(text: str) -> str:
        return " ".join(text.split())

    pattern = ".*?".join(re.escape(part) for part in plain(said).split("…"))
    return re.fullmatch(pattern, plain(answered), re.S) is not None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("versions-guide")
    for name, first, count in (("dataset", 0, 20), ("more", 20, 5)):
        with DatasetWriter(root / name, ["native", "coco"], labels=LABELS) as writer:
            for frame in many(count, first=first):
                writer.add(frame)
    return root


def test_each_command_answers_what_the_page_says(place: Path) -> None:
    environment = {**os.environ, "FRAMEPRESS_CACHE": str(place / "cache"), "COLUMNS": "200"}
    assert len(steps()) > 15
    for command, said in steps():
        words = shlex.split(command)
        assert words[0] == "framepress"
        run = subprocess.run(
            [sys.executable, "-m", "framepress.cli", *words[1:]],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}: {run.stderr}"
        assert fits(said, run.stdout), f"{command}: said\n{said}\nanswered\n{run.stdout}"


def test_its_python_runs_on_what_the_commands_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python")
    monkeypatch.chdir(place)
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["found"].added) == 5
    assert names["found"].renamed == {("cone", "traffic_cone"): 3}


def test_the_comparison_can_fail() -> None:
    assert fits("a … c", "a b\nc")
    assert not fits("a … c", "a b")
