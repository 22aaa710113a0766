"""Our lines in files of the user's, with git as the reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepress.errors import InputError
from framepress.versions.bridges.blocks import add_lines, pattern
from versions.bridges.plain import git


def test_the_users_lines_stay_and_overrule_ours(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    file = tmp_path / ".gitattributes"
    theirs = "# mine\r\n*.png -filter\n\n*.tif filter=mine"
    file.write_bytes(theirs.encode())
    add_lines(file, ["*.png filter=lfs", "*.pcd filter=lfs"])
    assert file.read_bytes().endswith(theirs.encode())
    told = git(tmp_path, "check-attr", "filter", "a.png", "a.pcd", "a.tif").splitlines()
    assert told == ["a.png: filter: unset", "a.pcd: filter: lfs", "a.tif: filter: mine"]


def test_lines_come_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "made"
    add_lines(file, ["b", "a"])
    once = file.read_bytes()
    add_lines(file, ["a"])
    assert file.read_bytes() == once
    add_lines(file, ["c", "b"])
    assert [line for line in file.read_text().splitlines() if not line.startswith("#")] == ["b", "a", "c"]


def test_what_is_above_the_block_and_below_it_stays(tmp_path: Path) -> None:
    file = tmp_path / "made"
    add_lines(file, ["a"])
    file.write_text("above\n" + file.read_text() + "below\n")
    add_lines(file, ["b"])
    assert [line for line in file.read_text().splitlines() if not line.startswith("#")] == ["a", "b", "above", "below"]


def test_a_block_without_its_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "made"
    add_lines(file, ["a"])
    half = "\n".join(file.read_text().splitlines()[:-1])
    file.write_text(half)
    with pytest.raises(InputError, match="line 1 begins a block that does not end"):
        add_lines(file, ["b"])
    assert file.read_text() == half


_NAMES = st.text(
    st.sampled_from("ab*?[]! \t\n\"'#:(){}-~é日") | st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1
).filter(lambda name: name not in (".", "..") and not name.startswith(".git") and len(name.encode()) < 200)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12, unique=True))
def test_a_pattern_matches_its_path_and_no_other(tmp_path: Path, paths: list[str]) -> None:
    if not (tmp_path / ".git").exists():
        git(tmp_path, "init", "-q")
    lines = [f"{pattern(path)} which={number}" for number, path in enumerate(paths)]
    (tmp_path / ".gitattributes").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    told = git(tmp_path, "check-attr", "-z", "--stdin", "which", stdin="".join(f"{path}\0" for path in paths))
    assert told.split("\0")[2::3] == [str(number) for number in range(len(paths))]
