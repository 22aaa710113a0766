"""The things that a frame can hold, as names: what a format needs, what it carries, and so what is lost in it.

A feature is a channel (`rgb`, `depth`, ...), a column of objects (`box`, `mask`, `crowd`, ...), or one of: `camera`
(intrinsics), `pose`, `distortion`, `names`, `sequence`, `time`, `signals`, `task`, `text`, `meta`, `views` (several).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framepress.core.frame import Frame

__all__ = ["features", "record_features"]

_OF_FRAMES = ("sequence", "signals", "task", "text", "meta")


def features(frame: Frame) -> frozenset[str]:
    """What this frame holds; no channel is loaded."""
    found: set[str] = set()
    for view in frame.views:
        found.update(view.channels)
        found.update(view.objects.known())
        camera = view.camera
        found.update(
            name
            for name, held in (
                ("camera", camera.K is not None),
                ("pose", camera.world_from_camera is not None),
                ("distortion", camera.distortion is not None),
                ("names", bool(view.names)),
                ("time", view.time_ns is not None),
            )
            if held
        )
    found.update(name for name in _OF_FRAMES if getattr(frame, name))
    if frame.time_ns is not None:
        found.add("time")
    if len(frame.views) > 1:
        found.add("views")
    return frozenset(found)


def record_features(record: Mapping[str, Any]) -> frozenset[str]:
    """The same of a frame's record (`core.record`), which has no channels; without making the frame."""
    found: set[str] = set()
    for view in record["views"]:
        found.update(view.get("objects", ()))
        lens = view.get("camera", {})
        found.update(
            name
            for name, held in (
                ("camera", "K" in lens),
                ("pose", "world_from_camera" in lens),
                ("distortion", "distortion" in lens),
                ("names", "names" in view),
                ("time", "time_ns" in view),
            )
            if held
        )
    found.update(name for name in _OF_FRAMES if record.get(name))
    if "time_ns" in record:
        found.add("time")
    if len(record["views"]) > 1:
        found.add("views")
    return frozenset(found)
