from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import framepress
from framepress.errors import OutputError
from framepress.storage import lock as lock_module
from framepress.storage.folder import FolderOutput
from framepress.storage.lock import FolderLock

HOLD = """
import sys, time
from framepress.storage.folder import FolderOutput
lock = FolderOutput(sys.argv[1]).lock()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path`."""
    environment = {**os.environ, "PYTHONPATH": str(Path(framepress.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_writes(tmp_path, holder):
    with pytest.raises(OutputError, match=rf"lock: process {holder.pid} is writing this dataset"):
        FolderOutput(tmp_path).lock()


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    lock = FolderOutput(tmp_path).lock()
    assert (tmp_path / ".framepress/lock").read_text() == f"{os.getpid()}\n"
    lock.release()
    assert not (tmp_path / ".framepress/lock").exists()


def test_reading_the_lock_file_in_this_process_does_not_drop_it(tmp_path):
    lock = FolderOutput(tmp_path).lock()
    (tmp_path / ".framepress/lock").read_bytes()
    code = "import sys; from framepress.storage.folder import FolderOutput; FolderOutput(sys.argv[1]).lock()"
    environment = {**os.environ, "PYTHONPATH": str(Path(framepress.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=environment)
    assert f"process {os.getpid()} is writing" in done.stderr
    lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_neither_keeps_nor_frees_the_lock(tmp_path):
    lock = FolderOutput(tmp_path).lock()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        lock.release()
        os.write(writing, b"x")
        time.sleep(60)
        os._exit(0)
    try:
        os.read(reading, 1)
        with pytest.raises(OutputError):
            FolderOutput(tmp_path).lock()
        lock.release()
        FolderOutput(tmp_path).lock().release()  # though the child lives
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


def test_two_datasets_have_two_locks(tmp_path):
    first, second = FolderOutput(tmp_path / "a").lock(), FolderOutput(tmp_path / "b").lock()
    first.release()
    second.release()


def test_a_dataset_under_another_name_has_the_same_lock(tmp_path):
    (tmp_path / "short").symlink_to("set")
    lock = FolderOutput(tmp_path / "set").lock()
    with pytest.raises(OutputError):
        FolderOutput(tmp_path / "short").lock()
    lock.release()


def test_an_owner_that_leaves_in_between_does_not_leave_us_with_a_lock_on_nothing(tmp_path, monkeypatch):
    real, calls = lock_module._try_lock, []

    def late(descriptor):
        calls.append(descriptor)
        if len(calls) == 1:  # the file was opened, and its owner removes it before we have the lock
            (tmp_path / ".framepress/lock").unlink()
        return real(descriptor)

    monkeypatch.setattr(lock_module, "_try_lock", late)
    lock = FolderOutput(tmp_path).lock()
    assert (tmp_path / ".framepress/lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(OutputError):
        FolderOutput(tmp_path).lock()
    lock.release()


def test_a_lock_whose_file_was_taken_away_is_given_up_all_the_same(tmp_path: Path) -> None:
    lock = FolderLock(str(tmp_path / "lock"))
    (tmp_path / "lock").unlink()
    lock.release()
    FolderLock(str(tmp_path / "lock")).release()
