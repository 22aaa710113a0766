"""What a fix changes is right, and all that it changes; what would be a guess stays, and is still found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest

from framepress.dataset.writer import DatasetWriter
from framepress.errors import OptionError, OutputError
from framepress.quality.fixes.fix import FIXABLE, Fixed, fix
from framepress.quality.profile import profile
from frames import LABELS, many
from quality.mutations.coco import MUTATIONS
from quality.mutations.coco_edits import TRAIN, Mutation, good

RIGHT = {
    "an id that two annotations have",
    "an id that annotations far apart have",
    "an annotation with id 0",
    "a license that is not listed",
    "a license of text",
    "a box without its last pixels, by run lengths",
    "a crowd's box without its last pixels",
    "a flat polygon",
    "the print of bytes",
    "an area of 0",
    "a crowd's area by half",
    "one labelled point too many",
    "no count of points",
    "a count of text",
}
JUDGED = [mutation for mutation in MUTATIONS if mutation.code in FIXABLE]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco") / "good"
    good(root)
    return root


def fixed(root: Path) -> Fixed:
    chosen = profile("fast").narrowed(select=("COCO", "FILE"))
    return fix(root, root.with_name("fixed"), chosen, format="coco")


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def broken(name: str, sound: Path, tmp_path: Path) -> Path:
    mutation = next(each for each in MUTATIONS if each.name == name)
    shutil.copytree(sound, tmp_path / "set")
    mutation.change(tmp_path / "set")
    return tmp_path / "set"


@pytest.mark.parametrize("mutation", JUDGED, ids=[f"{each.code}-{each.name}" for each in JUDGED])
def test_what_needs_no_guess_is_put_right_and_nothing_else(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    mutation.change(root)
    given = files_of(root)
    result = fixed(root)
    assert files_of(root) == given
    if mutation.name not in RIGHT:
        assert (result.target, dict(result.made), list(tmp_path.iterdir())) == (None, {}, [root])
        assert result.after.findings.counts[mutation.code]
        return
    assert result.target == tmp_path / "fixed"
    assert not result.after.findings.counts.total()
    assert result.files == (mutation.file,)
    copy = files_of(result.target)
    assert sorted(copy) == sorted(given)
    assert [name for name in copy if copy[name] != given[name]] == [mutation.file]


def test_files_that_stay_are_one_file_with_the_former_ones(sound: Path, tmp_path: Path) -> None:
    root = broken("an area of 0", sound, tmp_path)
    target = fixed(root).target
    assert target is not None
    image = next(path.relative_to(root) for path in root.rglob("*.png"))
    assert (target / image).stat().st_ino == (root / image).stat().st_ino
    assert (target / TRAIN).stat().st_ino != (root / TRAIN).stat().st_ino


def test_fields_that_nobody_knows_survive(sound: Path, tmp_path: Path) -> None:
    root = broken("an annotation with id 0", sound, tmp_path)
    document = json.loads((root / TRAIN).read_text())
    document["annotations"][2]["own"] = {"note": "Größe", "deep": [1.5, None]}
    document["own"] = [1]
    (root / TRAIN).write_text(json.dumps(document))
    target = fixed(root).target
    assert target is not None
    told = json.loads((target / TRAIN).read_text())
    assert [entry["id"] for entry in told["annotations"]] == list(range(1, len(told["annotations"]) + 1))
    for given, kept in zip(document["annotations"], told["annotations"], strict=True):
        assert {**given, "id": 0} == {**kept, "id": 0}
    assert {name: told[name] for name in told if name != "annotations"} == {
        name: document[name] for name in document if name != "annotations"
    }


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_a_box_and_an_area_are_those_that_pycocotools_sees_in_the_mask(sound: Path, tmp_path: Path) -> None:
    root = broken("a box without its last pixels, by run lengths", sound, tmp_path)
    document: dict[str, Any] = json.loads((root / TRAIN).read_text())
    masked = [entry for entry in document["annotations"] if isinstance(entry["segmentation"], dict)]
    for entry in masked:
        entry["area"] = 1.0
    (root / TRAIN).write_text(json.dumps(document))
    target = fixed(root).target
    assert target is not None
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    told = json.loads((target / TRAIN).read_text())["annotations"]
    seen = 0
    for entry in told:
        mask = entry["segmentation"]
        if not isinstance(mask, dict):
            continue
        size = sizes[entry["image_id"]]
        runs = pycocotools.mask.frPyObjects(mask, *size) if isinstance(mask["counts"], list) else mask
        pixels = pycocotools.mask.decode(runs)
        rows, columns = np.nonzero(pixels)
        x0, y0 = int(columns.min()), int(rows.min())
        assert entry["bbox"] == [x0, y0, int(columns.max()) + 1 - x0, int(rows.max()) + 1 - y0]
        assert entry["area"] == pixels.sum()
        seen += 1
    assert seen == len(masked) > 1


def test_a_dataset_of_ours_is_written_again_instead(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS) as writer:
        for frame in many(2):
            writer.add(frame)
    with pytest.raises(OptionError, match="whose journal has what was captured"):
        fixed(tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_copy_never_takes_the_place_of_something(sound: Path, tmp_path: Path) -> None:
    root = broken("an area of 0", sound, tmp_path)
    (tmp_path / "fixed").mkdir()
    (tmp_path / "fixed" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        fixed(root)
    assert (tmp_path / "fixed" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("inside", [".", "fixed", "annotations/fixed"])
def test_a_copy_does_not_go_into_the_dataset_itself(inside: str, sound: Path, tmp_path: Path) -> None:
    root = broken("an area of 0", sound, tmp_path)
    given = files_of(root)
    with pytest.raises(OptionError, match="lies in the dataset itself"):
        fix(root, root / inside, profile("fast").narrowed(select=("COCO",)), format="coco")
    assert files_of(root) == given


def test_a_link_stays_a_link_and_its_content_stays_where_it_is(sound: Path, tmp_path: Path) -> None:
    root = broken("an area of 0", sound, tmp_path)
    (tmp_path / "elsewhere.json").write_text("{}")
    (root / "annotations" / "other.json").symlink_to(tmp_path / "elsewhere.json")
    target = fixed(root).target
    assert target is not None
    assert (target / "annotations" / "other.json").is_symlink()
    assert (tmp_path / "elsewhere.json").read_text() == "{}"
