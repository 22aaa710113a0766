"""A card says what is in the dataset, stays true, and leaves alone what people wrote."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
from collections import Counter
from glob import glob
from pathlib import Path
from typing import Any

import pytest
import yaml

from framepress.core import Frame, LabelMap
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.delivery.card import check_card, write_card
from framepress.delivery.card_loading import loading
from framepress.delivery.card_text import Card
from framepress.errors import InputError, OptionError
from framepress.quality.profile import profile
from framepress.quality.report.document import document
from framepress.quality.validate import validate
from frames import LABELS, many, mono, rig

FORMATS = ("native", "coco", "yolo", "kitti")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def split(frames: list[Frame]) -> list[Frame]:
    return [frame.replaced(split=("train", "val")[place % 3 == 2]) for place, frame in enumerate(frames)]


def pressed(folder: Path, frames: list[Frame], formats: Any = FORMATS, **options: Any) -> Path:
    with DatasetWriter(folder, formats, labels=options.pop("labels", LABELS), **options) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    names = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in names.items()}


def front(folder: Path) -> dict[str, Any]:
    """By a reader of our own: what stands between the first two lines of dashes."""
    _, text, _ = (folder / "README.md").read_text().split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_facts_are_those_of_the_frames(tmp_path: Path) -> None:
    frames = split([*mono(), *(frame.replaced(index=7 + n) for n, frame in enumerate(rig()))])
    found = write_card(open_dataset(pressed(tmp_path / "set", frames)), name="Mine").document
    views = [view for frame in frames for view in frame.views]
    facts = found["facts"]
    assert (facts["frames"], facts["images"], facts["objects"]) == (10, 13, sum(len(v.objects) for v in views))
    counts = Counter(label for view in views for label in view.objects.labels)
    images = Counter(label for view in views for label in set(view.objects.labels))
    assert facts["classes"] == [
        {"name": name, "objects": counts[name], "images": images[name]} for name in LABELS.names
    ]
    for row in facts["splits"]:
        own = [view for frame in frames if frame.split == row["name"] for view in frame.views]
        assert row["images"] == len(own)
        assert row["objects"] == sum(len(view.objects) for view in own)
        assert row["empty_images"] == sum(not len(view.objects) for view in own)
    assert [(row["name"], row["images"], row["sizes"]) for row in facts["cameras"]] == [
        ("", 7, {"96x64": 7}),
        ("front", 3, {"96x64": 3}),
        ("side", 3, {"80x52": 3}),
    ]
    assert facts["gaps"]["classes_without_objects"] == ["never_seen"]
    for row in facts["editions"]:
        records = [json.loads(line) for line in journal(tmp_path / "set")]
        sizes = [size for record in records for _, size, _ in record["editions"][row["format"]]["files"]]
        assert (row["files"], row["bytes"], row["path"]) == (len(sizes), sum(sizes), f"{row['format']}/")
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert found["facts_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert json.loads((tmp_path / "set/dataset_info.json").read_text()) == found


def journal(folder: Path) -> list[str]:
    from framepress.storage.folder import FolderOutput
    from framepress.storage.journal import Journal

    return [
        json.dumps(record) for record in Journal.open(FolderOutput(folder), repair=False).records() if "frame" in record
    ]


def test_the_hub_s_keys_say_what_the_dataset_is_for(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", split(mono()))
    write_card(open_dataset(folder), license="cc-by-4.0", name="Streets: „Schild“")
    assert front(folder) == {
        "license": "cc-by-4.0",
        "pretty_name": "Streets: „Schild“",
        "task_categories": ["object-detection", "image-segmentation", "depth-estimation", "keypoint-detection"],
        "size_categories": ["n<1K"],
        "tags": ["coco", "framepress", "kitti", "native", "yolo"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "coco/images/train/**"},
                    {"split": "val", "path": "coco/images/val/**"},
                ],
            }
        ],
    }
    for entry in front(folder)["configs"][0]["data_files"]:
        assert any((folder / path).is_file() for path in glob(entry["path"], root_dir=folder, recursive=True))
    bare = pressed(tmp_path / "bare", mono(), ["yolo"])
    write_card(open_dataset(bare))
    assert set(front(bare)) == {
        "pretty_name",
        "task_categories",
        "size_categories",
        "tags",
    }  # no license but a given one
    assert front(bare)["task_categories"] == ["object-detection"]  # what the frames had beside is not in it


def test_a_second_writing_changes_nothing_and_equal_datasets_have_equal_cards(tmp_path: Path) -> None:
    for place in ("a/set", "b/set"):
        assert write_card(open_dataset(pressed(tmp_path / place, split(mono())))).changed
    for name in ("README.md", "dataset_info.json"):
        assert (tmp_path / "a/set" / name).read_bytes() == (tmp_path / "b/set" / name).read_bytes()
    before = (tmp_path / "a/set/README.md").stat().st_mtime_ns
    assert not write_card(open_dataset(tmp_path / "a/set")).changed
    assert (tmp_path / "a/set/README.md").stat().st_mtime_ns == before
    assert check_card(open_dataset(tmp_path / "a/set")) == []


def test_a_card_that_is_no_longer_true_is_told_and_put_right(tmp_path: Path) -> None:
    frames = split(list(many(12)))
    folder = pressed(tmp_path / "set", frames[:9], ["native"])
    write_card(open_dataset(folder), name="Mine", license="mit")
    assert check_card(open_dataset(folder)) == []
    pressed(folder, frames[9:], ["native"], existing="append")
    told = check_card(open_dataset(folder))
    assert "dataset_info.json: frames is 9 there, 12 in the data" in told
    assert any(line.startswith("dataset_info.json: classes[car].objects is") for line in told)
    write_card(open_dataset(folder))
    assert check_card(open_dataset(folder)) == []
    assert (front(folder)["pretty_name"], front(folder)["license"]) == ("Mine", "mit")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("| car | ", "| bus | ", "the part 'facts' is not what the facts say"),
        ("size_categories:\n- n<1K", "size_categories:\n- 1M<n<10M", "size_categories is ['1M<n<10M'] at its top"),
        ("- native\n", "", "tags is"),
        ("pretty_name: set", "pretty_name: other", "pretty_name is 'other'"),
    ],
)
def test_what_was_edited_by_hand_in_our_parts_is_told(tmp_path: Path, before: str, after: str, told: str) -> None:
    folder = pressed(tmp_path / "set", mono())
    write_card(open_dataset(folder))
    text = (folder / "README.md").read_text()
    assert before in text
    (folder / "README.md").write_text(text.replace(before, after))
    assert any(told in line for line in check_card(open_dataset(folder)))


def test_facts_that_were_edited_are_told(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", mono())
    write_card(open_dataset(folder))
    file = folder / "dataset_info.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "facts_sha256": "0" * 64}))
    assert any("facts_sha256" in line for line in check_card(open_dataset(folder)))
    file.write_text('{"schema": "another.dataset_info"}')
    for act in (check_card, write_card):
        with pytest.raises(InputError, match=r"is no dataset_info\.json of ours"):
            act(open_dataset(folder))
    file.unlink()
    with pytest.raises(InputError, match="is not there"):
        check_card(open_dataset(folder))


def test_people_s_own_words_stay_where_they_are(tmp_path: Path) -> None:
    frames = split(list(many(12)))
    folder = pressed(tmp_path / "set", frames[:9], ["native"])
    write_card(open_dataset(folder))
    readme = folder / "README.md"
    text = readme.read_text()
    text = text.replace("# set\n", "# Our streets\n\nShot in $winter$ <b>2026</b>, 3 °C \\d.\n")
    text = text.replace("<!-- framepress:begin loading -->", "Between the parts.\n\n<!-- framepress:begin loading -->")
    text = text.replace("pretty_name: set\n", "pretty_name: set\nlanguage: en  # of the labels\nextra: {a: [1, 2]}\n")
    text = text.replace("tags:\n", "tags:\n- winter\n") + "\nAt the end, without a line's end"
    readme.write_text(text)
    assert check_card(open_dataset(folder)) == []
    assert not write_card(open_dataset(folder)).changed
    pressed(folder, frames[9:], ["native"], existing="append")
    write_card(open_dataset(folder))
    found = readme.read_text()
    own = (
        "# Our streets\n\nShot in $winter$ <b>2026</b>, 3 °C \\d.\n",
        "Between the parts.\n",
        "\nAt the end, without a line's end",
    )
    assert all(words in found for words in own)
    assert found.endswith("without a line's end")
    assert "12 frames" in found
    assert front(folder)["tags"][0] == "winter"
    assert front(folder)["extra"] == {"a": [1, 2]}
    assert outside(found) == outside(text)


def outside(text: str) -> list[str]:
    """Lines below the YAML that are in no part of ours."""
    found, ours = [], False
    for line in text.split("---\n", 2)[2].splitlines():
        ours = ours or line.startswith("<!-- framepress:begin")
        if not ours:
            found.append(line)
        ours = ours and not line.startswith("<!-- framepress:end")
    return found


def test_a_readme_that_was_there_before_is_kept_whole(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", mono())
    own = "My notes\n========\n\nDo not lose me.\n"
    (folder / "README.md").write_text(own)
    write_card(open_dataset(folder))
    assert Card.parse((folder / "README.md").read_text()).body.startswith(own.rstrip("\n"))
    assert check_card(open_dataset(folder)) == []


def test_a_part_that_was_taken_out_stays_out(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", mono())
    write_card(open_dataset(folder))
    text = (folder / "README.md").read_text()
    start, end = text.index("<!-- framepress:begin loading"), text.index("<!-- framepress:end loading -->\n")
    (folder / "README.md").write_text(text[:start] + text[end + len("<!-- framepress:end loading -->\n") :])
    assert not write_card(open_dataset(folder)).changed
    assert check_card(open_dataset(folder)) == []


def test_ends_of_lines_stay_those_of_windows(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", mono())
    write_card(open_dataset(folder))
    plain = (folder / "README.md").read_bytes()
    (folder / "README.md").write_bytes(plain.replace(b"\n", b"\r\n"))
    assert check_card(open_dataset(folder)) == []
    assert not write_card(open_dataset(folder)).changed


@pytest.mark.parametrize(
    ("mark", "other"),
    [
        ("<!-- framepress:end facts -->", ""),
        ("<!-- framepress:begin facts -->", ""),
        ("<!-- framepress:end facts -->", "<!-- framepress:end checks -->"),
        ("<!-- framepress:begin loading -->", "<!-- framepress:begin facts -->"),
    ],
)
def test_marks_that_do_not_pair_stop_it_before_anything_is_lost(tmp_path: Path, mark: str, other: str) -> None:
    folder = pressed(tmp_path / "set", mono())
    write_card(open_dataset(folder))
    broken = (folder / "README.md").read_text().replace(mark, other)
    (folder / "README.md").write_text(broken)
    with pytest.raises(InputError, match="has no partner, or is there twice"):
        write_card(open_dataset(folder), name="other")
    assert (folder / "README.md").read_text() == broken
    assert json.loads((folder / "dataset_info.json").read_text())["name"] == "set"


@pytest.mark.parametrize(
    "text", ["---\n- a\n- b\n---\n", "---\na: [1\n---\n", "---\na: &x [*x]\nb: !!python/name:os\n---\n"]
)
def test_yaml_that_is_none_is_told_and_kept(tmp_path: Path, text: str) -> None:
    folder = pressed(tmp_path / "set", mono()[:1])
    (folder / "README.md").write_text(text)
    with pytest.raises(InputError, match=r"README\.md: the YAML at its top"):
        write_card(open_dataset(folder))
    assert (folder / "README.md").read_text() == text
    assert not (folder / "dataset_info.json").exists()


def test_the_verdict_of_a_validation_is_told_as_long_as_it_is_of_these_facts(tmp_path: Path) -> None:
    frames = split(list(many(12)))
    folder = pressed(tmp_path / "set", frames[:9], ["native"])
    report = document(validate(folder, profile("fast")))
    write_card(open_dataset(folder), report=report)
    said = f"passed `framepress validate --profile fast` of framepress {report['tool']['version']}: 0 errors"
    assert said in (folder / "README.md").read_text()
    assert not write_card(open_dataset(folder)).changed  # the verdict stays
    pressed(folder, frames[9:], ["native"], existing="append")
    with pytest.raises(OptionError, match="validate it again"):
        write_card(open_dataset(folder), report=report)
    assert write_card(open_dataset(folder)).document["validation"] is None
    assert "No report of a validation was given." in (folder / "README.md").read_text()
    with pytest.raises(OptionError, match="is no document"):
        write_card(open_dataset(folder), report={"schema": "framepress.validation"})


def test_code_that_loads_runs_in_the_card_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pressed(tmp_path / "set", split(mono()))
    code = dict(loading(write_card(open_dataset(folder)).document["facts"], folder))
    assert list(code) == list(FORMATS)
    monkeypatch.chdir(folder)
    for name in ("native", "coco"):
        found: dict[str, Any] = {}
        exec(compile(code[name], name, "exec"), found)
        assert len(found["boxes"]) or name == "native"
    document = yaml.safe_load((folder / code["yolo"].split('data="')[1].split('"')[0]).read_text())
    assert document["train"] == "images/train"
    assert (folder / code["kitti"].split('abspath("')[1].split('"')[0] / "training/image_2").is_dir()
    for text in code.values():
        compile(text, "card", "exec")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("ours", [True, False])
def test_a_card_beside_an_edition_is_no_part_of_it(tmp_path: Path, name: str, ours: bool) -> None:
    """The one rule for files at a dataset's top that no journal names: readers, rules and writers pass them over."""
    frames = split(list(many(9)))
    folder = pressed(tmp_path / "set", frames[:6], [name])
    bare = pressed(tmp_path / "bare", frames[:6], [name])
    if not ours:
        for each in (folder, bare):
            shutil.rmtree(each / ".framepress")
    write_card(open_dataset(folder))
    assert check_card(open_dataset(folder)) == []
    assert open_dataset(folder).format.name == name
    assert len(list(open_dataset(folder).frames())) == 6
    found = [dict(validate(each, profile("strict")).findings.counts) for each in (folder, bare)]
    assert found[0] == found[1]
    if ours:
        kept = (folder / "README.md").read_bytes()
        pressed(folder, frames[6:], [name], existing="append")
        pressed(folder, frames, [name], existing="resume")
        assert (folder / "README.md").read_bytes() == kept
        assert any("9 in the data" in line for line in check_card(open_dataset(folder)))
    code = dict(loading(write_card(open_dataset(folder)).document["facts"], folder))[name]
    compile(code, "card", "exec")


def test_names_that_markdown_would_take_for_its_own_are_text(tmp_path: Path) -> None:
    names = ["a|b", "<script>", "`x`", "*bold*", "[l](u)", "<!-- framepress:end facts -->"]
    folder = pressed(tmp_path / "set", [mono()[1]], labels=LabelMap.of(names))
    write_card(open_dataset(folder))
    body = (folder / "README.md").read_text()
    assert "<script>" not in body
    assert check_card(open_dataset(folder)) == []
    rows = [line for line in body.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    assert any(line.startswith("| a\\|b | 0 | 0") for line in rows)


def test_names_of_folders_get_neither_into_the_code_nor_between_the_marks(tmp_path: Path) -> None:
    """They are found on disk, where a line's end is a sign as any other."""
    evil = "A\n```\n<!-- framepress:end loading -->\nraise SystemExit #"
    dataset = pressed(tmp_path / evil, split(list(mono())), {"kitti": {}})
    for name in ("A", evil):
        (tmp_path / "home" / name).mkdir(parents=True)
        (tmp_path / "home" / name / "training").symlink_to(dataset / "training")
    facts = {"splits": [], "editions": [{"format": "kitti", "path": "", "options": {}}]}
    ((_, code),) = loading(facts, tmp_path / "home")
    assert [type(node).__name__ for node in ast.parse(code).body] == ["Import", "ImportFrom", "Expr", "Expr", "Assign"]
    (tmp_path / "home/A").rename(tmp_path / "home/Z")
    ((_, code),) = loading(facts, tmp_path / "home")
    assert repr(evil)[1:-1].encode() in code.encode().replace(b'\\"', b'"')
    assert len(ast.parse(code).body) == 5

    write_card(open_dataset(dataset))
    home = dataset / "README.md"
    assert list(Card.parse(home.read_text()).sections("")) == ["facts", "loading", "provenance", "checks"]
    assert check_card(open_dataset(dataset)) == []
    assert not write_card(open_dataset(dataset)).changed


def test_an_unfinished_dataset_has_no_card(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "set", ["native"], labels=LABELS)
    writer.add(mono()[0])
    writer.abandon()
    with pytest.raises(InputError, match="a card is of a finished dataset"):
        write_card(open_dataset(tmp_path / "set"))
    assert not (tmp_path / "set/README.md").exists()


def test_a_card_may_lie_elsewhere(tmp_path: Path) -> None:
    folder = pressed(tmp_path / "set", mono())
    before = contents(folder)
    written = write_card(open_dataset(folder), tmp_path / "cards/mine.md")
    assert contents(folder) == before
    assert (written.card, written.facts) == (tmp_path / "cards/mine.md", tmp_path / "cards/dataset_info.json")
    assert check_card(open_dataset(folder), tmp_path / "cards/mine.md") == []


def test_samples_of_others_have_cards(shared: Path, tmp_path: Path) -> None:
    for sample, frames in (
        ("coco_dataset/coco", 2),
        ("kitti_dataset/kitti_detection", 2),
        ("yolo_dataset/yolov8_detection", 1),
    ):
        source = open_dataset(shared / "formats-datumaro" / sample)
        out = tmp_path / sample.replace("/", "_") / "README.md"
        assert write_card(source, out).document["facts"]["frames"] == frames
        assert check_card(source, out) == []
