"""What can be put right in a COCO file: each fix by the code of the rule that finds it. Unknown fields stay."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from framepress.core import Rle
from framepress.core.files import read_file
from framepress.errors import InputError
from framepress.ops import rle
from framepress.quality.fixes.change import Change

__all__ = ["CODES", "changes"]

Json = dict[str, Any]
Fix = Callable[[Json], int]
_PLACES = ("annotations/*.json", "*/_annotations.coco.json", "_annotations.coco.json")


def changes(root: Path, codes: Collection[str]) -> Iterator[Change]:
    """The files of a COCO dataset that fixes of these codes change.

    Raises:
        InputError: a file cannot be read.
    """
    files = [root] if root.is_file() else sorted({file for place in _PLACES for file in root.glob(place)})
    for file in files:
        document = None if file.is_symlink() else _document(file)  # a copy holds nothing from elsewhere
        made: Counter[str] = Counter()
        if document is not None:
            made = Counter({code: count for code, fix in _FIXES.items() if code in codes and (count := fix(document))})
        if made:
            name = file.name if root.is_file() else file.relative_to(root).as_posix()
            yield Change(name, json.dumps(document, ensure_ascii=False).encode(), made)


def _document(file: Path) -> Json | None:
    """None where there is nothing that could be put right without guessing."""
    try:
        document = json.loads(read_file(file))
        json.dumps(document, allow_nan=False)  # a number that is none has no right value
    except (ValueError, RecursionError):
        return None
    lists = isinstance(document, dict) and all(
        isinstance(document.get(name), list) and all(isinstance(entry, dict) for entry in document[name])
        for name in ("images", "annotations", "categories")
    )
    return document if lists else None


def _counts_as_text(document: Json) -> int:
    """COCO-010: `"b'...'"`, the print of a Python bytes object, holds the text."""
    done = 0
    for entry in document["annotations"]:
        mask = entry.get("segmentation")
        counts = mask.get("counts") if isinstance(mask, dict) else None
        if isinstance(counts, str) and counts[:2] in ("b'", 'b"'):
            try:
                mask["counts"] = ast.literal_eval(counts).decode("ascii")
                done += 1
            except (ValueError, SyntaxError, UnicodeDecodeError):
                continue
    return done


def _rings_in_lists(document: Json) -> int:
    """COCO-007: one polygon that is not inside of a list."""
    done = 0
    for entry in document["annotations"]:
        ring = entry.get("segmentation")
        if isinstance(ring, list) and ring and all(type(value) in (int, float) for value in ring):
            entry["segmentation"] = [ring]
            done += 1
    return done


def _ids_from_one(document: Json) -> int:
    """COCO-001, COCO-002: annotations are numbered from 1, in their order; nothing in COCO refers to their ids."""
    entries = document["annotations"]
    if not _renumbered(entries):
        return 0
    for number, entry in enumerate(entries, start=1):
        entry["id"] = number
    return len(entries)


def _renumbered(entries: list[Json]) -> bool:
    ids = [entry.get("id") for entry in entries]
    whole = all(type(number) is int for number in ids)
    return whole and (0 in ids or len(set(ids)) < len(ids))


def _required_fields(document: Json) -> int:
    """COCO-004: the area of an object with run lengths; whether one without `iscrowd` is a crowd would be a guess."""
    done = 0
    sizes = _sizes(document)
    for entry in document["annotations"]:
        mask = _mask(entry, sizes)
        area = entry.get("area")
        if mask is not None and (type(area) not in (int, float) or area < 0):
            entry["area"] = rle.area(mask)
            done += 1
    return done


def _boxes_of_masks(document: Json) -> int:
    """COCO-006: the box of an object with run lengths is the bounds of its pixels."""
    done = 0
    sizes = _sizes(document)
    for entry in document["annotations"]:
        mask = _mask(entry, sizes)
        if mask is None or not rle.area(mask):
            continue
        x0, y0, x1, y1 = rle.bounds(mask)
        bounds = [x0, y0, x1 - x0, y1 - y0]
        box = entry.get("bbox")
        if _is_box(box) and max(abs(a - b) for a, b in zip(box, bounds, strict=True)) > 0.5:
            entry["bbox"] = bounds
            done += 1
    return done


def _areas_of_masks(document: Json) -> int:
    """COCO-015: the area of an object with run lengths is the number of its pixels."""
    done = 0
    sizes = _sizes(document)
    for entry in document["annotations"]:
        mask = _mask(entry, sizes)
        if mask is not None and type(entry.get("area")) in (int, float) and abs(entry["area"] - rle.area(mask)) > 0.5:
            entry["area"] = rle.area(mask)
            done += 1
    return done


def _points_counted(document: Json) -> int:
    """COCO-017: `num_keypoints` is the number of points with v > 0."""
    done = 0
    for entry in document["annotations"]:
        points = entry.get("keypoints")
        if not isinstance(points, list) or len(points) % 3 or any(type(v) not in (int, float) for v in points):
            continue
        count = sum(v > 0 for v in points[2::3])
        if entry.get("num_keypoints") != count:
            entry["num_keypoints"] = count
            done += 1
    return done


def _licenses_that_are_listed(document: Json) -> int:
    """COCO-019: a license that nobody listed says nothing."""
    listed = document.get("licenses", [])
    known = {entry.get("id") for entry in listed if isinstance(entry, dict)} if isinstance(listed, list) else set()
    done = 0
    for image in document["images"]:
        if "license" in image and image["license"] not in known:
            del image["license"]
            done += 1
    return done


def _sizes(document: Json) -> dict[Any, tuple[int, int]]:
    """Image id -> (height, width)."""
    return {
        image["id"]: (image["height"], image["width"])
        for image in document["images"]
        if type(image.get("id")) is int and type(image.get("height")) is int and type(image.get("width")) is int
    }


def _mask(entry: Json, sizes: dict[Any, tuple[int, int]]) -> Rle | None:
    """Run lengths that are whole and fit their image; None for anything else."""
    size = sizes.get(entry.get("image_id")) if type(entry.get("image_id")) is int else None
    if size is None or not isinstance(entry.get("segmentation"), dict):
        return None
    try:
        return rle.checked(entry["segmentation"], "", size)
    except InputError:
        return None


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 4 and all(type(value) in (int, float) for value in box)


# In this order: masks are readable before they are measured.
_FIXES: dict[str, Fix] = {
    "COCO-010": _counts_as_text,
    "COCO-007": _rings_in_lists,
    "COCO-001": _ids_from_one,
    "COCO-002": _ids_from_one,
    "COCO-004": _required_fields,
    "COCO-006": _boxes_of_masks,
    "COCO-015": _areas_of_masks,
    "COCO-017": _points_counted,
    "COCO-019": _licenses_that_are_listed,
}
CODES = frozenset(_FIXES)
