"""A dataset with awkward names, and a git that knows nothing of who runs the tests."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

AWKWARD = (
    "images/a b.png",
    'images/it\'s "quoted".png',
    "images/-dash.png",
    "images/--force.png",
    "images/ünï 日本.png",
    "images/*.png/x.png",
    "images/[ab]/y.png",
    "images/:(glob)z.png",
    "images/#hash.png",
    "images/!bang.png",
    "images/UPPER.PNG",
    "images/tab\t.png",
    "images/new\nline.png",
    "images/.hidden.png",
    "clouds/0.pcd",
    "clouds/deep/1.npz",
)


@pytest.fixture(autouse=True)
def _own_git(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed: apt-get install git")
    home = tmp_path_factory.mktemp("home")
    settings = home / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
        '[protocol "file"]\n\tallow = always\n'
    )
    for name in [name for name in os.environ if name.startswith(("GIT_", "DVC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp().parent))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Some media of random bytes under awkward names, labels as text."""
    made = tmp_path / "data set"
    noise = random.Random(7)
    for path in AWKWARD:
        file = made / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(noise.randbytes(noise.randrange(1, 5000)))
    (made / "images/empty.png").write_bytes(b"")
    (made / "labels").mkdir()
    for number in range(4):
        (made / f"labels/{number} -x.txt").write_text(f"{number} car\n")
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    return made


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A dataset with a journal, and what a run leaves beside it."""
    made = tmp_path / "ours"
    with DatasetWriter(made, ["native", "coco"], labels=LABELS) as writer:
        for frame in many(6):
            writer.add(frame)
    for name in ("tmp/x", "orphans/y", "lock"):
        (made / ".framepress" / name).parent.mkdir(exist_ok=True)
        (made / ".framepress" / name).touch()
    return made
