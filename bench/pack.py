"""What packing costs: 10,000 files and 500 MB, half of it media that are compressed already, beside the usual tools.

    python bench/pack.py [--files N] [--megabytes M] [--runs R]

Each line is a process of its own, start and imports included: seconds of wall and of processors, the peak resident
memory that the system reports, and the size of what it wrote. All read from the page cache and write to the same disk.
Ours syncs to the disk and holds a manifest of every file; the others do neither.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

OURS = "import sys; from framepress.cli import main; main(sys.argv[1:], standalone_mode=False)"
ZIPFILE = "import shutil, sys; shutil.make_archive(sys.argv[2], sys.argv[1], sys.argv[3])"
UNPACK = "import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])"
PYTHON = sys.executable


def write(root: Path, files: int, megabytes: int) -> None:
    """Six tenths of the files are media, three tenths label files, one tenth arrays that deflate to a third."""
    rng = np.random.default_rng(0)
    mean = megabytes * 1_000_000 / files
    for number in range(files):
        kind = number % 10
        if kind < 6:
            path, content = f"images/{number:06d}.jpg", rng.bytes(int(mean * rng.uniform(0.5, 1.4)))
        elif kind < 9:
            rows = (f"{rng.integers(80)} 0.{rng.integers(10**8):08d} 0.5 0.25 0.125\n" for _ in range(30))
            path, content = f"labels/{number:06d}.txt", "".join(rows).encode()
        else:
            steps = rng.integers(0, 8, int(mean * 1.06)).cumsum().astype(np.float32)
            path, content = f"depth/{number:06d}.npy", steps.tobytes()
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def measured(command: Sequence[str], folder: Path, runs: int) -> tuple[float, float, float]:
    """Seconds of wall and of processors, and peak MB: of the run that took the least processor time."""
    found = []
    for _ in range(runs):
        for path in folder.glob("out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        begin = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        found.append((usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024))
    spent, wall, peak = min(found)
    return wall, spent, peak


def ours(*arguments: str) -> list[str]:
    return [PYTHON, "-c", OURS, *arguments]


def packing() -> dict[str, list[tuple[str, list[str]]]]:
    """Kind -> ours first, then the others; each writes `out*` from `set`."""
    plain = [PYTHON, "-c", ZIPFILE]
    return {
        "zip": [
            ("framepress", ours("pack", "set", "out.zip")),
            ("zip -q -r", ["zip", "-q", "-r", "out.zip", "set"]),
            ("shutil", [*plain, "zip", "out", "set"]),
        ],
        "tar": [
            ("framepress", ours("pack", "set", "out.tar")),
            ("tar -cf", ["tar", "-cf", "out.tar", "set"]),
            ("shutil", [*plain, "tar", "out", "set"]),
        ],
        "tar.gz": [
            ("framepress", ours("pack", "set", "out.tar.gz")),
            ("tar -czf", ["tar", "-czf", "out.tar.gz", "set"]),
        ],
        "tar.zst": [
            ("framepress", ours("pack", "set", "out.tar.zst")),
            ("tar --zstd", ["tar", "--zstd", "-cf", "out.tar.zst", "set"]),
        ],
        "sha256": [
            ("framepress manifest", ours("manifest", "set", "--out", "out.sha256")),
            ("find | sha256sum", ["sh", "-c", "find set -type f -print0 | xargs -0 sha256sum > out.sha256"]),
        ],
    }


def unpacking(kind: str) -> list[tuple[str, list[str]]]:
    tool = (
        ["unzip", "-q", f"in.{kind}", "-d", "out"]
        if kind == "zip"
        else ["sh", "-c", f"mkdir out; tar -xf in.{kind} -C out"]
    )
    return [
        ("framepress unpack", ours("unpack", f"in.{kind}", "out")),
        (tool[0] if kind == "zip" else "tar -xf", tool),
        ("shutil", [PYTHON, "-c", UNPACK, f"in.{kind}", "out"]),
    ]


def table(title: str, rows: list[tuple[str, list[str]]], folder: Path, runs: int) -> None:
    first = (0.0, 0.0)
    for name, command in rows:
        if shutil.which(command[0]) is None:
            continue
        wall, spent, peak = measured(command, folder, runs)
        first = first if first[0] else (wall, spent)
        written = sum(path.stat().st_size for path in folder.glob("out*") if path.is_file()) / 1e6
        size = f"{written:7.1f} MB" if written else " " * 10
        print(
            f"{title:8} {name:20} {wall:7.2f} s ({wall / first[0]:5.2f}x)"
            f"  {spent:7.2f} s cpu ({spent / first[1]:5.2f}x)"
            f"  {peak:5.0f} MB peak  {size}",
            flush=True,
        )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="framepress-bench-") as name:
        folder = Path(name)
        write(folder / "set", arguments.files, arguments.megabytes)
        size = sum(path.stat().st_size for path in (folder / "set").rglob("*") if path.is_file())
        print(f"{arguments.files} files, {size / 1e6:.0f} MB, {os.cpu_count()} cores")
        for kind, rows in packing().items():
            table(kind, rows, folder, arguments.runs)
        for kind in ("zip", "tar"):
            subprocess.run(ours("pack", "set", f"in.{kind}"), cwd=folder, check=True, capture_output=True)
            table(kind, unpacking(kind), folder, arguments.runs)
            (folder / f"in.{kind}").unlink()


if __name__ == "__main__":
    main()
