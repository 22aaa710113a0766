"""`omni.usd`, `omni.timeline` and `omni.client`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from framepress.headless.neighbours import stages
from framepress.headless.neighbours.module import unsupported
from framepress.headless.neighbours.session import Session
from framepress.headless.neighbours.timeline import GLOBAL_EVENTS, Timeline, TimelineEventType

__all__ = ["modules"]


class Result(IntEnum):
    OK = 1
    ERROR = 2
    ERROR_CONNECTION = 3
    ERROR_NOT_FOUND = 4
    ERROR_ACCESS_DENIED = 5


class ItemFlags(IntFlag):
    READABLE_FILE = 1
    WRITEABLE_FILE = 2
    CAN_HAVE_CHILDREN = 4


@dataclass(frozen=True, slots=True)
class ListEntry:
    """Args: relative_path: below what was listed. size: bytes; 0 for folders."""

    relative_path: str
    flags: ItemFlags
    size: int


def _entry(path: Path, name: str) -> ListEntry:
    if path.is_dir():
        return ListEntry(name, ItemFlags.CAN_HAVE_CHILDREN, 0)
    flags = ItemFlags.READABLE_FILE | (ItemFlags.WRITEABLE_FILE if os.access(path, os.W_OK) else ItemFlags(0))
    return ListEntry(name, flags, path.stat().st_size)


def _local(url: str) -> Path | None:
    """The file that a URL means; None where it is on a server: none is reached from here."""
    path = stages.local_path(url)
    return None if "://" in path else Path(path)


def _stat(url: str) -> tuple[Result, ListEntry | None]:
    path = _local(url)
    if path is None:
        return Result.ERROR_CONNECTION, None
    return (Result.OK, _entry(path, path.name)) if path.exists() else (Result.ERROR_NOT_FOUND, None)


def _list(url: str) -> tuple[Result, list[ListEntry]]:
    path = _local(url)
    if path is None:
        return Result.ERROR_CONNECTION, []
    if not path.is_dir():
        return Result.ERROR_NOT_FOUND, []
    return Result.OK, [_entry(below, below.name) for below in sorted(path.iterdir())]


def _read_file(url: str) -> tuple[Result, str, bytes]:
    path = _local(url)
    if path is None:
        return Result.ERROR_CONNECTION, "", b""
    return (Result.OK, "", path.read_bytes()) if path.is_file() else (Result.ERROR_NOT_FOUND, "", b"")


async def _stat_async(url: str) -> tuple[Result, ListEntry | None]:
    return _stat(url)


async def _list_async(url: str) -> tuple[Result, list[ListEntry]]:
    return _list(url)


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""

    def context(name: str = "") -> stages.StageContext:
        if name:
            raise unsupported(f"the USD context {name!r}", "there is one context, get_context()")
        return session.context

    def timeline(name: str = "") -> Timeline:
        return session.timeline

    return {
        "omni.usd": {
            "get_context": context,
            "UsdContext": stages.StageContext,
            "Selection": stages.Selection,
            "StageEventType": stages.StageEventType,
            "StageState": stages.StageState,
            "get_prim_at_path": lambda path, context="": stages.prim_at(session.host.stage, path),
            "get_world_transform_matrix": stages.world_matrix,
            "get_local_transform_matrix": stages.local_matrix,
            "get_stage_next_free_path": stages.next_free_path,
            "get_shader_from_material": stages.shader_from_material,
            "set_prop_val": stages.set_value,
        },
        "omni.timeline": {
            "get_timeline_interface": timeline,
            "acquire_timeline_interface": timeline,
            "ITimeline": Timeline,
            "TimelineEventType": TimelineEventType,
            **({name: f"omni.timeline.{name}" for name in GLOBAL_EVENTS} if session.at_least("6.0") else {}),
        },
        "omni.client": {
            "Result": Result,
            "ItemFlags": ItemFlags,
            "ListEntry": ListEntry,
            "stat": _stat,
            "stat_async": _stat_async,
            "list": _list,
            "list_async": _list_async,
            "read_file": _read_file,
            "combine_urls": urljoin,
            "normalize_url": lambda url: url,
        },
    }
