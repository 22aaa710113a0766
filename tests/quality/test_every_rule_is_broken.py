"""No rule is there that nothing has ever been found by: each code is what some mutation is about."""

from __future__ import annotations

from importlib import import_module

from framepress.quality.registry import all_rules
from quality import test_export_agrees

FAMILIES = ("coco", "yolo", "kitti", "native", "basic", "files", "images", "truth", "index")
ELSEWHERE = {"FILE-002": "test_validation: a channel that cannot be decoded"}


def test_every_rule_is_broken_by_a_mutation() -> None:
    broken = {mutation.code for family in FAMILIES for mutation in _mutations(family)}
    broken |= {code for _, _, codes, _ in test_export_agrees.MUTATIONS for code in codes.split()}
    assert {rule.code for rule in all_rules()} - broken == set(ELSEWHERE)


def test_there_are_hundreds_of_them() -> None:
    assert sum(len(_mutations(family)) for family in FAMILIES) > 500


def _mutations(family: str):  # type: ignore[no-untyped-def]
    return import_module(f"quality.mutations.{family}").MUTATIONS
