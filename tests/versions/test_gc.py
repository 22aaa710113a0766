"""What no version needs goes, after a while; what one needs, or somebody holds, stays."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import reader

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.history import History
from framepress.versions.leases import Leases


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    (made / "images").mkdir(parents=True)
    for number in range(10):
        (made / f"images/{number:02}.png").write_bytes(b"picture %d" % number)
        (made / f"images/{number:02}.txt").write_bytes(b"label %d" % number * 50)
    return made


def versions_of(folder: Path, count: int) -> tuple[History, list[dict[str, bytes]]]:
    history = History.init(folder)
    held = []
    for number in range(count):
        for name in (f"images/{number:02}.png", f"images/{number:02}.txt"):
            (folder / name).unlink()
            (folder / name).write_bytes(b"%d of version" % number * 100)
        history.commit(f"number {number + 1}")
        held.append(reader.files(folder))
    return history, held


def test_nothing_that_a_version_needs_goes(folder: Path) -> None:
    history, held = versions_of(folder, 4)
    history.tag("sent", "2")
    before = reader.contents(history.place.store)
    found = history.gc(now=True)
    assert (found.trashed, found.freed) == (0, 0)
    assert reader.contents(history.place.store) == before
    assert reader.versions(history.place.store) == held


def test_contents_whose_sha256_ends_with_zeros_stay_too(folder: Path) -> None:
    for number in range(3000):
        content = b"%d" % number
        if hashlib.sha256(content).hexdigest().endswith("00"):
            (folder / f"images/zeros{number}.png").write_bytes(content)
            (folder / f"images/zeros{number}.txt").write_bytes(b"text " + content)
    history, held = versions_of(folder, 2)
    assert history.gc(now=True).trashed == 0
    assert reader.versions(history.place.store) == held


def test_what_no_version_needs_waits_then_goes_to_the_trash_then_for_good(folder: Path) -> None:
    history, held = versions_of(folder, 2)
    store = history.place.store
    id = history.store.objects.add(b"of nobody")
    assert history.gc().waiting == 1
    assert history.store.objects.has(id)
    assert history.gc(grace_s=0).trashed == 1  # as if its time had passed
    assert [path.name for path in (store / "trash").rglob("*") if path.is_file()] == [id]
    assert not history.store.objects.has(id)
    assert history.gc(now=True).freed == 1
    assert not [path for path in (store / "trash").rglob("*") if path.is_file()]
    assert reader.versions(store) == held


def test_the_trash_keeps_as_long_again(folder: Path) -> None:
    history, _ = versions_of(folder, 1)
    id = history.store.objects.add(b"of nobody")
    path = history.store.objects.path(id)
    trash = history.place.store / "trash/earlier"
    trash.mkdir(parents=True)
    os.replace(path, trash / id)
    assert history.gc().freed == 0
    assert (trash / id).exists()
    os.utime(trash, (1, 1))
    assert history.gc().freed == 1
    assert not trash.exists()


def test_what_is_needed_again_comes_back_from_the_trash(folder: Path) -> None:
    history, held = versions_of(folder, 2)
    trash = history.place.store / "trash/of-a-killed-run"
    trash.mkdir(parents=True)
    loose = sorted((history.place.store / "objects").glob("??/*"))
    for path in loose[:3]:
        os.replace(path, trash / (path.parent.name + path.name))
    pack = next(iter((history.place.store / "packs").iterdir()))
    os.replace(pack, trash / pack.name)
    assert History.open(folder).gc(now=True).restored == 3
    assert reader.versions(history.place.store) == held
    assert not trash.exists()


def test_a_pruned_version_is_told_and_its_contents_go(folder: Path, tmp_path: Path) -> None:
    history, held = versions_of(folder, 5)
    history.tag("sent", "2")
    assert [version.number for version in history.prune(2)] == [3, 1]
    before = sum(map(len, reader.contents(history.place.store).values()))
    found = history.gc(now=True)
    assert sum(map(len, reader.contents(history.place.store).values())) < before
    assert found.freed > 0
    again = History.open(folder)
    assert [(version.number, version.pruned) for version in again.log()] == [
        (5, False),
        (4, False),
        (3, True),
        (2, False),
        (1, True),
    ]
    for name in ("1", "3"):
        with pytest.raises(InputError, match=r"was pruned"):
            again.checkout(name, tmp_path / "gone")
        with pytest.raises(InputError, match=r"was pruned"):
            list(again.rows(again.version(name)))
    for number in (2, 4, 5):
        again.checkout(str(number), tmp_path / str(number))
        assert reader.files(tmp_path / str(number)) == held[number - 1]
    assert again.verify().ok
    assert history.prune(2) == []
    with pytest.raises(OptionError):
        history.prune(0)


def test_a_pack_that_is_mostly_dead_is_written_again(folder: Path) -> None:
    history, held = versions_of(folder, 4)
    size = sum(path.stat().st_size for path in (history.place.store / "packs").iterdir())
    history.prune(1)
    found = history.gc(now=True)
    assert found.rewritten > 0
    assert sum(path.stat().st_size for path in (history.place.store / "packs").iterdir()) < size
    assert [history.store.objects.read(row.sha256) for row in history.rows(history.version("4"))] == [
        held[3][path] for path in sorted(held[3])
    ]
    assert history.verify().ok


def test_many_small_packs_become_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.versions.gc._MANY_PACKS", 3)
    history, held = versions_of(folder, 6)
    assert history.gc(now=True).rewritten == 6
    assert len(list((history.place.store / "packs").iterdir())) == 1
    assert reader.versions(history.place.store) == held
    assert len(list(history.rows(history.version("1")))) == len(held[0])  # whose pack went meanwhile


def test_where_what_is_needed_cannot_be_told_nothing_goes(folder: Path) -> None:
    history, _ = versions_of(folder, 2)
    id = history.store.objects.add(b"of nobody")
    ref = history.place.store / "refs/main/00000001"
    ref.chmod(0o644)
    ref.write_bytes(b"{")
    with pytest.raises(InputError, match="nothing was taken away"):
        history.gc(now=True)
    assert history.store.objects.has(id)


def test_while_somebody_adds_nothing_goes_and_gc_says_who(folder: Path) -> None:
    history, _ = versions_of(folder, 1)
    with (
        Leases(history.place.store).hold("commit"),
        pytest.raises(OutputError, match="a commit goes on in this store"),
    ):
        history.gc(now=True)
    history.gc(now=True)


def test_what_a_reader_holds_stays_though_it_was_pruned(folder: Path, tmp_path: Path) -> None:
    history, _ = versions_of(folder, 3)
    first = history.version("1")
    with Leases(history.place.store).hold("checkout", [first.id]):
        history.prune(1)
        history.gc(now=True)
        held_ids = {row.sha256 for row in history.rows(first)}  # as it was known before
        assert not history.store.objects.missing(held_ids)
    history.gc(now=True)
    assert history.store.objects.missing(held_ids)


def test_a_commit_waits_for_gc(folder: Path) -> None:
    history, _ = versions_of(folder, 1)
    leases = Leases(history.place.store)
    with leases.exclusive(), pytest.raises(OutputError, match="gc has been going on"), leases.hold("x", wait_s=0.1):
        raise AssertionError("it got in")
    with leases.exclusive(), pytest.raises(OutputError, match="a gc goes on"), leases.exclusive():
        raise AssertionError("both got in")
    with leases.hold("x", wait_s=0.1):
        pass


def test_a_lease_of_a_process_that_ended_is_void_and_what_it_left_goes(folder: Path, tmp_path: Path) -> None:
    history, _ = versions_of(folder, 1)
    store = history.place.store
    code = (
        "import os, sys; from pathlib import Path; from framepress.versions.leases import Leases\n"
        "with Leases(Path(sys.argv[1])).hold('commit', leaves=Path(sys.argv[2])) as lease:\n"
        "    (Path(sys.argv[1]) / 'tmp' / f'{lease.token}-7').touch()\n"
        "    Path(sys.argv[2] + lease.token).mkdir()\n"
        "    os.kill(os.getpid(), 9)"
    )
    left = tmp_path / ".out."
    subprocess.run([sys.executable, "-c", code, str(store), str(left)], env=dict(os.environ, PYTHONPATH="python"))
    assert len(list((store / "leases").iterdir())) == 1
    assert len(list(tmp_path.glob(".out.*"))) == 1
    history.gc(now=True)
    assert not list((store / "leases").iterdir())
    assert not list((store / "tmp").iterdir())
    assert not list(tmp_path.glob(".out.*"))


def test_a_lease_of_another_machine_counts_until_it_is_not_renewed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, _ = versions_of(folder, 1)
    leases = Leases(history.place.store)
    with monkeypatch.context() as patch:
        patch.setattr("framepress.versions.leases._machine", lambda: "f" * 16)
        held = leases.hold("push")
        lease = held.__enter__()
    with pytest.raises(OutputError, match="a push goes on"):
        history.gc()
    os.utime(lease.path, (1, 1))
    history.gc()
    with pytest.raises(OutputError, match="was taken away"):
        lease.check()
    held.__exit__(None, None, None)


def test_a_lease_that_cannot_be_read_counts_until_it_is_old(folder: Path) -> None:
    history, _ = versions_of(folder, 1)
    path = history.place.store / f"leases/{'0' * 16}.{'f' * 16}.7.7.json"
    path.write_bytes(b"{")
    with pytest.raises(OutputError, match="goes on in this store"):
        history.gc()
    os.utime(path, (1, 1))
    history.gc()
    assert not path.exists()


def test_a_lease_is_renewed_while_it_is_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.versions.leases._RENEWED_S", 0.01)
    history, _ = versions_of(folder, 1)
    with Leases(history.place.store).hold("commit") as lease:
        os.utime(lease.path, (1, 1))
        end = time.monotonic() + 20
        while lease.path.stat().st_mtime == 1 and time.monotonic() < end:
            time.sleep(0.01)
        assert lease.path.stat().st_mtime > 1
    assert not lease.path.exists()


def test_a_store_that_cannot_be_written_can_be_checked_out_and_not_committed_to(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, held = versions_of(folder, 1)

    def refused(path: Path, mode: str = "r", **options: int) -> object:
        if path.is_relative_to(history.place.store) and mode != "rb":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, mode, **options)

    real = Path.open
    monkeypatch.setattr(Path, "open", refused)
    history.checkout("1", tmp_path / "out")
    assert reader.files(tmp_path / "out") == held[0]
    with pytest.raises(OutputError, match="Read-only file system"):
        history.commit("two")
