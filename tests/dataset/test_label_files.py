"""Label files: each form gives the same classes, and each mistake is named with its place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from framepress.core import Label, LabelMap
from framepress.dataset.label_files import LIMIT_BYTES, read_label_file
from framepress.errors import InputError, LabelError

ROOT = Path(__file__).parents[2]


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "car\n\n# not a class\n  person \r\ntraffic light"),
        ("a.TXT", "\ufeffcar\nperson\ntraffic light\n"),
        ("a.json", '["car", "person", "traffic light"]'),
        ("a.json", '{"0": "car", "2": "traffic light", "1": "person"}'),
        ("a.json", '{"names": [{"name": "car"}, "person", {"name": "traffic light"}]}'),
        ("a.yaml", "- car\n- person\n- traffic light\n"),
        ("a.yml", "2: traffic light\n0: car\n1: person\n"),
        ("a.yaml", "path: ../data\nnc: 3\nnames:\n  0: car\n  1: person\n  2: traffic light\n"),
    ],
)
def test_all_forms_give_the_same_classes(tmp_path: Path, name: str, text: str) -> None:
    assert read_label_file(written(tmp_path, name, text)) == LabelMap.of(["car", "person", "traffic light"])


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_all_fields_of_a_class_are_read(tmp_path: Path, ending: str) -> None:
    row = {
        "name": "Person",
        "id": 7,
        "supercategory": "who",
        "colour": [1, 2, 255],
        "keypoints": ["head", "hand"],
        "skeleton": [[0, 1]],
    }
    found = read_label_file(written(tmp_path, f"a.{ending}", json.dumps([row])))  # JSON is YAML, too
    assert found.labels == (Label("Person", 7, "who", (1, 2, 255), ("head", "hand"), ((0, 1),)),)


def test_the_example_is_a_label_file() -> None:
    labels = read_label_file(ROOT / "config/labels/warehouse.yaml")
    assert {"pallet", "forklift", "person"} <= set(labels.names)
    assert all(label.colour for label in labels.labels)


@pytest.mark.parametrize(
    ("name", "text", "error", "told"),
    [
        ("a.csv", "car", InputError, "ends in .txt, .json, .yaml, .yml, not in '.csv'"),
        ("a.txt", "# nothing\n", LabelError, "holds no class"),
        ("a.txt", b"car\nb\xe4r\n", InputError, "line 2: is not UTF-8"),
        ("a.txt", "car\nperson\nCar\n", LabelError, "'car' and 'Car' differ at most in case"),
        ("a.txt", "car\na\tb\n", LabelError, "line 2: .*control characters"),
        ("a.json", '["car",\n "person"', InputError, "line 2, column 10: is not JSON"),
        ("a.json", "[" * 200_000, InputError, "nested too deeply"),
        ("a.json", "3", LabelError, "holds a whole number"),
        ("a.yaml", "[" * 200_000, InputError, "nested too deeply"),
        ("a.json", f"[{'9' * 5_000}]", InputError, "is no label file"),
        ("a.json", f'{{"{"9" * 5_000}": "car"}}', LabelError, "is no class number"),
        ("a.json", '{"0": "car", "2": "person"}', LabelError, "there is no class 1"),
        ("a.json", '{"0": "car", "0": "person"}', InputError, "'0' is there twice"),
        ("a.json", '{"0": "car", "00": "person"}', LabelError, "0 is there twice"),
        ("a.json", '{"car": 0}', LabelError, "the key 'car' is no class number"),
        ("a.json", '[{"name": "car", "color": [0, 0, 0]}]', LabelError, "class 0: 'color' is no field.*colour"),
        ("a.json", '[{"name": "car"}, {"id": 3}]', LabelError, "class 1: .*name"),
        ("a.json", '[{"name": "car", "id": "3"}]', LabelError, "class 0: id is '3', a text; it must be a whole number"),
        ("a.json", '[{"name": "car", "colour": [0, 0, 256]}]', LabelError, "class 0: colour is"),
        ("a.json", '[{"name": "car", "keypoints": "head"}]', LabelError, "class 0: keypoints is 'head'"),
        ("a.json", '[{"name": "car", "keypoints": ["a"], "skeleton": [[0, 1]]}]', LabelError, "points outside"),
        ("a.json", '[{"name": "a", "id": 1}, {"name": "b", "id": 1}]', LabelError, "id 1 is given to more than one"),
        ("a.yaml", "- car\n- no\n", LabelError, "class 1: False is true or false, not a name; if it is one"),
        ("a.yaml", "- car\n- 12\n", LabelError, "class 1: 12 is a whole number"),
        ("a.yaml", "- car\n- [\n", InputError, "line 3, column 1: is not usable YAML"),
        ("a.yaml", "a: &x [car]\nnames: *x\n", InputError, "line 2: aliases"),
        ("a.yaml", "0: car\n0: person\n", InputError, "line 2, column 1: .*0 is there twice"),
        ("a.yaml", "!!python/object/apply:os.getcwd []\n", InputError, "line 1, column 1: is not usable YAML"),
        ("a.yaml", "- 2024-13-99\n", InputError, "is not usable YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_place(
    tmp_path: Path, name: str, text: str | bytes, error: type[Exception], told: str
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(error, match=told) as raised:
        read_label_file(path)
    assert str(path) in str(raised.value)


def test_a_pipe_in_the_place_of_a_label_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(InputError, match=r"a\.txt: cannot be read: it is a pipe"):
        read_label_file(tmp_path / "a.txt")


def test_a_file_that_is_missing_or_far_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_label_file(tmp_path / "none.txt")
    with pytest.raises(InputError, match="no label file"):
        read_label_file(written(tmp_path, "large.txt", b"x\n" * (LIMIT_BYTES // 2 + 1)))
