"""Versions on real S3 servers: Ceph's radosgw and moto, started for these tests."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lines import add_version, files_of, pictures, store_at

from framepress.errors import FramepressError, InputError, OutputError
from framepress.versions.pull import pull
from framepress.versions.push import push
from framepress.versions.refs import Refs
from framepress.versions.remotes.cells import RemoteCells
from framepress.versions.remotes.opening import open_remote
from framepress.versions.store import Store
from judges import environments
from s3 import faults, moto, radosgw
from s3.server import S3Server

pytestmark = pytest.mark.judge

LARGE = bytes(range(256)) * 100_000  # 25 MB: several parts


@pytest.fixture(scope="module", params=["radosgw", "moto"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    try:
        starting = (
            radosgw.running() if request.param == "radosgw" else moto.running(tmp_path_factory.mktemp("s3") / "log")
        )
        with starting as found:
            found.make_bucket("shared")
            yield found
    except (radosgw.NotInstalledError, environments.JudgeEnvironmentError) as error:
        pytest.skip(str(error))


@pytest.fixture
def url(server: S3Server) -> str:
    return f"s3://shared/{secrets.token_hex(4)}/team"


@pytest.fixture
def ours(tmp_path: Path) -> Store:
    return store_at(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Store:
    return store_at(tmp_path / "theirs")


def sent(store: Store, url: str, options: dict[str, str]) -> Any:
    return push(store, "main", url, indexes=store.root / "indexes", options=options)


def got(store: Store, url: str, options: dict[str, str]) -> Any:
    return pull(store, "main", url, indexes=store.root / "indexes", options=options)


def test_what_was_pushed_comes_back(server: S3Server, url: str, ours: Store, theirs: Store) -> None:
    first = {**pictures(1200, size=3000), "clouds/0.bin": LARGE, "empty.txt": b"", "images/ünï code.png": b"name"}
    second = {**first, "images/00001.png": b"changed"}
    add_version(ours, first, "one")
    add_version(ours, second, "two")
    ours.refs.tag("sent", ours.refs.line()[0])
    assert sent(ours, url, server.options).versions == (1, 2)
    again = sent(ours, url, server.options)
    assert (again.versions, again.contents) == ((), 0)
    assert got(theirs, url, server.options).versions == (1, 2)
    assert (theirs.refs.line(), theirs.refs.tags()) == (ours.refs.line(), ours.refs.tags())
    assert [files_of(theirs, 1), files_of(theirs, 2)] == [first, second]


def test_more_names_than_one_list_holds_are_all_seen(server: S3Server, url: str) -> None:
    remote = open_remote(url, server.options)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda n: remote.create(f"tags/{n:05}", b"{}"), range(1100)))
    assert [entry.path for entry in sorted(remote.list("tags"))] == [f"tags/{n:05}" for n in range(1100)]
    assert [entry.path for entry in remote.list("tag")] == []


def test_of_eight_who_create_one_name_exactly_one_wins(server: S3Server, url: str) -> None:
    remotes = [open_remote(url, server.options) for _ in range(8)]
    for number in range(10):
        barrier = threading.Barrier(8)

        def create(n: int, number: int = number, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            return remotes[n].create(f"refs/main/{number:08}", b"%d" % n)

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(create, range(8)))
        assert won.count(True) == 1
        assert remotes[0].get(f"refs/main/{number:08}", 10) == b"%d" % won.index(True)


def test_of_eight_racing_pushes_one_wins_each_round_and_none_is_lost(
    server: S3Server, url: str, tmp_path: Path
) -> None:
    stores = [store_at(tmp_path / f"racer-{n}") for n in range(8)]
    winners: list[str] = []
    for round_ in range(3):
        for n, store in enumerate(stores):
            if round_:
                assert got(store, url, server.options).ahead == 0
            add_version(store, {"who.txt": b"%d %d" % (round_, n), **pictures(20)}, f"{round_} {n}")
        barrier = threading.Barrier(8)

        def race(store: Store, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            try:
                sent(store, url, server.options)
            except OutputError as error:
                assert "which are not here" in str(error)  # noqa: PT017
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(race, stores))
        assert won.count(True) == 1
        winners.append(stores[won.index(True)].refs.line()[-1].commit)
        stores = [store_at(tmp_path / f"racer-{round_}-{n}") for n in range(8)]  # clones of what won
    line = Refs(RemoteCells(open_remote(url, server.options))).line()
    assert [ref.commit for ref in line] == winners


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secret_access_key": "a-secret-that-is-wrong"}, "refused the credentials"),
        ({"access_key_id": "nobody"}, "refused the credentials"),
        ({"endpoint": "http://127.0.0.1:9"}, "nothing answers there"),
    ],
)
def test_what_is_refused_is_told_without_the_secret(
    change: dict[str, str], said: str, server: S3Server, url: str, ours: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from framepress.versions.remotes import object_store

    monkeypatch.setitem(object_store._RETRIES, "max_retries", 1)
    if "access" in "".join(change) and server.is_open:
        pytest.skip("moto checks no secret")
    add_version(ours, pictures(3), "one")
    options = {**server.options, **change}
    for attempt in (sent, got):
        with pytest.raises(FramepressError, match=said) as caught:
            attempt(ours, url, options)
        assert options["secret_access_key"] not in str(caught.value)
        assert "\n" not in str(caught.value)
    kept = [path.read_bytes() for path in ours.root.rglob("*") if path.is_file()]
    assert not any(options["secret_access_key"].encode() in content for content in kept)


def test_a_bucket_that_is_not_there_is_told(server: S3Server, ours: Store) -> None:
    add_version(ours, pictures(3), "one")
    with pytest.raises(FramepressError, match="no such bucket"):
        sent(ours, "s3://nowhere/team", server.options)
    with pytest.raises(FramepressError, match="no such bucket"):
        got(ours, "s3://nowhere/team", server.options)


@pytest.mark.parametrize("fault", [faults.error_500, faults.hang_up])
def test_a_server_that_fails_now_and_then_is_asked_again(
    fault: faults.Fault, server: S3Server, url: str, ours: Store, theirs: Store
) -> None:
    files = {**pictures(200), "clouds/0.bin": LARGE}
    add_version(ours, files, "one")
    add_version(ours, {**files, "more.png": b"more"}, "two")
    with faults.faulty(server.endpoint, fault, 0.2) as (endpoint, happened):
        options = {**server.options, "endpoint": endpoint}
        through(lambda: sent(ours, url, options))
        through(lambda: got(theirs, url, options))
    assert happened
    assert theirs.refs.line() == ours.refs.line()
    assert files_of(theirs, 1) == files
    assert got(store_at(theirs.root.parent / "direct"), url, server.options).versions == (1, 2)


def through(attempt: Any) -> None:
    """Again until it is done: each time it must get further, or end with an error of ours."""
    for _ in range(20):
        try:
            attempt()
        except (InputError, OutputError):
            continue
        return
    pytest.fail("never came through")


def test_content_that_is_changed_on_its_way_is_never_taken(
    server: S3Server, url: str, ours: Store, theirs: Store
) -> None:
    files = {**pictures(200), "clouds/0.bin": LARGE}
    add_version(ours, files, "one")
    sent(ours, url, server.options)
    with faults.faulty(server.endpoint, faults.wrong_content, 1.0) as (endpoint, happened):
        with pytest.raises(InputError, match=r"damaged|another sha256|is no pack|contradicts"):
            got(theirs, url, {**server.options, "endpoint": endpoint})
    assert happened
    assert theirs.refs.lines() == []
    got(theirs, url, server.options)
    assert files_of(theirs, 1) == files
