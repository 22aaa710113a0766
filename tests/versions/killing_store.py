"""Kills commits, gc, checkouts and pushes at random moments and looks at what is left: killing_store.py FOLDER N SEED.

One process forks each victim, so that a kill hits the work and not the start of Python. Answers with one JSON document.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import reader

from framepress.versions.history import History


def run(verb: str, folder: Path, extra: str, kill_after_s: float) -> bool:
    """Whether it got to its end."""
    victim = os.fork()
    if victim == 0:
        try:
            work(verb, folder, extra)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    end = time.monotonic() + kill_after_s
    while (ended := os.waitpid(victim, os.WNOHANG)) == (0, 0):
        if time.monotonic() > end:
            os.kill(victim, signal.SIGKILL)
            ended = os.waitpid(victim, 0)
            break
        time.sleep(0.0005)
    _, status = ended
    assert status in (0, signal.SIGKILL), f"{verb}: it failed"
    return status == 0


def work(verb: str, folder: Path, extra: str) -> None:
    history = History.open(folder)
    if verb == "commit":
        history.commit(extra)
    elif verb == "gc":
        history.gc(now=True)
    elif verb == "checkout":
        history.checkout("head", extra)
    elif verb == "back":
        history.checkout(extra, force=True)
    else:
        history.push(extra)


def change(folder: Path, random_: random.Random, number: int) -> None:
    for at in random_.sample(range(60), 12):
        for name in (f"images/{at:03}.png", f"labels/{at:03}.txt"):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(random_.randbytes(random_.randrange(1, 4000)) + b"%d" % number)


def main(tmp_path: Path, count: int, seed: int) -> dict[str, int]:
    random_ = random.Random(seed)
    folder, remote = tmp_path / "dataset", tmp_path / "remote"
    (folder / "images").mkdir(parents=True)
    change(folder, random_, 0)
    history = History.init(folder)
    history.commit("first")
    store = history.place.store
    known = [reader.files(folder)]
    took = {"commit": 0.08, "gc": 0.08, "checkout": 0.06, "back": 0.06, "push": 0.2}
    ended = dict.fromkeys(took, 0)
    for number in range(1, count + 1):
        verb = random_.choice(list(took))
        before = reader.files(folder)
        if verb in ("commit", "gc"):
            change(folder, random_, number)
            before = reader.files(folder)
        out = tmp_path / f"out{number}"
        extra = {
            "commit": f"number {number}",
            "gc": "-",
            "checkout": str(out),
            "back": str(random_.randrange(1, len(known) + 1)),
            "push": str(remote),
        }[verb]
        if verb == "back":
            History.open(folder).commit("all that is there", over=True)
            known = reader.versions(store)
        started = time.monotonic()
        done = run(verb, folder, extra, random_.random() * took[verb] * 1.2)
        ended[verb] += done
        if done:
            took[verb] = 0.7 * took[verb] + 0.3 * min(time.monotonic() - started, 1.0)
        else:
            took[verb] = min(1.1 * took[verb], 2.0)

        now = reader.versions(store)  # checks every visible content
        assert now[: len(known)] == known, "a version was lost or changed"
        assert len(now) - len(known) <= (verb == "commit")
        if len(now) > len(known):
            assert now[-1] == before
        known = now
        if verb == "back":
            wanted = known[int(extra) - 1]
            again = History.open(folder)
            if again.status().unfinished:
                assert not done
                again.checkout(extra)
                assert reader.files(folder) == wanted
            else:
                assert reader.files(folder) in (wanted, before)
            again.checkout(str(len(known)), force=True)
        elif verb == "checkout":
            assert not out.exists() or reader.files(out) == known[-1]
        else:
            assert reader.files(folder) == before
    history = History.open(folder)
    history.gc(now=True)
    left = [path for name in ("tmp", "leases", "trash") for path in (store / name).rglob("*")]
    left += [*tmp_path.glob(".out*")]
    assert not left, "leftovers were not swept"
    assert reader.versions(store) == known
    assert history.verify().ok
    if remote.exists() or ended["push"]:
        history.push(str(remote))
    history.commit("goes on", over=True)
    return ended


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
