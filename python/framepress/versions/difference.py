"""What became of a dataset from one version to another: in frames, objects, classes, boxes, masks and splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from framepress.versions.annotations import Annotations
from framepress.versions.compare import KINDS, FrameChange, compared, counted

__all__ = ["Difference", "difference"]


@dataclass(frozen=True)
class Difference:
    """From `before` to `after`.

    Args:
        added, removed: frames that only one of them has, sorted by id.
        changed: frames that both have and that differ, in no stated order where many; sorted by id.
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
    """Raises:
    JournalError: a record cannot be read.
    """
    editions = set(before.formats) & set(after.formats)
    skip = before.shared_with(after)
    with ThreadPoolExecutor(2) as pool:
        (old, _), (new, _) = sides = tuple(
            pool.map(lambda one: one.digests(editions, slice(skip, None)), (before, after))
        )
    amended = sides[0].amended | sides[1].amended
    if skip and (wanted := old.keys() ^ new.keys()):
        # What a frame was in the parts that both have, where only one of them says something of it later.
        shared = before.digests(editions, slice(skip))
        amended |= shared.amended
        for id in wanted:
            for found in (old, new):
                found.setdefault(id, shared.of.get(id))
    added = {id for id, digest in new.items() if digest is not None and old.get(id) is None}
    removed = {id for id, digest in old.items() if digest is not None and new.get(id) is None}
    pictures = {
        id: a is not None and b is not None and a.pictures != b.pictures
        for id, a in old.items()
        if (b := new.get(id)) != a and a is not None and b is not None
    }
    changed = []
    for id, mine, theirs in _together(before, after, pictures.keys(), amended):
        changed.append(compared(id, mine, theirs, pictures=pictures[id]))
    changed.sort(key=lambda change: change.id)
    return _summed((before, removed), (after, added), changed, amended)


def _together(
    before: Annotations, after: Annotations, ids: Collection[str], amended: Collection[str]
) -> Iterator[tuple[str, msgspec.Raw, msgspec.Raw]]:
    """Both records of each frame; memory holds those whose other half has not come yet."""
    waiting: tuple[dict[str, msgspec.Raw], dict[str, msgspec.Raw]] = ({}, {})
    streams = [before.picked(ids, amended), after.picked(ids, amended)]
    open_sides = [0, 1]
    while open_sides:
        for side in list(open_sides):
            found = next(streams[side], None)
            if found is None:
                open_sides.remove(side)
                continue
            id, raw = found
            other = waiting[1 - side].pop(id, None)
            if other is None:
                waiting[side][id] = raw
            else:
                yield (id, raw, other) if side == 0 else (id, other, raw)


def _summed(
    before: tuple[Annotations, set[str]],
    after: tuple[Annotations, set[str]],
    changed: list[FrameChange],
    amended: Collection[str],
) -> Difference:
    objects: Counter[str] = Counter()
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    renamed: Counter[tuple[str, str]] = Counter()
    splits: Counter[tuple[str, str]] = Counter()
    fields: Counter[str] = Counter()
    moved: list[float] = []
    for side, ids, kind, classes in ((*after, "added", gained), (*before, "removed", lost)):
        for id, raw in side.picked(ids, amended):
            found, _ = counted(raw, id)
            classes.update(found)
            objects[kind] += sum(found.values())
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
        tuple(sorted(after[1])),
        tuple(sorted(before[1])),
        tuple(changed),
        {kind: objects[kind] for kind in KINDS if objects[kind]},
        {name: (gained[name], lost[name]) for name in sorted({*gained, *lost})},
        dict(sorted(renamed.items())),
        dict(sorted(splits.items())),
        dict(sorted(fields.items())),
        tuple(sorted(moved)),
    )
