"""`framepress version`: what it answers, what it refuses, and with which exit code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.writer import DatasetWriter
from framepress.versions.refs import Ref
from framepress.versions.store import Store
from frames import LABELS, many, mono

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("FRAMEPRESS_DEBUG", "FRAMEPRESS_AUTHOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def dataset(run: Run, tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "dataset", ["coco"], labels=LABELS) as writer:
        for frame in many(6):
            writer.add(frame)
    run("version", "init", "dataset")
    return tmp_path / "dataset"


def test_a_commit_is_told_with_its_provenance_and_the_time_it_was_given(run: Run, dataset: Path) -> None:
    report = dataset.parent / "report.json"
    report.write_text("{}")
    made = answer(run("version", "commit", "dataset", "-m", "one", "--note", "ticket=17", "--report", report, "--json"))
    assert (made["number"], made["new"], made["time"]) == (1, True, "2023-11-14T22:13:20Z")
    assert made["provenance"]["notes"] == {
        "ticket": "17",
        "report": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
    }
    assert made["provenance"]["labels"]["names"] == list(LABELS.names)
    shown = answer(run("version", "show", "dataset", "--json"))
    assert shown == {name: value for name, value in made.items() if name in shown}
    assert "notes.ticket" in run("version", "show", "dataset").stdout


def test_the_author_is_who_the_variable_names(run: Run, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_AUTHOR", "Ada")
    run("version", "commit", "dataset", "-m", "one")
    assert "(Ada)" in run("version", "log", "dataset").stdout


def test_a_second_commit_of_the_same_is_no_version_and_no_error(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    again = run("version", "commit", "dataset", "-m", "two")
    assert again.stdout.startswith("nothing has changed since version 1")
    assert len(answer(run("version", "log", "dataset", "--json"))["versions"]) == 1


def test_a_dataset_that_does_not_hold_the_profile_becomes_no_version(run: Run, dataset: Path) -> None:
    annotations = dataset / "annotations/instances_default.json"
    document = json.loads(annotations.read_text())
    document["annotations"][0]["bbox"][2] += 1000
    annotations.write_text(json.dumps(document))
    refused = run("version", "commit", "dataset", "-m", "one", "--require", "default", code=1)
    assert "COCO-005" in refused.stderr
    assert answer(run("version", "log", "dataset", "--json"))["versions"] == []


def test_status_and_diff_see_what_is_in_no_version_yet(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    assert "nothing has changed" in run("version", "status", "dataset").stdout
    (dataset / "notes.txt").write_text("new")
    changed = answer(run("version", "status", "dataset", "--json"))
    assert changed["files"] == {"added": ["notes.txt"], "removed": [], "changed": []}
    assert answer(run("version", "diff", "dataset", "--files", "--json")) == {
        "from": "base",
        "to": None,
        "files": changed["files"],
    }
    found = answer(run("version", "diff", "dataset", "--json"))["annotations"]
    assert found["frames"] == {"added": [], "removed": [], "changed": []}


def test_a_diff_lists_every_object_as_json_and_sums_them_up_as_text(run: Run, tmp_path: Path) -> None:
    frames = mono()
    for name, kept in (("one", frames), ("two", frames[:-2])):
        with DatasetWriter(tmp_path / name, ["native"], labels=LABELS) as writer:
            for frame in kept:
                writer.add(frame)
    run("version", "init", "one")
    run("version", "commit", "one", "-m", "all")
    run("version", "init", "two", "--from", "one")
    run("version", "commit", "two", "-m", "fewer")
    found = answer(run("version", "diff", "two", "1", "2", "--json"))["annotations"]
    gone = frames[-2:]
    assert found["frames"]["removed"] == [frame.id for frame in gone]
    count = sum(len(view.objects) for frame in gone for view in frame.views)
    assert found["objects"] == {"removed": count}
    text = run("version", "diff", "two", "1", "2").stdout
    assert "frames    2 removed" in text
    assert f"objects   {count} removed" in text


def test_going_back_refuses_to_lose_what_no_version_has(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    (dataset / "notes.txt").write_text("new")
    run("version", "commit", "dataset", "-m", "two")
    (dataset / "notes.txt").write_text("precious")
    refused = run("version", "checkout", "dataset", "1", code=3)
    assert "notes.txt" in refused.stderr
    assert (dataset / "notes.txt").read_text() == "precious"
    run("version", "checkout", "dataset", "1", "--force")
    assert not (dataset / "notes.txt").exists()
    run("version", "checkout", "dataset", "2", "--to", "elsewhere")
    assert (dataset.parent / "elsewhere/notes.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("commit", "dataset", "-m", "  "), 2, "message"),
        (("show", "dataset", "9"), 2, "there is none"),
        (("tag", "dataset", "v7"), 2, "another name"),
        (("tag", "dataset", "../up"), 2, "letters"),
        (("checkout", "dataset", "1", "--to", "dataset"), 3, "exists"),
        (("log", "."), 4, "version init"),
        (("push", "dataset"), 2, "remote"),
        (("commit", "dataset", "-m", "x", "--note", "novalue"), 2, "key=value"),
        (("init", "dataset", "--store", "other"), 2, "no second one"),
    ],
)
def test_what_cannot_be_is_told_with_the_way_out(
    run: Run, dataset: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    run("version", "commit", "dataset", "-m", "one")
    assert told in run("version", *words, code=code).stderr


def test_damage_is_exit_code_1_and_names_the_file_and_version(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    assert "everything is there and whole" in run("version", "verify", "dataset").stdout
    picture = next(dataset.rglob("*.png"))
    content = bytearray(picture.read_bytes())
    content[len(content) // 2] ^= 1
    os.chmod(picture, 0o644)
    with picture.open("r+b") as stream:  # in place: the store's file, too, where it is the same one
        stream.write(content)
    found = run("version", "verify", "dataset", "--json", code=1)
    (damage,) = answer(found)["damages"]
    assert damage["needed_by"] == [{"version": "version 1", "path": picture.relative_to(dataset).as_posix()}]
    assert picture.name in run("version", "verify", "dataset", code=1).stdout


def test_versions_are_pruned_only_when_asked_for(run: Run, dataset: Path) -> None:
    for number in range(3):
        (dataset / "notes.txt").write_text(f"{number}\n" * 1000)
        run("version", "commit", "dataset", "-m", f"number {number}")
    shutil.copytree(dataset, "copy", ignore=shutil.ignore_patterns("versions"))
    run("version", "tag", "dataset", "kept", "1")
    assert answer(run("version", "gc", "dataset", "--now", "--json"))["trashed"] == 0
    swept = answer(run("version", "gc", "dataset", "--keep-last", "1", "--now", "--json"))
    assert swept["pruned"] == [2]
    assert swept["trashed"] > 0
    run("version", "checkout", "dataset", "1", "--to", "first")
    assert "pruned" in run("version", "checkout", "dataset", "2", "--to", "second", code=4).stderr
    assert ["(pruned)" in line for line in run("version", "log", "dataset").stdout.splitlines()] == [False, True, False]
    run("version", "init", "copy", "--from", "dataset")
    (dataset / "notes.txt").write_text("last")
    run("version", "commit", "dataset", "-m", "last")
    run("version", "gc", "dataset", "--keep-last", "1")
    assert "which was pruned: all files count as added" in run("version", "status", "copy").stdout
    assert "everything is there" in run("version", "verify", "dataset").stdout


def test_a_dataset_goes_to_a_remote_and_comes_back_elsewhere(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    sent = answer(run("version", "push", "dataset", "remote", "--json"))
    assert sent["versions"] == [1]
    assert answer(run("version", "push", "dataset", "--json"))["contents"] == 0  # the remote is remembered
    fetched = answer(run("version", "pull", "copy", "remote", "--json"))
    assert fetched["contents"] == sent["contents"]

    def files(root: Path) -> dict[str, bytes]:
        found = (path for path in root.rglob("*") if path.is_file() and ".framepress" not in path.parts)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}

    assert files(dataset.parent / "copy") == files(dataset)
    assert "PASS" in run("validate", "copy").stdout


def test_only_what_is_new_or_changed_since_a_version_is_exported(run: Run, tmp_path: Path) -> None:
    frames = mono()

    def press(folder: str, kept: list[Any]) -> None:
        with DatasetWriter(tmp_path / folder, ["native"], labels=LABELS) as writer:
            for frame in kept:
                writer.add(frame)

    press("before", frames[:5])
    run("version", "init", "before")
    run("version", "commit", "before", "-m", "five")
    run("version", "tag", "before", "exported")
    run("convert", "before", "export", "--to", "coco")
    press("after", [frames[0].replaced(meta={"scene": "other"}), *frames[2:]])  # one changed, one gone, two new
    run("version", "init", "after", "--from", "before")

    run("convert", "after", "part", "--to", "coco", "--since", "exported")
    run("update", "after", "export", "updated", "--since", "exported")
    run("convert", "after", "whole", "--to", "coco")

    def images(folder: str) -> set[str]:
        document = json.loads((tmp_path / folder / "annotations/instances_default.json").read_bytes())
        return {image["file_name"] for image in document["images"]}

    assert images("updated") == images("whole")
    assert len(images("whole")) == 6
    assert {name.rpartition(".")[0] for name in images("part")} == {"a/0000", "b/0002", "b/0003"}
    kept = tmp_path / "updated/images/default/b/0001.png"
    assert os.path.samefile(kept, tmp_path / "export/images/default/b/0001.png")  # linked, not pressed again


def test_a_line_that_is_not_there_is_named_with_those_that_are(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    assert "there is none; there are main" in run("version", "log", "dataset", "--line", "thiers", code=2).stderr


def test_a_command_that_is_proposed_can_be_pasted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data set").mkdir()
    assert "`framepress version commit 'data set' -m TEXT`" in run("version", "init", "data set").stdout


def test_a_checkout_that_did_not_end_is_told(run: Run, dataset: Path) -> None:
    made = answer(run("version", "commit", "dataset", "-m", "one", "--json"))["id"]
    assert answer(run("version", "status", "dataset", "--json"))["unfinished"] is None
    intent = {"to": made.removeprefix("sha256:"), "from": None, "force": False}
    (dataset / ".framepress/versions/taking_back.json").write_text(json.dumps(intent))
    assert answer(run("version", "status", "dataset", "--json"))["unfinished"] == made
    assert f"a checkout of {made[7:19]} into it did not end" in run("version", "status", "dataset").stdout
    run("version", "checkout", "dataset", made[7:19])
    assert "did not end" not in run("version", "status", "dataset").stdout


def test_what_others_say_of_a_version_moves_no_cursor(run: Run, dataset: Path) -> None:
    """Messages, times, notes and names of tags may come from elsewhere."""
    made = answer(run("version", "commit", "dataset", "-m", "one", "--json"))["id"].removeprefix("sha256:")
    store = Store.open(dataset / ".framepress/versions/store")
    notes = {"notes": {"\x1b[2J": "\x1b[2J"}}
    second = store.objects.add(replace(store.commit(made), parents=(made,), message="\n", provenance=notes).to_json())
    store.refs.advance(Ref(2, second, time="\x1b[2J1999"))
    (store.root / "tags").mkdir(exist_ok=True)
    (store.root / "tags/\x1b]0;x").write_bytes(Ref(0, second).to_json())
    for command in ("log", "show"):
        said = run("version", command, "dataset").stdout
        assert "\x1b" not in said
        assert "1999" in said


def test_what_no_format_reads_is_compared_as_files_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/one.txt").write_text("1")
    run("version", "init", "notes")
    run("version", "commit", "notes", "-m", "one")
    (tmp_path / "notes/two.txt").write_text("2")
    found = answer(run("version", "diff", "notes", "--json"))
    assert found["files"]["added"] == ["two.txt"]
    assert "no format" in found["not_compared"]
    assert "not compared" in run("version", "diff", "notes").stdout


def test_two_who_went_apart_come_together_by_a_line_of_their_own(run: Run, dataset: Path) -> None:
    run("version", "commit", "dataset", "-m", "one")
    run("version", "push", "dataset", "remote")
    run("version", "pull", "mine", "remote")
    (dataset / "notes.txt").write_text("theirs")
    run("version", "commit", "dataset", "-m", "theirs")
    run("version", "push", "dataset", "remote")
    (dataset.parent / "mine/notes.txt").write_text("mine")
    run("version", "commit", "mine", "-m", "mine")
    refused = run("version", "push", "mine", "remote", code=3)
    assert "--as theirs" in refused.stderr

    run("version", "pull", "mine", "remote", "--as", "theirs")
    assert [
        found["message"] for found in answer(run("version", "log", "mine", "--line", "theirs", "--json"))["versions"]
    ] == [
        "theirs",
        "one",
    ]
    assert answer(run("version", "diff", "mine", "theirs:head", "head", "--json"))["files"]["changed"] == ["notes.txt"]
    run("version", "checkout", "mine", "theirs:head", "--to", "look")
    assert (dataset.parent / "look/notes.txt").read_text() == "theirs"

    (dataset.parent / "mine/notes.txt").write_text("both")
    run("version", "commit", "mine", "--line", "theirs", "--over", "-m", "both")
    run("version", "push", "mine", "remote", "--line", "theirs", "--as", "main")
    run("version", "pull", "dataset", "remote")
    run("version", "checkout", "dataset", "head")
    assert (dataset / "notes.txt").read_text() == "both"
    assert [found["message"] for found in answer(run("version", "log", "dataset", "--json"))["versions"]] == [
        "both",
        "theirs",
        "one",
    ]
