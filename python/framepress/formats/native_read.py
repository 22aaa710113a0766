"""Reading the native layout: records line by line, pixels on use; what is damaged is named, never passed over."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from framepress.core import CHANNELS, EncodedImage, Frame, LabelMap
from framepress.core.arrays import Array
from framepress.core.channels import Source
from framepress.core.files import open_file, read_file
from framepress.core.record import from_record
from framepress.errors import InputError
from framepress.ops import rle
from framepress.storage import png
from framepress.storage.images import ENCODERS, decode, decode_rgb, refuse_pointer
from framepress.storage.paths import safe_join

__all__ = ["DATASET", "SCHEMA", "VERSION", "looks_like", "read", "read_labels"]

DATASET = "dataset.json"
SCHEMA = "framepress.native"
VERSION = 1

_HUGE = re.compile(rb"[eE]\+?[0-9]{3}")  # 1e999 is JSON and reads as infinity
_POINTER_BYTES = 1024  # git-lfs pointers are smaller
_DECODERS: dict[str, Callable[[bytes, str, tuple[int, int] | None], Array]] = {
    "png": decode_rgb,
    "jpeg": decode_rgb,
    "ids": png.decode_ids,
    "tiff": decode,
    "npy": decode,
}


def looks_like(path: Path) -> bool:
    file = path / DATASET
    try:
        return bool(json.loads(read_file(file))["schema"] == SCHEMA)
    except (InputError, ValueError, KeyError, TypeError, RecursionError):
        return False


def read(path: Path) -> Iterator[Frame]:
    """The frames, in the dataset's order; a channel's file is read and decoded on use.

    Raises:
        InputError: unknown schema or version; a shard that is missing, cut, or no JSON; NaN; a frame twice; a file of
            a channel that is missing, of another size than recorded, or outside `path`. With file and line.
    """
    path = Path(path)
    document = _document(path)
    seen: dict[str, str] = {}
    for shard in document["shards"]:
        file = _shard_file(path, shard)
        count = 0
        with open_file(file) as stream:
            for count, line in enumerate(stream, 1):
                where = f"{file}:{count}"
                record = _record(line, where)
                frame_id = str(record.get("id"))
                if frame_id in seen:
                    raise InputError(f"{where}: frame {frame_id!r} is in {seen[frame_id]} already; remove one of them")
                yield _frame(path, record, where)
                seen[frame_id] = shard["path"]
        if count != shard["frames"]:
            raise InputError(f"{file}: has {count} frames, {DATASET} says {shard['frames']}; write or copy it again")


def read_labels(path: Path) -> LabelMap:
    """The classes of `dataset.json`.

    Raises:
        InputError: unknown schema or version, or not such a file.
        LabelError: the list of classes contradicts itself.
    """
    return LabelMap.from_dict(_document(Path(path))["classes"])


def _document(path: Path) -> dict[str, Any]:
    file = path / DATASET
    try:
        content = read_file(file)
    except InputError as error:
        raise InputError(f"{error}; a dataset that was interrupted has it after `framepress finish`") from error
    document = _parsed(content, str(file))
    if document.get("schema") != SCHEMA:
        raise InputError(f"{file}: schema {document.get('schema')!r} is not {SCHEMA!r}; is it another format?")
    if document.get("version") != VERSION:
        raise InputError(
            f"{file}: version {document.get('version')!r} of {SCHEMA} is not known here, only {VERSION}; "
            "read it with the release that wrote it, or a newer one"
        )
    shards = document.get("shards")
    fields = {"path": str, "frames": int, "bytes": int}
    for shard in shards if isinstance(shards, list) else [None]:
        if not isinstance(shard, dict) or any(not isinstance(shard.get(key), kind) for key, kind in fields.items()):
            raise InputError(f"{file}: shards: {shard!r} is no object of {', '.join(fields)}; restore the file")
    if not isinstance(document.get("classes"), list):
        raise InputError(f"{file}: classes: {document.get('classes')!r} is no list; restore the file")
    return document


def _shard_file(path: Path, shard: Mapping[str, Any]) -> Path:
    """The shard's file, certain to have the bytes that it had when it was written."""
    file = safe_join(path, shard["path"])
    _check_size(file, shard["bytes"], f"{path / DATASET}: shards")
    return file


def _check_size(file: Path, expected: Any, where: str) -> None:
    try:
        found = file.stat().st_size
        if found == expected:
            return
        if found <= _POINTER_BYTES:
            refuse_pointer(read_file(file), str(file))
    except OSError as error:
        raise InputError(f"{where}: {file} cannot be read: {error.strerror or error}; copy it again") from error
    raise InputError(f"{where}: {file} has {found} bytes, {expected!r} are recorded; write or copy it again")


def _parsed(content: bytes, where: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        InputError: it is none, or holds NaN or an infinity (JSN-002).
    """

    def refuse(text: str) -> NoReturn:
        raise InputError(f"{where}: JSN-002: {text} is no finite number; unknown values are null")

    def finite(text: str) -> float:
        return value if math.isfinite(value := float(text)) else refuse(text)

    try:
        refuse_pointer(content, where)
        document = json.loads(content, parse_constant=refuse, parse_float=finite if _HUGE.search(content) else None)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: no JSON ({error}); write or copy it again") from error
    if not isinstance(document, dict):
        raise InputError(f"{where}: {str(document)[:60]!r} is no JSON object; write or copy it again")
    return document


def _record(line: bytes, where: str) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise InputError(f"{where}: the line is cut after {len(line)} bytes; write or copy the file again")
    return _parsed(line, where)


def _frame(path: Path, record: Mapping[str, Any], where: str) -> Frame:
    try:
        sources = {
            view["name"]: {
                channel: _source(path, channel, entry, (view["width"], view["height"]), where)
                for channel, entry in view.get("files", {}).items()
            }
            for view in record["views"]
        }
        frame = from_record(record, sources)
        for view in frame.views:
            for row, mask in enumerate(view.objects.mask):
                if mask is not None:
                    rle.checked(mask, f"view {view.name!r}: mask {row}", (view.camera.height, view.camera.width))
        return frame
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where}: frame {record.get('id')!r}: not a frame record: {type(error).__name__}: {error}"
        ) from error


def _source(path: Path, channel: str, entry: Mapping[str, Any], size_wh: tuple[int, int], where: str) -> Source:
    """Where a channel's pixels come from: the file is there, has its recorded size, and lies inside `path`."""
    name = entry["encoder"]
    if channel not in CHANNELS or name not in _DECODERS or channel not in ENCODERS[name].channels:
        raise InputError(f"channel {channel!r} stored as {name!r} is not known here; read it with a newer release")
    file = safe_join(path, entry["path"])
    _check_size(file, entry["bytes"], f"channel {channel}")
    sha256 = entry["sha256"]
    size = size_wh if CHANNELS[channel].raster else None

    def check(content: bytes, where: str) -> None:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            refuse_pointer(content, where)
            raise InputError(f"{where}: checksum {found}, {sha256!r} was written; the file is damaged, copy it again")

    def decoded(content: bytes, where: str) -> Array:
        return _DECODERS[name](content, where, size)

    return EncodedImage(ENCODERS[name].media_type, file, decoded, check)
