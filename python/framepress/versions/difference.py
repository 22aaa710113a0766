"""What became of a dataset from one version to another: in frames, objects, classes, boxes, masks and splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from framepress.errors import JournalError
from framepress.versions.annotations import Annotations, FrameLine, Line
from framepress.versions.compare import KINDS, FrameChange, compared, counted

__all__ = ["Difference", "difference"]

_AHEAD = 64
_WAITING_BYTES = 256 << 20
"""Lines that may wait for their other half, where two journals have other orders."""


@dataclass(frozen=True)
class Difference:
    """From `before` to `after`.

    Args:
        added, removed: frames that only one of them has, sorted by id.
        changed: frames that both have and that differ, sorted by id.
        objects: how many, by what became of them: `compare.KINDS`; those of added and removed frames are counted, too.
        classes: class -> (gained, lost), where there is a difference; an object that changed its class counts in both.
        renamed: (class before, class after) -> objects.
        splits: (split before, split after) -> frames.
        fields: field of a frame -> frames in which it changed.
        moved_px: how far boxes moved: the farthest edge of each, sorted.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[FrameChange, ...]
    objects: dict[str, int]
    classes: dict[str, tuple[int, int]]
    renamed: dict[tuple[str, str], int]
    splits: dict[tuple[str, str], int]
    fields: dict[str, int]
    moved_px: tuple[float, ...]

    @property
    def frames(self) -> tuple[str, ...]:
        """Ids of the frames that are new or changed, sorted: what an incremental export writes."""
        return tuple(sorted({*self.added, *(change.id for change in self.changed)}))

    def to_dict(self, most: int = 1000) -> dict[str, Any]:
        """JSON-able.

        Args:
            most: objects that are told one by one; of the others only counts.
        """
        told = 0
        frames = []
        for change in self.changed:
            objects = [_object(found) for found in change.objects[: max(most - told, 0)]]
            told += len(objects)
            frames.append({"id": change.id, "fields": list(change.fields), "objects": objects} | _more(change, objects))
        moved = self.moved_px
        return {
            "frames": {
                "added": list(self.added),
                "removed": list(self.removed),
                "changed": frames,
            },
            "objects": self.objects,
            "classes": {name: {"gained": up, "lost": down} for name, (up, down) in self.classes.items()},
            "renamed": [{"from": old, "to": new, "objects": n} for (old, new), n in self.renamed.items()],
            "splits": [{"from": old, "to": new, "frames": n} for (old, new), n in self.splits.items()],
            "fields": self.fields,
            "moved_px": {
                "boxes": len(moved),
                "median": moved[len(moved) // 2] if moved else None,
                "largest": moved[-1] if moved else None,
            },
        }


def _object(found: Any) -> dict[str, Any]:
    told = {"view": found.view, "object": found.name, "kinds": list(found.kinds), "label": found.label}
    rest = {"label_before": found.label_before, "moved_px": found.moved_px, "iou": found.iou}
    return told | {name: value for name, value in rest.items() if value is not None}


def _more(change: FrameChange, told: list[Any]) -> dict[str, int]:
    return {"not_told": len(change.objects) - len(told)} if len(told) < len(change.objects) else {}


def difference(before: Annotations, after: Annotations) -> Difference:
    """Both journals are read once, side by side; a frame whose line is the same text is not looked at.

    Raises:
        JournalError: a record cannot be read.
    """
    skip = before.shared_with(after)
    pairs = _Pairs(set(before.formats) & set(after.formats))
    with ThreadPoolExecutor(2, thread_name_prefix="framepress-diff") as pool:
        streams = [_ahead(side.lines(slice(skip, None)), pool) for side in (before, after)]
        for side, line in _alternating(streams):
            pairs.add(side, line)
    pairs.end()
    sides = [side.picked(pairs.again) for side in (before, after)]
    for id in pairs.again:
        pairs.compare(id, sides[0].get(id), sides[1].get(id))
    return _summed(pairs)


def _ahead(lines: Iterator[Line], pool: ThreadPoolExecutor) -> Iterator[Line]:
    """The same lines, the next ones being read while some are looked at."""
    pending = pool.submit(_some, lines)
    while found := pending.result():
        pending = pool.submit(_some, lines)
        yield from found


def _some(lines: Iterator[Line]) -> list[Line]:
    return list(islice(lines, _AHEAD))


def _alternating(streams: Sequence[Iterator[Line]]) -> Iterator[tuple[int, Line]]:
    sides = list(range(len(streams)))
    while sides:
        for side in list(sides):
            line = next(streams[side], None)
            if line is None:
                sides.remove(side)
            else:
                yield side, line


class _Pairs:
    """Lines of both sides as they come; each is compared when its other half is there.

    Attributes:
        again: frames that cannot be judged line by line: changed within the journal, or waiting when too many were.
    """

    def __init__(self, editions: set[str]) -> None:
        self.changed: dict[str, FrameChange] = {}
        self.one_sided: tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]] = ({}, {})
        self.again: set[str] = set()
        self._editions = editions
        self._waiting: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
        self._bytes = 0
        self._decode = msgspec.json.Decoder(FrameLine).decode

    def add(self, side: int, line: Line) -> None:
        id = line.id
        if line.op != "add":
            self._later(id)
        if id in self.again:
            return
        other = self._waiting[1 - side].pop(id, None)
        if other is None:
            self._waiting[side][id] = line.raw
            self._bytes += len(line.raw)
            if self._bytes > _WAITING_BYTES:
                for held in (*self._waiting[0], *self._waiting[1]):
                    self._later(held)
            return
        self._bytes -= len(other)
        if other != line.raw:
            self.compare(id, *((line.raw, other) if side == 0 else (other, line.raw)))

    def _later(self, id: str) -> None:
        self.again.add(id)
        self.changed.pop(id, None)
        for waiting in self._waiting:
            self._bytes -= len(waiting.pop(id, b""))

    def compare(self, id: str, before: bytes | None, after: bytes | None) -> None:
        if before is None or after is None:
            for side, raw in ((0, before), (1, after)):
                if raw is not None:
                    self.one_sided[side][id] = counted(self._line(raw, id).frame, id)
            return
        old, new = self._line(before, id), self._line(after, id)
        pictures = old.pictures(self._editions) != new.pictures(self._editions)
        if pictures or bytes(old.frame) != bytes(new.frame):
            self.changed[id] = compared(id, old.frame, new.frame, pictures=pictures)

    def end(self) -> None:
        """What still waits has no other half."""
        for side, waiting in enumerate(self._waiting):
            for id, raw in waiting.items():
                self.one_sided[side][id] = counted(self._line(raw, id).frame, id)
            waiting.clear()

    def _line(self, raw: bytes, id: str) -> FrameLine:
        try:
            return self._decode(raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise JournalError(f"frame {id}: its record cannot be read: {error}") from error


def _summed(pairs: _Pairs) -> Difference:
    objects: Counter[str] = Counter()
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    renamed: Counter[tuple[str, str]] = Counter()
    splits: Counter[tuple[str, str]] = Counter()
    fields: Counter[str] = Counter()
    moved: list[float] = []
    for kind, classes, frames in zip(("removed", "added"), (lost, gained), pairs.one_sided, strict=True):
        for counts in frames.values():
            classes.update(counts)
            objects[kind] += sum(counts.values())
    changed = [pairs.changed[id] for id in sorted(pairs.changed)]
    for frame in changed:
        fields.update(frame.fields)
        if frame.split is not None:
            splits[frame.split] += 1
        for change in frame.objects:
            objects.update(change.kinds)
            if "added" in change.kinds:
                gained[change.label] += 1
            elif "removed" in change.kinds:
                lost[change.label] += 1
            elif change.label_before is not None:
                gained[change.label] += 1
                lost[change.label_before] += 1
                renamed[change.label_before, change.label] += 1
            if change.moved_px is not None:
                moved.append(change.moved_px)
    return Difference(
        added=tuple(sorted(pairs.one_sided[1])),
        removed=tuple(sorted(pairs.one_sided[0])),
        changed=tuple(changed),
        objects={kind: objects[kind] for kind in KINDS if objects[kind]},
        classes={name: (gained[name], lost[name]) for name in sorted({*gained, *lost})},
        renamed=dict(sorted(renamed.items())),
        splits=dict(sorted(splits.items())),
        fields=dict(sorted(fields.items())),
        moved_px=tuple(sorted(moved)),
    )
