"""What splits have in common: beside a search that looks at every pair of frames."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_in_memory import index_of

from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.split import Split
from framepress.dataset.splitting.leaks import Leak, image_links, leaks
from framepress.dataset.splitting.plan import plan_split
from framepress.dataset.writer import DatasetWriter
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from frames import LABELS, many

NAMES = st.sampled_from(["", "a", "b", "c"])
ROWS = st.lists(st.tuples(NAMES, NAMES, NAMES, st.sampled_from([-1, 0, 1, 2])), min_size=1, max_size=25)
SPLITS = ("train", "val", "test")


def by_kind(found: tuple[Leak, ...]) -> dict[str, Leak]:
    return {leak.kind: leak for leak in found}


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_shared_groups_are_those_that_a_search_over_all_pairs_finds(rows: list[tuple[str, str, str, int]]) -> None:
    ids = [f"f{number}" for number in range(len(rows))]
    index = index_of(ids, sequence=[row[0] for row in rows], scene=[row[1] for row in rows],
                     meta={"site": [row[2] or None for row in rows]})  # fmt: skip
    found = by_kind(leaks(index, np.array([row[3] for row in rows]), SPLITS, by=["meta.site"]))
    for kind, column in (("sequence", 0), ("scene", 1), ("meta.site", 2)):
        names = {row[column] for row in rows} - {""}
        if len(names) < (1 if kind == "sequence" else 2):
            assert kind not in found
            continue
        torn = {
            one[column]
            for one, other in combinations(rows, 2)
            if one[column] == other[column] != "" and -1 < one[3] != other[3] > -1
        }
        leak = found[kind]
        assert leak.shared == len(torn)
        assert leak.all == len({row[column] for row in rows if row[3] >= 0} - {""})
        assert leak.frames == sum(row[column] in torn and row[3] >= 0 for row in rows)
        for name, held in leak.examples:
            assert name in torn
            assert held == {
                split: count
                for code, split in enumerate(SPLITS)
                if (count := sum(row[column] == name and row[3] == code for row in rows))
            }


def test_neighbours_in_time_are_pairs_of_a_sequence_that_follow_each_other() -> None:
    index = index_of(["a", "b", "c", "d", "e", "f"], sequence=["s", "t", "s", "s", "t", ""], index=[2, 0, 0, 1, 1, 9])
    found = by_kind(leaks(index, np.array([0, 0, 1, 1, 1, 0]), SPLITS))
    leak = found["neighbours in time"]
    assert (leak.shared, leak.all, leak.frames) == (2, 3, 4)
    assert [name for name, _ in leak.examples] == ["d, a", "b, e"]
    assert leak.examples[0][1] == {"val": 1, "train": 1}


@settings(deadline=None, max_examples=50)
@given(ROWS, st.sampled_from([["sequence"], ["scene"], ["sequence", "scene"], ["sequence", "scene", "meta.site"]]))
def test_groups_are_never_across_splits_by_what_they_were_grouped_by(
    rows: list[tuple[str, str, str, int]], by: list[str]
) -> None:
    said = {"sequence": 0, "scene": 1, "meta.site": 2}
    by = [key for key in by if key == "sequence" or any(row[said[key]] for row in rows)]
    index = index_of(
        [f"f{number}" for number in range(len(rows))],
        sequence=[row[0] for row in rows],
        scene=[row[1] for row in rows],
        meta={"site": [row[2] or None for row in rows]},
        labels=[["car"] * (len(row[0]) + 1) for row in rows],
    )
    for stratify in ([], ["label"]):
        plan = plan_split(index, Split.parse("train=.5,val=.3,test=.2"), group=by or ["frame"], stratify=stratify)
        for key in by:
            for one, other in combinations(range(len(rows)), 2):
                if rows[one][said[key]] == rows[other][said[key]] != "":
                    assert plan.codes[one] == plan.codes[other]
        found = by_kind(leaks(index, plan.codes, plan.names, by=by))
        assert [found[key].shared for key in by if key in found] == [0 for key in by if key in found]


@pytest.mark.parametrize("formats", [["coco"], ["native", "yolo"]])
def test_equal_images_are_found_by_what_the_journal_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: list[str]
) -> None:
    """Frames 0 and 7 hold no object: their id maps are equal, their pictures are not."""
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    frames = list(many(9))
    frames[5] = frames[5].replaced(
        views=tuple(view.replaced(channels=frames[2].view.channels) for view in frames[5].views)
    )
    with DatasetWriter(tmp_path / "set", formats, labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    dataset = open_dataset(tmp_path / "set")
    index = Index.of(dataset)
    for path in [*(tmp_path / "set").rglob("*.png")]:
        path.unlink()  # no picture is opened
    codes = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    images = image_links(index, dataset)
    leak = by_kind(leaks(index, codes, SPLITS, images=images))["equal images"]
    assert (leak.shared, leak.all, leak.frames) == (1, 8, 2)
    assert leak.examples == ((frames[2].id, {"train": 1, "val": 1}),)


def test_the_last_record_of_a_frame_says_what_its_image_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS) as writer:
        for frame in many(4):
            writer.add(frame)
    journal = Journal.open(FolderOutput(tmp_path / "set"))
    records = list(journal.records())
    first = records[0]["editions"]["coco"]["files"]
    changed = [[records[1]["editions"]["coco"]["files"][0][0], *first[0][1:]]]
    editions = {"coco": {**records[1]["editions"]["coco"], "files": changed}}
    journal.append({**records[1], "op": "replace", "editions": editions})
    journal.append({"op": "remove", "frame": {"id": records[3]["frame"]["id"]}})
    journal.close()
    dataset = open_dataset(tmp_path / "set")
    images = image_links(Index.of(dataset), dataset)
    assert images is not None
    ids = Index.of(dataset).frames.texts("id")
    found = {ids[row]: value for row, value in zip(images.frame.tolist(), images.value.tolist(), strict=True)}
    one, two, three = (record["frame"]["id"] for record in records[:3])
    assert found[one] == found[two] != found[three]
    assert set(found) == {one, two, three}


def test_a_dataset_that_is_not_ours_has_no_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS) as writer:
        for frame in many(2):
            writer.add(frame)
    dataset = open_dataset(tmp_path / "set/annotations/instances_default.json")
    assert image_links(Index.of(dataset), dataset) is None
