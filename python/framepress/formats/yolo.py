"""`images/<split>/<frame>.<ext>`, `labels/<split>/<frame>.txt`, `data.yaml`, `classes.txt`.

Edge pixels over the image's width and height, eight decimals: `class cx cy w h`, or `class x1 y1 x2 y2 ...`, one ring.
https://docs.ultralytics.com/datasets/detect/ and .../segment/, as Ultralytics' own scan accepts them.

Files are one folder deep (`yolo_names`). Everything is `train` where a dataset has no splits, and `val` names the same
images where there is no such split, because trainers ask for both. YOLO has no crowds: they are left out and counted,
as is an object that nothing shows, a row that is there already (readers drop it), and in segment an object without a
mask.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core import Frame, LabelMap, View
from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.formats.base import Files, Format, Row, Rows, by_stem, image_file
from framepress.formats.visible import visible_boxes
from framepress.formats.yolo_names import file_stem, split_folder
from framepress.ops.polygons import bridged_ring, pixel_centres, rings_of_rles

__all__ = ["FORMAT", "Writer", "looks_like", "read", "read_labels"]

_SMALLEST_SIDE = 10  # px; Ultralytics takes smaller images for corrupt
_SMALLEST = 1e-8  # of the image: what eight decimals can still tell from 0
_SPLITS = ("train", "val", "test")
_KEYS = frozenset("path minival nc names kpt_shape flip_idx channels download yaml_file kpt_names".split())


class Writer:
    """Writes Ultralytics' YOLO.

    Args:
        task: `detect` writes boxes, `segment` one polygon an object: parts and holes are joined by seams of no width.
        images: `keep` the source's PNG or JPEG as it is, encode as `png` or `jpeg`, or write `none`.
        quality: of `jpeg`.
        raster: of polygons. `edge` follows pixel edges: exact geometry and boxes, but Ultralytics, which cuts to whole
            pixels and paints the border too, gains a row and a column. `fillpoly` stays a quarter of a pixel inside:
            the very pixels there, except for those on a seam between parts; boxes are smaller by half a pixel.

    Raises:
        OptionError: a value that is none of these.
    """

    def __init__(self, *, task: str = "detect", images: str = "keep", quality: int = 95, raster: str = "edge") -> None:
        for name, value, allowed in (
            ("task", task, ("detect", "segment")),
            ("images", images, ("keep", "png", "jpeg", "none")),
            ("raster", raster, ("edge", "fillpoly")),
        ):
            if value not in allowed:
                raise OptionError(f"{name}={value!r}: must be one of {', '.join(allowed)}")
        if not 1 <= quality <= 100:
            raise OptionError(f"quality={quality}: must be 1 to 100")
        self.needs = frozenset() if images == "none" else frozenset({"rgb"})
        left_out = {"rgb": images == "none", "mask": task == "detect"}
        self.carries = FORMAT.carries - {name for name, absent in left_out.items() if absent}
        self._task, self._images, self._quality, self._raster = task, images, quality, raster

    def add(self, frame: Frame, files: Files) -> Row:
        if frame.split in _KEYS:
            raise OptionError(f"frame {frame.id}: data.yaml has a key {frame.split!r} already; rename the split")
        counts: Counter[str] = Counter()
        for view in frame.views:
            place = f"{split_folder(_split(frame))}/{file_stem(frame.stem(view))}"
            if self._images != "none":
                where = f"frame {frame.id}, view {view.name!r}" if view.name else f"frame {frame.id}"
                extension, content = image_file(view, self._images, quality=self._quality, where=where)
                files.put(f"images/{place}{extension}", content)
            lines = self._lines(view, counts)
            files.put(f"labels/{place}.txt", "".join(lines).encode("ascii"))
            counts["images_below_10_px"] += min(view.camera.size_wh) < _SMALLEST_SIDE
        return {"counts": {name: count for name, count in sorted(counts.items()) if count}}

    def _lines(self, view: View, counts: Counter[str]) -> list[str]:
        """The rows of a label file; what becomes of every object is counted."""
        objects, size_wh = view.objects, view.camera.size_wh
        boxes = visible_boxes(objects, size_wh)
        seen = (boxes[:, 2:] - boxes[:, :2] > np.multiply(size_wh, _SMALLEST)).all(1)
        counts["objects_hidden"] += int((~seen & ~objects.crowd).sum())
        counts["crowds"] += int(objects.crowd.sum())
        seen &= ~objects.crowd
        counts["boxes_clipped"] += int((seen & ((objects.box != boxes) & ~np.isnan(objects.box)).any(1)).sum())
        shapes: Sequence[tuple[int, Sequence[str]]]
        shapes = self._rings(view, seen) if self._task == "segment" else _boxes(boxes, seen, size_wh)
        counts["objects_without_mask"] += int(seen.sum()) - len(shapes)
        lines = [f"{objects.label[row]} {' '.join(tokens)}\n" for row, tokens in shapes]
        unique = list(dict.fromkeys(lines))
        counts["objects"] += len(unique)
        counts["duplicate_rows"] += len(lines) - len(unique)
        return unique

    def _rings(self, view: View, seen: Array) -> list[tuple[int, list[str]]]:
        """Row of the table and coordinates of every object that has a mask or polygons."""
        objects, (width, height) = view.objects, view.camera.size_wh
        masks = {row: mask for row in np.flatnonzero(seen).tolist() if (mask := objects.mask[row]) is not None}
        traced = rings_of_rles(list(masks.values()))
        numbers = {row: number for number, row in enumerate(masks)}
        shapes = []
        for row in np.flatnonzero(seen).tolist():
            if row in numbers:
                outers, holes = traced.outers(numbers[row]), traced.holes(numbers[row])
                ring = self._ring(outers, holes) if outers else np.empty((0, 2))
            else:
                polygons = objects.polygons[row]
                ring = np.clip(bridged_ring(polygons), 0, (width, height)) if polygons else np.empty((0, 2))
            if len(ring):
                tokens = [""] * (2 * len(ring))
                tokens[0::2], tokens[1::2] = _tokens(ring[:, 0], width), _tokens(ring[:, 1], height)
                shapes.append((row, tokens))
        return shapes

    def _ring(self, outers: list[Array], holes: list[Array]) -> Array:
        if self._raster == "fillpoly":
            # Anything from 0 to 1 inside is cut to the right pixel; a quarter leaves thin objects a size as well.
            outers, holes = ([(ring + pixel_centres(ring)) / 2 for ring in rings] for rings in (outers, holes))
        return bridged_ring(outers, holes)

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None:
        splits = sorted({_split(frame) for frame, _ in rows()}) or ["train"]
        files.put("data.yaml", _data_yaml(splits, labels).encode("ascii"))
        files.put("classes.txt", "".join(f"{name}\n" for name in labels.names).encode())


def _boxes(boxes: Array, seen: Array, size_wh: tuple[int, int]) -> list[tuple[int, tuple[str, ...]]]:
    """Row of the table and centre and size of every object that is seen."""
    width, height = size_wh
    x0, y0, x1, y1 = boxes[seen].T
    columns = (((x0 + x1) / 2, width), ((y0 + y1) / 2, height), (x1 - x0, width), (y1 - y0, height))
    tokens = zip(*(_tokens(values, size) for values, size in columns), strict=True)
    return list(zip(np.flatnonzero(seen).tolist(), tokens, strict=True))


def _tokens(values: Array, size: int) -> list[str]:
    """Pixels as texts of their share of the image; most are whole, half or quarter pixels, so that a table has them."""
    quarters = 4 * values
    whole = np.rint(quarters)
    if (whole == quarters).all():
        found: list[str] = _shares(size)[whole.astype(np.intp)].tolist()
        return found
    return [f"{value / size:.8f}" for value in values.tolist()]


@lru_cache(maxsize=32)
def _shares(size: int) -> Array:
    """The text of every quarter of a pixel of 0..size."""
    return np.array([f"{quarter / (4 * size):.8f}" for quarter in range(4 * size + 1)], object)


def _data_yaml(splits: list[str], labels: LabelMap) -> str:
    """No `path`, so that the folder can be moved; every text quoted, because YAML reads `yes` as a truth value."""
    train = "train" if "train" in splits else splits[0]
    listed = {"train": train, "val": "val" if "val" in splits else train}
    listed |= {split: split for split in splits}
    lines = [
        f"{key if key in _SPLITS else _quoted(key)}: {_quoted('images/' + split_folder(split))}"
        for key, split in listed.items()
    ]
    lines.append(f"nc: {len(labels)}")
    lines.append("names:" if len(labels) else "names: {}")
    lines += [f"  {number}: {_quoted(name)}" for number, name in enumerate(labels.names)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """YAML's double-quoted form, in ASCII."""
    escaped = (f"\\{char}" if char in '"\\' else char if " " <= char <= "~" else f"\\U{ord(char):08X}" for char in text)
    return f'"{"".join(escaped)}"'


def _split(frame: Frame) -> str:
    return frame.split or "train"


def read(path: Path) -> Iterator[Frame]:
    """Frames of a folder with a `data.yaml`, or of that file: detect, segment, and pose where it has a `kpt_shape`.

    An image's size comes from its header; an image without a label file has no objects. Rows of nine numbers are
    polygons of four points. What lies within the rounding of six decimals of a whole, half or quarter pixel is taken
    for that.

    Raises:
        InputError: anything in the files that is not sound, with file, line and value.
    """
    from framepress.formats import yolo_read

    return yolo_read.frames(Path(path))


def read_labels(path: Path) -> LabelMap:
    """The classes that `data.yaml` names.

    Raises:
        InputError: there is no such file, or the names do not count from 0 on.
    """
    from framepress.formats import yolo_read

    return yolo_read.labels(Path(path))


def looks_like(path: Path) -> bool:
    """A folder with a `data.yaml` that has names and a split, or such a file."""
    file = path / "data.yaml" if path.is_dir() else path
    if file.suffix.lower() not in (".yaml", ".yml") or not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
    return all(re.search(key, head, re.MULTILINE) for key in (rb"^\W?names\W?\s*:", rb"^\W?(train|val|test)\W?\s*:"))


def _box_within(options: Mapping[str, Any]) -> float:
    """Corners for `fillpoly` lie a quarter of a pixel inside."""
    inside = options["task"] == "segment" and options["raster"] == "fillpoly"
    return 0.2501 if inside else 1e-4


def _as_found(features: Mapping[str, int], frames: int) -> dict[str, Any]:
    """Where all objects are polygons, they shall not become boxes."""
    outlined = features.get("polygons", 0)
    return {"task": "segment"} if outlined and outlined == features.get("label", 0) else {}


FORMAT = Format(
    "yolo",
    "YOLO (Ultralytics): detection and segmentation",
    carries=frozenset({"rgb", "box", "label", "mask"}),
    writer=Writer,
    read=read,
    read_labels=read_labels,
    looks_like=looks_like,
    key=by_stem,
    left_out=("crowds", "objects_hidden", "objects_without_mask", "duplicate_rows"),
    box_within=_box_within,
    as_found=_as_found,
)
