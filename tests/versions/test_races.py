"""Several at once: of racing commits one wins each round and none is lost; gc and readers do not harm each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import reader

from framepress.errors import OutputError
from framepress.versions.history import History

PYTHON = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2] / "python"))

RACER = """
import json, sys
from pathlib import Path
from framepress.errors import FramepressError
from framepress.versions.history import History
folder, rounds, number = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for round_ in range(rounds):
    sys.stdin.readline()
    (folder / f"{number}.txt").write_text(f"round {round_} racer {number}")
    try:
        said = History.open(folder).commit(f"round {round_} racer {number}", author=number).version.number
    except FramepressError as error:
        said = f"{type(error).__name__}: {error}"
    print(json.dumps(said), flush=True)
    sys.stdin.readline()
    if History.open(folder).status().base != History.open(folder).status().head:
        History.open(folder).checkout("head", force=True)
    print("again", flush=True)
"""


def race(folders: list[Path], rounds: int) -> list[list[int | str]]:
    """What each racer said in each round; all begin a round together."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(folder), str(rounds), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=PYTHON,
            text=True,
        )
        for number, folder in enumerate(folders)
    ]

    def all_do(answered: bool) -> list[str]:
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = []
        for racer in racers:
            assert racer.stdout is not None
            line = racer.stdout.readline()
            assert line
            said.append(json.loads(line) if answered else line)
        return said

    found = []
    for _ in range(rounds):
        found.append(all_do(True))
        all_do(False)
    for racer in racers:
        racer.communicate()
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(("racers", "rounds"), [(4, 3), pytest.param(8, 25, marks=pytest.mark.slow)])
def test_of_racing_commits_one_wins_each_round_and_none_is_lost(racers: int, rounds: int, tmp_path: Path) -> None:
    first = tmp_path / "0"
    first.mkdir()
    (first / "start.txt").write_bytes(b"start")
    history = History.init(first, store=tmp_path / "store")
    history.commit("start")
    folders = [first] + [tmp_path / str(number) for number in range(1, racers)]
    for folder in folders[1:]:
        history.checkout("head", folder)
    said = race(folders, rounds)
    for number, answers in enumerate(said):
        won = [racer for racer, answer in enumerate(answers) if isinstance(answer, int)]
        assert [answers[racer] for racer in won] == [number + 2]
        assert all("nothing was committed" in str(answers[racer]) for racer in range(racers) if racer not in won)
    held = reader.versions(tmp_path / "store")
    winners = [next(racer for racer, answer in enumerate(answers) if isinstance(answer, int)) for answers in said]
    for number, winner in enumerate(winners):
        assert held[number + 1][f"{winner}.txt"] == f"round {number} racer {winner}".encode()
        changed = {path for path in held[number + 1] if held[number + 1][path] != held[number].get(path)}
        assert changed == {f"{winner}.txt"}
    assert History.open(first).verify().ok


def test_two_commits_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"1")
    History.init(folder)
    begun, go_on = threading.Event(), threading.Event()

    def gate(_: Path) -> None:
        begun.set()
        assert go_on.wait(20)

    first = threading.Thread(target=lambda: History.open(folder).commit("one", gate=gate))
    first.start()
    try:
        assert begun.wait(20)
        with pytest.raises(OutputError, match="is writing this dataset"):
            History.open(folder).commit("two")
    finally:
        go_on.set()
        first.join()
    assert [version.commit.message for version in History.open(folder).log()] == ["one"]


def test_gc_and_commits_that_go_on_together_harm_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"0")
    history = History.init(folder)
    history.commit("first")
    done, refused, trouble = threading.Event(), [], []

    def sweep() -> None:
        again = History.open(folder)
        while not done.is_set():
            try:
                again.gc(now=True)
            except OutputError as error:
                refused.append(str(error))
            except BaseException as error:
                trouble.append(error)
                raise

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    held = [reader.files(folder)]
    try:
        for number in range(12):
            # Contents that nobody needs when the commit begins, and that it finds in the store already.
            with history.store.leases.hold("commit"):
                history.store.objects.add(b"picture %d" % number)
            for name in (f"{number}.png", f"{number}.txt"):
                (folder / name).unlink(missing_ok=True)
                (folder / name).write_bytes(b"picture %d" % number if name.endswith("png") else b"text %d" % number)
            history.commit(f"number {number}")
            held.append(reader.files(folder))
            history.checkout("head", tmp_path / f"out{number}")
            assert reader.files(tmp_path / f"out{number}") == held[-1]
    finally:
        done.set()
        sweeper.join()
    assert not trouble
    assert reader.versions(history.place.store) == held
