"""What git's index is told of files, with plain git as the witness."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from framepress.versions.bridges.index_file import tell_stats
from versions.bridges.plain import git

NAMES = ("a", "ab", "a b.txt", "dir/ünï", "dir/seven77", "x" * 200, "new\nline")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Files whose entries in the index are right but know nothing of them."""
    git(tmp_path, "init", "-q")
    for number, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content %d" % number)
    git(tmp_path, "add", "-A")
    _forget(tmp_path)
    assert set(_dirty(tmp_path)) == set(NAMES)
    return tmp_path


def _forget(root: Path) -> None:
    entries = git(root, "ls-files", "-s", "-z")
    git(root, "rm", "-q", "-r", "--cached", ".")
    git(root, "update-index", "-z", "--index-info", stdin=entries)


def _dirty(root: Path) -> list[str]:
    """Files that git would have to read: this command compares what the index knows of them, and nothing else."""
    return git(root, "diff-files", "--name-only", "-z").split("\0")[:-1]


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _known(root: Path, names: tuple[str, ...]) -> dict[bytes, tuple[str, os.stat_result]]:
    return {os.fsencode(name): (_blob((root / name).read_bytes()), os.lstat(root / name)) for name in names}


def test_git_need_not_read_the_files_that_it_was_told_of(repository: Path) -> None:
    before = git(repository, "ls-files", "-s")
    assert tell_stats(repository / ".git/index", _known(repository, NAMES[:4])) == 4
    git(repository, "fsck", "--strict")  # which also looks at the index's checksum
    assert set(_dirty(repository)) == set(NAMES[4:])
    assert git(repository, "ls-files", "-s") == before
    assert git(repository, "status", "--porcelain", "--untracked-files=no").count("A ") == len(NAMES)


def test_a_file_that_holds_something_else_is_not_told_of(repository: Path) -> None:
    (repository / "a").write_bytes(b"something else")
    assert tell_stats(repository / ".git/index", _known(repository, NAMES)) == len(NAMES) - 1
    assert _dirty(repository) == ["a"]


def test_a_change_after_that_is_seen(repository: Path) -> None:
    tell_stats(repository / ".git/index", _known(repository, NAMES))
    (repository / "ab").write_bytes(b"Content 1")
    assert _dirty(repository) == ["ab"]
    assert "ab" in git(repository, "diff", "--name-only")


def test_flags_and_extensions_of_the_index_stay(repository: Path) -> None:
    git(repository, "update-index", "--skip-worktree", "dir/seven77")  # extended flags: version 3
    git(repository, "write-tree")  # the extension that caches trees
    tree = git(repository, "write-tree")
    assert tell_stats(repository / ".git/index", _known(repository, NAMES)) == len(NAMES)
    assert git(repository, "ls-files", "-t", "dir/seven77").startswith("S ")
    assert git(repository, "write-tree") == tree
    assert _dirty(repository) == []


@pytest.mark.parametrize("settings", [("--index-version", "4"), ("--split-index",)])
def test_an_index_of_another_kind_is_left_as_it_is(repository: Path, settings: tuple[str, ...]) -> None:
    git(repository, "update-index", *settings)
    (repository / "new").write_text("in the part of the index that changes\n")
    git(repository, "add", "new")
    before = (repository / ".git/index").read_bytes()
    assert tell_stats(repository / ".git/index", _known(repository, (*NAMES, "new"))) == 0
    assert (repository / ".git/index").read_bytes() == before


def test_a_damaged_index_is_left_as_it_is(repository: Path) -> None:
    index = repository / ".git/index"
    damaged = bytearray(index.read_bytes())
    damaged[40] ^= 1
    index.write_bytes(damaged)
    assert tell_stats(index, _known(repository, NAMES)) == 0
    assert index.read_bytes() == damaged
