"""`framepress validate --fix`: where the copy goes, what is told, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from quality.mutations.coco_edits import TRAIN, good

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        given = ["validate", *map(str, arguments), "--profile", "fast", "--select", "COCO,FILE", "--format", "coco"]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Id 0, and a class that is not there."""
    root = tmp_path / "set"
    good(root)
    document = json.loads((root / TRAIN).read_text())
    document["annotations"][0]["id"] = 0
    document["annotations"][1]["category_id"] = 77
    (root / TRAIN).write_text(json.dumps(document))
    return root


def ids(root: Path) -> list[int]:
    return [entry["id"] for entry in json.loads((root / TRAIN).read_text())["annotations"]]


def test_the_copy_lies_beside_and_what_is_left_is_told(run: Run, broken: Path) -> None:
    result = run(broken, "--fix", "--json", code=1)
    document = json.loads(result.stdout)
    assert document["fixed"]["made"] == {"COCO-002": len(ids(broken))}
    assert document["fixed"]["found_before"] == {"COCO-002": 1, "COCO-003": 1}
    assert [rule["code"] for rule in document["rules"] if rule["count"]] == ["COCO-003"]
    copy = broken.with_name("set-fixed")
    assert document["fixed"]["target"] == str(copy)
    assert ids(copy)[0] == 1
    assert ids(broken)[0] == 0


def test_in_place_keeps_the_former_dataset(run: Run, broken: Path) -> None:
    run(broken, "--fix", "--in-place", code=1)
    assert ids(broken)[0] == 1
    assert ids(broken.with_name("set-before-fix"))[0] == 0
    assert sorted(path.name for path in broken.parent.iterdir()) == ["set", "set-before-fix"]
    again = run(broken, "--fix", "--in-place", code=2)
    assert "set-before-fix exists already" in again.stderr


def test_nothing_is_written_where_nothing_can_be_put_right(run: Run, broken: Path) -> None:
    run(broken, "--fix", "--in-place", code=1)
    result = run(broken, "--fix", "--to", broken.with_name("other"), code=1)
    assert "nothing could be put right" in result.stderr
    assert not broken.with_name("other").exists()


@pytest.mark.parametrize("options", [["--to", "x"], ["--in-place"], ["--fix", "--to", "x", "--in-place"]])
def test_options_that_do_not_go_together_are_refused(run: Run, broken: Path, options: list[str]) -> None:
    run(broken, *options, code=2)
    assert ids(broken)[0] == 0
