"""What is no expression, or asks for what the dataset does not have, is refused at once, with the place."""

from __future__ import annotations

import time

import pytest

from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.select.choose import choose
from framepress.dataset.select.parse import DEEPEST, LONGEST
from framepress.dataset.writer import DatasetWriter
from framepress.errors import LabelError, OptionError
from frames import LABELS, mono


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("refusals")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FRAMEPRESS_CACHE", str(folder / "cache"))
        with DatasetWriter(folder / "set", ["native"], labels=LABELS) as writer:
            for frame in mono():
                writer.add(frame)
        return Index.of(open_dataset(folder / "set"))


def told(index: Index, text: str, kind: type[OptionError] = OptionError) -> str:
    with pytest.raises(kind) as caught:
        choose(index, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("lable == 'car'", 1, "'lable' is no column; did you mean 'label'?"),
        ("area > 3 and lidar > 3", 14, "'lidar' is no column; there are: label, track"),
        ("label > 3", 1, "label is a text, where a number is needed"),
        ("3 < label", 5, "label is a text, where a number is needed"),
        ("area == 'large'", 1, "area is a number, which no text can be compared with"),
        ("label < 'car'", 9, "'car' can be compared with == and != only"),
        ("label in ('car', 3)", 10, "must be a list of texts, or of numbers"),
        ("label in ()", 10, "the list is empty"),
        ("area", 1, "area is a number, no condition"),
        ("label", 1, "label is a text, no condition"),
        ("3 < 4", 1, "compares two constants"),
        ("'a' == 'b'", 1, "compares two constants"),
        ("crowd + 1 > 0", 1, "crowd is true or false, where a number is needed"),
        ("crowd > True", 1, "only == and != ask whether a condition is True or False"),
        ("attributes.dirtt == True", 1, "did you mean 'dirty'?"),
        ("attributes == 'x'", 1, "write attributes.name or attributes['name']"),
        ("attributes.dirty == 'x'", 1, "attributes.dirty is a number, which no text can be compared with"),
        ("meta.lights.moon > 1", 1, "no frame has meta['lights.moon']; did you mean 'lights.sun'?"),
        ("scene.name == 'x'", 1, "only attributes and meta have fields"),
        ("meta[0] == 1", 1, "write a name in quotes between the brackets"),
        ("scene == 'Strasse'", 10, "there is no scene 'Strasse'; did you mean 'Straße'?"),
        ("frame == 'a/9999'", 10, "there is no frame 'a/9999'"),
        ("matches(track, '/Wrld/*')", 16, "there is no track '/Wrld/*'"),
        ("matches(area, '*')", 9, "area is a number"),
        ("matches(track)", 1, "matches takes 2 argument(s)"),
        ("matches(track, 3)", 16, "matches needs a text in quotes here"),
        ("has('dept')", 5, "no frame has 'dept'; did you mean 'depth'?"),
        ("known(3)", 7, "3 is no column"),
        ("known(area > 3)", 7, "area > 3 is no column"),
        ("any(3)", 5, "3 is a number, no condition"),
        ("count(crowd)", 1, "count(crowd) is a number, no condition"),
        ("score > 0.5", 1, "score is not known of any object here"),
        ("visibility is 3", 15, "only `is None` and `is not None`"),
        ("visibility == None", 15, "write known(…), or … is None"),
        ("area > 2 ** 3", 8, "2 ** 3 has no meaning in an expression"),
        ("id == 9007199254740993", 7, "beyond 2**53"),
        ("open('x')", 1, "'open' is no function; there are: any, all, count"),
        ("track.startswith('/')", 1, "'track.startswith' is no function"),
        ("label == 'car' and", 19, "is no expression"),
        ("(label == 'car'", 1, "is no expression"),
        ("label = 'car'", 7, "is no expression: invalid syntax; write == to compare"),
        ("crowd && mask", 8, "write and"),
        ("area > 3; area", 9, "is no expression"),
        ("   area >", 7, "is no expression"),
    ],
)
def test_a_mistake_is_told_with_its_column(index: Index, text: str, column: int, why: str) -> None:
    message = told(index, text)
    assert message.startswith(f"expression, column {column}: ")
    assert why in message
    shown, caret = message.splitlines()[-2:]
    assert shown.strip() in text
    assert caret.index("^") - 2 == column - 1


@pytest.mark.parametrize("text", ["label == 'kar'", "label in ('car', 'kar')", "not label == 'kar'", "label != 'kar'",
                                  "any(matches(label, 'kar*'))"])  # fmt: skip
def test_a_class_that_is_not_there_is_an_error_and_no_empty_selection(index: Index, text: str) -> None:
    message = told(index, text, LabelError)
    assert "there is no class 'kar" in message
    assert "car" in message.split(";")[1]


def test_a_class_without_objects_is_no_mistake_and_case_is_none(index: Index) -> None:
    assert not choose(index, "label == 'never_seen'").objects.any()
    assert choose(index, "label == 'CAR'").objects.tolist() == choose(index, "label == 'car'").objects.tolist()


def test_the_column_counts_characters_not_bytes_and_long_texts_are_shown_around_it(index: Index) -> None:
    assert told(index, "scene == 'Straße' and lable == 'car'").splitlines()[-1] == "  " + " " * 22 + "^"
    message = told(index, "area > 1 and " * 40 + "lable == 'car' and " + "area > 1" + " and area > 1" * 40)
    shown, caret = message.splitlines()[-2:]
    assert shown.startswith("  …")
    assert shown.endswith("…")
    assert len(shown) < 90
    assert shown[caret.index("^") :].startswith("lable")


HOSTILE = {
    "import": "__import__('os').system('true')",
    "attribute": "label.__class__.__mro__[1].__subclasses__()",
    "subscript": "().__class__.__bases__[0]",
    "lambda": "(lambda: 1)() == 1",
    "comprehension": "[x for x in (1, 2)] == 1",
    "walrus": "(label := 'car') == 'car'",
    "f-string": "f'{label}' == 'car'",
    "starred": "matches(*(label, 'car'))",
    "keywords": "matches(label, pattern='car')",
    "format": "'{0}'.format(label) == 'car'",
    "power": "9 ** 9 ** 9 ** 9 > area",
    "a long text": "'a' * 10**9 == label",
    "long": "area > 1 or " * 100_000 + "area > 1",
    "parentheses": "(" * 5_000 + "area" + ")" * 4_999,
    "parentheses, closed": "(" * 190 + "area > 1" + ")" * 190 + " and lable",
    "signs": "-" * 9_000 + "area > 1",
    "nots": "not " * 2_400 + "crowd",
    "attributes": "meta" + ".a" * 4_000 + " == 1",
    "brackets": "meta" + "['a']" * 1_500 + " == 1",
    "sums": "1" + "+1" * 4_000 + " > area",
    "calls": "any(" * 300 + "crowd" + ")" * 300,
    "a huge number": "area > " + "9" * 9_000,
    "a huge exponent": "area > 1e999999999 and lable",
    "null": "area > 1\0",
    "half a pair": "label == '\ud800'",
    "bytes": "label == b'car'",
    "complex": "area > 3j",
    "ellipsis": "area > ...",
    "a wide glob": "matches(track, '" + "*a" * 4_000 + "b')",
    "many words": "label in (" + "'car'," * 1_600 + "'kar')",
    "escapes": "label == '\\d\\N{x}'",
    "blank": "  \n ",
    "a comment": "# area > 1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_in_no_time(index: Index, name: str) -> None:
    began = time.process_time()
    message = told(index, HOSTILE[name])
    assert time.process_time() - began < 2
    assert len(message) < 2_000
    message.encode()


def test_limits_are_where_they_are_said_to_be(index: Index) -> None:
    text = "area > 1"
    assert choose(index, text + " " * (LONGEST - len(text))).objects.any()
    assert "characters" in told(index, text + " " * (LONGEST + 1 - len(text)))
    assert choose(index, "not " * (DEEPEST - 10) + text).objects.any()
    assert "deep" in told(index, "not " * DEEPEST + text)


def test_an_expression_may_have_several_lines_and_any_quotes(index: Index) -> None:
    several = "label in (\n  'car',\n  \"person\"\n)\nand area > 3"
    assert (
        choose(index, several).objects.sum() == choose(index, "label in ['car', 'person'] and area > 3").objects.sum()
    )
    assert choose(index, "label in ('car')").objects.sum() == choose(index, "label == 'car'").objects.sum()
