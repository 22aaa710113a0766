"""A good COCO dataset has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framepress.quality.coco import rules
from framepress.quality.profile import profile
from framepress.quality.rule import rules_in
from framepress.quality.validate import Validation, validate
from quality.mutations.coco import MUTATIONS, Mutation, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco") / "good"
    good(root)
    return root


def checked(root: Path) -> Validation:
    return validate(root, profile("fast").narrowed(select=("COCO", "FILE-001")), format="coco")


def test_a_good_dataset_has_no_finding(sound: Path) -> None:
    result = checked(sound)
    assert list(result.findings) == []
    assert result.columns is not None
    assert (result.checked["frames"], result.columns.splits) == (7, ["train", "val"])
    assert result.checked["objects"] == 28


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    place = mutation.change(root)
    findings = checked(root).findings
    of_code = findings.of(mutation.code)
    assert {code for code, count in findings.counts.items() if count} - {mutation.code} <= set(mutation.also)
    assert len(of_code) == mutation.findings, [found.to_dict() for found in findings]
    assert of_code[0].issue.file == mutation.file
    assert of_code[0].issue.place.startswith(place)
    assert of_code[0].issue.message


def test_every_rule_for_coco_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in rules_in(rules)} <= {mutation.code for mutation in MUTATIONS}
