"""One line of a native edition, decoded into types as far as rules look at it; masks and meta are passed over."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from framepress.quality.issue import Issue
from framepress.quality.not_finite import not_finite

__all__ = ["FileSaid", "Lens", "Objects", "Said", "View", "decoded"]

_Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Box = tuple[float, float, float, float]
_Row3 = tuple[float, float, float]
_Row4 = tuple[float, float, float, float]
_Solid = tuple[float, float, float, float, float, float, float, float, float, float]
_PLACE = re.compile(r"(.*) - at `\$\.?(.*)`")


class FileSaid(msgspec.Struct, gc=False):
    path: str
    encoder: str
    bytes: _Int
    sha256: str


class Lens(msgspec.Struct, gc=False):
    K: tuple[_Row3, _Row3, _Row3] | None = None
    world_from_camera: tuple[_Row4, _Row4, _Row4, _Row4] | None = None
    near: float = 0.05
    far: float | None = None


class Objects(msgspec.Struct, gc=False):
    """Columns; those that hold nothing are not there. Of ragged ones the length alone is asked."""

    label: list[_Int]
    id: list[_Int] | None = None
    track: list[str] | None = None
    box: list[_Box | None] | None = None
    box_full: list[_Box | None] | None = None
    box3d: list[_Solid | None] | None = None
    area: list[float | None] | None = None
    visibility: list[float | None] | None = None
    truncation: list[float | None] | None = None
    score: list[float | None] | None = None
    crowd: list[bool] | None = None
    mask: list[msgspec.Raw] | None = None
    polygons: list[msgspec.Raw] | None = None
    keypoints: list[msgspec.Raw] | None = None
    points: list[msgspec.Raw] | None = None
    polylines: list[msgspec.Raw] | None = None
    attributes: list[msgspec.Raw] | None = None
    source_id: list[msgspec.Raw] | None = None


class View(msgspec.Struct, gc=False):
    name: str
    width: _Int
    height: _Int
    camera: Lens = msgspec.field(default_factory=Lens)
    files: dict[str, FileSaid] = msgspec.field(default_factory=dict)
    time_ns: _Int | None = None
    classes: list[str] = msgspec.field(default_factory=list)
    objects: Objects | None = None


class _Meta(msgspec.Struct, gc=False):
    scene: Any = None
    seed: Any = None


class Said(msgspec.Struct, gc=False):
    """A frame's record."""

    id: str
    index: _Int
    views: list[View]
    sequence: str = ""
    split: str = ""
    time_ns: _Int | None = None
    meta: _Meta = msgspec.field(default_factory=_Meta)


@dataclass(eq=False)
class Oddities:
    """What keeps a line from being a record: no JSON at all, numbers that are none, a field of another kind."""

    unread: list[Issue] = field(default_factory=list)
    not_finite: list[Issue] = field(default_factory=list)
    wrong: list[Issue] = field(default_factory=list)


_DECODER = msgspec.json.Decoder(Said)


def decoded(line: bytes, file: str, number: int, odd: Oddities) -> Said | None:
    """The record of a line; None where it is none, which is noted."""
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        if not _may_not_be_finite(line):
            odd.wrong.append(_wrong(error, file, number, _frame_of(line)))
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return _slowly(line, file, number, odd)


class _Named(msgspec.Struct, gc=False):
    id: Any = ""


def _frame_of(line: bytes) -> str:
    """The frame of a line that is JSON, but no record."""
    try:
        return str(msgspec.json.decode(line, type=_Named).id)[:200]
    except msgspec.ValidationError:
        return ""


def _may_not_be_finite(line: bytes) -> bool:
    """A number that a float cannot hold is a value of another kind to the decoder."""
    return re.search(rb"[eE]\+?[0-9]{3}|[0-9]{300}", line) is not None


def _slowly(line: bytes, file: str, number: int, odd: Oddities) -> Said | None:
    """By `json`, which reads NaN and Infinity; each is noted with its place, and then stands for "not known"."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = "nests too deep to be read" if isinstance(error, RecursionError) else f"is no JSON: {error}"
        odd.unread.append(Issue(message=f"the line {reason}", file=file, line=number))
        return None
    frame = str(document.get("id", ""))[:200] if isinstance(document, dict) else ""
    for place, value in not_finite(document):
        message = f"{place or 'the line'} is {value}, which is no number"
        odd.not_finite.append(Issue(message=message, file=file, line=number, place=place, frame=frame))
    try:
        return msgspec.convert(_as_unknown(document), Said, from_attributes=False)
    except msgspec.ValidationError as error:
        odd.wrong.append(_wrong(error, file, number, frame))
        return None


def _as_unknown(value: Any) -> Any:
    """With null for numbers that are none, and for boxes that hold one; masks and the like as texts."""
    if isinstance(value, dict):
        return {
            key: [msgspec.Raw(b"null")] * len(inner)
            if key in _RAGGED and isinstance(inner, list)
            else _as_unknown(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        whole = all(not isinstance(inner, float) or math.isfinite(inner) for inner in value)
        numbers = bool(value) and all(type(inner) in (int, float) for inner in value)
        return None if numbers and not whole else [_as_unknown(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_RAGGED = ("mask", "polygons", "keypoints", "points", "polylines", "attributes", "source_id")


def _wrong(error: msgspec.ValidationError, file: str, number: int, frame: str = "") -> Issue:
    text = str(error)
    found = _PLACE.fullmatch(text)
    place = found[2] if found else ""
    message = f"{place or 'the line'}: {(found[1] if found else text)[0].lower()}{(found[1] if found else text)[1:]}"
    return Issue(message=message, file=file, line=number, place=place, frame=frame)
