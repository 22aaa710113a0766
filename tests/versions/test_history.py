"""Versions of one folder: commit, look back, name, go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.history import History


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    (made / "images").mkdir(parents=True)
    for number in range(5):
        (made / f"images/{number}.png").write_bytes(b"picture %d" % number)
    (made / "labels.txt").write_text("0 car\n")
    return made


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".framepress" not in path.parts
    }


def test_each_version_is_laid_out_as_it_was(folder: Path, tmp_path: Path) -> None:
    history = History.init(folder)
    first = content(folder)
    history.commit("one")
    (folder / "labels.txt").write_text("1 van\n")
    (folder / "images/0.png").unlink()
    (folder / "images/new.png").write_bytes(b"new")
    second = content(folder)
    history.commit("two")
    history.checkout("1", tmp_path / "a")
    history.checkout("head", tmp_path / "b")
    assert content(tmp_path / "a") == first
    assert content(tmp_path / "b") == second


def test_nothing_changed_is_no_new_version(folder: Path) -> None:
    history = History.init(folder)
    assert history.commit("one").new
    again = History.open(folder).commit("two")
    assert not again.new
    assert [version.commit.message for version in history.log()] == ["one"]


def test_a_commit_from_an_older_version_is_told_so_and_changes_nothing(folder: Path) -> None:
    first, second = History.init(folder), History.open(folder)
    first.commit("one")
    (folder / "labels.txt").write_text("2\n")
    with pytest.raises(OutputError, match="the latest is 1"):
        second.commit("beside it")
    assert len(first.log()) == 1


def test_a_tag_names_a_version_for_good(folder: Path) -> None:
    history = History.init(folder)
    history.commit("one")
    history.tag("sent")
    (folder / "labels.txt").write_text("2\n")
    history.commit("two")
    with pytest.raises(OptionError, match="never moves"):
        history.tag("sent")
    assert history.version("sent").number == 1


def test_a_commit_that_was_killed_behind_its_last_step_is_known_to_be_of_this_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History.init(folder)
    history.commit("one")
    (folder / "labels.txt").write_text("2\n")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(History, "_stands_at", killed)
        with pytest.raises(Killed):
            history.commit("two")
    again = History.open(folder)
    assert not again.status().changes
    (folder / "labels.txt").write_text("3\n")
    assert again.commit("three").version.number == 3
    assert not (folder / ".framepress/versions/committing.json").exists()


def test_files_of_a_version_that_was_pruned_are_not_compared(folder: Path) -> None:
    history = History.init(folder)
    history.commit("one")
    (folder / "new.txt").write_text("new")
    history.commit("two")
    history.prune(1)
    history.gc(now=True)
    for names in (("1",), ("1", "2"), ("2", "1")):
        with pytest.raises(InputError, match="version 1: was pruned"):
            history.diff_files(*names)
