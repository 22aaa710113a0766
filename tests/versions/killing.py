"""Kills pushes and pulls at random moments and looks at what is left: killing.py FOLDER ROUNDS SEED.

One process without threads forks each victim, so that a round costs milliseconds. Answers with one JSON document.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from lines import add_version, files_of, pictures, store_at

from framepress.versions.leases import Leases
from framepress.versions.pull import pull
from framepress.versions.push import push
from framepress.versions.store import Store


def main(folder: Path, rounds: int, seed: int) -> dict[str, int]:
    chosen = random.Random(seed)
    ours, remote, theirs = store_at(folder / "ours"), folder / "remote", store_at(folder / "theirs")
    versions = [files(0)]
    add_version(ours, versions[0], "0")
    killed = 0
    longest_s = 0.05
    for number in range(rounds):
        pushing = number % 3 != 2
        started = time.monotonic()
        ended = run(pushing, ours, remote, theirs, folder, chosen.uniform(0, longest_s))
        killed += not ended
        if ended:
            longest_s = max(longest_s * 0.9, min(2 * (time.monotonic() - started), 1.0))
        else:
            longest_s = min(longest_s * 1.1, 1.0)
        for store in (remote, theirs.root):
            check(store, ours, versions)
        if ended and pushing:
            versions.append(files(len(versions)))
            add_version(ours, versions[-1], str(len(versions)))
    for last in (True, False):
        assert run(last, ours, remote, theirs, folder, 60.0)
        assert run(last, ours, remote, theirs, folder, 60.0)
    for root in (remote, theirs.root):
        assert len(Store.open(root).refs.line()) == len(versions)
        check(root, ours, versions)
        assert Leases(root).live() == []
        left = [path.name for path in (root / "tmp").iterdir()]
        # These go when they are old.
        assert all(name.startswith(("cell-", "probe-")) or name.endswith("-clock") for name in left), left
    return {"killed": killed, "versions": len(versions)}


def files(number: int) -> dict[str, bytes]:
    return {**pictures(40, seed=number), "clouds/0.bin": b"%08d" % number * (1_200_000)}


def run(pushing: bool, ours: Store, remote: Path, theirs: Store, folder: Path, after_s: float) -> bool:
    """Whether it ended by itself."""
    child = os.fork()
    if child == 0:
        try:
            if pushing:
                push(ours, "main", remote, indexes=folder / "our-indexes")
            elif (remote / "refs/main/00000001").exists():
                pull(theirs, "main", remote, indexes=folder / "their-indexes")
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    end = time.monotonic() + after_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"ended with {status}"
            return True
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status == 0


def check(root: Path, ours: Store, versions: list[dict[str, bytes]]) -> None:
    """What is visible is a part of our line, and whole."""
    if not (root / "store.json").exists():
        return
    store = Store.open(root)
    line = store.refs.line()
    assert line == ours.refs.line()[: len(line)]
    for number in range(max(len(line) - 1, 1), len(line) + 1):
        assert files_of(store, number) == versions[number - 1]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
