"""An index that goes on where an older one ended is the one that would be made from nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Camera, Frame, LabelMap, Objects, View
from framepress.dataset import index_cache, index_journal
from framepress.dataset.index import Index
from framepress.dataset.index_block import Block
from framepress.dataset.index_lines import block_of_lines
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal, encoded

FULL = LabelMap.of(["car", "cone"])


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each call of the reader was given."""
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    given: list[int] = []

    def counted(lines: Sequence[bytes]) -> Block | None:
        given.append(len(lines))
        return block_of_lines(lines)

    monkeypatch.setattr(index_journal, "_fast_reader", lambda: counted)
    return given


def frame(number: int, label: str = "car") -> Frame:
    rng = np.random.default_rng(number)
    count = int(rng.integers(0, 5))
    said = [{f"key {number % 7}": number, "who": f"w{number % 5}", "n": {"deep": True}} for _ in range(count)]
    late = {"score": rng.random(count)} if number > 40 else {}
    objects = Objects.build(
        [label] * count, track=[f"/t{number % 9}"] * count, box=rng.random((count, 4)), attributes=said, **late
    )
    views = (View(Camera(30, 20), objects=objects),)
    huge = {"huge": 10**400} if number % 3 else {}
    return Frame(f"{number:04}", number, views, sequence=f"s{number // 10}", meta={f"m{number // 20}": "x", **huge})


def append(folder: Path, numbers: range, labels: LabelMap | None = FULL, label: str = "car") -> None:
    existing = "append" if folder.exists() else "error"
    with DatasetWriter(folder, ["native"], labels=labels, existing=existing) as writer:
        for number in numbers:
            writer.add(frame(number, label))


def same_as_from_nothing(folder: Path, tmp_path: Path) -> Index:
    """The index is made, and then again from nothing: every file must be the same."""
    dataset = open_dataset(folder)
    index = Index.of(dataset)
    place = index_cache.Place.of(dataset).folder
    went_on = {path.name: path.read_bytes() for path in place.iterdir()}
    Index.of(dataset, rebuild=True)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == went_on
    return index


def test_only_what_is_new_is_read(tmp_path: Path, read: list[int]) -> None:
    folder = tmp_path / "set"
    for first, end in ((0, 30), (30, 60), (60, 61)):
        append(folder, range(first, end))
        read.clear()
        index = Index.of(open_dataset(folder))
        assert sum(read) == end - first
        assert index.frames.texts("id")[:] == [f"{number:04}" for number in range(end)]
        same_as_from_nothing(folder, tmp_path)


@pytest.mark.parametrize("memory", [1 << 27, 500])
def test_it_is_the_same_to_the_last_byte(
    memory: int, tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framepress.dataset.index_build._MEMORY", memory)
    monkeypatch.setattr("framepress.dataset.index_fields._MEMORY", memory)
    for step in range(6):
        append(tmp_path / "set", range(17 * step, 17 * (step + 1)))
        same_as_from_nothing(tmp_path / "set", tmp_path)
    assert min(read) < 20


def test_classes_that_come_later_stand_behind(tmp_path: Path, read: list[int]) -> None:
    for step, label in enumerate(("zebra", "car", "apple")):
        append(tmp_path / "set", range(10 * step, 10 * step + 10), labels=None, label=label)
        index = same_as_from_nothing(tmp_path / "set", tmp_path)
    assert index.labels.names == ("zebra", "car", "apple")


def test_classes_of_the_journal_stand_before_those_that_frames_brought(tmp_path: Path, read: list[int]) -> None:
    append(tmp_path / "set", range(10), labels=None)
    for number, name in enumerate(("apple", "zebra")):
        journal = Journal.open(FolderOutput(tmp_path / "set"))
        first = next(record for record in journal.records() if record["op"] == "add" and "classes" in str(record))
        if name == "zebra":  # told of, which apples were not
            journal.append({"op": "labels", "labels": LabelMap.of([name]).to_dict()})
        named = json.loads(json.dumps(first).replace('"car"', f'"{name}"'))
        journal.append({**named, "frame": {**named["frame"], "id": f"new/{number}"}})
        journal.close()
        index = same_as_from_nothing(tmp_path / "set", tmp_path)
    assert index.labels.names == ("car", "zebra", "apple")


def test_a_frame_that_comes_once_more_counts_once(tmp_path: Path, read: list[int]) -> None:
    append(tmp_path / "set", range(10))
    Index.of(open_dataset(tmp_path / "set"))
    journal = Journal.open(FolderOutput(tmp_path / "set"))
    journal.append({"op": "line"}, encoded(next(journal.records())))  # as nothing of ours would write it
    journal.close()
    assert same_as_from_nothing(tmp_path / "set", tmp_path).frames.rows == 10


Change = Callable[[Path], None]


def replaced(folder: Path) -> None:
    journal = Journal.open(FolderOutput(folder))
    record = next(journal.records())
    journal.append({**record, "op": "replace", "frame": {**record["frame"], "meta": {"new": 1}}})
    journal.close()


def compacted(folder: Path) -> None:
    journal = Journal.open(FolderOutput(folder))
    journal.compact()
    journal.close()


def touched(folder: Path) -> None:
    os.utime(sorted(folder.rglob("*.jsonl.gz"))[0], ns=(1, 1))


@pytest.mark.parametrize("change", [replaced, compacted, touched])
def test_a_journal_that_did_not_only_grow_is_read_from_its_beginning(
    change: Change, tmp_path: Path, read: list[int]
) -> None:
    append(tmp_path / "set", range(20))
    Index.of(open_dataset(tmp_path / "set"))
    append(tmp_path / "set", range(20, 25))
    change(tmp_path / "set")
    read.clear()
    index = Index.of(open_dataset(tmp_path / "set"))
    assert read[-1] == 25
    assert index.frames.rows == 25
    assert ("new" in index.meta) == (change is replaced)


def test_a_segment_that_still_grows_is_read_again(tmp_path: Path, read: list[int]) -> None:
    append(tmp_path / "set", range(10))
    Index.of(open_dataset(tmp_path / "set"))
    writer = DatasetWriter(tmp_path / "set", ["native"], labels=FULL, existing="append")
    for number in range(10, 14):
        writer.add(frame(number))
    writer.abandon()  # the segment stays open
    read.clear()
    Index.of(open_dataset(tmp_path / "set"))
    assert read == [4]
    append(tmp_path / "set", range(14, 20))
    read.clear()
    assert same_as_from_nothing(tmp_path / "set", tmp_path).frames.rows == 20
    assert read == [20, 20]  # nothing that was not sealed is taken for granted


@pytest.mark.parametrize("damage", ["header", "column", "release"])
def test_an_older_index_that_is_not_whole_is_not_gone_on_with(damage: str, tmp_path: Path, read: list[int]) -> None:
    append(tmp_path / "set", range(10))
    Index.of(open_dataset(tmp_path / "set"))
    (header,) = (tmp_path / "cache").rglob("index.json")
    if damage == "header":
        header.write_text("{")
    elif damage == "column":
        (header.parent / "objects.box").unlink()
    else:
        header.write_text(header.read_text().replace('"framepress": "', '"framepress": "9'))
    append(tmp_path / "set", range(10, 12))
    read.clear()
    same_as_from_nothing(tmp_path / "set", tmp_path)
    assert read == [12, 12]


def test_an_older_index_that_vanishes_meanwhile_is_no_loss(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path / "set", range(10))
    Index.of(open_dataset(tmp_path / "set"))
    append(tmp_path / "set", range(10, 12))
    copies: list[str] = []

    def vanishing(source: Path, target: Path) -> None:
        copies.append(source.name)
        if len(copies) == 5:
            source.unlink()
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr(index_journal, "copyfile", vanishing)
    read.clear()
    assert Index.of(open_dataset(tmp_path / "set")).frames.rows == 12
    assert len(copies) == 5
    assert read == [12]
