"""Stores and folders from anywhere: nothing outside of them is read, taken away or waited for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from framepress.errors import FramepressError, InputError
from framepress.versions.checkout import check_rows
from framepress.versions.clone import clone
from framepress.versions.gc import collect
from framepress.versions.history import History
from framepress.versions.manifest import Row

TOKEN = "0123456789abcdef"


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Of one version with a picture and a text."""
    folder = tmp_path / "data set ü"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"picture " * 100)
    (folder / "b.txt").write_bytes(b"text")
    made = History.init(folder)
    made.commit("first")
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of somebody's, with a file and a folder in it, all old."""
    made = tmp_path / "Documents"
    (made / "deep").mkdir(parents=True)
    (made / "deep/thesis.json").write_text("{}")
    (made / "thesis.json").write_text("{}")
    os.utime(made / "thesis.json", (1, 1))
    return made


def is_whole(elsewhere: Path) -> bool:
    return (elsewhere / "thesis.json").is_file() and (elsewhere / "deep/thesis.json").is_file()


def lease(history: History, name: str, leaves: Path | str) -> Path:
    path = history.place.store / "leases" / name
    path.write_text(json.dumps({"purpose": "checkout", "holds": [], "leaves": [str(leaves)]}))
    os.utime(path, (1, 1))
    return path


def test_a_lease_makes_nobody_remove_what_framepress_did_not_make(history: History, elsewhere: Path) -> None:
    lease(history, "Documents.json", elsewhere)
    lease(history, f"{TOKEN}.{TOKEN}.7.7.json", elsewhere)
    lease(history, f"{TOKEN}.{TOKEN}.8.8.json", f"{elsewhere.parent}/.x.{TOKEN}/../Documents")
    linked = elsewhere.parent / f".linked.{TOKEN}"
    linked.symlink_to(elsewhere)
    lease(history, f"{TOKEN}.{TOKEN}.9.9.json", linked)
    history.gc(now=True)
    assert is_whole(elsewhere)


def test_a_checkout_that_was_killed_is_removed_by_its_lease(history: History, tmp_path: Path) -> None:
    left = tmp_path / f".out put.{TOKEN}"
    left.mkdir()
    path = lease(history, f"{TOKEN}.{TOKEN}.7.7.json", left)
    history.gc()
    assert not left.exists()
    assert not path.exists()


@pytest.mark.parametrize("name", ["tmp", "trash", "leases", "objects"])
def test_nothing_is_taken_away_through_a_link_in_a_store(history: History, elsewhere: Path, name: str) -> None:
    shutil.rmtree(history.place.store / name, ignore_errors=True)
    (history.place.store / name).symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a symbolic link"):
        collect(history.store, now=True)
    assert is_whole(elsewhere)


@pytest.mark.parametrize("name", ["objects/aa", f"trash/{TOKEN}", f"tmp/{TOKEN}-x"])
def test_nor_through_one_further_down(history: History, elsewhere: Path, name: str) -> None:
    link = history.place.store / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    history.gc(now=True)
    assert is_whole(elsewhere)


def linked(path: Path) -> None:
    other = path.parent.parent / "other"
    other.write_bytes(b"p" * len(path.read_bytes()))
    path.unlink()
    path.symlink_to(other)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of this kind are of POSIX")
@pytest.mark.parametrize("spoil", [linked, piped])
def test_a_link_or_a_pipe_is_no_content(history: History, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    id = hashlib.sha256((history.place.dataset / "a.png").read_bytes()).hexdigest()
    spoil(history.store.objects.path(id))
    with pytest.raises(InputError, match="is missing"):
        history.checkout("1", tmp_path / "out")
    assert [damage.id for damage in history.verify().damages] == [id]
    with pytest.raises(InputError, match="is missing"):
        history.store.objects.read(id)
    (history.place.dataset / "b.txt").write_bytes(b"other")
    history.commit("goes on")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of this kind are of POSIX")
@pytest.mark.parametrize("name", ["refs/main/00000001", "packs", f"leases/{TOKEN}.{TOKEN}.7.7.json"])
def test_nobody_waits_for_a_pipe(history: History, name: str) -> None:
    path = history.place.store / name
    path = next(path.iterdir()) if path.is_dir() else path
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        history.log()
        history.gc()
    except FramepressError:
        pass


@pytest.mark.parametrize("name", ["abc", "²", "1", "9" * 200, "x/00000002", "00000001.lock"])
def test_what_is_no_number_of_a_version_is_named(history: History, name: str) -> None:
    path = history.place.store / "refs/main" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((history.place.store / "refs/main/00000001").read_bytes())
    with pytest.raises(InputError, match="is no version's number"):
        history.log()
    with pytest.raises(InputError, match="nothing was taken away"):
        history.gc()
    assert not history.verify().ok


def test_a_number_far_ahead_is_told_once(history: History) -> None:
    where = history.place.store / "refs/main"
    (where / "99999999").write_bytes((where / "00000001").read_bytes())
    (damage,) = history.verify().damages
    assert (damage.id, damage.what) == ("refs/main/00000002", "is missing, and 99,999,996 after it")


def test_what_somebody_dropped_into_a_store_stops_nothing(history: History) -> None:
    store = history.place.store
    (store / "trash" / TOKEN).mkdir(parents=True)
    for name in ("objects/README", "objects/00/README", "trash/README", f"trash/{TOKEN}/x.pack"):
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).write_bytes(b"?")
    history.gc()
    assert history.verify().ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("store", value) for value in (5, "", "../../../elsewhere", "\0")),
        *(("line", value) for value in (5, "../x")),
        *(("base", value) for value in (5, ["a"], "../x")),
    ],
)
def test_a_folder_that_says_something_else_of_itself_is_refused(history: History, field: str, value: object) -> None:
    path = history.place.own / "folder.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), field: value}))
    with pytest.raises(InputError, match="delete it and run `framepress version init`"):
        History.open(history.place.dataset)
    path.unlink()
    assert [version.number for version in History.init(history.place.dataset).log()] == [1]


def test_nothing_is_written_through_a_link_that_waits_for_it(history: History, elsewhere: Path) -> None:
    (history.place.own / f"folder.json.{os.getpid()}.new").symlink_to(elsewhere / "thesis.json")
    history.place.write()
    assert (elsewhere / "thesis.json").read_text() == "{}"


@pytest.mark.parametrize(
    "path",
    ".git/hooks/x .GIT/hooks/x images/.git/config images/.git .Framepress/versions/x .dvc/config ../x /x a/../../x "
    ".framepress/versions/folder.json".split(),
)
def test_what_others_act_upon_is_never_laid_out(path: str) -> None:
    with pytest.raises(InputError):
        check_rows([Row(path, "0" * 64, 1)])


def test_what_would_not_be_laid_out_is_not_committed(history: History) -> None:
    folder = history.place.dataset
    for name in ("images/.git/config", "notes/.git", ".GIT/hooks/x", ".Framepress/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"?")
    assert history.status().changes == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of this kind are of POSIX")
@pytest.mark.parametrize("pattern", ["refs/main/*", "packs/*", "store.json"])
def test_nobody_waits_for_a_pipe_in_a_remote(history: History, tmp_path: Path, pattern: str) -> None:
    history.push(tmp_path / "remote")
    path = next((tmp_path / "remote").glob(pattern))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"is no regular file|is no pack"):
        clone(tmp_path / "remote", tmp_path / "new")


@pytest.mark.parametrize("spoilt", [(b"", b"x" * 32), (None, b"x" * 31), (b"\xc1", b""), (b"\x91\x01", b"x" * 32)])
def test_a_table_of_hashes_that_contradicts_itself_is_not_used(
    history: History, spoilt: tuple[bytes | None, bytes]
) -> None:
    path = history.place.own / "seen.msgpack"
    tag, manifest, folders = msgspec.msgpack.decode(path.read_bytes()[32:])
    block, digests = spoilt
    content = msgspec.msgpack.encode([tag, manifest, {"": (folders[""][0] if block is None else block, digests)}])
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert history.status().changes == ()
