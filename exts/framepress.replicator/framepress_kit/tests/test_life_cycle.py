"""The claims, inside a real Kit with a renderer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import omni.kit.app
import omni.kit.test
import omni.replicator.core as rep
import omni.usd

from framepress_kit.tests import claims


class TestLifeCycle(omni.kit.test.AsyncTestCase):
    async def setUp(self) -> None:
        await omni.usd.get_context().new_stage_async()
        await omni.kit.app.get_app().next_update_async()

    async def test_the_writer_is_registered_once(self) -> None:
        claims.the_writer_is_known(rep)

    async def test_a_run_leaves_a_complete_dataset(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            captured = claims.Captured(rep, Path(folder) / "out")
            for _ in range(claims.FRAMES):
                await rep.orchestrator.step_async()
            await rep.orchestrator.wait_until_complete_async()
            captured.is_complete()
            captured.is_put_away()
