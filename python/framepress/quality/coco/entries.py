"""The entries of a COCO file, decoded in blocks, whatever they hold: a field that does not fit is noted and left out.

Nearly all entries of a file are sound, so a block is decoded into types at once; where that fails, each of its entries
is, and where that fails as well, each field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from framepress.quality.coco.document import NOT_FINITE

__all__ = ["UNSET", "Annotation", "Category", "Image", "Oddities", "RunsSaid", "blocks", "shown"]

UNSET = msgspec.UNSET
BLOCK = 1024
"""Entries that are looked at together: few enough that what is made of them stays in a processor's cache."""

_Unset = msgspec.UnsetType


class RunsSaid(msgspec.Struct, gc=False):
    """A mask as run lengths."""

    size: tuple[int, int]
    counts: str | list[int]


class AttributesSaid(msgspec.Struct, gc=False):
    """What exporters keep of a crowd beside `iscrowd`."""

    is_crowd: Any = UNSET
    iscrowd: Any = UNSET


class Annotation(msgspec.Struct, gc=False):
    """Fields that rules look at; `UNSET` where one is missing or does not fit."""

    id: Any = UNSET
    image_id: Any = UNSET
    category_id: Any = UNSET
    area: Any = UNSET
    iscrowd: Any = UNSET
    bbox: tuple[float, float, float, float] | _Unset = UNSET
    segmentation: list[list[float]] | RunsSaid | _Unset | None = UNSET
    keypoints: list[float] | _Unset | None = UNSET
    num_keypoints: Any = UNSET
    attributes: AttributesSaid | list[Any] | str | float | bool | _Unset | None = UNSET
    track: Any = None
    visibility: Any = None
    truncation: Any = None


class Image(msgspec.Struct, gc=False):
    id: Any = UNSET
    file_name: Any = UNSET
    width: Any = UNSET
    height: Any = UNSET
    license: Any = UNSET
    frame: Any = None
    index: Any = None
    sequence: Any = None
    time_ns: Any = None
    camera: Any = None
    meta: Any = None


class Category(msgspec.Struct, gc=False):
    id: Any = UNSET
    name: Any = UNSET
    keypoints: Any = None
    skeleton: Any = None


@dataclass(eq=False)
class Oddities:
    """What did not fit: `annotations.bbox` -> row and what is there, as words; `annotations` for whole entries."""

    found: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    not_finite: list[tuple[str, int, str]] = field(default_factory=list)
    """List, row and field of numbers that a float cannot hold."""

    def add(self, where: str, row: int, words: str) -> None:
        self.found.setdefault(where, []).append((row, words))

    def of(self, where: str) -> list[tuple[int, str]]:
        return self.found.get(where, [])


Form = TypeVar("Form", Annotation, Image, Category)


def blocks(entries: list[msgspec.Raw], form: type[Form], name: str, odd: Oddities) -> Iterator[list[Form]]:
    """All entries of a list in order, as many as there are."""
    block, single = msgspec.json.Decoder(list[form]), msgspec.json.Decoder(form)  # type: ignore[valid-type]
    for first in range(0, len(entries), BLOCK):
        texts = entries[first : first + BLOCK]
        try:
            yield block.decode(b"[" + b",".join(texts) + b"]")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield [_one(text, single, form, name, first + row, odd) for row, text in enumerate(texts)]


def _one(text: msgspec.Raw, decoder: Any, form: type[Form], name: str, row: int, odd: Oddities) -> Form:
    try:
        fitting: Form = decoder.decode(text)
        return fitting
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json.loads(bytes(text))
    except (ValueError, RecursionError) as error:
        odd.add(name, row, f"cannot be read: {error}")
        return form()
    if not isinstance(value, dict):
        odd.add(name, row, f"is {shown(value)}, not an object")
        return form()
    made = form()
    for each in msgspec.structs.fields(form):
        if each.name not in value:
            continue
        said = _ended(value[each.name])
        if said != value[each.name]:
            odd.not_finite.append((name, row, each.name))
        try:
            setattr(made, each.name, msgspec.convert(said, each.type))
        except msgspec.ValidationError:
            odd.add(*_told(f"{name}.{each.name}", row, said))
    return made


def _ended(value: Any) -> Any:
    """With `NOT_FINITE` for numbers too large for a float: `json` reads 1e999 as infinite."""
    if isinstance(value, list):
        return [_ended(item) for item in value]
    return NOT_FINITE if isinstance(value, float) and math.isinf(value) else value


def _told(where: str, row: int, value: Any) -> tuple[str, int, str]:
    """Run lengths name the part of them that does not fit."""
    if where.endswith(".segmentation") and isinstance(value, dict):
        for part in ("size", "counts"):
            try:
                msgspec.convert({"size": [1, 1], "counts": ""} | {part: value.get(part)}, RunsSaid)
            except msgspec.ValidationError:
                return f"{where}.{part}", row, f"is {shown(value[part])}" if part in value else "is missing"
    return where, row, f"is {shown(value)}"


def shown(value: Any) -> str:
    """A value as JSON has it, cut to what fits in a sentence."""
    if isinstance(value, (list, dict)) and len(value) > 40:
        value = list(value)[:40]
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:60] + "…"
