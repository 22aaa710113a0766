"""Rules for classes: how many objects each has, and whether it means one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.counting import distinct, evenness, objects_of_classes, spans
from framepress.quality.issue import NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = [
    "a_track_has_one_class",
    "class_names_are_told_apart",
    "classes_have_enough_objects",
    "classes_have_objects",
    "no_class_outweighs_the_others",
]


_SHOWN = 3


@rule(
    "SET-001",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="a model gets an output that it never learns; mean AP leaves the class out or counts it as 0",
    remedy="render the class, or take it from the list",
)
def classes_have_objects(columns: Columns) -> Iterator[Issue]:
    """Every class of the list has objects."""
    if not columns.objects.rows:
        return
    for name, count in zip(columns.labels.names, objects_of_classes(columns).tolist(), strict=True):
        if not count:
            yield Issue(message=f"class {name!r} has no object", place=name)


@rule(
    "SET-002",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="training: too few to learn from, too few to measure on",
    remedy="render more frames with the class, or take it from the list",
)
def classes_have_enough_objects(columns: Columns, *, least: int = 20, least_in_all: int = 1000) -> Iterator[Issue]:
    """A class that has objects has enough of them.

    Args:
        least: objects that are enough.
        least_in_all: a dataset with fewer objects is not judged.
    """
    counts = objects_of_classes(columns)
    if counts.sum() < least_in_all:
        return
    for code in np.flatnonzero((counts > 0) & (counts < least)).tolist():
        name = columns.labels.names[code]
        yield Issue(message=f"class {name!r} has {counts[code]} of {counts.sum()} objects", place=name)


@rule(
    "SET-003",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="training: the commonest class is learned, the rare ones are not",
    remedy="render more of the rare classes, or weight or sample by class when training",
)
def no_class_outweighs_the_others(
    columns: Columns, *, most_ratio: float = 50.0, least_evenness: float = 0.4, least_in_all: int = 1000
) -> Iterator[Issue]:
    """No class has so many objects that the others do not count.

    Classes without objects are left out (SET-001 tells of them). Two measures, because each is blind where the other
    sees: the largest class over the median one, and the evenness (Shannon entropy over the logarithm of the number of
    classes); e to the power of the entropy is the effective number of classes (Hill 1973).

    Args:
        most_ratio: the largest over the median.
        least_evenness: 0 (all in one class) .. 1 (all equal).
        least_in_all: a dataset with fewer objects is not judged.
    """
    counts = objects_of_classes(columns)
    held = counts[counts > 0]
    even = evenness(held)
    if even is None or held.sum() < least_in_all:
        return
    ratio = float(held.max() / np.median(held))
    if ratio > most_ratio or even < least_evenness:
        largest = columns.labels.names[int(np.argmax(counts))]
        message = (
            f"class {largest!r} has {held.max()} of {held.sum()} objects, {ratio:.3g} times the median class; "
            f"evenness {even:.2f}, as good as {np.exp(even * np.log(held.size)):.1f} of {held.size} classes"
        )
        yield Issue(message=message, place=largest)


@rule(
    "SET-004",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="training: the same thing is taught under two names",
    remedy="set one semantic label on the prim, or map the labels to one class",
)
def a_track_has_one_class(columns: Columns) -> Iterator[Issue]:
    """An object keeps its class from frame to frame of a sequence, and from camera to camera.

    Objects are told by their track (the prim path), which is unique within a sequence.
    """
    objects, classes = columns.objects, max(len(columns.labels), 1)
    pairs = distinct(_owner_labels(columns, classes))
    owners, counts = np.unique(pairs // classes, return_counts=True)
    several = owners[counts > 1]
    if not several.size:
        return
    tracks = len(columns.tracks)
    for owner, (rows, labels) in _first_rows(columns, several).items():
        sequence, track = columns.sequences[owner // tracks], columns.tracks[owner % tracks]
        frames = [columns.frames.texts("id")[int(objects["frame"][row])] for row in rows[:_SHOWN]]
        names = [columns.labels.names[label] for label in labels[:_SHOWN]]
        told = ", ".join(f"{name!r} first in frame {frame!r}" for name, frame in zip(names, frames, strict=True))
        told += f", and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        where = f" of sequence {sequence!r}" if sequence else ""
        yield Issue(message=f"track {track!r}{where} is {told}", prim=track, frame=frames[1], object=track)


def _owner_labels(columns: Columns, classes: int) -> Iterator[Array]:
    """int64: (sequence, track, label) as one number."""
    for part in spans(columns.objects.rows):
        owner, label = _owners(columns, part), columns.objects["label"][part]
        known = (owner >= 0) & (label >= 0) & (label < classes)
        yield owner[known] * classes + label[known]


def _owners(columns: Columns, part: slice) -> Array:
    """int64 (N,): (sequence, track) as one number, -1 without a track."""
    objects = columns.objects
    track = objects["track"][part].astype(np.int64)
    sequence = columns.frames["sequence"][objects["frame"][part]].astype(np.int64)
    return np.asarray(np.where(track >= 0, sequence * len(columns.tracks) + track, -1))


def _first_rows(columns: Columns, several: Array) -> dict[int, tuple[list[int], list[int]]]:
    """For each of these owners, the first row of each of its labels, in the order of rows."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for part in spans(columns.objects.rows):
        owner, label = _owners(columns, part), columns.objects["label"][part]
        rows = np.flatnonzero(np.isin(owner, several) & (label >= 0))
        _, first = np.unique(owner[rows] * len(columns.labels) + label[rows], return_index=True)
        for row in np.sort(rows[first]).tolist():
            at, labels = found.setdefault(int(owner[row]), ([], []))
            if int(label[row]) not in labels:
                at.append(part.start + row)
                labels.append(int(label[row]))
    return found


@rule(
    "SET-005",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="training: one class under two names",
    remedy="map both to one class, or give them names that say the difference",
)
def class_names_are_told_apart(columns: Columns) -> Iterator[Issue]:
    """Names of classes differ by more than blanks, dashes and underscores, or one plural s."""
    seen: dict[str, str] = {}
    for name in columns.labels.names:
        bare = re.sub(r"[\W_]+", "", name.casefold())
        key = bare.removesuffix("s") or name
        if key in seen:
            yield Issue(message=f"classes {seen[key]!r} and {name!r} are nearly the same name", place=name)
        seen.setdefault(key, name)
