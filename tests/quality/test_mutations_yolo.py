"""A good YOLO set has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framepress.quality.rule import rules_in
from framepress.quality.yolo import rules
from quality.mutations.yolo import BASES, MUTATIONS, Mutation, found, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("yolo")
    return {base: good(root / base, base) for base in BASES}


@pytest.mark.parametrize("base", BASES)
def test_a_good_set_has_no_finding(base: str, sound: dict[str, Path]) -> None:
    assert found(sound[base]) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(
    mutation: Mutation, sound: dict[str, Path], tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound[mutation.base], root)
    mutation.change(root)
    told = found(root)
    of_code = [issue for code, issue in told if code == mutation.code]
    assert len(of_code) == mutation.findings, told
    assert {code for code, _ in told} - {mutation.code} == set(mutation.also)
    issue = of_code[0]
    assert (issue.file, issue.place) == (mutation.file, mutation.place or issue.place)
    if mutation.line is not None:
        assert issue.line == mutation.line
    assert issue.message
    assert all(len(issue.message) < 400 for _, issue in told)


def test_every_rule_for_yolo_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in rules_in(rules)} <= {mutation.code for mutation in MUTATIONS}
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
