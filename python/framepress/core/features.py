"""The things that a frame can hold, as names: what a format needs, what it carries, and so what is lost in it.

A feature is a channel (`rgb`, `depth`, ...), a column of objects (`box`, `mask`, `crowd`, ...), or one of: `camera`
(intrinsics), `pose`, `distortion`, `names`, `sequence`, `time`, `signals`, `task`, `text`, `meta`, `views` (several).
"""

from __future__ import annotations

from framepress.core.frame import Frame

__all__ = ["features"]


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
    found.update(name for name in ("sequence", "signals", "task", "text", "meta") if getattr(frame, name))
    if frame.time_ns is not None:
        found.add("time")
    if len(frame.views) > 1:
        found.add("views")
    return frozenset(found)
