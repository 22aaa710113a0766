"""Rules for whole datasets agree with plain loops, in whatever parts and order the rows come."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from framepress.core import LabelMap
from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.quality.columns import NO_TIME, MemoryColumns
from framepress.quality.index import balance, boxes, counting, coverage, leaks, rules, times, tracks
from framepress.quality.index.clocks import TimeRow, time_rows
from framepress.quality.issue import Issue
from framepress.quality.rule import Rule, rules_in
from framepress.quality.scores.breaks import steady_steps
from frames import LABELS, many, mono, rig
from quality.mutations.index import PERIOD_NS, good


def columns_of(
    boxes: Array, *, view: Array, label: Array | None = None, track: Array | None = None, classes: int = 3
) -> MemoryColumns:
    """One sequence, a view a frame, images of 100 x 80."""
    count = int(view.max(initial=-1)) + 1
    objects = {"frame": view, "view": view, "box": boxes, "id": np.arange(len(boxes)) + 1}
    objects |= {name: column for name, column in (("label", label), ("track", track)) if column is not None}
    views = {"frame": np.arange(count), "width": np.full(count, 100), "height": np.full(count, 80)}
    labels = LabelMap.of(f"c{number}" for number in range(classes))
    names = [f"/World/T{number}" for number in range(20)]
    return MemoryColumns(
        labels, [f"f{row}" for row in range(count)], {"index": np.arange(count)}, views, objects, tracks=names
    )


@pytest.fixture(params=[3, 1 << 20])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_SPAN", request.param)


def shuffled(columns: MemoryColumns, seed: int) -> MemoryColumns:
    order = np.random.default_rng(seed).permutation(columns.objects.rows)
    names = ("frame", "view", "id", "label", "track", "box")
    objects = {name: columns.objects[name][order] for name in names}
    frames = {"index": columns.frames["index"]}
    views = {name: columns.views[name] for name in ("frame", "width", "height")}
    ids = columns.frames.texts("id")
    return MemoryColumns(columns.labels, ids, frames, views, objects, tracks=columns.tracks)


def iou(one: Array, two: Array) -> float:
    width = max(min(one[2], two[2]) - max(one[0], two[0]), 0)
    height = max(min(one[3], two[3]) - max(one[1], two[1]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)]
    return float(width * height / (sum(areas) - width * height))


def nearly_equal_boxes(seed: int, count: int = 60) -> MemoryColumns:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 60, (6, 2))
    low = places[rng.integers(0, 6, count)] + rng.uniform(-0.4, 0.4, (count, 2))
    box = np.hstack((low, low + rng.uniform(-0.3, 0.3, (count, 2)) + np.array([30, 12])))
    box[rng.integers(0, count, 3)] = np.nan
    return columns_of(box, view=np.sort(rng.integers(0, 5, count)), label=rng.integers(0, 2, count).astype(np.int32))


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("order", ["as written", "shuffled"])
def test_objects_that_are_there_twice_are_those_of_all_pairs(seed: int, order: str) -> None:
    columns = nearly_equal_boxes(seed)
    columns = shuffled(columns, seed) if order == "shuffled" else columns
    view, label, box = (columns.objects[name] for name in ("view", "label", "box"))
    number = columns.objects["id"]
    pairs = [
        (one, two)
        for one, two in combinations(range(columns.objects.rows), 2)
        if view[one] == view[two] and label[one] == label[two] and iou(box[one], box[two]) > 0.95
    ]
    issues = list(boxes.objects_are_there_once(columns, most_iou=0.95))
    found = {issue.object for issue in issues}
    assert pairs
    assert len(found) == len(issues)
    # Each group of equal objects keeps one that is not told; whoever is told has a twin.
    assert found <= {int(number[row]) for pair in pairs for row in pair}
    alone = {row for row in range(columns.objects.rows) if int(number[row]) not in found}
    assert not [pair for pair in pairs if set(pair) <= alone]


@pytest.mark.parametrize("column", ["crowd", "small"])
def test_crowds_and_small_things_may_share_their_box(column: str) -> None:
    draft = good()
    for name, values in draft.objects.items():
        draft.objects[name] = np.repeat(values, 2, axis=0)
    draft.objects["track"][:] = -1
    assert len(list(boxes.objects_are_there_once(draft.columns()))) == 4720
    if column == "crowd":
        draft.objects["crowd"][:] = True
    else:
        draft.objects["box"][:, 2] = draft.objects["box"][:, 0] + 3.9
    assert list(boxes.objects_are_there_once(draft.columns())) == []


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_view_and_class_are_those_of_all_objects(seed: int) -> None:
    columns = nearly_equal_boxes(seed)
    for given_columns in (columns, shuffled(columns, seed)):
        view, label = counting.present(given_columns)
        want = sorted(set(zip(columns.objects["view"].tolist(), columns.objects["label"].tolist(), strict=True)))
        assert list(zip(view.tolist(), label.tolist(), strict=True)) == want


def test_pairs_are_the_same_where_there_are_too_many_for_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = nearly_equal_boxes(1)
    want = counting.present(columns)
    monkeypatch.setattr(counting, "_CELLS", 0)
    np.testing.assert_array_equal(counting.present(columns), want)


@pytest.mark.usefixtures("_parts")
def test_whatever_the_parts_a_broken_dataset_has_the_same_findings() -> None:
    draft = good()
    draft.objects["label"][::977] = 0
    draft.frames["split"][[7, 300]] = 1
    broken = draft.columns()
    found = {rule.code: [issue.message for issue in rule(broken)] for rule in every_rule()}
    assert {code for code, messages in found.items() if messages} == {"SET-004", "SPL-001", "SPL-002", "SPL-003"}
    assert len(found["SET-004"]) == len(classes_of_tracks(broken))


def classes_of_tracks(columns: MemoryColumns) -> dict[tuple[int, int], set[int]]:
    """Sequence and track -> its classes, where it has several."""
    held = defaultdict(set)
    objects = columns.objects
    for frame, track, label in zip(*(objects[name].tolist() for name in ("frame", "track", "label")), strict=True):
        held[int(columns.frames["sequence"][frame]), track].add(label)
    return {key: classes for key, classes in held.items() if len(classes) > 1}


def every_rule() -> Iterator[Rule]:
    for module in (rules, leaks, times):
        yield from rules_in(module)


def test_an_empty_dataset_has_no_finding() -> None:
    nothing = columns_of(np.empty((0, 4)), view=np.empty(0, np.int64))
    assert [issue for rule in every_rule() for issue in rule(nothing)] == []


def test_a_dataset_without_classes_and_objects_has_no_finding() -> None:
    views = {"frame": np.arange(3), "width": np.zeros(3), "height": np.zeros(3)}
    bare = MemoryColumns(LabelMap(), ["a", "b", "c"], {}, views, {"frame": np.empty(0, np.int64)})
    assert [issue for rule in every_rule() for issue in rule(bare)] == []


@pytest.mark.parametrize("frames", [mono, rig, lambda: list(many(30))], ids=["mono", "rig", "many"])
def test_datasets_of_ours_lack_only_a_class(
    frames: Callable[[], list], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    index = Index.of(open_dataset(tmp_path / "set"))
    found = {rule.code: list(rule(index)) for rule in every_rule()}
    seen = {label for frame in frames() for view in frame.views for label in view.objects.labels}
    assert {issue.place for issue in found.pop("SET-001")} == set(LABELS.names) - seen
    assert not any(found.values())


# Splits


def frames_in(splits: list[int], **columns: list[int]) -> MemoryColumns:
    count = len(splits)
    names = [f"name_{number}" for number in range(10)]
    return MemoryColumns(
        LabelMap(),
        [f"f{row}" for row in range(count)],
        {"split": np.array(splits), **{name: np.array(codes) for name, codes in columns.items()}},
        {"frame": np.arange(count)},
        {"frame": np.empty(0, np.int64)},
        splits=["train", "val", ""],
        sequences=["", *names],
        scenes=["", *names],
        seeds=["", *names],
    )


codes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=40)


@given(codes)
def test_a_sequence_leaks_where_frames_of_it_are_in_two_splits(pairs: list[tuple[int, int]]) -> None:
    columns = frames_in([split for split, _ in pairs], sequence=[code for _, code in pairs])
    held = defaultdict(lambda: [0, 0])
    for split, code in pairs:
        if split < 2 and code:
            held[code][split] += 1
    want = sorted(
        f"the frames of sequence 'name_{code - 1}' are in the splits {told('train', a)}, {told('val', b)}"
        for code, (a, b) in held.items()
        if a and b
    )
    assert sorted(issue.message for issue in leaks.sequences_are_in_one_split(columns)) == want


def told(split: str, count: int) -> str:
    return f"{split!r} ({count} frame{'' if count == 1 else 's'})"


def test_one_scene_or_seed_in_all_splits_is_no_leak_but_two_are() -> None:
    one = frames_in([0, 1, 0], scene=[1, 1, 0], seed=[2, 2, 2])
    two = frames_in([0, 1, 0], scene=[1, 1, 2], seed=[2, 2, 3])
    for rule, count in ((leaks.scenes_are_in_one_split, 1), (leaks.seeds_are_in_one_split, 1)):
        assert list(rule(one)) == []
        assert len(list(rule(two))) == count


def test_a_seed_that_two_scenes_share_is_no_leak() -> None:
    columns = frames_in([0, 1, 0], scene=[1, 2, 1], seed=[3, 3, 4])
    assert list(leaks.seeds_are_in_one_split(columns)) == []


def test_frames_without_a_split_are_told_only_where_others_have_one() -> None:
    assert list(leaks.every_frame_is_in_a_split(frames_in([2, 2]))) == []
    assert list(leaks.every_frame_is_in_a_split(frames_in([0, 1]))) == []
    (issue,) = leaks.every_frame_is_in_a_split(frames_in([0, 2, 2]))
    assert (issue.frame, issue.message) == ("f1", "2 of 3 frames are in no split, the first is 'f1'")


# Classes and tracks


@given(st.lists(st.integers(0, 50), min_size=0, max_size=12))
def test_evenness_is_that_of_its_definition_and_never_leaves_0_to_1(counts: list[int]) -> None:
    even = counting.evenness(np.array(counts))
    total, most = sum(counts), min(len(counts), sum(counts))
    if most < 2:
        assert even is None
        return
    bits = -sum(count / total * math.log2(count / total) for count in counts if count)
    assert even == pytest.approx(bits / math.log2(most), abs=1e-12)
    assert 0 <= even <= 1


@pytest.mark.parametrize("names", [["car", "cars"], ["Fork lift", "fork-lift"], ["x__y", "xy"]])
def test_names_that_differ_by_little_are_told(names: list[str]) -> None:
    columns = MemoryColumns(LabelMap.of(names), [], {}, {"frame": []}, {"frame": []})
    assert [issue.place for issue in balance.class_names_are_told_apart(columns)] == [names[1]]


@pytest.mark.parametrize("names", [["car", "cart"], ["a1", "a2"], ["箱", "車"], ["s", "_"]])
def test_names_that_differ_are_not_told(names: list[str]) -> None:
    columns = MemoryColumns(LabelMap.of(names), [], {}, {"frame": []}, {"frame": []})
    assert list(balance.class_names_are_told_apart(columns)) == []


def moving(steps_px: Array, tracks_: int = 4) -> MemoryColumns:
    """Each track a box that moves right by these steps."""
    x = np.concatenate(([0], np.cumsum(steps_px)))
    view = np.repeat(np.arange(x.size), tracks_)
    low = np.stack((x[view], np.tile(np.arange(tracks_) * 10.0, x.size)), 1)
    track = np.tile(np.arange(tracks_), x.size).astype(np.int32)
    return columns_of(np.hstack((low, low + 8)), view=view, label=np.zeros(view.size, np.int32), track=track)


def test_objects_that_are_placed_anew_in_each_frame_do_not_jump() -> None:
    columns = moving(np.full(60, 1.0), tracks_=8)
    places = np.random.default_rng(0).uniform(0, 90, (columns.objects.rows, 2)) * [0.4, 1]
    columns.objects["box"][:] = np.hstack((places, places + 8))
    steps = np.hypot(*(places[8:] - places[:-8]).T) / np.hypot(100, 80)
    assert (steps >= 0.3).sum() > 50  # and yet
    assert list(tracks.tracks_do_not_jump(columns)) == []


def test_a_cut_of_the_camera_is_no_jump_of_its_objects() -> None:
    steps = np.full(30, 1.0)
    steps[12] = 60
    assert list(tracks.tracks_do_not_jump(moving(steps))) == []


def test_boxes_of_unknown_place_do_not_jump() -> None:
    columns = moving(np.full(30, 1.0))
    columns.objects["box"][40:44] = np.nan
    assert list(tracks.tracks_do_not_jump(columns)) == []


# Coverage


def test_every_missing_camera_is_told_once() -> None:
    draft = good()
    gone = {2 * 61 + 1: "s1/0001", 2 * 119: "s1/0059", 2 * 300 + 1: "s5/0000"}
    draft.without("views", np.array(list(gone)))
    found = coverage.frames_have_all_cameras(draft.columns())
    assert sorted((issue.frame, issue.view) for issue in found) == [
        ("s1/0001", "side"),
        ("s1/0059", "front"),
        ("s5/0000", "side"),
    ]


def test_a_camera_that_comes_and_goes_is_there_on_purpose() -> None:
    draft = good()
    draft.without("views", 1 + 2 * np.arange(0, 600, 3))
    assert list(coverage.frames_have_all_cameras(draft.columns())) == []


# Clocks


def clocked(times_ns: list[int | None], index: list[int] | None = None) -> MemoryColumns:
    count = len(times_ns)
    return MemoryColumns(
        LabelMap(),
        [f"f{row}" for row in range(count)],
        {
            "time_ns": np.array([NO_TIME if time is None else time for time in times_ns], np.int64),
            "index": np.arange(count) if index is None else np.array(index),
        },
        {"frame": np.arange(count)},
        {"frame": np.empty(0, np.int64)},
        sequences=["run"],
    )


STEADY = [PERIOD_NS * number for number in range(30)]
TIME_RULES = rules_in(times)


def times_found(columns: MemoryColumns) -> list[tuple[str, str]]:
    return [(rule.code, issue.frame) for rule in TIME_RULES for issue in rule(columns)]


@settings(max_examples=60)
@given(st.sets(st.integers(1, 58), max_size=8), st.sampled_from([1_000_000, 33_333_333, 16_666_667, 10**9]))
def test_the_gaps_are_the_frames_that_were_dropped(dropped: set[int], period: int) -> None:
    kept = [number for number in range(60) if number not in dropped]
    columns = clocked([period * number for number in kept])
    rows = list(time_rows(columns))
    gaps = {row.frame: int(row.status[4:]) for row in rows if row.status.startswith("gap:")}
    want = {f"f{at}": kept[at] - kept[at - 1] - 1 for at in range(1, len(kept)) if kept[at] - kept[at - 1] > 1}
    assert gaps == want
    assert sum(gaps.values()) == len(dropped)
    assert times_found(columns) == [("TIM-003", frame) for frame in want]
    assert {row.expected_ns for row in rows} == {period}


@settings(max_examples=60)
@example(2, -PERIOD_NS // 2)
@given(st.integers(2, 28), st.integers(-3 * PERIOD_NS, 3 * PERIOD_NS))
def test_one_wrong_time_is_never_more_than_one_frame_s_fault(row: int, by_ns: int) -> None:
    """Behind its place it goes back, stands still or is early; before it, it is late or a gap before a step back."""
    columns = clocked([time + by_ns * (at == row) for at, time in enumerate(STEADY)])
    told = {frame for code, frame in times_found(columns)}
    assert told <= {f"f{row}", f"f{row + 1}", f"f{row + 2}"}
    if by_ns <= 0:
        assert told <= {f"f{row}"}
        assert not [code for code, _ in times_found(columns) if code == "TIM-003"]


def test_the_table_says_what_each_time_is() -> None:
    ms = 1_000_000
    times_ms = [0, 10, 20, 30, 30, 50, None, 70, 80, 120, 133, 140, 135, 160, *range(170, 250, 10)]
    rows = list(time_rows(clocked([None if time is None else time * ms for time in times_ms])))
    assert [row.status for row in rows] == [
        *("first", "ok", "ok", "ok", "duplicate", "ok", "unknown", "ok", "ok", "gap:3", "late", "early"),
        *("backwards", *["ok"] * 9),
    ]
    assert rows[9] == TimeRow("run", "f9", 120 * ms, 40 * ms, 10 * ms, "gap:3")
    assert rows[12].dt_ns == -5 * ms


def test_frames_are_taken_in_the_order_of_their_numbers() -> None:
    order = np.random.default_rng(5).permutation(30)
    columns = clocked([STEADY[number] for number in order], index=order.tolist())
    assert [code for code, _ in times_found(columns) if code != "TIM-007"] == []
    assert [row.time_ns for row in time_rows(columns)] == STEADY


def test_frames_that_are_taken_when_something_happens_have_no_gaps() -> None:
    steps = np.random.default_rng(2).exponential(1e9, 60).astype(np.int64)
    columns = clocked(np.cumsum(steps).tolist())
    assert {code for code, _ in times_found(columns)} == {"TIM-004"}
    assert {row.status for row in time_rows(columns)} == {"first", "irregular"}


@pytest.mark.parametrize("each", [1, 3, 30])
def test_a_clock_that_stands_still_while_frames_are_taken_has_no_times_twice(each: int) -> None:
    times_ns = [PERIOD_NS * (number // each) for number in range(30)]
    columns = clocked(times_ns)
    assert times_found(columns) == []
    assert steady_steps(columns) == ((0, 29) if each == 1 else (0, 0))


def test_two_runs_in_one_sequence_go_back_once() -> None:
    columns = clocked(2 * STEADY, index=2 * list(range(30)))
    assert times_found(columns) == [("TIM-001", "f30"), ("TIM-007", "f30")]


def test_a_dataset_without_times_is_not_judged() -> None:
    columns = clocked([None] * 30)
    assert times_found(columns) == []
    assert {row.status for row in time_rows(columns)} == {"unknown"}


@pytest.mark.parametrize("drift", [-5e-4, -2e-4, 0.0, 5e-5, 2e-4, 1e-3])
@pytest.mark.parametrize("late_ms", [0.0, 5.0, 40.0])
def test_drift_and_offset_of_a_camera_are_those_that_were_put_in(drift: float, late_ms: float) -> None:
    rng = np.random.default_rng(4)
    frame = np.arange(400) * PERIOD_NS
    own = frame + drift * (frame - frame[-1] / 2) + late_ms * 1e6 + rng.normal(0, 1e4, frame.size)
    own[rng.choice(400, 120, replace=False)] += rng.choice([-3e8, 7e8], 120)  # a third is wrong altogether
    columns = clocked(frame.tolist())
    columns = MemoryColumns(
        LabelMap(),
        columns.frames.texts("id"),
        {"time_ns": frame, "index": np.arange(400)},
        {"frame": np.arange(400), "time_ns": own.astype(np.int64)},
        {"frame": np.empty(0, np.int64)},
    )
    found = list(times.cameras_keep_the_frame_s_time(columns))
    assert len(found) == (abs(drift) > 1e-4 or late_ms > 25)
    for issue in found:
        assert number(issue, "drifts by") == pytest.approx(drift * 1e6, abs=5)
        assert number(issue, "and is") == pytest.approx(late_ms, abs=0.1)


def number(issue: Issue, after: str) -> float:
    return float(issue.message.split(f"{after} ")[1].split()[0])


def test_a_selection_of_frames_has_no_missing_numbers() -> None:
    chosen = np.flatnonzero(np.random.default_rng(1).random(300) < 0.7)
    assert list(times.no_frame_number_is_missing(clocked([None] * chosen.size, chosen.tolist()))) == []


def test_every_tenth_frame_of_a_run_has_no_missing_numbers() -> None:
    tens = list(range(0, 400, 10))
    assert list(times.no_frame_number_is_missing(clocked([None] * 40, tens))) == []
    (issue,) = times.no_frame_number_is_missing(clocked([None] * 38, [n for n in tens if n not in (200, 210)]))
    assert issue.message == "2 frames are missing between the numbers 190 and 220"


def test_findings_are_plain_json() -> None:
    draft = good()
    draft.objects["label"][::97] = 2
    draft.frames["time_ns"][100] += 7
    draft.views["width"][5] = 9
    issues = [issue.to_dict() for rule in every_rule() for issue in rule(draft.columns())]
    assert issues
    assert json.loads(json.dumps(issues, allow_nan=False)) == json.loads(json.dumps(issues))
