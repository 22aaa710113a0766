"""The scan for entries agrees with a JSON parser, whatever the pieces and the texts are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepress.errors import InputError
from framepress.formats import coco_scan
from framepress.formats.coco_scan import entries

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.text(alphabet='{}[]",:\\ a0\u20ac', max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\]x', max_size=3), inner)
)
ENTRIES = st.lists(st.dictionaries(st.text('ab"\\', max_size=3), VALUES, max_size=4), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.dictionaries(st.sampled_from(["images", "annotations", "info", 'a"b']), ENTRIES | SCALARS),
    piece=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_every_entry_is_found_whole(document, piece, indent, ascii_only, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(coco_scan, "_CHUNK", piece)
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=ascii_only), "utf-8")
    found = {name: [json.loads(text) for text in listed] for name, listed in entries(path).items()}
    assert found == {name: value for name, value in document.items() if isinstance(value, list)}


def test_entries_are_taken_in_the_order_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(json.dumps({"images": [{"id": n} for n in range(20)]}))
    images = entries(path)["images"]
    for rows in ([3, 4, 5], [19, 0, 7], [2], []):
        taken = images.take(coco_scan.np.array(rows, dtype=int))
        assert [json.loads(text)["id"] for text in taken] == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [{}', "ends inside of a list or object"),
        ('{"a": "[{}]}', "ends inside of a text"),
        ('{"a": [{}]}]', "closes that was never opened"),
        ('{"a": [{} {}]}', "no JSON document"),
        ('{"a": [{},, {}]}', "no JSON document"),
        ('{"a": [{}, 1]}', "a holds 1 among its objects"),
        ('{"a": [0, {}]}', "a holds 0 among its objects"),
        ('{"a": [{}, {}, {}, {}, 0, {}, {}]}', "a holds 0 among its objects"),
        ('{"a": [{}, {}, {}, {} {}, {}, {}]}', "no JSON document"),
        ('{"a": [{}, {}, {}, {}, {}, {}, {},]}', "no JSON document"),
        ('{"a": [{}], "a": []}', "there twice"),
        ('{"a": [{}]} x', "no JSON document"),
        ('"a"', "no JSON object"),
    ],
)
def test_what_is_no_document_of_lists_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        entries(path)
    assert str(path) in str(caught.value)


def test_a_byte_order_mark_does_not_shift_the_entries(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"a": [{"b": 1}, {"b": 2}]}).encode())
    assert [json.loads(text) for text in entries(path)["a"]] == [{"b": 1}, {"b": 2}]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.json: cannot be read"):
        entries(tmp_path / "missing.json")
