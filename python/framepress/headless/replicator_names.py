"""Under which names scripts import the parts of `framepress.headless.rep`, release by release."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from framepress.headless.host import Release
from framepress.headless.neighbours.session import Session

__all__ = ["modules"]

CORE = "omni.replicator.core"
OURS = "framepress.headless.rep"

# Module below `omni.replicator.core` -> (module below `framepress.headless.rep`, the first release that has it).
PLACES: Mapping[str, tuple[str, Release]] = {
    "annotators": ("annotators", "4.5"),
    "augmentations_default": ("augmentations_default", "4.5"),
    "backends": ("backends", "4.5"),
    "create": ("create", "4.5"),
    "distribution": ("distribution", "4.5"),
    "functional": ("functional", "5.0"),
    "get": ("get", "4.5"),
    "modify": ("modify", "4.5"),
    "orchestrator": ("orchestrator", "4.5"),
    "randomizer": ("randomizer", "4.5"),
    "settings": ("settings", "4.5"),
    "trigger": ("trigger", "4.5"),
    "utils": ("utils", "4.5"),
    "writers": ("writers", "4.5"),
    "scripts.annotators": ("annotators", "4.5"),
    "scripts.backends": ("backends", "4.5"),
    "scripts.functional": ("functional", "4.5"),
    "scripts.orchestrator": ("orchestrator", "4.5"),
    "scripts.utils": ("utils", "4.5"),
    "scripts.writers": ("writers", "4.5"),
    "scripts.writers_default.basicwriter": ("basic_writer", "6.0"),
}

# Names that are younger than the module they are in.
SINCE: Mapping[str, Release] = {
    "rng": "6.0",
    "functional": "5.0",
    "functional.create": "5.0",
    "functional.create_batch": "6.0",
    "functional.get": "6.0",
    "functional.modify": "5.0",
    "functional.physics": "5.1",
    "functional.randomizer": "6.0",
    "create.render_product_tiled": "5.0",
    "settings.set_stage_meters_per_unit": "5.0",
    "settings.set_stage_up_axis": "5.0",
    "annotators.get_augmentation": "6.0",
    "annotators.register_augmentation": "6.0",
    "backends.get": "5.0",
    "orchestrator.get_sim_times_to_write": "6.0",
    "orchestrator.set_minimum_next_rt_subframes": "6.0",
    "orchestrator.set_next_rt_subframes": "6.0",
    "orchestrator.stop_async": "6.0",
    "writers.register_writer": "5.0",
}


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names, of the session's release."""
    found: dict[str, dict[str, Any]] = {"omni.replicator": {}, CORE: _names(importlib.import_module(OURS), "", session)}
    for place, (ours, since) in PLACES.items():
        if session.at_least(since):
            module = importlib.import_module(f"{OURS}.{ours}")
            found[f"{CORE}.{place}"] = _names(module, place.removeprefix("scripts."), session)
    for place in PLACES:  # the folders of those places
        for depth in range(1, place.count(".") + 1):
            found.setdefault(f"{CORE}.{place.rsplit('.', depth)[0]}", {})
    return found


def _names(module: ModuleType, place: str, session: Session) -> dict[str, Any]:
    """What a module of ours offers, in so far as the release has it."""
    prefix = f"{place}." if place else ""
    names = [name for name in module.__all__ if session.at_least(SINCE.get(f"{prefix}{name}", "4.5"))]
    if place and "__getattr__" in vars(module):  # names that scripts add, such as their own randomisers
        names.append("__getattr__")
    return {name: getattr(module, name) for name in names}
