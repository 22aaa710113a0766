"""Makes the environments of the heavy judges, each on first use: python tests/judges/environments.py [NAME ...]

`<name>.txt` beside this file pins the whole closure of one environment, and is installed without the resolver: what a
reader asks for but does not need for reading is left out, and the same versions judge everywhere. The environments lie
under `.venvs/` at the root of the repository and are made again when their file, or the Python that made them, changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PINS = Path(__file__).resolve().parent
ROOT = PINS.parents[1] / ".venvs"
NAMES = tuple(sorted(file.stem for file in PINS.glob("*.txt")))
PYTHON_AT_LEAST = (3, 11)  # of the pinned versions


class JudgeEnvironmentError(RuntimeError):
    """An environment cannot be made; the message ends with what pip said last."""


def python_of(name: str, root: Path = ROOT) -> Path:
    """The interpreter of environment `name`, made first where it is missing, half made or out of date.

    Safe to call from several processes, and to be killed: an environment counts only once the digest of its pins has
    been written into it, last.
    """
    digest = hashlib.sha256((PINS / f"{name}.txt").read_bytes() + sys.version.encode()).hexdigest()
    folder = root / name
    python, stamp = folder / "bin" / "python", folder / "pins.sha256"
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / f"{name}.lock"):
        if not (stamp.exists() and stamp.read_text() == digest):
            shutil.rmtree(folder, ignore_errors=True)
            _make(name, folder, root / f"{name}.log")
            stamp.write_text(digest)
    return python


def git_lfs(root: Path = ROOT) -> str:
    """The path of git-lfs, which is no Python package: installed from Debian where that can be done.

    Raises:
        JudgeEnvironmentError: it is missing, and this is no Debian or not its administrator.
    """
    root.mkdir(parents=True, exist_ok=True)
    log = root / "git-lfs.log"
    with _locked(root / "git-lfs.lock"):
        if shutil.which("git-lfs") is None:
            if shutil.which("apt-get") is None or os.geteuid() != 0:
                raise JudgeEnvironmentError("git-lfs is not installed, and only root on Debian can be helped here")
            for command in (["apt-get", "update"], ["apt-get", "install", "-y", "git", "git-lfs"]):
                if not _ran(command, log):
                    raise JudgeEnvironmentError(f"{' '.join(command)} failed; all of it in {log}\n{_tail(log)}")
    return str(shutil.which("git-lfs"))


def _make(name: str, folder: Path, log: Path) -> None:
    if sys.version_info < PYTHON_AT_LEAST:
        needed = ".".join(map(str, PYTHON_AT_LEAST))
        raise JudgeEnvironmentError(f"judge {name!r}: its pins need Python {needed} or newer, this is {sys.version}")
    log.unlink(missing_ok=True)
    if not _ran([sys.executable, "-m", "venv", "--clear", str(folder)], log):
        raise JudgeEnvironmentError(
            f"judge {name!r}: python -m venv failed (on Debian: apt-get install python3-venv)\n{_tail(log)}"
        )
    python, pins = str(folder / "bin" / "python"), PINS / f"{name}.txt"
    install = [python, "-m", "pip", "install", "--no-deps", "-r", str(pins)]
    if not (_ran(install, log) and _torch_runs(python, pins, log)):
        raise JudgeEnvironmentError(
            f"judge {name!r}: pip could not install {name}.txt; all of it in {log}\n{_tail(log)}"
        )


def _torch_runs(python: str, pins: Path, log: Path) -> bool:
    """True where no torch is pinned, or it imports; a build for CUDA does so only with the gigabytes it depends on."""
    torch = next((line for line in pins.read_text().splitlines() if line.startswith("torch==")), None)
    if torch is None or _ran([python, "-c", "import torch"], log):
        return True
    return _ran([python, "-m", "pip", "install", torch], log)


def _ran(command: list[str], log: Path) -> bool:
    """Whether the command succeeded; what it says is added to `log`. A PYTHONPATH would leak our packages into it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    with log.open("ab") as out:
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=environment).returncode == 0


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    for wanted in sys.argv[1:] or NAMES:
        if wanted not in NAMES:
            sys.exit(f"no environment {wanted!r}; there are: {', '.join(NAMES)}")
        print(python_of(wanted), flush=True)
