"""Id maps: pixels of instance and semantic segmentation as `Objects.id` and semantic ids.

Plain maps hold ids; colourised ones hold r, g, b, a, one byte each with r first, which as a little-endian uint32 is
a packed key; both are looked up in the same way. Ids change with every frame and are used within one only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepress.capture.layout import Annotation, Pixels, loaded
from framepress.capture.rows import Rows
from framepress.capture.semantics import RESERVED, ancestors, id_of, labels_of
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = [
    "Lookup",
    "Match",
    "boxes_of_ids",
    "is_coloured",
    "matched",
    "packed",
    "paths_of",
    "rows_of_map",
    "semantic_ids",
]

_UNLABELLED_COLOUR = 255 << 24  # (0, 0, 0, 255)


def packed(array: Array, size_wh: tuple[int, int], where: str) -> Array:
    """An id map as uint32 (H, W), whichever way it came: uint32 or int32 ids, (H, W, 4) bytes, a squeezed axis.

    Raises:
        InputError: of another size or kind.
    """
    width, height = size_wh
    array = np.ascontiguousarray(array)
    if array.dtype == np.uint8 and array.size == width * height * 4:
        return array.reshape(height, width, 4).view("<u4")[..., 0].astype(np.uint32, copy=False)
    if array.size != width * height or array.dtype.kind not in "ui":
        raise InputError(f"{where}: {array.dtype} {array.shape} is no id map of {width} x {height} pixels")
    array = array.reshape(height, width)
    if array.dtype.kind == "i" and array.itemsize == 4:
        return array.view(np.uint32)  # warp has ids as int32 in places: the same bits
    if array.dtype.kind == "i" and array.size and (array.min() < 0 or array.max() >= 1 << 32):
        raise InputError(f"{where}: ids {array.min()}..{array.max()} are no uint32")
    return array.astype(np.uint32)


def is_coloured(id_map: Mapping[Any, Any]) -> bool:
    """Whether an `idTo...` map is keyed by colours."""
    return any(isinstance(key, tuple) or str(key).lstrip().startswith("(") for key in id_map)


def paths_of(annotation: Annotation) -> dict[int, str]:
    """Pixel value -> prim path of an instance map; BACKGROUND, UNLABELLED and INVALID give "".

    Raises:
        InputError: no map, or an entry that is no path.
    """
    entries = annotation.side.get("idToLabels")
    if not isinstance(entries, Mapping):
        raise InputError(f"{annotation.where}: idToLabels is missing, so no pixel can be given to a prim")
    found = {}
    for key, value in entries.items():
        text = value if isinstance(value, str) else str(value.get("class", "")) if isinstance(value, Mapping) else ""
        if text not in RESERVED and not text.startswith("/"):
            raise InputError(f"{annotation.where}: idToLabels[{key!r}] is {value!r}; expected a prim path")
        found[id_of(key, annotation.where)] = "" if text in RESERVED else text
    return found


def semantic_ids(annotation: Annotation, taxonomy: str) -> tuple[dict[int, int], dict[int, tuple[str, ...]]]:
    """(pixel value -> semantic id, semantic id -> labels).

    Ids stay what they are. Colours are numbered: 0 BACKGROUND, 1 UNLABELLED, then 2, 3, ... by (r, g, b, a).

    Raises:
        InputError: no map.
    """
    entries = annotation.side.get("idToLabels")
    if not isinstance(entries, Mapping):
        raise InputError(f"{annotation.where}: idToLabels is missing, so no pixel has a class")
    labels = labels_of(entries, taxonomy, annotation.where)
    if is_coloured(entries):
        colours = sorted(set(labels) - {0, _UNLABELLED_COLOUR}, key=lambda value: value.to_bytes(4, "little"))
        ids = {0: 0, _UNLABELLED_COLOUR: 1, **{colour: place + 2 for place, colour in enumerate(colours)}}
    else:
        ids = {0: 0, 1: 1, **{number: number for number in labels}}
    return ids, {ids[value]: text for value, text in sorted(labels.items(), key=lambda item: ids[item[0]]) if text}


@dataclass(frozen=True)
class Match:
    """How an instance map and the objects of a view belong together.

    `ids` is the id of each object, 0 for one without an entry; `table` maps pixel value -> id of the object, 0 for
    pixels of no object; `others` counts entries that are a prim but no object.
    """

    ids: list[int]
    table: dict[int, int]
    others: int


def matched(
    annotation: Annotation, row_of_path: Mapping[str, int | None], tracks: Sequence[str], *, leaves: bool
) -> Match:
    """Objects and map entries joined by prim path.

    An object's id is its own prim's, or the least one among the parts merged into it, whose pixels get it too.
    Colours are numbered from 2 on by (r, g, b, a).

    Args:
        row_of_path: path -> row of the object that it belongs to, None for a path that was dropped.
        leaves: entries are leaf geometry: a path that is not in `row_of_path` belongs to the nearest one above that is.

    Raises:
        InputError: as `paths_of`.
    """
    paths = paths_of(annotation)
    coloured = is_coloured(annotation.side["idToLabels"])
    order = sorted(paths, key=lambda value: value.to_bytes(4, "little") if coloured else value.to_bytes(4, "big"))
    number_of = {value: place + 2 if coloured else value for place, value in enumerate(v for v in order if paths[v])}
    ids, own = [0] * len(tracks), [False] * len(tracks)
    row_of_value = {}
    for value, number in number_of.items():
        row = _row_of(paths[value], row_of_path, leaves)
        if row is None:
            continue
        row_of_value[value] = row
        if not own[row] and (ids[row] == 0 or paths[value] == tracks[row]):
            ids[row], own[row] = number, paths[value] == tracks[row]
    table = {0: 0, _UNLABELLED_COLOUR if coloured else 1: 0, **dict.fromkeys(paths, 0)}
    table |= {value: ids[row] for value, row in row_of_value.items()}
    return Match(ids, table, len(number_of) - len(row_of_value))


def _row_of(path: str, row_of_path: Mapping[str, int | None], leaves: bool) -> int | None:
    if leaves and path not in row_of_path:
        path = next((parent for parent in ancestors(path) if parent in row_of_path), path)
    return row_of_path.get(path)


@dataclass(frozen=True)
class Lookup:
    """A channel source: an id map whose pixel values are exchanged when it is first used.

    `table` maps pixel value -> id. Every pixel must have an entry.
    """

    pixels: Pixels
    table: Mapping[int, int]
    size_wh: tuple[int, int]
    where: str
    coloured: bool

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes if isinstance(self.pixels, np.ndarray) else 0

    def __call__(self) -> Array:
        """uint32 (H, W).

        Raises:
            InputError: a pixel whose value has no entry, with the value and the first such pixel.
        """
        values = packed(loaded(self.pixels), self.size_wh, self.where)
        keys = np.array(sorted(self.table), np.uint32)
        targets = np.array([self.table[key] for key in keys.tolist()], np.uint32)
        # Searched for once a run of equal pixels, of which there are few, and not once a pixel.
        flat = values.reshape(-1)
        starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
        heads = flat[starts]
        places = np.minimum(np.searchsorted(keys, heads), len(keys) - 1)
        missing = keys[places] != heads
        if missing.any():
            self._refuse(values, np.isin(values, heads[missing]))
        return np.repeat(targets[places], np.diff(starts, append=len(flat))).reshape(values.shape)

    def _refuse(self, values: Array, missing: Array) -> None:
        y, x = (int(place) for place in np.argwhere(missing)[0])
        value = int(values[y, x])
        name = f"colour {tuple(value.to_bytes(4, 'little'))}" if self.coloured else f"id {value}"
        raise InputError(
            f"{self.where}: {name} at pixel x {x}, y {y} has no entry in its map of {len(self.table)}; "
            "the map is of another frame or was cut short, or the image was resized or saved with loss"
        )


def rows_of_map(annotation: Annotation, size_wh: tuple[int, int], taxonomy: str) -> Rows:
    """An instance map's own prims as 2D rows, for captures without box annotators: what is visible, measured.

    Raises:
        InputError: as `packed`; a prim with two ids, or an id without an entry.
    """
    where = annotation.where
    paths, labels = paths_of(annotation), labels_of(annotation.side["idToSemantics"], taxonomy, where)
    ids, box = boxes_of_ids(packed(annotation.array(), size_wh, where))
    found = [(number, place) for place, number in enumerate(ids.tolist()) if paths.get(number)]
    records = np.zeros(len(found), [(name, "<i8") for name in ("semanticId", "x_min", "y_min", "x_max", "y_max")])
    records["semanticId"] = [number for number, _ in found]
    for axis, name in enumerate(("x_min", "y_min", "x_max", "y_max")):
        records[name] = box[[place for _, place in found], axis] - (axis > 1)
    keys = tuple(paths[number] for number, _ in found)
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{where}: several ids stand for {twice}; capture bounding_box_2d_tight as well")
    return Rows(records, keys, tuple(labels.get(number, ()) for number, _ in found), where)


def boxes_of_ids(ids: Array) -> tuple[Array, Array]:
    """Ids of a map (H, W), ascending, and their bounds int64 (N, 4) x0 y0 x1 y1, half-open [px]."""
    width = ids.shape[1]
    breaks = np.ones(ids.shape, bool)
    breaks[:, 1:] = ids[:, 1:] != ids[:, :-1]
    start = np.flatnonzero(breaks)
    end = np.append(start[1:], ids.size)
    found, group = np.unique(ids.reshape(-1)[start], return_inverse=True)
    box = np.empty((len(found), 4), np.int64)
    box[:, :2], box[:, 2:] = ids.size, 0
    row = start // width
    for axis, value in enumerate((start - row * width, row, end - row * width, row + 1)):
        (np.minimum if axis < 2 else np.maximum).at(box[:, axis], group, value)
    return found, box
