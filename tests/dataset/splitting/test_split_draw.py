"""Shares and numbers, drawn by hashes; what was there stays where it is."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_in_memory import index_of

from framepress.dataset.index import Index
from framepress.dataset.split import Split
from framepress.dataset.splitting.draw import SplitCounts
from framepress.dataset.splitting.plan import Method, SplitPlan, kept_from, plan_split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError, OptionError
from frames import LABELS, many

THREE = Split.parse("train=.7,val=.2,test=.1", seed=3)
NAMES = st.sampled_from(["", "a", "b", "c", "d", "e"])
ROWS = st.lists(st.tuples(NAMES, NAMES, st.lists(st.sampled_from(["car", "bus", "cone"]), max_size=4)), max_size=14)


def made(rows: list[tuple[str, str, list[str]]], split: list[str] | None = None) -> Index:
    return index_of(
        [f"f{number}" for number in range(len(rows))],
        sequence=[row[0] for row in rows],
        scene=[row[1] for row in rows],
        labels=[row[2] for row in rows],
        split=split,
        classes=["car", "bus", "cone"],
    )


def names_of(plan: SplitPlan) -> list[str]:
    return [plan.names[code] if code >= 0 else "" for code in plan.codes.tolist()]


def test_shares_by_sequence_are_what_a_writer_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    frames = [frame.replaced(sequence=frame.sequence if n % 3 else "") for n, frame in enumerate(many(12))]
    drawn = [THREE.of(frame) for frame in frames]
    index = index_of([frame.id for frame in frames], sequence=[frame.sequence for frame in frames])
    assert names_of(plan_split(index, THREE)) == drawn
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS, split=THREE) as writer:
        for frame in frames:
            writer.add(frame)
    assert dict(writer.close().splits) == {name: drawn.count(name) for name in THREE_NAMES}


THREE_NAMES = ("train", "val", "test")


@settings(deadline=None, max_examples=50)
@given(ROWS, ROWS, st.sampled_from([["sequence"], ["frame"]]))
def test_by_shares_and_one_key_adding_frames_moves_none(
    rows: list[tuple[str, str, list[str]]], more: list[tuple[str, str, list[str]]], by: list[str]
) -> None:
    before, after = plan_split(made(rows), THREE, group=by), plan_split(made(rows + more), THREE, group=by)
    assert names_of(after)[: len(rows)] == names_of(before)


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS, st.sampled_from(["shares", "balanced", "numbers"]), st.booleans())
def test_with_what_was_there_adding_frames_moves_none_whatever_the_method(
    rows: list[tuple[str, str, list[str]]], more: list[tuple[str, str, list[str]]], way: str, two: bool
) -> None:
    """Unless a new frame links two groups that are in two splits, which is refused by name."""
    by = ["sequence", "scene"] if two and any(scene for _, scene, _ in rows) else ["sequence"]
    first = plan_split(made(rows), *_way(way, rows, 0), group=by, stratify=["label"] if way == "balanced" else [])
    kept = names_of(first) + [""] * len(more)
    method = _way(way, rows + more, first.sizes().get("val", 0))
    stratify = ["label"] if way == "balanced" else []
    if _links_two(rows + more, kept, by):
        with pytest.raises(InputError, match="be kept together"):
            plan_split(made(rows + more), *method, group=by, stratify=stratify, kept=kept)
        return
    after = plan_split(made(rows + more), *method, group=by, stratify=stratify, kept=kept)
    assert names_of(after)[: len(rows)] == names_of(first)
    assert after.kept == len(rows)
    assert _torn(after) == 0


def _links_two(rows: list[tuple[str, str, list[str]]], kept: list[str], by: list[str]) -> bool:
    """Whether some group holds frames that keep different splits; groups are flooded frame by frame."""
    group = list(range(len(rows)))
    for _ in rows:
        for one, other in combinations(range(len(rows)), 2):
            if any(rows[one][key] and rows[one][key] == rows[other][key] for key in range(len(by))):
                group[one] = group[other] = min(group[one], group[other])
    held: dict[int, set[str]] = {}
    for number, split in zip(group, kept, strict=True):
        held.setdefault(number, set()).update({split} - {""})
    return any(len(splits) > 1 for splits in held.values())


def _way(way: str, rows: list[tuple[str, str, list[str]]], held: int) -> tuple[Split | SplitCounts]:
    return (SplitCounts((("train", None), ("val", held)), 3),) if way == "numbers" else (THREE,)


def _torn(plan: SplitPlan) -> int:
    """Groups with frames in two splits, counted frame by frame."""
    assert plan.groups is not None
    held: dict[int, set[int]] = {}
    for group, code in zip(plan.groups.of.tolist(), plan.codes.tolist(), strict=True):
        held.setdefault(group, set()).add(code)
    return sum(len(codes) > 1 for codes in held.values())


@settings(deadline=None, max_examples=50)
@given(ROWS, st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_numbers_are_exact_or_refused(rows: list[tuple[str, str, list[str]]], val: int, test: int, seed: int) -> None:
    asked = SplitCounts((("train", None), ("val", val), ("test", test)), seed)
    if val + test > len(rows):
        with pytest.raises(OptionError, match="were asked for"):
            plan_split(made(rows), asked, group=["frame"])
        return
    plan = plan_split(made(rows), asked, group=["frame"])
    assert plan.sizes() == {"train": len(rows) - val - test, "val": val, "test": test}


def test_numbers_are_made_of_whole_groups_or_refused() -> None:
    sizes = [5, 3, 3, 2, 1]
    rows = [(f"s{number}", "", []) for number, size in enumerate(sizes) for _ in range(size)]
    reached = []
    for number in range(sum(sizes) + 1):
        try:
            plan = plan_split(made(rows), SplitCounts((("train", None), ("val", number))))
        except OptionError as error:
            refused = str(error)
        else:
            reached.append(number)
            assert plan.sizes() == {"train": sum(sizes) - number, "val": number}
            assert _torn(plan) == 0
    assert {0, 14} < set(reached) < set(range(15))
    assert "cannot be made of whole groups by sequence" in refused


def test_numbers_without_a_rest_leave_frames_in_no_split() -> None:
    plan = plan_split(index_of([f"f{n}" for n in range(10)]), SplitCounts.parse("train=6,val=3"), group=["frame"])
    assert plan.sizes() == {"train": 6, "val": 3, "": 1}
    assert list(plan.by_id().values()).count("") == 1


def test_numbers_are_drawn_by_the_names_of_frames_not_by_their_order() -> None:
    ids = [f"f{n}" for n in range(40)]
    asked = SplitCounts.parse("train=20,val=20", seed=1)
    one = plan_split(index_of(ids), asked).by_id()
    assert plan_split(index_of(ids[::-1]), asked).by_id() == one
    assert plan_split(index_of(ids), SplitCounts.parse("train=20,val=20", seed=2)).by_id() != one


@pytest.mark.parametrize("text", ["", "train", "train=.5", "a=1,a=2", "a=rest,b=rest", "a=-1", "a b=1"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="counts"):
        SplitCounts.parse(text)


def test_frames_keep_a_split_that_nobody_asked_for_and_one_that_another_dataset_gave_them() -> None:
    index = index_of(["a", "b", "c"], split=["", "holdout", ""])
    before = index_of(["c", "x"], split=["test", "train"])
    plan = plan_split(index, THREE, kept=[index.splits[code] for code in index.frames["split"]])
    assert names_of(plan)[1] == "holdout"
    assert plan.names == ("train", "val", "test", "holdout")
    assert kept_from(index, before) == ["", "", "test"]
    assert names_of(plan_split(index, THREE, kept=kept_from(index, before)))[2] == "test"


def test_a_group_that_is_torn_already_is_named() -> None:
    index = index_of(["a", "b"], sequence=["run", "run"])
    with pytest.raises(InputError, match=r"'run': its frames are in '(train|val)' and '(val|train)'"):
        plan_split(index, THREE, kept=["train", "val"])


def test_a_function_of_ones_own_names_a_split_for_each_frame() -> None:
    index = index_of(["a", "b", "c"])
    plan = plan_split(index, lambda known: ["odd" if n % 2 else "" for n in range(known.frames.rows)])
    assert names_of(plan) == ["", "odd", ""]
    for said in (["x"], [1, 2, 3]):
        with pytest.raises(OptionError, match="a text for each"):
            plan_split(index, lambda known, said=said: said)


def test_only_shares_can_be_stratified() -> None:
    with pytest.raises(OptionError, match="only a split by shares"):
        plan_split(index_of(["a"]), SplitCounts.parse("train=1"), stratify=["label"])


def test_two_frames_of_one_id_cannot_be_told_apart() -> None:
    with pytest.raises(InputError, match="frame a: the dataset has two frames"):
        plan_split(index_of(["a", "a"]), THREE).by_id()


def test_the_balance_of_a_draw_is_told_by_class() -> None:
    index = index_of(["a", "b", "c", "d"], labels=[["car"], ["car", "car"], [], ["bus"]])
    plan = plan_split(index, lambda known: ["x", "y", "y", ""])
    frames, car = plan.balance()
    assert (frames.kind, frames.held, car.kind, car.held) == ("frames", (1, 2), "car", (1, 2))
    np.testing.assert_allclose(car.ideal, (1.0, 2.0))
    assert car.deviation == pytest.approx(0)
    assert car.groups == 2


@pytest.mark.parametrize("method", [THREE, SplitCounts.parse("train=rest,val=0"), {"val": []}, lambda index: []])
def test_a_dataset_without_frames_has_empty_splits(method: Method) -> None:
    plan = plan_split(index_of([]), method, stratify=["label"] if method is THREE else [])
    assert (plan.by_id(), plan.balance(), set(plan.sizes().values()) - {0}) == ({}, (), set())
