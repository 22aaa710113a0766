"""A dataset folder that is shared: pushed, cloned, pulled into, and both sides going on."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import OptionError, OutputError
from framepress.versions.clone import clone
from framepress.versions.history import History
from framepress.versions.remotes.remembered import recalled, remember


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    for number in range(5):
        (folder / f"images/{number}.png").write_bytes(b"picture %d" % number)
    (folder / "labels.txt").write_text("0 car\n")
    return folder


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".framepress" not in path.parts
    }


def test_a_clone_is_the_latest_version_and_goes_on(dataset: Path, tmp_path: Path) -> None:
    history = History.init(dataset)
    history.commit("one")
    (dataset / "labels.txt").write_text("0 van\n")
    history.commit("two")
    history.push(tmp_path / "remote")
    pulled = clone(tmp_path / "remote", tmp_path / "deep/clone")
    other = History.open(tmp_path / "deep/clone")
    assert pulled.versions == (1, 2)
    assert content(tmp_path / "deep/clone") == content(dataset)
    assert [version.commit.message for version in other.log()] == ["two", "one"]
    assert other.status().changes == ()
    (tmp_path / "deep/clone/labels.txt").write_text("0 bus\n")
    other.commit("three")
    assert other.push().versions == (3,)
    before = content(dataset)
    assert history.pull().versions == (3,)
    assert content(dataset) == before
    history.pull()
    history.checkout("head")
    assert content(dataset) == content(tmp_path / "deep/clone")
    assert history.status().changes == ()
    assert not history.commit("nothing").new


def test_a_pull_leaves_a_folder_with_changes_as_it_is(dataset: Path, tmp_path: Path) -> None:
    history = History.init(dataset)
    history.commit("one")
    history.push(tmp_path / "remote")
    clone(tmp_path / "remote", tmp_path / "clone")
    other = History.open(tmp_path / "clone")
    (dataset / "labels.txt").write_text("0 van\n")
    history.commit("two")
    history.push()
    (tmp_path / "clone/labels.txt").write_text("0 bus\n")
    assert other.pull().versions == (2,)
    with pytest.raises(OutputError, match=r"labels\.txt"):
        other.checkout("head")
    assert (tmp_path / "clone/labels.txt").read_text() == "0 bus\n"


def test_work_that_went_apart_is_joined_by_a_line_of_its_own(dataset: Path, tmp_path: Path) -> None:
    history = History.init(dataset)
    history.commit("one")
    history.push(tmp_path / "remote")
    clone(tmp_path / "remote", tmp_path / "clone")
    other = History.open(tmp_path / "clone")
    (tmp_path / "clone/labels.txt").write_text("0 bus\n")
    other.commit("theirs")
    other.push()
    (dataset / "images/5.png").write_bytes(b"picture 5")
    history.commit("ours")
    with pytest.raises(OutputError, match="--as theirs"):
        history.push()
    history.pull(as_line="theirs")
    theirs = history.along("theirs")
    assert [version.commit.message for version in theirs.log()] == ["theirs", "one"]
    theirs.checkout("head", tmp_path / "look", bare=True)
    assert (tmp_path / "look/labels.txt").read_text() == "0 bus\n"
    (dataset / "labels.txt").write_text("0 bus\n")
    assert theirs.commit("both", over=True).version.number == 3
    assert theirs.push(remote_line="main").versions == (3,)
    other.pull()
    other.checkout("head")
    assert content(tmp_path / "clone") == content(dataset)


def test_a_folder_goes_to_another_line_and_back(dataset: Path, tmp_path: Path) -> None:
    history = History.init(dataset, store=tmp_path / "store")
    history.commit("one")
    other = tmp_path / "other"
    history.checkout("1", other, bare=True)
    (other / "theirs.txt").write_text("theirs")
    History.init(other, store=tmp_path / "store", line="theirs").commit("theirs")
    (dataset / "ours.txt").write_text("ours")
    history.commit("ours")
    before = content(dataset)
    history.along("theirs").checkout("head")
    assert content(dataset) == content(other)
    (dataset / "ours.txt").write_text("in no version")
    with pytest.raises(OutputError, match=r"has changes that no version has: ours\.txt"):
        History.open(dataset).along("main").checkout("head")
    (dataset / "ours.txt").unlink()
    History.open(dataset).along("main").checkout("head")
    assert content(dataset) == before


def test_a_clone_needs_a_new_folder(dataset: Path, tmp_path: Path) -> None:
    History.init(dataset).commit("one")
    History.open(dataset).push(tmp_path / "remote")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/thesis.txt").write_text("years of work")
    for target in (tmp_path / "taken", dataset, tmp_path / "taken/thesis.txt"):
        with pytest.raises(OutputError, match=r"new or empty folder|cannot be made"):
            clone(tmp_path / "remote", target)
    assert content(tmp_path / "taken") == {"thesis.txt": b"years of work"}


def test_a_clone_that_ended_early_goes_on(dataset: Path, tmp_path: Path) -> None:
    History.init(dataset).commit("one")
    History.open(dataset).push(tmp_path / "remote")

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clone(tmp_path / "remote", tmp_path / "clone", progress=stop)
    assert content(tmp_path / "clone") == {}
    pulled = clone(tmp_path / "remote", tmp_path / "clone")
    assert (pulled.versions, pulled.contents) == ((1,), 0)
    assert content(tmp_path / "clone") == content(dataset)


def test_without_a_remote_the_last_one_is_taken_or_it_is_asked_for(dataset: Path, tmp_path: Path) -> None:
    history = History.init(dataset)
    history.commit("one")
    with pytest.raises(OptionError, match="say a folder or a URL"):
        history.push()
    history.push(str(tmp_path / "remote"))
    assert History.open(dataset).push().remote == str(tmp_path / "remote")


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("s3://user:password@bucket/prefix", None),
        ("https://account.blob.core.windows.net/box?sig=secret", None),
        (("fsspec", "path"), None),
    ],
)
def test_no_credential_is_kept(remote: object, kept: str | None, tmp_path: Path) -> None:
    remember(tmp_path, remote)
    if kept is None:
        assert not list(tmp_path.iterdir())
        with pytest.raises(OptionError):
            recalled(tmp_path)
    else:
        assert recalled(tmp_path) == kept


def test_what_is_shared_with_the_store_is_not_changed_by_a_pull(dataset: Path, tmp_path: Path) -> None:
    """Another folder with the same store stays as it is when one is taken forward."""
    history = History.init(dataset, store=tmp_path / "store")
    history.commit("one")
    history.checkout("head", tmp_path / "beside")
    before = content(tmp_path / "beside")
    history.push(tmp_path / "remote")
    clone(tmp_path / "remote", tmp_path / "clone")
    other = History.open(tmp_path / "clone")
    (tmp_path / "clone/images/0.png").unlink()
    (tmp_path / "clone/images/0.png").write_bytes(b"another picture")
    other.commit("two")
    other.push()
    history.pull()
    history.checkout("head")
    assert (dataset / "images/0.png").read_bytes() == b"another picture"
    assert content(tmp_path / "beside") == before
