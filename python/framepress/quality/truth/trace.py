"""What is kept of a frame to compare the next one with: its table of objects and some pixels, some 200 kB a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from framepress.core import Frame, Objects
from framepress.core.arrays import Array
from framepress.quality.truth.sight import Sight, lattice, plain

__all__ = ["Trace", "ViewTrace", "trace_of"]

_LINES = 24  # of the image that edges are looked for in
_THIN = 4  # every fourth point of the lattice, for bytes that are compared
_JUMP = 0.05  # of the nearer distance
_DIGESTED = ("rgb", "depth", "range", "semantic")  # not normals: tops of boxes are parallel to the floor


@dataclass(frozen=True, eq=False)
class ViewTrace:
    """One view.

    Args:
        objects: the table.
        box, center, size: of its columns, NaN where a number cannot be meant.
        ids, bounds: of the masks that the instance channel shows, ascending; bounds int32 (M, 4).
        own: float64 (N, 4): the bounds of each object's pixels, NaN without.
        nested: bool (N,): whether an object has others below it.
        pose: (4, 4), or None.
        digests: channel -> CRC-32 of some of the samples of a lattice.
        tracks, classes: uint32 (S,): CRC-32 of the track, of the class of the object at those samples, 0 for none.
        lines: int, how many places there are between neighbouring pixels of the lines looked at.
        edges: places between neighbouring pixels of some lines, ascending, where the instance changes.
        jumps: those where depth (or range) does; None without.
    """

    objects: Objects
    box: Array
    center: Array
    size: Array
    ids: Array
    bounds: Array
    own: Array
    nested: Array
    pose: Array | None
    digests: Mapping[str, int]
    tracks: Array
    classes: Array
    lines: int
    edges: Array
    jumps: Array | None


@dataclass(frozen=True, eq=False)
class Trace:
    """One frame; `views` by name."""

    frame: str
    sequence: str
    time_ns: int | None
    views: Mapping[str, ViewTrace]


def trace_of(frame: Frame | Trace) -> Trace:
    """Of a frame; one that is a trace already stays as it is."""
    if isinstance(frame, Trace):
        return frame
    return Trace(frame.id, frame.sequence, frame.time_ns, {view.name: _of(Sight(view)) for view in frame.views})


def _of(sight: Sight) -> ViewTrace:
    view = sight.view
    nested = np.zeros(len(sight.objects), bool)
    nested[list(sight.families)] = True
    return view.channels.derived(
        ("truth", "trace", view.objects, view.camera),
        lambda: ViewTrace(
            objects=sight.objects,
            box=sight.box,
            center=plain(sight.objects.box3d.center),
            size=plain(sight.objects.box3d.size),
            ids=np.zeros(0, np.uint32) if sight.table is None else sight.table.ids,
            bounds=np.zeros((0, 4), np.int32) if sight.table is None else sight.table.box,
            own=sight.own,
            nested=nested,
            pose=view.camera.world_from_camera,
            tracks=_texts(sight, sight.objects.track),
            classes=_texts(sight, [name.casefold() for name in sight.objects.labels]),
            digests={name: _digest(sight, name) for name in _DIGESTED if name in view.channels},
            lines=len(range(view.camera.height)[:: _apart(view.camera.height)]) * (view.camera.width - 1),
            edges=_edges(sight),
            jumps=_jumps(sight),
        ),
    )


def _digest(sight: Sight, name: str) -> int:
    return crc32(lattice(sight.view, name, _THIN).tobytes())


def _texts(sight: Sight, texts: Sequence[str]) -> Array:
    """Which text each sample's object has; ids are of one frame, so that they cannot be compared themselves."""
    if sight.table is None:
        return np.zeros(0, np.uint32)
    codes = np.zeros(len(sight.table) + 1, np.uint32)
    has = sight.rows >= 0
    codes[1:][has] = np.array([crc32(text.encode()) for text in texts], np.uint32)[sight.rows[has]]
    return codes[sight.places]


def _apart(height: int) -> int:
    return max(1, height // _LINES)


def _lines(array: Array) -> Array:
    return array[:: _apart(len(array))]


def _edges(sight: Sight) -> Array:
    if "instance" not in sight.view.channels:
        return np.zeros(0, np.intp)
    lines = _lines(sight.view.channels["instance"])
    return np.flatnonzero(lines[:, 1:] != lines[:, :-1])


def _jumps(sight: Sight) -> Array | None:
    name = next((name for name in ("depth", "range") if name in sight.view.channels), None)
    if name is None:
        return None
    lines = _lines(sight.view.channels[name])
    one, other = lines[:, 1:], lines[:, :-1]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.flatnonzero(np.maximum(one, other) > np.float32(1 + _JUMP) * np.minimum(one, other))
