"""What a commit puts into the store, how it is shared with the folder, and what is read again."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import reader

from framepress.core import LabelMap
from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import InputError, OutputError
from framepress.storage.finishing import FINISHED
from framepress.storage.folder import FolderOutput
from framepress.storage.segments import SealedFile, header
from framepress.versions import sharing, working
from framepress.versions.history import History


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    for name, content in {"images/a.png": b"a" * 9, "images/b.png": b"b" * 7, "labels/a.txt": b"0 car"}.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    return made


def store_of(folder: Path) -> Path:
    return folder / ".framepress/versions/store"


def test_pictures_are_one_file_with_the_store_and_what_people_edit_is_not(folder: Path) -> None:
    History.init(folder).commit("one")
    loose = {path.stat().st_ino for path in store_of(folder).glob("objects/??/*")}
    assert {(folder / f"images/{name}.png").stat().st_ino for name in "ab"} == loose
    assert not (folder / "images/a.png").stat().st_mode & 0o222
    assert (folder / "labels/a.txt").stat().st_nlink == 1
    assert (folder / "labels/a.txt").stat().st_mode & 0o200
    assert reader.versions(store_of(folder)) == [reader.files(folder)]


@pytest.mark.parametrize("refused", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_no_file_can_have_two_names_contents_are_copied(
    refused: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: str, target: str) -> None:
        if "objects" in str(source) or "objects" in str(target) or "probe" in str(source):
            raise OSError(refused, os.strerror(refused))
        real(source, target)

    real = os.link
    monkeypatch.setattr(os, "link", link)
    history = History.init(folder)
    history.commit("one")
    history.checkout("head", tmp_path / "elsewhere")
    assert reader.versions(store_of(folder)) == [reader.files(folder)] == [reader.files(tmp_path / "elsewhere")]
    assert (folder / "images/a.png").stat().st_nlink == 1
    assert (tmp_path / "elsewhere/images/a.png").stat().st_nlink == 1


def test_one_file_with_too_many_names_is_copied_and_the_others_are_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: str, target: str) -> None:
        if str(source).endswith("a.png"):
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
        real(source, target)

    real = os.link
    monkeypatch.setattr(os, "link", link)
    History.init(folder).commit("one")
    assert (folder / "images/a.png").stat().st_nlink == 1
    assert (folder / "images/b.png").stat().st_nlink == 2
    assert reader.versions(store_of(folder)) == [reader.files(folder)]


def test_where_files_can_be_cloned_they_stay_writable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a file system with reflinks does it, seen from outside.
    monkeypatch.setattr(sharing, "clone", sharing.copy)
    monkeypatch.setattr("framepress.versions.batch.clone", sharing.copy)
    history = History.init(folder)
    history.commit("one")
    assert (folder / "images/a.png").stat().st_mode & 0o200
    assert (folder / "images/a.png").stat().st_nlink == 1
    history.checkout("head", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/images/a.png").stat().st_nlink == 1
    assert reader.versions(store_of(folder)) == [reader.files(folder)] == [reader.files(tmp_path / "elsewhere")]


def test_a_store_elsewhere_serves_several_datasets(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "same.png").write_bytes(b"a" * 9)
    History.init(folder, store=tmp_path / "store").commit("one")
    added = History.init(other, store=tmp_path / "store").commit("its own", over=True).added
    assert added == 0
    assert len(reader.versions(tmp_path / "store")) == 2


def test_only_what_may_have_changed_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.versions.seen._TICK_NS", -(10**10))
    history = History.init(folder)
    assert history.commit("one").read == 3
    assert history.commit("nothing").read == 0
    (folder / "labels/a.txt").write_bytes(b"1 car")
    again = history.commit("two")
    assert (again.read, again.new, again.added) == (1, True, 1)


def recorded(folder: Path) -> None:
    """The folder is a dataset of ours, as a writer leaves it."""
    output = FolderOutput(folder)
    output.put(JOB_PATH, Job(Job.named(["native"]), LabelMap.of(["box"]), None, "error", {}).to_json())
    segment = SealedFile(output, 0)
    segment.write(header(0))
    for name in ("a", "b"):
        content = (folder / f"images/{name}.png").read_bytes()
        files = [[f"images/{name}.png", len(content), hashlib.sha256(content).hexdigest()]]
        line = {"op": "add", "frame": {"id": name}, "channels": [], "editions": {"native": {"files": files, "row": {}}}}
        segment.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    segment.close()
    output.publish([segment.staged])
    label = (folder / "labels/a.txt").read_bytes()
    output.put(FINISHED, json.dumps({"labels/a.txt": [len(label), hashlib.sha256(label).hexdigest()]}).encode())


def test_what_the_journal_knows_is_not_read(folder: Path) -> None:
    recorded(folder)
    own = {path.as_posix() for path in (folder / ".framepress").rglob("*") if path.is_file()}
    assert History.init(folder).commit("one").read == len(own)  # the journal, the job and the list themselves
    held = reader.versions(store_of(folder))[0]
    assert {name: held[name] for name in reader.files(folder)} == reader.files(folder)


def test_what_was_changed_since_the_journal_was_sealed_is_read(folder: Path) -> None:
    recorded(folder)
    (folder / "images/a.png").write_bytes(b"A" * 9)  # as long as before
    later = (folder / "images/a.png").stat().st_mtime_ns + 10**9
    os.utime(folder / "images/a.png", ns=(later, later))
    History.init(folder).commit("one")
    assert reader.versions(store_of(folder))[0]["images/a.png"] == b"A" * 9


def test_a_file_that_was_copied_over_one_of_the_journal_with_its_times_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "older.png").write_bytes(b"A" * 9)
    recorded(folder)
    shutil.copy2(tmp_path / "older.png", folder / "images/a.png")
    History.init(folder).commit("one")
    assert reader.versions(store_of(folder))[0]["images/a.png"] == b"A" * 9


def test_a_run_that_was_interrupted_is_not_committed(folder: Path) -> None:
    recorded(folder)
    line = {"op": "add", "frame": {"id": "c"}, "channels": [], "editions": {}}
    growing = folder / ".framepress/journal/000001.jsonl"
    growing.write_bytes(header(1) + json.dumps(line, separators=(",", ":")).encode() + b"\n")
    with pytest.raises(InputError, match="is not whole, as a run that writes it was interrupted"):
        History.init(folder).commit("one")


def test_a_file_as_young_as_its_reading_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.versions.seen._TICK_NS", 10**12)
    history = History.init(folder)
    history.commit("one")
    path = folder / "labels/a.txt"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"9 car")  # as long as before, and within the same tick of the clock
    os.utime(path, ns=times)
    assert history.commit("two").new


def test_a_damaged_memory_of_files_is_read_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.versions.seen._TICK_NS", -(10**10))
    history = History.init(folder)
    history.commit("one")
    seen = folder / ".framepress/versions/seen.msgpack"
    whole = seen.read_bytes()
    for at in range(0, len(whole), 7):
        seen.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert working.look(folder).read == 3
    assert not history.commit("nothing").new


def test_a_file_that_changes_while_it_is_committed_is_told_and_nothing_is_committed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gate(dataset: Path) -> None:
        (dataset / "images/a.png").write_bytes(b"other")

    with pytest.raises(InputError, match=r"a\.png: changed while it was committed"):
        History.init(folder).commit("one", gate=gate)
    assert reader.contents(store_of(folder)) == {}
    assert History.open(folder).log() == []


def test_a_shared_file_that_was_changed_in_place_is_never_committed_over(folder: Path) -> None:
    history = History.init(folder)
    history.commit("one")
    path = folder / "images/b.png"
    path.chmod(0o644)
    path.write_bytes(b"changed")
    with pytest.raises(InputError, match=r"(?s)images/b\.png: was changed in place.*images/b\.png of version 1"):
        history.commit("two")
    (folder / "new").write_bytes(b"changed")
    os.replace(folder / "new", path)
    assert history.commit("two").new
    assert [damage.needed_by for damage in history.verify().damages] == [(("version 1", "images/b.png"),)]


def test_a_dataset_that_is_being_written_is_not_committed(folder: Path) -> None:
    history = History.init(folder)
    lock = FolderOutput(folder).lock()
    try:
        with pytest.raises(OutputError, match="is writing this dataset"):
            history.commit("one")
    finally:
        lock.release()
    assert history.commit("one").new


def test_links_stay_links_and_what_they_lead_to_is_committed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(b"outside")
    (folder / "images/linked.png").symlink_to(tmp_path / "outside.png")
    History.init(folder).commit("one")
    assert (folder / "images/linked.png").is_symlink()
    assert (tmp_path / "outside.png").stat().st_nlink == 1
    assert reader.versions(store_of(folder))[0]["images/linked.png"] == b"outside"


def test_large_text_has_a_file_of_its_own_in_the_store(folder: Path, tmp_path: Path) -> None:
    (folder / "labels/all.json").write_bytes(b"[" + b"1," * 600_000 + b"1]")
    history = History.init(folder)
    history.commit("one")
    assert (folder / "labels/all.json").stat().st_nlink == 1
    sizes = [path.stat().st_size for path in store_of(folder).glob("objects/??/*")]
    assert 1_200_003 in sizes
    history.checkout("head", tmp_path / "elsewhere")
    assert reader.files(tmp_path / "elsewhere") == reader.files(folder)


def test_folders_of_other_tools_are_no_part_of_a_version(folder: Path) -> None:
    (folder / ".git/hooks").mkdir(parents=True)
    (folder / ".git/hooks/x").write_bytes(b"")
    (folder / ".gitattributes").write_bytes(b"kept")
    History.init(folder).commit("one")
    assert sorted(reader.versions(store_of(folder))[0]) == [
        ".gitattributes",
        "images/a.png",
        "images/b.png",
        "labels/a.txt",
    ]


def test_a_clone_that_cannot_be_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"content" * 1000)
    found = []
    try:
        sharing.clone(str(tmp_path / "source"), str(tmp_path / "target"))
    except OSError as error:
        found.append(error.errno)
    assert set(found) <= sharing.COPY_ERRORS
    assert (tmp_path / "target").exists() != bool(found)
