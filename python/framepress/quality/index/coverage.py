"""Rules for what a dataset shows: sizes, places, distances, occlusion, cut-off objects, empty images, cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.columns import Columns
from framepress.quality.index.counting import areas_px, evenness, sizes_wh, spans
from framepress.quality.issue import NOTE, WARNING, Issue
from framepress.quality.rule import INDEX, rule

__all__ = [
    "cameras_have_one_size",
    "frames_have_all_cameras",
    "images_without_objects_have_their_share",
    "objects_are_all_over_the_image",
    "objects_are_near_and_far",
    "objects_have_all_sizes",
    "some_objects_are_cut_off",
    "some_objects_are_occluded",
]

_COCO_PX = (32.0**2, 96.0**2)
_GRID = 8
_LEAST = 1000
_NARROW = "training: what was not shown is not found"


@rule("SET-020", INDEX, NOTE, stage="dataset", breaks=_NARROW, remedy="vary the distance of the camera, or its lens")
def objects_have_all_sizes(
    columns: Columns, *, least_share: float = 0.01, least_objects: int = _LEAST
) -> Iterator[Issue]:
    """There are small, medium and large objects, as COCO counts them: below 32², below 96², and from 96² px on.

    Args:
        least_share: of the objects whose area is known, in each of the three.
        least_objects: a dataset with fewer is not judged.
    """
    counts = np.zeros(3, np.int64)
    for part in spans(columns.objects.rows):
        area = areas_px(columns, part)
        counts += np.bincount(np.searchsorted(_COCO_PX, area[np.isfinite(area)], side="right"), minlength=3)
    total = int(counts.sum())
    for name, count in zip(("small", "medium", "large"), counts.tolist(), strict=True):
        if total >= least_objects and count < least_share * total:
            yield Issue(message=f"{count} of {total} objects are {name} ({count / total:.2%})", place=name)


@rule(
    "SET-021",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="training: places where nothing ever was are learned as empty",
    remedy="vary where the camera looks, or where the objects stand",
)
def objects_are_all_over_the_image(
    columns: Columns, *, least_evenness: float = 0.5, least_objects: int = _LEAST
) -> Iterator[Issue]:
    """The centres of boxes are spread over the image.

    Args:
        least_evenness: entropy over 8 x 8 cells, 0 (all in one) .. 1 (all equal).
        least_objects: a dataset with fewer is not judged.
    """
    counts = np.zeros(_GRID**2, np.int64)
    for part in spans(columns.objects.rows):
        box, size = columns.objects["box"][part], sizes_wh(columns, part)
        with np.errstate(all="ignore"):
            center = (box[:, :2] + box[:, 2:]) / 2 / size
            center = center[((center >= 0) & (center <= 1)).all(1)]
        cell = np.minimum((center * _GRID).astype(np.int64), _GRID - 1)
        counts += np.bincount(cell[:, 1] * _GRID + cell[:, 0], minlength=_GRID**2)
    even = evenness(counts)
    if even is not None and counts.sum() >= least_objects and even < least_evenness:
        fullest = int(np.argmax(counts))
        message = (
            f"{np.count_nonzero(counts)} of 64 cells of the image have objects, evenness {even:.2f}; "
            f"{counts[fullest] / counts.sum():.0%} are in column {fullest % _GRID + 1}, row {fullest // _GRID + 1} of 8"
        )
        yield Issue(message=message)


@rule("SET-022", INDEX, NOTE, stage="dataset", breaks=_NARROW, remedy="vary the distance from camera to objects")
def objects_are_near_and_far(
    columns: Columns, *, least_ratio: float = 1.5, least_objects: int = _LEAST
) -> Iterator[Issue]:
    """Distances differ: the 95th percentile is well beyond the 5th.

    Args:
        least_ratio: of the two.
        least_objects: a dataset with fewer objects of which the distance is known is not judged.
    """
    known = _known(columns, "distance")
    if known.size >= least_objects:
        near, far = np.percentile(known, [5, 95]).tolist()
        if far < least_ratio * near:
            message = f"9 of 10 of {known.size} objects are {near:.3g} to {far:.3g} m away"
            yield Issue(message=message)


@rule("SET-023", INDEX, NOTE, stage="dataset", breaks=_NARROW, remedy="let objects stand before each other")
def some_objects_are_occluded(
    columns: Columns, *, occluded: float = 0.9, least_share: float = 0.01, least_objects: int = _LEAST
) -> Iterator[Issue]:
    """Some objects are partly hidden.

    Args:
        occluded: visibility below which an object counts as hidden in part.
        least_share: of the objects whose visibility is known.
        least_objects: a dataset with fewer of them is not judged.
    """
    yield from _rare(columns, "visibility", lambda seen: seen < occluded, least_share, least_objects, "partly hidden")


@rule("SET-024", INDEX, NOTE, stage="dataset", breaks=_NARROW, remedy="let objects leave the image in part")
def some_objects_are_cut_off(
    columns: Columns, *, truncated: float = 0.1, least_share: float = 0.01, least_objects: int = _LEAST
) -> Iterator[Issue]:
    """Some objects leave the image in part.

    Args:
        truncated: truncation above which an object counts as cut off.
        least_share: of the objects whose truncation is known.
        least_objects: a dataset with fewer of them is not judged.
    """
    yield from _rare(columns, "truncation", lambda lost: lost > truncated, least_share, least_objects, "cut off")


def _rare(
    columns: Columns,
    column: str,
    is_one: Callable[[Array], Array],
    least_share: float,
    least_objects: int,
    what: str,
) -> Iterator[Issue]:
    known = _known(columns, column)
    count = int(np.count_nonzero(is_one(known)))
    if known.size >= least_objects and count < least_share * known.size:
        yield Issue(message=f"{count} of {known.size} objects are {what} ({count / known.size:.2%})")


def _known(columns: Columns, column: str) -> Array:
    """float32: the finite values of a column of objects."""
    parts = [columns.objects[column][part] for part in spans(columns.objects.rows)]
    return np.concatenate([part[np.isfinite(part)] for part in parts] or [np.empty(0, np.float32)])


@rule(
    "SET-025",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="training: without empty images false alarms are not unlearned, with too many the rest is seldom seen",
    remedy="render some frames without objects, or leave some of them out",
)
def images_without_objects_have_their_share(
    columns: Columns, *, least: float = 0.001, most: float = 0.6, least_views: int = 500
) -> Iterator[Issue]:
    """Some images show no object, and not most of them.

    Args:
        least, most: share of the images.
        least_views: a dataset with fewer images is not judged.
    """
    seen = np.zeros(columns.views.rows, bool)
    for part in spans(columns.objects.rows):
        seen[columns.objects["view"][part]] = True
    empty = int(seen.size - np.count_nonzero(seen))
    if seen.size >= least_views and not least * seen.size <= empty <= most * seen.size:
        yield Issue(message=f"{empty} of {seen.size} images show no object ({empty / seen.size:.1%})")


@rule(
    "SET-026",
    INDEX,
    NOTE,
    stage="dataset",
    breaks="batches need one size: images are scaled or padded, each by another measure",
    remedy="render one camera at one resolution, or give each resolution a camera name",
)
def cameras_have_one_size(columns: Columns) -> Iterator[Issue]:
    """All images of a camera have one size.

    Told for cameras that have a name: those of a dataset without cameras come from anywhere.
    """
    views = columns.views
    for code in np.unique(views["name"]).tolist():
        rows = np.flatnonzero((views["name"] == code) & (views["width"] > 0))
        keys = views["width"][rows].astype(np.int64) << 32 | views["height"][rows]
        sizes, counts = np.unique(keys, return_counts=True)
        if sizes.size > 1 and columns.view_names[code]:
            order = np.argsort(-counts, kind="stable")
            shown = ", ".join(
                f"{sizes[at] >> 32} x {sizes[at] & 0xFFFFFFFF} ({counts[at]})" for at in order[:3].tolist()
            )
            message = f"camera {columns.view_names[code]!r} has images of {sizes.size} sizes: {shown}"
            rare = int(rows[int(np.argmax(keys == sizes[order[-1]]))])
            yield Issue(
                message=message,
                view=columns.view_names[code],
                frame=columns.frames.texts("id")[int(views["frame"][rare])],
            )


@rule(
    "SET-027",
    INDEX,
    WARNING,
    stage="dataset",
    breaks="whatever takes the cameras of a rig together",
    remedy="render the frame again with all cameras, or leave it out",
)
def frames_have_all_cameras(columns: Columns, *, most_share: float = 0.05) -> Iterator[Issue]:
    """A frame has every camera that the other frames of its sequence have.

    Args:
        most_share: of the frames of a sequence that may lack a camera and be told; where more do, it comes and goes on
            purpose.
    """
    frames, views, cameras = columns.frames, columns.views, len(columns.view_names)
    sequence = frames["sequence"].astype(np.int64)
    in_sequence = np.bincount(sequence, minlength=len(columns.sequences))
    pairs = np.unique(views["frame"].astype(np.int64) * cameras + views["name"])
    keys, held = np.unique(sequence[pairs // cameras] * cameras + pairs % cameras, return_counts=True)
    whole = in_sequence[keys // cameras]
    told = (held < whole) & (whole - held <= most_share * whole)
    keys, held, whole = keys[told], held[told], whole[told]
    order = np.argsort(sequence, kind="stable")
    first = (np.cumsum(in_sequence) - in_sequence)[keys // cameras]
    of_key = np.repeat(np.arange(keys.size), whole)
    frame = order[np.arange(of_key.size) + np.repeat(first - (np.cumsum(whole) - whole), whole)]
    for at in np.flatnonzero(~np.isin(frame * cameras + keys[of_key] % cameras, pairs)).tolist():
        key = int(of_key[at])
        name = columns.view_names[int(keys[key]) % cameras]
        message = f"camera {name!r} is missing; {held[key]} of {whole[key]} frames of the sequence have it"
        yield Issue(message=message, frame=frames.texts("id")[int(frame[at])], view=name)
