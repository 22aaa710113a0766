"""Replicator's *capture on play*: on by default, it adds a frame for each that is played to those of `step`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["capture_on_play_off"]

_SETTING = "/omni/replicator/captureOnPlay"


@contextmanager
def capture_on_play_off(rep: Any) -> Iterator[None]:
    """Off for the block, then what it was: the setting outlives a session."""
    import carb.settings

    former = carb.settings.get_settings().get(_SETTING)
    rep.orchestrator.set_capture_on_play(False)
    try:
        yield
    finally:
        rep.orchestrator.set_capture_on_play(True if former is None else bool(former))
