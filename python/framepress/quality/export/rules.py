"""An edition agrees with the journal: no view, object or box is lost, moved or made up on the way into a format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.prepare import with_masks
from framepress.quality.export.export import Export, Pair
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import EXPORT, rule

_REMEDY = "write the edition again from the native one (`framepress convert`), and report this: it is a mistake of ours"


@rule("EXP-001", EXPORT, ERROR, stage="truth", remedy=_REMEDY)
def every_view_is_there(export: Export) -> Iterator[Issue]:
    """Every view that the journal has is in the edition, and no other."""
    for key in export.missing:
        yield Issue(message=f"{_named(key)} is in the journal and not in {export.edition.name}", frame=_frame(key))
    for key in export.unknown:
        yield Issue(message=f"{_named(key)} is in {export.edition.name} and not in the journal", frame=_frame(key))


@rule("EXP-002", EXPORT, ERROR, stage="truth", remedy=_REMEDY)
def no_object_is_lost_or_made_up(export: Export) -> Iterator[Issue]:
    """As many objects are in the edition as the journal has, less those that the format says it left out.

    What a format leaves out (objects out of sight, crowds in YOLO) it counts in the journal's rows; the two counts come
    from different code. Views that only one side has are told by EXP-001.
    """
    given = int(export.given.views["objects"][export.given_views].sum())
    held = int(export.held.views["objects"][export.held_views].sum())
    if not export.missing and held != given - export.left_out:
        yield Issue(
            message=f"{given:,} objects in the journal, {export.left_out:,} of them left out as the format itself "
            f"counts, and {held:,} in {export.edition.name}"
        )


@rule("EXP-003", EXPORT, ERROR, stage="truth", remedy=_REMEDY)
def every_object_has_its_class_and_box(export: Export) -> Iterator[Issue]:
    """Every object of the edition is one of the journal's: of its class, with its box as exactly as the format can.

    Boxes are compared after clipping to the image, where the edition has the visible ones. No two objects of the
    edition are the same one of the journal. A class that the journal does not have (DontCare) can be a crowd's.
    """
    given, held, reach = export.given, export.held, export.box_within
    codes = np.array([given.labels.code(name) if name in given.labels else -1 for name in held.labels.names], np.int32)
    sizes = np.stack([given.views["width"], given.views["height"]], axis=1)
    for given_view, held_view in zip(export.given_views.tolist(), export.held_views.tolist(), strict=True):
        ours, theirs = _rows(given, given_view), _rows(held, held_view)
        labels = codes[held.objects["label"][theirs]] if len(codes) else np.empty(0, np.int32)
        boxes = held.objects["box"][theirs]
        known = given.objects["label"][ours]
        clipped = np.clip(given.objects["box"][ours], 0, np.tile(sizes[given_view], 2))
        off = np.abs(boxes[:, None] - clipped[None])
        off[np.isnan(boxes)[:, None] & np.isnan(clipped)[None]] = 0  # out of sight in both
        fits = (off <= (np.inf if reach is None else reach)).all(axis=2)
        fits &= (labels[:, None] == known[None]) | ((labels[:, None] < 0) & given.objects["crowd"][ours][None])
        for row in _without_partner(fits):
            name = held.labels.names[int(held.objects["label"][theirs][row])]
            yield Issue(
                message=f"{export.edition.name} has a {name!r} with the box {_shown(boxes[row])}, and the journal none "
                f"(more){'' if reach is None else f' within {reach:g} px'}",
                frame=given.frames.texts("id")[int(given.views["frame"][given_view])],
                view=given.view_names[int(given.views["name"][given_view])],
                box=_box(boxes[row]),
            )


@rule("EXP-004", EXPORT, ERROR, stage="truth", remedy=_REMEDY)
def a_sample_has_the_same_pixels(export: Export, *, frames: int = 16) -> Iterator[Issue]:
    """In a sample of frames, the edition's masks and lossless images have the pixels that the source has.

    The frames with the smallest SHA-256 of their id are opened on both sides. A mask is compared with the mask of the
    object of the same class and box; an image where neither side is JPEG.
    """
    for pair in export.pairs(frames):
        if "mask" in export.carries and export.box_within is not None:
            yield from _masks(pair, export.box_within)
        if "rgb" in export.carries and _is_lossless(pair):
            given, held = pair.given.channels["rgb"], pair.held.channels["rgb"]
            wrong = int((given != held).any(axis=-1).sum()) if given.shape == held.shape else given.shape[0]
            if wrong:
                yield _told(pair, f"{wrong:,} pixels of the image differ from the source's")


def _without_partner(fits: Array) -> list[int]:
    """Rows of a bool (held, given) table that find no column of their own."""
    free = np.ones(fits.shape[1], bool)
    alone = []
    for row, fitting in enumerate(fits):
        partners = np.flatnonzero(fitting & free)
        if partners.size:
            free[partners[0]] = False
        else:
            alone.append(row)
    return alone


def _masks(pair: Pair, reach: float) -> Iterator[Issue]:
    frame = with_masks(pair.frame)
    given = next(view.objects for view in frame.views if view.name == pair.given.name)
    held = pair.held.objects
    for row, mask in enumerate(held.mask):
        if mask is None:
            continue
        near = (np.abs(given.box - held.box[row]) <= reach).all(axis=1)
        same = [found for found in np.flatnonzero(near).tolist() if given.labels[found] == held.labels[row]]
        masks = [given.mask[found] for found in same]
        if any(found is not None for found in masks) and mask not in masks:
            yield _told(pair, f"the mask of a {held.labels[row]!r} is not the source's", _box(held.box[row]))


def _is_lossless(pair: Pair) -> bool:
    encoded = [view.channels.encoded("rgb") for view in (pair.given, pair.held) if "rgb" in view.channels]
    return len(encoded) == 2 and not any(image is not None and image.media_type == "image/jpeg" for image in encoded)


def _told(pair: Pair, message: str, box: tuple[float, float, float, float] | None = None) -> Issue:
    return Issue(message=message, frame=pair.frame.id, view=pair.given.name, box=box)


def _rows(index: Index, view: int) -> slice:
    views = index.views
    first = int(views["first_object"][view])
    return slice(first, first + int(views["objects"][view]))


def _named(key: str) -> str:
    view, _, frame = key.rpartition(":")
    return f"frame {frame} of {view}" if view else f"frame {frame}"


def _frame(key: str) -> str:
    return key.rpartition(":")[2]


def _box(box: Array) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1


def _shown(box: Array) -> str:
    return " ".join(f"{edge:.2f}" for edge in box.tolist())
