"""A name that must be new is given once, by links or without them."""

from __future__ import annotations

import errno
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from framepress.versions.cells import FolderCells
from framepress.versions.claim import claim


def no_links(*arguments: Any, **options: Any) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=["links", "no links"])
def linking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT answers EPERM to `link`."""
    if request.param == "no links":
        if sys.platform not in ("linux", "win32"):
            pytest.skip("renames that replace nothing are known on Linux and Windows")
        monkeypatch.setattr(os, "link", no_links)


@pytest.mark.usefixtures("linking")
def test_a_name_is_given_once_and_what_has_it_stays(tmp_path: Path) -> None:
    for content, won in ((b"first", True), (b"second", False)):
        (tmp_path / "temp").write_bytes(content)
        assert claim(tmp_path / "temp", tmp_path / "name") is won
        assert (tmp_path / "name").read_bytes() == b"first"
        assert not (tmp_path / "temp").exists()


@pytest.mark.usefixtures("linking")
def test_of_eight_at_once_one_has_it(tmp_path: Path) -> None:
    for number in range(20):
        barrier = threading.Barrier(8)

        def create(n: int, path: str = f"refs/main/{number}", barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            return FolderCells(tmp_path).create(path, b"%d" % n)

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(create, range(8)))
        assert won.count(True) == 1
        assert FolderCells(tmp_path).get(f"refs/main/{number}") == b"%d" % won.index(True)
    assert not list((tmp_path / "tmp").iterdir())


def test_what_the_disk_refuses_is_no_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "temp").write_bytes(b"first")
    with pytest.raises(FileNotFoundError):
        claim(tmp_path / "temp", tmp_path / "nowhere" / "name")
