"""Semantic filters, read as the grammar says."""

from __future__ import annotations

import pytest

from framepress.errors import OptionError
from framepress.headless.payloads.predicate import predicate_of

CAR, TOY_CAR, TRUCK, BALL = (
    {"class": ("Car",)},
    {"class": ("car", "toy")},
    {"class": ("truck",), "size": ("big",)},
    {"shape": ("sphere",), "size": ("small",)},
)


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("*:*", [CAR, TOY_CAR, TRUCK, BALL]),
        ("class:*", [CAR, TOY_CAR, TRUCK]),
        ("class:car", [CAR, TOY_CAR]),
        ("class:CAR", [CAR, TOY_CAR]),
        ("class:car|truck", [CAR, TOY_CAR, TRUCK]),
        ("class:car&!toy", [CAR]),
        ("class:!toy", [CAR, TRUCK]),
        ("class:!car&!truck|toy", [TOY_CAR]),
        ("class:car;shape:*", [CAR, TOY_CAR, BALL]),
        ("class:car; shape:*", [CAR, TOY_CAR, BALL]),
        ("class:*, size:*", [TRUCK]),
        ("class:*,size:small;shape:sphere", [BALL]),
        ("*:big|sphere", [TRUCK, BALL]),
        (" class : car & ! toy ;", [CAR]),
        ("shape:*,class:!*", [BALL]),
        ("Class:car", []),  # a type is spelled as it is authored
        ("class:bus", []),
    ],
)
def test_a_predicate_passes_exactly(text: str, passing: list[dict[str, tuple[str, ...]]]) -> None:
    assert [labels for labels in (CAR, TOY_CAR, TRUCK, BALL) if predicate_of(text).passes(labels)] == passing


def test_types_that_are_not_named_are_not_reported() -> None:
    assert [kind for kind in ("class", "shape", "size") if predicate_of("class:car;size:!big").reports(kind)] == [
        "class",
        "size",
    ]
    assert predicate_of("*:cone").reports("anything")


def test_a_prim_without_labels_never_passes() -> None:
    assert not predicate_of("*:!car").passes({})
    assert not predicate_of("*:!car").passes({"class": ()})


def test_of_a_label_with_a_colon_the_first_one_ends_the_type() -> None:
    assert predicate_of("class:a:b").passes({"class": ("a:b",)})


@pytest.mark.parametrize("text", ["", "class", ":car", "class:", "class:car|", "class:!!car", "class:c*", "cl*:car"])
def test_what_is_no_predicate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionError, match=r"semantic filter .*cannot read.*class:car\|truck"):
        predicate_of(text)


def test_brackets_are_refused_rather_than_taken_for_a_label() -> None:
    with pytest.raises(OptionError, match="no brackets"):
        predicate_of("class:(car|truck)&!toy")
