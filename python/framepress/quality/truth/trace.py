"""What is kept of a frame to compare the next one with: its table of objects and some pixels, some 200 kB a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from framepress.core import Frame, Objects
from framepress.core.arrays import Array
from framepress.quality.truth.sight import Sight, lattice_step

__all__ = ["Trace", "ViewTrace", "trace_of"]

_LINES = 60  # of the image that edges are looked for in
_JUMP = 0.05  # of the nearer distance
_DIGESTED = ("rgb", "depth", "range", "semantic", "normal")


@dataclass(frozen=True, eq=False)
class ViewTrace:
    """One view.

    Args:
        objects: the table.
        ids, bounds: of the masks that the instance channel shows, ascending; bounds int32 (M, 4).
        own: float64 (N, 4): the bounds of each object's pixels, NaN without.
        nested: bool (N,): whether an object has others below it.
        pose: (4, 4), or None.
        digests: channel -> CRC-32 of the samples of a lattice.
        tracks, classes: uint32 (S,): CRC-32 of the track, of the class of the object at those samples, 0 for none.
        edges: places between neighbouring pixels of some lines, ascending, where the instance changes.
        jumps: those where depth (or range) does; None without.
    """

    objects: Objects
    ids: Array
    bounds: Array
    own: Array
    nested: Array
    pose: Array | None
    digests: Mapping[str, int]
    tracks: Array
    classes: Array
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
            ids=np.zeros(0, np.uint32) if sight.table is None else sight.table.ids,
            bounds=np.zeros((0, 4), np.int32) if sight.table is None else sight.table.box,
            own=sight.own,
            nested=nested,
            pose=view.camera.world_from_camera,
            tracks=_texts(sight, sight.objects.track),
            classes=_texts(sight, [name.casefold() for name in sight.objects.labels]),
            digests={name: _digest(sight, name) for name in _DIGESTED if name in view.channels},
            edges=_edges(sight),
            jumps=_jumps(sight),
        ),
    )


def _lattice(sight: Sight, name: str) -> Array:
    array = sight.view.channels[name]
    return array.reshape(-1, *array.shape[2:])[:: lattice_step(*sight.view.camera.size_wh)]


def _digest(sight: Sight, name: str) -> int:
    return crc32(np.ascontiguousarray(_lattice(sight, name)).tobytes())


def _texts(sight: Sight, texts: Sequence[str]) -> Array:
    """Which text each sample's object has; ids are of one frame, so that they cannot be compared themselves."""
    table = sight.table
    if table is None:
        return np.zeros(0, np.uint32)
    ids = np.append(np.uint32(0), table.ids)
    codes = np.zeros(len(ids), np.uint32)
    codes[sight.at[sight.at >= 0] + 1] = [
        crc32(text.encode()) for text, at in zip(texts, sight.at.tolist(), strict=True) if at >= 0
    ]
    return codes[np.searchsorted(ids, _lattice(sight, "instance"))]


def _lines(array: Array) -> Array:
    return array[:: max(1, len(array) // _LINES)]


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
    with np.errstate(invalid="ignore"):  # inf - inf: no jump
        return np.flatnonzero(np.abs(one - other) > _JUMP * np.minimum(one, other))
