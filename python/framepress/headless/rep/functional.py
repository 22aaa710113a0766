"""`rep.functional`: what acts at once: writing files in all releases, prims from 5.0 on, the rest in 6.0."""

from __future__ import annotations

import importlib
from typing import Any

from framepress.headless import host as hosts
from framepress.headless.rep.file_writes import write_exr, write_image, write_json, write_np

__all__ = ["write_exr", "write_image", "write_json", "write_np"]

# Name -> the module that answers it, and the releases that have it.
_SINCE_50 = ("5.0", "5.1", "6.0")
_MODULES = {
    "create": ("functional_create", _SINCE_50),
    "create_batch": ("functional_create_batch", ("6.0",)),
    "modify": ("functional_modify", _SINCE_50),
    "physics": ("functional_physics", ("5.1", "6.0")),
    "randomizer": ("functional_randomizer", ("6.0",)),
    "utils": ("functional_utils", ("6.0",)),
}


def __getattr__(name: str) -> Any:
    module, releases = _MODULES.get(name, ("", ()))
    release = hosts.current().release if releases else ""
    if release in releases:
        return importlib.import_module(f"framepress.headless.rep.{module}")
    had = f" in release {release}, only in {', '.join(releases)}" if releases else ""
    raise AttributeError(f"module 'omni.replicator.core.functional' has no attribute {name!r}{had}", name=name)
