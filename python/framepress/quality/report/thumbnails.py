"""Small pictures of findings: the object with some of what is around it, as data URIs, within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from PIL import Image

from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.validate import Validation
from framepress.storage.images import decode_rgb

__all__ = ["Thumbnail", "thumbnails"]

Box = tuple[float, float, float, float]

PER_RULE, MOST, BUDGET = 6, 36, 96_000
"""Pictures of one rule, of all, and bytes of all before base64 makes a third more of them."""
_WIDTH, _HEIGHT, _QUALITY = 216, 144, 60
_AROUND = 2.4  # sides of the crop over those of the box
_LEAST_PX = 72.0  # of what is around a small object at least so much
_FILE_BYTES, _PIXELS = 1 << 26, 1 << 25  # larger files are told of without a picture


@dataclass(frozen=True)
class Thumbnail:
    """A data URI of a picture of width x height; `box` is the object's in it, x0 y0 x1 y1 [px of the thumbnail]."""

    uri: str
    width: int
    height: int
    box: Box | None
    name: str


def thumbnails(validation: Validation, rules: Sequence[Sequence[Mapping[str, Any]]]) -> dict[int, Thumbnail]:
    """`id` of a finding -> its picture; the first ones of each rule, the first rules' first.

    Findings whose picture is not there or cannot be decoded have none.

    Args:
        rules: findings by rule, the worst rule first.
    """
    rounds = zip_longest(*(findings[:PER_RULE] for findings in rules))
    wanted = [finding for found in rounds for finding in found if finding is not None]
    places = _Places(validation)
    sources = [(finding, path) for finding in wanted if (path := places.of(finding)) is not None][:MOST]
    made: dict[int, Thumbnail] = {}
    spent = 0
    with ThreadPoolExecutor(4, thread_name_prefix="framepress-report") as pool:
        for (finding, _), thumbnail in zip(sources, pool.map(_made, sources), strict=True):
            if thumbnail is not None and spent + len(thumbnail.uri) * 3 // 4 <= BUDGET:
                spent += len(thumbnail.uri) * 3 // 4
                made[id(finding)] = thumbnail
    return made


class _Places:
    """Pictures by name, and by frame and view; of those that a look has found, which are inside of the dataset."""

    def __init__(self, validation: Validation) -> None:
        self._by_name: dict[str, Path] = {}
        self._by_view: dict[tuple[str, str], Path] = {}
        self._by_frame: dict[str, Path] = {}
        for edition in validation.editions:
            for image in edition.images():
                self._by_name.setdefault(image.name, image.path)
                self._by_view.setdefault((image.frame, image.view), image.path)
                self._by_frame.setdefault(image.frame, image.path)

    def of(self, finding: Mapping[str, Any]) -> Path | None:
        for name in (finding.get("image", ""), finding.get("file", "")):
            if name in self._by_name:
                return self._by_name[name]
        if "frame" not in finding:
            return None
        if "view" in finding:
            return self._by_view.get((finding["frame"], finding["view"]))
        return self._by_frame.get(finding["frame"])


def _made(source: tuple[Mapping[str, Any], Path]) -> Thumbnail | None:
    finding, path = source
    pixels = _pixels(path)
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    box = finding.get("box")
    left, top, right, bottom = _crop(box, width, height)
    scale = min(_WIDTH / (right - left), _HEIGHT / (bottom - top))
    size = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    picture = Image.fromarray(pixels[top:bottom, left:right]).resize(
        size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=_QUALITY, method=4)
    uri = "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
    name = str(finding.get("image", "") or finding.get("frame", "") or path.name)
    return Thumbnail(uri, *size, None if box is None else _moved(box, left, top, scale), name)


def _pixels(path: Path) -> Array | None:
    try:
        with open_file(path) as stream:
            content = stream.read(_FILE_BYTES + 1)
        return None if len(content) > _FILE_BYTES else decode_rgb(content, str(path), max_pixels=_PIXELS)
    except (InputError, OSError):  # its own rule tells
        return None


def _crop(box: Sequence[float] | None, width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels around a box, in the shape of a thumbnail as far as the picture reaches; all of it without one."""
    whole = (0, 0, width, height)
    if box is None or not all(abs(side) < 1e6 for side in box):
        return whole
    x0, y0, x1, y1 = (_within(box[0], width), _within(box[1], height), _within(box[2], width), _within(box[3], height))
    high = max((y1 - y0) * _AROUND, (x1 - x0) * _AROUND * _HEIGHT / _WIDTH, _LEAST_PX)
    left, right = _span((x0 + x1) / 2, high * _WIDTH / _HEIGHT, width)
    top, bottom = _span((y0 + y1) / 2, high, height)
    return left, top, right, bottom


def _within(place: float, most: int) -> float:
    return min(max(place, 0.0), float(most))


def _span(middle: float, length: float, most: int) -> tuple[int, int]:
    """`length` around `middle`, moved so that it lies in 0 to `most`."""
    length = min(round(length), most)
    first = min(max(round(middle - length / 2), 0), most - length)
    return first, first + length


def _moved(box: Iterable[float], left: int, top: int, scale: float) -> Box:
    x0, y0, x1, y1 = box
    return ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
