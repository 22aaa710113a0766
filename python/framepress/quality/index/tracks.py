"""Rules for tracks: one row each in an image, and a way that a thing can go.

Tracks are told by their names (prim paths). Ids of instances change from frame to frame in Replicator; that is normal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.boxes import object_issue
from framepress.quality.index.counting import whole_sequences, whole_views
from framepress.quality.issue import NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = ["a_track_is_in_a_view_once", "tracks_do_not_jump"]


@rule(
    "SET-009",
    INDEX,
    WARNING,
    stage="annotation",
    breaks="TrackEval refuses a frame in which an id is there twice; whatever joins by prim path takes one of the two",
    remedy="label the prim or its parts, not both; give each part a name of its own",
)
def a_track_is_in_a_view_once(columns: Columns) -> Iterator[Issue]:
    """No two objects of a view have one track."""
    objects, tracks = columns.objects, len(columns.tracks)
    for rows in whole_views(columns):
        rows = rows[objects["track"][rows] >= 0]
        keys = objects["view"][rows].astype(np.int64) * tracks + objects["track"][rows]
        order = np.argsort(keys, kind="stable")
        again = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
        for row in np.sort(rows[order[again]]).tolist():
            track = columns.tracks[int(objects["track"][row])]
            yield object_issue(columns, row, f"another object of the view has the track {track!r} too")


@rule(
    "SET-010",
    INDEX,
    NOTE,
    stage="annotation",
    breaks="tracking: an identity that was given to another object",
    remedy="give each object a prim path of its own for the whole sequence",
)
def tracks_do_not_jump(
    columns: Columns,
    *,
    jump: float = 0.3,
    calm: float = 0.05,
    least_calm: float = 0.9,
    least_steps: int = 10,
    least_neighbours: int = 3,
) -> Iterator[Issue]:
    """An object that moves smoothly does not jump through the image.

    A step is how far the box's centre moves to the next image of the same camera that shows the track, over the
    image's diagonal. Where most steps are long, positions are drawn anew for each frame, and where half of the objects
    jump at once, the camera was cut or moved: neither is told.

    Args:
        jump: a step from this on is a jump.
        calm: a step below this is calm.
        least_calm: the share of calm steps from which on a track moves smoothly.
        least_steps: a track with fewer is not judged.
        least_neighbours: an image with fewer tracked objects is not judged.
    """
    for part in whole_sequences(columns):
        rows, to, step = _steps(columns, part)
        _, owner = np.unique(_owners(columns, rows), return_inverse=True)
        _, view = np.unique(columns.objects["view"][to], return_inverse=True)
        steps, calm_steps = np.bincount(owner), np.bincount(owner, step < calm)
        here, jumps = np.bincount(view), np.bincount(view, step >= jump)
        smooth = (steps >= least_steps) & (calm_steps >= least_calm * steps)
        steady = (here >= least_neighbours) & (2 * jumps < here)
        found = np.flatnonzero((step >= jump) & smooth[owner] & steady[view])
        for at in found[np.argsort(to[found], kind="stable")].tolist():
            before = columns.frames.texts("id")[int(columns.objects["frame"][rows[at]])]
            message = (
                f"the track jumps by {step[at]:.0%} of the image's diagonal from frame {before!r}; "
                f"{calm_steps[owner[at]]:.0f} of its {steps[owner[at]]} steps are shorter than {calm:.0%}"
            )
            yield object_issue(columns, int(to[at]), message)


def _steps(columns: Columns, part: Array) -> tuple[Array, Array, Array]:
    """Of these rows, those of an object and of the same one in the next image, and its way over the diagonal."""
    objects, views = columns.objects, columns.views
    rows = part[objects["track"][part] >= 0]
    keys = _owners(columns, rows)
    order = np.argsort(keys, kind="stable")  # rows are in the order of frames
    rows, keys = rows[order], keys[order]
    pair = keys[1:] == keys[:-1]
    rows, to = rows[:-1][pair], rows[1:][pair]
    view = objects["view"][to]
    diagonal = np.hypot(views["width"][view], views["height"][view])
    with np.errstate(all="ignore"):
        moved = _center(objects["box"][to]) - _center(objects["box"][rows])
        step = np.hypot(moved[:, 0], moved[:, 1]) / diagonal
    known = np.isfinite(step) & (objects["view"][rows] != view)
    return rows[known], to[known], step[known]


def _owners(columns: Columns, rows: Array) -> Array:
    """int64 (N,): sequence, camera and track as one number."""
    objects = columns.objects
    sequence = columns.frames["sequence"][objects["frame"][rows]].astype(np.int64)
    camera = columns.views["name"][objects["view"][rows]]
    return np.asarray((sequence * len(columns.view_names) + camera) * len(columns.tracks) + objects["track"][rows])


def _center(box: Array) -> Array:
    return np.asarray((box[:, :2] + box[:, 2:]) / 2)
