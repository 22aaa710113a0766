"""Versions kept by git and DVC, against the real tools: what plain commands of theirs say and give back."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import framepress
from framepress.errors import OptionError, OutputError
from framepress.versions.bridges import Bridge, bridge
from frames import LABELS
from judges.environments import python_of
from versions.bridges.plain import RECORDS, files, git, records

pytestmark = pytest.mark.judge


@pytest.fixture(scope="module")
def folder_of_dvc() -> Path:
    return python_of("dvc").parent


@pytest.fixture(autouse=True)
def _tool(folder_of_dvc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{folder_of_dvc}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", os.environ["HOME"])
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.fixture
def kept(dataset: Path) -> Bridge:
    return Bridge.init(dataset, "dvc")


def dvc(folder: Path, *arguments: str) -> str:
    """What a plain dvc says."""
    run = subprocess.run(["dvc", *arguments], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def change(dataset: Path) -> None:
    for path, content in (("images/a b.png", b"another"), ("images/*.png/x.png", b"more")):
        (dataset / path).unlink()
        (dataset / path).write_bytes(content)
    (dataset / "labels/1 -x.txt").write_text("1 van\n")
    (dataset / "images/-dash.png").unlink()
    (dataset / "clouds/new.PCD").write_bytes(b"points")


def test_dvc_and_git_find_nothing_to_do_after_a_commit(kept: Bridge) -> None:
    assert kept.commit("first").new
    assert json.loads(dvc(kept.dataset, "status", "--json")) == {}
    assert json.loads(dvc(kept.dataset, "data", "status", "--json", "--granular")) == {}
    assert git(kept.dataset, "status", "--porcelain") == ""


def test_folders_of_media_are_dvcs_and_text_is_gits(kept: Bridge) -> None:
    kept.commit("first")
    known = set(git(kept.dataset, "ls-files").splitlines())
    assert {"images.dvc", "clouds.dvc", "labels/1 -x.txt", "run.sh"} <= known
    assert not any(name.startswith(("images/", "clouds/")) for name in known)


def test_a_plain_clone_pulls_the_bytes_of_every_version(kept: Bridge, tmp_path: Path) -> None:
    first = files(kept.dataset)
    kept.commit("first")
    kept.tag("sent", note="to training")
    change(kept.dataset)
    kept.commit("second")
    second = files(kept.dataset)
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(kept.dataset, "remote", "add", "origin", (tmp_path / "remote.git").as_uri())
    (tmp_path / "storage").mkdir()
    with pytest.raises(OptionError, match="DVC has no default remote yet"):
        kept.push()
    assert kept.push(str(tmp_path / "storage")).versions == (1, 2)
    kept.commit("where the contents are")
    assert kept.push().versions == (3,)
    git(tmp_path, "clone", "-q", (tmp_path / "remote.git").as_uri(), "clone")
    clone = tmp_path / "clone"
    dvc(clone, "pull", "-q")
    assert files(clone) == second
    git(clone, "checkout", "-q", "sent")
    dvc(clone, "remote", "add", "-q", "-d", "again", str(tmp_path / "storage"))
    dvc(clone, "pull")
    assert files(clone) == first
    assert json.loads(dvc(clone, "status", "--json")) == {}


def test_a_clone_knows_its_bridge_and_goes_on(kept: Bridge, tmp_path: Path) -> None:
    kept.commit("first")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(kept.dataset, "remote", "add", "origin", (tmp_path / "remote.git").as_uri())
    (tmp_path / "storage").mkdir()
    kept.push(str(tmp_path / "storage"))
    kept.commit("where")
    kept.push()
    git(tmp_path, "clone", "-q", (tmp_path / "remote.git").as_uri(), "clone")
    theirs = bridge(tmp_path / "clone")
    assert isinstance(theirs, Bridge)
    dvc(tmp_path / "clone", "pull", "-q")
    (tmp_path / "clone/images/new.png").write_bytes(b"from there")
    theirs.commit("third")
    assert theirs.push().versions == (3,)
    assert kept.pull().versions == (3,)
    assert files(kept.dataset) == files(tmp_path / "clone")


def test_versions_are_listed_named_compared_and_laid_out(kept: Bridge, tmp_path: Path) -> None:
    first = files(kept.dataset)
    made = kept.commit("first", author="Grace", notes={"ticket": 7}).version
    assert made.commit.files >= len(first)
    change(kept.dataset)
    assert {change.path for change in kept.status().changes} == {
        "images/a b.png",
        "images/*.png/x.png",
        "labels/1 -x.txt",
        "images/-dash.png",
        "clouds/new.PCD",
    }
    assert {change.path for change in kept.diff_files("1", None)} == {change.path for change in kept.status().changes}
    kept.commit("second")
    assert [(v.number, v.commit.message, v.commit.author) for v in kept.log()] == [
        (2, "second", "Ada"),
        (1, "first", "Grace"),
    ]
    assert kept.tag("sent", "1").tags == ("sent",)
    by_path = {found.path: found for found in kept.diff_files("sent")}
    assert {name for name in by_path if not name.endswith(".dvc")} == {
        "images/a b.png",
        "images/*.png/x.png",
        "labels/1 -x.txt",
        "images/-dash.png",
        "clouds/new.PCD",
    }
    assert by_path["images/-dash.png"].after is None
    assert by_path["clouds/new.PCD"].before is None
    assert "images/-dash.png" in {row.path for row in kept.rows(made)}
    kept.checkout("sent", tmp_path / "old")
    assert files(tmp_path / "old") == first


def test_the_folder_goes_back_and_the_branch_stays(kept: Bridge) -> None:
    first = files(kept.dataset)
    kept.commit("first")
    change(kept.dataset)
    (kept.dataset / "video").mkdir()
    (kept.dataset / "video/0.mp4").write_bytes(b"film")
    with pytest.raises(OutputError, match="have changes that no version has"):
        kept.checkout("1")
    kept.commit("second")
    second = files(kept.dataset)
    kept.checkout("1")
    assert files(kept.dataset) == first
    assert json.loads(dvc(kept.dataset, "status", "--json")) == {}
    assert git(kept.dataset, "branch", "--show-current").strip() == "main"
    assert kept.commit("back").version.number == 3
    kept.checkout("2")
    assert files(kept.dataset) == second


def test_a_content_that_is_gone_from_the_cache_comes_from_the_remote(kept: Bridge, tmp_path: Path) -> None:
    first = files(kept.dataset)
    kept.commit("first")
    (tmp_path / "the storage").mkdir()
    assert kept.push(str(tmp_path / "the storage")).to_dict() == {"remote": "storage", "versions": []}
    assert kept.push().remote == kept.push(str(tmp_path / "the storage")).remote == "storage"
    assert list((tmp_path / "the storage").rglob("*.dir"))
    change(kept.dataset)
    kept.commit("second")
    shutil.rmtree(kept.dataset / ".dvc/cache")
    kept.checkout("1", tmp_path / "old")
    assert files(tmp_path / "old") == first
    kept.checkout("1")
    assert files(kept.dataset) == first


def test_nothing_changed_is_no_new_version(kept: Bridge) -> None:
    first = kept.commit("first")
    again = kept.commit("again")
    assert not again.new
    assert again.version.id == first.version.id


def test_a_folder_that_is_gone_is_given_up(kept: Bridge) -> None:
    kept.commit("first")
    shutil.rmtree(kept.dataset / "clouds")
    kept.commit("second")
    assert "clouds.dvc" not in git(kept.dataset, "ls-files")
    assert json.loads(dvc(kept.dataset, "status", "--json")) == {}


def test_a_dataset_in_a_bigger_repository_commits_itself_only(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-qm", "code")
    kept = Bridge.init(dataset, "dvc")
    (tmp_path / "code.py").write_text("2\n")
    first = files(dataset)
    kept.commit("data")
    assert git(tmp_path, "status", "--porcelain").strip() == "M code.py"
    assert git(tmp_path, "show", "HEAD:code.py") == "1\n"
    change(dataset)
    assert "images/a b.png" in {change.path for change in kept.status().changes}
    kept.commit("more")
    assert "images/a b.png" in {change.path for change in kept.diff_files("1")}
    kept.checkout("1", tmp_path / "old")
    assert files(tmp_path / "old") == first


def test_a_dataset_in_a_project_of_dvc_uses_that(dataset: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    dvc(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-qm", "dvc")
    kept = Bridge.init(dataset, "dvc")
    assert not (dataset / ".dvc").exists()
    first = files(dataset)
    kept.commit("data")
    change(dataset)
    kept.commit("more")
    assert "images/a b.png" in {change.path for change in kept.diff_files("1")}
    kept.checkout("1", tmp_path / "old")
    assert files(tmp_path / "old") == first


def test_what_git_has_stays_gits(dataset: Path) -> None:
    git(dataset, "init", "-q")
    git(dataset, "add", "clouds/0.pcd")
    git(dataset, "commit", "-qm", "mine")
    kept = Bridge.init(dataset, "dvc")
    kept.commit("first")
    known = set(git(dataset, "ls-files").splitlines())
    assert {"clouds/0.pcd", "clouds/deep.dvc", "images.dvc"} <= known
    assert git(dataset, "status", "--porcelain") == ""


def test_killed_at_any_moment_the_next_commit_is_whole(dataset: Path) -> None:
    for number in range(300):
        (dataset / f"clouds/{number}.bin").write_bytes(b"%d" % number * 500)
    kept = Bridge.init(dataset, "dvc")
    code = f"from framepress.versions.bridges import bridge; bridge({str(dataset)!r}).commit('killed')"
    noise = random.Random(3)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.DEVNULL, env=environment, start_new_session=True
        )
        time.sleep(noise.uniform(0.5, 2.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        (dataset / ".git/index.lock").unlink(missing_ok=True)  # git's own, and it says so
    kept.commit("whole")
    assert git(dataset, "status", "--porcelain") == ""
    assert json.loads(dvc(dataset, "status", "--json")) == {}
    shutil.rmtree(dataset / "clouds")
    dvc(dataset, "checkout", "-q")
    assert (dataset / "clouds/299.bin").read_bytes() == b"299" * 500


def test_a_dataset_of_ours_goes_back_with_its_journal(ours: Path, tmp_path: Path) -> None:
    kept = Bridge.init(ours, "dvc")
    kept.commit("first")
    assert records(ours) == {
        *RECORDS,
        ".framepress/bridge.json",
        ".framepress/journal.dvc",
        ".framepress/.gitignore",
    }
    assert json.loads(dvc(ours, "data", "status", "--json", "--granular")) == {}
    assert kept.status().changes == ()
    (ours / "native/note.txt").write_text("more\n")
    kept.commit("second")
    kept.checkout("1")
    assert not (ours / "native/note.txt").exists()
    kept.checkout("1", tmp_path / "old")
    assert framepress.open(tmp_path / "old", "native").labels().names == LABELS.names
    assert kept.diff("1", "2").frames == ()
