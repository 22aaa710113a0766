"""The names that an expression may use, and the columns of an index that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import NO_TIME, Index
from framepress.dataset.select.terms import At, Field, Level, Lines, Numbers, Term, Truth, Words

__all__ = ["NAMES", "TABLES", "Name", "field_of", "gathered", "rows_of", "term_of"]


@dataclass(frozen=True, slots=True)
class Name:
    """A name, what it means, and how to read it from an index."""

    level: Level
    meaning: str
    read: Callable[[Index], Term]


def rows_of(index: Index, level: Level) -> int:
    """Rows of the level's table."""
    return {Level.FRAME: index.frames, Level.VIEW: index.views, Level.OBJECT: index.objects}[level].rows


def gathered(index: Index, lower: Level, level: Level) -> Array:
    """For each row of `level` the row of `lower` that it belongs to."""
    table = index.views if level == Level.VIEW else index.objects
    return np.asarray(table["frame" if lower == Level.FRAME else "view"])


def _floats(level: Level, column: Array) -> Numbers:
    """Of whole numbers 64 bits; 32-bit floats stay, and constants beside them are rounded as they were."""
    if column.dtype.kind == "f":
        return Numbers(level, lambda rows: column[rows])
    return Numbers(level, lambda rows: column[rows].astype(np.float64))


def _number(table: str, column: str) -> Callable[[Index], Term]:
    level = {"frames": Level.FRAME, "views": Level.VIEW, "objects": Level.OBJECT}[table]

    def read(index: Index) -> Term:
        return _floats(level, np.asarray(getattr(index, table)[column]))

    return read


def _where(table: str, column: str, unknown: int, scale: float = 1.0) -> Callable[[Index], Term]:
    """Whole numbers of which one says that it is not known."""
    level = {"frames": Level.FRAME, "objects": Level.OBJECT}[table]

    def read(index: Index) -> Term:
        values = np.asarray(getattr(index, table)[column])
        return Numbers(level, lambda rows: np.where(values[rows] == unknown, np.nan, values[rows] / scale))

    return read


def _edge(column: str, place: int) -> Callable[[Index], Term]:
    def read(index: Index) -> Term:
        boxes = np.asarray(index.objects[column])
        return Numbers(Level.OBJECT, lambda rows: boxes[rows, place])

    return read


def _side(column: str, *axes: int) -> Callable[[Index], Term]:
    """Extent of boxes along an axis, or the product of both."""

    def read(index: Index) -> Term:
        boxes = np.asarray(index.objects[column])

        def at(rows: slice) -> Array:
            sides: list[Array] = [boxes[rows, axis + 2] - boxes[rows, axis] for axis in axes]
            return sides[0] if len(sides) == 1 else sides[0] * sides[1]

        return Numbers(Level.OBJECT, at)

    return read


def _occlusion(index: Index) -> Term:
    visibility = np.asarray(index.objects["visibility"])
    return Numbers(Level.OBJECT, lambda rows: 1 - visibility[rows])


def _flag(column: str) -> Callable[[Index], Term]:
    def read(index: Index) -> Term:
        flags = np.asarray(index.objects[column])
        return Truth(Level.OBJECT, lambda rows: flags[rows])

    return read


def _words(table: str, column: str, words: str, noun: str, **more: bool) -> Callable[[Index], Term]:
    level = {"frames": Level.FRAME, "views": Level.VIEW, "objects": Level.OBJECT}[table]

    def read(index: Index) -> Term:
        codes = np.asarray(getattr(index, table)[column])
        known = index.labels.names if words == "labels" else getattr(index, words)
        return Words(level, lambda rows: codes[rows], known, noun, **more)

    return read


def _seed(index: Index) -> Term:
    """A seed is kept as text; most are numbers."""
    codes = np.asarray(index.frames["seed"])
    table = np.array([_float(text) for text in index.seeds] or [np.nan])
    return Field(
        Numbers(Level.FRAME, lambda rows: table[codes[rows]]),
        Words(Level.FRAME, lambda rows: codes[rows], index.seeds, "seed"),
    )


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _meta(*keys: str) -> Callable[[Index], Term]:
    """The first of these fields that frames have; one that no frame has is not known anywhere."""

    def read(index: Index) -> Term:
        for key in keys:
            if key in index.meta:
                return field_of(index, "meta", key)
        return Words(Level.FRAME, lambda rows: np.full(rows.stop - rows.start, -1), (), keys[0])

    return read


def field_of(index: Index, table: str, key: str) -> Field:
    """`meta.<key>` of frames, `attributes.<key>` of objects; the index has it."""
    level = Level.FRAME if table == "meta" else Level.OBJECT
    found = getattr(index, table)[key]
    numbers = None if found.numbers is None else _floats(level, np.asarray(found.numbers))
    words = None
    if found.codes is not None:
        codes: At = np.asarray(found.codes).__getitem__
        words = Words(level, codes, found.texts, f"{table}.{key}", blank=True)
    return Field(numbers, words, found.boolean)


def _frame_ids(index: Index) -> Term:
    return Lines(Level.FRAME, index.frames.texts("id"), "frame")


_OBJECT, _VIEW, _FRAME = Level.OBJECT, Level.VIEW, Level.FRAME

TABLES = ("attributes", "meta")
"""What has fields: of objects, of frames."""

NAMES: dict[str, Name] = {
    "label": Name(_OBJECT, "its class; compared without case", _words("objects", "label", "labels", "class",
                                                                      folded=True)),
    "track": Name(_OBJECT, "its track, such as a prim path", _words("objects", "track", "tracks", "track")),
    "id": Name(_OBJECT, "its number in the instance channel", _where("objects", "id", 0)),
    "area": Name(_OBJECT, "visible pixels", _number("objects", "area")),
    "width": Name(_OBJECT, "of the visible box [px]", _side("box", 0)),
    "height": Name(_OBJECT, "of the visible box [px]", _side("box", 1)),
    "box_area": Name(_OBJECT, "width * height", _side("box", 0, 1)),
    **{name: Name(_OBJECT, "edge of the visible box [px]", _edge("box", place))
       for place, name in enumerate(("x0", "y0", "x1", "y1"))},
    "full_width": Name(_OBJECT, "of the whole object's box [px]", _side("box_full", 0)),
    "full_height": Name(_OBJECT, "of the whole object's box [px]", _side("box_full", 1)),
    "visibility": Name(_OBJECT, "visible part of what is inside the image, 0 to 1", _number("objects", "visibility")),
    "occlusion": Name(_OBJECT, "1 - visibility", _occlusion),
    "truncation": Name(_OBJECT, "part outside the image, 0 to 1", _number("objects", "truncation")),
    "distance": Name(_OBJECT, "from the camera to the 3D box's centre [m]", _number("objects", "distance")),
    "yaw": Name(_OBJECT, "of the 3D box about the camera's y axis [rad]", _number("objects", "yaw")),
    "score": Name(_OBJECT, "confidence of a prediction", _number("objects", "score")),
    "confidence": Name(_OBJECT, "the same as score", _number("objects", "score")),
    "crowd": Name(_OBJECT, "true or false", _flag("crowd")),
    "mask": Name(_OBJECT, "true where its pixels are known", _flag("mask")),
    "box3d": Name(_OBJECT, "true where its 3D box is known", _flag("box3d")),
    "view": Name(_VIEW, "the camera's name", _words("views", "name", "view_names", "view", blank=True)),
    "image_width": Name(_VIEW, "[px]", _number("views", "width")),
    "image_height": Name(_VIEW, "[px]", _number("views", "height")),
    "frame": Name(_FRAME, "the frame's id", _frame_ids),
    "index": Name(_FRAME, "the frame's number", _number("frames", "index")),
    "time": Name(_FRAME, "simulation clock [s]", _where("frames", "time_ns", NO_TIME, 1e9)),
    "sequence": Name(_FRAME, "'' where there is none", _words("frames", "sequence", "sequences", "sequence",
                                                              blank=True)),
    "split": Name(_FRAME, "'' where there is none", _words("frames", "split", "splits", "split", blank=True)),
    "views": Name(_FRAME, "how many the frame has", _number("frames", "views")),
    "objects": Name(_FRAME, "how many the frame has", _number("frames", "objects")),
    "scene": Name(_FRAME, "of meta", _words("frames", "scene", "scenes", "scene")),
    "seed": Name(_FRAME, "of meta; a number or a text", _seed),
    "condition": Name(_FRAME, "of meta: condition or conditions", _meta("condition", "conditions")),
    "project": Name(_FRAME, "of meta", _meta("project")),
    "annotator": Name(_FRAME, "of meta", _meta("annotator")),
    "review_status": Name(_FRAME, "of meta", _meta("review_status", "review status")),
}  # fmt: skip


def term_of(index: Index, name: str) -> Term:
    """The column of a name in `NAMES`."""
    return NAMES[name].read(index)
