"""Expressions over columns choose what a plain evaluator, object by object and with no columns, chooses."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Boxes3D, Camera, Frame, Objects, View
from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.dataset.select import terms
from framepress.dataset.select.choose import choose
from framepress.dataset.writer import DatasetWriter

CLASSES = ("car", "Bus", "person", "cone")
WORDS = ("red", "blue", "dark red")
NUMBERS = ("area", "visibility", "occlusion", "truncation", "distance", "width", "height", "x0", "score", "time",
           "index", "objects", "image_width", "attributes.wear", "meta.lux")  # fmt: skip
NARROW = {"visibility", "occlusion", "truncation", "distance", "score"}  # kept in 32 bits
Value = Any
Tree = tuple[Any, ...]


@dataclass(frozen=True)
class Row:
    """An object where it is."""

    frame: Frame
    view: View
    at: int


def frames(rng: np.random.Generator, count: int) -> Iterator[Frame]:
    """Of one or two views and none to nine objects; most values are not known now and then."""
    for number in range(count):
        views = tuple(
            View(camera_of(rng), name, objects=objects_of(rng, int(rng.integers(0, 10)) * int(rng.random() > 0.2)))
            for name in (("front",) if rng.random() < 0.5 else ("front", "side"))
        )
        meta = {
            **({"scene": str(rng.choice(["dock", "yard"]))} if rng.random() < 0.7 else {}),
            **({"lux": float(rng.integers(0, 900))} if rng.random() < 0.7 else {}),
            **({"weather": {"sky": str(rng.choice(WORDS))}} if rng.random() < 0.7 else {}),
        }
        yield Frame(
            f"f/{number:04d}",
            number,
            views,
            sequence=str(rng.choice(["", "a", "b"])),
            split=str(rng.choice(["train", "val"])),
            time_ns=int(rng.integers(0, 10**10)) if rng.random() < 0.8 else None,
            meta=meta,
        )


def camera_of(rng: np.random.Generator) -> Camera:
    pose = np.eye(4)
    pose[:3, 3] = rng.uniform(-5, 5, 3)
    width, height = (64, 48) if rng.random() < 0.5 else (96, 40)
    return Camera(width, height, world_from_camera=pose if rng.random() < 0.8 else None)


def objects_of(rng: np.random.Generator, count: int) -> Objects:
    def holed(values: np.ndarray, share: float = 0.25) -> np.ndarray:
        values = values.astype(float)
        values[rng.random(count) < share] = np.nan
        return values

    low = rng.uniform(0, 20, (count, 2)).round(1)
    box = holed(np.hstack([low, low + rng.uniform(1, 20, (count, 2)).round(1)]))
    center = holed(rng.uniform(-30, 30, (count, 3)))
    size, rotation = np.ones((count, 3)), np.tile([1.0, 0, 0, 0], (count, 1))
    gone = np.isnan(center)
    size[gone.any(1)], rotation[gone.any(1)] = np.nan, np.nan
    attributes = []
    for _ in range(count):
        said: dict[str, Any] = {}
        if rng.random() < 0.6:
            said["colour"] = str(rng.choice(WORDS)) if rng.random() < 0.8 else 3
        if rng.random() < 0.6:
            said["wear"] = float(rng.integers(0, 100)) / 8
        if rng.random() < 0.6:
            said["dirty"] = bool(rng.random() < 0.5)
        attributes.append(said)
    return Objects.build(
        [str(name) for name in rng.choice(CLASSES, count)],
        id=rng.permutation(np.arange(1, count + 1)),
        track=[str(name) for name in rng.choice(["", "/World/A", "/World/B_1", "/World/B_2"], count)],
        box=box,
        area=holed(rng.integers(1, 900, count)),
        visibility=holed(rng.random(count).round(2)),
        truncation=holed(rng.random(count).round(2)),
        score=holed(rng.random(count).round(2)),
        crowd=rng.random(count) < 0.2,
        box3d=Boxes3D(center, size, rotation),
        attributes=attributes,
    )


# What a name means, of one object: a number, a text, a truth, or None.
def looked_up(name: str, row: Row) -> Value:
    frame, view = row.frame, row.view
    thing: Any = view.objects.row(row.at) if row.at < len(view.objects) else None  # a frame may be asked without any
    box = None if thing is None else thing.box
    if name == "distance":
        pose = view.camera.world_from_camera
        known = thing.box3d is not None and pose is not None
        return float(np.linalg.norm(thing.box3d.center[0] - pose[:3, 3])) if known else None
    return {
        "label": lambda: thing.label,
        "track": lambda: thing.track or None,
        "width": lambda: None if box is None else float(box[2] - box[0]),
        "height": lambda: None if box is None else float(box[3] - box[1]),
        "x0": lambda: None if box is None else float(box[0]),
        "occlusion": lambda: None if thing.visibility is None else 1 - thing.visibility,
        "time": lambda: None if frame.time_ns is None else frame.time_ns / 1e9,
        "index": lambda: frame.index,
        "objects": lambda: sum(len(view.objects) for view in frame.views),
        "image_width": lambda: view.camera.width,
        "split": lambda: frame.split,
        "sequence": lambda: frame.sequence,
        "view": lambda: view.name,
        "scene": lambda: frame.meta.get("scene"),
        "box3d": lambda: thing.box3d is not None,
        "attributes.colour": lambda: thing.attributes.get("colour"),
        "attributes.wear": lambda: thing.attributes.get("wear"),
        "attributes.dirty": lambda: thing.attributes.get("dirty"),
        "meta.lux": lambda: frame.meta.get("lux"),
        "meta.weather.sky": lambda: frame.meta.get("weather", {}).get("sky"),
    }.get(name, lambda: getattr(thing, name))()


TEXTS: dict[str, tuple[str, ...]] = {
    "label": CLASSES,
    "track": ("/World/A", "/World/B_1", "/World/B_2"),
    "split": ("train", "val"),
    "sequence": ("", "a", "b"),
    "view": ("front", "side"),
    "scene": ("dock", "yard"),
    "attributes.colour": WORDS,
    "meta.weather.sky": WORDS,
}
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def tree(rng: np.random.Generator, depth: int, *, of_frames: bool = False) -> Tree:
    """A random condition; `of_frames`: about objects only below any, all and count."""
    kind = str(rng.choice(["and", "or", "not", "leaf"])) if depth else "leaf"
    if kind in ("and", "or"):
        return (kind, *(tree(rng, depth - 1, of_frames=of_frames) for _ in range(int(rng.integers(2, 4)))))
    if kind == "not":
        return ("not", tree(rng, depth - 1, of_frames=of_frames))
    if rng.random() < (0.6 if of_frames else 0.1):
        inner = tree(rng, max(depth - 1, 0))
        verb = str(rng.choice(["any", "all", "count"]))
        return (verb, inner, str(rng.choice(["<", ">=", "=="])), int(rng.integers(0, 4)))
    return leaf(rng, of_frames)


def leaf(rng: np.random.Generator, of_frames: bool) -> Tree:
    numbers = ("time", "index", "objects", "meta.lux") if of_frames else NUMBERS
    texts = ("split", "sequence", "scene", "meta.weather.sky") if of_frames else tuple(TEXTS)
    kinds = ["number", "chain", "text", "in", "known"] + ([] if of_frames else ["flag", "sum", "matches"])
    kind, name = str(rng.choice(kinds)), str(rng.choice(numbers))
    sign = str(rng.choice(["<", "<=", ">", ">=", "!="]))
    if kind == "number":
        return ("compare", ("name", name), sign, ("value", threshold(rng, name)))
    if kind == "chain":
        low, high = sorted((threshold(rng, name), threshold(rng, name)))
        return ("chain", low, ("name", name), high)
    if kind == "sum":
        one, other = (("name", str(rng.choice(["area", "width", "height", "image_width", "x0"]))) for _ in range(2))
        return ("compare", (str(rng.choice(["+", "-", "*", "/"])), one, other), sign, ("value", 31.07))
    if kind == "known":
        return (
            "known",
            str(rng.choice([*numbers, "scene"] if of_frames else [*numbers, "track", "attributes.colour"])),
        )
    if kind == "flag":
        return ("flag", str(rng.choice(["crowd", "box3d", "attributes.dirty"])))
    if kind == "matches":
        return ("matches", "track", "/World/B*")
    field = str(rng.choice(texts))
    if kind == "in":
        return ("in", field, tuple(str(word) for word in rng.choice(TEXTS[field], 2)), bool(rng.random() < 0.5))
    return ("text", field, str(rng.choice(["==", "!="])), str(rng.choice(TEXTS[field])))


def threshold(rng: np.random.Generator, name: str) -> float:
    """Most of them values that rows have: of two decimals, eighths, whole numbers."""
    if name in NARROW - {"distance"}:
        return float(rng.random().__round__(2))
    limits = {"distance": 60, "time": 10, "index": 40, "objects": 12, "image_width": 100, "attributes.wear": 12}
    return float(rng.integers(0, limits.get(name, 40 if name in ("width", "height", "x0") else 900)))


def written(node: Tree) -> str:
    """The tree as a text, more brackets than needed."""
    kind = node[0]
    if kind in ("and", "or"):
        return "(" + f" {kind} ".join(map(written, node[1:])) + ")"
    if kind == "not":
        return f"not {written(node[1])}"
    if kind == "count":
        return f"count({written(node[1])}) {node[2]} {node[3]}"
    if kind in ("any", "all"):
        return f"{kind}({written(node[1])})"
    if kind == "compare":
        return f"{written(node[1])} {node[2]} {written(node[3])}"
    if kind == "chain":
        return f"{node[1]!r} <= {written(node[2])} < {node[3]!r}"
    if kind in ("+", "-", "*", "/"):
        return f"({written(node[1])} {kind} {written(node[2])})"
    if kind in ("name", "flag"):
        return str(node[1])
    if kind == "value":
        return repr(node[1])
    if kind == "known":
        return f"known({node[1]})"
    if kind == "matches":
        return f"matches({node[1]}, {node[2]!r})"
    if kind == "in":
        return f"{node[1]} {'in' if node[3] else 'not in'} {node[2]!r}"
    return f"{node[1]} {node[2]} {node[3]!r}"


def held(node: Tree, row: Row) -> bool | None:
    """True, False, or None where it cannot be said: Kleene's three values."""
    kind = node[0]
    if kind in ("and", "or"):
        found = [held(part, row) for part in node[1:]]
        settling = kind == "or"
        return settling if settling in found else None if None in found else not settling
    if kind == "not":
        found = held(node[1], row)
        return None if found is None else not found
    if kind in ("any", "all", "count"):
        found = [held(node[1], Row(row.frame, view, at)) for view in row.frame.views for at in range(len(view.objects))]
        if kind == "count":
            return SIGNS[node[2]](found.count(True), node[3])
        settling = kind == "any"
        return settling if settling in found else None if None in found else not settling
    if kind == "compare":
        one, other = (number(side, row) for side in (node[1], node[3]))
        return None if one is None or other is None else SIGNS[node[2]](*narrowed(node[1], one, other))
    if kind == "chain":
        value = number(node[2], row)
        low, middle, high = (None,) * 3 if value is None else (*narrowed(node[2], node[1], value),
                                                               narrowed(node[2], node[3], value)[0])  # fmt: skip
        return None if middle is None else low <= middle < high
    if kind == "known":
        return looked_up(node[1], row) is not None
    value = looked_up(node[1], row)
    if value is None:
        return None
    if kind == "flag":
        return bool(value)
    if kind == "matches":
        return str(value).startswith("/World/B")
    same = [str(value).casefold() == word.casefold() if node[1] == "label" else value == word
            for word in (node[2] if kind == "in" else (node[3],))]  # fmt: skip
    return any(same) == (node[3] if kind == "in" else node[2] == "==")


def number(node: Tree, row: Row) -> float | None:
    if node[0] == "value":
        return float(node[1])
    if node[0] == "name":
        value = looked_up(node[1], row)
        return None if value is None or isinstance(value, str) else float(value)
    one, other = number(node[1], row), number(node[2], row)
    if one is None or other is None or (node[0] == "/" and other == 0):
        return None
    return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[node[0]](one, other)


def narrowed(node: Tree, *values: float) -> list[float]:
    """In as many bits as the index keeps."""
    return [float(np.float32(value)) for value in values] if node[1] in NARROW else list(values)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Frame], Index]:
    folder = tmp_path_factory.mktemp("agrees")
    given = list(frames(np.random.default_rng(3), 60))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FRAMEPRESS_CACHE", str(folder / "cache"))
        with DatasetWriter(folder / "set", ["native"]) as writer:
            for frame in given:
                writer.add(frame)
        return given, Index.of(open_dataset(folder / "set"))


def rows_of(given: list[Frame]) -> list[Row]:
    return [Row(frame, view, at) for frame in given for view in frame.views for at in range(len(view.objects))]


@pytest.mark.parametrize("seed", range(60))
def test_objects_are_those_that_a_plain_evaluator_finds(made: tuple[list[Frame], Index], seed: int) -> None:
    given, index = made
    rng = np.random.default_rng((5, seed))
    condition = ("and", ("known", "area"), tree(rng, 3)) if seed % 2 else ("or", ("flag", "crowd"), tree(rng, 3))
    expected = [held(condition, row) for row in rows_of(given)]
    found = choose(index, written(condition))
    assert found.objects.tolist() == [value is True for value in expected], written(condition)
    assert found.unknown == expected.count(None)
    assert found.frames.tolist() == [
        any(value is True for value, row in zip(expected, rows_of(given), strict=True) if row.frame is frame)
        for frame in given
    ]


@pytest.mark.parametrize("seed", range(30))
def test_frames_are_those_that_a_plain_evaluator_finds(made: tuple[list[Frame], Index], seed: int) -> None:
    given, index = made
    condition = tree(np.random.default_rng((6, seed)), 3, of_frames=True)
    expected = [held(condition, Row(frame, frame.views[0], 0)) for frame in given]
    found = choose(index, written(condition))
    assert found.frames.tolist() == [value is True for value in expected], written(condition)
    assert found.unknown == expected.count(None)
    owners = [row.frame for row in rows_of(given)]
    chosen = dict(zip((frame.id for frame in given), expected, strict=True))
    assert found.objects.tolist() == [chosen[frame.id] is True for frame in owners]


def test_spans_meet_without_a_seam(made: tuple[list[Frame], Index], monkeypatch: pytest.MonkeyPatch) -> None:
    _, index = made
    texts = ("label == 'car' and area > 300", "count(area > 300) >= 2", "view == 'side'", "any(crowd) and not crowd")
    whole = [choose(index, text, min_side=4) for text in texts]
    monkeypatch.setattr(terms, "SPAN", 7)
    for text, before in zip(texts, whole, strict=True):
        now = choose(index, text, min_side=4)
        for name in ("frames", "views", "objects"):
            np.testing.assert_array_equal(getattr(now, name), getattr(before, name))


def test_what_is_compared_with_a_value_that_it_has_is_equal_to_it_in_32_bits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    objects = Objects.build(["car"] * 3, visibility=[0.3, 0.3000002, 0.2999998])
    with DatasetWriter(tmp_path / "set", ["native"]) as writer:
        writer.add(Frame("a", 0, (View(Camera(8, 6), objects=objects),)))
    index = Index.of(open_dataset(tmp_path / "set"))
    assert choose(index, "visibility == 0.3").objects.tolist() == [True, False, False]
    assert choose(index, "visibility > 0.3").objects.tolist() == [False, True, False]
    assert choose(index, "visibility in (0.3, 0.9)").objects.tolist() == [True, False, False]
    assert choose(index, "occlusion > 0.7").objects.tolist() == [False, False, True]
    assert choose(index, "visibility > 1e300").objects.tolist() == [False] * 3


@pytest.mark.parametrize(
    ("text", "chosen", "unknown"),
    [
        ("area in (3, 5)", [0], 1),
        (f"area in {tuple(range(2, 9))}", [0, 1], 1),
        ("area not in (3, 5)", [1, 2], 1),
        ("not area in (3, 5)", [1, 2], 1),
        ("attributes.kind == 7", [1], 1),
        ("attributes.kind != 7", [0, 2], 1),
        ("attributes.kind not in (7, 8)", [0, 2], 1),
        ("attributes.kind != 'red'", [1, 2], 1),
        ("attributes.kind not in ('red', 'blue')", [1], 1),
        ("attributes.kind is None", [3], 0),
        ("matches(attributes.kind, '?e*')", [0], 1),
        ("not matches(attributes.kind, '?e*')", [1, 2], 1),
        ("startswith(attributes.list, '[\"x')", [0], 3),
        ("area / (area - 4) > 0", [2], 2),  # 4 / 0 is not known
        ("area % 3 == 1", [1], 1),
        ("area % (area - 4) < 9", [0, 2], 2),
        ("max(area, 5) == 5", [0, 1], 1),
        ("min(area, 5, 4) == 4", [1, 2], 1),
        ("abs(4 - area) == 1", [0], 1),
        ("+area == - -3", [0], 1),
    ],
)
def test_values_of_several_kinds_and_zeros_are_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, chosen: list[int], unknown: int
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    said = [{"kind": "red", "list": ["x", 1]}, {"kind": 7}, {"kind": "blue"}, {}]
    objects = Objects.build(["car"] * 4, area=[3, 4, 9, np.nan], attributes=said)
    with DatasetWriter(tmp_path / "set", ["native"]) as writer:
        writer.add(Frame("a", 0, (View(Camera(8, 6), objects=objects),)))
    found = choose(Index.of(open_dataset(tmp_path / "set")), text)
    assert np.flatnonzero(found.objects).tolist() == chosen
    assert found.unknown == unknown


def test_the_naive_evaluator_can_disagree(made: tuple[list[Frame], Index]) -> None:
    given, index = made
    expected = [held(("compare", ("name", "area"), ">", ("value", 300.0)), row) is True for row in rows_of(given)]
    assert choose(index, "area < 300").objects.tolist() != expected
