"""A full disk stops a commit or a checkout cleanly; with space it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import reader

from framepress.errors import OutputError
from framepress.versions.history import History


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root on Linux")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def filled(disk: Path, left: int) -> Path:
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    ballast.write_bytes(bytes(max(status.f_bavail * status.f_frsize - left, 0)))
    return ballast


def leftovers(store: Path) -> list[str]:
    return [path.name for name in ("tmp", "leases") for path in (store / name).glob("*")]


@pytest.mark.parametrize("left", [4096 * n for n in (0, 2, 5, 9, 30, 60, 100)])
def test_a_commit_onto_a_full_disk_fails_cleanly_and_goes_on_with_space(
    left: int, small_disk: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"one")
    history = History.init(folder, store=small_disk / "store")
    history.commit("one")
    first = reader.files(folder)
    for number in range(8):
        (folder / f"{number}.png").write_bytes(os.urandom(50_000))
        (folder / f"{number}.txt").write_bytes(os.urandom(5_000))
    ballast = filled(small_disk, left)
    with pytest.raises(OutputError, match=r"No space left on device; free some space"):
        history.commit("two")
    assert reader.versions(small_disk / "store") == [first]
    assert leftovers(small_disk / "store") == []
    assert [version.commit.message for version in History.open(folder).log()] == ["one"]
    ballast.unlink()
    assert History.open(folder).commit("two").new
    assert reader.versions(small_disk / "store") == [first, reader.files(folder)]


def test_a_checkout_onto_a_full_disk_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.png").write_bytes(os.urandom(50_000))
    history = History.init(folder)
    history.commit("one")
    ballast = filled(small_disk, 200_000)
    with pytest.raises(OutputError, match="No space left"):
        history.checkout("head", small_disk / "out")
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast"]
    ballast.unlink()
    history.checkout("head", small_disk / "out")
    assert reader.files(small_disk / "out") == reader.files(folder)


def test_going_back_on_a_full_disk_is_ended_with_space(small_disk: Path, tmp_path: Path) -> None:
    folder = small_disk / "dataset"
    folder.mkdir()
    history = History.init(folder, store=tmp_path / "store")
    for version in range(2):
        for number in range(8):
            (folder / f"{number}.png").unlink(missing_ok=True)
            (folder / f"{number}.png").write_bytes(bytes([version, number]) * 25_000)
        history.commit(f"version {version + 1}")
    ballast = filled(small_disk, 100_000)
    with pytest.raises(OutputError, match="No space left"):
        history.checkout("1")
    assert {content[0] for content in reader.files(folder).values() if content[2:4] == content[:2]} <= {0, 1}
    assert not (folder / ".framepress/versions/laying").exists()
    ballast.unlink()
    again = History.open(folder)
    again.checkout("1")
    assert reader.files(folder) == reader.versions(tmp_path / "store")[0]
    assert again.status().unfinished is None
