"""Where storage writes in its tests: a folder, memory, and a disk that is soon full."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from framepress.storage.folder import FolderOutput
from framepress.storage.memory import MemoryOutput


@pytest.fixture(params=["folder", "memory"])
def output(request, tmp_path):
    """Each kind of output, empty: what holds for one must hold for the other."""
    return FolderOutput(tmp_path / "set") if request.param == "folder" else MemoryOutput()


@pytest.fixture
def small_disk(tmp_path):
    """A tmpfs of one megabyte."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("a full disk needs the mount command")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"a full disk needs the right to mount a tmpfs: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)
