"""A good native edition has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Camera, Channels, Frame, View
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError
from framepress.quality.native import rules
from framepress.quality.native.look import look
from framepress.quality.profile import profile
from framepress.quality.rule import rules_in
from framepress.quality.validate import validate
from frames import LABELS, imported, mono, rig
from quality.mutations.files import Mutation
from quality.mutations.native import MUTATIONS, found, good, one
from quality.test_mutations_files import check


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("native") / "good"
    good(root)
    return root


def test_a_good_edition_has_no_finding(sound: Path) -> None:
    assert found(sound) == []


@pytest.mark.parametrize("options", [{"depth": "tiff"}, {"images": "jpeg"}, {"images": "none"}, {"channels": "rgb"}])
@pytest.mark.parametrize("frames", [mono, rig, imported])
def test_editions_with_options_have_no_finding(
    frames: Callable[[], list[Frame]], options: dict[str, str], tmp_path: Path
) -> None:
    with DatasetWriter(tmp_path / "set", {"native": options}, labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    assert found(tmp_path / "set") == []
    shutil.rmtree(tmp_path / "set/.framepress")
    assert found(tmp_path / "set") == []


def test_depth_as_a_large_tiff_has_no_finding(tmp_path: Path) -> None:
    """Its directory is behind its pixels, beyond what is read of other files."""
    noise = np.random.default_rng(3).uniform(1, 90, (170, 230)).astype(np.float32)
    view = View(Camera(230, 170), channels=Channels({"depth": noise}, (230, 170)))
    with DatasetWriter(tmp_path / "set", {"native": {"depth": "tiff"}}, labels=LABELS) as writer:
        writer.add(Frame("0", 0, (view,)))
    assert next((tmp_path / "set").rglob("*.tiff")).stat().st_size > 1 << 16
    assert found(tmp_path / "set") == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    mutation.change(root)
    check(found(root), mutation)


@pytest.mark.parametrize("sides", [slice(4, 5), slice(3, 5)], ids=["a sheet", "a wire"])
def test_a_solid_may_lack_thickness(sides: slice, sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "set")
    one(lambda box: box.__setitem__(sides, [0.0] * len(box[sides])))(tmp_path / "set")
    assert "JSN-004" not in {code for code, *_ in found(tmp_path / "set")}


def test_every_rule_for_native_editions_is_broken_by_some_mutation() -> None:
    assert {rule.code for rule in rules_in(rules)} | {"FILE-001"} == {mutation.code for mutation in MUTATIONS}
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_the_columns_are_those_of_the_index(sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path))
    index, columns = Index.of(open_dataset(sound)), look(sound).columns()
    assert columns.labels.names == index.labels.names == LABELS.names
    assert list(columns.frames.texts("id")) == list(index.frames.texts("id"))
    for table in ("frames", "views", "objects"):
        ours, witness = getattr(columns, table), getattr(index, table)
        for name in ("index", "time_ns", "frame", "width", "height", "view", "id", "box", "box_full", "area"):
            if name in witness and (name != "frame" or table != "frames"):
                np.testing.assert_array_equal(ours[name], witness[name], err_msg=f"{table}.{name}")
    texts = {"sequence": "sequences", "split": "splits", "scene": "scenes", "seed": "seeds"}
    for name, vocabulary in texts.items():
        ours = [getattr(columns, vocabulary)[code] for code in columns.frames[name].tolist()]
        assert ours == [getattr(index, vocabulary)[code] for code in index.frames[name].tolist()]
    tracks = [columns.tracks[code] if code >= 0 else "" for code in columns.objects["track"].tolist()]
    assert tracks == [index.tracks[code] if code >= 0 else "" for code in index.objects["track"].tolist()]
    assert columns.objects["label"].tolist() == index.objects["label"].tolist()
    np.testing.assert_allclose(columns.objects["visibility"], index.objects["visibility"])
    assert columns.objects["crowd"].tolist() == index.objects["crowd"].tolist()


def test_images_are_those_of_the_records_in_their_order(sound: Path) -> None:
    frames: list[Frame] = list(open_dataset(sound).frames())
    images = look(sound).images()
    expected = [(frame.id, view.name, view.camera.size_wh) for frame in frames for view in frame.views]
    assert [(image.frame, image.view, (image.width, image.height)) for image in images] == expected
    assert all(image.path.is_file() and image.path.is_relative_to(sound) for image in images)
    assert {image.split for image in images} == {"train", "val"}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 99999, b"\xff\xfe", b'{"a": 1}x', None])
def test_a_dataset_json_that_is_none_is_named(sound: Path, tmp_path: Path, content: bytes | None) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    (root / "dataset.json").unlink()
    if content is None:
        (root / "dataset.json").mkdir()
    else:
        (root / "dataset.json").write_bytes(content)
    with pytest.raises(InputError, match=r"dataset\.json"):
        look(root)


def test_a_dataset_of_another_version_is_named_by_its_code_when_validated(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    file = root / "dataset.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 7'))
    result = validate(root, profile().narrowed(select=["JSN"], pixels=False))
    assert [finding.code for finding in result.findings] == ["JSN-001"]


def test_bytes_changed_at_random_end_in_findings_and_never_in_a_crash(sound: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    shutil.copytree(sound, tmp_path / "set")
    for name in ("frames/000000.jsonl", "dataset.json", "rgb/a/0000.png", "depth/a/0001.npy"):
        whole = (sound / name).read_bytes()
        for _ in range(25):
            content = bytearray(whole)
            for _ in range(3):
                at = int(rng.integers(len(content) if name.endswith("l") else min(len(content), 900)))
                content[at : at + int(rng.integers(4))] = rng.bytes(int(rng.integers(4)))
            (tmp_path / "set" / name).write_bytes(content)
            try:
                assert all(issue.message for _, issue in found(tmp_path / "set"))
            except InputError as error:
                assert "dataset.json" in str(error)  # noqa: PT017 - it is refused or looked at, by chance
        (tmp_path / "set" / name).write_bytes(whole)


@pytest.mark.parametrize("name", [' "', "\\ud800", "a\\nb", "", "x" * 99999])
def test_classes_of_strange_names_end_in_findings(sound: Path, tmp_path: Path, name: str) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    for file in (root / "frames/000000.jsonl", root / "dataset.json"):
        file.write_text(file.read_text().replace('"car"', f'"{name}"' if name != ' "' else '" \\""'))
    found(root)
    looked = look(root)
    assert looked.columns().objects.rows == looked.columns().objects["label"].size
