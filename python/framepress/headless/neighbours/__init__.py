"""The modules that scripts import beside `omni.replicator.core`, as far as making datasets needs them.

Each name is there from the release on that has it. What is not stood in for raises, and says so: AttributeError for a
name, ModuleNotFoundError for a module, `NotSupportedError` for a way of calling.
"""

from __future__ import annotations

from typing import Any

from framepress.headless.neighbours import application as kit
from framepress.headless.neighbours import (
    carbonite,
    isaac_app,
    isaac_bounds,
    isaac_prims,
    isaac_semantics,
    isaac_stage,
    omniverse,
    synthetic,
    viewport,
)
from framepress.headless.neighbours.session import Session

__all__ = ["modules"]

# Names of before 4.5, which 6.0 has dropped.
FORMER = {
    "omni.isaac.kit": "isaacsim",
    "omni.isaac.core.utils": "isaacsim.core.utils",
    "omni.isaac.core.utils.nucleus": "isaacsim.storage.native.nucleus",
    "omni.isaac.nucleus": "isaacsim.storage.native.nucleus",
    "omni.isaac.version": "isaacsim.core.version",
}


def modules(session: Session, application: kit.Application) -> dict[str, dict[str, Any]]:
    """Module name -> its names, of the session's release; parents before children."""
    found = {
        "omni": {},
        **carbonite.modules(session),
        **omniverse.modules(session),
        **synthetic.modules(session),
        **viewport.modules(session),
        **kit.modules(session, application),
        **isaac_app.modules(session, application),
        **isaac_stage.modules(session, application),
        **isaac_prims.modules(session),
        **isaac_bounds.modules(session),
        **isaac_semantics.modules(session),
    }
    if not session.at_least("6.0"):
        former = {
            f"{old}{name.removeprefix(new)}": names
            for old, new in FORMER.items()
            for name, names in found.items()
            if name == new or (new.endswith("utils") and name.startswith(f"{new}."))
        }
        found |= {"omni.isaac": {}, "omni.isaac.core": {}, **former}
    return dict(sorted(found.items()))
