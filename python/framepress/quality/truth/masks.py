"""The table of objects against the instance and semantic channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from framepress.core import Frame
from framepress.core.arrays import Array
from framepress.quality.issue import ERROR, NOTE, Issue
from framepress.quality.rule import FRAME, rule
from framepress.quality.truth.sight import Sight, of_views, sights, united

__all__ = [
    "areas_are_pixel_counts",
    "boxes_are_bounds_of_masks",
    "boxes_have_pixels",
    "classes_are_those_of_the_pixels",
    "ids_are_unique",
    "pixels_have_objects",
    "tracks_are_unique",
]

_INCLUSIVE = {(0, 0, -1, -1): "x and y", (0, 0, -1, 0): "x", (0, 0, 0, -1): "y"}


@rule(
    "TRU-001",
    FRAME,
    ERROR,
    stage="truth",
    breaks="every detector: it learns boxes that are not there; one pixel short costs AP on small objects most",
    remedy="make boxes and instance map from the same frame; maxima are exclusive: x_max + 1, y_max + 1",
)
def boxes_are_bounds_of_masks(frame: Frame, *, tolerance_px: float = 0.5) -> Iterator[Issue]:
    """A visible box is the bounds of its object's pixels.

    Compared exactly with the instance channel, in edges: pixel i covers [i, i + 1). A prim with labelled prims below it
    has, as Replicator draws it, the box of all of them; pixels whose object is not in the table may belong there too.
    """
    for sight in of_views(frame, "instance"):
        box, bounds = sight.box, sight.bounds
        off = np.abs(box - bounds).max(axis=1)
        for row in np.flatnonzero(off > tolerance_px).tolist():
            if not _explained(sight, row, box[row], tolerance_px):
                yield sight.issue(frame, row, _difference(box[row], bounds[row]), "box")


def _explained(sight: Sight, row: int, box: Array, tolerance_px: float) -> bool:
    """Whether a box that is too large for its object has pixels in it of something that was left out of the table."""
    assert sight.table is not None
    bounds = sight.bounds[row]
    if not sight.orphans.any() or (box[:2] > bounds[:2]).any() or (box[2:] < bounds[2:]).any():
        return False
    theirs = sight.table.box[sight.orphans].astype(float)
    inside = (theirs[:, :2] >= box[:2] - tolerance_px).all(1) & (theirs[:, 2:] <= box[2:] + tolerance_px).all(1)
    return bool((np.abs(united(np.vstack([bounds, theirs[inside]])) - box) <= tolerance_px).all())


def _difference(box: Array, bounds: Array) -> str:
    shift = tuple(np.round(np.clip(box - bounds, -9, 9)).astype(int).tolist())
    told = f"box {_numbers(box)}, but its pixels are bounded by {_numbers(bounds)}"
    axes = _INCLUSIVE.get(shift)
    return told + (f": one pixel short in {axes}, as inclusive maxima are" if axes else "")


def _numbers(box: Array) -> str:
    return ", ".join(f"{side:g}" for side in box.tolist())


@rule(
    "TRU-002",
    FRAME,
    ERROR,
    stage="truth",
    breaks="COCOeval: area decides which objects count as small; a mask of other pixels is learned as it is",
    remedy="count the pixels of the object's id; make the mask from the instance map",
)
def areas_are_pixel_counts(frame: Frame) -> Iterator[Issue]:
    """An object's area and mask are those of its pixels."""
    for sight in of_views(frame, "instance"):
        area, pixels, table = sight.objects.area, sight.pixels, sight.table
        assert table is not None
        wrong = np.isfinite(area) & (area != pixels) & (pixels > 0)
        for row in np.flatnonzero(wrong).tolist():
            yield sight.issue(frame, row, f"area {area[row]:g}, but it has {pixels[row]} pixels", "area")
        for row, mask in enumerate(sight.objects.mask):
            if mask is not None and not wrong[row] and pixels[row] and mask.counts != table.counts[sight.at[row]]:
                yield sight.issue(frame, row, f"its mask is not its {pixels[row]} pixels of the instance map", "mask")


@rule(
    "TRU-003",
    FRAME,
    ERROR,
    stage="truth",
    breaks="every detector and segmenter: it learns an object that is not in the picture",
    remedy="make boxes and instance map from the same frame",
)
def boxes_have_pixels(frame: Frame) -> Iterator[Issue]:
    """An object with a visible box has pixels.

    Its own, those of labelled prims below it, or such whose object is not in the table.
    """
    for sight in of_views(frame, "instance"):
        empty = np.isfinite(sight.box[:, 0]) & np.isnan(sight.bounds[:, 0])
        for row in np.flatnonzero(empty).tolist():
            if not _explained_alone(sight, sight.box[row]):
                number = int(sight.objects.id[row])
                told = f"its id {number} is not in the instance map" if number else "it has no id in the instance map"
                yield sight.issue(frame, row, f"box {_numbers(sight.box[row])}, but {told}", "instance")


def _explained_alone(sight: Sight, box: Array) -> bool:
    assert sight.table is not None
    theirs = sight.table.box[sight.orphans]
    return bool(((theirs[:, :2] >= box[:2]).all(1) & (theirs[:, 2:] <= box[2:]).all(1)).any())


@rule(
    "TRU-004",
    FRAME,
    ERROR,
    stage="truth",
    breaks="mask readers: two objects share one mask",
    remedy="give each object an id of its own",
)
def ids_are_unique(frame: Frame) -> Iterator[Issue]:
    """No two objects of a view have one id."""
    for sight in sights(frame):
        ids = sight.objects.id
        for number, count in Counter(ids[ids > 0].tolist()).items():
            if count > 1:
                rows = np.flatnonzero(ids == number).tolist()
                names = ", ".join(sight.objects.track[row] or f"row {row}" for row in rows[:4])
                yield sight.issue(frame, rows[1], f"{count} objects have the id {number}: {names}", "id")


@rule(
    "TRU-005",
    FRAME,
    ERROR,
    stage="truth",
    breaks="trackers: one object is in two places at once",
    remedy="join rows by prim path; a track names one object of a view",
)
def tracks_are_unique(frame: Frame) -> Iterator[Issue]:
    """No two objects of a view have one track."""
    for sight in sights(frame):
        tracks = sight.objects.track
        for track, count in Counter(filter(None, tracks)).items():
            if count > 1:
                row = tracks.index(track, tracks.index(track) + 1)
                yield sight.issue(frame, row, f"{count} objects have the track {track}", "track")


@rule(
    "TRU-006",
    FRAME,
    NOTE,
    stage="truth",
    breaks="segmenters that take pixels without an object for background",
    remedy="nothing, where objects were left out on purpose (min_pixels, unlisted=drop); else capture their rows",
)
def pixels_have_objects(frame: Frame, *, min_pixels: int = 1) -> Iterator[Issue]:
    """Every id in the instance channel is that of an object."""
    for sight in sights(frame):
        if "instance" not in sight.view.channels:
            continue
        assert sight.table is not None
        rows = np.flatnonzero(sight.orphans & (sight.table.area >= min_pixels))
        if rows.size:
            ids = ", ".join(map(str, sight.table.ids[rows[:6]].tolist())) + (", …" if rows.size > 6 else "")
            count = int(sight.table.area[rows].sum())
            yield sight.told(frame, f"{count} pixels of {rows.size} ids that no object has: {ids}", "instance")


@rule(
    "TRU-007",
    FRAME,
    ERROR,
    stage="truth",
    breaks="classifiers and segmenters: one of the two classes is false",
    remedy="take instance and semantic segmentation from the same frame, and labels by prim path",
)
def classes_are_those_of_the_pixels(frame: Frame, *, share: float = 0.1) -> Iterator[Issue]:
    """The semantic class of the pixels under an object is its label.

    By samples of its pixels, of which a `share` may differ. Without regard to case; of labels that are joined by commas
    one is enough; a prim below a labelled one may be counted to the class of that.
    """
    for sight in of_views(frame, "instance", "semantic"):
        samples, objects, names = sight.samples, sight.objects, sight.view.names
        if not len(samples.row):
            continue
        found = sight.view.channels["semantic"][samples.v, samples.u]
        held, place = np.unique(found, return_inverse=True)
        labels = [frozenset(names.get(int(number), "").casefold().split(",")) - {""} for number in held.tolist()]
        allowed = _allowed(sight)
        pairs = np.unique(samples.row * len(held) + place)
        wrong = np.array([pair for pair in pairs.tolist() if not allowed[pair // len(held)] & labels[pair % len(held)]])
        flags = np.isin(samples.row * len(held) + place, wrong)
        _, part = samples.share(flags, len(objects))
        for row in np.flatnonzero(part > share).tolist():
            number = int(held[np.bincount(place[flags & (samples.row == row)]).argmax()])
            told = names.get(number)
            told = f"class {told!r}" if told else f"semantic id {number}, which has no class"
            label = objects.classes[objects.label[row]]
            yield sight.issue(frame, row, f"label {label!r}, but {part[row]:.0%} of its pixels are {told}", "semantic")


def _allowed(sight: Sight) -> list[frozenset[str]]:
    """For each object the classes that its pixels may have."""
    own = [frozenset(name.casefold().split(",")) for name in sight.objects.labels]
    for row, below in sight.families.items():
        for part in below:
            own[part] = own[part] | frozenset(sight.objects.labels[row].casefold().split(","))
    return own
