"""The package's own names: few, lazy, and all there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import framepress


@pytest.mark.parametrize("name", framepress.__all__)
def test_each_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(framepress, name)
    assert value.__doc__
    assert value.__module__.startswith("framepress.")


def test_dir_shows_the_public_names_even_before_their_use() -> None:
    assert set(framepress.__all__) <= set(dir(framepress))
    assert len(framepress.__all__) == len(set(framepress.__all__))


def test_type_checkers_see_the_same_names_as_the_interpreter() -> None:
    tree = ast.parse(Path(framepress.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(seen) == set(framepress.__all__)
    for name, home in seen.items():
        module, _, attribute = home.rpartition(".")
        assert getattr(__import__(module, fromlist=[attribute]), attribute) is getattr(framepress, name)


def test_an_unknown_name_is_an_attribute_error_that_says_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        framepress.opne  # noqa: B018
