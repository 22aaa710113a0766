"""The journal's record of a frame as types, by which it is decoded and checked in one go.

What has another type than here is refused, and judged by `core.record`: this is what `to_record` writes and the journal
adds, and no other spelling of it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from framepress.core import Camera

__all__ = ["Lens", "Pose", "RecordedFrame", "RecordedView", "Record", "Table", "record_of"]

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)]
_Side = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_2 = tuple[float, float]
_3 = tuple[float, float, float]
_4 = tuple[float, float, float, float]
_10 = tuple[float, float, float, float, float, float, float, float, float, float]
Pose = tuple[_4, _4, _4, _4]


class Table(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    label: list[int]
    id: list[_Whole] | UnsetType = UNSET
    track: list[str] | UnsetType = UNSET
    box: list[_4 | None] | UnsetType = UNSET
    box_full: list[_4 | None] | UnsetType = UNSET
    box3d: list[_10 | None] | UnsetType = UNSET
    area: list[float | None] | UnsetType = UNSET
    visibility: list[float | None] | UnsetType = UNSET
    truncation: list[float | None] | UnsetType = UNSET
    crowd: list[bool] | UnsetType = UNSET
    score: list[float | None] | UnsetType = UNSET
    source_id: list[int | str | None] | UnsetType = UNSET
    mask: list[tuple[int, int, str] | None] | UnsetType = UNSET
    polygons: list[list[list[_2]] | None] | UnsetType = UNSET
    keypoints: list[list[_3] | None] | UnsetType = UNSET
    points: list[list[_2] | None] | UnsetType = UNSET
    polylines: list[list[list[_2]] | None] | UnsetType = UNSET
    attributes: list[dict[str, Any] | None] | UnsetType = UNSET


class Lens(msgspec.Struct, gc=False):
    K: tuple[_3, _3, _3] | None = None
    distortion: _Distortion | None = None
    world_from_camera: Pose | None = None
    near: float = Camera.near
    far: float | None = None


class _Distortion(msgspec.Struct, gc=False):
    model: str
    coefficients: list[float]


class RecordedView(msgspec.Struct, gc=False):
    name: str
    width: _Side
    height: _Side
    camera: Lens = msgspec.field(default_factory=Lens)
    time_ns: _Whole | None = None
    names: dict[int, str] = msgspec.field(default_factory=dict)
    classes: list[str] = msgspec.field(default_factory=list)
    objects: Table | UnsetType = UNSET


class _Signal(msgspec.Struct, gc=False):
    time_ns: int
    values: list[Any]
    names: list[Any]


class RecordedFrame(msgspec.Struct, gc=False):
    id: str
    index: _Whole
    views: list[RecordedView]
    sequence: str = ""
    time_ns: _Whole | None = None
    split: str = ""
    signals: dict[str, _Signal] = msgspec.field(default_factory=dict)
    task: str = ""
    text: str = ""
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class _Edition(msgspec.Struct, gc=False):
    files: list[tuple[str, _Whole, str]]


class Record(msgspec.Struct, gc=False):
    frame: RecordedFrame
    channels: list[str]
    editions: dict[str, _Edition]


record_of = msgspec.json.Decoder(Record).decode
"""bytes -> Record, or an error of msgspec, a ValueError or a RecursionError."""
