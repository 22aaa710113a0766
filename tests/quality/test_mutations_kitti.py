"""A good KITTI dataset has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framepress.quality.kitti import rules
from framepress.quality.rule import rules_in
from quality.mutations.kitti import MUTATIONS
from quality.mutations.kitti_edits import Mutation, found, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tilt policy -> a good dataset."""
    roots = {}
    for tilt in ("project", "level"):
        roots[tilt] = tmp_path_factory.mktemp("kitti") / "good"
        good(roots[tilt], tilt)
    return roots


@pytest.mark.parametrize("tilt", ["project", "level"])
def test_a_good_dataset_has_no_finding(sound: dict[str, Path], tilt: str) -> None:
    assert found(sound[tilt]) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(
    mutation: Mutation, sound: dict[str, Path], tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound[mutation.tilt], root)
    where = mutation.change(root)
    told = found(root)
    assert {code for code, _ in told} - {mutation.code} <= set(mutation.also), told
    of_code = [issue for code, issue in told if code == mutation.code]
    assert len(of_code) == mutation.findings or (mutation.findings is None and of_code), told
    pointed = [
        issue
        for issue in of_code
        if issue.file.startswith(where.file)
        and where.line in (None, issue.line)
        and (not where.place or issue.place == where.place)
    ]
    assert pointed, of_code
    assert len(pointed) == len(of_code) or mutation.findings is None, of_code
    assert all(issue.message for issue in of_code)


def test_every_rule_for_kitti_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in rules_in(rules)} <= {mutation.code for mutation in MUTATIONS}
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
