"""What frames and objects say in words of their own comes back from the index as it was said, or is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepress.core import Camera, Frame, Objects, View
from framepress.dataset.index import Field, Fields, Index
from framepress.dataset.index_fields import LONGEST_TEXT, MOST_KEYS, FieldFiles
from framepress.dataset.opening import Dataset
from framepress.formats import Format

Indexed = Callable[[Sequence[Mapping[str, Any]]], Index]


@pytest.fixture
def index_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Indexed:
    """The index of frames that say these things, of themselves and of their only objects."""
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()

    def indexed(said: Sequence[Mapping[str, Any]]) -> Index:
        def read(path: Path) -> Iterator[Frame]:
            for number, words in enumerate(said):
                objects = Objects.build(["car"], attributes=[dict(words)])
                yield Frame(f"{number:06}", number, (View(Camera(8, 5), objects=objects),), meta=words)

        return Index.of(Dataset(tmp_path / "set", Format("made_up", "", frozenset(), read=read)), rebuild=True)

    return indexed


def values(field: Field) -> list[Any]:
    """What each row says: a float, a text, or None."""
    rows = len(field.codes if field.numbers is None else field.numbers)  # type: ignore[arg-type]
    found: list[Any] = [None] * rows
    for row in range(rows):
        if field.numbers is not None and not np.isnan(field.numbers[row]):
            found[row] = float(field.numbers[row])
        if field.codes is not None and field.codes[row] >= 0:
            assert found[row] is None
            found[row] = field.texts[field.codes[row]]
    return found


def test_numbers_texts_and_bools_come_back(index_of: Indexed) -> None:
    said = [
        {"seed": 7, "sky": "klar ☀", "indoor": True},
        {},
        {"seed": -0.5, "sky": "", "indoor": False, "mixed": 3},
        {"seed": None, "mixed": "three", "sky": "klar ☀"},
    ]
    index = index_of(said)
    for fields in (index.meta, index.attributes):
        assert list(fields) == ["indoor", "mixed", "seed", "sky"]
        assert values(fields["seed"]) == [7.0, None, -0.5, None]
        assert values(fields["sky"]) == ["klar ☀", None, "", "klar ☀"]
        assert values(fields["indoor"]) == [1.0, None, 0.0, None]
        assert values(fields["mixed"]) == [None, None, 3.0, "three"]
        assert [fields[key].boolean for key in fields] == [True, False, False, False]
        assert fields["sky"].numbers is None
        assert fields["seed"].codes is None
        assert len(fields["sky"].texts) == 2
        assert fields.left_out == {}


def test_nested_keys_are_joined_with_dots_and_lists_are_their_json(index_of: Indexed) -> None:
    index = index_of(
        [
            {"weather": {"rain": 0.5, "sky": {"name": "grau"}}, "tags": ["Nacht", 1, True, None]},
            {"weather": {"rain": 1, "sky": "blau"}, "tags": []},
        ]
    )
    assert list(index.meta) == ["tags", "weather.rain", "weather.sky", "weather.sky.name"]
    assert values(index.meta["weather.rain"]) == [0.5, 1.0]
    assert values(index.meta["weather.sky"]) == [None, "blau"]
    assert values(index.meta["weather.sky.name"]) == ["grau", None]
    assert [json.loads(text) for text in values(index.meta["tags"])] == [["Nacht", 1, True, None], []]


def test_what_has_no_place_is_counted_under_its_key(index_of: Indexed) -> None:
    index = index_of(
        [
            {"long": "x" * (LONGEST_TEXT + 1), "huge": 10**400, "deep": [[1]], "some": 10**400},
            {"long": "x" * LONGEST_TEXT, "deep": [{"a": 1}], "some": 5},
            {"list": list(range(100_000)), "long": ["x" * LONGEST_TEXT]},
        ]
    )
    assert index.meta.left_out == {"long": 2, "huge": 1, "deep": 2, "list": 1, "some": 1}
    assert list(index.meta) == ["long", "some"]
    assert values(index.meta["long"]) == [None, "x" * LONGEST_TEXT, None]
    assert values(index.meta["some"]) == [None, 5.0, None]


def test_keys_beyond_count_are_counted_and_the_first_are_kept(index_of: Indexed) -> None:
    many = {f"key_{number:06}": number for number in range(20_000)}
    index = index_of([{"first": 1}, many, {"first": 2, "key_000001": 5, "later": 1}])
    assert len(index.meta) == MOST_KEYS
    assert values(index.meta["first"]) == [1.0, None, 2.0]
    assert values(index.meta["key_000001"]) == [None, 1.0, 5.0]
    assert index.meta.left_out == {"": 20_000 - (MOST_KEYS - 1) + 1}
    assert "later" not in index.meta


def test_mappings_without_end_are_not_followed(index_of: Indexed) -> None:
    deep: dict[str, Any] = {"end": 1}
    for _ in range(40):
        deep = {"a": deep}
    index = index_of([deep, {"a": {"b": 2}}])
    assert list(index.meta) == ["a.b"]
    assert index.meta.left_out == {".".join("a" * 17): 1}


def test_a_file_name_that_is_no_unicode_comes_back(index_of: Indexed) -> None:
    name = b"bild_\xff.png".decode("utf-8", "surrogateescape")
    assert values(index_of([{"source": name}]).meta["source"]) == [name]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False), st.integers(-(2**53), 2**53), st.text(max_size=8)
)


@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(st.dictionaries(st.sampled_from("abc"), SCALARS, max_size=3), max_size=30),
    cuts=st.lists(st.integers(0, 30)),
)
def test_fields_are_the_same_in_whatever_pieces_the_rows_come(
    tmp_path_factory: pytest.TempPathFactory, said: list[dict[str, Any]], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("fields")
    files = FieldFiles(folder, "meta")
    edges = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    for first, end in pairwise(edges):
        files.append([(row - first, said[row]) for row in range(first, end)], end - first)
    fields = Fields(folder, "meta", len(said), json.loads(json.dumps(files.header())))
    assert set(fields) == {key for words in said for key, value in words.items() if value is not None}
    for key, field in fields.items():
        told = [words.get(key) for words in said]
        assert values(field) == told
        assert field.boolean == all(isinstance(value, bool) for value in told if value is not None)
