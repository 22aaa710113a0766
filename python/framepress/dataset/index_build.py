"""Writes the columns of an index, frame by frame, each column to the end of its own file."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from framepress.core import Frame, LabelMap, View
from framepress.core.arrays import Array
from framepress.core.features import features
from framepress.core.record import from_record
from framepress.dataset.finish import journal_labels
from framepress.dataset.index_fields import FieldFiles
from framepress.dataset.opening import Dataset
from framepress.dataset.state import root_of
from framepress.errors import JournalError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["COLUMNS", "NO_TIME", "TEXTS", "VERSION", "VOCABULARIES", "build", "read_header"]

VERSION = 4
HEADER = "index.json"
NO_TIME = np.iinfo(np.int64).min
_BLOCK_ROWS = 4096
_STEEP = 0.9

COLUMNS: dict[str, dict[str, tuple[str, tuple[int, ...]]]] = {
    "frames": {
        **dict.fromkeys(("index", "time_ns", "first_view", "first_object"), ("<i8", ())),
        **dict.fromkeys(("sequence", "split", "scene", "seed", "views", "objects"), ("<i4", ())),
        "features": ("<u8", ()),
    },
    "views": {
        **dict.fromkeys(("frame", "time_ns", "first_object"), ("<i8", ())),
        **dict.fromkeys(("name", "width", "height", "objects"), ("<i4", ())),
    },
    "objects": {
        **dict.fromkeys(("frame", "view", "id"), ("<i8", ())),
        **dict.fromkeys(("label", "track"), ("<i4", ())),
        **dict.fromkeys(("box", "box_full"), ("<f8", (4,))),
        "area": ("<f8", ()),
        **dict.fromkeys(("visibility", "truncation", "score", "distance", "yaw"), ("<f4", ())),
        **dict.fromkeys(("crowd", "mask", "box3d"), ("?", ())),
    },
    "files": {"size": ("<i8", ()), "frame": ("<i8", ()), "edition": ("<i4", ())},
}
TEXTS: dict[str, tuple[str, ...]] = {"frames": ("id",), "views": (), "objects": (), "files": ("path",)}
VOCABULARIES = ("sequences", "splits", "scenes", "seeds", "view_names", "tracks", "editions")


class _File(NamedTuple):
    edition: str
    path: str
    size: int


@dataclass(frozen=True)
class _Entry:
    frame: Frame
    features: frozenset[str]
    files: list[_File]


def build(dataset: Dataset, folder: Path) -> None:
    """Write the index of a dataset into an empty folder.

    Raises:
        InputError: the dataset is damaged.
        OSError: the folder cannot be written.
    """
    with ExitStack() as stack:
        builder = _Builder(folder, stack)
        root = root_of(dataset)
        if root is None:
            builder.labels = LabelMap() if dataset.format.read_labels is None else dataset.labels()
            for frame in dataset.frames():
                builder.add(_Entry(frame, features(frame), _files_of(frame, dataset)))
        else:
            output = FolderOutput(root)
            journal = Journal.open(output, repair=False)
            assert dataset.job is not None
            builder.labels = journal_labels(dataset.job, journal)
            for record in journal.records():
                if record["op"] in ("add", "replace"):
                    builder.add(_entry_of(record))
        builder.close()


def _entry_of(record: dict[str, Any]) -> _Entry:
    frame = from_record(record["frame"])
    try:
        files = [_file(name, row) for name, edition in record["editions"].items() for row in edition["files"]]
    except (AttributeError, KeyError, TypeError) as error:
        raise JournalError(f"frame {frame.id!r}: its files cannot be read from the journal: {error}") from error
    return _Entry(frame, features(frame) | frozenset(record["channels"]), files)


def _file(edition: str, row: Any) -> _File:
    if [type(value) for value in row] != [str, int, str]:
        raise TypeError(f"{row!r} is no path, size and digest")
    return _File(edition, row[0], row[1])


def _files_of(frame: Frame, dataset: Dataset) -> list[_File]:
    """The files that a foreign frame's pixels come from."""
    files = []
    for view in frame.views:
        for channel in view.channels:
            image = view.channels.encoded(channel)
            if image is None or not isinstance(image.source, Path):
                continue
            source = image.source
            size = source.stat().st_size if source.is_file() else -1
            base = dataset.path if dataset.path.is_dir() else dataset.path.parent
            path = source.relative_to(base) if source.is_relative_to(base) else source
            files.append(_File(dataset.format.name, path.as_posix(), size))
    return files


class _Builder:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.labels = LabelMap()
        self._folder = folder
        self._features: dict[str, int] = {}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in VOCABULARIES}
        self._outside = False
        self._tables = {name: _TableFiles(folder, name, stack) for name in COLUMNS}
        self._vocabularies = {name: _TextFile(folder / name, stack) for name in VOCABULARIES}
        self._meta = FieldFiles(folder, "meta")
        self._attributes = FieldFiles(folder, "attributes")

    def _code(self, vocabulary: str, text: str) -> int:
        codes = self._codes[vocabulary]
        if text not in codes:
            codes[text] = len(codes)
            self._vocabularies[vocabulary].append(text)
        return codes[text]

    def add(self, entry: _Entry) -> None:
        frame, tables = entry.frame, self._tables
        row = tables["frames"].rows
        first_view, first_object = tables["views"].rows, tables["objects"].rows
        bits = 0
        for name in sorted(entry.features):
            bits |= 1 << self._features.setdefault(name, len(self._features))
        for view in frame.views:
            self._add_view(view, row)
        self._meta.add(row, frame.meta)
        for file in entry.files:
            self._outside = self._outside or Path(file.path).is_absolute()
            tables["files"].append(
                {"size": file.size, "frame": row, "edition": self._code("editions", file.edition)},
                texts={"path": file.path},
            )
        tables["frames"].append(
            {
                "index": frame.index,
                "sequence": self._code("sequences", frame.sequence),
                "split": self._code("splits", frame.split),
                "scene": self._code("scenes", _told(frame, "scene")),
                "seed": self._code("seeds", _told(frame, "seed")),
                "time_ns": NO_TIME if frame.time_ns is None else frame.time_ns,
                "features": bits,
                "first_view": first_view,
                "views": len(frame.views),
                "first_object": first_object,
                "objects": tables["objects"].rows - first_object,
            },
            texts={"id": frame.id},
        )

    def _add_view(self, view: View, frame_row: int) -> None:
        views, objects = self._tables["views"], view.objects
        row = views.rows
        views.append(
            {
                "frame": frame_row,
                "name": self._code("view_names", view.name),
                "time_ns": NO_TIME if view.time_ns is None else view.time_ns,
                "width": view.camera.width,
                "height": view.camera.height,
                "first_object": self._tables["objects"].rows,
                "objects": len(objects),
            }
        )
        if not len(objects):
            return
        for number, said in enumerate(objects.attributes, self._tables["objects"].rows):
            if said:
                self._attributes.add(number, said)
        self.labels = self.labels.grown(objects.classes)
        codes = np.array([self.labels.code(name) for name in objects.classes], np.int32)
        self._tables["objects"].append(
            {
                "frame": frame_row,
                "view": row,
                "id": objects.id,
                "label": codes[objects.label],
                "track": [self._code("tracks", track) if track else -1 for track in objects.track],
                "box": objects.box,
                "box_full": objects.box_full,
                "area": objects.area,
                "visibility": objects.visibility,
                "truncation": objects.truncation,
                "score": objects.score,
                "distance": _distance_m(view),
                "yaw": _yaw_rad(view),
                "crowd": objects.crowd,
                "mask": _masked(view),
                "box3d": objects.box3d.known,
            },
            count=len(objects),
        )

    def close(self) -> None:
        for table in self._tables.values():
            table.close()
        for vocabulary in self._vocabularies.values():
            vocabulary.close()
        self._meta.flush(self._tables["frames"].rows)
        self._attributes.flush(self._tables["objects"].rows)
        header = {
            "schema": "framepress.index",
            "version": VERSION,
            "rows": {
                **{name: table.rows for name, table in self._tables.items()},
                **{name: len(codes) for name, codes in self._codes.items()},
            },
            "meta": self._meta.header(),
            "attributes": self._attributes.header(),
            "labels": self.labels.to_dict(),
            "features": list(self._features),
            "outside": self._outside,  # some files lie where no change of the dataset's folder shows
            "bytes": {path.name: path.stat().st_size for path in sorted(self._folder.iterdir())},
        }
        (self._folder / HEADER).write_text(json.dumps(header, ensure_ascii=False), encoding="utf-8")


def _told(frame: Frame, name: str) -> str:
    """A field of the frame's `meta` as text, "" where it is not there."""
    found = frame.meta.get(name)
    return "" if found is None else str(found)


def read_header(folder: Path) -> dict[str, Any] | None:
    """What `build` wrote; None where it is missing, damaged, of another version, or its files are not all there."""
    try:
        header: dict[str, Any] = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        whole = header["version"] == VERSION and all(
            (folder / name).stat().st_size == size for name, size in header["bytes"].items()
        )
        return header if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _distance_m(view: View) -> Array:
    """float64 (N,) [m], from the camera's centre to the boxes'; NaN where one is not known."""
    pose, centers = view.camera.world_from_camera, view.objects.box3d.center
    if pose is None:
        return np.full(len(centers), np.nan)
    return np.asarray(np.linalg.norm(centers - pose[:3, 3], axis=1))


def _yaw_rad(view: View) -> Array:
    """float64 (N,) [rad], -pi..pi: how the box's x axis is turned about the camera's y axis, as KITTI's rotation_y.

    0 points along the camera's x axis, -pi/2 away from it. NaN where the box or the pose is not known, or where the
    axis stands so steep that its direction seen from above says nothing.
    """
    pose, boxes = view.camera.world_from_camera, view.objects.box3d
    if pose is None:
        return np.full(len(boxes.center), np.nan)
    ahead = boxes.axes()[:, :, 0] @ pose[:3, :3]
    return np.where(np.abs(ahead[:, 1]) > _STEEP, np.nan, np.arctan2(-ahead[:, 2], ahead[:, 0]))


def _masked(view: View) -> Array:
    """bool (N,), whether the object's pixels are known: as runs, as polygons, or by its id in the instance channel."""
    objects = view.objects
    held = [mask is not None or rings is not None for mask, rings in zip(objects.mask, objects.polygons, strict=True)]
    return np.asarray(held, bool) | ((objects.id > 0) & ("instance" in view.channels))


class _TextFile:
    """`<path>.utf8` holds the texts without gaps, `<path>.ends` where each ends, from 0 on (little-endian int64)."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._content = stack.enter_context(path.with_name(path.name + ".utf8").open("wb"))
        self._ends = stack.enter_context(path.with_name(path.name + ".ends").open("wb"))
        self._ends.write(bytes(8))
        self._end = 0

    def append(self, text: str) -> None:
        content = text.encode()
        self._end += len(content)
        self._content.write(content)
        self._ends.write(self._end.to_bytes(8, "little"))

    def close(self) -> None:
        self._content.close()
        self._ends.close()


class _TableFiles:
    """The columns of one table; rows gather in one block of memory a column until it is full."""

    def __init__(self, folder: Path, name: str, stack: ExitStack) -> None:
        self.rows = 0
        self._waiting = 0
        self._columns = {
            column: (
                stack.enter_context((folder / f"{name}.{column}").open("wb")),
                np.empty((_BLOCK_ROWS, *shape), dtype),
            )
            for column, (dtype, shape) in COLUMNS[name].items()
        }
        self._texts = {column: _TextFile(folder / f"{name}.{column}", stack) for column in TEXTS[name]}

    def append(self, columns: dict[str, Any], *, count: int = 1, texts: dict[str, str] | None = None) -> None:
        """Args:
        columns: every column, as `count` rows or as one value for all of them.
        texts: every text column, one row.
        """
        for done in range(0, count, _BLOCK_ROWS):
            part = min(count - done, _BLOCK_ROWS)
            if self._waiting + part > _BLOCK_ROWS:
                self._write()
            for name, (_, block) in self._columns.items():
                rows = columns[name]
                whole = part == count or np.ndim(rows) == 0
                block[self._waiting : self._waiting + part] = rows if whole else rows[done : done + part]
            self._waiting += part
        for name, text in (texts or {}).items():
            self._texts[name].append(text)
        self.rows += count

    def _write(self) -> None:
        for file, block in self._columns.values():
            file.write(block[: self._waiting].tobytes())
        self._waiting = 0

    def close(self) -> None:
        self._write()
        for file, _ in self._columns.values():
            file.close()
        for text in self._texts.values():
            text.close()
