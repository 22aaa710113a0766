"""Trees for detection are editions, whole or in groups, whose images are the source's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Frame
from framepress.dataset.convert import convert
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.delivery.card import write_card
from framepress.delivery.groups import Folders, grouping
from framepress.delivery.organize import organize
from framepress.errors import InputError, OptionError, OutputError
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from frames import LABELS, imported, many, mono
from judges import light


def pressed(folder: Path, frames: list[Frame], formats: Any = ("native",)) -> Path:
    with DatasetWriter(folder, formats, labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """All but the runs' own notes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if "ledger" not in name and "lock" not in name}


def editions_of(folder: Path) -> dict[str, bytes]:
    return {
        name: content
        for name, content in contents(folder).items()
        if not name.startswith(".framepress/") and name not in ("organized.json", "map.jsonl")
    }


@pytest.mark.parametrize("link", [True, False])
def test_a_tree_is_the_very_edition_that_convert_presses(tmp_path: Path, link: bool) -> None:
    source = open_dataset(pressed(tmp_path / "set", mono()))
    report = organize(source, tmp_path / "out", "detection", formats={"yolo": {}, "coco": {}}, link=link)
    convert(source, tmp_path / "pressed", ["yolo", "coco"])
    assert (report.frames, report.added) == (7, 7)
    assert editions_of(tmp_path / "out") == editions_of(tmp_path / "pressed")
    for frame in mono():
        image = tmp_path / f"set/rgb/{frame.id}.png"
        for copy in (f"yolo/images/train/{frame.id.replace('/', '__')}.png", f"coco/images/default/{frame.id}.png"):
            assert (tmp_path / "out" / copy).samefile(image) == link


def test_a_tree_holds_what_is_required_of_datasets(tmp_path: Path) -> None:
    """Files of ours beside an edition are no finding."""
    frames = [frame.replaced(split=("train", "val")[frame.index % 2]) for frame in many(12)]
    organize(open_dataset(pressed(tmp_path / "set", frames)), tmp_path / "out", "detection", formats={"coco": {}})
    bare = convert(open_dataset(tmp_path / "set"), tmp_path / "bare", ["coco"])
    assert bare.frames == 12
    found = [dict(validate(tmp_path / name, profile("strict")).findings.counts) for name in ("out", "bare")]
    assert found[0] == found[1]
    assert light.coco_self_score(
        tmp_path / "out/annotations/instances_train.json", "bbox", "pycocotools"
    ) == pytest.approx(1)


def test_datasets_of_others_are_linked_too(tmp_path: Path) -> None:
    pressed(tmp_path / "set", imported(), {"coco": {}})
    organize(open_dataset(tmp_path / "set", "coco"), tmp_path / "out", "detection")
    for frame in imported():
        copy = tmp_path / f"out/images/train/{frame.id.replace('/', '__')}.png"
        assert copy.samefile(tmp_path / f"set/images/default/{frame.id}.png")


def weathered() -> list[Frame]:
    metas: list[dict[str, Any]] = [
        {"scene": "hall a", "condition": "rain"},
        {"scene": "hall a", "condition": ["rain", "night"]},
        {"scene": "yard", "conditions": {"sky": "clear", "lamps": 2}},
        {"lights": {"sun": 0.5, "on": True}},
    ]
    return [frame.replaced(meta=meta) for frame, meta in zip(many(4), metas, strict=True)]


@pytest.mark.parametrize(
    ("by", "folders"),
    [
        ("scene", {"hall-20a": [0, 1], "yard": [2], "none": [3]}),
        ("condition", {"rain": [0, 1], "night": [1], "sky-3dclear": [2], "lamps-3d2": [2], "none": [3]}),
        ("meta.lights.sun", {"0-2e5": [3], "none": [0, 1, 2]}),
        ("meta.lights.on", {"true": [3], "none": [0, 1, 2]}),
        ("class", {"car": [1, 2, 3], "person": [1, 2, 3], "none": [0]}),
        ("split", {"none": [0, 1, 2, 3]}),
        ("sequence", {"s0000": [0, 1, 2, 3]}),
    ],
)
@pytest.mark.parametrize("tree", ["detection", "depth"])
def test_each_group_is_a_tree_of_its_own(tmp_path: Path, tree: str, by: str, folders: dict[str, list[int]]) -> None:
    frames = weathered()
    report = organize(open_dataset(pressed(tmp_path / "set", frames)), tmp_path / "out", tree, by=by)
    if by == "class":  # the fixture's own: every fifth frame has a cone, every seventh is empty
        has = {name: [f.index for f in frames if name in f.view.objects.labels] for name in ("car", "person")}
        assert {name: folders[name] for name in has} == has
    assert report.groups == {name: len(rows) for name, rows in folders.items()}
    assert report.frames == 4
    for name, rows in folders.items():
        lines = [json.loads(line) for line in (tmp_path / "out" / name / "map.jsonl").read_text().splitlines()]
        assert [line["index"] for line in lines] == rows
        for line in lines:
            assert all((tmp_path / "out" / name / path).is_file() for path in line["files"])
        if tree == "detection":
            found = [frame.id for frame in open_dataset(tmp_path / "out" / name).frames()]
            assert sorted(found) == sorted(frames[row].id for row in rows)
            assert open_dataset(tmp_path / "out" / name).labels().names == LABELS.names
    groups = json.loads((tmp_path / "out/organized.json").read_text())["groups"]
    assert set(groups) == set(folders)


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("tree", ["detection", "depth", "segmentation"])
def test_an_image_in_several_groups_is_one_file(tmp_path: Path, tree: str, link: bool) -> None:
    source = pressed(tmp_path / "set", [frame for frame in many(4) if frame.index])
    organize(open_dataset(source), tmp_path / "out", tree, by="class", link=link)
    kinds = {"detection": ["images/train"], "depth": ["rgb", "depth"], "segmentation": ["images", "masks"]}[tree]
    for kind in kinds:
        first, second = (sorted((tmp_path / "out" / name / kind).rglob("*.png")) for name in ("car", "person"))
        assert len(first) == len(second) == 3
        for one, other in zip(first, second, strict=True):
            assert one.samefile(other)
    for labels in (tmp_path / "out").glob("*/labels/train/*.txt"):
        assert labels.stat().st_nlink == 1  # an editor that writes in place changes one of them only


def test_frames_that_come_later_are_added_to_their_groups(tmp_path: Path) -> None:
    frames = list(many(9))
    organize(open_dataset(pressed(tmp_path / "some", frames[:5])), tmp_path / "out", "detection", by="class")
    everything = open_dataset(pressed(tmp_path / "all", frames))
    report = organize(everything, tmp_path / "out", "detection", by="class", existing="resume")
    organize(everything, tmp_path / "whole", "detection", by="class")
    assert report.frames == 9
    folders = [name for name in report.groups]
    assert "cone" in folders
    for name in folders:
        assert editions_of(tmp_path / "out" / name) == editions_of(tmp_path / "whole" / name)
    again = organize(everything, tmp_path / "out", "detection", by="class", existing="resume")
    assert again.added == 0


def test_sources_of_other_origins_add_to_one_tree_and_the_card_tells_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    frames = list(many(4))
    for name, some in (("one", frames[:2]), ("two", frames[2:])):
        with DatasetWriter(tmp_path / name, ["native"], labels=LABELS, origin={"seed": name}) as writer:
            for frame in some:
                writer.add(frame)
        organize(open_dataset(tmp_path / name), tmp_path / "out", "detection", existing="resume")
    assert len(list(open_dataset(tmp_path / "out").frames())) == 4
    assert write_card(open_dataset(tmp_path / "out")).document["facts"]["origin"] == {"seed": "two"}


def test_a_run_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    source = open_dataset(pressed(tmp_path / "set", list(many(8))))

    def stop(frames: int) -> None:
        if frames == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        organize(source, tmp_path / "out", "detection", workers=1, on_frame=stop)
    organize(source, tmp_path / "out", "detection", existing="resume")
    organize(source, tmp_path / "whole", "detection")
    assert editions_of(tmp_path / "out") == editions_of(tmp_path / "whole")
    assert (tmp_path / "out/map.jsonl").read_bytes() == (tmp_path / "whole/map.jsonl").read_bytes()


def test_bytes_do_not_depend_on_threads_or_place(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 4)):
        source = open_dataset(pressed(tmp_path / name / "set", list(many(8))))
        for tree in ("detection", "segmentation", "depth"):
            organize(source, tmp_path / name / tree, tree, by="sequence", workers=workers)
    for tree in ("detection", "segmentation", "depth"):
        assert contents(tmp_path / "one" / tree) == contents(tmp_path / "two" / tree)


def test_what_is_organised_otherwise_is_refused(tmp_path: Path) -> None:
    source = open_dataset(pressed(tmp_path / "set", mono()))
    organize(source, tmp_path / "out", "detection", by="sequence")
    before = contents(tmp_path / "out")
    for arguments in (
        {"by": "scene"},
        {"formats": {"coco": {}}, "by": "sequence"},
        {"by": "sequence", "tree": "depth"},
    ):
        settings: dict[str, Any] = {"tree": "detection", **arguments}
        with pytest.raises(OptionError, match="was organised with"):
            organize(source, tmp_path / "out", existing="resume", **settings)
    assert contents(tmp_path / "out") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file.txt").write_text("mine")
    for existing in ("error", "resume"):
        with pytest.raises(OutputError, match=r"not empty|was not made by organising"):
            organize(source, tmp_path / "mine", "depth", existing=existing)
    (tmp_path / "out/organized.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be understood"):
        organize(source, tmp_path / "out", "detection", by="sequence", existing="resume")


@pytest.mark.parametrize("place", ["", "inside", "../outside"])
def test_a_tree_lies_beside_its_source(tmp_path: Path, place: str) -> None:
    source = pressed(tmp_path / "outside/set", mono())
    target = source / place if place != "../outside" else tmp_path / "outside"
    with pytest.raises(OutputError, match="choose a folder beside it"):
        organize(open_dataset(source), target, "depth", existing="resume")


def test_impossible_wishes_are_told_before_anything_is_written(tmp_path: Path) -> None:
    source = open_dataset(pressed(tmp_path / "set", mono()))
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("no tree is named", {"tree": "captions"}),
        ("cannot be grouped", {"tree": "depth", "by": "colour"}),
        ("cannot be grouped", {"tree": "depth", "by": "meta."}),
        ("takes no formats", {"tree": "depth", "formats": {"yolo": {}}}),
        ("no format for detection", {"tree": "detection", "formats": {"native": {}}}),
        ("has no option", {"tree": "segmentation", "options": {"encoding": "npy"}}),
        ("encoding='feet'", {"tree": "depth", "options": {"encoding": "feet"}}),
        ("no option 'tusk'", {"tree": "detection", "formats": {"yolo": {"tusk": 1}}}),
    ]
    for told, wish in wishes:
        with pytest.raises(OptionError, match=told):
            organize(source, tmp_path / "out", **wish)
        assert not (tmp_path / "out").exists(), told


def test_groups_that_would_share_a_folder_are_told() -> None:
    folders = Folders({})
    assert [folders.of(name) for name in ("Hall", "yard", "", "a b", "Hall")] == [
        "Hall",
        "yard",
        "none",
        "a-20b",
        "Hall",
    ]
    for name in ("hall", "none", "a-20b"):
        with pytest.raises(OptionError, match="would share the folder"):
            folders.of(name)
    assert Folders(folders.groups).of("yard") == "yard"


def test_values_of_meta_are_groups_as_json_writes_them() -> None:
    frame = mono()[0].replaced(meta={"a": {"b": [1, 2.5, None, True, "x"], "c": []}, "scene": 7})
    assert set(grouping("meta.a.b")(frame)) == {"1", "2.5", "null", "true", "x"}
    assert grouping("meta.a.c")(frame) == grouping("meta.q.r")(frame) == ("",)
    assert grouping("scene")(frame) == ("7",)
    assert np.all([len(group) > 0 for group in grouping("meta.a")(frame)])
