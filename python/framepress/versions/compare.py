"""Two records of one frame, compared object by object.

Columns whose text is equal are equal: only what differs is parsed. Rows that are equal where they stand, names
included, are one object; of the others `pairing` tells which is which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from framepress.errors import JournalError
from framepress.versions.pairing import NAMES, Columns, Rows, iou, paired

__all__ = ["KINDS", "FrameChange", "ObjectChange", "compared", "counted"]

KINDS = ("added", "removed", "class", "box", "mask", "box3d", "keypoints", "other")
"""What may become of an object; one object may have several of those from "class" on. `mask` stands for runs and
polygons."""

_GROUPS = {
    "box": ("box",),
    "mask": ("mask", "polygons"),
    "box3d": ("box3d",),
    "keypoints": ("keypoints",),
}
_GROUPED = frozenset(name for names in _GROUPS.values() for name in names)
_FOLLOWING = ("area", "visibility", "truncation", "box_full")
"""What follows from another box or mask is no change of its own."""


class _View(msgspec.Struct):
    name: str
    width: int
    height: int
    camera: msgspec.Raw = msgspec.Raw(b"")
    classes: list[str] = []
    objects: dict[str, msgspec.Raw] = {}


class _Record(msgspec.Struct):
    id: str
    views: list[_View]
    split: str = ""
    sequence: str = ""
    meta: msgspec.Raw = msgspec.Raw(b"")


_DECODE = msgspec.json.Decoder(_Record).decode
_CODES = msgspec.json.Decoder(list[int]).decode


@dataclass(frozen=True)
class ObjectChange:
    """What became of one object.

    Args:
        name: its track, else its id, else its place in the frame (`#3`, from 0), in the version that has it.
        kinds: of `KINDS`.
        label: its class; `label_before`: the one it had, where that is another.
        moved_px: how far the farthest edge of its box moved; None where a box is not known or did not move.
        iou: of its boxes before and after, likewise.
    """

    view: str
    name: str
    kinds: tuple[str, ...]
    label: str
    label_before: str | None = None
    moved_px: float | None = None
    iou: float | None = None


@dataclass(frozen=True)
class FrameChange:
    """What became of a frame that both versions have.

    Args:
        split: before and after, where it changed.
        fields: of the frame, that changed beside its objects: split, sequence, meta, views, camera, pictures, other.
    """

    id: str
    objects: tuple[ObjectChange, ...]
    fields: tuple[str, ...]
    split: tuple[str, str] | None


def counted(raw: msgspec.Raw, id: str) -> dict[str, int]:
    """Objects of one record by class.

    Raises:
        JournalError: it is no record.
    """
    return _classes(_record(raw, id))


def compared(id: str, before: msgspec.Raw, after: msgspec.Raw, *, pictures: bool) -> FrameChange:
    """Args:
        pictures: whether those of the frame differ, which records do not say.

    Raises:
        JournalError: one is no record.
    """
    old, new = _record(before, id), _record(after, id)
    try:
        objects = tuple(_objects_compared(old, new))
    except (msgspec.MsgspecError, IndexError, TypeError, ValueError, KeyError) as error:
        raise JournalError(f"frame {id}: its objects cannot be read: {error}") from error
    fields = [name for name in ("split", "sequence") if getattr(old, name) != getattr(new, name)]
    fields += ["meta"] if bytes(old.meta) != bytes(new.meta) else []
    shapes = [[(view.name, view.width, view.height) for view in record.views] for record in (old, new)]
    cameras = [[bytes(view.camera) for view in record.views] for record in (old, new)]
    fields += ["views"] if shapes[0] != shapes[1] else ["camera"] if cameras[0] != cameras[1] else []
    fields += ["pictures"] if pictures else []
    if not fields and not objects:
        fields = ["other"]  # ids that were drawn again, a time, a signal
    return FrameChange(
        id,
        objects,
        tuple(fields),
        (old.split, new.split) if old.split != new.split else None,
    )


def _record(raw: msgspec.Raw, id: str) -> _Record:
    try:
        return _DECODE(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise JournalError(f"frame {id}: its record cannot be read: {error}") from error


def _classes(record: _Record) -> dict[str, int]:
    totals: dict[str, int] = {}
    for view in record.views:
        for label in _labels(view):
            totals[label] = totals.get(label, 0) + 1
    return totals


def _labels(view: _View) -> list[str]:
    if "label" not in view.objects:
        return []
    try:
        return [view.classes[code] for code in _CODES(view.objects["label"])]
    except (msgspec.MsgspecError, IndexError) as error:
        raise JournalError(f"view {view.name}: its classes cannot be read: {error}") from error


def _objects_compared(old: _Record, new: _Record) -> Iterator[ObjectChange]:
    there = {view.name: view for view in old.views}
    for view in new.views:
        before = there.pop(view.name, None)
        yield from _one_sided(view, "added") if before is None else _view_compared(before, view)
    for view in there.values():
        yield from _one_sided(view, "removed")


def _one_sided(view: _View, kind: str) -> Iterator[ObjectChange]:
    rows = Rows(_labels(view), view.objects)
    return (ObjectChange(view.name, rows.name(row), (kind,), rows.labels[row]) for row in range(len(rows.labels)))


def _view_compared(old: _View, new: _View) -> Iterator[ObjectChange]:
    if old.classes == new.classes and _same_columns(old.objects, new.objects, {*old.objects, *new.objects}):
        return
    before, after = (Rows(_labels(view), view.objects) for view in (old, new))
    rows: set[int] | None = None
    columns = before.columns | after.columns
    if len(before.labels) == len(after.labels) and _same_columns(old.objects, new.objects, NAMES):
        found = _differing(before, after, [(row, row) for row in range(len(after.labels))])
        rows = {row for row, _ in found}
        columns = set[str]().union(*found.values())
    pairs = paired(before, after, rows, columns - {*NAMES, "label"})
    for pair, names in sorted(_differing(before, after, pairs).items(), key=lambda found: found[0][1]):
        yield _changed(new.name, before, after, *pair, _kinds(names))
    gone = sorted((set(range(len(before.labels))) if rows is None else rows) - {one for one, _ in pairs})
    made = sorted((set(range(len(after.labels))) if rows is None else rows) - {other for _, other in pairs})
    yield from (ObjectChange(new.name, before.name(row), ("removed",), before.labels[row]) for row in gone)
    yield from (ObjectChange(new.name, after.name(row), ("added",), after.labels[row]) for row in made)


def _differing(before: Rows, after: Rows, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], set[str]]:
    """Pairs that are not equal, and in which columns."""
    found: dict[tuple[int, int], set[str]] = {}
    in_place = all(one == other for one, other in pairs)
    for name in sorted((before.columns | after.columns) - {*NAMES, "label"}):
        if in_place and before.text(name) == after.text(name):
            continue
        old, new = before.raws(name), after.raws(name)
        for one, other in pairs:
            if old[one] != new[other]:
                found.setdefault((one, other), set()).add(name)
    for one, other in pairs:
        if before.labels[one] != after.labels[other]:
            found.setdefault((one, other), set()).add("label")
    return found


def _same_columns(old: Columns, new: Columns, names: Any) -> bool:
    return all(
        (name in old) == (name in new) and (name not in old or bytes(old[name]) == bytes(new[name])) for name in names
    )


def _kinds(names: set[str]) -> tuple[str, ...]:
    shape = [kind for kind, of in _GROUPS.items() if names.intersection(of)]
    rest = names.difference(_GROUPED, _FOLLOWING if shape else (), ("label",))
    return (*(["class"] if "label" in names else []), *shape, *(["other"] if rest else []))


def _changed(view: str, before: Rows, after: Rows, one: int, other: int, kinds: tuple[str, ...]) -> ObjectChange:
    old, new = before.box(one), after.box(other)
    both = old is not None and new is not None and "box" in kinds
    return ObjectChange(
        view,
        after.name(other),
        kinds,
        after.labels[other],
        before.labels[one] if before.labels[one] != after.labels[other] else None,
        max(abs(a - b) for a, b in zip(old, new, strict=True)) if both and old and new else None,
        iou(old, new) if both and old and new else None,
    )
