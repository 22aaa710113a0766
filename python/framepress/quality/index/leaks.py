"""Rules for splits: what a test must not have seen in training, and what each split has to hold.

"" is no split. Where a dataset has one scene or seed only, nothing can be held apart by it, and the rule is silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.splitting.leaks import crossing
from framepress.quality.columns import Columns
from framepress.quality.index.counting import distinct, present, spans, split_of_views
from framepress.quality.issue import ERROR, NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = [
    "assets_of_a_test_are_new",
    "classes_are_in_every_split",
    "every_frame_is_in_a_split",
    "frames_are_in_one_split",
    "rows_named_again",
    "scenes_are_in_one_split",
    "seeds_are_in_one_split",
    "sequences_are_in_one_split",
    "splits_are_large_enough",
    "splits_hold_frames",
    "splits_hold_the_same_mix_of_classes",
]

_SEEN = "every evaluation: what was learned by heart counts as known"


@rule("GEN-008", INDEX, ERROR, stage="dataset", breaks=_SEEN, remedy="leave the frame out of all splits but one")
def frames_are_in_one_split(columns: Columns) -> Iterator[Issue]:
    """A frame is in one split.

    Compared are the frames' names, for COCO the image files that they lead to.
    """
    frames, splits = columns.frames, columns.splits
    names = frames.texts("id")
    found: dict[str, dict[str, int]] = {}
    for row in rows_named_again(columns).tolist():
        held, split = found.setdefault(names[row], {}), splits[int(frames["split"][row])]
        held[split] = held.get(split, 0) + 1
    for name, held in found.items():
        yield Issue(message=f"is in the splits {_listed(held)}", frame=name)


def rows_named_again(columns: Columns) -> Array:
    """int64, rising: frames that have one name and are in more than one split."""
    frames, splits = columns.frames, columns.splits
    names = frames.texts("id")
    hashes = np.fromiter((hash(names[row]) for row in range(frames.rows)), np.int64, frames.rows)
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    rows: dict[str, list[int]] = {}
    for row in np.flatnonzero(counts[inverse] > 1).tolist():  # equal hashes: few but for equal names
        if splits[int(frames["split"][row])]:
            rows.setdefault(names[row], []).append(row)
    several = [held for held in rows.values() if len({int(frames["split"][row]) for row in held}) > 1]
    return np.sort(np.array([row for held in several for row in held], np.int64))


@rule(
    "SPL-001",
    INDEX,
    WARNING,
    stage="dataset",
    breaks=_SEEN,
    remedy="split by sequence, as `train=.8,val=.2` of a writer does, not by frame",
)
def sequences_are_in_one_split(columns: Columns) -> Iterator[Issue]:
    """All frames of a sequence are in one split: neighbours in time are nearly the same picture."""
    for shared in _shared(columns, columns.frames["sequence"], columns.sequences):
        yield Issue(message=f"the frames of sequence {shared.name!r} are in the splits {shared.counts}")


@rule("SPL-002", INDEX, WARNING, stage="dataset", breaks=_SEEN, remedy="split by scene")
def scenes_are_in_one_split(columns: Columns) -> Iterator[Issue]:
    """All frames of a scene (`meta["scene"]`) are in one split."""
    if _different(columns.frames["scene"], columns.scenes) < 2:
        return
    for shared in _shared(columns, columns.frames["scene"], columns.scenes):
        yield Issue(message=f"the frames of scene {shared.name!r} are in the splits {shared.counts}")


@rule("SPL-003", INDEX, WARNING, stage="dataset", breaks=_SEEN, remedy="give each split seeds of its own")
def seeds_are_in_one_split(columns: Columns) -> Iterator[Issue]:
    """Frames of one scene and seed (`meta["seed"]`) are in one split: they were drawn from the same random numbers."""
    frames, count = columns.frames, len(columns.seeds)
    if _different(frames["seed"], columns.seeds) < 2:
        return
    pairs, codes = np.unique(frames["scene"].astype(np.int64) * count + frames["seed"], return_inverse=True)
    names = []
    for scene, seed in zip((pairs // count).tolist(), (pairs % count).tolist(), strict=True):
        of = f" of scene {columns.scenes[scene]!r}" if columns.scenes[scene] else ""
        names.append(f"{columns.seeds[seed]!r}{of}" if columns.seeds[seed] else "")
    for shared in _shared(columns, codes.reshape(-1), names):
        yield Issue(message=f"the frames of seed {shared.name} are in the splits {shared.counts}")


@rule(
    "SPL-004",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="an evaluation says how well these very objects are found, not how well new ones are",
    remedy="hold some assets back for the test split, if new objects are to be found",
)
def assets_of_a_test_are_new(columns: Columns, *, most: float = 0.5, least_tracks: int = 20) -> Iterator[Issue]:
    """The smaller splits show objects that the largest one does not show.

    Told by the track (the prim path), so that two stages in which different assets have one path count as equal.

    Args:
        most: share of a split's tracks that may be in the largest split too.
        least_tracks: a split with fewer tracks is not judged.
    """
    splits, count = columns.splits, len(columns.splits)
    sizes = np.bincount(columns.frames["split"], minlength=count)
    named = [code for code in range(count) if splits[code] and sizes[code]]
    if len(named) < 2:
        return
    keys = distinct(_track_splits(columns, count))
    largest = max(named, key=lambda code: (int(sizes[code]), splits[code] == "train"))
    known = keys[keys % count == largest] // count
    for code in named:
        own = keys[keys % count == code] // count
        if code == largest or own.size < least_tracks:
            continue
        both = int(np.isin(own, known).sum())
        if both > most * own.size:
            message = f"of the {own.size} tracks of split {splits[code]!r}, {both} are in {splits[largest]!r}"
            yield Issue(message=message, place=splits[code])


@rule("SPL-005", INDEX, WARNING, stage="dataset", remedy="leave the split out, or give it frames")
def splits_hold_frames(columns: Columns) -> Iterator[Issue]:
    """A split that is named has frames."""
    sizes = np.bincount(columns.frames["split"], minlength=len(columns.splits))
    for split, size in zip(columns.splits, sizes.tolist(), strict=True):
        if split and not size:
            yield Issue(message=f"split {split!r} has no frames", place=split)


@rule(
    "SPL-006",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="figures of so few frames change from draw to draw",
    remedy="give the split more frames",
)
def splits_are_large_enough(columns: Columns, *, least_share: float = 0.02, least_frames: int = 200) -> Iterator[Issue]:
    """A split has a share of the frames that a figure can be measured on.

    Args:
        least_share: of all frames that are in a split.
        least_frames: a dataset with fewer frames is not judged.
    """
    sizes = np.bincount(columns.frames["split"], minlength=len(columns.splits))
    held = {split: int(size) for split, size in zip(columns.splits, sizes, strict=True) if split}
    total = sum(held.values())
    for split, size in held.items():
        if total >= least_frames and 0 < size < least_share * total:
            share = f"{size / total:.2%}"
            yield Issue(message=f"split {split!r} has {size} of {total} frames ({share})", place=split)


@rule(
    "SPL-007",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="a class that training lacks is never found; one that a test lacks has no figure (COCOeval: -1)",
    remedy="draw the splits again, or render more of the class",
)
def classes_are_in_every_split(columns: Columns, *, least_views: int = 10) -> Iterator[Issue]:
    """Each class has objects in each split.

    Args:
        least_views: a class that fewer images show, all splits taken together, is not judged.
    """
    held, named = _class_views(columns)
    for code, split in ((code, split) for split in named for code in range(held.shape[0])):
        total = int(held[code, named].sum())
        if total >= least_views and not held[code, split]:
            name, where = columns.labels.names[code], columns.splits[split]
            yield Issue(
                message=f"class {name!r} is in {total} images of other splits, and in none of {where!r}", place=name
            )


@rule(
    "SPL-008",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="figures of the splits cannot be compared",
    remedy="draw the splits again, with another seed or stratified by class",
)
def splits_hold_the_same_mix_of_classes(
    columns: Columns, *, most: float = 0.25, least_views: int = 100
) -> Iterator[Issue]:
    """The shares of the classes in a split are those of the whole dataset.

    Compared is in how many images each class is shown; the distance is total variation: half the sum of the differences
    of shares, 0 (equal) .. 1 (nothing in common).

    Args:
        least_views: a split with fewer images that show something is not judged.
    """
    held, named = _class_views(columns)
    whole = held[:, named].sum(1)
    for split in named:
        own = held[:, split]
        if len(named) < 2 or own.sum() < least_views:
            continue
        gaps = own / own.sum() - whole / whole.sum()
        distance = float(np.abs(gaps).sum()) / 2
        if distance > most:
            code = int(np.argmax(np.abs(gaps)))
            message = (
                f"split {columns.splits[split]!r} is {distance:.2f} away from the whole; class "
                f"{columns.labels.names[code]!r} has a share of {own[code] / own.sum():.3f} there, "
                f"{whole[code] / whole.sum():.3f} in the whole"
            )
            yield Issue(message=message, place=columns.splits[split])


@rule(
    "SPL-009",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="trainers read what is in a split; the other frames are never seen",
    remedy="put the frames into a split, or leave them out",
)
def every_frame_is_in_a_split(columns: Columns) -> Iterator[Issue]:
    """Where a dataset has splits, every frame is in one."""
    frames, splits = columns.frames, columns.splits
    outside = np.isin(frames["split"], [code for code, name in enumerate(splits) if not name])
    left = int(outside.sum())
    if 0 < left < frames.rows:
        first = frames.texts("id")[int(np.argmax(outside))]
        yield Issue(message=f"{left} of {frames.rows} frames are in no split, the first is {first!r}", frame=first)


class _Shared(NamedTuple):
    name: str
    counts: str


def _shared(columns: Columns, codes: Array, names: Sequence[str]) -> Iterator[_Shared]:
    """What has frames in more than one split, with how many there are."""
    splits, split = columns.splits, columns.frames["split"]
    rows = np.flatnonzero(np.array([name != "" for name in splits], bool)[split])
    several, table = crossing(codes[rows], split[rows], len(splits))
    for code, held in zip(several.tolist(), table.tolist(), strict=True):
        if names[code]:
            yield _Shared(names[code], _listed({splits[at]: count for at, count in enumerate(held) if count}))


def _listed(held: dict[str, int]) -> str:
    """`'train' (800 frames), 'val' (3 frames)`"""
    parts = [f"{split!r} ({size} frame{'' if size == 1 else 's'})" for split, size in sorted(held.items())]
    return ", ".join(parts)


def _different(codes: Array, names: Sequence[str]) -> int:
    return sum(names[code] != "" for code in np.unique(codes).tolist())


def _track_splits(columns: Columns, count: int) -> Iterator[Array]:
    objects, split = columns.objects, split_of_views(columns)
    for part in spans(objects.rows):
        track = objects["track"][part].astype(np.int64)
        known = track >= 0
        yield track[known] * count + split[objects["view"][part][known]]


def _class_views(columns: Columns) -> tuple[Array, list[int]]:
    """int64 (classes, splits), views that show a class; and the splits that have a name and show something."""
    view, label = present(columns)
    count = len(columns.splits)
    split = split_of_views(columns)[view]
    held = np.bincount(label * count + split, minlength=len(columns.labels) * count).reshape(len(columns.labels), count)
    return held, [code for code in range(count) if columns.splits[code] and held[:, code].any()]
