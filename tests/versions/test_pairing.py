"""Which object is which: of records that were edited at random, exactly the edits are told."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from framepress.versions.compare import FrameChange, compared, counted

CLASSES = ["car", "cone", "person", "bus"]
Thing = dict[str, Any]


def record(things: list[Thing], names: dict[str, list[Any]], rng: random.Random) -> msgspec.Raw:
    """A frame's record with the classes in any order, and with those columns in which something is known."""
    classes = rng.sample(sorted({thing["label"] for thing in things}), len({thing["label"] for thing in things}))
    columns: dict[str, list[Any]] = {"label": [classes.index(thing["label"]) for thing in things], **names}
    for name in ("box", "mask", "crowd"):
        if any(thing[name] for thing in things):
            columns[name] = [thing[name] for thing in things]
    view = {"name": "main", "width": 2000, "height": 1000, "classes": classes, "objects": columns}
    return msgspec.Raw(json.dumps({"id": "f", "index": 0, "views": [view]}).encode())


def told(before: msgspec.Raw, after: msgspec.Raw) -> FrameChange:
    return compared("f", before, after, pictures=False)


class Edits:
    """Objects that do not overlap, a changed copy of them, and what was changed."""

    def __init__(self, rng: random.Random, most_added: int) -> None:
        self.rng, self.kinds, self.moved = rng, Counter[str](), list[float]()
        self.cells = rng.sample([(100 * x, 100 * y) for x in range(20) for y in range(10)], 200)
        self.before = [self.thing() for _ in range(rng.randrange(12))]
        kept = [thing for thing in self.before if rng.random() > 0.15]
        self.kinds["removed"] = len(self.before) - len(kept)
        self.kinds["added"] = rng.randrange(most_added + 1)
        self.after = [self.changed(thing) for thing in kept] + [self.thing() for _ in range(self.kinds["added"])]
        if rng.random() < 0.5:
            rng.shuffle(self.after)

    def thing(self) -> Thing:
        (x, y), rng = self.cells.pop(), self.rng
        return {
            "label": rng.choice(CLASSES),
            "box": [x + 5, y + 5, x + 65, y + 55],
            "mask": rng.choice([None, [1000, 2000, f"m{rng.random()}"]]),
            "crowd": rng.random() < 0.1,
            "key": 1000 * x + y,
        }

    def changed(self, thing: Thing) -> Thing:
        rng, new = self.rng, dict(thing)
        if rng.random() < 0.15:
            new["label"] = rng.choice([label for label in CLASSES if label != thing["label"]])
            self.kinds["class"] += 1
        if rng.random() < 0.2:
            self.moved.append(rng.choice([1, 2, 5.5]))
            new["box"] = [edge + self.moved[-1] for edge in thing["box"]]
            self.kinds["box"] += 1
        if rng.random() < 0.15:
            new["mask"] = [1000, 2000, f"n{rng.random()}"]
            self.kinds["mask"] += 1
        if rng.random() < 0.1:
            new["crowd"] = not thing["crowd"]
            self.kinds["other"] += 1
        return new

    def names(self, things: list[Thing], way: str) -> dict[str, list[Any]]:
        count = list(range(1, len(things) + 1))
        ways: dict[str, dict[str, list[Any]]] = {
            "none": {},
            "numbered": {"id": count},
            "redrawn": {"id": self.rng.sample(range(1, 10**9), len(things))},
            "stable": {"id": [thing["key"] + 1 for thing in things]},
            "tracks": {"id": count, "track": [f"t{thing['key']}" for thing in things]},
        }
        return ways[way]


@pytest.mark.parametrize("way", ["none", "numbered", "redrawn", "stable", "tracks"])
def test_exactly_the_edits_are_told_however_objects_are_named(way: str) -> None:
    for seed in range(300):
        # A new object that bears the number of one that went cannot be told from a changed one.
        edits = Edits(random.Random(seed), most_added=0 if way == "numbered" else 3)
        before, after = (record(some, edits.names(some, way), edits.rng) for some in (edits.before, edits.after))
        found = told(before, after)
        assert Counter(kind for change in found.objects for kind in change.kinds) == +edits.kinds, seed
        moved = [change.moved_px for change in found.objects if change.moved_px is not None]
        assert sorted(moved) == pytest.approx(sorted(edits.moved)), seed
        assert counted(after, "f") == Counter(thing["label"] for thing in edits.after), seed


def test_equal_objects_without_a_box_are_as_many_as_before() -> None:
    thing = {"label": "car", "box": None, "mask": None, "crowd": False}
    rng = random.Random(0)
    found = told(record([thing] * 2, {"id": [1, 2]}, rng), record([thing] * 3, {"id": [7, 8, 9]}, rng))
    assert [change.kinds for change in found.objects] == [("added",)]
