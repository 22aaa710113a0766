"""docs/bridges.md: its commands, run one after the other with the real tools, answer what the page says."""

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
from judges.environments import git_lfs

PAGE = (Path(__file__).parents[2] / "docs" / "bridges.md").read_text(encoding="utf-8")


def steps() -> list[tuple[str, str]]:
    """Command and what it is said to answer, in the order of the page."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.M)[1:]]
    return [(command, answer) for command, _, answer in (part.partition("\n") for part in parts)]


@pytest.mark.judge
def test_each_command_answers_what_the_page_says(tmp_path: Path) -> None:
    git_lfs()
    for name, first, count in (("dataset", 0, 20), ("more", 20, 5)):
        with DatasetWriter(tmp_path / name, ["native", "coco"], labels=LABELS) as writer:
            for frame in many(count, first=first):
                writer.add(frame)
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    given = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own = {"GIT_CONFIG_GLOBAL": str(settings), "GIT_CONFIG_NOSYSTEM": "1", "COLUMNS": "200"}
    assert len(steps()) > 12
    for command, said in steps():
        words = shlex.split(command)
        program = [sys.executable, "-m", "framepress.cli"] if words[0] == "framepress" else [words[0]]
        run = subprocess.run(
            [*program, *words[1:]], cwd=tmp_path, env={**given, **own}, capture_output=True, encoding="utf-8"
        )
        assert run.returncode == 0, (command, run.stderr)
        pattern = ".*?".join(re.escape(part) for part in " ".join(said.split()).split("…"))
        assert re.fullmatch(pattern, " ".join(run.stdout.split()), re.S), (command, run.stdout)
