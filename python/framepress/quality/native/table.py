"""A native edition as columns, however wrong; what keeps a part of it from being one is noted with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from framepress.core import Label, LabelMap, safe_name
from framepress.core.arrays import Array
from framepress.errors import LabelError
from framepress.quality.columns import NO_TIME, MemoryColumns
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.quality.native.record import FileSaid, Lens, Objects, Oddities, Said, View

__all__ = ["ChannelFile", "Lines", "NativeLook", "Shard"]

BLOCK = 2048
"""Records whose numbers wait as Python's before they become arrays."""

_NAN4 = (np.nan,) * 4
_NAN10 = (np.nan,) * 10
_NUMBERS = ("area", "visibility", "truncation")


class ChannelFile(NamedTuple):
    """A channel's file as a record names it; `view` is a row of the views."""

    frame: str
    view: int
    channel: str
    said: FileSaid
    line: int
    shard: int


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of records: what `dataset.json` states, and how many lines it has (-1: not to be read)."""

    path: str
    frames: int
    bytes: int
    lines: int
    message: str = ""


@dataclass(eq=False)
class NativeLook:
    """What `native.look.look` gives.

    Args:
        document: `dataset.json`, {} where it is none.
        faults: of `dataset.json`: what it lacks or has twice.
        lines: what the records say; its `odd` and `doubled` what keeps some from saying it.
        lenses: float64 (views, 27): K, pose, near, far; NaN = not known.
        solids: float64 (objects, 10): centre, size, quaternion; NaN = not known.
    """

    root: Path
    unread: list[Issue]
    document: dict[str, Any]
    faults: list[Issue]
    shards: list[Shard]
    lines: Lines
    pictures: list[ImageFile]
    table: MemoryColumns
    lenses: Array
    solids: Array

    def images(self) -> Sequence[ImageFile]:
        return self.pictures

    def columns(self) -> MemoryColumns:
        return self.table

    def of_view(self, row: int, message: str, place: str) -> Issue:
        """An issue of a view, where its record is."""
        shard, line = self.lines.view_lines[row]
        frame = int(self.table.views["frame"][row])
        name = self.table.view_names[int(self.table.views["name"][row])]
        file = self.shards[shard].path
        return Issue(message=message, file=file, line=line, place=place, frame=self.lines.ids[frame], view=name)

    def of_object(self, row: int, message: str, place: str) -> Issue:
        """An issue of a row of the objects."""
        objects = self.table.objects
        track = int(objects["track"][row])
        issue = self.of_view(int(objects["view"][row]), message, place)
        prim = self.table.tracks[track] if track >= 0 else ""
        return replace(issue, object=int(objects["id"][row]), prim=prim)

    def classes(self) -> tuple[str, Sequence[str]]:
        listed = self.document.get("classes")
        return "dataset.json", [_class_name(row) for row in listed] if isinstance(listed, list) else []


def _class_name(row: Any) -> str:
    name = row.get("name") if isinstance(row, dict) else row
    return name if isinstance(name, str) else ""


class _Codes:
    """Texts as numbers, first seen, first numbered."""

    def __init__(self, *known: str) -> None:
        self._codes = {text: code for code, text in enumerate(known)}

    def __call__(self, text: str) -> int:
        return self._codes.setdefault(text, len(self._codes))

    @property
    def texts(self) -> list[str]:
        return list(self._codes)


@dataclass(eq=False)
class Lines:
    """Takes in records one by one.

    Args:
        odd: lines that are no records; doubled: frames that are there twice.
        files: of channels, in the order of the records.
        used: class -> where a record first uses it.
    """

    odd: Oddities = field(default_factory=Oddities)
    doubled: list[Issue] = field(default_factory=list)
    files: list[ChannelFile] = field(default_factory=list)
    used: dict[str, Issue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids: list[str] = []
        self.places: list[tuple[int, int]] = []
        """Shard and line of each frame."""
        self._first: dict[str, str] = {}
        self._frames: dict[str, list[int]] = {name: [] for name in ("index", "sequence", "split", "scene", "seed")}
        self._times: list[int] = []
        self.views: dict[str, list[int]] = {name: [] for name in ("frame", "name", "width", "height", "time_ns")}
        self.view_lines: list[tuple[int, int]] = []
        self._lenses: list[Array] = []
        self._blocks: dict[str, list[Array]] = {}
        self._waiting: dict[str, list[Any]] = {name: [] for name in _OBJECTS}
        self.codes = {name: _Codes("") for name in ("sequence", "split", "scene", "seed", "name")}
        self.tracks, self.labels = _Codes(), _Codes()

    def add(self, said: Said, shard: int, file: str, line: int) -> None:
        if said.id in self._first:
            message = f"frame {said.id!r} is in {self._first[said.id]} already"
            self.doubled.append(Issue(message=message, file=file, line=line, frame=said.id))
        self._first.setdefault(said.id, f"{file}:{line}")
        row = len(self.ids)
        self.ids.append(said.id)
        self.places.append((shard, line))
        texts = {
            "sequence": said.sequence,
            "split": said.split,
            "scene": "" if said.meta.scene is None else str(said.meta.scene),
            "seed": "" if said.meta.seed is None else str(said.meta.seed),
        }
        for name, text in texts.items():
            self._frames[name].append(self.codes[name](text))
        self._frames["index"].append(said.index)
        self._times.append(NO_TIME if said.time_ns is None else said.time_ns)
        for view in said.views:
            self._view(said, view, row, shard, file, line)
        if len(self.ids) % BLOCK == 0:
            self._flush()

    def _view(self, said: Said, view: View, frame: int, shard: int, file: str, line: int) -> None:
        row = len(self.views["frame"])
        for name, number in (("frame", frame), ("width", view.width), ("height", view.height)):
            self.views[name].append(number)
        self.views["time_ns"].append(NO_TIME if view.time_ns is None else view.time_ns)
        self.views["name"].append(self.codes["name"](view.name))
        self.view_lines.append((shard, line))
        self._lenses.append(_numbers_of(view.camera))
        for channel, of_channel in view.files.items():
            self.files.append(ChannelFile(said.id, row, channel, of_channel, line, shard))
        if view.objects is not None and (message := _misfit(view)):
            self.odd.wrong.append(
                Issue(message=message, file=file, line=line, frame=said.id, view=view.name, place="objects")
            )
        elif view.objects is not None:
            self._objects(view.objects, view.classes, frame, row)
            for name in view.classes:
                if name not in self.used:
                    self.used[name] = Issue(message="", file=file, line=line, frame=said.id, view=view.name)

    def _objects(self, said: Objects, classes: list[str], frame: int, view: int) -> None:
        count, waiting = len(said.label), self._waiting
        codes = [self.labels(name) for name in classes]
        waiting["frame"] += [frame] * count
        waiting["view"] += [view] * count
        waiting["label"] += [codes[label] for label in said.label]
        waiting["id"] += said.id if said.id is not None else [0] * count
        waiting["track"] += _tracks(said.track, self.tracks, count)
        waiting["crowd"] += said.crowd if said.crowd is not None else [False] * count
        waiting["mask"] += [bytes(mask) != b"null" for mask in said.mask] if said.mask else [False] * count
        for name in ("box", "box_full"):
            column = getattr(said, name)
            waiting[name] += [_NAN4] * count if column is None else [_NAN4 if box is None else box for box in column]
        solids = said.box3d
        waiting["solid"] += [_NAN10] * count if solids is None else [_NAN10 if box is None else box for box in solids]
        for name in _NUMBERS:
            column = getattr(said, name)
            waiting[name] += [np.nan] * count if column is None else [np.nan if n is None else n for n in column]

    def _flush(self) -> None:
        for name, values in self._waiting.items():
            dtype, width = _OBJECTS[name]
            shape = (len(values), width) if width else (len(values),)
            self._blocks.setdefault(name, []).append(np.array(values, dtype).reshape(shape))
        self._waiting = {name: [] for name in _OBJECTS}

    def gathered(self, listed: Sequence[str]) -> tuple[MemoryColumns, Array, Array]:
        """The columns, the cameras float64 (views, 27), and the 3D boxes float64 (objects, 10).

        Args:
            listed: the dataset's classes, in order.
        """
        self._flush()
        objects = {name: np.concatenate(blocks) for name, blocks in self._blocks.items()}
        solids = objects.pop("solid")
        objects["box3d"] = np.isfinite(solids).all(1)
        labels, codes = _label_map(listed, self.labels.texts)
        objects["label"] = codes[objects["label"]]
        columns = MemoryColumns(
            labels,
            self.ids,
            {
                **{name: np.array(column, np.int64) for name, column in self._frames.items()},
                "time_ns": np.array(self._times, np.int64),
            },
            {name: np.array(column, np.int64) for name, column in self.views.items()},
            objects,
            sequences=self.codes["sequence"].texts,
            splits=self.codes["split"].texts,
            scenes=self.codes["scene"].texts,
            seeds=self.codes["seed"].texts,
            view_names=self.codes["name"].texts,
            tracks=self.tracks.texts,
        )
        lenses = np.stack(self._lenses) if self._lenses else np.empty((0, 27))
        return columns, lenses, solids


_OBJECTS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("frame", "view", "id"), ("int64", 0)),
    **dict.fromkeys(("label", "track"), ("int32", 0)),
    **dict.fromkeys(("crowd", "mask"), ("bool", 0)),
    **dict.fromkeys(_NUMBERS, ("float64", 0)),
    **dict.fromkeys(("box", "box_full"), ("float64", 4)),
    "solid": ("float64", 10),
}


def _label_map(listed: Sequence[str], used: Sequence[str]) -> tuple[LabelMap, Array]:
    """The classes of the list and then further ones in use, each once whatever its case; int32, used -> code."""
    kept: dict[str, Label] = {}
    for name in (*listed, *used):
        kept.setdefault(_key(name), _label(name))
    labels = LabelMap(tuple(kept.values()))
    place = {key: code for code, key in enumerate(kept)}
    return labels, np.array([place[_key(name)] for name in used], np.int32)


def _key(name: str) -> str:
    return _label(name).name.casefold()


def _label(name: str) -> Label:
    try:
        return Label(name)
    except LabelError:  # rules tell of a name that cannot be one
        return Label(safe_name(name.encode("utf-8", "backslashreplace").decode()) or "unnamed")


def _tracks(said: list[str] | None, codes: Callable[[str], int], count: int) -> list[int]:
    return [-1] * count if said is None else [codes(track) if track else -1 for track in said]


def _numbers_of(lens: Lens) -> Array:
    """float64 (27,): K, the pose, near and far; NaN = not known."""
    numbers = np.full(27, np.nan)
    if lens.K is not None:
        numbers[:9] = np.ravel(lens.K)
    if lens.world_from_camera is not None:
        numbers[9:25] = np.ravel(lens.world_from_camera)
    numbers[25:] = lens.near, np.inf if lens.far is None else lens.far
    return numbers


def _misfit(view: View) -> str:
    """Why the columns of a view's objects do not fit each other; "" where they do."""
    said = view.objects
    assert said is not None
    count = len(said.label)
    for name in said.__struct_fields__:
        column = getattr(said, name)
        if column is not None and len(column) != count:
            return f"the column {name!r} has {len(column)} entries, 'label' has {count}"
    outside = [label for label in said.label if not 0 <= label < len(view.classes)]
    return f"label {outside[0]} is none of the view's {len(view.classes)} classes" if outside else ""
