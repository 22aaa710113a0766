"""Two records of one frame, compared object by object.

Columns whose text is equal are equal: only what differs is parsed. Where both records list the same objects (equal ids
and tracks, in the same order) rows are compared as they stand; else objects are paired, per view, by all that they
are, then by track, by id, by the id of their source, and what is left by the overlap of boxes (IoU of 0.5 and more,
the largest first).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from framepress.errors import JournalError

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
_NAMES = ("track", "id", "source_id")
_OVERLAP = 0.5
_BLANKS = {"crowd": b"false", "id": b"0", "track": b'""'}
"""What a cell is in a column that a record leaves out, as nothing in it is known; null in all others."""

Columns = Mapping[str, msgspec.Raw]


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
_VALUES = msgspec.json.Decoder(list[Any]).decode
_RAWS = msgspec.json.Decoder(list[msgspec.Raw]).decode
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
    rows = _Rows(view)
    return (ObjectChange(view.name, rows.name(row), (kind,), rows.labels[row]) for row in range(len(rows.labels)))


def _view_compared(old: _View, new: _View) -> Iterator[ObjectChange]:
    if old.classes == new.classes and _same_columns(old.objects, new.objects, {*old.objects, *new.objects}):
        return
    before, after = _Rows(old), _Rows(new)
    if len(before.labels) == len(after.labels) and _same_columns(old.objects, new.objects, _NAMES):
        pairs: Sequence[tuple[int, int]] = [(row, row) for row in range(len(after.labels))]
    else:
        pairs = sorted(_paired(before, after), key=lambda pair: pair[1])
    for pair, names in sorted(_differing(before, after, pairs).items(), key=lambda found: found[0][1]):
        yield _changed(new.name, before, after, *pair, _kinds(names))
    gone = sorted(set(range(len(before.labels))) - {one for one, _ in pairs})
    made = sorted(set(range(len(after.labels))) - {other for _, other in pairs})
    yield from (ObjectChange(new.name, before.name(row), ("removed",), before.labels[row]) for row in gone)
    yield from (ObjectChange(new.name, after.name(row), ("added",), after.labels[row]) for row in made)


def _differing(before: _Rows, after: _Rows, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], set[str]]:
    """Pairs that are not equal, and in which columns."""
    found: dict[tuple[int, int], set[str]] = {}
    in_place = all(one == other for one, other in pairs)
    for name in sorted((before.columns | after.columns) - {*_NAMES, "label"}):
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


def _changed(view: str, before: _Rows, after: _Rows, one: int, other: int, kinds: tuple[str, ...]) -> ObjectChange:
    old, new = before.box(one), after.box(other)
    both = old is not None and new is not None and "box" in kinds
    return ObjectChange(
        view,
        after.name(other),
        kinds,
        after.labels[other],
        before.labels[one] if before.labels[one] != after.labels[other] else None,
        max(abs(a - b) for a, b in zip(old, new, strict=True)) if both and old and new else None,
        _iou(old, new) if both and old and new else None,
    )


class _Rows:
    """The objects of one view; columns are parsed when they are asked for."""

    def __init__(self, view: _View) -> None:
        self.labels = _labels(view)
        self._columns = view.objects
        self._parsed: dict[str, list[Any]] = {}

    @property
    def columns(self) -> set[str]:
        return {*self._columns}

    def text(self, name: str) -> bytes:
        return bytes(self._columns.get(name, b""))

    def values(self, name: str) -> list[Any]:
        if name not in self._parsed:
            column = self._columns.get(name)
            values = [None] * len(self.labels) if column is None else _VALUES(column)
            if len(values) != len(self.labels):
                raise ValueError(f"column {name} has {len(values)} rows, not {len(self.labels)}")
            self._parsed[name] = values
        return self._parsed[name]

    def raws(self, name: str) -> list[bytes]:
        column = self._columns.get(name)
        found = (
            [_BLANKS.get(name, b"null")] * len(self.labels) if column is None else [bytes(raw) for raw in _RAWS(column)]
        )
        if len(found) != len(self.labels):
            raise ValueError(f"column {name} has {len(found)} rows, not {len(self.labels)}")
        return found

    def box(self, row: int) -> list[float] | None:
        found: list[float] | None = self.values("box")[row]
        return found

    def name(self, row: int) -> str:
        return str(self.values("track")[row] or self.values("id")[row] or f"#{row}")

    def whole(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """All that an object is: its class, and its cells of some columns."""
        columns = [self.raws(name) for name in names]
        texts = [b"\0".join(cells) for cells in zip(*columns, strict=True)] if columns else [b""] * len(self.labels)
        return list(zip(self.labels, texts, strict=True))


def _paired(before: _Rows, after: _Rows) -> Iterator[tuple[int, int]]:
    old, new = set(range(len(before.labels))), set(range(len(after.labels)))
    columns = sorted((before.columns | after.columns) - {*_NAMES, "label"})
    keys: list[tuple[Sequence[Any], Sequence[Any]]] = [(before.whole(columns), after.whole(columns))]
    keys += [(before.values(name), after.values(name)) for name in _NAMES]
    for mine, theirs in keys:
        for one, other in _by_key(mine, theirs, old, new):
            old.remove(one)
            new.remove(other)
            yield one, other
    yield from _by_overlap(before, after, old, new)


def _by_key(mine: Sequence[Any], theirs: Sequence[Any], old: set[int], new: set[int]) -> list[tuple[int, int]]:
    """Rows with one key that no other row of their side has; nothing (None, 0, "") is no key."""
    places: list[dict[Any, list[int]]] = [{}, {}]
    for place, keys, rows in zip(places, (mine, theirs), (old, new), strict=True):
        for row in sorted(rows):
            if keys[row]:
                place.setdefault(keys[row], []).append(row)
    return [
        (rows[0], places[1][key][0])
        for key, rows in places[0].items()
        if len(rows) == 1 and len(places[1].get(key, ())) == 1
    ]


def _by_overlap(before: _Rows, after: _Rows, old: set[int], new: set[int]) -> Iterator[tuple[int, int]]:
    found = []
    for one in sorted(old):
        mine = before.box(one)
        for other in sorted(new) if mine else ():
            theirs = after.box(other)
            overlap = _iou(mine, theirs) if mine and theirs else 0.0
            if overlap >= _OVERLAP:
                found.append((-overlap, before.labels[one] != after.labels[other], one, other))
    for _, _, one, other in sorted(found):
        if one in old and other in new:
            old.remove(one)
            new.remove(other)
            yield one, other


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 and math.isfinite(union) else 0.0
