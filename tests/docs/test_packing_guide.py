"""docs/packing.md: its commands run, in their order, and do what the page says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import framepress
from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from framepress.delivery.manifest_text import SCHEMA
from framepress.delivery.pack_archive import KINDS
from frames import LABELS, many

PAGE = (Path(__file__).parents[2] / "docs" / "packing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_every_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DatasetWriter(tmp_path / "dataset", ["native", "coco", "yolo"], labels=LABELS) as writer:
        for frame in many(4):
            writer.add(frame)
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 8
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        assert name == "framepress"
        if arguments[:2] == ["optimize", "dataset"] and Path(arguments[2]).exists():
            arguments[2] += "-again"  # the page names it twice, and nothing is overwritten
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, (line, result.output)
    one, other = (framepress.open(name, "native").frames() for name in ("dataset", "received"))
    for before, after in zip(one, other, strict=True):
        assert all(
            np.array_equal(before.view.channels[name], after.view.channels[name]) for name in before.view.channels
        )


def test_the_manifest_it_shows_is_of_this_schema() -> None:
    (shown,) = (json.loads(block) for block in blocks("json"))
    assert {key: shown[key] for key in SCHEMA} == SCHEMA
    assert shown.keys() == {*SCHEMA, "files", "bytes", "entries"}


def test_its_table_names_every_kind_of_archive() -> None:
    assert re.findall(r"^\| `(\.[a-z.]+)` \|", PAGE, re.M) == [".zip", ".tar", ".tar.gz", ".tar.zst"]
    assert {kind.suffixes[0] for kind in KINDS} == {".zip", ".tar", ".tar.gz", ".tar.zst"}


@pytest.mark.parametrize("name", re.findall(r"`framepress\.(\w+)`", PAGE))
def test_every_function_of_the_page_is_public(name: str) -> None:
    assert name in framepress.__all__


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", PAGE))))
def test_every_option_of_the_page_is_there(option: str) -> None:
    known = {
        opt
        for name in ("manifest", "pack", "unpack", "optimize")
        for param in main.commands[name].params
        for opt in param.opts
    }
    assert option in known
