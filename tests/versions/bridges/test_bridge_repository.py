"""What a bridge asks of git, with plain git beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.bridges.record import message_with
from framepress.versions.bridges.repository import Repository, location
from framepress.versions.bridges.tools import Tools
from versions.bridges.plain import git


@pytest.fixture
def repository(dataset: Path) -> Repository:
    git(dataset, "init", "-q")
    return Repository(Tools(dataset))


def committed(repository: Repository, message: str, **options: str) -> None:
    repository.git("add", "-A", "--", ".")
    assert repository.commit(message, options.get("author", ""), options.get("time", ""))


def test_the_log_counts_the_datasets_commits_and_knows_their_tags(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    repository = Repository(Tools(dataset))
    assert repository.log() == []
    committed(repository, "first", author="Grace", time="2026-01-02T03:04:05+00:00")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-qm", "beside it")
    (dataset / "labels/0 -x.txt").write_text("changed\n")
    committed(repository, "second\n\nwith more to say\n")
    git(dataset, "tag", "plain", "HEAD")
    repository.tag("sent", repository.log()[1].id, "to training")
    second, first = repository.log()
    assert (second.number, second.commit.message, second.tags) == (2, "second\n\nwith more to say", ("plain",))
    assert (first.number, first.commit.author, first.time) == (1, "Grace", "2026-01-02T03:04:05+00:00")
    assert first.tags == ("sent",)
    assert git(dataset, "tag", "-l", "--format=%(contents)", "sent").strip() == "to training"
    assert first.id == git(dataset, "rev-parse", "HEAD~2").strip()


def test_commits_of_other_branches_are_no_versions(repository: Repository, dataset: Path) -> None:
    committed(repository, "first")
    git(dataset, "switch", "-q", "-c", "other")
    (dataset / "run.sh").write_text("other\n")
    committed(repository, "beside it")
    git(dataset, "switch", "-q", "main")
    (dataset / "labels/0 -x.txt").write_text("second\n")
    committed(repository, "second")
    git(dataset, "merge", "-q", "other", "-m", "merged")
    assert [version.commit.message for version in repository.log()] == ["merged", "second", "first"]


def test_what_is_staged_beside_the_dataset_is_not_committed_with_it(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    repository = Repository(Tools(dataset))
    (tmp_path / "code.py").write_text("1")
    repository.check_can_commit()
    git(tmp_path, "add", "code.py", "data set/run.sh")
    with pytest.raises(OutputError, match=r"1 files beside the dataset are staged, code\.py first"):
        repository.check_can_commit()


def test_a_record_comes_back_from_the_message_and_is_no_part_of_it(repository: Repository) -> None:
    committed(repository, message_with("über\n# all", 7, 99, {"labels": ["a", "ü"]}))
    version = repository.log()[0]
    assert version.commit.message == "über\n# all"
    assert (version.commit.files, version.commit.size) == (7, 99)
    assert version.commit.provenance == {"labels": ["a", "ü"]}
    assert version.to_dict()["id"] == version.id


@pytest.mark.parametrize("message", ["plain", "Framepress: {}", "text\n\nFramepress: not json", "Framepress: 7"])
def test_messages_of_people_stay_as_they_are(repository: Repository, message: str) -> None:
    committed(repository, message)
    assert repository.log()[0].commit.message == message
    assert repository.log()[0].commit.provenance == {}


def test_a_tag_never_moves(repository: Repository, dataset: Path) -> None:
    committed(repository, "first")
    (dataset / "run.sh").write_text("more\n")
    committed(repository, "second")
    second, first = repository.log()
    repository.tag("sent", first.id, "")
    repository.tag("sent", first.id, "")
    with pytest.raises(OptionError, match="a tag never moves"):
        repository.tag("sent", second.id, "")


def test_who_commits_must_be_known(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    with pytest.raises(OptionError, match=r"git does not know who you are; tell it with `git config user\.name NAME`"):
        repository.check_can_commit()


def test_no_commit_without_a_branch_or_in_the_middle_of_a_merge(repository: Repository, dataset: Path) -> None:
    committed(repository, "first")
    (dataset / ".git/MERGE_HEAD").write_text(f"{repository.head()}\n")
    with pytest.raises(OutputError, match="in the middle of something"):
        repository.check_can_commit()
    (dataset / ".git/MERGE_HEAD").unlink()
    git(dataset, "checkout", "-q", "--detach")
    with pytest.raises(OutputError, match="no branch is checked out"):
        repository.check_can_commit()


def test_a_folder_that_git_ignores_is_refused(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("data*\n")
    with pytest.raises(OptionError, match="is ignored by the git repository around it"):
        Repository.above(Tools(dataset))


def test_changes_are_told_by_path_and_by_what_was_there(repository: Repository, dataset: Path) -> None:
    committed(repository, "first")
    before = {blob.path: blob.id for blob in repository.blobs("HEAD")}
    assert "images/new\nline.png" in before
    (dataset / "images/new\nline.png").write_bytes(b"other")
    (dataset / "images/-dash.png").unlink()
    (dataset / "images/new *.png").write_bytes(b"new")
    expected = {
        "images/new\nline.png": before["images/new\nline.png"],
        "images/-dash.png": before["images/-dash.png"],
        "images/new *.png": None,
    }
    assert dict(repository.changed()) == expected
    committed(repository, "second")
    told = {path: (old, new is not None) for path, old, new in repository.between("HEAD~1", "HEAD")}
    assert told == {path: (old, path != "images/-dash.png") for path, old in expected.items()}


def test_contents_come_as_they_are_and_a_lost_one_is_told(repository: Repository, dataset: Path) -> None:
    committed(repository, "first")
    blobs = repository.blobs("HEAD")
    contents = dict(repository.contents(blob.id for blob in blobs))
    assert all(contents[blob.id] == (dataset / blob.path).read_bytes() for blob in blobs)
    assert all(repository.blob_id(content) == id for id, content in contents.items())
    with pytest.raises(InputError, match="git lacks the content"):
        list(repository.contents(["0" * 40]))


def test_what_git_ignores_is_known_by_its_name(repository: Repository, dataset: Path) -> None:
    (dataset / ".gitignore").write_text("*.PNG\n/images/:(glob)z.png\n")
    asked = ["images/UPPER.PNG", "images/:(glob)z.png", "images/*.png/x.png", "images/a b.png"]
    assert repository.ignored(asked) == asked[:2]
    assert repository.ignored(asked[2:]) == []


def test_a_dataset_goes_back_alone(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    repository = Repository(Tools(dataset))
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "code.py").write_text("2")
    (dataset / "run.sh").write_text("other\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "second")
    repository.restore("HEAD~1")
    assert (dataset / "run.sh").read_text() == "#!/bin/sh\n"
    assert (tmp_path / "code.py").read_text() == "2"
    assert git(tmp_path, "log", "-1", "--format=%s").strip() == "second"


def test_a_remote_is_a_name_or_becomes_one(repository: Repository, tmp_path: Path) -> None:
    (repository.dataset / "a").write_text("a")
    assert repository.remote("") == ""
    (tmp_path / "the remote").mkdir()
    assert repository.remote(str(tmp_path / "the remote")) == "origin"
    assert repository.setting("remote.origin.url") == (tmp_path / "the remote").as_uri()
    assert repository.remote("") == repository.remote("origin") == repository.remote(str(tmp_path / "the remote"))
    (tmp_path / "other").mkdir()
    with pytest.raises(OptionError, match="git remote add NAME"):
        repository.remote(str(tmp_path / "other"))


@pytest.mark.parametrize("url", ["https://host/x.git", "git@host:x.git", "s3://bucket/x", "file:///x"])
def test_urls_stay_as_they_are(url: str) -> None:
    assert location(url) == url


def test_what_is_neither_a_url_nor_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is neither a remote's name, nor a URL, nor a folder"):
        location(str(tmp_path / "nowhere"))
