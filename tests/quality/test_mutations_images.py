"""Good pictures have no finding; broken in one way, they have the one that names it, in the file where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quality.mutations.images import MUTATIONS, RULES, Mutation, found, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images") / "good"
    good(root)
    return root


@pytest.mark.parametrize("backend", ["numpy", "fast"])
def test_good_pictures_have_no_finding(sound: Path, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv("FRAMEPRESS_BACKEND", "numpy" if backend == "numpy" else "")
    assert found(sound) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_in_its_file(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    mutation.change(root)
    told = found(root)
    assert {code for code, *_ in told} - {mutation.code} <= set(mutation.also), told
    assert [file for code, file, _ in told if code == mutation.code] == [mutation.file], told
    assert {file for _, file, _ in told} == {mutation.file}, told


def test_every_rule_for_pictures_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in RULES} == {mutation.code for mutation in MUTATIONS}
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
