"""What keeps a dataset's versions is known from the dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import InputError, OptionError
from framepress.versions.bridges import begin, bridge
from framepress.versions.bridges.kinds import KINDS, remember, remembered
from framepress.versions.history import History


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_remembered(dataset: Path, kind: str) -> None:
    assert remembered(dataset) is None
    remember(dataset, kind)
    assert remembered(dataset) == kind


@pytest.mark.parametrize(
    "content", ["", "{", "7", '{"kind": "dvc"}', '{"schema": "framepress.bridge", "version": 1, "kind": "cvs"}']
)
def test_a_damaged_file_is_named(dataset: Path, content: str) -> None:
    remember(dataset, "dvc")
    (dataset / ".framepress/bridge.json").write_text(content)
    with pytest.raises(InputError, match=r"bridge\.json: is not what this framepress reads"):
        remembered(dataset)


def test_without_a_tool_versions_are_our_own(dataset: Path) -> None:
    assert isinstance(begin(dataset), History)
    assert isinstance(bridge(dataset), History)
    with pytest.raises(OptionError, match="not by dvc"):
        bridge(dataset, "dvc")


def test_a_folder_without_versions_says_how_to_begin(dataset: Path) -> None:
    with pytest.raises(InputError, match="framepress version init"):
        bridge(dataset)


def test_a_tool_that_is_none_is_refused(dataset: Path) -> None:
    with pytest.raises(OptionError, match="there are dvc, git-lfs"):
        begin(dataset, "cvs")
    assert not (dataset / ".git").exists()
