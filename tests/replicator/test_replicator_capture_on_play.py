"""Capture on play is off while frames are captured by hand, and the user's choice afterwards."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("warp", reason="rendering needs warp-lang")
pytest.importorskip("pxr", reason="stages need usd-core")
from framepress.headless import stand_in
from framepress.replicator.capture_on_play import capture_on_play_off
from framepress.replicator.probe import probe

SETTING = "/omni/replicator/captureOnPlay"


@pytest.mark.parametrize("former", [True, False])
@pytest.mark.parametrize("failing", [True, False])
def test_the_users_choice_is_back_when_the_frames_are_taken(former: bool, failing: bool) -> None:
    with stand_in.installed("5.1", 0, stand_in=True):
        import carb.settings
        import omni.replicator.core as rep

        settings: Any = carb.settings.get_settings()
        settings.set(SETTING, former)
        with suppress(ArithmeticError), capture_on_play_off(rep):
            assert settings.get(SETTING) is False
            if failing:
                raise ArithmeticError
        assert settings.get(SETTING) is former


def test_a_probe_leaves_it_as_it_was() -> None:
    with stand_in.installed("5.1", 0, stand_in=True):
        import carb.settings

        settings: Any = carb.settings.get_settings()
        settings.set(SETTING, True)
        assert probe()["answers"]
        assert settings.get(SETTING) is True
