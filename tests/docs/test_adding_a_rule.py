"""The example of docs/adding-a-rule.md is a module of rules: what it says is tried as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from framepress.quality.registry import all_rules
from frames import LABELS, many

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-rule.md"


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)[number]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """The command, in an environment where a package with the page's module and entry point is installed."""
    site = tmp_path / "site"
    known = site / "acme-1.0.dist-info"
    known.mkdir(parents=True)
    (site / "acme_rules.py").write_text(block("python"))
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    group, entry = re.findall(r'\[project.entry-points."(.*?)"\]\n(.*)', block("toml"))[0]
    (known / "entry_points.txt").write_text(f"[{group}]\n{entry.replace(chr(34), '')}\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    all_rules.cache_clear()

    def invoke(*arguments: object) -> Any:
        result = CliRunner().invoke(main, [*map(str, arguments), "--json"])
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout)

    yield invoke
    all_rules.cache_clear()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in many(8):
            writer.add(frame)
    return tmp_path / "set"


def heights() -> dict[tuple[str, int], float]:
    found = {}
    for frame in many(8):
        for thing in frame.view.objects:
            if thing.label == "person" and thing.box is not None:
                found[frame.id, thing.id] = float(thing.box[3] - thing.box[1])
    return found


def test_its_first_rule_finds_what_brute_force_finds(run: Callable[..., Any], dataset: Path) -> None:
    found = run("validate", dataset, "--select", "ACME-001")["findings"]
    expected = {key for key, height in heights().items() if height < 16}
    assert {(finding["frame"], finding["object"]) for finding in found} == expected
    assert 0 < len(expected) < len(heights())


def test_a_profile_sets_its_threshold_and_severity(run: Callable[..., Any], dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(block("toml", 1))
    found = run("validate", dataset, "--profile", tmp_path / "own.toml", "--select", "ACME-001")
    assert len(found["findings"]) == sum(height < 24 for height in heights().values())
    assert not found["passed"]


def test_its_second_rule_looks_at_pixels(run: Callable[..., Any], dataset: Path, tmp_path: Path) -> None:
    nearest = min(float(frame.view.channels["depth"].min()) for frame in many(8))
    assert run("validate", dataset, "--select", "ACME-002")["findings"] == []
    (tmp_path / "own.toml").write_text(f"[rules.ACME-002]\nleast_m = {nearest + 0.001}\n")
    found = run("validate", dataset, "--profile", tmp_path / "own.toml", "--select", "ACME-002")["findings"]
    assert [finding["message"] for finding in found] == [f"{nearest:.3g} m to the nearest pixel"]


def test_the_commands_know_it(run: Callable[..., Any]) -> None:
    assert "ACME-001" in {rule["code"] for rule in run("rules", "--stage", "annotation")["rules"]}
    told = run("explain", "acme-001")
    assert told["sentence"] == "A person is at least `least_px` high."
    assert told["thresholds"] == {"least_px": 16.0}
