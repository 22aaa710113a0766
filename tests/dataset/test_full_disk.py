"""A disk that fills up anywhere in a conversion: a clear error, everything published intact, and the same bytes after.

The target is a tmpfs of a few hundred kilobytes, grown by a remount as somebody would make room.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

FORMATS = "native,coco,yolo,kitti"


def mounted(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty folder on a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("a small disk is made by mounting a tmpfs, which is Linux's")
    answer = mounted("-t", "tmpfs", "-o", "size=16k", "framepress-test", str(folder))
    if answer.returncode:
        pytest.skip(f"mounting is not permitted here: {answer.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def convert(capture: Path, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "framepress.cli", "convert", str(capture), str(target), "--to", FORMATS]
    return subprocess.run([*command, *more], capture_output=True, text=True)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that is the dataset's, with its own records but for what differs from run to run by design."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".framepress" not in path.relative_to(folder).parts
    }


def check_journal(target: Path) -> int:
    """Every file that the journal names has its sha256; how many there are."""
    if not (target / ".framepress/journal").is_dir():
        return 0
    count = 0
    for record in Journal.open(FolderOutput(target), repair=False).records():
        for edition in record.get("editions", {}).values():
            for path, size, sha256 in edition["files"]:
                content = (target / path).read_bytes()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)
                count += 1
    return count


def test_a_disk_that_fills_up_loses_nothing_and_the_run_goes_on_once_there_is_room(
    capture: Path, disk: Path, tmp_path: Path
) -> None:
    assert convert(capture, tmp_path / "whole").returncode == 0
    target = disk / "set"
    kept = []
    # Each time there is a little more room: full in the first file, among the frames, and in the last files.
    for size_kb in (16, 64, 700, 1600, 2200, 2500, 2600, 2700, 2750, 2800, 2900):
        assert mounted("-o", f"remount,size={size_kb}k", str(disk)).returncode == 0
        answer = convert(capture, target, "--existing", "resume")
        if answer.returncode == 0:
            break
        assert answer.returncode == 3, answer.stderr
        assert "Traceback" not in answer.stderr
        assert "No space left on device" in answer.stderr
        assert str(target) in answer.stderr
        kept.append(check_journal(target))
    assert kept == sorted(kept), "what was there once stays"
    assert len(set(kept)) > 3, f"the disk was full in too few places: {kept}"
    assert mounted("-o", "remount,size=16m", str(disk)).returncode == 0
    answer = convert(capture, target, "--existing", "resume")
    assert answer.returncode == 0, answer.stderr
    assert contents(target) == contents(tmp_path / "whole")


def framepress(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "framepress.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_read_only_disk_is_named_and_what_is_on_it_can_be_read(capture: Path, disk: Path, tmp_path: Path) -> None:
    assert mounted("-o", "remount,size=16m", str(disk)).returncode == 0
    assert framepress("convert", capture, disk / "set", "--to", "coco").returncode == 0
    assert mounted("-o", "remount,ro", str(disk)).returncode == 0
    for arguments in (
        ("convert", capture, disk / "new", "--to", "coco"),
        ("convert", capture, disk / "set", "--to", "coco", "--existing", "append"),
        ("finish", disk / "set"),
        ("merge", disk / "set", disk / "new"),
    ):
        answer = framepress(*arguments)
        assert (answer.returncode, "Read-only file system" in answer.stderr) == (3, True), answer.stderr
        assert "Traceback" not in answer.stderr
    for arguments in (
        ("info", disk / "set"),
        ("merge", disk / "set", tmp_path / "merged"),
        ("convert", disk / "set", tmp_path / "yolo", "--to", "yolo"),
    ):
        assert framepress(*arguments).returncode == 0
    assert contents(tmp_path / "merged") == contents(disk / "set")
