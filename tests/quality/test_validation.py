"""What a validation looks at, in which order it tells, and that broken data ends in findings."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.core import LabelMap
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError
from framepress.quality.findings import Findings
from framepress.quality.issue import Issue, inside
from framepress.quality.profile import profile
from framepress.quality.report.document import document
from framepress.quality.sample import sampled
from framepress.quality.validate import Validation, validate
from frames import LABELS, many, mono, rig

EDITIONS = ("native", "coco", "yolo", "kitti")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "set"
    with DatasetWriter(root, EDITIONS, labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    return root


def codes(found: Validation) -> dict[str, int]:
    return dict(+found.findings.counts)


@pytest.mark.parametrize("frames", [mono, rig, lambda: list(many(12))], ids=["mono", "rig", "many"])
def test_a_good_dataset_of_ours_has_no_error_in_any_edition(frames, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with DatasetWriter(tmp_path / "set", EDITIONS, labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    found = validate(tmp_path / "set", profile("default"))
    errors = [finding.to_dict() for finding in found.findings if finding.severity == "error"]
    assert errors == []
    assert [edition.format for edition in found.editions] == list(EDITIONS)


def test_the_answer_is_the_same_for_any_number_of_threads(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    picture = next(iter(sorted(root.glob("yolo/images/*/*.png"))))
    content = picture.read_bytes()
    picture.unlink()
    picture.write_bytes(content[: len(content) // 2])
    told = [json.dumps(document(validate(root, profile("strict"), workers=count))) for count in (1, 2, 7)]
    assert told[0] == told[1] == told[2]
    assert "IMG-" in told[0]


def test_without_pixels_nothing_is_decoded_and_that_is_told(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    for picture in root.rglob("*.png"):
        picture.unlink()
        picture.write_bytes(b"no picture")
    found = validate(root, profile("default").narrowed(pixels=False, ignore=["FILE", "GEN"]))
    assert not [code for code in codes(found) if code.startswith(("IMG", "TRU", "EXP"))]
    assert found.pictures is None
    assert "no image was decoded" in found.left_out[0]


def test_a_sample_is_of_the_same_frames_each_time_and_told(sound: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    found = validate(
        sound,
        profile("default"),
        format="yolo",
        sample=3,
        on_progress=lambda what, done, of: seen.append((what, done, of)),
    )
    again = validate(sound, profile("default"), format="yolo", sample=3)
    assert found.checked == again.checked
    assert found.checked["images"] == 3
    assert ("images", 3, 3) in seen
    assert "3 frames of 7" in found.left_out[0]


def test_a_sample_keeps_most_frames_when_others_are_added() -> None:
    first = sampled((f"frame{number}" for number in range(1000)), 100)
    second = sampled((f"frame{number}" for number in range(1100)), 100)
    assert len(first) == 100
    assert 80 <= len(first & second) < 100
    assert sampled(["b", "a"], 5) == {"a", "b"}


def test_only_the_edition_that_is_asked_for_is_looked_at(sound: Path) -> None:
    found = validate(sound, profile("fast"), format="kitti")
    assert [edition.format for edition in found.editions] == ["kitti"]
    with pytest.raises(OptionError, match="no format is named 'pascal'"):
        validate(sound, profile("fast"), format="pascal")


def test_names_of_files_are_relative_to_the_dataset(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    label = next(path for path in sorted(root.glob("yolo/labels/*/*.txt")) if path.stat().st_size)
    label.write_text("0 0.5 0.5 0.2\n")
    told = [finding.issue for finding in validate(root, profile("fast")).findings.of("YOLO-001")]
    assert [issue.file for issue in told] == [label.relative_to(root).as_posix()]


def test_a_channel_that_cannot_be_decoded_is_a_finding_and_the_others_are_checked(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    depths = sorted(path for path in root.glob("native/**/depth/**/*") if path.is_file())
    content = depths[0].read_bytes()
    depths[0].unlink()
    depths[0].write_bytes(b"?" * 20 + content[20:])
    found = validate(root, profile("default").narrowed(select=["FILE-002", "TRU"]), format="native")
    assert [finding.issue.frame for finding in found.findings] == ["a/0000"]
    assert str(root) not in found.findings.of("FILE-002")[0].issue.message


def test_a_damaged_description_or_journal_is_a_finding(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    (root / ".framepress/dataset.json").write_text("{")
    found = validate(root, profile("default"))
    assert codes(found) == {"FILE-001": 1}
    assert not found.passed
    shutil.copy(sound / ".framepress/dataset.json", root / ".framepress/dataset.json")
    segment = next(iter(sorted((root / ".framepress/journal").iterdir())))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0x55
    segment.write_bytes(content)
    found = validate(root, profile("default"))
    assert codes(found)["FILE-001"] >= 1
    assert not found.passed


def test_what_nobody_can_read_is_an_error_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="looks like no format"):
        validate(tmp_path / "none", profile("fast"))
    with pytest.raises(InputError, match="does not exist"):
        validate(tmp_path / "absent", profile("fast"))


def test_findings_are_all_counted_and_the_first_kept() -> None:
    findings = Findings(kept_per_code=3)
    findings.add("GEN-001", "error", (Issue(message=str(number)) for number in range(10)))
    findings.add("GEN-002", "note", [Issue(message="x")])
    assert (findings.counts["GEN-001"], len(findings), findings.total("error"), findings.total("note")) == (
        10,
        11,
        10,
        1,
    )
    assert [finding.issue.message for finding in findings] == ["0", "1", "2", "x"]


def test_a_profile_decides_what_fails(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LabelMap.of(["box", "never"])) as writer:
        for frame in mono()[3:4]:
            objects = frame.view.objects
            boxes = objects.relabelled(("box",), np.zeros(len(objects.classes), np.int32))
            writer.add(frame.replaced(views=(frame.view.replaced(objects=boxes),)))
    own = tmp_path / "own.toml"
    own.write_text('base = "default"\nfail_on = "note"\nselect = ["SET-001"]\n')
    assert validate(tmp_path / "set", profile("default").narrowed(select=["SET-001"])).passed
    assert not validate(tmp_path / "set", profile(own)).passed


def test_nothing_of_the_dataset_is_changed(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    before = {path: (os.stat(path).st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}
    validate(root, profile("strict"))
    after = {path: (os.stat(path).st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}
    assert before == after


def test_what_two_rules_find_is_told_under_one_code(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", ["native"]) as writer:
        for number, frame in enumerate(list(many(3))):
            objects = frame.view.objects
            named = objects.relabelled((f"class{number}",), np.zeros(len(objects.classes), np.int32))
            view = frame.view.replaced(objects=named)
            writer.add(frame.replaced(views=(view,), sequence="one", time_ns=100 - number))
    found = codes(validate(tmp_path / "set", profile("default")))
    assert {"SET-004", "TIM-001"} <= set(found)
    assert not {"TRU-105", "TRU-106"} & set(found)
    alone = codes(validate(tmp_path / "set", profile("default").narrowed(select=["TRU-105", "TRU-106"])))
    assert {"TRU-105", "TRU-106"} <= set(alone)


def test_editions_that_no_longer_share_their_files_are_no_twins(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)  # hard links become copies, as with `cp -r`, archives and uploads
    found = validate(root, profile("strict"))
    assert found.checked["images"] == 4 * 7
    assert not {"IMG-021", "IMG-022", "IMG-023", "SPL-010"} & codes(found).keys()


def test_twins_in_one_edition_are_still_told(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    shutil.copyfile(root / "coco/images/default/a/0000.png", root / "coco/images/default/b/0001.png")
    twins = validate(root, profile("strict")).findings.of("IMG-022")
    assert [finding.issue.file for finding in twins] == ["coco/images/default/b/0001.png"]


def test_no_message_names_a_place_of_this_machine(sound: Path, tmp_path: Path) -> None:
    root, outside = tmp_path / "set", tmp_path / "outside.png"
    shutil.copytree(sound, root)
    outside.write_bytes((root / "native/rgb/a/0000.png").read_bytes())
    for name in ("native/rgb/a/0000.png", "native/instance/a/0001.png", "coco/images/default/a/0000.png"):
        (root / name).unlink()
        (root / name).symlink_to(outside)
    found = validate(root, profile("strict"))
    assert found.findings.of("JSN-003")
    assert str(tmp_path) not in json.dumps([finding.to_dict() for finding in found.findings])


@pytest.mark.parametrize(
    ("message", "root", "told"),
    [
        ("/data/set/a.png: leads outside /data/set; copy it", "/data/set", "a.png: leads outside set; copy it"),
        ("'/data/set/a.png' is 1.5 px wide.", "/data/set", "'a.png' is 1.5 px wide."),
        ("/data/setting/a.png", "/data/set", "/data/setting/a.png"),
        ("a.png: 1.5 px wide.", ".", "a.png: 1.5 px wide."),
        ("set/a.png in dataset/b", "set", "a.png in dataset/b"),
    ],
)
def test_a_message_names_files_relative_to_the_dataset(message: str, root: str, told: str) -> None:
    assert inside(message, Path(root)) == told


def test_the_alpha_of_a_recording_is_told_only_where_it_is_used(tmp_path: Path) -> None:
    Image.new("RGBA", (9, 5), (9, 9, 9, 255)).save(tmp_path / "rgb_0000.png")
    assert "GEN-009" not in codes(validate(tmp_path, profile("strict"), format="basic"))
    Image.new("RGBA", (9, 5), (9, 9, 9, 0)).save(tmp_path / "rgb_0000.png")
    assert "GEN-009" in codes(validate(tmp_path, profile("strict"), format="basic"))


def test_what_is_no_picture_is_told_once(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound / "coco", root)
    for name, put in {
        "a/0000": lambda path: path.touch(),
        "a/0001": os.mkfifo,
        "b/0001": lambda path: path.mkdir(),
    }.items():
        (root / f"images/default/{name}.png").unlink()
        put(root / f"images/default/{name}.png")
    found = validate(root, profile("default").narrowed(select=["FILE-003", "FILE-004", "IMG"]), format="coco")
    assert codes(found) == {"FILE-003": 2, "FILE-004": 1}
    only_pictures = validate(root, profile("default").narrowed(select=["IMG-001"]), format="coco")
    assert codes(only_pictures) == {"IMG-001": 2}  # a folder is no file that the annotations could mean


@pytest.mark.parametrize("editions", [EDITIONS, ("coco",), ("kitti", "coco")])
def test_of_a_dataset_that_is_being_written_the_first_thing_told_is_that(
    editions: tuple[str, ...], tmp_path: Path
) -> None:
    writer = DatasetWriter(tmp_path / "set", editions, labels=LABELS)
    for frame in mono():
        writer.add(frame)
    writer.abandon()
    found = validate(tmp_path / "set", profile("default"))
    assert [finding.issue.message.partition(":")[0] for finding in found.findings.of("GEN-010")] == [
        "the dataset is open"
    ]
    assert not [code for code in codes(found) if code.startswith("EXP")]
    assert "the editions beside the journal: the dataset is not finished" in found.left_out


def test_classes_that_no_list_may_hold_are_a_finding(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "set")
    file = tmp_path / "set/native/dataset.json"
    file.write_text(file.read_text().replace('"cone"', '"co\\u001bne"'))
    found = validate(tmp_path / "set", profile("strict"))
    assert not found.passed
    assert any("control characters" in finding.issue.message for finding in found.findings)


def test_an_edition_that_is_gone_is_told_once(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    shutil.rmtree(root / "coco")
    found = validate(root, profile("default").narrowed(ignore=["SET"]))
    assert [(finding.code, finding.edition) for finding in found.findings] == [("FILE-001", "coco")]
    assert found.findings.of("FILE-001")[0].issue.message.startswith("coco is missing")


def test_rows_of_a_journal_that_are_none_are_a_finding(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    (segment,) = (root / ".framepress/journal").iterdir()
    text = gzip.decompress(segment.read_bytes()).decode()
    segment.write_bytes(
        gzip.compress(re.sub(r'"files":\[\["([^"]*)",\d+,', r'"files":[["\1",', text, count=1).encode())
    )
    messages = [finding.issue.message for finding in validate(root, profile("default")).findings.of("FILE-001")]
    assert any("is no path, size and digest; restore" in message for message in messages)


def test_links_in_a_circle_are_findings(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "set")
    (tmp_path / "set/coco/self").symlink_to(tmp_path / "set/coco/self")
    (tmp_path / "set/coco/round").symlink_to(tmp_path / "set")
    shutil.rmtree(tmp_path / "set/.framepress")
    assert "FILE-003" in codes(validate(tmp_path / "set/coco", profile("default")))
    assert Index.of(open_dataset(tmp_path / "set/coco", "coco")).frames.rows == 7
