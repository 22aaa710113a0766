"""How other people's commands are called, with commands of our own that write down how they were."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from framepress.errors import OptionError, OutputError
from framepress.versions.bridges.bridge import Bridge
from framepress.versions.bridges.tools import DVC, GIT, Tools

RECORD = """#!{python}
import json, os, sys
call = {{"arguments": sys.argv[1:], "stdin": sys.stdin.read(), "environment": dict(os.environ)}}
with open({log!r}, "a") as log:
    log.write(json.dumps(call) + "\\n")
{rest}
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which commands are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def command(folder: Path, name: str, rest: str = "") -> Path:
    """Where a command, which is made here, tells of its calls."""
    log = folder / f"{name}.calls"
    python = os.path.realpath("/proc/self/exe")
    (folder / name).write_text(RECORD.format(python=python, log=str(log), rest=rest))
    (folder / name).chmod(0o755)
    return log


def calls(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_arguments_arrive_as_they_are(path: Path, tmp_path: Path) -> None:
    log = command(path, "dvc", "print('told')")
    awkward = ["a b", 'it\'s "quoted"', "$(touch gone)", "*.png", "new\nline", "-dash", "ünï"]
    assert Tools(tmp_path).run(DVC, "add", "--", *awkward, stdin="ünï".encode()) == b"told\n"
    (call,) = calls(log)
    assert call["arguments"] == ["add", "--", *awkward]
    assert call["stdin"] == "ünï"
    assert not (tmp_path / "gone").exists()


def test_words_are_english_and_names_are_no_patterns(path: Path, tmp_path: Path, monkeypatch) -> None:
    log = command(path, "git")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere/index")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    Tools(tmp_path).run(GIT, "status")
    environment = calls(log)[0]["environment"]
    assert environment["LC_ALL"] == "C"
    assert environment["GIT_LITERAL_PATHSPECS"] == "1"
    assert environment["GIT_AUTHOR_NAME"] == "Ada"
    assert not {"GIT_DIR", "GIT_INDEX_FILE"} & environment.keys()


def test_a_tool_that_is_missing_is_named_with_how_to_get_it(path: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="dvc is needed here but is not installed: pip install dvc"):
        Tools(tmp_path).require(DVC)


def test_a_tool_that_is_too_old_is_told(path: Path, tmp_path: Path) -> None:
    command(path, "git", "print('git version 2.25.1')")
    with pytest.raises(
        OptionError, match=r"git: version 2\.31 or newer is needed here, this is 'git version 2\.25\.1'"
    ):
        Tools(tmp_path).require(GIT)


def test_a_tool_that_does_not_run_is_told(path: Path, tmp_path: Path) -> None:
    command(path, "dvc", "sys.exit('no module named yaml')")
    with pytest.raises(OptionError, match=r"dvc is needed here but does not run \(no module named yaml\)"):
        Tools(tmp_path).require(DVC)


def test_a_failure_ends_with_the_tools_last_words(path: Path, tmp_path: Path) -> None:
    command(
        path, "git", "print('\\n'.join(f'line {n}' for n in range(100)), 'disk on fire', file=sys.stderr); sys.exit(7)"
    )
    with pytest.raises(OutputError, match=r"(?s)git push failed \(exit 7\): .*disk on fire") as caught:
        Tools(tmp_path).run(GIT, "-c", "a=b", "push", "https://user:secret@host/x")
    assert "line 3\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_a_tool_says_is_handed_on_while_it_works(path: Path, tmp_path: Path) -> None:
    command(
        path,
        "git",
        "import time\nprint('begun', file=sys.stderr, flush=True)\n"
        f"while not os.path.exists({str(tmp_path / 'heard')!r}): time.sleep(0.01)\nprint('done', file=sys.stderr)",
    )
    heard = []

    def say(line: str) -> None:
        heard.append(line)
        (tmp_path / "heard").touch()

    Tools(tmp_path, say).run(GIT, "push")
    assert heard == ["begun", "done"]


def test_without_the_tool_nothing_is_begun(path: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    with pytest.raises(OptionError, match="git is needed here"):
        Bridge.init(dataset, "git-lfs")
    assert list(dataset.iterdir()) == []
