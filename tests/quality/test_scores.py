"""Scores stay within 0 and 1, fall with what is wrong, and say what they did not measure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepress.core import Objects
from framepress.core.arrays import Array
from framepress.dataset.writer import DatasetWriter
from framepress.quality.affected import Affected
from framepress.quality.columns import NO_TIME
from framepress.quality.findings import Findings
from framepress.quality.index import leaks, rules, times
from framepress.quality.issue import ERROR, NOTE, WARNING, Issue
from framepress.quality.profile import SCORES, Profile, profile
from framepress.quality.registry import all_rules
from framepress.quality.rule import rules_in
from framepress.quality.scores.recommendations import recommendations
from framepress.quality.scores.scores import Part, Score, Scores, scores
from framepress.quality.scores.statistics import statistics
from framepress.quality.validate import Validation, validate
from frames import LABELS, mono
from quality.mutations.index import FRAMES, Draft, good

NAMES = ("completeness", "consistency", "accuracy", "diversity")
INDEX_RULES = [rule for module in (rules, leaks, times) for rule in rules_in(module)]
ALL_CODES = [rule.code for rule in all_rules()]


def validated(draft: Draft, *found: tuple[str, str, str, Issue]) -> Validation:
    """What the rules for whole datasets find, and these findings: code, severity, edition, issue."""
    columns = draft.columns()
    validation = Validation(Path("set"), Profile("made"), (), columns=columns)
    validation.ran.update(ALL_CODES)
    for rule in INDEX_RULES:
        validation.findings.add(rule.code, rule.severity, rule(columns))
    for code, severity, edition, issue in found:
        validation.findings.add(code, severity, [issue], edition)
    return validation


def scored(validation: Validation) -> Scores:
    assert validation.columns is not None
    return scores(validation, statistics(validation.columns, None))


def parts_of(found: Scores) -> dict[str, Part]:
    return {f"{score.name}.{part.name}": part for score in found.scores for part in score.parts}


GOOD = good()
GOOD_STATISTICS = statistics(GOOD.columns(), None)
GOOD_SCORES = scores(validated(GOOD), GOOD_STATISTICS)


def test_a_good_dataset_is_complete_consistent_and_accurate() -> None:
    assert [score.value for score in GOOD_SCORES.scores[:3]] == [1, 1, 1]
    assert GOOD_SCORES.passed
    diversity = GOOD_SCORES.scores[3].value
    assert diversity is not None
    assert 0.5 < diversity < 1
    assert GOOD_SCORES.overall == pytest.approx(0.85 + 0.15 * diversity)


def test_what_was_not_measured_is_none_and_counts_for_nothing() -> None:
    assert GOOD_SCORES.to_dict()["not_measured"] == ["completeness.written", "consistency.pictures", "diversity.yaw"]
    half = Scores((Score("accuracy", 1, (Part("a", 0.4), Part("b", None))), Score("diversity", 3, ())), 0.3, 0.0)
    assert half.overall == 0.4
    nothing = Scores((Score("accuracy", 1, (Part("a", None),)),), 0.5, 0.0)
    assert (nothing.overall, nothing.passed) == (None, None)
    assert scores(Validation(Path("set"), Profile("made"), ()), None).overall is None


def test_a_share_never_leaves_0_to_1_and_is_none_of_nothing() -> None:
    assert Part.share("objects", 7, 5, "objects").value == 0
    assert Part.share("objects", 0, 5, "objects").value == 1
    assert Part.share("objects", 0, 0, "objects").value is None


def test_a_score_without_weight_decides_nothing() -> None:
    bad = Scores((Score("accuracy", 1, (Part("a", 1.0),)), Score("diversity", 0, (Part("b", 0.0),))), 1.0, 0.5)
    assert (bad.overall, bad.passed) == (1.0, True)


@pytest.mark.parametrize(("accuracy", "passed"), [(0.9, True), (0.59, False)])
def test_each_score_has_to_reach_the_floor(accuracy: float, passed: bool) -> None:
    made = Scores((Score("accuracy", 1, (Part("a", accuracy),)), Score("diversity", 9, (Part("b", 1.0),))), 0.9, 0.6)
    assert made.passed is passed


def wrong(frame: int, number: int, **more: Any) -> Issue:
    return Issue(message="is wrong", frame=GOOD.ids[frame], view="front", object=number, **more)


def test_each_object_counts_once_however_much_is_wrong_with_it() -> None:
    found = [("TRU-001", ERROR, "", wrong(3, 1)), ("TRU-002", ERROR, "", wrong(3, 1, place="box"))]
    found += [("TRU-001", ERROR, "", wrong(3, 2)), ("TRU-001", ERROR, "", wrong(5, 1))]
    found += [("TRU-001", WARNING, "", wrong(7, 1))]
    truth = sorted(code for code in ALL_CODES if code.startswith("TRU-"))[:2]
    named = {"TRU-001": truth[0], "TRU-002": truth[1]}
    validation = validated(GOOD)
    for code, severity, edition, issue in found:
        if severity == ERROR:
            validation.findings.add(named[code], severity, [issue], edition)
    part = parts_of(scores(validation, GOOD_STATISTICS))["accuracy.objects"]
    assert (part.affected, part.of) == (3, 4720)
    frames = parts_of(scores(validation, GOOD_STATISTICS))["accuracy.frames"]
    assert (frames.affected, frames.of) == (2, 600)


def test_of_several_editions_the_worst_counts_and_the_frames_themselves_on_top() -> None:
    box = [("COCO-005", ERROR, "coco", wrong(frame, 1)) for frame in range(5)]
    names = [("COCO-006", ERROR, "other", wrong(frame, 1)) for frame in range(3)]
    own = [(_truth(), ERROR, "", wrong(9, 2))]
    part = parts_of(scores(validated(GOOD, *box, *names, *own), GOOD_STATISTICS))["accuracy.objects"]
    assert part.affected == 6


def _truth() -> str:
    return next(rule.code for rule in all_rules() if rule.stage == "truth" and rule.severity == ERROR)


issues = st.builds(
    Issue,
    message=st.just("is wrong"),
    frame=st.sampled_from([*GOOD.ids[:5], ""]),
    image=st.sampled_from(["", "a.png"]),
    file=st.sampled_from(["", "x.json"]),
    place=st.sampled_from(["", "a[1]", "b"]),
    object=st.sampled_from([None, 1, 2, "x"]),
)
findings = st.tuples(
    st.sampled_from(ALL_CODES), st.sampled_from([ERROR, WARNING, NOTE]), st.sampled_from(["", "a"]), issues
)


@settings(max_examples=60, deadline=None)
@given(st.lists(findings, max_size=30), findings)
def test_one_more_finding_never_raises_a_score(before: list[Any], more: Any) -> None:
    severities = {code: severity for code, severity, _, _ in reversed([*before, more])}  # one severity a code
    told = [(code, severities[code], edition, issue) for code, _, edition, issue in [*before, more]]
    validation = _light(told[:-1])
    first = scores(validation, GOOD_STATISTICS)
    code, severity, edition, issue = told[-1]
    validation.findings.add(code, severity, [issue], edition)
    second = scores(validation, GOOD_STATISTICS)
    for score, later in zip(first.scores, second.scores, strict=True):
        for part, after in zip(score.parts, later.parts, strict=True):
            assert (part.value is None) == (after.value is None)
            assert part.value is None or after.value is None or 0 <= after.value <= part.value <= 1
            assert 0 <= after.affected <= after.of
        assert score.value is None or later.value is None or later.value <= score.value
    assert first.overall is not None
    assert second.overall is not None
    assert 0 <= second.overall <= first.overall <= 1


COLUMNS = GOOD.columns()


def _light(found: list[Any]) -> Validation:
    validation = Validation(Path("set"), Profile("made"), (), columns=COLUMNS)
    validation.ran.update(ALL_CODES)
    for code, severity, edition, issue in found:
        validation.findings.add(code, severity, [issue], edition)
    return validation


def _drop(draft: Draft, rng: np.random.Generator, count: int) -> None:
    draft.frames["time_ns"][_late(rng)] += 50_000_000 * count


def _late(rng: np.random.Generator) -> slice:
    sequence, at = rng.integers(0, 10), rng.integers(20, 40)
    return slice(FRAMES * sequence + at, FRAMES * (sequence + 1))


def _stand_still(draft: Draft, rng: np.random.Generator, count: int) -> None:
    at = int(rng.integers(2, 500))
    draft.frames["time_ns"][at] = draft.frames["time_ns"][at - 1]


def _leak(draft: Draft, rng: np.random.Generator, count: int) -> None:
    draft.frames["split"][rng.integers(0, 600, count)] ^= 1


def _relabel(draft: Draft, rng: np.random.Generator, count: int) -> None:
    rows = rng.integers(0, 4720, count)
    draft.objects["label"][rows] = (draft.objects["label"][rows] + 1) % 4


def _lose_a_class(draft: Draft, rng: np.random.Generator, count: int) -> None:
    draft.labels = (*draft.labels, f"class_{len(draft.labels)}")


def _double(draft: Draft, rng: np.random.Generator, count: int) -> None:
    rows = np.sort(np.concatenate((np.arange(4720), rng.integers(0, 4720, count))))
    draft.objects = {name: column[rows] for name, column in draft.objects.items()}


@pytest.mark.parametrize(
    ("break_it", "lowered"),
    [
        (_drop, "completeness.unbroken"),
        (_stand_still, "consistency.time"),
        (_leak, "consistency.splits"),
        (_relabel, "consistency.tracks"),
        (_lose_a_class, "completeness.classes"),
        (_double, "accuracy.once"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_defect_lowers_its_part_and_raises_none_of_the_shares(break_it: Any, lowered: str, seed: int) -> None:
    draft, rng = good(), np.random.default_rng(seed)
    before = parts_of(GOOD_SCORES)
    break_it(draft, rng, seed + 1)
    after = parts_of(scored(validated(draft)))
    assert _value(after[lowered]) < _value(before[lowered])
    for name in before:
        if not name.startswith("diversity.") and before[name].value is not None:
            assert _value(after[name]) <= _value(before[name]), name


@pytest.mark.parametrize("known", ["clock", "numbers", "both"])
def test_a_missing_frame_is_missed_once_by_clock_and_numbers(known: str) -> None:
    draft = good()
    rows = slice(2 * FRAMES + 30, 3 * FRAMES)
    if known in ("clock", "both"):
        draft.frames["time_ns"][rows] += 3 * 50_000_000
    else:
        draft.frames["time_ns"][:] = NO_TIME
    if known in ("numbers", "both"):
        draft.frames["index"][rows] += 3
    part = parts_of(scored(validated(draft)))["completeness.unbroken"]
    assert (part.affected, part.of) == (3, 603)


def _value(part: Part) -> float:
    assert part.value is not None
    return part.value


def test_a_picture_that_is_in_two_splits_costs_its_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS) as writer:
        for number, frame in enumerate([*mono(), *mono()[:1]]):
            split = "val" if number == 7 else "train"
            writer.add(frame.replaced(id=f"s{number}/0", sequence=f"s{number}", index=number, split=split))
    part = parts_of(scored(validate(tmp_path / "set", profile("default"))))["consistency.pictures"]
    assert (part.affected, part.of) == (1, 8)


def test_frames_that_leak_are_counted_by_a_plain_loop() -> None:
    draft = good()
    draft.frames["split"][[3, 5]] = 1
    draft.ids[590] = draft.ids[250]  # of `val`; row 590 is in `val` too: one split
    draft.ids[580] = draft.ids[100]  # row 100 is in `train`
    part = parts_of(scored(validated(draft)))["consistency.splits"]
    assert (part.affected, part.of) == (_leaking(draft), 600)


def test_frames_of_one_seed_and_scene_leak_though_there_is_one_scene_only() -> None:
    draft = good()
    draft.frames["scene"][:] = 0
    draft.frames["seed"][:FRAMES] = 4  # which is in `val`
    part = parts_of(scored(validated(draft)))["consistency.splits"]
    assert (part.affected, part.of) == (2 * FRAMES, 600)


def _leaking(draft: Draft) -> int:
    frames = draft.frames
    keys = [
        [(name, str(frames[name][row])) for name in ("sequence", "scene")]
        + [("seed", f"{frames['scene'][row]} {frames['seed'][row]}"), ("id", draft.ids[row])]
        for row in range(600)
    ]
    held: dict[tuple[str, str], set[int]] = {}
    for row, own in enumerate(keys):
        for key in own:
            held.setdefault(key, set()).add(int(frames["split"][row]))
    return sum(any(len(held[key]) > 1 for key in own) for own in keys)


def test_recommendations_come_with_what_they_bring_the_most_first() -> None:
    draft = good()
    draft.labels = (*draft.labels, "forklift")
    draft.frames["split"][10] = 1
    found = scored(validated(draft))
    made = recommendations(found)
    gains = [each.gain for each in made]
    assert gains == sorted(gains, reverse=True)
    assert {(each.score, each.part) for each in made} >= {("completeness", "classes"), ("consistency", "splits")}
    assert found.overall is not None
    assert sum(gains) == pytest.approx(1 - found.overall)
    assert all(each.remedy and each.reason for each in made)
    assert json.loads(json.dumps([each.to_dict() for each in made]))


def test_nothing_is_recommended_where_all_is_well() -> None:
    assert recommendations(Scores((Score("accuracy", 1, (Part("objects", 1.0),)),), 0.9, 0.5)) == []


def test_where_nothing_is_labelled_nothing_is_accurate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS) as writer:
        for frame in mono():
            bare = frame.view.replaced(objects=Objects.empty())
            writer.add(frame.replaced(views=(bare,)))
    found = validate(tmp_path / "set", profile("default"))
    assert found.columns is not None
    told = {score.name: score.value for score in scores(found, statistics(found.columns, found.pictures)).scores}
    assert told["accuracy"] is None
    assert told["completeness"] is not None


def test_scores_of_a_dataset_of_ours_know_its_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    result = validate(tmp_path / "set", profile("default"))
    found = scored(result)
    parts = parts_of(found)
    assert (parts["completeness.written"].affected, parts["completeness.written"].of) == (0, 7)
    assert (parts["completeness.classes"].affected, parts["completeness.classes"].of) == (1, 5)
    assert parts["accuracy.objects"].value == parts["accuracy.frames"].value == 1
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()


# What findings are about


def test_an_object_is_another_one_in_another_view() -> None:
    affected = Affected()
    for view in ("front", "side"):
        affected.add(Issue(message="is wrong", frame="a", view=view, object=1))
    assert (affected.objects.size, affected.frames.size) == (2, 1)


def test_findings_tell_different_frames_and_objects() -> None:
    collected = Findings()
    collected.add("A", ERROR, [wrong(0, 1), wrong(0, 1), wrong(0, 2), wrong(1, 1)])
    collected.add("A", ERROR, [wrong(0, 1)], "coco")
    affected = collected.affected("A")
    assert {edition: (each.objects.size, each.frames.size) for edition, each in affected.items()} == {
        "": (3, 2),
        "coco": (1, 1),
    }
    assert collected.affected("B") == {}


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), max_size=200))
def test_the_same_are_counted_once_whatever_is_held_at_a_time(numbers: list[int]) -> None:
    import framepress.quality.affected as module

    whole, small = Affected(), Affected()
    kept, module._FIRST = module._FIRST, 4
    try:
        small = Affected()
        for number in numbers:
            small.add(wrong(number, number % 3))
    finally:
        module._FIRST = kept
    for number in numbers:
        whole.add(wrong(number, number % 3))
    equal(whole.objects, small.objects)
    equal(whole.frames, small.frames)
    assert whole.frames.size == len(set(numbers))


def equal(one: Array, other: Array) -> None:
    np.testing.assert_array_equal(one, other)


# Weights


def test_weights_and_what_has_to_be_reached_come_from_the_profile(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[scores]\naccuracy = 2\ndiversity = 0\npass = 0.5\n")
    (tmp_path / "more.toml").write_text('base = "own.toml"\n[scores]\nfloor = 0.25\n')
    read = profile(tmp_path / "more.toml")
    assert read.scores == {**SCORES, "accuracy": 2, "diversity": 0, "pass": 0.5, "floor": 0.25}
    assert profile().scores == SCORES
    validation = validated(GOOD)
    validation.profile = read
    found = scores(validation, GOOD_STATISTICS)
    assert [score.weight for score in found.scores] == [0.25, 0.25, 2, 0]
    assert (found.least, found.floor) == (0.5, 0.25)
