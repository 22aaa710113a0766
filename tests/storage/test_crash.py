"""A writer killed at any moment: what is in the journal is whole, what is not is out of the way, and it goes on.

FRAMEPRESS_KILLS=200 makes the loop longer.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import framepress
from framepress.storage.finishing import finished
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.output import ORPHANS
from framepress.storage.recover import recover

KILLS = int(os.environ.get("FRAMEPRESS_KILLS", "25"))
FRAMES = 80

# Two workers press frames, the main thread commits them in order; then the dataset-wide files are made.
WRITER = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from framepress.storage.finishing import FinishFiles
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.recover import recover
from framepress.storage.transaction import FrameTransaction, Intents


def content(path):
    size = 100_000 if path.endswith(".png") else 300 if path.endswith(".txt") else 500_000
    digest = sha256(Path(path).name.encode()).digest()
    return digest * (size // 32)


def press(number):
    id = f"{number // 10}/{number:04}"
    with FrameTransaction(output, intents, id) as transaction:
        image = content(f"{number:04}.png")
        for prefix in ("coco/", "yolo/"):
            transaction.files(prefix).put(f"images/{id}.png", image)
            transaction.files(prefix).put(f"labels/{id}.txt", content(f"{number:04}.txt"))
        files = transaction.publish()
    editions = {prefix.rstrip("/"): {"files": entries} for prefix, entries in files.items()}
    return {"op": "add", "frame": {"id": id, "index": number}, "editions": editions}


def main(frames):
    with ThreadPoolExecutor(2) as pool:
        todo = [n for n in range(frames) if f"{n // 10}/{n:04}" not in journal.ids]
        for record in pool.map(press, todo):
            journal.append(record)
            intents.settle(record["frame"]["id"])
            os.write(1, b".")
    for prefix in ("coco/", "yolo/"):
        files = FinishFiles(output, prefix)
        files.put("all.json", content("all.json"))
        with files.file("more.json") as stream:
            stream.write(content("more.json"))
        files.publish()


if __name__ == "__main__":
    output = FolderOutput(sys.argv[1])
    output.lock()
    options = {"segment_bytes": 20_000, "sync_seconds": None, "on_seal": lambda path: intents.trim()}
    if output.exists(".framepress/journal"):
        journal = Journal.open(output, **options)
        recover(output, journal)
    else:
        journal = Journal.create(output, **options)
    intents = Intents(output)
    main(int(sys.argv[2]))
    journal.close()
    intents.close()
    os.write(1, b"done")
"""


@pytest.fixture
def start(tmp_path):
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    environment = {**os.environ, "PYTHONPATH": str(Path(framepress.__file__).parents[1])}

    def begin(root):
        return subprocess.Popen(
            [sys.executable, str(script), str(root), str(FRAMES)], stdout=subprocess.PIPE, env=environment
        )

    return begin


SIZES = {".png": 100_000, ".txt": 288, ".json": 500_000}


def check_whole(output, path, name):
    """The content is made of the digest of the file's name: any mixture or hole would show."""
    content = output.read(path)
    assert content == hashlib.sha256(Path(name).name.encode()).digest() * (SIZES[Path(name).suffix] // 32), path


def check_after_kill(root):
    """Whatever the moment of the kill; returns how many frames the journal has."""
    output = FolderOutput(root)
    lock = output.lock()
    if not output.exists(".framepress/journal"):
        assert list(output.list()) == []
        lock.release()
        return 0
    journal = Journal.open(output)
    assert journal.ids == {f"{n // 10}/{n:04}" for n in range(len(journal.ids))}, "the journal is a prefix"
    recovery = recover(output, journal)
    assert recovery.lost == (), "a kill is no power cut"
    named = set()
    for record in journal.records():
        for edition in record["editions"].values():
            for path, size, sha256 in edition["files"]:
                content = output.read(path)
                assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)
                named.add(path)
    for path in output.list():
        assert path in named or path in finished(output), path
        check_whole(output, path, path)
    for path in output.list(ORPHANS.rstrip("/")):
        check_whole(output, path, path.partition("~")[0])
    assert list(output.list(".framepress/tmp")) == []
    journal.close(seal=False)
    lock.release()
    return len(journal.ids)


def tree(root):
    files = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    compared = {
        name: path for name, path in files.items() if not name.startswith((".framepress/orphans", ".framepress/lock"))
    }
    return {name: path.read_bytes() for name, path in sorted(compared.items())}


def finish(process):
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.lstrip(b".")) == (0, b"done")


def kill_somewhere(process, rng):
    """Kills the writer while it starts, or shortly after some more frames; returns what it said."""
    said = b""
    if rng.random() < 0.3:
        time.sleep(rng.uniform(0.0, 0.2))
    else:
        said = process.stdout.read(rng.randrange(1, 30))
        time.sleep(rng.uniform(0.0, 0.005))
    process.kill()
    return said + process.communicate()[0]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_writer_leaves_whole_frames_and_resumes_to_the_same_bytes(tmp_path, start):
    finish(start(tmp_path / "uninterrupted"))
    expected = tree(tmp_path / "uninterrupted")
    assert sum(name.endswith(".png") for name in expected) == 2 * FRAMES
    rng = random.Random(11)
    root = tmp_path / "killed-0"
    amid = 0
    for kill in range(KILLS):
        out = kill_somewhere(start(root), rng)
        if rng.random() < 0.6:  # else the next writer recovers by itself, and may be killed at that
            amid += 0 < check_after_kill(root) < FRAMES
        if out.endswith(b"done"):
            assert tree(root) == expected
            root = tmp_path / f"killed-{kill + 1}"
    finish(start(root))
    assert tree(root) == expected
    assert amid > KILLS // 8, "the kills must hit the writing"
