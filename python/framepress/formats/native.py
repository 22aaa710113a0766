"""`dataset.json`, `frames/000000.jsonl` (10,000 frames each, one JSON record a line), `<channel>/<frame id>.<ext>`.

Everything that a frame holds, in the library's own conventions: edge pixels, metres, OpenCV camera axes, column
vectors, null for "not known"; so any other edition can be pressed from it later.
The schema is docs/native.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np

from framepress.core import CHANNELS, Frame, LabelMap, Objects, View
from framepress.core.arrays import Array
from framepress.core.record import to_record
from framepress.errors import InputError, OptionError
from framepress.formats.base import Files, Format, Row, Rows, image_file
from framepress.formats.native_read import DATASET, SCHEMA, VERSION, looks_like, read, read_labels
from framepress.storage import npy
from framepress.storage.images import ENCODERS, encoder
from framepress.storage.output import Content

__all__ = ["FORMAT", "SHARD_FRAMES", "Writer"]

SHARD_FRAMES = 10_000
CONVENTIONS = {
    "box": "x0 y0 x1 y1 in px, pixel i covers [i, i+1), maxima exclusive",
    "box3d": "centre x y z, size x y z along the box's own axes, quaternion w x y z that turns them into world axes",
    "camera": "x right, y down, z forward; column vectors; an ideal camera's principal point is width/2, height/2",
    "length": "m",
    "mask": "[height, width, counts]: COCO run-length text, runs down the columns",
    "time": "ns of the simulation clock, 64-bit integers",
    "unknown": "null; a column that is not there is unknown in every row",
}
_DISTANCES = ("depth", "range")
_NOTHING = {"depth": "+inf", "range": "+inf", "semantic": 0, "instance": 0, "normal": [0, 0, 0], "flow": [0, 0]}
_IMAGES = ("keep", "png", "jpeg", "none")
_DUMPS = json.JSONEncoder(allow_nan=False, separators=(",", ":"), sort_keys=True).encode


class Writer:
    """Writes the native layout.

    Args:
        images: colour as `keep` (the source's own PNG or JPEG, else PNG), `png`, `jpeg` (with loss) or `none`.
        quality: of `jpeg`.
        depth: encoder of depth and range, both without loss: `npy` costs a tenth of the time of `tiff`, and twice to
            ten times the space.
        channels: which channels to store: "all", or names as in "rgb,depth", which each frame must then have.

    Raises:
        OptionError: a value that is none of these.
    """

    def __init__(self, *, images: str = "keep", quality: int = 95, depth: str = "npy", channels: str = "all") -> None:
        if images not in _IMAGES:
            raise OptionError(f"images={images!r}: must be one of {', '.join(_IMAGES)}")
        asked = tuple(CHANNELS) if channels == "all" else tuple(name.strip() for name in channels.split(","))
        for name in asked:
            if name not in CHANNELS:
                raise OptionError(f"channels={channels!r}: {name!r} is none of {', '.join(CHANNELS)}")
        self._images, self._quality = images, quality
        self._channels = tuple(name for name in CHANNELS if name in asked and (name, images) != ("rgb", "none"))
        self._encoders = {
            **dict.fromkeys(("semantic", "instance"), ENCODERS["ids"]),
            **{name: encoder(depth, name) for name in ("depth", "range")},
            **dict.fromkeys(("normal", "flow", "points"), ENCODERS["npy"]),
        }
        self.needs: frozenset[str] = frozenset() if channels == "all" else frozenset(self._channels)
        self.carries: frozenset[str] = FORMAT.carries - (CHANNELS.keys() - set(self._channels))

    def add(self, frame: Frame, files: Files) -> Row:
        """One file a channel; the row says which.

        Raises:
            InputError: a channel is not what its row in the table of channels says, or a distance is negative or NaN.
        """
        return {
            "files": {
                view.name: {
                    name: self._put(view, name, f"{name}/{frame.stem(view)}", files)
                    for name in self._channels
                    if name in view.channels
                }
                for view in frame.views
            }
        }

    def _put(self, view: View, channel: str, stem: str, files: Files) -> dict[str, Any]:
        content: Content
        if channel == "rgb":
            extension, content = image_file(view, self._images, quality=self._quality, where=stem)
            name = next(name for name in ("png", "jpeg") if ENCODERS[name].extension == extension)
        else:
            row = self._encoders[channel]
            if channel in _DISTANCES:
                _check_distances(view.channels[channel], stem)
            extension, name, array = row.extension, row.name, view.channels[channel]
            content = npy.pieces(array) if name == "npy" else row.encode(array)
        sha256 = files.put(stem + extension, content)
        # Readers of .npy and TIFF do not notice every damage; a checksum does.
        size = len(content) if isinstance(content, bytes) else sum(map(len, content))
        return {"path": stem + extension, "encoder": name, "bytes": size, "sha256": sha256}

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None:
        """The shards of records, then `dataset.json`.

        Raises:
            InputError: a record holds a number that is not finite or a value that JSON cannot express.
        """
        shards: list[dict[str, Any]] = []
        encoders: dict[str, set[str]] = {}
        splits: Counter[str] = Counter()
        for number, group in groupby(enumerate(rows()), key=lambda numbered: numbered[0] // SHARD_FRAMES):
            shard: dict[str, Any] = {"path": f"frames/{number:06d}.jsonl", "frames": 0, "bytes": 0}
            with files.file(shard["path"]) as out:
                for _, (frame, row) in group:
                    line = _line(frame, row)
                    out.write(line)
                    shard["frames"] += 1
                    shard["bytes"] += len(line)
                    splits[frame.split] += 1
                    for channel, entry in _entries(row):
                        encoders.setdefault(channel, set()).add(entry["encoder"])
            shards.append(shard)
        document = {
            "schema": SCHEMA,
            "version": VERSION,
            "classes": labels.to_dict(),
            "conventions": CONVENTIONS,
            "channels": {
                name: {
                    "dtype": CHANNELS[name].dtype,
                    "components": CHANNELS[name].components,
                    "encoders": sorted(encoders[name]),
                    **({"nothing": _NOTHING[name]} if name in _NOTHING else {}),
                }
                for name in CHANNELS
                if name in encoders
            },
            "frames": sum(shard["frames"] for shard in shards),
            "splits": dict(splits),
            "shards": shards,
        }
        files.put(DATASET, (json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def _check_distances(metres: Array, where: str) -> None:
    if metres.size and not metres.min() >= 0:  # NaN makes it NaN
        y, x = np.argwhere(~(metres >= 0))[0].tolist()
        raise InputError(f"{where}: {metres[y, x]} at pixel x={x} y={y}; distances are 0 or more, +inf for nothing")


def _line(frame: Frame, row: Row) -> bytes:
    """The frame's record with each view's files, as one line of ASCII."""
    record = to_record(frame)
    for view in record["views"]:
        if row["files"].get(view["name"]):
            view["files"] = row["files"][view["name"]]
    try:
        return (_DUMPS(record) + "\n").encode()
    except (ValueError, TypeError) as error:
        raise InputError(
            f"frame {frame.id}: its record is no JSON: {error}; correct meta, signals or objects"
        ) from error


def _entries(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((channel, entry) for view in row["files"].values() for channel, entry in view.items())


_FRAME_PARTS = {"sequence", "time", "signals", "task", "text", "meta", "views"}
_VIEW_PARTS = {"camera", "pose", "distortion", "names"}

FORMAT = Format(
    "native",
    "everything that a frame holds, without loss: JSON Lines records and one file a channel",
    carries=frozenset(
        {*CHANNELS, *(field.name for field in fields(Objects)), *_FRAME_PARTS, *_VIEW_PARTS} - {"classes"}
    ),
    writer=Writer,
    read=read,
    read_labels=read_labels,
    looks_like=looks_like,
)
