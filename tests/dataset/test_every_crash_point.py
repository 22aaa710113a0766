"""Stopped at every single change of the disk, from a run's first to its last: it resumes to the same bytes."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from plain_format import tree

from framepress.core import Frame
from framepress.dataset.job import JOB_PATH
from framepress.dataset.merge import merge
from framepress.dataset.refinish import finish
from framepress.dataset.writer import DatasetWriter
from framepress.storage import folder, streams
from framepress.storage.finishing import finished
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from frames import many

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a run to be stopped")

CHANGES = ("open", "write", "link", "unlink", "replace", "rename", "mkdir", "truncate", "ftruncate")
ENDED, FAILED, REACHED = 40, 41, 50  # exit codes; REACHED and the number of the call in CHANGES
FORMATS = {"plain": {"images": "png"}, "twin": {"images": "png"}}

Run = Callable[[Path, str], object]


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of one or two records; no flushes, which a process that dies does not need."""
    for method in (Journal.create, Journal.open):
        monkeypatch.setitem(method.__func__.__kwdefaults__, "segment_bytes", 1200)
    monkeypatch.setattr(folder, "sync_tree", lambda _: None)
    monkeypatch.setattr(streams, "sync_file", lambda _: None)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return list(many(4, (64, 40)))


def press(frames: list[Frame], target: Path, existing: str) -> None:
    with DatasetWriter(target, FORMATS, workers=1, existing=existing) as writer:
        for frame in frames:
            writer.add(frame)


def stopped(run: Callable[[], object], change: int, *, torn: bool = False) -> str:
    """Run in a process that ends for good before that change (from 0); `torn` lets half of a write pass.

    Returns which of CHANGES it was; "" where the run came to its end before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 on threads; none of ours is alive here
        child = os.fork()
    if child == 0:
        try:
            _stop_at(change, torn)
            run()
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(FAILED)
        os._exit(ENDED)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == ENDED or code >= REACHED, f"the run failed by itself before change {change}: {code}"
    return "" if code == ENDED else CHANGES[code - REACHED]


def _stop_at(change: int, torn: bool) -> None:
    numbers = itertools.count()

    def counted(name: str, call: Callable[..., object], *args: object, **kwargs: object) -> object:
        if next(numbers) == change:
            if torn and name == "write":
                call(args[0], args[1][: len(args[1]) // 2])
            os._exit(REACHED + CHANGES.index(name))
        return call(*args, **kwargs)

    for name in CHANGES:
        setattr(os, name, partial(counted, name, getattr(os, name)))


def check_finishes(target: Path) -> None:
    """Finished as it is, the dataset has the files of the frames in its journal, and no others."""
    finish(target)
    output = FolderOutput(target)
    named = set(finished(output))
    ids = []
    for record in Journal.open(output, repair=False).records():
        if record["op"] == "add":
            ids.append(record["frame"]["id"])
            named |= {path for edition in record["editions"].values() for path, _, _ in edition["files"]}
    assert set(output.list()) == named
    for name in FORMATS:
        assert [line.split()[0] for line in (target / name / "list.txt").read_text().splitlines()[1:]] == ids
    assert not any((target / ".framepress/tmp").iterdir())
    assert not (target / ".framepress/lock").exists()


def check_every_stop(run: Run, whole: Path, work: Path, *, before: Path | None = None, existing: str = "error") -> int:
    """A run that stopped can be finished as it is, resumed, and stopped again while it resumes; at how many places.

    Args:
        before: the target when the run begins; None where it is not there.
    """
    expected = tree(whole)
    rng = random.Random(1)

    def start(name: str, change: int, *, torn: bool = False) -> tuple[Path, str]:
        target = work / name
        if before is not None:
            shutil.copytree(before, target)
        return target, stopped(partial(run, target, existing), change, torn=torn)

    def check_resumes(target: Path) -> None:
        run(target, "resume")
        assert tree(target) == expected, target.name
        assert not any((target / ".framepress/tmp").iterdir())
        shutil.rmtree(target)

    for change in itertools.count():
        target, call = start(f"{change}", change)
        if not call:
            return change
        if (target / JOB_PATH).exists():
            copied = shutil.copytree(target, work / f"{change} finished")
            check_finishes(copied)
            shutil.rmtree(copied)
        if change % 5 == 0:
            stopped(partial(run, target, "resume"), rng.randrange(90))
        check_resumes(target)
        if call == "write":
            check_resumes(start(f"{change} torn", change, torn=True)[0])
    raise AssertionError


def test_a_new_dataset(tmp_path: Path, frames: list[Frame]) -> None:
    run = partial(press, frames[:2])
    run(tmp_path / "whole", "error")
    assert check_every_stop(run, tmp_path / "whole", tmp_path) > 80


def test_frames_added_to_a_finished_dataset(tmp_path: Path, frames: list[Frame]) -> None:
    press(frames[:1], tmp_path / "before", "error")
    shutil.copytree(tmp_path / "before", tmp_path / "whole")
    run = partial(press, frames[1:3])
    run(tmp_path / "whole", "append")
    assert check_every_stop(run, tmp_path / "whole", tmp_path, before=tmp_path / "before", existing="append") > 80


def test_a_merge(tmp_path: Path, frames: list[Frame]) -> None:
    shards = [tmp_path / "shard0", tmp_path / "shard1"]
    for number, shard in enumerate(shards):
        press(frames[number:3:2], shard, "error")

    def run(target: Path, existing: str) -> None:
        merge(shards, target, existing=existing)

    run(tmp_path / "whole", "error")
    assert check_every_stop(run, tmp_path / "whole", tmp_path) > 80
