"""Columns over a whole dataset, of any format that can be read: what statistics, selection and rules work on.

frames:   id (text), index, sequence, split, scene and seed (of `meta`, as text), time_ns (NO_TIME = not known),
          features (bit set), first_view, views, first_object, objects
views:    frame, name, time_ns (its own, NO_TIME = not known), width, height [px], first_object, objects
objects:  frame, view, id, label, track (-1 = none), box and box_full [px, edges], area [px], visibility, truncation,
          score, distance [m, from the camera to the 3D box's centre], yaw [rad, of its x axis about the camera's y
          axis], all NaN = not known; crowd, mask, box3d (whether known)
files:    path (text, relative to the dataset), size [bytes, -1 = missing], frame, edition

`sequence`, `split`, `scene`, `seed`, `name`, `label`, `track` and `edition` count in the lists of the same name; other
integers are row numbers of the table they name. What frames and objects say in words of their own is in `Index.meta`
and `Index.attributes`, a `Field` a key. The columns are memory-mapped files in a cache outside the dataset
(`index_cache`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np

from framepress.core import LabelMap
from framepress.core.arrays import Array
from framepress.dataset import index_cache
from framepress.dataset.index_block import NO_TIME
from framepress.dataset.index_build import COLUMNS, TEXTS, VOCABULARIES, read_header
from framepress.dataset.index_fields import stem_of
from framepress.dataset.index_files import SURROGATES
from framepress.dataset.index_source import build
from framepress.dataset.opening import Dataset
from framepress.errors import LabelError, OutputError

__all__ = ["NO_TIME", "Field", "Fields", "Index", "Table", "Texts"]

_CHUNK = 1 << 20
_TEXTS = 1 << 14


class Texts(Sequence[str]):
    """Many texts in one file; each is decoded when it is asked for."""

    def __init__(self, offsets: Array, content: Array) -> None:
        self._offsets = offsets
        self._content = content

    def __len__(self) -> int:
        return max(len(self._offsets) - 1, 0)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            rows = range(*row.indices(len(self)))
            return self._run(rows) if rows.step == 1 else [self[place] for place in rows]
        place = range(len(self))[row]
        return self._content[self._offsets[place] : self._offsets[place + 1]].tobytes().decode("utf-8", SURROGATES)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _TEXTS):
            yield from self[start : start + _TEXTS]

    def _run(self, rows: range) -> list[str]:
        """Neighbours, read at once."""
        if not rows:
            return []
        ends = self._offsets[rows.start : rows.stop + 1]
        content = self._content[ends[0] : ends[-1]].tobytes()
        return [content[a:b].decode("utf-8", SURROGATES) for a, b in pairwise((ends - ends[0]).tolist())]

    def __repr__(self) -> str:
        return f"Texts({len(self)})"


class Table(Mapping[str, Array]):
    """Column name -> read-only array with one entry a row; one that says nothing of any row takes no memory.

    All columns are mapped at once: a mapped file stays readable when a newer index takes this one's place.
    """

    def __init__(self, folder: Path, name: str, rows: int, known: Sequence[str]) -> None:
        self.rows = rows
        self._name = name
        self._columns = {
            column: _mapped(folder / f"{name}.{column}", dtype, (rows, *shape))
            if column in known
            else np.broadcast_to(np.array(blank, dtype), (rows, *shape))
            for column, (dtype, shape, blank) in COLUMNS[name].items()
        }
        self._texts = {column: _texts(folder / f"{name}.{column}", rows) for column in TEXTS[name]}

    def __getitem__(self, column: str) -> Array:
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def texts(self, column: str) -> Texts:
        """A column of texts: `id` of frames, `path` of files."""
        return self._texts[column]

    def __repr__(self) -> str:
        return f"Table({self._name}, {self.rows} rows)"


@dataclass(frozen=True, eq=False)
class Field:
    """What the rows of a table say under one key.

    Args:
        numbers: float64 (rows,), NaN = none; None where no row has a number. Bools are 1 and 0.
        codes: int32 (rows,), positions in `texts`, -1 = none; None where no row has a text.
        texts: the different texts, as first seen.
        boolean: every value is a bool.
    """

    numbers: Array | None
    codes: Array | None
    texts: Sequence[str]
    boolean: bool


class Fields(Mapping[str, Field]):
    """Key -> field, by name; nested keys are joined with dots.

    What counts as a number, what as a text, and what has no place: see `index_fields`.

    Attributes:
        left_out: key -> how many of its values have no place in a column; "" stands for keys beyond those kept.
    """

    def __init__(self, folder: Path, name: str, rows: int, header: Mapping[str, Any]) -> None:
        self.left_out: dict[str, int] = dict(header["left_out"])
        self._fields = {
            key: _field(folder / stem_of(name, key), rows, kept)
            for key, kept in header["fields"].items()
            if kept["numbers"] or kept["texts"]
        }

    def __getitem__(self, key: str) -> Field:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Fields({', '.join(self._fields)})"


def _field(path: Path, rows: int, kept: Mapping[str, Any]) -> Field:
    numbers = _mapped(path.with_name(path.name + ".numbers"), "<f8", (rows,)) if kept["numbers"] else None
    codes = _mapped(path.with_name(path.name + ".codes"), "<i4", (rows,)) if kept["texts"] else None
    return Field(numbers, codes, _texts(path.with_name(path.name + ".texts"), kept["texts"]), bool(kept["boolean"]))


class Index:
    """Made by `Index.of`."""

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        rows = header["rows"]
        self.labels = LabelMap.from_dict(header["labels"])
        self.features: tuple[str, ...] = tuple(header["features"])
        self.frames, self.views, self.objects, self.files = (
            Table(folder, name, rows[name], header["columns"][name]) for name in COLUMNS
        )
        self.sequences, self.splits, self.scenes, self.seeds, self.view_names, self.tracks, self.editions = (
            _texts(folder / name, rows[name]) for name in VOCABULARIES
        )
        self.meta = Fields(folder, "meta", self.frames.rows, header["meta"])
        self.attributes = Fields(folder, "attributes", self.objects.rows, header["attributes"])

    @classmethod
    def of(
        cls, dataset: Dataset, *, rebuild: bool = False, on_frames: Callable[[int], None] = lambda frames: None
    ) -> Index:
        """The index of a dataset: the cached one while the dataset is unchanged, else made now.

        A dataset of ours is indexed by its journal, which knows all editions and needs no finished one; another one by
        reading every frame (no pixel is decoded). Where the journal only grew, what is new is read. Memory stays flat,
        but for some 16 bytes a frame and a bounded memory for texts.

        Args:
            rebuild: make it even if there is one.
            on_frames: told how many frames are done, where it is made.

        Raises:
            InputError: the dataset is damaged.
            OutputError: the cache cannot be written or not be mapped; FRAMEPRESS_CACHE names another folder for it.
        """
        place = index_cache.Place.of(dataset)
        found = None if rebuild else cls._cached(place.folder)
        if found is None:
            older = [] if rebuild else place.others()
            found = place.made(
                lambda target: build(dataset, target, older, on_frames), lambda built: cls._cached(built, fresh=True)
            )
        if found is None:
            raise OutputError(f"{place.folder}: cannot be read back; set FRAMEPRESS_CACHE to a folder on another disk")
        return found

    @classmethod
    def _cached(cls, folder: Path, *, fresh: bool = False) -> Index | None:
        """None where there is no index, or not a whole one, or one that cannot be checked against its files."""
        header = read_header(folder)
        if header is None or (header["outside"] and not fresh):
            return None
        try:
            return cls(folder, header)
        except (OSError, ValueError, KeyError, TypeError, IndexError, LabelError):  # it is a cache: made again
            return None

    def counts(self) -> dict[str, int]:
        """Objects a class, in the order of the classes; 0 where there is none."""
        totals = _counted(self.objects["label"], len(self.labels))
        return dict(zip(self.labels.names, totals, strict=True))

    def summary(self) -> dict[str, Any]:
        """JSON-able: how many of everything.

        `sizes` counts views, `features` frames that have them, `splits` frames ("" = none), `sequences` and `tracks`
        different names.
        """
        splits = _counted(self.frames["split"], len(self.splits))
        bits = self.frames["features"]
        features = {name: int(np.count_nonzero(bits & np.uint64(1 << bit))) for bit, name in enumerate(self.features)}
        sizes, of_size = np.unique(
            np.stack([self.views["width"], self.views["height"]], axis=1), axis=0, return_counts=True
        )
        return {
            "frames": self.frames.rows,
            "views": self.views.rows,
            "objects": self.objects.rows,
            "sequences": sum(name != "" for name in self.sequences),
            "tracks": len(self.tracks),
            "classes": self.counts(),
            "splits": dict(sorted(zip(self.splits, splits, strict=True))),
            "sizes": {f"{w}x{h}": n for (w, h), n in zip(sizes.tolist(), of_size.tolist(), strict=True)},
            "features": dict(sorted(features.items())),
        }

    def __repr__(self) -> str:
        return f"Index({self.frames.rows} frames, {self.objects.rows} objects)"


def _counted(codes: Array, length: int) -> list[int]:
    totals = np.zeros(length, np.int64)
    for start in range(0, len(codes), _CHUNK):
        totals += np.bincount(codes[start : start + _CHUNK], minlength=length)
    return [int(total) for total in totals]


def _mapped(path: Path, dtype: str, shape: tuple[int, ...]) -> Array:
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", shape=shape)


def _texts(path: Path, rows: int) -> Texts:
    offsets = _mapped(path.with_name(path.name + ".ends"), "<i8", (rows + 1,))
    return Texts(offsets, _mapped(path.with_name(path.name + ".utf8"), "u1", (int(offsets[-1]),)))
