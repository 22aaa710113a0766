"""Shards become one dataset, the same in any order, equal to what one process would have written."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from plain_format import tree

from framepress.core import LabelMap
from framepress.dataset.job import JOB_PATH
from framepress.dataset.merge import merge
from framepress.dataset.opening import open_dataset
from framepress.dataset.refinish import finish
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from frames import LABELS, many

FORMATS = {"plain": {"images": "png"}, "twin": {}}


def written(folder: Path, frames, labels: LabelMap | None = LABELS, formats=FORMATS, origin=None) -> Path:
    with DatasetWriter(folder, formats, labels=labels, origin=origin) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


@pytest.mark.parametrize("deal", ["halves", "round robin"])
def test_shards_merge_to_what_one_run_writes_in_whatever_order_they_are_named(tmp_path: Path, deal: str) -> None:
    frames = list(many(12))
    parts = [frames[:5], frames[5:9], frames[9:]] if deal == "halves" else [frames[n::3] for n in range(3)]
    whole = written(tmp_path / "whole", frames)
    shards = [written(tmp_path / f"shard{n}", part) for n, part in enumerate(parts)]
    for attempt in range(3):
        random.Random(attempt).shuffle(shards)
        report = merge(shards, tmp_path / f"merged{attempt}")
        assert report.frames == 12
        assert tree(tmp_path / f"merged{attempt}") == tree(whole)


def test_files_are_linked_and_the_shards_stay_as_they_are(tmp_path: Path) -> None:
    frames = list(many(4))
    shards = [written(tmp_path / "a", frames[:2]), written(tmp_path / "b", frames[2:])]
    before = [tree(shard) for shard in shards]
    merge(shards, tmp_path / "merged")
    image = f"plain/images/{frames[3].id}.png"
    assert (tmp_path / "merged" / image).stat().st_ino == (tmp_path / "b" / image).stat().st_ino
    assert [tree(shard) for shard in shards] == before


def test_shards_of_several_origins_are_linked_and_all_origins_are_stated(tmp_path: Path) -> None:
    frames = list(many(6))
    shards = [written(tmp_path / str(n), frames[2 * n : 2 * n + 2], origin=origin)
              for n, origin in enumerate([{"seed": 1}, {"seed": 2}, {"seed": 1}])]  # fmt: skip
    merge(shards, tmp_path / "merged")
    merge([shards[0], shards[2]], tmp_path / "of one")
    stated = [json.loads((tmp_path / name / JOB_PATH).read_text())["origin"] for name in ("merged", "of one")]
    assert stated == [{"merged": [{"seed": 1}, {"seed": 2}]}, {"seed": 1}]
    image = f"plain/images/{frames[3].id}.png"
    assert (tmp_path / "merged" / image).stat().st_ino == (tmp_path / "1" / image).stat().st_ino


def test_a_frame_in_two_shards_is_refused_by_name(tmp_path: Path) -> None:
    frames = list(many(3))
    shards = [written(tmp_path / "a", frames[:2]), written(tmp_path / "b", frames[1:])]
    with pytest.raises(InputError, match=f"frame {frames[1].id}"):
        merge(shards, tmp_path / "merged")


def test_a_file_that_changed_since_it_was_recorded_is_refused(tmp_path: Path) -> None:
    frames = list(many(3))
    shard = written(tmp_path / "a", frames)
    changed = next((shard / "plain/images").rglob("*.png"))
    changed.chmod(0o644)
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="not what the journal recorded"):
        merge([shard], tmp_path / "merged")


def test_shards_of_different_jobs_are_refused(tmp_path: Path) -> None:
    frames = list(many(2))
    shards = [written(tmp_path / "a", frames[:1]), written(tmp_path / "b", frames[1:], formats=["plain"])]
    with pytest.raises(OptionError, match="other formats"):
        merge(shards, tmp_path / "merged")
    with pytest.raises(OptionError, match="nothing to merge"):
        merge([], tmp_path / "merged")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: looks like no format"):
        merge([tmp_path / "empty"], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_target_with_a_dataset_in_it_is_refused(tmp_path: Path) -> None:
    frames = list(many(2))
    shards = [written(tmp_path / "a", frames[:1]), written(tmp_path / "b", frames[1:])]
    with pytest.raises(OutputError, match="holds a dataset already"):
        merge(shards, tmp_path / "a")


def test_a_shard_that_is_not_finished_is_refused_and_an_empty_one_is_not(tmp_path: Path) -> None:
    frames = list(many(3))
    shards = [written(tmp_path / "a", frames[:2]), written(tmp_path / "empty", [])]
    writer = DatasetWriter(tmp_path / "b", FORMATS, labels=LABELS)
    writer.add(frames[2])
    writer.abandon()
    with pytest.raises(InputError, match=r"b: is being written, or was interrupted: .*framepress finish"):
        merge([*shards, tmp_path / "b"], tmp_path / "merged")
    finish(tmp_path / "b")
    assert merge([*shards, tmp_path / "b"], tmp_path / "merged").frames == 3


def test_a_name_that_is_taken_is_refused_and_stays_with_its_owner(tmp_path: Path) -> None:
    frames = list(many(3))
    target = written(tmp_path / "set", frames[:1], formats=["plain"])
    shard = written(tmp_path / "shard", frames[1:2], formats=["plain"])
    taken = target / f"all/{frames[1].id}.txt"
    taken.write_text("mine")
    with pytest.raises(OutputError, match=f"shard: frame {frames[1].id}: all/{frames[1].id}.txt exists already"):
        merge([shard], target, existing="append")
    assert finish(target).frames == 1
    assert taken.read_text() == "mine"


def test_frames_that_were_replaced_and_removed_count_as_they_are_now(tmp_path: Path) -> None:
    frames = list(many(3))
    shard = written(tmp_path / "shard", frames)
    journal = Journal.open(FolderOutput(shard))
    record = next(record for record in journal.records() if record["frame"]["id"] == frames[1].id)
    journal.append({**record, "op": "replace", "frame": {**record["frame"], "text": "reviewed"}})
    journal.append({"op": "remove", "frame": {"id": frames[2].id}})
    journal.close()
    assert merge([shard], tmp_path / "merged").frames == 2
    merged = Journal.open(FolderOutput(tmp_path / "merged"), repair=False)
    assert [record["frame"].get("text") for record in merged.records()] == [None, "reviewed"]


def test_a_merge_counts_its_frames_and_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    frames = list(many(4))
    shards = [written(tmp_path / "a", frames[:2]), written(tmp_path / "b", frames[2:])]
    merge(shards[:1], tmp_path / "merged")
    report = merge(shards, tmp_path / "merged", existing="resume")
    assert (report.frames, report.run) == (4, {"asked": 4, "skipped": 2, "written": 2})
    with pytest.raises(InputError, match=f"frame {frames[0].id} is in"):
        merge([shards[0], shards[0]], tmp_path / "merged", existing="resume")


@pytest.mark.parametrize("formats", [["native", "yolo"], ["coco"]])
def test_shards_whose_classes_grew_differently_are_pressed_again_under_all_of_them(tmp_path: Path, formats) -> None:
    frames = list(many(8))
    split = Split.parse("train=.5,val=.5")
    for name, part in (("a", frames[:4]), ("b", frames[4:]), ("whole", frames)):
        drop = "cone" if name == "a" else ""
        with DatasetWriter(tmp_path / name, formats, split=split) as writer:
            for frame in part:
                views = tuple(
                    view.replaced(objects=view.objects.take([label != drop for label in view.objects.labels]))
                    for view in frame.views
                )
                writer.add(frame.replaced(views=views))
    assert open_dataset(tmp_path / "a").labels() != open_dataset(tmp_path / "b").labels()
    for order in (["a", "b"], ["b", "a"]):
        merge([tmp_path / name for name in order], tmp_path / "".join(order))
    assert tree(tmp_path / "ab") == tree(tmp_path / "ba")
    merged = {frame.id: frame for frame in open_dataset(tmp_path / "ab").frames()}
    assert set(merged) == {frame.id for frame in frames}
    for shard in ("a", "b"):
        for frame in open_dataset(tmp_path / shard).frames():
            assert merged[frame.id].split == frame.split
            assert merged[frame.id].view.objects.labels == frame.view.objects.labels
            assert (merged[frame.id].view.channels["rgb"] == frame.view.channels["rgb"]).all()
