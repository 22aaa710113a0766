"""Counts of what is not as it should be, straight from the columns, for scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.clocks import clocks, numbers_missing
from framepress.quality.index.counting import distinct, spans
from framepress.quality.index.leaks import rows_named_again

__all__ = ["frames_shared_by_splits", "missing_frames", "steady_steps", "tracks_of"]

_LEAST_STEPS, _LEAST_NUMBERS = 8, 20
_OFF = 0.25  # of a period


def frames_shared_by_splits(columns: Columns) -> tuple[int, int]:
    """Frames whose name, sequence, scene, or scene and seed is in another split too; and frames that are in a split.

    Scenes, and seeds, count where there is more than one. Nothing is measured where there is only one split.
    """
    frames = columns.frames
    held = _named(columns.splits)[frames["split"]]
    rows = np.flatnonzero(held)
    split = frames["split"][rows]
    if np.unique(split).size < 2:
        return 0, 0
    shared = np.zeros(rows.size, bool)
    for code, names in ((frames["sequence"], columns.sequences), (frames["scene"], columns.scenes)):
        known = _named(names)[code[rows]]
        if names is columns.sequences or np.unique(code[rows][known]).size > 1:
            shared |= known & _in_several(code[rows].astype(np.int64), split, known)
    seeded = _named(columns.seeds)[frames["seed"][rows]]
    if np.unique(frames["seed"][rows][seeded]).size > 1:
        pair = frames["scene"][rows].astype(np.int64) * len(columns.seeds) + frames["seed"][rows]
        shared |= seeded & _in_several(pair, split, seeded)
    shared |= np.isin(rows, rows_named_again(columns))
    return int(np.count_nonzero(shared)), int(rows.size)


def _named(names: Sequence[str]) -> Array:
    """bool (names,)"""
    return np.array([name != "" for name in names], bool)


def _in_several(codes: Array, split: Array, known: Array) -> Array:
    """bool (N,): whether what each row has is in more than one split."""
    values, code = np.unique(codes, return_inverse=True)
    least, greatest = np.full(values.size, np.iinfo(np.int64).max), np.full(values.size, -1)
    np.minimum.at(least, code[known], split[known])
    np.maximum.at(greatest, code[known], split[known])
    return np.asarray((greatest > least)[code])


def missing_frames(columns: Columns) -> tuple[int, int]:
    """Frames that are missing inside of sequences, by their clock or their numbers; and frames that are there.

    Only of sequences that have a steady clock, or numbers; where both miss frames, the larger count is taken.
    """
    missing = judged = 0
    for clock in clocks(columns):
        numbers = columns.frames["index"][clock.rows]
        timed = clock.period is not None and clock.steps.size >= _LEAST_STEPS
        if timed or (numbers.size > _LEAST_NUMBERS and numbers[0] >= 0):
            by_clock = int(clock.missing().sum()) if timed else 0
            missing += max(by_clock, int(numbers_missing(numbers, least_steps=_LEAST_NUMBERS).sum()))
            judged += clock.rows.size
    return missing, judged


def steady_steps(columns: Columns) -> tuple[int, int]:
    """Steps that are not as long as the others, or go backwards, and all steps of sequences whose clock runs.

    Gaps are left out of the first (completeness counts them); a sequence without a rate is as uneven as can be.
    """
    uneven = steps = 0
    for clock in clocks(columns):
        if clock.steps.size < _LEAST_STEPS or not clock.runs:
            continue
        steps += clock.steps.size
        if clock.period is None:
            uneven += clock.steps.size
            continue
        uneven += int(np.count_nonzero(np.abs(clock.off()) > _OFF * clock.period))
    return uneven, steps


def tracks_of(columns: Columns) -> int:
    """Different pairs of sequence and track."""
    objects, tracks = columns.objects, max(len(columns.tracks), 1)
    keys = []
    for part in spans(objects.rows):
        track = objects["track"][part].astype(np.int64)
        known = track >= 0
        sequence = columns.frames["sequence"][objects["frame"][part][known]].astype(np.int64)
        keys.append(sequence * tracks + track[known])
    return int(distinct(iter(keys)).size)
