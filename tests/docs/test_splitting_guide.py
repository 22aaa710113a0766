"""docs/splitting.md: its commands and its code run, and its tables name what there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.core import Frame
from framepress.dataset.merge import COLLISIONS, INDEXES, RENUMBERED, SHARED
from framepress.dataset.opening import open_dataset
from framepress.dataset.splitting.links import KEYS
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

PAGE = (Path(__file__).parents[2] / "docs/splitting.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def described(count: int) -> Iterator[Frame]:
    """Sequences of four frames; two of them share a scene, and so does every other the weather."""
    for number, frame in enumerate(many(count)):
        meta = {"scene": f"hall {number // 8}", "weather": ("rain", "sun")[number // 4 % 2]}
        yield frame.replaced(id=f"s{number // 4}/{number % 4:04d}", sequence=f"s{number // 4}", meta=meta)


def pressed(name: str, count: int, *formats: str) -> None:
    with DatasetWriter(name, formats or ["native"], labels=LABELS) as writer:
        for frame in described(count):
            writer.add(frame)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    pressed("dataset", 40)
    pressed("grown", 60)
    pressed("day", 6, "coco")
    pressed("night", 5, "yolo")
    return tmp_path


def run(line: str) -> str:
    result = CliRunner().invoke(main, shlex.split(line)[1:])
    assert result.exit_code == 0, f"{line}\n{result.output}"
    return result.stdout


def test_the_commands_run_and_the_first_answer_is_the_one_shown(here: Path) -> None:
    (commands,) = blocks("sh")
    told = [run(line) for line in commands.splitlines()]
    assert blocks("text") == [told[1]]
    cut, again = ({frame.id: frame.split for frame in open_dataset(here / name).frames()} for name in ("cut", "cut2"))
    assert {id: again[id] for id in cut} == cut
    assert len(again) == 60


def test_the_code_runs(here: Path) -> None:
    run("framepress split dataset cut train=.8,val=.1,test=.1")
    held: dict[str, object] = {}
    for code in blocks("python"):
        exec(compile(code, "docs/splitting.md", "exec"), held)
    splits = {frame.sequence: frame.split for frame in open_dataset(here / "by_scene").frames()}
    assert len(splits) == 10
    assert all(splits[f"s{2 * scene}"] == splits[f"s{2 * scene + 1}"] for scene in range(5))
    assert held["exact"].sizes() == {"train": 34, "val": 6}
    assert held["own"].sizes() == {"test": 20, "train": 20}
    merged = {frame.id: frame.view.objects.classes for frame in open_dataset(here / "around_the_clock").frames()}
    assert sorted(merged) == sorted(
        [*(f"day/s{n // 4}/{n % 4:04d}" for n in range(6)), *(f"night/s{n // 4}/{n % 4:04d}" for n in range(5))]
    )


def test_the_tables_name_what_there_is() -> None:
    for name in (*KEYS, *COLLISIONS, *INDEXES):
        assert f"`{name}`" in PAGE or f" {name}`" in PAGE, name
    for counter in (SHARED, RENUMBERED):
        assert f'"{counter}"' in PAGE
