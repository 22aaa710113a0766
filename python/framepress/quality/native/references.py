"""Rules for what records refer to: each frame once, each file there, with the size that was written."""

from __future__ import annotations

from collections.abc import Iterator

from framepress.errors import InputError
from framepress.formats.native_read import DATASET
from framepress.quality.files.listing import FILE as PLAIN
from framepress.quality.files.listing import LINK, Listed, listed
from framepress.quality.issue import ERROR, Issue
from framepress.quality.native.table import ChannelFile, NativeLook
from framepress.quality.rule import FILE, rule
from framepress.storage.paths import checked, safe_join

__all__ = ["files_and_frames_are_there_once"]


@rule(
    "JSN-003",
    FILE,
    ERROR,
    stage="integrity",
    format="native",
    breaks="the reader refuses the dataset; another one reads a frame twice",
    remedy="copy the dataset again, whole; remove one of two equal frames",
)
def files_and_frames_are_there_once(native: NativeLook) -> Iterator[Issue]:
    """Each frame is there once; each shard and each channel's file is there, once, with the size that was written."""
    there = {found.name: found for found in listed(native.root)}
    if not isinstance(native.document.get("shards"), list):
        yield Issue(message="there is no list of shards", file=DATASET, place="shards")
    for number, shard in enumerate(native.shards):
        place = f"shards[{number}]"
        if shard.message:
            yield Issue(message=shard.message, file=DATASET, place=place)
        elif shard.lines != shard.frames:
            message = f"{shard.path} has {shard.lines} lines, {shard.frames} frames are stated"
            yield Issue(message=message, file=DATASET, place=f"{place}.frames")
        elif shard.path in there and there[shard.path].kind == PLAIN and there[shard.path].size != shard.bytes:
            message = f"{shard.path} has {there[shard.path].size} bytes, {shard.bytes} are stated"
            yield Issue(message=message, file=DATASET, place=f"{place}.bytes")
    yield from native.lines.doubled
    first: dict[str, str] = {}
    for file in native.lines.files:
        message = _astray(native, file, there.get(file.said.path))
        other = first.setdefault(file.said.path, file.frame)
        if not message and (other != file.frame):
            message = f"{file.said.path!r} is a file of frame {other!r} too"
        if message:
            yield native.of_view(file.view, message, f"files.{file.channel}")


def _astray(native: NativeLook, file: ChannelFile, found: Listed | None) -> str:
    name, size = file.said.path, file.said.bytes
    if found is not None and found.kind == PLAIN:
        return "" if found.size == size else f"{name!r} has {found.size} bytes, {size} were written"
    try:
        checked(name)
        if found is not None and found.kind == LINK:
            held = safe_join(native.root, name).stat().st_size
            return "" if held == size else f"{name!r} has {held} bytes, {size} were written"
    except InputError as error:
        return str(error).partition(";")[0].replace(f"{native.root}/", "")
    except OSError:
        return f"{name!r} is a link that leads nowhere"
    return f"{name!r} is missing" if found is None else f"{name!r} is no file"
