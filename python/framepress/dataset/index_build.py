"""Writes the columns of an index, block by block, each column to the end of its own file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress import __version__
from framepress.core import Boxes3D, LabelMap
from framepress.core.arrays import Array
from framepress.dataset.index_block import NO_TIME, Block
from framepress.dataset.index_fields import FieldFiles
from framepress.dataset.index_files import ColumnFile, TextFile, Vocabulary
from framepress.errors import InputError, LabelError

__all__ = ["COLUMNS", "TEXTS", "VERSION", "VOCABULARIES", "Builder", "read_header"]

VERSION = 5
HEADER = "index.json"
_STEEP = 0.9
_NAN = float("nan")
_MEMORY = 1 << 27
_MOST_FEATURES = 64
_MOST_REMEMBERED = 4096

COLUMNS: dict[str, dict[str, tuple[str, tuple[int, ...], float | int]]] = {
    "frames": {
        **dict.fromkeys(("index", "first_view", "first_object"), ("<i8", (), 0)),
        "time_ns": ("<i8", (), NO_TIME),
        **dict.fromkeys(("sequence", "split", "scene", "seed", "views", "objects"), ("<i4", (), 0)),
        "features": ("<u8", (), 0),
    },
    "views": {
        **dict.fromkeys(("frame", "first_object"), ("<i8", (), 0)),
        "time_ns": ("<i8", (), NO_TIME),
        **dict.fromkeys(("name", "width", "height", "objects"), ("<i4", (), 0)),
    },
    "objects": {
        **dict.fromkeys(("frame", "view", "id"), ("<i8", (), 0)),
        "label": ("<i4", (), 0),
        "track": ("<i4", (), -1),
        **dict.fromkeys(("box", "box_full"), ("<f8", (4,), _NAN)),
        "area": ("<f8", (), _NAN),
        **dict.fromkeys(("visibility", "truncation", "score", "distance", "yaw"), ("<f4", (), _NAN)),
        **dict.fromkeys(("crowd", "mask", "box3d"), ("?", (), False)),
    },
    "files": {"size": ("<i8", (), -1), "frame": ("<i8", (), 0), "edition": ("<i4", (), 0)},
}
"""Table -> column -> dtype, shape of a row, and what stands for "nothing": a column of nothing else has no file."""
TEXTS: dict[str, tuple[str, ...]] = {"frames": ("id",), "views": (), "objects": (), "files": ("path",)}
VOCABULARIES: dict[str, tuple[str, str]] = {
    "sequences": ("frames", "sequence"),
    "splits": ("frames", "split"),
    "scenes": ("frames", "scene"),
    "seeds": ("frames", "seed"),
    "view_names": ("views", "name"),
    "tracks": ("objects", "track"),
    "editions": ("files", "edition"),
}
"""List of different texts -> table and column that count in it."""


class Builder:
    """Takes blocks in order; `close` makes the folder an index.

    Args:
        folder: empty, or with the files of an index that is to go on; `before` is its header.
        on_frames: told how many frames there are by now.

    Attributes:
        labels: the classes; they grow by those that blocks bring.
    """

    def __init__(
        self,
        folder: Path,
        labels: LabelMap,
        before: Mapping[str, Any] | None = None,
        on_frames: Callable[[int], None] = lambda frames: None,
    ) -> None:
        before = before or {"rows": {}, "features": [], "outside": False, "meta": None, "attributes": None}
        rows: dict[str, int] = {**dict.fromkeys((*COLUMNS, *VOCABULARIES), 0), **before["rows"]}
        self.labels = labels
        self._folder = folder
        self._on_frames = on_frames
        self._features: dict[str, int] = {name: bit for bit, name in enumerate(before["features"])}
        self._bits: dict[frozenset[str], int] = {}
        self._codes: dict[tuple[str, ...], Array] = {}
        self._outside: bool = before["outside"]
        self._rows = {table: rows[table] for table in COLUMNS}
        self._columns = {
            table: {name: ColumnFile(folder / f"{table}.{name}", *kind, rows[table]) for name, kind in columns.items()}
            for table, columns in COLUMNS.items()
        }
        self._texts = {
            f"{table}.{name}": TextFile(folder / f"{table}.{name}") for table in TEXTS for name in TEXTS[table]
        }
        self._vocabularies = {
            name: Vocabulary(folder / name, memory=_MEMORY, nothing="" if name == "tracks" else None, rows=rows[name])
            for name in VOCABULARIES
        }
        self._meta = FieldFiles(folder, "meta", rows["frames"], before["meta"])
        self._attributes = FieldFiles(folder, "attributes", rows["objects"], before["attributes"])

    def add(self, block: Block) -> None:
        """Raises:
        InputError: a class that cannot be one, or features beyond count, with the frame.
        OSError: the folder cannot be written.
        """
        view_frame = np.repeat(np.arange(len(block.ids)), block.views)
        object_view = np.repeat(np.arange(len(view_frame)), block.objects)
        per_frame = np.bincount(view_frame, block.objects, len(block.ids)).astype(np.int64)
        rows = dict(self._rows)
        frames = self._frames(block) | {
            "first_view": rows["views"] + _before(block.views),
            "views": block.views,
            "first_object": rows["objects"] + _before(per_frame),
            "objects": per_frame,
        }
        views = {
            "frame": rows["frames"] + view_frame,
            "name": self._vocabularies["view_names"].codes(block.view_names),
            "time_ns": block.view_time_ns,
            "width": block.size_wh[:, 0],
            "height": block.size_wh[:, 1],
            "first_object": rows["objects"] + _before(block.objects),
            "objects": block.objects,
        }
        objects = self._objects(block, view_frame, object_view) | {
            "frame": rows["frames"] + view_frame[object_view],
            "view": rows["views"] + object_view,
        }
        self._append("frames", frames, len(block.ids))
        self._append("views", views, len(view_frame))
        self._append("objects", objects, len(object_view))
        self._append("files", self._files(block, rows["frames"]), len(block.files))
        self._texts["frames.id"].extend(block.ids)
        self._meta.append(block.meta, len(block.ids))
        self._attributes.append(block.attributes, len(object_view))
        self._on_frames(self._rows["frames"])

    def _append(self, table: str, columns: Mapping[str, Array], rows: int) -> None:
        self._rows[table] += rows
        for name, column in self._columns[table].items():
            if name in columns:
                column.append(columns[name])
            else:
                column.fill(self._rows[table])

    def _frames(self, block: Block) -> dict[str, Array]:
        told = {key: [""] * len(block.ids) for key in ("scene", "seed")}
        for row, said in block.meta:
            for key, texts in told.items():
                if said.get(key) is not None:
                    texts[row] = str(said[key])
        codes = self._vocabularies
        return {
            "index": block.index,
            "time_ns": block.time_ns,
            "sequence": codes["sequences"].codes(block.sequences),
            "split": codes["splits"].codes(block.splits),
            "scene": codes["scenes"].codes(told["scene"]),
            "seed": codes["seeds"].codes(told["seed"]),
            "features": np.array(
                [self._bits_of(held, id) for held, id in zip(block.features, block.ids, strict=True)], np.uint64
            ),
        }

    def _bits_of(self, held: frozenset[str], frame_id: str) -> int:
        bits = self._bits.get(held)
        if bits is None:
            numbers = [self._features.setdefault(name, len(self._features)) for name in sorted(held)]
            if len(self._features) > _MOST_FEATURES:
                raise InputError(f"frame {frame_id}: channels and columns beyond {_MOST_FEATURES}: {sorted(held)}")
            bits = self._bits[held] = sum(1 << number for number in numbers)
        return bits

    def _objects(self, block: Block, view_frame: Array, object_view: Array) -> dict[str, Array]:
        codes = [
            self._class_codes(tuple(names), block.ids[frame])
            for names, frame in zip(block.classes, view_frame.tolist(), strict=True)
        ]
        first = _before(np.array([len(part) for part in codes], np.int64))
        found = {**block.numbers, "label": np.concatenate(codes)[block.label + first[object_view]]}
        if block.tracks:
            found["track"] = self._vocabularies["tracks"].codes(block.tracks)
        if block.box3d is not None:
            boxes = Boxes3D(block.box3d[:, :3], block.box3d[:, 3:6], block.box3d[:, 6:])
            pose = block.pose[object_view]
            found["box3d"] = boxes.known
            with np.errstate(all="ignore"):  # of numbers near the ends of float64, and of NaN
                found["distance"] = np.linalg.norm(boxes.center - pose[:, :3, 3], axis=1)
                found["yaw"] = _yaw_rad(boxes, pose[:, :3, :3])
        return found

    def _class_codes(self, names: tuple[str, ...], frame_id: str) -> Array:
        codes = self._codes.get(names)
        if codes is None:
            try:
                self.labels = self.labels.grown(names)
            except LabelError as error:
                raise InputError(f"frame {frame_id}: {error}") from error
            if len(self._codes) >= _MOST_REMEMBERED:
                self._codes.clear()
            codes = self._codes[names] = np.array([self.labels.code(name) for name in names], np.int64)
        return codes

    def _files(self, block: Block, first_frame: int) -> dict[str, Array]:
        paths = [file.path for _, file in block.files]
        self._outside = self._outside or any(map(os.path.isabs, paths))
        self._texts["files.path"].extend(paths)
        return {
            "size": np.array([file.size for _, file in block.files], np.int64),
            "frame": np.array([row for row, _ in block.files], np.int64) + first_frame,
            "edition": self._vocabularies["editions"].codes([file.edition for _, file in block.files]),
        }

    def close(self, source: Mapping[str, Any] | None = None) -> None:
        """Write what makes it an index.

        Args:
            source: what it was made from, where it can go on from there (`index_source`).
        """
        for name, (table, column) in VOCABULARIES.items():
            self._columns[table][column].recode(self._vocabularies[name].close())
        header = {
            "schema": "framepress.index",
            "version": VERSION,
            "framepress": __version__,
            "source": source,
            "rows": {**self._rows, **{name: texts.rows for name, texts in self._vocabularies.items()}},
            "columns": {
                table: [name for name, column in columns.items() if column.known]
                for table, columns in self._columns.items()
            },
            "meta": self._meta.header(),
            "attributes": self._attributes.header(),
            "labels": self.labels.to_dict(),
            "features": list(self._features),
            "outside": self._outside,  # some files lie where no change of the dataset's folder shows
            "bytes": {path.name: path.stat().st_size for path in sorted(self._folder.iterdir())},
        }
        (self._folder / HEADER).write_text(json.dumps(header), encoding="ascii")


def read_header(folder: Path) -> dict[str, Any] | None:
    """What `Builder.close` wrote; None where it is missing, damaged, of another version, or files are not all there."""
    try:
        header: dict[str, Any] = json.loads((folder / HEADER).read_text(encoding="ascii"))
        whole = header["version"] == VERSION and all(
            (folder / name).stat().st_size == size for name, size in header["bytes"].items()
        )
        return header if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _before(counts: Array) -> Array:
    """How many came before each."""
    return np.cumsum(counts) - counts


def _yaw_rad(boxes: Boxes3D, rotation: Array) -> Array:
    """float64 (N,) [rad], -pi..pi: how the box's x axis is turned about the camera's y axis, as KITTI's rotation_y.

    0 points along the camera's x axis, -pi/2 away from it. NaN where the box or the pose is not known, or where the
    axis stands so steep that its direction seen from above says nothing.

    Args:
        rotation: float64 (N, 3, 3), world from camera.
    """
    ahead = np.einsum("ni,nij->nj", boxes.axes()[:, :, 0], rotation)
    return np.where(np.abs(ahead[:, 1]) > _STEEP, np.nan, np.arctan2(-ahead[:, 2], ahead[:, 0]))
