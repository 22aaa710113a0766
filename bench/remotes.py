"""Push and pull of many small files to a real S3 server (radosgw on loopback): ours beside DVC.

    python bench/remotes.py [--files N] [--repeats N]

Wall seconds of a fresh process each, its start included, and its CPU seconds (without the server's): push of one
version to an empty prefix, a second push of the same, a push of 1 % new files, and a pull into a new folder with the
files laid out. DVC: `dvc push` and `dvc pull` of the same files with its own defaults, once; where .venvs/dvc-s3 is:
python -m venv .venvs/dvc-s3, its pip: -r bench/dvc-s3.txt. The peak is of the whole process [MB].
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from framepress.versions.remotes.opening import open_remote  # noqa: E402
from s3 import radosgw  # noqa: E402
from s3.server import S3Server  # noqa: E402

DVC = ROOT / ".venvs" / "dvc-s3" / "bin" / "dvc"
SIZES = (10_000, 50_000)
PUSH = """
import json, sys
from framepress.versions.history import History
told = History.open(sys.argv[1]).push(sys.argv[2], options=json.loads(sys.argv[3]))
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(told.contents, int(peak) // 1000)
"""
PULL = """
import json, sys
from framepress.versions.clone import clone
told = clone(sys.argv[2], sys.argv[1], options=json.loads(sys.argv[3]))
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(told.contents, int(peak) // 1000)
"""


def made(folder: Path, files: int, seed: int) -> None:
    """Random bytes, 10 to 50 kB each."""
    numbers = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(numbers.integers(*SIZES, files).tolist()):
        (folder / f"{seed}-{number:05d}.png").write_bytes(numbers.bytes(size))


class Spent(NamedTuple):
    """Seconds of a process and its children."""

    wall: float
    cpu: float


def spent(call: Callable[[], object]) -> Spent:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    call()
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ours(server: S3Server, root: Path, files: int, repeats: int) -> tuple[dict[str, Spent], int]:
    """The quickest of each, and the largest peak [MB]."""
    from framepress.versions.history import History

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    peaks: list[int] = []

    def run(script: str, folder: Path, url: str, expected: int) -> Spent:
        def call() -> None:
            command = [sys.executable, "-c", script, str(folder), url, json.dumps(server.options)]
            told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
            count, peak = map(int, told.split())
            assert count == expected, f"{count} contents went, not {expected}"
            peaks.append(peak)

        return spent(call)

    found: dict[str, list[Spent]] = {"push": [], "push of nothing": [], "push of 1 % more": [], "pull": []}
    for repeat in range(repeats):
        folder, url = root / f"ours-{repeat}", f"s3://bench/ours-{repeat}"
        shutil.copytree(root / "files", folder / "images")
        history = History.init(folder)
        history.commit("one")
        found["push"].append(run(PUSH, folder, url, files))
        found["push of nothing"].append(run(PUSH, folder, url, 0))
        made(folder / "images", files // 100, repeat + 1)
        history.commit("two")
        found["push of 1 % more"].append(run(PUSH, folder, url, files // 100))
        found["pull"].append(run(PULL, root / "pulled", url, files + files // 100))
        assert same(folder / "images", root / "pulled" / "images")
        shutil.rmtree(root / "pulled")
        shutil.rmtree(folder)
    return {name: min(taken) for name, taken in found.items()}, max(peaks)


def dvc(server: S3Server, root: Path) -> dict[str, Spent] | None:
    """None where it is not installed."""
    if not DVC.exists():
        return None
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "DVC_NO_ANALYTICS": "1",
        "HOME": str(root),
    }
    repository, other = root / "dvc", root / "dvc-other"

    def run(*command: str | Path, where: Path = repository) -> None:
        subprocess.run([str(part) for part in command], cwd=where, check=True, capture_output=True, env=environment)

    shutil.copytree(root / "files", repository / "images")
    run("git", "init", "-q")
    run(DVC, "init", "-q")
    run(DVC, "remote", "add", "-d", "s3", "s3://bench/dvc")
    run(DVC, "remote", "modify", "s3", "endpointurl", server.endpoint)
    run(DVC, "add", "-q", "images")
    pushed = spent(lambda: run(DVC, "push", "-q"))
    shutil.copytree(repository, other, ignore=shutil.ignore_patterns("images", "cache", "tmp"))
    pulled = spent(lambda: run(DVC, "pull", "-q", where=other))
    assert same(root / "files", other / "images")
    shutil.rmtree(repository)
    shutil.rmtree(other)
    return {"push": pushed, "pull": pulled}


def same(one: Path, other: Path) -> bool:
    return {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args(arguments)
    root = Path(tempfile.mkdtemp(prefix="remotes-"))
    try:
        made(root / "files", chosen.files, 0)
        with radosgw.running(8 << 30) as server:
            server.make_bucket("bench")
            # The server makes its pools on the first upload of each kind; that is nobody's time here.
            for size in (1, 20 << 20):
                open_remote("s3://bench/first", server.options).put(f"{size}", bytes(size))
            found, peak = ours(server, root, chosen.files, chosen.repeats)
            peer = dvc(server, root)
    finally:
        shutil.rmtree(root)
    print(f"{chosen.files} files of 10 to 50 kB, to and from radosgw")
    for name, taken in found.items():
        print(f"{name:18} {taken.wall:7.2f} s  CPU {taken.cpu:6.2f}", end="")
        if peer and name in peer:
            other = peer[name]
            print(f"   DVC {other.wall:7.2f} s  CPU {other.cpu:6.2f}", end="")
            print(f"   ratio {other.wall / taken.wall:5.1f}, of CPU {other.cpu / taken.cpu:5.1f}", end="")
        print()
    print(f"peak {peak} MB")
    if peer is None:
        print("DVC is not installed; see the first lines of this file")


if __name__ == "__main__":
    main()
