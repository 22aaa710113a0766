"""A dataset's own files, damaged: named with a way out, never a crash, and nothing else is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from framepress.dataset.merge import merge
from framepress.dataset.opening import open_dataset
from framepress.dataset.refinish import finish
from framepress.dataset.state import state_of
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, JournalError
from frames import LABELS, many

DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Interrupted, so that its journal is text still."""
    writer = DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS)
    for frame in many(3):
        writer.add(frame)
    writer.abandon()
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("dataset.json", finish),
        ("dataset.json", open_dataset),
        ("finished.json", finish),
        ("intents.jsonl", finish),
        ("ledger.jsonl", lambda path: state_of(open_dataset(path))),
        ("journal/000000.jsonl", finish),
    ],
)
@pytest.mark.parametrize("instead", [DEEP, b"\xff\n", b"[]\n", b"{}\n", b'{"op":"add","frame":{"id":"x"}}\n'])
def test_a_damaged_file_is_named(name: str, use: Callable[[Path], object], instead: bytes, dataset: Path) -> None:
    file = dataset / ".framepress" / name
    before = file.read_bytes() if file.exists() else b""
    # In the journal and the logs the last line may be torn; one in the middle may not.
    file.write_bytes(before + instead + before[:1] + b"}\n" if name.endswith("l") and before else instead)
    others = {path: path.read_bytes() for path in dataset.rglob("*.png")}
    if name == "finished.json" and instead == b"{}\n":
        finish(dataset)  # an empty list is a list
        return
    with pytest.raises(JournalError, match=Path(name).stem):
        use(dataset)
    assert {path: path.read_bytes() for path in dataset.rglob("*.png")} == others


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("dataset.json", open_dataset),
        ("finished.json", finish),
        ("intents.jsonl", finish),
        ("ledger.jsonl", lambda path: state_of(open_dataset(path))),
        ("journal/000000.jsonl", finish),
    ],
)
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(
    name: str, use: Callable[[Path], object], dataset: Path
) -> None:
    file = dataset / ".framepress" / name
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    with pytest.raises(InputError, match="it is a pipe or device"):
        use(dataset)


def test_another_format_than_the_dataset_has_is_looked_for_in_its_files(dataset: Path) -> None:
    finish(dataset)
    assert open_dataset(dataset, "coco").job is not None
    opened = open_dataset(dataset, "yolo")
    assert opened.job is None
    with pytest.raises(InputError, match=r"no data\.yaml"):
        opened.labels()


def test_frames_that_two_shards_have_are_found_before_anything_is_written(dataset: Path, tmp_path: Path) -> None:
    finish(dataset)
    with pytest.raises(InputError, match=f"is in {dataset} and in {dataset}"):
        merge([dataset, dataset], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
