"""Versions that are pushed to any kind of remote come back as they were, and nothing goes twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest
from lines import add_version, files_of, pictures, store_at
from obstore.store import LocalStore, MemoryStore

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.gc import collect
from framepress.versions.prune import prune, pruned
from framepress.versions.pull import pull
from framepress.versions.push import push
from framepress.versions.remotes.folder import FolderRemote
from framepress.versions.remotes.opening import open_remote
from framepress.versions.store import Store
from framepress.versions.verify import verify

LARGE = bytes(range(256)) * 40_000  # 10 MB: travels by itself


def folder_remote(root: Path) -> Any:
    return root / "remote"


def memory_store(root: Path) -> Any:
    return MemoryStore()


def local_store(root: Path) -> Any:
    return LocalStore(root / "remote", mkdir=True)


def fsspec_file(root: Path) -> Any:
    return fsspec.filesystem("file"), str(root / "remote")


def fsspec_memory(root: Path) -> Any:
    return fsspec.filesystem("memory"), f"/{hashlib.sha256(str(root).encode()).hexdigest()}/remote"


KINDS: list[Callable[[Path], Any]] = [folder_remote, memory_store, local_store, fsspec_file, fsspec_memory]


@pytest.fixture(params=KINDS)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = request.param(tmp_path)
    yield made
    if request.param is fsspec_memory:
        made[0].rm(made[1].rpartition("/")[0], recursive=True) if made[0].exists(made[1]) else None


def alone(remote: Any) -> bool:
    """Whether the remote must be told that nobody else pushes."""
    return isinstance(remote, tuple) and getattr(remote[0], "protocol", "") == "memory"


@pytest.fixture
def ours(tmp_path: Path) -> Store:
    return store_at(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Store:
    return store_at(tmp_path / "theirs")


def sent(store: Store, remote: Any, tmp_path: Path, **choices: Any) -> Any:
    indexes = tmp_path / f"{store.root.name}-indexes"
    return push(store, "main", remote, indexes=indexes, exclusive=alone(remote), **choices)


def got(store: Store, remote: Any, tmp_path: Path, **choices: Any) -> Any:
    return pull(store, "main", remote, indexes=tmp_path / f"{store.root.name}-indexes", **choices)


def test_what_was_pushed_comes_back(remote: Any, ours: Store, theirs: Store, tmp_path: Path) -> None:
    first = {**pictures(30), "clouds/0.bin": LARGE, "empty.txt": b"", "images/ünï code.png": b"name"}
    second = {**first, "images/00001.png": b"changed"}
    add_version(ours, first, "one", time="2026-01-01T00:00:00Z")
    add_version(ours, second, "two")
    ours.refs.tag("sent", ours.refs.line()[0])
    pushed = sent(ours, remote, tmp_path)
    assert (pushed.versions, pushed.tags, pushed.contents) == ((1, 2), ("sent",), 34)
    pulled = got(theirs, remote, tmp_path)
    assert (pulled.versions, pulled.tags, pulled.contents) == ((1, 2), ("sent",), 34)
    assert theirs.refs.line() == ours.refs.line()
    assert theirs.refs.tags() == ours.refs.tags()
    assert [files_of(theirs, 1), files_of(theirs, 2)] == [first, second]


def test_what_is_there_does_not_go_again(remote: Any, ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(30), "one")
    sent(ours, remote, tmp_path)
    before = {entry.path for entry in open_remote(remote).list("")}
    again = sent(ours, remote, tmp_path)
    assert (again.versions, again.contents, again.size) == ((), 0, 0)
    assert {entry.path for entry in open_remote(remote).list("")} == before
    got(theirs, remote, tmp_path)
    assert got(theirs, remote, tmp_path).contents == 0
    add_version(theirs, {**pictures(30), "more.png": b"more"}, "two")
    more = sent(theirs, remote, tmp_path)
    assert (more.versions, more.contents) == ((2,), 1)
    assert got(ours, remote, tmp_path).contents == 1
    assert files_of(ours, 2) == {**pictures(30), "more.png": b"more"}


def test_lines_that_went_apart_are_told_and_left_as_they_are(
    remote: Any, ours: Store, theirs: Store, tmp_path: Path
) -> None:
    add_version(ours, pictures(5), "one")
    sent(ours, remote, tmp_path)
    got(theirs, remote, tmp_path)
    add_version(ours, pictures(6), "ours")
    other = add_version(theirs, pictures(7), "theirs")
    sent(theirs, remote, tmp_path)
    line = ours.refs.line()
    with pytest.raises(OutputError, match=rf"after version 1: it has 2 \({other[:12]}\)"):
        sent(ours, remote, tmp_path)
    with pytest.raises(OutputError, match="--as theirs"):
        got(ours, remote, tmp_path)
    assert ours.refs.line() == line
    assert got(ours, remote, tmp_path, as_line="theirs").versions == (1, 2)
    assert (ours.refs.line(), ours.refs.line("theirs")) == (line, theirs.refs.line())
    add_version(ours, pictures(8), "both", line="theirs")
    push(ours, "theirs", remote, indexes=tmp_path / "i", remote_line="main", exclusive=alone(remote))
    assert got(theirs, remote, tmp_path).versions == (3,)
    assert files_of(theirs, 3) == pictures(8)


def test_who_is_behind_is_told_so_and_pushes_nothing(remote: Any, ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(5), "one")
    sent(ours, remote, tmp_path)
    got(theirs, remote, tmp_path)
    add_version(ours, pictures(6), "two")
    assert got(ours, remote, tmp_path).ahead == 1
    sent(ours, remote, tmp_path)
    assert (sent(theirs, remote, tmp_path).versions, sent(theirs, remote, tmp_path).behind) == ((), 1)


def test_a_tag_that_names_something_else_there_stays(remote: Any, ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(5), "one")
    add_version(ours, pictures(6), "two")
    sent(ours, remote, tmp_path)
    got(theirs, remote, tmp_path)
    ours.refs.tag("best", ours.refs.line()[0])
    theirs.refs.tag("best", theirs.refs.line()[1])
    assert sent(ours, remote, tmp_path).tags == ("best",)
    assert sent(theirs, remote, tmp_path).taken == ("best",)
    assert got(theirs, remote, tmp_path).taken == ("best",)
    assert theirs.refs.tags()["best"].commit == theirs.refs.line()[1].commit


def test_of_racing_pushes_one_wins_each_round_and_none_is_lost(tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    stores = [store_at(tmp_path / f"racer-{n}") for n in range(4)]
    add_version(stores[0], pictures(3), "start")
    sent(stores[0], remote, tmp_path)
    for round_ in range(3):
        for store in stores:
            got(store, remote, tmp_path)
        for n, store in enumerate(stores):
            add_version(store, {**pictures(3), "who.txt": b"%d %d" % (round_, n)}, f"{round_} {n}")
        barrier = threading.Barrier(len(stores))

        def race(store: Store, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            try:
                sent(store, remote, tmp_path)
            except OutputError:
                return False
            return True

        with ThreadPoolExecutor(len(stores)) as pool:
            won = list(pool.map(race, stores))
        assert won.count(True) == 1
        winner = stores[won.index(True)].refs.line()
        assert Store.open(remote).refs.line() == winner
        stores = [store_at(tmp_path / f"racer-{round_}-{n}") for n in range(4)]  # clones of what won
    assert len(Store.open(remote).refs.line()) == 4


def test_a_folder_that_was_pushed_to_is_a_store(ours: Store, tmp_path: Path) -> None:
    files = {**pictures(30), "clouds/0.bin": LARGE}
    add_version(ours, files, "one")
    sent(ours, tmp_path / "remote", tmp_path)
    assert files_of(Store.open(tmp_path / "remote"), 1) == files


def test_the_indexes_of_packs_are_fetched_once(ours: Store, theirs: Store, tmp_path: Path) -> None:
    asked: list[str] = []

    class Counting(FolderRemote):
        def get_range(self, path: str, offset: int, length: int) -> bytes:
            asked.append(path)
            return super().get_range(path, offset, length)

    remote = Counting(tmp_path / "remote")
    for number in range(3):
        add_version(ours, pictures(5 + number), str(number))
        sent(ours, remote, tmp_path)
    sent(ours, remote, tmp_path)
    add_version(ours, pictures(9), "more")
    sent(ours, remote, tmp_path)
    assert len(asked) == 6  # contents and commits of three versions; the last push found its own not yet
    assert len(set(asked)) == len(asked)


def test_only_the_latest_contents_come_where_so_much_is_asked_and_the_rest_later(
    remote: Any, ours: Store, theirs: Store, tmp_path: Path
) -> None:
    for number in range(3):
        add_version(ours, {"images/0.png": b"%d" % number}, str(number))
    sent(ours, remote, tmp_path)
    pulled = got(theirs, remote, tmp_path, depth=1)
    assert (pulled.versions, pulled.contents, pulled.pruned) == ((1, 2, 3), 1, (1, 2))
    assert files_of(theirs, 3) == {"images/0.png": b"2"}
    assert [theirs.commit(ref.commit).message for ref in theirs.refs.line()] == ["0", "1", "2"]
    with pytest.raises(InputError, match="is missing"):
        files_of(theirs, 1)
    assert verify(theirs).ok
    assert got(theirs, remote, tmp_path).contents == 0
    assert got(theirs, remote, tmp_path, depth=2).contents == 1
    assert files_of(theirs, 2) == {"images/0.png": b"1"}
    assert pruned(theirs.cells) == {ours.refs.line()[0].commit}
    assert got(theirs, remote, tmp_path, depth=9).contents == 1
    assert files_of(theirs, 1) == {"images/0.png": b"0"}
    assert not pruned(theirs.cells)
    assert verify(theirs).ok


def test_versions_without_their_files_go_on_without_them(
    remote: Any, ours: Store, theirs: Store, tmp_path: Path
) -> None:
    for number in range(3):
        add_version(ours, {"images/0.png": b"%d" % number}, str(number))
    prune(ours.cells, "main", 1)
    collect(ours, now=True)
    assert (sent(ours, remote, tmp_path).pruned, sent(ours, remote, tmp_path).pruned) == ((1, 2), ())
    pulled = got(theirs, remote, tmp_path, depth=2)
    assert (pulled.contents, pulled.pruned) == (1, (1, 2))
    assert files_of(theirs, 3) == {"images/0.png": b"2"}
    assert pruned(theirs.cells) == pruned(ours.cells)


def test_progress_ends_with_all_bytes(ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(30), "one")
    told: list[tuple[int, int]] = []
    sent(ours, tmp_path / "remote", tmp_path, progress=lambda done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1] > 0
    assert told == sorted(told)
    told.clear()
    pulled = got(theirs, tmp_path / "remote", tmp_path, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (pulled.size, pulled.size)


@pytest.mark.parametrize("said", ["s4://bucket", 7, ("a", "b"), "s3://", "memory://"])
def test_what_is_no_remote_is_refused_with_those_that_are(said: Any, ours: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(3), "one")
    with pytest.raises(OptionError):
        sent(ours, said, tmp_path)


def test_an_unknown_option_is_named(ours: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(3), "one")
    with pytest.raises(OptionError, match="endpiont"):
        sent(ours, "s3://bucket/prefix", tmp_path, options={"endpiont": "http://127.0.0.1:1"})


def test_a_place_that_holds_something_else_is_left_alone(remote: Any, ours: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(3), "one")
    opened = open_remote(remote)
    opened.put("thesis.txt", b"years of work")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        sent(ours, remote, tmp_path)
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        got(ours, remote, tmp_path)
    assert [entry.path for entry in opened.list("")] == ["thesis.txt"]


def test_a_place_without_versions_is_told(remote: Any, theirs: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no versions are there"):
        got(theirs, remote, tmp_path)


def test_an_fsspec_file_system_needs_the_word_that_nobody_else_pushes(ours: Store, tmp_path: Path) -> None:
    remote = fsspec_memory(tmp_path)
    add_version(ours, pictures(3), "one")
    with pytest.raises(OutputError, match=r"one would be lost.*exclusive"):
        push(ours, "main", remote, indexes=tmp_path / "i")
    assert list(open_remote(remote).list("")) == []


def test_a_store_of_a_newer_kind_is_left_alone(remote: Any, ours: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(3), "one")
    open_remote(remote).put("store.json", b'{"schema": "framepress.store", "version": 2}')
    with pytest.raises(InputError, match="update it"):
        sent(ours, remote, tmp_path)
