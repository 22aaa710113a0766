"""The columns of a COCO dataset: the frames of all its splits, as rules for whole datasets compare them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np

from framepress.core import Label, LabelMap, safe_name
from framepress.core.arrays import Array
from framepress.errors import InputError, LabelError
from framepress.formats.frame_ids import Split, frame_ids
from framepress.quality.coco.table import ABSENT, EMPTY, CocoFile
from framepress.quality.columns import MemoryColumns

__all__ = ["frames_of", "gathered", "principal"]

_EXTENSION = re.compile(r"\.[A-Za-z0-9]+$")
_STEM = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")


def principal(files: Sequence[CocoFile]) -> list[CocoFile]:
    """One file a split: a key-point file says again what the one beside it does."""
    found: dict[str, CocoFile] = {}
    for file in sorted(files, key=lambda file: file.task != "instances"):
        found.setdefault(file.split, file)
    return [found[split] for split in sorted(found)]


def frames_of(files: Sequence[CocoFile]) -> list[list[str]]:
    """The id of each image's frame, as `coco.read` names them; a file in two splits is one frame in both."""
    if (plain := _plain_frames(files)) is not None:
        return plain
    splits = [
        Split(
            safe_name(file.split) if file.split else "",
            [_named(name, row) for row, name in enumerate(file.images.names)],
            [frame or None for frame in file.images.frame],
        )
        for file in files
    ]
    try:
        found = frame_ids(splits, "")
    except InputError:
        found = [[f"{split.name}/{path}" for path in split.paths] for split in splits]
    first: dict[str, str] = {}
    return [
        [
            first.setdefault(whole, frame) if (whole := file.image_name(row)) else frame
            for row, frame in enumerate(frames)
        ]
        for file, frames in zip(files, found, strict=True)
    ]


def _plain_frames(files: Sequence[CocoFile]) -> list[list[str]] | None:
    """The names without extension, where `frame_ids` would come to the same, in a tenth of the time."""
    if any(frame for file in files for frame in file.images.frame):
        return None
    found = [[_EXTENSION.sub("", name) for name in file.images.names] for file in files]
    names = list(chain.from_iterable(found))
    return found if len(set(names)) == len(names) and all(map(_STEM.fullmatch, names)) else None


def _named(name: str, row: int) -> str:
    return name if name.rpartition("/")[2].strip(".") else f"{name}{row}"


def gathered(files: Sequence[CocoFile], frames: Sequence[Sequence[str]]) -> MemoryColumns | None:
    """Of `principal` files and their `frames_of`; None where there are none.

    Left out: annotations of images or categories that are not there.
    """
    if not files:
        return None
    labels, codes = _labels(files)
    lists = _Lists()
    ids, frame_row = _numbered(files, frames)
    owner = np.array([file for file, _ in ids], np.int32)
    at = np.array([row for _, row in ids], np.int64)
    begin = np.cumsum([0, *(len(file.images.names) for file in files)])
    places = begin[owner] + at
    every = [file.images for file in files]
    size = {name: np.concatenate([getattr(images, name) for images in every]) for name in ("width", "height")}
    texts = {
        name: lists.coded(name, chain.from_iterable(getattr(images, name) for images in every))
        for name in ("sequence", "scene", "seed", "view")
    }
    numbers = {name: np.concatenate([getattr(images, name) for images in every]) for name in ("index", "time_ns")}
    view_frame = np.concatenate(frame_row)
    return MemoryColumns(
        labels,
        [frames[file][row] for file, row in ids],
        {
            **{name: column[places] for name, column in numbers.items()},
            **{name: texts[name][places] for name in ("sequence", "scene", "seed")},
            "split": owner,
        },
        {"frame": view_frame, "name": texts["view"], **size},
        _objects(files, codes, begin, view_frame),
        sequences=lists.of("sequence"),
        splits=[file.split for file in files],
        scenes=lists.of("scene"),
        seeds=lists.of("seed"),
        view_names=lists.of("view"),
        tracks=[track for file in files for track in file.tracks],
    )


class _Lists:
    """Texts as positions in lists that begin with ""."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {}

    def coded(self, name: str, texts: chain[str]) -> Array:
        known = self._known.setdefault(name, {"": 0})
        return np.array([known.setdefault(text, len(known)) for text in texts], np.int32)

    def of(self, name: str) -> list[str]:
        return list(self._known[name])


def _numbered(files: Sequence[CocoFile], frames: Sequence[Sequence[str]]) -> tuple[list[tuple[int, int]], list[Array]]:
    """File and row of the first image of each frame, and the frame of each file's images."""
    ids: list[tuple[int, int]] = []
    rows = []
    for file, named in enumerate(frames):
        known: dict[str, int] = {}
        row_of = []
        for row, frame in enumerate(named):
            if frame not in known:
                known[frame] = len(ids)
                ids.append((file, row))
            row_of.append(known[frame])
        rows.append(np.array(row_of, np.int64))
    return ids, rows


def _labels(files: Sequence[CocoFile]) -> tuple[LabelMap, list[Array]]:
    """All classes, first seen first, and the code of each category of each file, -1 where it has no name."""
    names: dict[str, str] = {}
    for name in chain.from_iterable(file.categories.name for file in files):
        if name.strip():
            names.setdefault(name.strip().casefold(), name.strip())
    kept: list[Label] = []
    for name in names.values():
        try:
            kept.append(Label(name))
        except LabelError:
            continue  # rules of the file tell of a name that cannot be one
    labels = LabelMap(tuple(kept))
    codes = [
        np.array([-1 if (code := labels.find(name.strip())) is None else code for name in file.categories.name])
        for file in files
    ]
    return labels, codes


def _objects(files: Sequence[CocoFile], codes: list[Array], begin: Array, view_frame: Array) -> dict[str, Array]:
    columns: dict[str, list[Array]] = {}
    tracks = 0
    for number, file in enumerate(files):
        said = file.annotations
        label = np.full(said.category.size, -1) if not codes[number].size else codes[number][said.category]
        rows = np.flatnonzero((said.image >= 0) & (said.category >= 0) & (label >= 0))
        view = begin[number] + said.image[rows]
        x, y, width, height = said.bbox[rows].T
        kind = said.shapes.kind[rows]
        track = said.track[rows]
        for name, column in (
            ("frame", view_frame[view]),
            ("view", view),
            ("id", said.id[rows]),
            ("label", label[rows]),
            ("track", np.where(track >= 0, track + tracks, -1)),
            ("box", np.stack((x, y, x + width, y + height), 1)),
            ("area", said.area[rows]),
            ("visibility", said.visibility[rows]),
            ("truncation", said.truncation[rows]),
            ("crowd", said.crowd[rows] == 1),
            ("mask", (kind != ABSENT) & (kind != EMPTY)),
        ):
            columns.setdefault(name, []).append(column)
        tracks += len(file.tracks)
    return {name: np.concatenate(parts) for name, parts in columns.items()}
