"""Sealed segments read the same with either unpacker, and damage is named with either."""

from __future__ import annotations

import gzip
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from framepress.errors import JournalError
from framepress.storage import segments
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal


@pytest.fixture(params=["isal", "gzip"])
def unpacker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "isal":
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal.igzip", None)
    segments._unzipper.cache_clear()
    yield request.param
    segments._unzipper.cache_clear()


def sealed(folder: Path, frames: int = 300) -> FolderOutput:
    output = FolderOutput(folder)
    journal = Journal.create(output, segment_bytes=20_000)
    dice = random.Random(1)
    for number in range(frames):
        journal.append({"op": "add", "frame": {"id": f"{number:06}", "noise": [dice.random() for _ in range(20)]}})
    journal.close()
    return output


def test_every_record_comes_back(unpacker: str, tmp_path: Path) -> None:
    output = sealed(tmp_path)
    assert (segments._unzipper()[0] is gzip.GzipFile) == (unpacker == "gzip")
    records = list(Journal.open(output, repair=False).records())
    assert [record["frame"]["id"] for record in records] == [f"{number:06}" for number in range(300)]
    dice = random.Random(1)
    assert [record["frame"]["noise"] for record in records] == [[dice.random() for _ in range(20)] for _ in records]


def test_a_flipped_bit_or_a_missing_end_is_named_with_its_file(unpacker: str, tmp_path: Path) -> None:
    output = sealed(tmp_path, frames=60)
    file = sorted(tmp_path.rglob("*.gz"))[0]
    whole = file.read_bytes()
    dice = random.Random(2)
    for turn in range(120):
        damaged = bytearray(whole)
        if turn % 2:
            del damaged[dice.randrange(10, len(whole)) :]
        else:
            damaged[dice.randrange(10, len(whole) - 8)] ^= 1 << dice.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(JournalError, match=file.name):
            list(Journal.open(output, repair=False).records())
