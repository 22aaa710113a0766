"""Classes under other names: which class map comes out, which objects, and what semantic maps are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Frame, Label, LabelMap
from framepress.dataset.opening import open_dataset
from framepress.dataset.select.relabel import ClassMapping, relabel
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, LabelError
from frames import LABELS, mono, rig

POINTS = ("head", "tail")
MAP = LabelMap(
    (
        Label("car", 1, "vehicle", (1, 2, 3)),
        Label("Van", 5),
        Label("person", 7, keypoints=POINTS, skeleton=((0, 1),)),
        Label("dog", 9, keypoints=POINTS, skeleton=((0, 1),)),
        Label("cone"),
    )
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def pressed(folder: Path, frames: list[Frame], formats: str = "native,coco,yolo") -> Path:
    with DatasetWriter(folder, formats.split(","), labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    return folder


@pytest.mark.parametrize(
    ("mapping", "names", "ids"),
    [
        ("Van=car", ["car", "person", "dog", "cone"], [1, 7, 9, None]),
        ("car=Van", ["Van", "person", "dog", "cone"], [5, 7, 9, None]),  # its place, the number of the one so named
        ("car=vehicle,van=vehicle", ["vehicle", "person", "dog", "cone"], [1, 7, 9, None]),
        ("car=van,van=car", ["van", "car", "person", "dog", "cone"], [1, 5, 7, 9, None]),
        ("cone=CAR", ["car", "Van", "person", "dog"], [1, 5, 7, 9]),  # in the spelling that is there
        ("car=CONE", ["cone", "Van", "person", "dog"], [None, 5, 7, 9]),
        ("car=Car", ["Car", "Van", "person", "dog", "cone"], [1, 5, 7, 9, None]),
        ("dog=,cone=", ["car", "Van", "person"], [1, 5, 7]),
        (" cone = traffic cone , dog = ", ["car", "Van", "person", "traffic cone"], [1, 5, 7, None]),
    ],
)
def test_the_new_classes_have_a_defined_order_and_numbers(mapping: str, names: list[str], ids: list[Any]) -> None:
    after = ClassMapping.parsed(mapping).labels(MAP)
    assert list(after.names) == names
    assert [label.id for label in after.labels] == ids


def test_a_class_keeps_what_is_known_of_the_one_that_has_its_name_and_anyones_key_points() -> None:
    after = ClassMapping.parsed("Van=car,person=creature,dog=creature,cone=creature").labels(MAP)
    assert after.labels == (Label("car", 1, "vehicle", (1, 2, 3)), Label("creature", 7, "", None, POINTS, ((0, 1),)))
    assert ClassMapping.parsed("person=cone").labels(MAP).labels[-1].keypoints == POINTS


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("", "is empty"),
        ("cart=x", "there is no class 'cart'; did you mean 'car'"),
        ("car=a,CAR=b", "'CAR' is there twice"),
        ("car", "'car': write it as old=new"),
        ("=car", "missing before the ="),
        ("car=a\tb", "control characters"),
        ("car=,van=,person=,dog=,cone=", "no class is left"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(mapping: str, told: str) -> None:
    with pytest.raises(LabelError, match=told):
        ClassMapping.parsed(mapping).labels(MAP)


def test_classes_with_other_key_points_do_not_become_one() -> None:
    labels = LabelMap((*MAP.labels, Label("cat", keypoints=("nose",))))
    with pytest.raises(
        LabelError, match="'person' and 'cat' have different key points and cannot both become 'person'"
    ):
        ClassMapping.parsed("cat=person").labels(labels)


def test_mappings_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{"van": "car", "cone": null, "dog": ""}')
    (tmp_path / "map.txt").write_text("# old = new\n\nvan = car\ncone =\ndog=\n")
    expected = ClassMapping((("van", "car"), ("cone", ""), ("dog", "")))
    assert ClassMapping.read(tmp_path / "map.json") == ClassMapping.read(tmp_path / "map.txt") == expected


@pytest.mark.parametrize(
    ("name", "content", "kind", "told"),
    [
        ("a.json", b"{", InputError, "cannot be read as a class mapping"),
        ("a.json", b"[" * 100_000, InputError, "cannot be read as a class mapping"),
        ("a.json", b'["car"]', LabelError, "must be one object"),
        ("a.json", b'{"car": 3}', LabelError, "must be one object"),
        ("a.json", b'{"car": "a", "car": "b"}', LabelError, "there twice"),
        ("a.txt", b"\xff\xfe", InputError, "cannot be read as a class mapping"),
        ("a.txt", b"car\n", LabelError, "a.txt: 'car': write it as old=new"),
        ("a.txt", b"#\n" * (3 << 20), InputError, "above the limit"),
    ],
)
def test_a_file_that_holds_no_mapping_is_refused(
    tmp_path: Path, name: str, content: bytes, kind: type[Exception], told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=told):
        ClassMapping.read(tmp_path / name)


@pytest.mark.parametrize("formats", ["native", "native,coco,yolo"])
def test_objects_and_the_names_of_semantic_maps_change_together(tmp_path: Path, formats: str) -> None:
    source = pressed(tmp_path / "a", [*mono(), *rig()], formats)
    new = {"car": "vehicle", "sign": "vehicle", "person": "Human", "cone": ""}
    relabel(source, tmp_path / "b", new)
    before = {frame.id: frame for frame in open_dataset(source).frames()}
    after = {frame.id: frame for frame in open_dataset(tmp_path / "b").frames()}
    assert list(after) == list(before)
    for id, frame in before.items():
        for view, left in zip(frame.views, after[id].views, strict=True):
            expected = [(thing.track, new[thing.label]) for thing in view.objects if new[thing.label]]
            assert [(thing.track, thing.label) for thing in left.objects] == expected
            assert dict(left.names) == {n: new.get(name) or name for n, name in view.names.items()}
            np.testing.assert_array_equal(view.channels["semantic"], left.channels["semantic"])
            by_id = {thing.id: thing.label for thing in left.objects}
            for thing in view.objects:
                pixels = view.channels["instance"] == thing.id
                if pixels.any() and new[thing.label]:
                    (number,) = np.unique(view.channels["semantic"][pixels])
                    assert left.names[int(number)] == by_id[thing.id]
    assert open_dataset(tmp_path / "b").labels().names == ("vehicle", "Human", "never_seen")


def test_labels_that_are_joined_by_commas_change_one_by_one() -> None:
    frame = mono()[0]
    view = frame.view.replaced(names={1: "car,sign", 2: "Sign,rust", 3: "floor"})
    stage = ClassMapping.parsed("car=vehicle,sign=board").stage(LABELS)
    changed = stage(frame.replaced(views=(view,)))
    assert dict(changed.view.names) == {1: "vehicle,board", 2: "board,rust", 3: "floor"}
