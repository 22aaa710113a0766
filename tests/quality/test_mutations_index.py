"""Good columns have no finding; broken in one way, they have the one that names it, there where it is."""

from __future__ import annotations

import pytest

from framepress.quality.columns import Columns
from framepress.quality.index import leaks, rules, times
from framepress.quality.issue import Issue
from framepress.quality.rule import rules_in
from quality.mutations.index import MUTATIONS, Mutation, good

RULES = [rule for module in (rules, leaks, times) for rule in rules_in(module)]


def findings(columns: Columns) -> dict[str, list[Issue]]:
    return {rule.code: found for rule in RULES if (found := list(rule(columns)))}


def test_good_columns_have_no_finding() -> None:
    assert findings(good().columns()) == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation) -> None:
    draft = good()
    mutation.change(draft)
    found = findings(draft.columns())
    assert set(found) - {mutation.code} <= set(mutation.also), found
    assert len(found[mutation.code]) == mutation.findings
    first = found[mutation.code][0]
    assert {name: getattr(first, name) for name in mutation.where} == mutation.where
    assert mutation.words in first.message


def test_every_rule_for_whole_datasets_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in RULES} <= {mutation.code for mutation in MUTATIONS}
