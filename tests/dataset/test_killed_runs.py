"""SIGKILL at random moments of a run: what is reopened and finished equals an uninterrupted run, byte for byte."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash_job import FRAMES, press
from plain_format import tree

JOB = Path(__file__).with_name("crash_job.py")


def started(target: Path, existing: str = "error") -> subprocess.Popen[str]:
    """The job in a process of its own, about to write."""
    job = subprocess.Popen([sys.executable, str(JOB), str(target), existing], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    assert job.stdout.readline() == "go\n"
    return job


def finished(target: Path) -> dict[str, bytes]:
    with started(target) as job:
        assert job.communicate()[0].endswith("done\n")
    return tree(target)


def killed(job: subprocess.Popen[str], frames: int, seconds: float) -> bool:
    """Kill the job so long after it has taken so many frames; False where it had already ended."""
    assert job.stdout is not None
    with job:
        for _ in range(frames):
            job.stdout.readline()  # "" where a resumed run has ended
        time.sleep(seconds)
        job.send_signal(signal.SIGKILL)
        return "done" not in job.communicate()[0]


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_moment_resumes_to_the_same_bytes(
    tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(kills)
    expected = finished(tmp_path / "whole")
    hit, orphans, states = 0, 0, set()
    for number in range(kills):
        target = tmp_path / f"run{number}"
        existing = "error"
        for _ in range(1 + number % 2):  # every other run is killed a second time, while it resumes
            # Now and then after the last frame, while the dataset-wide files are made.
            hit += killed(started(target, existing), rng.randint(0, FRAMES), rng.choice((0, 0.01, 0.03, 0.1)))
            existing = "resume"
        states.add(frozenset(path.relative_to(target) for path in target.rglob("*")))
        press(target, "resume")
        capsys.readouterr()
        assert tree(target) == expected
        orphans += sum(path.is_file() for path in (target / ".framepress/orphans").rglob("*"))
        shutil.rmtree(target)
    assert hit >= kills // 2, "too few kills came in time to prove anything"
    assert len(states) >= min(kills // 2, 40), "the kills met too few different states"
    with capsys.disabled():
        print(f"\n{hit} kills in {kills} runs met {len(states)} states; {orphans} files orphaned")
