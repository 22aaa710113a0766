"""`omni.replicator.core.scripts.functional.utils`, as far as scripts use it."""

from __future__ import annotations

from typing import Any

from framepress.headless import host as hosts
from framepress.headless.rep.items import targets_of
from framepress.headless.rep.poses import world_position

__all__ = ["get_world_position"]


def get_world_position(prim: Any) -> Any:
    """`Gf.Vec3d`, where a prim's origin is now.

    Raises:
        InputError: there is no such prim.
    """
    host = hosts.current()
    return world_position(host.stage, host.time, targets_of(prim, host.graph.now(host))[0])
