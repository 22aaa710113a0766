"""docs/selecting.md: its commands and its code run, and its tables name what there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.core import Frame, LabelMap
from framepress.dataset.opening import open_dataset
from framepress.dataset.select.plan import FUNCTIONS
from framepress.dataset.select.tables import NAMES
from framepress.dataset.writer import DatasetWriter
from frames import many

PAGE = (Path(__file__).parents[2] / "docs/selecting.md").read_text(encoding="utf-8")
CLASSES = LabelMap.of(["car", "bus", "van", "person", "cone"])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def described(count: int) -> Iterator[Frame]:
    """Frames that have something of everything that the page asks for."""
    for frame in many(count):
        objects = frame.view.objects
        colours = [{"colour": ("red", "blue", "green")[row % 3], "wheel count": 4} for row in range(len(objects))]
        labels = ["bus" if row == 1 and frame.index % 3 else name for row, name in enumerate(objects.labels)]
        codes = np.array([CLASSES.code(name) for name in labels], np.int32)
        objects = objects.with_columns(attributes=tuple(colours), classes=CLASSES.names, label=codes)
        meta = {"weather": ("rain", "sun")[frame.index % 2], "light level": 3, "lights": {"sun": 0.5}}
        yield frame.replaced(
            views=(frame.view.replaced(objects=objects),),
            meta=meta,
            time_ns=frame.index * 200_000_000,
            split="val" if frame.index % 4 == 0 else "train",
        )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name, count in (("dataset", 30), ("night", 5)):
        with DatasetWriter(name, ["native", "coco"], labels=CLASSES) as writer:
            for frame in described(count):
                writer.add(frame)
    return tmp_path


def test_every_command_runs(here: Path) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) >= 10
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "framepress"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, f"{line}\n{result.output}"
    assert open_dataset("merged").labels().names == ("car", "vehicle", "person")
    assert len(list(open_dataset("every-tenth").frames())) == 3
    assert len(list(open_dataset("dataset").frames())) == 35
    assert {view.objects.classes for frame in open_dataset("people/coco").frames() for view in frame.views} == {
        ("person",)
    }


def test_its_code_runs(here: Path) -> None:
    (code,) = blocks("python")
    exec(compile(code, "docs/selecting.md", "exec"), {})
    assert all(label == "car" for frame in open_dataset("cars").frames() for label in frame.view.objects.labels)
    assert len(list(open_dataset("beginning").frames())) == 13
    assert len(list(open_dataset("export-2").frames())) == 30


def test_its_tables_name_every_column_and_function() -> None:
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `")]
    told = set(re.findall(r"`([a-z_0-9]+)[`(]", " ".join(rows)))
    assert told >= set(NAMES)
    assert told - set(NAMES) == set(FUNCTIONS)
