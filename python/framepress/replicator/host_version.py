"""Which Isaac Sim this is, as far as it tells."""

from __future__ import annotations

from importlib import import_module

__all__ = ["isaac_sim_version"]

_MODULES = ("isaacsim.core.version", "omni.isaac.version")  # the latter is the name of the former before 4.5


def isaac_sim_version() -> str | None:
    """Such as `5.1.0`; None in an application of Kit that has neither module."""
    for name in _MODULES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        return str(module.get_version()[0])
    return None
