"""Columns of any numbers at all end in findings and statistics: no rule raises, warns, or takes forever."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepress.core import LabelMap
from framepress.core.arrays import Array
from framepress.quality.columns import MemoryColumns
from framepress.quality.index import boxes, leaks, rules, times
from framepress.quality.index.clocks import time_rows
from framepress.quality.rule import rules_in
from framepress.quality.scores.breaks import frames_shared_by_splits, missing_frames, steady_steps, tracks_of
from framepress.quality.scores.spread import spreads
from framepress.quality.scores.statistics import statistics

RULES = [rule for module in (rules, leaks, times) for rule in rules_in(module)]
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 1e-320, 0.5, 7.0, 640.0]
ODD_INTEGERS = [-(2**63), -(2**63) + 1, -1, 0, 1, 2, 2**31, 2**62, 2**63 - 1]


def odd_columns(seed: int, frames: int, objects: int, classes: int) -> MemoryColumns:
    """Positions in lists and tables are right, as a look makes them; everything else is what it likes."""
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> Array:
        return rng.choice(ODD, shape)

    def integers(count: int, most: int = 63) -> Array:
        return rng.choice([number for number in ODD_INTEGERS if -(2**most) <= number < 2**most], count)

    view = rng.integers(0, max(frames, 1), objects if frames else 0)
    count = view.size
    return MemoryColumns(
        LabelMap.of(f"c{number}" for number in range(classes)),
        [str(rng.integers(0, 5)) for _ in range(frames)],
        {
            "index": integers(frames),
            "time_ns": integers(frames),
            **{name: rng.integers(0, 3, frames) for name in ("sequence", "split", "scene", "seed")},
        },
        {
            "frame": np.arange(frames),
            "name": rng.integers(0, 2, frames),
            "time_ns": integers(frames),
            "width": integers(frames, 31),
            "height": integers(frames, 31),
        },
        {
            "frame": view,
            "view": view,
            "id": integers(count),
            "label": rng.integers(-1, classes, count) if classes else np.full(count, -1),
            "track": rng.integers(-1, 3, count),
            "box": numbers(count, 4),
            **{name: numbers(count) for name in ("area", "visibility", "truncation", "distance", "yaw")},
            "crowd": rng.random(count) < 0.1,
        },
        sequences=["", "a", "b"],
        splits=["train", "", "val"],
        scenes=["x", "y", ""],
        seeds=["1", "2", "3"],
        view_names=["", "front"],
        tracks=["/a", "/b", "/a/c"],
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 200), st.integers(0, 4))
def test_columns_of_any_numbers_end_in_findings(seed: int, frames: int, objects: int, classes: int) -> None:
    columns = odd_columns(seed, frames, objects, classes)
    loose: dict[str, Any] = {
        "least_objects": 1,
        "least_in_all": 1,
        "least_views": 1,
        "least_frames": 1,
        "least_steps": 2,
    }
    for rule in RULES:
        found = list(rule(columns, **{name: value for name, value in loose.items() if name in rule.thresholds}))
        json.dumps([issue.to_dict() for issue in found], allow_nan=False)
    assert len(list(time_rows(columns))) == frames
    counted = statistics(columns, None)
    assert json.loads(json.dumps(counted, allow_nan=False)) == counted
    assert all(value is None or 0 <= value <= 1 for value in spreads(counted).values())
    for part in (frames_shared_by_splits, missing_frames, steady_steps):
        affected, of = part(columns)
        assert 0 <= affected
        assert 0 <= of
    assert 0 <= tracks_of(columns) <= objects


@pytest.mark.parametrize("kind", ["equal boxes", "boxes that begin at one place"])
def test_a_view_full_of_boxes_is_compared_in_bounded_time(kind: str) -> None:
    count = 30_000
    low = np.zeros((count, 2))
    low[:, 1] = 0 if kind == "equal boxes" else np.arange(count) * 10
    zeros = np.zeros(count, np.int64)
    objects = {"frame": zeros, "view": zeros, "box": np.hstack((low, low + 8)), "label": zeros}
    columns = MemoryColumns(LabelMap.of(["a"]), ["f"], {}, {"frame": [0]}, objects)
    start = time.process_time()
    found = list(boxes.objects_are_there_once(columns))
    assert len(found) == (count - 1 if kind == "equal boxes" else 0)
    assert time.process_time() - start < 60  # 10^9 pairs would take many minutes
