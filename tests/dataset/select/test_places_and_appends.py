"""Frames by place; frames added to a dataset; an export brought up to date."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from framepress.core import Frame, LabelMap
from framepress.dataset.convert import convert
from framepress.dataset.opening import open_dataset
from framepress.dataset.select.append import append, update
from framepress.dataset.select.places import parsed_frames, parsed_time, slice
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.select.stages import changed_since
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FramepressError, InputError, LabelError, OptionError, OutputError
from frames import LABELS, many, mono, rig


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def pressed(folder: Path, frames: Sequence[Frame], formats: Sequence[str] = ("native", "coco"), **more: Any) -> Path:
    with DatasetWriter(folder, formats, **{"labels": LABELS, **more}) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Everything but the ledger, which counts runs."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl"
    }


def told(folder: Path) -> dict[str, Any]:
    """The files of the editions; JSON read, for native sorts the keys of `meta`."""
    return {
        name: json.loads(data) if name.endswith(".json") else data
        for name, data in contents(folder).items()
        if not name.startswith(".framepress")
    }


def ids_of(folder: Path) -> list[str]:
    return [frame.id for frame in open_dataset(folder).frames()]


def taken(selection: Any) -> list[str]:
    ids = selection.index.frames.texts("id")
    return [id for id, chosen in zip(ids, selection.choice.frames.tolist(), strict=True) if chosen]


@pytest.mark.parametrize(
    ("text", "places"),
    [("1:4", range(1, 4)), (":3", range(3)), ("5:", range(5, 7)), ("0:7:3", range(0, 7, 3)), ("::2", range(0, 7, 2)),
     ("2:900", range(2, 7)), ("3:3", range(0))],
)  # fmt: skip
def test_frames_by_number_are_those_of_a_python_slice(tmp_path: Path, text: str, places: range) -> None:
    source = pressed(tmp_path / "a", mono())
    all_ids = [frame.id for frame in mono()]
    assert taken(slice(source, frames=parsed_frames(text))) == [all_ids[place] for place in places]


def test_frames_by_time_begin_at_the_first_and_end_before_the_last(tmp_path: Path) -> None:
    timeless = [frame.replaced(id=f"c/{frame.index}", index=10 + frame.index, time_ns=None) for frame in mono()]
    source = pressed(tmp_path / "a", [*mono(), *timeless])
    times = {frame.id: frame.time_ns for frame in mono()}
    assert taken(slice(source, time_s=parsed_time("0:0.1"))) == [id for id, ns in times.items() if ns < 10**8]
    assert taken(slice(source, time_s=(0.033333333, None))) == [id for id, ns in times.items() if ns >= 33_333_333]
    assert taken(slice(source, time_s=(None, 0.033333333))) == ["a/0000"]


def test_ranges_meet_and_sequences_are_named(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", [*mono(), *rig()])
    assert taken(slice(source, sequences=["run"])) == [frame.id for frame in rig()]
    assert taken(slice(source, sequences=["a", "run"], frames=(1, None, 2))) == ["a/0001", "run/0000", "run/0002"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "name the frames"),
        ({"sequences": ["c"]}, "no sequence 'c'"),
        ({"frames": (4, 2, None)}, "from 0 on"),
        ({"frames": (0, 2, 0)}, "from 0 on"),
        ({"frames": (-2, None, None)}, "from 0 on"),
        ({"time_s": (2.0, 1.0)}, "ends before it begins"),
    ],
)
def test_ranges_that_cannot_be_are_refused(tmp_path: Path, asked: dict[str, Any], told: str) -> None:
    source = pressed(tmp_path / "a", mono())
    with pytest.raises(OptionError, match=told):
        slice(source, **asked)


def test_a_target_within_the_source_is_refused(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    before = sorted(source.rglob("*"))
    for target in (source / "part", source / "coco", source):
        with pytest.raises(OutputError, match="is inside the dataset"):
            slice(source, frames=(0, 1, None)).write(target, existing="append")
    assert sorted(source.rglob("*")) == before


def test_that_there_is_no_sequence_at_all_is_said(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", [frame.replaced(sequence="") for frame in many(2)])
    with pytest.raises(OptionError, match="there is no sequence 's0'; there are: none"):
        slice(source, sequences=["s0"])


@pytest.mark.parametrize("text", ["", "3", "a:b", "1:2:3:4", "-1:3", "1:2:", "9" * 30 + ":", ":nan", "1;2"])
def test_texts_of_ranges_are_checked(text: str) -> None:
    for parse in (parsed_frames, parsed_time):
        if parse is parsed_time and text in ("-1:3", "9" * 30 + ":"):
            continue
        with pytest.raises(OptionError, match="write first:end"):
            parse(text)


def test_appending_gives_the_dataset_that_one_run_makes(tmp_path: Path) -> None:
    target = pressed(tmp_path / "a", mono()[:3], ("native", "coco", "yolo"))
    more = pressed(tmp_path / "b", mono()[3:], ("native",))
    append([more], target)
    whole = pressed(tmp_path / "whole", mono(), ("native", "coco", "yolo"))
    assert told(target) == told(whole)


def test_a_taken_id_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    target = pressed(tmp_path / "a", mono()[:3])
    before = contents(target)
    for sources, told in (([mono()[2:]], "b0 is in .*a already"), ([mono()[3:], mono()[6:]], "b1 is in .*b0 already")):
        folders = [pressed(tmp_path / f"b{n}", frames) for n, frames in enumerate(sources)]
        with pytest.raises(InputError, match=told):
            append(folders, target)
        for folder in folders:
            shutil.rmtree(folder)
    assert contents(target) == before


def test_a_prefix_keeps_recordings_of_the_same_names_apart(tmp_path: Path) -> None:
    target = pressed(tmp_path / "a", mono(), ("native", "kitti"))
    (tmp_path / "day").mkdir()
    again = pressed(tmp_path / "day/night 2", mono()[:4], ("native",))
    append([again], target, prefix="{source}")
    frames = list(open_dataset(target).frames())
    assert [frame.id for frame in frames[7:]] == [f"night-202/{frame.id}" for frame in mono()[:4]]
    assert [frame.index for frame in frames] == list(range(11))
    assert {frame.sequence for frame in frames} == {"a", "b", "night-202/a", "night-202/b"}
    append([again], target, prefix="third")
    assert len(ids_of(target)) == 15
    with pytest.raises(InputError, match=r"frame third/a/0000 of .* is in .*a already"):
        append([again], target, prefix="third")


def test_classes_go_by_name_and_one_that_is_not_listed_is_told_before(tmp_path: Path) -> None:
    target = pressed(tmp_path / "a", mono()[:1], labels=LabelMap.of(["Person", "CAR", "sign", "cone"]))
    other = pressed(tmp_path / "b", mono()[2:5], ("native",))
    append([other], target)
    assert open_dataset(target).labels().names == ("Person", "CAR", "sign", "cone")
    found = {frame.id: sorted(frame.view.objects.labels) for frame in open_dataset(target).frames()}
    assert found["a/0002"] == ["CAR", "Person", "Person", "Person"]
    small = pressed(tmp_path / "c", mono()[:1], labels=LabelMap.of(["car", "person", "sign", "cone"]))
    narrow = pressed(tmp_path / "d", [mono()[3]], labels=LabelMap.of(["car", "cone"]))
    before = contents(narrow)
    with pytest.raises(
        LabelError, match=r"objects are of class 'person', which is not among the classes of .*\(car, cone\)"
    ):
        append([small], narrow)
    assert contents(narrow) == before
    append([small], narrow, mapping=ClassMapping.parsed("person=,sign=cone"))
    assert sorted(list(open_dataset(narrow).frames())[1].view.objects.labels) == ["car", "car", "cone", "cone"]


def test_an_interrupted_append_goes_on(tmp_path: Path) -> None:
    target = pressed(tmp_path / "a", mono())
    more = pressed(tmp_path / "b", list(many(20)), ("native",))
    shutil.copytree(target, tmp_path / "whole")
    append([more], tmp_path / "whole", prefix="x")

    def stop(done: int) -> None:
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        append([more], target, prefix="x", on_frame=stop)
    append([more], target, prefix="x", existing="resume")
    assert contents(target) == contents(tmp_path / "whole")


def test_the_target_keeps_its_splits_and_its_origin_and_the_ledger_tells_the_other(tmp_path: Path) -> None:
    split = Split((("train", 0.5), ("val", 0.5)))
    target = pressed(tmp_path / "a", mono()[:3], split=split, origin={"scene": "yard"})
    more = pressed(tmp_path / "b", mono()[3:], ("native",), origin={"scene": "dock"})
    append([more], target)
    job = open_dataset(target).job
    assert job.origin == {"scene": "yard"}
    assert {frame.id: frame.split for frame in open_dataset(target).frames()} == {
        frame.id: split.of(frame) for frame in mono()
    }
    assert '"origin":{"scene":"dock"}' in (target / ".framepress/ledger.jsonl").read_text().replace(" ", "")


def test_only_datasets_of_ours_take_frames(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    shutil.copytree(source / "coco", tmp_path / "foreign")
    for target, sources, kind in ((tmp_path / "foreign", [source], InputError), (source, [], OptionError)):
        with pytest.raises(kind):
            append(sources, target)


def test_frames_of_some_ids_go_through_the_stage(tmp_path: Path) -> None:
    source = open_dataset(pressed(tmp_path / "a", mono()))
    convert(source, tmp_path / "b", ["coco"], stages=[changed_since(["b/0001", "a/0002", "gone"])])
    assert ids_of(tmp_path / "b") == ["a/0002", "b/0001"]


@pytest.mark.parametrize("formats", [("coco",), ("native", "yolo")])
def test_an_export_brought_up_to_date_has_what_a_new_one_has(tmp_path: Path, formats: Sequence[str]) -> None:
    """One frame changed, one new, one gone: the rest are the old export's own files."""
    frames = mono()
    convert(open_dataset(pressed(tmp_path / "v1", frames[:6])), tmp_path / "old", formats)
    turned = frames[2].view.objects.take(range(1, 4))
    frames[2] = frames[2].replaced(views=(frames[2].view.replaced(objects=turned),))
    now = pressed(tmp_path / "v2", [*frames[:3], *frames[4:]])
    before = contents(tmp_path / "old")
    report = update(now, tmp_path / "old", tmp_path / "new", ["a/0002"])
    assert report.frames == 6
    convert(open_dataset(now), tmp_path / "fresh", formats)
    own = {name: data for name, data in contents(tmp_path / "new").items() if not name.startswith(".framepress")}
    fresh = {name: data for name, data in contents(tmp_path / "fresh").items() if not name.startswith(".framepress")}
    assert own.keys() == fresh.keys()
    # Frames that were pressed again come last, so that lists of all frames have another order.
    assert [name for name in own if own[name] != fresh[name] and name.endswith((".png", ".npy"))] == []
    held = [
        {frame.id: sorted(frame.view.objects.labels) for frame in open_dataset(tmp_path / name).frames()}
        for name in ("new", "fresh", "old")
    ]
    assert held[0] == held[1]
    assert held[0].keys() != held[2].keys()
    key = next(id for id in held[0] if id.endswith("0002") and id.startswith("a"))
    assert held[0][key] != held[2][key]
    linked = next(path for path in (tmp_path / "new").rglob("*.png") if "0001" in path.name and "rgb" not in path.parts)
    assert os.path.samefile(linked, tmp_path / "old" / linked.relative_to(tmp_path / "new"))
    assert contents(tmp_path / "old") == before
    with pytest.raises(OutputError):
        update(now, tmp_path / "old", tmp_path / "new", [])


def test_an_export_that_is_up_to_date_is_linked_alone(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    convert(open_dataset(source), tmp_path / "old", ["coco"])
    update(source, tmp_path / "old", tmp_path / "new", [])
    assert contents(tmp_path / "new") == contents(tmp_path / "old")
    with pytest.raises(FramepressError):
        update(source, tmp_path / "a/coco", tmp_path / "x", [])


def test_a_selection_is_not_taken_for_an_export_of_all(tmp_path: Path) -> None:
    source = pressed(tmp_path / "a", mono())
    slice(source, sequences=["a"]).write(tmp_path / "old")
    with pytest.raises(OptionError, match="was made by slice, and all other frames would count as new"):
        update(source, tmp_path / "old", tmp_path / "new", [])
    assert not (tmp_path / "new").exists()
    update(source, tmp_path / "old", tmp_path / "new", [], stages=[changed_since(["a/0000", "a/0001", "a/0002"])])
    assert ids_of(tmp_path / "new") == ids_of(tmp_path / "old")
