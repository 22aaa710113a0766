"""A good COCO dataset has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framepress.quality.coco import rules
from framepress.quality.rule import rules_in
from quality.mutations.coco import MUTATIONS
from quality.mutations.coco_edits import Mutation, found, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco") / "good"
    good(root)
    return root


def test_a_good_dataset_has_no_finding(sound: Path) -> None:
    assert found(sound) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    place = mutation.change(root)
    told = found(root)
    assert {code for code, *_ in told} - {mutation.code} <= set(mutation.also)
    of_code = [(file, where, message) for code, file, where, message in told if code == mutation.code]
    assert len(of_code) == mutation.findings, told
    file, where, message = of_code[0]
    assert (file, where.startswith(place), bool(message)) == (mutation.file, True, True)


def test_every_rule_for_coco_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in rules_in(rules)} <= {mutation.code for mutation in MUTATIONS}
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
