"""Rules for two neighbouring frames of a sequence: does everything in a frame belong to the same instant?

While a dataset is read they are given frames, while it is written the traces of frames that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core import Frame
from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import SEQUENCE, rule
from framepress.quality.truth.trace import Trace, ViewTrace, trace_of

__all__ = [
    "boxes_belong_to_their_image",
    "channels_move_together",
    "classes_last",
    "depth_belongs_to_its_image",
    "time_advances",
    "tracks_keep_their_place",
]

_Given = Frame | Trace


def _pairs(before: _Given, after: _Given) -> Iterator[tuple[str, Trace, ViewTrace, ViewTrace]]:
    """(view's name, the later frame, the view in both) of the views that both have, at one size."""
    earlier, later = trace_of(before), trace_of(after)
    for name, view in later.views.items():
        if name in earlier.views:
            yield name, later, earlier.views[name], view


@rule(
    "TRU-101",
    SEQUENCE,
    ERROR,
    stage="truth",
    breaks="every detector: all boxes of moving objects are off",
    remedy="let annotators and image come from one step: wait for the render, more rt_subframes, no async rendering",
)
def boxes_belong_to_their_image(
    before: _Given, after: _Given, *, tolerance_px: float = 1.0, moved_px: float = 2.0, share: float = 0.5
) -> Iterator[Issue]:
    """Visible boxes agree with the masks of their own frame, and not with those of the frame before or after.

    Of the objects whose masks moved by more than `moved_px`, more than a `share` has the box of the neighbour's mask.
    """
    for name, later, old, new in _pairs(before, after):
        earlier = trace_of(before)
        for labels, other, frame, where in (
            (new, old, later.frame, f"the frame before, {earlier.frame}"),
            (old, new, earlier.frame, f"the frame after, {later.frame}"),
        ):
            if _all_own(labels, tolerance_px):
                continue
            found = [_stale(labels, theirs, tolerance_px, moved_px) for theirs in _theirs(labels, other)]
            count, of = max(found, key=lambda counted: counted[0] / max(counted[1], 1))
            if count and count > share * of:
                yield Issue(
                    message=f"the boxes of {count} of {of} moving objects are those of the masks of {where}",
                    frame=frame,
                    view=name,
                    place="box",
                )


def _all_own(labels: ViewTrace, tolerance_px: float) -> bool:
    """Whether no box differs from the bounds of its own mask, as in most frames."""
    with np.errstate(invalid="ignore"):
        return not (~(np.abs(labels.box - labels.own) <= tolerance_px) & ~np.isnan(labels.box)).any()


def _stale(labels: ViewTrace, theirs: Array, tolerance_px: float, moved_px: float) -> tuple[int, int]:
    """How many boxes are those of the neighbour's masks and not of their own, and how many could be: that moved."""
    box, own = labels.box, labels.own
    with np.errstate(invalid="ignore"):
        same = np.abs(theirs - own).max(axis=1, initial=0) <= moved_px
        moving = ~np.isnan(theirs[:, 0]) & ~np.isnan(box[:, 0]) & ~labels.nested & ~same
        as_own = np.abs(box - own).max(axis=1, initial=0) <= tolerance_px
        as_theirs = np.abs(box - theirs).max(axis=1, initial=0) <= tolerance_px
    return int((moving & as_theirs & ~as_own).sum()), int(moving.sum())


def _theirs(labels: ViewTrace, other: ViewTrace) -> Iterator[Array]:
    """float64 (N, 4): the bounds of the neighbour's masks under the objects' ids, for rows that are its as they are;
    and those of its objects of the same tracks, for boxes that are its."""
    under_id, of_track = np.full((2, len(labels.objects), 4), np.nan)
    if len(other.ids):
        ids = labels.objects.id
        place = np.minimum(np.searchsorted(other.ids, ids), len(other.ids) - 1)
        has = (other.ids[place] == ids) & (ids > 0)
        under_id[has] = other.bounds[place[has]]
    yield under_id
    rows = _same_tracks(other, labels)
    of_track[rows[:, 1]] = np.where(other.nested[rows[:, 0], None], np.nan, other.own[rows[:, 0]])
    yield of_track


@rule(
    "TRU-102",
    SEQUENCE,
    ERROR,
    stage="truth",
    breaks="depth estimators, 3D detectors: depth and masks are of two instants",
    remedy="let annotators come from one step: wait for the render, more rt_subframes, no async rendering",
)
def depth_belongs_to_its_image(
    before: _Given, after: _Given, *, least: int = 24, share: float = 0.3, times: float = 3.0
) -> Iterator[Issue]:
    """Depth jumps where the masks of its own frame end, and not where those of the frame before or after do.

    Of the edges that only one of the two instance maps has, `least` of each. Depth that jumps at more than a `share` of
    the neighbour's edges, `times` as often as at its own, is the neighbour's.
    """
    for name, later, old, new in _pairs(before, after):
        earlier = trace_of(before)
        if old.lines != new.lines:
            continue  # the camera has another size now
        gone, come = _only_in(old.edges, new.edges, new.lines), _only_in(new.edges, old.edges, new.lines)
        if min(len(gone), len(come)) < least:
            continue
        for own, other, jumps, frame, where in (
            (come, gone, new.jumps, later.frame, f"the frame before, {earlier.frame}"),
            (gone, come, old.jumps, earlier.frame, f"the frame after, {later.frame}"),
        ):
            if jumps is None:
                continue
            at_own, at_other = _part_at(own, jumps, new.lines), _part_at(other, jumps, new.lines)
            if at_other > share and at_other > times * at_own:
                yield Issue(
                    message=f"depth jumps at {at_own:.0%} of the edges of its own masks and at {at_other:.0%} of those "
                    f"of {where}",
                    frame=frame,
                    view=name,
                    place="depth",
                )


def _only_in(edges: Array, others: Array, count: int) -> Array:
    """Edges without one of the others at or beside them."""
    near = np.zeros(count + 2, bool)
    for beside in range(3):
        near[others + beside] = True
    return np.asarray(edges[~near[edges + 1]])


def _part_at(edges: Array, jumps: Array, count: int) -> float:
    at = np.zeros(count, bool)
    at[jumps] = True
    return float(at[edges].mean())


@rule(
    "TRU-103",
    SEQUENCE,
    ERROR,
    stage="truth",
    breaks="every trainer: the picture of one instant with the labels of another",
    remedy="let annotators come from one step: wait for the render, more rt_subframes, no async rendering",
)
def channels_move_together(before: _Given, after: _Given, *, least: int = 40, moved_px: float = 4.0) -> Iterator[Issue]:
    """No channel stands still while things or camera move in others.

    A channel stands still where all samples of a lattice are bit by bit those of the frame before, though the instance
    map shows other objects at `least` of them (for semantics: of other classes). The instance map does where its masks
    have the same bounds, though three visible boxes moved by `moved_px`, or three 3D boxes are elsewhere in the view.
    """
    for name, later, old, new in _pairs(before, after):
        for channel, witness in _standing_still(old, new, least, moved_px):
            yield Issue(
                message=f"{channel} is that of the frame before, {trace_of(before).frame}, though {witness}",
                frame=later.frame,
                view=name,
                place=channel,
            )


def _standing_still(old: ViewTrace, new: ViewTrace, least: int, moved_px: float) -> Iterator[tuple[str, str]]:
    """(channel, what says that it should have changed)"""
    still = [channel for channel, digest in new.digests.items() if old.digests.get(channel) == digest]
    if old.tracks.shape == new.tracks.shape:
        for channel in still:
            one, other = (old.classes, new.classes) if channel == "semantic" else (old.tracks, new.tracks)
            count = int((one != other).sum())
            if count >= least:
                yield channel, f"the instance map shows other objects at {count} of {len(one)} samples"
    if len(new.ids) < 3 or not np.array_equal(old.bounds, new.bounds) or not np.array_equal(old.ids, new.ids):
        return
    rows = _same_tracks(old, new)
    with np.errstate(invalid="ignore"):
        far = np.abs(old.box[rows[:, 0]] - new.box[rows[:, 1]]).max(axis=1, initial=0) > moved_px
    if far.sum() >= 3:
        yield "instance", f"the boxes of {int(far.sum())} objects moved"
    elif (turned := int((_turn(old, rows[:, 0], new, rows[:, 1]) > _FAR_RAD).sum())) >= 3:
        yield "instance", f"the 3D boxes of {turned} objects are in other directions"


_FAR_RAD = 0.05


def _turn(old: ViewTrace, before: Array, new: ViewTrace, after: Array) -> Array:
    """float64 (P,) [rad]: how far the directions to the centres of 3D boxes are apart; NaN where one is not known."""
    if old.pose is None or new.pose is None:
        return np.full(len(before), np.nan)
    one, two = (
        (view.center[rows] - pose[:3, 3]) @ pose[:3, :3]
        for view, rows, pose in ((old, before, old.pose), (new, after, new.pose))
    )
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.arccos(np.clip((one * two).sum(axis=1) / lengths, -1, 1)))


def _same_tracks(old: ViewTrace, new: ViewTrace) -> Array:
    """intp (P, 2): rows of one track before and after."""
    row_of = {track: row for row, track in enumerate(old.objects.track) if track}
    pairs = [(row_of[track], row) for row, track in enumerate(new.objects.track) if track in row_of]
    return np.array(pairs, np.intp).reshape(-1, 2)


@rule(
    "TRU-104",
    SEQUENCE,
    WARNING,
    stage="truth",
    breaks="trackers: two identities change places",
    remedy="join masks and rows by prim path, in each frame anew: ids are of one frame",
)
def tracks_keep_their_place(before: _Given, after: _Given, *, same: float = 0.8, other: float = 0.2) -> Iterator[Issue]:
    """No two objects change places from one frame to the next.

    Each has the box of the other (IoU at least `same`) and hardly any of its own (`other` at most), and no 3D box says
    that it went there.
    """
    for name, later, old, new in _pairs(before, after):
        rows = _same_tracks(old, new)
        rows = rows[_overlap(_boxes(old)[rows[:, 0]], _boxes(new)[rows[:, 1]]) <= other]
        if len(rows) < 2:
            continue
        centers = old.center[rows[:, 0]], new.center[rows[:, 1]]
        size = new.size[rows[:, 1]].max(axis=1)
        went = np.linalg.norm(centers[0] - centers[1], axis=1) > size / 2
        one, two = _boxes(old)[rows[:, 0]], _boxes(new)[rows[:, 1]]
        overlap = _overlap(one[:, None], two[None])
        change = (overlap >= same) & (overlap.T >= same) & ~went[:, None] & ~went[None]
        for first, second in np.argwhere(np.triu(change, 1)).tolist():
            tracks = [new.objects.track[rows[row, 1]] for row in (first, second)]
            row = int(rows[first, 1])
            yield Issue(
                message=f"{tracks[0]} and {tracks[1]} have changed places since {trace_of(before).frame}",
                frame=later.frame,
                view=name,
                place="track",
                object=int(new.objects.id[row]),
                prim=tracks[0],
                box=tuple(two[first].tolist()),
            )


def _boxes(view: ViewTrace) -> Array:
    return np.where(np.isnan(view.own), view.box, view.own)


def _overlap(one: Array, two: Array) -> Array:
    """Intersection over union of boxes (..., 4), 0 for NaN."""
    low, high = np.maximum(one[..., :2], two[..., :2]), np.minimum(one[..., 2:], two[..., 2:])
    sides = np.maximum(high - low, 0)
    both = sides[..., 0] * sides[..., 1]
    areas = [(box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1]) for box in (one, two)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(both / (areas[0] + areas[1] - both)))


@rule(
    "TRU-105",
    SEQUENCE,
    WARNING,
    stage="truth",
    breaks="trackers, which know one class a track",
    remedy="join labels by prim path; semantic ids are of one frame and one annotator",
    instead="SET-004",
)
def classes_last(before: _Given, after: _Given) -> Iterator[Issue]:
    """An object keeps its class."""
    for name, later, old, new in _pairs(before, after):
        for was, row in _same_tracks(old, new).tolist():
            one, two = old.objects.classes[old.objects.label[was]], new.objects.classes[new.objects.label[row]]
            if one.casefold() != two.casefold():
                yield Issue(
                    message=f"class {two!r}; in {trace_of(before).frame} it was {one!r}",
                    frame=later.frame,
                    view=name,
                    place="label",
                    object=int(new.objects.id[row]),
                    prim=new.objects.track[row],
                    box=None if np.isnan(_boxes(new)[row, 0]) else tuple(_boxes(new)[row].tolist()),
                )


@rule(
    "TRU-106",
    SEQUENCE,
    WARNING,
    stage="truth",
    breaks="trackers, flow and video readers: speeds are infinite or backwards",
    remedy="write frames in the order of the simulation's clock, and a sequence for each run of it",
    instead="TIM-001",
)
def time_advances(before: _Given, after: _Given, *, moved_px: float = 4.0) -> Iterator[Issue]:
    """The clock does not go back from one frame to the next, nor stand still while things move.

    A clock that reads 0 in both frames is not running: nothing is said of it.
    """
    earlier, later = trace_of(before), trace_of(after)
    if earlier.time_ns is None or later.time_ns is None or earlier.time_ns < later.time_ns:
        return
    if earlier.time_ns > later.time_ns:
        told = f"{later.time_ns} ns is before the {earlier.time_ns} ns of {earlier.frame}"
        yield Issue(message=told, frame=later.frame, place="time_ns")
    elif later.time_ns and later.sequence:
        for name, _, old, new in _pairs(earlier, later):
            rows = _same_tracks(old, new)
            with np.errstate(invalid="ignore"):
                far = np.abs(old.own[rows[:, 0]] - new.own[rows[:, 1]]).max(axis=1, initial=0) > moved_px
            if far.any():
                told = f"{later.time_ns} ns as in {earlier.frame}, though {int(far.sum())} objects moved"
                yield Issue(message=told, frame=later.frame, view=name, place="time_ns")
