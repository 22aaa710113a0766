"""What keeping versions costs: 20,000 files of 50 kB, 1 GB, beside plain git, git-lfs and DVC.

    python bench/versions.py [--files N] [--rounds N]

Ours twice: as a call, and as a process of its own with Python's start and all imports, as the others are. First commit
of files that have to be read, and of files whose hashes their dataset's journal has; a commit with nothing changed; one
with 1 % of the files changed; the latest version laid out in a new folder. All that we commit is flushed to the disk;
git flushes its own objects, DVC nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from workload import table

ROOT = Path(__file__).resolve().parents[1]
DVC = ROOT / ".venvs/dvc/bin/dvc"
SIZE = 50_000
STEPS = ("first, read", "first, journal", "nothing", "1 %", "checkout")
CALL = "import sys; from framepress.versions.history import History; history = History.open(sys.argv[1]); "
COMMIT = CALL + "history.commit('process')"
CHECKOUT = CALL + "history.checkout('head', sys.argv[2])"
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")


def content(number: int, turn: int) -> bytes:
    return random.Random(number * 1000 + turn).randbytes(SIZE)


def write(folder: Path, files: int, turn: int) -> None:
    """All files at turn 0; later one in a hundred, as new files of old names."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in range(turn % 100, files, 100 if turn else 1):
        path = folder / f"images/{number:06}.png"
        path.unlink(missing_ok=True)
        path.write_bytes(content(number, turn))


def record(folder: Path, files: int) -> None:
    """A journal that names the files, sealed and flushed as a writer leaves it."""
    from framepress.core import LabelMap
    from framepress.dataset.job import JOB_PATH, Job
    from framepress.storage.folder import FolderOutput
    from framepress.storage.segments import SealedFile, header

    output = FolderOutput(folder)
    output.put(JOB_PATH, Job(Job.named(["native"]), LabelMap.of(["box"]), None, "error", {}).to_json())
    segment = SealedFile(output, 0)
    segment.write(header(0))
    for number in range(files):
        path = f"images/{number:06}.png"
        sha256 = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        named = f'"editions":{{"native":{{"files":[["{path}",{SIZE},"{sha256}"]],"row":{{}}}}}}'
        segment.write(f'{{"op":"add","frame":{{"id":"{number:06}"}},"channels":["rgb"],{named}}}\n'.encode())
    segment.close()
    output.publish([segment.staged])
    output.sync()


def seconds(do: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of this process on the processors."""
    begin, spent = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - begin, time.process_time() - spent


def run(*command: str | Path, cwd: Path, fails: bool = False) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode and not fails:
        raise RuntimeError(f"{command}\n{done.stderr[-2000:]}")


def ours(base: Path, files: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Step -> [s] as a call, and of them on the processor, in each round."""
    from framepress.versions.history import History

    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(rounds):
        for step, journal in (("first, read", False), ("first, journal", True)):
            folder = base / "dataset"
            shutil.rmtree(folder, ignore_errors=True)
            write(folder, files, 0)
            if journal:
                record(folder, files)
            history = History.init(folder)
            found.setdefault(step, []).append(seconds(partial(history.commit, "first")))
        history.commit("what is too young to be known is read once more")
        found.setdefault("nothing", []).append(seconds(partial(history.commit, "nothing")))
        write(folder, files, turn + 1)
        found.setdefault("1 %", []).append(seconds(partial(history.commit, "one in a hundred")))
        out = base / "out"
        found.setdefault("checkout", []).append(seconds(partial(history.checkout, "head", out)))
        shutil.rmtree(out)
    return found


def process(base: Path, files: int) -> dict[str, float]:
    from framepress.versions.history import History

    folder = base / "process"
    write(folder, files, 0)
    History.init(folder)
    commit = (sys.executable, "-c", COMMIT, folder)
    return steps(folder, files, commit, commit, (sys.executable, "-c", CHECKOUT, folder, base / "laid-out"))


def steps(
    folder: Path, files: int, add: tuple[str | Path, ...], commit: tuple[str | Path, ...], out: tuple[str | Path, ...]
) -> dict[str, float]:
    """Step -> [s] of a tool with a command to add and one to commit, which may be the same."""

    def both() -> None:
        run(*add, cwd=folder)
        if commit is not add:
            run(*commit, cwd=folder, fails=True)  # as git does where nothing has changed

    found = {"first, read": seconds(both)[0]}
    both()
    found["nothing"] = seconds(both)[0]
    write(folder, files, 1)
    found["1 %"] = seconds(both)[0]
    found["checkout"] = seconds(lambda: run(*out, cwd=folder))[0]
    return found


def git(base: Path, files: int, lfs: bool) -> dict[str, float]:
    folder = base / ("lfs" if lfs else "git")
    write(folder, files, 0)
    run(*GIT, "init", "-q", cwd=folder)
    if lfs:
        run(*GIT, "lfs", "install", "--local", cwd=folder)
        run(*GIT, "lfs", "track", "*.png", cwd=folder)
    laid_out = (*GIT, "worktree", "add", "-q", "--detach", base / f"{folder.name}-out")
    return steps(folder, files, (*GIT, "add", "-A"), (*GIT, "commit", "-q", "-m", "bench"), laid_out)


def dvc(base: Path, files: int) -> dict[str, float]:
    folder = base / "dvc"
    write(folder, files, 0)
    run(DVC, "init", "-q", "--no-scm", cwd=folder)
    run(DVC, "config", "core.analytics", "false", cwd=folder)
    run(DVC, "config", "cache.type", "hardlink", cwd=folder)
    add = (DVC, "add", "-q", "images")

    found = steps(folder, files, add, add, ("true",))
    shutil.move(folder / "images", base / "dvc-images")
    found["checkout"] = seconds(lambda: run(DVC, "checkout", "-q", cwd=folder))[0]
    return found


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ours", action="store_true", help="without the others")
    options = parser.parse_args(argv)
    peers: list[tuple[str, Callable[[Path], dict[str, float]]]] = [
        ("framepress, a process", lambda base: process(base, options.files))
    ]
    if not options.ours:
        peers.append(("git", lambda base: git(base, options.files, False)))
        if shutil.which("git-lfs"):
            peers.append(("git-lfs", lambda base: git(base, options.files, True)))
        if DVC.exists():
            peers.append(("DVC, hard links", lambda base: dvc(base, options.files)))
    with tempfile.TemporaryDirectory() as folder:
        called = ours(Path(folder), options.files, options.rounds)
    rows = [
        (f"framepress, a call{name}", *(f"{min(times[of] for times in called[step]):.2f} s" for step in STEPS))
        for of, name in enumerate(("", ": on processors"))
    ]
    reference: dict[str, float] = {}
    for name, measure in peers:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder))
        reference = reference or found
        rows.append((name, *(_cell(found.get(step), reference.get(step)) for step in STEPS)))
    title = f"versions of {options.files:,} files, {options.files * SIZE / 1e9:.1f} GB; in brackets: times our process"
    print(table(title, ("", *STEPS), rows))


def _cell(found: float | None, ours: float | None) -> str:
    if found is None or ours is None:
        return "-"
    return f"{found:.2f} s" + ("" if found is ours else f" ({found / ours:.1f})")


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(ROOT / "python")
    sys.path.insert(0, str(ROOT / "python"))
    main()
