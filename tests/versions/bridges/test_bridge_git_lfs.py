"""Versions kept by git and Git LFS, against the real tools: what plain commands of theirs say and give back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.bridges import Bridge, begin, bridge
from framepress.versions.bridges import lfs as lfs_module
from framepress.versions.bridges.pointers import Pointer
from framepress.versions.manifest import Row
from framepress.versions.working import look
from frames import LABELS, many
from judges.environments import git_lfs
from versions.bridges.plain import RECORDS, files, git, records

pytestmark = pytest.mark.judge


@pytest.fixture(autouse=True, scope="module")
def _tool() -> None:
    git_lfs()


@pytest.fixture
def kept(dataset: Path) -> Bridge:
    return Bridge.init(dataset, "git-lfs")


def plain_clone(url: str, target: Path) -> Path:
    """As somebody does who has never heard of us."""
    git(target.parent, "lfs", "install", "--skip-repo")
    git(target.parent, "clone", "-q", url, str(target))
    return target


def change(dataset: Path) -> None:
    """As a tool does that renders again: the file is made anew."""
    for path, content in (("images/a b.png", b"another"), ("images/*.png/x.png", b"more")):
        (dataset / path).unlink()
        (dataset / path).write_bytes(content)
    (dataset / "labels/1 -x.txt").write_text("1 van\n")
    (dataset / "images/-dash.png").unlink()
    (dataset / "clouds/new.PCD").write_bytes(b"points")


def test_git_finds_nothing_to_do_after_a_commit_and_lfs_finds_nothing_wrong(kept: Bridge) -> None:
    made = kept.commit("first")
    assert made.new
    assert git(kept.dataset, "status", "--porcelain") == ""
    assert git(kept.dataset, "diff-files", "--name-only") == ""
    assert "OK" in git(kept.dataset, "lfs", "fsck")
    git(kept.dataset, "fsck", "--strict")


def test_media_are_in_lfs_and_text_is_in_git(kept: Bridge) -> None:
    kept.commit("first")
    in_lfs = set(git(kept.dataset, "-c", "core.quotePath=false", "lfs", "ls-files", "--name-only").splitlines())
    assert {"clouds/0.pcd", "images/a b.png", "images/UPPER.PNG", "images/*.png/x.png"} <= in_lfs
    assert not any(name.startswith("labels/") for name in in_lfs)
    assert git(kept.dataset, "show", "HEAD:labels/1 -x.txt") == "1 car\n"


def test_what_is_staged_is_what_git_add_stages(dataset: Path, tmp_path: Path) -> None:
    kept = Bridge.init(dataset, "git-lfs")
    kept.commit("first")
    ours = git(dataset, "ls-tree", "-r", "HEAD")
    git(dataset, "rm", "-q", "-r", "--cached", ".")
    git(dataset, "add", "-A")
    assert git(dataset, "ls-tree", "-r", git(dataset, "write-tree").strip()) == ours


def test_a_plain_clone_holds_the_bytes(kept: Bridge, tmp_path: Path) -> None:
    kept.commit("first")
    change(kept.dataset)
    kept.commit("second")
    before = files(kept.dataset)
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    kept.tag("sent", "1", note="to training")
    (kept.dataset / ".git/hooks/pre-push").unlink()  # of Git LFS, as in a clone that never had it
    shared = kept.push(str(remote))
    assert shared.to_dict() == {"remote": "origin", "versions": [1, 2]}
    clone = plain_clone(remote.as_uri(), tmp_path / "clone")
    assert files(clone) == before
    assert "OK" in git(clone, "lfs", "fsck")
    git(clone, "checkout", "-q", "sent")
    assert (clone / "images/-dash.png").exists()


def test_a_clone_knows_its_bridge_and_goes_on(kept: Bridge, tmp_path: Path) -> None:
    kept.commit("first")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    kept.push(str(tmp_path / "remote.git"))
    clone = plain_clone((tmp_path / "remote.git").as_uri(), tmp_path / "clone")
    theirs = bridge(clone)
    assert isinstance(theirs, Bridge)
    (clone / "images/new.png").write_bytes(b"from there")
    theirs.commit("second")
    assert theirs.push().versions == (2,)
    assert kept.pull().versions == (2,)
    assert (kept.dataset / "images/new.png").read_bytes() == b"from there"
    assert [version.commit.message for version in kept.log()] == ["second", "first"]


def test_a_push_over_versions_of_others_is_refused_and_nothing_is_forced(kept: Bridge, tmp_path: Path) -> None:
    kept.commit("first")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    kept.push(str(tmp_path / "remote.git"))
    clone = plain_clone((tmp_path / "remote.git").as_uri(), tmp_path / "clone")
    (clone / "labels/1 -x.txt").write_text("theirs\n")
    git(clone, "commit", "-qam", "theirs")
    git(clone, "push", "-q")
    (kept.dataset / "labels/0 -x.txt").write_text("ours\n")
    kept.commit("ours")
    with pytest.raises(OutputError, match="push failed"):
        kept.push()
    with pytest.raises(OutputError, match="pull failed"):
        kept.pull()
    assert git(tmp_path / "remote.git", "log", "-1", "--format=%s", "main").strip() == "theirs"
    assert kept.log()[0].commit.message == "ours"


def test_versions_are_listed_named_compared_and_laid_out(kept: Bridge, tmp_path: Path) -> None:
    first = files(kept.dataset)
    kept.commit("first", author="Grace", notes={"ticket": 7})
    change(kept.dataset)
    kept.commit("second")
    assert [(v.number, v.commit.message, v.commit.author) for v in kept.log()] == [
        (2, "second", "Ada"),
        (1, "first", "Grace"),
    ]
    assert kept.version("1").commit.provenance["notes"] == {"ticket": 7}
    assert kept.tag("sent", "1").tags == ("sent",)
    by_path = {found.path: found for found in kept.diff_files("sent")}
    assert set(by_path) == {
        "images/a b.png",
        "images/*.png/x.png",
        "labels/1 -x.txt",
        "images/-dash.png",
        "clouds/new.PCD",
        ".gitattributes",
    }
    assert by_path["images/-dash.png"].after is None
    assert by_path["images/a b.png"].after is not None
    assert by_path["images/a b.png"].after.size == len(b"another")
    kept.checkout("sent", tmp_path / "old")
    assert files(tmp_path / "old") == first
    assert os.access(tmp_path / "old/run.sh", os.X_OK)
    assert git(kept.dataset, "diff-files", "--name-only") == ""  # though files got another name meanwhile


def test_media_are_shared_with_lfs_and_safe_from_edits_and_text_is_neither(kept: Bridge, tmp_path: Path) -> None:
    made = kept.commit("first").version
    kept.checkout("1", tmp_path / "old")
    (row,) = [row for row in kept.rows(made) if row.path == "clouds/0.pcd"]
    (stored,) = (kept.dataset / ".git/lfs/objects").rglob(row.sha256)
    for file in (kept.dataset / row.path, tmp_path / "old" / row.path):
        assert file.samefile(stored)
        assert not file.stat().st_mode & 0o222
    assert (kept.dataset / "labels/0 -x.txt").stat().st_mode & 0o200
    assert (tmp_path / "old/labels/0 -x.txt").stat().st_mode & 0o200


def test_the_rows_of_a_version_are_the_hashes_of_its_files(kept: Bridge) -> None:
    made = kept.commit("first").version
    folder = [row for row in look(kept.dataset).rows() if not row.path.startswith(".framepress")]
    assert [row for row in kept.rows(made) if not row.path.startswith(".framepress")] == sorted(folder)
    assert made.commit.files == len(folder)
    assert Row("labels/0 -x.txt", look(kept.dataset).files["labels/0 -x.txt"].sha256, 6) in kept.rows(made)


def test_the_folder_goes_back_and_the_branch_stays(kept: Bridge) -> None:
    first = files(kept.dataset)
    kept.commit("first")
    change(kept.dataset)
    with pytest.raises(OutputError, match="have changes that no version has"):
        kept.checkout("1")
    kept.commit("second")
    (kept.dataset / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        kept.checkout("1")
    (kept.dataset / "mine.txt").unlink()
    kept.checkout("1")
    assert files(kept.dataset) == first
    assert git(kept.dataset, "branch", "--show-current").strip() == "main"
    assert kept.commit("back").version.number == 3


def test_what_git_ignores_is_not_written_over_unless_it_may_be_lost(kept: Bridge) -> None:
    notes = kept.dataset / "notes.txt"
    notes.write_text("of version 1")
    kept.commit("first")
    notes.unlink()
    with (kept.dataset / ".gitignore").open("a") as stream:
        stream.write("notes.txt\n")
    kept.commit("second")
    notes.write_text("years of work")
    with pytest.raises(OutputError, match="1 files that git ignores would be written over"):
        kept.checkout("1")
    assert notes.read_text() == "years of work"
    kept.checkout("1", force=True)
    assert notes.read_text() == "of version 1"


def test_nothing_changed_is_no_new_version(kept: Bridge) -> None:
    first = kept.commit("first")
    again = kept.commit("again")
    assert not again.new
    assert again.version.id == first.version.id
    assert again.read <= 2


def test_the_folder_is_compared_with_a_version(kept: Bridge) -> None:
    kept.commit("first")
    assert kept.status().changes == ()
    change(kept.dataset)
    found = {found.path: (found.before, found.after) for found in kept.diff_files("1", None)}
    assert found["images/-dash.png"][1] is None
    assert found["clouds/new.PCD"] == (
        None,
        Row("clouds/new.PCD", look(kept.dataset).files["clouds/new.PCD"].sha256, 6),
    )
    assert set(found) == {change.path for change in kept.status().changes}


def test_a_dataset_in_a_bigger_repository_commits_itself_only(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-qm", "code")
    kept = Bridge.init(dataset, "git-lfs")
    (tmp_path / "code.py").write_text("2\n")
    kept.commit("data")
    assert git(tmp_path, "status", "--porcelain").strip() == "M code.py"
    assert all(
        name.startswith("data set/")
        for name in git(tmp_path, "show", "--format=", "--name-only", "-z").split("\0")[:-1]
    )
    git(tmp_path, "add", "code.py")
    (dataset / "labels/0 -x.txt").write_text("changed\n")
    with pytest.raises(OutputError, match=r"1 files beside the dataset are staged, code\.py"):
        kept.commit("with it")
    git(tmp_path, "commit", "-qm", "code again")
    kept.commit("data again")
    assert [version.number for version in kept.log()] == [2, 1]
    assert "OK" in git(tmp_path, "lfs", "fsck")


def test_the_users_own_lines_overrule_ours(dataset: Path) -> None:
    (dataset / ".gitattributes").write_text("*.pcd -filter\n")
    (dataset / ".gitignore").write_text("clouds/deep/\n")
    kept = Bridge.init(dataset, "git-lfs")
    kept.commit("first")
    in_lfs = git(dataset, "lfs", "ls-files", "--name-only")
    assert "clouds/0.pcd" not in in_lfs
    known = git(dataset, "ls-files")
    assert "clouds/0.pcd" in known
    assert "deep" not in known
    assert (dataset / ".gitattributes").read_text().endswith("*.pcd -filter\n")


def test_a_big_text_goes_to_lfs_by_its_name(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lfs_module, "_BIG", 1000)
    (dataset / "labels/all [1] .json").write_text("x" * 1001)
    kept = Bridge.init(dataset, "git-lfs")
    kept.commit("first")
    assert "labels/all [1] .json" in git(dataset, "lfs", "ls-files", "--name-only")
    assert "labels/1 -x.txt" not in git(dataset, "lfs", "ls-files", "--name-only")


def test_pointers_of_a_clone_without_contents_stay_pointers(kept: Bridge, tmp_path: Path, monkeypatch) -> None:
    kept.commit("first")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    kept.push(str(tmp_path / "remote.git"))
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    clone = plain_clone((tmp_path / "remote.git").as_uri(), tmp_path / "clone")
    theirs = bridge(clone)
    (clone / "labels/0 -x.txt").write_text("new\n")
    theirs.commit("second")
    assert [change.path for change in theirs.diff_files("1")] == ["labels/0 -x.txt"]
    monkeypatch.delenv("GIT_LFS_SKIP_SMUDGE")
    theirs.checkout("1", tmp_path / "fetched")
    assert files(tmp_path / "fetched") == files(kept.dataset)


def test_a_clone_by_somebody_without_lfs_gets_its_filters_before_it_is_committed(kept: Bridge, tmp_path: Path) -> None:
    kept.commit("first")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    kept.push(str(tmp_path / "remote.git"))
    git(tmp_path, "clone", "-q", (tmp_path / "remote.git").as_uri(), "clone")
    clone = tmp_path / "clone"
    assert git(clone, "config", "--get-regexp", "^(core.bare|filter)").split() == ["core.bare", "false"]
    (clone / "images/new.png").write_bytes(b"from there")
    theirs = bridge(clone)
    theirs.commit("second")
    assert "images/new.png" in git(clone, "lfs", "ls-files", "--name-only")
    assert git(clone, "status", "--porcelain") == ""
    theirs.push()
    kept.pull()
    assert (kept.dataset / "images/new.png").read_bytes() == b"from there"


def test_a_lost_content_is_named(kept: Bridge, tmp_path: Path) -> None:
    made = kept.commit("first").version
    row = next(row for row in kept.rows(made) if row.path == "clouds/0.pcd")
    for found in (kept.dataset / ".git/lfs/objects").rglob(row.sha256):
        found.unlink()
    with pytest.raises(InputError, match=r"clouds/0\.pcd: its content"):
        kept.checkout("1", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hook_that_refuses_is_heard(kept: Bridge) -> None:
    hook = kept.dataset / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no pictures on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(OutputError, match="no pictures on Fridays"):
        kept.commit("first")
    hook.unlink()
    assert kept.commit("first").version.number == 1


def test_killed_at_any_moment_the_next_commit_is_whole(dataset: Path) -> None:
    for number in range(300):
        (dataset / f"clouds/{number}.bin").write_bytes(b"%d" % number * 500)
    kept = Bridge.init(dataset, "git-lfs")
    code = f"from framepress.versions.bridges import bridge; bridge({str(dataset)!r}).commit('killed')"
    noise = random.Random(3)
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        time.sleep(noise.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        (dataset / "clouds/0.bin").write_bytes(noise.randbytes(400)) if not kept.log() else None
    time.sleep(1)  # a git of the last one may be at work still
    kept.commit("whole")
    assert git(dataset, "status", "--porcelain") == ""
    assert "OK" in git(dataset, "lfs", "fsck")
    git(dataset, "fsck", "--strict")


def test_an_index_that_another_git_changes_meanwhile_is_not_overwritten(kept: Bridge, monkeypatch) -> None:
    def meanwhile(index: Path, files: object) -> int:
        git(kept.dataset, "add", "run.sh")
        return 0

    monkeypatch.setattr(lfs_module, "tell_stats", meanwhile)
    with pytest.raises(OutputError, match="another git changed it meanwhile"):
        kept.commit("first")
    assert git(kept.dataset, "ls-files") == "run.sh\n"


def test_while_another_git_is_at_work_nothing_is_staged(kept: Bridge) -> None:
    lock = kept.dataset / ".git/index.lock"
    lock.touch()
    with pytest.raises(OutputError, match=r"index\.lock: another git is at work"):
        kept.commit("first")
    assert git(kept.dataset, "ls-files") == ""
    lock.unlink()
    assert kept.commit("first").new
    assert not list((kept.dataset / ".git").glob("framepress-index-*"))


def test_what_changes_while_it_is_committed_is_told(kept: Bridge, monkeypatch) -> None:
    place = kept._tracker._place

    def meanwhile(path: str, pointer: Pointer) -> bool:
        (kept.dataset / "clouds/deep/1.npz").write_bytes(b"changed meanwhile")
        return place(path, pointer)

    monkeypatch.setattr(kept._tracker, "_place", meanwhile)
    with pytest.raises(InputError, match=r"1\.npz: changed while it was committed"):
        kept.commit("first")


def test_versions_kept_in_one_way_are_not_kept_in_another(kept: Bridge, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="kept by git-lfs already"):
        begin(kept.dataset, "dvc")
    assert begin(kept.dataset).kind == "git-lfs"
    with pytest.raises(OptionError, match="not by dvc"):
        bridge(kept.dataset, "dvc")
    other = tmp_path / "other"
    other.mkdir()
    begin(other)
    with pytest.raises(OptionError, match="our own store"):
        begin(other, "git-lfs")


def test_what_is_not_done_here_names_the_command_that_does_it(kept: Bridge) -> None:
    with pytest.raises(OptionError, match="git lfs fsck"):
        kept.verify()
    with pytest.raises(OptionError, match="git lfs prune"):
        kept.gc(keep=3)


def test_a_dataset_of_ours_is_committed_without_reading_and_compared_by_its_boxes(ours: Path) -> None:
    kept = Bridge.init(ours, "git-lfs")
    made = kept.commit("first")
    pictures = len(list(ours.rglob("*.png")))
    assert made.read < pictures
    assert records(ours) == {*RECORDS, ".framepress/bridge.json", ".framepress/journal"}
    with DatasetWriter(ours, ["native", "coco"], labels=LABELS, existing="append") as writer:
        for frame in many(2, first=6):
            writer.add(frame)
    assert len(kept.diff("1", None).added) == 2
    kept.commit("second")
    assert len(kept.diff("1", "2").added) == 2
    assert len(kept.diff("2", "1").removed) == 2
