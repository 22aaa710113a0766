"""Killed at any moment, a store has no bad content, has lost no version, and is clean after the next gc."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from framepress.errors import OutputError
from framepress.versions.history import History

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")

HERE = Path(__file__).parent
PYTHON = dict(os.environ, PYTHONPATH=str(HERE.parents[1] / "python"))


def kill_often(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """How many of each kind got to their end before they were killed."""
    command = [sys.executable, str(HERE / "killing_store.py"), str(folder), str(kills), str(seed)]
    done = subprocess.run(command, env=PYTHON, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ended: dict[str, int] = json.loads(done.stdout)
    return ended


def test_a_store_survives_kills_at_any_moment(tmp_path: Path) -> None:
    ended = kill_often(tmp_path, 40, seed=1)
    assert sum(ended.values()) < 40, "the kills came too late to tell anything"


@pytest.mark.slow
def test_a_store_survives_hundreds_of_kills_at_any_moment(tmp_path: Path) -> None:
    ended = kill_often(tmp_path, 400, seed=2)
    assert 0 < sum(ended.values()) < 300, f"the kills came too early or too late to tell much: {json.dumps(ended)}"


def test_a_dataset_whose_writer_was_killed_is_not_committed(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"")
    history = History.init(folder)
    code = (
        "import sys, time; from pathlib import Path; from framepress.storage.folder import FolderOutput\n"
        "lock = FolderOutput(Path(sys.argv[1])).lock(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, env=PYTHON) as held:
        assert held.stdout is not None
        held.stdout.readline()
        with pytest.raises(OutputError, match=f"process {held.pid} is writing"):
            history.commit("one")
        held.kill()
    assert history.commit("one").new
