"""The example of docs/adding-a-format.md is a format: what it says is tried as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

import framepress
from framepress import formats
from framepress.cli import main
from frames import LABELS, mono, rig

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-format.md"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's module, registered as the page says."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    module = ModuleType("csv_format")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    monkeypatch.setattr(formats, "_REGISTERED", {})
    framepress.register(module.FORMAT)
    return module


def press(folder: Path, workers: int = 2) -> framepress.Report:
    with framepress.DatasetWriter(folder, ["csv"], labels=LABELS, workers=workers) as writer:
        for frame in [*mono(), *rig()]:
            writer.add(frame)
    return writer.close()


@pytest.mark.usefixtures("example")
def test_what_it_carries_comes_back(tmp_path: Path) -> None:
    report = press(tmp_path / "set")
    dataset = framepress.open(tmp_path / "set")
    assert dataset.labels().names == LABELS.names
    stems = {frame.stem(view): view for frame in [*mono(), *rig()] for view in frame.views}
    found = {frame.id: frame.view for frame in dataset.frames()}
    assert set(found) == set(stems)
    for stem, view in stems.items():
        shown = view.objects.take(~np.isnan(view.objects.box[:, 0]))
        np.testing.assert_array_equal(found[stem].objects.box, shown.box)
        assert found[stem].objects.labels == shown.labels
        np.testing.assert_array_equal(found[stem].channels["rgb"], view.channels["rgb"])
    (edition,) = report.editions
    assert edition.counts["objects"] + edition.counts["objects_hidden"] == report.objects
    assert edition.lost["depth"] == 10


@pytest.mark.usefixtures("example")
def test_bytes_do_not_depend_on_threads(tmp_path: Path) -> None:
    for workers in (1, 4):
        press(tmp_path / str(workers), workers)
    one, four = (
        {path.relative_to(tmp_path / n): path.read_bytes() for path in (tmp_path / n).rglob("*") if path.is_file()}
        for n in ("1", "4")
    )
    assert {path for path in one if path.name != "ledger.jsonl" and one[path] != four[path]} == set()
    assert set(one) == set(four)


@pytest.mark.usefixtures("example")
def test_the_command_line_knows_it_and_its_option(tmp_path: Path, capture: Path) -> None:
    arguments = ["convert", str(capture), str(tmp_path / "set"), "--to", "csv", "--set", "csv.images=jpeg", "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["editions"]["csv"]["counts"]["objects"] > 0
    assert len(list((tmp_path / "set/images").rglob("*.jpg"))) == 12


def test_a_damaged_table_is_named(example: ModuleType, tmp_path: Path) -> None:
    press(tmp_path / "set")
    victim = tmp_path / "set/labels/a/0000.csv"
    victim.write_text("car,1,2,x,4\n")
    with pytest.raises(framepress.InputError, match=re.escape(str(victim))):
        list(example.read(tmp_path / "set"))


def test_the_pages_of_the_formats_name_every_option_of_their_writers() -> None:
    for name in ("native", "coco", "yolo", "kitti"):
        page = (PAGE.parent / "formats" / f"{name}.md").read_text(encoding="utf-8")
        for option in formats.by_name(name).options():
            assert f"`{option}`" in page, f"docs/formats/{name}.md does not tell of {option}"
