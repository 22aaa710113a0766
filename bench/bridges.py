"""git, Git LFS and DVC as their users call them, and the same tools through `framepress version --to`.

python bench/bridges.py [--files 20000] [--size 50000]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "python")]

IDENTITY = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "DVC_NO_ANALYTICS": "1",
}
MEDIA = "images"
"""The folder of the workload that holds its files."""


@dataclass(frozen=True)
class Peer:
    """One tool; each step is one that is measured, but `prepare`.

    Args:
        first_commit: all of it for the first time.
        changed: a commit after a few files have changed; the same with nothing changed.
        checkout: the files of `MEDIA`, which are gone, come back as they were committed.
    """

    name: str
    prepare: Callable[[Path], None]
    first_commit: Callable[[Path], None]
    changed: Callable[[Path], None]
    checkout: Callable[[Path], None]


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def git() -> Peer:
    def commit(folder: Path) -> None:
        run(folder, "git", "add", "-A")
        run(folder, "git", "commit", "-qm", "version", "--allow-empty")

    return Peer(
        "git",
        lambda folder: run(folder, "git", "init", "-q"),
        commit,
        commit,
        lambda folder: run(folder, "git", "checkout", "-q", "HEAD", "--", "."),
    )


def git_lfs() -> Peer:
    from judges.environments import git_lfs as install

    install()

    def prepare(folder: Path) -> None:
        plain.prepare(folder)
        run(folder, "git", "lfs", "install", "--local")
        run(folder, "git", "lfs", "track", "*.png")

    plain = git()
    return Peer("git-lfs", prepare, plain.first_commit, plain.changed, plain.checkout)


def dvc() -> Peer:
    command = _dvc()
    plain = git()

    def prepare(folder: Path) -> None:
        plain.prepare(folder)
        run(folder, command, "init", "-q")

    def commit(folder: Path) -> None:
        run(folder, command, "add", "-q", MEDIA)
        plain.first_commit(folder)

    return Peer("dvc", prepare, commit, commit, lambda folder: run(folder, command, "checkout", "-q"))


def bridged(kind: str) -> Peer:
    """The same tool through `framepress version --to`."""
    from framepress.versions.bridges import begin, bridge

    if kind == "dvc":
        os.environ["PATH"] = f"{Path(_dvc()).parent}{os.pathsep}{os.environ['PATH']}"

    def commit(folder: Path) -> None:
        bridge(folder).commit("version")

    def back(folder: Path) -> None:
        shutil.rmtree(folder / MEDIA, ignore_errors=True)
        bridge(folder).checkout("head", force=True)

    return Peer(f"framepress --to {kind}", lambda folder: [begin(folder, kind)] and None, commit, commit, back)


def peers() -> Iterator[Peer]:
    """Those that are here or can be installed; the others are told."""
    from judges.environments import JudgeEnvironmentError

    makers = (git, git_lfs, lambda: bridged("git-lfs"), dvc, lambda: bridged("dvc"))
    for make in makers:
        try:
            yield make()
        except JudgeEnvironmentError as error:
            print(f"left out: {error}", flush=True)


def _dvc() -> str:
    from judges.environments import python_of

    return str(python_of("dvc").with_name("dvc"))


def make_files(folder: Path, count: int, size: int) -> None:
    """Files of noise, a thousand a folder."""
    rng = np.random.default_rng(0)
    for number in range(count):
        inside = folder / MEDIA / f"{number // 1000:03d}"
        if number % 1000 == 0:
            inside.mkdir(parents=True)
        (inside / f"{number:06d}.png").write_bytes(rng.bytes(size))


def change(folder: Path, part: int = 100) -> int:
    """Every hundredth file is made anew; how many."""
    names = sorted((folder / MEDIA).rglob("*.png"))[::part]
    for name in names:
        content = name.read_bytes()
        name.unlink()
        name.write_bytes(content[::-1])
    return len(names)


def measured(step: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Seconds of the clock, and of the processor, children included."""
    began, used = time.perf_counter(), _cpu_s()
    step(folder)
    return time.perf_counter() - began, _cpu_s() - used


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def one(peer: Peer, folder: Path) -> dict[str, tuple[float, float]]:
    """Step -> seconds of the clock and of the processor."""
    peer.prepare(folder)
    found = {"first commit": measured(peer.first_commit, folder)}
    found["nothing changed"] = measured(peer.changed, folder)
    change(folder)
    found["1 % changed"] = measured(peer.changed, folder)
    shutil.rmtree(folder / MEDIA)
    found["checkout"] = measured(peer.checkout, folder)
    return found


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=20_000)
    options.add_argument("--size", type=int, default=50_000, help="bytes of each")
    options.add_argument("--only", help="names of peers, with commas between")
    given = options.parse_args(arguments)
    os.environ.update(IDENTITY)
    print(f"{given.files:,} files of {given.size:,} bytes; seconds of the clock (of the processor)")
    for peer in peers():
        if given.only and peer.name not in given.only.split(","):
            continue
        with tempfile.TemporaryDirectory(prefix="versions-") as scratch:
            folder = Path(scratch) / "dataset"
            make_files(folder, given.files, given.size)
            os.sync()
            steps = one(peer, folder)
        print(
            f"{peer.name:26}", *(f"{name} {wall:6.2f} ({cpu:6.2f})" for name, (wall, cpu) in steps.items()), flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
