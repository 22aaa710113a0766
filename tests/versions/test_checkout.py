"""Versions laid out: in a new folder, and in the dataset's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import reader

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions import checkout, take_back
from framepress.versions.checkout import check_cases, check_out, check_rows
from framepress.versions.history import History
from framepress.versions.manifest import Row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    write(made, {"images/a.png": b"a1", "images/b.png": b"b1", "labels/a.txt": b"0 car", "old/only/here.txt": b"old"})
    return made


def write(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_bytes(content)


def two_versions(folder: Path) -> tuple[History, dict[str, bytes], dict[str, bytes]]:
    history = History.init(folder)
    first = reader.files(folder)
    history.commit("one")
    write(folder, {"images/a.png": b"a2", "labels/a.txt": b"1 van", "new/c.png": b"c"})
    (folder / "old/only/here.txt").unlink()
    (folder / "old/only").rmdir()
    (folder / "old").rmdir()
    history.commit("two")
    return history, first, reader.files(folder)


def test_the_folder_goes_back_and_forth(folder: Path) -> None:
    history, first, second = two_versions(folder)
    history.checkout("1")
    assert reader.files(folder) == first
    assert not (folder / "new").exists()
    assert not history.status().changes
    assert history.status().base == history.version("1")
    History.open(folder).checkout("2")
    assert reader.files(folder) == second
    assert not (folder / "old").exists()
    assert not History.open(folder).commit("nothing").new


def test_what_no_version_has_is_not_lost_unless_that_is_said(folder: Path) -> None:
    history, first, second = two_versions(folder)
    write(folder, {"labels/a.txt": b"mine", "labels/b.txt": b"mine too"})
    with pytest.raises(OutputError, match=r"labels/a\.txt, labels/b\.txt"):
        history.checkout("1")
    assert reader.files(folder) == second | {"labels/a.txt": b"mine", "labels/b.txt": b"mine too"}
    history.checkout("1", force=True)
    assert reader.files(folder) == first


def test_files_that_are_no_part_of_versions_are_left_alone(folder: Path) -> None:
    history, *_ = two_versions(folder)
    write(folder, {".git/HEAD": b"ref", "old/only/.keep": b"", ".framepress/tmp/x": b"being written"})
    history.commit("with .keep")
    (folder / "empty").mkdir()
    history.checkout("1")
    assert (folder / ".git/HEAD").read_bytes() == b"ref"
    assert (folder / ".framepress/tmp/x").read_bytes() == b"being written"
    assert (folder / "empty").is_dir()


@pytest.mark.parametrize("stop", range(1, 7))
def test_a_checkout_that_was_killed_is_told_and_ended_or_undone(
    stop: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, first, second = two_versions(folder)

    class Killed(BaseException):
        pass

    def replace(source: str, target: str) -> None:
        steps.append(target)
        if len(steps) == stop:
            raise Killed
        real(source, target)

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        steps.append(path)
        if len(steps) == stop:
            raise Killed
        real_unlink(path, dir_fd=dir_fd)

    real, real_unlink, steps = os.replace, os.unlink, []  # type: ignore[var-annotated]
    with monkeypatch.context() as patch:
        patch.setattr(take_back.os, "replace", replace)
        patch.setattr(take_back.os, "unlink", unlink)
        with pytest.raises(Killed):
            history.checkout("1")
    again = History.open(folder)
    intent = folder / ".framepress/versions/taking_back.json"
    if intent.exists():
        assert again.status().unfinished == again.version("1").id
        with pytest.raises(InputError, match="did not end"):
            again.commit("half")
    wanted, name = (first, "1") if stop % 2 else (second, "2")
    again.checkout(name)
    assert reader.files(folder) == wanted
    assert not intent.exists()
    assert again.status().unfinished is None
    assert not again.status().changes


def test_what_is_edited_between_two_versions_is_not_lost_either(folder: Path) -> None:
    history, _, second = two_versions(folder)
    document = {"to": history.version("1").id, "from": history.version("2").id, "force": False}
    (folder / ".framepress/versions/taking_back.json").write_text(json.dumps(document))
    write(folder, {"labels/a.txt": b"0 car", "images/b.png": b"mine"})
    with pytest.raises(OutputError, match=r"no version has: images/b\.png;"):
        history.checkout("2")
    write(folder, {"images/b.png": b"b1"})
    history.checkout("2")
    assert reader.files(folder) == second


def test_nothing_is_touched_where_the_store_lacks_a_content(folder: Path) -> None:
    history, _, second = two_versions(folder)
    row = next(row for row in history.rows(history.version("1")) if row.path == "images/a.png")
    history.store.objects.path(row.sha256).unlink()
    with pytest.raises(InputError, match=r"images/a\.png: its content"):
        history.checkout("1")
    assert reader.files(folder) == second
    assert not (folder / ".framepress/versions/taking_back.json").exists()


def test_a_new_folder_knows_its_versions_and_commits_to_the_same_store(folder: Path, tmp_path: Path) -> None:
    history, first, second = two_versions(folder)
    history.checkout("head", tmp_path / "other")
    other = History.open(tmp_path / "other")
    assert not other.status().changes
    assert other.commit("nothing").new is False
    write(tmp_path / "other", {"labels/a.txt": b"2 bus"})
    other.commit("three")
    assert reader.versions(history.place.store) == [first, second, second | {"labels/a.txt": b"2 bus"}]
    write(folder, {"x.txt": b""})
    with pytest.raises(OutputError, match="the latest is 3"):
        history.commit("from two")


def test_a_new_folder_is_none_of_the_dataset(folder: Path) -> None:
    history, *_ = two_versions(folder)
    for target in (folder / "out", folder / "images/../out"):
        with pytest.raises(OptionError, match="lies in the dataset"):
            history.checkout("1", target)
    with pytest.raises(OutputError, match="exists already"):
        history.checkout("1", folder)


def test_a_bare_folder_knows_nothing(folder: Path, tmp_path: Path) -> None:
    history, first, _ = two_versions(folder)
    history.checkout("1", tmp_path / "bare", bare=True)
    assert reader.files(tmp_path / "bare") == first
    assert not (tmp_path / "bare/.framepress").exists()


def test_files_can_be_chosen(folder: Path, tmp_path: Path) -> None:
    history, first, _ = two_versions(folder)
    history.checkout("1", tmp_path / "some", paths=["images/*.png", "old"])
    assert reader.files(tmp_path / "some") == {name: first[name] for name in first if not name.startswith("labels")}
    assert not (tmp_path / "some/.framepress").exists()
    with pytest.raises(OptionError, match="fits no file"):
        history.checkout("1", tmp_path / "none", paths=["images/*.jpg"])
    assert not (tmp_path / "none").exists()


def test_our_own_records_are_copied(folder: Path, tmp_path: Path) -> None:
    write(folder, {".framepress/dataset.json": b"{}", ".framepress/ledger.jsonl": b"", "images/z.npy": b"1"})
    history = History.init(folder)
    history.store.objects.add(b"{}")
    rows = [Row(".framepress/ledger.jsonl", history.store.objects.add(b""), 0)]
    check_out(rows, history.store.objects, tmp_path / "out")
    assert (tmp_path / "out/.framepress/ledger.jsonl").stat().st_nlink == 1
    assert (tmp_path / "out/.framepress/ledger.jsonl").stat().st_mode & 0o200


@pytest.mark.parametrize(
    "paths",
    [
        ["../outside"],
        ["/absolute"],
        [".framepress/versions/folder.json"],
        [".framepress/lock"],
        [".git/hooks/post-checkout"],
        ["a", "a/b"],
        ["a/b/c", "a"],
        ["twice", "twice"],
        ["back\\slash"],
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused_before_anything_is_written(
    paths: list[str], folder: Path, tmp_path: Path
) -> None:
    history = History.init(folder)
    id = history.store.objects.add(b"hostile")
    with pytest.raises(InputError):
        check_out([Row(path, id, 7) for path in paths], history.store.objects, tmp_path / "deep/out")
    assert not (tmp_path / "deep").exists()


def test_paths_that_are_one_file_here_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row("images/A.png", "0" * 64, 0), Row("images/a.png", "0" * 64, 0)]
    check_cases(rows, tmp_path)  # Linux tells them apart
    monkeypatch.setattr(checkout.os.path, "lexists", lambda path: True)
    with pytest.raises(InputError, match=r"'images/A\.png' and 'images/a\.png'"):
        check_cases(rows, tmp_path)
    check_cases([Row("images/A.png", "0" * 64, 0), Row("images/b.png", "0" * 64, 0)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_paths_are_checked_in_any_order() -> None:
    rows = [Row(f"a/b{n}/c.png", "0" * 64, 0) for n in range(50)]
    check_rows(rows)
    with pytest.raises(InputError, match="as a file and as a folder"):
        check_rows([*rows, Row("a/b7", "0" * 64, 0)])


def test_a_content_of_another_length_is_not_laid_out(folder: Path, tmp_path: Path) -> None:
    history, *_ = two_versions(folder)
    row = next(row for row in history.rows(history.version("2")) if row.path == "images/b.png")
    path = history.store.objects.path(row.sha256)
    path.chmod(0o644)
    path.write_bytes(b"b1 and more")
    with pytest.raises(InputError, match="is damaged"):
        history.checkout("2", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
