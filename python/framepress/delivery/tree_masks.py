"""`images/`, `masks/` and `instances/`, each `[<split>/]<frame>.png`; `classes.txt`, `palette.csv`, `instances.csv`.

Masks are 8-bit palette PNGs whose value is the class: 0 is background, 1 the first class of the list, as line 1 of
`classes.txt` says, which counts from 0. Instances are 16-bit grey PNGs whose value is the object's row in
`instances.csv` of that image, 1 to 65535, 0 where no object is. `splits/<split>.txt` has a line an image: image, mask
and instances, with blanks between.

A pixel has the class of its object; where none is, that of the semantic channel, as far as it is in the list. Objects
that overlap (of datasets without an instance channel) are painted from the largest to the smallest. Palettes are those
of the classes' own colours, else of Pascal VOC.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from framepress.core import Frame, LabelMap, View
from framepress.core.arrays import Array
from framepress.delivery.painting import filled
from framepress.delivery.tree import Leaf, Leaves, ViewRow, image_leaf, place_of, where
from framepress.errors import InputError, OptionError
from framepress.ops import rle
from framepress.quality.report.csv_table import csv_table
from framepress.storage import png

__all__ = ["MaskTree", "palette_of", "paletted"]

_CLASSES, _OBJECTS = 255, 0xFFFF


class MaskTree:
    """Args:
    labels: the classes, in order.

    Raises:
        OptionError: there are more than a palette holds.
    """

    def __init__(self, labels: LabelMap) -> None:
        if len(labels) > _CLASSES:
            raise OptionError(
                f"{len(labels)} classes: masks of 8 bits hold {_CLASSES}; name fewer with --labels, and --unlisted drop"
            )
        self._labels = labels
        self._palette = palette_of(labels)

    def leaves(self, frame: Frame) -> Leaves:
        """Raises:
        InputError: a view has no pixels of classes or objects, or more objects than 16 bits number.
        """
        files, rows = [], []
        counts: Counter[str] = Counter()
        for view in frame.views:
            picture = image_leaf("images", frame, view)
            objects = _object_rows(frame, view)
            classes = self._classes(view, objects)
            place = place_of(frame, view)
            mask = Leaf(f"masks/{place}.png", paletted(png.encode(classes), self._palette))
            instances = Leaf(f"instances/{place}.png", png.encode(objects.astype(np.uint16)))
            files += [picture, mask, instances]
            paths = {"image": picture.path, "mask": mask.path, "instances": instances.path}
            rows.append({"view": view.name, **paths, "objects": self._told(view)})
            unseen = len(view.objects) - np.count_nonzero(np.unique(objects))
            counts["objects without a pixel"] += int(unseen)
        return Leaves(files, rows, {name: count for name, count in sorted(counts.items()) if count})

    def _classes(self, view: View, objects: Array) -> Array:
        """uint8 (H, W)"""
        if "semantic" in view.channels:
            found = self._of_semantics(view.channels["semantic"], view.names)
        else:
            found = np.zeros(objects.shape, np.uint8)
        of_row = np.array([0, *(self._labels.code(label) + 1 for label in view.objects.labels)], np.uint8)
        return np.where(objects > 0, of_row[objects], found)

    def _of_semantics(self, semantic: Array, names: Mapping[int, str]) -> Array:
        ids, at = np.unique(semantic, return_inverse=True)
        codes = (self._labels.find(names.get(int(number), "")) for number in ids)
        values = np.array([0 if code is None else code + 1 for code in codes], np.uint8)
        return values[at.reshape(semantic.shape)]

    def _told(self, view: View) -> list[list[Any]]:
        objects = view.objects
        return [
            [self._labels.code(label) + 1, label, number, track, int(crowd)]
            for label, number, track, crowd in zip(
                objects.labels, objects.id.tolist(), objects.track, objects.crowd.tolist(), strict=True
            )
        ]

    def shared(self, labels: LabelMap, rows: Sequence[tuple[Mapping[str, Any], ViewRow]]) -> dict[str, bytes | None]:
        classes = ["background", *labels.names]
        listed: dict[str, list[str]] = {}
        told = []
        for frame, view in rows:
            line = f"{view['image']} {view['mask']} {view['instances']}\n"
            listed.setdefault(frame.get("split", "") or "all", []).append(line)
            told += [(view["instances"], value, *row) for value, row in enumerate(view["objects"], 1)]
        colours = (
            (value, name, *colour) for value, (name, colour) in enumerate(zip(classes, palette_of(labels), strict=True))
        )
        return {
            "classes.txt": "".join(f"{name}\n" for name in classes).encode(),
            "palette.csv": csv_table(("value", "class", "red", "green", "blue"), colours),
            "instances.csv": csv_table(("file", "value", "class_value", "class", "id", "track", "crowd"), told),
            **{f"splits/{name}.txt": "".join(lines).encode() for name, lines in sorted(listed.items())},
        }


def _object_rows(frame: Frame, view: View) -> Array:
    """int64 (H, W): 1 and the row of the object that shows, 0 where none does."""
    objects, (width, height) = view.objects, view.camera.size_wh
    if len(objects) > _OBJECTS:
        raise InputError(f"{where(frame, view)}: {len(objects)} objects; 16 bits number {_OBJECTS}")
    if "instance" in view.channels:
        return _rows_of_ids(view.channels["instance"], objects.id)
    shaped = [mask is not None or bool(rings) for mask, rings in zip(objects.mask, objects.polygons, strict=True)]
    if not any(shaped) and len(objects) and "semantic" not in view.channels:
        raise InputError(
            f"{where(frame, view)}: objects have boxes only, and there is no semantic or instance channel; capture "
            "one, or organise a dataset that has masks or polygons"
        )
    masks = {row: _mask(view, row, height, width) for row in np.flatnonzero(shaped).tolist()}
    found = np.zeros((height, width), np.int64)
    for row in sorted(masks, key=lambda row: (-int(masks[row].sum()), row)):
        found[masks[row]] = row + 1
    return found


def _mask(view: View, row: int, height: int, width: int) -> Array:
    """bool (H, W)"""
    mask, rings = view.objects.mask[row], view.objects.polygons[row]
    return rle.decode(mask).astype(bool) if mask is not None else filled(rings or (), height, width)


def _rows_of_ids(instance: Array, ids: Array) -> Array:
    known = np.flatnonzero(ids > 0)
    order = known[np.argsort(ids[known], kind="stable")]
    if not order.size:
        return np.zeros(instance.shape, np.int64)
    place = np.searchsorted(ids[order], instance).clip(max=order.size - 1)
    return np.where(ids[order][place] == instance, order[place] + 1, 0)


def palette_of(labels: LabelMap) -> list[tuple[int, int, int]]:
    """The colour of each value: black, then that of each class, or Pascal VOC's of that number."""
    own = ((0, 0, 0), *(label.colour for label in labels.labels))
    return [_voc(value) if colour is None else colour for value, colour in enumerate(own)]


def _voc(value: int) -> tuple[int, int, int]:
    """The bits of a number dealt out to red, green and blue, the highest first (VOC 2012 development kit)."""
    parts = [0, 0, 0]
    for bit in range(8):
        parts[bit % 3] |= (value >> bit & 1) << (7 - bit // 3)
    return parts[0], parts[1], parts[2]


def paletted(grey: bytes, palette: Sequence[tuple[int, int, int]]) -> bytes:
    """A PNG of 8-bit grey as one of a palette: the same pixels, with another header (W3C PNG, 11.2)."""
    header = grey[16:25] + b"\x03" + grey[26:29]  # colour type 3
    chunks = _chunk(b"IHDR", header) + _chunk(b"PLTE", bytes(part for colour in palette for part in colour))
    return grey[:8] + chunks + grey[33:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
