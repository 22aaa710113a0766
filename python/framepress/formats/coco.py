"""`annotations/instances_<split>.json`, `annotations/person_keypoints_<split>.json`, `images/<split>/<frame>.<ext>`.

Edge pixels: bbox is x y w h, polygons run along pixel edges; key points alone are pixel indices (edge - 0.5).
https://cocodataset.org/#format-data, as pycocotools, Datumaro and Detectron2 read it.

`<split>` is `default` where a dataset has no splits. The key-point file is there when a class has key points; it holds
the objects of those classes once more, under the same ids, as COCO's own does. An object that nothing shows (no visible
box inside the image) is left out and counted; a frame without objects is an image without annotations. What COCO has no
field for is kept beside its fields under our own names, which readers skip: `coco_json.EXTRAS` and `image_entry`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from framepress.core import Frame, LabelMap, View
from framepress.errors import InputError, OptionError
from framepress.formats.base import Files, Format, Row, Rows, image_file
from framepress.formats.coco_json import (
    EXTRAS,
    INFO,
    SEGMENTATIONS,
    annotations_of,
    category,
    category_ids,
    image_entry,
    keypoint_fields,
    polygons,
)
from framepress.formats.visible import visible_boxes

__all__ = ["FORMAT", "Writer", "looks_like", "read", "read_labels"]

Json = dict[str, Any]

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class Writer:
    """Writes COCO.

    Args:
        images: `keep` the source's PNG or JPEG as it is, encode as `png` or `jpeg`, or write `none`.
        quality: of `jpeg`.
        segmentation: `rle` holds every mask; `polygon` is exact polygons along pixel edges, and RLE for the masks that
            a polygon cannot hold (those with holes, counted); `none` is boxes alone.

    Raises:
        OptionError: a value that is none of these.
    """

    def __init__(self, *, images: str = "keep", quality: int = 95, segmentation: str = "rle") -> None:
        for name, value, allowed in (
            ("images", images, ("keep", "png", "jpeg", "none")),
            ("segmentation", segmentation, tuple(SEGMENTATIONS)),
        ):
            if value not in allowed:
                raise OptionError(f"{name}={value!r}: must be one of {', '.join(allowed)}")
        if not 1 <= quality <= 100:
            raise OptionError(f"quality={quality}: must be 1 to 100")
        self.needs = frozenset() if images == "none" else frozenset({"rgb"})
        left_out = {"rgb": images == "none", "mask": segmentation == "none", "polygons": segmentation == "none"}
        self.carries = FORMAT.carries - {name for name, absent in left_out.items() if absent}
        self._images, self._quality, self._segmentation = images, quality, segmentation

    def add(self, frame: Frame, files: Files) -> Row:
        names: list[str] = []
        counts: Counter[str] = Counter()
        for view in frame.views:
            stem, extension = frame.stem(view), ".png"
            if self._images != "none":
                where = f"frame {frame.id}, view {view.name!r}" if view.name else f"frame {frame.id}"
                extension, content = image_file(view, self._images, quality=self._quality, where=where)
                files.put(f"images/{_split(frame)}/{stem}{extension}", content)
            names.append(stem + extension)
            counts.update(self._census(view))
        return {"images": names, "counts": {name: count for name, count in sorted(counts.items()) if count}}

    def _census(self, view: View) -> dict[str, int]:
        objects = view.objects
        boxes = visible_boxes(objects, view.camera.size_wh)
        shown = ~np.isnan(boxes[:, 0])
        counts = {
            "objects": int(shown.sum()),
            "objects_hidden": int((~shown).sum()),
            "boxes_clipped": int((shown & ((objects.box != boxes) & ~np.isnan(objects.box)).any(1)).sum()),
        }
        masked = [row for row in np.flatnonzero(shown).tolist() if objects.mask[row] is not None]
        if self._segmentation != "none":
            counts["polygons_replaced_by_mask"] = sum(objects.polygons[row] is not None for row in masked)
        if self._segmentation == "polygon":
            singles = [row for row in masked if not objects.crowd[row]]
            counts["masks_without_polygon"] = sum(isinstance(held, dict) for held in polygons(objects, singles))
        return counts

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None:
        with ExitStack() as stack:
            press = _Press(labels, self._segmentation, stack)
            for frame, row in rows():
                for view, name in zip(frame.views, row["images"], strict=True):
                    press.add(frame, view, name)
            press.publish(files)


class _Press:
    """One pass over a dataset's records: numbers images and annotations, gathers each split's lists on disk."""

    def __init__(self, labels: LabelMap, segmentation: str, stack: ExitStack) -> None:
        self._labels, self._segmentation, self._stack = labels, segmentation, stack
        self._category_ids = category_ids(labels)
        self._points = {code: len(label.keypoints) for code, label in enumerate(labels.labels) if label.keypoints}
        self._splits: dict[str, _Lists] = {}
        self._images = self._annotations = 0

    def add(self, frame: Frame, view: View, name: str) -> None:
        split = _split(frame)
        if split not in self._splits:
            self._splits[split] = _Lists(self._stack)
        lists = self._splits[split]
        where = f"frame {frame.id}, image {name}"
        self._images += 1
        lists.images.write(image_entry(frame, view, self._images, name), where)
        for row, fields in annotations_of(view.objects, view.camera.size_wh, self._segmentation):
            self._annotations += 1
            code = int(view.objects.label[row])
            ids = {"id": self._annotations, "image_id": self._images, "category_id": self._category_ids[code]}
            annotation = ids | fields
            lists.annotations.write(annotation, where)
            marks = view.objects.keypoints[row]
            if marks is not None or self._labels.labels[code].keypoints:
                # A class without named points has as many as its first object.
                count = self._points.setdefault(code, 0 if marks is None else len(marks))
                points = keypoint_fields(marks, count, f"{where}: {self._labels.names[code]}")
                lists.keypoints.write(annotation | points, where)

    def publish(self, files: Files) -> None:
        categories = [
            category(label, self._category_ids[code], self._points.get(code, 0))
            for code, label in enumerate(self._labels.labels)
        ]
        for split, lists in (self._splits or {"default": _Lists(self._stack)}).items():
            _publish(files, f"annotations/instances_{split}.json", categories, lists.images, lists.annotations)
            if self._points:
                pointed = [entry for entry in categories if "keypoints" in entry]
                path = f"annotations/person_keypoints_{split}.json"
                _publish(files, path, pointed, lists.images, lists.keypoints)


class _Entries:
    """The entries of a JSON list, a line each, gathered on disk."""

    def __init__(self, stack: ExitStack) -> None:
        self._file = stack.enter_context(tempfile.TemporaryFile())
        self._separator = b"\n"

    def write(self, entry: Json, where: str) -> None:
        try:
            text = _ENCODER.encode(entry)
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: cannot be written as JSON: {error}") from error
        self._file.write(self._separator + text.encode("ascii"))
        self._separator = b",\n"

    def copy_to(self, file: BinaryIO) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, 1 << 16)


class _Lists:
    def __init__(self, stack: ExitStack) -> None:
        self.images, self.annotations, self.keypoints = _Entries(stack), _Entries(stack), _Entries(stack)


def _publish(files: Files, path: str, categories: list[Json], images: _Entries, annotations: _Entries) -> None:
    head = _ENCODER.encode({"info": INFO, "licenses": [], "categories": categories})
    with files.file(path) as file:
        file.write(head[:-1].encode("ascii") + b',\n"images":[')
        images.copy_to(file)
        file.write(b'],\n"annotations":[')
        annotations.copy_to(file)
        file.write(b"]}\n")


def _split(frame: Frame) -> str:
    return frame.split or "default"


def read(path: Path, *, images: str = "", boxes: str = "strict") -> Iterator[Frame]:
    """Frames of a COCO folder, or of one of its JSON files.

    Args:
        images: the folder that `file_name` is relative to, where it is not one of the usual ones.
        boxes: `strict` refuses a box that is empty or leaves the image by more than a pixel; `clip` cuts it, keeps
            what was read as `box_full`, and leaves an object of which nothing remains without a visible box.

    Raises:
        InputError: anything in the files that is not sound, with file, entry and value.
    """
    from framepress.formats import coco_read  # from here on msgspec is needed, which Kit does not have

    return coco_read.frames(Path(path), images, boxes)


def read_labels(path: Path) -> LabelMap:
    """The classes of all files, ids kept.

    Raises:
        InputError: the files contradict each other or are no COCO.
    """
    from framepress.formats import coco_read

    return coco_read.labels(Path(path))


def looks_like(path: Path) -> bool:
    """A folder with `annotations/instances_*.json` or the like, or one JSON file that begins as COCO does."""
    if path.is_dir():
        patterns = ("annotations/instances_*.json", "annotations/person_keypoints_*.json", "*/_annotations.coco.json")
        return any(True for pattern in patterns for _ in path.glob(pattern))
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(1 << 16)
    return head.lstrip().startswith(b"{") and any(key in head for key in (b'"images"', b'"annotations"', b'"licenses"'))


FORMAT = Format(
    "coco",
    "COCO: detection, instance masks, key points",
    carries=frozenset(
        "rgb label box area mask crowd polygons keypoints"
        " camera pose distortion sequence time task text meta views".split()
    )
    | frozenset(column for column, _ in EXTRAS.values()),
    writer=Writer,
    read=read,
    read_labels=read_labels,
    looks_like=looks_like,
    left_out=("objects_hidden",),
)
